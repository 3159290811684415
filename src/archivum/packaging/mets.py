"""METS.xml of the Czech exchange AIP (CZDAX-PMT) and of a DIP of it: METS 1.12.1 with the CSIP attributes."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from archivum.model import Agent, File, Identification, Promise
from archivum.packaging.czdax_context import DESCRIPTION, PACKAGE_INFO, PREMIS, SUBMISSION, Aip
from archivum.packaging.logical_map import write_logical_map
from archivum.packaging.tree import Outline
from archivum.packaging.writing import XML_DECLARATION, NewFile, href, xml

_ROOT: Final = (
    f'{XML_DECLARATION}<mets xmlns="http://www.loc.gov/METS/"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xlink="http://www.w3.org/1999/xlink"'
    ' xmlns:csip="https://DILCIS.eu/XML/METS/CSIPExtensionMETS"\n'
    ' xsi:schemaLocation="http://www.loc.gov/METS/ http://www.loc.gov/standards/mets/mets.xsd'
    " http://www.w3.org/1999/xlink http://www.loc.gov/standards/mets/xlink.xsd"
    " https://DILCIS.eu/XML/METS/CSIPExtensionMETS https://earkcsip.dilcis.eu/schema/DILCISExtensionMETS.xsd"
    '"\n'
)
_AIP_PROFILE: Final = "https://stands.nacr.cz/da/2023/aip.xml"  # CZDAX-PMT0107
_DIP_PROFILE: Final = "https://earkdip.dilcis.eu/profile/E-ARK-DIP.xml"  # E-ARK DIP 2.2.0 DIP2
_OF_AIP: Final = (DESCRIPTION, PREMIS, PACKAGE_INFO)  # made when the AIP was, in a DIP as well
_CATEGORY: Final = "Mixed"  # a term of the CSIP vocabulary of content categories (CSIP2)
_ANY_TYPE: Final = "application/octet-stream"  # RFC 2046 §4.5.1
_MIME: Final = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*"
)  # RFC 6838 §4.2
_DATE_TIME: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})?"
)


@dataclass(frozen=True, slots=True)
class DipCover:
    """What is a DIP's own and not its AIP's: its identifier, and when it was made."""

    id: UUID
    at: str


def write_mets(
    target: NewFile, aip: Aip, metadata: Sequence[File], outline: Outline, dip: DipCover | None = None
) -> None:
    """Write the METS of the package, or of a DIP that holds what is in the index.

    ``metadata`` are the description and the PREMIS files as written, with paths relative to the package;
    identifiers within a DIP are those of its AIP, so that its description and PREMIS speak of its files.
    """
    target.write(_header(aip, dip))
    target.write(_metadata_sections(aip, metadata, dip))
    target.write(f'<fileSec ID="{aip.names.of("fileSec")}">\n')
    for use, folder, files in _extra_groups(aip):
        target.write(group_start(_group_id(aip, use), use))
        for file in files:
            target.write(file_element(aip.names.of("file", f"{folder}{file.path}"), aip.at, folder, file))
        target.write("</fileGrp>\n")
    target.write(group_start(aip.representation, "Representations/submission"))
    promised = next(aip.index.promises(), None) is not None
    for file in aip.index.files():
        created = _created(aip.index.promises(file.path)) if promised else None
        target.write(file_element(aip.file_id(file.path), created or aip.at, SUBMISSION, file))
    target.write("</fileGrp>\n</fileSec>\n")
    target.write(_physical_map(aip, metadata, dip))
    write_logical_map(target, aip, outline)
    target.write(_source_map(aip) if dip else "")
    target.write("</mets>\n")


def _header(aip: Aip, dip: DipCover | None) -> str:
    content = "NSESSS" if aip.nsesss else "Volné soubory"
    kind, profile = ("DIP", _DIP_PROFILE) if dip else ("AIP", _AIP_PROFILE)
    # a reference to another package is that package's OBJID (CSIP 2.2.0)
    source = f'<altRecordID TYPE="AIP">{aip.receipt.uuid}</altRecordID>' if dip else ""
    return (
        f'{_ROOT} OBJID="{dip.id if dip else aip.receipt.uuid}" TYPE="{_CATEGORY}" PROFILE="{profile}"'
        f' csip:CONTENTINFORMATIONTYPE="OTHER" csip:OTHERCONTENTINFORMATIONTYPE="{content}">\n'
        f"{header_element(dip.at if dip else aip.at, kind, aip.context.software, source)}"
    )


def header_element(at: str, kind: str, software: Agent, source: str = "") -> str:
    """When the METS was made, of which kind of package, by which program."""
    return (
        f'<metsHdr CREATEDATE="{at}" csip:OAISPACKAGETYPE="{kind}">'
        '<agent ROLE="CREATOR" TYPE="OTHER" OTHERTYPE="SOFTWARE">'
        f"<name>{xml(software.name)}</name>"
        f'<note csip:NOTETYPE="SOFTWARE VERSION">{xml(software.version or "–")}</note></agent>'
        f"{source}</metsHdr>\n"
    )


def _metadata_sections(aip: Aip, metadata: Sequence[File], dip: DipCover | None) -> str:
    """A dmdSec for the description, one amdSec for the PREMIS files (CSIP31)."""
    descriptive = administrative = ""
    for file in metadata:
        at = dip.at if dip and file.path not in _OF_AIP else aip.at
        if file.path == DESCRIPTION:
            start = f'ID="{aip.names.of("metadata", file.path)}" CREATED="{at}" STATUS="CURRENT"'
            named = reference(at, file, "EAD")
            descriptive += f'<dmdSec {start} GROUPID="INHERENT">{named}</dmdSec>\n'
        else:
            administrative += preservation_section(aip.names.of("metadata", file.path), at, file)
    return f"{descriptive}<amdSec>\n{administrative}</amdSec>\n"


def preservation_section(identifier: str, at: str, file: File) -> str:
    """The section that names a PREMIS file (CSIP31)."""
    return (
        f'<digiprovMD ID="{identifier}" CREATED="{at}" STATUS="CURRENT" GROUPID="PRESERVATION">'
        f"{reference(at, file, 'PREMIS')}</digiprovMD>\n"
    )


def reference(at: str, file: File, kind: str) -> str:
    """The reference to a file of metadata."""
    return (
        f'<mdRef LOCTYPE="URL" MDTYPE="{kind}" MIMETYPE="application/xml"'
        f' SIZE="{file.size}" CHECKSUM="{file.digests["sha512"]}" CHECKSUMTYPE="SHA-512" CREATED="{at}"'
        f' xlink:type="simple" xlink:href="{href(file.path)}"/>'
    )


def _extra_groups(aip: Aip) -> Iterator[tuple[str, str, Sequence[File]]]:
    """The groups of files besides the submission that there are: use, folder, files."""
    if aip.context.documentation:
        yield "Documentation", "documentation/", aip.context.documentation
    if aip.context.schemas:
        yield "Schemas", "schemas/", aip.context.schemas


def _group_id(aip: Aip, use: str) -> str:
    return aip.names.of("fileGrp", use)


def group_start(identifier: str, use: str) -> str:
    """The start of a group of files."""
    return f'<fileGrp ID="{identifier}" USE="{use}">\n'


def file_element(identifier: str, created: str, folder: str, file: File) -> str:
    """One file in a folder."""
    return (
        f'<file ID="{identifier}" CREATED="{created}" MIMETYPE="{_media_type(file.format)}"'
        f' SIZE="{file.size}" CHECKSUM="{file.digests["sha512"]}" CHECKSUMTYPE="SHA-512">'
        f'<FLocat LOCTYPE="URL" xlink:type="simple" xlink:href="{href(folder + file.path)}"/></file>\n'
    )


def _media_type(found: Identification | None) -> str:
    """The media type that was found out, the first where an engine names several."""
    mime = found.mime.partition(",")[0].partition(";")[0].strip() if found else _ANY_TYPE
    return xml(mime) if _MIME.fullmatch(mime) else _ANY_TYPE


def _created(promises: Iterator[Promise]) -> str | None:
    """The time of creation that the producer gives, if it is one (xs:dateTime)."""
    for promise in promises:
        created = promise.created.strip() if promise.created else ""
        if _DATE_TIME.fullmatch(created):
            try:
                datetime.fromisoformat(created)
            except ValueError:
                continue
            return created
    return None


def _physical_map(aip: Aip, metadata: Sequence[File], dip: DipCover | None) -> str:
    names = aip.names
    groups = [(use, _group_id(aip, use)) for use, _, _ in _extra_groups(aip)]
    administrative = (names.of("metadata", file.path) for file in metadata if file.path != DESCRIPTION)
    divisions = "".join(
        f'<div ID="{names.of("physical", label)}" LABEL="{label}"><fptr FILEID="{group}"/></div>\n'
        for label, group in (*groups, ("Representations", aip.representation))
    )
    return (
        f'<structMap ID="{names.of("structMap", "physical")}" TYPE="PHYSICAL" LABEL="CSIP">'
        f'<div ID="{names.of("physical")}" LABEL="{dip.id if dip else aip.receipt.uuid}">\n'
        f'<div ID="{names.of("physical", "Metadata")}" LABEL="Metadata"'
        f' DMDID="{names.of("metadata", DESCRIPTION)}" ADMID="{" ".join(administrative)}"/>\n'
        f"{divisions}</div></structMap>\n"
    )


def _source_map(aip: Aip) -> str:
    """The AIP that a DIP was made from, in the way that E-ARK AIP 2.2.0 points to another package."""
    uuid = aip.receipt.uuid
    return (
        f'<structMap ID="{aip.names.of("structMap", "source")}" LABEL="source AIP">'
        f'<div ID="{aip.names.of("source")}" LABEL="{uuid}">'
        f'<mptr LOCTYPE="OTHER" OTHERLOCTYPE="UUID" xlink:type="simple" xlink:href="urn:uuid:{uuid}"/>'
        "</div></structMap>\n"
    )

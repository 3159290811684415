"""The Czech exchange AIP ("CZDAX", rule set DAAIP2024) in a bag: what archivum keeps and hands on.

The submission lies in ``data/<uuid>/representations/submission/data/`` already; everything else is written
here, each file once, and nothing that was there is touched. A second run writes the same bytes: the only time
is that of the receipt, identifiers come from its UUID.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from archivum.model import Event, File, Package, Receipt
from archivum.packaging.bag import (
    Built,
    payload,
    readable_size,
    write_declaration,
    write_info,
    write_manifest,
)
from archivum.packaging.czdax_context import (
    DESCRIPTION,
    METS,
    PACKAGE_INFO,
    PREMIS,
    SUBMISSION,
    Aip,
    Context,
    Fonds,
)
from archivum.packaging.ead import write_ead
from archivum.packaging.index import PackageIndex
from archivum.packaging.mets import write_mets
from archivum.packaging.package_info import write_package_info
from archivum.packaging.premis import write_premis
from archivum.packaging.readme import README, write_readme
from archivum.packaging.writing import NewFile

__all__ = ["Built", "Context", "Fonds", "build", "submission_folder"]


def submission_folder(receipt: Receipt) -> str:
    """Return where a submission lies in the bag of its AIP, with a slash at the end."""
    return f"data/{receipt.uuid}/{SUBMISSION}"


def build(
    bag: Path,
    receipt: Receipt,
    package: Package,
    index: PackageIndex,
    context: Context,
    events: Sequence[Event],
) -> Built:
    """Make the AIP of a submission that lies in the bag; only the tag manifest is left to be written.

    ``events`` tell what happened so far: those of files go to PREMIS, those of the accession (ingestion
    start, appraisal) to PACKAGE-INFO, others are not told. The files of the bag are brought to the disk by
    the caller, as a tree.

    Raises:
        Refused: one of the files to be written is there already.
        Misconfigured: the disk is full, read-only or fails.
    """
    aip = Aip(receipt, package, index, context, events)
    written = [*_write_metadata(bag, aip), *_extra(aip)]
    with NewFile(bag, README) as readme:
        write_readme(readme, aip)
    submission = submission_folder(receipt)
    files, size = index.totals()
    files += len(written)
    size += sum(file.size for file in written)
    info = write_info(bag, _info(aip, files, size))
    declaration = write_declaration(bag)
    manifest, files, size = write_manifest(bag, payload(written, submission, index))
    tags = (readme.file, info, declaration, manifest)
    return Built(manifest.digests["sha512"], files, size, tags, tuple(written), submission, index)


def _write_metadata(bag: Path, aip: Aip) -> Iterator[File]:
    """Write description, PREMIS, PACKAGE-INFO and, as it refers to these, METS; yield each as it is done."""
    with NewFile(bag, aip.prefix + DESCRIPTION) as description:
        outline = write_ead(description, aip)
    with NewFile(bag, aip.prefix + PREMIS) as premis:
        write_premis(premis, aip)
    with NewFile(bag, aip.prefix + PACKAGE_INFO) as package_info:
        write_package_info(package_info, aip, outline)
    metadata = [description.file, package_info.file, premis.file]
    yield from metadata
    with NewFile(bag, aip.prefix + METS) as mets:
        within = [replace(file, path=file.path.removeprefix(aip.prefix)) for file in metadata]
        write_mets(mets, aip, within, outline)
    yield mets.file


def _extra(aip: Aip) -> Iterator[File]:
    """The documentation and the schemas, with their paths in the bag."""
    for folder, files in (("documentation", aip.context.documentation), ("schemas", aip.context.schemas)):
        for file in files:
            yield replace(file, path=f"{aip.prefix}{folder}/{file.path}")


def _info(aip: Aip, files: int, size: int) -> Iterator[tuple[str, str]]:
    """The fields of ``bag-info.txt`` (RFC 8493 §2.2.2)."""
    receipt, context = aip.receipt, aip.context
    yield "Source-Organization", receipt.producer.name
    yield "External-Description", aip.package.title
    yield "External-Identifier", str(receipt.uuid)
    yield "External-Identifier", receipt.package_id
    yield "Bagging-Date", receipt.at.date().isoformat()
    yield "Bag-Size", readable_size(size)
    yield "Payload-Oxum", f"{size}.{files}"
    yield "Bag-Group-Identifier", context.ingestion
    yield "Internal-Sender-Identifier", receipt.origin
    yield "Internal-Sender-Description", f"{context.fonds.title} (NAD {context.fonds.number})"
    yield "Bag-Software-Agent", f"{context.software.name} {context.software.version}"
    yield "Archiving-Organization", f"{context.institution.name} ({context.institution_id})"
    yield "Time-Stamp", "TRIAL, NOT QUALIFIED" if context.trial else "RFC 3161"

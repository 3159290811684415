"""NSESSS SIPs: a ``mets.xml`` after the standard of 2017 (v3) or of 2023 and 2024 (v4), and ``komponenty/``.

The document is read once for everything in it, in pieces, and once more for its schema. The namespace does
not tell 2023 from 2024: the newer schema is tried first.
"""

import re
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from archivum.model import Finding, Package, Promise, Severity, Verdict
from archivum.packaging.folder import Places, at_top
from archivum.packaging.index import PackageIndex
from archivum.packaging.nsesss_files import ROOT
from archivum.packaging.nsesss_reading import PIECES, Reading
from archivum.packaging.nsesss_records import NAMESPACES
from archivum.packaging.xml import Document
from archivum.storage.digest import algorithm

if TYPE_CHECKING:
    from archivum.schemas import Schemas

MAIN: Final = "mets.xml"
COMPONENTS: Final = "komponenty"
EXPLAINED: Final = 20  # breaches of a schema that are told one by one
_SCHEMAS: Final = {
    NAMESPACES[0]: ("nsesss-2017",),
    NAMESPACES[1]: ("nsesss-2024", "nsesss-2023"),
}
_CHECKSUM_TYPE = re.compile(rb"""CHECKSUMTYPE\s*=\s*["']([^"'<>]{1,40})["']""")
_SCAN: Final = 1 << 20


class NsesssReader:
    """Reads a SIP of a Czech records system."""

    name = "nsesss"

    def recognises(self, root: Path) -> bool:
        """A folder with a ``mets.xml``, in whatever case, or with components only; it is to be judged."""
        return at_top(root, MAIN) is not None or at_top(root, COMPONENTS) is not None

    def algorithms(self, root: Path) -> frozenset[str]:
        """Return the algorithms that the checksums in the METS were made with."""
        found: set[bytes] = set()
        main = at_top(root, MAIN)
        if main is None:
            return frozenset()
        with (root / main).open("rb") as file:
            rest = b""
            while chunk := file.read(_SCAN):
                found.update(_CHECKSUM_TYPE.findall(rest + chunk))
                rest = chunk[-100:]
        names = (algorithm(spelling.decode("ascii", "replace")) for spelling in found)
        return frozenset(name for name in names if name)

    def read(self, root: Path, index: PackageIndex, schemas: "Schemas | None") -> Package:
        """Add the promises of the file section, the records and what is wrong."""
        main = at_top(root, MAIN)
        index.add_promise(Promise(main or MAIN, where="NSESSS 9.2.11"))
        if main is None:
            return Package(self.name, "", root.name, None, root.name, MAIN)
        document = Document(root / main, main)
        reading = Reading(document, index, Places(root))
        for piece in document.pieces(PIECES):
            reading.take(piece)
        namespace = _namespace(document, reading.namespace)
        _hand_over(document, index)  # what explains all that follows is told first
        reading.end()
        variant = _variant(document, namespace, schemas, root / main)
        _hand_over(document, index)
        return reading.package(root.name, variant)

    def describe(self, root: Path, index: PackageIndex) -> None:
        """Give each component its files: those whose promises refer to it."""
        index.link_records()


def _hand_over(document: Document, index: PackageIndex) -> None:
    for finding in document.findings:
        index.add_finding(finding)
    document.findings.clear()


def _namespace(document: Document, namespace: str) -> str:
    """Judge what the document is and return the namespace to judge its description by ("" if none)."""
    if document.broken:
        return ""
    root, place = document.root, document.name
    if root is None or root.tag != ROOT:
        found = str(root.tag) if root is not None else "–"
        document.found("xml-namespace", Severity.ERROR, place, expected=ROOT, found=found)
    elif not namespace:  # there is no description in a namespace that is known
        given = [one for one in root.nsmap.values() if "nsesss" in one]
        found, expected = ", ".join(sorted(given)) or "–", NAMESPACES[1]
        document.found("xml-namespace", Severity.ERROR, place, expected=expected, found=found)
        namespace = next((one for one in NAMESPACES if one in given), "")
    return namespace


def _variant(document: Document, namespace: str, schemas: "Schemas | None", path: Path) -> str:
    """Judge the document by its schema and return the version of the standard it keeps ("" if none)."""
    if document.broken:
        return ""
    if namespace not in _SCHEMAS:
        _not_checked(document)
        return ""
    names = _SCHEMAS[namespace]
    if schemas is None:
        _not_checked(document)
    elif not document.valid(schemas.schema(names[0])):
        if len(names) > 1 and document.valid(schemas.schema(names[1])):
            document.found("xml-schema-2023", Severity.WARNING, document.name)
            return names[1].removeprefix("nsesss-")
        _explain(document, names[0], schemas, path)
    return names[0].removeprefix("nsesss-")


def _explain(document: Document, name: str, schemas: "Schemas", path: Path) -> None:
    told = False
    for error in islice(schemas.explain(name, path, EXPLAINED), EXPLAINED):
        told = True
        document.found(
            "xml-invalid", Severity.ERROR, f"{document.name}:{error.line}",
            schema=name, path=error.xpath, reason=error.text("en"), reason_cs=error.text("cs"),
        )  # fmt: skip
    if not told:
        document.found(
            "xml-invalid", Severity.ERROR, document.name, schema=name, path="/", reason="–", reason_cs="–"
        )


def _not_checked(document: Document) -> None:
    document.findings.append(
        Finding("not-checked-schema", Verdict.INDETERMINATE, Severity.ERROR, document.name, document.name)
    )

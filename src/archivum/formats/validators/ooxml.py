"""OOXML packages (ECMA-376 part 2, Open Packaging Conventions): the ZIP file, its types, its relationships.

What is asked: has every part a content type, is every part that a relationship names there, is each XML part
well-formed. Whether the parts keep their schemas is not asked, so that valid stays open.
"""

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import unquote

from archivum.formats.validators.answer import (
    INDETERMINATE,
    WARNING,
    Answer,
    Fault,
    Subject,
    Told,
    fault,
    judged,
)
from archivum.formats.validators.inner import Taken
from archivum.formats.validators.markup import TOOL as XML_TOOL
from archivum.formats.validators.markup import read, within
from archivum.formats.validators.zip_walk import TOOL, Unreadable, Zip

_TYPES: Final = "[Content_Types].xml"
_TYPES_SPACE: Final = "{http://schemas.openxmlformats.org/package/2006/content-types}"
_RELATIONSHIP: Final = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"
_MAIN: Final = "/officeDocument"  # the end of the relationship's type, transitional (part 1) and strict
_EMBEDDED: Final = ("/embeddings/", "/media/")
_OLE: Final = (
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # MS-CFB §2.2: in it lies an encrypted package (MS-OFFCRYPTO)
)
_RELATIONSHIPS: Final = 200_000


def validate(subject: Subject, told: Told) -> Answer:
    """Judge an OOXML package: well-formed if the container and every XML part are."""
    with open(subject.path, "rb") as file:  # noqa: PTH123
        if file.read(8) == _OLE:
            hidden = fault("package-encrypted", WARNING, count=1)
            return judged(TOOL, [hidden], {"encrypted": "1"}, valid=INDETERMINATE, well_formed=INDETERMINATE)
    with Zip(subject.path, subject.size) as container:
        types = _Types()
        faults = [*_read(container, types)] if container.opened else []
        document = _Document(types, Taken(told.scratch))
        walked = container.walk(document.use)
        invalid = [*walked.invalid]
        if container.opened:
            invalid += [*_typed(container, types), *document.relationships.faults(container.names)]
    return judged(
        f"{TOOL}, {XML_TOOL}",
        (*walked.faults, *faults, *document.taken.faults()),
        {"parts": str(len(container.infos))},
        document.taken.inner,
        valid=INDETERMINATE,
        invalid=invalid,
        well_formed=walked.well_formed,
    )


class _Types:
    """The content types by extension and by part name (part 2 §10.1.2.2), whatever their case."""

    def __init__(self) -> None:
        self.there = False
        self._defaults: dict[str, str] = {}
        self._overrides: dict[str, str] = {}

    def start(self, tag: str, attributes: Mapping[str, str], spaces: Any = None) -> None:
        """An element begins."""
        self.there = True
        kind = attributes.get("ContentType", "")
        if tag == f"{_TYPES_SPACE}Default":
            self._defaults[attributes.get("Extension", "").lower()] = kind
        elif tag == f"{_TYPES_SPACE}Override":
            self._overrides[attributes.get("PartName", "").lower().removeprefix("/")] = kind

    def close(self) -> None:
        """The document ends."""

    def of(self, name: str) -> str:
        """Return the content type of a part, "" if it has none."""
        extension = name.rpartition("/")[2].rpartition(".")[2].lower() if "." in name else ""
        return self._overrides.get(name.lower()) or self._defaults.get(extension, "")


class _Relationships:
    """What parts point to (part 2 §9.3)."""

    def __init__(self) -> None:
        self._targets: dict[str, str] = {}  # the part pointed to, and one that points to it
        self._main = False
        self._source = ""

    def of(self, name: str) -> "_Relationships":
        """Go on with the relationships of a part, which stand in ``_rels/PART.rels``."""
        folder, _, file = name.rpartition("/")
        self._source = posixpath.join(folder.removesuffix("_rels").rstrip("/"), file.removesuffix(".rels"))
        return self

    def start(self, tag: str, attributes: Mapping[str, str], spaces: Any = None) -> None:
        """An element begins."""
        if tag != _RELATIONSHIP or attributes.get("TargetMode") == "External":
            return
        target = unquote(attributes.get("Target", "").partition("#")[0])
        base = posixpath.dirname(self._source)
        part = posixpath.normpath(posixpath.join("/", base, target)).lstrip("/")
        if not self._source:
            self._main = self._main or attributes.get("Type", "").endswith(_MAIN)
        if target and len(self._targets) < _RELATIONSHIPS:
            self._targets.setdefault(part, self._source or "/")

    def close(self) -> None:
        """The document ends."""

    def faults(self, names: Iterable[str]) -> Iterator[Fault]:
        """Yield parts that are pointed to and not there, and that no main part is."""
        there = {name.lower() for name in names}
        if not self._main:
            yield fault("opc-no-main")
        for part, source in self._targets.items():
            if part.lower() not in there:
                yield fault("opc-target", where=source, target=part)


class _Document:
    """The parts of a package as they are walked by."""

    def __init__(self, types: _Types, taken: Taken) -> None:
        self.taken = taken
        self.relationships = _Relationships()
        self._types = types

    def use(self, name: str, pieces: Iterator[bytes]) -> Iterable[Fault]:
        """Look at a part: XML is read, what is embedded comes out to be judged by itself."""
        kind = self._types.of(name)
        if name == _TYPES:
            return ()
        if name.endswith(".rels"):
            return within(name, read(pieces, self.relationships.of(name)))
        if kind.endswith(("+xml", "/xml")):
            return within(name, read(pieces))
        if any(folder in f"/{name}" for folder in _EMBEDDED):
            self.taken.take(name, pieces)
        return ()


def _read(container: Zip, types: _Types) -> Iterator[Fault]:
    if _TYPES in container.names:
        try:
            yield from within(_TYPES, read(container.pieces(_TYPES), types))
        except Unreadable:
            return  # which the walk tells


def _typed(container: Zip, types: _Types) -> Iterator[Fault]:
    if not types.there:
        yield fault("opc-no-types")
        return
    for name in container.names:
        if name != _TYPES and not types.of(name):
            yield fault("opc-type", where=name)

"""SIARD (1.0, 2.0 to 2.2): a database as a ZIP file of metadata and tables, all of it read as a stream.

What is asked: is the metadata there and well-formed, is each table that it describes there and no other, has
each as many rows as it says, and does it keep the schema that lies beside it. The metadata's own schema is
not known here, so that valid stays open.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final

from lxml import etree

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
from archivum.formats.validators.markup import SAFE, limited, read, within
from archivum.formats.validators.markup import TOOL as XML_TOOL
from archivum.formats.validators.zip_walk import TOOL, Unreadable, Zip

_METADATA: Final = "header/metadata.xml"
_SPACE: Final = re.compile(
    r"http://www\.(?:bar\.admin|admin\.bar)\.ch/xmlns/siard/(?:1\.0|2(?:\.\d)?)/metadata\.xsd"
)
_TABLE: Final = re.compile(r"content/([^/]+)/([^/]+)/\2\.xml")
_TABLES: Final = 100_000
_SCHEMA: Final = 1 << 20  # bytes of the schema of one table
_JUDGED: Final = 256 << 20  # bytes of a table that is held against its schema


def validate(subject: Subject, told: Told) -> Answer:
    """Judge a SIARD file: well-formed if the container and all XML are; the rest are rules of SIARD."""
    del told
    with Zip(subject.path, subject.size) as container:
        metadata = _Metadata()
        faults: list[Fault] = []
        if _METADATA in container.names:
            faults += _read(container, metadata)
        tables = _Tables(container, metadata)
        walked = container.walk(tables.use)
        invalid = [*walked.invalid, *tables.invalid]
        if container.opened:
            invalid += [*_structure(container, metadata, tables)]
    facts = {
        "version": metadata.version,
        "tables": str(len(metadata.rows)),
        "rows": str(sum(tables.rows.values())),
    }
    return judged(
        f"{TOOL}, {XML_TOOL}",
        (*walked.faults, *faults),
        {name: value for name, value in facts.items() if value},
        valid=INDETERMINATE,
        invalid=invalid,
        well_formed=walked.well_formed,
    )


class _Metadata:
    """What the metadata say: the version, and by table (``schema/table``, by their folders) its rows."""

    def __init__(self) -> None:
        self.root = self.version = ""
        self.rows: dict[str, str] = {}
        self._path: list[str] = []
        self._schema = self._table = ""
        self._text: list[str] = []

    def start(self, tag: str, attributes: Mapping[str, str], spaces: Any = None) -> None:
        """An element begins."""
        if not self._path:
            self.root, self.version = tag, attributes.get("version", "")
        self._path.append(tag.rpartition("}")[2])
        self._text = []

    def data(self, data: str) -> None:
        """Text comes."""
        if self._path[-1] in ("folder", "rows"):
            self._text.append(data[:100])

    def end(self, tag: str) -> None:
        """An element ends."""
        name = self._path.pop()
        within = self._path[-1] if self._path else ""
        text = "".join(self._text).strip()
        if name == "folder" and within == "schema":
            self._schema = text
        elif name == "folder" and within == "table":
            self._table = text
            if len(self.rows) < _TABLES:
                self.rows[f"{self._schema}/{text}"] = ""
        elif name == "rows" and within == "table" and f"{self._schema}/{self._table}" in self.rows:
            self.rows[f"{self._schema}/{self._table}"] = text
        self._text = []

    def close(self) -> None:
        """The metadata end."""


class _Rows:
    """The rows of a table, counted: the children of its root."""

    def __init__(self) -> None:
        self.count = self._depth = 0

    def start(self, tag: str, attributes: Any, spaces: Any = None) -> None:
        """An element begins."""
        self._depth += 1
        self.count += self._depth == 2

    def end(self, tag: str) -> None:
        """An element ends."""
        self._depth -= 1

    def close(self) -> None:
        """The table ends."""


class _Tables:
    """The files of a container as they are walked by."""

    def __init__(self, container: Zip, metadata: _Metadata) -> None:
        self.rows: dict[str, int] = {}
        self.invalid: list[Fault] = []
        self._container, self._metadata = container, metadata

    def use(self, name: str, pieces: Iterator[bytes]) -> Iterable[Fault]:
        """Read a file if it is XML; count and judge the rows of a table."""
        found = _TABLE.fullmatch(name)
        if found is None:
            return within(name, read(pieces)) if name.endswith((".xml", ".xsd")) and name != _METADATA else ()
        rows = _Rows()
        faults = read(pieces, rows)
        if not faults:
            self.rows[f"{found[1]}/{found[2]}"] = rows.count
            self.invalid += self._judged(name)
        return within(name, faults)

    def _judged(self, name: str) -> Iterator[Fault]:
        schema = f"{name.removesuffix('.xml')}.xsd"
        if schema not in self._container.names:
            yield fault("siard-no-schema", where=name)
            return
        if self._container.names[name].file_size > _JUDGED:
            return
        try:
            compiled = _compiled(b"".join(islice(self._container.pieces(schema), 1)))
            reason = _against(compiled, self._container.pieces(name)) if compiled is not None else ""
        except Unreadable:
            return  # which the walk tells
        if compiled is None:
            yield fault("siard-schema-unusable", WARNING, schema)
        elif reason:
            yield fault("siard-table", where=name, reason=reason)


def _compiled(data: bytes) -> etree.XMLSchema | None:
    """Return the schema of a table; none if it is not one that stands alone."""
    if len(data) > _SCHEMA:
        return None
    parser = etree.XMLParser(**SAFE)
    parser.resolvers.add(_Nowhere())
    try:
        return etree.XMLSchema(etree.fromstring(data, parser))
    except (etree.LxmlError, LookupError):
        return None


class _Nowhere(etree.Resolver):
    """Nothing that a schema names is looked for."""

    def resolve(self, system_url: str | None, public_id: str | None, context: object) -> None:
        """Refuse."""
        raise LookupError(system_url)


def _against(schema: etree.XMLSchema, pieces: Iterable[bytes]) -> str:
    """Return the first thing that a schema has against a well-formed document, "" for nothing."""
    parser = etree.XMLPullParser(events=("end",), schema=schema, **SAFE)
    try:
        for piece in pieces:
            for start in range(0, len(piece), 1 << 16):
                parser.feed(piece[start : start + (1 << 16)])
                for _, element in parser.read_events():
                    _forget(element)
        parser.close()
    except etree.XMLSyntaxError as error:
        return "" if limited(error) else str(error.msg or error)[:300]
    return ""


def _forget(element: etree._Element) -> None:
    parent = element.getparent()
    if parent is not None:
        element.clear()
        while element.getprevious() is not None:
            del parent[0]


def _read(container: Zip, metadata: _Metadata) -> Iterator[Fault]:
    try:
        yield from within(_METADATA, read(container.pieces(_METADATA), metadata))
    except Unreadable:
        return  # which the walk tells


def _structure(container: Zip, metadata: _Metadata, tables: _Tables) -> Iterator[Fault]:
    """Yield what is missing, what is too much, and rows that are not as many as is said."""
    if _METADATA not in container.names:
        yield fault("siard-no-metadata")
        return
    space, _, name = metadata.root.removeprefix("{").rpartition("}")
    if name != "siardArchive" or not _SPACE.fullmatch(space):
        yield fault("siard-root", where=metadata.root)
    if metadata.version == "1.0" and any(info.compress_type for info in container.infos):
        yield fault("siard-packed")
    for table, told in metadata.rows.items():
        if f"content/{table}/{table.rpartition('/')[2]}.xml" not in container.names:
            yield fault("siard-missing", where=table)
        elif table in tables.rows and told != str(tables.rows[table]):
            yield fault("siard-rows", where=table, count=tables.rows[table], told=told)
    for table in sorted(tables.rows.keys() - metadata.rows.keys()):
        yield fault("siard-undescribed", where=table)

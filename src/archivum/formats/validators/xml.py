"""XML: well-formed by one reading; valid where the schema is known or lies beside the file in its package.

A schema is never fetched. Where none can be asked, the file is well-formed and whether it is valid is open.
"""

from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Final

from lxml import etree

from archivum.formats.validators import xml_schemas
from archivum.formats.validators.answer import (
    FAILED,
    INDETERMINATE,
    INFO,
    PASSED,
    Answer,
    Fault,
    Subject,
    Told,
    fault,
    judged,
)
from archivum.formats.validators.markup import SAFE, TOOL, Root, file_pieces, limited, read, root, verdict
from archivum.schemas.explaining import explain

ISDOC: Final = "http://isdoc.cz/namespace/2013"  # ISDOC 6
_ISDOC_5: Final = "http://isdoc.cz/namespace/invoice"
_ISDOC_PUIDS: Final = ("fmt/1567", "fmt/1570")
_ISDOC_ROOTS: Final = ("Invoice", "CommonDocument")
_TOLD: Final = 20  # of what a schema has against a file


def validate(subject: Subject, told: Told) -> Answer:
    """Judge an XML file: its grammar always, its schema where one can be asked, ISDOC's root and version."""
    faults = read(file_pieces(subject.path))
    if faults:
        return judged(TOOL, faults, valid=INDETERMINATE, well_formed=verdict(faults))
    begins = root(file_pieces(subject.path))
    if begins is None:
        return judged(TOOL, (), valid=INDETERMINATE)
    facts = _facts(begins)
    invalid = [*_isdoc(subject.puid, begins)]
    valid, against, schema = _by_schema(subject, told, begins)
    if schema:
        facts["schema"] = schema
    return judged(TOOL, (), facts, valid=valid, invalid=(*invalid, *against))


def _facts(begins: Root) -> dict[str, str]:
    facts = {"root": begins.name, "encoding": (begins.encoding or "UTF-8").lower()}
    if begins.namespace:
        facts["namespace"] = begins.namespace
    if begins.external:
        facts["dtd"] = begins.external
    if begins.namespace in (ISDOC, _ISDOC_5) and (version := begins.attributes.get("version")):
        facts["version"] = version
    return facts


def _isdoc(puid: str, begins: Root) -> Iterable[Fault]:
    """Yield where a file that was identified as ISDOC cannot be one: its root, its version."""
    if puid not in _ISDOC_PUIDS and begins.namespace not in (ISDOC, _ISDOC_5):
        return
    if begins.namespace not in (ISDOC, _ISDOC_5) or begins.name not in _ISDOC_ROOTS:
        yield fault("isdoc-root", where=f"{{{begins.namespace}}}{begins.name}")
    elif not begins.attributes.get("version", "").replace(".", "").isdecimal():
        yield fault("isdoc-version", where=begins.attributes.get("version", ""))


def _by_schema(subject: Subject, told: Told, begins: Root) -> tuple[str, list[Fault], str]:
    """Return whether a file is valid, what a schema has against it, and which schema was asked."""
    known = xml_schemas.known(begins, told)
    if known is None:
        found = xml_schemas.beside(subject.path, begins, told)
        if found is None:
            return INDETERMINATE, [], ""
        known = xml_schemas.Known(found.schema, found.name, frozenset({begins.namespace}), decides=True)
    valid = _valid(known.schema, subject.path)
    if valid is not False:
        return (PASSED, [], known.name) if valid else (INDETERMINATE, [], "")
    errors = islice(explain(known.schema, known.namespaces, Path(subject.path)), _TOLD)
    if not known.decides:  # a schema of ours may be narrower than the publisher's
        doubts = [fault("xml-schema-own", INFO, str(one.line), reason=one.message) for one in errors]
        return INDETERMINATE, doubts[:1], known.name
    told_ = [fault("xml-schema", where=str(one.line), reason=one.message) for one in errors]
    return FAILED, told_ or [fault("xml-schema", where="1", reason="?")], known.name


def _valid(schema: etree.XMLSchema, path: str) -> bool | None:
    """Whether a well-formed document is valid, None if it cannot be asked; what was read of it is let go."""
    parser = etree.XMLPullParser(events=("end",), schema=schema, **SAFE)
    try:
        for piece in file_pieces(path):
            for start in range(0, len(piece), 1 << 16):
                parser.feed(piece[start : start + (1 << 16)])
                for _, element in parser.read_events():
                    _forget(element)
        parser.close()
    except etree.XMLSyntaxError as error:
        return None if limited(error) else False
    return True


def _forget(element: etree._Element) -> None:
    parent = element.getparent()
    if parent is None:
        return
    element.clear()
    while element.getprevious() is not None:
        del parent[0]

"""Architectural limits that PDF/A makes binding (ISO 19005-1 §6.1.12, -2 and -3 §6.1.13)."""

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final

import pikepdf
from pikepdf import ObjectType

from archivum.formats.validators.answer import fault
from archivum.formats.validators.pdf_objects import Entries
from archivum.formats.validators.pdf_said import INVALID, Said
from archivum.formats.validators.pdf_streams import Undecodable, whole

NAME: Final = 127  # bytes of a name
GREATEST, LEAST = Decimal("3.403E+38"), Decimal("1.175E-38")  # of real numbers (ISO 32000-1 annex C)
CONTENT: Final = 64 << 20  # bytes of one content stream
_SUSPECT: Final = re.compile(
    rb"\d{39}|\.0{37}"
)  # too few numbers are that long to read every content for them


def names(entries: Entries, where: str) -> Said:
    """Look for names that are too long, as keys and as values."""
    for key, value in entries.items():
        for name in (key, str(value) if isinstance(value, pikepdf.Name) else ""):
            if len(name) > NAME and len(name.encode(errors="surrogateescape")) - 1 > NAME:
                yield INVALID, fault("pdfa-name", where=where, limit=NAME)


def numbers(entries: Entries, where: str) -> Said:
    """Look for real numbers out of range."""
    if any(_beyond(value) for value in _flat(entries.values())):
        yield INVALID, fault("pdfa-number", where=where)


def content_numbers(stream: pikepdf.Object, where: str) -> Said:
    """Look for real numbers out of range in a content stream; it is read only if it has long ones."""
    try:
        if not _SUSPECT.search(whole(stream, CONTENT)):
            return
        instructions = pikepdf.parse_content_stream(stream)
    except (Undecodable, pikepdf.PdfError):  # told of elsewhere
        return
    if any(_beyond(operand) for each in instructions for operand in _flat(getattr(each, "operands", ()))):
        yield INVALID, fault("pdfa-number", where=where)


def _beyond(value: object) -> bool:
    return isinstance(value, Decimal) and (abs(value) > GREATEST or 0 < abs(value) < LEAST)


def _flat(values: Iterable[object]) -> Iterator[object]:
    for value in values:
        if isinstance(value, pikepdf.Array) and not value.is_indirect:
            yield from _flat(list(value))
        elif not (isinstance(value, pikepdf.Object) and value._type_code == ObjectType.stream):
            yield value

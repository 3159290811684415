"""Everything in a PDF file that can be reached from its trailer, each object once."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple, TypeGuard

import pikepdf
from pikepdf import ObjectType

OBJECTS: Final = 1_000_000  # a file of 300 MB that was scanned and tagged has some 600 000
_CONTAINERS: Final = (ObjectType.dictionary, ObjectType.stream, ObjectType.array)


Entries = Mapping[str, object]


class Place(NamedTuple):
    """A dictionary, or a stream with its dictionary, where it stands, and its entries."""

    where: str
    object: pikepdf.Object
    entries: Entries


class TooMany(Exception):
    """There are more objects than are looked at."""


def reachable(pdf: pikepdf.Pdf) -> Iterator[Place]:
    """Yield every dictionary and stream that the trailer leads to; loops end where they began.

    Raises:
        TooMany: there are more objects than are looked at.
        pikepdf.PdfError: an object cannot be read.
    """
    seen: set[tuple[int, int]] = set()
    waiting: list[tuple[str, pikepdf.Object]] = [("trailer", pdf.trailer)]
    while waiting:
        where, found = waiting.pop()
        if found.is_indirect:
            if found.objgen in seen:
                continue
            seen.add(found.objgen)
            if len(seen) > OBJECTS:
                raise TooMany
            where = place(found)
        if found._type_code == ObjectType.array:
            values: Iterable[object] = list(found)
        else:
            entries: dict[str, object] = dict(found.items())
            yield Place(where, found, entries)
            values = entries.values()
        waiting.extend((where, value) for value in values if is_container(value))


def place(found: pikepdf.Object, otherwise: str = "") -> str:
    """Return the number of an indirect object, as people look it up."""
    return f"{found.objgen[0]} {found.objgen[1]} obj" if found.is_indirect else otherwise


def is_dictionary(value: object) -> TypeGuard[pikepdf.Object]:
    """Whether a value is a dictionary, and not one of a stream."""
    return isinstance(value, pikepdf.Object) and value._type_code == ObjectType.dictionary


def is_container(value: object) -> TypeGuard[pikepdf.Object]:
    """Whether a value is a dictionary, a stream or an array, which may have others inside."""
    return isinstance(value, pikepdf.Object) and value._type_code in _CONTAINERS

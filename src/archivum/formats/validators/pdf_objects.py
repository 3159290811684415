"""Everything in a PDF file that can be reached from its trailer, each object once."""

from collections.abc import Iterator
from typing import Final, NamedTuple

import pikepdf
from pikepdf import ObjectType

OBJECTS: Final = 1_000_000  # a file of 300 MB that was scanned and tagged has some 600 000
_CONTAINERS: Final = (ObjectType.dictionary, ObjectType.stream, ObjectType.array)


class Place(NamedTuple):
    """A dictionary, or a stream with its dictionary, and where it stands."""

    where: str
    object: pikepdf.Object


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
        if found._type_code != ObjectType.array:
            yield Place(where, found)
        waiting.extend((where, child) for child in _children(found))


def place(found: pikepdf.Object, otherwise: str = "") -> str:
    """Return the number of an indirect object, as people look it up."""
    return f"{found.objgen[0]} {found.objgen[1]} obj" if found.is_indirect else otherwise


def is_container(value: object) -> bool:
    """Whether a value is a dictionary, a stream or an array, which may have others inside."""
    return isinstance(value, pikepdf.Object) and value._type_code in _CONTAINERS


def _children(found: pikepdf.Object) -> list[pikepdf.Object]:
    if found._type_code == ObjectType.array:
        return [value for value in found if is_container(value)]  # type: ignore[attr-defined]
    return [value for _, value in found.items() if is_container(value)]

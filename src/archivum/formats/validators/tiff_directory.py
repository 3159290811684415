"""The directories of TIFF and BigTIFF files, and the values of their tags (TIFF 6.0, section 2)."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from archivum.formats.validators.octets import PIECE, Octets

BYTE, ASCII, SHORT, LONG, RATIONAL, IFD, LONG8, IFD8 = 1, 2, 3, 4, 5, 13, 16, 18
WIDTH, LENGTH, BITS, COMPRESSION, PHOTOMETRIC = 256, 257, 258, 259, 262
STRIP_OFFSETS, SAMPLES, ROWS, STRIP_COUNTS, PLANAR = 273, 277, 278, 279, 284
COLOURS, TILE_WIDTH, TILE_LENGTH, TILE_OFFSETS, TILE_COUNTS = 320, 322, 323, 324, 325
SUBIFDS, SUBSAMPLING, EXIF, GPS = 330, 530, 34665, 34853

UNCOMPRESSED: Final = 1

_SIZES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_BIG: Final = {16: 8, 17: 8, 18: 8}
_CODES: Final = {1: "B", 3: "H", 4: "I", 11: "f", 12: "d", 13: "I", 16: "Q", 18: "Q"}
_WHOLE: Final = _CODES.keys() - {11, 12}
_VALUES: Final = 65_536  # of one tag that are kept; more are only gone through


class Layout(NamedTuple):
    """How numbers are written in a file, and where its first directory lies."""

    order: str
    big: bool
    first: int

    @property
    def word(self) -> int:
        """The length of an offset."""
        return 8 if self.big else 4

    def size(self, type_: int) -> int:
        """The length of a value of a type; 0 for one that does not exist."""
        return _SIZES.get(type_, 0) or (_BIG.get(type_, 0) if self.big else 0)


class Entry(NamedTuple):
    """An entry of a directory: the type and number of its values, and where they lie."""

    tag: int
    type: int
    values: int
    place: int
    length: int


@dataclass(frozen=True, slots=True, eq=False)
class Directory:
    """A directory: its place, its entries by tag, and the place of the next one (0: there is none)."""

    file: Octets
    layout: Layout
    position: int
    entries: dict[int, Entry] = field(default_factory=dict)
    next: int = 0

    def __contains__(self, tag: int) -> bool:
        return tag in self.entries

    def one(self, tag: int, default: int = 1) -> int:
        """Return the first number of a tag."""
        return next(self.numbers(tag), default)

    def all(self, tag: int) -> list[int]:
        """Return the numbers of a tag, if they are few; else the first of them."""
        return [number for number, _ in zip(self.numbers(tag), range(_VALUES), strict=False)]

    def numbers(self, tag: int) -> Iterator[int]:
        """Yield the whole numbers of a tag."""
        if tag in self.entries and self.entries[tag].type in _WHOLE:
            for value in self.values(tag):
                yield int(value)

    def values(self, tag: int) -> Iterator[float]:
        """Yield the numbers of a tag, which may be fractions."""
        entry = self.entries.get(tag)
        code = _CODES.get(entry.type, "") if entry else ""
        if entry is None or not code:
            return
        sign = "<" if self.layout.order == "little" else ">"
        place, left = entry.place, entry.length
        while left:
            data = self.file.at(place, min(left, PIECE))
            yield from struct.unpack(f"{sign}{len(data) // struct.calcsize(code)}{code}", data)
            place, left = place + len(data), left - len(data)

    def text(self, tag: int) -> str:
        """Return the text of a tag, up to its length limit."""
        entry = self.entries.get(tag)
        if entry is None or entry.type != ASCII:
            return ""
        return self.file.at(entry.place, min(entry.length, _VALUES)).decode("latin-1")


def layout(file: Octets) -> Layout | None:
    """Return how a file is laid out; None if it does not begin as a TIFF file."""
    order = {b"II": "little", b"MM": "big"}.get(file.at(0, 2))
    if order is None:
        return None
    version = file.number(2, 2, order)
    if version == 42:
        return Layout(order, False, file.number(4, 4, order))
    if version == 43 and (file.number(4, 2, order), file.number(6, 2, order)) == (8, 0):
        return Layout(order, True, file.number(8, 8, order))
    return None


def read(file: Octets, how: Layout, position: int) -> tuple[Directory, list[Entry]]:
    """Return the directory at a place, and its entries in their order; nothing is said of what they hold.

    Raises:
        Short: the file ends before the directory does.
    """
    head, each = (8, 20) if how.big else (2, 12)
    count = file.number(position, head, how.order)
    file.reach(position + head, count * each + how.word)
    listed: list[Entry] = []
    for number in range(min(count, _VALUES)):
        start = position + head + number * each
        data = file.at(start, each)
        tag, type_ = (int.from_bytes(data[at : at + 2], how.order) for at in (0, 2))  # type: ignore[arg-type]
        values = file.number(start + 4, how.word, how.order)
        length = values * how.size(type_)
        inline = start + 4 + how.word
        place = inline if length <= how.word else file.number(inline, how.word, how.order)
        listed.append(Entry(tag, type_, values, place, length))
    following = file.number(position + head + count * each, how.word, how.order)
    return Directory(file, how, position, {one.tag: one for one in reversed(listed)}, following), listed

"""PNG (ISO/IEC 15948, third edition) with animations: every chunk, and every byte that makes a picture.

The walk judges what the specification says of chunks: their checksums, places, numbers and lengths, the
palette, the header. The compressed data are inflated and must make exactly the rows of the picture, each with
a filter that exists; whatever such rows say are pixels, so nothing more can be wrong with them. Not judged is
what an ancillary chunk says (a profile, a text), beyond its length.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from archivum.formats.validators import octets
from archivum.formats.validators.answer import (
    WARNING,
    Answer,
    Fault,
    Subject,
    Told,
    fault,
    judged,
)
from archivum.formats.validators.limits import too_large, validity
from archivum.formats.validators.octets import Octets
from archivum.formats.validators.png_chunks import LAST, RULES, Chunks
from archivum.formats.validators.png_rows import NONE, PALETTE, Header, Rows

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"  # PNG §5.2
_LONGEST: Final = (1 << 31) - 1  # PNG §5.3: the most bytes of a chunk


def validate(subject: Subject, told: Told) -> Answer:
    """Judge a PNG file: valid if its chunks are as the specification has them and make the picture."""
    del told
    faults, facts = octets.walked(subject, _chunks)
    return judged(octets.TOOL, faults, facts, valid=validity(faults), rules=RULES)


def _chunks(file: Octets, facts: dict[str, str]) -> Iterator[Fault]:
    """Walk from chunk to chunk; a fault after which the next chunk cannot be judged is the last."""
    if file.at(0, min(8, file.size)) != SIGNATURE:
        yield fault("png-signature")
        return
    picture = _Picture(facts)
    position, kind = 8, b""
    while kind != b"IEND":
        length, kind = file.number(position, 4), file.at(position + 4, 4)
        if length > _LONGEST:
            yield fault("png-order", where=str(position), chunk=kind.decode("latin-1"))
            return
        file.reach(position, 12 + length)
        checksum = zlib.crc32(kind)
        for data in file.pieces(position + 8, length):
            checksum = zlib.crc32(data, checksum)
        if checksum != file.number(position + 8 + length, 4):
            yield fault("png-checksum", where=str(position), chunk=kind.decode("latin-1"))
            return
        for wrong in picture.chunk(file, position, kind, length):
            yield wrong
            if wrong.id in LAST:
                return
        position += 12 + length
    if position < file.size:
        yield fault("trailing", WARNING, str(position), count=file.size - position)


@dataclass(slots=True, eq=False)
class _Picture:
    """A picture as its chunks make it: the default one, and the frames of an animation (PNG §11.3.8)."""

    facts: dict[str, str]
    chunks: Chunks = field(default_factory=Chunks)
    header: Header = NONE
    rows: Rows | None = None  # of the picture or frame that is being filled
    source: bytes = b""  # the chunks that fill it
    frames: int = 0  # of an animation, that were begun
    promised: int = 0  # frames, by acTL
    sequence: int = 0

    def chunk(self, file: Octets, position: int, kind: bytes, length: int) -> Iterator[Fault]:
        """Take in the next chunk, and yield what is wrong with it."""
        where = str(position)
        wrong = list(self.chunks.placed(kind, length, where))
        yield from wrong
        if wrong and wrong[0].id in LAST:
            return
        if kind in (b"fcTL", b"IEND") or (self.source == b"IDAT" != kind):
            yield from self._filled(where)
        if kind in (b"IDAT", b"fdAT"):
            yield from self._data(file, position, kind, length)
        elif kind == b"IHDR":
            yield from self._begin(file.at(position + 8, 13), where)
        elif kind == b"PLTE" and not self.header.palette(length // 3):
            yield fault("png-palette", where=where)
        elif kind == b"tRNS" and self.header.colour in (4, 6):
            yield fault("png-ancillary", where=where, chunk="tRNS")
        elif kind == b"acTL" and not wrong:
            self.promised = file.number(position + 8, 4)
        elif kind == b"fcTL" and not wrong:
            yield from self._frame(file.at(position + 8, 26), where)
        elif kind == b"IEND":
            yield from self._end(where)

    def _begin(self, data: bytes, where: str) -> Iterator[Fault]:
        self.header = Header.read(data)
        if not self.header.possible:
            yield fault("png-header", where=where)
            return
        for name in ("width", "height", "bits"):
            self.facts[name] = str(getattr(self.header, name))
        self.facts["colour"] = self.header.model

    def _data(self, file: Octets, position: int, kind: bytes, length: int) -> Iterator[Fault]:
        """Inflate what a chunk has of the rows."""
        start = position + 8
        if kind == b"fdAT":
            yield from self._numbered(file.number(start, 4), str(position))
            start, length = start + 4, length - 4
        elif self.rows is None:
            yield from self._first(str(position))
        if self.rows is None or self.source not in (b"", kind):
            yield fault("png-animation", where=str(position))
            return
        self.source = kind
        for data in file.pieces(start, length):
            if wrong := self.rows.take(data):
                yield fault("png-data", where=str(start), reason=wrong)
                return

    def _first(self, where: str) -> Iterator[Fault]:
        """Begin the picture itself."""
        if self.header.colour == PALETTE and b"PLTE" not in self.chunks.seen:
            yield fault("png-palette", where=where)
        self.rows = Rows(self.header)
        if self.rows.too_large:
            yield too_large()

    def _filled(self, where: str) -> Iterator[Fault]:
        """Judge whether a picture or frame is whole that gets no more data."""
        if self.rows is not None and (wrong := self.rows.end()):
            yield fault("png-data", where=where, reason=wrong)
        self.rows, self.source = None, b""

    def _frame(self, data: bytes, where: str) -> Iterator[Fault]:
        """Begin a frame of an animation; the one before IDAT is the default picture itself."""
        yield from self._numbered(int.from_bytes(data[:4]), where)
        width, height, left, top = (int.from_bytes(data[at : at + 4]) for at in (4, 8, 12, 16))
        default = b"IDAT" not in self.chunks.seen
        fits = 0 < width <= self.header.width - left and 0 < height <= self.header.height - top
        whole = (width, height) == (self.header.width, self.header.height)
        if not fits or (default and not whole) or data[24] > 2 or data[25] > 1:
            yield fault("png-animation", where=where)
        self.frames += 1
        if fits and not default:
            self.rows = Rows(self.header.sized(width, height))

    def _numbered(self, number: int, where: str) -> Iterator[Fault]:
        if number != self.sequence:
            yield fault("png-animation", where=where)
        self.sequence = number + 1

    def _end(self, where: str) -> Iterator[Fault]:
        if b"IDAT" not in self.chunks.seen:
            yield fault("png-order", where=where, chunk="IEND")
        if self.promised != self.frames:
            yield fault("png-animation", where=where)
        if self.frames:
            self.facts["frames"] = str(self.frames)

"""The rows of a PNG picture, as they come out of the compressed data (PNG §§7–10)."""

import zlib
from collections.abc import Iterator
from typing import Final, NamedTuple, Self

from archivum.formats.validators.limits import PIXELS

PALETTE: Final = 3  # the colour type
_PIECE: Final = 1 << 20
_SAMPLES: Final = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type
_BITS: Final = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_MODELS: Final = {0: "grey", 2: "rgb", 3: "palette", 4: "grey-alpha", 6: "rgb-alpha"}
# left, top, across, down (PNG §8.1)
_ADAM7: Final = (
    *((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2)),
    (0, 1, 1, 2),
)
_FILTERS: Final = bytes(range(5))  # PNG §9.2


class Header(NamedTuple):
    """What IHDR says (PNG §11.2.1)."""

    width: int
    height: int
    bits: int
    colour: int
    compression: int
    filter: int
    interlace: int

    @classmethod
    def read(cls, data: bytes) -> Self:
        """Return what 13 bytes say."""
        return cls(int.from_bytes(data[:4]), int.from_bytes(data[4:8]), *data[8:13])

    @property
    def possible(self) -> bool:
        """Whether there can be such a picture."""
        return (
            0 < self.width < 1 << 31
            and 0 < self.height < 1 << 31
            and self.bits in _BITS.get(self.colour, ())
            and (self.compression, self.filter) == (0, 0)
            and self.interlace in (0, 1)
        )

    def palette(self, colours: int) -> bool:
        """Whether there may be a palette of so many colours (PNG §11.2.2)."""
        most = 1 << self.bits if self.colour == PALETTE else 256
        return self.colour in (2, PALETTE, 6) and colours <= most

    @property
    def model(self) -> str:
        """The name of the colour type."""
        return _MODELS[self.colour]

    def sized(self, width: int, height: int) -> Self:
        """Return the header of a frame of another size."""
        return self._replace(width=width, height=height)

    def passes(self) -> Iterator[tuple[int, int]]:
        """Yield for each pass how many rows it has, and of how many bytes (PNG §8.1)."""
        for left, top, across, down in _ADAM7 if self.interlace else ((0, 0, 1, 1),):
            width = -(-(self.width - left) // across)
            height = -(-(self.height - top) // down)
            if width > 0 and height > 0:
                yield height, 1 + -(-width * _SAMPLES[self.colour] * self.bits // 8)


NONE: Final = Header(0, 0, 0, 0, 0, 0, 0)


class Rows:
    """The rows of one picture that are still to come."""

    def __init__(self, header: Header) -> None:
        self.too_large = header.width * header.height > PIXELS
        self._inflate = zlib.decompressobj()
        self._passes = list(header.passes())[::-1]
        self._left = 0  # bytes of the pass that are still to come
        self._stride = 1
        self._phase = 0  # bytes until the next row begins
        self._next_pass()

    def take(self, data: bytes) -> str:
        """Inflate more of the data; return what is wrong with them, or nothing."""
        if self.too_large:
            return ""
        try:
            while data:
                if self._inflate.eof:
                    return "data after the end of the stream"
                made = self._inflate.decompress(data, _PIECE)
                data = self._inflate.unconsumed_tail or self._inflate.unused_data
                if wrong := self._rows(made):
                    return wrong
        except zlib.error as error:
            return str(error)
        return ""

    def end(self) -> str:
        """Return what is missing when there are no more data, or nothing."""
        if self.too_large:
            return ""
        if wrong := self._rows(self._inflate.flush()):
            return wrong
        if self._left:
            return "rows are missing"
        return "" if self._inflate.eof else "the stream does not end"

    def _rows(self, made: bytes) -> str:
        while made:
            if not self._left:
                return "more rows than the picture has"
            part, made = made[: self._left], made[self._left :]
            if part[self._phase :: self._stride].translate(None, _FILTERS):
                return "a row has an unknown filter"
            self._phase = (self._phase - len(part)) % self._stride
            self._left -= len(part)
            if not self._left:
                self._next_pass()
        return ""

    def _next_pass(self) -> None:
        if self._passes:
            height, self._stride = self._passes.pop()
            self._left, self._phase = height * self._stride, 0

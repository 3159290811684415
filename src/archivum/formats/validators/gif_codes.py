"""The codes of a GIF frame (GIF 89a, Appendix F): how many pixels they make, not which."""

from typing import Final

_MOST: Final = 4096  # codes of 12 bits


class Codes:
    """A stream of codes of variable length; each stands for a string whose length alone is kept."""

    def __init__(self, bits: int) -> None:
        """Begin with codes for pixels of so many bits."""
        self.pixels = 0
        self.ended = False  # the code that ends them was met, and nothing else after it
        self._first = bits + 1
        self._clear = 1 << bits
        self._lengths = [1] * self._clear + [0, 0]
        self._bits = self._first
        self._value = self._left = self._previous = 0
        self._broken = False

    def take(self, data: bytes) -> None:
        """Take in more of the stream; after a code that does not exist, no more are counted."""
        if self._broken or self.ended:
            self._broken, self.ended = True, False
            return
        lengths, clear, bits = self._lengths, self._clear, self._bits
        value, left, previous = self._value, self._left, self._previous
        for byte in data:
            value |= byte << left
            left += 8
            while left >= bits and not self.ended and not self._broken:
                code = value & ((1 << bits) - 1)
                value >>= bits
                left -= bits
                if code == clear:
                    del lengths[clear + 2 :]
                    bits, previous = self._first, 0
                elif code == clear + 1:
                    self.ended = True
                else:
                    if previous and len(lengths) < _MOST:
                        lengths.append(previous + 1)
                        bits += len(lengths) == 1 << bits and bits < 12
                    if code < len(lengths):
                        previous = lengths[code]
                        self.pixels += previous
                    else:
                        self._broken = True
        self._bits, self._value, self._left, self._previous = bits, value, left, previous

"""What a signature cannot do without: read off its expression once, looked up in a file in a third of a ms.

fido tries 2 300 expressions one after the other on every file, at 5 ms a file. A signature is only worth
trying where the bytes are that its expression demands: those near the start of the file (one table for all
signatures), and its longest literal. What is left is tried with fido's own expression, so that the answers
are fido's; where nothing can be read off an expression, it is always tried.
"""

import re
from collections.abc import Iterator, Sequence
from mmap import mmap
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any, NamedTuple

REACH = 16  # bytes from the start that the table knows
_ENDLESS = 1 << 31  # a width at least this is none (the parser's own mark for no bound is larger)

Bytes = bytes | mmap


class Content:
    """The bytes of one file; a literal that many signatures demand is looked for once."""

    def __init__(self, data: Bytes) -> None:
        self.data = data
        self.size = len(data)
        self._found: dict[tuple[bytes, int, int], bool] = {}

    def has(self, literal: bytes, low: int, high: int | None, end: int) -> bool:
        """Whether a literal that ends before ``end`` begins at an offset from ``low`` to ``high``."""
        last = end if high is None else min(end, high + len(literal))
        where = literal, low, last
        if (known := self._found.get(where)) is None:
            known = self._found[where] = self.data.find(literal, low, last) >= 0
        return known


class Demand(NamedTuple):
    """What must be in the bytes for an expression to match.

    ``start`` are the values allowed at offsets below :data:`REACH`; ``literal`` begins at an offset from
    ``low`` to ``high`` (None: anywhere after). ``width`` is the most bytes a match can have, if there is a
    bound and the match ends where the file does.
    """

    start: tuple[tuple[int, frozenset[int]], ...] = ()
    literal: bytes = b""
    low: int = 0
    high: int | None = None
    width: int | None = None


class _Run(NamedTuple):
    literal: bytearray
    low: int
    high: int | None


def demand(expression: bytes, *, anchored: bool) -> Demand:
    """Read off an expression what must be there; ``anchored`` if it has to match at the start of the file."""
    parsed = parser.parse(expression)
    if parsed.state.flags & (re.IGNORECASE | re.VERBOSE):
        return Demand()
    start: list[tuple[int, frozenset[int]]] = []
    runs: list[_Run] = []
    low, high, running, at_end = 0, 0, False, False
    for code, value, least, most in _steps(parsed):
        if code is op.LITERAL:
            if not running:
                runs.append(_Run(bytearray(), low, high if high < _ENDLESS else None))
            runs[-1].literal.append(value)
        if low == high < REACH and (allowed := _allowed(code, value)):
            start.append((low, allowed))
        running = code is op.LITERAL
        at_end = code is op.AT and value is op.AT_END_STRING
        low, high = low + least, high + most
    run = max(runs, key=lambda run: len(run.literal), default=_Run(bytearray(), 0, None))
    width = high if at_end and high < _ENDLESS else None
    if anchored:
        return Demand(tuple(start), bytes(run.literal), run.low, run.high, width)
    return Demand(literal=bytes(run.literal), width=width)


def _steps(parsed: Any) -> Iterator[tuple[Any, Any, int, int]]:
    """Yield the steps of an expression, groups opened, each with the least and the most bytes it takes."""
    for i, (code, value) in enumerate(parsed):
        if code is op.SUBPATTERN and not value[1] and not value[2]:
            yield from _steps(value[3])
        else:
            yield code, value, *parsed[i : i + 1].getwidth()


def _allowed(code: Any, value: Any) -> frozenset[int]:
    """Return the bytes that a step of one byte allows; none if that is not plain to see."""
    if code is op.LITERAL:
        return frozenset((value,))
    found: set[int] = set()
    for kind, item in value if code is op.IN else ():
        if kind is op.LITERAL:
            found.add(item)
        elif kind is op.RANGE:
            found.update(range(item[0], item[1] + 1))
        else:
            return frozenset()
    return frozenset(found)


class Table:
    """Bits for expressions: for each offset near the start and each byte there, those that allow it."""

    def __init__(self, demands: Sequence[Demand]) -> None:
        self._all = (1 << len(demands)) - 1
        self._short = [self._all] * REACH  # where the file has ended: those that demand nothing there
        self._literals: dict[tuple[bytes, int, int | None], int] = {}
        rows = [[0] * 256 for _ in range(REACH)]
        for number, wanted in enumerate(demands):
            bit = 1 << number
            for offset, allowed in wanted.start:
                self._short[offset] &= ~bit
                for byte in allowed:
                    rows[offset][byte] |= bit
            if not wanted.start and wanted.literal:
                place = wanted.literal, wanted.low, wanted.high
                self._literals[place] = self._literals.get(place, 0) | bit
        self._rows = [[bits | free for bits in row] for row, free in zip(rows, self._short, strict=True)]

    def candidates(self, content: Content, end: int) -> Iterator[int]:
        """Yield, in order, the numbers of those that the first ``end`` bytes do not rule out."""
        left = self._all
        for byte, row in zip(content.data[: min(end, REACH)], self._rows, strict=False):
            left &= row[byte]
        for none in self._short[end:]:
            left &= none
        for place, bits in self._literals.items():
            if left & bits and not content.has(*place, end):
                left &= ~bits
        while left:
            lowest = left & -left
            left ^= lowest
            yield lowest.bit_length() - 1

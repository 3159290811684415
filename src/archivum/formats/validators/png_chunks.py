"""The chunks of a PNG file: which there are, where each may stand, how long it may be (PNG §5.6, table 7)."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from archivum.formats.validators.answer import Fault, fault

RULES: Final = frozenset({"png-ancillary", "png-animation"})  # faults that leave the picture whole
LAST: Final = frozenset({"png-header", "png-data", "png-order"})  # faults after which no more is judged


class _Rule(NamedTuple):
    lengths: range
    before: tuple[bytes, ...] = ()  # chunks that must come later
    many: bool = False


def _exactly(*lengths: int) -> range:
    return range(min(lengths), max(lengths) + 1)


_ANY: Final = range(1 << 31)
_COLOUR: Final = (b"PLTE", b"IDAT")
_RULES: Final = {
    b"IHDR": _Rule(_exactly(13)),
    b"PLTE": _Rule(range(3, 769, 3), (b"IDAT", b"tRNS", b"hIST", b"bKGD")),
    b"IDAT": _Rule(_ANY, many=True),
    b"IEND": _Rule(_exactly(0)),
    b"cHRM": _Rule(_exactly(32), _COLOUR),
    b"cICP": _Rule(_exactly(4), _COLOUR),
    b"gAMA": _Rule(_exactly(4), _COLOUR),
    b"iCCP": _Rule(_ANY, _COLOUR),
    b"mDCV": _Rule(_exactly(24), _COLOUR),
    b"cLLI": _Rule(_exactly(8), _COLOUR),
    b"sBIT": _Rule(_exactly(1, 4), _COLOUR),
    b"sRGB": _Rule(_exactly(1), _COLOUR),
    b"bKGD": _Rule(_exactly(1, 6), (b"IDAT",)),
    b"hIST": _Rule(range(2, 513, 2), (b"IDAT",)),
    b"tRNS": _Rule(_exactly(1, 256), (b"IDAT",)),
    b"eXIf": _Rule(_ANY),
    b"pHYs": _Rule(_exactly(9), (b"IDAT",)),
    b"sPLT": _Rule(_ANY, (b"IDAT",), many=True),
    b"tIME": _Rule(_exactly(7)),
    b"iTXt": _Rule(_ANY, many=True),
    b"tEXt": _Rule(_ANY, many=True),
    b"zTXt": _Rule(_ANY, many=True),
    b"acTL": _Rule(_exactly(8), (b"IDAT",)),
    b"fcTL": _Rule(_exactly(26), many=True),
    b"fdAT": _Rule(range(4, 1 << 31), many=True),
}


@dataclass(slots=True, eq=False)
class Chunks:
    """The chunks that were met so far."""

    seen: set[bytes] = field(default_factory=set)
    last: bytes = b""

    def placed(self, kind: bytes, length: int, where: str) -> Iterator[Fault]:
        """Take in a chunk, and yield what is wrong with its place or length."""
        rule = _RULES.get(kind)
        critical = not kind[0] & 0x20  # PNG §5.4: an upper-case letter
        if rule is None:
            # what nobody may leave out of the picture, and nobody knows
            right = not critical and kind.isalpha() and not kind[2] & 0x20
        else:
            right = (
                length in rule.lengths
                and (kind == b"IHDR") is not bool(self.seen)
                and (rule.many or kind not in self.seen)
                and self.seen.isdisjoint(rule.before)
                and (kind != b"IDAT" or kind not in self.seen or self.last == b"IDAT")
            )
        if not right or (not self.seen and kind != b"IHDR"):
            id_ = "png-order" if critical or not self.seen else "png-ancillary"
            yield fault(id_, where=where, chunk=kind.decode("latin-1"))
        self.seen.add(kind)
        self.last = kind

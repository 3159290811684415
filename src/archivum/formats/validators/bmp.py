"""Windows bitmaps: the headers, and that there are as many bytes as an uncompressed picture needs.

Only the structure is judged: there are as many dialects as makers. Compressed pictures are not decoded.
"""

from collections.abc import Iterator
from typing import Final

from archivum.formats.validators import octets
from archivum.formats.validators.answer import (
    INDETERMINATE,
    WARNING,
    Answer,
    Fault,
    Subject,
    Told,
    fault,
    judged,
)
from archivum.formats.validators.octets import Octets

_HEADERS: Final = (12, 16, 40, 52, 56, 64, 108, 124)
_BITS: Final = (1, 2, 4, 8, 16, 24, 32)
_UNCOMPRESSED: Final = (0, 3, 6)  # BI_RGB, BI_BITFIELDS, BI_ALPHABITFIELDS


def validate(subject: Subject, told: Told) -> Answer:
    """Judge the structure of a bitmap."""
    del told
    faults, facts = octets.walked(subject, _walk)
    return judged(octets.TOOL, faults, facts, valid=INDETERMINATE)


def _walk(file: Octets, facts: dict[str, str]) -> Iterator[Fault]:
    if file.at(0, 2) != b"BM":
        yield fault("bmp-header", where="0")
        return
    said, start, header = (
        file.number(2, 4, "little"),
        file.number(10, 4, "little"),
        file.number(14, 4, "little"),
    )
    if header not in _HEADERS or start < 14 + header:
        yield fault("bmp-header", where="14")
        return
    data = file.at(14, header)
    words = 2 if header == 12 else 4
    width = int.from_bytes(data[4 : 4 + words], "little", signed=words == 4)
    height = abs(int.from_bytes(data[4 + words : 4 + 2 * words], "little", signed=words == 4))
    planes, bits = (int.from_bytes(data[4 + 2 * words + at :][:2], "little") for at in (0, 2))
    compression = int.from_bytes(data[16:20], "little") if header >= 40 else 0
    facts |= {"width": str(width), "height": str(height), "bits": str(bits), "compression": str(compression)}
    raw = compression in _UNCOMPRESSED
    if width < 1 or height < 1 or planes != 1 or (raw and bits not in _BITS):
        yield fault("bmp-header", where="14")
        return
    length = (width * bits + 31) // 32 * 4 * height if raw else int.from_bytes(data[20:24], "little")
    file.reach(start, length)
    if said != file.size:  # some writers leave it 0, or count the pixels alone
        yield fault("bmp-size", WARNING, "2", count=said, expected=file.size)

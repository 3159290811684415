"""The marker segments and scans of one JPEG picture (ISO/IEC 10918-1, Annex B)."""

import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import Final

from archivum.formats.validators.answer import WARNING, Fault, fault
from archivum.formats.validators.octets import PIECE, Octets, Short

SOI, EOI, SOS, DQT, DHT, DNL, DRI = 0xD8, 0xD9, 0xDA, 0xDB, 0xC4, 0xDC, 0xDD
_APP: Final = range(0xE0, 0xF0)
_COM: Final = 0xFE
_DAC, _DHP, _EXP = 0xCC, 0xDE, 0xDF
_SOF: Final = frozenset(range(0xC0, 0xD0)) - {DHT, 0xC8, _DAC}
_RST: Final = range(0xD0, 0xD8)
_PROCESSES: Final = {0: "baseline", 1: "extended", 2: "progressive", 3: "lossless"}
_MARKER: Final = re.compile(rb"\xff[^\x00\xff]")  # in entropy-coded data: 00 makes FF data, FF fills (B.1.1)


@dataclass(slots=True, eq=False)
class _Met:
    """What was met on the way through a picture."""

    start: int
    facts: dict[str, str]
    components: set[int] = field(default_factory=set)
    framed: bool = False
    scans: int = 0
    restarts: int = 0  # minimum coded units between two markers


def walk(file: Octets, start: int, facts: dict[str, str]) -> Generator[Fault, None, int]:
    """Yield what is wrong with a picture; return where it ends, or 0 where that is not known.

    Raises:
        Short: the file ends before it does.
    """
    if file.at(start, 2) != b"\xff\xd8":
        yield fault("jpeg-signature", where=str(start))
        return 0
    met, position = _Met(start, facts), start + 2
    while True:
        marker, position = _marker(file, position)
        if marker == EOI:
            yield from _ended(met, position - 2)
            return position
        if not _segment(marker):
            yield fault("jpeg-marker", where=str(position - 2), marker=f"{marker:02X}")
            return 0
        length = file.number(position, 2)
        file.reach(position, length)
        wrong = False
        for one in _judged(file, marker, position, length, met):
            yield one
            wrong = True
        if wrong:
            return 0
        position += length
        if marker == SOS:
            faults, position = _scan(file, position, met)
            yield from faults


def _marker(file: Octets, position: int) -> tuple[int, int]:
    """Return the marker at a place, which FFs may precede (B.1.1.2), or 0; and where it ends."""
    if file.number(position, 1) != 0xFF:
        return 0, position + 2
    while (marker := file.number(position + 1, 1)) == 0xFF:
        position += 1
    return marker, position + 2


def _segment(marker: int) -> bool:
    known = (SOS, DQT, DHT, DNL, DRI, _DAC, _DHP, _EXP, _COM)
    return marker in _SOF or marker in _APP or marker in known


def _ended(met: _Met, position: int) -> Iterator[Fault]:
    if not met.scans or met.facts["height"] == "0":
        yield fault("jpeg-empty", where=str(position))
    else:
        met.facts["scans"] = str(met.scans)


def _judged(file: Octets, marker: int, start: int, length: int, met: _Met) -> Iterator[Fault]:
    """Judge what a segment says; ``start`` is where its length stands."""
    data = file.at(start, length) if length >= 2 else b""
    right = length >= 2
    if right and marker in _SOF:
        right = not met.framed and _frame(marker, data, met)
    elif right and marker == SOS:
        right = met.framed and _scan_header(data, met)
        met.scans += 1
    elif right and marker == DQT:
        right = _quantization(data[2:])
    elif right and marker == DHT:
        right = _huffman(data[2:])
    elif right and marker == DRI:
        right = length == 4
        met.restarts = int.from_bytes(data[2:4])
    elif right and marker == DNL:
        right = length == 4 and met.scans > 0 and any(data[2:])
        met.facts["process"] += " with DNL"
        met.facts["height"] = str(int.from_bytes(data[2:4]))
    elif right and marker in _APP:
        _application(data[2:], marker, met)
    if not right:
        yield fault("jpeg-segment", where=str(start - 2), marker=f"{marker:02X}")


def _frame(marker: int, data: bytes, met: _Met) -> bool:
    """Read a frame header (B.2.2)."""
    if len(data) < 8 or len(data) != 8 + 3 * data[7]:
        return False
    bits, height, width = data[2], int.from_bytes(data[3:5]), int.from_bytes(data[5:7])
    parts = [data[at : at + 3] for at in range(8, len(data), 3)]
    met.components = {part[0] for part in parts}
    met.framed = True
    met.facts |= {"width": str(width), "height": str(height), "bits": str(bits)}
    name = _PROCESSES[marker & 3] if marker & 4 == 0 else "differential"
    met.facts["process"] = f"arithmetic {name}" if marker & 8 else name
    met.facts["components"] = str(len(parts))
    return (
        width > 0
        and len(met.components) == len(parts) > 0
        and (bits == 8 if marker == 0xC0 else 2 <= bits <= 16)
        and all(0 < part[1] >> 4 <= 4 and 0 < part[1] & 15 <= 4 and part[2] <= 3 for part in parts)
    )


def _scan_header(data: bytes, met: _Met) -> bool:
    """Judge a scan header (B.2.3)."""
    count = data[2] if len(data) > 2 else 0
    if not 0 < count <= 4 or len(data) != 6 + 2 * count:
        return False
    parts = [data[at : at + 2] for at in range(3, 3 + 2 * count, 2)]
    first, last = data[-3], data[-2]
    return (
        {part[0] for part in parts} <= met.components
        and all(part[1] >> 4 <= 3 and part[1] & 15 <= 3 for part in parts)
        and (first <= last <= 63 or met.facts.get("process", "").endswith("lossless"))
    )


def _quantization(data: bytes) -> bool:
    """Whether tables of 64 steps follow one another, none of which is 0 (B.2.4.1)."""
    while data:
        precision, destination = data[0] >> 4, data[0] & 15
        length = 64 << precision if precision <= 1 else 0
        table, data = data[1 : 1 + length], data[1 + length :]
        steps = [table[at : at + 1 + precision] for at in range(0, length, 1 + precision)]
        if destination > 3 or not length or len(table) < length or not all(map(any, steps)):
            return False
    return True


def _huffman(data: bytes) -> bool:
    """Whether tables of codes follow one another, each with no more codes than its lengths give (B.2.4.2)."""
    while data:
        counts = data[1:17]
        codes = sum(counts)
        taken = sum(count << (15 - bits) for bits, count in enumerate(counts))
        whole = len(counts) == 16 and len(data) >= 17 + codes
        if not whole or data[0] >> 4 > 1 or data[0] & 15 > 3 or codes > 256 or taken > 1 << 16:
            return False
        data = data[17 + codes :]
    return True


def _application(data: bytes, marker: int, met: _Met) -> None:
    """Note which file format it is, and whether more pictures follow."""
    if marker == 0xE0 and data.startswith(b"JFIF\0"):
        met.facts.setdefault("wrapper", "JFIF")
    elif marker == 0xE1 and data.startswith(b"Exif\0"):
        met.facts.setdefault("wrapper", "Exif")
    elif marker == 0xE2 and data.startswith(b"MPF\0"):
        met.facts["multi-picture"] = "yes"


def _scan(file: Octets, position: int, met: _Met) -> tuple[list[Fault], int]:
    """Go through entropy-coded data to the next marker; those for restarts count from 0 to 7 (B.2.1)."""
    faults: list[Fault] = []
    expected = 0
    while position + 1 < file.size:
        data = file.at(position, min(PIECE, file.size - position))
        for found in _MARKER.finditer(data):
            marker = data[found.start() + 1]
            if marker not in _RST:
                return faults, position + found.start()
            if not faults and (not met.restarts or marker & 7 != expected):
                where = str(position + found.start())
                faults.append(fault("jpeg-restart", WARNING, where, marker=f"{marker:02X}"))
            expected = (marker + 1) & 7
        position += max(1, len(data) - 1)  # a marker may stand across two pieces
    raise Short(file.size)

"""MP4 and its family (ISO/IEC 14496-12), QuickTime: every box, and that the media it points to are there.

Only the structure is judged, which shows what is cut off or shifted; whether pictures and sound
can be decoded is for a decoder.
"""

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from archivum.formats.validators import octets
from archivum.formats.validators.answer import INDETERMINATE, Answer, Fault, Subject, Told, fault, judged
from archivum.formats.validators.octets import PIECE, Octets

_HOLDERS: Final = frozenset({b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"mvex", b"moof", b"traf"})
_DEPTH: Final = 8
_BOXES: Final = 1_000_000  # of one file
_WITH_MEDIA: Final = (b"mdat", b"moof", b"imda")
_OFFSETS: Final = {b"stco": (4, "I"), b"co64": (8, "Q")}


class _Box(NamedTuple):
    kind: bytes
    start: int  # of its content
    end: int


def validate(subject: Subject, told: Told) -> Answer:
    """Judge the structure of a file of boxes."""
    del told
    faults, facts = octets.walked(subject, _walk)
    return judged(octets.TOOL, faults, facts, valid=INDETERMINATE)


def _walk(file: Octets, facts: dict[str, str]) -> Iterator[Fault]:
    met: set[bytes] = set()
    for box in _boxes(file, 0, file.size, 0):
        if isinstance(box, Fault):
            yield box
            return
        met.add(box.kind)
        if box.kind == b"ftyp" and box.end - box.start >= 4:
            facts["brand"] = file.at(box.start, 4).decode("latin-1").strip()
        elif box.kind == b"mvhd":
            yield from _duration(file, box, facts)
        elif box.kind in _OFFSETS:
            yield from _offsets(file, box)
    for kind in (b"moov", b"mdat"):
        if kind not in met and not (kind == b"mdat" and met.intersection(_WITH_MEDIA)):
            yield fault("box-missing", box=kind.decode())


def _boxes(file: Octets, position: int, end: int, depth: int) -> Iterator[_Box | Fault]:
    """Yield all boxes, each before those in it; a fault is the last."""
    met = 0
    while position < end:
        outermost, where = not depth, str(position)
        if end - position < 8:
            if not outermost and not any(file.at(position, end - position)):
                return  # QuickTime ends a list with zeros
            yield fault("truncated" if outermost else "box-size", where=where, box="-")
            return
        length, kind, head = file.number(position, 4), file.at(position + 4, 4), 8
        if length == 1:
            length, head = file.number(position + 8, 8), 16
        elif length == 0 and outermost:
            length = end - position  # to the end of the file (§4.2)
        met += 1
        name = kind.decode("latin-1")
        if length < head or not all(0x20 <= each < 0x7F or each == 0xA9 for each in kind) or met > _BOXES:
            yield fault("box-size", where=where, box=name if name.isprintable() else kind.hex())
            return
        if position + length > end:
            yield fault("truncated" if outermost else "box-size", where=where, box=name)
            return
        yield _Box(kind, position + head, position + length)
        if kind in _HOLDERS and depth < _DEPTH:
            for inner in _boxes(file, position + head, position + length, depth + 1):
                yield inner
                if isinstance(inner, Fault):
                    return
        position += length


def _duration(file: Octets, box: _Box, facts: dict[str, str]) -> Iterator[Fault]:
    """Note how long the presentation is (§8.2.2)."""
    long = box.end - box.start >= 32 and file.number(box.start, 1) == 1
    at, length = (20, 8) if long else (12, 4)
    if box.end - box.start < at + 4 + length:
        yield fault("box-size", where=str(box.start - 8), box="mvhd")
        return
    scale, count = file.number(box.start + at, 4), file.number(box.start + at + 4, length)
    if scale and count != (1 << 8 * length) - 1:
        facts["seconds"] = f"{count / scale:.3f}"


def _offsets(file: Octets, box: _Box) -> Iterator[Fault]:
    """Judge that the pieces of media a table lists lie inside the file (§8.7.5)."""
    each, code = _OFFSETS[box.kind]
    count = file.number(box.start + 4, 4) if box.end - box.start >= 8 else 1 << 32
    if box.start + 8 + count * each > box.end:
        yield fault("box-size", where=str(box.start - 8), box=box.kind.decode())
        return
    position, left = box.start + 8, count * each
    while left:
        data = file.at(position, min(left, PIECE))
        if max(struct.unpack(f">{len(data) // each}{code}", data)) >= file.size:
            yield fault("box-media", where=str(box.start - 8))
            return
        position, left = position + len(data), left - len(data)

"""Matroska and WebM (RFC 9559): the chain of EBML elements, and their checksums where they carry them.

Only the structure is judged: the header, the top elements of the segment, the checksums (RFC 8794 §11.3.1).
"""

import zlib
from collections.abc import Iterator
from typing import Final

from archivum.formats.validators import octets
from archivum.formats.validators.answer import INDETERMINATE, Answer, Fault, Subject, Told, fault, judged
from archivum.formats.validators.octets import Octets, Short

_HEADER, _SEGMENT, _VOID, _CRC = 0x1A45DFA3, 0x18538067, 0xEC, 0xBF
_CLUSTER: Final = 0x1F43B675
_TOP: Final = {
    0x114D9B74: "SeekHead",
    0x1549A966: "Info",
    0x1654AE6B: "Tracks",
    _CLUSTER: "Cluster",
    0x1C53BB6B: "Cues",
    0x1941A469: "Attachments",
    0x1043A770: "Chapters",
    0x1254C367: "Tags",
    _VOID: "Void",
    _CRC: "CRC-32",
}
_NEEDED: Final = ("Info", "Tracks")


def validate(subject: Subject, told: Told) -> Answer:
    """Judge the structure of a Matroska file."""
    del told
    faults, facts = octets.walked(subject, _walk)
    return judged(octets.TOOL, faults, facts, valid=INDETERMINATE)


def _walk(file: Octets, facts: dict[str, str]) -> Iterator[Fault]:
    position, met = 0, set[str]()
    end = file.size
    while position < file.size:
        kind, length, start = _element(file, position)
        inside = position >= 4 and "Segment" in met and position < end
        if not position and kind != _HEADER:
            yield fault("ebml-element", where="0")
            return
        if kind == _SEGMENT and not inside:
            end = file.size if length is None else start + length
            file.reach(start, end - start)
            met.add("Segment")
            position = start
            continue
        name = _TOP.get(kind) if inside else "EBML" if kind in (_HEADER, _VOID) else None
        if name is None:
            yield fault("ebml-element", where=str(position))
            return
        if length is None:  # live streams: what is in it runs to the next one, and is not gone through
            facts["live"] = "yes"
            return
        if start + length > end:
            yield fault("truncated" if end == file.size else "ebml-element", where=str(position))
            return
        yield from _summed(file, start, length, name)
        met.add(name)
        position = start + length
    for name in _NEEDED:
        if name not in met:
            yield fault("ebml-missing", element=name)


def _element(file: Octets, position: int) -> tuple[int, int | None, int]:
    """Return the id of an element, its length (None: not known), and where its content begins."""
    first = file.number(position, 1)
    width = 9 - first.bit_length()
    if width > 4:
        return 0, 0, position
    kind = file.number(position, width)
    head = file.number(position + width, 1)
    long = 9 - head.bit_length()
    if long > 8:
        return 0, 0, position
    length = file.number(position + width, long) & (1 << 7 * long) - 1
    unknown = length == (1 << 7 * long) - 1
    return kind, None if unknown else length, position + width + long


def _summed(file: Octets, start: int, length: int, name: str) -> Iterator[Fault]:
    """Compare the checksum that may begin an element with the rest of it."""
    if length < 6 or file.at(start, 2) != b"\xbf\x84" or name == "Void":
        return
    checksum = 0
    try:
        for data in file.pieces(start + 6, length - 6):
            checksum = zlib.crc32(data, checksum)
    except Short:
        return
    if checksum != file.number(start + 2, 4, "little"):
        yield fault("ebml-checksum", where=str(start), element=name)

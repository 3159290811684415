"""MPEG-1 and MPEG-2 program streams (ISO/IEC 11172-1, 13818-1) and transport streams: the chain of packets.

Each packet leads to the next, so what is cut off, shifted or overwritten at its head is found; whether
pictures and sound can be decoded is for a decoder. Bare video streams have no such chain and are not judged.
"""

from collections.abc import Iterator
from typing import Final

from archivum.formats.validators import octets
from archivum.formats.validators.answer import (
    INDETERMINATE,
    INFO,
    WARNING,
    Answer,
    Fault,
    Subject,
    Told,
    fault,
    judged,
)
from archivum.formats.validators.octets import PIECE, Octets

_PACK, _SYSTEM, _END, _PROGRAM_MAP = 0xBA, 0xBB, 0xB9, 0xBC  # 13818-1, tables 2-33 to 2-35
_PACKETS: Final = ("x-fmt/385", "x-fmt/386", "fmt/425", "fmt/585")  # formats that cannot begin otherwise
_PACKET: Final = 188  # of a transport stream
_SYNC: Final = 0x47


def validate(subject: Subject, told: Told) -> Answer | None:
    """Judge the structure of a stream; None where it is no chain of packets."""
    del told
    with open(subject.path, "rb") as file:  # noqa: PTH123
        head = file.read(_PACKET + 1)
    if head[:4] == b"\0\0\1\xba":
        walk = _program
    elif head[:1] == b"G" and (len(head) <= _PACKET or head[_PACKET] == _SYNC):
        walk = _transport
    elif subject.puid in _PACKETS and head[4:5] != b"G":  # which is a packet behind its time, as on discs
        return judged(octets.TOOL, [fault("mpeg-sync", where="0")])
    else:
        return None
    faults, facts = octets.walked(subject, walk)
    return judged(octets.TOOL, faults, facts, valid=INDETERMINATE)


def _program(file: Octets, facts: dict[str, str]) -> Iterator[Fault]:
    """Walk from pack to pack and packet to packet, to the code that ends the stream."""
    facts["stream"] = "MPEG-2 program" if file.number(4, 1) >> 6 == 1 else "MPEG-1 system"
    position = 0
    while position < file.size:
        code = file.at(position, min(4, file.size - position))
        if code[:3] != b"\0\0\1"[: len(code)]:
            if rest := _zeros(file, position):  # stuffing between packs, as of discs
                position = rest
                continue
            yield fault("mpeg-sync", where=str(position))
            return
        stream = file.number(position + 3, 1)
        if stream == _END:
            if rest := file.size - position - 4:
                yield fault("trailing", WARNING, str(position + 4), count=rest)
            return
        if stream == _PACK:
            length = _pack(file, position)
        elif stream >= _SYSTEM:
            length = 6 + file.number(position + 4, 2)
        else:
            yield fault("mpeg-sync", where=str(position))
            return
        file.reach(position, length)
        position += length
    yield fault("mpeg-unended", INFO, str(position))  # it must be there, and many writers leave it out


def _pack(file: Octets, position: int) -> int:
    """Return the length of a pack header (13818-1 §2.5.3.3; 11172-1 §2.4.3.2)."""
    if file.number(position + 4, 1) >> 6 == 1:
        return 14 + (file.number(position + 13, 1) & 7)
    return 12


def _zeros(file: Octets, position: int) -> int:
    """Return where zeros at a place give way to the next start code; 0 where they do not."""
    data = file.at(position, min(PIECE, file.size - position))
    rest = data.lstrip(b"\0")
    at = len(data) - len(rest)
    return position + at - 2 if at > 2 and rest[:1] == b"\1" else 0


def _transport(file: Octets, facts: dict[str, str]) -> Iterator[Fault]:
    """Look for the byte that begins every packet (13818-1 §2.4.3.2)."""
    facts["stream"] = "MPEG-2 transport"
    position = 0
    length = PIECE // _PACKET * _PACKET
    while position < file.size:
        data = file.at(position, min(length, file.size - position))
        heads = data[::_PACKET]
        if lost := heads.strip(b"G"):
            at = heads.index(lost) * _PACKET
            yield fault("mpeg-sync", where=str(position + at))
            return
        if len(data) % _PACKET:
            yield fault("truncated", where=str(file.size))
        position += len(data)

"""FLAC (RFC 9639): the metadata blocks and the chain of frames, each by the checksum of its header.

Frames do not say how long they are, so each is found by its header, whose checksum and number must fit; all
samples that the stream promises must be there, and the last frame must have its checksum. What lies inside
the frames is for a decoder.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from archivum.formats.validators import octets
from archivum.formats.validators.answer import (
    INDETERMINATE,
    Answer,
    Fault,
    Subject,
    Told,
    fault,
    judged,
)
from archivum.formats.validators.octets import PIECE, Octets

_SYNC: Final = re.compile(rb"\xff[\xf8\xf9]")
_LONGEST_HEADER: Final = 16
_LONGEST_FRAME: Final = 1 << 24
_SIZES: Final = {1: 192, 2: 576, 3: 1152, 4: 2304, 5: 4608} | {8 + n: 256 << n for n in range(8)}
_INVALID_BLOCK: Final = 127


class _Info(NamedTuple):
    """What STREAMINFO says (§8.2)."""

    rate: int
    channels: int
    bits: int
    samples: int


def _table(width: int, polynomial: int) -> list[int]:
    """Return the table of a checksum of so many bits, most significant bit first."""
    return [_remainder(value << width - 8, width, polynomial) for value in range(256)]


def _remainder(value: int, width: int, polynomial: int) -> int:
    for _ in range(8):
        value = (value << 1 ^ (polynomial if value >> width - 1 else 0)) & (1 << width) - 1
    return value


_CRC_8: Final = _table(8, 0x07)  # §9.1.8
_CRC_16: Final = _table(16, 0x8005)  # §9.3


def validate(subject: Subject, told: Told) -> Answer:
    """Judge the structure of a FLAC stream."""
    del told
    faults, facts = octets.walked(subject, _walk)
    return judged(octets.TOOL, faults, facts, valid=INDETERMINATE)


def _walk(file: Octets, facts: dict[str, str]) -> Iterator[Fault]:
    """Walk through the blocks, and from frame to frame."""
    if file.at(0, min(4, file.size)) != b"fLaC":
        yield fault("flac-signature")
        return
    position, last, info = 4, False, None
    while not last:
        kind, length = file.number(position, 1), file.number(position + 1, 3)
        last, kind = kind > 127, kind & 127
        file.reach(position + 4, length)
        if kind == _INVALID_BLOCK or (kind == 0) is not (info is None) or (kind == 0 and length != 34):
            yield fault("flac-block", where=str(position))
            return
        info = info or _info(file.at(position + 4, 34))
        position += 4 + length
    if info is None or not info.rate:
        yield fault("flac-block", where="4")
        return
    facts |= {"rate": str(info.rate), "channels": str(info.channels), "bits": str(info.bits)}
    facts["seconds"] = f"{info.samples / info.rate:.3f}"
    yield from _frames(file, position, info)


def _info(data: bytes) -> _Info:
    packed = int.from_bytes(data[10:18])
    rate, channels, bits = packed >> 44, (packed >> 41 & 7) + 1, (packed >> 36 & 31) + 1
    return _Info(rate, channels, bits, packed & (1 << 36) - 1)


def _frames(file: Octets, begin: int, info: _Info) -> Iterator[Fault]:
    """Find the frames in their order, up to the last, whose own checksum is compared."""
    samples, count, last, position, kind = 0, 0, begin, begin, b""
    while position < file.size:
        data = file.at(position, min(PIECE, file.size - position))
        for found in _SYNC.finditer(data):
            at = position + found.start()
            start = file.at(at, min(_LONGEST_HEADER, file.size - at))
            head = _header(start)
            if head is None or head[0] != (samples if head[2] else count):
                continue
            if kind not in (b"", _kind(start)):
                continue
            kind = _kind(start)
            samples, count, last = samples + head[1], count + 1, at
        if not count:
            yield fault("flac-frame", where=str(begin))
            return
        position += len(data) - 1 if len(data) == PIECE else len(data)
    if info.samples and samples != info.samples:
        yield fault("flac-samples", where=str(last), count=samples, expected=info.samples)
    elif not _whole(file, last):
        yield fault("flac-last", where=str(last))


def _kind(data: bytes) -> bytes:
    """Return what is the same in all frames of a stream: how they count, the rate, the bits of a sample."""
    return bytes((data[1], data[2] & 15, data[3] & 14))


def _header(data: bytes) -> tuple[int, int, bool] | None:
    """Return the number of a frame, its samples, and whether the number counts those; None if it is none."""
    size, number, at = data[2] >> 4 if len(data) > 6 else 0, 0, 5
    if not size or data[2] & 15 == 15 or data[3] >> 4 > 10 or data[3] & 1:
        return None
    first = data[4]
    more = 0 if first < 0x80 else 8 - (first ^ 0xFF).bit_length() - 1
    if more > 6 or (first >= 0x80 and not more) or len(data) < at + more:
        return None
    number = first & (0x7F if not more else (1 << 6 - more) - 1)
    for each in data[5 : 5 + more]:
        number = number << 6 | each & 0x3F
    at += more
    extra = {6: 1, 7: 2}.get(size, 0)
    samples = int.from_bytes(data[at : at + extra]) + 1 if extra else _SIZES[size]
    at += extra + {12: 1, 13: 2, 14: 2}.get(data[2] & 15, 0)
    checksum = 0
    for each in data[:at]:
        checksum = _CRC_8[checksum ^ each]
    if len(data) <= at or data[at] != checksum:
        return None
    return number, samples, data[1] & 1 == 1


def _whole(file: Octets, begin: int) -> bool:
    """Whether the last frame has its checksum at the end of the file, or before an ID3v1 tag."""
    length = file.size - begin
    if length > min(_LONGEST_FRAME, PIECE):
        return False
    data, checksum = file.at(begin, length), 0
    if data[-128:-125] == b"TAG":
        data = data[:-128]
    for each in data:
        checksum = (checksum << 8 & 0xFFFF) ^ _CRC_16[checksum >> 8 ^ each]
    return checksum == 0

"""MPEG audio, layers I to III (ISO/IEC 11172-3, 13818-3): the chain of frames, with the tags around it.

Each frame leads to the next, and all are of one version, layer and sampling rate; what a Xing or Info header
says of frames and bytes must be so. Whether the sound can be decoded is for a decoder.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

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

# kbit/s by version (1, or 2 and 2.5) and layer; index 0 is free, 15 is forbidden (11172-3 §2.4.2.3)
_RATES: Final = {
    (1, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (1, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_SAMPLING: Final = (44100, 48000, 32000)
_DIVIDED: Final = {3: 1, 2: 2, 0: 4}  # by the version: 1, 2, 2.5
_TAGS: Final = ((b"TAG", 128), (b"APETAGEX", 32))


class _Frame(NamedTuple):
    version: int
    layer: int
    sampling: int
    length: int
    mono: bool

    @property
    def kind(self) -> tuple[int, int, int]:
        return self.version, self.layer, self.sampling

    @property
    def samples(self) -> int:
        if self.layer == 1:
            return 384
        return 576 if self.layer == 3 and self.version != 3 else 1152


def validate(subject: Subject, told: Told) -> Answer | None:
    """Judge the chain of frames; None for a free bit rate, whose frames do not say how long they are."""
    del told
    faults, facts = octets.walked(subject, _walk)
    if facts.get("rate") == "free":
        return None
    return judged(octets.TOOL, faults, facts, valid=INDETERMINATE)


def _walk(file: Octets, facts: dict[str, str]) -> Iterator[Fault]:
    begin, end = _tag_before(file), _tags_after(file)
    position, frames = begin, 0
    first: _Frame | None = None
    promised = 0
    while position < end:
        data = file.at(position, min(4, end - position))
        frame = _frame(data)
        if frame is None or (first is not None and frame.kind != first.kind):
            if data[:2] > b"\xff\xe0" and data[2:3] and not data[2] >> 4 and first is None:
                facts["rate"] = "free"
            yield fault("mpeg-frame", where=str(position))
            return
        if position + frame.length > end:
            yield fault("truncated", where=str(position))
            return
        if first is None:
            first = frame
            promised = _promised(file.at(position, frame.length), frame)
        frames += 1
        position += frame.length
    if first is None:
        yield fault("mpeg-frame", where=str(begin))
        return
    facts["codec"] = f"mp{first.layer}"
    facts["rate"] = str(first.sampling)
    facts["seconds"] = f"{frames * first.samples / first.sampling:.3f}"
    if promised and promised not in (frames, frames - 1):  # with or without the frame that says it
        yield fault("mpeg-frames", WARNING, count=frames, expected=promised)


def _frame(data: bytes) -> _Frame | None:
    """Return what a header of four bytes says; None if it is none, or its length is not known."""
    if len(data) < 4 or data[0] != 0xFF or data[1] < 0xE0:
        return None
    version, layer = data[1] >> 3 & 3, 4 - (data[1] >> 1 & 3)
    rate, sampling, padding = data[2] >> 4, data[2] >> 2 & 3, data[2] >> 1 & 1
    if version == 1 or layer == 4 or rate in (0, 15) or sampling == 3 or data[3] & 3 == 2:
        return None
    hertz = _SAMPLING[sampling] // _DIVIDED[version]
    bits = _RATES[1 if version == 3 else 2, layer][rate - 1] * 1000
    if layer == 1:
        length = (12 * bits // hertz + padding) * 4
    else:
        length = (72 if layer == 3 and version != 3 else 144) * bits // hertz + padding
    return _Frame(version, layer, hertz, length, data[3] >> 6 == 3)


def _promised(data: bytes, frame: _Frame) -> int:
    """Return how many frames a Xing or Info header in the first one promises; 0 if none does."""
    side = (17 if frame.mono else 32) if frame.version == 3 else (9 if frame.mono else 17)
    head = data[4 + side :]
    if head[:4] in (b"Xing", b"Info") and len(head) >= 12 and head[7] & 1:
        return int.from_bytes(head[8:12])
    return 0


def _tag_before(file: Octets) -> int:
    """Return where an ID3v2 tag ends, and the zeros after it."""
    position = 0
    while file.size - position >= 10 and file.at(position, 3) == b"ID3":
        size = 0
        for each in file.at(position + 6, 4):
            size = size << 7 | each & 0x7F
        position += 10 + size + (10 if file.number(position + 5, 1) & 0x10 else 0)
        file.reach(position, 0)
    for data in file.rest(position):
        if rest := data.lstrip(b"\0"):
            return position + len(data) - len(rest)
        position += len(data)
    return position


def _tags_after(file: Octets) -> int:
    """Return where the tags at the end begin: ID3v1, and APE before it."""
    end = file.size
    for mark, length in _TAGS:
        if end >= length and file.at(end - length, len(mark)) == mark:
            size = file.number(end - length + 12, 4, "little") if length == 32 else length
            headed = length == 32 and file.number(end - length + 20, 4, "little") & 1 << 31
            end = max(0, end - size - (32 if headed else 0))
    return end

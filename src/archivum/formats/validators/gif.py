"""GIF 87a and 89a: every block, and the pixels of every frame; moving pictures of many frames as well.

The walk judges the grammar of the specification (Appendix B): the blocks, their lengths, that each frame has
colours and lies on the screen, that there is a trailer. The compressed data of every frame are then decoded:
by codes that exist they must make exactly the pixels of the frame.
"""

from collections.abc import Generator, Iterator
from typing import Final, NamedTuple

from archivum.formats.validators import limits, octets, pixels
from archivum.formats.validators.answer import WARNING, Answer, Fault, Subject, Told, fault, judged
from archivum.formats.validators.gif_codes import Codes
from archivum.formats.validators.octets import Octets

COUNTED: Final = (
    16 << 20
)  # bytes of a file whose codes are counted here; of a larger one libvips decodes them

_IMAGE, _EXTENSION, _TRAILER = 0x2C, 0x21, 0x3B
_LENGTHS: Final = {0x01: 12, 0xF9: 4, 0xFF: 11}  # first blocks of plain text, graphic control, application


class _Screen(NamedTuple):
    width: int
    height: int
    colours: bool


def validate(subject: Subject, told: Told) -> Answer:
    """Judge a GIF file: valid if its blocks keep the grammar and all frames decode."""
    del told
    faults, facts = octets.walked(subject, _blocks)
    if octets.broken(faults):
        return judged(octets.TOOL, faults, facts)
    if subject.size <= COUNTED:
        return judged(octets.TOOL, faults, facts)
    frames, area = int(facts["frames"]), int(facts["width"]) * int(facts["height"])
    if frames * area > limits.PIXELS:
        faults.append(limits.too_large())
    else:
        faults += pixels.decoded(subject.path, "gifload", range(frames))
    return judged(f"{octets.TOOL}, {pixels.TOOL}", faults, facts, valid=limits.validity(faults))


def _blocks(file: Octets, facts: dict[str, str]) -> Iterator[Fault]:
    """Walk from block to block, to the trailer."""
    if file.at(0, min(6, file.size)) not in (b"GIF87a", b"GIF89a"):
        yield fault("gif-signature")
        return
    head = file.at(6, 7)
    screen = _Screen(int.from_bytes(head[:2], "little"), int.from_bytes(head[2:4], "little"), head[4] > 127)
    facts |= {"width": str(screen.width), "height": str(screen.height)}
    position = 13 + _table(head[4])
    file.reach(0, position)
    frames = 0
    while (kind := file.number(position, 1)) != _TRAILER:
        if kind == _IMAGE:
            frames += 1
            position = yield from _image(file, position, screen)
            if not position:
                return
            continue
        elif kind == _EXTENSION:
            label, length = file.at(position + 1, 2)
            if length != _LENGTHS.get(label, length):
                yield fault("gif-block", where=str(position))
            position += 2
        else:
            yield fault("gif-block", where=str(position))
            return
        while length := file.number(position, 1):
            position += 1 + length
        position += 1
    facts["frames"] = str(frames)
    if not frames:
        yield fault("gif-empty", where=str(position))
    if position + 1 < file.size:
        yield fault("trailing", WARNING, str(position + 1), count=file.size - position - 1)


def _table(flags: int) -> int:
    """Return the length of the table of colours that flags announce."""
    return 3 << (flags & 7) + 1 if flags > 127 else 0


def _image(file: Octets, position: int, screen: _Screen) -> Generator[Fault, None, int]:
    """Judge a frame; return where it ends, or 0 where that is not known."""
    data = file.at(position + 1, 9)
    left, top, width, height = (int.from_bytes(data[at : at + 2], "little") for at in (0, 2, 4, 6))
    if not width or not height or left + width > screen.width or top + height > screen.height:
        yield fault("gif-frame", where=str(position))
    if data[8] < 128 and not screen.colours:
        yield fault("gif-colours", where=str(position))
    begin = position + 10 + _table(data[8])
    bits = file.number(begin, 1)
    if not 2 <= bits <= 8:
        yield fault("gif-block", where=str(begin))
        return 0
    codes = Codes(bits) if file.size <= COUNTED else None
    at = begin + 1
    while length := file.number(at, 1):
        if codes:
            codes.take(file.at(at + 1, length))
        at += 1 + length
    if codes and codes.pixels != width * height:
        yield fault("gif-pixels", where=str(position), count=codes.pixels, expected=width * height)
    elif codes and not codes.ended:
        yield fault("gif-unended", WARNING, str(position))
    return at + 1

"""PNG (ISO/IEC 15948): every chunk with its checksum and place, then all pixels decoded.

The walk finds what a decoder forgives: what is cut off, flipped where no pixel needs it, out of order or
appended. The decoder finds what the walk cannot see: compressed data that do not make the picture.
"""

import zlib
from collections.abc import Iterator
from typing import BinaryIO, Final

from archivum.formats.validators import pixels
from archivum.formats.validators.answer import WARNING, Answer, Fault, Subject, Told, fault, judged

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"  # PNG §5.2
_LONGEST: Final = (1 << 31) - 1  # PNG §7.1: the most bytes of a chunk
_PIECE: Final = 1 << 20


def validate(subject: Subject, told: Told) -> Answer:
    """Judge a PNG file: valid if its chunks are as the specification has them and all pixels decode."""
    del told
    with open(subject.path, "rb") as file:  # noqa: PTH123
        faults = [*_chunks(file, subject.size)]
    facts: dict[str, str] = {}
    if not faults:
        faults, facts = pixels.decoded(subject.path, "PNG")
    return judged(pixels.TOOL, faults, facts, valid=pixels.validity(faults))


def _chunks(file: BinaryIO, size: int) -> Iterator[Fault]:
    """Walk from chunk to chunk; a fault after which the next chunk cannot be found is the last."""
    if file.read(8) != SIGNATURE:
        yield fault("png-signature")
        return
    position, before = 8, b""
    while before != b"IEND":
        head = file.read(8)
        length, kind = int.from_bytes(head[:4]), head[4:]
        if len(head) < 8 or length > _LONGEST or position + 12 + length > size:
            yield fault("truncated", where=str(position))
            return
        if (kind == b"IHDR") is bool(before) or (kind == b"IHDR" and length != 13):
            yield fault("png-order", where=str(position), chunk=kind.decode("latin-1"))
            return
        if _checksum(file, kind, length) != file.read(4):
            yield fault("png-checksum", where=str(position), chunk=kind.decode("latin-1"))
            return
        position, before = position + 12 + length, kind
    if position < size:
        yield fault("trailing", WARNING, str(position), count=size - position)


def _checksum(file: BinaryIO, kind: bytes, length: int) -> bytes:
    checksum = zlib.crc32(kind)
    while length and (data := file.read(min(length, _PIECE))):
        checksum = zlib.crc32(data, checksum)
        length -= len(data)
    return checksum.to_bytes(4)

"""The chunks of a RIFF file (Microsoft and IBM 1991; RF64 as EBU Tech 3306, BW64 as ITU-R BS.2088)."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from archivum.formats.validators.answer import INFO, WARNING, Fault, fault
from archivum.formats.validators.octets import Octets

LARGE: Final = (b"RF64", b"BW64")
_SECTOR, _DISC_SECTOR = 512, 2048
_OPEN: Final = 0xFFFFFFFF  # a size that stands in ds64


class Chunk(NamedTuple):
    """A chunk: its kind, where its data begin, and how many bytes they are."""

    kind: bytes
    start: int
    length: int


def chunks(file: Octets, form: bytes, begin: int = 0) -> Iterator[Chunk | Fault]:
    """Yield the chunks of a form, and what is wrong with them; a fault of severity ERROR is the last.

    Raises:
        Short: the file ends before they do.
    """
    head = file.at(begin, 12)
    large = head[:4] in LARGE
    if (head[:4] != b"RIFF" and not large) or head[8:] != form:
        yield fault("riff-signature", where=str(begin), form=form.decode())
        return
    sizes = _large_sizes(file, begin + 12) if large else {}
    if sizes is None:
        yield fault("riff-ds64", where=str(begin + 12))
        return
    length = sizes.get(b"RIFF", int.from_bytes(head[4:8], "little"))
    position, end = begin + 12, begin + 8 + length
    file.reach(begin + 8, length)
    while position + 8 <= end:
        kind, size = file.at(position, 4), file.number(position + 4, 4, "little")
        if size == _OPEN:
            size = sizes.get(kind, size)
        if not kind.isascii() or not kind.decode("ascii").isprintable():
            yield fault("riff-chunk", where=str(position), chunk=kind.decode("latin-1"))
            return
        if position + 8 + size > end:
            yield fault("riff-beyond", where=str(position), chunk=kind.decode("latin-1"))
            return
        yield Chunk(kind, position + 8, size)
        position += 8 + size + (size & 1)
    if position != end:  # a lone byte that fills up the last chunk may be missing, or be too much
        yield fault("riff-padding", WARNING, str(min(position, end)))
    if (after := max(position, end)) < file.size:
        severity = INFO if _fills_up(file, after) else WARNING
        yield fault("trailing", severity, str(after), count=file.size - after)


def _fills_up(file: Octets, position: int) -> bool:
    """Whether only zeros follow, up to the end of a sector of a disc, as some recorders write them."""
    count = file.size - position
    return file.size % _SECTOR == 0 and count < _DISC_SECTOR and not any(file.at(position, count))


def _large_sizes(file: Octets, position: int) -> dict[bytes, int] | None:
    """Return the sizes of more than 32 bits, by chunk; None if there is no ds64 that says them."""
    if file.at(position, 4) != b"ds64" or file.number(position + 4, 4, "little") < 28:
        return None
    entries = file.number(position + 32, 4, "little")
    if 28 + 12 * entries > file.number(position + 4, 4, "little"):
        return None
    sizes = {
        file.at(at, 4): file.number(at + 4, 8, "little")
        for at in range(position + 36, position + 36 + 12 * min(entries, 1000), 12)
    }
    return sizes | {
        b"RIFF": file.number(position + 8, 8, "little"),
        b"data": file.number(position + 16, 8, "little"),
    }

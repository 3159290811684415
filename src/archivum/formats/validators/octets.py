"""A file of bytes walked from place to place, as its format lays them out; never read as a whole."""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import BinaryIO, Final

from archivum import __version__
from archivum.formats.validators.answer import ERROR, FAULTS, Fault, Subject, fault

TOOL: Final = f"archivum {__version__}"
PIECE: Final = 1 << 20  # the most bytes that are read at once


class Short(Exception):
    """The file ends before what should stand at a place does."""

    def __init__(self, position: int) -> None:
        super().__init__(position)
        self.position = position


class Octets:
    """The bytes of a file of a known size."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self.size = size
        self.furthest = 0  # where the last of the bytes ends that anything was said to be at

    def at(self, position: int, count: int) -> bytes:
        """Return the bytes at a place.

        Raises:
            Short: the file ends before they do.
        """
        if count > PIECE:
            raise ValueError(f"{count} bytes are more than are read at once")
        self.reach(position, count)
        self._file.seek(position)
        data = self._file.read(count)
        if len(data) < count:
            raise Short(position)
        return data

    def number(self, position: int, count: int, order: str = "big") -> int:
        """Return the unsigned number that bytes make, ``big`` or ``little`` end first.

        Raises:
            Short: the file ends before they do.
        """
        return int.from_bytes(self.at(position, count), "little" if order == "little" else "big")

    def pieces(self, position: int, count: int) -> Iterator[bytes]:
        """Yield the bytes at a place, piece by piece.

        Raises:
            Short: the file ends before they do.
        """
        self.reach(position, count)
        while count:
            data = self.at(position, min(count, PIECE))
            yield data
            position, count = position + len(data), count - len(data)

    def rest(self, position: int) -> Iterator[bytes]:
        """Yield the bytes from a place to the end of the file, piece by piece."""
        yield from self.pieces(position, max(0, self.size - position))

    def reach(self, position: int, count: int) -> None:
        """Make sure that there are so many bytes at a place.

        Raises:
            Short: the file ends before they do.
        """
        if position < 0 or position + count > self.size:
            raise Short(min(max(position, 0), self.size))
        self.furthest = max(self.furthest, position + count)


# walks through a file and yields its faults; what it reads off it goes into the facts
Walk = Callable[[Octets, dict[str, str]], Iterator[Fault]]


def walked(subject: Subject, walk: Walk) -> tuple[list[Fault], dict[str, str]]:
    """Return the faults that a walk comes upon, and the facts; a file that ends on its way is cut off."""
    faults: list[Fault] = []
    facts: dict[str, str] = {}
    with open(subject.path, "rb") as file:  # noqa: PTH123
        try:
            for one in islice(walk(Octets(file, subject.size), facts), FAULTS):
                faults.append(one)  # what was found before the file ends too early is kept
        except Short as short:
            faults.append(fault("truncated", where=str(short.position)))
    return faults, facts


def broken(faults: list[Fault]) -> bool:
    """Whether a fault among these makes a decoder's word superfluous."""
    return any(one.severity == ERROR for one in faults)

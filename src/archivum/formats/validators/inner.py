"""What is taken out of a file, into the scratch folder; no more than an answer may have."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from archivum.formats.validators.answer import INNER, INNER_BYTES, WARNING, Fault, Inner, fault, put


class Taken:
    """The files taken out of one file. Their paths inside it are labels and never places on the disk."""

    def __init__(self, scratch: str) -> None:
        self.inner: list[Inner] = []
        self._scratch = scratch
        self._bytes = 0
        self._left_out = 0

    def begin(self, path: str) -> "Taking":
        """Begin to take out a file; it is left out if it is beyond the limits."""
        if len(self.inner) >= INNER or self._bytes >= INNER_BYTES:
            return Taking(self, path, None, "")
        return Taking(self, path, *put(self._scratch))

    def take(self, path: str, pieces: Iterable[bytes]) -> None:
        """Draw all pieces of a file and take it out. If drawing them raises, nothing of it is kept."""
        taking = self.begin(path)
        try:
            for piece in pieces:
                taking.write(piece)
        except BaseException:
            taking.drop()
            raise
        taking.end()

    def faults(self) -> Iterator[Fault]:
        """Yield that files were left out, if any were."""
        if self._left_out:
            yield fault("inner-limit", WARNING, count=self._left_out)

    def left(self, size: int) -> bool:
        """Whether a file of so many bytes may still be taken."""
        return self._bytes + size <= INNER_BYTES

    def add(self, path: str, place: str, size: int) -> None:
        """Add a file that was taken; one without a place is left out."""
        if place:
            self._bytes += size
            self.inner.append(Inner(place, path, size))
        else:
            self._left_out += 1


class Taking:
    """A file that is being taken out of another: written in pieces, then ended or dropped."""

    def __init__(self, taken: Taken, path: str, file: BinaryIO | None, place: str) -> None:
        self.size = 0
        self._taken, self._path, self._file, self._place = taken, path, file, place

    def write(self, piece: bytes) -> None:
        """Add to the file, as long as it is not beyond the limits."""
        self.size += len(piece)
        if self._file is not None:
            self._file.write(piece)
            if not self._taken.left(self.size):
                self.drop()

    def end(self) -> None:
        """Be done: the file is one of those taken."""
        if self._file is not None:
            self._file.close()
        self._taken.add(self._path, self._place, self.size)

    def drop(self) -> None:
        """Keep nothing of the file."""
        if self._file is not None:
            self._file.close()
            Path(self._place).unlink()
        self._file, self._place = None, ""

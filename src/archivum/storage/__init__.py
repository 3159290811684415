"""Where bytes are. A :class:`Source` can be listed and read, a :class:`Storage` also takes, and keeps.

Keys are POSIX paths without a leading slash. What is put is complete or invisible and never overwritten.
A transfer is read through :class:`archivum.storage.transfer.Transfer` instead, which shows names as the
sender spelled them, unsafe or not, so that they can be judged.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Protocol, runtime_checkable


class Source(Protocol):
    """Something whose files can be listed and read."""

    def list(self, prefix: str = "") -> Iterator[tuple[str, int]]:
        """Yield the key and the size in bytes of every file whose key is the prefix or lies in it, sorted."""
        ...

    def open(self, key: str) -> BinaryIO:
        """Open a file for reading.

        Raises:
            NotFound: there is no such key.
        """
        ...

    def exists(self, key: str) -> bool:
        """Whether there is a file or a folder of files at this key."""
        ...


@runtime_checkable
class Storage(Source, Protocol):
    """A source that can be added to. Every method leaves all that was there as it was."""

    name: str

    def put(self, key: str, data: bytes) -> None:
        """Store a small file under a new key; it is on the disk when this returns.

        Raises:
            Refused: the key is taken.
        """
        ...

    def take(self, folder: Path, key: str) -> None:
        """Store all files of a folder under a new key and remove the folder: all of them or none.

        Raises:
            Refused: the key is taken.
        """
        ...

    def tidy(self) -> None:
        """Remove what a killed :meth:`put` has left; only while nobody else puts."""
        ...

    def workplace(self) -> Path:
        """Return a local folder from which :meth:`take` needs no second copy."""
        ...

"""Where bytes are. A :class:`Source` can be listed and read, a :class:`Storage` also takes, and keeps.

Keys are POSIX paths without a leading slash. What is put is complete or invisible and never overwritten.
A transfer is read through :class:`Transfer` instead, which shows names as the sender spelled them, unsafe or
not, so that they can be judged.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
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

    def workplace(self) -> Path:
        """Return a local folder from which :meth:`take` needs no second copy."""
        ...


class EntryKind(StrEnum):
    """What an entry of a transfer is; only files and folders are ever read."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"
    SPECIAL = "special"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a transfer, as its sender spelled it.

    ``path`` keeps the sender's spelling with ``/`` between its parts and without a leading ``./``; it can be
    unsafe (absolute, ``..``). ``size`` and ``packed`` are bytes as declared, None where nothing does so.
    ``encoded`` is false where the name is not UTF-8: ``path`` then holds its raw bytes (PEP 383).
    ``target`` is where a link leads. ``method`` names a compression that cannot be undone here.
    """

    path: str
    kind: EntryKind
    size: int | None = None
    packed: int | None = None
    encrypted: bool = False
    method: str = ""
    target: str = ""
    encoded: bool = True
    number: int = 0


class Transfer(Protocol):
    """What a producer sent: a folder, a ZIP or a TAR file. It is only ever read.

    ``name`` is what the sender called it, without the container's suffix; ``container`` is ``folder``,
    ``zip`` or ``tar``. ``random`` tells whether guides can be read first.
    """

    name: str
    container: str
    random: bool

    def entries(self, first: Callable[[str], bool]) -> Iterator[tuple[Entry, Callable[[], BinaryIO]]]:
        """Yield every entry once, each with what opens it; it is opened before the next is drawn, or not.

        Where the container allows it (``random``), those whose path answers to ``first`` come first.

        Raises:
            Damaged: the container itself cannot be read on.
        """
        ...

    def changes(self) -> Iterator[str]:
        """Yield the paths that have changed, vanished or come since the entries were listed."""
        ...

    def close(self) -> None:
        """Let go of the container."""
        ...


class Damaged(Exception):
    """A transfer or a file in it cannot be read: broken, cut off, changed while it was read, or gone.

    It becomes a finding: ``code`` is the finding's, ``reason`` a sentence for its parameters.
    """

    def __init__(self, code: str, subject: str = "", reason: str = "") -> None:
        super().__init__(code, subject, reason)
        self.code, self.subject, self.reason = code, subject, reason

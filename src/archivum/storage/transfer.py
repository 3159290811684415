"""What a producer sent: a folder, a ZIP or a TAR file, shown as it is and only ever read.

Names are shown as their sender spelled them, unsafe or not, so that they can be judged.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO, Protocol


class EntryKind(StrEnum):
    """What an entry of a transfer is; only files and folders are ever read."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"
    SPECIAL = "special"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a transfer, as its sender spelled it.

    ``path`` has ``/`` between its parts and no leading ``./``; it can be unsafe (absolute, ``..``) and holds
    raw bytes (PEP 383) where the name is not UTF-8. ``size`` and ``packed`` are bytes as declared, None where
    nothing declares them. ``method`` names a compression that cannot be undone here, ``target`` is where a
    link leads, ``overlaps`` tells that the entry shares its packed bytes with another.
    """

    path: str
    kind: EntryKind
    size: int | None = None
    packed: int | None = None
    encrypted: bool = False
    overlaps: bool = False
    method: str = ""
    target: str = ""

    @property
    def encoded(self) -> bool:
        """Whether the name is UTF-8."""
        return self.path.isascii() or not any("\ud800" <= c <= "\udfff" for c in self.path)


class Opened(Protocol):
    """A file of a transfer, open for reading to its end."""

    def read(self, size: int = -1, /) -> bytes:
        """Return up to ``size`` bytes, none at the end.

        Raises:
            Damaged: it cannot be read on, or is not what was listed.
        """
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


Opener = Callable[[], Opened]


class Transfer(Protocol):
    """A folder or a container of files.

    ``name`` is what the sender called it, without the container's suffix; ``container`` is ``folder``,
    ``zip`` or ``tar``. In a container everything lies in one folder that the sender named; the paths of a
    folder's entries are relative to it.
    """

    name: str
    container: str

    @property
    def size(self) -> int | None:
        """The container's bytes."""
        ...

    def entries(self, first: Callable[[str], bool]) -> Iterator[tuple[Entry, Opener]]:
        """Yield every entry once, each with what opens it; it is opened before the next is drawn, or never.

        Those whose path answers to ``first`` come first where the container can be read in any order.

        Raises:
            Damaged: the container cannot be read on. Reading what was opened can raise it as well.
        """
        ...

    def changes(self) -> Iterator[str]:
        """Yield the paths that have changed since they were listed; "" is the container itself."""
        ...

    def close(self) -> None:
        """Let go of the container."""
        ...


class Damaged(Exception):
    """A transfer or a file in it cannot be read: broken, cut off, changed while it was read, or gone.

    ``code`` is that of the finding it becomes, ``reason`` a word on why.
    """

    def __init__(self, code: str, subject: str = "", reason: str = "") -> None:
        super().__init__(code, subject, reason)
        self.code, self.subject, self.reason = code, subject, reason


class Unpacked:
    """A file in a container; what its packing raises when it is broken becomes :class:`Damaged`."""

    def __init__(self, stream: IO[bytes], path: str, broken: tuple[type[Exception], ...]) -> None:
        self._stream, self._path, self._broken = stream, path, broken

    def read(self, size: int = -1, /) -> bytes:
        """Return up to ``size`` bytes."""
        try:
            return self._stream.read(size)
        except self._broken as error:
            raise Damaged("container-damaged", self._path, str(error)) from error

    def close(self) -> None:
        """Close the stream."""
        self._stream.close()


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells a file from the same name with other content: device, inode, size, time of change."""

    device: int
    inode: int
    size: int
    changed: int

    @classmethod
    def of(cls, status: os.stat_result) -> "Stamp":
        """Return the stamp of what was asked for its status."""
        return cls(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)

    def still_at(self, path: Path) -> bool:
        """Whether the same file, unchanged, is what a path leads to."""
        try:
            return self.of(path.stat()) == self
        except OSError:
            return False

"""A folder as a transfer. Links are never followed, and what changes while it is read is noticed."""

import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from archivum.storage.transfer import Damaged, Entry, EntryKind, Opened, Opener, Stamp


class FolderTransfer:
    """A folder that a producer sent, or that lies on a disk of theirs."""

    container = "folder"
    size: int | None = None

    def __init__(self, path: Path) -> None:
        self.name = path.resolve().name
        self._root = os.fspath(path)
        self._seen: dict[str, bytes] = {}

    def entries(self, first: Callable[[str], bool]) -> Iterator[tuple[Entry, Opener]]:
        """Yield the entries: guides of the top folder, then all the others, folder by folder, by name."""
        self._seen = dict(self._look())
        guides: dict[
            str, os.stat_result
        ] = {}  # kept: one that changes after it was read is not what was listed
        for name in filter(first, self._names("")):
            status = self._status(name)
            if stat.S_ISREG(status.st_mode):
                guides[name] = status
                yield self._entry(name, status)
        folders = [""]
        while folders:
            folder = folders.pop()
            below = []
            for name in self._names(folder):
                path = f"{folder}{name}"
                try:
                    status = guides.get(path) or self._status(path)
                except Damaged as damage:
                    yield Entry(path, EntryKind.FILE), partial(_gone, damage)
                    continue
                if path not in guides:
                    yield self._entry(path, status)
                if stat.S_ISDIR(status.st_mode):
                    below.append(f"{path}/")
            folders.extend(reversed(below))

    def changes(self) -> Iterator[str]:
        """Yield the folders that are not what they were before the first file was read."""
        before = dict(self._seen)
        for folder, now in self._look():
            if before.pop(folder, None) != now:
                yield folder.rstrip("/")
        yield from (folder.rstrip("/") for folder in before)

    def _look(self) -> Iterator[tuple[str, bytes]]:
        """Yield every folder with a digest of its names and their kinds, sizes and times."""
        folders = [""]
        while folders:
            folder = folders.pop()
            digest = hashlib.sha256()
            try:
                for name in self._names(folder):
                    status = self._status(f"{folder}{name}")
                    digest.update(_mark(name, status))
                    if stat.S_ISDIR(status.st_mode):
                        folders.append(f"{folder}{name}/")
            except Damaged:
                yield folder, b""  # whoever reads its entries is told why
            else:
                yield folder, digest.digest()

    def close(self) -> None:
        """Nothing is held."""

    def _names(self, folder: str) -> list[str]:
        """Return the names in a folder, sorted."""
        try:
            return sorted(os.listdir(f"{self._root}/{folder}"), key=os.fsencode)  # noqa: PTH208 (names as bytes)
        except OSError as error:
            raise Damaged(_code(error), folder.rstrip("/"), error.strerror or "") from error

    def _status(self, path: str) -> os.stat_result:
        try:
            return os.lstat(f"{self._root}/{path}")
        except OSError as error:
            raise Damaged(_code(error), path, error.strerror or "") from error

    def _entry(self, path: str, status: os.stat_result) -> tuple[Entry, Opener]:
        mode = status.st_mode
        place = f"{self._root}/{path}"
        if stat.S_ISREG(mode):
            return Entry(path, EntryKind.FILE, status.st_size), lambda: _Steady(place, path, Stamp.of(status))
        if stat.S_ISDIR(mode):
            return Entry(path, EntryKind.FOLDER), _never
        if stat.S_ISLNK(mode):
            return Entry(path, EntryKind.LINK, target=_target(place)), _never
        return Entry(path, EntryKind.SPECIAL), _never


class _Steady:
    """An open file that must be, at its end, what it was when it was listed."""

    def __init__(self, place: str, path: str, listed: Stamp) -> None:
        self._path, self._listed = path, listed
        try:
            # a name that became a link or a FIFO since the listing must not be followed, nor waited for
            handle = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise Damaged(_code(error), path, error.strerror or "") from error
        if not self._is_listed(handle):  # asked first of all: it may have become a folder
            os.close(handle)
            raise Damaged("file-unstable", path)
        self._file = os.fdopen(handle, "rb", buffering=0)
        self._rest = listed.size

    def read(self, size: int = -1, /) -> bytes:
        """Return up to ``size`` bytes.

        Raises:
            Damaged: the file changed or the disk fails.
        """
        try:
            data = self._file.read(size)
        except OSError as error:
            raise Damaged("file-unreadable", self._path, error.strerror or "") from error
        self._rest -= len(data or b"")
        if (not data or self._rest < 0) and not self._is_listed(self._file.fileno()):
            raise Damaged("file-unstable", self._path)
        return data or b""

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _is_listed(self, handle: int) -> bool:
        return Stamp.of(os.fstat(handle)) == self._listed


def _mark(name: str, status: os.stat_result) -> bytes:
    """What tells a name and its content from the same name with other content."""
    stamp = Stamp.of(status)
    changed = (stamp.size, stamp.changed) if not stat.S_ISDIR(status.st_mode) else ()
    return repr((name, stamp.inode, status.st_mode, changed)).encode("ascii", "backslashreplace")


def _target(place: str) -> str:
    try:
        return os.readlink(place)  # noqa: PTH115 (the name may not be UTF-8)
    except OSError:
        return ""


def _code(error: OSError) -> str:
    return "file-vanished" if isinstance(error, FileNotFoundError | NotADirectoryError) else "file-unreadable"


def _gone(damage: Damaged) -> Opened:
    raise damage


def _never() -> Opened:
    raise TypeError("only files are opened")

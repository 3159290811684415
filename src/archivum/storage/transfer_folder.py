"""A folder as a transfer. Links are never followed, and what changes while it is read is noticed."""

import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from archivum.storage.transfer import Damaged, Entry, EntryKind, Opened, Opener, Stamp


class FolderTransfer:
    """A folder that a producer sent, or that lies on a disk of theirs."""

    container = "folder"
    size: int | None = None

    def __init__(self, path: Path) -> None:
        self.name = path.resolve().name
        self._root = os.fspath(path)
        self._listings: dict[str, bytes] = {}

    def entries(self, first: Callable[[str], bool]) -> Iterator[tuple[Entry, Opener]]:
        """Yield the entries: guides of the top folder, then all the others, folder by folder, by name."""
        top = self._list("")  # once: a guide that changes after it was read must be what was listed
        for name, status in top:
            if first(name) and stat.S_ISREG(status.st_mode):
                yield self._entry(name, status)
        folders = [""]
        while folders:
            folder = folders.pop()
            listing = self._list(folder) if folder else top
            self._listings[folder] = _fingerprint(listing)
            below = []
            for name, status in listing:
                path = f"{folder}{name}"
                if not folder and first(path) and stat.S_ISREG(status.st_mode):
                    continue
                yield self._entry(path, status)
                if stat.S_ISDIR(status.st_mode):
                    below.append(f"{path}/")
            folders.extend(reversed(below))

    def changes(self) -> Iterator[str]:
        """Yield the folders whose names, sizes or times are not what was listed."""
        for folder, fingerprint in self._listings.items():
            try:
                same = _fingerprint(self._list(folder)) == fingerprint
            except Damaged:
                same = False
            if not same:
                yield folder.rstrip("/")

    def close(self) -> None:
        """Nothing is held."""

    def _list(self, folder: str) -> list[tuple[str, os.stat_result]]:
        """Return the names in a folder with their status, sorted."""
        try:
            with os.scandir(os.path.join(self._root, folder)) as found:  # noqa: PTH118 (names may not be UTF-8)
                listing = [(entry.name, entry.stat(follow_symlinks=False)) for entry in found]
        except OSError as error:
            raise Damaged(_code(error), folder.rstrip("/"), error.strerror or "") from error
        return sorted(listing, key=lambda item: os.fsencode(item[0]))

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


def _fingerprint(listing: list[tuple[str, os.stat_result]]) -> bytes:
    """The digest of a folder's names with what tells their content from another."""
    digest = hashlib.sha256()
    for name, status in listing:
        stamp = Stamp.of(status)
        changed = (stamp.size, stamp.changed) if not stat.S_ISDIR(status.st_mode) else ()
        digest.update(repr((name, stamp.inode, status.st_mode, changed)).encode("ascii", "backslashreplace"))
    return digest.digest()


def _target(place: str) -> str:
    try:
        return os.readlink(place)  # noqa: PTH115 (the name may not be UTF-8)
    except OSError:
        return ""


def _code(error: OSError) -> str:
    return "file-vanished" if isinstance(error, FileNotFoundError | NotADirectoryError) else "file-unreadable"


def _never() -> Opened:
    raise TypeError("only files are opened")

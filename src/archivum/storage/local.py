"""A storage in a folder of a local or mounted file system: plain files, complete or invisible.

On disk::

    README.txt     what this is, for someone who finds it without archivum
    ocfl/          the OCFL storage root
    journal/       all events
    work/          what is being worked on; nobody reads it, and it is no part of what is stored
"""

import errno
import os
import re
import stat
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

from archivum.errors import Misconfigured, NotFound, Refused
from archivum.storage import taking
from archivum.storage.durable import (
    exchange,
    make_below,
    make_folders,
    move_folder,
    publish,
    remove_unfinished,
    sync_folder,
    sync_names,
    sync_tree,
    world,
)
from archivum.storage.ocfl_tree import Stray
from archivum.texts import LANGUAGES, say

WORK: Final = "work"
README: Final = "README.txt"

# a part that is empty, one dot or two, or anywhere a NUL
_UNSAFE: Final = re.compile(r"(?:\A|/)\.{0,2}(?:/|\Z)|\0").search
_ABSENT: Final = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EISDIR, errno.ENXIO)


class LocalStorage:
    """A folder that takes files and keeps them; ``.….new`` in it is what a put has not finished."""

    def __init__(self, name: str, root: Path) -> None:
        self.name = name
        self.root = root
        self._top = os.fspath(root)
        self._known: tuple[int, int] | None = None

    def create(self) -> None:
        """Make the folder, with a text that tells a stranger what it is; what is there already stays.

        Raises:
            Misconfigured: the disk is full, read-only or fails.
        """
        with world(self.root):
            make_folders(self.root)
        if not self.exists(README):
            text = "\n\n".join(say("storage.readme", language, name=self.name) for language in LANGUAGES)
            self.put(README, text.encode())

    def recognise(self) -> None:
        """Insist from now on that the root is the folder it is now, and not one that takes its place."""
        self._known = self._here()

    # -- reading ------------------------------------------------------------------------------------------

    def list(self, prefix: str = "") -> Iterator[tuple[str, int]]:
        """Yield key and size of every file at or below a key, sorted by code points; not what is in work.

        Raises:
            Misconfigured: the storage is not there or cannot be read.
        """
        status = self._status(prefix)
        if status is not None and stat.S_ISREG(status.st_mode):
            yield prefix, status.st_size
        elif status is not None and stat.S_ISDIR(status.st_mode):
            for key, stray in self._walk(prefix):
                if stray is None and (status := self._status(key)) is not None:
                    yield key, status.st_size

    def strays(self, prefix: str = "") -> Iterator[tuple[str, Stray]]:
        """Yield what lies below a key and is no file: empty folders, links, devices."""
        status = self._status(prefix)
        if status is None or not stat.S_ISDIR(status.st_mode):
            return
        for key, stray in self._walk(prefix):
            if stray is not None:
                yield key, stray

    def folders(self, key: str) -> Iterator[str]:
        """Yield the names of the folders directly in a folder, sorted; nothing if it is not there."""
        try:
            with os.scandir(self._place(key) if key else self._present()) as found:
                names = sorted(one.name for one in found if one.is_dir(follow_symlinks=False))
        except (FileNotFoundError, NotADirectoryError):
            self._present()
            return
        except OSError as error:
            raise self._failed(key, error) from error
        yield from (name for name in names if key or not _own(name))

    def open(self, key: str) -> BinaryIO:
        """Open a file for reading; links are not followed.

        Raises:
            NotFound: there is no such file.
            Misconfigured: the storage is not there, or the file cannot be read.
        """
        path = self._place(key)
        try:
            # a device or a pipe that someone put there must not be waited for
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            self._present()
            if error.errno in _ABSENT:
                raise NotFound("storage.not-found", key=key, storage=self.name) from error
            raise self._failed(key, error) from error
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise NotFound("storage.not-found", key=key, storage=self.name)
        return os.fdopen(handle, "rb")

    def path(self, key: str) -> Path:
        """Return where a file lies, for what can only read by a path; nobody changes it there.

        Raises:
            Refused: the key leads to where nothing is stored.
        """
        return self._path(key)

    def reread(self, key: str) -> BinaryIO:
        """Open a file so that its bytes come from the disk, as far as the system lets go of its memory.

        Raises:
            NotFound, Misconfigured: as :meth:`open`.
        """
        stream = self.open(key)
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        return stream

    def exists(self, key: str) -> bool:
        """Whether there is a file at this key or below it."""
        status = self._status(key)
        if status is None:
            return False
        return stat.S_ISREG(status.st_mode) or next(self.list(key), None) is not None

    # -- adding -------------------------------------------------------------------------------------------

    def put(self, key: str, data: bytes) -> None:
        """Store a small file under a new key; it is on the disk when this returns.

        Raises:
            Refused: the key is taken, or is no place in this storage.
            Misconfigured: the storage is not there, full, read-only, or fails.
        """
        path = self._path(key)
        self._present()
        publish(path, data, via=self.root / f".{_worker()}.new", top=self.root)
        self._present()  # what was unmounted in between has not got it

    def take(self, folder: Path, key: str) -> None:
        """Store all files of a folder under a new key and remove the folder: all of them or none.

        Raises:
            Refused: the key is taken, or is no place in this storage; the folder is as it was.
            Misconfigured: the storage is not there, full, read-only, or fails; the folder is as it was.
            CorruptionFound: the copy is not what was copied.
        """
        self.take_all([(folder, key)])

    def take_all(self, folders: Sequence[tuple[Path, str]]) -> None:
        """Store several folders, each as :meth:`take` does, and bring them to the disk together.

        If it fails on the way, each folder is stored whole or as it was.

        Raises:
            Refused, Misconfigured, CorruptionFound: as :meth:`take`.
        """
        for _, key in folders:
            self._path(key)
        taking.take_all(self.root, self.workplace() / f".{_worker()}.new", folders)

    def exchange(self, folder: Path, key: str) -> None:
        """Put a folder in the place of the one at a key, in one step; what was there is then in its place.

        Both are on one file system, as a folder in the workplace is; the new one is on the disk before it is
        seen.

        Raises:
            Misconfigured: the storage is not there, cannot do that, is full, read-only, or fails.
        """
        place = self._path(key)
        self._present()
        with world(place):
            sync_tree(folder)
        exchange(folder, place)
        with world(place):
            sync_names([place, folder], self.root)

    def link(self, key: str, target: Path) -> None:
        """Give a stored file a second name at a place of the same file system; no byte is copied.

        Raises:
            Misconfigured: the file system has no links, or fails.
        """
        with world(target):
            make_below(target.parent, self.root)
            os.link(self._place(key), target, follow_symlinks=False)

    def set_aside(self, key: str) -> Path:
        """Take a folder that turned out to be broken out of its key; it stays in ``work``, for people to see.

        Raises:
            Misconfigured: the storage is not there, read-only, or fails.
        """
        place = self.root / key
        target = self._aside(key.rpartition("/")[2])
        move_folder(place, target)
        with suppress(OSError):  # a folder that holds something else stays
            for above in place.parents[: key.count("/") - 1]:
                above.rmdir()
        return target

    def put_aside(self, folder: Path) -> Path:
        """Keep a folder of the workplace that turned out to be broken, for people to see.

        Raises:
            Misconfigured: the storage is not there, read-only, or fails.
        """
        target = self._aside(folder.name)
        move_folder(folder, target)
        return target

    def _aside(self, name: str) -> Path:
        """Return a free place for what is broken."""
        aside = self.workplace() / "aside"
        with world(aside):
            make_folders(aside)
        number = 1
        while (target := aside / f"{name}-{number}").exists():
            number += 1
        return target

    def workplace(self) -> Path:
        """Return the folder from which :meth:`take` needs no copy."""
        path = self._present() / WORK
        with world(path):
            make_folders(path, self.root)
        return path

    def secure(self, key: str) -> None:
        """Bring to the disk what lies below a key, and its name: a killed :meth:`take` may not have.

        Raises:
            Misconfigured: the storage is not there, or fails.
        """
        place = self._path(key)
        with world(place):
            sync_tree(place)
            for above in place.parents[: key.count("/") + 1]:
                sync_folder(above)

    def tidy(self) -> None:
        """Remove what a killed :meth:`put` has left; only while nobody else puts.

        Raises:
            Misconfigured: the storage is not there, read-only, or fails.
        """
        with world(self.root):
            remove_unfinished(self._present())

    # -- inside -------------------------------------------------------------------------------------------

    def _status(self, key: str) -> os.stat_result | None:
        """Return what the file system says of a key, of the root for ""; None if there is nothing."""
        try:
            return os.lstat(self._place(key) if key else self._present())
        except OSError as error:
            self._present()
            if error.errno in _ABSENT:
                return None
            raise self._failed(key, error) from error

    def _walk(self, prefix: str) -> Iterator[tuple[str, Stray | None]]:
        """Yield what is below a folder in the order of the keys, and what it is if it is no file."""
        waiting = [self._entries(f"{prefix}/" if prefix else "")]
        while waiting:
            for key, stray in waiting[-1]:
                if key.endswith("/"):
                    waiting.append(self._entries(key))
                    break
                yield key, stray
            else:
                waiting.pop()

    def _entries(self, folder: str) -> Iterator[tuple[str, Stray | None]]:
        """Yield a folder's entries sorted as their keys will be: a folder's name ends in a slash."""
        names: list[str] = []
        strays: dict[str, Stray] = {}  # few; of files only the names are held, as there can be very many
        try:
            with os.scandir(f"{self._top}/{folder}") as found:
                for one in found:
                    if not folder and _own(one.name):
                        continue
                    if one.is_dir(follow_symlinks=False):
                        names.append(f"{one.name}/")
                        continue
                    names.append(one.name)
                    if not one.is_file(follow_symlinks=False):
                        strays[one.name] = Stray.LINK if one.is_symlink() else Stray.SPECIAL
        except OSError as error:
            raise self._failed(folder, error) from error
        if not names:
            yield folder.rstrip("/"), Stray.EMPTY_FOLDER
        names.sort()
        for name in names:
            yield folder + name, strays.get(name)

    def _place(self, key: str) -> str:
        """Return where a key lies; it never leads out of the folder, nor to what is being worked on.

        Raises:
            Refused: it would.
        """
        if _UNSAFE(key) or _own(key.partition("/")[0]):
            raise Refused("storage.unsafe-key", key=key, storage=self.name)
        return f"{self._top}/{key}"

    def _path(self, key: str) -> Path:
        """Return where a key lies, as a path."""
        return Path(self._place(key))

    def _present(self) -> Path:
        """Return the root; a disk that is not mounted, or not any more, must not look like an empty storage.

        Raises:
            Misconfigured: it is not there, or another folder is in its place.
        """
        here = self._here()
        if here is None or here != (self._known or here):
            raise Misconfigured("storage.vanished", storage=self.name, place=self.root)
        return self.root

    def _here(self) -> tuple[int, int] | None:
        """Return device and inode of the folder that is in the root's place."""
        try:
            status = self.root.stat()
        except OSError:
            return None
        return (status.st_dev, status.st_ino) if stat.S_ISDIR(status.st_mode) else None

    def _failed(self, key: str, error: OSError) -> Misconfigured:
        return Misconfigured("storage.failed", place=self.root / key, reason=error.strerror or str(error))


def _own(name: str) -> bool:
    """Whether a name in the root is one under which nothing is stored, but only worked on."""
    return name == WORK or (name.startswith(".") and name.endswith(".new"))


def _worker() -> str:
    """Name this thread of this process, so that no two write under one temporary name."""
    return f"{os.getpid()}-{threading.get_ident()}"

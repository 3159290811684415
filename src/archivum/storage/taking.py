"""How folders come into a local storage: complete or invisible, and many for the price of one.

A folder goes into a nest that is shaped like the way to its key; what is missing of that way appears, with
the folder in it, in one rename. So not even an empty folder is left by a run that is killed. All nests are
brought to the disk before the first is revealed, and the new names after the last.
"""

import errno
import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from archivum.errors import CorruptionFound, Misconfigured, Refused
from archivum.storage.durable import create, make_below, sync_names, sync_tree, world

_CHUNK: Final = 1 << 20


@dataclass(slots=True)
class _Nest:
    """One folder on its way: ``moved`` tells that it lies in the nest itself and not as a copy."""

    place: Path
    folder: Path
    key: str
    moved: bool = False
    revealed: bool = False

    @property
    def inner(self) -> Path:
        return self.place / self.key


def take_all(root: Path, nest: Path, folders: Sequence[tuple[Path, str]]) -> None:
    """Give folders their keys below a root; ``nest`` is a place on its file system that nobody else uses.

    Raises:
        Refused: a key is taken.
        Misconfigured: the storage is not there, full, read-only, or fails.
        CorruptionFound: a copy from another file system is not what was copied.
    """
    for _, key in folders:
        with world(root / key):
            if os.path.lexists(root / key):
                raise FileExistsError(errno.EEXIST, "exists", str(root / key))
    nests = [_Nest(nest / str(number), folder, key) for number, (folder, key) in enumerate(folders)]
    try:
        with world(nest):
            shutil.rmtree(nest, ignore_errors=True)
            nest.mkdir()
            for one in nests:
                make_below(one.inner.parent, nest)
                one.moved = _bring(one.folder, one.inner)
            sync_tree(nest)
        for one in nests:
            _reveal(root, one)
        with world(root):
            sync_names([root / one.key for one in nests], root)
    except BaseException:
        for one in nests:
            if one.moved and not one.revealed:
                with suppress(OSError):  # the disk refuses this as well
                    one.inner.rename(one.folder)
        raise
    finally:
        shutil.rmtree(nest, ignore_errors=True)
    for one in nests:
        if not one.moved:
            shutil.rmtree(one.folder, ignore_errors=True)


def _reveal(root: Path, nest: _Nest) -> None:
    """Give the topmost folder on the way to the key that is not there yet its name."""
    parts = nest.key.split("/")
    for depth in range(1, len(parts) + 1):
        way = Path(*parts[:depth])
        if os.path.lexists(root / way):
            continue
        try:
            with world(root / way):
                (nest.place / way).rename(root / way)
        except (Refused, Misconfigured):
            if not os.path.lexists(root / way) or not os.path.lexists(nest.place / way):
                raise
            continue  # another process made this folder just now: the key may still be free below it
        nest.revealed = True
        return
    raise Refused("storage.taken", place=root / nest.key)


def _bring(folder: Path, target: Path) -> bool:
    """Move a folder and return True; from another file system copy and compare it, and return False.

    Raises:
        CorruptionFound: the copy is not what was copied.
    """
    try:
        folder.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _copy(folder, target)
        return False
    return True


def _copy(folder: Path, target: Path) -> None:
    for parent, names, files in os.walk(folder):
        there = target / Path(parent).relative_to(folder)
        there.mkdir()
        for name in [*files, *(one for one in names if (Path(parent) / one).is_symlink())]:
            _copy_file(Path(parent) / name, there / name)
    sync_tree(target)
    for parent, _, files in os.walk(folder):
        for name in files:
            source = Path(parent) / name
            if not _same(source, target / source.relative_to(folder)):
                raise CorruptionFound("storage.copy-differs", place=source)


def _copy_file(source: Path, target: Path) -> None:
    handle = os.open(source, os.O_RDONLY | os.O_NOFOLLOW)
    with open(handle, "rb") as reader, create(target) as writer:  # noqa: PTH123 (an open handle)
        shutil.copyfileobj(reader, writer, _CHUNK)


def _same(source: Path, copy: Path) -> bool:
    """Whether two files hold the same bytes; the copy is read from the disk if it can be."""
    with source.open("rb") as one, copy.open("rb") as other:
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(other.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        while data := one.read(_CHUNK):
            if other.read(len(data)) != data:
                return False
        return not other.read(1)

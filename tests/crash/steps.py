"""Every step that a process takes on the disk below a folder, counted, and one of them struck.

A step is a call of the operating system that changes a disk, or the commit of a transaction. It is struck
before it is done: what a process killed after it leaves behind is what one killed before the next one does.
"""

import builtins
import errno
import io
import os
import re
import signal
import sqlite3
import stat
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

from sqlalchemy.engine.default import DefaultDialect

from archivum.storage import durable

# audited calls (PEP 578) that change a disk: where the path is among their arguments, and the folder's handle
AUDITED: Final = {
    "os.mkdir": (0, 2),
    "os.rename": (0, 2),
    "os.link": (0, 2),
    "os.symlink": (1, 2),
    "os.remove": (0, 1),
    "os.rmdir": (0, 1),
    "os.truncate": (0, None),
    "os.chmod": (0, 2),
    "sqlite3.connect": (0, None),
}
NEEDS_SPACE: Final = ("open", "write", "mkdir", "rename", "link", "symlink", "fsync", "syncfs", "commit")
SQLITE: Final = {errno.ENOSPC: "SQLITE_FULL", errno.EROFS: "SQLITE_READONLY", errno.EIO: "SQLITE_IOERR_WRITE"}
_WRITES: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC

Strike = Callable[[str, str], None]


class Steps:
    """The steps taken so far as ``call path``, the path relative to the root with what varies left out.

    Watch only in a process of its own: an audit hook stays as long as its process.
    """

    def __init__(self, root: Path, wanted: int = 0, strike: Strike = lambda call, path: None) -> None:
        """Strike at the step of number ``wanted`` (from 1) and at all that follow."""
        self.taken: list[str] = []
        self._root = os.fspath(root)
        self._wanted = wanted
        self._strike = strike

    def watch(self) -> None:
        """Count from now on. What is brought to the disk is not: that only a lost machine would tell."""
        sys.addaudithook(self._audited)
        self._replace(os, "fsync", lambda original: self._fsync)
        self._replace(os, "write", lambda original: partial(self._os_write, original))
        self._replace(durable, "_syncfs", lambda original: self._syncfs)
        self._replace(durable, "_exchange", lambda original: partial(self._exchange, original))
        self._replace(DefaultDialect, "do_commit", self._committing)
        opening = partial(self._open, builtins.open)
        builtins.open = io.open = opening  # type: ignore[assignment]

    def step(self, call: str, path: str) -> None:
        """Count a step, and strike if it is due."""
        self.taken.append(f"{call} {shape(os.path.relpath(path, self._root))}")
        if self._wanted and len(self.taken) >= self._wanted:
            self._strike(call, path)

    def _inside(self, path: object, handle: int | None = None) -> str | None:
        """Return an absolute path below the root, None for one elsewhere."""
        if not isinstance(path, str | bytes | os.PathLike):
            return None
        name = os.fsdecode(path)
        if handle is not None and handle >= 0 and not name.startswith("/"):
            name = os.path.join(os.readlink(f"/proc/self/fd/{handle}"), name)
        name = os.path.abspath(name)
        return name if name.startswith(f"{self._root}/") else None

    def _audited(self, event: str, args: tuple[Any, ...]) -> None:
        if event == "open":
            if isinstance(args[2], int) and args[2] & _WRITES and (path := self._inside(args[0])):
                self.step("open", path)
        elif event in AUDITED:
            place, handle = AUDITED[event]
            if path := self._inside(args[place], args[handle] if handle is not None else None):
                self.step(event.partition(".")[2], path)

    def _replace(self, holder: Any, name: str, change: Callable[[Any], Any]) -> None:
        setattr(holder, name, change(getattr(holder, name)))

    def _fsync(self, handle: int) -> None:
        if path := self._inside(os.readlink(f"/proc/self/fd/{handle}")):
            self.step("fsync", path)

    def _syncfs(self, folder: Path) -> bool:
        if path := self._inside(folder):
            self.step("syncfs", path)
        return True

    def _exchange(self, original: Callable[..., None], one: Path, other: Path) -> None:
        self.step("rename", os.fspath(other))
        original(one, other)

    def _os_write(self, original: Callable[..., int], handle: int, data: bytes) -> int:
        if stat.S_ISREG(os.fstat(handle).st_mode):
            self.step("write", os.readlink(f"/proc/self/fd/{handle}"))
        return original(handle, data)

    def _committing(self, original: Callable[..., None]) -> Callable[..., None]:
        def commit(dialect: Any, connection: Any) -> None:
            self.step("commit", f"{self._root}/catalogue")
            original(dialect, connection)

        return commit

    def _open(
        self, original: Callable[..., Any], file: Any, mode: str = "r", buffering: int = -1,
        encoding: str | None = None, *rest: Any, **named: Any,
    ) -> Any:  # fmt: skip
        if not set(mode) & set("wxa+") or not self._inside(file):
            return original(file, mode, buffering, encoding, *rest, **named)
        raw = _Raw(file, mode.replace("b", "").replace("t", ""))
        raw.told = lambda: self.step("write", os.fsdecode(file))
        if buffering == 0:
            return raw
        buffer = io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)
        return buffer if "b" in mode else io.TextIOWrapper(buffer, encoding or "utf-8")


class _Raw(io.FileIO):
    """A file that tells of what is written to it, once the buffer before it lets it go."""

    told: Callable[[], None]

    def write(self, data: Any, /) -> int | None:
        self.told()
        return super().write(data)


def killing(call: str, path: str) -> None:
    """The process is killed; nothing of it runs any more."""
    os.kill(os.getpid(), signal.SIGKILL)


def failing(number: int, *, space: bool = False, once: bool = False) -> Strike:
    """The disk refuses, for good or ``once``: everything, or (``space``) only what needs space."""
    struck = False

    def strike(call: str, path: str) -> None:
        nonlocal struck
        if call == "connect" or (once and struck) or (space and call not in NEEDS_SPACE):
            return
        struck = True
        if call == "commit":
            refusal = sqlite3.OperationalError(os.strerror(number))
            refusal.sqlite_errorname = SQLITE[number]
            raise refusal
        raise OSError(number, os.strerror(number), path)

    return strike


def vanishing(place: Path, elsewhere: Path) -> Strike:
    """A folder is taken away from under the process."""
    struck = False

    def strike(call: str, path: str) -> None:
        nonlocal struck
        if not struck:
            struck = True  # before it is, for this is a step as well
            place.rename(elsewhere)

    return strike


def shape(path: str) -> str:
    """Return a path without what differs between packages: names given by producers, UUIDs, numbers."""
    path = re.sub(r"(/(?:in|aip|content|[0-9a-f]{64}|v1))/.*", r"\1/…", path)
    path = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{64,}", "UUID", path)
    path = re.sub(r"(ingest|version)-\w+", r"\1-", path)
    return re.sub(r"\d+", "0", path)

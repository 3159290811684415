"""A private copy of an SQLite database that may not be written to.

SQLite must write beside a database to read one that has a write-ahead log, and may leave the log out only
where nobody else writes, which cannot be known here (sqlite.org/wal.html, "Read-Only Databases"). A copy of
both, taken while neither changed, is the database after a loss of power, which SQLite is made to open.
"""

import os
import shutil
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from archivum.errors import Busy
from archivum.storage.durable import world

_ATTEMPTS: Final = 10
_TICK: Final = 0.05  # seconds in which a file may change twice and show one time of change


def writable(file: Path) -> bool:
    """Whether a database can be written to, and files be made beside it."""
    return os.access(file, os.W_OK) and os.access(file.parent, os.W_OK)


def private_copy(file: Path) -> "TemporaryDirectory[str]":
    """Return a temporary folder that holds a copy of a database, under its name.

    Raises:
        Busy: it changes all the time.
        Misconfigured: there is no room for it where the system keeps temporary files.
    """
    with world("temporary"):
        folder = TemporaryDirectory(prefix="archivum-")
        for _ in range(_ATTEMPTS):
            before = _stamps(file)
            time.sleep(_TICK)
            for part in _parts(file):
                target = Path(folder.name, part.name)
                target.unlink(missing_ok=True)
                if part.exists():
                    shutil.copyfile(part, target)
            if _stamps(file) == before:
                return folder
    folder.cleanup()
    raise Busy("catalogue.database-busy", place=file)


def _parts(file: Path) -> tuple[Path, Path]:
    return file, file.with_name(f"{file.name}-wal")


def _stamps(file: Path) -> list[tuple[int, int, int] | None]:
    stamps: list[tuple[int, int, int] | None] = []
    for part in _parts(file):
        try:
            status = part.stat()
        except FileNotFoundError:
            stamps.append(None)
        else:
            stamps.append((status.st_ino, status.st_size, status.st_mtime_ns))
    return stamps

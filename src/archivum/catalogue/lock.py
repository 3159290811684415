"""One writer at a time: an advisory lock on a file, given back by the system when its holder dies."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from archivum.errors import Busy
from archivum.storage.durable import world

_PAUSES: Final = (0.001, 0.02)  # seconds between two attempts: the first and the longest


@contextmanager
def exclusive(lock: Path, patience: float) -> Iterator[None]:
    """Be the only one, in this process or any other, that holds the lock; wait ``patience`` seconds for it.

    Raises:
        Busy: another holds it all that time.
        Misconfigured: the lock file cannot be made.
    """
    with world(lock):
        handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        _wait(handle, lock, patience)
        try:
            yield
        finally:
            fcntl.flock(handle, fcntl.LOCK_UN)  # a forked child may still hold the handle
    finally:
        os.close(handle)


def _wait(handle: int, lock: Path, patience: float) -> None:
    pause, longest = _PAUSES
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= deadline:
                raise Busy("catalogue.busy", place=lock) from error
        else:
            return
        time.sleep(pause)
        pause = min(pause * 2, longest)

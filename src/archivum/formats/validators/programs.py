"""Programs of others that are asked about a file, where they are installed; each ends with this process."""

import os
import selectors
import shutil
import signal
import subprocess
import sys
from functools import cache
from time import monotonic
from typing import Final, NamedTuple

SECONDS: Final = 3600.0  # a program may take so long, where nothing else limits it
SPARE: Final = 5.0  # seconds before this process is ended, in which to say that it took too long
_KEPT: Final = 1 << 20  # bytes of what a program says
# becomes the program, after it has asked the system to end it with its parent, however that ends
_BECOME: Final = """
import ctypes, os, signal, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
if os.getppid() == int(sys.argv[1]):
    os.execv(sys.argv[2], sys.argv[2:])
"""


class Ran(NamedTuple):
    """What came of a program: its exit status, negative for a signal, None if it took too long; its words."""

    status: int | None
    text: str


@cache
def found(name: str) -> str:
    """Return where a program is, or an empty text."""
    return shutil.which(name) or ""


def run(command: list[str], *, errors: bool = False) -> Ran:
    """Run a program to its end, within the time that is left; return what it says, or its error messages."""
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _BECOME, str(os.getpid()), *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL if errors else subprocess.PIPE,
        stderr=subprocess.PIPE if errors else subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        pipe = process.stderr if errors else process.stdout
        text = _said(pipe.fileno(), monotonic() + _left()) if pipe else None
        return Ran(None if text is None else process.wait(), (text or b"").decode(errors="replace"))
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def _left() -> float:
    """Return the seconds until this process is ended, or has been at it for long enough."""
    left = signal.getitimer(signal.ITIMER_REAL)[0]
    return max(1.0, left - SPARE) if left else SECONDS


def _said(pipe: int, end: float) -> bytes | None:
    """Return the first part of what is said, or None if it is not done in time."""
    said = bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while selector.select(max(0.0, end - monotonic())):
            data = os.read(pipe, 1 << 16)
            if not data:
                return bytes(said)
            said += data[: _KEPT - len(said)]
    return None

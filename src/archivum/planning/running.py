"""Programs run for a conversion: apart, with limits, in a folder of their own."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from archivum.storage.durable import world

TOLD: Final = 1 << 16  # bytes of what a program says that are read
SAID: Final = 300  # characters of it that are told
_WRITTEN: Final = 1 << 30  # bytes that a program may write whatever the size of its source
_TIMES: Final = 64  # and as many times the size of its source


class Failed(Exception):
    """A conversion that came to nothing: a text's name in the room ``planning``, and its parameters."""

    def __init__(self, reason: str, **params: str | int) -> None:
        super().__init__(reason, params)
        self.reason = reason
        self.params = params


@dataclass(frozen=True, slots=True)
class Runner:
    """Runs programs in a folder, each within so many seconds and bytes of memory."""

    scratch: Path
    seconds: int
    memory: int
    size: int = 0  # bytes of the source

    def run(self, command: Sequence[str]) -> bytes:
        """Run a program to its end; return the beginning of what it says on its standard output.

        Raises:
            Failed: it is not installed, took too long, or ended as one that failed.
            Misconfigured: the disk is full or fails.
        """
        most = _WRITTEN + _TIMES * self.size
        limits = (str(self.memory), str(most), str(self.seconds))
        whole = [sys.executable, "-P", "-m", "archivum.planning.limited", *limits, *command]
        said, told = self.scratch / "stdout", self.scratch / "stderr"
        with world(self.scratch), said.open("w+b") as out, told.open("w+b") as err:
            status = self._wait(
                subprocess.Popen(
                    whole, cwd=self.scratch, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                    env=self._environment(), start_new_session=True,
                )
            )  # fmt: skip
            out.seek(0)
            err.seek(0)
            answer, words = out.read(TOLD), err.read(TOLD)
        if status < 0:
            name = signal.Signals(-status).name if -status in set(signal.Signals) else str(-status)
            raise Failed("killed", tool=Path(command[0]).name, signal=name)
        if status:
            why = " ".join(words.decode("utf-8", "replace").split())[-SAID:]
            raise Failed("status", tool=Path(command[0]).name, status=status, told=why or "–")
        return answer

    def _wait(self, process: "subprocess.Popen[bytes]") -> int:
        try:
            return process.wait(self.seconds)
        except subprocess.TimeoutExpired as error:
            raise Failed("timeout", seconds=self.seconds) from error
        finally:
            with suppress(ProcessLookupError):  # what it has started ends with it
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _environment(self) -> dict[str, str]:
        """Nothing of the archivist's own goes into what is kept for ever."""
        home = str(self.scratch)
        paths = {"PATH": os.environ.get("PATH", os.defpath), "HOME": home, "TMPDIR": home}
        kept = {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}
        return {**paths, **kept, "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def python(module: str, *arguments: str) -> list[str]:
    """Return the command that runs one of our own modules."""
    return [sys.executable, "-P", "-m", module, *arguments]

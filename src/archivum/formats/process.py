"""A worker as its parent sees it: questions go in without waiting, answers are taken as they come."""

import json
import os
import selectors
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import IO, Any, cast

_CHUNK = 1 << 16
_HEAP = "128MiB"  # siegfried tidies up before it takes more: 140 MB in place of 216 on files of 1 500 formats
_GOODBYE = 1.0  # seconds that a worker without work may take to end


class Worker:
    """One process of :mod:`archivum.formats.worker`; it ends with this one, whatever becomes of either."""

    def __init__(self, work: str, memory: int, *settings: object) -> None:
        """Start it for a work; it may take so many bytes of memory.

        Raises:
            OSError: the system cannot start a process.
        """
        # neither fork, after which siegfried hangs, nor multiprocessing, which would import the parent's main
        # module and have another process beside each; -P: nothing is imported from the current folder
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-P", "-W", "ignore", "-m", "archivum.formats.worker", work, str(memory)),
                *map(json.dumps, settings),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env=os.environ | {"GOMEMLIMIT": _HEAP},
        )
        self._input = cast("IO[bytes]", self._process.stdin)
        self._output = cast("IO[bytes]", self._process.stdout)
        os.set_blocking(self._input.fileno(), False)
        os.set_blocking(self._output.fileno(), False)
        self._outgoing = bytearray()
        self._incoming = bytearray()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._output, selectors.EVENT_READ)
        self.ended = False

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self._process.pid

    @property
    def timed_out(self) -> bool:
        """Whether the process ended itself because it took too long; ask once it has ended."""
        return self._process.wait() == -signal.SIGALRM

    @property
    def status(self) -> int:
        """The exit status of the process, or the negative number of the signal; ask once it has ended."""
        return self._process.wait()

    def ask(self, question: object) -> None:
        """Put a question; what the pipe does not take at once goes out with :meth:`answers`."""
        body = json.dumps(question).encode()
        self._outgoing += len(body).to_bytes(4) + body
        self._push()

    def answers(self, wait: float) -> Iterator[Any]:
        """Yield the answers that are there, or the first within ``wait`` seconds; sets :attr:`ended`."""
        for key, _ in self._selector.select(wait):
            if key.fileobj is self._input:
                self._push()
            else:
                self._pull()
        while len(self._incoming) >= 4:
            end = 4 + int.from_bytes(self._incoming[:4])
            if len(self._incoming) < end:
                break
            body = bytes(self._incoming[4:end])
            del self._incoming[:end]
            yield json.loads(body)

    def _pull(self) -> None:
        with suppress(BlockingIOError):
            while chunk := os.read(self._output.fileno(), _CHUNK):
                self._incoming += chunk
            self.ended = True

    def _push(self) -> None:
        """Send what the pipe takes, and be told when it takes the rest."""
        with suppress(BlockingIOError, BrokenPipeError):  # that it ended is seen where answers are read
            while self._outgoing:
                del self._outgoing[: os.write(self._input.fileno(), self._outgoing)]
        waiting = self._input in self._selector.get_map()
        if self._outgoing and not self.ended and not waiting:
            self._selector.register(self._input, selectors.EVENT_WRITE)
        elif not self._outgoing and waiting:
            self._selector.unregister(self._input)

    def close(self, *, at_once: bool) -> None:
        """End the process: by ending its input, or at once if it may be at work or hang."""
        self._input.close()
        try:
            if at_once:
                self._process.kill()
            self._process.wait(_GOODBYE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        finally:
            self._selector.close()
            self._output.close()

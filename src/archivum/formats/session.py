"""A session with a worker: files go in, what it says of them comes out in the same order.

The kinds of session differ in what is asked and answered, not in how they deal with a file that hangs or
kills a worker.
"""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Any, ClassVar, Generic, NamedTuple, Self, TypeVar

from archivum.errors import Misconfigured
from archivum.formats.process import Worker

# a batch is sent when it has one of these; a task for every single file is eight times slower
BATCH_FILES = 64
BATCH_BYTES = 64 << 20
AHEAD = 2  # batches at the worker: one it works on, one it finds when that is done
QUEUED = 16  # batches that wait for it before add() waits too
SECONDS = 60.0  # a batch may take this long, and longer by its size
RATE = 20 << 20  # bytes a second that even a slow disk gives
GRACE = 5.0  # seconds after which a worker is ended that did not end itself
START_SECONDS = 60.0
STARTS = 3  # workers in a row that may end before they say a word

Found = TypeVar("Found")
Asked = tuple[Any, ...]  # path, name, size in bytes, and what else the work needs to know of a file


class _Batch(NamedTuple):
    keys: list[str]
    files: list[Asked]
    again: bool = False

    @property
    def bytes(self) -> int:
        return sum(asked[2] for asked in self.files)

    def singly(self) -> list["_Batch"]:
        """Return a batch for each file, to find the one that a worker dies of."""
        return [_Batch([key], [file], True) for key, file in zip(self.keys, self.files, strict=True)]


class Session(ABC, Generic[Found]):
    """A session with one worker process, for one thread and any number of packages one after another.

    The worker starts with the first file and is replaced when it dies. Whatever a file does to it, there is
    an answer for every file; what is not fetched is kept, so fetch :meth:`ready` on the way.
    """

    work: ClassVar[str]
    memory: ClassVar[int]  # bytes of its own that files may make the worker take, before it dies of them

    def __init__(self, *settings: object, seconds: float = SECONDS) -> None:
        """Give a batch so many seconds, beside what reading it takes at :data:`RATE`."""
        self._settings = settings
        self._seconds = seconds
        self._worker: Worker | None = None
        self._greeted = False
        self._silent = 0  # workers in a row that ended before they said a word
        self._about: dict[str, str] = {}
        self._due = 0.0  # when the worker must have said something
        self._open = _Batch([], [])
        self._open_bytes = 0
        self._waiting: deque[_Batch] = deque()
        self._sent: deque[_Batch] = deque()
        self._done: deque[tuple[list[str], list[Found]]] = deque()

    @abstractmethod
    def _answer(self, *fields: Any) -> Found:
        """Return what a worker's answer says."""

    @abstractmethod
    def _nothing(self, why: str) -> Found:
        """Return what is said of a file that ended its worker."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the worker; what was not fetched is lost."""
        if self._worker is not None:
            self._worker.close(at_once=bool(self._sent) or not self._greeted)
            self._worker = None

    @property
    def about(self) -> Mapping[str, str]:
        """The engines with their versions and those of their signatures, for the record.

        Raises:
            Misconfigured: the engines cannot be started.
        """
        while not self._about:
            self._turn(wait=True)
        return self._about

    def _add(self, key: str, path: Path, name: str, size: int, *more: object) -> None:
        """Ask about a file; wait only where the worker is more than a thousand files behind."""
        place = path if path.is_absolute() else path.absolute()
        self._open.keys.append(key)
        self._open.files.append((str(place), name, size, *more))
        self._open_bytes += size
        if len(self._open.keys) == BATCH_FILES or self._open_bytes >= BATCH_BYTES:
            self._flush()
            self._turn(wait=False)
            while len(self._waiting) > QUEUED:
                self._turn(wait=True)

    def begin(self) -> None:
        """Have the worker begin with what was added so far, however little, while the caller does other work.

        Raises:
            Misconfigured: the engines cannot be started.
        """
        self._flush()
        if self._waiting:
            self._turn(wait=False)

    def ready(self) -> Iterator[tuple[str, Found]]:
        """Yield, without waiting, the keys and answers that are there; in the order of adding.

        Raises:
            Misconfigured: the engines cannot be started.
        """
        if self._waiting or self._sent:
            self._turn(wait=False)
        yield from self._fetched()

    def results(self) -> Iterator[tuple[str, Found]]:
        """Yield, as they come, all keys and answers not fetched yet; in the order of adding.

        Raises:
            Misconfigured: the engines cannot be started.
        """
        self._flush()
        yield from self._fetched()
        while self._waiting or self._sent:
            self._turn(wait=True)
            yield from self._fetched()

    def discard(self) -> None:
        """Forget all that was added and not fetched: the package is of no interest any more."""
        if self._sent:
            self.close()
        self._open = _Batch([], [])
        self._open_bytes = 0
        for queue in (self._waiting, self._sent, self._done):
            queue.clear()

    def _fetched(self) -> Iterator[tuple[str, Found]]:
        while self._done:
            yield from zip(*self._done.popleft(), strict=True)

    def _flush(self) -> None:
        if self._open.keys:
            self._waiting.append(self._open)
            self._open = _Batch([], [])
            self._open_bytes = 0

    # -- the worker ---------------------------------------------------------------------------------------

    def _turn(self, *, wait: bool) -> None:
        """Give the worker what it can use and take what it has, or the first thing it will have."""
        worker = self._worker or self._start()
        while self._waiting and len(self._sent) < AHEAD:
            self._send(worker, self._waiting.popleft())
        for answer in worker.answers(max(0.0, self._due - monotonic()) if wait else 0.0):
            self._take(answer)
        if worker.ended:
            self._lost(worker, "timeout" if worker.timed_out else "crash")
        elif (self._sent or not self._greeted) and monotonic() > self._due:
            self._lost(worker, "timeout")

    def _start(self) -> Worker:
        try:
            self._worker = Worker(self.work, self.memory, *self._settings)
        except OSError as error:
            raise Misconfigured("formats.worker", reason=error.strerror or error) from error
        self._greeted = False
        self._due = monotonic() + START_SECONDS
        return self._worker

    def _send(self, worker: Worker, batch: _Batch) -> None:
        self._sent.append(batch)
        if len(self._sent) == 1 and self._greeted:
            self._expect()
        worker.ask({"limit": self._limit(batch), "files": batch.files})

    def _expect(self) -> None:
        """Begin to wait for the answer to the first of the batches sent."""
        if self._sent:
            self._due = monotonic() + self._limit(self._sent[0]) + GRACE

    def _limit(self, batch: _Batch) -> float:
        return self._seconds + batch.bytes / RATE

    def _take(self, answer: dict[str, Any]) -> None:
        if "error" in answer:
            raise Misconfigured("formats.engine", reason=answer["error"])
        if "about" in answer:
            self._about = answer["about"]
            self._greeted, self._silent = True, 0
        else:
            kinds = [self._answer(*kind) for kind in answer["kinds"]]
            self._done.append((self._sent.popleft().keys, [kinds[number] for number in answer["files"]]))
        self._expect()

    def _lost(self, worker: Worker, why: str) -> None:
        """Have the batch that a worker died of done again by another one, file by file."""
        worker.close(at_once=True)
        self._worker = None
        again = list(self._sent)
        self._sent.clear()
        if not self._greeted:
            self._silent += 1
            if self._silent == STARTS:
                raise Misconfigured("formats.worker", reason=f"exit {worker.status}")
        elif again and again[0].again:
            self._done.append((again.pop(0).keys, [self._nothing(why)]))
        elif again:
            again[:1] = again[0].singly()
        self._waiting.extendleft(reversed(again))

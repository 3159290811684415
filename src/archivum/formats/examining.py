"""One session for all that is asked of files: what they are, whether they are whole, and what is inside them.

A file goes in, and comes out when everything is known of it: its identification, what the validators for its
format say, and the same of each file inside it, to a depth, a number and a size that are limited.
"""

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import mkdtemp
from types import TracebackType
from typing import Final, NamedTuple, Self

from archivum.formats.identifying import Identifying
from archivum.formats.session import SECONDS
from archivum.formats.validating import Judged, Validating
from archivum.model import Fault, Identification, InnerFile, Severity, Validation

# what the data boxes take of containers (ISDS operating rules of 1 January 2024)
DEPTH: Final = 4
INNER: Final = 1000  # files inside one file of a package, on all levels
INNER_BYTES: Final = 3_000_000_000


class Seen(NamedTuple):
    """What is known of a file of a package by now."""

    key: str
    format: Identification
    validation: Validation


# says which validators are asked about a format (PUID), in their order
Chooser = Callable[[str], Sequence[str]]


@dataclass(slots=True, eq=False)
class _Job:
    """One file on its way; a file inside another has that as ``outer``."""

    number: int
    key: str
    path: Path
    name: str
    size: int
    outer: "_Job | None" = None
    depth: int = 0
    format: Identification | None = None
    validation: Validation | None = None
    parts: list[InnerFile] = field(default_factory=list)
    open: int = 0  # files inside it that are not done
    inner: int = 0  # files inside it that were taken up, on all levels
    inner_bytes: int = 0

    @property
    def outermost(self) -> "_Job":
        job = self
        while job.outer is not None:
            job = job.outer
        return job


class Examining:
    """A session for one thread and any number of packages one after another.

    >>> with Examining(choose) as examining:
    ...     examining.add("a/b.pdf", Path("/staging/b.pdf"), "b.pdf", 10_240)
    ...     for key, format, validation in examining.results(): ...
    """

    def __init__(
        self, choose: Chooser, settings: Mapping[str, str] | None = None, *, seconds: float = SECONDS
    ) -> None:
        """Ask the validators that ``choose`` names; give a batch so many seconds, and more by its size."""
        self._choose = choose
        self._settings = dict(settings or {})
        self._seconds = seconds
        self._identifying = Identifying(seconds=seconds)
        self._scratch: Path | None = None
        self._validating: Validating | None = None
        self._jobs: dict[str, _Job] = {}
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the processes; what was not fetched is lost."""
        self._identifying.close()
        self._jobs.clear()
        if self._validating is not None:
            self._validating.close()
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)
        self._scratch = self._validating = None

    @property
    def signatures(self) -> str:
        """The identifying engines with the versions of their signatures, for the record.

        Raises:
            Misconfigured: the engines cannot be started.
        """
        return self._identifying.signatures

    def add(self, key: str, path: Path, name: str, size: int) -> None:
        """Take up a file of ``size`` bytes that its producer calls ``name``; it stays until it was fetched.

        Raises:
            Misconfigured: a process cannot be started.
        """
        self._take_up(_Job(self._next(), key, path, name, size))

    def begin(self) -> None:
        """Have the processes begin with what was added so far, while the caller does other work.

        Raises:
            Misconfigured: a process cannot be started.
        """
        self._identifying.begin()
        if self._validating is not None:
            self._validating.begin()

    def ready(self) -> Iterator[Seen]:
        """Yield, without waiting, the files of which everything is known.

        Raises:
            Misconfigured: a process cannot be started.
        """
        for key, known in self._identifying.ready():
            yield from self._identified(self._jobs[key], known)
        if self._validating is not None:
            for key, judged in self._validating.ready():
                yield from self._judged(self._jobs[key], judged)

    def results(self) -> Iterator[Seen]:
        """Yield all files that were not fetched yet, as everything becomes known of them.

        Raises:
            Misconfigured: a process cannot be started.
        """
        while self._jobs:
            for key, known in self._identifying.results():
                yield from self._identified(self._jobs[key], known)
                if self._validating is not None:
                    self._validating.begin()
            if self._validating is not None:
                for key, judged in self._validating.results():
                    yield from self._judged(self._jobs[key], judged)

    def discard(self) -> None:
        """Forget all that was added and not fetched: the package is of no interest any more."""
        self._jobs.clear()
        self._identifying.discard()
        if self._validating is not None:
            self._validating.discard()

    # -- a file on its way --------------------------------------------------------------------------------

    def _next(self) -> int:
        self._count += 1
        return self._count

    def _take_up(self, job: _Job) -> None:
        self._jobs[str(job.number)] = job
        self._identifying.add(str(job.number), job.path, job.name, job.size)

    def _identified(self, job: _Job, known: Identification) -> Iterator[Seen]:
        job.format = known
        validators = self._validators(known)
        if not validators:
            job.validation = Validation(reason="none" if known.puid else "unidentified")
            yield from self._done(job)
            return
        self._worker().add(str(job.number), job.path, job.name, job.size, known.puid or "", validators)

    def _validators(self, known: Identification) -> Sequence[str]:
        """Return the validators for a format; of one not known, those that most of what it may be share.

        A file that is cut off is mostly not identified, and has to be found cut off all the same. What may
        as well be something that no validator is for (HTML, say, which need not be XML) is held to nothing.
        """
        if known.puid:
            return self._choose(known.puid)
        chains = Counter(tuple(self._choose(puid)) for puid in known.candidates)
        chain, count = chains.most_common(1)[0] if chains else ((), 0)
        return chain if 2 * count > chains.total() else ()

    def _judged(self, job: _Job, judged: Judged) -> Iterator[Seen]:
        job.validation = judged.validation
        outermost = job.outermost
        left_out = 0
        for place, path, size in judged.inner:
            outermost.inner += 1
            outermost.inner_bytes += size
            within = outermost.inner <= INNER and outermost.inner_bytes <= INNER_BYTES
            if job.depth < DEPTH and within:
                job.open += 1
                name = path.rpartition("/")[2]
                self._take_up(_Job(self._next(), path, place, name, size, job, job.depth + 1))
            else:
                left_out += 1
                place.unlink(missing_ok=True)
        if left_out:
            limits = Fault("inner-limit", Severity.WARNING, params={"count": left_out})
            job.validation = replace(job.validation, faults=(*job.validation.faults, limits))
        if not job.open:
            yield from self._done(job)

    def _done(self, job: _Job) -> Iterator[Seen]:
        """Let go of a file of which everything is known; with the last one inside it, the outer is too."""
        del self._jobs[str(job.number)]
        if job.format is None or job.validation is None:
            raise RuntimeError("a file is done before anything was said of it")
        parts = tuple(sorted(job.parts, key=lambda part: (part.path, part.size)))  # as they came is by chance
        validation = replace(job.validation, parts=parts) if parts else job.validation
        if job.outer is None:
            yield Seen(job.key, job.format, validation)
            return
        job.path.unlink(missing_ok=True)
        job.outer.parts.append(InnerFile(job.key, job.size, job.format, validation))
        job.outer.open -= 1
        if not job.outer.open:
            yield from self._done(job.outer)

    def _worker(self) -> Validating:
        if self._validating is None:
            self._scratch = Path(mkdtemp(prefix="archivum-"))
            self._validating = Validating(self._scratch, self._settings, seconds=self._seconds)
        return self._validating

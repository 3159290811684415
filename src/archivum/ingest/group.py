"""Packages that are stored and recorded together: what brings bytes to the disk is paid once for all of them.

Each package goes down the straight line by itself: receive, read, check, decide, build, seal. Then it waits
for some others, and all of them are stored in one step, read back, and recorded in one segment of the
journal.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from time import monotonic
from types import TracebackType
from typing import Final, Self
from uuid import uuid5

from archivum.archive import Archive
from archivum.errors import ArchivumError, CorruptionFound, Misconfigured
from archivum.formats.examining import Examining
from archivum.ingest.building import read_back
from archivum.ingest.order import Order, Outcome, Progress
from archivum.ingest.package import Prepared, forget, prepare
from archivum.ingest.quarantine import sweep_quarantine
from archivum.ingest.recording import record, stored
from archivum.ingest.report import REPORTS
from archivum.ingest.submission import RECEIPTS, Submission, receive
from archivum.model import Event
from archivum.packaging.index import PackageIndex
from archivum.plain import canonical, to_plain
from archivum.storage.durable import remove_unfinished, world
from archivum.stored.sealing import STAMPS

PLACE: Final = "ingest-"
CLAIMS: Final = "claims"

# a group is stored when it has one of these; beyond them there is little left to save
PACKAGES: Final = 16
BYTES: Final = 64 << 20
SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Done:
    """One transfer of a batch: its path and what became of it, or the error that stopped it."""

    path: Path
    result: Outcome | ArchivumError


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A package that waits to be stored and recorded; ``held`` is what it needs until then."""

    prepared: Prepared
    held: ExitStack


class Group:
    """Ingests transfers one after another in one process; every one that is given comes out as :class:`Done`.

    What only the operator can mend is raised, and ends the batch: every further transfer would meet it.
    """

    def __init__(self, archive: Archive, order: Order, examining: Examining, progress: Progress) -> None:
        self._archive, self._order = archive, order
        self._examining, self._progress = examining, progress
        self._scanner = archive.scanner()
        self._waiting: list[_Waiting] = []
        self._since = 0.0
        self._claims = _Claims(archive)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        """Let go of everything; what was not stored is as if it had not begun."""
        for waiting in self._waiting:
            waiting.held.close()
        self._waiting = []
        self._scanner.discard()
        self._claims.close()

    def ingest(self, path: Path) -> Iterator[Done]:
        """Ingest one transfer, and yield what is done by now. The transfer is only read.

        Raises:
            Misconfigured: a setting, the disk or the time-stamping authority does not let it go on.
        """
        with ExitStack() as held:
            try:
                with world(self._archive.storage.root):
                    place = held.enter_context(_place(self._archive, self._order))
                    index = held.enter_context(PackageIndex(place / "index.db"))
                    submission = receive(
                        self._archive,
                        path,
                        self._order,
                        place,
                        index,
                        self._examining,
                        self._scanner,
                        self._progress,
                    )
                    if not self._order.dry_run:
                        yield from self._claim(submission, held)
                    prepared = prepare(self._archive, path, self._order, submission, place)
            except Misconfigured:
                raise
            except ArchivumError as error:
                self._examining.discard()
                self._scanner.discard()
                yield Done(path, error)
                return
            if not prepared.events:
                if not self._order.dry_run:
                    forget(self._archive, prepared.submission)
                yield Done(path, prepared.outcome)
                return
            self._since = self._since if self._waiting else monotonic()
            self._waiting.append(_Waiting(prepared, held.pop_all()))
        if self._full():
            yield from self.settle()

    def settle(self) -> Iterator[Done]:
        """Store and record what waits, and yield it.

        Raises:
            Misconfigured: a storage or the catalogue does not let it go on.
        """
        group, self._waiting = self._waiting, []
        if not group:
            return
        with ExitStack() as held, world(self._archive.storage.root):
            for waiting in group:
                held.push(waiting.held)
            yield from _settle(self._archive, [waiting.prepared for waiting in group])

    def _full(self) -> bool:
        if len(self._waiting) >= PACKAGES or monotonic() - self._since >= SECONDS:
            return True
        return sum(waiting.prepared.submission.receipt.size for waiting in self._waiting) >= BYTES

    def _claim(self, submission: Submission, held: ExitStack) -> Iterator[Done]:
        """Be the only one that works on packages of this producer with this identifier.

        Two contents that claim one identifier at the same time must not both be found free of conflict.
        Before it waits for another process, this one lets go of all that it holds: nobody waits in a ring.
        """
        claim = self._claims.of(submission)
        if not self._claims.take(claim, wait=False):
            yield from self.settle()
            self._claims.take(claim, wait=True)
        held.callback(self._claims.release, claim)


def _settle(archive: Archive, group: list[Prepared]) -> Iterator[Done]:
    """Store all, read each back, record all that are what was written; one that is not stops no other."""
    archive.storage.take_all([(one.aip.folder, one.aip.version.key) for one in group if one.aip])
    events: list[Event] = []
    good: list[tuple[Prepared, str]] = []
    for one in group:
        submission = one.submission
        try:
            aip = read_back(archive, submission.receipt.uuid, one.aip) if one.aip else one.taken_up
        except CorruptionFound as error:
            yield Done(one.outcome.path, error)
            continue
        events += one.events
        if aip is not None:
            events += stored(archive, submission, aip)
        good.append((one, aip.manifest if aip else ""))
    record(archive, [one.submission for one, _ in good], events)
    for one, manifest in good:
        forget(archive, one.submission, manifest)
        yield Done(one.outcome.path, one.outcome)


class _Claims:
    """Locks on identifiers, one byte of one file each; they die with the process."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._handle: int | None = None
        self._taken: set[int] = set()

    def of(self, submission: Submission) -> int:
        """Return the claim of a package."""
        receipt = submission.receipt
        identity = canonical([to_plain(receipt.producer), receipt.package_id]).decode("utf-8")
        return uuid5(self._archive.configuration.uuid, identity).int >> 66  # an offset that files can have

    def take(self, claim: int, *, wait: bool) -> bool:
        """Take a claim; False if it is taken and this was not to wait."""
        if claim in self._taken:
            return False
        if self._handle is None:
            self._handle = _opened(self._archive.storage.workplace() / CLAIMS)
        try:
            fcntl.lockf(self._handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB), 1, claim)
        except BlockingIOError:
            return False
        self._taken.add(claim)
        return True

    def release(self, claim: int) -> None:
        """Let go of a claim."""
        self._taken.discard(claim)
        if self._handle is not None:
            fcntl.lockf(self._handle, fcntl.LOCK_UN, 1, claim)

    def close(self) -> None:
        """Let go of all claims."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def _opened(place: Path) -> int:
    with world(place):
        return os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)


@contextmanager
def _place(archive: Archive, order: Order) -> Iterator[Path]:
    """A folder to work in, beside what is stored; a dry run works where the system keeps temporary files."""
    parent = None if order.dry_run else archive.storage.workplace()
    with world(parent or "temporary"):
        place = Path(mkdtemp(prefix=PLACE, dir=parent))
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def sweep(archive: Archive) -> None:
    """Remove what killed runs have left half done; the caller is the only process that ingests."""
    workplace = archive.storage.workplace()
    with world(archive.root):
        for place in workplace.glob(f"{PLACE}*"):
            shutil.rmtree(place)
        for kept in (workplace, workplace / RECEIPTS, workplace / STAMPS, archive.root / REPORTS):
            remove_unfinished(kept)
        if not any((workplace / RECEIPTS).glob("*.json")):
            # a time-stamp goes with a receipt: without one nothing has this manifest again
            for stamp in (workplace / STAMPS).glob("*.tsr"):
                stamp.unlink()
    sweep_quarantine(archive)

"""A batch: many transfers, one after another or side by side; a bad one does not stop the others."""

import multiprocessing
import os
import signal
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from multiprocessing.reduction import DupFd
from multiprocessing.util import Finalize
from pathlib import Path
from threading import Thread
from typing import Any

from archivum.archive import Archive, Clock, open_archive
from archivum.errors import ArchivumError, Misconfigured
from archivum.formats.examining import Examining
from archivum.ingest.group import PACKAGES, Done, Group, sweep
from archivum.ingest.order import Order, Outcome, Progress, Status
from archivum.ingest.package import conflicting
from archivum.model import Agent
from archivum.packaging.reader import is_guide
from archivum.parallel import bounded_map

LEFT_BEHIND = ("Thumbs.db", "desktop.ini", "$RECYCLE.BIN", "System Volume Information")  # by file managers
CONTAINERS = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")


def transfers(paths: Iterable[Path], *, each: bool = False, as_folder: bool = False) -> Iterator[Path]:
    """Yield the transfers at some paths: the paths themselves, or what lies in a folder full of them.

    A folder is full of packages if it is none itself (no ``mets.xml``, ``bagit.txt`` or ``metadata.csv`` at
    its top) and at least one folder or ZIP file in it certainly is one, or it holds containers and folders
    only; or if ``each`` says so. Everything in it is then a transfer, also what can be none and is refused;
    only hidden names and what file managers leave are passed over. With ``as_folder`` every folder is a
    package. What is not there, or may not be looked into, is a transfer as well: whoever takes it in says why
    not.
    """
    for path in paths:
        try:
            full = path.is_dir() and not as_folder and (each or _is_full_of_packages(path))
            found = _children(path) if full else [path]
        except OSError:
            found = [path]
        yield from found


def run(
    archive: Archive, paths: Sequence[Path], order: Order, *, jobs: int = 1, progress: Progress
) -> Iterator[Done]:
    """Ingest transfers and yield each as it is done.

    With several jobs each runs in a process of its own, and ``progress`` hears of a transfer's bytes when it
    is done. What only the operator can mend (a full disk, a wrong setting) ends the batch: every further
    transfer would meet it as well.

    Raises:
        Misconfigured: a setting, the disk or the time-stamping authority does not let it go on, or a process
            of it was ended from outside.
        Busy: another process writes to the archive.
    """
    if order.dry_run:
        yield from _against_each_other(_run(archive, paths, order, jobs, progress, None))
        return
    with archive.writing() as lock:
        archive.settle()
        sweep(archive)
        yield from _run(archive, paths, order, jobs, progress, _Lock(lock))


def _run(
    archive: Archive,
    paths: Sequence[Path],
    order: Order,
    jobs: int,
    progress: Progress,
    lock: "_Lock | None",
) -> Iterator[Done]:
    if jobs == 1:
        with archive.examining() as examining, Group(archive, order, examining, progress) as group:
            for path in paths:
                yield from group.ingest(path)
            yield from group.settle()
        return
    # spawn: forking a process that has threads or has used the identification library hangs
    context = multiprocessing.get_context("spawn")
    begin = (archive.root, archive.agent, archive.clock, lock)
    try:
        with ProcessPoolExecutor(jobs, context, _begin, begin) as executor:
            shares = _shares(paths, jobs)
            for share in bounded_map(executor, partial(_in_process, order), shares, window=2 * jobs):
                for done in share:
                    if isinstance(done.result, Misconfigured):
                        raise done.result
                    if isinstance(done.result, Outcome):
                        progress(done.result.size)
                    yield done
    except BrokenProcessPool as error:
        raise Misconfigured("ingest.process") from error


def _against_each_other(batch: Iterable[Done]) -> Iterator[Done]:
    """Yield what was checked, with the conflicts that would come of storing one after the other."""
    taken: dict[tuple[str, str], Outcome] = {}
    for done in batch:
        outcome = done.result
        if not isinstance(outcome, Outcome) or outcome.status is not Status.CHECKED:
            yield done
            continue
        first = taken.setdefault((outcome.producer, outcome.package.id), outcome)
        if first.digest == outcome.digest:
            yield done
        else:
            yield Done(done.path, conflicting(outcome, first.uuid, first.digest))


def _shares(paths: Sequence[Path], jobs: int) -> Iterator[Sequence[Path]]:
    """Divide a batch into shares for the processes: enough for a group, and small enough to end together."""
    start = 0
    while start < len(paths):
        size = max(1, min(PACKAGES, (len(paths) - start) // (2 * jobs)))
        yield paths[start : start + size]
        start += size


class _Lock:
    """The archive's lock on its way into a process of the pool, which then holds it as well.

    So nobody else begins to write while a process of a batch that was killed has not ended yet.
    """

    def __init__(self, handle: int) -> None:
        self.handle = handle

    def __reduce__(self) -> tuple[object, ...]:
        return _lock, (DupFd(self.handle),)


def _lock(sent: Any) -> _Lock:
    return _Lock(sent.detach())


@dataclass(slots=True)
class _Process:
    """A process of the pool; the archive is opened with its first transfer and closed by its end."""

    root: Path
    agent: Agent
    clock: Clock
    lock: _Lock | None
    archive: Archive | None = None
    examining: Examining | None = None

    def ingest(self, order: Order, paths: Sequence[Path]) -> list[Done]:
        """Ingest a share of a batch; what ends the batch is the last of what is done."""
        done: list[Done] = []
        try:
            self.archive = self.archive or open_archive(self.root, agent=self.agent, clock=self.clock)
            self.examining = self.examining or self.archive.examining()
            with Group(self.archive, order, self.examining, lambda _: None) as group:
                for path in paths:
                    done += group.ingest(path)
                done += group.settle()
        except Misconfigured as error:
            if self.examining is not None:
                self.examining.discard()
            done.append(Done(paths[0], error))
        return done

    def close(self) -> None:
        """Let go of the archive, and of the processes that look at files."""
        if self.examining is not None:
            self.examining.close()
        if self.archive is not None:
            self.archive.close()


_process: list[_Process] = []


def _begin(root: Path, agent: Agent, clock: Clock, lock: _Lock | None) -> None:
    """Make this a process of the pool: one that ends at once when its parent does, or is interrupted."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # the terminal sends it to all; the parent tells of it
    _process.append(_Process(root, agent, clock, lock))
    Finalize(None, _process[0].close, exitpriority=0)  # a process of a pool runs nothing else at its end
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(ArchivumError.exit_code)


def _in_process(order: Order, paths: Sequence[Path]) -> list[Done]:
    return _process[0].ingest(order, paths)


def _is_full_of_packages(folder: Path) -> bool:
    children = _children(folder)
    if any(is_guide(child.name) for child in children):
        return False
    if any(_is_package(child) for child in children):
        return True
    containers = [child for child in children if _is_container(child)]
    return bool(containers) and all(child.is_dir() or child in containers for child in children)


def _is_package(place: Path) -> bool:
    """Whether a folder or a ZIP file certainly is a package: it has at its top what makes one."""
    if place.is_dir():
        return any(map(is_guide, _names(place)))
    if not _is_container(place) or not zipfile.is_zipfile(place):
        return False
    try:
        with zipfile.ZipFile(place) as container:
            return any(is_guide(name.partition("/")[2]) for name in container.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False


def _names(folder: Path) -> list[str]:
    """The names in a folder; none if it cannot be looked into, which is not known to be a package then."""
    try:
        return os.listdir(folder)  # noqa: PTH208
    except OSError:
        return []


def _children(folder: Path) -> list[Path]:
    return sorted(
        child
        for child in folder.iterdir()
        if not child.name.startswith(".") and child.name not in LEFT_BEHIND
    )


def _is_container(path: Path) -> bool:
    return path.is_file() and path.name.lower().endswith(CONTAINERS)

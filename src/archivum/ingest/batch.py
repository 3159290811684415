"""A batch: many transfers, one after another or side by side; a bad one does not stop the others."""

import multiprocessing
import os
import signal
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.reduction import DupFd
from multiprocessing.util import Finalize
from pathlib import Path
from threading import Thread
from typing import Any

from archivum.archive import Archive, Clock, open_archive
from archivum.errors import ArchivumError, Misconfigured
from archivum.formats import Identifying
from archivum.ingest.group import PACKAGES, Done, Group, sweep
from archivum.ingest.order import Order, Outcome, Progress
from archivum.model import Agent
from archivum.packaging.reader import is_guide
from archivum.parallel import bounded_map

CONTAINERS = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")


def transfers(paths: Iterable[Path], *, each: bool = False, as_folder: bool = False) -> Iterator[Path]:
    """Yield the transfers at some paths: the paths themselves, or what lies in a folder full of them.

    A folder is full of packages if it is none itself (no ``mets.xml``, ``bagit.txt`` or ``metadata.csv`` at
    its top), holds only folders and containers, and at least one of these is certainly a package; or if
    ``each`` says so. Hidden names are passed over. With ``as_folder`` every folder is a package.
    What is not there, or may not be looked into, is a transfer as well: whoever takes it in says why not.
    """
    for path in paths:
        try:
            full = path.is_dir() and not as_folder and (each or _is_full_of_packages(path))
            found = _transfers_in(path) if full else [path]
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
        yield from _run(archive, paths, order, jobs, progress, None)
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
        with Identifying() as identifying, Group(archive, order, identifying, progress) as group:
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
    identifying: Identifying = field(default_factory=Identifying)

    def ingest(self, order: Order, paths: Sequence[Path]) -> list[Done]:
        """Ingest a share of a batch; what ends the batch is the last of what is done."""
        done: list[Done] = []
        try:
            self.archive = self.archive or open_archive(self.root, agent=self.agent, clock=self.clock)
            with Group(self.archive, order, self.identifying, lambda _: None) as group:
                for path in paths:
                    done += group.ingest(path)
                done += group.settle()
        except Misconfigured as error:
            self.identifying.discard()
            done.append(Done(paths[0], error))
        return done

    def close(self) -> None:
        """Let go of the archive."""
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


def _transfers_in(folder: Path) -> list[Path]:
    return [child for child in _children(folder) if child.is_dir() or _is_container(child)]


def _is_full_of_packages(folder: Path) -> bool:
    certain = False
    for child in _children(folder):
        if is_guide(child.name):
            return False
        if child.is_dir():
            certain = certain or any(is_guide(name) for name in _names(child))
        elif _is_container(child):
            certain = True
        else:
            return False
    return certain


def _names(folder: Path) -> list[str]:
    """The names in a folder; none if it cannot be looked into, which is not known to be a package then."""
    try:
        return os.listdir(folder)  # noqa: PTH208
    except OSError:
        return []


def _children(folder: Path) -> list[Path]:
    return sorted(child for child in folder.iterdir() if not child.name.startswith("."))


def _is_container(path: Path) -> bool:
    return path.is_file() and path.name.lower().endswith(CONTAINERS)

"""A process that ingests a batch again and again, each time struck at another step, and looks what is left.

Started as ``python -m tests.crash.harness JOB``, JOB being JSON; answers with JSON. It forks one ingest after
another, so that each begins where everything is imported, and adopts what they leave running.
"""

import ctypes
import errno
import json
import os
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import archivum_cli.main
from archivum.ingest import group
from tests.crash import state
from tests.crash.steps import Steps, Strike, failing, killing, vanishing

KILLED: Final = -9
TRACEBACK: Final = 70
STORAGE: Final = "storage/main"
TOMORROW: Final = state.AT + timedelta(days=1)
_SUBREAPER: Final = 36  # PR_SET_CHILD_SUBREAPER, prctl(2)
_ORPHAN_SECONDS: Final = 10.0

# how a step is struck, by its name in a job
STRIKES: Final[dict[str, Callable[[Path], Strike]]] = {
    "kill": lambda root: killing,
    "full": lambda root: failing(errno.ENOSPC, space=True),
    "broken once": lambda root: failing(errno.EIO, once=True),
    "read-only": lambda root: failing(errno.EROFS),
    "gone": lambda root: vanishing(root / STORAGE, root.parent / "gone"),
}


@dataclass(slots=True)
class Outcome:
    """What became of one command that was struck; ``status`` is its exit code or the negative signal."""

    step: int
    label: str
    status: int = 0
    told: str = ""
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Whole:
    """How it ends when nothing happens."""

    status: int
    files: state.Files
    rows: state.Rows
    steps: list[str]


class Harness:
    """Copies of one archive, in a folder, that take in one batch."""

    def __init__(self, folder: Path, template: Path, batch: Path) -> None:
        self._folder, self._template, self._batch = folder, template, batch
        self._transfers = state.transfers(batch)
        self.whole = self._uninterrupted("whole", state.AT)

    def struck(self, strike: str, number: int) -> Outcome:
        """Strike an ingest at a step, look at what is left, run it again to its end, and look again."""
        place, root = self._copy(f"{strike} {number}")
        outcome = self._outcome(number, *self._ingest(root, number, STRIKES[strike](root)))
        outcome.problems += self._left(place, root)
        outcome.problems += self._again(root)
        outcome.problems += self._end(root)
        return self._tidied(outcome, place)

    def twice(self, number: int) -> Outcome:
        """Kill an ingest, kill the one that takes up what it left, and run it a third time."""
        place, root = self._copy(f"twice {number}")
        outcome = self._outcome(number, *self._ingest(root, number))
        second, _ = self._ingest(root, 1 + number * 7919 % len(self.whole.steps))
        if second not in (KILLED, self.whole.status):
            outcome.problems.append(f"run again, it ended with {second}")
        outcome.problems += self._left(place, root)
        outcome.problems += self._again(root)
        outcome.problems += self._end(root)
        return self._tidied(outcome, place)

    def tomorrow(self, number: int) -> Outcome:
        """Kill an ingest and run it again a day later: what had its receipt is made as on the day before."""
        later = self._uninterrupted(f"later {number}", TOMORROW)
        place, root = self._copy(f"tomorrow {number}")
        outcome = self._outcome(number, *self._ingest(root, number))
        received = {one.stem for one in (root / STORAGE / "work/receipts").glob("*.json")}
        outcome.problems += self._again(root, TOMORROW)
        found = state.files(root)
        for key, manifest in state.manifests(self.whole.files).items():
            allowed = {manifest} if any(uuid in key for uuid in received) else {manifest, later.files[key]}
            if found.get(key) not in allowed:
                outcome.problems.append(f"{key} is of neither day")
        outcome.problems += state.told_twice(root)
        outcome.problems += self._sound(root)
        return self._tidied(outcome, place)

    def _uninterrupted(self, name: str, at: datetime) -> Whole:
        place, root = self._copy(name)
        status, told = self._ingest(root, at=at, listing=place / "steps.json")
        if status in (TRACEBACK, KILLED):
            raise RuntimeError(told)
        steps = json.loads((place / "steps.json").read_text())
        return Whole(status, state.files(root), state.catalogue_rows(root), steps)

    def _copy(self, name: str) -> tuple[Path, Path]:
        place = self._folder / name
        place.mkdir()
        return place, Path(shutil.copytree(self._template, place / "archive"))

    def _outcome(self, number: int, status: int, told: str) -> Outcome:
        steps = self.whole.steps
        return Outcome(number, steps[number - 1] if number <= len(steps) else "the end", status, told)

    def _again(self, root: Path, at: datetime = state.AT) -> Iterator[str]:
        status, told = self._ingest(root, at=at)
        if status != self.whole.status:
            yield f"run again, it ended with {status}: {told}"

    def _left(self, place: Path, root: Path) -> Iterator[str]:
        """Yield what should not be after a strike; what was taken away is brought back."""
        yield from orphans()
        if (place / "gone").exists():
            if (root / STORAGE).exists():
                yield f"a new storage was made: {sorted(map(str, (root / STORAGE).rglob('*')))}"
                shutil.rmtree(root / STORAGE)
            (place / "gone").rename(root / STORAGE)
        yield from state.half_visible(root, self.whole.files)
        yield from self._untouched()

    def _end(self, root: Path) -> Iterator[str]:
        """Yield in what an archive is not the one that was never interrupted."""
        yield from state.different(state.files(root), self.whole.files)
        if state.catalogue_rows(root) != self.whole.rows:
            yield "the catalogue differs"
        yield from self._sound(root)

    def _sound(self, root: Path) -> Iterator[str]:
        """Yield what an archivist would see of it, and where the catalogue is not what the storage tells."""
        yield from orphans()
        yield from self._untouched()
        before = state.catalogue_rows(root)
        for command in (["catalogue", "rebuild"], ["verify", "--journal"], ["verify"]):
            status, told = _forked(root, ["--archive", str(root), *command])
            if status:
                yield f"{' '.join(command)}: {status}, {told}"
            if command[0] == "catalogue" and state.catalogue_rows(root) != before:
                yield "the catalogue differs once it is rebuilt"

    def _untouched(self) -> Iterator[str]:
        if state.transfers(self._batch) != self._transfers:
            yield "the transfers were changed"

    def _ingest(
        self,
        root: Path,
        wanted: int = 0,
        strike: Strike = killing,
        *,
        at: datetime = state.AT,
        listing: Path | None = None,
    ) -> tuple[int, str]:
        steps = Steps(root, wanted, strike) if wanted or listing else None
        command = ["--archive", str(root), "ingest", str(self._batch)]
        return _forked(root, command, steps, listing, at)

    def _tidied(self, outcome: Outcome, place: Path) -> Outcome:
        if not outcome.problems:
            shutil.rmtree(place)
        return outcome


def founding(folder: Path, numbers: Callable[[Sequence[str]], Sequence[int]]) -> Iterator[Outcome]:
    """Kill the founding of an archive at steps, and call it again: then there is an archive, all of it."""
    whole = folder / "whole" / "archive"
    whole.parent.mkdir()
    steps = Steps(whole)
    _forked(whole, ["init", str(whole)], steps, folder / "steps.json")
    taken = json.loads((folder / "steps.json").read_text())
    for number in numbers(taken):
        root = folder / str(number) / "archive"
        root.parent.mkdir()
        outcome = Outcome(number, taken[number - 1] if number <= len(taken) else "the end")
        outcome.status, _ = _forked(root, ["init", str(root)], Steps(root, number, killing))
        there = (root / "archivum.toml").exists()
        status, told = _forked(root, ["init", str(root)])
        if status != (6 if there else 0):  # what exists is not founded again
            outcome.problems.append(f"called again, it ended with {status}: {told}")
        status, told = _forked(root, ["--archive", str(root), "status"])
        if status:
            outcome.problems.append(f"status: {status}, {told}")
        if (root / "archivum.toml").exists() and not there:
            outcome.problems += state.other_names(root, whole)
        yield outcome


def _forked(
    root: Path,
    command: Sequence[str],
    steps: Steps | None = None,
    listing: Path | None = None,
    at: datetime = state.AT,
) -> tuple[int, str]:
    """Run a command of the command line in a fork; return its exit code and what it told people."""
    # not beside the archive: that disk may be full
    told = Path(tempfile.gettempdir()) / f"archivum-told-{os.getpid()}"

    def act() -> int:
        with told.open("w") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        archivum_cli.main._now = lambda: at
        if steps:
            steps.watch()
        code = archivum_cli.main.run(["--agent", state.ARCHIVIST.name, *command])
        if listing:
            listing.write_text(json.dumps(steps.taken if steps else []))
        return code

    status = in_a_fork(act)
    said = told.read_text(errors="replace")
    told.unlink()
    return status, said


def in_a_fork(act: Callable[[], int]) -> int:
    """Do something in a fork; return its exit code, or the negative number of the signal it died of."""
    child = os.fork()
    if child == 0:
        code = TRACEBACK
        try:
            code = act()
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def adopt() -> None:
    """Be the parent of whatever outlives its own parent from now on."""
    if ctypes.CDLL(None, use_errno=True).prctl(_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def orphans(seconds: float = _ORPHAN_SECONDS) -> Iterator[str]:
    """Yield the adopted processes that are still there after a time in which they could have ended."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            found, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if found == 0 and time.monotonic() > deadline:
            yield "a process outlived its parent"
            return
        if found == 0:
            time.sleep(0.002)


def chosen(steps: Sequence[str], count: int | None) -> list[int]:
    """Return which steps to strike: all, or as many, at first one of each kind, evenly spread."""
    everything = range(1, len(steps) + 2)
    if count is None or count >= len(everything):
        return list(everything)
    kinds = {label: number for number, label in reversed(list(enumerate(steps, 1)))}
    first = sorted({*kinds.values(), len(steps) + 1})
    if count <= len(first):
        return [first[(2 * i + 1) * len(first) // (2 * count)] for i in range(count)]
    rest = [number for number in everything if number not in set(first)]
    more = count - len(first)
    return sorted([*first, *(rest[i * len(rest) // more] for i in range(more))])


def begin() -> None:
    """Prepare this process: it adopts what its children leave, and packages are stored two at a time.

    So three transfers are stored in two steps, and it is killed between them as well.
    """
    adopt()
    group.PACKAGES = 2  # type: ignore[misc]


def main(job: dict[str, Any]) -> None:
    """Strike the steps of one part of the work, and print what came of it."""
    begin()
    folder = Path(job["folder"])
    part, parts = job["part"]

    def numbers(steps: Sequence[str]) -> Sequence[int]:
        return chosen(steps, job["count"])[part::parts]

    if job["task"] == "founding":
        outcomes = list(founding(folder, numbers))
        print(json.dumps({"outcomes": [asdict(one) for one in outcomes]}))
        return
    harness = Harness(folder, Path(job["template"]), Path(job["batch"]))
    tasks: dict[str, Callable[[int], Outcome]] = {"twice": harness.twice, "tomorrow": harness.tomorrow}
    act = tasks.get(job["task"], lambda number: harness.struck(job["task"], number))
    outcomes = [act(number) for number in numbers(harness.whole.steps)]
    print(json.dumps({"status": harness.whole.status, "outcomes": [asdict(one) for one in outcomes]}))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))

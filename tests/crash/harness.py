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
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import archivum_cli.main
from tests.crash import state
from tests.crash.steps import Steps, Strike, failing, killing, vanishing

TRACEBACK: Final = 70
_SUBREAPER: Final = 36  # PR_SET_CHILD_SUBREAPER, prctl(2)
_ORPHAN_SECONDS: Final = 10.0
STORAGE: Final = "storage/main"

# how a step is struck: by its name in a job
STRIKES: Final[dict[str, Callable[[Path], Strike]]] = {
    "kill": lambda root: killing,
    "full": lambda root: failing(errno.ENOSPC, space=True),
    "full-once": lambda root: failing(errno.ENOSPC, space=True, once=True),
    "broken-once": lambda root: failing(errno.EIO, once=True),
    "read-only": lambda root: failing(errno.EROFS),
    "gone": lambda root: vanishing(root / STORAGE, root.parent / "gone"),
}


@dataclass(slots=True)
class Outcome:
    """What became of one ingest that was struck; ``status`` is its exit code or the negative signal."""

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
    transfers: dict[str, tuple[int, int, bytes]]
    steps: list[str]


class Harness:
    """Copies of one archive, in a folder, that take in one batch."""

    def __init__(self, folder: Path, template: Path, batch: Path) -> None:
        self._folder, self._template, self._batch = folder, template, batch
        self.whole = self._uninterrupted()

    def struck(self, strike: str, number: int) -> Outcome:
        """Strike an ingest at a step, look at what is left, run it again to its end, and look again."""
        outcome = Outcome(number, self.whole.steps[number - 1] if number <= len(self.whole.steps) else "end")
        place = self._folder / f"{strike}-{number}"
        root = self._copy(place)
        outcome.status, outcome.told = self._ingest(root, number, STRIKES[strike](root))
        outcome.problems += self._left(place, root)
        status, told = self._ingest(root)
        if status != self.whole.status:
            outcome.problems.append(f"run again, it ended with {status}: {told}")
        outcome.problems += self._end(root)
        if not outcome.problems:
            shutil.rmtree(place)
        return outcome

    def _uninterrupted(self) -> Whole:
        transfers = state.transfers(self._batch)
        root = self._copy(self._folder / "whole")
        status, told = self._ingest(root, listing=self._folder / "steps.json")
        if status == TRACEBACK:
            raise RuntimeError(told)
        steps = json.loads((self._folder / "steps.json").read_text())
        return Whole(status, state.files(root), state.catalogue_rows(root), transfers, steps)

    def _copy(self, place: Path) -> Path:
        place.mkdir()
        return Path(shutil.copytree(self._template, place / "archive"))

    def _left(self, place: Path, root: Path) -> Iterator[str]:
        """Yield what should not be after a strike; what was taken away is brought back."""
        yield from orphans()
        if (place / "gone").exists():
            if (root / STORAGE).exists():
                yield f"a new storage was made: {sorted(map(str, (root / STORAGE).rglob('*')))}"
                shutil.rmtree(root / STORAGE)
            (place / "gone").rename(root / STORAGE)
        yield from state.half_visible(root, self.whole.files)
        if state.transfers(self._batch) != self.whole.transfers:
            yield "the transfers were changed"

    def _end(self, root: Path) -> Iterator[str]:
        """Yield in what an archive is not the one that was never interrupted."""
        yield from orphans()
        yield from state.different(state.files(root), self.whole.files)
        if state.catalogue_rows(root) != self.whole.rows:
            yield "the catalogue differs"
        for command in (["catalogue", "rebuild"], ["verify", "--journal"], ["verify"]):
            status, told = _forked(root, command)
            if status:
                yield f"{' '.join(command)}: {status}, {told}"
            if command[0] == "catalogue" and state.catalogue_rows(root) != self.whole.rows:
                yield "the catalogue differs once it is rebuilt"
        if state.transfers(self._batch) != self.whole.transfers:
            yield "the transfers were changed"

    def _ingest(
        self, root: Path, wanted: int = 0, strike: Strike = killing, listing: Path | None = None
    ) -> tuple[int, str]:
        steps = Steps(root, wanted, strike)
        watched = steps if wanted or listing else None
        status, told = _forked(root, ["ingest", str(self._batch)], watched, listing)
        return status, told


def _forked(
    root: Path, command: Sequence[str], steps: Steps | None = None, listing: Path | None = None
) -> tuple[int, str]:
    """Run a command of the command line in a fork; return its exit code and what it told people."""
    told = root.parent / "told.txt"
    child = os.fork()
    if child == 0:
        code = TRACEBACK
        with told.open("w") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        try:
            archivum_cli.main._now = state.clock
            if steps:
                steps.watch()
            code = archivum_cli.main.run(["--agent", state.ARCHIVIST.name, "--archive", str(root), *command])
            if listing:
                listing.write_text(json.dumps(steps.taken if steps else []))
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), told.read_text(errors="replace")


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
    """Return which steps to strike: all, or the first of each kind and others evenly up to a count."""
    everything = range(1, len(steps) + 2)
    if count is None or count >= len(everything):
        return list(everything)
    first = {label: number for number, label in reversed(list(enumerate(steps, 1)))}
    picked = {*first.values(), len(steps) + 1}
    rest = [number for number in everything if number not in picked]
    more = max(0, count - len(picked))
    picked |= {rest[i * len(rest) // more] for i in range(more)}
    return sorted(picked)


def main(job: dict[str, Any]) -> None:
    """Strike the steps of one part of the work, and print what came of it."""
    adopt()
    harness = Harness(Path(job["folder"]), Path(job["template"]), Path(job["batch"]))
    part, parts = job["part"]
    numbers = chosen(harness.whole.steps, job["count"])[part::parts]
    outcomes = [asdict(harness.struck(job["strike"], number)) for number in numbers]
    print(json.dumps({"status": harness.whole.status, "steps": harness.whole.steps, "outcomes": outcomes}))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))

"""A harness on file systems of its own: small ones, read-only ones, one that is unmounted while it is used.

Started as ``unshare -rm python -m tests.crash.mounts JOB``: in a namespace of its own it may mount, and what
it mounts is gone with it.
"""

import ctypes
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from tests.crash import state
from tests.crash.harness import STORAGE, Harness, Outcome, begin, chosen
from tests.crash.steps import Strike, killing

MISCONFIGURED: Final = 2
PAGE: Final = 4096  # bytes; a tmpfs gives whole pages
PLENTY: Final = "size=256m,nr_inodes=100000"
_DETACH: Final = 2  # MNT_DETACH, umount2(2)


class Mounts(Harness):
    """Copies of one archive, each on its own file system."""

    def space(self, size: int) -> Outcome:
        """Ingest on a disk of so many bytes; make it bigger and run it again."""
        return self._small(f"size={size}", size)

    def inodes(self, number: int) -> Outcome:
        """Ingest on a disk that can hold so many files and folders, with enough room for their bytes."""
        return self._small(f"size=256m,nr_inodes={number}", number)

    def read_only(self, number: int) -> Outcome:
        """Ingest into a storage, or (1) into a whole archive, that is mounted read-only: nothing changes."""
        _, root = self._copy(f"read-only {number}")
        mounted = (root / STORAGE, root)[number]
        _bind(mounted, mounted)
        _remount(mounted, "bind,ro")
        before = state.files(root)
        outcome = self._outcome(number, *self._ingest(root))
        if state.files(root) != before:
            outcome.problems.append("something was changed")
        _remount(mounted, "bind,rw")
        outcome.problems += self._again(root)
        outcome.problems += self._end(root)
        return outcome

    def unmounted(self, number: int) -> Outcome:
        """Unmount the storage at a step: an empty folder is in its place, and should stay empty.

        The moment between looking whether it is there and making a folder or a segment of the journal cannot
        be closed; but then that does not count as done.
        """
        place, root = self._copy(f"unmounted {number}")
        disk, point = place / "disk", root / STORAGE
        point.rename(disk)
        point.mkdir()
        _bind(disk, point)
        outcome = self._outcome(number, *self._ingest(root, number, _unmounting(point)))
        if number <= len(self.whole.steps):  # this process is in the same namespace
            strays = {
                str(one.relative_to(point)).partition("/")[0] for one in point.rglob("*") if one.is_file()
            }
            if strays - {"journal"} or (strays and outcome.status != MISCONFIGURED):
                outcome.problems.append(f"put in its place: {sorted(map(str, point.rglob('*')))}")
            _bind(disk, point)
        outcome.problems += self._left(place, root)
        outcome.problems += self._again(root)
        outcome.problems += self._end(root)
        return outcome

    def used(self) -> tuple[int, int]:
        """Return how many bytes and inodes the archive takes before anything is in it."""
        place, _ = self._on_disk("used", PLENTY)
        found = os.statvfs(place)
        return (found.f_blocks - found.f_bfree) * found.f_frsize, found.f_files - found.f_ffree

    def needed(self) -> tuple[int, int]:
        """Return how many bytes and inodes it takes with the batch in it."""
        place, root = self._on_disk("needed", PLENTY)
        self._ingest(root)
        found = os.statvfs(place)
        return (found.f_blocks - found.f_bfree) * found.f_frsize, found.f_files - found.f_ffree

    def _small(self, options: str, number: int) -> Outcome:
        place, root = self._on_disk(options, options)
        outcome = self._outcome(number, *self._ingest(root))
        outcome.label = options
        _remount(place, PLENTY)
        outcome.problems += self._left(place, root)
        outcome.problems += self._again(root)
        outcome.problems += self._end(root)
        return outcome

    def _on_disk(self, name: str, options: str) -> tuple[Path, Path]:
        place = self._folder / name
        place.mkdir()
        _run("mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place))
        return place, Path(shutil.copytree(self._template, place / "archive"))


def _bind(place: Path, point: Path) -> None:
    _run("mount", "--bind", str(place), str(point))


def _remount(point: Path, options: str) -> None:
    _run("mount", "-o", f"remount,{options}", str(point))


def _run(*command: str) -> None:
    subprocess.run(command, check=True)


def _unmounting(point: Path) -> Strike:
    struck = False

    def strike(call: str, path: str) -> None:
        nonlocal struck
        if not struck:
            struck = True
            if ctypes.CDLL(None, use_errno=True).umount2(os.fsencode(point), _DETACH) != 0:
                killing(call, path)

    return strike


def sizes(low: int, high: int, step: int, count: int | None) -> Sequence[int]:
    """Return sizes between two, all of them or as many, evenly spread."""
    every = range(low, high, step)
    return every if count is None else [every[(2 * i + 1) * len(every) // (2 * count)] for i in range(count)]


def main(job: dict[str, Any]) -> None:
    """Do one of the tasks, and print what came of it."""
    begin()
    harness = Mounts(Path(job["folder"]), Path(job["template"]), Path(job["batch"]))
    count = job["count"]
    if job["task"] == "space":
        (used, _), (needed, _) = harness.used(), harness.needed()
        outcomes = [harness.space(size) for size in sizes(used + 2 * PAGE, needed, PAGE, count)]
    elif job["task"] == "inodes":
        (_, used), (_, needed) = harness.used(), harness.needed()
        outcomes = [harness.inodes(number) for number in sizes(used + 4, needed, 1, count)]
    elif job["task"] == "read-only":
        outcomes = [harness.read_only(number) for number in range(2)]
    else:
        outcomes = [harness.unmounted(number) for number in chosen(harness.whole.steps, count)]
    print(json.dumps({"outcomes": [asdict(one) for one in outcomes]}))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))

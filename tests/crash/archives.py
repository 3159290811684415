"""Archives and batches that the tests of this folder begin with; always the same."""

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest

from archivum.founding import found_archive
from fixtures.bags import bag
from fixtures.defects import Defect
from fixtures.sip import spis
from tests.crash import state

ROOT: Final = Path(__file__).resolve().parents[2]
# all steps instead of some of them: ARCHIVUM_CRASH=all (about a quarter of an hour for each way to strike)
ALL: Final = os.environ.get("ARCHIVUM_CRASH") == "all"
_SECONDS: Final = 3600 if ALL else 600


def found(root: Path) -> Path:
    """Found an archive whose identity and time are constants."""
    found_archive(
        root, UUID(int=7), state.AT,
        name="Archiv", institution="Městský archiv", language="cs", agent=state.ARCHIVIST, clock=state.clock,
    )  # fmt: skip
    return root


def write_three(folder: Path) -> Path:
    """Write a SIP and a bag without a fault and a SIP in which a byte was changed."""
    folder.mkdir()
    spis(1, components=2).write_folder(folder)
    bag(1, files=2, size=1000).write_zip(folder)
    spis(8, components=1).write_zip(folder, [Defect.CHANGED_BYTE])
    return folder


def strike(
    folder: Path, task: str, count: int, part: tuple[int, int] = (0, 1), *, mounts: bool = False
) -> list[dict[str, Any]]:
    """Have a harness strike steps of an ingest of the three; return what came of each.

    ``mounts``: by the harness that has file systems of its own.
    """
    (folder / "work").mkdir()
    job = {
        "folder": str(folder / "work"),
        "template": str(found(folder / "template")),
        "batch": str(write_three(folder / "batch")),
        "task": task,
        "count": None if ALL else count,
        "part": part,
    }
    before, harness = (("unshare", "-rm"), "mounts") if mounts else ((), "harness")
    done = subprocess.run(
        [*before, sys.executable, "-m", f"tests.crash.{harness}", json.dumps(job)],
        check=False, cwd=ROOT, capture_output=True, text=True, timeout=_SECONDS,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    outcomes: list[dict[str, Any]] = json.loads(done.stdout)["outcomes"]
    assert len(outcomes) >= count // part[1] - 1
    return outcomes


def troubled(outcomes: list[dict[str, Any]], *statuses: int) -> list[dict[str, Any]]:
    """Return what did not end with one of some exit codes, or left something that should not be."""
    return [one for one in outcomes if one["problems"] or one["status"] not in statuses]


@cache
def can_mount() -> bool:
    """Whether a namespace may be made in which to mount."""
    command = 'd=$(mktemp -d) && mount -t tmpfs tmpfs "$d" && umount "$d" && rmdir "$d"'
    try:
        done = subprocess.run(["unshare", "-rm", "sh", "-c", command], check=False, capture_output=True)
    except OSError:
        return False
    return done.returncode == 0


needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="it needs /proc and prctl(2) of Linux")

"""Killed while an infected package is refused, and run again, all ends as if nothing had happened."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import archivum_cli.main
from tests.crash import archives, state
from tests.crash.archives import needs_linux
from tests.crash.steps import Steps, killing
from tests.scanners import MARKER, configure, standing_in

pytestmark = needs_linux
KILLED, REJECTED = -9, 3


def test_killed_at_a_step_and_run_again_it_ends_the_same(tmp_path: Path) -> None:
    transfer = tmp_path / "in" / "nakazeny"
    transfer.mkdir(parents=True)
    (transfer / "virus.txt").write_bytes(MARKER)
    (transfer / "cti.txt").write_text("Spis.\n", "utf-8")
    root = archives.found(tmp_path / "template")
    with standing_in() as clamd:
        configure(root, clamd.address)
        job = json.dumps({"template": str(root), "transfer": str(transfer), "work": str(tmp_path)})
        done = subprocess.run(
            [sys.executable, "-m", "tests.crash.test_quarantine", job],
            check=False, cwd=archives.ROOT, capture_output=True, text=True, timeout=300,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    outcomes = json.loads(done.stdout)
    assert {one["label"].split()[0] for one in outcomes} >= {"mkdir", "open", "rename"}
    for one in outcomes:
        assert one["killed"] == KILLED, one
        assert one["half"] == [], one
        assert one["again"] == REJECTED, one
        assert one["different"] == [], one


def main(job: dict[str, str]) -> None:
    """Strike steps that touch the quarantine, and the first after them; print what came of each."""
    work, transfer = Path(job["work"]), job["transfer"]
    whole = Path(shutil.copytree(job["template"], work / "whole"))
    taken = work / "steps.json"
    assert _forked(lambda: _ingest(whole, transfer, taken=taken)) == REJECTED
    steps: list[str] = json.loads(taken.read_bytes())
    touching = [number for number, step in enumerate(steps, 1) if "quarantine" in step]
    # the last of each kind, which comes after all others, and what follows on the last of all
    kinds = {steps[number - 1].split()[0]: number for number in touching}
    outcomes = []
    for number in (*sorted(kinds.values()), touching[-1] + 1):
        root = Path(shutil.copytree(job["template"], work / f"struck-{number}"))
        killed = _forked(lambda root=root, number=number: _ingest(root, transfer, number))
        half = [
            str(held)
            for held in (root / "quarantine").glob("[!.]*/[!.]*")
            if {one.name for one in held.iterdir()} != {"content.infected", "note.json"}
        ]
        again = _forked(lambda root=root: _ingest(root, transfer))
        different = state.different(state.files(root), state.files(whole))
        outcomes.append(
            {
                "label": steps[number - 1],
                "killed": killed,
                "half": half,
                "again": again,
                "different": different,
            }
        )
        shutil.rmtree(root)
    sys.stdout.write(json.dumps(outcomes))


def _ingest(root: Path, transfer: str, number: int = 0, taken: Path | None = None) -> int:
    steps = Steps(root, number, killing)
    steps.watch()
    archivum_cli.main._now = state.clock  # type: ignore[attr-defined]
    code = archivum_cli.main.run(["--archive", str(root), "--agent", "A", "ingest", transfer])
    if taken is not None:
        taken.write_text(json.dumps(steps.taken))
    return code


def _forked(work: Callable[[], Any]) -> int:
    """Do some work in a process of its own and return its exit code, or the negative signal."""
    child = os.fork()
    if child == 0:
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), 1)
            os.dup2(nowhere.fileno(), 2)
        os._exit(work())
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))

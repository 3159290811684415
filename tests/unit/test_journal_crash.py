"""The process is killed (SIGKILL) before and after every step of an append; run again, it ends the same.

A harness in a process of its own forks a writer for each step, which kills itself there; then it runs the
same work again in another fork and compares what is on disk with a journal that was never interrupted.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from archivum.catalogue import segments
from tests.unit.test_journal_samples import accepted, arrival, files_below, journal_in, rejected

ROOT = Path(__file__).resolve().parents[2]
# the step, the segments in each storage after it, the exit code of the second run, the same in each storage
Outcome = tuple[int, list[int], int, list[bool]]
NAMES = ("archive", "main", "second")

HARNESS = """
import json, os, shutil, signal, sys
from pathlib import Path

sys.path.insert(0, sys.argv[2])
from tests.unit.test_journal_crash import work
from tests.unit.test_journal_samples import files_below

root = Path(sys.argv[1])
STEPS = ("fsync", "link", "mkdir", "unlink", "open", "close", "write")

def killing_at(wanted):
    taken = 0
    def step():
        nonlocal taken
        taken += 1
        if taken == wanted:
            os.kill(os.getpid(), signal.SIGKILL)
    def wrapped(call):
        def run(*args, **kwargs):
            step()
            try:
                return call(*args, **kwargs)
            finally:
                step()
        return run
    # a killed process, unlike a power cut, does not lose what is not on the disk yet: fsync is a step only
    os.fsync = lambda handle: None
    for name in STEPS:
        setattr(os, name, wrapped(getattr(os, name)))

def forked(act):
    child = os.fork()
    if child == 0:
        code = 1
        try:
            act()
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return status

outcomes = []
wanted = 0
while True:
    wanted += 1
    folder = root / str(wanted)
    def killed():
        killing_at(wanted)
        work(folder, 2)
    if forked(killed) == 0:
        break
    seen = [len(files_below(folder / name)) for name in ("archive", "main", "second")]
    def again_to_the_end():
        os.fsync = lambda handle: None
        work(folder, 3)
    again = forked(again_to_the_end)
    same = [
        files_below(folder / name) == files_below(root / "whole" / name)
        for name in ("archive", "main", "second")
    ]
    outcomes.append((wanted, seen, again, same))
    shutil.rmtree(folder)
print(json.dumps(outcomes))
"""


def work(folder: Path, until: int) -> None:
    """Append three batches, each unless it is there already: what a run that is started again does."""
    journal = journal_in(folder, NAMES)
    reached = 0
    for batch in (accepted(1), rejected(2), [arrival(3)])[:until]:
        reached += len(batch)
        if journal.head().seq < reached:
            journal.append(batch)


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> list[Outcome]:
    root = tmp_path_factory.mktemp("crash")
    work(root / "whole", 3)
    done = subprocess.run(
        [sys.executable, "-c", HARNESS, root, ROOT],
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return [(step, seen, again, same) for step, seen, again, same in json.loads(done.stdout)]


def test_killed_at_any_step_and_run_again_the_journal_is_the_same(outcomes: list[Outcome]) -> None:
    assert len(outcomes) > 60
    assert [one for one in outcomes if one[2] != 0 or one[3] != [True, True, True]] == []


def test_the_steps_cover_every_state_in_between(outcomes: list[Outcome]) -> None:
    """Segments in the first, second and third storage; the first is never behind, none has half of one."""
    states = {tuple(seen) for _, seen, _, _ in outcomes}
    assert states >= {(0, 0, 0), (1, 0, 0), (1, 1, 0), (1, 1, 1), (2, 1, 1), (2, 2, 1), (2, 2, 2)}
    assert all(first >= second >= third for first, second, third in states)


def test_what_a_killed_process_left_is_read_as_it_is(tmp_path: Path) -> None:
    journal = journal_in(tmp_path, NAMES)
    journal.append(accepted(1))
    journal.append(rejected(2))
    (tmp_path / "second" / segments.key(2)).unlink()
    assert [finding.code for finding in journal_in(tmp_path, NAMES).verify()] == ["journal-behind"]
    assert [entry.event for entry in journal_in(tmp_path, NAMES).entries()] == accepted(1) + rejected(2)
    assert journal_in(tmp_path, NAMES).heal() == [("second", segments.key(2))]
    assert files_below(tmp_path / "second") == files_below(tmp_path / "archive")

"""The process is killed before each of its writes; run again, everything ends as if nothing had happened.

A batch of a good SIP, a good bag and a bad SIP is ingested by the command line, killed (SIGKILL) at one step,
and run again. At once after the kill no reader sees anything half done; in the end every file of the archive
and every row of the catalogue is the same as without the kill, nothing is left of the work, the catalogue can
be rebuilt, all AIPs and the journal verify, the transfers are untouched and no process has survived. Without
``ARCHIVUM_CRASH=all`` the steps are a sample: at least the first of every kind.
"""

from pathlib import Path

import pytest

from tests.crash.archives import needs_linux, strike, troubled

pytestmark = needs_linux
KILLED, PARTLY_DONE = -9, 4
PARTS = 4


@pytest.mark.parametrize("part", range(PARTS))
def test_killed_at_a_step_and_run_again_it_ends_the_same(tmp_path: Path, part: int) -> None:
    outcomes = strike(tmp_path, "kill", 80, (part, PARTS))
    assert troubled(outcomes, KILLED, PARTLY_DONE) == []
    assert all(one["status"] == KILLED or one["label"] == "the end" for one in outcomes)


def test_killed_again_while_it_takes_up_what_was_left(tmp_path: Path) -> None:
    assert troubled(strike(tmp_path, "twice", 8), KILLED) == []


def test_run_again_a_day_later_what_was_received_keeps_its_day(tmp_path: Path) -> None:
    """Times may differ then, of the events and of a package that had no receipt yet; nothing else does."""
    assert troubled(strike(tmp_path, "tomorrow", 6), KILLED) == []


def test_founding_killed_at_a_step_is_completed_by_the_next_call(tmp_path: Path) -> None:
    assert troubled(strike(tmp_path, "founding", 12), KILLED) == []

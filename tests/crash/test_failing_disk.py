"""The disk refuses at a step of an ingest: exit 2 with advice; run again it ends as if nothing had happened.

What is checked is what :mod:`tests.crash.test_kill` checks. ``ARCHIVUM_CRASH=all`` takes every step.
"""

from pathlib import Path
from typing import Any

import pytest

from tests.crash.archives import needs_linux, strike, troubled

pytestmark = needs_linux
MISCONFIGURED, PARTLY_DONE = 2, 4


def ids(outcomes: list[dict[str, Any]]) -> set[str]:
    """Return the ids of the errors that were told, each with a hint below it."""
    told = set()
    for one in outcomes:
        if one["status"] == MISCONFIGURED:
            lines = one["told"].splitlines()
            number = next(i for i, line in enumerate(lines) if line.startswith("Error: "))
            assert lines[number + 1].startswith("  → ")
            told.add(lines[number].rpartition("[")[2].rstrip("]"))
    return told


@pytest.mark.parametrize("part", range(2))
def test_the_disk_is_full_from_a_step_on(tmp_path: Path, part: int) -> None:
    outcomes = strike(tmp_path, "full", 24, (part, 2))
    assert troubled(outcomes, MISCONFIGURED, PARTLY_DONE) == []
    assert ids(outcomes) <= {"storage.full", "catalogue.full"}
    assert sum(one["status"] == MISCONFIGURED for one in outcomes) > 0.8 * len(outcomes)


def test_the_disk_is_read_only_from_a_step_on(tmp_path: Path) -> None:
    outcomes = strike(tmp_path, "read-only", 12)
    assert troubled(outcomes, MISCONFIGURED, PARTLY_DONE) == []
    assert ids(outcomes) <= {"storage.read-only", "catalogue.read-only"}


@pytest.mark.parametrize("part", range(2))
def test_one_step_fails(tmp_path: Path, part: int) -> None:
    """Where it is only the tidying that fails, the work goes on."""
    outcomes = strike(tmp_path, "broken once", 24, (part, 2))
    assert troubled(outcomes, MISCONFIGURED, PARTLY_DONE) == []
    assert ids(outcomes) <= {"storage.failed", "catalogue.database"}


def test_the_storage_is_taken_away_at_a_step(tmp_path: Path) -> None:
    outcomes = strike(tmp_path, "gone", 12)
    assert troubled(outcomes, MISCONFIGURED, PARTLY_DONE) == []
    assert ids(outcomes) <= {"storage.vanished", "storage.failed"}

"""Disks that are really full, read-only, or unmounted while they are used, in a namespace of the test's own.

What is checked is what :mod:`tests.crash.test_kill` checks. ``ARCHIVUM_CRASH=all`` takes every size and step.
"""

from pathlib import Path

import pytest

from tests.crash.archives import can_mount, needs_linux, strike, troubled  # noqa: F401 (named in a condition)
from tests.crash.test_failing_disk import MISCONFIGURED, PARTLY_DONE, ids

pytestmark = [
    needs_linux,
    pytest.mark.skipif("not can_mount()", reason="no namespace with mounts of its own may be made here"),
]


def test_the_disk_fills_up(tmp_path: Path) -> None:
    outcomes = strike(tmp_path, "space", 10, mounts=True)
    assert troubled(outcomes, MISCONFIGURED, PARTLY_DONE) == []
    # SQLite speaks of an I/O error where its shared memory file cannot grow
    assert ids(outcomes) <= {"storage.full", "catalogue.full", "catalogue.database"}
    assert sum(one["status"] == MISCONFIGURED for one in outcomes) >= len(outcomes) // 2


def test_the_disk_has_no_room_for_one_more_file(tmp_path: Path) -> None:
    outcomes = strike(tmp_path, "inodes", 6, mounts=True)
    assert troubled(outcomes, MISCONFIGURED, PARTLY_DONE) == []
    assert ids(outcomes) <= {"storage.full", "storage.failed", "catalogue.full", "catalogue.read-only"}
    assert sum(one["status"] == MISCONFIGURED for one in outcomes) >= len(outcomes) // 2


def test_a_storage_or_an_archive_that_is_read_only(tmp_path: Path) -> None:
    outcomes = strike(tmp_path, "read-only", 2, mounts=True)
    assert troubled(outcomes, MISCONFIGURED) == []
    assert ids(outcomes) <= {"storage.read-only", "catalogue.read-only"}


def test_the_storage_is_unmounted_at_a_step(tmp_path: Path) -> None:
    """The folder that it was mounted on is there and empty, and nothing is put into it."""
    outcomes = strike(tmp_path, "unmounted", 10, mounts=True)
    assert troubled(outcomes, MISCONFIGURED, PARTLY_DONE) == []
    assert ids(outcomes) <= {"storage.vanished", "storage.failed"}

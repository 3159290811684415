"""The making of a version is killed before each of its writes; run again, all ends as if nothing happened.

At once after the kill the object in storage is the one with the version or the one without it, byte for byte,
and verifies. ``ARCHIVUM_CRASH=all`` takes every step.
"""

import json
import subprocess
import sys
from pathlib import Path

from tests.crash.archives import ALL, ROOT, needs_linux

pytestmark = needs_linux
KILLED, STEPS = -9, 16


def test_killed_at_a_step_and_run_again_it_ends_the_same(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.crash.versions", str(tmp_path), "0" if ALL else str(STEPS)],
        check=False, cwd=ROOT, capture_output=True, text=True, timeout=3600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    outcomes = json.loads(done.stdout)
    assert [one for one in outcomes if one["problems"]] == []
    assert all(one["status"] == KILLED or one["label"] == "the end" for one in outcomes)
    labels = {one["label"] for one in outcomes}
    assert any(label.startswith("rename storage/main/ocfl/") for label in labels), labels

"""A batch in several processes is killed from outside, at moments nobody chose, and run again to its end.

Killed are all its processes, only the first of them, or one that works for it. Whatever happens: every
package is stored once and told of once, what is stored is what was sent, and no process goes on in secret.
``ARCHIVUM_CRASH=all`` tries it many more times.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from unittest.mock import ANY

import pytest

from fixtures.bags import bag
from fixtures.defects import Defect
from fixtures.sip import dokument, spis
from tests.crash import state
from tests.crash.archives import ALL, ROOT, needs_linux

pytestmark = needs_linux
PARTLY_DONE, MISCONFIGURED, BUSY = 4, 2, 7
PATIENCE: Final = 60.0
MARK: Final = "ARCHIVUM_TEST_MARK"  # in the environment of a command and of all that it starts


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("outside") / "batch"
    folder.mkdir()
    for number in range(1, 20):
        spis(number, components=1 + number % 3).write_folder(folder)
    for number in range(20, 25):
        dokument(number).write_zip(folder)
    for number in range(4):
        bag(number, files=3, size=1000).write_tar(folder)
    spis(30, components=1).write_folder(folder, [Defect.CHANGED_BYTE])
    dokument(31).write_zip(folder, [Defect.MISSING_FILE])
    return folder


@pytest.fixture(scope="module")
def sent(batch: Path) -> dict[str, tuple[int, int, bytes]]:
    return state.transfers(batch)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("template") / "archive"
    assert command(root, "init", str(root)) == (0, ANY)
    return root


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, template: Path, batch: Path) -> dict[str, object]:
    root = copied(template, tmp_path_factory.mktemp("whole") / "archive")
    assert command(root, "ingest", str(batch), "--jobs", "2") == (PARTLY_DONE, ANY)
    return content(root)


@pytest.fixture
def root(tmp_path: Path, template: Path) -> Iterator[Path]:
    yield copied(template, tmp_path / "archive")
    for one in list(running(tmp_path / "archive")):
        os.kill(one, signal.SIGKILL)


def copied(template: Path, root: Path) -> Path:
    subprocess.run(["cp", "-a", template, root], check=True)
    return root


@dataclass(frozen=True, slots=True)
class Command:
    """A command that was started, and the file in which it tells what it has to tell people."""

    process: "subprocess.Popen[bytes]"
    told: Path

    def end(self) -> tuple[int, str]:
        """Wait for it; return its exit code and what it told."""
        return self.process.wait(300), self.told.read_text()


def started(root: Path, *arguments: str) -> Command:
    told = root.parent / "told.txt"
    with told.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "archivum_cli", "--archive", str(root), *arguments],
            cwd=ROOT, stdout=subprocess.DEVNULL, stderr=file, start_new_session=True,
            env=os.environ | {MARK: str(root), "LC_ALL": "C.UTF-8"},
        )  # fmt: skip
    return Command(process, told)


def command(root: Path, *arguments: str) -> tuple[int, str]:
    return started(root, *arguments).end()


def content(root: Path) -> dict[str, object]:
    """Return what does not depend on the time: packages with their state, digests of what was sent."""
    submitted = [
        line
        for manifest in state.manifests(state.files(root / "storage/main/ocfl")).values()
        for line in manifest.decode().splitlines()
        if "/representations/submission/data/" in line
    ]
    archive = state.opened(root)
    packages = {
        (str(one.uuid), one.state, one.digest, one.package_id, one.files, one.size, one.described)
        for one in archive.catalogue.packages()
    }
    archive.close()
    return {"packages": packages, "submitted": sorted(submitted)}


def running(root: Path) -> Iterator[int]:
    """Yield the processes that a command for this archive has started, and that are not over."""
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            dead = place.joinpath("stat").read_text().rpartition(")")[2].split()[0] == "Z"
            if not dead and f"{MARK}={root}".encode() in place.joinpath("environ").read_bytes().split(b"\0"):
                yield int(place.name)


def workers(root: Path) -> list[int]:
    """Return the processes that ingest for another."""
    return [one for one in running(root) if b"spawn_main" in Path(f"/proc/{one}/cmdline").read_bytes()]


def wait_for(condition: object, seconds: float = PATIENCE) -> None:
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.002)


def stored(root: Path) -> int:
    """Return how many AIPs are there to be seen."""
    return sum(1 for _ in (root / "storage/main/ocfl").glob("*/*/*/*/inventory.json"))


def kill_group(process: "subprocess.Popen[bytes]", root: Path) -> None:
    os.killpg(process.pid, signal.SIGKILL)


def kill_first(process: "subprocess.Popen[bytes]", root: Path) -> None:
    process.kill()


def kill_worker(process: "subprocess.Popen[bytes]", root: Path) -> None:
    os.kill(workers(root)[0], signal.SIGKILL)


@pytest.mark.parametrize("seed", range(40 if ALL else 2))
def test_killed_from_outside_and_run_again(
    root: Path, batch: Path, sent: dict[str, tuple[int, int, bytes]], whole: dict[str, object], seed: int
) -> None:
    chance = random.Random(seed)
    kills = [kill_group, kill_first, kill_worker]
    chance.shuffle(kills)
    for number, kill in enumerate(kills):
        running_batch = started(root, "ingest", str(batch), "--jobs", "2")
        reached = number * 7 + chance.randrange(7)
        wait_for(lambda wanted=reached: stored(root) >= wanted and len(workers(root)) == 2)
        time.sleep(chance.random() * 0.1)
        kill(running_batch.process, root)
        status, told = running_batch.end()
        assert status == (MISCONFIGURED if kill is kill_worker else -signal.SIGKILL), told
        if kill is kill_worker:
            assert "[ingest.process]\n  → " in told
            assert "Traceback" not in told
    for _ in range(100):
        status, told = command(root, "ingest", str(batch), "--jobs", "2")
        if status != BUSY:
            break
    assert status == PARTLY_DONE, told
    wait_for(lambda: not list(running(root)))
    assert state.transfers(batch) == sent
    assert content(root) == whole
    assert list(state.told_twice(root)) == []
    assert [place for place in state.files(root) if unfinished(place)] == []
    before = state.catalogue_rows(root)
    assert command(root, "catalogue", "rebuild") == (0, ANY)
    assert state.catalogue_rows(root) == before
    assert command(root, "verify", "--journal") == (0, ANY)
    assert command(root, "verify") == (0, ANY)


def test_nothing_begins_while_a_process_of_a_killed_batch_still_works(root: Path, batch: Path) -> None:
    """The first process is gone; a worker of it is stopped and cannot notice: the archive is in use."""
    killed = started(root, "ingest", str(batch), "--jobs", "2")
    wait_for(lambda: stored(root) >= 2)
    left = workers(root)
    for one in left:
        os.kill(one, signal.SIGSTOP)
    killed.process.kill()
    killed.end()
    status, told = command(root, "ingest", str(batch))
    for one in left:
        os.kill(one, signal.SIGCONT)
    assert status == BUSY
    assert "[archive.busy]" in told
    wait_for(lambda: not list(running(root)), 10.0)
    assert command(root, "ingest", str(batch)) == (PARTLY_DONE, ANY)


def unfinished(place: str) -> bool:
    """Whether a file or folder is one of an ingest that has not come to its end."""
    name = place.rpartition("/")[2]
    kept = ("storage/main/work/receipts/", "storage/main/work/stamps/", "storage/main/work/ingest-")
    return name.endswith(".new") or place.startswith(kept)

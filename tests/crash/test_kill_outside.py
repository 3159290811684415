"""A batch in several processes is killed from outside, at moments that nobody chose, and run again to its end.

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
from pathlib import Path
from typing import Final

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
    assert command(root, "init", str(root)).returncode == 0
    return root


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, template: Path, batch: Path) -> dict[str, object]:
    root = copied(template, tmp_path_factory.mktemp("whole") / "archive")
    assert command(root, "ingest", str(batch), "--jobs", "2").returncode == PARTLY_DONE
    return content(root)


def copied(template: Path, root: Path) -> Path:
    subprocess.run(["cp", "-a", template, root], check=True)
    return root


def started(root: Path, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "archivum_cli", "--archive", str(root), *arguments],
        cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        env=os.environ | {MARK: str(root), "LC_ALL": "C.UTF-8"},
    )  # fmt: skip


def command(root: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    process = started(root, *arguments)
    told, advised = process.communicate(timeout=300)
    return subprocess.CompletedProcess(process.args, process.returncode, told, advised)


def content(root: Path) -> dict[str, object]:
    """Return what does not depend on the time: packages with their state, and the digests of what was sent."""
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


def segments(root: Path) -> int:
    return sum(1 for _ in (root / "journal").rglob("*.jsonl"))


def kill_group(process: "subprocess.Popen[str]", root: Path) -> None:
    os.killpg(process.pid, signal.SIGKILL)


def kill_first(process: "subprocess.Popen[str]", root: Path) -> None:
    process.kill()


def kill_worker(process: "subprocess.Popen[str]", root: Path) -> None:
    os.kill(workers(root)[0], signal.SIGKILL)


@pytest.mark.parametrize("seed", range(40 if ALL else 2))
def test_killed_from_outside_and_run_again(
    tmp_path: Path,
    template: Path,
    batch: Path,
    sent: dict[str, tuple[int, int, bytes]],
    whole: dict[str, object],
    seed: int,
) -> None:
    root = copied(template, tmp_path / "archive")
    chance = random.Random(seed)
    kills = [kill_group, kill_first, kill_worker]
    chance.shuffle(kills)
    for number, kill in enumerate(kills):
        process = started(root, "ingest", str(batch), "--jobs", "2")
        reached = number * 7 + chance.randrange(7)
        wait_for(lambda wanted=reached: segments(root) >= wanted and len(workers(root)) == 2)
        time.sleep(chance.random() * 0.1)
        kill(process, root)
        told = process.communicate(timeout=PATIENCE)
        assert process.returncode == (MISCONFIGURED if kill is kill_worker else -signal.SIGKILL), told
        if kill is kill_worker:
            assert "[ingest.process]\n  → " in told[1]
            assert "Traceback" not in told[1]
    for _ in range(100):
        done = command(root, "ingest", str(batch), "--jobs", "2")
        if done.returncode != BUSY:
            break
    assert done.returncode == PARTLY_DONE, done.stderr
    wait_for(lambda: not list(running(root)))
    assert state.transfers(batch) == sent
    assert content(root) == whole
    assert list(state.told_twice(root)) == []
    assert [place for place in state.files(root) if unfinished(place)] == []
    before = state.catalogue_rows(root)
    assert command(root, "catalogue", "rebuild").returncode == 0
    assert state.catalogue_rows(root) == before
    assert command(root, "verify", "--journal").returncode == 0
    assert command(root, "verify").returncode == 0


def test_nothing_begins_while_a_process_of_a_killed_batch_still_works(
    tmp_path: Path, template: Path, batch: Path
) -> None:
    """The first process is gone; one that works for it is stopped and cannot notice: the archive is in use."""
    root = copied(template, tmp_path / "archive")
    process = started(root, "ingest", str(batch), "--jobs", "2")
    wait_for(lambda: segments(root) >= 2)
    left = workers(root)
    for one in left:
        os.kill(one, signal.SIGSTOP)
    process.kill()
    process.wait(PATIENCE)
    try:
        busy = command(root, "ingest", str(batch))
        assert busy.returncode == BUSY
        assert "[archive.busy]" in busy.stderr
    finally:
        for one in left:
            os.kill(one, signal.SIGCONT)
    wait_for(lambda: not list(running(root)), 10.0)
    process.communicate()
    assert command(root, "ingest", str(batch)).returncode == PARTLY_DONE


def unfinished(place: str) -> bool:
    """Whether a file or folder is one of an ingest that has not come to its end."""
    name = place.rpartition("/")[2]
    kept = ("storage/main/work/receipts/", "storage/main/work/stamps/", "storage/main/work/ingest-")
    return name.endswith(".new") or place.startswith(kept)

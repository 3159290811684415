"""Transfers that vanish or change while they are read are refused, and nothing of them is stored.

The change is made where the reading tells of its progress: after the first bytes of the first file, or of
the file that is named.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from archivum.archive import Archive
from archivum.ingest.batch import run
from archivum.ingest.order import Order, Outcome, Status
from archivum.model import State
from fixtures.bags import bag
from fixtures.folders import folder
from tests.cli.running import content, left_at_work, opened

MANY = folder(0, files=6, size=3_000_000, described=False)  # files of several reads each


@pytest.fixture
def open_one(archive: Path) -> Iterator[Archive]:
    one = opened(archive)
    yield one
    one.close()


def ingest(archive: Archive, path: Path, change: Callable[[], object], after: int = 1) -> Outcome:
    """Ingest a transfer that is changed after so many reads."""
    reads = 0

    def progress(size: int) -> None:
        nonlocal reads
        reads += 1
        if reads == after:
            change()

    before = content(archive.root / "storage/main/ocfl")
    (done,) = run(archive, [path], Order(), progress=progress)
    assert reads >= after
    assert isinstance(done.result, Outcome)
    assert content(archive.root / "storage/main/ocfl") == before
    assert left_at_work(archive.root) == []
    assert archive.catalogue.package(done.result.uuid).state is State.REJECTED
    return done.result


def refused(outcome: Outcome, code: str, subject: str | None = None) -> bool:
    found = [one.subject for one in outcome.decision.reasons if one.code == code]
    assert (outcome.status, outcome.exit_code) == (Status.REJECTED, 3)
    assert outcome.report is not None and f"[{code}]" in outcome.report.read_text("utf-8")
    return bool(found) if subject is None else subject in found


def append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"jeste neco")


def overwrite(path: Path) -> None:
    """Change one byte and leave the size as it was."""
    with path.open("r+b") as file:
        file.seek(2_500_000)
        file.write(b"X")


def replace_by_longer(path: Path) -> None:
    """Put another file in the place of the first, as programs do that save."""
    other = path.with_name("nový")
    other.write_bytes(path.read_bytes() + b"jeste neco")
    other.replace(path)


CHANGES = {
    "cut": lambda path: os.truncate(path, 10),
    "appended": append,
    "overwritten": overwrite,
    "replaced": replace_by_longer,
}


@pytest.mark.parametrize("how", CHANGES)
@pytest.mark.parametrize("number", [0, 3], ids=["while it is read", "before it is read"])
def test_a_file_that_changes(how: str, number: int, open_one: Archive, sent: Path) -> None:
    path = MANY.write_folder(sent)
    name = f"strany/000/{number:06d}.tif"
    outcome = ingest(open_one, path, lambda: CHANGES[how](path / name))
    being_read = number == 0 and how != "replaced"  # whoever has the old file open still reads the old one
    assert refused(outcome, "file-unstable", name if being_read else "strany/000")


def test_a_file_that_was_read_already_changes(open_one: Archive, sent: Path) -> None:
    path = MANY.write_folder(sent)
    outcome = ingest(open_one, path, lambda: append(path / "strany/000/000000.tif"), after=12)
    assert refused(outcome, "file-unstable", "strany/000")


def test_a_file_that_vanishes(open_one: Archive, sent: Path) -> None:
    path = MANY.write_folder(sent)
    outcome = ingest(open_one, path, (path / "strany/000/000004.tif").unlink)
    assert refused(outcome, "file-vanished", "strany/000/000004.tif")


def test_a_folder_that_vanishes(open_one: Archive, sent: Path) -> None:
    path = bag(0).write_folder(sent)
    outcome = ingest(open_one, path, lambda: shutil.rmtree(path / "data"))
    assert refused(outcome, "file-unstable", "data")


def test_the_whole_that_vanishes(open_one: Archive, sent: Path) -> None:
    path = MANY.write_folder(sent)
    assert refused(ingest(open_one, path, lambda: shutil.rmtree(path)), "file-vanished")


def test_a_file_that_comes_late(open_one: Archive, sent: Path) -> None:
    path = MANY.write_folder(sent)
    outcome = ingest(open_one, path, lambda: append(path / "strany/000/pozdě.txt"))
    assert refused(outcome, "file-unstable", "strany/000")


@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_a_file_that_becomes_something_else(kind: str, open_one: Archive, sent: Path) -> None:
    path = MANY.write_folder(sent)
    place = path / "strany/000/000002.tif"

    def change() -> None:
        place.unlink()
        if kind == "link":
            place.symlink_to("/etc/hostname")
        elif kind == "pipe":
            os.mkfifo(place)
        else:
            place.mkdir()

    outcome = ingest(open_one, path, change)
    assert refused(outcome, "file-unstable", "strany/000")


@pytest.mark.parametrize("container", ["zip", "tar"])
@pytest.mark.parametrize("how", ["cut", "appended", "replaced"])
def test_a_container_that_changes(how: str, container: str, open_one: Archive, sent: Path) -> None:
    path = MANY.write_zip(sent) if container == "zip" else MANY.write_tar(sent)
    outcome = ingest(open_one, path, lambda: CHANGES[how](path))
    assert refused(outcome, "container-damaged" if how == "cut" else "file-unstable")


@pytest.mark.parametrize("container", ["zip", "tar"])
def test_a_container_that_vanishes(container: str, open_one: Archive, sent: Path) -> None:
    path = MANY.write_zip(sent) if container == "zip" else MANY.write_tar(sent)
    assert refused(ingest(open_one, path, path.unlink), "file-unstable", "")


def test_it_is_another_package_when_it_has_settled(open_one: Archive, sent: Path) -> None:
    path = MANY.write_folder(sent)
    first = ingest(open_one, path, lambda: append(path / "strany/000/000005.tif"))
    (done,) = run(open_one, [path], Order(), progress=lambda _: None)
    assert isinstance(done.result, Outcome)
    assert done.result.status is Status.STORED
    assert done.result.uuid != first.uuid

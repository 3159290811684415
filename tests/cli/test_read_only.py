"""An archive that may not be written to can be looked at and checked; what cannot be recorded is told."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from fixtures.bags import bag
from fixtures.defects import Defect
from fixtures.sip import spis
from tests.cli.running import content, here, powerless


@pytest.fixture
def stored(archive: Path, sent: Path) -> str:
    """The UUID of a package in the archive."""
    return str(here("--archive", archive, "--json", "ingest", bag(0).write_folder(sent)).package["uuid"])


@contextmanager
def read_only(archive: Path) -> Iterator[None]:
    """Take the right to write from all of an archive; nothing of it changes meanwhile."""
    places = [archive, *archive.rglob("*")]
    modes = {place: place.stat().st_mode for place in places}
    for place, mode in modes.items():
        place.chmod(mode & ~0o222)
    before = content(archive)
    try:
        yield
    finally:
        for place, mode in modes.items():
            place.chmod(mode)
    assert content(archive) == before


def test_what_only_reads_works(archive: Path, sent: Path, stored: str) -> None:
    with read_only(archive):
        for words in (["status"], ["list"], ["show", stored], ["verify", "--journal"],
                      ["export", stored, "--to", sent], ["catalogue", "rebuild", "--dry-run"],
                      ["ingest", "--dry-run", sent / bag(0).name]):  # fmt: skip
            ran = powerless("--archive", archive, "--json", *words)
            assert ran.code == 0, (words, ran)
            assert str(archive) in ran.err and "copy" in ran.err
        assert [one["uuid"] for one in powerless("--archive", archive, "--json", "list").of("package")] == [
            stored
        ]
    assert (sent / stored / "bagit.txt").is_file()


def test_what_is_checked_and_not_recorded_is_never_well(archive: Path, stored: str) -> None:
    with read_only(archive):
        ran = powerless("--archive", archive, "--json", "verify")
        assert (ran.code, ran.summary["passed"]) == (2, 1)
        assert [one["id"] for one in ran.of("error")] == ["audit.unrecorded"]
    place = next(archive.glob("storage/main/ocfl/**/evidencni-karta.pdf"))
    place.write_bytes(place.read_bytes()[:-1])
    with read_only(archive):
        ran = powerless("--archive", archive, "--json", "verify")
        assert (ran.code, ran.summary["failed"], ran.summary["exit_code"]) == (5, 1, 5)


def test_what_would_write_does_not(archive: Path, sent: Path, stored: str) -> None:
    (archive / "profiles/bagit.toml").write_text('reader = "bagit"\n[decide]\nerror = "hold"\n', "utf-8")
    (sent / "2").mkdir()
    held = here(
        "--archive", archive, "--json", "ingest", bag(1).write_folder(sent / "2", [Defect.WRONG_OXUM])
    )
    assert held.code == 6
    with read_only(archive):
        for words in (["ingest", spis(0).write_folder(sent)], ["catalogue", "rebuild"],
                      ["decide", held.package["uuid"], "accept", "--reason", "x"],
                      ["dip", stored, "--to", sent / "dip", "--permit", "x"]):  # fmt: skip
            ran = powerless("--archive", archive, "--json", *words)
            assert ran.code == 2, (words, ran)
            assert ran.of("error")[0]["id"] in ("catalogue.read-only", "storage.read-only")
    assert not (sent / "dip").exists()


def test_a_catalogue_that_is_behind_is_shown_as_it_would_be(archive: Path, sent: Path) -> None:
    shutil.copy2(archive / "catalogue.db", sent / "dřívější")
    uuid = here("--archive", archive, "--json", "ingest", bag(0).write_folder(sent)).package["uuid"]
    shutil.copy2(sent / "dřívější", archive / "catalogue.db")
    with read_only(archive):
        shown = powerless("--archive", archive, "--json", "list").of("package")
    assert [one["uuid"] for one in shown] == [uuid]


def test_what_a_killed_process_left_in_the_log_is_shown(archive: Path, stored: str, tmp_path: Path) -> None:
    with closing(sqlite3.connect(archive / "catalogue.db")) as base:
        base.execute("PRAGMA journal_mode = WAL")
        with base:
            base.execute("UPDATE package SET title = 'Jen v protokolu'")
        copy = Path(shutil.copytree(archive, tmp_path / "kopie"))
    (copy / "catalogue.db-shm").unlink()
    assert (copy / "catalogue.db-wal").stat().st_size > 0
    assert b"Jen v protokolu" not in (copy / "catalogue.db").read_bytes()
    with read_only(copy):
        (shown,) = powerless("--archive", copy, "--json", "list").of("package")
    assert shown["title"] == "Jen v protokolu"


def test_a_copy_does_not_outlive_its_command(archive: Path, sent: Path, stored: str, tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    with read_only(archive), pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(tmp_path / "tmp"))
        assert powerless("--archive", archive, "list").code == 0
        assert powerless("--archive", archive, "ingest", "--dry-run", "--jobs", "2", sent).code == 0
    assert list((tmp_path / "tmp").iterdir()) == []

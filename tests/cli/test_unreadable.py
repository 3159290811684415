"""What cannot be read, is not there or is no package at all costs itself only, and is told as what it is."""

import bz2
import gzip
import io
import lzma
import os
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fixtures.bags import bag
from fixtures.folders import folder
from fixtures.sip import spis
from tests.cli.running import Ran, here, powerless


@contextmanager
def locked(place: Path, mode: int = 0) -> Iterator[None]:
    """Take the permissions from a place as long as the test runs."""
    before = place.stat().st_mode
    place.chmod(mode)
    try:
        yield
    finally:
        place.chmod(before)


def codes(ran: Ran) -> dict[str, list[str]]:
    """The reasons for which packages were refused, by the name of the transfer."""
    return {Path(line["path"]).name: line["reasons"] for line in ran.of("package")}


# -- folders that nobody may look into ------------------------------------------------------------------


@pytest.mark.parametrize(("words", "mode"), [([], 0), (["--each"], 0o444)])
def test_a_locked_folder_does_not_stop_the_batch(
    words: list[str], mode: int, archive: Path, sent: Path
) -> None:
    bag(0).write_folder(sent)
    spis(0).write_folder(sent)
    with locked(sent / spis(0).name, mode):
        ran = powerless("--archive", archive, "--json", "ingest", *words, sent)
    assert (ran.code, ran.summary["stored"], ran.summary["rejected"]) == (4, 1, 1), ran.err
    assert "file-unreadable" in codes(ran)[spis(0).name]


def test_a_locked_folder_in_a_package_is_a_finding(archive: Path, sent: Path) -> None:
    path = spis(0).write_folder(sent)
    with locked(path / "komponenty"):
        ran = powerless("--archive", archive, "--json", "ingest", path)
    assert ran.code == 3, ran.err
    assert "komponenty" in {
        one["subject"] for one in ran.package["findings"] if one["code"] == "file-unreadable"
    }


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_what_is_named_and_cannot_be_read_is_a_finding(kind: str, archive: Path, sent: Path) -> None:
    path = bag(0).write_folder(sent) if kind == "folder" else bag(0).write_zip(sent)
    with locked(path):
        ran = powerless("--archive", archive, "--json", "ingest", path)
    assert ran.code == 3, ran.err
    assert "file-unreadable" in ran.package["reasons"]


def test_what_lies_where_nobody_may_look_is_a_finding(archive: Path, sent: Path) -> None:
    (sent / "zavřeno").mkdir()
    path = bag(0).write_zip(sent / "zavřeno")
    with locked(sent / "zavřeno"):
        ran = powerless("--archive", archive, "--json", "ingest", path)
    assert ran.code == 3, ran.err
    assert "file-unreadable" in ran.package["reasons"]


# -- what is not there ----------------------------------------------------------------------------------


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_path_that_is_not_there_does_not_stop_the_others(jobs: int, archive: Path, sent: Path) -> None:
    path = bag(0).write_folder(sent)
    ran = here("--archive", archive, "--json", "ingest", "--jobs", jobs, sent / "není", path)
    assert (ran.code, ran.summary["stored"], ran.summary["error"]) == (4, 1, 1)
    (error,) = ran.of("error")
    assert (error["id"], error["path"]) == ("ingest.nothing", str(sent / "není"))


def test_a_link_to_nothing_is_nothing(archive: Path, sent: Path) -> None:
    (sent / "odkaz").symlink_to("nikam")
    ran = here("--archive", archive, "--json", "ingest", "--dry-run", sent / "odkaz")
    assert (ran.code, [one["id"] for one in ran.of("error")]) == (8, ["ingest.nothing"])


# -- what is no package ---------------------------------------------------------------------------------


def test_nobody_waits_for_a_pipe(archive: Path, sent: Path) -> None:
    os.mkfifo(sent / "roura.zip")
    ran = powerless("--archive", archive, "--json", "ingest", "--dry-run", sent / "roura.zip")
    assert (ran.code, ran.package["reasons"]) == (3, ["entry-special"])
    assert "roura.zip" in ran.err


def test_one_file_is_no_package_and_not_damaged(archive: Path, sent: Path) -> None:
    (sent / "dopis.pdf").write_bytes(b"%PDF-1.7\n")
    ran = here("--archive", archive, "--json", "ingest", sent / "dopis.pdf")
    assert (ran.code, ran.package["reasons"]) == (3, ["not-a-package"])
    assert "dopis.pdf" in ran.package["findings"][0]["text"]


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_a_tar_is_known_by_what_is_in_it(pack: Callable[[bytes], bytes], archive: Path, sent: Path) -> None:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        tar.add(folder(0).write_folder(sent), "spis")
    (sent / "zásilka").write_bytes(pack(data.getvalue()))
    ran = here("--archive", archive, "--json", "ingest", sent / "zásilka")
    assert (ran.code, ran.package["package_id"]) == (0, "spis")


@pytest.mark.parametrize(
    ("pack", "cut"), [(gzip.compress, None), (gzip.compress, 20), (bz2.compress, None), (lzma.compress, 20)]
)
def test_what_is_packed_and_no_tar_is_no_package(
    pack: Callable[[bytes], bytes], cut: int | None, archive: Path, sent: Path
) -> None:
    (sent / "dopis.txt.x").write_bytes(pack(b"Vec: stiznost\n" * 50)[:cut])
    ran = here("--archive", archive, "--json", "ingest", sent / "dopis.txt.x")
    assert (ran.code, ran.package["reasons"]) == (3, ["not-a-package"])

"""Many transfers at once: what is one, what each is, and that a bad one does not stop the others."""

import json
import os
import shutil
import signal
import zipfile
from pathlib import Path
from typing import Final

import pytest

from archivum.ingest.batch import run
from archivum.ingest.order import Order, Outcome
from fixtures.bags import bag
from fixtures.batch import write_batch
from fixtures.defects import Defect
from fixtures.folders import folder
from fixtures.sip import dil, dokument, spis
from tests.cli.conftest import Once
from tests.cli.running import Ran, begun, content, here, left_at_work, opened

COUNTS: Final = {"stored": 10, "rejected": 3}
BATCH: Final = 50  # packages of which some are stored when the first is told of, and some are not


@pytest.fixture(scope="session")
def batch(once: Once) -> Path:
    """The folder that an archive gets in a week."""
    return once("batch", lambda place: write_batch(place / "došlo")) / "došlo"


def statuses(ran: Ran) -> dict[str, str]:
    return {Path(line["path"]).name: line["status"] for line in ran.of("package")}


# -- a batch --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_batch_goes_on_after_a_bad_package(jobs: int, archive: Path, batch: Path) -> None:
    ran = here("--archive", archive, "--json", "ingest", "--jobs", jobs, batch)
    assert ran.code == 4
    assert {key: ran.summary[key] for key in COUNTS} == COUNTS
    assert {name for name, status in statuses(ran).items() if status == "rejected"} == {
        spis(8).name, f"{dokument(9).name}.zip", f"{spis(10).name}.zip"
    }  # fmt: skip
    assert left_at_work(archive) == []
    again = here("--archive", archive, "--json", "ingest", "--jobs", jobs, batch)
    assert again.code == 4
    assert (again.summary["already-stored"], again.summary["rejected"]) == (10, 3)
    assert {one["uuid"] for one in ran.of("package")} == {one["uuid"] for one in again.of("package")}
    verified = here("--archive", archive, "--json", "verify")
    assert (verified.code, verified.summary["passed"]) == (0, 10)


def fixed_run(root: Path, batch: Path, jobs: int) -> dict[str, str]:
    archive = opened(root)
    paths = sorted(batch.iterdir())
    done = list(run(archive, paths, Order(), jobs=jobs, progress=lambda _: None))
    archive.close()
    found = {}
    for one in done:
        assert isinstance(one.result, Outcome)
        found[one.path.name] = f"{one.result.status} {one.result.uuid}"
    return found


def test_two_jobs_store_the_same_as_one(template: Path, batch: Path, tmp_path: Path) -> None:
    roots = [Path(shutil.copytree(template, tmp_path / str(jobs) / "archiv")) for jobs in (1, 2)]
    one, two = (fixed_run(root, batch, jobs) for jobs, root in enumerate(roots, 1))
    assert one == two and len(one) == 13
    stored = [content(root / "storage/main/ocfl") for root in roots]
    assert stored[0] == stored[1] and len(stored[0]) > 100


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_batch_knows_what_is_in_it_already(jobs: int, archive: Path, sent: Path) -> None:
    """The same twice is one package; an identifier keeps the content that came first."""
    folders = [sent / str(number) for number in range(3)]
    for place in folders:
        place.mkdir()
    same = [spis(0).write_folder(folders[0]), spis(0).write_zip(folders[0]), spis(0).write_tar(folders[0])]
    rivals = [
        bag(0, algorithms=(name,)).write_folder(folders[i])
        for i, name in enumerate(("md5", "sha256", "sha1"))
    ]
    ran = here("--archive", archive, "--json", "ingest", "--jobs", jobs, *same, *rivals)
    told = {line["path"]: line for line in ran.of("package")}
    assert sorted(told[str(path)]["status"] for path in same) == ["already-stored"] * 2 + ["stored"]
    assert len({told[str(path)]["uuid"] for path in same}) == 1
    assert sorted(told[str(path)]["status"] for path in rivals) == ["conflict"] * 2 + ["stored"]
    assert ran.code == 4
    assert len(here("--archive", archive, "--json", "list", "--state", "stored").of("package")) == 2
    assert here("--archive", archive, "verify").code == 0
    assert left_at_work(archive) == []


def test_two_runs_do_not_mix(archive: Path, sent: Path) -> None:
    for number in range(30):
        bag(number).write_folder(sent)
    with begun("--archive", archive, "ingest", sent) as first:
        while not (archive / "lock").exists() or not (archive / "lock").read_text():
            assert first.poll() is None
        second = here("--archive", archive, "--json", "ingest", sent)
        assert (second.code, second.of("error")[0]["id"]) == (7, "archive.busy")
        assert str(first.pid) in second.err
        first.communicate(timeout=60)
    assert first.returncode == 0
    assert here("--archive", archive, "--json", "ingest", sent).summary["already-stored"] == 30


def test_transfers_in_several_places_are_one_batch(archive: Path, sent: Path) -> None:
    (sent / "week").mkdir()
    spis(0).write_zip(sent / "week")
    ran = here("--archive", archive, "--json", "ingest", sent / "week", bag(0).write_folder(sent))
    assert statuses(ran) == {f"{spis(0).name}.zip": "stored", bag(0).name: "stored"}


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_interrupted_batch_can_be_run_again(jobs: int, archive: Path, sent: Path) -> None:
    for number in range(BATCH):
        bag(number).write_folder(sent)
    command = ("--archive", archive, "--json", "ingest", "--jobs", jobs, sent)
    with begun(*command) as process:
        assert process.stdout is not None
        first = process.stdout.readline()  # the first is stored
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does it: to all processes
        out, err = process.communicate(timeout=60)
    lines = [json.loads(line) for line in (first + out).splitlines()]
    assert (process.returncode, lines[-1]["type"], lines[-1]["exit_code"]) == (130, "summary", 130)
    assert b"Interrupted" in err and b"Traceback" not in err
    again = here(*command)
    assert again.code == 0
    assert 1 <= again.summary["already-stored"] < BATCH
    assert sum(again.summary[key] for key in ("stored", "already-stored")) == BATCH
    assert left_at_work(archive) == []
    assert here("--archive", archive, "verify").code == 0


# -- what is a package ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("package", "kind", "variant"),
    [
        (spis(0), "nsesss", "2024"),
        (spis(1, version="2023"), "nsesss", "2023"),
        (dil(2, version="2017"), "nsesss", "2017"),
        (dokument(3), "nsesss", "2024"),
        (bag(0), "bagit", "1.0"),
        (bag(1, version="0.97", algorithms=("md5", "sha1")), "bagit", "0.97"),
        (folder(0), "folder", ""),
        (folder(1, described=False), "folder", ""),
    ],
    ids=lambda one: getattr(one, "name", one),
)  # fmt: skip
def test_the_kind_of_a_package_is_seen(
    package: object, kind: str, variant: str, archive: Path, sent: Path
) -> None:
    path = package.write_folder(sent)  # type: ignore[attr-defined]
    told = here("--archive", archive, "--json", "ingest", "--dry-run", path).package
    assert (told["status"], told["kind"], told["variant"], told["profile"]) == (
        "checked",
        kind,
        variant,
        kind,
    )


def test_the_profile_that_is_named_decides_what_a_package_is(archive: Path, sent: Path) -> None:
    path = spis(0).write_folder(sent)
    told = here("--archive", archive, "--json", "ingest", "--profile", "folder", path).package
    assert (told["status"], told["kind"], told["profile"]) == ("stored", "folder", "folder")
    other = folder(0).write_folder(sent)
    ran = here("--archive", archive, "--json", "ingest", "--profile", "nsesss", other)
    assert (ran.code, ran.package["status"], ran.package["kind"]) == (3, "rejected", "nsesss")


def test_a_profile_of_the_archive_takes_the_place_of_the_one_it_came_with(archive: Path, sent: Path) -> None:
    (archive / "profiles/bagit.toml").write_text(
        'reader = "bagit"\nproducer = "Muzeum"\n[decide.codes]\n"bag-oxum" = "accept"\n', "utf-8"
    )
    ran = here("--archive", archive, "--json", "ingest", bag(0).write_folder(sent, [Defect.WRONG_OXUM]))
    assert (ran.code, ran.package["status"]) == (0, "stored")
    assert "bag-oxum" in [one["code"] for one in ran.package["findings"]]


def test_a_package_from_a_named_producer(archive: Path, sent: Path) -> None:
    path = folder(0).write_folder(sent)
    (archive / "profiles/obec.toml").write_text('reader = "folder"\nproducer = "Obec Lhota"\n', "utf-8")
    by_profile = here("--archive", archive, "--json", "ingest", "--dry-run", "--profile", "obec", path)
    assert by_profile.package["producer"] == "Obec Lhota"
    told = here("--archive", archive, "--json", "ingest", "--producer", "Obec Újezd", path)
    assert told.package["producer"] == "Obec Újezd"


def test_a_folder_full_of_packages_is_each_of_them(archive: Path, sent: Path) -> None:
    spis(0).write_folder(sent)
    bag(1).write_tar(sent, packed=True)
    folder(2).write_folder(sent)
    (sent / ".skryto").mkdir()
    ran = here("--archive", archive, "--json", "ingest", "--dry-run", sent)
    assert statuses(ran) == dict.fromkeys((spis(0).name, f"{bag(1).name}.tar.gz", folder(2).name), "checked")


def test_a_folder_of_folders_is_one_package_unless_one_of_them_certainly_is(
    archive: Path, sent: Path
) -> None:
    for number in range(2):
        folder(number, described=False).write_folder(sent)
    one = here("--archive", archive, "--json", "ingest", "--dry-run", sent)
    assert statuses(one) == {sent.name: "checked"}
    each = here("--archive", archive, "--json", "ingest", "--dry-run", "--each", sent)
    assert statuses(each) == {folder(0).name: "checked", folder(1).name: "checked"}


def test_a_folder_of_packages_is_one_when_the_profile_reads_folders(archive: Path, sent: Path) -> None:
    spis(0).write_folder(sent)
    spis(1).write_zip(sent)
    ran = here("--archive", archive, "--json", "ingest", "--dry-run", "--profile", "folder", sent)
    assert statuses(ran) == {sent.name: "checked"}


def test_a_file_beside_packages_is_none(archive: Path, sent: Path) -> None:
    spis(0).write_folder(sent)
    (sent / "čti mě.txt").write_text("Dva balíčky.\n", "utf-8")
    for each in ((), ("--each",)):
        ran = here("--archive", archive, "--json", "ingest", "--dry-run", *each, sent)
        assert statuses(ran) == {spis(0).name: "checked", "čti mě.txt": "rejected"}


# -- what is none ---------------------------------------------------------------------------------------


def test_a_file_that_is_no_container(archive: Path, sent: Path) -> None:
    (sent / "dopis.pdf").write_bytes(b"%PDF-1.7\n")
    ran = here("--archive", archive, "--json", "ingest", sent / "dopis.pdf")
    assert (ran.code, ran.package["status"]) == (3, "rejected")
    assert ran.package["reasons"] == ["not-a-package"]
    assert "dopis.pdf" in ran.err


def test_a_package_without_files(archive: Path, sent: Path) -> None:
    (sent / "nic").mkdir()
    with zipfile.ZipFile(sent / "prázdný.zip", "w"):
        pass
    before = content(archive / "storage/main/ocfl")
    for name in ("nic", "prázdný.zip"):
        ran = here("--archive", archive, "--json", "ingest", sent / name)
        assert (ran.code, ran.package["status"]) == (3, "rejected"), name
        assert "package-empty" in ran.package["reasons"]
    assert content(archive / "storage/main/ocfl") == before


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz"])
def test_a_container_that_is_only_called_one(name: str, archive: Path, sent: Path) -> None:
    path = sent / name
    path.write_bytes(os.urandom(5000))
    ran = here("--archive", archive, "--json", "ingest", path)
    assert (ran.code, ran.package["reasons"]) == (3, ["container-damaged"])


@pytest.mark.parametrize("inside", ["", "..", "storage/main", "storage/main/ocfl"])
def test_an_archive_does_not_take_itself_in(inside: str, archive: Path) -> None:
    before = content(archive / "storage")
    ran = here("--archive", archive, "--json", "ingest", "--profile", "folder", archive / inside)
    assert (ran.code, ran.of("error")[0]["id"]) == (1, "ingest.itself")
    assert content(archive / "storage") == before


def test_packages_may_lie_in_the_folder_of_an_archive(archive: Path) -> None:
    (archive / "došlo").mkdir()
    assert here("--archive", archive, "ingest", bag(0).write_folder(archive / "došlo")).code == 0


def test_a_container_is_known_by_its_content(archive: Path, sent: Path) -> None:
    path = spis(0).write_zip(sent).rename(sent / "balicek.dat")
    assert here("--archive", archive, "--json", "ingest", "--dry-run", path).package["status"] == "checked"

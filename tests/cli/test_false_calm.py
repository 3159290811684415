"""What could be taken for well, and is not: each has to be said aloud."""

import shutil
import zipfile
from pathlib import Path

import pytest

from archivum.storage.ocfl import OcflRoot
from fixtures.bags import bag
from fixtures.defects import Defect
from fixtures.folders import folder
from fixtures.sip import spis
from tests.cli.running import content, here, opened


def codes(archive: Path, *arguments: object) -> tuple[int, list[str]]:
    """The exit code of an ingest of one transfer, and the codes of the reasons."""
    ran = here("--archive", archive, "--json", "ingest", *arguments)
    return ran.code, ran.package["reasons"]


# -- a package that is not seen as what it is -----------------------------------------------------------


@pytest.mark.parametrize("packed", [False, True])
def test_a_sip_without_its_mets_is_no_plain_folder(packed: bool, archive: Path, sent: Path) -> None:
    path = spis(0).write_folder(sent)
    (path / "mets.xml").unlink()
    if packed:
        path = Path(shutil.make_archive(str(sent / path.name), "zip", sent, path.name))
    before = content(archive / "storage/main/ocfl")
    code, reasons = codes(archive, path)
    assert code == 3
    assert "file-missing" in reasons
    assert content(archive / "storage/main/ocfl") == before


def test_a_bag_of_an_unknown_algorithm_that_does_not_say_it_is_one(archive: Path, sent: Path) -> None:
    path = bag(0).write_folder(sent)
    for name in ("bagit.txt", "bag-info.txt", *(one.name for one in path.glob("tagmanifest-*"))):
        (path / name).unlink(missing_ok=True)
    (manifest,) = path.glob("manifest-*.txt")
    manifest.rename(path / "manifest-tiger.txt")
    ran = here("--archive", archive, "--json", "ingest", path)
    assert (ran.code, ran.package["kind"]) == (3, "bagit")


def test_what_is_a_sip_and_a_bag_at_once(archive: Path, sent: Path) -> None:
    path = bag(0).write_folder(sent)
    other = spis(0).write_folder(sent)
    for name in ("mets.xml", "komponenty"):
        (other / name).rename(path / name)
    assert codes(archive, path) == (3, ["package-ambiguous"])


def test_a_package_inside_a_plain_folder(archive: Path, sent: Path) -> None:
    year = sent / "spisy" / "2024"
    year.mkdir(parents=True)
    spis(0).write_folder(year, [Defect.CHANGED_BYTE])
    assert codes(archive, sent / "spisy") == (3, ["package-inside"])
    # the file plan of a museum may call for just that
    assert codes(archive, "--profile", "folder", sent / "spisy") == (0, [])


def test_a_metadata_table_in_capitals_is_read(archive: Path, sent: Path) -> None:
    path = folder(0).write_folder(sent)
    table = path / "metadata.csv"
    table.write_bytes(table.read_bytes().replace(b"\n", b"\nneni.pdf,", 1).rstrip() + b"\n")
    table.rename(path / "Metadata.CSV")
    code, reasons = codes(archive, path)
    assert code == 3
    assert {"csv-row", "csv-unknown-file"} & set(reasons)


# -- a batch that is not seen as one --------------------------------------------------------------------


def test_a_stray_file_does_not_hide_packages(archive: Path, sent: Path) -> None:
    spis(0).write_zip(sent)
    spis(1).write_zip(sent, [Defect.MISSING_FILE])
    (sent / "čti mě.txt").write_text("Dva balíčky.\n", "utf-8")
    (sent / "Thumbs.db").write_bytes(b"\xd0\xcf\x11\xe0")
    ran = here("--archive", archive, "--json", "ingest", sent)
    assert ran.code == 4
    told = {Path(one["path"]).name: one["status"] for one in ran.of("package")}
    assert told == {
        f"{spis(0).name}.zip": "stored", f"{spis(1).name}.zip": "rejected", "čti mě.txt": "rejected"
    }  # fmt: skip


def test_documents_with_a_packed_one_among_them_are_a_plain_folder(archive: Path, sent: Path) -> None:
    path = folder(0, described=False).write_folder(sent)
    with zipfile.ZipFile(path / "příloha.zip", "w") as packed:
        packed.writestr("dopis.txt", "Vážený pane,\n")
    ran = here("--archive", archive, "--json", "ingest", path)
    assert (ran.code, ran.package["kind"]) == (0, "folder")


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_dry_run_sees_two_contents_of_one_identifier(jobs: int, archive: Path, sent: Path) -> None:
    for number, components in enumerate((3, 4)):
        (sent / str(number)).mkdir()
        spis(0, components=components).write_folder(sent / str(number))
    paths = [sent / name / spis(0).name for name in "01"]
    dry = here("--archive", archive, "--json", "ingest", "--dry-run", "--jobs", jobs, *paths)
    real = here("--archive", archive, "--json", "ingest", "--jobs", jobs, *paths)
    assert (dry.code, real.code) == (4, 4)
    assert sorted(one["status"] for one in dry.of("package")) == ["checked", "conflict"]
    assert sorted(one["status"] for one in real.of("package")) == ["conflict", "stored"]


# -- a promise that is not kept -------------------------------------------------------------------------


@pytest.mark.parametrize("written", [" {} ", "+{}", "00000000000000000000{}"])
def test_a_size_is_read_as_the_schema_allows_it(written: str, archive: Path, sent: Path) -> None:
    path = spis(0).write_folder(sent)
    mets = path / "mets.xml"
    text = mets.read_text("utf-8")
    size = text.partition('SIZE="')[2].partition('"')[0]
    mets.write_text(text.replace(f'SIZE="{size}"', f'SIZE="{written.format(int(size) + 1)}"', 1), "utf-8")
    assert codes(archive, path) == (3, ["file-size"])
    mets.write_text(text.replace(f'SIZE="{size}"', f'SIZE="{written.format(size)}"', 1), "utf-8")
    assert codes(archive, "--dry-run", path) == (0, [])


def test_two_files_of_one_component(archive: Path, sent: Path) -> None:
    path = spis(0).write_folder(sent)
    mets = path / "mets.xml"
    text = mets.read_text("utf-8")
    first, second = _components(text)
    mets.write_text(text.replace(f'DMDID="{second}"', f'DMDID="{first}"', 1), "utf-8")
    code, reasons = codes(archive, path)
    assert code == 3
    assert "sip-component-files" in reasons


def _components(text: str) -> tuple[str, str]:
    files = text.split("<mets:file ")[1:]
    first, second = (part.partition('DMDID="')[2].partition('"')[0] for part in files[:2])
    assert first and second and first != second
    return first, second


# -- what was stored and is not any more ----------------------------------------------------------------


def object_of(archive: Path, uuid: str) -> Path:
    one = opened(archive)
    try:
        return archive / "storage/main" / OcflRoot(one.storage).key(f"urn:uuid:{uuid}")
    finally:
        one.close()


def test_what_is_lost_is_not_stored_already(archive: Path, sent: Path, tmp_path: Path) -> None:
    path = spis(0).write_folder(sent)
    uuid = here("--archive", archive, "--json", "ingest", path).package["uuid"]
    object_of(archive, uuid).rename(tmp_path / "taken")
    for dry in ((), ("--dry-run",)):
        ran = here("--archive", archive, "--json", "ingest", *dry, path)
        assert (ran.code, ran.of("error")[0]["id"]) == (5, "ingest.lost")


def test_what_was_found_broken_is_not_stored_already(archive: Path, sent: Path) -> None:
    path = spis(0).write_folder(sent)
    uuid = here("--archive", archive, "--json", "ingest", path).package["uuid"]
    file = object_of(archive, uuid) / "v1/content/bagit.txt"
    whole = file.read_bytes()
    file.write_bytes(whole + b"\n")
    assert here("--archive", archive, "verify").code == 5
    ran = here("--archive", archive, "--json", "ingest", path)
    assert (ran.code, ran.of("error")[0]["id"]) == (5, "ingest.broken")
    file.write_bytes(whole)
    assert here("--archive", archive, "verify").code == 0
    assert here("--archive", archive, "--json", "ingest", path).summary["already-stored"] == 1


@pytest.mark.parametrize("stray", ["čti.txt", "aaa/bbb/ccc/x/f"])
def test_what_does_not_belong_into_the_storage(stray: str, archive: Path, sent: Path) -> None:
    here("--archive", archive, "ingest", spis(0).write_folder(sent))
    place = archive / "storage/main/ocfl" / stray
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("?\n")
    ran = here("--archive", archive, "--json", "verify")
    assert ran.code == 5
    assert [one["subject"] for one in ran.of("storage")] == [stray]


def test_an_object_that_nobody_knows(archive: Path, sent: Path) -> None:
    path = spis(0).write_folder(sent)
    uuid = here("--archive", archive, "--json", "ingest", path).package["uuid"]
    one = opened(archive)
    other = "urn:uuid:11111111-2222-4333-8444-555555555555"
    target = archive / "storage/main" / OcflRoot(one.storage).key(other)
    one.close()
    target.parent.mkdir(parents=True)
    shutil.copytree(object_of(archive, uuid), target)
    ran = here("--archive", archive, "--json", "verify")
    assert ran.code != 0
    assert ("aip-unknown", other) in [(found["code"], found["subject"]) for found in ran.of("storage")]


def test_schemas_that_are_not_there(archive: Path, tmp_path: Path) -> None:
    (tmp_path / "prázdná").mkdir()
    ran = here("--archive", archive, "--json", "schemas", "install", tmp_path / "prázdná")
    assert (ran.code, ran.of("error")[0]["id"]) == (8, "schemas.none")

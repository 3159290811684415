"""An exported AIP is the bag that was stored, in every form, or it is not there."""

import errno
import os
import resource
import shutil
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import bagit
import pytest

from archivum.access.export import Form, export
from archivum.archive import Archive
from archivum.errors import CorruptionFound, Misconfigured, NotFound, Refused
from archivum.ingest.batch import run
from archivum.ingest.order import Order, Outcome
from fixtures.defects import Defect
from fixtures.folders import folder
from fixtures.sip import spis
from tests.unit.test_access_samples import content, flip, found, opened, replace_everywhere, submission, tree

FORMS: tuple[Form, ...] = ("folder", "zip", "tar")
SUFFIX = {"folder": "", "zip": ".zip", "tar": ".tar"}
PHOTO = "přílohy/fotografie náves.jpg"


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Mapping[str, UUID]]:
    root = tmp_path_factory.mktemp("stored")
    return root, found(root, [folder(0), spis(0)])


@pytest.fixture
def archive(stored: Any, tmp_path: Path) -> Iterator[Archive]:
    with opened(stored[0], tmp_path / "archive") as archive:
        yield archive


@pytest.fixture
def uuid(stored: Any) -> UUID:
    return stored[1]["kronika-1990"]


def names(folder: Path) -> list[str]:
    """Everything in a folder, hidden or not."""
    return sorted(one.name for one in folder.iterdir())


def unpacked(path: Path, form: str, to: Path) -> Path:
    """The folder that an export holds, unpacked by what the standard library has."""
    if form == "folder":
        return path
    if form == "zip":
        with zipfile.ZipFile(path) as packed:
            packed.extractall(to)
    else:
        with tarfile.open(path) as packed_tar:
            packed_tar.extractall(to, filter="data")
    (root,) = to.iterdir()
    assert root.name == path.stem
    return root


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", [folder(0).name, spis(0).name])
def test_every_form_holds_the_bag_that_is_stored(
    archive: Archive, stored: Any, name: str, form: Form, tmp_path: Path
) -> None:
    uuid = stored[1][name]
    done = export(archive, uuid, tmp_path / "out", form)
    assert done.path == tmp_path / "out" / f"{uuid}{SUFFIX[form]}"
    assert names(tmp_path / "out") == [done.path.name]
    root = unpacked(done.path, form, tmp_path / "unpacked")
    files = tree(content(archive, uuid))
    assert tree(root) == files
    assert (done.files, done.size) == (len(files), sum(map(len, files.values())))
    assert bagit.Bag(str(root)).validate()


@pytest.mark.parametrize("form", ["zip", "tar"])
def test_two_exports_are_the_same_bytes(archive: Archive, uuid: UUID, form: Form, tmp_path: Path) -> None:
    one, two = (export(archive, uuid, tmp_path / name, form).path for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()


def test_a_zip_stores_names_in_utf_8_and_bytes_as_they_are(
    archive: Archive, uuid: UUID, tmp_path: Path
) -> None:
    with zipfile.ZipFile(export(archive, uuid, tmp_path, "zip").path) as packed:
        entries = {entry.filename: entry for entry in packed.infolist()}
    photo = entries[f"{uuid}/data/{uuid}/representations/submission/data/{PHOTO}"]
    assert photo.flag_bits & 0x800
    assert {entry.compress_type for entry in entries.values()} == {zipfile.ZIP_STORED}
    assert {entry.date_time for entry in entries.values()} == {(2026, 3, 1, 10, 0, 0)}
    assert {entry.external_attr >> 16 for entry in entries.values()} == {0o100644}


def test_a_tar_has_the_time_of_the_receipt_and_nobody_as_owner(
    archive: Archive, uuid: UUID, tmp_path: Path
) -> None:
    with tarfile.open(export(archive, uuid, tmp_path, "tar").path) as packed:
        entries = packed.getmembers()
        names = [entry.name for entry in entries]
    assert f"{uuid}/data/{uuid}/representations/submission/data/{PHOTO}" in names
    assert names == sorted(names, key=os.fsencode)
    seen = {(one.mtime, one.uid, one.gid, one.uname, one.gname, one.mode, one.type) for one in entries}
    assert seen == {(1_772_359_200, 0, 0, "", "", 0o644, tarfile.REGTYPE)}


@pytest.mark.parametrize("form", FORMS)
def test_nothing_is_overwritten(archive: Archive, uuid: UUID, form: Form, tmp_path: Path) -> None:
    target = tmp_path / f"{uuid}{SUFFIX[form]}"
    target.write_bytes(b"mine")
    with pytest.raises(Refused) as refused:
        export(archive, uuid, tmp_path, form)
    assert refused.value.params["place"] == target
    assert target.read_bytes() == b"mine"
    assert names(tmp_path) == sorted(["archive", target.name])


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda path: flip(path, 100), "access.changed"),
        (lambda path: path.write_bytes(path.read_bytes()[:-1]), "access.changed"),
        (lambda path: path.write_bytes(path.read_bytes() + b"\0"), "access.changed"),
        (lambda path: path.unlink(), "access.lost"),
    ],
    ids=["flipped", "shorter", "longer", "lost"],
)
def test_a_spoiled_file_is_named_and_nothing_appears(
    archive: Archive, uuid: UUID, form: Form, spoil: Any, code: str, tmp_path: Path
) -> None:
    spoil(submission(content(archive, uuid), uuid) / PHOTO)
    with pytest.raises(CorruptionFound) as corruption:
        export(archive, uuid, tmp_path / "out", form)
    assert corruption.value.text_id == code
    assert corruption.value.params["path"] == f"data/{uuid}/representations/submission/data/{PHOTO}"
    assert names(tmp_path / "out") == []


@pytest.mark.parametrize("name", ["manifest-sha512.txt", "bag-info.txt", "manifest-sha512.txt.tsr"])
def test_a_spoiled_tag_file_is_found(archive: Archive, uuid: UUID, name: str, tmp_path: Path) -> None:
    flip(content(archive, uuid) / name)
    with pytest.raises(CorruptionFound) as corruption:
        export(archive, uuid, tmp_path / "out", "tar")
    assert corruption.value.params["path"] == name


def test_a_file_changed_together_with_the_inventories_is_found_by_the_manifest(
    archive: Archive, uuid: UUID, tmp_path: Path
) -> None:
    path = f"data/{uuid}/representations/submission/data/{PHOTO}"
    replace_everywhere(archive, uuid, flip, path)
    with pytest.raises(CorruptionFound) as corruption:
        export(archive, uuid, tmp_path / "out", "zip")
    assert (corruption.value.text_id, corruption.value.params["path"]) == ("access.changed", path)


def test_a_manifest_changed_together_with_the_inventories_is_found_by_the_journal(
    archive: Archive, uuid: UUID, tmp_path: Path
) -> None:
    replace_everywhere(archive, uuid, lambda path: flip(path, 3), "manifest-sha512.txt")
    with pytest.raises(CorruptionFound) as corruption:
        export(archive, uuid, tmp_path / "out", "zip")
    assert corruption.value.params["path"] == "manifest-sha512.txt"


@pytest.mark.parametrize("form", FORMS)
def test_a_full_disk_leaves_nothing(archive: Archive, stored: Any, form: Form, tmp_path: Path) -> None:
    uuid = stored[1][spis(0).name]  # with a component of 47 kB, more than SQLite writes to read the catalogue
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (36_000, hard))
    try:
        with pytest.raises(Misconfigured) as full:
            export(archive, uuid, tmp_path / "out", form)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert full.value.text_id == "storage.full"
    assert names(tmp_path / "out") == []
    assert export(archive, uuid, tmp_path / "out", form).path.exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_to(archive: Archive, uuid: UUID, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir(mode=0o500)
    with pytest.raises(Misconfigured):
        export(archive, uuid, tmp_path / "out", "zip")


def test_a_file_system_without_links(
    archive: Archive, uuid: UUID, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    assert zipfile.is_zipfile(export(archive, uuid, tmp_path, "zip").path)


def test_what_is_not_stored_cannot_be_exported(archive: Archive, tmp_path: Path) -> None:
    sip = spis(3).write_folder(tmp_path, [Defect.CHANGED_BYTE])
    (rejected,) = run(archive, [sip], Order(), progress=lambda _: None)
    assert isinstance(rejected.result, Outcome)
    with pytest.raises(NotFound) as missing:
        export(archive, rejected.result.uuid, tmp_path, "zip")
    assert missing.value.text_id == "access.not-stored"
    with pytest.raises(NotFound):
        export(archive, UUID(int=1), tmp_path, "zip")


def test_what_was_exported_needs_nothing_of_the_archive(archive: Archive, uuid: UUID, tmp_path: Path) -> None:
    done = export(archive, uuid, tmp_path / "out", "folder")
    shutil.rmtree(archive.storage.root)
    assert bagit.Bag(str(done.path)).validate()

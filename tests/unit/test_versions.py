"""A new version of a stored AIP: a whole bag again, nothing stored twice, and what was stays as it was."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import bagit
import pytest

from archivum import archive as archives
from archivum.access.dip import disseminate
from archivum.access.export import export
from archivum.archive import Archive
from archivum.audit.standing import standing
from archivum.audit.verify import verify
from archivum.checks.aip import AipCheck, check_aip
from archivum.errors import CorruptionFound, Misconfigured, NotFound, Refused
from archivum.model import EventType, Verdict
from archivum.storage import durable
from archivum.storage.ocfl_next import following
from archivum.storage.ocfl_root_validation import validate_root
from archivum.stored import pending, versions
from archivum.stored.holdings import Holdings
from tests.conformance.test_czdax_rules import broken
from tests.crash import state
from tests.peers import peer
from tests.versions import add_version, one_stored


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, UUID]:
    root = tmp_path_factory.mktemp("versions")
    with one_stored(root) as (_, uuid):
        return root / "archive", uuid


@pytest.fixture
def archive(template: tuple[Path, UUID], tmp_path: Path) -> Iterator[Archive]:
    opened = state.opened(Path(shutil.copytree(template[0], tmp_path / "archive")))
    yield opened
    opened.close()


@pytest.fixture
def uuid(template: tuple[Path, UUID]) -> UUID:
    return template[1]


def place_of(archive: Archive, uuid: UUID) -> Path:
    return archive.storage.root / archive.ocfl.key(f"urn:uuid:{uuid}")


def bytes_of(place: Path) -> dict[str, bytes]:
    return {str(one.relative_to(place)): one.read_bytes() for one in place.rglob("*") if one.is_file()}


def checked(archive: Archive, uuid: UUID) -> AipCheck:
    (check,) = verify(archive, [archive.catalogue.package(uuid)])
    return check


def test_a_version_stores_only_what_is_new(archive: Archive, uuid: UUID) -> None:
    place = place_of(archive, uuid)
    before = bytes_of(place)
    made = add_version(archive, uuid)
    after = bytes_of(place)
    package = f"v2/content/data/{uuid}"
    assert sorted(path for path in after if path.startswith("v2/")) == sorted(
        [
            "v2/content/bag-info.txt",
            f"{package}/METS.xml",
            f"{package}/metadata/preservation/PACKAGE-INFO.xml",
            f"{package}/metadata/preservation/PREMIS.xml",
            f"{package}/representations/migration-1/data/strana.png",
            "v2/content/manifest-sha512.txt",
            "v2/content/manifest-sha512.txt.tsr",
            "v2/content/tagmanifest-sha512.txt",
            "v2/inventory.json",
            "v2/inventory.json.sha512",
        ]
    )
    assert {path: data for path, data in after.items() if path.startswith("v1/")} == {
        path: data for path, data in before.items() if path.startswith("v1/")
    }
    assert after["inventory.json"] == after["v2/inventory.json"]
    assert made.version == json.loads(after["inventory.json"])["head"] == "v2"


def test_the_object_is_valid_and_every_version_verifies(archive: Archive, uuid: UUID) -> None:
    for number in (1, 2, 3):
        add_version(archive, uuid, b"x" * number, number)
        assert list(validate_root(archive.storage)) == []
        assert checked(archive, uuid).verdict is Verdict.PASSED
    accession = archive.catalogue.package(uuid)
    assert accession.version == "v4"
    assert [one.name for one in archive.catalogue.versions(uuid)] == ["v1", "v2", "v3", "v4"]
    (copy,) = archive.catalogue.copies(uuid)
    assert copy.version == "v4"


def test_it_is_valid_to_ocfl_py(archive: Archive, uuid: UUID) -> None:
    add_version(archive, uuid)
    add_version(archive, uuid, b"picture", 2)  # the same bytes again: stored once
    words = (peer("ocfl-root.py"), "validate", "--validate-objects", "--check-digests", "--root")
    done = subprocess.run(
        [*words, archive.storage.root / "ocfl"], check=True, capture_output=True, text=True, timeout=300
    )
    assert "Objects checked: 1 / 1 are VALID" in done.stdout
    assert "[E" not in done.stdout and "[W" not in done.stdout, done.stdout
    pictures = [path for path in bytes_of(place_of(archive, uuid)) if path.endswith("strana.png")]
    assert pictures == [f"v2/content/data/{uuid}/representations/migration-1/data/strana.png"]


@pytest.mark.parametrize("form", ["folder", "zip"])
def test_the_newest_and_every_earlier_version_are_exported_as_valid_bags(
    archive: Archive, uuid: UUID, tmp_path: Path, form: str
) -> None:
    export(archive, uuid, tmp_path / "before", "folder")
    add_version(archive, uuid)
    newest = export(archive, uuid, tmp_path, form)  # type: ignore[arg-type]
    first = export(archive, uuid, tmp_path, "folder", "v1")
    assert first.path.name == f"{uuid}-v1"
    assert bytes_of(first.path) == bytes_of(tmp_path / "before" / str(uuid))
    if form == "folder":
        bagit.Bag(str(newest.path)).validate()
        made = newest.path / f"data/{uuid}/representations/migration-1/data/strana.png"
        assert made.read_bytes() == b"picture"
        assert (newest.path / "versions/v1/manifest-sha512.txt").read_bytes() == (
            first.path / "manifest-sha512.txt"
        ).read_bytes()
        for name in ("manifest-sha512.txt", "tagmanifest-sha512.txt"):
            subprocess.run(["sha512sum", "--check", "--quiet", name], cwd=newest.path, check=True)
    with pytest.raises(NotFound, match="no-version"):
        export(archive, uuid, tmp_path, "folder", "v3")


def test_what_a_version_says_keeps_the_rules(archive: Archive, uuid: UUID, tmp_path: Path) -> None:
    add_version(archive, uuid)
    exported = export(archive, uuid, tmp_path, "folder").path / f"data/{uuid}"
    assert broken(exported) == {"DAAIP2024": set(), "PREMIS": set(), "AP2023": set()}
    info = (exported / "metadata/preservation/PACKAGE-INFO.xml").read_text()
    assert "AIP_VERSION</significantPropertiesType><significantPropertiesValue>2<" in info


def test_what_was_said_before_is_still_said_word_for_word(
    archive: Archive, uuid: UUID, tmp_path: Path
) -> None:
    before = export(archive, uuid, tmp_path / "before", "folder").path / f"data/{uuid}"
    add_version(archive, uuid)
    after = export(archive, uuid, tmp_path / "after", "folder").path / f"data/{uuid}"
    for name in ("PREMIS.xml", "METS.xml", "PACKAGE-INFO.xml"):
        path = name if name == "METS.xml" else f"metadata/preservation/{name}"
        old = (before / path).read_text().splitlines()
        new = iter((after / path).read_text().splitlines())
        lost = [line for line in old if not any(line == one for one in new)] if name == "PREMIS.xml" else []
        assert lost == []
    assert (after / "metadata/descriptive/description.xml").read_bytes() == (
        before / "metadata/descriptive/description.xml"
    ).read_bytes()


def test_a_catalogue_made_again_from_what_is_stored_is_the_same(archive: Archive, uuid: UUID) -> None:
    add_version(archive, uuid)
    checked(archive, uuid)
    add_version(archive, uuid, b"another", 2)
    before = state.catalogue_rows(archive.root)
    archives.rebuild(archive)
    assert state.catalogue_rows(archive.root) == before


def test_a_byte_changed_in_any_file_of_any_version_is_found(archive: Archive, uuid: UUID) -> None:
    add_version(archive, uuid)
    add_version(archive, uuid, b"another", 2)
    place, roots = place_of(archive, uuid), archive.trusted()
    known = {one.name: one.manifest for one in archive.catalogue.versions(uuid)}
    for number, (path, data) in enumerate(bytes_of(place).items()):
        at = (0, len(data) // 2, len(data) - 1)[number % 3]
        (place / path).write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        assert check_aip(archive.ocfl, uuid, roots, known).verdict is Verdict.FAILED, (path, at)
        (place / path).write_bytes(data)
    (place / "v2/inventory.json").unlink()
    assert check_aip(archive.ocfl, uuid, roots, known).verdict is Verdict.FAILED


def test_an_earlier_state_put_back_in_place_is_found(archive: Archive, uuid: UUID, tmp_path: Path) -> None:
    place = place_of(archive, uuid)
    shutil.copytree(place, tmp_path / "kept")
    add_version(archive, uuid)
    shutil.rmtree(place)
    shutil.copytree(tmp_path / "kept", place)
    assert {one.code for one in checked(archive, uuid).findings} == {"aip-version-lost"}
    with pytest.raises(NotFound):
        export(archive, uuid, tmp_path, "folder")


def test_a_version_that_the_journal_does_not_know_is_found_and_not_read(
    archive: Archive, uuid: UUID, tmp_path: Path
) -> None:
    shutil.copytree(archive.root, tmp_path / "other" / "archive")
    other = state.opened(tmp_path / "other" / "archive")
    add_version(other, uuid)
    shutil.rmtree(place_of(archive, uuid))
    shutil.copytree(place_of(other, uuid), place_of(archive, uuid))
    other.close()
    (finding,) = checked(archive, uuid).findings
    assert (finding.code, finding.subject, finding.verdict) == ("aip-unrecorded", "v2", Verdict.FAILED)
    exported = export(archive, uuid, tmp_path, "folder").path
    assert not (exported / f"data/{uuid}/representations/migration-1").exists()


def test_a_dip_is_made_of_the_newest_version(archive: Archive, uuid: UUID, tmp_path: Path) -> None:
    add_version(archive, uuid)
    made = disseminate(
        archive, uuid, tmp_path / "dip", [], ["strany/strana 001.tif"],
        permit="K 1/2026", dip_id=UUID(int=9), at=state.AT,
    )  # fmt: skip
    bagit.Bag(str(made.path)).validate()
    inner = made.path / f"data/{UUID(int=9)}"
    assert "migration-1" in (inner / "documentation/evidence/AIP-METS.xml").read_text()
    told = (inner / "metadata/preservation/EVENTS.xml").read_text()
    assert told.count("<eventType>information package creation</eventType>") == 2
    assert told.count("<eventType>migration</eventType>") == 1


def test_events_are_told_once_and_nothing_is_left(archive: Archive, uuid: UUID) -> None:
    add_version(archive, uuid)
    kinds = [entry.event.type for entry in archive.catalogue.events(uuid)][-4:]
    assert kinds == [
        EventType.MIGRATION,
        EventType.INFORMATION_PACKAGE_CREATION,
        EventType.TIME_STAMPING,
        EventType.STORAGE,
    ]
    assert [one.name for one in archive.storage.workplace().rglob("*") if one.is_file()] in (["claims"], [])


def test_a_file_system_that_cannot_exchange_changes_nothing(
    archive: Archive, uuid: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = bytes_of(place_of(archive, uuid))
    with monkeypatch.context() as patch:
        patch.setattr(durable, "_RENAME_EXCHANGE", 1 << 30)  # what no kernel knows: EINVAL
        with pytest.raises(Misconfigured, match="no-exchange"):
            add_version(archive, uuid)
    assert bytes_of(place_of(archive, uuid)) == before
    assert checked(archive, uuid).verdict is Verdict.PASSED
    assert any("unfinished" in one.name for one in standing(archive).due)
    assert add_version(archive, uuid).version == "v2"
    assert not any("unfinished" in one.name for one in standing(archive).due)


def test_what_reads_back_otherwise_is_taken_back(
    archive: Archive, uuid: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that does not keep what was written: it is spoilt as soon as it is in its place."""
    before = bytes_of(place_of(archive, uuid))
    exchange = archive.storage.exchange

    def spoiling(folder: Path, key: str) -> None:
        exchange(folder, key)
        spoilt = archive.storage.root / key / "v2/content/bag-info.txt"
        if spoilt.exists():
            spoilt.write_bytes(b"x" + spoilt.read_bytes()[1:])

    monkeypatch.setattr(archive.storage, "exchange", spoiling)
    with pytest.raises(CorruptionFound, match="read-back"):
        add_version(archive, uuid)
    assert bytes_of(place_of(archive, uuid)) == before
    assert archive.catalogue.package(uuid).version == "v1"
    assert checked(archive, uuid).verdict is Verdict.PASSED
    (aside,) = (archive.storage.workplace() / "aside").iterdir()
    assert (aside / "v2").is_dir()


def test_a_version_that_was_stored_and_not_recorded_is_recorded_by_the_next_run(
    archive: Archive, uuid: UUID, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Killed(BaseException):
        pass

    def killed(*_: object) -> None:
        raise Killed

    monkeypatch.setattr(versions, "_record", killed)
    with pytest.raises(Killed):
        add_version(archive, uuid)
    monkeypatch.undo()
    (finding,) = checked(archive, uuid).findings
    assert (finding.code, finding.verdict) == ("aip-unrecorded", Verdict.INDETERMINATE)
    assert len(bytes_of(export(archive, uuid, tmp_path, "folder").path)) == 18  # the first version still
    versions.settle(archive)
    assert archive.catalogue.package(uuid).version == "v2"
    assert checked(archive, uuid).verdict is Verdict.PASSED
    assert pending.unfinished(archive) == []


def test_a_damaged_aip_gets_no_version(archive: Archive, uuid: UUID) -> None:
    place = place_of(archive, uuid) / f"v1/content/data/{uuid}/metadata/preservation/PREMIS.xml"
    place.write_bytes(place.read_bytes().replace(b"archivum", b"Archivum"))
    with pytest.raises(CorruptionFound, match=r"access\.changed"):
        add_version(archive, uuid)
    assert archive.ocfl.head(f"urn:uuid:{uuid}") == "v1"


def test_what_others_put_into_an_object_is_not_lost_with_a_version(archive: Archive, uuid: UUID) -> None:
    for extra in ("v1/content/extra.txt", "empty"):
        place = place_of(archive, uuid) / extra
        if extra == "empty":
            place.mkdir()
        else:
            place.write_bytes(b"x")
        with pytest.raises(CorruptionFound, match="not-as-told"):
            add_version(archive, uuid)
        assert place.exists()
        place.rmdir() if extra == "empty" else place.unlink()


def test_an_earlier_version_changed_with_its_inventories_is_found_by_its_manifest(
    archive: Archive, uuid: UUID
) -> None:
    """Someone who makes all digests of OCFL anew still has the manifests of the bag against him."""
    add_version(archive, uuid)
    place = place_of(archive, uuid)
    old = place / f"v1/content/data/{uuid}/metadata/preservation/PREMIS.xml"
    replace_in_object(place, old, old.read_bytes().replace(b"archivum", b"Archivum"))
    codes = {one.code for one in checked(archive, uuid).findings}
    assert codes == {"aip-changed"}


def replace_in_object(place: Path, file: Path, data: bytes) -> None:
    """Change a content file and everything in the object that tells of its digests."""
    import hashlib

    old = file.read_bytes()
    file.write_bytes(data)
    for inventory in sorted(place.rglob("inventory.json"), key=lambda one: len(one.parts), reverse=True):
        text = inventory.read_text()
        for name in ("sha512", "sha256"):
            text = text.replace(hashlib.new(name, old).hexdigest(), hashlib.new(name, data).hexdigest())
        inventory.write_text(text)
        digest = hashlib.sha512(text.encode()).hexdigest()
        inventory.with_name("inventory.json.sha512").write_text(f"{digest} inventory.json\n")


def test_only_versions_as_archivum_names_them_are_followed() -> None:
    assert [following(one) for one in ("v1", "v9", "v10")] == ["v2", "v10", "v11"]
    for name in ("v0", "v01", "1", "", "vx"):
        with pytest.raises(Refused, match="foreign"):
            following(name)


def test_an_older_version_is_read_by_its_own_manifest(archive: Archive, uuid: UUID) -> None:
    add_version(archive, uuid)
    accession = archive.catalogue.package(uuid)
    with Holdings(archive, accession, "v1") as old, Holdings(archive, accession) as new:
        assert (old.version, new.version) == ("v1", "v2")
        path = f"data/{uuid}/representations/migration-1/data/strana.png"
        assert (old.has(path), new.has(path)) == (False, True)

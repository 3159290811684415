"""Whatever is done to a stored AIP, its verification finds it, and blames no other AIP.

With ``ARCHIVUM_CRASH=all`` every byte of every file of a small AIP is changed, not only of its small files.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archivum.archive import Archive
from archivum.catalogue.fold import Accession
from archivum.checks.aip import STAMP, AipCheck, check_aip, object_id
from archivum.model import Verdict
from archivum.packaging.bag import MANIFEST, TAG_MANIFEST
from archivum.storage.digest import of_stream
from archivum.storage.ocfl_commit import write_first_version
from archivum.storage.ocfl_validation import validate
from fixtures.bags import bag
from fixtures.sip import dokument, spis
from tests.crash import state
from tests.crash.archives import ALL
from tests.property.stored import archive_with

SMALL: Final = 300  # bytes
BAG: Final = "v1/content"
tampering = settings(
    max_examples=1000 if ALL else 80,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    folder = tmp_path_factory.mktemp("stored")
    batch = folder / "batch"
    batch.mkdir()
    sent = [spis(1, components=2), bag(1, files=1, size=200), dokument(2)]
    archive = archive_with(folder / "archive", [one.write_folder(batch) for one in sent])
    yield archive
    archive.close()


@pytest.fixture(scope="module")
def accessions(archive: Archive) -> list[Accession]:
    found = sorted(archive.catalogue.packages(), key=lambda one: one.aip_size or 0)
    assert len(found) == 3
    return found


def checked(archive: Archive, accession: Accession) -> AipCheck:
    return check_aip(archive.ocfl, accession.uuid, archive.trusted(), {"v1": accession.manifest})


def place(archive: Archive, accession: Accession) -> Path:
    """Return the folder of an AIP."""
    return archive.storage.root / archive.ocfl.key(object_id(accession.uuid))


def files(folder: Path) -> list[Path]:
    return sorted(one for one in folder.rglob("*") if one.is_file())


@contextmanager
def restored(folder: Path) -> Iterator[None]:
    """Have a folder as it was, afterwards."""
    kept = folder.with_name("kept")
    shutil.copytree(folder, kept)
    try:
        yield
    finally:
        shutil.rmtree(folder)
        kept.rename(folder)


def assert_found(archive: Archive, accessions: list[Accession], victim: int, done: str) -> None:
    """Every AIP is as it was but one, and that is found to be wrong."""
    verdicts = [checked(archive, one).verdict for one in accessions]
    expected = [Verdict.FAILED if number == victim else Verdict.PASSED for number in range(3)]
    assert verdicts == expected, done


@pytest.fixture(scope="module")
def tampered(archive: Archive, accessions: list[Accession]) -> Callable[[int, Callable[[Path], str]], None]:
    """Return what does something to one of the AIPs, insists that it is found, and makes it good again."""

    def run(victim: int, tamper: Callable[[Path], str]) -> None:
        folder = place(archive, accessions[victim])
        before = state.files(folder)
        with restored(folder):
            done = tamper(folder)
            if state.files(folder) != before or any(one.is_symlink() for one in folder.rglob("*")):
                assert_found(archive, accessions, victim, done)

    return run


Tampered = Callable[[int, Callable[[Path], str]], None]
victims = st.integers(0, 2)


def test_they_are_all_well(archive: Archive, accessions: list[Accession]) -> None:
    for one in accessions:
        check = checked(archive, one)
        assert (check.verdict, check.findings) == (Verdict.PASSED, ())


@tampering
@given(victim=victims, data=st.data())
def test_a_changed_byte(tampered: Tampered, victim: int, data: st.DataObject) -> None:
    def tamper(folder: Path) -> str:
        file = data.draw(st.sampled_from([one for one in files(folder) if one.stat().st_size]))
        content = bytearray(file.read_bytes())
        position = data.draw(st.integers(0, len(content) - 1))
        content[position] ^= data.draw(st.integers(1, 255))
        file.write_bytes(content)
        return f"{file}: byte {position}"

    tampered(victim, tamper)


@tampering
@given(victim=victims, data=st.data())
def test_bytes_lost_or_added(tampered: Tampered, victim: int, data: st.DataObject) -> None:
    """At the end (cut off, appended), at the start, or within."""

    def tamper(folder: Path) -> str:
        file = data.draw(st.sampled_from(files(folder)))
        content = file.read_bytes()
        ends = st.sampled_from([0, len(content)]) | st.integers(0, len(content))
        start, stop = sorted((data.draw(ends), data.draw(ends)))
        file.write_bytes(content[:start] + data.draw(st.binary(max_size=3)) + content[stop:])
        return f"{file}: from {start} to {stop}"

    tampered(victim, tamper)


@tampering
@given(victim=victims, data=st.data())
def test_files_lost(tampered: Tampered, victim: int, data: st.DataObject) -> None:
    def tamper(folder: Path) -> str:
        gone = data.draw(st.lists(st.sampled_from(files(folder)), min_size=1, max_size=3, unique=True))
        for one in gone:
            one.unlink()
        return f"lost: {gone}"

    tampered(victim, tamper)


def test_each_file_lost(tampered: Tampered, archive: Archive, accessions: list[Accession]) -> None:
    folder = place(archive, accessions[0])
    for name in [one.relative_to(folder) for one in files(folder)]:

        def tamper(folder: Path, name: Path = name) -> str:
            (folder / name).unlink()
            return f"lost: {name}"

        tampered(0, tamper)


@tampering
@given(victim=victims, data=st.data(), content=st.binary(max_size=3))
def test_a_file_added(tampered: Tampered, victim: int, data: st.DataObject, content: bytes) -> None:
    """Anywhere, also in new folders, and by names that mean something to OCFL or BagIt."""
    names = ["x", ".x", "inventory.json", "inventory.json.sha256", "0=ocfl_object_1.0", "manifest-md5.txt"]
    names += ["logs", "extensions", "v2", "content", "data", "fetch.txt", "tagmanifest-md5.txt"]

    def tamper(folder: Path) -> str:
        folders = [folder, *sorted(one for one in folder.rglob("*") if one.is_dir())]
        path = data.draw(st.sampled_from(folders))
        for part in data.draw(st.lists(st.sampled_from(names), min_size=1, max_size=3)):
            path = path / part
        if path.exists() or any(one.is_file() for one in path.parents):
            return "nothing"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return f"added: {path}"

    tampered(victim, tamper)


@tampering
@given(victim=victims, data=st.data())
def test_files_moved_swapped_or_made_links(tampered: Tampered, victim: int, data: st.DataObject) -> None:
    def tamper(folder: Path) -> str:
        one, other = data.draw(st.permutations(files(folder)))[:2]
        how = data.draw(st.sampled_from(["move", "swap", "link", "replace"]))
        if how == "move":
            one.rename(one.with_name("moved"))
        elif how == "swap":
            kept = one.read_bytes()
            one.write_bytes(other.read_bytes())
            other.write_bytes(kept)
        elif how == "replace":
            one.write_bytes(other.read_bytes())
        else:
            kept = folder.parent.parent / "elsewhere"
            one.replace(kept)
            one.symlink_to(kept)
        return f"{how}: {one}, {other}"

    tampered(victim, tamper)


def test_every_single_byte(archive: Archive, accessions: list[Accession]) -> None:
    folder = place(archive, accessions[0])
    chosen = [one for one in files(folder) if ALL or one.stat().st_size <= SMALL]
    names = {str(one.relative_to(folder)) for one in chosen}
    assert {"0=ocfl_object_1.1", "inventory.json.sha512", "v1/inventory.json.sha512"} <= names
    for file in chosen:
        whole = file.read_bytes()
        with file.open("r+b", buffering=0) as target:
            for position, byte in enumerate(whole):
                target.seek(position)
                target.write(bytes([byte ^ 1]))
                assert checked(archive, accessions[0]).verdict is Verdict.FAILED, (file, position)
                target.seek(position)
                target.write(bytes([byte]))
    assert checked(archive, accessions[0]).verdict is Verdict.PASSED


# -- by someone who knows how everything hangs together ----------------------------------------------------


def reseal(archive: Archive, uuid: UUID, folder: Path) -> None:
    """Make all manifests and inventories of a changed AIP right again, as whoever owns the disk can."""
    bag_folder = folder / BAG
    payload = [one for one in files(bag_folder) if "data" in one.relative_to(bag_folder).parts]
    _manifest(bag_folder, MANIFEST, payload)
    tags = [one for one in files(bag_folder) if one not in payload and one.name != TAG_MANIFEST]
    _manifest(bag_folder, TAG_MANIFEST, tags)
    for one in [*folder.glob("*inventory*"), *folder.glob("v1/inventory*"), *folder.glob("0=*")]:
        one.unlink()
    content = []
    for one in files(bag_folder):
        with one.open("rb") as stream:
            size, digests = of_stream(stream)
        content.append((str(one.relative_to(bag_folder)), digests, size))
    write_first_version(
        folder, object_id(uuid), content, at=state.AT, message="ingest", agent=state.ARCHIVIST
    )
    findings = validate(archive.storage, archive.ocfl.key(object_id(uuid)))
    assert [one for one in findings if one.verdict is Verdict.FAILED and "W008" not in one.code] == []


def _manifest(bag_folder: Path, name: str, members: list[Path]) -> None:
    lines = []
    for one in members:
        with one.open("rb") as stream:
            digest = of_stream(stream, ("sha512",))[1]["sha512"]
        lines.append((os.fsencode(one.relative_to(bag_folder)), digest.encode()))
    (bag_folder / name).write_bytes(b"".join(b"%s  %s\n" % (digest, path) for path, digest in sorted(lines)))


@pytest.mark.parametrize("change", ["changed", "lost", "added"])
def test_a_payload_resealed_is_told_by_the_time_stamp_and_by_the_journal(
    archive: Archive, accessions: list[Accession], change: str
) -> None:
    victim = accessions[0]
    folder = place(archive, victim)
    with restored(folder):
        file = next(one for one in files(folder / BAG / "data") if "submission" in one.parts)
        if change == "changed":
            file.write_bytes(file.read_bytes().replace(b"a", b"b", 1) + b"c")
        elif change == "lost":
            file.unlink()
        else:
            file.with_name("added").write_bytes(b"x")
        reseal(archive, victim.uuid, folder)
        alone = check_aip(archive.ocfl, victim.uuid, archive.trusted())
        assert alone.verdict is Verdict.FAILED
        assert {one.subject for one in alone.findings} == {STAMP}
        assert "aip-manifest" in {one.code for one in checked(archive, victim).findings}
        assert_found(archive, accessions, 0, change)


def test_with_a_new_time_stamp_too_the_journal_still_tells(
    archive: Archive, accessions: list[Accession]
) -> None:
    """The key of the authority was stolen: within the AIP everything is right."""
    victim = accessions[0]
    folder = place(archive, victim)
    with restored(folder):
        file = next(one for one in files(folder / BAG / "data") if "submission" in one.parts)
        file.write_bytes(b"forged")
        reseal(archive, victim.uuid, folder)
        with (folder / BAG / MANIFEST).open("rb") as stream:
            manifest = of_stream(stream, ("sha512",))[1]["sha512"]
        (folder / BAG / STAMP).write_bytes(archive.authority.stamp(bytes.fromhex(manifest), state.AT))
        reseal(archive, victim.uuid, folder)
        assert check_aip(archive.ocfl, victim.uuid, archive.trusted()).verdict is Verdict.PASSED
        found = checked(archive, victim)
        assert [one.code for one in found.findings] == ["aip-manifest"]
        assert_found(archive, accessions, 0, "forged")

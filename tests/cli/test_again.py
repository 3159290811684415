"""What was sent before, is sent again, is held, is decided, or is only tried."""

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from archivum.model import EventType
from fixtures.bags import bag
from fixtures.defects import Defect
from fixtures.folders import folder
from fixtures.package import Package
from fixtures.sip import spis
from tests.cli.running import content, here, left_at_work, opened, seen

PACKAGES = {"nsesss": spis(0), "bagit": bag(0), "folder": folder(0)}
HOLD = 'reader = "folder"\n[decide.codes]\n"format-unknown" = "hold"\n'


def whole_digest(root: Path) -> str:
    """The SHA-512 of the lines of a manifest of all files, sorted by path."""
    lines = [
        (place.relative_to(root).as_posix().encode(), hashlib.sha512(place.read_bytes()).hexdigest())
        for place in root.rglob("*")
        if place.is_file()
    ]
    return hashlib.sha512(
        b"".join(f"{digest}  ".encode() + path + b"\n" for path, digest in sorted(lines))
    ).hexdigest()


def stored(root: Path) -> tuple[dict[str, str], dict[str, str]]:
    """All that an archive keeps, and all that it recorded."""
    return content(root / "storage/main/ocfl"), content(root / "storage/main/journal")


def all_of(root: Path) -> dict[str, tuple[object, ...]]:
    """All that can be seen in an archive; SQLite puts a file beside the catalogue while it reads."""
    return {name: what for name, what in seen(root).items() if name != root.name}


def held(archive: Path, sent: Path) -> Path:
    """A package that the profile holds for a person."""
    (archive / "profiles/folder.toml").write_text(HOLD, "utf-8")
    return folder(1).write_folder(sent, [Defect.UNKNOWN_FORMAT])


# -- sent again -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", PACKAGES)
def test_a_package_is_one_package_whatever_it_comes_in(kind: str, archive: Path, sent: Path) -> None:
    package = PACKAGES[kind]
    (sent / "gz").mkdir()
    first = here("--archive", archive, "--json", "ingest", package.write_folder(sent))
    assert (first.code, first.package["status"]) == (0, "stored")
    before = stored(archive)
    forms: tuple[Callable[[], Path], ...] = (
        lambda: sent / package.name,
        lambda: package.write_zip(sent),
        lambda: package.write_tar(sent),
        lambda: package.write_tar(sent / "gz", packed=True),
    )
    for form in forms:
        again = here("--archive", archive, "--json", "ingest", form())
        assert (again.code, again.package["status"]) == (0, "already-stored")
        assert again.package["uuid"] == first.package["uuid"]
        assert first.package["uuid"] in again.err
    assert stored(archive) == before
    assert left_at_work(archive) == []
    accession = opened(archive).catalogue.package(first.package["uuid"])
    assert accession.digest == whole_digest(sent / package.name)


def test_another_name_of_the_container_is_the_same_package(archive: Path, sent: Path) -> None:
    first = here("--archive", archive, "--json", "ingest", spis(0).write_zip(sent))
    other = shutil.copy(sent / f"{spis(0).name}.zip", sent / "poslano znovu.zip")
    again = here("--archive", archive, "--json", "ingest", other)
    assert (again.package["status"], again.package["uuid"]) == ("already-stored", first.package["uuid"])


@pytest.mark.parametrize("kind", PACKAGES)
def test_an_identifier_names_one_content(kind: str, archive: Path, sent: Path) -> None:
    other: Package = {"nsesss": spis(0, components=5), "bagit": bag(0, algorithms=("sha256",)),
                      "folder": folder(0, described=False)}[kind]  # fmt: skip
    (sent / "other").mkdir()
    one, two = PACKAGES[kind].write_folder(sent), other.write_folder(sent / "other")
    assert here("--archive", archive, "ingest", one).code == 0
    before = content(archive / "storage/main/ocfl")
    refused = here("--archive", archive, "--json", "ingest", two)
    assert (refused.code, refused.package["status"]) == (6, "conflict")
    (finding,) = (one for one in refused.package["findings"] if one["code"] == "package-conflict")
    for digest in (whole_digest(one), whole_digest(two)):
        assert digest in finding["text"] and digest in refused.err
        assert digest in Path(refused.package["report"]).read_text("utf-8")
    assert content(archive / "storage/main/ocfl") == before
    assert here("--archive", archive, "--json", "ingest", two).code == 6
    assert here("--archive", archive, "--json", "ingest", one).package["status"] == "already-stored"
    assert (
        len(opened(archive).catalogue.events(opened(archive).catalogue.package(refused.package["uuid"]).uuid))
        == 5
    )


def test_a_broken_copy_of_what_is_stored_is_invalid_first(archive: Path, sent: Path) -> None:
    (sent / "broken").mkdir()
    assert here("--archive", archive, "ingest", spis(0).write_folder(sent)).code == 0
    broken = spis(0).write_folder(sent / "broken", [Defect.CHANGED_BYTE])
    refused = here("--archive", archive, "--json", "ingest", broken)
    assert (refused.code, refused.package["status"]) == (3, "rejected")
    assert {"file-checksum", "package-conflict"} <= set(refused.package["reasons"])


@pytest.mark.parametrize("kind", PACKAGES)
@pytest.mark.parametrize(
    "defect", [Defect.LINK_OUTSIDE, Defect.BACKSLASH_PATH, Defect.FIFO], ids=lambda one: one.name
)
def test_what_is_stored_is_not_recognised_in_what_is_unsafe(
    kind: str, defect: Defect, archive: Path, sent: Path
) -> None:
    """The files that may be read are those of the stored package; what lies beside them counts."""
    (sent / "unsafe").mkdir()
    package = PACKAGES[kind]
    first = here("--archive", archive, "--json", "ingest", package.write_folder(sent))
    before = content(archive / "storage/main/ocfl")
    refused = here("--archive", archive, "--json", "ingest", package.write_folder(sent / "unsafe", [defect]))
    assert (refused.code, refused.package["status"]) == (3, "rejected")
    assert refused.package["uuid"] != first.package["uuid"]
    assert "package-conflict" not in refused.package["reasons"]
    assert content(archive / "storage/main/ocfl") == before
    again = here("--archive", archive, "--json", "ingest", sent / package.name)
    assert again.package["status"] == "already-stored"
    shown = here("--archive", archive, "--json", "show", first.package["uuid"])
    assert shown.package["state"] == "stored"
    assert [one["event"]["type"] for one in shown.of("event")].count("appraisal") == 1


def test_what_is_refused_twice_is_recorded_and_reported_once(archive: Path, sent: Path) -> None:
    path = spis(0).write_zip(sent, [Defect.MISSING_FILE])
    first = here("--archive", archive, "--json", "ingest", path)
    before = stored(archive)
    second = here("--archive", archive, "--json", "ingest", path)
    assert (first.code, second.code) == (3, 3)
    assert first.package == second.package
    assert stored(archive) == before
    assert len(list((archive / "reports").iterdir())) == 1


def test_what_was_mended_is_stored(archive: Path, sent: Path) -> None:
    (sent / "bad").mkdir()
    refused = here(
        "--archive", archive, "--json", "ingest", spis(0).write_folder(sent / "bad", [Defect.EXTRA_FILE])
    )
    mended = here("--archive", archive, "--json", "ingest", spis(0).write_folder(sent))
    assert (refused.code, mended.code, mended.package["status"]) == (3, 0, "stored")
    assert here("--archive", archive, "verify").code == 0


# -- held and decided -----------------------------------------------------------------------------------


def test_a_held_package_waits_and_says_why(archive: Path, sent: Path) -> None:
    path = held(archive, sent)
    before = content(archive / "storage/main/ocfl")
    ran = here("--archive", archive, "--json", "ingest", path)
    assert (ran.code, ran.package["status"], ran.package["action"]) == (6, "held", "hold")
    assert ran.package["reasons"] == ["format-unknown"]
    assert Path(ran.package["report"]).is_file()
    assert content(archive / "storage/main/ocfl") == before
    assert [
        one["uuid"] for one in here("--archive", archive, "--json", "list", "--state", "held").of("package")
    ] == [ran.package["uuid"]]
    status = here("--archive", archive, "--json", "status")
    assert status.code == 4
    assert {"id": "held", "count": 1} in status.of("status")[0]["due"]
    before_again = stored(archive)
    assert here("--archive", archive, "ingest", path).code == 6
    assert stored(archive) == before_again


def test_what_a_person_accepts_is_stored_when_it_is_sent_again(archive: Path, sent: Path) -> None:
    path = held(archive, sent)
    uuid = here("--archive", archive, "--json", "ingest", path).package["uuid"]
    decided = here(
        "--archive",
        archive,
        "--agent",
        "Jan Novák",
        "--json",
        "decide",
        uuid[:8],
        "accept",
        "--reason",
        "je to v pořádku",
    )
    assert decided.code == 0
    assert decided.of("decision")[0] | {"schema": "", "type": ""} == {
        "schema": "", "type": "", "uuid": uuid, "action": "accept"
    }  # fmt: skip
    status = here("--archive", archive, "--json", "status")
    assert {"id": "decided", "count": 1} in status.of("status")[0]["due"]
    again = here("--archive", archive, "--json", "ingest", path)
    assert (again.code, again.package["status"], again.package["uuid"]) == (0, "stored", uuid)
    catalogue = opened(archive).catalogue
    assert catalogue.package(uuid).decided_by == "Jan Novák"
    reasons = [entry.event.detail.get("reason") for entry in catalogue.events(catalogue.package(uuid).uuid)
               if entry.event.type is EventType.APPRAISAL]  # fmt: skip
    assert reasons == [None, "je to v pořádku", None]
    assert here("--archive", archive, "verify").code == 0
    assert here("--archive", archive, "--json", "ingest", path).package["status"] == "already-stored"


def test_what_a_person_rejects_is_not_stored(archive: Path, sent: Path) -> None:
    path, before = held(archive, sent), content(archive / "storage/main/ocfl")
    uuid = here("--archive", archive, "--json", "ingest", path).package["uuid"]
    assert here("--archive", archive, "decide", path.name, "reject", "--reason", "nečitelné").code == 0
    assert here("--archive", archive, "--json", "show", uuid).package["state"] == "rejected"
    again = here("--archive", archive, "--json", "ingest", path)
    assert (again.code, again.package["status"]) == (3, "rejected")
    assert content(archive / "storage/main/ocfl") == before


def test_only_what_is_held_can_be_decided(archive: Path, sent: Path) -> None:
    uuid = here("--archive", archive, "--json", "ingest", folder(0).write_folder(sent)).package["uuid"]
    before = stored(archive)
    refused = here("--archive", archive, "--json", "decide", uuid, "reject", "--reason", "omyl")
    assert (refused.code, refused.of("error")[0]["id"]) == (6, "ingest.not-held")
    assert stored(archive) == before


def test_a_decision_needs_a_reason(archive: Path, sent: Path) -> None:
    uuid = here("--archive", archive, "--json", "ingest", held(archive, sent)).package["uuid"]
    before = stored(archive)
    assert here("--archive", archive, "decide", uuid, "accept").code == 1
    assert here("--archive", archive, "decide", uuid, "accept", "--reason", " ").code == 1
    assert stored(archive) == before


# -- only tried -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_dry_run_changes_nothing(jobs: int, archive: Path, sent: Path) -> None:
    (sent / "known").mkdir()
    here("--archive", archive, "ingest", bag(0).write_folder(sent / "known"))
    paths = {
        spis(0).write_folder(sent): ("checked", 0),
        spis(1).write_zip(sent, [Defect.CHANGED_BYTE]): ("rejected", 3),
        held(archive, sent): ("held", 6),
        bag(0, algorithms=("md5",)).write_tar(sent): ("conflict", 6),
        sent / "known" / bag(0).name: ("already-stored", 0),
    }
    before = all_of(archive), seen(sent)
    ran = here("--archive", archive, "--json", "ingest", "--dry-run", "--jobs", jobs, *paths)
    assert {line["path"]: line["status"] for line in ran.of("package")} == {
        str(path): status for path, (status, _) in paths.items()
    }
    assert ran.code == 4
    for path, (_, code) in paths.items():
        assert here("--archive", archive, "ingest", "--dry-run", path).code == code
    after = all_of(archive), seen(sent)
    for then, now in zip(before, after, strict=True):
        assert {name: what for name, what in now.items() if then.get(name) != what} == {}
        assert now.keys() == then.keys()


def test_a_dry_decision_changes_nothing(archive: Path, sent: Path) -> None:
    uuid = here("--archive", archive, "--json", "ingest", held(archive, sent)).package["uuid"]
    before = all_of(archive)
    assert here("--archive", archive, "decide", uuid, "accept", "--reason", "zkouška", "--dry-run").code == 0
    assert all_of(archive) == before


@pytest.mark.parametrize("command", ["status", "list", "show", "rebuild"])
def test_looking_changes_nothing(command: str, archive: Path, sent: Path) -> None:
    uuid = here("--archive", archive, "--json", "ingest", folder(0).write_folder(sent)).package["uuid"]
    before = all_of(archive)
    words = {"show": ["show", uuid], "rebuild": ["catalogue", "rebuild", "--dry-run"]}.get(command, [command])
    assert here("--archive", archive, *words).code == 0
    assert all_of(archive) == before

"""``archivum formats``: what is held, what is at risk, and what a release of signatures calls otherwise."""

import csv
import os
import shutil
import signal
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO
from xml.etree import ElementTree

import pytest
from PIL import Image

from archivum.model import EventType, State
from archivum.planning.reidentify import chosen, open_signatures, record, reidentify
from archivum.storage.local import LocalStorage
from fixtures.content import record as xml_record
from fixtures.content import sound, table, word
from fixtures.images import png
from tests.cli.conftest import Once
from tests.cli.running import begun, here, opened
from tests.signatures import signature_file

SPLIT = {"fmt/141": "fmt/987"}  # WAV, as if a release of PRONOM had split it


def write(folder: Path, **files: bytes) -> Path:
    for name, data in files.items():
        place = folder / name.replace("_", ".")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    return folder


def flipped(picture: bytes) -> bytes:
    """A picture with one bit flipped amid its pixels, which still begins and ends as one."""
    place = picture.index(b"IDAT") + 40
    return picture[:place] + bytes([picture[place] ^ 1]) + picture[place + 1 :]


def fill(root: Path, sent: Path) -> None:
    picture = png().data
    one = write(sent / "jedna", a_wav=sound().data, b_png=picture, c_docx=word("Žádost", "Text").data)
    two = write(
        sent / "dvě", a_wav=sound(2).data, r_xml=xml_record(1).data, s_csv=table().data,
        broken_png=flipped(picture), x_neznámý=bytes(range(256)) * 2,
    )  # fmt: skip
    own = root / "profiles/folder.toml"
    own.write_text('reader = "folder"\n[decide]\nerror = "accept"\n', "utf-8")
    ran = here("--archive", root, "ingest", "--profile", "folder", one, two)
    assert ran.code == 0, ran.err


@pytest.fixture(scope="session")
def filled(once: Once, template: Path) -> Path:
    def make(place: Path) -> None:
        fill(Path(shutil.copytree(template, place / "archiv")), place / "sent")

    return once("formats", make) / "archiv"


@pytest.fixture
def held(filled: Path, tmp_path: Path) -> Path:
    """A copy of an archive of two AIPs that may be changed."""
    return Path(shutil.copytree(filled, tmp_path / "archiv"))


@pytest.fixture(scope="session")
def release(once: Once) -> Path:
    return once("release", lambda place: str(signature_file(place / "next.sig", SPLIT))) / "next.sig"


def tables(root: Path) -> dict[str, list[tuple[object, ...]]]:
    with sqlite3.connect(root / "catalogue.db") as base:
        names = [name for (name,) in base.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: sorted(base.execute(f"SELECT * FROM {name}"), key=str) for name in names}


# -- the report -------------------------------------------------------------------------------------------


def test_the_report_counts_files_bytes_and_aips(filled: Path) -> None:
    ran = here("--archive", filled, "--json", "formats")
    assert ran.code == 0
    found = {line["puid"]: line for line in ran.of("format")}
    assert set(found) == {"fmt/141", "fmt/11", "fmt/412", "fmt/101", "x-fmt/18", ""}
    wav, image = found["fmt/141"], found["fmt/11"]
    assert (wav["files"], wav["packages"], wav["standing"], wav["kind"]) == (2, 2, "preservation", "sound")
    assert wav["bytes"] == len(sound().data) + len(sound(2).data) and wav["met"] == 2
    assert (image["files"], image["valid"], image["faulty"], image["met"]) == (2, 1, 1, 2)
    assert (found["fmt/412"]["standing"], found["fmt/412"]["unmet"]) == ("acceptable", 1)
    assert found["fmt/412"]["becomes"] == ["fmt/477"]
    assert (found["fmt/101"]["standing"], found["fmt/101"]["met"], found["fmt/101"]["unmet"]) == (
        "conditional", 0, 0
    )  # fmt: skip
    assert (found[""]["files"], found[""]["bytes"], found[""]["standing"]) == (1, 512, "unidentified")
    sizes = [line["bytes"] for line in ran.of("format")]
    assert sizes == sorted(sizes, reverse=True) and ran.summary["formats"] == 6


@pytest.mark.parametrize(("language", "word_"), [("en", "kept for good"), ("cs", "uchovává se natrvalo")])
def test_the_report_for_people(filled: Path, language: str, word_: str) -> None:
    ran = here("--archive", filled, "--lang", language, "formats")
    (line,) = [line for line in ran.out.splitlines() if line.startswith("fmt/141")]
    assert "Waveform Audio (PCMWAVEFORMAT)" in line and word_ in line
    assert len(ran.out.splitlines()) == 7


def test_the_report_as_csv(filled: Path, tmp_path: Path) -> None:
    ran = here("--archive", filled, "--json", "formats", "--csv", tmp_path / "přehled.csv")
    with (tmp_path / "přehled.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert ran.code == 0 and len(rows) == 6
    for row, line in zip(rows, ran.of("format"), strict=True):
        assert row == {
            key: " ".join(v) if isinstance(v, list) else str(v) for key, v in line.items() if key in row
        }


def test_the_report_as_a_chart(filled: Path, tmp_path: Path) -> None:
    for name in ("graf.svg", "graf.png"):
        assert here("--archive", filled, "--lang", "cs", "formats", "--plot", tmp_path / name).code == 0
    drawn = ElementTree.parse(tmp_path / "graf.svg").getroot()
    texts = ["".join(one.itertext()) for one in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert "Co je uloženo, podle formátů" in texts and "32.1 kB, souborů: 1" not in texts
    assert sum(text.startswith(("fmt/", "x-fmt/", "?")) for text in texts) == 6
    boxes = [float(one.get("width", "")) for one in drawn.iter("{http://www.w3.org/2000/svg}rect")]
    bars = boxes[-6:]
    assert bars == sorted(bars, reverse=True) and bars[0] > 300
    with Image.open(tmp_path / "graf.png") as picture:
        picture.load()
        # the longest bar is of WAV, which is kept for good: green
        assert picture.getpixel(((24 + 330 + 10) * 2, (92 + 9) * 2)) == (0x2E, 0x7D, 0x32)


@pytest.mark.parametrize("option", ["--csv", "--plot"])
def test_nothing_is_overwritten(filled: Path, tmp_path: Path, option: str) -> None:
    (tmp_path / "a.svg").write_text("mine")
    ran = here("--archive", filled, "--json", "formats", option, tmp_path / "a.svg")
    assert (ran.code, ran.of("error")[0]["id"]) == (6, "planning.exists")
    assert (tmp_path / "a.svg").read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (("--plot", "a.gif"), 1, "planning.picture"),
        (("--policy", "neni"), 2, "settings.choice"),
        (("risk", "--policy", "neni"), 2, "settings.choice"),
        (("reidentify", "--signatures", "neni.sig"), 2, "planning.signatures"),
        (("reidentify", "ffffffff"), 8, "catalogue.not-found"),
    ],
)
def test_what_makes_no_sense(filled: Path, arguments: tuple[str, ...], code: int, error: str) -> None:
    ran = here("--archive", filled, "--json", "formats", *arguments)
    assert (ran.code, ran.of("error")[0]["id"]) == (code, error)
    assert not Path("a.gif").exists()


def test_an_empty_archive_holds_nothing(archive: Path, tmp_path: Path) -> None:
    ran = here("--archive", archive, "--json", "formats", "--plot", tmp_path / "a.svg")
    assert (ran.code, ran.summary["formats"]) == (0, 0)
    assert here("--archive", archive, "--json", "formats", "risk").summary["formats"] == 0
    assert here("--archive", archive, "--json", "formats", "reidentify").summary["packages"] == 0


# -- the risk ---------------------------------------------------------------------------------------------


def test_what_is_at_risk_and_what_it_can_become(filled: Path) -> None:
    ran = here("--archive", filled, "--json", "formats", "risk")
    told = [
        (line["risk"], line["puid"], line["files"], line["packages"], line["exact"])
        for line in ran.of("risk")
    ]
    assert told == [
        ("unidentified", "", 1, 1, True),
        ("unsure", "x-fmt/18", 1, 1, True),  # CSV is known by its name only
        ("not-preservation", "fmt/412", 1, 1, True),
        ("not-preservation", "x-fmt/18", 1, 1, True),
        ("untold", "fmt/101", 1, 1, False),
        ("faulty", "fmt/11", 1, 1, False),
    ]
    assert [line["becomes"] for line in ran.of("risk") if line["puid"] == "fmt/412"] == [["fmt/477"]]
    assert "fmt/141" not in str(told)


def test_the_risk_is_by_the_policy_of_today(held: Path) -> None:
    (held / "profiles/formats.toml").write_text(
        '[policy.strict]\nothers = "refused"\n[[policy.strict.rule]]\nformats = ["fmt/11"]\n'
        'standing = "preservation"\nuntil = 2026-03-01\n', "utf-8"
    )  # fmt: skip
    strict = here("--archive", held, "--json", "formats", "risk", "--policy", "strict").of("risk")
    assert {line["puid"] for line in strict if line["risk"] == "refused"} >= {"fmt/141", "fmt/412", "fmt/11"}
    # ours stands beside it
    assert here("--archive", held, "--json", "formats").of("format")[0]["standing"] == "preservation"


# -- permitted, at ingest ---------------------------------------------------------------------------------


def agree(root: Path, policy: str) -> None:
    (root / "profiles/formats.toml").write_text(policy, "utf-8")
    (root / "profiles/folder.toml").write_text('reader = "folder"\n[formats]\npolicy = "kraj"\n', "utf-8")


def test_a_refused_format_rejects_a_package(archive: Path, sent: Path) -> None:
    agree(archive, '[policy.kraj]\n[[policy.kraj.rule]]\nformats = ["fmt/141"]\nstanding = "refused"\n')
    ran = here(
        "--archive", archive, "--json", "ingest", "--profile", "folder", write(sent / "a", a_wav=sound().data)
    )
    assert (ran.code, ran.package["reasons"]) == (3, ["format-refused"])


@pytest.mark.parametrize(("until", "code"), [("2026-03-01", 3), ("2026-03-02", 0)])
def test_the_policy_is_that_of_the_day_of_receipt(
    archive: Path, sent: Path, until: str, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock of the command line is real; the rule is moved so that this day is before or at its end."""
    from datetime import UTC, date, datetime, timedelta

    from archivum.formats.policy import day_of

    today = day_of(datetime.now(UTC))
    last = today if until.endswith("02") else today - timedelta(1)
    assert isinstance(last, date)
    agree(
        archive,
        '[policy.kraj]\nothers = "refused"\n[[policy.kraj.rule]]\nformats = ["fmt/141"]\n'
        f'standing = "preservation"\nuntil = {last.isoformat()}\n',
    )
    folder = write(sent / "a", a_wav=sound().data)
    assert here("--archive", archive, "ingest", "--profile", "folder", folder).code == code


def test_an_unknown_policy_ends_the_batch(archive: Path, sent: Path) -> None:
    agree(archive, "[policy.obec]\n")
    ran = here(
        "--archive", archive, "--json", "ingest", "--profile", "folder", write(sent / "a", a_wav=sound().data)
    )
    assert (ran.code, ran.of("error")[0]["id"]) == (2, "settings.choice")
    assert "decree-259-2012, obec" in ran.of("error")[0]["hint"]


# -- another look -----------------------------------------------------------------------------------------


def test_with_the_same_signatures_nothing_is_called_otherwise(held: Path) -> None:
    before = tables(held)
    ran = here("--archive", held, "--json", "formats", "reidentify", "--record")
    assert (ran.code, ran.of("change"), ran.summary["recorded"]) == (0, [], 0)
    assert all(line["before"] == line["now"] and line["before"] for line in ran.of("package"))
    assert tables(held) == before


@pytest.mark.parametrize("options", [(), ("--record", "--dry-run")])
def test_differences_are_shown_before_anything_is_recorded(
    held: Path, release: Path, options: tuple[str, ...]
) -> None:
    before = tables(held)
    ran = here("--archive", held, "--json", "formats", "reidentify", "--signatures", release, *options)
    told = [(line["path"], line["old"], line["new"]) for line in ran.of("change")]
    assert told == [("a.wav", "fmt/141", "fmt/987")] * 2
    assert (ran.code, ran.summary["changed"], ran.summary["recorded"]) == (0, 2, 0)
    assert tables(held) == before


def test_what_is_recorded_is_in_the_catalogue_and_in_one_made_again(held: Path, release: Path) -> None:
    command = ("--archive", held, "--json", "formats", "reidentify", "--signatures", release, "--record")
    ran = here(*command)
    assert (ran.code, ran.summary["changed"], ran.summary["recorded"]) == (0, 2, 2)
    found = {line["puid"]: line for line in here("--archive", held, "--json", "formats").of("format")}
    assert "fmt/141" not in found and (found["fmt/987"]["files"], found["fmt/987"]["packages"]) == (2, 2)
    # another format is not kept for good by what is known of the one it was; what did not change stands
    assert (found["fmt/987"]["met"], found["fmt/987"]["unmet"]) == (0, 2)
    assert (found["fmt/11"]["valid"], found["fmt/11"]["faulty"]) == (1, 1)
    shown = tables(held)
    assert here("--archive", held, "catalogue", "rebuild").code == 0
    assert tables(held) == shown
    tells_what_was_called_otherwise(held)
    again = here(*command)
    assert (again.code, again.summary["changed"], again.summary["recorded"]) == (0, 0, 0)
    assert here("--archive", held, "verify", "--journal").code == 0


def tells_what_was_called_otherwise(held: Path) -> None:
    archive = opened(held)
    for accession in archive.catalogue.packages(state=State.STORED):
        event = archive.catalogue.events(accession.uuid)[-1].event
        assert event.type is EventType.FORMAT_IDENTIFICATION
        assert event.detail["changes"] == [
            {"path": "a.wav", "old": "fmt/141", "new": "fmt/987", "name": "Waveform Audio (PCMWAVEFORMAT)"}
        ]
        signatures = event.detail["signatures"]
        assert isinstance(signatures, dict)
        assert ("V125" in signatures["old"], "V126" in signatures["new"]) == (True, True)
    archive.close()


def test_back_to_the_shipped_signatures_by_what_was_recorded(held: Path, release: Path) -> None:
    """What files were called last is told by the journal, beyond the PREMIS of their AIP."""
    here("--archive", held, "formats", "reidentify", "--signatures", release, "--record")
    ran = here("--archive", held, "--json", "formats", "reidentify", "--record")
    assert [(line["old"], line["new"]) for line in ran.of("change")] == [("fmt/987", "fmt/141")] * 2
    found = {line["puid"]: line for line in here("--archive", held, "--json", "formats").of("format")}
    assert (found["fmt/141"]["files"], found["fmt/141"]["met"]) == (2, 2)


def test_one_aip_alone(held: Path, release: Path) -> None:
    uuid = here("--archive", held, "--json", "list").of("package")[0]["uuid"]
    ran = here(
        "--archive", held, "--json", "formats", "reidentify", uuid, "--signatures", release, "--record"
    )
    assert {line["uuid"] for line in ran.of("change")} == {uuid} and ran.summary["packages"] == 1
    found = {
        line["puid"]: line["files"] for line in here("--archive", held, "--json", "formats").of("format")
    }
    assert (found["fmt/141"], found["fmt/987"]) == (1, 1)


def stored(root: Path, name: str) -> list[Path]:
    return sorted(root.glob(f"storage/main/ocfl/**/data/**/{name}"))


def test_a_damaged_file_is_no_file_of_another_format(held: Path) -> None:
    """What is not what was stored is told, and nothing is recorded of its AIP; the others go on."""
    before = tables(held)
    place = stored(held, "b.png")[0]
    place.chmod(0o644)
    place.write_bytes(sound().data)
    ran = here("--archive", held, "--json", "formats", "reidentify", "--record")
    assert (ran.code, ran.of("change"), ran.summary["recorded"]) == (5, [], 0)
    assert sorted(line["damaged"] for line in ran.of("package")) == [[], ["b.png"]]
    assert "b.png" in ran.err and tables(held) == before


def test_a_lost_file_is_told(held: Path, release: Path) -> None:
    stored(held, "b.png")[0].unlink()
    ran = here("--archive", held, "--json", "formats", "reidentify", "--signatures", release, "--record")
    assert (ran.code, ran.summary["recorded"]) == (5, 1)
    assert ["b.png"] in [line["damaged"] for line in ran.of("package")]


def test_a_damaged_premis_does_not_stop_the_others(held: Path, release: Path) -> None:
    place = stored(held, "PREMIS.xml")[0]
    place.chmod(0o644)
    place.write_bytes(place.read_bytes()[:2000])
    ran = here("--archive", held, "--json", "formats", "reidentify", "--signatures", release, "--record")
    assert (ran.code, [line["id"] for line in ran.of("error")]) == (5, ["packaging.premis"])
    assert ran.summary["recorded"] == 1


def test_what_is_not_stored_is_refused(held: Path, tmp_path: Path) -> None:
    (tmp_path / "prázdná").mkdir()
    refused = here("--archive", held, "--json", "ingest", "--profile", "folder", tmp_path / "prázdná").package
    ran = here("--archive", held, "--json", "formats", "reidentify", refused["uuid"])
    assert (ran.code, ran.of("error")[0]["id"]) == (6, "planning.not-stored")


def test_a_run_that_was_killed_can_be_run_again(held: Path, release: Path) -> None:
    command = ("--archive", held, "--json", "formats", "reidentify", "--signatures", release, "--record")
    with begun(*command) as process:
        assert process.stdout is not None
        process.stdout.readline()
        os.killpg(process.pid, signal.SIGKILL)
    again = here(*command)
    assert again.code == 0
    found = {
        line["puid"]: line["files"] for line in here("--archive", held, "--json", "formats").of("format")
    }
    assert found["fmt/987"] == 2 and "fmt/141" not in found


class Elsewhere:
    """A storage whose files have no paths here, such as one behind a network."""

    def __init__(self, storage: LocalStorage) -> None:
        self._storage = storage
        self.name = storage.name

    def open(self, key: str) -> BinaryIO:
        return self._storage.open(key)

    def list(self, prefix: str = "") -> Iterator[tuple[str, int]]:
        return self._storage.list(prefix)

    def exists(self, key: str) -> bool:
        return self._storage.exists(key)


def test_what_lies_in_a_storage_without_paths_is_looked_at_in_copies(held: Path, release: Path) -> None:
    archive = opened(held)
    archive.storage = Elsewhere(archive.storage)  # type: ignore[assignment]
    with open_signatures(release) as identifying:
        changes = []
        for accession in chosen(archive, ()):
            again = reidentify(archive, accession, identifying)
            changes += [(change.path, change.new) for change in again.changes]
            assert (again.unlooked, again.damaged) == ((), ())
            record(archive, again)
    assert changes == [("a.wav", "fmt/987")] * 2
    archive.close()

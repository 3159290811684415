"""Every exit code of the contract is provoked, and every error says what happened and what to do."""

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from archivum.errors import ArchivumError
from archivum.texts import LANGUAGES, say
from fixtures.bags import bag
from fixtures.defects import Defect
from fixtures.sip import spis
from tests.cli.running import Ran, apart, content, environment, here


def told(ran: Ran, code: int, text_id: str) -> bool:
    """Whether a run ended with this code and one error, told to people and as data."""
    (error,) = ran.of("error")
    assert (ran.code, ran.summary["exit_code"], error["id"]) == (code, code, text_id), ran
    assert f"[{text_id}]" in ran.err
    assert error["text"] in ran.err and error["hint"] in ran.err
    assert error["hint"]
    return True


@pytest.fixture
def stored(archive: Path, sent: Path) -> str:
    """The UUID of a package in the archive."""
    return str(here("--archive", archive, "--json", "ingest", bag(0).write_folder(sent)).package["uuid"])


def test_the_codes_are_those_of_the_tree_of_errors() -> None:
    codes = {kind.__name__: kind.exit_code for kind in ArchivumError.__subclasses__()}
    assert codes == {
        "Misused": 1, "Misconfigured": 2, "PackageRejected": 3, "CorruptionFound": 5, "Refused": 6, "Busy": 7,
        "NotFound": 8,
    }  # fmt: skip


@pytest.mark.parametrize("language", ["en", "cs"])
def test_the_codes_are_in_the_help(language: str) -> None:
    ran = here("--lang", language, "--help")
    assert ran.code == 0
    assert re.findall(r"\b\d\b", ran.out.partition(":")[2])[:9] == list("012345678")


# -- 0 --------------------------------------------------------------------------------------------------


def test_done(archive: Path, sent: Path) -> None:
    ran = apart("--archive", archive, "ingest", bag(0).write_folder(sent))
    assert ran.code == 0
    status, uuid, path = ran.out.split("\t")
    assert (status, path) == ("stored", f"{sent / bag(0).name}\n")
    assert apart("list", cwd=archive / "storage/main").out.count(uuid) == 1
    assert apart("status", ARCHIVUM=str(archive)).code == 0
    assert apart("verify", cwd=archive).code == 0


def test_the_command_is_a_module_too(archive: Path) -> None:
    command = [sys.executable, "-m", "archivum_cli", "--archive", str(archive), "status"]
    assert subprocess.run(command, check=False, capture_output=True, env=environment()).returncode == 0


# -- 1 --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ["neznamy"],
        ["--neznama", "status"],
        ["ingest"],
        ["ingest", "--jobs", "0", "."],
        ["ingest", "--jobs", "mnoho", "."],
        ["list", "--since", "včera"],
        ["list", "--state", "ztracen"],
        ["decide", "x", "možná", "--reason", "nevím"],
        ["dip", "x"],
        ["--lang", "de", "status"],
        ["status", "navíc"],
        ["catalogue", "zahodit"],
    ],
    ids=" ".join,
)
def test_usage(words: list[str], archive: Path) -> None:
    before = content(archive)
    assert told(here("--json", "--archive", archive, *words), 1, "usage.wrong")
    assert here("--archive", archive, *words).out == ""
    assert content(archive) == before


CLICK = ("Invalid", "Missing", "No such", "unexpected", "requires", "Usage", "Options", "Commands", "exit.")


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ([], "příkaz"),
        (["--lang=cs"], "příkaz"),
        (["catalogue"], "příkaz"),
        (["neznamy"], "neznamy"),
        (["--neznama", "status"], "--neznama"),
        (["list", "--sinc", "x"], "--since"),
        (["ingest"], "PATHS"),
        (["ingest", "--jobs", "0", "."], "--jobs"),
        (["ingest", "--jobs", "mnoho", "."], "„mnoho“"),
        (["list", "--since", "včera"], "„včera“"),
        (["list", "--until"], "--until"),
        (["list", "--state", "ztracen"], "held"),
        (["dip", "x"], "--to"),
        (["schemas", "install", "/neni"], "/neni"),
        (["status", "navíc a dál"], "navíc a dál"),
        (["status", "--json=ano"], "--json"),
        (["decide", "x", "accept", "--reason", " "], "důvod"),
    ],
    ids=str,
)
def test_usage_is_explained_in_the_language_asked_for(words: list[str], named: str) -> None:
    for language in LANGUAGES:
        ran = here(*words, "--json", env={"LANG": f"{language}_XX.UTF-8"})
        assert told(ran, 1, "usage.wrong")
    assert named in ran.of("error")[0]["text"]
    assert not any(word in ran.err for word in CLICK), ran.err


def test_without_a_word_the_help_is_shown() -> None:
    ran = here(env={"LANG": "cs_CZ.UTF-8"})
    assert (ran.code, ran.out) == (1, "") and "Použití: archivum" in ran.err


def test_usage_is_told_as_data_wherever_the_mistake_is() -> None:
    for words in (
        ["--json", "--nic"],
        ["--nic", "--json"],
        ["status", "--json", "--nic"],
        ["status", "--nic", "--json"],
    ):
        assert told(here(*words), 1, "usage.wrong")


def test_several_packages_are_meant(archive: Path, sent: Path) -> None:
    for defect in (Defect.CHANGED_BYTE, Defect.MISSING_FILE):
        (sent / defect.name).mkdir()
        here("--archive", archive, "ingest", spis(0).write_folder(sent / defect.name, [defect]))
    ran = here("--archive", archive, "--json", "show", spis(0).name)
    assert told(ran, 1, "catalogue.ambiguous")
    uuids = [one["uuid"] for one in here("--archive", archive, "--json", "list").of("package")]
    assert len(uuids) == 2 and all(uuid in ran.err for uuid in uuids)


# -- 2 --------------------------------------------------------------------------------------------------

MISTAKES = {
    "settings.unknown": ("[archive]\n", "[archive]\njmeno = 'x'\n", "jmeno"),
    "settings.not-toml": ("[archive]\n", "[archive\n", "archivum.toml"),
    "settings.type": ('name = "Zkušební archiv"', "name = 7", "name"),
    "settings.choice": ('language = "cs"', 'language = "de"', "language"),
    "settings.missing": ("id = ", "# id = ", "id"),
    "settings.one-storage": (
        "[storage.main]\n",
        "[storage.jiny]\nkind='local'\npath='x'\n[storage.main]\n",
        "2",
    ),
    "catalogue.url": ("sqlite:///catalogue.db", "neznama:///catalogue.db", ""),
    "storage.vanished": ('path = "storage/main"', 'path = "storage/jinde"', "storage/jinde"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_configuration(mistake: str, archive: Path, sent: Path) -> None:
    old, new, named = MISTAKES[mistake]
    place = archive / "archivum.toml"
    text = place.read_text("utf-8")
    assert text.count(old) == 1
    place.write_text(text.replace(old, new), "utf-8")
    for command in (["status"], ["list"], ["verify"], ["ingest", bag(0).write_folder(sent)]):
        ran = here("--archive", archive, "--json", *command)
        assert told(ran, 2, mistake)
        assert named in ran.err


def test_an_unknown_key_is_refused_by_name_with_the_one_that_was_meant(archive: Path) -> None:
    place = archive / "archivum.toml"
    place.write_text(
        place.read_text("utf-8").replace("[time-stamping]", "[time-stamping]\npasword-file = 'x'"), "utf-8"
    )
    ran = here("--archive", archive, "--json", "status")
    assert told(ran, 2, "settings.unknown")
    assert "pasword-file" in ran.err and "time-stamping" in ran.err
    assert "password-file" in ran.of("error")[0]["hint"]


@pytest.mark.parametrize(
    ("text", "text_id"),
    [
        ('reader = "nsesss"\n[decide.codes]\n"entry-link" = "accept"\n', "profile.never"),
        ('reader = "nsesss"\n[decide]\nerror = "možná"\n', "settings.choice"),
        ('reader = "nsesss"\n[limits]\nmnoho = 1\n', "settings.unknown"),
        ('reader = "neznámý"\n', "settings.choice"),
        ('reader = "nsesss"\n[decide.codes]\n"file-mising" = "accept"\n', "settings.unknown"),
        ("reader = nsesss\n", "settings.not-toml"),
        ("", "settings.missing"),
    ],
)
def test_a_wrong_profile(text: str, text_id: str, archive: Path, sent: Path) -> None:
    (archive / "profiles/nsesss.toml").write_text(text, "utf-8")
    ran = here("--archive", archive, "--json", "ingest", spis(0).write_zip(sent))
    assert told(ran, 2, text_id)
    assert "profiles/nsesss.toml" in ran.err


def test_the_catalogue_is_lost(archive: Path, stored: str) -> None:
    for place in archive.glob("catalogue.db*"):
        place.unlink()
    assert told(here("--archive", archive, "--json", "list"), 2, "catalogue.missing")
    assert here("--archive", archive, "catalogue", "rebuild").code == 0
    assert here("--archive", archive, "--json", "list").package["uuid"] == stored


def test_the_storage_is_lost(archive: Path, sent: Path) -> None:
    shutil.move(archive / "storage/main", archive / "storage/pryč")
    assert told(
        here("--archive", archive, "--json", "ingest", bag(0).write_folder(sent)), 2, "storage.vanished"
    )


# -- 3 and 4 --------------------------------------------------------------------------------------------


def test_an_invalid_package(archive: Path, sent: Path) -> None:
    assert apart("--archive", archive, "ingest", spis(0).write_folder(sent, [Defect.CHANGED_BYTE])).code == 3


def test_partly_done(archive: Path, sent: Path) -> None:
    paths = bag(0).write_folder(sent), spis(0).write_folder(sent, [Defect.CHANGED_BYTE])
    assert apart("--archive", archive, "ingest", *paths).code == 4


def test_somebody_has_something_to_do(archive: Path, sent: Path) -> None:
    (archive / "profiles/bagit.toml").write_text('reader = "bagit"\n[decide]\nerror = "hold"\n', "utf-8")
    assert here("--archive", archive, "ingest", bag(0).write_folder(sent, [Defect.WRONG_OXUM])).code == 6
    ran = apart("--archive", archive, "status")
    assert ran.code == 4
    assert "archivum decide" in ran.out


def test_a_profile_that_cannot_be_used_is_something_to_do(archive: Path) -> None:
    (archive / "profiles/rada.toml").write_text('reader = "bagit"\n[access]\ncondition = "tajné"\n', "utf-8")
    ran = here("--archive", archive, "--json", "--lang", "cs", "status")
    assert ran.code == 4
    (due,) = (one for one in ran.of("status")[0]["due"] if one["id"] == "profile")
    assert due["profile"] == "rada" and "tajné" in due["reason"]
    for language in LANGUAGES:
        shown = here("--archive", archive, "--lang", language, "status").out
        assert say("settings.choice", language, value="tajné", place=archive / "profiles/rada.toml",
                   choices="open, restricted, closed") in shown  # fmt: skip


def test_a_rebuilt_catalogue_says_whether_it_is_another(archive: Path, stored: str) -> None:
    def rebuilt(*words: str) -> bool:
        (line,) = here("--archive", archive, "--json", "catalogue", "rebuild", *words).of("catalogue")
        return bool(line["changed"])

    assert not rebuilt()
    with closing(sqlite3.connect(archive / "catalogue.db")) as base, base:
        base.execute("UPDATE package SET title = 'Jiný'")
    assert not rebuilt("--dry-run")
    assert rebuilt() and not rebuilt()
    (archive / "catalogue.db").unlink()
    assert rebuilt()


# -- 5 --------------------------------------------------------------------------------------------------


def some_file(archive: Path) -> Path:
    return next(place for place in archive.glob("storage/main/ocfl/**/evidencni-karta.pdf"))


def test_corruption(archive: Path, stored: str) -> None:
    place = some_file(archive)
    data = bytearray(place.read_bytes())
    data[100] ^= 1
    place.write_bytes(data)
    ran = here("--archive", archive, "--json", "verify")
    assert (ran.code, ran.summary["failed"]) == (5, 1)
    (found,) = ran.of("verification")
    assert found["uuid"] == stored
    assert any("evidencni-karta.pdf" in one["subject"] and one["hint"] for one in found["findings"])
    status = here("--archive", archive, "--json", "status")
    assert status.code == 5
    assert status.of("status")[0]["wrong"] == [{"id": "failed-copies", "count": 1}]


def test_a_lost_aip_is_corruption(archive: Path, stored: str) -> None:
    shutil.rmtree(next(place for place in archive.glob("storage/main/ocfl/???")))
    assert here("--archive", archive, "verify", stored).code == 5


def test_a_damaged_journal_is_corruption(archive: Path, stored: str) -> None:
    place = next(archive.glob("storage/main/journal/**/*.jsonl"))
    place.write_bytes(place.read_bytes().replace(b"bagit", b"bagot", 1))
    assert here("--archive", archive, "--json", "verify", "--journal").code == 5


# -- 6 --------------------------------------------------------------------------------------------------


def test_an_archive_is_not_made_where_something_is(archive: Path, tmp_path: Path) -> None:
    before = content(archive)
    assert told(here("--json", "init", archive), 6, "archive.taken")
    (tmp_path / "plno").mkdir()
    (tmp_path / "plno/dopis.txt").write_text("Nemazat.\n")
    assert told(here("--json", "init", tmp_path / "plno"), 6, "archive.taken")
    assert content(archive) == before


def test_what_is_not_stored_is_not_verified(archive: Path, sent: Path) -> None:
    ran = here("--archive", archive, "--json", "ingest", spis(0).write_folder(sent, [Defect.CHANGED_BYTE]))
    assert told(here("--archive", archive, "--json", "verify", ran.package["uuid"]), 6, "audit.not-stored")


# -- 7 --------------------------------------------------------------------------------------------------

HOLDER = """
import sys
from pathlib import Path
sys.path[:0] = sys.argv[2:]
from tests.cli.running import opened
with opened(Path(sys.argv[1])).writing():
    print("ready", flush=True)
    sys.stdin.read()
"""


@contextmanager
def in_use(archive: Path) -> Iterator[int]:
    """Let another process hold the archive."""
    checkout = str(Path(__file__).parents[2])
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, archive, checkout],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment(),
    ) as holder:
        assert holder.stdout is not None and holder.stdin is not None
        assert holder.stdout.readline() == b"ready\n"
        yield holder.pid
        holder.stdin.close()


def test_an_archive_in_use(archive: Path, sent: Path, stored: str) -> None:
    before = content(archive / "storage")
    (sent / "nový").mkdir()
    path = spis(0).write_folder(sent / "nový")
    with in_use(archive) as pid:
        for words in (["ingest", path], ["catalogue", "rebuild"]):
            ran = here("--archive", archive, "--json", *words)
            assert told(ran, 7, "archive.busy")
            assert "Archivářka Nováková" in ran.err and str(pid) in ran.err
        assert content(archive / "storage") == before
        for words in (["status"], ["list"], ["show", stored], ["ingest", "--dry-run", path]):
            assert here("--archive", archive, *words).code == 0, words
    assert here("--archive", archive, "ingest", path).code == 0


def test_a_killed_process_holds_nothing(archive: Path, sent: Path) -> None:
    with in_use(archive) as pid:
        os.kill(pid, 9)
    assert here("--archive", archive, "ingest", bag(0).write_folder(sent)).code == 0


# -- 8 --------------------------------------------------------------------------------------------------


def test_no_archive(tmp_path: Path) -> None:
    assert told(here("--archive", tmp_path, "--json", "status"), 8, "archive.not-found")
    assert apart("status", cwd=tmp_path).code == 8


@pytest.mark.parametrize("words", [["show"], ["verify"], ["export"], ["decide"], ["dip"]], ids=" ".join)
def test_no_such_package(words: list[str], archive: Path, tmp_path: Path) -> None:
    more = {"decide": ["accept", "--reason", "x"], "dip": ["--to", str(tmp_path / "dip")]}.get(words[0], [])
    assert told(here("--archive", archive, "--json", *words, "neni", *more), 8, "catalogue.not-found")


def test_no_such_profile(archive: Path, sent: Path) -> None:
    ran = here("--archive", archive, "--json", "ingest", "--profile", "neni", bag(0).write_folder(sent))
    assert told(ran, 8, "profile.unknown")
    assert "bagit, folder, nsesss" in ran.err


def test_no_such_transfer(archive: Path, sent: Path) -> None:
    assert told(here("--archive", archive, "--json", "ingest", sent / "neni"), 8, "ingest.nothing")


# -- the words of an error ------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "cs"])
def test_errors_are_told_in_the_language_asked_for(language: str, tmp_path: Path) -> None:
    ran = here("--lang", language, "--archive", tmp_path, "status")
    expected = say("archive.not-found", "cs" if language == "cs" else "en", "hint", place=tmp_path)
    assert expected in ran.err and ran.out == ""

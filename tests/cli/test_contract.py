"""stdout is data and stderr is for people, in the language they asked for; JSON keeps its shape."""

import os
import pty
import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click
import pytest

from archivum.texts import LANGUAGES, Language
from archivum_cli.main import command_line
from archivum_cli.shell import Shell
from fixtures.bags import bag
from fixtures.defects import Defect
from fixtures.folders import folder
from fixtures.sip import spis
from tests.cli.running import ENTRY, apart, begun, environment, here

BUILT_IN: Final = {"help", "version"}  # click's own options


@pytest.fixture
def stored(archive: Path, sent: Path) -> str:
    """The UUID of a package in the archive, which anyone may read."""
    (archive / "profiles/folder.toml").write_text(
        'reader = "folder"\n[access]\ncondition = "open"\n', "utf-8"
    )
    ran = here("--archive", archive, "--json", "ingest", folder(0).write_folder(sent))
    return str(ran.package["uuid"])


def commands(archive: Path, sent: Path, uuid: str) -> dict[str, list[object]]:
    """Every command, as it is called when all goes well."""
    (sent / "schemas").mkdir()
    return {
        "init": ["init", sent / "nový"],
        "status": ["status"],
        "ingest": ["ingest", bag(0).write_folder(sent), spis(0).write_zip(sent, [Defect.CHANGED_BYTE])],
        "decide": ["decide", uuid, "accept", "--reason", "x"],
        "list": ["list"],
        "show": ["show", uuid],
        "verify": ["verify"],
        "verify journal": ["verify", "--journal"],
        "scan": ["scan"],
        "export": ["export", uuid, "--to", sent],
        "dip": ["dip", uuid, "--to", sent / "dip"],
        "normalise": ["normalise", uuid, "--to", "access"],
        "catalogue": ["catalogue", "rebuild"],
        "formats": ["formats"],
        "formats risk": ["formats", "risk"],
        "formats reidentify": ["formats", "reidentify"],
        "schemas list": ["schemas", "list"],
        "schemas install": ["schemas", "install", sent / "schemas"],
    }


# -- JSON -----------------------------------------------------------------------------------------------


def test_every_line_of_json_says_what_it_is(archive: Path, sent: Path, stored: str) -> None:
    calls = commands(archive, sent, stored)
    assert {name.split()[0] for name in calls} == set(
        command_line(Shell("en", lambda: datetime.now(UTC))).commands
    )
    for name, words in calls.items():
        ran = here("--archive", archive, "--json", *words)
        assert ran.out.isascii() and ran.out.endswith("\n")
        *lines, last = ran.lines
        for line in ran.lines:
            assert line["schema"] == f"archivum.{name.split()[0]}/1"
            assert re.fullmatch("[a-z]+", line["type"])
        assert "summary" not in {line["type"] for line in lines}
        assert (last["type"], last["exit_code"]) == ("summary", ran.code), name
        assert ran.code == {"ingest": 4, "decide": 6, "schemas install": 8}.get(name, 0), name
        for told in ran.err.splitlines():
            assert not told.startswith(("{", "[")), "data on stderr"


def test_a_line_about_a_package_tells_all_that_is_known(archive: Path, sent: Path) -> None:
    path = spis(0).write_folder(sent, [Defect.CHANGED_BYTE])
    line = here("--archive", archive, "--json", "ingest", path).package
    assert line.keys() >= {
        "path", "status", "uuid", "package_id", "kind", "variant", "producer", "profile", "action", "reasons",
        "files", "bytes", "failed", "warnings", "indeterminate", "not_checked", "findings", "report",
    }  # fmt: skip
    assert (line["path"], line["package_id"], line["producer"]) == (
        str(path), spis(0).name, spis(0).agency.organisation.name
    )  # fmt: skip
    assert (line["files"], line["failed"]) == (7, 1)
    assert line["bytes"] == sum(place.stat().st_size for place in path.rglob("*") if place.is_file())
    for finding in line["findings"]:
        assert finding.keys() == {
            "code", "verdict", "severity", "subject", "where", "params", "text", "hint", "rule", "source"
        }  # fmt: skip


def test_what_was_not_checked_is_said(archive: Path, sent: Path) -> None:
    line = here("--archive", archive, "--json", "ingest", bag(0).write_folder(sent)).package
    assert set(line["not_checked"]) == {
        "not-checked-signatures", "not-checked-rules", "not-checked-malware", "not-checked-validity",
        "not-checked-condition",
    }  # fmt: skip
    told = {one["code"]: one for one in line["findings"]}
    assert {told[code]["verdict"] for code in line["not_checked"]} == {"indeterminate"}


def test_names_that_are_not_text_are_still_json(archive: Path, sent: Path) -> None:
    path = sent / os.fsdecode("kronika příloh".encode("cp1250"))
    path.mkdir()
    (path / "zápis.txt").write_text("Zápis.\n", "utf-8")
    ran = here("--archive", archive, "--json", "ingest", path)
    assert ran.code == 0
    assert os.fsencode(ran.package["path"]) == os.fsencode(path)
    assert apart("--archive", archive, "--json", "ingest", path, PYTHONIOENCODING="ascii").code == 0
    shown = apart("--archive", archive, "list", LC_ALL="C")
    assert shown.code == 0 and r"kronika p\udcf8" in shown.out


def test_nobody_reads_on(archive: Path, sent: Path, stored: str) -> None:
    with begun("--archive", archive, "--json", "show", stored) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""


@pytest.mark.parametrize(
    "words", [["list"], ["--json", "list"], ["--help"], ["--json", "neznamy"]], ids=" ".join
)
def test_nobody_reads_the_last_line(words: list[str], archive: Path) -> None:
    with begun("--archive", archive, *words) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert b"Traceback" not in (said := process.stderr.read()) and b"BrokenPipe" not in said, said
    assert process.returncode in (0, 1)


@pytest.mark.parametrize("words", [["status"], ["list"], ["show"]], ids=" ".join)
def test_a_terminal_that_knows_ascii_only(words: list[str], archive: Path, stored: str) -> None:
    more = [stored] if words == ["show"] else []
    ran = apart(
        "--lang", "cs", "--archive", archive, *words, *more,
        LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0", PYTHONIOENCODING="ascii",
    )  # fmt: skip
    assert ran.code == 0 and ran.err == ""
    assert ran.out.isascii() and "\\x" in ran.out


# -- data and words -------------------------------------------------------------------------------------


def test_without_json_stdout_is_still_data_only(archive: Path, sent: Path, stored: str) -> None:
    calls = commands(archive, sent, stored)
    expected = {
        "init": rf"{sent}/nový",
        "ingest": rf"stored\t[-0-9a-f]{{36}}\t{sent}/\S+\nrejected\t[-0-9a-f]{{36}}\t{sent}/\S+",
        "decide": "",
        "verify": r"(passed\t[-0-9a-f]{36}\n?){2}",
        "verify journal": "passed\tjournal",
        "export": rf"{sent}/\S+",
        "dip": rf"{sent}/dip",
        "catalogue": "[0-9]+",
        "schemas list": r"(\S+\t\S+\n?)+",
    }
    for name, words in calls.items():
        ran = here("--archive", archive, *words)
        if name in expected:
            assert re.fullmatch(expected[name] + "\n?", ran.out), (name, ran.out)
        for line in filter(None, ran.out.splitlines()):
            assert line not in ran.err.splitlines()


def test_a_refusal_is_told_to_people_with_place_rule_and_remedy(archive: Path, sent: Path) -> None:
    ran = here("--archive", archive, "ingest", spis(0).write_folder(sent, [Defect.CHANGED_BYTE]))
    data = here("--archive", archive, "--json", "ingest", sent / spis(0).name).package
    (finding,) = (one for one in data["findings"] if one["code"] == "file-checksum")
    for part in ("subject", "where", "text", "rule", "source", "hint"):
        assert finding[part] and finding[part] in ran.err, part
    assert data["report"] in ran.err


# -- languages ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "env", "language"),
    [
        ([], {}, "en"),
        ([], {"LANG": "cs_CZ.UTF-8"}, "cs"),
        ([], {"LANG": "de_DE.UTF-8"}, "en"),
        ([], {"LC_ALL": "cs_CZ.UTF-8", "LANG": "en_GB.UTF-8"}, "cs"),
        ([], {"LC_ALL": "C.UTF-8", "LANG": "cs_CZ.UTF-8"}, "en"),
        ([], {"LC_MESSAGES": "cs_CZ.UTF-8", "LANG": "en_GB.UTF-8"}, "cs"),
        (["--lang", "cs"], {}, "cs"),
        (["--lang=cs"], {"LANG": "en_GB.UTF-8"}, "cs"),
        (["--lang", "en"], {"LANG": "cs_CZ.UTF-8"}, "en"),
    ],
)
def test_the_language_is_the_one_asked_for(
    words: list[str], env: dict[str, str], language: str, archive: Path
) -> None:
    for ran in (here("--archive", archive, *words, "status", env=env), here(*words, "--help", env=env)):
        assert ran.code == 0
        assert ("Archiv" in ran.out and "Archive" not in ran.out) == (language == "cs"), ran.out


def test_the_language_of_the_locale_in_a_process_of_its_own(archive: Path) -> None:
    assert "Volno na disku" in apart("--archive", archive, "status", LANG="cs_CZ.UTF-8").out
    assert "Free on the disk" in apart("--archive", archive, "status", LANG="C").out


def test_data_is_the_same_in_every_language(archive: Path, sent: Path, stored: str) -> None:
    for words in (["list"], ["show", stored], ["verify", stored]):
        one, two = (
            here("--archive", archive, "--json", "--lang", language, *words).lines for language in LANGUAGES
        )
        if words[0] == "verify":
            assert [line["verdict"] for line in one[:-1]] == [line["verdict"] for line in two[:-1]]
        else:
            assert one == two
    told = [
        here("--archive", archive, "--json", "--lang", language, "ingest", "--dry-run",
             spis(number).write_folder(sent, [Defect.CHANGED_BYTE])).package["reasons"]
        for number, language in enumerate(LANGUAGES)
    ]  # fmt: skip
    assert told[0] == told[1] == ["file-checksum"]


def walked(command: click.Command, path: str = "archivum") -> Iterator[tuple[str, click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from walked(below, f"{path} {name}")


def helps(language: Language) -> dict[str, str]:
    found = {}
    for path, command in walked(command_line(Shell(language, lambda: datetime.now(UTC)))):
        found[path] = command.help or ""
        for parameter in command.params:
            if isinstance(parameter, click.Option) and parameter.name not in BUILT_IN:
                found[f"{path} {parameter.opts[0]}"] = parameter.help or ""
    return found


def test_every_command_and_option_has_its_help_in_both_languages() -> None:
    english, czech = helps("en"), helps("cs")
    assert english.keys() == czech.keys() and len(english) > 60
    for name in english:
        assert english[name].strip() and czech[name].strip(), name
        assert english[name] != czech[name], name


@pytest.mark.parametrize("language", LANGUAGES)
def test_help_is_data(language: str) -> None:
    for name in helps("en"):
        if "--" not in name:
            ran = here("--lang", language, *name.split()[1:], "--help")
            assert (ran.code, ran.err) == (0, "")
            assert "--help" in ran.out


def test_help_is_in_the_language_asked_for() -> None:
    for words, more in (([], "Příkazy:"), (["ingest"], "[výchozí: 1"), (["dip"], "[povinné]")):
        shown = here("--lang", "cs", *words, "--help").out
        assert shown.startswith("Použití: ") and "Volby:" in shown and more in shown
        for word in ("Usage", "Options", "Commands", "exit", "default", "required"):
            assert word not in shown.replace("[OPTIONS]", ""), word


def test_the_version_is_told() -> None:
    ran = apart("--version")
    assert (ran.code, ran.err) == (0, "")
    assert re.fullmatch(r"archivum, version \d+\.\d+\.\d+\n", ran.out)


# -- progress -------------------------------------------------------------------------------------------


def on_terminal(*words: object) -> tuple[int, str]:
    """Run with a terminal as stderr; return the exit code and what was on it."""
    near, far = pty.openpty()
    with subprocess.Popen(
        [ENTRY, *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=far,
        env=environment(TERM="xterm", LANG="cs_CZ.UTF-8"),
    ) as process:
        os.close(far)
        shown = b""
        while True:
            try:
                piece = os.read(near, 4096)
            except OSError:  # the other side is closed
                break
            if not piece:
                break
            shown += piece
        process.communicate(timeout=60)
    os.close(near)
    return process.returncode, shown.decode()


def test_a_bar_on_a_terminal(archive: Path, sent: Path) -> None:
    spis(0).write_folder(sent)
    bag(0).write_folder(sent)
    code, shown = on_terminal("--archive", archive, "ingest", sent)
    assert code == 0
    assert "100%" in shown and "2/2" in shown and "━" in shown
    assert "bajty" in shown


def test_no_bar_elsewhere(archive: Path, sent: Path) -> None:
    bag(0).write_folder(sent)
    ran = apart("--archive", archive, "ingest", sent / bag(0).name)
    assert ran.code == 0
    assert "%" not in ran.err and "\x1b" not in ran.err and "\r" not in ran.err
    assert len(ran.err.splitlines()) == 1
    _, shown = on_terminal("--archive", archive, "--json", "ingest", sent)
    assert "%" not in shown and "\x1b" not in shown


def test_names_do_not_drive_the_terminal(archive: Path, sent: Path) -> None:
    path = sent / "\x1b[2J\x07zlá"
    path.mkdir()
    (path / "a.txt").write_text("A\n")
    for words in (["ingest", path], ["list"]):
        code, shown = on_terminal("--archive", archive, *words)
        assert code == 0
        assert "\x1b[2J" not in shown and "\x07" not in shown
    out = here("--archive", archive, "list").out
    assert "\x1b" not in out and r"\x1b[2J\x07zlá" in out

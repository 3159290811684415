"""The manual says what is so: its tables, its commands, its JSON lines, its links."""

import importlib.util
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from io import StringIO
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import pytest

from archivum.ingest.order import Status
from archivum.model import EventType
from archivum.texts import LANGUAGES, Language, room
from archivum_cli.main import command_line, run
from archivum_cli.shell import Shell
from fixtures.defects import Defect
from fixtures.folders import folder
from fixtures.sip import spis
from tests.scanners import configure, standing_in
from tests.signatures import signature_file

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted((*DOCS.rglob("*.md"), *ROOT.glob("*.md")))
MANUAL = {"en": DOCS / "manual", "cs": DOCS / "manual" / "cs"}


@cache
def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"docs_{name}", DOCS / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def commands() -> Iterator[tuple[str, click.Command]]:
    group = command_line(Shell("en", script("generate")._clock))
    for path, command in script("generate")._commands(group, ()):
        yield " ".join(path), command


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_generated_parts_are_up_to_date(page: Path) -> None:
    text = page.read_text("utf-8")
    assert script("generate").generated(text) == text, "run `make docs`"
    assert text.count("<!-- generated:") == len(script("generate").BLOCK.findall(text))


def test_every_part_is_in_a_page() -> None:
    texts = [page.read_text("utf-8") for page in PAGES]
    told = {
        (match["name"], match["language"])
        for text in texts
        for match in script("generate").BLOCK.finditer(text)
    }
    assert {name for name, _ in told} == set(script("generate").PARTS)
    assert {(name, one) for name in ("findings", "errors", "commands") for one in LANGUAGES} <= told


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_command_and_option_is_documented(language: Language) -> None:
    text = (MANUAL[language] / "commands.md").read_text("utf-8")
    for name, command in commands():
        section = text.partition(f"\n## archivum {name}\n")[2].partition("\n## ")[0]
        assert section, name
        for option in command.params:
            place = text if option.name in script("generate").GENERAL else section
            for spelled in option.opts if isinstance(option, click.Option) else ():
                assert f"`{spelled}" in place, (name, spelled)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_finding_is_documented(language: Language) -> None:
    text = (MANUAL[language] / "findings.md").read_text("utf-8")
    for code in room("checks", language):
        assert len(re.findall(rf"^\| `{re.escape(code)}`( †)? \|", text, re.MULTILINE)) == 1, code


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_key_of_the_configuration_is_explained_in_it(language: Language) -> None:
    written, _, table = script("generate").configuration(language).rpartition("```")
    for key in re.findall(r"^\| `([\w.-]+)` \|", table, re.MULTILINE):
        assert re.search(rf"^(# )?{re.escape(key.rpartition('.')[2])} = ", written, re.MULTILINE), key


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_call_in_the_manual_is_one_that_can_be_made(page: Path) -> None:
    known = dict(commands())
    for line in _calls(page):
        words = shlex.split(line, comments=True)[1:]
        while words and words[0].startswith("--"):
            words = words[2:] if words[0] in ("--archive", "--agent", "--lang") else words[1:]
        if not words:
            continue
        name = max((one for one in known if words[: one.count(" ") + 1] == one.split()), key=len, default="")
        assert name, line
        command = known[name]
        context = click.Context(command)
        # only what is spelled is asked: the paths need not be there
        options, _, _ = command.make_parser(context).parse_args(words[name.count(" ") + 1 :])
        assert options is not None


def _calls(page: Path) -> Iterator[str]:
    """The calls of archivum in the blocks of code of a page; what they answer is left out."""
    fenced = ""
    for line in page.read_text("utf-8").splitlines():
        if line.startswith("```"):
            fenced = "" if fenced else line[3:].strip() or "text"
        elif fenced in ("console", "sh") and (match := re.match(r"(?:\$ )(archivum .*)", line)):
            yield match[1].partition(" > ")[0]


@pytest.mark.parametrize("name", ["archivist.md", "first-five-minutes.md", "formats.md"])
def test_both_languages_tell_the_same(name: str) -> None:
    shapes = [_shape((folder / name).read_text("utf-8")) for folder in MANUAL.values()]
    assert shapes[0] == shapes[1]


def _shape(text: str) -> list[str]:
    """Headings, commands by their name and options, rows of tables with what they are about."""
    shape = []
    for line in text.splitlines():
        if line.startswith("#"):
            shape.append(line.partition(" ")[0])
        elif line.startswith("$ archivum"):
            shape.append(" ".join(re.findall(r"^\$ archivum \w+|--[\w-]+", line)))
        elif match := re.match(r"\| (`.*?`) \|", line):
            shape.append(match[1])
    return shape


def test_every_code_in_the_pages_for_people_exists() -> None:
    known = {*room("checks", "en"), *Status, *script("generate")._texts("audit", "en")}
    pages = [MANUAL["en"] / "archivist.md", MANUAL["en"] / "producer.md", MANUAL["cs"] / "archivist.md"]
    for page in pages:
        for code in re.findall(r"`\[?([a-z]+(?:-[a-z0-9]+)+)\]?`", page.read_text("utf-8")):
            assert code in known, code


# -- JSON lines --------------------------------------------------------------------------------------------


Members = dict[str, bool]  # name: whether it may be left out


@cache
def documented() -> dict[str, Members]:
    """The members of each type of line, by ``schema type``, ``type`` where it is of all commands."""
    found: dict[str, Members] = {}
    schema = kind = ""
    for line in (MANUAL["en"] / "developer.md").read_text("utf-8").splitlines():
        if line.startswith("## "):
            schema, kind = line[3:] if line.startswith("## archivum.") else "", ""
        elif line.startswith("### "):
            kind = line.removeprefix("### ").removeprefix("type ").strip("`")
        elif kind and (match := re.match(r"\| (`.*?) \|", line)):
            members = re.findall(r"`([\w-]+)`(\??)", match[1])
            found.setdefault(f"{schema} {kind}".strip(), {}).update(
                {name: mark == "?" for name, mark in members}
            )
    found["archivum.show/1 package"] = found["archivum.list/1 package"]
    return found


@cache
def documented_details() -> dict[str, Members]:
    """The members of the detail of each type of event."""
    text = (MANUAL["en"] / "developer.md").read_text("utf-8").partition("## Events")[2]
    rows = re.findall(r"^\| `([a-z ]+)` \| [^|]+ \| (.*) \|$", text, re.MULTILINE)
    return {
        kind: {name: mark == "?" for name, mark in re.findall(r"`(\w+)`(\??)", cell)} for kind, cell in rows
    }


def agree(found: dict[str, Any], members: Members, what: str) -> None:
    missing = {name for name, optional in members.items() if not optional} - found.keys()
    assert not missing, f"{what}: {missing} documented, not there"
    assert found.keys() <= members.keys(), f"{what}: {found.keys() - members.keys()} not documented"


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What every command says to a program."""
    place = tmp_path_factory.mktemp("lines")
    archive = place / "archive"
    sent = place / "sent"
    sent.mkdir()
    good = spis(1).write_zip(sent)
    bad = spis(8).write_folder(sent, [Defect.CHANGED_BYTE])
    plain = folder(2).write_folder(sent)
    collected: list[dict[str, Any]] = []

    def call(*words: str) -> list[dict[str, Any]]:
        answers = _answers("--archive", str(archive), "--lang", "en", "--agent", "eva", *words)
        collected.extend(answers)
        return answers

    call("init", str(archive))
    profile = (ROOT / "profiles" / "folder.toml").read_text("utf-8")
    profile = profile.replace('# "format-unknown" = "hold"', '"format-name-only" = "hold"')
    (archive / "profiles" / "folder.toml").write_text(profile, "utf-8")
    call("ingest", str(good), str(bad), str(plain))
    held = call("list", "--state", "held")[0]["uuid"]
    call("decide", held, "accept", "--reason", "it opens")
    call("ingest", str(good), str(plain))
    call("status")
    call("list")
    for package in ("SIP_MUHJ_2024_C000001", held):
        call(
            "dip", package, "--to", str(place / package), "--permit", "KUJK 1/2026", "--file", "metadata.csv"
        )
        call("dip", package, "--to", str(place / package), "--permit", "KUJK 1/2026")
    rule = ROOT.joinpath("profiles", "formats.toml").read_text("utf-8")
    broken = '[[convert]]\nformats = ["fmt/43", "fmt/44"]\nto = "preservation"\ntarget = ["fmt/11"]\n'
    broken += 'extension = "png"\nverify = ["pixels"]\ncommand = ["false", "{source}", "{target}"]\n'
    (archive / "profiles" / "formats.toml").write_text(rule + broken, "utf-8")
    call("normalise", held, "--to", "access", "--dry-run")
    call("normalise", held, "--to", "access")
    call("normalise", held)
    call("verify")
    call("verify", "--journal")
    call("show", "SIP_MUHJ_2024_C000001")
    call("show", held)
    call("show", "SIP_SSTP_2024_C000008")
    call("show", "nothing")
    call("export", held, "--to", str(place / "out"))
    with standing_in() as scanner:
        configure(archive, scanner.address)
        call("scan")
        call("scan", held, "--again")
    call("show", held)
    call("catalogue", "rebuild")
    call("schemas", "list")
    call("schemas", "install", str(sent))
    call("formats")
    call("formats", "risk")
    release = signature_file(place / "next.sig", {"x-fmt/18": "x-fmt/99"})
    call("formats", "reidentify", held, "--signatures", str(release))
    *_, premis = sorted(archive.glob(f"storage/main/ocfl/**/data/{held}/metadata/preservation/PREMIS.xml"))
    premis.chmod(0o644)
    premis.write_bytes(premis.read_bytes()[:1000])
    call("formats", "reidentify", held)
    return collected


def _answers(*words: str) -> list[dict[str, Any]]:
    out = StringIO()
    with redirect_stdout(out), redirect_stderr(StringIO()):
        run(["--json", *words])
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_every_line_is_as_the_manual_says(lines: list[dict[str, Any]]) -> None:
    seen = set()
    for line in lines:
        schema, kind = line.pop("schema"), line.pop("type")
        name = f"{schema} {kind}" if f"{schema} {kind}" in documented() else kind
        assert name in documented(), name
        agree(line, documented()[name], f"{schema} {kind}")
        for finding in line["findings"] if isinstance(line.get("findings"), list) else ():
            agree(finding, documented()["A finding"], "finding")
        seen.add(name)
    assert documented().keys() - seen == {"A finding"}


def test_every_event_is_as_the_manual_says(lines: list[dict[str, Any]]) -> None:
    events = [line["event"] for line in lines if "event" in line]
    for event in events:
        agree(event.get("detail", {}), documented_details()[event["type"]], event["type"])
    assert {event["type"] for event in events} == {kind.value for kind in EventType}


# -- the checker of links ----------------------------------------------------------------------------------


def test_what_the_checker_of_links_finds(tmp_path: Path) -> None:
    page = DOCS / "architecture.md"
    links = script("check_links")
    assert not list(links._links(page, "[x](adr/0001-three-containers.md#question) [y](https://example.org)"))
    assert not list(links._links(page, "`[x](nowhere.md)` [z](#the-journal)"))
    assert (
        len(list(links._links(page, "[x](nowhere.md) [y](#nowhere) [z](adr/0001-three-containers.md#no)")))
        == 3
    )
    assert not list(
        links._named("`ingest/batch.py`, `packaging/{nsesss,bagit}.py`, `a/b`, `src/archivum/texts/`")
    )
    assert (
        len(list(links._named("`ingest/nobody.py`, `tests/nothing/`, `src/archivum/{texts,nothing}/`"))) == 3
    )


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("see /" + "root/project/x", True),
        ("see '/" + "work/main'", True),
        ("/" + "home/jan/archivum", True),
        ("/home/eva/archive", False),
        ("https://example.org/work/x", False),
        ("storage/root/x and ../work/other", False),
    ],
)
def test_what_is_a_place_on_somebodys_machine(line: str, found: bool) -> None:
    assert bool(script("check_links")._MACHINE.search(line)) is found


# -- the demo ----------------------------------------------------------------------------------------------


def demo(place: Path, language: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "LC_ALL": language, "ARCHIVUM": "/nowhere"}
    command = [sys.executable, "-m", "fixtures.demo", str(place)]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_the_demo_shows_all_and_ends_well(tmp_path: Path) -> None:
    ran = demo(tmp_path / "demo", "cs_CZ.UTF-8")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    called = re.findall(r"^\$ archivum (\w+)", ran.stdout, re.MULTILINE)
    assert called == ["init", "ingest", "status", "list", "show", "verify", "export", "dip"]
    assert "Balíček nebyl přijat" in ran.stdout
    pages = re.findall(r"^ +file://(.*)$", ran.stdout, re.MULTILINE)
    assert [Path(page).suffix for page in pages] == [".html", ".html"]
    assert all(Path(page).is_file() for page in pages)
    again = tmp_path / "demo" / "again"
    again.touch()
    (tmp_path / "demo" / ".archivum-demo").unlink()
    assert demo(tmp_path / "demo", "C.UTF-8").returncode == 1
    assert again.exists()

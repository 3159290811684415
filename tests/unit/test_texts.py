"""Everything archivum says has its words in both languages, with the same holes; nothing is left over."""

import ast
import pickle
import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path
from string import Formatter
from typing import Final, NamedTuple

import pytest

import archivum
import archivum_cli
from archivum.errors import ArchivumError, Misconfigured
from archivum.model import Finding, Verdict
from archivum.texts import LANGUAGES, Language, printable, room, say
from archivum_cli.shell import TEXTS

LIBRARY: Final = "archivum.texts"
FOLDERS: Final = {LIBRARY: Path(archivum.__path__[0]), TEXTS: Path(archivum_cli.__path__[0])}
ERRORS: Final = {kind.__name__ for kind in ArchivumError.__subclasses__()}
ALWAYS: Final = {"subject", "where"}  # what every finding's texts may name
PARTS: Final = {"text", "hint", "rule", "source"}


class Call(NamedTuple):
    """A call in the source whose first argument is a literal: what it calls, with what, and what it names."""

    place: str
    function: str
    literal: str
    given: frozenset[str]
    more: bool  # whether it is given what the source does not show


def rooms(package: str) -> list[str]:
    """The rooms of a package of texts."""
    names = {
        Path(str(place)).stem.partition("_")[0]
        for language in LANGUAGES
        for place in (files(package) / language).iterdir()
    }
    return sorted(names)


ROOMS: Final = [(package, name) for package in FOLDERS for name in rooms(package)]


def holes(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@cache
def trees() -> dict[Path, ast.Module]:
    return {
        path: ast.parse(path.read_text("utf-8"))
        for folder in FOLDERS.values()
        for path in sorted(folder.rglob("*.py"))
    }


@cache
def calls() -> list[Call]:
    found: list[Call] = []
    for path, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                found += _call(path, node, node.args[0].value)
    return found


def _call(path: Path, node: ast.Call, literal: object) -> Iterator[Call]:
    function = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if not isinstance(literal, str):
        return
    given = {word.arg for word in node.keywords if word.arg}
    more = any(word.arg is None for word in node.keywords)
    for value in (*node.args[1:], *(word.value for word in node.keywords if word.arg == "params")):
        if isinstance(value, ast.Dict):
            given |= {str(key.value) for key in value.keys if isinstance(key, ast.Constant)}
            more |= any(not isinstance(key, ast.Constant) for key in value.keys)
        elif isinstance(value, ast.Name) and value.id in ("params", "told"):
            more = True
    yield Call(f"{path.name}:{node.lineno}", function, literal, frozenset(given), more)


@cache
def literals() -> frozenset[str]:
    """Every piece of text in the source that is no docstring."""
    return frozenset(
        node.value for tree in trees().values() for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )  # fmt: skip


# -- two languages --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("package", "name"), ROOMS)
def test_both_languages_have_the_same_texts_with_the_same_holes(package: str, name: str) -> None:
    english, czech = (room(name, language, package) for language in LANGUAGES)
    assert english.keys() == czech.keys()
    for key, table in english.items():
        assert table.keys() == czech[key].keys() <= PARTS, key
        assert "text" in table, key
        for part, text in table.items():
            assert text.strip() and czech[key][part].strip(), (key, part)
            # what is not archivum's own is given in both languages: {reason} and {reason_cs}
            assert holes(text) == {one.removesuffix("_cs") for one in holes(czech[key][part])}, (key, part)


@pytest.mark.parametrize(("package", "name"), ROOMS)
def test_a_text_is_told_once(package: str, name: str) -> None:
    """A name in two files of a room would hide one of its texts."""
    for language in LANGUAGES:
        found = [
            key
            for place in (files(package) / language).iterdir()
            if Path(str(place)).stem.partition("_")[0] == name
            for key in re.findall(r"^\[([^\]]+)\]$", place.read_text("utf-8"), re.MULTILINE)
        ]
        assert sorted(found) == sorted(set(found)), language


def test_czech_is_written_with_its_letters() -> None:
    for package, name in ROOMS:
        text = " ".join(part for table in room(name, "cs", package).values() for part in table.values())
        marked = len(re.findall("[áčďéěíňóřšťúůýž]", text.lower()))
        assert marked > len(re.findall(r"\w", text)) / 40, name


# -- findings -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_finding_says_what_why_by_which_rule_and_what_to_do(language: Language) -> None:
    for code, table in room("checks", language).items():
        assert table.keys() == PARTS, code


def makers() -> set[str]:
    """The functions that findings are made by: what is called with a code somewhere, and never with else."""
    codes = room("checks", "en")
    return {call.function for call in calls() if call.literal in codes} & {
        "Finding", "Damaged", "_failed", "_finding", "_found", "finding", "_wrong"
    }  # fmt: skip


def test_every_finding_has_its_texts() -> None:
    codes = room("checks", "en")
    made = [
        call
        for call in calls()
        if call.function in makers() and re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", call.literal)
    ]
    assert len(made) > 80
    assert [(call.place, call.literal) for call in made if call.literal not in codes] == []


def test_every_hole_in_the_texts_of_a_finding_is_filled() -> None:
    codes = room("checks", "en")
    asked = 0
    for call in calls():
        if call.literal in codes and call.function in makers() - {"Damaged"} and not call.more:
            named = set().union(*(holes(text) for text in codes[call.literal].values()))
            own = {"storage"} if call.function == "finding" else set()  # of the journal: which copy it is
            assert named <= call.given | ALWAYS | own, (call.place, call.literal)
            asked += 1
    assert asked > 60


def test_every_fault_of_a_file_has_its_texts_and_fills_their_holes() -> None:
    faults = room("faults", "en")
    told = [call for call in calls() if call.function == "fault" and re.fullmatch("[a-z-]+", call.literal)]
    assert len(told) > 5
    for call in told:
        assert call.literal in faults, (call.place, call.literal)
        if not call.more:
            assert holes(faults[call.literal]["text"]) <= call.given | ALWAYS, (call.place, call.literal)


def test_no_text_of_a_finding_is_left_over() -> None:
    used = literals()
    left = {
        code for code in room("checks", "en") if code not in used and code.removeprefix("ocfl-") not in used
    }
    assert left == set()


def test_a_finding_of_the_whole_package_names_it() -> None:
    finding = Finding("file-unstable", Verdict.FAILED, params={"reason": "–"})
    assert "the whole package" in finding.text("en") and "celý balíček" in finding.text("cs")


# -- errors ---------------------------------------------------------------------------------------------


def raised() -> list[Call]:
    return [call for call in calls() if call.function in ERRORS]


def test_every_error_has_its_texts_and_fills_their_holes() -> None:
    assert len(raised()) > 80
    for call in raised():
        name, _, key = call.literal.partition(".")
        table = room(name, "en").get(key)
        assert table is not None, (call.place, call.literal)
        assert table.keys() >= {"text", "hint"}, call.literal
        if not call.more:
            named = set().union(*(holes(text) for text in table.values()))
            assert named <= call.given, (call.place, call.literal, named - call.given)


def test_no_text_of_an_error_is_left_over() -> None:
    """A text with a hint is that of an error, or is told with one; its id or its name is in the source."""
    used = literals()
    for package, name in ROOMS:
        if name == "checks":
            continue
        for key in room(name, "en", package):
            known = {f"{name}.{key}", key} & used
            patterned = any(re.fullmatch(f"{re.escape(head)}.*", key) for head in heads())
            assert known or patterned, f"{name}.{key}"


@cache
def heads() -> frozenset[str]:
    """The beginnings of names that the source puts together: ``state-`` of ``f"state-{state}"``."""
    found = set()
    for tree in trees().values():
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
                head = str(node.values[0].value).rpartition(".")[2]
                if re.fullmatch("[a-z-]+-", head):
                    found.add(head)
    return frozenset(found)


def test_an_error_tells_its_id_and_crosses_processes() -> None:
    error = Misconfigured("settings.missing", key="id", place="archivum.toml")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.text_id, again.params) == (Misconfigured, error.text_id, error.params)
    assert str(again) == "settings.missing: archivum.toml lacks the key id."
    assert again.hint("cs") == "Doplňte jej; všechny klíče uvádí příručka."


# -- what is said ---------------------------------------------------------------------------------------


def test_what_is_not_said_is_a_mistake_of_ours() -> None:
    for text_id in ("neni.taken", "archive.neni"):
        with pytest.raises(KeyError):
            say(text_id)
    with pytest.raises(KeyError):
        say("archive.taken")  # its place is not given
    assert say("report.title-held", "en", "hint") == ""


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("příloha č. 1", "příloha č. 1"),
        ("zvonek\x07\x1b[2J", r"zvonek\x07\x1b[2J"),
        ("p\udcf8\udced", r"p\udcf8\udced"),
        ("dva\nřádky\ta", "dva\nřádky\ta"),
        ("\u202eobráceně", r"\u202eobráceně"),
        ("konec\r", r"konec\r"),
        (7, "7"),
    ],
)
def test_what_is_said_drives_no_terminal(value: object, shown: str) -> None:
    assert printable(value) == shown
    assert shown in say("archive.taken", "cs", "text", place=value)

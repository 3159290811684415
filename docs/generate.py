"""Writes the parts of the manual that come from the program itself: ``python docs/generate.py [--check]``.

They stand between ``<!-- generated: NAME LANGUAGE -->`` and ``<!-- end of generated -->``. With ``--check``
nothing is written, and the exit code is 1 if a part is not as it would be written.
"""

import dataclasses
import re
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, get_type_hints
from uuid import UUID

import click

from archivum.configuration import Configuration, StorageSettings
from archivum.errors import ArchivumError
from archivum.founding import configuration_text
from archivum.place import data_folder
from archivum.profile import NEVER_ACCEPTED, Profile
from archivum.texts import LANGUAGES, Language
from archivum_cli.main import command_line
from archivum_cli.shell import Shell

DOCS: Final = Path(__file__).resolve().parent
ROOT: Final = DOCS.parent
BLOCK: Final = re.compile(
    r"(?P<begin><!-- generated: (?P<name>[a-z-]+) (?P<language>en|cs) -->\n).*?"
    r"(?P<end><!-- end of generated -->)",
    re.DOTALL,
)
GENERAL: Final = ("archive", "agent", "lang", "json")  # options of archivum itself, taken by every command
_PLACEHOLDER: Final = re.compile(r"\{[a-z0-9_]+\}")

_HEADS: Final[Mapping[str, tuple[str, str]]] = {
    "checks": ("Packages and stored AIPs", "Balíčky a uložené AIP"),
    "checks_readers": ("XML, NSESSS, BagIt, metadata.csv", "XML, NSESSS, BagIt, metadata.csv"),
    "checks_formats": ("What is in files", "Co je v souborech"),
    "checks_policy": ("Permitted formats", "Přípustné formáty"),
    "checks_malware": ("Malicious code", "Škodlivý kód"),
    "checks_planning": ("Conversions", "Převody"),
    "checks_signatures": ("Time-stamps", "Časová razítka"),
    "checks_catalogue": ("Journal", "Žurnál"),
    "checks_ocfl": ("Storage (OCFL 1.1)", "Úložiště (OCFL 1.1)"),
    "found": ("what was found", "co bylo zjištěno"),
    "remedy": ("what to do", "co s tím"),
    "rule": ("rule and source", "pravidlo a zdroj"),
    "code": ("code", "kód"),
    "meaning": ("meaning", "význam"),
    "error": ("error", "chyba"),
    "what": ("what happened", "co se stalo"),
    "option": ("option", "volba"),
    "argument": ("argument", "argument"),
    "general": ("Options of every command", "Volby společné všem příkazům"),
    "key": ("key", "klíč"),
    "type": ("type", "typ"),
    "default": ("default", "výchozí hodnota"),
    "required": ("(must be given)", "(je třeba uvést)"),
}


def main() -> int:
    """Write every generated part anew, or say which would change."""
    stale = []
    for path in sorted(DOCS.rglob("*.md")):
        text = path.read_text("utf-8")
        fresh = generated(text)
        if fresh != text:
            stale.append(path.relative_to(ROOT))
            if "--check" not in sys.argv[1:]:
                path.write_text(fresh, "utf-8")
    told = "stale, run `make docs`" if "--check" in sys.argv[1:] else "written"
    sys.stdout.writelines(f"{path}: {told}\n" for path in stale)
    return 1 if stale and "--check" in sys.argv[1:] else 0


def generated(text: str) -> str:
    """Return a page with its generated parts as they should be."""
    return BLOCK.sub(
        lambda part: f"{part['begin']}\n{PARTS[part['name']](_language(part['language']))}\n\n{part['end']}",
        text,
    )


def findings(language: Language) -> str:
    """Every finding: its code, what was found, what to do, the rule and where the rule comes from."""
    lines: list[str] = []
    known: set[str] = set()
    for room, texts in _rooms(language):
        if not room.startswith("checks"):
            continue
        lines += ["", f"### {_say(room, language)}", ""]
        heads = (_say(name, language) for name in ("code", "found", "remedy", "rule"))
        lines += _table(heads, (_finding(code, one) for code, one in texts.items() if code not in known))
        known |= texts.keys()
    return "\n".join(lines).strip()


def errors(language: Language) -> str:
    """Every error that a command may end with, by its id."""
    paths = (path for room in ("src", "cli") for path in sorted((ROOT / room).rglob("*.py")))
    code = "".join(path.read_text("utf-8") for path in paths)
    rows = (
        (f"`{room}.{name}`", _cell(one["text"]), _cell(one["hint"]))
        for room, texts in _rooms(language)
        for name, one in texts.items()
        if "hint" in one and f'"{room}.{name}"' in code
    )
    return "\n".join(_table((_say(name, language) for name in ("error", "what", "remedy")), rows))


def matters(language: Language) -> str:
    """Everything that ``archivum status`` may say is wrong or due, by its id."""
    rows = (
        (f"`{name}`", _cell(one["text"]), _cell(one["hint"]))
        for name, one in _texts("audit", language).items()
        if name not in ("not-stored", "scanner", "unrecorded")
    )
    return "\n".join(_table((_say(name, language) for name in ("code", "found", "remedy")), rows))


def exit_codes(language: Language) -> str:
    """The exit codes, with the kinds of error that end with them."""
    kinds = {kind.exit_code: f"`{kind.__name__}`" for kind in ArchivumError.__subclasses__()}
    help_ = Shell(language, _clock).say("help")
    told = re.findall(r"\b(\d) ([^,.]+)", " ".join(help_.split(":")[-1].split()))
    rows = ((code, _cell(meaning), kinds.get(int(code), "–")) for code, meaning in told)
    return "\n".join(_table((_say(name, language) for name in ("code", "meaning", "error")), rows))


def commands(language: Language) -> str:
    """Every command with its arguments and options."""
    group = command_line(Shell(language, _clock))
    lines = [_help(group), "", f"## {_say('general', language)}", ""]
    context = click.Context(group, info_name="archivum")
    lines += _options(group, context, language)
    for path, command in _commands(group, ()):
        lines += ["", f"## archivum {' '.join(path)}", "", _help(command), ""]
        context = click.Context(command, info_name=f"archivum {' '.join(path)}")
        lines += ["```", command.get_usage(context).removeprefix("Usage: "), "```"]
        rows = _options(command, context, language)
        lines += ["", *rows] if rows else []
    return "\n".join(lines)


def configuration(language: Language) -> str:
    """``archivum.toml`` as ``archivum init`` writes it, and every key with its type and default."""
    text = configuration_text(
        UUID("f0e1d2c3-0000-4000-8000-000000000000"),
        name=("Regional archive", "Krajský archiv")[language == "cs"],
        institution=("The institution's name", "Název instituce")[language == "cs"],
        code="000000000",
        language=language,
    )
    rows = list(_keys(Configuration, "", language))
    rows += _keys(StorageSettings, "storage.NAME.", language)
    heads = (_say(name, language) for name in ("key", "type", "default"))
    return "\n".join(["```toml", text.strip(), "```", "", *_table(heads, rows)])


def profile(language: Language) -> str:
    """A profile as it comes with archivum, and every key with its type and default."""
    text = (data_folder("profiles") / "nsesss.toml").read_text("utf-8")
    rows = (row for row in _keys(Profile, "", language) if row[0] != "`name`")
    heads = (_say(name, language) for name in ("key", "type", "default"))
    return "\n".join(["```toml", text.strip(), "```", "", *_table(heads, rows)])


def never_accepted(_: Language) -> str:
    """The codes of findings that no profile can accept."""
    return ", ".join(f"`{code}`" for code in sorted(NEVER_ACCEPTED))


PARTS: Final[Mapping[str, Callable[[Language], str]]] = {
    "findings": findings,
    "errors": errors,
    "matters": matters,
    "exit-codes": exit_codes,
    "commands": commands,
    "configuration": configuration,
    "profile": profile,
    "never-accepted": never_accepted,
}


def _finding(code: str, texts: Mapping[str, str]) -> tuple[str, ...]:
    mark = " †" if code in NEVER_ACCEPTED else ""
    rule = f"{_cell(texts['rule'])} ({_cell(texts['source'])})"
    return f"`{code}`{mark}", _cell(texts["text"]), _cell(texts["hint"]), rule


def _commands(group: click.Group, above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield what can be called, with the words that call it."""
    for name, command in group.commands.items():
        if not isinstance(command, click.Group) or command.invoke_without_command:
            yield (*above, name), command
        if isinstance(command, click.Group):
            yield from _commands(command, (*above, name))


def _options(command: click.Command, context: click.Context, language: Language) -> list[str]:
    """The options of a command that are its own; those of archivum itself are told once."""
    rows = []
    for option in command.params:
        general = option.name in GENERAL and context.info_name != "archivum"
        told = option.get_help_record(context) if isinstance(option, click.Option) else None
        if told is not None and not general:
            spelled, meaning = told
            rows.append((f"`{spelled}`".replace("|", r"\|"), _cell(meaning)))
    heads = [_say(name, language) for name in ("option", "meaning")]
    return list(_table(heads, rows)) if rows else []


def _help(command: click.Command) -> str:
    return _cell(command.help or "", rows=False)


def _keys(kind: Any, prefix: str, language: Language) -> Iterator[tuple[str, str, str]]:
    """Yield the keys of a table of settings, and those of the tables in it."""
    hints = get_type_hints(kind)
    for field in dataclasses.fields(kind):
        key, hint = f"{prefix}{field.name.replace('_', '-')}", hints[field.name]
        if dataclasses.is_dataclass(hint):
            yield from _keys(hint, f"{key}.", language)
        elif getattr(hint, "__origin__", hint) not in (str, int, bool):
            if key != "storage":
                yield f"`{key}.CODE`", "str", "–"
        else:
            required = field.default is dataclasses.MISSING
            default = _say("required", language) if required else f"`{_value(field.default)}`"
            yield f"`{key}`", hint.__name__, default


def _value(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else f"{value:_}" if type(value) is int else str(value)


def _rooms(language: Language) -> Iterator[tuple[str, Mapping[str, Mapping[str, str]]]]:
    folder = files("archivum.texts") / language
    for name in sorted(place.name for place in folder.iterdir() if place.name.endswith(".toml")):
        yield name.removesuffix(".toml"), _texts(name.removesuffix(".toml"), language)


@cache
def _texts(room: str, language: Language) -> Mapping[str, Mapping[str, str]]:
    place = files("archivum.texts") / language / f"{room}.toml"
    return tomllib.loads(place.read_text("utf-8"))


def _table(heads: Iterable[str], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    heads = list(heads)
    yield f"| {' | '.join(heads)} |"
    yield f"|{' --- |' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _cell(text: str, *, rows: bool = True) -> str:
    """A text as Markdown shows it: what is filled in later is told by dots."""
    shown = _PLACEHOLDER.sub("…", text).replace("<", "&lt;").replace("*", r"\*")
    return " ".join(shown.replace("|", r"\|").split()) if rows else shown


def _say(name: str, language: Language) -> str:
    return _HEADS[name][language == "cs"] if name in _HEADS else name


def _language(name: str) -> Language:
    return next(one for one in LANGUAGES if one == name)


def _clock() -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC)


if __name__ == "__main__":
    sys.exit(main())

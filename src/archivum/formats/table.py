"""``profiles/formats.toml``: what the archive does with which format; a region edits it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from archivum.errors import Misconfigured
from archivum.formats.policies import read_policies
from archivum.formats.policy import Policy
from archivum.formats.validators import VALIDATORS
from archivum.settings import read_table, read_toml

FILE: Final = "formats.toml"
_TABLES: Final = ("validate", "policy", "convert")

# what files are converted for: to be kept, or to be handed out
PURPOSES: Final = ("preservation", "access")
# the converters that come along, and what is compared before and after
CONVERTERS: Final = ("tiff", "png", "wav", "office")
COMPARISONS: Final = ("pixels", "sound", "pages")


@dataclass(frozen=True, slots=True)
class Asked:
    """Which validators are asked about some formats (PUIDs), one after another."""

    formats: list[str]
    by: list[str]


@dataclass(frozen=True, slots=True)
class Conversion:
    """How files of some formats (PUIDs) become files of others, for a purpose.

    Either ``by`` names a converter that comes along, or ``command`` is one of the system's, in which
    ``{source}`` and ``{target}`` stand for the files; ``version`` is the command that tells its version.
    ``verify`` names what is compared before and after. A file may take ``seconds`` and so many ``memory``
    (MiB).
    """

    formats: list[str]
    to: str
    target: list[str]
    extension: str
    verify: list[str]
    by: str = ""
    command: list[str] = field(default_factory=list)
    version: list[str] = field(default_factory=list)
    seconds: int = 600
    memory: int = 2048


@dataclass(frozen=True, slots=True)
class FormatTable:
    """What is done with which format; formats are named by their PUID."""

    asked: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    policies: Mapping[str, Policy] = field(default_factory=dict)
    converted: Mapping[tuple[str, str], Conversion] = field(default_factory=dict)

    def conversion(self, puid: str, purpose: str) -> Conversion | None:
        """Return how files of a format are converted for a purpose; None if they are not."""
        return self.converted.get((puid, purpose))

    def validators(self, puid: str) -> tuple[str, ...]:
        """Return the validators that are asked about a format, in their order."""
        return self.asked.get(puid, ())

    def policy(self, name: str) -> Policy:
        """Return what is permitted by the policy of this name.

        Raises:
            Misconfigured: there is none.
        """
        if name not in self.policies:
            known = ", ".join(sorted(self.policies)) or "–"
            raise Misconfigured("settings.choice", value=name, place="formats.policy", choices=known)
        return self.policies[name]


def read_format_table(path: Path) -> FormatTable:
    """Return the table in a TOML file.

    Raises:
        Misconfigured: a key or a value is wrong; it is named.
    """
    table = read_toml(path)
    unknown = table.keys() - set(_TABLES)
    if unknown:
        raise Misconfigured("settings.unknown", key=min(unknown), place=path, nearest=", ".join(_TABLES))
    asked: dict[str, tuple[str, ...]] = {}
    for number, one in enumerate(table.get("validate", ()), 1):
        rule = _asked(one, f"{path}: validate {number}")
        asked |= dict.fromkeys(rule.formats, tuple(rule.by))
    converted: dict[tuple[str, str], Conversion] = {}
    for number, one in enumerate(table.get("convert", ()), 1):
        conversion = _conversion(one, f"{path}: convert {number}")
        converted |= {(puid, conversion.to): conversion for puid in conversion.formats}
    return FormatTable(asked, read_policies(table.get("policy", {}), str(path)), converted)


def _conversion(table: Any, place: str) -> Conversion:
    conversion = read_table(Conversion, table, place)
    _one_of(conversion.to, PURPOSES, place)
    if bool(conversion.by) is bool(conversion.command) or not conversion.verify:
        raise Misconfigured("settings.conversion", place=place)
    if conversion.by:
        _one_of(conversion.by, CONVERTERS, place)
    for name in conversion.verify:
        _one_of(name, COMPARISONS, place)
    for hole in ("{source}", "{target}"):
        if conversion.command and not any(hole in part for part in conversion.command):
            raise Misconfigured("settings.conversion", place=place)
    return conversion


def _one_of(value: str, choices: Iterable[str], place: str) -> None:
    if value not in choices:
        raise Misconfigured("settings.choice", value=value, place=place, choices=", ".join(choices))


def _asked(table: Any, place: str) -> Asked:
    rule = read_table(Asked, table, place)
    for name in rule.by:
        _one_of(name, VALIDATORS, place)
    return rule

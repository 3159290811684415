"""``profiles/formats.toml``: what the archive does with which format; a region edits it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from archivum.errors import Misconfigured
from archivum.formats.policies import read_policies
from archivum.formats.policy import Policy
from archivum.formats.validators import VALIDATORS
from archivum.settings import read_table, read_toml

FILE: Final = "formats.toml"
_TABLES: Final = ("validate", "policy")


@dataclass(frozen=True, slots=True)
class Asked:
    """Which validators are asked about some formats (PUIDs), one after another."""

    formats: list[str]
    by: list[str]


@dataclass(frozen=True, slots=True)
class FormatTable:
    """What is done with which format; formats are named by their PUID."""

    asked: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    policies: Mapping[str, Policy] = field(default_factory=dict)

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
    return FormatTable(asked, read_policies(table.get("policy", {}), str(path)))


def _asked(table: Any, place: str) -> Asked:
    rule = read_table(Asked, table, place)
    for name in rule.by:
        if name not in VALIDATORS:
            raise Misconfigured("settings.choice", value=name, place=place, choices=", ".join(VALIDATORS))
    return rule

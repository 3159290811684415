"""Policies as people write them, in the tables ``[policy.NAME]`` of ``profiles/formats.toml``."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, Final, TypeVar

from archivum.errors import Misconfigured
from archivum.formats.policy import Condition, Kind, Policy, Rule, Standing
from archivum.settings import read_table

_PUID: Final = re.compile("(x-)?fmt/[1-9][0-9]*")
_Choice = TypeVar("_Choice", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class _PolicyTable:
    """A table ``[policy.NAME]``."""

    title: str = ""
    others: str = Standing.ACCEPTABLE.value
    rule: list[Any] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _RuleTable:
    """A table ``[[policy.NAME.rule]]``."""

    formats: list[Any]
    standing: str
    kind: str = Kind.OTHER.value
    since: date = date.min
    until: date = date.max
    valid: bool = False
    facts: Mapping[str, Any] = field(default_factory=dict)
    any_fact: list[Any] = field(default_factory=list)
    attachments: str = ""
    becomes: list[Any] = field(default_factory=list)
    source: str = ""


def read_policies(tables: Any, place: str) -> Mapping[str, Policy]:
    """Return the policies by their names.

    Raises:
        Misconfigured: a key or a value is wrong; it is named.
    """
    if not isinstance(tables, Mapping):
        raise Misconfigured("settings.type", place=f"{place}: policy", expected="table", value=tables)
    return {name: _policy(name, table, f"{place}: policy.{name}") for name, table in tables.items()}


def _policy(name: str, table: Any, place: str) -> Policy:
    if not isinstance(table, Mapping):
        raise Misconfigured("settings.type", place=place, expected="table", value=table)
    read = read_table(_PolicyTable, table, place)
    others = _one_of(Standing, read.others, f"{place}: others")
    if others is Standing.CONDITIONAL:
        raise _no_condition(f"{place}: others")
    rules = tuple(_rule(one, f"{place}: rule {number}") for number, one in enumerate(read.rule, 1))
    _check_apart(rules, place)
    return Policy(name, read.title, others, rules)


def _rule(table: Any, place: str) -> Rule:
    if not isinstance(table, Mapping):
        raise Misconfigured("settings.type", place=place, expected="table", value=table)
    read = read_table(_RuleTable, table, place)
    for name, day in (("since", read.since), ("until", read.until)):
        if isinstance(day, datetime):
            raise Misconfigured("settings.type", place=f"{place}: {name}", expected="date", value=day)
    if read.since > read.until:
        raise Misconfigured("formats.dates", place=place, since=read.since, until=read.until)
    standing = _one_of(Standing, read.standing, f"{place}: standing")
    condition = _condition(read, place)
    if (standing is Standing.CONDITIONAL) is (condition == Condition()):
        raise _no_condition(place)
    return Rule(
        formats=_puids(read.formats, f"{place}: formats"),
        standing=standing,
        kind=_one_of(Kind, read.kind, f"{place}: kind"),
        since=read.since,
        until=read.until,
        condition=condition,
        becomes=_puids(read.becomes, f"{place}: becomes"),
        source=read.source,
    )


def _condition(read: _RuleTable, place: str) -> Condition:
    facts = {
        name: _texts(value if isinstance(value, list) else [value], f"{place}: facts.{name}")
        for name, value in read.facts.items()
    }
    return Condition(read.valid, facts, _texts(read.any_fact, f"{place}: any-fact"), read.attachments)


def _texts(values: list[Any], place: str) -> tuple[str, ...]:
    for value in values:
        if not isinstance(value, str):
            raise Misconfigured("settings.type", place=place, expected="str", value=value)
    return tuple(values)


def _puids(values: list[Any], place: str) -> tuple[str, ...]:
    for value in _texts(values, place):
        if not _PUID.fullmatch(value):
            raise Misconfigured("settings.choice", value=value, place=place, choices="fmt/N, x-fmt/N")
    return tuple(values)


def _one_of(kind: type[_Choice], value: str, place: str) -> _Choice:
    try:
        return kind(value)
    except ValueError as error:
        known = [one.value for one in kind]
        choices = ", ".join(get_close_matches(value, known, 1) or known)
        raise Misconfigured("settings.choice", value=value, place=place, choices=choices) from error


def _no_condition(place: str) -> Misconfigured:
    return Misconfigured("formats.condition", place=place)


def _check_apart(rules: tuple[Rule, ...], place: str) -> None:
    """Make sure that of every format one rule speaks at a time, so that their order means nothing.

    Raises:
        Misconfigured: two rules speak of one format on one day.
    """
    known: dict[str, list[tuple[int, Rule]]] = {}
    for number, rule in enumerate(rules, 1):
        for puid in rule.formats:
            for other, before in known.setdefault(puid, []):
                if rule.since <= before.until and before.since <= rule.until:
                    raise Misconfigured("formats.twice", place=place, format=puid, first=other, second=number)
            known[puid].append((number, rule))

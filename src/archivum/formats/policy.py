"""Which formats an archive keeps, which it takes beside them, and which it refuses: what *may* be, by date.

A policy is a list of rules that each speak of some formats for some time; what no rule speaks of stands as
the policy says of all others. Whether a file meets a condition is told by what validators read off it, and
what they did not read is not known, never met.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from archivum.model import Fault, Identification, InnerFile, Validation, Verdict

DEFAULT: Final = "decree-259-2012"
_LEFT_OUT: Final = "inner-limit"  # the fault of a file in which not all was looked at


class Standing(StrEnum):
    """What a policy makes of a format.

    PRESERVATION is kept for good; CONDITIONAL is so too where a file meets the condition; ACCEPTABLE is taken
    and kept, but should be beside or become a preservation format; REFUSED is not taken.
    """

    PRESERVATION = "preservation"
    CONDITIONAL = "conditional"
    ACCEPTABLE = "acceptable"
    REFUSED = "refused"


class Kind(StrEnum):
    """What is kept in a format, in the terms of decree 259/2012 § 23."""

    TEXT = "text"
    IMAGE = "image"
    MOVING_IMAGE = "moving-image"
    SOUND = "sound"
    DATA = "data"
    INVOICE = "invoice"
    METADATA = "metadata"
    MESSAGE = "message"
    CONTAINER = "container"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Condition:
    """What a file must be to stand like one in a preservation format; all of it must hold.

    ``valid``: found valid. ``facts``: each of these was read off the file and is one of the values.
    ``any_fact``: at least one of these was read off it. ``attachments``: the fact that counts the files
    inside it, each of which must stand like a preservation format and hold no files itself; "" does not ask.
    """

    valid: bool = False
    facts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    any_fact: tuple[str, ...] = ()
    attachments: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """What stands of some formats (PUIDs) from one day to another, both included, and by what right.

    ``becomes`` are the formats that a file can be converted to where it is not in a preservation format.
    """

    formats: tuple[str, ...]
    standing: Standing
    kind: Kind = Kind.OTHER
    since: date = date.min
    until: date = date.max
    condition: Condition = field(default_factory=Condition)
    becomes: tuple[str, ...] = ()
    source: str = ""

    def holds(self, day: date) -> bool:
        """Whether the rule is in force on a day."""
        return self.since <= day <= self.until


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a policy says of one file.

    ``verdict`` is passed if it is kept for good as it is, failed if not, indeterminate if that cannot be
    told; ``lacks`` says what is missing or not known.
    """

    standing: Standing
    verdict: Verdict
    lacks: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """What an archive takes; no two rules speak of one format on one day."""

    name: str
    title: str = ""
    others: Standing = Standing.ACCEPTABLE
    rules: tuple[Rule, ...] = ()
    _by_format: Mapping[str, tuple[Rule, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        found: dict[str, tuple[Rule, ...]] = {}
        for rule in self.rules:
            for puid in rule.formats:
                found[puid] = (*found.get(puid, ()), rule)
        object.__setattr__(self, "_by_format", found)

    def rule(self, puid: str, day: date) -> Rule | None:
        """Return the rule that speaks of a format on a day."""
        return next((rule for rule in self._by_format.get(puid, ()) if rule.holds(day)), None)

    def standing(self, puid: str, day: date) -> Standing:
        """Return what stands of a format on a day."""
        rule = self.rule(puid, day)
        return rule.standing if rule else self.others

    def judge(self, known: Identification | None, said: Validation | None, day: date) -> Judgement:
        """Return what stands of a file, by what is known of its format and what validators say of it.

        Of a file whose format is not known nothing can be told.
        """
        puid = known.puid if known else None
        if known is None or not puid:
            return Judgement(self.others, Verdict.INDETERMINATE, (Fault("policy-unidentified"),))
        standing = self.standing(puid, day)
        if standing in (Standing.ACCEPTABLE, Standing.REFUSED):
            return Judgement(standing, Verdict.FAILED)
        if known.verdict is not Verdict.PASSED:
            return Judgement(standing, Verdict.INDETERMINATE, (Fault("policy-unidentified"),))
        rule = self.rule(puid, day)
        condition = rule.condition if rule and standing is Standing.CONDITIONAL else Condition()
        lacking = list(self._lacking(condition, said or Validation(), day))
        verdict = worst(verdict for verdict, _ in lacking)
        return Judgement(standing, verdict, tuple(lack for one, lack in lacking if one is verdict))

    def _lacking(self, asked: Condition, said: Validation, day: date) -> Iterator[tuple[Verdict, Fault]]:
        """Yield what a file lacks of a condition (failed) and what of it is not known (indeterminate)."""
        if asked.valid and said.valid is not Verdict.PASSED:
            failed = said.valid is Verdict.FAILED
            yield said.valid, Fault("policy-invalid" if failed else "policy-validity")
        for name, wanted in asked.facts.items():
            if name not in said.facts:
                yield Verdict.INDETERMINATE, _lack("policy-fact-unknown", name, wanted)
            elif (value := said.facts[name]) not in wanted:
                yield Verdict.FAILED, _lack("policy-fact", name, wanted, value=value)
        if asked.any_fact and not any(said.facts.get(name) for name in asked.any_fact):
            yield Verdict.INDETERMINATE, _lack("policy-fact-none", ", ".join(asked.any_fact))
        if asked.attachments:
            yield from self._inside(asked.attachments, said, day)

    def _inside(self, count: str, said: Validation, day: date) -> Iterator[tuple[Verdict, Fault]]:
        """Judge the files inside one; all of them must have been seen."""
        for part in said.parts:
            params = {"path": part.path, "format": part.format.puid or "–"}
            if part.validation.parts or _counted(part, count):
                yield Verdict.FAILED, Fault("policy-nested", params=params)
                continue
            verdict = self.judge(part.format, part.validation, day).verdict
            if verdict is not Verdict.PASSED:
                failed = verdict is Verdict.FAILED
                yield verdict, Fault("policy-inner" if failed else "policy-inner-unknown", params=params)
        all_seen = said.facts.get(count) == str(len(said.parts))
        if not all_seen or any(fault.id == _LEFT_OUT for fault in said.faults):
            yield Verdict.INDETERMINATE, Fault("policy-inside-unknown")


def worst(verdicts: Iterator[Verdict]) -> Verdict:
    """Return failed if any is, else indeterminate if any is, else passed."""
    found = set(verdicts)
    return next((one for one in (Verdict.FAILED, Verdict.INDETERMINATE) if one in found), Verdict.PASSED)


def day_of(at: datetime) -> date:
    """Return the day of a time where the archive's law counts days."""
    return at.astimezone(ZoneInfo("Europe/Prague")).date()


def _counted(part: InnerFile, count: str) -> bool:
    return part.validation.facts.get(count, "0") != "0"


def _lack(id_: str, fact: str, wanted: tuple[str, ...] = (), value: str = "") -> Fault:
    return Fault(id_, params={"fact": fact, "wanted": ", ".join(wanted), "value": value})

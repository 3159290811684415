"""What is held by format, how it stands by a policy today, and what of it is at risk."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from archivum.archive import Archive
from archivum.catalogue.formats import FormatTotals, Share
from archivum.formats.policy import Kind, Policy, Standing, day_of


class Risk(StrEnum):
    """Why files may not be readable one day."""

    UNIDENTIFIED = "unidentified"
    UNSURE = "unsure"
    REFUSED = "refused"
    NOT_PRESERVATION = "not-preservation"
    UNMET = "unmet"
    UNTOLD = "untold"
    FAULTY = "faulty"


@dataclass(frozen=True, slots=True)
class Held:
    """A format that is held: in how many files, bytes and AIPs, and how it stands by the policy.

    ``standing`` is None for files whose format is not known; ``becomes`` are the formats that it can be
    converted to.
    """

    totals: FormatTotals
    standing: Standing | None
    kind: Kind
    becomes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AtRisk:
    """Files of a format that are at risk for one reason.

    ``share.size`` and ``share.packages`` are those of these files where the reason is the format itself;
    ``exact`` is false where it is of some files only: then they are of all its files in the AIPs concerned.
    """

    held: Held
    risk: Risk
    share: Share
    exact: bool


def held(archive: Archive, policy_name: str) -> list[Held]:
    """Return the formats of all stored AIPs, those of the most bytes first, by the policy as it is today.

    Raises:
        Misconfigured: there is no such policy, or the catalogue cannot be read.
    """
    policy, day = archive.formats.policy(policy_name), day_of(archive.clock())
    found = [_held(totals, policy, day) for totals in archive.catalogue.format_totals()]
    return sorted(found, key=lambda one: (-one.totals.whole.size, one.totals.puid))


def at_risk(formats: list[Held]) -> Iterator[AtRisk]:
    """Yield what should be converted, mended or looked at, the gravest reason first, then by bytes."""
    found = [risk for one in formats for risk in _risks(one)]
    order = list(Risk)
    yield from sorted(found, key=lambda one: (order.index(one.risk), -one.share.size, one.held.totals.puid))


def _held(totals: FormatTotals, policy: Policy, day: date) -> Held:
    if not totals.puid:
        return Held(totals, None, Kind.OTHER)
    rule = policy.rule(totals.puid, day)
    if rule is None:
        return Held(totals, policy.others, Kind.OTHER)
    return Held(totals, rule.standing, rule.kind, rule.becomes)


def _risks(one: Held) -> Iterator[AtRisk]:
    totals = one.totals
    by_format = {
        None: Risk.UNIDENTIFIED,
        Standing.REFUSED: Risk.REFUSED,
        Standing.ACCEPTABLE: Risk.NOT_PRESERVATION,
    }
    if one.standing in by_format:
        yield AtRisk(one, by_format[one.standing], totals.whole, True)
    if one.standing is not None and totals.unsure.files:
        yield AtRisk(one, Risk.UNSURE, totals.unsure, True)
    if one.standing is Standing.CONDITIONAL and totals.unmet.files:
        yield AtRisk(one, Risk.UNMET, totals.unmet, False)
    if one.standing is Standing.CONDITIONAL and totals.untold.files:
        yield AtRisk(one, Risk.UNTOLD, totals.untold, False)
    if totals.faulty.files:
        yield AtRisk(one, Risk.FAULTY, totals.faulty, False)

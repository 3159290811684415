"""How an archive stands: what is there, what is due, what is wrong; without reading what is stored."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from archivum.archive import Archive
from archivum.catalogue.queries import Totals
from archivum.configuration import TRIAL_INSTITUTION
from archivum.errors import Misconfigured
from archivum.model import State
from archivum.stored.pending import unfinished

REMINDERS: Final = ("trial-institution", "trial-stamps", "no-scanner")  # what an archive may live with
SPACE: Final = 0.05  # of the disk; below it the next transfers may not fit


@dataclass(frozen=True, slots=True)
class Matter:
    """Something that is due or wrong: a text's name in the room ``audit`` and its parameters."""

    name: str
    params: dict[str, object]


@dataclass(frozen=True, slots=True)
class Standing:
    """How an archive stands. ``behind`` counts events that the catalogue did not show until now."""

    totals: Totals
    free: int
    disk: int
    trial: bool
    wrong: tuple[Matter, ...]
    due: tuple[Matter, ...]


def standing(archive: Archive) -> Standing:
    """Return how the archive stands.

    Raises:
        CorruptionFound: the journal or the catalogue is damaged.
        Misconfigured: the storage or the catalogue cannot be reached.
    """
    archive.catch_up()
    totals = archive.catalogue.totals()
    usage = shutil.disk_usage(archive.storage.root)
    return Standing(
        totals=totals,
        free=usage.free,
        disk=usage.total,
        trial=archive.authority.trial,
        wrong=tuple(_wrong(archive, totals)),
        due=tuple(_due(archive, totals, usage.free, usage.total)),
    )


def _wrong(archive: Archive, totals: Totals) -> Iterator[Matter]:
    if totals.failed_copies:
        yield Matter("failed-copies", {"count": totals.failed_copies})
    if totals.infected:
        yield Matter("infected", {"count": totals.infected})
    if totals.undescribed:
        yield Matter("undescribed", {"count": totals.undescribed})
    for storage in archive.journal.behind():
        yield Matter("journal-behind", {"storage": storage})


def _due(archive: Archive, totals: Totals, free: int, disk: int) -> Iterator[Matter]:
    if held := totals.packages.get(State.HELD, 0):
        yield Matter("held", {"count": held})
    if decided := totals.packages.get(State.RECEIVED, 0):
        yield Matter("decided", {"count": decided})
    if interrupted := len(list((archive.storage.workplace() / "receipts").glob("*.json"))):
        yield Matter("interrupted", {"count": interrupted})
    if not archive.configuration.malware.socket:
        yield Matter("no-scanner", {"count": totals.unscanned})
    elif totals.unscanned:
        yield Matter("unscanned", {"count": totals.unscanned})
    if versions := len(unfinished(archive)):
        yield Matter("unfinished-versions", {"count": versions})
    if free < SPACE * disk:
        yield Matter("space", {"free": free // (1 << 30), "storage": archive.storage.name})
    for name in archive.profiles.names():
        try:
            archive.profiles.get(name)
        except Misconfigured as error:
            reasons = {"reason": error.text("en"), "reason_cs": error.text("cs")}
            yield Matter("profile", {"profile": name, **reasons})
    if archive.configuration.institution.code == TRIAL_INSTITUTION:
        yield Matter("trial-institution", {})
    if archive.authority.trial:
        yield Matter("trial-stamps", {"count": totals.trial})

"""Versions that are being made: the moment of each, and what is to be recorded of one that is stored.

Both lie in the workplace until the version is recorded, so that a run that takes up an interrupted one makes
the same bytes and tells the same events.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from archivum.archive import Archive
from archivum.catalogue.fold import Accession, following
from archivum.model import Agent, Event
from archivum.plain import canonical, from_plain, to_plain
from archivum.storage.durable import keep, publish, world

VERSIONS: Final = "versions"
_EVENTS: Final = ".events.json"


@dataclass(frozen=True, slots=True)
class Moment:
    """When and by whom a version is made: the only time that it knows."""

    version: str
    at: datetime
    agent: Agent


@dataclass(frozen=True, slots=True)
class Pending:
    """A version that is about to be stored, and the events to be recorded once it is."""

    uuid: UUID
    version: str
    manifest: str
    events: tuple[Event, ...]


def begin(archive: Archive, accession: Accession) -> Moment:
    """Return the moment of the next version of an AIP: that of an interrupted run, else now.

    Raises:
        Misconfigured: the disk is full, read-only or fails.
    """
    place, version = _moment_place(archive, accession.uuid), following(accession.version)
    with suppress(FileNotFoundError, ValueError, TypeError, KeyError):
        kept = from_plain(Moment, json.loads(place.read_bytes()))
        if kept.version == version:
            return kept
    moment = Moment(version, archive.clock(), archive.agent)
    keep(place, canonical(to_plain(moment)))
    return moment


def announce(archive: Archive, pending: Pending) -> None:
    """Bring to the disk what will be recorded of a version, before it is stored.

    Raises:
        Misconfigured: the disk is full, read-only or fails.
    """
    place = _events_place(archive, pending.uuid)
    with world(place):
        place.unlink(missing_ok=True)
    publish(place, canonical(to_plain(pending)))


def announced(archive: Archive) -> Iterator[Pending]:
    """Yield the versions of interrupted runs that may be stored and are perhaps not recorded."""
    for place in sorted((archive.storage.workplace() / VERSIONS).glob(f"*{_EVENTS}")):
        with world(place):
            data = place.read_bytes()
        yield from_plain(Pending, json.loads(data))


def interrupted(archive: Archive, uuid: UUID) -> bool:
    """Whether a version of an AIP is being made, or its making was interrupted."""
    return _events_place(archive, uuid).exists()


def forget(archive: Archive, uuid: UUID) -> None:
    """Remove what was kept of a version in the making, last what :func:`announced` finds it by."""
    _moment_place(archive, uuid).unlink(missing_ok=True)
    _events_place(archive, uuid).unlink(missing_ok=True)


def withdraw(archive: Archive, uuid: UUID) -> None:
    """Remove the announcement of a version that was not stored; its moment stays."""
    _events_place(archive, uuid).unlink(missing_ok=True)


def unfinished(archive: Archive) -> Sequence[Path]:
    """Return where the moments of versions are that are not recorded."""
    places = (archive.storage.workplace() / VERSIONS).glob("*.json")
    return sorted(place for place in places if not place.name.endswith(_EVENTS))


def _moment_place(archive: Archive, uuid: UUID) -> Path:
    return archive.storage.workplace() / VERSIONS / f"{uuid}.json"


def _events_place(archive: Archive, uuid: UUID) -> Path:
    return archive.storage.workplace() / VERSIONS / f"{uuid}{_EVENTS}"

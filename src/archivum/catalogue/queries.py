"""Questions that people and commands ask of the catalogue; every answer is a frozen value."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, func, or_, select, union

from archivum.catalogue import formats, rows, tables
from archivum.catalogue.database import Database
from archivum.catalogue.entry import Entry, Head
from archivum.catalogue.fold import Accession, Replica, version_of
from archivum.catalogue.formats import FormatTotals
from archivum.catalogue.rows import FormatUse
from archivum.errors import Misconfigured, Misused, NotFound
from archivum.model import Agent, EventType, Record, State, Verdict
from archivum.plain import instant

_PAGE: Final = 500
_PREFIX: Final = re.compile("[0-9a-f-]{4,35}")
_CANDIDATES: Final = 5


@dataclass(frozen=True, slots=True)
class Totals:
    """The archive at a glance.

    ``files`` and ``size`` (bytes) are those of the AIPs that are stored, one copy of each; ``oldest`` is the
    copy whose bytes were last read the longest ago; ``trial`` counts the stored AIPs whose time-stamp is a
    trial one, ``undescribed`` those whose records could not be read, ``unscanned`` those that no scanner for
    malicious code has read whole, ``infected`` those in which one has found some.
    """

    packages: Mapping[State, int]
    files: int
    size: int
    copies: int
    failed_copies: int
    oldest: Replica | None
    trial: int
    undescribed: int
    unscanned: int
    infected: int
    last: Entry | None


@dataclass(frozen=True, slots=True)
class Version:
    """A version of an AIP: its name, when it was made, the SHA-512 of its manifest, and what for."""

    name: str
    at: datetime
    manifest: str
    reason: str


class Queries:
    """What can be asked of a catalogue; nothing here changes it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def applied(self) -> Head:
        """Return the last entry of the journal that the tables show; its segment is not known (0).

        Raises:
            Misconfigured: the tables are missing or those of another version.
        """
        with self._database.reading() as connection:
            return applied(connection)

    def packages(
        self,
        *,
        producer: str | None = None,
        record: str | None = None,
        puid: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        state: State | None = None,
        limit: int | None = None,
        after: int = 0,
    ) -> Iterator[Accession]:
        """Yield the accessions that answer to all of the filters, in the order of their arrival.

        ``producer`` is a part of the name or a whole identifier; ``record`` a record's whole id, identifier
        or reference, or a part of its title; names and titles are compared without case and diacritics.
        ``since`` and ``until`` bound the time of arrival and are part of it. ``after`` is the number of the
        last accession that was seen before.
        """
        question = select(tables.package).order_by(tables.package.c.number).limit(_PAGE)
        for condition in _conditions(producer, record, puid, since, until, state):
            question = question.where(condition)
        return islice(self._pages(question, after), limit)

    def package(self, reference: str | UUID) -> Accession:
        """Return the accession with this UUID, this package id or the only one whose UUID begins like this.

        Of several that came under one package id, the one that is stored is meant.

        Raises:
            NotFound: there is none.
            Misused: there are several.
        """
        wanted = str(reference).strip().removeprefix("urn:uuid:")
        with self._database.reading() as connection:
            found = _matching(connection, wanted)
        stored = [accession for accession in found if accession.state is State.STORED]
        if len(found) > 1 and len(stored) == 1:
            found = stored
        if not found:
            raise NotFound("catalogue.not-found", reference=reference)
        if len(found) > 1:
            candidates = ", ".join(str(accession.uuid) for accession in found[:_CANDIDATES])
            raise Misused("catalogue.ambiguous", reference=reference, candidates=candidates)
        return found[0]

    def find_same(self, producer: Agent, package_id: str) -> list[Accession]:
        """Return every accession under this package id from this producer, in the order of arrival.

        Producers are told apart by their first identifier, those without one by name.
        """
        sent = tables.package.c
        question = (
            select(tables.package)
            .where(sent.package_key == rows.key(package_id), sent.producer_key == rows.producer_key(producer))
            .order_by(sent.number)
        )
        return [rows.accession_of(row) for row in self._all(question)]

    def events(self, uuid: UUID) -> list[Entry]:
        """Return all that happened to a package, in order."""
        event = tables.event
        question = select(event).where(event.c.subject == str(uuid)).order_by(event.c.seq)
        return [rows.entry_of(row) for row in self._all(question)]

    def versions(self, uuid: UUID) -> list[Version]:
        """Return the versions of a stored package's AIP, the first one first; none for one not stored."""
        found: dict[str, Version] = {}
        event_ = tables.event
        told = (EventType.INGESTION_START, EventType.INFORMATION_PACKAGE_CREATION)
        question = select(event_).where(event_.c.subject == str(uuid), event_.c.type.in_(told))
        for row in self._all(question.order_by(event_.c.seq)):
            event = rows.entry_of(row).event
            version = version_of(event)
            if event.type is EventType.INGESTION_START:
                found.clear()
            elif event.type is EventType.INFORMATION_PACKAGE_CREATION:
                manifest, why = str(event.detail["manifest"]), str(event.detail.get("reason", ""))
                found[version] = Version(version, event.at, manifest, why or "ingest")
        return list(found.values())

    def copies(self, uuid: UUID) -> list[Replica]:
        """Return the copies of a package's AIP, in the order of their storing."""
        replica = tables.replica
        question = select(replica).where(replica.c.uuid == str(uuid))
        found = [rows.replica_of(row) for row in self._all(question)]
        return sorted(found, key=lambda one: (one.stored_at, one.storage))

    def formats(self, uuid: UUID) -> list[FormatUse]:
        """Return the formats of a package's files, in the order of their identification."""
        format_ = tables.format_
        question = select(format_).where(format_.c.uuid == str(uuid)).order_by(format_.c.number)
        return [rows.format_of(row) for row in self._all(question)]

    def format_totals(self) -> list[FormatTotals]:
        """Return how much of each format all stored AIPs hold together, in the order of the PUIDs."""
        return [formats.totals_of(row) for row in self._all(formats.question())]

    def records(self, uuid: UUID) -> Iterator[Record]:
        """Yield the records of a package, in the order of its metadata."""
        record = tables.record
        question = select(record.c.body).where(record.c.uuid == str(uuid)).order_by(record.c.number)
        after = 0  # numbers have no gaps: a page is a range
        while page := self._all(question.where(record.c.number.between(after + 1, after + _PAGE))):
            yield from map(rows.record_of, page)
            after += _PAGE

    def totals(self) -> Totals:
        """Return the archive at a glance."""
        with self._database.reading() as connection:
            return _totals(connection)

    def _pages(self, question: Select[Any], after: int) -> Iterator[Accession]:
        while page := self._all(question.where(tables.package.c.number > after)):
            yield from map(rows.accession_of, page)
            after = page[-1]["number"]

    def _all(self, question: Select[Any]) -> Sequence[RowMapping]:
        with self._database.reading() as connection:
            return connection.execute(question).mappings().all()


def applied(connection: Connection, *, lock: bool = False) -> Head:
    """Return the last entry that the tables show; with ``lock``, no other process applies until the end.

    Raises:
        Misconfigured: the tables are those of another version of archivum.
    """
    row = connection.execute(_APPLIED_LOCKED if lock else _APPLIED).mappings().one_or_none()
    if row is None or row["layout"] != tables.LAYOUT:
        raise Misconfigured("catalogue.layout", layout=row["layout"] if row else "?")
    return Head(0, row["seq"], row["digest"])


_APPLIED: Final = select(tables.applied)
_APPLIED_LOCKED: Final = _APPLIED.with_for_update()


def _conditions(
    producer: str | None,
    record: str | None,
    puid: str | None,
    since: datetime | None,
    until: datetime | None,
    state: State | None,
) -> Iterator[ColumnElement[bool]]:
    package, format_ = tables.package.c, tables.format_.c
    if producer is not None:
        yield or_(
            package.producer_folded.contains(rows.folded(producer), autoescape=True),
            package.producer_key.endswith(f":{rows.storable(producer)}", autoescape=True),
        )
    if record is not None:
        yield package.uuid.in_(_holding(record))
    if puid is not None:
        yield package.uuid.in_(select(format_.uuid).where(format_.puid == rows.storable(puid)))
    if since is not None:
        yield package.received_at >= instant(since)
    if until is not None:
        yield package.received_at <= instant(until)
    if state is not None:
        yield package.state == state.value


def _holding(wanted: str) -> Any:
    """The packages with a record of this id, identifier or reference, or this in its title."""
    record = tables.record.c
    known = rows.key(wanted)
    return union(
        *(
            select(record.uuid).where(condition)
            for condition in (
                record.id_key == known,
                record.identifier_key == known,
                record.reference_key == known,
                record.title_folded.contains(rows.folded(wanted), autoescape=True),
            )
        )
    )


def _matching(connection: Connection, wanted: str) -> list[Accession]:
    """Return the accessions that a reference means; a whole identifier goes before a beginning."""
    package = tables.package.c
    lower = wanted.lower()
    conditions = [package.uuid == rows.key(lower), package.package_key == rows.key(wanted)]
    if _PREFIX.fullmatch(lower):
        conditions.append((package.uuid > lower) & (package.uuid < f"{lower}g"))
    for condition in conditions:
        question = select(tables.package).where(condition).order_by(package.number).limit(_PAGE)
        if found := connection.execute(question).mappings().all():
            return [rows.accession_of(row) for row in found]
    return []


def _totals(connection: Connection) -> Totals:
    package, replica, event = tables.package.c, tables.replica.c, tables.event.c
    counts = connection.execute(select(package.state, func.count()).group_by(package.state))
    stored = package.state == State.STORED.value
    # a sum of 64-bit numbers is a decimal in PostgreSQL and None for no rows
    sums = select(func.count(), func.sum(package.aip_files), func.sum(package.aip_size)).where(stored)
    _, files, size = connection.execute(sums).one()
    oldest = connection.execute(
        select(tables.replica).order_by(replica.verified_at, replica.uuid, replica.storage).limit(1)
    ).mappings()
    last = connection.execute(select(tables.event).order_by(event.seq.desc()).limit(1)).mappings()

    def count(column: ColumnElement[Any], condition: ColumnElement[bool]) -> int:
        return connection.execute(select(func.count(column)).where(condition)).scalar_one()

    return Totals(
        packages={State(state): number for state, number in counts},
        files=int(files or 0),
        size=int(size or 0),
        copies=connection.execute(select(func.count(replica.uuid))).scalar_one(),
        failed_copies=count(replica.uuid, replica.verdict == Verdict.FAILED.value),
        oldest=next(map(rows.replica_of, oldest), None),
        trial=count(package.uuid, stored & package.trial),
        undescribed=count(package.uuid, stored & ~package.described),
        unscanned=count(package.uuid, stored & package.scanned_at.is_(None)),
        infected=count(package.uuid, stored & (package.infected > 0)),
        last=next(map(rows.entry_of, last), None),
    )

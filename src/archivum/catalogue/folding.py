"""From entries of the journal to rows of the tables."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, Final, TypeVar
from uuid import UUID

from sqlalchemy import Connection, Table, bindparam, delete, insert, select, update

from archivum.catalogue import rows, tables
from archivum.catalogue.entry import Entry
from archivum.catalogue.fold import Accession, Replica, fold, fold_replica, storage_of
from archivum.catalogue.rows import Details, Row
from archivum.errors import CorruptionFound, NotFound
from archivum.model import Event, EventType, State

# what an AIP says of itself, by its UUID and the kind of its package
DetailsOf = Callable[[UUID, str], Details | None]
Place = tuple[UUID, str]

_ADD: Final = {table: insert(table) for table in tables.metadata.sorted_tables}
_OF: Final = {
    table: select(table).where(table.c.uuid.in_(bindparam("uuids", expanding=True)))
    for table in (tables.package, tables.replica)
}
_ROWS: Final = 1_000  # of records in one statement
_Item = TypeVar("_Item")


@dataclass(slots=True)
class Folded:
    """What entries come to: accessions and copies as they stand then, formats found anew."""

    accessions: dict[UUID, Accession]
    replicas: dict[Place, Replica]
    formats: dict[UUID, list[Row]] = field(default_factory=dict)

    def add(self, entry: Entry) -> None:
        """Add one entry."""
        event = entry.event
        accession = fold(self.accessions.get(event.subject), event, entry.seq)
        if accession is None:
            return
        self.accessions[event.subject] = accession
        storage = storage_of(event)
        if storage is not None:
            place = event.subject, storage
            replica = fold_replica(self.replicas.get(place), event)
            if replica is not None:
                self.replicas[place] = replica
        if accession.state in _OPEN and event.type is EventType.INGESTION_START:
            self.formats[event.subject] = []
        elif event.type is EventType.FORMAT_IDENTIFICATION and _is_shown(accession, event):
            self.formats[event.subject] = rows.format_rows(event)


_OPEN: Final = (State.RECEIVED, State.HELD)
CHANGES: Final = "changes"  # what the event of a later identification tells, and the first does not


def _is_shown(accession: Accession, event: Event) -> bool:
    """Whether an identification is of what came, or of what is stored and was identified again."""
    return accession.state in _OPEN or (accession.state is State.STORED and CHANGES in event.detail)


def show(connection: Connection, entries: Sequence[Entry], details: DetailsOf) -> None:
    """Add entries to the tables, and what follows from them; the caller's transaction makes it one step."""
    connection.execute(_ADD[tables.event], [rows.event_row(entry) for entry in entries])
    known = _accessions(connection, {entry.event.subject for entry in entries})
    kept = _replicas(connection, known.keys()) if any(storage_of(e.event) for e in entries) else {}
    folded = Folded(dict(known), dict(kept))
    for entry in entries:
        folded.add(entry)
    for uuid, accession in folded.accessions.items():
        stored_before = uuid in known and known[uuid].state is State.STORED
        if accession.state is State.STORED and not stored_before:
            described = _describe(connection, uuid, details(uuid, accession.kind))
            folded.accessions[uuid] = replace(accession, described=described)
    _write_formats(connection, folded.formats, known.keys())
    _write(connection, tables.package, ("uuid",), _changes(known, folded.accessions, rows.package_row))
    _write(connection, tables.replica, ("uuid", "storage"), _changes(kept, folded.replicas, rows.replica_row))


def chunks(items: Iterable[_Item], size: int) -> Iterator[list[_Item]]:
    """Yield the items in lists of at most ``size``."""
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk


def _accessions(connection: Connection, uuids: Set[UUID]) -> dict[UUID, Accession]:
    found = map(rows.accession_of, connection.execute(_OF[tables.package], _named(uuids)).mappings())
    return {accession.uuid: accession for accession in found}


def _named(uuids: Set[UUID]) -> dict[str, list[str]]:
    return {"uuids": [str(uuid) for uuid in uuids]}


def _replicas(connection: Connection, uuids: Set[UUID]) -> dict[Place, Replica]:
    if not uuids:
        return {}
    found = map(rows.replica_of, connection.execute(_OF[tables.replica], _named(uuids)).mappings())
    return {(replica.uuid, replica.storage): replica for replica in found}


def _describe(connection: Connection, uuid: UUID, details: Details | None) -> bool:
    """Add the records of an AIP; none of them, and false, if it cannot be read."""
    if details is None:
        return False
    try:
        for chunk in chunks(rows.record_rows(uuid, details.records), _ROWS):
            connection.execute(_ADD[tables.record], chunk)
    except (CorruptionFound, NotFound):
        # one damaged AIP must not keep the catalogue of all the others from being made again
        connection.execute(delete(tables.record).where(tables.record.c.uuid == str(uuid)))
        return False
    return True


def _write_formats(connection: Connection, formats: Mapping[UUID, list[Row]], known: Set[UUID]) -> None:
    old = [str(uuid) for uuid in formats.keys() & known]
    if old:
        connection.execute(delete(tables.format_).where(tables.format_.c.uuid.in_(old)))
    if new := [row for found in formats.values() for row in found]:
        connection.execute(_ADD[tables.format_], new)


def _changes(
    before: Mapping[Any, _Item], after: Mapping[Any, _Item], row: Callable[[_Item], Row]
) -> tuple[list[Row], list[Row]]:
    """Return the rows that are new, and those that have changed."""
    new = [row(value) for known, value in after.items() if known not in before]
    changed = [row(value) for known, value in after.items() if before.get(known, value) is not value]
    return new, changed


def _write(
    connection: Connection, table: Table, key: Sequence[str], changes: tuple[list[Row], list[Row]]
) -> None:
    new, changed = changes
    if new:
        connection.execute(_ADD[table], new)
    if changed:
        # a parameter cannot have the name of a column that is written
        change = update(table).where(*(table.c[name] == bindparam(f"the_{name}") for name in key))
        renamed = {name: f"the_{name}" for name in key}
        connection.execute(change, [{renamed.get(k, k): v for k, v in row.items()} for row in changed])

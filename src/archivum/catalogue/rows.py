"""Values as rows of the tables, and back."""

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from sqlalchemy import RowMapping

from archivum.catalogue.entry import Entry
from archivum.catalogue.fold import Accession, Replica
from archivum.model import Action, Agent, Event, EventType, Record, State, Verdict
from archivum.plain import canonical, from_plain, instant, to_plain

Row = Mapping[str, Any]
Found = Row | RowMapping

KEY_LENGTH: Final = 200  # characters; PostgreSQL refuses index entries over 2 704 bytes
_UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")
_MARKS: Final = re.compile("[\u0300-\u036f]+")  # Unicode block Combining Diacritical Marks
_NUMBER_RANGE: Final = range(-(1 << 31), 1 << 31)


@dataclass(frozen=True, slots=True)
class FormatUse:
    """How many files of an AIP, and how many bytes, are of one format; ``puid`` is "" if it is not known.

    ``valid``, ``well_formed`` (valid ones among them), ``faulty``, ``met`` and ``unmet`` count files, as
    :func:`archivum.catalogue.uses.uses` tells.
    """

    puid: str
    name: str
    version: str
    mime: str
    verdict: Verdict
    files: int
    size: int
    valid: int = 0
    well_formed: int = 0
    faulty: int = 0
    met: int = 0
    unmet: int = 0


@dataclass(frozen=True, slots=True)
class Details:
    """What an AIP says of itself and the journal does not: its records in their order."""

    records: Iterable[Record]


def storable(text: str) -> str:
    """Return a text that every database takes: NUL and bytes that are not UTF-8 (PEP 383) as escapes."""
    if text.isascii() and "\0" not in text:
        return text
    return _UNSTORABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def key(text: str) -> str:
    """Return what a text is looked up by: itself, or a beginning and a digest where it is too long."""
    text = storable(text)
    if len(text) <= KEY_LENGTH:
        return text
    return text[: KEY_LENGTH - 64] + sha256(text.encode("utf-8")).hexdigest()


def folded(text: str) -> str:
    """Return what a text is searched by: without case and diacritics (``Žádost`` as ``zadost``)."""
    if text.isascii():
        return storable(text.lower())
    return storable(_MARKS.sub("", unicodedata.normalize("NFKD", text).casefold()))


def producer_key(producer: Agent) -> str:
    """Return what tells producers apart: the first identifier of theirs, or else the name."""
    if producer.identifiers:
        first = producer.identifiers[0]
        return key(f"{first.source}:{first.value}")
    return key(f"name:{folded(producer.name)}")


def event_row(entry: Entry) -> Row:
    """Return an entry of the journal as a row."""
    event = entry.event
    return {
        "seq": entry.seq,
        "digest": entry.digest,
        "previous": entry.previous,
        "type": event.type.value,
        "subject": str(event.subject),
        "at": instant(event.at),
        "agent": _agent(event.agent),
        "outcome": event.outcome.value,
        "detail": canonical(dict(event.detail)).decode("utf-8"),
    }


def entry_of(row: Found) -> Entry:
    """Return the entry of the journal that a row holds."""
    event = Event(
        type=EventType(row["type"]),
        subject=UUID(row["subject"]),
        at=datetime.fromisoformat(row["at"]),
        agent=from_plain(Agent, json.loads(row["agent"])),
        outcome=Verdict(row["outcome"]),
        detail=json.loads(row["detail"]),
    )
    return Entry(row["seq"], row["previous"], event, row["digest"])


def package_row(accession: Accession) -> Row:
    """Return an accession as a row."""
    return {
        "uuid": str(accession.uuid),
        "number": accession.number,
        "state": accession.state.value,
        "received_at": instant(accession.received_at),
        "producer": _agent(accession.producer),
        "producer_key": producer_key(accession.producer),
        "producer_folded": folded(accession.producer.name),
        "agent": _agent(accession.agent),
        "package_id": storable(accession.package_id),
        "package_key": key(accession.package_id),
        "digest": accession.digest,
        "origin": storable(accession.origin),
        "files": accession.files,
        "size": accession.size,
        "profile": storable(accession.profile),
        "kind": accession.kind,
        "variant": storable(accession.variant),
        "title": storable(accession.title),
        "failed": accession.failed,
        "warnings": accession.warnings,
        "indeterminate": accession.indeterminate,
        "action": accession.action and accession.action.value,
        "decided_at": accession.decided_at and instant(accession.decided_at),
        "decided_by": storable(accession.decided_by),
        "aip_files": accession.aip_files,
        "aip_size": accession.aip_size,
        "manifest": accession.manifest,
        "version": accession.version,
        "stamped_at": accession.stamped_at and instant(accession.stamped_at),
        "authority": storable(accession.authority),
        "trial": accession.trial,
        "stored_at": accession.stored_at and instant(accession.stored_at),
        "access": accession.access,
        "described": accession.described,
        "scanned_at": accession.scanned_at and instant(accession.scanned_at),
        "infected": accession.infected,
    }


def accession_of(row: Found) -> Accession:
    """Return the accession that a row holds."""
    same = {name: row[name] for name in _SAME}
    return Accession(
        uuid=UUID(row["uuid"]),
        state=State(row["state"]),
        received_at=datetime.fromisoformat(row["received_at"]),
        producer=from_plain(Agent, json.loads(row["producer"])),
        agent=from_plain(Agent, json.loads(row["agent"])),
        action=Action(row["action"]) if row["action"] else None,
        decided_at=_time(row["decided_at"]),
        stamped_at=_time(row["stamped_at"]),
        stored_at=_time(row["stored_at"]),
        scanned_at=_time(row["scanned_at"]),
        **same,
    )


_SAME: Final = (
    "number", "package_id", "digest", "origin", "files", "size", "profile", "kind", "variant", "title",
    "failed", "warnings", "indeterminate", "decided_by", "aip_files", "aip_size", "manifest", "version",
    "authority", "trial", "access", "described", "infected",
)  # fmt: skip


def replica_row(replica: Replica) -> Row:
    """Return a copy of an AIP as a row."""
    return {
        "uuid": str(replica.uuid),
        "storage": replica.storage,
        "key": storable(replica.key),
        "object_id": replica.object_id,
        "version": replica.version,
        "stored_at": instant(replica.stored_at),
        "checked_at": instant(replica.checked_at),
        "verified_at": instant(replica.verified_at),
        "verdict": replica.verdict.value,
    }


def replica_of(row: Found) -> Replica:
    """Return the copy of an AIP that a row holds."""
    texts = {name: row[name] for name in ("storage", "key", "object_id", "version")}
    return Replica(
        uuid=UUID(row["uuid"]),
        stored_at=datetime.fromisoformat(row["stored_at"]),
        checked_at=datetime.fromisoformat(row["checked_at"]),
        verified_at=datetime.fromisoformat(row["verified_at"]),
        verdict=Verdict(row["verdict"]),
        **texts,
    )


def record_rows(uuid: UUID, records: Iterable[Record]) -> Iterator[Row]:
    """Yield the records of an AIP as rows, numbered in their order from 1."""
    text = str(uuid)
    for number, record in enumerate(records, 1):
        yield _record_row(text, number, record)


def record_of(row: Found) -> Record:
    """Return the record that a row holds."""
    return from_plain(Record, json.loads(row["body"]))


def format_rows(event: Event) -> list[Row]:
    """Return the formats that an identification found as rows, numbered from 1."""
    found: Any = event.detail["formats"]
    return [
        {
            "uuid": str(event.subject),
            "number": number,
            "puid": one["puid"],
            "name": storable(one["name"]),
            "version": storable(one["version"]),
            "mime": storable(one["mime"]),
            "verdict": one["verdict"],
            "files": one["files"],
            "size": one["bytes"],
            "valid": one.get("valid", 0),
            "well_formed": one.get("well-formed", 0),
            "faulty": one.get("faulty", 0),
            "met": one.get("met", 0),
            "unmet": one.get("unmet", 0),
        }
        for number, one in enumerate(found, 1)
    ]


def format_of(row: Found) -> FormatUse:
    """Return the use of a format that a row holds."""
    same = {name: row[name] for name in _OF_FORMAT}
    return FormatUse(verdict=Verdict(row["verdict"]), **same)


_OF_FORMAT: Final = (
    "puid", "name", "version", "mime", "files", "size", "valid", "well_formed", "faulty", "met", "unmet"
)  # fmt: skip


def _record_row(uuid: str, number: int, record: Record) -> Row:
    identifier = record.identifiers[0] if record.identifiers else None
    retention = record.retention
    dates = record.dates
    return {
        "uuid": uuid,
        "number": number,
        "id_key": key(record.id),
        "parent_key": None if record.parent is None else key(record.parent),
        "level": record.level.value,
        "title": storable(record.title),
        "title_folded": folded(record.title),
        "reference_key": key(record.reference),
        "classification": storable(record.classification),
        "identifier_key": key(identifier.value) if identifier else "",
        "source": storable(identifier.source) if identifier else "",
        "sign": storable(retention.sign) if retention else "",
        "years": _number(retention.years) if retention else None,
        "due_year": _number(retention.due_year) if retention else None,
        "date_from": _first(dates, "from", "opened", "created", "received"),
        "date_to": _first(dates, "to", "closed", "settled"),
        "body": canonical(to_plain(record)).decode("utf-8"),
    }


@lru_cache(maxsize=256)
def _agent(agent: Agent) -> str:
    """The same few agents do nearly everything."""
    return canonical(to_plain(agent)).decode("utf-8")


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _number(number: int | None) -> int | None:
    """A package may state any number; one that no year or period can be is left to the record's body."""
    return number if number is not None and number in _NUMBER_RANGE else None


def _first(dates: Mapping[str, str], *names: str) -> str:
    return next((storable(dates[name]) for name in names if dates.get(name)), "")

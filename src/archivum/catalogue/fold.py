"""What a package's events come to: pure functions from what was known and one event to what is known now.

They are total: an event that cannot follow (a decision about what is already stored, say) changes nothing.
What was held or rejected may be sent again under the same UUID: it then arrives anew, and only a stored
package is settled for good. What follows on a stored one are versions of its AIP: their events name the
version, and it is the one after the last.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from archivum.model import Action, Agent, Event, EventType, Package, Receipt, State, Verdict
from archivum.plain import from_plain

FIRST: Final = "v1"  # version of an AIP


@dataclass(frozen=True, slots=True)
class Accession:
    """A package that came, and what became of it (*přejímka*).

    ``number`` is the ``seq`` of its first event: accessions are in its order. All else is of its last
    arrival, if it was sent again before it was stored. ``files`` and ``size`` (bytes) are those of the
    transfer, ``aip_files`` and ``aip_size`` those of the newest ``version`` of the AIP, whose manifest's
    SHA-512 is ``manifest``; its time-stamp is meant too.
    ``failed``, ``warnings`` and ``indeterminate`` count findings. ``trial`` tells that the
    time-stamp is not a qualified one. ``described`` tells that its records are in the catalogue.
    ``scanned_at`` is the last time that a scanner for malicious code has read every file of it, None if none
    ever has; ``infected`` counts the files in which it has found some.
    """

    uuid: UUID
    number: int
    state: State
    received_at: datetime
    producer: Agent
    agent: Agent
    package_id: str
    digest: str
    origin: str
    files: int
    size: int
    profile: str
    kind: str = ""
    variant: str = ""
    title: str = ""
    failed: int = 0
    warnings: int = 0
    indeterminate: int = 0
    action: Action | None = None
    decided_at: datetime | None = None
    decided_by: str = ""
    aip_files: int | None = None
    aip_size: int | None = None
    manifest: str = ""
    version: str = ""
    stamped_at: datetime | None = None
    authority: str = ""
    trial: bool = False
    stored_at: datetime | None = None
    access: str = ""
    described: bool = False
    scanned_at: datetime | None = None
    infected: int = 0


@dataclass(frozen=True, slots=True)
class Replica:
    """A copy of an AIP and how it stands.

    ``verified_at`` is the last time that every byte of it was read and found right, ``checked_at`` the last
    time that this was tried. ``verdict`` is failed from the time it was found wrong until it is found right.
    """

    uuid: UUID
    storage: str
    key: str
    object_id: str
    version: str
    stored_at: datetime
    checked_at: datetime
    verified_at: datetime
    verdict: Verdict = Verdict.PASSED


def fold_state(state: State | None, event: Event) -> State | None:
    """Return where a package stands after an event; None for what never arrived."""
    if state is State.STORED:
        return state
    if event.type is EventType.INGESTION_START:
        return State.RECEIVED
    if state is None or state is State.REJECTED:
        return state
    if event.type is EventType.APPRAISAL:
        return _decided(Action(str(event.detail["action"])))
    if event.type is EventType.INGESTION_END and event.outcome is Verdict.PASSED:
        return State(str(event.detail["state"]))
    return state


def fold(known: Accession | None, event: Event, seq: int) -> Accession | None:
    """Return what is known of a package after its event number ``seq``; None for what never arrived."""
    state = fold_state(known.state if known else None, event)
    if state is None:
        return None
    if known is not None and known.state is State.STORED:
        return _scanned(known, event) if event.type is EventType.VIRUS_CHECK else _followed(known, event)
    if event.type is EventType.INGESTION_START:
        return _arrival(event, known.number if known else seq)
    if known is None or known.state is State.REJECTED:
        return known
    if event.type is EventType.VIRUS_CHECK:
        return replace(_scanned(known, event), state=state)
    change = _CHANGES.get(event.type)
    return replace(known, state=state, **change(event)) if change else known


def fold_replica(known: Replica | None, event: Event) -> Replica | None:
    """Return how the copy that an event speaks of stands after it; None where there is no copy."""
    detail = event.detail
    if event.type is EventType.STORAGE and event.outcome is Verdict.PASSED:
        key, object_id, version = (str(detail[name]) for name in ("key", "object", "version"))
        at = event.at
        return Replica(event.subject, str(detail["storage"]), key, object_id, version, at, at, at)
    if event.type is EventType.FIXITY_CHECK and known is not None:
        return _looked_at(known, event)
    return known


def storage_of(event: Event) -> str | None:
    """Return the storage whose copy an event speaks of, None if it does not speak of one."""
    if event.type in (EventType.STORAGE, EventType.FIXITY_CHECK):
        return str(event.detail["storage"])
    return None


def _looked_at(known: Replica, event: Event) -> Replica:
    if event.outcome is Verdict.PASSED:
        return replace(known, checked_at=event.at, verified_at=event.at, verdict=Verdict.PASSED)
    # what could not be read now does not clear what was found wrong before
    failed = Verdict.FAILED in (event.outcome, known.verdict)
    return replace(known, checked_at=event.at, verdict=Verdict.FAILED if failed else Verdict.INDETERMINATE)


def version_of(event: Event) -> str:
    """Return the version of an AIP that an event speaks of; the first one's making does not name it."""
    return str(event.detail.get("version", FIRST))


def following(version: str) -> str:
    """Return the name of the version after one, "" after what is none."""
    number = version.removeprefix("v")
    return f"v{int(number) + 1}" if number.isdecimal() else ""


def _followed(known: Accession, event: Event) -> Accession:
    """Return what is known of a stored package after an event about a version of its AIP."""
    if event.outcome is not Verdict.PASSED or "version" not in event.detail:
        return known
    version = version_of(event)
    if event.type is EventType.INFORMATION_PACKAGE_CREATION and version == following(known.version):
        return replace(known, **_created(event))
    if event.type is EventType.TIME_STAMPING and version == known.version:
        return replace(known, **_stamped(event))
    return known


def _decided(action: Action) -> State:
    return {Action.ACCEPT: State.RECEIVED, Action.HOLD: State.HELD, Action.REJECT: State.REJECTED}[action]


def _arrival(event: Event, number: int) -> Accession:
    receipt = from_plain(Receipt, event.detail["receipt"])
    plain = event.detail.get("package")
    package = from_plain(Package, plain) if plain else Package("", "", "", None)
    return Accession(
        uuid=event.subject,
        number=number,
        state=State.RECEIVED,
        received_at=receipt.at,
        producer=receipt.producer,
        agent=receipt.agent,
        package_id=receipt.package_id,
        digest=receipt.digest,
        origin=receipt.origin,
        files=receipt.files,
        size=receipt.size,
        profile=str(event.detail["profile"]),
        kind=package.kind,
        variant=package.variant,
        title=package.title,
    )


def _scanned(known: Accession, event: Event) -> Accession:
    infected = int(str(event.detail["infected"]))
    if event.detail["unscanned"]:
        # what could not be read now does not clear what was found before
        return replace(known, infected=max(known.infected, infected))
    return replace(known, scanned_at=event.at, infected=infected)


def _validated(event: Event) -> Mapping[str, Any]:
    return {name: event.detail[name] for name in ("failed", "warnings", "indeterminate")}


def _appraised(event: Event) -> Mapping[str, Any]:
    detail = event.detail
    return {
        "action": Action(str(detail["action"])),
        "decided_at": event.at,
        "decided_by": detail.get("by", ""),
        "profile": detail["profile"],
    }


def _created(event: Event) -> Mapping[str, Any]:
    detail = event.detail
    sums = {"aip_files": detail["files"], "aip_size": detail["bytes"]}
    return {**sums, "manifest": detail["manifest"], "version": version_of(event)}


def _stamped(event: Event) -> Mapping[str, Any]:
    if event.outcome is not Verdict.PASSED:
        return {}
    detail = event.detail
    at = datetime.fromisoformat(str(detail["time"]))
    return {"stamped_at": at, "authority": detail["authority"], "trial": detail["trial"]}


def _ended(event: Event) -> Mapping[str, Any]:
    if event.outcome is not Verdict.PASSED:
        return {}
    stored = State(str(event.detail["state"])) is State.STORED
    return {"stored_at": event.at, "access": event.detail["access"]} if stored else {}


_CHANGES: Final[Mapping[EventType, Callable[[Event], Mapping[str, Any]]]] = {
    EventType.VALIDATION: _validated,
    EventType.APPRAISAL: _appraised,
    EventType.INFORMATION_PACKAGE_CREATION: _created,
    EventType.TIME_STAMPING: _stamped,
    EventType.INGESTION_END: _ended,
}

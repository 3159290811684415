"""EVENTS.xml: PREMIS 3 about what happened to an AIP since it was made, up to the DIP that this lies in."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Final
from uuid import UUID

from archivum.catalogue.entry import Entry
from archivum.catalogue.folding import CHANGES
from archivum.model import Agent, AgentKind, Event, EventType
from archivum.packaging.czdax_context import Aip
from archivum.packaging.premis_elements import (
    END,
    ROOT,
    agent_element,
    agent_link,
    detail_text,
    event_element,
    object_identifier,
    object_link,
    outcome_element,
)
from archivum.packaging.writing import NewFile, xml
from archivum.plain import instant

AIP_ID: Final = "AIP_ID"
DIP_ID: Final = "DIP_ID"
_OTHERS: Final = ("dip", "condition", "files", "bytes")  # what a reader is told of what others were given


def since_made(entries: Sequence[Entry]) -> list[Entry]:
    """Return the entries since the AIP was made: what was before, its own metadata tell."""
    arrived = [n for n, entry in enumerate(entries) if entry.event.type is EventType.INGESTION_START]
    made = [
        number
        for number, entry in enumerate(entries)
        if entry.event.type is EventType.INFORMATION_PACKAGE_CREATION and number >= max(arrived, default=0)
    ]
    return list(entries[made[0] :]) if made else list(entries)


def write_events(target: NewFile, aip: Aip, dip: UUID, entries: Sequence[Entry], this: Event) -> None:
    """Write the events of the journal and, last, the dissemination that made the DIP.

    Of disseminations to others, by whose right and what was chosen is left out.
    """
    target.write(ROOT)
    target.write("".join(_objects(aip, dip)))
    agents: dict[str, Agent] = {}
    for entry in entries:
        event = entry.event
        agents.setdefault(aip.agent_id(event.agent), event.agent)
        detail = {"journal entry": entry.seq, "SHA-512": entry.digest, **_told(event)}
        target.write(_event(aip, aip.names.of("event", f"journal:{entry.seq}"), event, detail))
    agents.setdefault(aip.agent_id(this.agent), this.agent)
    target.write(_event(aip, f"uuid-{dip}", this, this.detail, object_link(str(dip), "out", DIP_ID)))
    target.write("".join(agent_element(agent, identifier) for identifier, agent in agents.items()))
    target.write(END)


def _objects(aip: Aip, dip: UUID) -> Iterator[str]:
    source = aip.receipt.uuid
    yield f'<object xsi:type="intellectualEntity">{object_identifier(AIP_ID, str(source))}</object>\n'
    yield (
        f'<object xsi:type="intellectualEntity">{object_identifier(DIP_ID, str(dip))}<relationship>'
        "<relationshipType>derivation</relationshipType><relationshipSubType>has source</relationshipSubType>"
        f"<relatedObjectIdentifier><relatedObjectIdentifierType>{AIP_ID}</relatedObjectIdentifierType>"
        f"<relatedObjectIdentifierValue>{source}</relatedObjectIdentifierValue></relatedObjectIdentifier>"
        "</relationship></object>\n"
    )


def _event(aip: Aip, identifier: str, event: Event, detail: Mapping[str, object], *more: str) -> str:
    role = "exe" if event.agent.kind is AgentKind.SOFTWARE else "imp"
    links = chain(
        (agent_link(aip.agent_id(event.agent), role), object_link(str(aip.receipt.uuid), "sou", AIP_ID)), more
    )
    outcome = "".join(outcome_element(event.outcome))
    return event_element(
        identifier, xml(event.type.value), instant(event.at), links, detail_text(detail), outcome
    )


def _told(event: Event) -> Mapping[str, object]:
    """Return what a reader is told; a later identification names files that may not be in the DIP."""
    changes = event.detail.get(CHANGES)
    if isinstance(changes, list):
        return {**event.detail, CHANGES: len(changes)}
    if event.type is not EventType.DISSEMINATION:
        return event.detail
    return {name: value for name, value in event.detail.items() if name in _OTHERS}

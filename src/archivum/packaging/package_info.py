"""PACKAGE-INFO.xml: PREMIS 3 about the package as a whole: fonds, origin, accession (CZDAX-PKG)."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from archivum.model import Agent, Event, EventType, Verdict
from archivum.packaging.czdax_context import INSTITUTION_ID, Aip
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
    property_element,
    representation,
)
from archivum.packaging.tree import Outline
from archivum.packaging.writing import NewFile, one_line, xml
from archivum.texts import say

THIS: Final = "_THIS"
_VERSION: Final = "1"  # a changed AIP is a new version, made by a writer of its own
_ACCESSION: Final = (EventType.INGESTION_START, EventType.APPRAISAL)


def write_package_info(target: NewFile, aip: Aip, outline: Outline) -> None:
    """Write what the package is, where it comes from and how it came into the archive."""
    target.write(ROOT)
    target.write("".join(_objects(aip)))
    target.write("".join((_creation(aip, outline), _accession(aip), _making(aip))))
    agents: dict[str, Agent] = {}
    for agent in (aip.context.institution, aip.originator, aip.receipt.producer, aip.context.software):
        agents.setdefault(aip.agent_id(agent), agent)
    target.write("".join(agent_element(agent, identifier) for identifier, agent in agents.items()))
    target.write(END)


def _fonds_id(aip: Aip) -> str:
    return aip.names.of("fonds", str(aip.context.fonds.number))


def _objects(aip: Aip) -> Iterator[str]:
    fonds = aip.context.fonds
    yield (
        f'<object xsi:type="intellectualEntity">{object_identifier("local", _fonds_id(aip))}'
        f"{object_identifier('FONDS_ID', str(fonds.number))}"
        f"{property_element(INSTITUTION_ID, aip.context.institution_id)}"
        f"<originalName>{xml(one_line(fonds.title) or '–')}</originalName></object>\n"
    )
    yield representation(aip)
    yield (
        f'<object xsi:type="intellectualEntity">{object_identifier("local", THIS)}'
        f"{object_identifier('AIP_ID', str(aip.receipt.uuid))}{property_element('AIP_VERSION', _VERSION)}"
        f"<originalName>{xml(aip.receipt.package_id or '–')}</originalName></object>\n"
    )


def _creation(aip: Aip, outline: Outline) -> str:
    """Who made the records and when (CZDAX-PKG05); the profile allows no unknown time."""
    first, last = outline.first, outline.last
    if first is None or last is None:
        at, detail = aip.at, say("packaging.creation-unknown", aip.context.language)
    else:
        # the ends of an interval must differ, and a day is its own interval
        at = f"{first}/{last}" if last - first >= timedelta(days=1) else str(first)
        detail = ""
    links = (agent_link(aip.agent_id(aip.originator), "ORIGINATOR"), object_link(aip.representation, "out"))
    return event_element(aip.names.of("event", "cre"), "cre", at, links, detail)


def _accession(aip: Aip) -> str:
    """How the package came into the archive (CZDAX-PKG06)."""
    context = aip.context
    links = [
        agent_link(aip.agent_id(aip.receipt.producer), "SUBMITTER"),
        agent_link(aip.agent_id(context.institution), "CURATOR"),
        object_link(aip.representation, "sou"),
        object_link(THIS, "out"),
        object_link(context.ingestion, "out", "INGESTION_ID"),
    ]
    if context.reference:
        links.append(object_link(context.reference, "out", "REFERENCE_NUMBER"))
    links.append(object_link(_fonds_id(aip), "out"))
    told = [event for event in aip.events if event.type in _ACCESSION]
    detail = detail_text(
        {
            "received by": aip.receipt.agent.name,
            "SHA-512 of the manifest of the submission": aip.receipt.digest,
        }
    )
    notes = (_told(event) for event in told)
    verdict = told[-1].outcome if told else Verdict.PASSED
    outcome = "".join(outcome_element(verdict, notes))
    return event_element(aip.names.of("event", "ing"), "ing", aip.at, links, detail, outcome)


def _told(event: Event) -> str:
    return detail_text({"event": event.type.value, "agent": event.agent.name, **event.detail})


def _making(aip: Aip) -> str:
    """Which program made the package (CZDAX-PKG09)."""
    links = (agent_link(aip.agent_id(aip.context.software), "imp"), object_link(THIS, "out"))
    outcome = "".join(outcome_element(Verdict.PASSED))
    return event_element(aip.names.of("event", "ipc"), "ipc", aip.at, links, outcome=outcome)

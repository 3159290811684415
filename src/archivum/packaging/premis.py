"""PREMIS 3 for the submitted files: what each is, and what was found out about them.

Events tell of the representation as a whole, one of each kind: an event for each of 100 000 files would say
the same 100 000 times. What concerns one file is in its object and in the notes of the outcome.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from archivum.model import AgentKind, Event, EventType, File, Finding, Validation, Verdict
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
    representation,
)
from archivum.packaging.writing import NewFile, xml
from archivum.texts import Language, say

# CZDAX-PMP0305, 0311, 0314: the terms for events of files, by the Library of Congress' codes
_EVENTS: Final[Mapping[EventType, str]] = {
    EventType.MESSAGE_DIGEST_CALCULATION: "fix",
    EventType.FIXITY_CHECK: "fix",
    EventType.FORMAT_IDENTIFICATION: "for",
    EventType.VIRUS_CHECK: "vir",
    EventType.VALIDATION: "val",
}
_UNKNOWN: Final = "neznámý"  # CZDAX: the fixed word for a format that is not known
NOTES: Final = 1000  # findings told one by one; the rest is counted

_OWN_DIGESTS: Final = ("sha512", "sha256")


def write_premis(target: NewFile, aip: Aip) -> None:
    """Write the objects of all submitted files, the events about them and the agents of these."""
    target.write(ROOT)
    target.write(representation(aip))
    originator = aip.agent_id(aip.context.software)
    for file in aip.index.files():
        target.write(file_object(file, aip.file_id(file.path), originator))
    agents = {originator: aip.context.software}
    told = [event for event in aip.events if event.type in _EVENTS]
    for number, event in enumerate(told):
        agents.setdefault(aip.agent_id(event.agent), event.agent)
        target.write(_file_event(aip, event, number))
    target.write("".join(agent_element(one, identifier) for identifier, one in agents.items()))
    target.write(END)


def file_object(
    file: File, identifier: str, originator: str, properties: str = "", relationship: str = ""
) -> str:
    """A file as an object; its properties and relationship as elements."""
    digests = file.digests
    names = (*_OWN_DIGESTS, *sorted(set(digests) - set(_OWN_DIGESTS))) if len(digests) > 2 else _OWN_DIGESTS
    fixity = "".join(
        f"<fixity><messageDigestAlgorithm>{name}</messageDigestAlgorithm>"
        f"<messageDigest>{digests[name]}</messageDigest>"
        f"<messageDigestOriginator>{originator}</messageDigestOriginator></fixity>\n"
        for name in names
        if name in digests
    )
    return (
        f'<object xsi:type="file">{object_identifier("local", identifier)}{properties}'
        "<objectCharacteristics>\n"
        f"{fixity}<size>{file.size}</size>{_format(file)}</objectCharacteristics>"
        f"<originalName>{xml(file.path)}</originalName>{relationship}</object>\n"
    )


def _format(file: File) -> str:
    """One format (CZDAX does not want several): the only answer there is, else the word for unknown."""
    found = file.format
    if found is None:
        return f"<format>{_designation(_UNKNOWN)}</format>"
    notes = [f"{found.engine}; {found.signatures}"] if found.engine else []
    if found.reason:
        notes.append(found.reason)
    if len(found.matches) == 1:
        match = found.matches[0]
        notes = [*filter(None, (match.basis, match.warning)), *notes]
        what = (
            f"{_designation(match.name or match.puid, match.version)}<formatRegistry>"
            "<formatRegistryName>PRONOM</formatRegistryName>"
            f"<formatRegistryKey>{xml(match.puid)}</formatRegistryKey></formatRegistry>"
        )
    else:
        answers = ((one.puid, one.name, one.version, one.basis, one.warning) for one in found.matches)
        notes = [*("; ".join(filter(None, answer)) for answer in answers), *notes]
        what = _designation(_UNKNOWN)
    if file.validation is not None:
        notes += _validated(file.validation)
    return f"<format>{what}{''.join(f'<formatNote>{xml(note)}</formatNote>' for note in notes)}</format>"


def _validated(said: Validation) -> Iterator[str]:
    """Yield what validators say: the verdicts and whose they are, then what they read off the file."""
    by = ", ".join(said.tools) or said.reason or "–"
    yield f"well-formed: {said.well_formed}; valid: {said.valid}; {by}"
    for name, value in said.facts.items():
        yield f"{name}: {value}"


def _designation(name: str, version: str = "") -> str:
    more = f"<formatVersion>{xml(version)}</formatVersion>" if version else ""
    return f"<formatDesignation><formatName>{xml(name)}</formatName>{more}</formatDesignation>"


def _file_event(aip: Aip, event: Event, number: int) -> str:
    """One event about the submitted files; the one of validation tells the findings."""
    notes = _findings_told(aip) if event.type is EventType.VALIDATION else ()
    role = "exe" if event.agent.kind is AgentKind.SOFTWARE else "imp"
    links = (agent_link(aip.agent_id(event.agent), role), object_link(aip.representation, "sou"))
    return event_element(
        aip.names.of("event", f"{number}:{event.type}"),
        _EVENTS[event.type],
        aip.at,
        links,
        detail_text({"event": event.type.value, **event.detail}),
        "".join(outcome_element(event.outcome, notes)),
    )


def _findings_told(aip: Aip) -> Iterator[str]:
    """Yield a note for each finding that was not passed, up to a number, then how many more there are."""
    omitted = 0
    for number, finding in enumerate(_open_findings(aip)):
        if number < NOTES:
            yield _told(finding, aip.context.language)
        else:
            omitted += 1
    if omitted:
        yield say("packaging.omitted", aip.context.language, count=omitted)


def _open_findings(aip: Aip) -> Iterator[Finding]:
    for verdict in (Verdict.FAILED, Verdict.INDETERMINATE):
        yield from aip.index.findings(verdict)


def _told(finding: Finding, language: Language) -> str:
    place = f" [{finding.where}]" if finding.where else ""
    return f"{finding.code} ({finding.verdict}, {finding.severity}): {finding.text(language)}{place}"

"""The elements of PREMIS 3 that both PREMIS.xml and PACKAGE-INFO.xml are made of."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from archivum.model import Agent, AgentKind, Identifier, Verdict
from archivum.packaging.czdax_context import Aip
from archivum.packaging.writing import XML_DECLARATION, one_line, xml
from archivum.plain import canonical

ROOT: Final = (
    f'{XML_DECLARATION}<premis xmlns="http://www.loc.gov/premis/v3"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" version="3.0"'
    ' xsi:schemaLocation="http://www.loc.gov/premis/v3 http://www.loc.gov/standards/premis/premis.xsd">\n'
)
END: Final = "</premis>\n"

_AGENT_TYPES: Final = {AgentKind.ORGANIZATION: "org", AgentKind.PERSON: "per", AgentKind.SOFTWARE: "sof"}
_OUTCOMES: Final = {Verdict.PASSED: "success", Verdict.FAILED: "fail", Verdict.INDETERMINATE: "warning"}


def representation(aip: Aip) -> str:
    """The representation that was submitted, as an object."""
    return (
        f'<object xsi:type="representation">{object_identifier("local", aip.representation)}'
        "<originalName>submission</originalName></object>\n"
    )


def object_identifier(kind: str, value: str) -> str:
    """One identifier of an object."""
    return (
        f"<objectIdentifier><objectIdentifierType>{kind}</objectIdentifierType>"
        f"<objectIdentifierValue>{xml(value)}</objectIdentifierValue></objectIdentifier>"
    )


def property_element(kind: str, value: str) -> str:
    """One significant property of an object."""
    return (
        f"<significantProperties><significantPropertiesType>{xml(kind)}</significantPropertiesType>"
        f"<significantPropertiesValue>{xml(value)}</significantPropertiesValue></significantProperties>"
    )


def derivation_element(source: str, event: str) -> str:
    """That an object was made from another, by which event (PREMIS 3 §1.13: derivation, has source)."""
    return (
        "<relationship><relationshipType>derivation</relationshipType>"
        "<relationshipSubType>has source</relationshipSubType>"
        "<relatedObjectIdentifier><relatedObjectIdentifierType>local</relatedObjectIdentifierType>"
        f"<relatedObjectIdentifierValue>{source}</relatedObjectIdentifierValue></relatedObjectIdentifier>"
        "<relatedEventIdentifier><relatedEventIdentifierType>local</relatedEventIdentifierType>"
        f"<relatedEventIdentifierValue>{event}</relatedEventIdentifierValue></relatedEventIdentifier>"
        "</relationship>"
    )


def event_element(
    identifier: str,
    kind: str,
    at: str,
    links: Iterable[str],
    detail: str = "",
    outcome: str = "",
) -> str:
    """One event; ``links`` are those to its agents, then those to its objects."""
    about = (
        f"<eventDetailInformation><eventDetail>{xml(detail)}</eventDetail></eventDetailInformation>\n"
        if detail
        else ""
    )
    return (
        "<event><eventIdentifier><eventIdentifierType>local</eventIdentifierType>"
        f"<eventIdentifierValue>{identifier}</eventIdentifierValue></eventIdentifier>"
        f"<eventType>{kind}</eventType><eventDateTime>{at}</eventDateTime>\n"
        f"{about}{outcome}{''.join(links)}</event>\n"
    )


def outcome_element(verdict: Verdict, notes: Iterable[str] = ()) -> Iterator[str]:
    """The outcome of an event, with notes, in pieces."""
    yield f"<eventOutcomeInformation><eventOutcome>{_OUTCOMES[verdict]}</eventOutcome>\n"
    for note in notes:
        yield (
            f"<eventOutcomeDetail><eventOutcomeDetailNote>{xml(note)}</eventOutcomeDetailNote>"
            "</eventOutcomeDetail>\n"
        )
    yield "</eventOutcomeInformation>\n"


def agent_link(identifier: str, role: str) -> str:
    """The link from an event to an agent."""
    return (
        "<linkingAgentIdentifier><linkingAgentIdentifierType>local</linkingAgentIdentifierType>"
        f"<linkingAgentIdentifierValue>{identifier}</linkingAgentIdentifierValue>"
        f"<linkingAgentRole>{role}</linkingAgentRole></linkingAgentIdentifier>\n"
    )


def object_link(identifier: str, role: str, kind: str = "local") -> str:
    """The link from an event to an object."""
    return (
        f"<linkingObjectIdentifier><linkingObjectIdentifierType>{kind}</linkingObjectIdentifierType>"
        f"<linkingObjectIdentifierValue>{xml(identifier)}</linkingObjectIdentifierValue>"
        f"<linkingObjectRole>{role}</linkingObjectRole></linkingObjectIdentifier>\n"
    )


def agent_element(agent: Agent, identifier: str) -> str:
    """One agent, with each kind of identifier once."""
    given: dict[str, Identifier] = {}
    for one in agent.identifiers:
        if one.source not in ("", "local") and one.value:
            given.setdefault(one.source, one)
    identifiers = "".join(
        f"<agentIdentifier><agentIdentifierType>{xml(kind)}</agentIdentifierType>"
        f"<agentIdentifierValue>{xml(value)}</agentIdentifierValue></agentIdentifier>"
        for kind, value in (("local", identifier), *((one.source, one.value) for one in given.values()))
    )
    version = f"<agentVersion>{xml(agent.version)}</agentVersion>" if agent.version else ""
    return (
        f"<agent>{identifiers}<agentName>{xml(one_line(agent.name) or '–')}</agentName>"
        f"<agentType>{_AGENT_TYPES[agent.kind]}</agentType>{version}</agent>\n"
    )


def detail_text(detail: Mapping[str, object]) -> str:
    """Return the details of an event in one line: ``name: value``, values that are not text as JSON."""
    return "; ".join(
        f"{name}: {value if isinstance(value, str) else canonical(value).decode()}"
        for name, value in detail.items()
    )

"""What a new version adds to the metadata of an AIP. What the version before says stays as it stands there.

METS, PREMIS and PACKAGE-INFO are copied line by line, as they were written here, and what is new is put
between the lines: objects behind objects, events behind events. So history is neither read back and told in
other words, nor lost.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from archivum.errors import CorruptionFound
from archivum.model import Agent, File, Verdict
from archivum.packaging.czdax_context import PACKAGE_INFO, PREMIS, SUBMISSION, agent_name
from archivum.packaging.mets import file_element, group_start, header_element, preservation_section
from archivum.packaging.package_info import THIS
from archivum.packaging.premis import file_object
from archivum.packaging.premis_elements import (
    END,
    agent_element,
    agent_link,
    derivation_element,
    detail_text,
    event_element,
    object_identifier,
    object_link,
    outcome_element,
    property_element,
)
from archivum.packaging.writing import Names, NewFile
from archivum.plain import instant

SOURCE: Final = "source "  # before the name of a property that is the source's

_EVENT: Final = "<event>"
_AGENT: Final = "<agent>"
_AGENT_ID: Final = re.compile(r"<agentIdentifierValue>(uuid-[0-9a-f-]+)</agentIdentifierValue>")
_VERSION: Final = re.compile(
    r"(<significantPropertiesType>AIP_VERSION</significantPropertiesType><significantPropertiesValue>)\d+"
)
# lines of METS.xml
_HEADER: Final = "<metsHdr "
_PRESERVATION: Final = re.compile(r'<digiprovMD ID="([^"]+)".* xlink:href="([^"]+)"/>')
_FILES_END: Final = "</fileSec>"
_PHYSICAL_END: Final = "</div></structMap>"


@dataclass(frozen=True, slots=True)
class Derived:
    """A file made from a submitted one.

    ``file`` has its path in the representation's folder, ``source`` is the path in the submission; ``event``
    the number of the migration that made it. ``before`` and ``after`` are significant properties of both.
    """

    file: File
    source: str
    event: int
    before: Mapping[str, str] = field(default_factory=dict)
    after: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Migration:
    """A kind of change of format: with which tools, as what it is recorded."""

    tools: tuple[Agent, ...]
    detail: Mapping[str, object]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Addition:
    """A representation that a version adds to an AIP.

    ``name`` is that of its folder; ``others`` are its files that no submitted one is the source of. ``agent``
    is the person whose doing it is, ``software`` archivum.
    """

    uuid: UUID
    version: str
    at: datetime
    name: str
    derived: Sequence[Derived]
    others: Sequence[File]
    migrations: Sequence[Migration]
    agent: Agent
    software: Agent

    @property
    def folder(self) -> str:
        """Where it lies in the package."""
        return f"representations/{self.name}/"

    @property
    def names(self) -> Names:
        """What gives its parts their identifiers."""
        return Names(self.uuid)

    def files(self) -> Iterator[File]:
        """Yield its files, with their paths in its folder."""
        yield from self.others
        yield from (one.file for one in self.derived)

    def agent_id(self, agent: Agent) -> str:
        """Return the identifier of an agent, the same in every version."""
        return self.names.of("agent", agent_name(agent))

    def event_id(self, number: int) -> str:
        """Return the identifier of one of its migrations."""
        return self.names.of("event", f"{self.version}:mig:{number}")

    @property
    def identifier(self) -> str:
        """Its identifier."""
        return self.names.of("representation", self.name)


# what is written once a line begins with one of some marks
_Piece = tuple[tuple[str, ...], Callable[[], Iterator[str]]]


def add_to_premis(lines: Iterable[str], target: NewFile, addition: Addition) -> None:
    """Write PREMIS.xml with the objects of a representation, the migrations and their agents.

    Raises:
        CorruptionFound: it is not as archivum writes it.
    """
    known: set[str] = set()
    pieces: list[_Piece] = [
        ((_EVENT, _AGENT, END), lambda: _objects(addition)),
        ((_AGENT, END), lambda: _migrations(addition)),
        ((END,), lambda: _agents(addition, known, _doers(addition))),
    ]
    _insert(_noting(lines, known), target, pieces, PREMIS)


def add_to_package_info(lines: Iterable[str], target: NewFile, addition: Addition) -> None:
    """Write PACKAGE-INFO.xml with the version's number, its making and the representation.

    Raises:
        CorruptionFound: it is not as archivum writes it.
    """
    known: set[str] = set()
    number = addition.version.removeprefix("v")
    pieces: list[_Piece] = [
        ((_EVENT, _AGENT, END), lambda: iter((_representation(addition),))),
        ((_AGENT, END), lambda: iter((_making(addition),))),
        ((END,), lambda: _agents(addition, known, [addition.software])),
    ]
    found = 0

    def renumbered() -> Iterator[str]:
        nonlocal found
        for line in _noting(lines, known):
            changed, times = _VERSION.subn(rf"\g<1>{number}", line)
            found += times
            yield changed

    _insert(renumbered(), target, pieces, PACKAGE_INFO)
    if found != 1:
        raise CorruptionFound("packaging.unexpected", path=PACKAGE_INFO)


def add_to_mets(lines: Iterable[str], target: NewFile, addition: Addition, changed: Sequence[File]) -> None:
    """Write METS.xml with the representation; ``changed`` are the files of PREMIS as they are now.

    Raises:
        CorruptionFound: it is not as archivum writes it.
    """
    at, left = instant(addition.at), {file.path: file for file in changed}
    headers = 0

    def renewed() -> Iterator[str]:
        nonlocal headers
        for line in lines:
            section = _PRESERVATION.match(line)
            if line.startswith(_HEADER):
                headers += 1
                yield header_element(at, "AIP", addition.software)
            elif section and section[2] in left:
                yield preservation_section(section[1], at, left.pop(section[2]))
            else:
                yield line

    pieces: list[_Piece] = [
        ((_FILES_END,), lambda: _group(addition)),
        ((_PHYSICAL_END,), lambda: iter((_division(addition),))),
    ]
    _insert(renewed(), target, pieces, "METS.xml")
    if headers != 1 or left:
        raise CorruptionFound("packaging.unexpected", path="METS.xml")


def _insert(lines: Iterable[str], target: NewFile, pieces: Sequence[_Piece], path: str) -> None:
    """Copy lines, and write each piece before the first line that begins with one of its marks."""
    waiting = list(pieces)
    for line in lines:
        while waiting and line.startswith(waiting[0][0]):
            for text in waiting.pop(0)[1]():
                target.write(text)
        target.write(line)
    if waiting:
        raise CorruptionFound("packaging.unexpected", path=path)


def _noting(lines: Iterable[str], known: set[str]) -> Iterator[str]:
    """Pass lines on, and note the identifiers of the agents in them."""
    for line in lines:
        if line.startswith(_AGENT):
            known.update(_AGENT_ID.findall(line))
        yield line


def _representation(addition: Addition) -> str:
    return (
        f'<object xsi:type="representation">{object_identifier("local", addition.identifier)}'
        f"<originalName>{addition.name}</originalName></object>\n"
    )


def _objects(addition: Addition) -> Iterator[str]:
    yield _representation(addition)
    originator = addition.agent_id(addition.software)
    for one in addition.derived:
        properties = "".join(
            property_element(start + name, value)
            for start, known in (("", one.after), (SOURCE, one.before))
            for name, value in known.items()
        )
        source = addition.names.of("file", f"{SUBMISSION}{one.source}")
        relationship = derivation_element(source, addition.event_id(one.event))
        named = replace(one.file, path=f"{addition.name}/{one.file.path}")
        yield file_object(named, _file_id(addition, one.file), originator, properties, relationship)


def _file_id(addition: Addition, file: File) -> str:
    return addition.names.of("file", f"{addition.folder}{file.path}")


def _migrations(addition: Addition) -> Iterator[str]:
    submitted = addition.names.of("representation", "submission")
    for number, migration in enumerate(addition.migrations):
        links = [agent_link(addition.agent_id(tool), "exe") for tool in migration.tools]
        links.append(agent_link(addition.agent_id(addition.agent), "imp"))
        links += [object_link(submitted, "sou"), object_link(addition.identifier, "out")]
        outcome = "".join(outcome_element(Verdict.PASSED, migration.notes))
        detail = detail_text(migration.detail)
        yield event_element(addition.event_id(number), "mig", instant(addition.at), links, detail, outcome)


def _doers(addition: Addition) -> Iterator[Agent]:
    yield addition.software
    yield addition.agent
    for migration in addition.migrations:
        yield from migration.tools


def _making(addition: Addition) -> str:
    """Which program made the version (CZDAX-PKG09)."""
    links = (agent_link(addition.agent_id(addition.software), "imp"), object_link(THIS, "out"))
    outcome = "".join(outcome_element(Verdict.PASSED))
    detail = detail_text({"version": addition.version.removeprefix("v"), "representation": addition.name})
    identifier = addition.names.of("event", f"{addition.version}:ipc")
    return event_element(identifier, "ipc", instant(addition.at), links, detail, outcome)


def _agents(addition: Addition, known: set[str], agents: Iterable[Agent]) -> Iterator[str]:
    """Yield the agents that are not there yet."""
    for agent in agents:
        identifier = addition.agent_id(agent)
        if identifier not in known:
            known.add(identifier)
            yield agent_element(agent, identifier)


def _group(addition: Addition) -> Iterator[str]:
    at = instant(addition.at)
    yield group_start(addition.identifier, f"Representations/{addition.name}")
    for file in addition.files():
        yield file_element(_file_id(addition, file), at, addition.folder, file)
    yield "</fileGrp>\n"


def _division(addition: Addition) -> str:
    label = f"Representations/{addition.name}"
    identifier = addition.names.of("physical", label)
    return f'<div ID="{identifier}" LABEL="{label}"><fptr FILEID="{addition.identifier}"/></div>\n'

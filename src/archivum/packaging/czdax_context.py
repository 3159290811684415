"""What the writers of an AIP know: the package, and who makes which AIP of it for whom."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from archivum.errors import Misconfigured
from archivum.model import Agent, Event, File, Identifier, Package, Receipt
from archivum.packaging.index import PackageIndex
from archivum.packaging.writing import Names
from archivum.plain import instant
from archivum.texts import Language

INSTITUTION_ID: Final = "INSTITUTION_ID"
SUBMISSION: Final = "representations/submission/data/"
DESCRIPTION: Final = "metadata/descriptive/description.xml"
PREMIS: Final = "metadata/preservation/PREMIS.xml"
PACKAGE_INFO: Final = "metadata/preservation/PACKAGE-INFO.xml"
METS: Final = "METS.xml"


@dataclass(frozen=True, slots=True)
class Fonds:
    """The fonds (*archivní fond*): its number in the register of the institution (NAD) and its name."""

    number: int = 1
    title: str = "–"


@dataclass(frozen=True, slots=True)
class Context:
    """What an archive adds to a package when it makes an AIP of it.

    ``institution`` cares for the AIP, one of its identifiers has the source ``INSTITUTION_ID``; ``software``
    is archivum itself; ``ingestion`` the identifier of the accession (*přejímka*); ``reference`` the
    reference number (*číslo jednací*) of the file about it; ``trial`` tells that the time-stamp will be that
    of a trial authority. ``documentation`` and ``schemas`` are files that lie in the folders of these names
    beside ``METS.xml`` already; their paths are relative to these folders.

    Raises:
        Misconfigured: the institution has no nine-digit number, or the fonds no positive one.
    """

    institution: Agent
    fonds: Fonds
    software: Agent
    ingestion: str
    reference: str = ""
    language: Language = "cs"
    trial: bool = False
    documentation: Sequence[File] = ()
    schemas: Sequence[File] = ()

    def __post_init__(self) -> None:
        if not re.fullmatch("[0-9]{9}", self.institution_id):  # AP2023 obs21
            raise Misconfigured("packaging.institution", value=self.institution_id or "–")
        if self.fonds.number < 1:  # AP2023 obs4
            raise Misconfigured("packaging.fonds", value=self.fonds.number)

    @property
    def institution_id(self) -> str:
        """The institution's number in the register of archives, "" if it has none."""
        ids = self.institution.identifiers
        return next((one.value for one in ids if one.source == INSTITUTION_ID), "")


@dataclass(frozen=True, slots=True)
class Aip:
    """An AIP in the making. ``at`` is its only time, that of the receipt; ``names`` gives its identifiers."""

    receipt: Receipt
    package: Package
    index: PackageIndex
    context: Context
    events: Sequence[Event]
    names: Names = field(init=False)
    at: str = field(init=False)
    prefix: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", Names(self.receipt.uuid))
        object.__setattr__(self, "at", instant(self.receipt.at))
        object.__setattr__(self, "prefix", f"data/{self.receipt.uuid}/")

    @property
    def nsesss(self) -> bool:
        """Whether the package comes from a records system, with the levels that this brings."""
        return self.package.kind == "nsesss"

    @property
    def originator(self) -> Agent:
        """Who made the records (*původce*): who the package names, else who handed it over."""
        return self.package.producer or self.receipt.producer

    @property
    def representation(self) -> str:
        """The identifier of the submitted representation."""
        return self.names.of("representation", "submission")

    def file_id(self, path: str) -> str:
        """Return the identifier of a submitted file, by its path in the submission."""
        return self.names.of("file", f"{SUBMISSION}{path}")

    def record_id(self, record: str) -> str:
        """Return the identifier of a description, by the id of its record."""
        return self.names.of("record", record)

    def agent_id(self, agent: Agent) -> str:
        """Return the identifier of an agent."""
        return self.names.of("agent", agent_name(agent))


def agent_name(agent: Agent) -> str:
    """Return what tells agents apart."""
    return f"{agent.kind}:{agent.name}:{agent.version}"


def source_identifier(identifier: Identifier) -> str:
    """Return an identifier with the system that gave it (*identifikátor ve zdrojovém systému*)."""
    return f"{identifier.source}:{identifier.value}" if identifier.source else identifier.value

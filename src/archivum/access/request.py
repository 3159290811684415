"""What a reader asks for, by what right, and the event that it leaves in the journal."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from archivum.catalogue.fold import Accession
from archivum.model import Agent, Event, EventType, Verdict


@dataclass(frozen=True, slots=True)
class Request:
    """A DIP that was asked for: its own identifier, of which package, and what of it.

    ``records`` and ``paths`` are names as they were given; none of either asks for everything. ``permit``
    refers to the decision that established the reader's right, "" if there is none.
    """

    id: UUID
    at: datetime
    agent: Agent
    accession: Accession
    records: Sequence[str]
    paths: Sequence[str]
    permit: str

    @property
    def whole(self) -> bool:
        """Whether everything was asked for."""
        return not self.records and not self.paths

    def event(self, outcome: Verdict, **more: object) -> Event:
        """Return the event of its dissemination, or of its refusal."""
        detail = {
            "dip": str(self.id),
            "condition": self.accession.access,
            "permit": self.permit,
            "selection": {"records": list(self.records), "paths": list(self.paths)},
            **more,
        }
        return Event(EventType.DISSEMINATION, self.accession.uuid, self.at, self.agent, outcome, detail)

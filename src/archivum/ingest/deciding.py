"""A person decides about a package that was held; the next ingest of the same bytes acts on it."""

from archivum.archive import Archive
from archivum.catalogue.fold import Accession
from archivum.errors import Refused
from archivum.model import Action, Event, EventType, State, Verdict


def decide(
    archive: Archive, package: str, action: Action, reason: str, *, dry_run: bool = False
) -> Accession:
    """Record a person's decision about a held package.

    Raises:
        NotFound, Misused: no package, or several, are meant.
        Refused: the package is not held.
        Busy: another process writes to the journal.
    """
    accession = archive.catalogue.package(package)
    if accession.state is not State.HELD:
        raise Refused("ingest.not-held", uuid=accession.uuid, state=accession.state.value)
    if dry_run:
        return accession
    event = Event(
        EventType.APPRAISAL,
        accession.uuid,
        archive.clock(),
        archive.agent,
        Verdict.PASSED if action is Action.ACCEPT else Verdict.FAILED,
        {
            "action": action.value,
            "by": archive.agent.name,
            "reason": reason,
            "reasons": [],
            "omitted": 0,
            "profile": accession.profile,
        },
    )
    entries = archive.journal.append([event])
    archive.catalogue.catch_up(archive.journal, archive.details, entries)
    return accession

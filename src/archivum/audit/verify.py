"""Verify: stored AIPs are read again, every byte, and what was found becomes an event."""

from collections.abc import Callable, Iterable, Iterator
from uuid import UUID

from archivum.archive import SOFTWARE, Archive
from archivum.catalogue.fold import Accession
from archivum.checks.aip import AipCheck, check_aip
from archivum.errors import Misconfigured, Refused
from archivum.model import Event, EventType, Finding, State
from archivum.plain import to_plain

TOLD = 100  # findings told in the event; the rest is counted


def chosen(archive: Archive, references: Iterable[str]) -> Iterator[Accession]:
    """Yield the stored packages that are meant; all of them if none is named.

    Raises:
        NotFound, Misused: no package, or several, are meant by one reference.
        Refused: the package is not stored.
    """
    references = list(references)
    if not references:
        yield from archive.catalogue.packages(state=State.STORED)
    for reference in references:
        accession = archive.catalogue.package(reference)
        if accession.state is not State.STORED:
            raise Refused("audit.not-stored", uuid=accession.uuid, state=accession.state.value)
        yield accession


def verify(
    archive: Archive, accessions: Iterable[Accession], unrecorded: Callable[[UUID], object] | None = None
) -> Iterator[AipCheck]:
    """Read each AIP again and record what was found; one that is broken does not stop the others.

    Where the archive may not be written to, ``unrecorded`` hears of each that could only be read.

    Raises:
        Misconfigured: the storage is not there.
    """
    for accession in accessions:
        check = check_aip(archive.ocfl, accession.uuid, archive.trusted(), accession.manifest)
        try:
            entries = archive.journal.append([_event(archive, accession.uuid, check)])
        except Misconfigured as error:
            if unrecorded is None or error.text_id != "storage.read-only":
                raise
            unrecorded(accession.uuid)
        else:
            archive.catalogue.catch_up(archive.journal, archive.details, entries)
        yield check


def verify_journal(archive: Archive) -> Iterator[Finding]:
    """Read every copy of the journal and yield what is wrong with it."""
    return archive.journal.verify(archive.catalogue.applied())


def _event(archive: Archive, uuid: UUID, check: AipCheck) -> Event:
    detail = {
        "storage": archive.storage.name,
        "files": check.files,
        "bytes": check.size,
        "findings": [to_plain(finding) for finding in check.findings[:TOLD]],
        "omitted": max(0, len(check.findings) - TOLD),
    }
    return Event(EventType.FIXITY_CHECK, uuid, archive.clock(), SOFTWARE, check.verdict, detail)

"""Verify: stored AIPs are read again, every byte, and what was found becomes an event."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from uuid import UUID

from archivum.archive import SOFTWARE, Archive
from archivum.catalogue.fold import Accession
from archivum.checks.aip import AipCheck, check_aip
from archivum.errors import Refused
from archivum.model import Event, EventType, Finding, State, Verdict
from archivum.plain import to_plain
from archivum.stored.pending import interrupted

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


def verify(archive: Archive, accessions: Iterable[Accession]) -> Iterator[AipCheck]:
    """Read each AIP again and record what was found; one that is broken does not stop the others.

    Raises:
        Misconfigured: the storage is not there.
    """
    for accession in accessions:
        check = _checked(archive, accession.uuid)
        entries = archive.journal.append([_event(archive, accession.uuid, check)])
        archive.catalogue.catch_up(archive.journal, archive.details, entries)
        yield check


def _checked(archive: Archive, uuid: UUID) -> AipCheck:
    """Check an AIP by the versions that are known now; again, if one was made meanwhile."""
    archive.catch_up()
    known: Mapping[str, str] | None = None
    while known != (now := _manifests(archive, uuid)):
        known = now
        check = check_aip(archive.ocfl, uuid, archive.trusted(), known)
        if check.verdict is Verdict.PASSED:
            return check
        archive.catch_up()
    if not interrupted(archive, uuid):
        return check
    return replace(check, findings=tuple(map(_open, check.findings)))


def _manifests(archive: Archive, uuid: UUID) -> Mapping[str, str]:
    return {one.name: one.manifest for one in archive.catalogue.versions(uuid)}


def _open(finding: Finding) -> Finding:
    """A version that archivum was interrupted with, or is about to record, is no corruption."""
    if finding.code != "aip-unrecorded":
        return finding
    return replace(finding, verdict=Verdict.INDETERMINATE)


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

"""Verify: stored AIPs are read again, every byte, and what was found becomes an event."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final
from uuid import UUID

from archivum.archive import SOFTWARE, Archive
from archivum.catalogue.fold import Accession
from archivum.checks.aip import AipCheck, check_aip
from archivum.errors import Misconfigured, NotFound, Refused
from archivum.model import Event, EventType, Finding, Severity, State, Verdict
from archivum.plain import to_plain
from archivum.storage.ocfl_root_validation import validate_around
from archivum.stored.pending import interrupted

ROOT: Final = "ocfl"  # of the storage root in a storage
OWN_FILES: Final = frozenset(("0=ocfl_1.1", "ocfl_layout.json"))  # at its top
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
        check = _checked(archive, accession.uuid)
        try:
            entries = archive.journal.append([_event(archive, accession.uuid, check)])
        except Misconfigured as error:
            if unrecorded is None or error.text_id != "storage.read-only":
                raise
            unrecorded(accession.uuid)
        else:
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


def verify_root(archive: Archive) -> Iterator[Finding]:
    """Yield what lies in the storage root and is none of the packages that the journal knows.

    An object that no one knows of is left by an interrupted ingest, which the next one ends; or someone put
    it there.

    Raises:
        Misconfigured: the storage is not there.
    """
    yield from validate_around(archive.storage)
    for key, _ in archive.storage.list(ROOT):
        name = key.removeprefix(f"{ROOT}/")
        if "/" not in name and name not in OWN_FILES:
            yield Finding("root-extra", Verdict.FAILED, Severity.ERROR, name)
    for object_id in archive.ocfl.objects():
        if not _known(archive, object_id):
            yield Finding("aip-unknown", Verdict.INDETERMINATE, Severity.WARNING, object_id)


def _known(archive: Archive, object_id: str) -> bool:
    try:
        return archive.catalogue.package(UUID(object_id)).state is State.STORED
    except (NotFound, ValueError):
        return False


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

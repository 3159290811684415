"""Disseminating an AIP, or a part of it, as a DIP: by what right, what it is, that it happened.

What comes from the AIP comes byte for byte, the description and PREMIS of the whole among it, so that all of
it can be held against the time-stamped manifest of the AIP, which comes along. Made for the DIP are its METS,
the events since the AIP was made, the page to read it by, and the manifests of its own bag.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from archivum.access.making import make
from archivum.access.request import Request
from archivum.access.revealing import check_free, hidden, reveal, settle
from archivum.archive import Archive
from archivum.errors import NotFound, Refused
from archivum.model import Event, State, Verdict
from archivum.profile import Access
from archivum.stored.holdings import Holdings, check_harmless

_REFUSALS: Final = {Access.RESTRICTED: "access.restricted", Access.CLOSED: "access.closed"}


@dataclass(frozen=True, slots=True)
class Dip:
    """A DIP that was made: its UUID and folder, and how many files of the submission, of how many bytes."""

    uuid: UUID
    path: Path
    files: int
    size: int


def disseminate(
    archive: Archive,
    uuid: UUID,
    to: Path,
    records: Sequence[str],
    paths: Sequence[str],
    *,
    permit: str,
    dip_id: UUID,
    at: datetime,
) -> Dip:
    """Make a DIP of a stored package in a new folder, complete or not at all, and record it.

    Args:
        archive: where the package is.
        uuid: the UUID of the package.
        to: the folder to be made.
        records: ids, identifiers or references of records; each comes with all records below it.
        paths: paths of files or folders in the submission; with no records and no paths, everything comes.
        permit: a reference to the decision that established the reader's right, "" if there is none.
        dip_id: the UUID of the DIP.
        at: when it is made.

    Raises:
        Refused: something is there already, the access condition says no, or malicious code was found in the
            package; the latter two are recorded.
        NotFound: the package is not stored, or has no such record or file.
        CorruptionFound: a file is not what was stored.
        Misconfigured: the disk is full, read-only or fails.
    """
    accession = archive.catalogue.package(uuid)
    if accession.state is not State.STORED:
        raise NotFound("access.not-stored", uuid=uuid, state=accession.state)
    check_free(to)
    request = Request(dip_id, at, archive.agent, accession, tuple(records), tuple(paths), permit.strip())
    _require_right(archive, request)
    with Holdings(archive, accession) as holdings, hidden(to) as place:
        made = make(place, archive, holdings, request)
        settle(place)
        # nobody has a DIP that the journal does not know
        _record(archive, made.event)
        reveal(place, to)
    return Dip(dip_id, to, made.files, made.size)


def _require_right(archive: Archive, request: Request) -> None:
    """Let pass who may have the DIP; record that the others were refused.

    Raises:
        Refused: the access condition says no, or malicious code was found in the package.
    """
    try:
        check_harmless(request.accession)
    except Refused:
        _record(archive, request.event(Verdict.FAILED))
        raise
    condition = _condition(request.accession.access)
    # Act 499/2004 § 37–38: a person establishes the right, and archivum keeps by what decision
    if condition is Access.OPEN or (condition is Access.RESTRICTED and request.permit):
        return
    _record(archive, request.event(Verdict.FAILED))
    raise Refused(_REFUSALS[condition], uuid=request.accession.uuid, profile=request.accession.profile)


def _condition(known: str) -> Access:
    """What is not known is closed."""
    return Access(known) if known in tuple(Access) else Access.CLOSED


def _record(archive: Archive, event: Event) -> None:
    entries = archive.journal.append([event])
    archive.catalogue.catch_up(archive.journal, archive.details, entries)

"""Scan again: stored packages are shown to the scanner for malicious code, which may know more by now.

Nothing is deleted and nothing is changed: what was found becomes an event, and nothing of a package in which
something was found is handed out any more, until a later scan of all of it finds nothing.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from archivum.archive import SOFTWARE, Archive
from archivum.catalogue.fold import Accession
from archivum.checks.aip import object_id
from archivum.checks.malware import found, summary
from archivum.errors import CorruptionFound, Misconfigured, NotFound
from archivum.malware.answers import Reason
from archivum.malware.scanning import Scanned, Scanner
from archivum.model import Event, EventType, Finding, Scan, Verdict
from archivum.packaging.czdax_context import SUBMISSION
from archivum.plain import to_plain
from archivum.storage.digest import CHUNK, Digests

STORED: Final = "malware-stored"
TOLD: Final = 100  # findings told in the event; the rest is counted
_CHANGED: Final = Scan(Verdict.INDETERMINATE, reason=Reason.CHANGED.value)


@dataclass(slots=True)
class ScanCheck:
    """What the scanner says of a stored package: of how many files what, and where it has found something."""

    uuid: UUID
    size: int = 0
    tally: Counter[Scan] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)

    @property
    def verdict(self) -> Verdict:
        """Failed if anything was found, indeterminate if something was not scanned, else passed."""
        return summary(self.tally.items())[0]

    @property
    def detail(self) -> dict[str, object]:
        """What is recorded."""
        detail = summary(self.tally.items())[1]
        told = [to_plain(finding) for finding in self.findings]
        infected = sum(files for scan, files in self.tally.items() if scan.verdict is Verdict.FAILED)
        return {**detail, "findings": told, "omitted": infected - len(told)}

    def add(self, seen: Iterable[Scanned]) -> None:
        """Take what was said of some files."""
        for path, scan in seen:
            self.tally[scan] += 1
            if scan.verdict is Verdict.FAILED and len(self.findings) < TOLD:
                self.findings.append(found(STORED, path, scan))


def due(accession: Accession, before: datetime | None, *, named: bool = False) -> bool:
    """Whether a stored package is to be scanned.

    It is if nobody has scanned all of it, if it was before a moment, or if it was named and no moment was.
    """
    if accession.scanned_at is None:
        return True
    return named if before is None else accession.scanned_at <= before


def scan_again(archive: Archive, accessions: Iterable[Accession]) -> Iterator[ScanCheck]:
    """Scan stored packages and record what was found; one that cannot be read does not stop the others.

    Raises:
        Misconfigured: no scanner is configured, or the storage is not there.
    """
    if not archive.configuration.malware.socket:
        raise Misconfigured("audit.scanner")
    with archive.scanner() as scanner:
        for accession in accessions:
            check = _scan(archive, scanner, accession)
            outcome, at = check.verdict, archive.clock()
            event = Event(EventType.VIRUS_CHECK, accession.uuid, at, SOFTWARE, outcome, check.detail)
            entries = archive.journal.append([event])
            archive.catalogue.catch_up(archive.journal, archive.details, entries)
            yield check


def _scan(archive: Archive, scanner: Scanner, accession: Accession) -> ScanCheck:
    check = ScanCheck(accession.uuid)
    start = f"data/{accession.uuid}/{SUBMISSION}"
    scanner.begin()
    try:
        for path, key, digest in archive.ocfl.files(object_id(accession.uuid)):
            if path.startswith(start):
                _send(archive, scanner, check, path.removeprefix(start), key, digest)
                check.add(scanner.ready())
    except (CorruptionFound, NotFound):
        check.tally[_CHANGED] += 1  # the list of its files is broken: verify tells more
    check.add(scanner.results())
    return check


def _send(archive: Archive, scanner: Scanner, check: ScanCheck, path: str, key: str, digest: str) -> None:
    """Show a file to the scanner; what is not the file that was stored is not it that is scanned."""
    try:
        stream = archive.storage.open(key)
    except NotFound:
        check.tally[_CHANGED] += 1
        return
    digests = Digests(("sha512",))
    with stream, scanner.open(path, None) as scanning:
        while scanning.wanted and (data := stream.read(CHUNK)):
            digests.update(data)
            check.size += len(data)
            scanning.write(data)
        if scanning.wanted and digests.result()["sha512"] != digest:
            scanning.leave()
            check.tally[_CHANGED] += 1

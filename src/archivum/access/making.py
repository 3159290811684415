"""Making a DIP: a bag with the chosen files, the metadata and evidence of their AIP, and a page to read."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from archivum.access.events import since_made, write_events
from archivum.access.page import PAGE, Page, write_page
from archivum.access.request import Request
from archivum.access.selection import Selection
from archivum.access.told import fonds_of, note_dates, note_formats
from archivum.archive import SOFTWARE, Archive
from archivum.catalogue.entry import Entry
from archivum.checks.aip import CHAIN, STAMP
from archivum.model import Event, EventType, File, FormatMatch, Identification, Package, Receipt, Verdict
from archivum.packaging.bag import (
    MANIFEST,
    Built,
    close_bag,
    payload,
    readable_size,
    write_declaration,
    write_info,
    write_manifest,
)
from archivum.packaging.czdax_context import (
    DESCRIPTION,
    METS,
    PACKAGE_INFO,
    PREMIS,
    SUBMISSION,
    Aip,
    Context,
)
from archivum.packaging.index import PackageIndex
from archivum.packaging.mets import DipCover, write_mets
from archivum.packaging.tree import outline_of
from archivum.packaging.writing import NewFile
from archivum.plain import from_plain, instant
from archivum.signatures import TimeStamp, verify
from archivum.storage.durable import create, world
from archivum.stored.holdings import Held, Holdings, pieces

EVENTS: Final = "metadata/preservation/EVENTS.xml"
DOCUMENTATION: Final = "documentation/"
AIP_METS: Final = "evidence/AIP-METS.xml"
_METADATA: Final = (DESCRIPTION, PACKAGE_INFO, PREMIS)
# what proves that the files are those that were stamped, below documentation/, with media types
_EVIDENCE: Final[Mapping[str, str]] = {
    AIP_METS: "application/xml",
    f"evidence/{MANIFEST}": "text/plain",
    f"evidence/{STAMP}": "application/timestamp-reply",  # RFC 3161 §3.4
    f"evidence/{CHAIN}": "application/pem-certificate-chain",  # RFC 8555 §9.1
}


@dataclass(frozen=True, slots=True)
class Made:
    """A complete DIP: the event of its dissemination, and the files of the submission that are in it."""

    event: Event
    files: int
    size: int


def make(bag: Path, archive: Archive, holdings: Holdings, request: Request) -> Made:
    """Make the bag of a DIP in a new folder.

    Raises:
        NotFound: a record or file that was asked for is not in the package.
        CorruptionFound: a file is not what was stored.
        Misconfigured: the disk is full, read-only or fails.
    """
    entries = archive.catalogue.events(request.accession.uuid)
    receipt, package = _arrival(entries)
    making = _Making(bag, holdings, request)
    with PackageIndex() as index:
        making.choose(archive, package, index)
        metadata = making.metadata()
        evidence = making.evidence()
        making.read_metadata(index)
        stamp = making.stamp(archive)
        context = making.context(archive, evidence)
        aip = Aip(receipt, package, index, context, ())
        files, size = index.totals()
        # a stamp that does not hold is told and recorded; it may be that only its certificates are too old
        outcome = Verdict.INDETERMINATE if stamp.verdict is Verdict.FAILED else Verdict.PASSED
        event = request.event(outcome, files=files, bytes=size, stamp=stamp.verdict.value)
        metadata.append(making.write_events(aip, since_made(entries), event))
        written = [*metadata, *(replace(one, path=DOCUMENTATION + one.path) for one in evidence)]
        written.append(making.write_mets(aip, metadata))
        page = Page(aip, request, event, stamp, [entry.event for entry in entries])
        making.close(page, written)
    return Made(event, files, size)


def _arrival(entries: Sequence[Entry]) -> tuple[Receipt, Package]:
    """Return the receipt of the package that was stored, and what it says of itself."""
    arrivals = [entry.event for entry in entries if entry.event.type is EventType.INGESTION_START]
    detail = arrivals[-1].detail
    return from_plain(Receipt, detail["receipt"]), from_plain(Package, detail["package"])


@dataclass(frozen=True, slots=True)
class _Making:
    """Where a DIP is made, what of, and for which request."""

    bag: Path
    holdings: Holdings
    request: Request

    @property
    def prefix(self) -> str:
        """Where the DIP lies in its bag."""
        return f"data/{self.request.id}/"

    @property
    def aip(self) -> str:
        """Where the AIP lies in its own."""
        return f"data/{self.request.accession.uuid}/"

    def choose(self, archive: Archive, package: Package, index: PackageIndex) -> None:
        """Copy the chosen files, and take them and the chosen records into the index."""
        submission = self.aip + SUBMISSION
        with PackageIndex() as known, Selection(self.holdings, submission) as selection:
            _describe(archive, self.request, known)
            selection.choose(known, self.request.records, self.request.paths, package.main)
            for record in selection.records(known):
                index.add_record(record)
            for held in self.holdings.files(submission):
                path = held.path.removeprefix(submission)
                if selection.has_file(path):
                    index.add_file(replace(self.copy(held, SUBMISSION + path), path=path))

    def copy(self, held: Held, path: str) -> File:
        """Copy a file of the AIP's bag to a path in the DIP; return it with that path."""
        target = self.bag / (self.prefix + path)
        with world(target), create(target) as out, self.holdings.reading(held) as outgoing:
            out.writelines(pieces(outgoing))
        return File(path, held.size, {"sha512": held.digest})

    def metadata(self) -> list[File]:
        """Copy the AIP's metadata to the same paths."""
        return [self.copy(self.holdings.file(self.aip + path), path) for path in _METADATA]

    def evidence(self) -> list[File]:
        """Copy what proves that the rest is authentic; paths are relative to the documentation."""
        found = []
        for path, mime in _EVIDENCE.items():
            source = self.aip + METS if path == AIP_METS else path.removeprefix("evidence/")
            format_ = Identification((FormatMatch("", mime=mime),), Verdict.INDETERMINATE, "", "")
            copy = self.copy(self.holdings.file(source), DOCUMENTATION + path)
            found.append(replace(copy, path=path, format=format_))
        return found

    def read_metadata(self, index: PackageIndex) -> None:
        """Take what the AIP's metadata tell of the chosen files into the index."""
        note_dates(self.bag / f"{self.prefix}{DOCUMENTATION}{AIP_METS}", index)
        note_formats(self.bag / f"{self.prefix}{PREMIS}", index)

    def stamp(self, archive: Archive) -> TimeStamp:
        """Verify the time-stamp over the AIP's manifest."""
        place = self.bag / f"{self.prefix}{DOCUMENTATION}evidence/{STAMP}"
        with world(place):
            response = place.read_bytes()
        imprint = bytes.fromhex(self.holdings.file(MANIFEST).digest)
        return verify(response, imprint, archive.trusted(), subject=STAMP)

    def context(self, archive: Archive, evidence: Sequence[File]) -> Context:
        """Return who makes the DIP; the fonds is the one that the AIP names."""
        return Context(
            institution=archive.configuration.curator,
            fonds=fonds_of(self.bag / f"{self.prefix}{PACKAGE_INFO}"),
            software=SOFTWARE,
            ingestion=str(self.request.accession.uuid),
            language=archive.configuration.language,
            documentation=evidence,
        )

    def write_events(self, aip: Aip, entries: Sequence[Entry], event: Event) -> File:
        """Write EVENTS.xml."""
        with NewFile(self.bag, self.prefix + EVENTS) as target:
            write_events(target, aip, self.request.id, entries, event)
        return replace(target.file, path=EVENTS)

    def write_mets(self, aip: Aip, metadata: Sequence[File]) -> File:
        """Write METS.xml, which names everything else."""
        cover = DipCover(self.request.id, instant(self.request.at))
        with NewFile(self.bag, self.prefix + METS) as target:
            write_mets(target, aip, metadata, outline_of(aip.index), cover)
        return replace(target.file, path=METS)

    def close(self, page: Page, written: Sequence[File]) -> None:
        """Write the tag files of the bag."""
        made = tuple(replace(file, path=self.prefix + file.path) for file in written)
        submission = self.prefix + SUBMISSION
        index = page.aip.index
        manifest, files, size = write_manifest(self.bag, payload(made, submission, index))
        with NewFile(self.bag, PAGE) as target:
            write_page(target, page)
        info = write_info(self.bag, self._info(page.aip, files, size))
        tags = (target.file, info, write_declaration(self.bag), manifest)
        digest = manifest.digests["sha512"]
        close_bag(self.bag, Built(digest, files, size, tags, made, submission, index))

    def _info(self, aip: Aip, files: int, size: int) -> Iterator[tuple[str, str]]:
        """The fields of ``bag-info.txt`` (RFC 8493 §2.2.2)."""
        context = aip.context
        yield "Source-Organization", f"{context.institution.name} ({context.institution_id})"
        yield "External-Description", aip.package.title
        yield "External-Identifier", str(self.request.id)
        yield "Bagging-Date", self.request.at.date().isoformat()
        yield "Bag-Size", readable_size(size)
        yield "Payload-Oxum", f"{size}.{files}"
        yield "Internal-Sender-Identifier", str(aip.receipt.uuid)
        yield "Internal-Sender-Description", f"AIP; {context.fonds.title} (NAD {context.fonds.number})"
        yield "Bag-Software-Agent", f"{context.software.name} {context.software.version}"


def _describe(archive: Archive, request: Request, known: PackageIndex) -> None:
    """Take all records of the package into an index: from the catalogue, else read again from the AIP."""
    accession = request.accession
    if accession.described:
        records = archive.catalogue.records(accession.uuid)
    else:
        details = archive.details(accession.uuid, accession.kind)
        records = iter(details.records) if details else iter(())
    for record in records:
        known.add_record(record)

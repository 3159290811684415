"""Receive, read, check: from a transfer to what is known of the package in it."""

import hashlib
import json
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from uuid import uuid5

from archivum.archive import Archive
from archivum.checks.completeness import NOT_COMPLETE, completeness
from archivum.checks.identification import identification
from archivum.checks.malware import FOUND as MALWARE
from archivum.checks.malware import malware
from archivum.checks.nesting import nesting
from archivum.checks.permitted import permitted
from archivum.checks.safety import Safety
from archivum.checks.unchecked import unchecked
from archivum.checks.validation import validation
from archivum.checks.world_files import world_files
from archivum.errors import Misused, NotFound
from archivum.formats.examining import Examining
from archivum.formats.policy import day_of
from archivum.ingest.order import Order, Progress
from archivum.ingest.receive import Reception, damaged, whole_digest
from archivum.malware.scanning import Scanner
from archivum.model import Agent, Finding, Package, Receipt, Severity, Verdict
from archivum.packaging.index import PackageIndex
from archivum.packaging.reader import READERS, Reader, detect, recognised
from archivum.plain import canonical, from_plain, to_plain
from archivum.profile import NEVER_ACCEPTED, Profile
from archivum.storage.durable import keep
from archivum.storage.transfer import Damaged
from archivum.storage.transfers import open_transfer

UNKNOWN = "–"
RECEIPTS = "receipts"


@dataclass(frozen=True, slots=True)
class Submission:
    """A package that was received and read: where it is staged, what it is, who judges it, its receipt."""

    root: Path
    index: PackageIndex
    package: Package
    profile: Profile
    receipt: Receipt


class _Guided:
    """The reader and the profile of a transfer, found as soon as its guides are there."""

    def __init__(self, archive: Archive, order: Order, root: Path, safety: Safety) -> None:
        self._archive, self._order, self._root, self._safety = archive, order, root, safety
        self.reader: Reader = READERS[-1]
        self.profile: Profile = archive.profiles.get(order.profile or self.reader.name)

    def again(self, root: Path, index: PackageIndex) -> Iterator[Finding]:
        """Ask once more what the package is, now that all of it is there, and yield what is not plain.

        A package whose guides are missing is known by the rest of it, and judged as what it was to be.
        """
        if self._order.profile:
            return
        kinds = recognised(root)
        if self.reader not in kinds:
            self.reader = kinds[0]
            self.profile = self._archive.profiles.get(self.reader.name)
        if len(kinds) > 1:
            names = ", ".join(one.name for one in kinds)
            yield Finding("package-ambiguous", Verdict.FAILED, params={"kinds": names})
        elif self.reader is READERS[-1]:
            yield from nesting(index)

    def __call__(self) -> frozenset[str]:
        if self._order.profile:
            self.reader = next(one for one in READERS if one.name == self.profile.reader)
        else:
            self.reader = detect(self._root)
            self.profile = self._archive.profiles.get(self.reader.name)
        self._safety.limits = self.profile.limits
        return self.reader.algorithms(self._root)


def receive(
    archive: Archive,
    path: Path,
    order: Order,
    place: Path,
    index: PackageIndex,
    examining: Examining,
    scanner: Scanner,
    progress: Progress,
) -> Submission:
    """Receive the transfer at a path into a place, read it and check it; all findings are in the index.

    A package that was received before keeps its first receipt until it is stored or refused, so that what an
    interrupted ingest began is ended with the same bytes.

    Raises:
        Misused: the transfer is the archive itself, or holds it.
        NotFound: there is nothing at the path.
    """
    _check_apart(archive, path)
    name, whole = path.resolve().name, False
    # a container holds a folder that is mostly named like itself: then nothing has to be renamed
    root = place / "in" / (path.stem if _is_file(path) else name)
    root.parent.mkdir()
    named = archive.profiles.get(order.profile).limits if order.profile else archive.profiles.loosest()
    safety = Safety(index, named)
    guided = _Guided(archive, order, root, safety)
    try:
        transfer = open_transfer(path)
    except Damaged as damage:
        index.add_finding(damaged(damage))
    else:
        try:
            safety.packed = transfer.size
            reception = Reception(transfer, root, index, safety, examining, scanner, guided, progress)
            whole = reception.receive()
            index.set_scans(scanner.results())
            name = safety.root or transfer.name
        finally:
            transfer.close()
    package = _read(archive, guided, root, name, index, examining, whole)
    receipt = _receipt(archive, package, guided.profile, order, name, index)
    return Submission(root.with_name(name), index, package, guided.profile, receipt)


def _is_file(path: Path) -> bool:
    """Whether a transfer is a container.

    Raises:
        NotFound: there is nothing at the path.
    """
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFound("ingest.nothing", place=path) from error
    except OSError:
        return False  # it is there, and what keeps it from being read is found when it is opened


def _check_apart(archive: Archive, path: Path) -> None:
    """Make sure that the archive would not take itself in, which would grow as it is read.

    Raises:
        Misused: the transfer is the archive or its storage, or holds them, or lies in the storage.
    """
    place, storage = path.resolve(), archive.storage.root.resolve()
    roots = (archive.root.resolve(), storage)
    if place.is_relative_to(storage) or any(root.is_relative_to(place) for root in roots):
        raise Misused("ingest.itself", place=path, archive=archive.root)


def _read(
    archive: Archive,
    guided: _Guided,
    root: Path,
    name: str,
    index: PackageIndex,
    examining: Examining,
    whole: bool,
) -> Package:
    """Ask the package what it is, and ask everything there is to ask of it."""
    if not root.exists():
        return Package("", "", name, None)
    if root.name != name:  # files that are being looked at must not move
        index.set_formats(examining.results())
        root = root.rename(root.with_name(name))
    for finding in guided.again(root, index):
        index.add_finding(finding)
    package = guided.reader.read(root, index, archive.schemas)
    guided.reader.describe(root, index)
    index.set_formats(examining.results())
    if not whole:
        index.add_finding(Finding(NOT_COMPLETE, Verdict.INDETERMINATE, Severity.INFO))
    policy = archive.formats.policy(guided.profile.formats.policy)
    for finding in chain(
        completeness(package, index),
        identification(index),
        validation(index),
        world_files(root, index),
        permitted(index, policy, day_of(archive.clock())),
        malware(index),
        unchecked(),
    ):
        index.add_finding(finding)
    return package


def _receipt(
    archive: Archive, package: Package, profile: Profile, order: Order, name: str, index: PackageIndex
) -> Receipt:
    """Give a package its receipt; its UUID follows from who sent what, and is the same another time."""
    given = order.producer or profile.producer
    producer = Agent(given) if order.producer else package.producer or Agent(given or UNKNOWN)
    files, size = index.totals()
    digest = whole_digest(index)
    identity = canonical([to_plain(producer), package.id, digest, *_unfit(index)]).decode("utf-8")
    return Receipt(
        uuid=uuid5(archive.configuration.uuid, identity),
        at=archive.clock(),
        agent=archive.agent,
        producer=producer,
        package_id=package.id,
        digest=digest,
        files=files,
        size=size,
        origin=name,
    )


def _unfit(index: PackageIndex) -> tuple[str, ...]:
    """Return a digest of what no archive can take from a transfer, nothing if it can take all.

    The files of a stored package with a link beside them, say, are not that package sent again. Malicious
    code is in the files, which tell packages apart already; a scanner that knows it by now makes no other.
    """
    digest = hashlib.sha256()
    fit = digest.digest()
    for finding in index.findings(Verdict.FAILED):
        if finding.code in NEVER_ACCEPTED and finding.code != MALWARE:
            digest.update(canonical(to_plain(finding)))
    return () if digest.digest() == fit else (digest.hexdigest(),)


def kept_receipt(archive: Archive, submission: Submission) -> Receipt:
    """Return the receipt that an interrupted ingest of this package gave, else keep this one.

    Raises:
        Misconfigured: the disk is full, read-only or fails.
    """
    place = receipt_place(archive, submission.receipt)
    try:
        return from_plain(Receipt, json.loads(place.read_bytes()))
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        # none was kept, or the machine stopped before it reached the disk
        keep(place, canonical(to_plain(submission.receipt)))
        return submission.receipt


def receipt_place(archive: Archive, receipt: Receipt) -> Path:
    """Return where a receipt is kept until its package is stored or refused."""
    return archive.storage.workplace() / RECEIPTS / f"{receipt.uuid}.json"

"""The straight line of one package: receive, read, check, decide, build, seal, store, record."""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from tempfile import mkdtemp
from uuid import uuid5

from archivum.archive import Archive
from archivum.catalogue.fold import Accession
from archivum.checks.aip import object_id
from archivum.errors import NotFound
from archivum.formats import Identifying
from archivum.ingest.building import STAMPS, build_aip, stamp_place, taken_up
from archivum.ingest.order import Order, Outcome, Progress, Status
from archivum.ingest.recording import TOLD, Counts, decided, examined, open_findings, record, stored
from archivum.ingest.report import REPORTS, write_report
from archivum.ingest.submission import RECEIPTS, Submission, kept_receipt, receipt_place, receive
from archivum.model import Action, Decision, Event, EventType, Finding, Severity, State, Verdict
from archivum.packaging.index import PackageIndex
from archivum.plain import canonical, to_plain
from archivum.storage.durable import remove_unfinished, world

PLACE = "ingest-"
KEPT = (RECEIPTS, STAMPS)
CLAIMS = 64  # locks that all identifiers share; two that share one only wait for each other


def ingest(
    archive: Archive, path: Path, order: Order, identifying: Identifying, progress: Progress
) -> Outcome:
    """Ingest one transfer. The transfer is only read; nothing is recorded or stored by a dry run.

    Raises:
        CorruptionFound: what was stored is not what was written.
        Misconfigured: a setting, the disk or the time-stamping authority does not let it go on; it can be
            run again.
    """
    with (
        world(archive.storage.root),
        _place(archive, order) as place,
        PackageIndex(place / "index.db") as index,
    ):
        submission = receive(archive, path, order, place, index, identifying, progress)
        with _claim(archive, submission, order):
            return _decide(archive, path, order, submission, place)


def _decide(archive: Archive, path: Path, order: Order, submission: Submission, place: Path) -> Outcome:
    """Decide by what is known of earlier packages, by the profile, and by the person it was held for."""
    known = _known(archive, submission)
    if known is not None and known.state is State.STORED:
        decision = Decision(Action.ACCEPT, (), known.profile)
        if not order.dry_run:
            _forget(archive, submission, known.manifest)  # a run killed at its very end has not
        return _outcome(path, submission, Status.ALREADY, decision)
    conflict = _conflict(archive, submission)
    decision = submission.profile.judge(submission.index.findings())
    if decision.action is Action.HOLD and known is not None:
        decision = _of_person(archive, known, decision)
    status = _status(decision, conflict, order)
    if conflict is not None:
        submission.index.add_finding(conflict)
        decision = submission.profile.judge(submission.index.findings())
    if order.dry_run:
        return _outcome(path, submission, status, decision)
    submission = replace(submission, receipt=kept_receipt(archive, submission))
    if status is Status.STORED:
        return _store(archive, path, order, submission, decision, place)
    return _refuse(archive, path, submission, status, decision)


def _store(
    archive: Archive, path: Path, order: Order, submission: Submission, decision: Decision, place: Path
) -> Outcome:
    """Build, seal, store and record; of an interrupted ingest only what is left to be done."""
    uuid = submission.receipt.uuid
    events = [*examined(archive, submission), decided(archive, submission, decision)]
    if archive.ocfl.exists(object_id(uuid)):
        aip = taken_up(archive, uuid)
    else:
        aip = build_aip(archive, submission, order, events, place)
    record(archive, submission, [*events, *stored(archive, submission, aip)])
    _forget(archive, submission, aip.manifest)
    return _outcome(path, submission, Status.STORED, decision)


def _refuse(
    archive: Archive, path: Path, submission: Submission, status: Status, decision: Decision
) -> Outcome:
    """Record what was decided and write the report for the producer; once, however often it is sent."""
    report = write_report(archive, submission, status, decision)
    events = [*examined(archive, submission), decided(archive, submission, decision)]
    if not _recorded(archive, submission, events[-2:]):
        record(archive, submission, events)
    _forget(archive, submission)
    return replace(_outcome(path, submission, status, decision), report=report)


def _known(archive: Archive, submission: Submission) -> Accession | None:
    """Return what is known of this very package from before."""
    try:
        return archive.catalogue.package(submission.receipt.uuid)
    except NotFound:
        return None


def _conflict(archive: Archive, submission: Submission) -> Finding | None:
    """Whether the producer's identifier names something else that is stored; both digests are shown."""
    receipt = submission.receipt
    for other in archive.catalogue.find_same(receipt.producer, receipt.package_id):
        if other.state is State.STORED and other.digest != receipt.digest:
            params = {"identifier": receipt.package_id, "uuid": str(other.uuid)}
            params |= {"stored": other.digest, "sent": receipt.digest}
            return Finding("package-conflict", Verdict.FAILED, Severity.ERROR, params=params)
    return None


def _of_person(archive: Archive, known: Accession, held: Decision) -> Decision:
    """Return what a person has decided about a held package, or that it is still held."""
    for entry in reversed(archive.catalogue.events(known.uuid)):
        detail = entry.event.detail
        if entry.event.type is EventType.APPRAISAL and detail.get("by"):
            return replace(held, action=Action(str(detail["action"])), by=str(detail["by"]))
    return held


def _status(decision: Decision, conflict: Finding | None, order: Order) -> Status:
    if decision.action is Action.REJECT:
        return Status.REJECTED
    if conflict is not None:
        return Status.CONFLICT
    if decision.action is Action.HOLD:
        return Status.HELD
    return Status.CHECKED if order.dry_run else Status.STORED


def _recorded(archive: Archive, submission: Submission, events: list[Event]) -> bool:
    """Whether the same was found and decided the last time that this package was sent."""
    before = archive.catalogue.events(submission.receipt.uuid)
    for event in events:
        same = [entry.event for entry in before if entry.event.type is event.type]
        if not same or canonical(to_plain(same[-1].detail)) != canonical(to_plain(event.detail)):
            return False
    return True


def _outcome(path: Path, submission: Submission, status: Status, decision: Decision) -> Outcome:
    receipt, index = submission.receipt, submission.index
    counts = Counts.of(index)
    return Outcome(
        path=path,
        status=status,
        uuid=receipt.uuid,
        package=submission.package,
        producer=receipt.producer.name,
        profile=submission.profile.name,
        decision=decision,
        files=receipt.files,
        size=receipt.size,
        failed=counts.failed,
        warnings=counts.warnings,
        indeterminate=counts.indeterminate,
        findings=tuple(islice(open_findings(index), TOLD)),
    )


def _forget(archive: Archive, submission: Submission, manifest: str = "") -> None:
    """Remove what was kept only for an interrupted ingest to go on with."""
    receipt_place(archive, submission.receipt).unlink(missing_ok=True)
    if manifest:
        stamp_place(archive, manifest).unlink(missing_ok=True)


@contextmanager
def _place(archive: Archive, order: Order) -> Iterator[Path]:
    """A folder to work in, beside what is stored; a dry run works where the system keeps temporary files."""
    parent = None if order.dry_run else archive.storage.workplace()
    with world(parent or "temporary"):
        place = Path(mkdtemp(prefix=PLACE, dir=parent))
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


@contextmanager
def _claim(archive: Archive, submission: Submission, order: Order) -> Iterator[None]:
    """Be the only process that works on packages of this producer with this identifier.

    Two contents that claim one identifier at the same time must not both be found free of conflict.
    """
    if order.dry_run:
        yield
        return
    receipt = submission.receipt
    name = uuid5(
        archive.configuration.uuid, canonical([to_plain(receipt.producer), receipt.package_id]).decode()
    )
    place = archive.storage.workplace() / "claims" / f"{name.int % CLAIMS:02d}"
    with world(place):
        place.parent.mkdir(exist_ok=True)
        lock = place.open("a")
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def sweep(archive: Archive) -> None:
    """Remove what killed runs have left half done; the caller is the only process that ingests."""
    workplace = archive.storage.workplace()
    with world(archive.root):
        for place in workplace.glob(f"{PLACE}*"):
            shutil.rmtree(place)
        for kept in (workplace, *map(workplace.joinpath, KEPT), archive.root / REPORTS):
            remove_unfinished(kept)

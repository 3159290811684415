"""One package: from its transfer to what is to be stored and recorded of it."""

from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from uuid import UUID

from archivum.archive import Archive
from archivum.catalogue.fold import Accession
from archivum.checks.aip import object_id
from archivum.checks.malware import FOUND as MALWARE
from archivum.errors import CorruptionFound, NotFound
from archivum.ingest.building import Aip, build_aip, taken_up
from archivum.ingest.order import Order, Outcome, Status
from archivum.ingest.quarantine import quarantine
from archivum.ingest.recording import TOLD, Counts, Stored, decided, examined, open_findings, scanned
from archivum.ingest.report import write_report
from archivum.ingest.submission import Submission, kept_receipt, receipt_place
from archivum.model import Action, Decision, Event, EventType, Finding, Severity, State, Verdict
from archivum.plain import canonical, to_plain
from archivum.stored.sealing import stamp_place


@dataclass(frozen=True, slots=True)
class Prepared:
    """A package and what is left to be done with it: ``aip`` to be stored, ``events`` to be recorded.

    ``taken_up`` is an AIP that an interrupted ingest has stored and not recorded.
    """

    submission: Submission
    outcome: Outcome
    events: tuple[Event, ...] = ()
    aip: Aip | None = None
    taken_up: Stored | None = None


def prepare(archive: Archive, path: Path, order: Order, submission: Submission, place: Path) -> Prepared:
    """Decide by what is known of earlier packages, by the profile, and by the person it was held for; then
    build what was accepted.

    Raises:
        CorruptionFound: an AIP that an interrupted ingest has left is not whole, and is set aside; or the
            AIP of a package that came before is lost or broken.
        Misconfigured: the disk is full, read-only or fails, or the authority does not stamp.
    """
    known = _known(archive, submission)
    if known is not None and known.state is State.STORED:
        _check_whole(archive, known.uuid)
        if not order.dry_run:
            forget(archive, submission, known.manifest)  # a run killed at its very end has not
        return _again(archive, path, order, submission, known)
    conflict = _conflict(archive, submission)
    decision = submission.profile.judge(submission.index.findings())
    if decision.action is Action.HOLD and known is not None:
        decision = _of_person(archive, known, decision)
    status = _status(decision, conflict, order)
    if conflict is not None:
        submission.index.add_finding(conflict)
        decision = submission.profile.judge(submission.index.findings())
    if order.dry_run:
        return Prepared(submission, _outcome(path, submission, status, decision))
    submission = replace(submission, receipt=kept_receipt(archive, submission))
    if status is Status.STORED:
        return _accepted(archive, path, order, submission, decision, place)
    return _refused(archive, path, submission, status, decision)


def _again(archive: Archive, path: Path, order: Order, submission: Submission, known: Accession) -> Prepared:
    """Say that the package is stored, or that it holds malicious code which was not known when it was.

    The same bytes are in storage: what the scanner says now is recorded of what is there.
    """
    infected = tuple(one for one in submission.index.findings(Verdict.FAILED) if one.code == MALWARE)
    if not infected:
        decision = Decision(Action.ACCEPT, (), known.profile)
        return Prepared(submission, _outcome(path, submission, Status.ALREADY, decision))
    decision = submission.profile.judge(infected)
    outcome = _outcome(path, submission, Status.REJECTED, decision)
    if order.dry_run:
        return Prepared(submission, outcome)
    place = quarantine(archive, submission)
    report = write_report(archive, submission, Status.REJECTED, decision)
    outcome = replace(outcome, report=report, quarantine=place)
    events = tuple(scanned(archive, submission))
    return Prepared(submission, outcome, () if _recorded(archive, submission, events) else events)


def _accepted(
    archive: Archive, path: Path, order: Order, submission: Submission, decision: Decision, place: Path
) -> Prepared:
    """Build and seal; of an interrupted ingest only what is left to be done."""
    uuid = submission.receipt.uuid
    events = (*examined(archive, submission), decided(archive, submission, decision))
    outcome = _outcome(path, submission, Status.STORED, decision)
    if archive.ocfl.exists(object_id(uuid)):
        return Prepared(submission, outcome, events, taken_up=taken_up(archive, uuid))
    return Prepared(submission, outcome, events, build_aip(archive, submission, order, events, place))


def _refused(
    archive: Archive, path: Path, submission: Submission, status: Status, decision: Decision
) -> Prepared:
    """Write the report for the producer; what was recorded before is not recorded again.

    An AIP that an interrupted ingest has stored and not recorded, before a newer database of the scanner or
    another profile refuses it, is set aside: nothing is stored that the journal says was refused.
    """
    key = archive.ocfl.key(object_id(submission.receipt.uuid))
    if archive.storage.exists(key):
        archive.storage.set_aside(key)
    place = quarantine(archive, submission)
    report = write_report(archive, submission, status, decision)
    events = (*examined(archive, submission), decided(archive, submission, decision))
    outcome = replace(_outcome(path, submission, status, decision), report=report, quarantine=place)
    return Prepared(submission, outcome, () if _recorded(archive, submission, events[-2:]) else events)


def _known(archive: Archive, submission: Submission) -> Accession | None:
    """Return what is known of this very package from before."""
    try:
        return archive.catalogue.package(submission.receipt.uuid)
    except NotFound:
        return None


def _check_whole(archive: Archive, uuid: UUID) -> None:
    """Make sure that a package that came before is still there, as far as is known without reading it again.

    Its sender deletes the original on the word that it is stored.

    Raises:
        CorruptionFound: its AIP is not in storage, or was found broken when it was last read.
    """
    if not archive.ocfl.exists(object_id(uuid)):
        raise CorruptionFound("ingest.lost", uuid=uuid)
    if any(copy.verdict is not Verdict.PASSED for copy in archive.catalogue.copies(uuid)):
        raise CorruptionFound("ingest.broken", uuid=uuid)


def _conflict(archive: Archive, submission: Submission) -> Finding | None:
    """Whether the producer's identifier names something else that is stored; both digests are shown."""
    receipt = submission.receipt
    for other in archive.catalogue.find_same(receipt.producer, receipt.package_id):
        if other.state is State.STORED and other.digest != receipt.digest:
            return _taken(receipt.package_id, receipt.digest, other.uuid, other.digest)
    return None


def _taken(identifier: str, sent: str, uuid: UUID, stored: str) -> Finding:
    params = {"identifier": identifier, "uuid": str(uuid), "stored": stored, "sent": sent}
    return Finding("package-conflict", Verdict.FAILED, Severity.ERROR, params=params)


def conflicting(outcome: Outcome, uuid: UUID, digest: str) -> Outcome:
    """Return what becomes of a package whose identifier another one of the same batch has taken by then."""
    finding = _taken(outcome.package.id, outcome.digest, uuid, digest)
    reasons = (*outcome.decision.reasons, finding)
    return replace(
        outcome,
        status=Status.CONFLICT,
        decision=replace(outcome.decision, action=Action.REJECT, reasons=reasons),
        failed=outcome.failed + 1,
        findings=(finding, *outcome.findings),
    )


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


def _recorded(archive: Archive, submission: Submission, events: tuple[Event, ...]) -> bool:
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
        digest=receipt.digest,
        files=receipt.files,
        size=receipt.size,
        failed=counts.failed,
        warnings=counts.warnings,
        indeterminate=counts.indeterminate,
        findings=tuple(islice(open_findings(index), TOLD)),
    )


def forget(archive: Archive, submission: Submission, manifest: str = "") -> None:
    """Remove what was kept only for an interrupted ingest to go on with."""
    receipt_place(archive, submission.receipt).unlink(missing_ok=True)
    if manifest:
        stamp_place(archive, manifest).unlink(missing_ok=True)

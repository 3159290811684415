"""One package: from its transfer to what is to be stored and recorded of it."""

from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from archivum.archive import Archive
from archivum.catalogue.fold import Accession
from archivum.checks.aip import object_id
from archivum.errors import NotFound
from archivum.ingest.building import Aip, build_aip, taken_up
from archivum.ingest.order import Order, Outcome, Status
from archivum.ingest.recording import TOLD, Counts, Stored, decided, examined, open_findings
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
        CorruptionFound: an AIP that an interrupted ingest has left is not whole; it is set aside.
        Misconfigured: the disk is full, read-only or fails, or the authority does not stamp.
    """
    known = _known(archive, submission)
    if known is not None and known.state is State.STORED:
        decision = Decision(Action.ACCEPT, (), known.profile)
        if not order.dry_run:
            forget(archive, submission, known.manifest)  # a run killed at its very end has not
        return Prepared(submission, _outcome(path, submission, Status.ALREADY, decision))
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
    """Write the report for the producer; what was recorded before is not recorded again."""
    report = write_report(archive, submission, status, decision)
    events = (*examined(archive, submission), decided(archive, submission, decision))
    outcome = replace(_outcome(path, submission, status, decision), report=report)
    return Prepared(submission, outcome, () if _recorded(archive, submission, events[-2:]) else events)


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

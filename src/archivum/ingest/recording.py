"""Record: what happened to a package, as events in the journal and, from there, in the catalogue."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from uuid import UUID

from archivum.archive import SOFTWARE, Archive
from archivum.catalogue.rows import Details
from archivum.catalogue.uses import Like, uses
from archivum.checks.malware import summary, tried
from archivum.formats.policy import day_of
from archivum.ingest.submission import Submission
from archivum.model import (
    Action,
    Agent,
    Decision,
    Event,
    EventType,
    Finding,
    Severity,
    State,
    Verdict,
)
from archivum.packaging.index import PackageIndex
from archivum.plain import to_plain

TOLD = 1000  # findings told one by one in an event; the rest is counted


@dataclass(frozen=True, slots=True)
class Counts:
    """How many findings there are of each kind; a warning is a rule that is not kept but need not be."""

    failed: int = 0
    warnings: int = 0
    indeterminate: int = 0

    @classmethod
    def of(cls, index: PackageIndex) -> "Counts":
        """Count the findings of a package."""
        kinds: Counter[str] = Counter()
        for finding in open_findings(index):
            if finding.verdict is Verdict.INDETERMINATE:
                kinds["indeterminate"] += 1
            elif finding.severity is Severity.ERROR:
                kinds["failed"] += 1
            else:
                kinds["warnings"] += 1
        return cls(**kinds)


def open_findings(index: PackageIndex) -> Iterator[Finding]:
    """Yield what failed, then what is open."""
    yield from index.findings(Verdict.FAILED)
    yield from index.findings(Verdict.INDETERMINATE)


def examined(archive: Archive, submission: Submission) -> list[Event]:
    """Return the events up to the decision: received, digested, identified, scanned, checked.

    Where no scanner is configured, no virus check has happened, and none is told; a finding says so.
    """
    receipt, index = submission.receipt, submission.index
    counts = Counts.of(index)
    told = [to_plain(finding) for finding in islice(open_findings(index), TOLD)]
    total = counts.failed + counts.warnings + counts.indeterminate
    start: Mapping[str, object] = {
        "receipt": to_plain(receipt),
        "package": to_plain(submission.package),
        "profile": submission.profile.name,
    }
    checked: Mapping[str, object] = {
        "failed": counts.failed,
        "warnings": counts.warnings,
        "indeterminate": counts.indeterminate,
        "findings": told,
        "omitted": total - len(told),
    }
    outcome = Verdict.FAILED if counts.failed else Verdict.INDETERMINATE if total else Verdict.PASSED
    happened = _Happened(archive, submission)
    return [
        happened.event(EventType.INGESTION_START, start, agent=receipt.agent),
        happened.event(EventType.MESSAGE_DIGEST_CALCULATION, {"digest": receipt.digest}),
        happened.event(EventType.FORMAT_IDENTIFICATION, {"formats": list(_formats(archive, submission))}),
        *scanned(archive, submission),
        happened.event(EventType.VALIDATION, checked, outcome),
    ]


def scanned(archive: Archive, submission: Submission) -> list[Event]:
    """Return the event of the scan for malicious code, if a scanner was to be asked."""
    tally = list(submission.index.scans())
    if not tried(tally):
        return []
    outcome, detail = summary(tally)
    return [_Happened(archive, submission).event(EventType.VIRUS_CHECK, detail, outcome)]


def decided(archive: Archive, submission: Submission, decision: Decision) -> Event:
    """Return the event of a decision."""
    detail = {
        "action": decision.action.value,
        "reasons": [to_plain(reason) for reason in decision.reasons],
        "omitted": decision.omitted,
        "by": decision.by,
        "profile": decision.profile,
    }
    outcomes = {
        Action.ACCEPT: Verdict.PASSED,
        Action.HOLD: Verdict.INDETERMINATE,
        Action.REJECT: Verdict.FAILED,
    }
    return _Happened(archive, submission).event(EventType.APPRAISAL, detail, outcomes[decision.action])


@dataclass(frozen=True, slots=True)
class Stored:
    """What a package has become: the AIP's manifest, files and bytes, its time-stamp and its place."""

    manifest: str
    files: int
    size: int
    authority: str
    trial: bool
    stamped: str
    serial: str
    storage: str
    key: str
    version: str


def stored(archive: Archive, submission: Submission, aip: Stored) -> list[Event]:
    """Return the events from the making of an AIP to its end in storage."""
    happened = _Happened(archive, submission)
    object_id = f"urn:uuid:{submission.receipt.uuid}"
    return [
        happened.event(
            EventType.INFORMATION_PACKAGE_CREATION,
            {"files": aip.files, "bytes": aip.size, "manifest": aip.manifest},
        ),
        happened.event(
            EventType.TIME_STAMPING,
            {"authority": aip.authority, "trial": aip.trial, "time": aip.stamped, "serial": aip.serial},
        ),
        happened.event(
            EventType.STORAGE,
            {"storage": aip.storage, "key": aip.key, "object": object_id, "version": aip.version},
        ),
        happened.event(
            EventType.INGESTION_END,
            {"state": State.STORED.value, "access": submission.profile.condition.value},
        ),
    ]


def record(archive: Archive, submissions: Sequence[Submission], events: Sequence[Event]) -> None:
    """Write events about some packages into the journal, in every storage, and show them in the catalogue."""
    if not events:
        return
    entries = archive.journal.append(events)
    indexes = {submission.receipt.uuid: submission.index for submission in submissions}

    def described(uuid: UUID, kind: str) -> Details | None:
        return Details(indexes[uuid].records()) if uuid in indexes else archive.details(uuid, kind)

    archive.catalogue.catch_up(archive.journal, described, entries)


@dataclass(frozen=True, slots=True)
class _Happened:
    """Makes events about one package; the software acts unless a person is named."""

    archive: Archive
    submission: Submission

    def event(
        self,
        kind: EventType,
        detail: Mapping[str, object],
        outcome: Verdict = Verdict.PASSED,
        agent: Agent = SOFTWARE,
    ) -> Event:
        return Event(kind, self.submission.receipt.uuid, self.archive.clock(), agent, outcome, detail)


def _formats(archive: Archive, submission: Submission) -> Iterator[dict[str, object]]:
    policy = archive.formats.policy(submission.profile.formats.policy)
    day = day_of(submission.receipt.at)
    return uses(
        Like(known, said, policy.judge(known, said, day).verdict, files, size)
        for known, said, files, size in submission.index.formats()
    )

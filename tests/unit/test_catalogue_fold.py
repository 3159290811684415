from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from archivum.catalogue.fold import Accession, fold, fold_replica, fold_state, storage_of
from archivum.model import Action, Event, EventType, State, Verdict
from tests.unit.test_journal_samples import (
    ARCHIVE,
    START,
    TOWN,
    accepted,
    appraisal,
    arrival,
    end,
    event,
    rejected,
    stored,
    uuid_of,
    validation,
)

HOLD = appraisal(1, "hold")
ACCEPT = appraisal(1, "accept", by="Jana Nová")
REJECT = appraisal(1, "reject")
FAILED_END = replace(end(1), outcome=Verdict.FAILED)


def state_of(events: Sequence[Event]) -> State | None:
    state = None
    for one in events:
        state = fold_state(state, one)
    return state


def accession_of(events: Sequence[Event]) -> Accession | None:
    known = None
    for seq, one in enumerate(events, 10):
        known = fold(known, one, seq)
    return known


@pytest.mark.parametrize(
    ("events", "state"),
    [
        ([], None),
        ([validation(1)], None),
        ([ACCEPT, stored(1), end(1)], None),
        ([arrival(1)], State.RECEIVED),
        ([arrival(1), validation(1, failed=3)], State.RECEIVED),
        ([arrival(1), arrival(1)], State.RECEIVED),
        ([arrival(1), HOLD], State.HELD),
        ([arrival(1), HOLD, arrival(1)], State.RECEIVED),
        ([arrival(1), HOLD, validation(1)], State.HELD),
        ([arrival(1), HOLD, ACCEPT], State.RECEIVED),
        ([arrival(1), HOLD, REJECT], State.REJECTED),
        ([arrival(1), HOLD, ACCEPT, stored(1), end(1)], State.STORED),
        ([arrival(1), ACCEPT], State.RECEIVED),
        ([arrival(1), ACCEPT, stored(1)], State.RECEIVED),
        ([arrival(1), ACCEPT, stored(1), FAILED_END], State.RECEIVED),
        ([arrival(1), ACCEPT, stored(1), FAILED_END, end(1)], State.STORED),
        ([arrival(1), REJECT], State.REJECTED),
        ([arrival(1), REJECT, ACCEPT, end(1)], State.REJECTED),
        ([*rejected(1), arrival(1)], State.RECEIVED),
        ([*rejected(1), *accepted(1)], State.STORED),
        (accepted(1), State.STORED),
        ([*accepted(1), REJECT], State.STORED),
        ([*accepted(1), arrival(1), HOLD], State.STORED),
    ],
)
def test_the_state_of_a_package(events: list[Event], state: State | None) -> None:
    assert state_of(events) is state
    known = accession_of(events)
    assert (known and known.state) is state


@pytest.mark.parametrize("state", [None, *State])
@pytest.mark.parametrize("one", [*accepted(1), *rejected(1), HOLD, FAILED_END], ids=lambda one: one.type.name)
def test_every_event_has_an_answer_in_every_state(state: State | None, one: Event) -> None:
    after = fold_state(state, one)
    assert after is None or isinstance(after, State)
    if state is State.STORED or (state is State.REJECTED and one.type is not EventType.INGESTION_START):
        assert after is state


def test_an_accession_is_what_its_events_say() -> None:
    known = accession_of(accepted(1))
    at = START + timedelta(hours=1)
    assert known == Accession(
        uuid=uuid_of(1),
        number=10,
        state=State.STORED,
        received_at=at,
        producer=TOWN,
        agent=ARCHIVE,
        package_id="SIP-1",
        digest="0" * 127 + "1",
        origin="SIP-1.zip",
        files=6,
        size=1_000,
        profile="nsesss",
        kind="nsesss",
        variant="2024",
        title="Spis",
        failed=0,
        warnings=2,
        indeterminate=3,
        action=Action.ACCEPT,
        decided_at=at,
        decided_by="",
        aip_files=20,
        aip_size=5_000,
        manifest="ab" * 64,
        version="v1",
        stamped_at=datetime(2026, 3, 1, 10, tzinfo=UTC),
        authority="CN=Trial",
        trial=True,
        stored_at=at,
        access="open",
        described=False,
    )


def test_a_rejected_package_keeps_who_decided_and_why_it_counts() -> None:
    known = accession_of([arrival(1), validation(1, failed=4), HOLD, appraisal(1, "reject", by="Jana Nová")])
    assert known is not None
    assert (known.state, known.action, known.decided_by) == (State.REJECTED, Action.REJECT, "Jana Nová")
    assert (known.failed, known.stored_at, known.access) == (4, None, "")


def test_what_is_sent_again_arrives_anew_under_its_first_number() -> None:
    later = START + timedelta(days=3)
    sent_again = [replace(one, at=later) for one in accepted(1)]
    receipt = {**sent_again[0].detail["receipt"], "at": "2026-03-04T08:00:00Z"}  # type: ignore[dict-item]
    sent_again[0] = replace(sent_again[0], detail={**sent_again[0].detail, "receipt": receipt})
    known = accession_of([*rejected(1), *sent_again])
    assert known is not None
    assert (known.number, known.failed, known.received_at, known.stored_at) == (10, 0, later, later)


def test_nothing_changes_what_is_rejected_until_it_is_sent_again() -> None:
    known = accession_of(rejected(1))
    for one in (validation(1), ACCEPT, stored(1), end(1)):
        assert fold(known, one, 99) is known


def test_what_arrives_unread_has_no_package() -> None:
    bare = arrival(1)
    unread = replace(bare, detail={**bare.detail, "package": None})
    known = accession_of([unread])
    assert known is not None
    assert (known.kind, known.title, known.package_id) == ("", "", "SIP-1")


def test_nothing_that_comes_after_the_end_changes_an_accession() -> None:
    known = accession_of(accepted(1))
    for one in (validation(1, failed=9), REJECT, arrival(1), end(1, access="closed"), stored(1)):
        assert fold(known, one, 99) is known


def version(name: str, files: int, outcome: Verdict = Verdict.PASSED) -> list[Event]:
    made = {"files": files, "bytes": 9, "manifest": name * 64, "version": name}
    stamp = {"authority": "TSA", "trial": False, "time": "2026-05-01T00:00:00Z", "version": name}
    return [
        event(EventType.INFORMATION_PACKAGE_CREATION, 1, outcome, **made),
        event(EventType.TIME_STAMPING, 1, outcome, **stamp),
    ]


def test_a_version_that_follows_changes_what_is_known_of_the_aip_and_nothing_else() -> None:
    known = accession_of(accepted(1))
    assert known is not None and known.version == "v1"
    after = known
    for one in version("v2", 21):
        after = fold(after, one, 99)
    assert (after.version, after.aip_files, after.manifest) == ("v2", 21, "v2" * 64)
    assert (after.authority, after.trial) == ("TSA", False)
    assert after.stamped_at == datetime(2026, 5, 1, tzinfo=UTC)
    same = replace(
        after, version="v1", aip_files=known.aip_files, aip_size=known.aip_size, manifest=known.manifest,
        authority=known.authority, trial=known.trial, stamped_at=known.stamped_at,
    )  # fmt: skip
    assert same == known


@pytest.mark.parametrize(
    "events",
    [
        version("v1", 5)[:1],
        version("v3", 5),
        version("v2", 5, Verdict.FAILED),
        version("v2", 5)[1:],
        version("", 5),
    ],
)
def test_a_version_that_does_not_follow_changes_nothing(events: list[Event]) -> None:
    known = accession_of(accepted(1))
    for one in events:
        assert fold(known, one, 99) is known


def test_a_failed_time_stamping_leaves_no_stamp() -> None:
    stamping = replace(accepted(1)[5], outcome=Verdict.FAILED)
    known = accession_of([arrival(1), stamping])
    assert known is not None and known.stamped_at is None


# -- copies --------------------------------------------------------------------------------------------------


def check(hours: int, outcome: Verdict) -> Event:
    made = event(EventType.FIXITY_CHECK, 1, outcome, storage="main", files=20, bytes=5_000, findings=[])
    return replace(made, at=START + timedelta(hours=hours))


def test_a_copy_begins_with_its_storing() -> None:
    copy = fold_replica(None, stored(1))
    assert copy is not None
    assert (copy.storage, copy.key, copy.version) == ("main", "ocfl/001", "v1")
    assert copy.object_id == f"urn:uuid:{uuid_of(1)}"
    assert copy.stored_at == copy.checked_at == copy.verified_at == START + timedelta(hours=1)
    assert copy.verdict is Verdict.PASSED


def test_a_storing_that_failed_makes_no_copy() -> None:
    assert fold_replica(None, replace(stored(1), outcome=Verdict.FAILED)) is None


@pytest.mark.parametrize(
    ("outcomes", "verdict", "verified"),
    [
        ([Verdict.PASSED], Verdict.PASSED, 2),
        ([Verdict.FAILED], Verdict.FAILED, 1),
        ([Verdict.INDETERMINATE], Verdict.INDETERMINATE, 1),
        ([Verdict.PASSED, Verdict.INDETERMINATE], Verdict.INDETERMINATE, 2),
        ([Verdict.FAILED, Verdict.INDETERMINATE], Verdict.FAILED, 1),
        ([Verdict.FAILED, Verdict.PASSED], Verdict.PASSED, 3),
        ([Verdict.INDETERMINATE, Verdict.PASSED], Verdict.PASSED, 3),
    ],
)
def test_a_copy_is_as_good_as_its_checks(outcomes: list[Verdict], verdict: Verdict, verified: int) -> None:
    copy = fold_replica(None, stored(1))
    for hours, outcome in enumerate(outcomes, 2):
        copy = fold_replica(copy, check(hours, outcome))
    assert copy is not None
    assert copy.verdict is verdict
    assert copy.checked_at == START + timedelta(hours=len(outcomes) + 1)
    assert copy.verified_at == START + timedelta(hours=verified)


def test_a_check_of_a_copy_that_is_not_there_makes_none() -> None:
    assert fold_replica(None, check(2, Verdict.PASSED)) is None


def test_other_events_do_not_speak_of_a_copy() -> None:
    copy = fold_replica(None, stored(1))
    assert storage_of(stored(1)) == storage_of(check(2, Verdict.PASSED)) == "main"
    assert storage_of(end(1)) is None
    assert fold_replica(copy, end(1)) is copy

import subprocess
import threading
from pathlib import Path

import pytest

from archivum.catalogue import segments
from archivum.catalogue.entry import ORIGIN, Head, Line, Unreadable, split, write_line
from archivum.catalogue.journal import Journal
from archivum.catalogue.lock import exclusive
from archivum.errors import Busy, CorruptionFound, Misconfigured
from archivum.storage.local import LocalStorage
from tests.unit.test_journal_samples import (
    accepted,
    appraisal,
    arrival,
    files_below,
    journal_in,
    rejected,
    storages,
    validation,
)

FIRST = "journal/000/000/001.jsonl"
SECOND = "journal/000/000/002.jsonl"


# -- the form of a line --------------------------------------------------------------------------------------


def test_a_line_is_what_its_form_says(tmp_path: Path) -> None:
    _, line = write_line(appraisal(1, "accept"), 1, ORIGIN)
    # written out by hand; members sorted, no white space, fields at their default left out
    rest = (
        '{"event":{"agent":{"kind":"person","name":"Jana Nová"},"at":"2026-03-01T09:00:00Z","detail":'
        '{"action":"accept","by":"","profile":"nsesss","reasons":[]},"outcome":"passed","subject":'
        '"00000001-0000-4000-8000-000000000000","type":"appraisal"},"previous":"' + "0" * 128 + '","seq":1}'
    )
    file = tmp_path / "rest"
    file.write_text(rest, "utf-8")
    digest = subprocess.run(["sha512sum", file], check=True, capture_output=True, text=True).stdout[:128]
    assert line == f'{{"digest":"{digest}",{rest[1:]}\n'.encode()


def test_a_stranger_recomputes_the_digests_with_the_tools_of_a_shell(tmp_path: Path) -> None:
    journal_in(tmp_path).append(accepted(1))
    place = tmp_path / "archive" / FIRST
    command = f"""sed -n 3p {place} | sed 's/"digest":"[0-9a-f]*",//' | tr -d '\\n' | sha512sum"""
    digest = subprocess.run(command, shell=True, check=True, capture_output=True, text=True).stdout[:128]
    lines = place.read_text("utf-8").splitlines()
    assert f'"digest":"{digest}"' in lines[2]
    assert f'"previous":"{digest}"' in lines[3]


def test_a_line_comes_back_as_it_was_written() -> None:
    entry, line = write_line(validation(4, failed=2), 17, "ab" * 64)
    read = Line.read(line.removesuffix(b"\n"))
    assert read.true
    assert read.entry() == entry
    assert entry.seq == 17 and entry.previous == "ab" * 64


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"null",
        b'{"digest":"00","event":{},"previous":"","seq":1}',
        b'{"digest":"' + b"0" * 128 + b'","event":[],"previous":"","seq":1}',
        b'{"digest":"' + b"0" * 128 + b'","event":{},"previous":"","seq":true}',
        b'{"digest":"' + b"0" * 128 + b'","event":{},"previous":"","seq":1,"more":1}',
        b'{"digest":"' + b"0" * 128 + b'","event":{},"previous":"","seq":1',
        b'{"digest":"' + b"0" * 128 + b'","event":{"a":"\xff"},"previous":"","seq":1}',
    ],
)
def test_what_is_not_a_line_is_not_read_as_one(data: bytes) -> None:
    with pytest.raises(Unreadable):
        Line.read(data)


@pytest.mark.parametrize("data", [b"", b"a", b"a\nb"])
def test_a_segment_ends_with_a_line_feed(data: bytes) -> None:
    with pytest.raises(Unreadable):
        split(data)


@pytest.mark.parametrize(
    ("number", "place"),
    [
        (1, "journal/000/000/001.jsonl"),
        (999, "journal/000/000/999.jsonl"),
        (1000, "journal/000/001/000.jsonl"),
        (1_234_567, "journal/001/234/567.jsonl"),
        (999_999_999, "journal/999/999/999.jsonl"),
    ],
)
def test_segments_lie_in_small_folders(number: int, place: str) -> None:
    assert segments.key(number) == place
    assert segments.number_of(place) == number


@pytest.mark.parametrize("place", ["journal/000/000/000.jsonl", "journal/1.jsonl", "journal/000/000/001.txt"])
def test_other_files_are_no_segments(place: str) -> None:
    assert segments.number_of(place) is None


# -- appending -----------------------------------------------------------------------------------------------


def test_an_empty_journal(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    assert journal.head() == Head(0, 0, "0" * 128)
    assert list(journal.entries()) == []
    assert list(journal.entries(after=3)) == []
    assert journal.append([]) == []
    assert not (tmp_path / "archive" / "journal").exists()


def test_each_append_is_one_segment_in_every_storage(tmp_path: Path) -> None:
    journal = journal_in(tmp_path, ("archive", "main", "second"))
    written = journal.append(accepted(1)) + journal.append(rejected(2))
    first = files_below(tmp_path / "archive")
    assert list(first) == [FIRST, SECOND]
    assert [data.count(b"\n") for data in first.values()] == [8, 3]
    assert files_below(tmp_path / "main") == files_below(tmp_path / "second") == first
    assert [entry.seq for entry in written] == list(range(1, 12))
    assert [entry.previous for entry in written] == [ORIGIN, *(entry.digest for entry in written[:-1])]
    assert list(journal.entries()) == written
    assert [entry.event for entry in journal.entries()] == accepted(1) + rejected(2)
    assert journal.head() == Head(2, 11, written[-1].digest)


def test_another_process_goes_on_where_the_first_ended(tmp_path: Path) -> None:
    one, other = journal_in(tmp_path), journal_in(tmp_path)
    for number in range(1, 8):
        (one, other)[number % 2].append([arrival(number)])
    assert [entry.seq for entry in one.entries()] == list(range(1, 8))
    assert one.head() == other.head() == journal_in(tmp_path).head()
    assert list(one.verify()) == []


@pytest.mark.parametrize("after", range(12))
def test_entries_after_one(tmp_path: Path, after: int) -> None:
    journal = journal_in(tmp_path)
    for number in (1, 2, 3, 4):
        journal.append(rejected(number)[: 4 - number % 3])
    everything = list(journal.entries())
    assert list(journal_in(tmp_path).entries(after)) == everything[after:]


def test_a_journal_of_more_than_a_thousand_segments(tmp_path: Path) -> None:
    journal = journal_in(tmp_path, ("archive",))
    previous, reached = ORIGIN, 0
    for number in range(1, 2_003):
        entry, line = write_line(arrival(1), number, previous)
        place = tmp_path / "archive" / segments.key(number)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(line)
        previous, reached = entry.digest, number
    assert journal.head() == Head(2_002, reached, previous)
    assert segments.last_from(storages(tmp_path)[0], 5) == 2_002
    assert [entry.seq for entry in journal.entries(after=1_998)] == [1_999, 2_000, 2_001, 2_002]
    journal.append([arrival(2)])
    assert (tmp_path / "archive" / "journal/000/002/003.jsonl").exists()
    assert list(journal.verify()) == []


def test_folders_left_empty_by_a_killed_process_do_not_hide_the_end(tmp_path: Path) -> None:
    journal = journal_in(tmp_path, ("archive",))
    journal.append([arrival(1)])
    (tmp_path / "archive" / "journal/000/001").mkdir()
    (tmp_path / "archive" / "journal/001").mkdir()
    assert journal_in(tmp_path, ("archive",)).head().segment == 1


def test_events_keep_names_that_are_not_text(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    odd = validation(1, failed=1)
    odd.detail["name"] = "a\udcff\0ž\u2028\n"  # type: ignore[index]
    journal.append([odd])
    assert [entry.event for entry in journal_in(tmp_path).entries()] == [odd]
    assert (tmp_path / "archive" / FIRST).read_bytes().count(b"\n") == 1


# -- one writer at a time ------------------------------------------------------------------------------------


def test_a_journal_that_another_keeps_locked_is_busy(tmp_path: Path) -> None:
    journal = Journal(storages(tmp_path), tmp_path / "lock", patience=0.05)
    with exclusive(tmp_path / "lock", 1), pytest.raises(Busy, match=r"catalogue\.busy"):
        journal.append([arrival(1)])
    journal.append([arrival(1)])


def test_a_writer_waits_for_the_one_before(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    locked, go = threading.Event(), threading.Event()

    def hold() -> None:
        with exclusive(tmp_path / "lock", 1):
            locked.set()
            go.wait(5)

    holder = threading.Thread(target=hold)
    holder.start()
    assert locked.wait(5)
    threading.Timer(0.05, go.set).start()
    assert len(journal.append([arrival(1)])) == 1
    holder.join()


def test_threads_share_a_journal(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)

    def write(start: int) -> None:
        for number in range(start, start + 20):
            journal.append([arrival(number)])

    threads = [threading.Thread(target=write, args=(start,)) for start in (1, 101, 201)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [entry.seq for entry in journal.entries()] == list(range(1, 61))
    assert list(journal.verify()) == []


def test_a_lock_that_cannot_be_made(tmp_path: Path) -> None:
    journal = Journal(storages(tmp_path), tmp_path / "missing" / "lock")
    with pytest.raises(Misconfigured):
        journal.append([arrival(1)])


# -- copies that differ --------------------------------------------------------------------------------------


def test_a_copy_left_behind_is_completed_by_the_next_append(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    for number in (1, 2, 3):
        journal.append([arrival(number)])
    for number in (2, 3):
        (tmp_path / "main" / segments.key(number)).unlink()
    journal_in(tmp_path).append([arrival(4)])
    assert files_below(tmp_path / "main") == files_below(tmp_path / "archive")
    assert len(files_below(tmp_path / "main")) == 4


def test_a_new_storage_is_filled_by_the_next_append(tmp_path: Path) -> None:
    journal_in(tmp_path).append(accepted(1))
    journal_in(tmp_path, ("archive", "main", "new")).append(rejected(2))
    assert files_below(tmp_path / "new") == files_below(tmp_path / "archive")


def test_a_storage_with_another_history_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    journal_in(tmp_path / "a").append([arrival(1)])
    journal_in(tmp_path / "b").append([arrival(2)])
    before = files_below(tmp_path / "a" / "archive")
    mixed = [LocalStorage("archive", tmp_path / "a/archive"), LocalStorage("main", tmp_path / "b/main")]
    with pytest.raises(CorruptionFound, match=r"catalogue\.forked"):
        Journal(mixed, tmp_path / "lock").append([arrival(3)])
    assert files_below(tmp_path / "a" / "archive") == before
    assert len(files_below(tmp_path / "b" / "main")) == 1


def test_a_shorter_storage_with_another_history_is_not_completed(tmp_path: Path) -> None:
    for name, count in (("a", 4), ("b", 2)):
        for number in range(count):
            journal_in(tmp_path / name).append([arrival(number + count)])
    mixed = [LocalStorage("archive", tmp_path / "a/archive"), LocalStorage("main", tmp_path / "b/main")]
    with pytest.raises(CorruptionFound, match=r"catalogue\.forked"):
        Journal(mixed, tmp_path / "lock").append([arrival(9)])
    assert len(files_below(tmp_path / "b" / "main")) == 2


@pytest.mark.parametrize("known", [True, False])
def test_a_storage_that_is_ahead_means_that_the_first_has_lost_its_end(tmp_path: Path, known: bool) -> None:
    journal = journal_in(tmp_path)
    journal.append([arrival(1)])
    if known:
        journal.append([arrival(2)])
        (tmp_path / "archive" / SECOND).unlink()
        journal = journal_in(tmp_path)
    else:
        journal.append([arrival(2)])
        (tmp_path / "archive" / FIRST).unlink()
        (tmp_path / "archive" / SECOND).unlink()
        journal = journal_in(tmp_path)
    with pytest.raises(CorruptionFound, match=r"catalogue\.ahead"):
        journal.append([arrival(3)])


def test_a_writer_that_knew_the_end_notices_that_it_is_gone(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    for number in (1, 2):
        journal.append([arrival(number)])
    for name in ("archive", "main"):
        (tmp_path / name / SECOND).unlink()
    with pytest.raises(CorruptionFound, match=r"catalogue\.lost"):
        journal.append([arrival(3)])


def test_a_lost_segment_is_noticed_before_another_takes_its_place(tmp_path: Path) -> None:
    journal = journal_in(tmp_path, ("archive",))
    for number in (1, 2, 3):
        journal.append([arrival(number)])
    (tmp_path / "archive" / SECOND).unlink()
    with pytest.raises(CorruptionFound, match=r"catalogue\.lost"):
        journal_in(tmp_path, ("archive",)).append([arrival(4)])
    with pytest.raises(CorruptionFound, match=r"catalogue\.lost"):
        list(journal.entries())


def test_a_changed_event_is_not_read_and_not_followed(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    journal.append([arrival(1), arrival(2)])
    place = tmp_path / "archive" / FIRST
    place.write_bytes(place.read_bytes().replace(b"SIP-2", b"SIP-9"))
    fresh = journal_in(tmp_path)
    with pytest.raises(CorruptionFound, match=r"catalogue\.damaged"):
        list(fresh.entries())
    with pytest.raises(CorruptionFound, match=r"catalogue\.damaged"):
        fresh.append([arrival(3)])


def test_an_event_of_a_later_version_is_not_taken_for_damage(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    _, line = write_line(arrival(1), 1, ORIGIN)
    rest = line[line.index(b'"event"') :].replace(b'"ingestion start"', b'"teleportation"')
    digest = subprocess.run(["sha512sum"], input=b"{" + rest[:-1], check=True, capture_output=True).stdout[
        :128
    ]
    (tmp_path / "archive" / FIRST).parent.mkdir(parents=True)
    (tmp_path / "archive" / FIRST).write_bytes(b'{"digest":"' + digest + b'",' + rest)
    with pytest.raises(Misconfigured, match=r"catalogue\.newer"):
        list(journal.entries())


# -- healing -------------------------------------------------------------------------------------------------


def test_heal_brings_back_what_any_copy_still_has(tmp_path: Path) -> None:
    journal = journal_in(tmp_path, ("archive", "main", "second"))
    for number in range(1, 6):
        journal.append([arrival(number)])
    whole = files_below(tmp_path / "archive")
    for name, number in (("archive", 2), ("archive", 5), ("main", 3), ("second", 1)):
        (tmp_path / name / segments.key(number)).unlink()
    assert journal.heal() == [
        ("second", segments.key(1)),
        ("archive", segments.key(2)),
        ("main", segments.key(3)),
        ("archive", segments.key(5)),
    ]
    for name in ("archive", "main", "second"):
        assert files_below(tmp_path / name) == whole
    assert journal.heal() == []


def test_heal_fills_a_lost_archive_folder_from_a_storage(tmp_path: Path) -> None:
    journal_in(tmp_path).append(accepted(1))
    (tmp_path / "archive" / FIRST).unlink()
    fresh = journal_in(tmp_path)
    assert fresh.heal() == [("archive", FIRST)]
    assert [entry.event for entry in fresh.entries()] == accepted(1)


def test_heal_does_not_choose_between_two_histories(tmp_path: Path) -> None:
    journal_in(tmp_path / "a").append([arrival(1)])
    journal_in(tmp_path / "b").append([arrival(2)])
    mixed = [LocalStorage("archive", tmp_path / "a/archive"), LocalStorage("main", tmp_path / "b/main")]
    with pytest.raises(CorruptionFound, match=r"catalogue\.forked"):
        Journal(mixed, tmp_path / "lock").heal()


def test_heal_copies_nothing_that_does_not_follow(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    journal.append([arrival(1)])
    journal_in(tmp_path / "other").append([arrival(8)])
    journal_in(tmp_path / "other").append([arrival(9)])
    (tmp_path / "main" / SECOND).write_bytes((tmp_path / "other" / "main" / SECOND).read_bytes())
    with pytest.raises(CorruptionFound, match=r"catalogue\.damaged"):
        journal.heal()
    assert list(files_below(tmp_path / "archive")) == [FIRST]


def test_heal_says_what_nobody_has(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    for number in (1, 2):
        journal.append([arrival(number)])
    for name in ("archive", "main"):
        (tmp_path / name / FIRST).unlink()
    with pytest.raises(CorruptionFound, match=r"catalogue\.lost"):
        journal.heal()


@pytest.mark.parametrize("language", ["en", "cs"])
def test_errors_name_the_place_and_what_to_do(tmp_path: Path, language: str) -> None:
    journal = journal_in(tmp_path)
    journal.append([arrival(1), arrival(2)])
    place = tmp_path / "main" / FIRST
    place.write_bytes(place.read_bytes()[:-2])
    with pytest.raises(CorruptionFound) as caught:
        journal_in(tmp_path).append([arrival(3)])
    assert "main" in caught.value.text(language) and FIRST in caught.value.text(language)  # type: ignore[arg-type]
    assert "archivum catalogue rebuild" in caught.value.hint(language)  # type: ignore[arg-type]

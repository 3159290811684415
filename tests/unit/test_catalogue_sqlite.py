"""What is particular to SQLite, and what a world that does not cooperate looks like."""

from pathlib import Path

import pytest

from archivum.catalogue.catalogue import Catalogue
from archivum.catalogue.database import Database
from archivum.errors import ArchivumError, CorruptionFound, Misconfigured
from tests.unit.test_journal_samples import accepted, details, journal_in


def test_a_commit_is_on_the_disk(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/catalogue.db")
    with database.writing(create=True) as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    database.close()
    # https://www.sqlite.org/pragma.html: synchronous 2 is FULL
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30_000}


def test_a_catalogue_in_memory(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    journal.append(accepted(1))
    catalogue = Catalogue.open("sqlite://")
    assert catalogue.rebuild(journal, details) == 8
    assert len(list(catalogue.packages())) == 1
    catalogue.close()


def test_reading_does_not_make_a_file(tmp_path: Path) -> None:
    catalogue = Catalogue.open(f"sqlite:///{tmp_path}/catalogue.db")
    with pytest.raises(Misconfigured, match=r"catalogue\.missing"):
        catalogue.totals()
    with pytest.raises(Misconfigured, match=r"catalogue\.missing"):
        catalogue.catch_up(journal_in(tmp_path), details)
    assert not (tmp_path / "catalogue.db").exists()


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("", r"catalogue\.url"),
        ("catalogue.db", r"catalogue\.url"),
        ("oracel://x", r"catalogue\.url"),
        ("mysql+pymysql://clerk:secret@server/archive", r"catalogue\.driver"),
    ],
)
def test_a_url_that_cannot_be_used(url: str, error: str) -> None:
    with pytest.raises(Misconfigured, match=error) as caught:
        Catalogue.open(url)
    assert "secret" not in caught.value.text()


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    catalogue = Catalogue.open(f"sqlite:///{tmp_path}/missing/catalogue.db")
    with pytest.raises(Misconfigured, match=r"catalogue\.read-only"):
        catalogue.create()
    catalogue.close()


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    place = tmp_path / "catalogue.db"
    place.write_bytes(b"something else " * 1_000)
    catalogue = Catalogue.open(f"sqlite:///{place}")
    with pytest.raises(CorruptionFound, match=r"catalogue\.broken") as caught:
        catalogue.totals()
    assert caught.value.exit_code == 5
    catalogue.close()


def test_a_damaged_database(tmp_path: Path) -> None:
    place = tmp_path / "catalogue.db"
    journal = journal_in(tmp_path)
    catalogue = Catalogue.open(f"sqlite:///{place}")
    catalogue.create()
    for number in range(1, 30):
        journal.append(accepted(number))
    catalogue.catch_up(journal, details)
    catalogue.close()
    content = place.read_bytes()
    place.write_bytes(content[:4_096] + b"\xff" * (len(content) - 4_096))
    with pytest.raises(CorruptionFound, match=r"catalogue\.broken"):
        catalogue.totals()
    catalogue.close()
    place.rename(tmp_path / "aside.db")
    assert catalogue.rebuild(journal, details) == 29 * 8
    catalogue.close()


def test_a_database_that_is_read_only(tmp_path: Path) -> None:
    place = tmp_path / "catalogue.db"
    writer = Catalogue.open(f"sqlite:///{place}")
    writer.create()
    writer.close()
    journal = journal_in(tmp_path)
    reader = Catalogue.open(f"sqlite:///file:{place}?mode=ro&uri=true")
    with pytest.raises(Misconfigured, match=r"catalogue\.read-only"):
        reader.catch_up(journal, details, journal.append(accepted(1)))
    reader.close()


def test_a_disk_that_is_full(tmp_path: Path) -> None:
    catalogue = Catalogue.open(f"sqlite:///{tmp_path}/catalogue.db")
    catalogue.create()
    with (
        pytest.raises(Misconfigured, match=r"catalogue\.full"),
        catalogue._database.writing() as connection,
    ):
        connection.exec_driver_sql("PRAGMA max_page_count = 1")
        connection.exec_driver_sql("CREATE TABLE much AS SELECT randomblob(1000000) AS bytes")
    assert list(catalogue.packages()) == []
    catalogue.close()


@pytest.mark.parametrize("sql", ["SELECT * FROM nothing", "SELECT nothing FROM package", "SELEKT"])
def test_what_is_not_foreseen_is_said_as_the_database_says_it(tmp_path: Path, sql: str) -> None:
    catalogue = Catalogue.open(f"sqlite:///{tmp_path}/catalogue.db")
    catalogue.create()
    with pytest.raises(ArchivumError), catalogue._database.reading() as connection:
        connection.exec_driver_sql(sql)
    catalogue.close()

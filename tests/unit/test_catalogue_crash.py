"""Killed anywhere between the journal and the catalogue, the next run catches up, and a rebuild agrees."""

import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import create_engine, select

from archivum.catalogue import tables
from archivum.catalogue.catalogue import Catalogue
from archivum.catalogue.rows import Details
from tests.unit.test_journal_samples import accepted, details, journal_in, uuid_of

ROOT = Path(__file__).resolve().parents[2]

WRITER = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from archivum.catalogue.catalogue import Catalogue
from archivum.catalogue.rows import Details
from tests.unit.test_journal_samples import accepted, details, journal_in, records

root, point = Path(sys.argv[1]), sys.argv[2]

def die():
    os.kill(os.getpid(), signal.SIGKILL)

def dying_records():
    yield from records(2, 2_500)
    die()

def dying(uuid, kind):
    if point == "before the details":
        die()
    return Details(dying_records()) if point == "among the records" else details(uuid, kind)

journal = journal_in(root)
catalogue = Catalogue.open(f"sqlite:///{root}/catalogue.db")
catalogue.create()
catalogue.catch_up(journal, details, journal.append(accepted(1)))
fresh = journal.append(accepted(2))
if point == "before the catalogue":
    die()
if point == "before the commit":
    from sqlalchemy import event
    event.listen(catalogue._database._engine, "commit", lambda connection: die())
catalogue.catch_up(journal, dying, fresh)
die()
"""


def dump(place: Path) -> dict[str, list[tuple[object, ...]]]:
    engine = create_engine(f"sqlite:///{place}")
    with engine.connect() as connection:
        found = {
            table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=str)
            for table in tables.metadata.sorted_tables
        }
    engine.dispose()
    return found


@pytest.mark.parametrize(
    ("point", "shown"),
    [
        ("before the catalogue", 1),
        ("before the details", 1),
        ("among the records", 1),
        ("before the commit", 1),
        ("after all", 2),
    ],
)
def test_killed_between_the_journal_and_the_catalogue(tmp_path: Path, point: str, shown: int) -> None:
    done = subprocess.run([sys.executable, "-c", WRITER, tmp_path, point, ROOT], check=False, timeout=60)
    assert done.returncode == -9
    journal = journal_in(tmp_path)
    catalogue = Catalogue.open(f"sqlite:///{tmp_path}/catalogue.db")
    assert len(list(catalogue.packages())) == shown
    assert catalogue.catch_up(journal, details) == 8 * (2 - shown)
    assert catalogue.package(uuid_of(2)).described
    before = dump(tmp_path / "catalogue.db")
    assert len(before["event"]) == 16 and len(before["record"]) == 6
    catalogue.rebuild(journal, details)
    assert dump(tmp_path / "catalogue.db") == before
    catalogue.close()


def test_a_rebuild_cut_short_goes_on_where_it_ended(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    for number in range(1, 31):
        journal.append(accepted(number))
    catalogue = Catalogue.open(f"sqlite:///{tmp_path}/catalogue.db")

    class Cut(Exception):
        pass

    def cutting(uuid: UUID, kind: str) -> Details:
        if uuid == uuid_of(20):
            raise Cut
        return details(uuid, kind)

    with pytest.raises(Cut):
        catalogue.rebuild(journal, cutting)
    assert catalogue.applied().seq == 100
    assert catalogue.catch_up(journal, details) == 140
    before = dump(tmp_path / "catalogue.db")
    catalogue.rebuild(journal, details)
    assert dump(tmp_path / "catalogue.db") == before
    catalogue.close()

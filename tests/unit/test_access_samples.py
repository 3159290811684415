"""Archives with stored packages that the tests of access work on, and what they ask of them."""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha512
from pathlib import Path
from typing import Any
from uuid import UUID

from archivum.access.dip import Dip, disseminate
from archivum.archive import Archive, open_archive
from archivum.checks.aip import object_id
from archivum.founding import found_archive
from archivum.ingest.batch import run
from archivum.ingest.order import Order, Outcome, Status
from archivum.model import Agent, AgentKind, Event, EventType, State
from fixtures.package import Package

RECEIVED = datetime(2026, 3, 1, 10, 0, 0, tzinfo=UTC)
HANDED_OUT = datetime(2031, 7, 4, 9, 30, 0, tzinfo=UTC)
ARCHIVIST = Agent("Jana Archivářová", AgentKind.PERSON)
ARCHIVE_ID = UUID("7d1b0f0a-52a8-4bb5-9d0c-3f3c5ad8b6d1")
DIP_ID = UUID("0f6bcb1e-0a54-4a5c-8a6e-0d6c5e2f1a77")
SECOND_DIP_ID = UUID("b5a0c6de-7f0b-4a0a-9d55-58d2a1f5c001")
NS = {
    "m": "http://www.loc.gov/METS/",
    "p": "http://www.loc.gov/premis/v3",
    "e": "http://ead3.archivists.org/schema/",
    "x": "http://www.w3.org/1999/xlink",
    "csip": "https://DILCIS.eu/XML/METS/CSIPExtensionMETS",
}


def clock() -> datetime:
    return RECEIVED


def found(
    root: Path, packages: Sequence[Package], *, condition: str = "open", language: Any = "cs"
) -> Mapping[str, UUID]:
    """Make an archive that has these packages stored; return their UUIDs by name."""
    found_archive(
        root / "archive", ARCHIVE_ID, RECEIVED, name="Archiv", institution="Archiv města Horní Jizerov",
        code="225201010", language=language, agent=ARCHIVIST, clock=clock,
    )  # fmt: skip
    for reader in ("nsesss", "bagit", "folder"):
        profile = f'reader = "{reader}"\n[access]\ncondition = "{condition}"\n'
        (root / "archive/profiles" / f"{reader}.toml").write_text(profile, "utf-8")
    (root / "in").mkdir()
    paths = [package.write_folder(root / "in") for package in packages]
    archive = open_archive(root / "archive", agent=ARCHIVIST, clock=clock)
    uuids = {}
    for done in run(archive, paths, Order(producer="Obec Lhota"), progress=lambda _: None):
        assert isinstance(done.result, Outcome), done.result
        assert done.result.status is Status.STORED, done.result.decision.reasons
        uuids[done.path.name] = done.result.uuid
    archive.close()
    return uuids


@contextmanager
def opened(root: Path, place: Path) -> Iterator[Archive]:
    """Open a copy of an archive that :func:`found` made; the copy may be spoiled."""
    if not place.exists():
        shutil.copytree(root / "archive", place)
    archive = open_archive(place, agent=ARCHIVIST, clock=clock)
    try:
        yield archive
    finally:
        archive.close()


def content(archive: Archive, uuid: UUID) -> Path:
    """The bag of an AIP as it lies in the storage."""
    return archive.storage.root / archive.ocfl.key(object_id(uuid)) / "v1/content"


def submission(root: Path, uuid: UUID) -> Path:
    """The submission in a bag, by the UUID of the package that is its payload."""
    return root / f"data/{uuid}/representations/submission/data"


def flip(path: Path, at: int = 0) -> None:
    """Change one byte of a file."""
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(one.relative_to(folder)): one.read_bytes() for one in folder.rglob("*") if one.is_file()}


def replace_everywhere(archive: Archive, uuid: UUID, change: Callable[[Path], None], path: str) -> None:
    """Change a stored file and make the inventories agree with it, as someone who knows OCFL would."""
    bag = content(archive, uuid)
    before = sha512((bag / path).read_bytes()).hexdigest()
    change(bag / path)
    after = sha512((bag / path).read_bytes()).hexdigest()
    for folder in (bag.parents[1], bag.parent):
        inventory = folder / "inventory.json"
        plain = json.loads(inventory.read_bytes())
        plain.pop("fixity", None)
        inventory.write_text(json.dumps(plain).replace(before, after), "utf-8")
        digest = sha512(inventory.read_bytes()).hexdigest()
        (folder / "inventory.json.sha512").write_text(f"{digest} inventory.json\n", "utf-8")


def dip(
    archive: Archive,
    uuid: UUID,
    to: Path,
    records: Sequence[str] = (),
    paths: Sequence[str] = (),
    *,
    permit: str = "",
    dip_id: UUID = DIP_ID,
) -> Dip:
    return disseminate(archive, uuid, to, records, paths, permit=permit, dip_id=dip_id, at=HANDED_OUT)


def disseminations(archive: Archive, uuid: UUID) -> list[Event]:
    """The events of dissemination that the journal has, which must be those of the catalogue."""
    journal = [entry.event for entry in archive.journal.entries() if entry.event.subject == uuid]
    assert journal == [entry.event for entry in archive.catalogue.events(uuid)]
    assert archive.catalogue.package(uuid).state is State.STORED
    return [event for event in journal if event.type is EventType.DISSEMINATION]

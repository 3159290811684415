"""What an archive is at one moment, whole, so that two of them can be compared by bytes and by rows."""

import os
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from sqlalchemy import create_engine, select

from archivum.archive import Archive, open_archive
from archivum.catalogue import tables
from archivum.checks.aip import check_aip
from archivum.model import Agent, AgentKind, Verdict
from archivum.storage.ocfl_root_validation import validate_root

AT: Final = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
ARCHIVIST: Final = Agent("Archivářka", AgentKind.PERSON)
# who works now, and databases, whose bytes are SQLite's own business: their rows are compared instead
_PASSING: Final = ("lock", "journal.lock", "catalogue.db", "catalogue.db-wal", "catalogue.db-shm")
# what follows on the folder of a journal
_SEGMENT: Final = re.compile(r"(?<=\bjournal)(/[0-9]{3}){1,3}(\.jsonl)?$")

Files = dict[str, bytes | None]
Rows = dict[str, list[tuple[Any, ...]]]


def opened(root: Path) -> Archive:
    """Open an archive in which it is always the same time."""
    return open_archive(root, agent=ARCHIVIST, clock=clock)


def clock() -> datetime:
    """Tell the time of all tests."""
    return AT


def files(root: Path) -> Files:
    """Return the bytes of every file of an archive (None: a folder), but for locks and the catalogue.

    The segments of a journal are one: how many events go into a segment depends on how long they took. Their
    lines do not, and neither do the digests in them.
    """
    found: Files = {}
    for folder, folders, names in os.walk(root):
        folders.sort()
        for name in [*folders, *sorted(names)]:
            place = os.path.relpath(os.path.join(folder, name), root)
            journal = _SEGMENT.sub("", place)
            if name in folders:
                found.setdefault(journal, b"" if _SEGMENT.search(place) else None)
            elif journal != place:
                found[journal] = (found.get(journal) or b"") + Path(folder, name).read_bytes()
            elif place not in _PASSING:
                found[place] = Path(folder, name).read_bytes()
    return found


def rows(url: str) -> Rows:
    """Return every row of every table of a catalogue."""
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            return {
                table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=str)
                for table in tables.metadata.sorted_tables
            }
    finally:
        engine.dispose()


def catalogue_rows(root: Path) -> Rows:
    """Return every row of an archive's own SQLite catalogue."""
    return rows(f"sqlite:///{root}/catalogue.db")


def transfers(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """Return mode, time of change and bytes of everything in a folder of transfers."""
    found = {}
    for place in sorted(folder.rglob("*")):
        status = place.lstat()
        data = place.read_bytes() if place.is_file() else b""
        found[str(place.relative_to(folder))] = (status.st_mode, status.st_mtime_ns, data)
    return found


def different(one: Files, other: Files) -> list[str]:
    """Return the places where two archives are not the same, the first few of them."""
    return [
        f"{place}: {'gone' if place not in one else 'new' if place not in other else 'differs'}"
        for place in sorted(one.keys() | other.keys())
        if place not in one or place not in other or one[place] != other[place]
    ][:10]


def manifests(found: Files) -> dict[str, bytes]:
    """Return the payload manifests of all AIPs, by their place."""
    return {place: data for place, data in found.items() if data and place.endswith("/manifest-sha512.txt")}


def told_twice(root: Path) -> Iterator[str]:
    """Yield what the journal says more than once of one package that came only once."""
    archive = opened(root)
    try:
        told = Counter((entry.event.subject, entry.event.type) for entry in archive.journal.entries())
    finally:
        archive.close()
    for (uuid, kind), count in told.items():
        if count > 1:
            yield f"{uuid}: {kind}, {count} times"


def other_names(root: Path, whole: Path) -> Iterator[str]:
    """Yield the names that are in one of two archives only; a workplace is made when it is needed."""
    yield from sorted((files(root).keys() ^ files(whole).keys()) - {"storage/main/work"})


def half_visible(root: Path, whole: Files) -> Iterator[str]:
    """Yield what a reader would see of something that is not complete; ``whole`` is how it will be."""
    archive = opened(root)
    try:
        for finding in validate_root(archive.storage):
            yield f"storage root: {finding}"
        for object_id in archive.ocfl.objects():
            check = check_aip(archive.ocfl, UUID(object_id), archive.trusted())
            if check.verdict is not Verdict.PASSED:
                yield f"{object_id}: {check.findings}"
        for finding in archive.journal.verify():
            if finding.code != "journal-behind" or finding.params["storage"] != "main":
                yield f"journal: {finding}"
    finally:
        archive.close()
    for place, data in files(root).items():
        if place.endswith("journal"):  # all its segments, one after the other: it may end early
            expected = (whole.get(place) or b"").startswith(data or b"")
        else:
            expected = place in whole and whole[place] == data
        if _stored(place) and not expected:
            yield f"{place} is not what it will be"


def _stored(place: str) -> bool:
    """Whether a reader looks there: not into the workplace, nor at names that say they are not finished."""
    parts = place.split("/")
    return "work" not in parts[:3] and not any(one.startswith(".") and one.endswith(".new") for one in parts)

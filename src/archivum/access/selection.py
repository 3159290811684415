"""What a reader asked for: records with all that is below them, files; and what goes with them."""

import difflib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Final, Self

from archivum.errors import NotFound
from archivum.model import Record
from archivum.packaging.index import PackageIndex
from archivum.stored.holdings import CACHE_KIB, Holdings

NEAREST: Final = 5  # names that are shown when nothing has the one asked for

_TABLES: Final = f"""
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -{CACHE_KIB};
CREATE TABLE noted (kind TEXT, name BLOB, PRIMARY KEY (kind, name)) WITHOUT ROWID;
BEGIN;
"""


class Selection:
    """The files and the records that were chosen; everything, where nothing was asked for.

    A record is chosen by its id, one of its identifiers (``value`` or ``source:value``) or its reference, and
    with it come all records below it with their files, and those above it without. A file is chosen by its
    path in the submission, a folder's path chooses all files in it, and the records that hold them come too.
    """

    def __init__(self, holdings: Holdings, submission: str) -> None:
        """Choose nothing yet; the submission lies at this prefix in the bag."""
        self._holdings, self._submission = holdings, submission
        self._all = False
        self._base = sqlite3.connect("", isolation_level=None)
        self._base.executescript(_TABLES)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._base.close()

    def choose(self, known: PackageIndex, records: Sequence[str], paths: Sequence[str], main: str) -> None:
        """Choose by what was asked for, from the records that are known; ``main`` is always among the files.

        Raises:
            NotFound: something that was asked for is not there; the names nearest to it are told.
        """
        self._all = not records and not paths
        if self._all:
            return
        for path in paths:
            self._choose_path(path)
        if paths:
            for record in known.records():
                if any(self._noted("path", path) for path in record.paths):
                    self._with_those_above(known, record)
        for record in list(self._asked(known, records)):
            self._with_those_above(known, record)
            self._with_those_below(known, record)
        if main:
            self._note("path", main)

    def has_file(self, path: str) -> bool:
        """Whether the file of this path in the submission was chosen."""
        return self._all or self._noted("path", path)

    def records(self, known: PackageIndex) -> Iterator[Record]:
        """Yield the records that were chosen, in their order, with those of their files that were."""
        for record in known.records():
            if self._all or self._noted("record", record.id):
                yield replace(record, paths=tuple(path for path in record.paths if self._delivered(path)))

    def _delivered(self, path: str) -> bool:
        return self.has_file(path) and self._holdings.has(self._submission + path)

    def _choose_path(self, path: str) -> None:
        if self._holdings.has(self._submission + path):
            self._note("path", path)
            return
        start = len(self._submission)
        below = (
            self._holdings.files(f"{self._submission}{path.rstrip('/')}/") if path.strip("/") else iter(())
        )
        found = [self._note("path", held.path[start:]) for held in below]
        if not found:
            names = (held.path[start:] for held in self._holdings.files(self._submission))
            raise NotFound("access.no-file", name=path, uuid=self._holdings.uuid, near=_near(path, names))

    def _asked(self, known: PackageIndex, names: Sequence[str]) -> Iterator[Record]:
        """Yield the records of these names."""
        missing = dict.fromkeys(names)
        for record in known.records():
            called = [name for name in _names(record) if name in names]
            for name in called:
                missing.pop(name, None)
            if called:
                yield record
        for name in missing:
            titles = (one for record in known.records() for one in (*_names(record), record.title) if one)
            raise NotFound("access.no-record", name=name, uuid=self._holdings.uuid, near=_near(name, titles))

    def _with_those_above(self, known: PackageIndex, record: Record | None) -> None:
        while record is not None and self._note("record", record.id):
            record = known.record(record.parent) if record.parent is not None else None

    def _with_those_below(self, known: PackageIndex, record: Record) -> None:
        waiting = [record]
        while waiting:
            record = waiting.pop()
            if self._note("below", record.id):
                self._note("record", record.id)
                for path in record.paths:
                    self._note("path", path)
                waiting += known.children(record.id)

    def _note(self, kind: str, name: str) -> bool:
        """Note a name; False if it is noted already."""
        done = self._base.execute("INSERT OR IGNORE INTO noted VALUES (?, ?)", (kind, _key(name)))
        return done.rowcount == 1

    def _noted(self, kind: str, name: str) -> bool:
        found = self._base.execute("SELECT 1 FROM noted WHERE kind = ? AND name = ?", (kind, _key(name)))
        return found.fetchone() is not None


def _names(record: Record) -> Iterator[str]:
    """What a record may be asked for by."""
    yield record.id
    if record.reference:
        yield record.reference
    for identifier in record.identifiers:
        yield identifier.value
        if identifier.source:
            yield f"{identifier.source}:{identifier.value}"


def _near(name: str, names: Iterable[str]) -> str:
    """Return the names nearest to one."""
    # difflib looks at each of them once and keeps only the nearest
    found = difflib.get_close_matches(name, names, NEAREST * 2, 0.5)
    return "; ".join(list(dict.fromkeys(found))[:NEAREST]) or "–"


def _key(name: str) -> bytes:
    return name.encode("utf-8", "surrogatepass")

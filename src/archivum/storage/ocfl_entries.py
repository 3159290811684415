"""The digests and paths of inventories on disk, so that memory does not grow with the object."""

import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import groupby
from operator import itemgetter
from types import TracebackType
from typing import Any, Final, Self

from archivum.storage.durable import refused

CACHE_KIB: Final = 16_384

_SCHEMA: Final = f"""
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -{CACHE_KIB};
CREATE TABLE entry (id INTEGER PRIMARY KEY, digest TEXT, number INTEGER, path BLOB);
BEGIN;
"""
# an entry's id: 20 bits of its group, 17 of its block (a version), 26 of its own (67 million files)
_GROUP: Final = 43
_BLOCK: Final = 26

Entry = tuple[str | bytes, int, bytes]


class Entries:
    """A private database in a temporary file that has no name; SQLite keeps a small one in memory."""

    def __init__(self) -> None:
        self._base = sqlite3.connect("", isolation_level=None)
        self._base.executescript(_SCHEMA)
        self._groups = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._base.close()

    def group(self) -> "Group":
        """Return a new empty group of blocks."""
        self._groups += 1
        low = self._groups << _GROUP
        return Group(self._base, low, low + (1 << _GROUP) - 1)

    def insert(self, rows: Iterable[tuple[int, str | bytes, int, bytes]]) -> None:
        """Add rows made by :meth:`Block.row` of any blocks.

        Raises:
            Misconfigured: the disk for temporary files is full.
        """
        with _spilling():
            self._base.executemany("INSERT INTO entry VALUES (?, ?, ?, ?)", rows)


class Span:
    """The entries of one block or of a group of blocks."""

    def __init__(self, base: sqlite3.Connection, low: int, high: int) -> None:
        self._base, self._low, self._high = base, low, high

    @property
    def bounds(self) -> tuple[int, int]:
        """The first and the last id that an entry can have."""
        return self._low, self._high

    def select(self, columns: str, rest: str = "", *values: object) -> Iterator[Any]:
        """Yield columns of the entries.

        Raises:
            Misconfigured: the disk for temporary files is full.
        """
        text = f"SELECT {columns} FROM entry WHERE id BETWEEN ? AND ? {rest}"  # noqa: S608 (our own texts)
        return _query(self._base, text, self._low, self._high, *values)

    def lacking(self, columns: str, other: "Span") -> Iterator[Any]:
        """Yield what of some columns is here and not in the other span, sorted."""
        part = f"SELECT {columns} FROM entry WHERE id BETWEEN ? AND ?"  # noqa: S608 (our own texts)
        text = f"{part} EXCEPT {part} ORDER BY 1"
        return _query(self._base, text, self._low, self._high, other._low, other._high)

    def clear(self) -> None:
        """Forget the entries."""
        self._base.execute("DELETE FROM entry WHERE id BETWEEN ? AND ?", (self._low, self._high))


class Block(Span):
    """One object of an inventory that maps digests to paths: the manifest, a state, a digest's fixity.

    Digests are as the inventory spells them; an entry's ``number`` counts the members, so that a repeated one
    shows.
    """

    def __init__(self, base: sqlite3.Connection, low: int, high: int) -> None:
        super().__init__(base, low, high)
        self._last = low

    def row(self, entry: Entry) -> tuple[int, str | bytes, int, bytes]:
        """Return the next entry as a row."""
        self._last += 1
        return (self._last, *entry)

    def fill(self, entries: Iterable[Entry]) -> None:
        """Add entries.

        Raises:
            Misconfigured: the disk for temporary files is full.
        """
        with _spilling():
            self._base.executemany("INSERT INTO entry VALUES (?, ?, ?, ?)", map(self.row, entries))

    def by_digest(self) -> Iterator[tuple[str, list[bytes]]]:
        """Yield each digest with its paths, both sorted."""
        for digest, group in groupby(self.select("digest, path", "ORDER BY 1, 2"), itemgetter(0)):
            yield digest, [path for _, path in group]

    def beside(self, manifest: "Block") -> Iterator[tuple[str, list[bytes], list[bytes]]]:
        """Yield each digest with its paths here and its paths in a manifest, none if it is not there."""
        others = manifest.by_digest()
        other = next(others, None)
        for digest, paths in self.by_digest():
            while other is not None and other[0] < digest:
                other = next(others, None)
            yield digest, paths, other[1] if other is not None and other[0] == digest else []

    def by_path(self) -> Iterator[tuple[bytes, str]]:
        """Yield each path with its digest, sorted by path."""
        return self.select("path, digest", "ORDER BY 1, 2")


class Group(Span):
    """Blocks that are also asked together."""

    def __init__(self, base: sqlite3.Connection, low: int, high: int) -> None:
        super().__init__(base, low, high)
        self._next = low

    def block(self) -> Block:
        """Return a new empty block."""
        low = self._next
        self._next += 1 << _BLOCK
        return Block(self._base, low, low + (1 << _BLOCK) - 1)


def _query(base: sqlite3.Connection, text: str, *values: object) -> Iterator[Any]:
    try:
        # not `yield from`: it would close the cursor of a generator that is dropped after the database was
        for row in base.execute(text, values):  # noqa: UP028
            yield row
    except sqlite3.Error as error:
        raise refused(error, tempfile.gettempdir()) from error


@contextmanager
def _spilling() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise refused(error, tempfile.gettempdir()) from error

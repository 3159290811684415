"""The catalogue: a view of the journal in tables, which can be lost and made again, row for row the same."""

import errno
import hashlib
import os
from collections.abc import Iterable, Sequence
from typing import Final, Self

from sqlalchemy import Connection, insert, select, update

from archivum.catalogue import tables
from archivum.catalogue.database import Database
from archivum.catalogue.entry import ORIGIN, Entry, Head
from archivum.catalogue.folding import DetailsOf, chunks, show
from archivum.catalogue.journal import Journal
from archivum.catalogue.queries import Queries, applied
from archivum.errors import CorruptionFound, Misconfigured, Refused

_ENTRIES: Final = 100  # folded together; a transaction of catch_up
_BY_PAGES: Final = {"yield_per": 1000}
_ADVANCE: Final = update(tables.applied)


class Catalogue(Queries):
    """The catalogue in one database: :meth:`apply` adds what happened, the questions are inherited."""

    @classmethod
    def open(cls, url: str) -> Self:
        """Return the catalogue at an SQLAlchemy URL; it is connected to when it is first used.

        Raises:
            Misconfigured: this is not a URL of a database, or its driver is not installed.
        """
        return cls(Database(url))

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    @property
    def copied(self) -> bool:
        """Whether the database may not be written to, and what is shown is a copy of it, caught up."""
        return self._database.copied

    def check_writable(self) -> None:
        """Make sure that what happens can be shown in the database itself.

        Raises:
            Misconfigured: it may not be written to.
        """
        if self.copied:
            raise Misconfigured(
                "catalogue.read-only", place=self._database.name, reason=os.strerror(errno.EACCES)
            )

    def create(self) -> None:
        """Make the tables, empty, where there are none.

        Raises:
            Misconfigured: the database cannot be reached or written to, or has tables of another version.
        """
        with self._database.writing(create=True) as connection:
            tables.metadata.create_all(connection)
            if connection.execute(select(tables.applied)).first() is None:
                _begin(connection)
            applied(connection)

    def apply(self, entries: Iterable[Entry], details: DetailsOf) -> int:
        """Show entries of the journal in the tables, all or none, and return how many were new.

        ``details`` is asked, by UUID and kind, for what only the AIP knows, once, when a package becomes
        stored; where it returns None or its records cannot be read (CorruptionFound, NotFound), the accession
        stays without records and ``described`` is false. The tables do not show the package yet when it is
        asked.

        Raises:
            Refused: entries between the last one shown and the first of these are missing: catch up.
            CorruptionFound: the entries belong to another history than the one shown.
        """
        with self._database.writing() as connection:
            reached = applied(connection, lock=True)
            start = reached.seq
            for chunk in chunks(entries, _ENTRIES):
                fresh = _following(chunk, reached)
                if fresh:
                    show(connection, fresh, details)
                    reached = Head(0, fresh[-1].seq, fresh[-1].digest)
            if reached.seq > start:
                connection.execute(_ADVANCE, {"seq": reached.seq, "digest": reached.digest})
            return reached.seq - start

    def catch_up(self, journal: Journal, details: DetailsOf, fresh: Sequence[Entry] = ()) -> int:
        """Show all that the journal has and the tables have not, and return how many entries that were.

        ``fresh`` are entries just appended, which then need not be read again.

        Raises:
            CorruptionFound: the tables show what the journal does not have.
        """
        if fresh:
            try:
                return self.apply(fresh, details)
            except Refused as refusal:
                # another process has appended before and has not shown its entries yet
                if refusal.text_id != "catalogue.gap":
                    raise
        reached, head = self.applied(), journal.head()
        if reached.seq > head.seq:
            raise CorruptionFound("catalogue.beyond", seq=reached.seq, head=head.seq)
        if reached.seq == head.seq and reached.digest != head.digest:
            raise CorruptionFound("catalogue.differs", seq=reached.seq)
        missing = chunks(journal.entries(after=reached.seq), _ENTRIES)
        return sum(self.apply(chunk, details) for chunk in missing)

    def fingerprint(self) -> str:
        """Return a digest of all rows of all tables; "" if they cannot be read."""
        digest = hashlib.sha256()
        try:
            with self._database.reading() as connection:
                for table in tables.metadata.sorted_tables:
                    key = table.primary_key.columns or table.columns
                    digest.update(table.name.encode("utf-8"))
                    for row in connection.execute(select(table).order_by(*key), execution_options=_BY_PAGES):
                        digest.update(repr(tuple(row)).encode("utf-8", "backslashreplace"))
        except (Misconfigured, CorruptionFound):
            return ""
        return digest.hexdigest()

    def rebuild(self, journal: Journal, details: DetailsOf) -> int:
        """Empty the tables and show the whole journal in them; return how many entries that were.

        If it is cut short, catching up goes on where it ended.

        Raises:
            CorruptionFound: the journal or the database is damaged.
        """
        with self._database.writing(create=True) as connection:
            tables.metadata.drop_all(connection)
            tables.metadata.create_all(connection)
            _begin(connection)
        return self.catch_up(journal, details)


def _begin(connection: Connection) -> None:
    connection.execute(insert(tables.applied), {"layout": tables.LAYOUT, "seq": 0, "digest": ORIGIN})


def _following(chunk: Sequence[Entry], reached: Head) -> list[Entry]:
    """Return the entries beyond those shown, in one unbroken chain.

    Raises:
        Refused, CorruptionFound: as :meth:`Catalogue.apply`.
    """
    fresh = []
    for entry in chunk:
        if entry.seq == reached.seq and entry.digest != reached.digest:
            raise CorruptionFound("catalogue.differs", seq=entry.seq)
        if entry.seq <= reached.seq:
            continue
        if entry.seq != reached.seq + 1:
            raise Refused("catalogue.gap", seq=reached.seq, next=entry.seq)
        if entry.previous != reached.digest:
            raise CorruptionFound("catalogue.differs", seq=reached.seq)
        fresh.append(entry)
        reached = Head(0, entry.seq, entry.digest)
    return fresh

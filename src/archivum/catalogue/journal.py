"""The journal: everything that happened, appended and never changed, the same in every storage.

It lives under ``journal/`` in each storage (:mod:`archivum.catalogue.segments`), line by line chained
(:mod:`archivum.catalogue.entry`). The first storage is written first and read; one that a crash left behind
is completed from it before anything new is added.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from archivum.catalogue import segments
from archivum.catalogue.entry import Entry, Head, write_line
from archivum.catalogue.lock import exclusive
from archivum.catalogue.verification import verify
from archivum.errors import CorruptionFound, Refused
from archivum.model import Event, Finding
from archivum.storage import Storage

PATIENCE = 30.0


class Journal:
    """The journal of one archive in all its storages.

    ``lock`` is a file on a local disk that every process working on the archive uses; ``patience`` is how
    many seconds to wait for it.
    """

    def __init__(self, storages: Sequence[Storage], lock: Path, *, patience: float = PATIENCE) -> None:
        self._first, *self._others = storages
        self._lock = lock
        self._patience = patience
        self._head: Head | None = None

    @property
    def _storages(self) -> list[Storage]:
        return [self._first, *self._others]

    def append(self, events: Sequence[Event]) -> list[Entry]:
        """Write events as one segment into every storage, and return them in their places.

        They are on the disk everywhere when this returns. If it fails on the way, they may be in the first
        storage already, and then the next call brings them to the others: look before appending them again.

        Raises:
            Busy: another process keeps the journal locked.
            CorruptionFound: a copy holds something else than the first, or more.
            Misconfigured: a storage cannot be written to.
        """
        if not events:
            return []
        with exclusive(self._lock, self._patience):
            head = self._settle()
            number, seq, previous = head.segment + 1, head.seq, head.digest
            entries, lines = [], []
            for event in events:
                entry, line = write_line(event, seq + 1, previous)
                seq, previous = entry.seq, entry.digest
                entries.append(entry)
                lines.append(line)
            segment = b"".join(lines)
            for storage in self._storages:
                _put(storage, number, segment)
            self._head = Head(number, seq, previous)
        return entries

    def head(self) -> Head:
        """Return the end of the journal as the first storage has it.

        Raises:
            CorruptionFound: its end is not as it was written, or is gone since it was last seen.
        """
        known = self._head or Head()
        if known.segment and not self._first.exists(segments.key(known.segment)):
            raise segments.lost(self._first, known.segment)
        first = self._first
        number = segments.last_from(first, known.segment) if known.segment else segments.last(first)
        if number == known.segment:
            return known
        return segments.head_of(segments.read(first, number), number, first)

    def entries(self, after: int = 0) -> Iterator[Entry]:
        """Yield the entries of the first storage with a ``seq`` beyond ``after``, each checked as it is read.

        Raises:
            CorruptionFound: a segment is lost or the chain is broken.
            Misconfigured: an event is of a kind that only a newer version knows.
        """
        return segments.entries(self._first, after, self.head().segment)

    def verify(self, known: Head | None = None) -> Iterator[Finding]:
        """Read every copy of the journal whole, and yield what is wrong with it; nothing if all is well.

        ``known`` is an end of the journal that was noted elsewhere (in the catalogue, in a time-stamp): only
        it tells that all copies were cut off or written anew alike.
        """
        return verify(self._storages, known)

    def behind(self) -> list[str]:
        """Return the names of the storages whose copy ends before the longest; nothing is read or changed."""
        ends = {storage.name: _end(storage) for storage in self._storages}
        return [name for name, end in ends.items() if end < max(ends.values())]

    def heal(self) -> list[tuple[str, str]]:
        """Complete every copy from the others, and return the storage and the key of each segment added.

        Every segment is read and its chain checked first; nothing that is there is changed.

        Raises:
            CorruptionFound: no copy has a segment, copies differ, or the chain is broken: a person decides
                which copy is right and sets the other aside.
        """
        added: list[tuple[str, str]] = []
        with exclusive(self._lock, self._patience):
            self._head = None
            head = Head()
            for number in range(1, max(map(_end, self._storages)) + 1):
                head = self._complete(number, head, added)
        return added

    def settle(self) -> None:
        """Complete what a killed append has begun: bring its segment to every storage, and tidy up.

        Raises:
            Busy, CorruptionFound, Misconfigured: as :meth:`append`.
        """
        with exclusive(self._lock, self._patience):
            for storage in self._storages:
                storage.tidy()
            self._settle()

    def _complete(self, number: int, head: Head, added: list[tuple[str, str]]) -> Head:
        """Bring one segment to every storage that lacks it, and return the head it makes."""
        key = segments.key(number)
        there = [storage.exists(key) for storage in self._storages]
        holders = [storage for storage, has in zip(self._storages, there, strict=True) if has]
        if not holders:
            raise segments.lost(self._first, number)
        segment = segments.read(holders[0], number)
        for line in segments.follow(segment, number, head, holders[0]):
            head = Head(number, line.seq, line.digest)
        for storage, has in zip(self._storages, there, strict=True):
            if not has:
                _put(storage, number, segment)
                added.append((storage.name, key))
            elif segments.read(storage, number) != segment:
                raise _forked(storage, number)
        return head

    def _settle(self) -> Head:
        """Return the head after making sure that every storage has it and nothing beyond; locked."""
        head = self.head()
        for storage in self._others:
            if storage.exists(segments.key(head.segment + 1)):
                raise CorruptionFound("catalogue.ahead", storage=storage.name, first=self._first.name)
            if head is not self._head:
                self._catch_up(storage, head)
        return head

    def _catch_up(self, storage: Storage, head: Head) -> None:
        """Bring what a crash kept from a storage; what it has must be what the first storage has."""
        number = head.segment
        if not number:
            return
        if storage.exists(segments.key(number)):
            if segments.read(storage, number) != segments.read(self._first, number):
                raise _forked(storage, number)
            return
        number = segments.last(storage)
        reached = Head()
        if number:
            segment = segments.read(storage, number)
            if segment != segments.read(self._first, number):
                raise _forked(storage, number)
            reached = segments.head_of(segment, number, storage)
        for missing in range(number + 1, head.segment + 1):
            segment = segments.read(self._first, missing)
            for line in segments.follow(segment, missing, reached, self._first):
                reached = Head(missing, line.seq, line.digest)
            _put(storage, missing, segment)


def _put(storage: Storage, number: int, segment: bytes) -> None:
    """Store a segment; finding the very same one in its place is as good."""
    try:
        storage.put(segments.key(number), segment)
    except Refused as error:
        if segments.read(storage, number) != segment:
            raise _forked(storage, number) from error


def _end(storage: Storage) -> int:
    """Return the number of the last segment, whatever is missing before it."""
    return max((segments.number_of(key) or 0 for key, _ in storage.list(segments.FOLDER)), default=0)


def _forked(storage: Storage, number: int) -> CorruptionFound:
    """Return the error that a storage holds another history."""
    return CorruptionFound("catalogue.forked", storage=storage.name, place=segments.key(number))

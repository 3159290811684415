"""Whether every copy of the journal is what was written: each checked alone, all compared."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from archivum.catalogue import segments
from archivum.catalogue.entry import Head, Line, Unreadable
from archivum.errors import ArchivumError, NotFound
from archivum.model import Finding, Verdict
from archivum.storage import Storage


@dataclass(slots=True)
class _Copy:
    """One copy on its way through verification.

    ``end`` is its last segment; ``at`` the entry reached, None after something that hides what came before.
    """

    storage: Storage
    end: int = 0
    at: Head | None = field(default_factory=Head)
    known: Head | None = None
    seen: bool = False

    def finding(self, code: str, subject: str = "", where: str = "", **params: str | int) -> Finding:
        return Finding(
            code,
            Verdict.FAILED,
            subject=subject,
            where=where,
            params={"storage": self.storage.name, **params},
        )

    def not_checked(self, subject: str, error: Exception) -> Finding:
        self.at = None
        reason = error.text() if isinstance(error, ArchivumError) else str(error)
        return Finding(
            "journal-not-checked",
            Verdict.INDETERMINATE,
            subject=subject,
            params={"storage": self.storage.name, "reason": reason},
        )

    def listed(self) -> Iterator[Finding]:
        """Find the end, and yield what lies there that is no segment."""
        try:
            for key, _ in self.storage.list(segments.FOLDER):
                number = segments.number_of(key)
                if number is None:
                    yield self.finding("journal-foreign", key)
                else:
                    self.end = max(self.end, number)
        except (ArchivumError, OSError) as error:
            self.end = 0
            yield self.not_checked(segments.FOLDER, error)

    def segment(self, number: int) -> tuple[bytes | None, list[Finding]]:
        """Return a segment (None if it cannot be had) and what is wrong with it by itself."""
        if number > self.end:
            return None, []
        key = segments.key(number)
        try:
            data = segments.read(self.storage, number)
        except NotFound:
            self.at = None
            return None, [self.finding("journal-lost", key)]
        except (ArchivumError, OSError) as error:
            return None, [self.not_checked(key, error)]
        return data, list(self._lines(data, key, number))

    def _lines(self, data: bytes, key: str, number: int) -> Iterator[Finding]:
        lines = data.removesuffix(b"\n").split(b"\n")
        if not data.endswith(b"\n"):
            yield self.finding("journal-unreadable", key, str(len(lines)))
        for position, text in enumerate(lines, 1):
            try:
                line = Line.read(text)
            except Unreadable:
                self.at = None
                yield self.finding("journal-unreadable", key, str(position))
                continue
            yield from self._line(line, key, str(position))
            self.at = Head(number, line.seq, line.digest)

    def _line(self, line: Line, key: str, where: str) -> Iterator[Finding]:
        if not line.true:
            yield self.finding("journal-edited", key, where, seq=line.seq)
        if self.at is not None and line.seq != self.at.seq + 1:
            yield self.finding("journal-order", key, where, seq=line.seq, expected=self.at.seq + 1)
        elif self.at is not None and line.previous != self.at.digest:
            yield self.finding("journal-broken", key, where, seq=line.seq)
        if self.known is not None and line.seq == self.known.seq:
            self.seen = True
            if line.digest != self.known.digest:
                yield self.finding("journal-rewritten", key, where, seq=line.seq)


def verify(storages: Sequence[Storage], known: Head | None) -> Iterator[Finding]:
    """Yield what is wrong with the copies of a journal; one segment of each is in memory at a time."""
    copies = [_Copy(storage, known=known) for storage in storages]
    for copy in copies:
        yield from copy.listed()
    end = max(copy.end for copy in copies)
    for number in range(1, end + 1):
        yield from _segment(copies, number)
    for copy in copies:
        unread = copy.end == 0 and copy.at is None
        if copy.end < end and not unread:
            yield copy.finding("journal-behind", segments.key(copy.end + 1), last=copy.end, others=end)
        if known is not None and known.seq and not copy.seen and not unread:
            yield copy.finding("journal-truncated", seq=known.seq)


def _segment(copies: list[_Copy], number: int) -> Iterator[Finding]:
    """Check one segment in every copy; those that are sound by themselves must be the same."""
    sound: tuple[_Copy, bytes] | None = None
    for copy in copies:
        data, findings = copy.segment(number)
        yield from findings
        if data is None or findings:
            continue
        if sound is None:
            sound = copy, data
        elif data != sound[1]:
            yield copy.finding("journal-fork", segments.key(number), other=sound[0].storage.name)

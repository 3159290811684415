"""The journal's form: one event a line, each line bound to the one before by its digest.

A line is one JSON object in canonical form (:func:`archivum.plain.canonical`) and a line feed::

    {"digest":"…","event":{…},"previous":"…","seq":17}

``seq`` counts events from 1. ``previous`` is the digest of the line before, 128 zeros for the first line.
``digest`` is the SHA-512 of the line without its first member and without the line feed, so the digest of
line 17 covers the event, its number and, through ``previous``, everything before it. It can be recomputed
without this program::

    sed -n 1p 001.jsonl | sed 's/"digest":"[0-9a-f]*",//' | tr -d '\\n' | sha512sum

SHA-512 because it is what manifests, inventories and time-stamps of the archive already stand on: one
algorithm to watch and to renew. The line's own digest finds a changed byte in the last line too, which no
later line speaks of.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from archivum.model import Event
from archivum.plain import canonical, from_plain, to_plain

ORIGIN: Final = "0" * 128
_LINE: Final = re.compile(rb'\{"digest":"([0-9a-f]{128})",(?="event":)')


class Unreadable(ValueError):
    """Bytes in the place of a line that do not have a line's form."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An event in its place in the journal; digests are SHA-512, lower-case hex."""

    seq: int
    previous: str
    event: Event
    digest: str


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a journal: its last segment's number, its last entry's number and digest."""

    segment: int = 0
    seq: int = 0
    digest: str = ORIGIN


@dataclass(frozen=True, slots=True)
class Line:
    """A line as it stands in a file: what it says of itself, and ``actual``, the digest it really has."""

    seq: int
    previous: str
    digest: str
    actual: str
    event: Mapping[str, Any]

    @classmethod
    def read(cls, data: bytes) -> Self:
        """Return what a line without its line feed says.

        Raises:
            Unreadable: the bytes do not have the form of a line.
        """
        start = _LINE.match(data)
        if start is None:
            raise Unreadable
        try:
            plain = json.loads(data)
        except ValueError as error:
            raise Unreadable from error
        seq, previous, event = plain.get("seq"), plain.get("previous"), plain.get("event")
        if len(plain) != 4 or type(seq) is not int or type(previous) is not str or type(event) is not dict:
            raise Unreadable
        rest = hashlib.sha512(b"{")
        rest.update(memoryview(data)[start.end() :])
        return cls(seq, previous, start[1].decode("ascii"), rest.hexdigest(), event)

    @property
    def true(self) -> bool:
        """Whether the line is as it was written."""
        return self.digest == self.actual

    def entry(self) -> Entry:
        """Return the entry that the line holds.

        Raises:
            ValueError, TypeError, KeyError: this version does not know such an event.
        """
        return Entry(self.seq, self.previous, from_plain(Event, self.event), self.digest)


def write_line(event: Event, seq: int, previous: str) -> tuple[Entry, bytes]:
    """Return the entry for an event, and its line with the line feed."""
    rest = canonical({"event": to_plain(event), "previous": previous, "seq": seq})
    digest = hashlib.sha512(rest).hexdigest()
    return Entry(seq, previous, event, digest), b'{"digest":"%s",%s\n' % (digest.encode("ascii"), rest[1:])


def split(segment: bytes) -> list[bytes]:
    """Return the lines of a segment without their line feeds.

    Raises:
        Unreadable: the segment is empty or its last line is cut off.
    """
    *lines, rest = segment.split(b"\n")
    if rest or not lines:
        raise Unreadable
    return lines

"""Where the journal lies in a storage: numbered segments, each written once and never changed.

Segment 1 is ``journal/000/000/001.jsonl``, segment 1 234 567 is ``journal/001/234/567.jsonl``: no folder
ever holds more than a thousand names.
"""

import re
from collections.abc import Iterator
from itertools import count
from typing import Final

from archivum.catalogue.entry import Entry, Head, Line, Unreadable, split
from archivum.errors import CorruptionFound, Misconfigured
from archivum.storage import Storage

FOLDER: Final = "journal"
_KEY: Final = re.compile(rf"{FOLDER}/([0-9]{{3}})/([0-9]{{3}})/([0-9]{{3}})\.jsonl")


def key(number: int) -> str:
    """Return the key of a segment."""
    digits = f"{number:09d}"
    return f"{FOLDER}/{digits[:3]}/{digits[3:6]}/{digits[6:]}.jsonl"


def number_of(place: str) -> int | None:
    """Return the number of the segment at a key, None if it is not the key of a segment."""
    match = _KEY.fullmatch(place)
    return int("".join(match.groups())) or None if match else None


def read(storage: Storage, number: int) -> bytes:
    """Return the bytes of a segment.

    Raises:
        NotFound: there is no such segment.
    """
    with storage.open(key(number)) as file:
        return file.read()


def last(storage: Storage) -> int:
    """Return the number of the last segment, 0 if there is none; only the last folder is listed.

    Raises:
        CorruptionFound: the last folder has a gap.
    """
    return _last_below(storage, FOLDER, 2)


def last_from(storage: Storage, known: int) -> int:
    """Return the number of the last segment, given one that is known to be there (or 0)."""
    step = 1
    while storage.exists(key(known + step)):
        known, step = known + step, step * 2
    while step > 1:
        step //= 2
        if storage.exists(key(known + step)):
            known += step
    return known


def head_of(segment: bytes, number: int, storage: Storage) -> Head:
    """Return the head of a journal that ends with this segment.

    Raises:
        CorruptionFound: its last line is not as it was written.
    """
    try:
        line = Line.read(split(segment)[-1])
    except Unreadable as error:
        raise damaged(storage, number) from error
    if not line.true:
        raise damaged(storage, number)
    return Head(number, line.seq, line.digest)


def follow(segment: bytes, number: int, head: Head | None, storage: Storage) -> Iterator[Line]:
    """Yield the lines of a segment that follows on ``head`` (None: on whatever it says it follows).

    Raises:
        CorruptionFound: a line is not as it was written, or does not follow on the one before.
    """
    seq, previous = (head.seq, head.digest) if head else (None, None)
    try:
        for data in split(segment):
            line = Line.read(data)
            follows = seq is None or (line.seq == seq + 1 and line.previous == previous)
            if not (follows and line.true):
                raise damaged(storage, number)
            seq, previous = line.seq, line.digest
            yield line
    except Unreadable as error:
        raise damaged(storage, number) from error


def entries(storage: Storage, after: int, end: int) -> Iterator[Entry]:
    """Yield the entries with a ``seq`` beyond ``after`` up to the end of segment ``end``, checked as read.

    Raises:
        CorruptionFound: a segment is lost or the chain is broken.
        Misconfigured: an event is of a kind that only a newer version knows.
    """
    head = None if after else Head()
    for number in range(_holding(storage, after + 1, end), end + 1):
        for line in follow(_kept(storage, number), number, head, storage):
            head = Head(number, line.seq, line.digest)
            if line.seq > after:
                yield _entry(line, number, storage)


def damaged(storage: Storage, number: int) -> CorruptionFound:
    """Return the error that a segment is not as it was written."""
    return CorruptionFound("catalogue.damaged", storage=storage.name, place=key(number))


def lost(storage: Storage, number: int) -> CorruptionFound:
    """Return the error that a segment is lost."""
    return CorruptionFound("catalogue.lost", storage=storage.name, place=key(number))


def _last_below(storage: Storage, prefix: str, depth: int) -> int:
    """Return the last segment's number below a folder; a run killed early may leave empty folders."""
    if depth == 0:
        return _last_of(storage, prefix)
    parts = 0
    while storage.exists(f"{prefix}/{parts:03d}"):
        parts += 1
    for part in reversed(range(parts)):
        if found := _last_below(storage, f"{prefix}/{part:03d}", depth - 1):
            return found
    return 0


def _last_of(storage: Storage, folder: str) -> int:
    numbers = sorted(n for place, _ in storage.list(folder) if (n := number_of(place)) is not None)
    if not numbers:
        return 0
    first = max(1, numbers[-1] // 1000 * 1000)
    for expected, number in zip(count(first), numbers, strict=False):
        if number != expected:
            raise lost(storage, expected)
    return numbers[-1]


def _holding(storage: Storage, seq: int, end: int) -> int:
    """Return the number of the segment that holds an entry; ``end`` + 1 if it lies beyond.

    Searched from the end, because what is asked for is nearly always among the last.
    """
    if seq == 1:
        return 1
    high, step = end + 1, 1
    while (low := max(1, high - step)) > 1 and _first_seq(storage, low) > seq:
        high, step = low, step * 2
    while high - low > 1:
        middle = (low + high) // 2
        if _first_seq(storage, middle) > seq:
            high = middle
        else:
            low = middle
    return low


def _first_seq(storage: Storage, number: int) -> int:
    if not storage.exists(key(number)):
        raise lost(storage, number)
    with storage.open(key(number)) as file:
        first = file.readline()
    try:
        return Line.read(first.removesuffix(b"\n")).seq
    except Unreadable as error:
        raise damaged(storage, number) from error


def _kept(storage: Storage, number: int) -> bytes:
    if not storage.exists(key(number)):
        raise lost(storage, number)
    return read(storage, number)


def _entry(line: Line, number: int, storage: Storage) -> Entry:
    try:
        return line.entry()
    except (ValueError, TypeError, KeyError) as error:
        place = f"{storage.name}: {key(number)}"
        raise Misconfigured("catalogue.newer", place=place, seq=line.seq) from error

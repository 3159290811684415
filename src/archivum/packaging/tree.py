"""The records of a package as a tree that is walked, not held."""

import re
from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from archivum.model import Level, Record
from archivum.packaging.index import PackageIndex
from archivum.packaging.writing import one_line

# XML parsers refuse to go deeper than 256 elements unless they are told to; what is deeper lies beside it.
DEEPEST: Final = 200

# a year, a month, a day or a moment; the zones of xs:date and of moments are left aside, the day is meant
_DATE: Final = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})(?:T.*|Z|[+-][0-9]{2}:[0-9]{2})?)?)?")
# the keys of a record's dates, by what says it best
_STARTS: Final = ("opened", "created", "from", "received")
_ENDS: Final = ("closed", "to")
_MOMENTS: Final = (Level.DOCUMENT, Level.COMPONENT, Level.FOLDER, Level.PACKAGE)
FRAMES: Final = (  # what is older than what is filed in it, and goes on after it
    Level.PLAN,
    Level.GROUP,
    Level.TYPE_FILE,
)


@dataclass(frozen=True, slots=True)
class Span:
    """A span of days as far as a date is given: ``format`` is ``Y``, ``YM`` or ``D`` (AP2023 obs55)."""

    format: str
    text: str
    first: date
    last: date


@dataclass(slots=True)
class Outline:
    """What is known of a tree of records once it was walked.

    ``below`` are the levels that stand directly below a level; ``first`` and ``last`` the outermost days of
    what is described, without plans, groups and type files, which are older than what is filed in them.
    """

    tops: list[Level] = field(default_factory=list)
    below: dict[Level, set[Level]] = field(default_factory=dict)
    first: date | None = None
    last: date | None = None

    def note(self, record: Record, above: Level | None) -> None:
        """Take a record into account."""
        if above is None:
            self.tops.append(record.level)
        else:
            self.below.setdefault(above, set()).add(record.level)
        if record.level in FRAMES or not record.dates:
            return
        for span in filter(None, (start_of(record.dates), end_of(record.dates))):
            self.first = min(self.first or span.first, span.first)
            self.last = max(self.last or span.last, span.last)


def walk(index: PackageIndex) -> Iterator[tuple[bool, Record]]:
    """Yield every record twice: with True before the records below it, with False after them."""
    open_records: list[tuple[Record | None, Iterator[Record]]] = [(None, index.children(None))]
    depth = 0
    while open_records:
        record, below = open_records[-1]
        child = next(below, None)
        if child is None:
            open_records.pop()
            if record is not None:
                depth -= 1
                yield False, record
            continue
        yield True, child
        if depth < DEEPEST:
            depth += 1
            open_records.append((child, index.children(child.id)))
        else:
            yield False, child
            open_records.append((None, index.children(child.id)))


def outline_of(index: PackageIndex) -> Outline:
    """Return what there is to know of the tree of a package's records."""
    outline = Outline()
    above: list[Level] = []
    for begins, record in walk(index):
        if begins:
            outline.note(record, above[-1] if above else None)
            above.append(record.level)
        else:
            above.pop()
    return outline


def title_of(record: Record) -> str:
    """Return what a unit is called: its title, else what identifies it."""
    values = (identifier.value for identifier in record.identifiers)
    for name in (record.title, record.reference, *values, record.id):
        if line := one_line(name):
            return line
    return str(record.level)


def span_of(text: str) -> Span | None:
    """Return the span of a year, month, day or moment (ISO 8601), None for anything else."""
    match = _DATE.fullmatch(text.strip())
    if match is None:
        return None
    year, month, day = (int(part) if part else None for part in match.groups())
    try:
        first = date(year or 0, month or 1, day or 1)
        last = first if day else date(first.year, month or 12, monthrange(first.year, month or 12)[1])
    except ValueError:
        return None
    return Span("D" if day else "YM" if month else "Y", text.strip(), first, last)


def start_of(dates: Mapping[str, str]) -> Span | None:
    """Return when what is described began."""
    return _first_of(dates, _STARTS)


def end_of(dates: Mapping[str, str]) -> Span | None:
    """Return when what is described ended, if that is said."""
    return _first_of(dates, _ENDS)


def is_moment(level: Level) -> bool:
    """Whether what begins at this level ends with it, unless told otherwise."""
    return level in _MOMENTS


def _first_of(dates: Mapping[str, str], keys: tuple[str, ...]) -> Span | None:
    return next((span for key in keys if (span := span_of(dates.get(key, "")))), None)

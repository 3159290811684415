"""How much of each format all stored AIPs hold together."""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, RowMapping, Select, case, func, select

from archivum.catalogue import tables
from archivum.model import State, Verdict


@dataclass(frozen=True, slots=True)
class Share:
    """So many files, with the bytes of that format in so many AIPs that hold any of them."""

    files: int
    size: int
    packages: int


@dataclass(frozen=True, slots=True)
class FormatTotals:
    """A format in all stored AIPs; ``puid`` is "" for files whose format is not known.

    ``whole`` is all of it, ``unsure`` what was identified by its name only or with a contradiction. The
    others are as :func:`archivum.catalogue.uses.uses` counts them; ``untold`` are files of which is not known
    whether they meet what the policy demanded.
    """

    puid: str
    name: str
    version: str
    mime: str
    whole: Share
    unsure: Share
    valid: Share
    well_formed: Share
    faulty: Share
    met: Share
    unmet: Share
    untold: Share


_SHARES: Final = ("whole", "unsure", "valid", "well_formed", "faulty", "met", "unmet", "untold")
_PARTS: Final = ("files", "size", "packages")


def question() -> Select[Any]:
    """Return the question for all formats, in the order of their PUIDs."""
    format_, package = tables.format_.c, tables.package.c
    counts: dict[str, ColumnElement[int]] = {
        "whole": format_.files,
        "unsure": case((format_.verdict != Verdict.PASSED.value, format_.files), else_=0),
        "untold": format_.files - format_.met - format_.unmet,
        **{name: format_[name] for name in ("valid", "well_formed", "faulty", "met", "unmet")},
    }
    columns: list[ColumnElement[Any]] = []
    for name in _SHARES:
        count = counts[name]
        columns += [
            func.coalesce(func.sum(count), 0).label(f"{name}_files"),
            func.coalesce(func.sum(case((count > 0, format_.size), else_=0)), 0).label(f"{name}_size"),
            func.count(func.distinct(case((count > 0, format_.uuid)))).label(f"{name}_packages"),
        ]
    # releases of PRONOM may call a format otherwise; any of the names will do
    texts = [func.max(format_[name]).label(name) for name in ("name", "version", "mime")]
    return (
        select(format_.puid, *texts, *columns)
        .join(tables.package, package.uuid == format_.uuid)
        .where(package.state == State.STORED.value)
        .group_by(format_.puid)
        .order_by(format_.puid)
    )


def totals_of(row: RowMapping) -> FormatTotals:
    """Return the totals of a format that a row of the answer holds."""
    # a sum of 64-bit numbers is a decimal in PostgreSQL
    shares = {name: Share(*(int(row[f"{name}_{part}"]) for part in _PARTS)) for name in _SHARES}
    texts: dict[str, Any] = {name: row[name] for name in ("puid", "name", "version", "mime")}
    return FormatTotals(**texts | shares)

"""The files of an AIP that there is a conversion for, by what its PREMIS says of them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lxml.etree import _Element

from archivum.errors import CorruptionFound
from archivum.formats.table import Conversion, FormatTable
from archivum.packaging.czdax_context import PREMIS, SUBMISSION
from archivum.packaging.writing import Names
from archivum.packaging.xml import Document
from archivum.storage.durable import create, world
from archivum.stored.holdings import Held, Holdings, pieces

_PREMIS: Final = "{http://www.loc.gov/premis/v3}"
_MIGRATION: Final = re.compile(r"representations/(migration-(\d+))/")


@dataclass(frozen=True, slots=True)
class Known:
    """What PREMIS says of the format of a file."""

    puid: str
    name: str

    def __str__(self) -> str:
        return f"{self.name} ({self.puid})"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A submitted file that there is a conversion for."""

    path: str
    held: Held
    format: Known
    conversion: Conversion


def candidates(holdings: Holdings, table: FormatTable, purpose: str, place: Path) -> Iterator[Candidate]:
    """Yield, sorted by their paths, the files to be converted that were not for this purpose before.

    Raises:
        CorruptionFound: the AIP is damaged.
        Misconfigured: the disk is full or fails.
    """
    formats, done = _told(_copy(holdings, place), table, purpose)
    names, start = Names(holdings.uuid), f"data/{holdings.uuid}/{SUBMISSION}"
    for held in holdings.files(start):
        path = held.path.removeprefix(start)
        identifier = names.of("file", f"{SUBMISSION}{path}")
        known = formats.get(identifier)
        conversion = table.conversion(known.puid, purpose) if known else None
        if known is not None and conversion is not None and identifier not in done:
            yield Candidate(path, held, known, conversion)


def next_name(holdings: Holdings) -> str:
    """Return the name of the next representation."""
    start = f"data/{holdings.uuid}/"
    found = (_MIGRATION.match(held.path, len(start)) for held in holdings.files(f"{start}representations/m"))
    return f"migration-{max((int(match[2]) for match in found if match), default=0) + 1}"


def _copy(holdings: Holdings, place: Path) -> Path:
    """Copy PREMIS.xml to where it can be parsed."""
    copy = place / "PREMIS.xml"
    held = holdings.file(f"data/{holdings.uuid}/{PREMIS}")
    with world(copy), create(copy) as target, holdings.reading(held) as outgoing:
        target.writelines(pieces(outgoing))
    return copy


def _told(premis: Path, table: FormatTable, purpose: str) -> tuple[Mapping[str, Known], set[str]]:
    """Return the formats of files that there is a conversion for, and the files that have been converted."""
    formats: dict[str, Known] = {}
    made: list[tuple[str, str]] = []
    events: set[str] = set()
    document = Document(premis, premis.name)
    for piece in document.pieces(frozenset((f"{_PREMIS}object", f"{_PREMIS}event"))):
        if piece.tag == f"{_PREMIS}event":
            if _text(piece, ".//eventDetail").startswith(f"purpose: {purpose};"):
                events.add(_text(piece, ".//eventIdentifierValue"))
            continue
        puid = _text(piece, ".//formatRegistryKey")
        if table.conversion(puid, purpose):
            name = " ".join(filter(None, (_text(piece, ".//formatName"), _text(piece, ".//formatVersion"))))
            formats[_text(piece, ".//objectIdentifierValue")] = Known(puid, name)
        source = _text(piece, ".//relatedObjectIdentifierValue")
        if source:
            made.append((source, _text(piece, ".//relatedEventIdentifierValue")))
    if document.broken:
        raise CorruptionFound("access.unreadable", path=PREMIS)
    return formats, {source for source, event in made if event in events}


def _text(element: _Element, path: str) -> str:
    head, slashes, name = path.rpartition("/")
    return element.findtext(f"{head}{slashes}{_PREMIS}{name}") or ""

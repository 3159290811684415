"""What the metadata of an AIP tell of it, read from the copies of them that go into a DIP."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import unquote_to_bytes

from lxml.etree import _Element

from archivum.errors import CorruptionFound
from archivum.model import Promise
from archivum.packaging.czdax_context import SUBMISSION, Fonds
from archivum.packaging.index import PackageIndex
from archivum.packaging.premis_reading import formats_of
from archivum.packaging.xml import Document

_METS: Final = "{http://www.loc.gov/METS/}"
_HREF: Final = "{http://www.w3.org/1999/xlink}href"
_PREMIS: Final = "{http://www.loc.gov/premis/v3}"
_OBJECT: Final = f"{_PREMIS}object"


def fonds_of(package_info: Path) -> Fonds:
    """Return the fonds that a PACKAGE-INFO.xml names.

    Raises:
        CorruptionFound: it cannot be read, or names none.
    """
    for piece in _pieces(package_info, _OBJECT):
        for identifier in piece.iter(f"{_PREMIS}objectIdentifier"):
            if _text(identifier, "objectIdentifierType") == "FONDS_ID":
                number = _text(identifier, "objectIdentifierValue")
                return Fonds(int(number), _text(piece, "originalName"))
    raise CorruptionFound("access.unreadable", path=package_info.name)


def note_dates(mets: Path, index: PackageIndex) -> None:
    """Take the media type and the time of creation of the files in the index from the METS of their AIP.

    Raises:
        CorruptionFound: it cannot be read.
    """
    for piece in _pieces(mets, f"{_METS}file"):
        place = piece.find(f"{_METS}FLocat")
        href = place.get(_HREF, "") if place is not None else ""
        path = os.fsdecode(unquote_to_bytes(href))
        inner = path.removeprefix(SUBMISSION)
        if inner != path and index.file(inner) is not None:
            index.add_promise(Promise(inner, mime=piece.get("MIMETYPE"), created=piece.get("CREATED")))


def note_formats(premis: Path, index: PackageIndex) -> None:
    """Take the formats of the files in the index from the PREMIS of their AIP, after their dates.

    Raises:
        CorruptionFound: it cannot be read.
    """
    index.set_formats(formats_of(premis, index))


def _pieces(place: Path, tag: str) -> Iterator[_Element]:
    document = Document(place, place.name)
    yield from document.pieces(frozenset((tag,)))
    if document.broken:
        raise CorruptionFound("access.unreadable", path=place.name)


def _text(element: _Element, path: str) -> str:
    return element.findtext(f"{_PREMIS}{path}") or ""

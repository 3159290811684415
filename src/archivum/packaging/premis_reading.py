"""PREMIS 3 read back: what the metadata of an AIP tell of its files."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from lxml.etree import _Element

from archivum.errors import CorruptionFound
from archivum.model import FormatMatch, Identification, Validation, Verdict
from archivum.packaging.index import PackageIndex
from archivum.packaging.xml import Document

_PREMIS: Final = "{http://www.loc.gov/premis/v3}"
_OBJECT: Final = f"{_PREMIS}object"
_FORMAT: Final = f"{_PREMIS}objectCharacteristics/{_PREMIS}format"
# as archivum.packaging.premis writes them
_VALIDATED: Final = re.compile(
    "well-formed: (passed|failed|indeterminate); valid: (passed|failed|indeterminate); (.*)"
)
_IDENTIFIED: Final = re.compile("(siegfried|fido); (.+)")
_UNSURE: Final = re.compile("(?:(disagreement)|extension|several|unconfirmed)(?:: .*)?")


def formats_of(premis: Path, index: PackageIndex) -> Iterator[tuple[str, Identification, Validation | None]]:
    """Yield the path, the format and the validation of the files that are in the index.

    With the identification come the engine and its signatures. The media type is that of the METS, where the
    index has it.

    Raises:
        CorruptionFound: it cannot be read.
    """
    document = Document(premis, premis.name)
    for piece in document.pieces(frozenset((_OBJECT,))):
        path = piece.findtext(f"{_PREMIS}originalName") or ""
        format_ = piece.find(_FORMAT)
        if format_ is not None and index.file(path) is not None:
            mime = next((promise.mime for promise in index.promises(path)), None) or ""
            notes = [note.text or "" for note in format_.iter(f"{_PREMIS}formatNote")]
            yield path, _identification(format_, mime, notes), _validation(notes)
    if document.broken:
        raise CorruptionFound("packaging.premis", path=premis.name)


def _identification(format_: _Element, mime: str, notes: list[str]) -> Identification:
    puid, name, version = (
        format_.findtext("/".join(f"{_PREMIS}{one}" for one in path)) or ""
        for path in (
            ("formatRegistry", "formatRegistryKey"),
            ("formatDesignation", "formatName"),
            ("formatDesignation", "formatVersion"),
        )
    )
    # what is not known has a name too, in the AIP's language
    match = FormatMatch(puid, name, version, mime) if puid else FormatMatch("", mime=mime)
    engine, signatures = next((said.groups() for said in map(_IDENTIFIED.fullmatch, notes) if said), ("", ""))
    unsure = next(filter(None, map(_UNSURE.fullmatch, notes)), None)
    verdict = Verdict.FAILED if unsure and unsure[1] else Verdict.INDETERMINATE
    if puid and not unsure:
        verdict = Verdict.PASSED
    return Identification((match,), verdict, engine, signatures, unsure[0] if unsure else "")


def _validation(notes: list[str]) -> Validation | None:
    """Return what validators said, as the notes of a format tell it."""
    start = next((i for i, note in enumerate(notes) if _VALIDATED.match(note)), None)
    if start is None or (said := _VALIDATED.match(notes[start])) is None:
        return None
    facts = dict(note.split(": ", 1) for note in notes[start + 1 :] if ": " in note)
    return Validation(Verdict(said[1]), Verdict(said[2]), tuple(said[3].split(", ")), facts=facts)

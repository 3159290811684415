"""Files embedded in PDF files, wherever they hang: name tree, annotations, associated files, collections."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pikepdf

from archivum.formats.validators.answer import INNER, INNER_BYTES, WARNING, Inner, fault, put
from archivum.formats.validators.pdf_objects import Entries, is_dictionary
from archivum.formats.validators.pdf_said import UNSEEN, Said
from archivum.formats.validators.pdf_streams import Incomplete, Undecodable, pieces

KEYS: Final = ("/UF", "/F", "/Unix", "/Mac", "/DOS")  # ISO 32000-1 table 44


class Embedded:
    """The embedded files of a document, put into the scratch folder; each stream once."""

    def __init__(self, scratch: str) -> None:
        self._scratch = scratch
        self._seen: set[tuple[int, int]] = set()
        self._bytes = 0
        self.found: list[Inner] = []
        self.count = 0

    def take(self, specification: Entries, where: str) -> Said:
        """Take out what a file specification (ISO 32000-1 §7.11.3) embeds."""
        files = specification.get("/EF")
        if not is_dictionary(files):
            return
        for stream in _streams(files):
            if stream.objgen not in self._seen:
                self._seen.add(stream.objgen)
                self.count += 1
                yield from self._put(stream, _name(specification) or where)

    def _put(self, stream: pikepdf.Object, path: str) -> Said:
        """Write one embedded file; one that cannot be decoded is told of with the other streams."""
        if len(self.found) >= INNER or self._bytes >= INNER_BYTES:
            yield UNSEEN, fault("inner-limit", WARNING, path, count=1)
            return
        size = 0
        file, place = put(self._scratch)
        with file:
            try:
                for piece in pieces(stream):
                    size += file.write(piece)
            except Incomplete:
                pass  # what is there of it can be judged
            except Undecodable:
                Path(place).unlink()
                return
        self._bytes += size
        self.found.append(Inner(place, path, size))


def _streams(files: pikepdf.Object) -> Iterator[pikepdf.Object]:
    for key in KEYS:
        stream = files.get(key)
        if isinstance(stream, pikepdf.Stream):
            yield stream


def _name(specification: Entries) -> str:
    """Return the name of an embedded file; what would not be a path inside stays readable and harmless."""
    for key in KEYS:
        if isinstance(name := specification.get(key), pikepdf.String):
            parts = (part for part in str(name).replace("\\", "/").split("/") if part not in ("", ".", ".."))
            return "/".join(parts).replace("\0", "")
    return ""

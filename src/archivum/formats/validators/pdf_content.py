"""What is asked of the streams of a PDF file: that they can be decoded, and that their data are all there."""

from collections.abc import Iterator
from typing import Final

import pikepdf

from archivum.formats.validators.answer import WARNING, fault
from archivum.formats.validators.pdf_fonts import wanting
from archivum.formats.validators.pdf_objects import Entries
from archivum.formats.validators.pdf_pictures import bytes_needed, is_jpeg, jpeg_wanting, pixel_bytes
from archivum.formats.validators.pdf_said import DOUBT, MALFORMED, UNSEEN, Said
from archivum.formats.validators.pdf_streams import Incomplete, TooLarge, Undecodable, pieces, whole

DECODED: Final = 4 << 30  # bytes decoded of one file in all: some ten seconds
PIXELS: Final = (
    1 << 30
)  # bytes of JPEG pictures decoded of one file in all: forty scanned pages, four seconds
FONT_BYTES: Final = 64 << 20
_EDGE: Final = 1 << 16
_FONT_FILES: Final = ("/FontFile2", "/FontFile3")


class Streams:
    """The streams of one document, decoded to their ends within limits."""

    def __init__(self) -> None:
        self._left = DECODED
        self._pixels = PIXELS

    def decoded(self, stream: pikepdf.Object, where: str) -> Said:
        """Decode a stream, and see whether a picture's data are enough."""
        head, tail, size = b"", b"", 0
        try:
            for piece in self._within(stream):
                size += len(piece)
                head, tail = head or piece[:2], (tail + piece)[-_EDGE:]
        except Incomplete:
            yield DOUBT, fault("pdf-stream-incomplete", where=where)
        except TooLarge:
            yield UNSEEN, fault("pdf-stream-too-large", WARNING, where)
            return
        except Undecodable as error:
            yield MALFORMED, fault("undecodable", where=where, reason=str(error))
            return
        damaged = is_jpeg(stream) and (jpeg_wanting(head, tail) or self._corrupt(stream))
        if damaged or size < bytes_needed(stream):
            yield DOUBT, fault("pdf-picture", where=where)

    def _corrupt(self, stream: pikepdf.Object) -> bool:
        """Whether libjpeg complains of a picture; those beyond the limit are known by their ends only."""
        self._pixels -= pixel_bytes(stream)
        if self._pixels < 0:
            return False
        try:
            stream.read_bytes(pikepdf.StreamDecodeLevel.all)
        except pikepdf.DataDecodingError as error:
            return "limit exceeded" not in str(error)
        except pikepdf.PdfError:  # a filter or a kind of JPEG that qpdf does not decode
            return False
        return False

    def _within(self, stream: pikepdf.Object) -> Iterator[bytes]:
        for piece in pieces(stream):
            self._left -= len(piece)
            if self._left < 0:
                raise TooLarge
            yield piece


def font(descriptor: Entries, where: str) -> Said:
    """Look at the font program that a font descriptor (ISO 32000-1 §9.9) embeds."""
    for key in _FONT_FILES:
        program = descriptor.get(key)
        if isinstance(program, pikepdf.Stream):
            try:
                damaged = wanting(whole(program, FONT_BYTES))
            except Undecodable:  # told of with the other streams
                continue
            if damaged:
                yield DOUBT, fault("pdf-font", where=where)


def profile(intent: Entries, where: str) -> Said:
    """Look at the colour profile of an output intent, whose first field is its size (ICC.1 §7.2.2)."""
    stream = intent.get("/DestOutputProfile")
    if isinstance(stream, pikepdf.Stream):
        try:
            data = whole(stream, FONT_BYTES)
        except Undecodable:
            return
        if len(data) < max(128, int.from_bytes(data[:4])):
            yield DOUBT, fault("pdf-colour-profile", where=where)

"""The streams of a PDF file, decoded in pieces, so that none expands beyond a limit before it is noticed.

qpdf decodes a stream only as a whole. FlateDecode, which nearly all streams use and which alone expands a
thousandfold, is therefore done here; the other filters are left to qpdf, under its own limits.
"""

import zlib
from collections.abc import Iterable, Iterator
from typing import Final

import pikepdf

STREAM: Final = 512 << 20  # bytes of one stream, as it lies in the file or decoded
LZW: Final = 4 << 20  # bytes of one stream in the file that may expand to the limit in one step
PIECE: Final = 1 << 20

FLATE: Final = frozenset(("/FlateDecode", "/Fl"))
# pictures are not decoded; they are looked at as they are
CODECS: Final = frozenset(
    ("/DCTDecode", "/DCT", "/JPXDecode", "/JBIG2Decode", "/CCITTFaxDecode", "/CCF", "/Crypt")
)
_KNOWN: Final = frozenset(
    ("/ASCIIHexDecode", "/AHx", "/ASCII85Decode", "/A85", "/LZWDecode", "/LZW", "/RunLengthDecode", "/RL")
)

pikepdf.settings.set_qpdf_limits(
    flate_max_memory=STREAM,
    png_max_memory=STREAM,
    tiff_max_memory=STREAM,
    run_length_max_memory=STREAM,
    dct_max_memory=STREAM,
    doc_max_warnings=1000,
)


class Undecodable(Exception):
    """The data of a stream are not what its filters say."""


class Incomplete(Undecodable):
    """The data of a stream end before they are complete; what is there could be decoded."""


class TooLarge(Undecodable):
    """A stream is larger than it may be; whether it can be decoded is not known."""


def filters(stream: pikepdf.Object) -> list[str]:
    """Return the names of a stream's filters (ISO 32000-1 §7.4), first to last."""
    named = stream.get("/Filter")
    if isinstance(named, pikepdf.Array):
        return [str(name) for name in named]
    return [] if named is None else [str(named)]


def pieces(stream: pikepdf.Object) -> Iterator[bytes]:
    """Yield the data of a stream, decoded by all its filters but the codecs of pictures.

    Raises:
        Undecodable: they cannot be decoded.
        Incomplete: they are cut off; raised after what is there.
        TooLarge: they are too large.
    """
    names = filters(stream)
    while names and names[-1] in CODECS:
        names.pop()
    if int(stream.get("/Length", 0)) > STREAM:
        raise TooLarge
    try:
        if all(name in FLATE for name in names):
            decoded: Iterable[bytes] = _cut(memoryview(stream.read_raw_bytes()))
            for _ in names:
                decoded = _inflated(decoded)
            yield from _limited(decoded)
        else:
            yield from _limited(_cut(memoryview(_by_qpdf(stream, names))))
    except pikepdf.PdfError as error:
        raise Undecodable(_reason(error)) from error


def whole(stream: pikepdf.Object, limit: int) -> bytes:
    """Return the decoded data of a stream of at most so many bytes.

    Raises:
        Undecodable: they cannot be decoded, or are more.
    """
    data = bytearray()
    for piece in pieces(stream):
        data += piece
        if len(data) > limit:
            raise TooLarge
    return bytes(data)


def _by_qpdf(stream: pikepdf.Object, names: list[str]) -> bytes:
    strange = [name for name in names if name not in FLATE | _KNOWN]
    if strange:
        raise Undecodable(f"filter {strange[0]}")
    if len(stream.read_raw_bytes()) > LZW:
        raise TooLarge
    if len(names) < len(filters(stream)):  # qpdf would decode the picture too, or nothing
        raise TooLarge
    try:
        return stream.read_bytes(pikepdf.StreamDecodeLevel.generalized)
    except pikepdf.DataDecodingError as error:
        if "limit exceeded" in str(error):
            raise TooLarge from error
        raise


def _cut(data: memoryview) -> Iterator[bytes]:
    for start in range(0, len(data), PIECE):
        yield bytes(data[start : start + PIECE])


def _limited(decoded: Iterable[bytes]) -> Iterator[bytes]:
    left = STREAM
    for piece in decoded:
        left -= len(piece)
        if left < 0:
            raise TooLarge
        yield piece


def _inflated(coded: Iterable[bytes]) -> Iterator[bytes]:
    """Undo FlateDecode (RFC 1950); what follows after the end of the compressed data is let be."""
    machine, empty = zlib.decompressobj(), True
    for piece in coded:
        left, full = piece, True
        while (left or full) and not machine.eof:
            empty = False
            try:
                data = machine.decompress(left, PIECE)
            except zlib.error as error:
                raise Undecodable(str(error)) from error
            left, full = machine.unconsumed_tail, len(data) == PIECE
            yield data
    if not machine.eof and not empty:
        raise Incomplete


def _reason(error: Exception) -> str:
    """Return qpdf's words without the file's name, which stands before them."""
    return str(error).rpartition("): ")[2]

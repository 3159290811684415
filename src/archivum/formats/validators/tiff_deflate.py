"""Strips and tiles that are compressed by Deflate (TIFF Technical Note 3), inflated to their last byte.

libtiff stops where it has the pixels it needs; the checksum comes after them.
"""

import zlib
from typing import Final

from archivum.formats.validators.octets import PIECE, Octets

COMPRESSIONS: Final = (8, 32946)


def wrong(file: Octets, offset: int, count: int, lengths: set[int]) -> str:
    """Return what is wrong with compressed bytes that must make one of these numbers of bytes, or nothing."""
    inflate, made, most = zlib.decompressobj(), 0, max(lengths)
    try:
        for piece in file.pieces(offset, count):
            left = piece
            while left and not inflate.eof:
                made += len(inflate.decompress(left, PIECE))
                if made > most:
                    return f"more than {most} bytes"
                left = inflate.unconsumed_tail
        made += len(inflate.flush())
    except zlib.error as error:
        return str(error)
    if made not in lengths:
        return f"{made} bytes, not {min(lengths)}"
    return "" if inflate.eof else "the stream does not end"

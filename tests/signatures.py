"""Signature files for siegfried, made from the one it is shipped with: the same formats by other names.

A ``.sig`` file is ``sf``, two bytes, two of its version, and a raw deflate stream (RFC 1951), in which texts
stand with their length before them. A PUID put in the place of one of the same length leaves all else as it
is: what is identified is then called otherwise, as after a release of PRONOM that has split a format.
"""

import zlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

import pygfried

_MAGIC: Final = b"sf\x00\xff"
_HEAD: Final = 6
_OURS: Final = b"_V125.xml"


@cache
def _shipped() -> tuple[bytes, bytes]:
    """Return head and content of the signatures inside the engine's library that name PRONOM itself."""
    library = Path(pygfried.__file__).read_bytes()
    place = library.find(_MAGIC)
    while place >= 0:
        try:
            content = zlib.decompressobj(-zlib.MAX_WBITS).decompress(library[place + _HEAD :])
        except zlib.error:
            content = b""
        if _OURS in content:
            return library[place : place + _HEAD], content
        place = library.find(_MAGIC, place + 1)
    raise LookupError("the engine has no signatures in it")


def signature_file(place: Path, renamed: Mapping[str, str], release: str = "V126") -> Path:
    """Write a release of signatures in which some PUIDs have others of the same length in their place."""
    head, content = _shipped()
    for old, new in ((_OURS.decode(), f"_{release}.xml"), *renamed.items()):
        assert len(old) == len(new)
        content = (
            content.replace(_told(old), _told(new))
            if old in renamed
            else content.replace(old.encode(), new.encode())
        )
    squeezed = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)
    place.write_bytes(head + squeezed.compress(content) + squeezed.flush())
    return place


def _told(puid: str) -> bytes:
    return len(puid).to_bytes(2, "little") + puid.encode()

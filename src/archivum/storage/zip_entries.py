"""What the entries of a ZIP file say of themselves (APPNOTE 6.3.10), wherever ZIP files are read."""

import lzma
import struct
import zipfile
import zlib
from typing import Final

ENCRYPTED: Final = 0x1 | 0x40  # APPNOTE 4.4.4, bits 0 and 6
METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
LOCAL_HEADER: Final = 30  # APPNOTE 4.3.7, without name and extra field
_UTF8: Final = 0x800  # APPNOTE 4.4.4, bit 11
_UNICODE_PATH: Final = 0x7075  # APPNOTE 4.6.9

# what reading a broken ZIP file raises
BROKEN: Final = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError,
    ValueError, RuntimeError, NotImplementedError, OverflowError, IndexError, KeyError,
)  # fmt: skip


def entry_name(info: zipfile.ZipInfo) -> str:
    """The entry's name: UTF-8 by flag, by extra field, or because its bytes are; else its raw bytes."""
    if info.flag_bits & _UTF8:
        return info.orig_filename
    raw = info.orig_filename.encode("cp437")
    return _unicode_path(info.extra, raw) or raw.decode("utf-8", "surrogateescape")


def _unicode_path(extra: bytes, raw: bytes) -> str:
    """The name in the Info-ZIP Unicode Path field, if it is there and speaks of this name."""
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<HH", extra)
        body, extra = extra[4 : 4 + length], extra[4 + length :]
        if kind == _UNICODE_PATH and len(body) > 5 and body[0] == 1:
            if struct.unpack_from("<L", body, 1)[0] != zlib.crc32(raw):
                return ""
            return body[5:].decode("utf-8", "surrogateescape")
    return ""


def overlapping(infos: list[zipfile.ZipInfo]) -> set[int]:
    """The entries (by ``id``) that share bytes of the file with another: how overlapping bombs are made."""
    found, end, last = set(), 0, None
    for info in sorted(infos, key=lambda one: one.header_offset):
        if last is not None and info.header_offset < end:
            found |= {id(info), id(last)}
        reach = (
            info.header_offset
            + LOCAL_HEADER
            + len(info.orig_filename.encode("cp437", "ignore"))
            + info.compress_size
        )
        if reach >= end:
            end, last = reach, info
    return found

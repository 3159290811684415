"""A ZIP file as a transfer (APPNOTE 6.3.10), read without unpacking it to anywhere."""

import lzma
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from archivum.storage.transfer import Damaged, Entry, EntryKind, Opener, Stamp, Unpacked

_ENCRYPTED: Final = 0x1 | 0x40  # APPNOTE 4.4.4, bits 0 and 6
_UTF8: Final = 0x800  # APPNOTE 4.4.4, bit 11
_UNICODE_PATH: Final = 0x7075  # APPNOTE 4.6.9
_UNIX: Final = 3  # APPNOTE 4.4.2.2
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
_LOCAL_HEADER: Final = 30  # APPNOTE 4.3.7, without name and extra field
_BROKEN: Final = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError,
    ValueError, RuntimeError, NotImplementedError, OverflowError, IndexError, KeyError,
)  # fmt: skip


def is_zip(path: Path) -> bool:
    """Whether a file begins like a ZIP file or is called one."""
    with path.open("rb", buffering=0) as file:
        return file.read(4) in (b"PK\x03\x04", b"PK\x05\x06") or path.suffix.lower() == ".zip"


class ZipTransfer:
    """A ZIP file that a producer sent."""

    container = "zip"

    def __init__(self, path: Path) -> None:
        self.name = path.name[: -len(path.suffix)] if path.suffix else path.name
        self._path = path
        self._stamp = Stamp.of(path.stat())
        self.size: int | None = self._stamp.size
        try:
            self._zip = zipfile.ZipFile(path)
        except _BROKEN as error:
            raise Damaged("container-damaged", "", str(error)) from error

    def entries(self, first: Callable[[str], bool]) -> Iterator[tuple[Entry, Opener]]:
        """Yield those that answer to ``first``, then the others, in the order they are stored."""
        overlapping = _overlapping(self._zip.infolist())
        stored = sorted(self._zip.infolist(), key=lambda info: info.header_offset)
        for guides in (True, False):
            for info in stored:
                entry = _entry(info, id(info) in overlapping)
                if not entry.path and entry.kind is EntryKind.FOLDER:
                    continue  # ./, the folder that all the others are in
                if first(entry.path) is guides:
                    yield entry, lambda info=info, path=entry.path: self._open(info, path)  # type: ignore[misc]

    def changes(self) -> Iterator[str]:
        """Yield "" if the file is not the one that was opened."""
        if not self._stamp.still_at(self._path):
            yield ""

    def close(self) -> None:
        """Close the file."""
        self._zip.close()

    def _open(self, info: zipfile.ZipInfo, path: str) -> Unpacked:
        try:
            return Unpacked(self._zip.open(info), path, _BROKEN)
        except _BROKEN as error:
            raise Damaged("container-damaged", path, str(error)) from error


def _entry(info: zipfile.ZipInfo, overlaps: bool) -> Entry:
    path = _name(info)
    mode = info.external_attr >> 16 if info.create_system == _UNIX else 0
    kind = EntryKind.FOLDER if path.endswith("/") else EntryKind.FILE
    if stat.S_ISLNK(mode):
        kind = EntryKind.LINK
    elif stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        kind = EntryKind.SPECIAL
    while path.startswith("./"):
        path = path[2:]
    return Entry(
        path=path.rstrip("/") or path,
        kind=kind,
        size=info.file_size,
        packed=info.compress_size,
        encrypted=bool(info.flag_bits & _ENCRYPTED),
        overlaps=overlaps,
        method="" if info.compress_type in _METHODS else str(info.compress_type),
    )


def _name(info: zipfile.ZipInfo) -> str:
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


def _overlapping(infos: list[zipfile.ZipInfo]) -> set[int]:
    """The entries (by ``id``) that share bytes of the file with another: how overlapping bombs are made."""
    found, end, last = set(), 0, None
    for info in sorted(infos, key=lambda one: one.header_offset):
        if last is not None and info.header_offset < end:
            found |= {id(info), id(last)}
        reach = (
            info.header_offset
            + _LOCAL_HEADER
            + len(info.orig_filename.encode("cp437", "ignore"))
            + info.compress_size
        )
        if reach >= end:
            end, last = reach, info
    return found

"""A ZIP file as a transfer (APPNOTE 6.3.10), read without unpacking it to anywhere."""

import stat
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from archivum.storage.transfer import Damaged, Entry, EntryKind, Opener, Stamp, Unpacked
from archivum.storage.zip_entries import BROKEN, ENCRYPTED, METHODS, entry_name, overlapping

_UNIX: Final = 3  # APPNOTE 4.4.2.2


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
        except BROKEN as error:
            raise Damaged("container-damaged", "", str(error)) from error

    def entries(self, first: Callable[[str], bool]) -> Iterator[tuple[Entry, Opener]]:
        """Yield those that answer to ``first``, then the others, in the order they are stored."""
        shared = overlapping(self._zip.infolist())
        stored = sorted(self._zip.infolist(), key=lambda info: info.header_offset)
        for guides in (True, False):
            for info in stored:
                entry = _entry(info, id(info) in shared)
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
            return Unpacked(self._zip.open(info), path, BROKEN)
        except BROKEN as error:
            raise Damaged("container-damaged", path, str(error)) from error


def _entry(info: zipfile.ZipInfo, overlaps: bool) -> Entry:
    path = entry_name(info)
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
        encrypted=bool(info.flag_bits & ENCRYPTED),
        overlaps=overlaps,
        method="" if info.compress_type in METHODS else str(info.compress_type),
    )

"""A TAR file as a transfer (pax, ustar, GNU; plain, gzip, bzip2, xz), read once from start to end."""

import lzma
import tarfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from archivum.storage.transfer import Damaged, Entry, EntryKind, Opener, Stamp, Unpacked

_BROKEN: Final = (tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError, OverflowError)
_PACKED: Final = ((b"\x1f\x8b", "gz"), (b"BZh", "bz2"), (b"\xfd7zXZ\x00", "xz"))
_SUFFIXES: Final = (".tar.gz", ".tar.bz2", ".tar.xz", ".tgz", ".tbz2", ".txz", ".tar")


def is_tar(path: Path) -> bool:
    """Whether a file begins like a TAR archive or is called one."""
    with path.open("rb", buffering=0) as file:
        return file.read(262)[257:] == b"ustar" or path.name.lower().endswith(_SUFFIXES)


class TarTransfer:
    """A TAR file that a producer sent."""

    container = "tar"

    def __init__(self, path: Path) -> None:
        suffix = next((one for one in _SUFFIXES if path.name.lower().endswith(one)), "")
        self.name = path.name[: -len(suffix)] if suffix else path.name
        self._path = path
        self._stamp = Stamp.of(path.stat())
        self.size: int | None = self._stamp.size
        self._raw = path.open("rb", buffering=0)
        self._packing = _packing(self._raw.read(6))
        self._raw.seek(0)
        try:
            self._tar = tarfile.open(  # noqa: SIM115
                fileobj=self._raw,
                mode=f"r|{self._packing}",
                encoding="utf-8",
                errors="surrogateescape",
                bufsize=1 << 20,  # type: ignore[call-overload]
            )
        except _BROKEN as error:
            self._raw.close()
            raise Damaged("container-damaged", "", str(error)) from error

    def entries(self, first: Callable[[str], bool]) -> Iterator[tuple[Entry, Opener]]:
        """Yield the entries in the order they are stored; nothing can come first."""
        while True:
            try:
                member = self._tar.next()
            except _BROKEN as error:
                raise Damaged("container-damaged", "", str(error)) from error
            if member is None:
                break
            self._tar.members = []  # the list is only for reading again, and grows with the archive
            entry = _entry(member)
            if entry.path not in ("", "."):
                yield entry, lambda member=member, path=entry.path: self._open(member, path)  # type: ignore[misc]
        self._end()

    def changes(self) -> Iterator[str]:
        """Yield "" if the file is not the one that was opened."""
        if not self._stamp.still_at(self._path):
            yield ""

    def close(self) -> None:
        """Close the file."""
        self._tar.close()
        self._raw.close()

    def _open(self, member: tarfile.TarInfo, path: str) -> Unpacked:
        try:
            stream = self._tar.extractfile(member)
        except _BROKEN as error:
            raise Damaged("container-damaged", path, str(error)) from error
        if stream is None:
            raise Damaged("container-damaged", path, "no content")
        return Unpacked(stream, path, _BROKEN)

    def _end(self) -> None:
        """An archive ends with blocks of zeros (POSIX pax §ustar); one cut off between two files does not."""
        if not self._packing and self._tar.offset + tarfile.BLOCKSIZE > self._stamp.size:
            raise Damaged("container-damaged", "", "the end-of-archive mark is missing")


def _packing(start: bytes) -> str:
    return next((name for magic, name in _PACKED if start.startswith(magic)), "")


def _entry(member: tarfile.TarInfo) -> Entry:
    path = member.name
    while path.startswith("./"):
        path = path[2:]
    if member.issparse():
        return Entry(path, EntryKind.FILE, member.size, method="GNU sparse")
    if member.isreg():
        return Entry(path, EntryKind.FILE, member.size)
    if member.isdir():
        return Entry(path.rstrip("/"), EntryKind.FOLDER)
    if member.issym() or member.islnk():
        return Entry(path, EntryKind.LINK, target=member.linkname)
    return Entry(path, EntryKind.SPECIAL)

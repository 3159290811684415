"""A TAR file as a transfer (pax, ustar, GNU; plain, gzip, bzip2, xz), read once from start to end."""

import bz2
import gzip
import io
import lzma
import tarfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Self

from archivum.storage.transfer import Damaged, Entry, EntryKind, Opener, Stamp, Unpacked

_BROKEN: Final = (tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError, OverflowError)
_BUFFER: Final = 1 << 16  # tarfile copies what is left in it for every header
_READ: Final = 1 << 20  # bytes of what is packed, at a time
_PADDING: Final = 16 << 20  # bytes after the end mark; tape drives fill records, nobody fills more
_SUFFIXES: Final = (".tar.gz", ".tar.bz2", ".tar.xz", ".tgz", ".tbz2", ".txz", ".tar")


def is_tar(path: Path) -> bool:
    """Whether a file begins like a TAR archive, packed or not, or is called one."""
    if path.name.lower().endswith(_SUFFIXES):
        return True
    with path.open("rb", buffering=0) as file:
        stream = _unpacked(file)  # held: what is let go of too early closes the file, and complains
        try:
            return stream.read(262)[257:] == b"ustar"
        except _BROKEN as error:
            if isinstance(error, OSError) and error.errno is not None:  # it is the disk that fails
                raise
            return False


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
        try:
            self._stream = _unpacked(self._raw)
            self._tar = tarfile.open(  # noqa: SIM115
                fileobj=self._stream,
                mode="r|",
                tarinfo=_Header,
                encoding="utf-8",
                errors="surrogateescape",
                bufsize=_BUFFER,
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
            # the list is only for reading again, and grows with the archive
            self._tar.members = []  # type: ignore[attr-defined]
            entry = _entry(member)
            if member.size < 0:
                raise Damaged("container-damaged", entry.path, f"{member.size} B")
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
        """Read to the end what the archive is packed in: its checksum stands there."""
        if self._stream is self._raw:
            return
        rest = 0
        try:
            while data := self._stream.read(_BUFFER):
                rest += len(data)
                if rest > _PADDING:
                    raise Damaged("container-damaged", "", f"> {_PADDING} B after the end")
        except _BROKEN as error:
            raise Damaged("container-damaged", "", str(error)) from error


class _Header(tarfile.TarInfo):
    """A header that is one, or the end mark (POSIX pax §ustar); tarfile takes everything else for the end."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        try:
            return super().frombuf(buf, encoding, errors)
        except tarfile.EOFHeaderError:  # type: ignore[attr-defined]
            raise
        except tarfile.HeaderError as error:
            raise tarfile.ReadError(str(error)) from error


def _unpacked(raw: io.FileIO) -> gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile | io.FileIO:
    """Return what a file holds once what it is packed in is undone; its checksums are checked on the way."""
    start = raw.read(6)
    raw.seek(0)
    if start.startswith(b"\x1f\x8b"):
        return gzip.GzipFile(fileobj=io.BufferedReader(raw, _READ))
    if start.startswith(b"BZh"):
        return bz2.BZ2File(io.BufferedReader(raw, _READ))
    if start.startswith(b"\xfd7zXZ\x00"):
        return lzma.LZMAFile(io.BufferedReader(raw, _READ))
    return raw


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

"""ZIP files (APPNOTE 6.3.10) walked entry by entry: the directory, what stands there, the checksums.

A reader of ZIP files asks the central directory alone. Here the local headers must say the same, no two
entries may share bytes, what lies between them is told, and each entry is unpacked to its end, unless that
is a bomb.
"""

import struct
import zipfile
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

from archivum.formats.validators.answer import INDETERMINATE, INNER_BYTES, PASSED, WARNING, Fault, fault
from archivum.storage.zip_entries import BROKEN, ENCRYPTED, LOCAL_HEADER, METHODS, entry_name, overlapping

TOOL: Final = "archivum ZIP"
ENTRIES: Final = 100_000  # of one file; an e-mail archive or a web site has some thousands
RATIO: Final = 200  # unpacked to packed; deflate packs zeros 1 : 1030, text 1 : 5
SMALL: Final = 10 << 20  # a ratio says nothing of what fits into memory
PIECE: Final = 1 << 20

_END: Final = 22  # 4.3.16, without comment
_COMMENT: Final = 0xFFFF
_DIRECTORY: Final = 64 << 20  # bytes of a central directory that are held
_DESCRIBED: Final = 0x8  # 4.4.4, bit 3: sizes and checksum follow the data
_DESCRIPTOR: Final = 24  # 4.3.9, with signature and in its ZIP64 form
_ZIP64: Final = 0xFFFFFFFF


class Unreadable(Exception):
    """An entry cannot be unpacked to its end, or its checksum is wrong."""


# is told the name of an entry and what it holds, and returns what is wrong with that
Use = Callable[[str, Iterator[bytes]], Iterable[Fault]]


class Walked(NamedTuple):
    """What was found: faults of the container, and those against a rule. ``whole`` if all of it was read."""

    faults: list[Fault]
    invalid: list[Fault]
    whole: bool

    @property
    def well_formed(self) -> str:
        """What the file is if no fault is an ERROR."""
        return PASSED if self.whole else INDETERMINATE


class Zip:
    """A ZIP file; its directory is held, nothing else."""

    def __init__(self, path: str, size: int) -> None:
        """Read the directory. ``faults`` then tell whether there is one that can be used."""
        self.faults: list[Fault] = []
        self.infos: list[zipfile.ZipInfo] = []
        self.names: dict[str, zipfile.ZipInfo] = {}
        self._size = size
        self._path = path
        self._zip: zipfile.ZipFile | None = None
        self._file: _Cut | None = None
        self._count, self._end, self._start = 0, size, 0
        if self._find_end():
            self._load()

    def __enter__(self) -> "Zip":
        return self

    def __exit__(self, *_: object) -> None:
        if self._zip is not None:
            self._zip.close()
        if self._file is not None:
            self._file.close()

    @property
    def opened(self) -> bool:
        """Whether there is a directory."""
        return self._zip is not None

    @property
    def encrypted(self) -> list[str]:
        """The names of the entries that are encrypted."""
        return [name for name, info in self.names.items() if info.flag_bits & ENCRYPTED]

    def pieces(self, name: str) -> Iterator[bytes]:
        """Yield what an entry holds.

        Raises:
            Unreadable: it cannot be unpacked, or its checksum is wrong.
        """
        return self._unpacked(self.names[name])

    def walk(self, use: Use) -> Walked:
        """Look at everything and let ``use`` see what each entry holds that is a file and can be unpacked."""
        if self._zip is None:
            return Walked(self.faults, [], not any(one.severity == WARNING for one in self.faults))
        faults, invalid, whole = [*self.faults, *self._headers()], [*self._names()], True
        sharing = overlapping(self.infos)
        unpacked = 0
        for info in self.infos:
            name = entry_name(info)
            if id(info) in sharing:
                faults.append(fault("zip-overlap", where=name))
            elif closed := self._closed(info, unpacked):
                faults.append(closed)
                whole = False
            else:
                unpacked += info.file_size
                faults += self._used(name, info, use)
        return Walked(faults, invalid, whole)

    # -- the end and the directory ------------------------------------------------------------------------

    def _find_end(self) -> bool:
        """Find the end of the directory, and whether the directory is one that can be held."""
        with open(self._path, "rb") as file:  # noqa: PTH123
            start = max(0, self._size - _END - _COMMENT - SMALL)
            file.seek(start)
            tail = file.read(self._size - start)
        at = tail.rfind(b"PK\5\6")
        while at >= 0:
            record = tail[at : at + _END]
            if len(record) == _END:
                comment = int.from_bytes(record[20:22], "little")
                if at + _END + comment <= len(tail):
                    break
            at = tail.rfind(b"PK\5\6", 0, at + 3) if at else -1
        else:
            self.faults.append(fault("zip-end"))
            return False
        count, length = struct.unpack_from("<HL", record, 10)
        self._end = start + at + _END + comment
        if self._end < self._size:
            self.faults.append(fault("trailing", WARNING, str(self._end), count=self._size - self._end))
        if tail[max(0, at - 20) : at].startswith(b"PK\6\7"):
            count, length = _zip64(tail[:at])
        self._count = count
        if count > ENTRIES or length > _DIRECTORY:
            self.faults.append(fault("zip-many", WARNING, count=count, limit=ENTRIES))
            return False
        return True

    def _load(self) -> None:
        self._file = _Cut(self._path, self._end)
        try:
            self._zip = zipfile.ZipFile(self._file)
        except BROKEN as error:
            self.faults.append(fault("zip-directory", reason=str(error)))
            return
        self.infos = sorted(self._zip.infolist(), key=lambda info: info.header_offset)
        if len(self.infos) != self._count:
            self.faults.append(fault("zip-count", count=len(self.infos), told=self._count))
        for info in self.infos:
            if not info.is_dir():
                self.names.setdefault(entry_name(info), info)

    # -- entries ------------------------------------------------------------------------------------------

    def _headers(self) -> Iterator[Fault]:
        """Yield where a local header is not what the directory says, and bytes that belong to no entry."""
        end = 0
        with open(self._path, "rb") as file:  # noqa: PTH123
            for number, info in enumerate(self.infos):
                if info.header_offset < 0:  # the directory is not where it says, and so is no entry
                    yield fault("zip-header", where=entry_name(info))
                    continue
                if info.header_offset > end:
                    yield self._between(number, end, info.header_offset - end)
                file.seek(info.header_offset)
                head = file.read(LOCAL_HEADER)
                if len(head) < LOCAL_HEADER or not head.startswith(b"PK\3\4"):
                    yield fault("zip-header", where=entry_name(info))
                    end = info.header_offset
                    continue
                named, extra = struct.unpack_from("<HH", head, 26)
                if file.read(named) != _raw(info) or not _same(head, info):
                    yield fault("zip-header", where=entry_name(info))
                end = info.header_offset + LOCAL_HEADER + named + extra + info.compress_size
                end += _descriptor(file, end) if info.flag_bits & _DESCRIBED else 0
            start = self._zip.start_dir if self._zip is not None else end
            if start > end:
                yield self._between(len(self.infos), end, start - end)
            elif start < end:
                yield fault("zip-overlap", where=str(start))

    def _between(self, number: int, start: int, count: int) -> Fault:
        """Return a fault for bytes before an entry that are of none.

        Before the first may stand a program that unpacks the file (4.1.9), but no entries: these are what is
        left when the end is lost and the directory of a ZIP file inside this one is taken for it.
        """
        if number:
            return fault("zip-gap", WARNING, str(start), count=count)
        with open(self._path, "rb") as file:  # noqa: PTH123
            entries = file.read(4) == b"PK\3\4"
        return (
            fault("zip-hidden", where=str(count)) if entries else fault("zip-prepended", WARNING, count=count)
        )

    def _names(self) -> Iterator[Fault]:
        """Yield names that must not be (4.4.17.1), and two entries of one name."""
        seen: set[str] = set()
        for info in self.infos:
            name = entry_name(info)
            if name in seen:
                yield fault("entry-twice", where=name)
            seen.add(name)
            if (
                name.startswith("/")
                or name[1:2] == ":"
                or ".." in name.split("/")
                or "\0" in name
                or not name
            ):
                yield fault("entry-name", where=name)
            elif "\\" in name:
                yield fault("zip-backslash", WARNING, name)

    def _closed(self, info: zipfile.ZipInfo, unpacked: int) -> Fault | None:
        """Return why an entry is not unpacked, though nothing is wrong with it."""
        name = entry_name(info)
        if info.flag_bits & ENCRYPTED:
            return fault("zip-encrypted", WARNING, name)
        if info.compress_type not in METHODS:
            return fault("zip-method", WARNING, name, method=info.compress_type)
        much = info.file_size > SMALL and info.file_size > RATIO * info.compress_size
        if much or unpacked + info.file_size > INNER_BYTES + 10 * self._size:
            return fault("zip-bomb", WARNING, name, packed=info.compress_size, size=info.file_size)
        return None

    def _used(self, name: str, info: zipfile.ZipInfo, use: Use) -> list[Fault]:
        faults: list[Fault] = []
        pieces = self._unpacked(info)
        try:
            if not info.is_dir():
                faults += use(name, pieces)
            for _ in pieces:  # the checksum stands at the end
                pass
        except Unreadable as error:
            return [fault("zip-entry", where=name, reason=str(error))]
        return faults

    def _unpacked(self, info: zipfile.ZipInfo) -> Iterator[bytes]:
        if self._zip is None:
            raise Unreadable("no directory")
        size = 0
        try:
            with self._zip.open(info) as stream:
                while data := stream.read(PIECE):
                    size += len(data)
                    yield data
        except BROKEN as error:
            raise Unreadable(str(error) or type(error).__name__) from error
        if size != info.file_size:
            raise Unreadable(f"{size} B / {info.file_size} B")


class _Cut:
    """A file up to where its directory ends; what follows is none of the library's business."""

    def __init__(self, path: str, end: int) -> None:
        self._file = open(path, "rb")  # noqa: PTH123, SIM115
        self._end = end

    def read(self, size: int = -1) -> bytes:
        left = max(0, self._end - self._file.tell())
        return self._file.read(left if size < 0 else min(size, left))

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset + (self._end if whence == 2 else 0), 0 if whence == 2 else whence)

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True

    def close(self) -> None:
        self._file.close()


def _zip64(tail: bytes) -> tuple[int, int]:
    """Return entries and bytes of a directory as its ZIP64 end says (4.3.14); nothing if it is not there."""
    at = tail.rfind(b"PK\6\6")
    if at < 0 or at + 56 > len(tail):
        return 0, 0
    count, length = struct.unpack_from("<QQ", tail, at + 32)
    return int(count), int(length)


def _raw(info: zipfile.ZipInfo) -> bytes:
    """The name as its bytes stand in the file."""
    return info.orig_filename.encode("utf-8" if info.flag_bits & 0x800 else "cp437", "replace")


def _same(head: bytes, info: zipfile.ZipInfo) -> bool:
    """Whether a local header says of an entry what the directory does (4.3.7, 4.4)."""
    flags, method, _, _, crc, packed, size = struct.unpack_from("<HHHHLLL", head, 6)
    if method != info.compress_type or (flags ^ info.flag_bits) & (ENCRYPTED | _DESCRIBED):
        return False
    if flags & _DESCRIBED:
        return crc in (0, info.CRC)
    return (
        crc == info.CRC
        and packed in (_ZIP64, info.compress_size)
        and size in (_ZIP64, info.file_size)
    )  # fmt: skip


def _descriptor(file: object, end: int) -> int:
    """The length of a data descriptor, with or without signature, in either form (4.3.9)."""
    file.seek(end)  # type: ignore[attr-defined]
    data: bytes = file.read(_DESCRIPTOR + 4)  # type: ignore[attr-defined]
    marks = (b"PK\3\4", b"PK\1\2", b"PK\6\x08")
    return next((size for size in (16, 12, 24, 20) if data[size : size + 4] in marks), 0)

"""The bag around an AIP (BagIt 1.0, RFC 8493): manifests and tag files, and a reader for its manifests."""

import heapq
import os
import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Final

from archivum.errors import CorruptionFound
from archivum.model import File
from archivum.packaging.index import PackageIndex
from archivum.packaging.writing import NewFile, one_line
from archivum.storage.digest import of_stream
from archivum.storage.durable import world

DECLARATION: Final = "bagit.txt"
INFO: Final = "bag-info.txt"
MANIFEST: Final = "manifest-sha512.txt"
TAG_MANIFEST: Final = "tagmanifest-sha512.txt"

_LINE_LENGTH: Final = 79  # RFC 8493 §2.2.2
_LONGEST_LINE: Final = 1 << 16  # bytes; PATH_MAX three times over, percent-encoded

# RFC 8493 §2.1.3: these and only these are percent-encoded
_ENCODED: Final = {"%": "%25", "\n": "%0A", "\r": "%0D"}
_DECODED: Final = {"%25": "%", "%0A": "\n", "%0D": "\r"}
_NOT_ENCODED: Final = re.compile("%(?!25|0[AaDd])")
_LINE: Final = re.compile(rb"([0-9a-f]{128})  ([^\r\n]+)\n")


@dataclass(frozen=True, slots=True)
class Built:
    """A bag whose payload is complete.

    ``manifest`` is the SHA-512 of ``manifest-sha512.txt``, which is what gets time-stamped; ``files`` and
    ``size`` (bytes) are those of the payload. ``written`` are the files of the payload that were made for it,
    ``tags`` the tag files, both with paths relative to the bag.
    """

    manifest: str
    files: int
    size: int
    tags: tuple[File, ...]
    written: tuple[File, ...]
    submission: str
    index: PackageIndex

    def payload(self) -> Iterator[File]:
        """Yield the files of the payload, sorted by the bytes of their paths in the bag."""
        return payload(self.written, self.submission, self.index)

    def all_files(self) -> Iterator[File]:
        """Yield every file of the bag with its size and digests, sorted by the bytes of its path."""
        tags = sorted(self.tags, key=_by_path)
        yield from (tag for tag in tags if tag.path < "data/")
        yield from self.payload()
        yield from (tag for tag in tags if tag.path > "data/")


def payload(written: Iterable[File], submission: str, index: PackageIndex) -> Iterator[File]:
    """Yield the files of a payload: those that were written, and the submitted ones below a folder."""
    submitted = (replace(file, path=f"{submission}{file.path}") for file in index.files())
    return heapq.merge(sorted(written, key=_by_path), submitted, key=_by_path)


def write_declaration(bag: Path) -> File:
    """Write ``bagit.txt`` (RFC 8493 §2.1.1)."""
    return _write(bag, DECLARATION, "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n")


def write_info(bag: Path, fields: Iterable[tuple[str, str]]) -> File:
    """Write ``bag-info.txt`` (RFC 8493 §2.2.2); fields without a value are left out."""
    return _write(bag, INFO, "".join(_field(label, value) for label, value in fields if value.strip()))


def write_manifest(bag: Path, files: Iterable[File]) -> tuple[File, int, int]:
    """Write the manifest of the payload; return it with the number of files in it and of their bytes."""
    count = size = 0
    with NewFile(bag, MANIFEST) as manifest:
        for file in files:
            manifest.write(f"{file.digests['sha512']}  {encode_path(file.path)}\n")
            count += 1
            size += file.size
    return manifest.file, count, size


def write_tag_manifest(bag: Path, tags: Iterable[tuple[str, str]]) -> File:
    """Write the tag manifest, the last file of a bag; ``tags`` are digest and path of the other tag files."""
    ordered = sorted(tags, key=lambda tag: os.fsencode(tag[1]))
    return _write(bag, TAG_MANIFEST, "".join(f"{digest}  {encode_path(path)}\n" for digest, path in ordered))


def read_file(bag: Path, path: str) -> File:
    """Return a file of a bag, read from the disk.

    Raises:
        Misconfigured: it cannot be read.
    """
    with world(bag / path), (bag / path).open("rb") as stream:
        size, digests = of_stream(stream)
    return File(path, size, digests)


def close_bag(bag: Path, built: Built, added: Sequence[str] = ()) -> Built:
    """Write the tag manifest, the last file of a bag; return the bag with all its tag files.

    ``added`` names tag files that came after the payload was complete, such as the time-stamp.
    """
    tags = [*built.tags, *(read_file(bag, path) for path in added)]
    tags.append(write_tag_manifest(bag, ((tag.digests["sha512"], tag.path) for tag in tags)))
    return replace(built, tags=tuple(tags))


def manifest_line(digest: str, path: str) -> bytes:
    """Return the line of a manifest for one file (RFC 8493 §2.1.3)."""
    return os.fsencode(f"{digest}  {encode_path(path)}\n")


def read_manifest(stream: BinaryIO, place: str = MANIFEST) -> Iterator[tuple[str, str]]:
    """Yield the SHA-512 and the path of each line of a manifest that archivum wrote.

    It is read strictly: two spaces, lower-case hex, sorted paths that stay in the bag, and a whole last line.

    Raises:
        CorruptionFound: a line is not as it was written.
    """
    before = b""
    number = 0
    while line := stream.readline(_LONGEST_LINE):
        number += 1
        match = _LINE.fullmatch(line)
        path = decode_path(os.fsdecode(match[2])) if match else None
        if match is None or path is None or os.fsencode(path) <= before or not _inside(path):
            raise CorruptionFound("packaging.manifest", place=place, line=number)
        before = os.fsencode(path)
        yield match[1].decode("ascii"), path


def encode_path(path: str) -> str:
    """Return a path as manifests spell it."""
    if "%" in path or "\n" in path or "\r" in path:
        return re.sub("[%\n\r]", lambda match: _ENCODED[match[0]], path)
    return path


def decode_path(spelled: str) -> str | None:
    """Return the path that a manifest spells, or None if a percent sign stands for nothing."""
    if "%" not in spelled:
        return spelled
    if _NOT_ENCODED.search(spelled):
        return None
    return re.sub("%(?:25|0[AaDd])", lambda match: _DECODED[match[0].upper()], spelled)


def readable_size(size: int) -> str:
    """Return bytes in the decimal unit that people read (IEC 80000-13)."""
    amount = float(size)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if amount < 1000 or unit == "TB":
            return f"{size} B" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    raise AssertionError("unreachable")


def _inside(path: str) -> bool:
    return all(part not in ("", ".", "..") for part in path.split("/"))


def _field(label: str, value: str) -> str:
    """One field, folded into lines that are indented from the second on."""
    line = f"{label}: {one_line(value)}"
    if len(line) <= _LINE_LENGTH:
        return f"{line}\n"
    folded = textwrap.wrap(
        line, _LINE_LENGTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )
    return "\n".join(folded) + "\n"


def _write(bag: Path, path: str, text: str) -> File:
    with NewFile(bag, path) as new:
        new.write(text)
    return new.file


def _by_path(file: File) -> bytes:
    return os.fsencode(file.path)

"""Is a transfer safe to read: names that stay inside, no links, no bombs, no two files under one name.

Every question is asked of the names and sizes as they come, before a file is opened; what is unsafe is never
written anywhere. The sources: ZIP APPNOTE 6.3.10, POSIX pax, RFC 8493 §5, CSIPSTR1.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from archivum.model import Finding, Severity, Verdict
from archivum.packaging.index import PackageIndex
from archivum.storage.transfer import Entry, EntryKind

PART_BYTES: Final = 255  # NAME_MAX of every file system in use
PATH_BYTES: Final = 1024  # leaves room below PATH_MAX (4096) for where the AIP lies
SMALL: Final = 10 << 20  # a ratio says nothing of what fits into memory

_DRIVE: Final = re.compile("[A-Za-z]:").match


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a transfer may be; ``ratio`` is unpacked to packed, of an entry and of the whole."""

    files: int = 1_000_000
    bytes: int = 1 << 40
    ratio: int = 200


class Safety:
    """The questions about one transfer; findings go to its index."""

    def __init__(self, index: PackageIndex, limits: Limits, packed: int | None = None) -> None:
        """Begin. ``packed`` is the size of the container in bytes, None for a folder."""
        self.limits, self.packed = limits, packed
        self._index = index
        self._files = self._bytes = 0
        self._claimed = lru_cache(maxsize=4096)(self._claim_folder)
        self._roots: set[str] = set()
        self._root = ""
        self.bomb = False

    def admits(self, entry: Entry) -> bool:
        """Whether an entry may be read; if not, its findings say why."""
        unsafe = list(self._asked(entry))
        for finding in unsafe:
            self._index.add_finding(finding)
        if unsafe or self.bomb:
            return False
        return self.packed is None or self._in_root(entry)

    @property
    def root(self) -> str:
        """The one folder of a container, "" for what is none."""
        return next(iter(self._roots)) if len(self._roots) == 1 and self._root else ""

    def end(self) -> None:
        """Ask what only the whole can answer: whether a container holds exactly one folder (CSIPSTR1)."""
        if self.packed is not None and not (self._root and len(self._roots) == 1):
            names = ", ".join(sorted(self._roots)[:5])
            self._index.add_finding(_failed("roots", count=len(self._roots), names=names))

    def _asked(self, entry: Entry) -> Iterator[Finding]:
        yield from _name(entry)
        if entry.kind is EntryKind.LINK:
            yield _failed("entry-link", entry.path, target=entry.target)
        if entry.kind is EntryKind.SPECIAL:
            yield _failed("entry-special", entry.path)
        if entry.encrypted:
            yield _failed("entry-encrypted", entry.path)
        if entry.overlaps:
            yield _failed("entry-overlap", entry.path)
        if entry.method:
            yield _failed("entry-method", entry.path, method=entry.method)
        yield from self._amount(entry)
        yield from self._collisions(entry)

    def _amount(self, entry: Entry) -> Iterator[Finding]:
        """Too many files, too many bytes, or far more bytes than their packed form can honestly hold."""
        if entry.kind is not EntryKind.FILE or self.bomb:
            return
        self._files += 1
        self._bytes += entry.size or 0
        if self._files > self.limits.files:
            yield self._stop(_failed("bomb-files", limit=self.limits.files))
        elif self._bytes > self.limits.bytes:
            yield self._stop(_failed("bomb-total", entry.path, limit=self.limits.bytes))
        elif self._ratio(entry.size, entry.packed):
            ratio = (entry.size or 0) // max(1, entry.packed or 0)
            yield self._stop(_failed("bomb-ratio", entry.path, ratio=ratio, limit=self.limits.ratio))
        elif self._ratio(self._bytes, self.packed):
            ratio = self._bytes // max(1, self.packed or 0)
            yield self._stop(_failed("bomb-ratio", ratio=ratio, limit=self.limits.ratio))

    def _ratio(self, size: int | None, packed: int | None) -> bool:
        if size is None or packed is None:
            return False
        return size > SMALL and size > packed * self.limits.ratio

    def _stop(self, finding: Finding) -> Finding:
        self.bomb = True
        return finding

    def _collisions(self, entry: Entry) -> Iterator[Finding]:
        """Two entries under one name, here or on a file system that folds case or Unicode forms."""
        parts = entry.path.split("/")
        for depth in range(1, len(parts)):
            yield from self._claimed("/".join(parts[:depth]))
        if entry.kind is EntryKind.FOLDER:
            yield from self._claimed(entry.path)
        else:
            yield from self._claim(entry.path, "file")

    def _claim_folder(self, path: str) -> tuple[Finding, ...]:
        return tuple(self._claim(path, "folder"))

    def _claim(self, path: str, kind: str) -> Iterator[Finding]:
        taken = self._index.claim(fold(path), path, kind)
        if taken is None or (kind == "folder" and taken == (path, kind)):
            return
        other = taken[0]
        if other == path:
            yield _failed("path-duplicate", path)
        elif unicodedata.normalize("NFC", other) == unicodedata.normalize("NFC", path):
            yield _failed("path-unicode", path, other=other)
        else:
            yield _failed("path-case", path, other=other)

    def _in_root(self, entry: Entry) -> bool:
        """Whether an entry lies in the first folder of a container; a few tops suffice to know the others."""
        top, _, below = entry.path.partition("/")
        is_folder = bool(below) or entry.kind is EntryKind.FOLDER
        if len(self._roots) < 6:
            self._roots.add(top if is_folder else f"{top} (file)")
        if is_folder and not self._root:
            self._root = top
        return is_folder and top == self._root


def fold(path: str) -> str:
    """The form in which two names are one on a file system that folds case and Unicode forms."""
    if path.isascii():
        return path.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def unsafe(path: str) -> bool:
    """Whether a path leads, or could lead somewhere, out of the folder it is relative to (CWE-22)."""
    if "\\" in path or path.startswith("/") or _DRIVE(path):
        return True
    return any(part in ("", ".", "..") for part in path.split("/"))


def _name(entry: Entry) -> Iterator[Finding]:
    path = entry.path
    if not entry.encoded:
        yield _failed("path-encoding", path, **_guesses(path))
    if unsafe(path):
        yield _failed("path-unsafe", path)
    if any(ord(c) < 32 or 127 <= ord(c) < 160 for c in path):
        yield _failed("path-control", path)
    raw = path.encode("utf-8", "surrogateescape")
    if len(raw) > PATH_BYTES or any(len(part) > PART_BYTES for part in raw.split(b"/")):
        yield _failed("path-too-long", path, part=PART_BYTES, whole=PATH_BYTES)


def _guesses(path: str) -> dict[str, str | int]:
    """How a name would read in the two code pages that Czech systems used."""
    raw = path.encode("utf-8", "surrogateescape")
    return {page: raw.decode(page, "replace") for page in ("cp852", "cp1250")}


def _failed(code: str, subject: str = "", /, **params: str | int) -> Finding:
    return Finding(code, Verdict.FAILED, Severity.ERROR, subject, params=params)

"""Receive: a transfer is read once, byte by byte; copied, digested, scanned, identified in the same pass."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from archivum.checks.safety import Safety
from archivum.formats.examining import Examining
from archivum.malware.scanning import Scanner
from archivum.model import File, Finding, Severity, Verdict
from archivum.packaging.bag import manifest_line
from archivum.packaging.index import PackageIndex
from archivum.packaging.reader import is_guide
from archivum.storage.digest import CHUNK, OWN, Digests
from archivum.storage.durable import begin_writing, create, world
from archivum.storage.transfer import Damaged, Entry, EntryKind, Opened, Opener, Transfer

Progress = Callable[[int], None]

AHEAD = 32 << 20  # bytes after which the disk begins to write, so that the end does not wait for all
FETCH = 512  # files after which what is known of them is fetched, so that it does not pile up


@dataclass(slots=True)
class Reception:
    """One transfer on its way into a workplace.

    ``root`` is the folder the submission is staged in; ``guided`` is called once the guides are there (where
    they cannot come first: at the end) and returns the digest algorithms that the producer's manifests use.
    """

    transfer: Transfer
    root: Path
    index: PackageIndex
    safety: Safety
    examining: Examining
    scanner: Scanner
    guided: Callable[[], Iterable[str]]
    progress: Progress
    files: int = 0

    def receive(self) -> bool:
        """Read every entry of the transfer once; what is wrong with it goes to the index as findings.

        False if it could not be read to its end. What is known of the last files is still to be fetched.
        """
        self.root.mkdir()
        self.scanner.begin()
        algorithms: tuple[str, ...] | None = None
        whole = False
        guides_first = self.transfer.container != "tar"
        try:
            for entry, opener in self.transfer.entries(self._guide):
                if algorithms is None and guides_first and not self._guide(entry.path):
                    algorithms = _with_own(self.guided())
                    self._late(algorithms)  # of the guides, which bags have checksums of as well
                self._entry(entry, opener, algorithms or OWN)
                if self.safety.bomb:
                    break
            else:
                whole = True
                for path in self.transfer.changes():
                    self.index.add_finding(damaged(Damaged("file-unstable", path)))
        except Damaged as damage:
            self.index.add_finding(damaged(damage))
        self.safety.end()
        if algorithms is None:
            self._late(_with_own(self.guided()))
        self.examining.begin()
        return whole

    def _guide(self, path: str) -> bool:
        return is_guide(path if self.transfer.container == "folder" else path.partition("/")[2])

    def _entry(self, entry: Entry, opener: Opener, algorithms: Iterable[str]) -> None:
        if not self.safety.admits(entry):
            return
        path = entry.path if self.transfer.container == "folder" else entry.path.partition("/")[2]
        if entry.kind is EntryKind.FOLDER:
            if path:
                self.index.add_folder(path)
            return
        target = self.root / path
        try:
            opened = opener()
            try:
                with world(target):
                    file = self._copy(opened, path, entry.size, algorithms)
            finally:
                opened.close()
        except Damaged as damage:
            self.index.add_finding(damaged(damage))
            return
        self.index.add_file(file)
        self.examining.add(path, target, target.name, file.size)
        if self.files % FETCH == FETCH - 1:
            self.index.set_formats(self.examining.ready())
            self.index.set_scans(self.scanner.ready())
        self.files += 1

    def _copy(self, opened: Opened, path: str, size: int | None, algorithms: Iterable[str]) -> File:
        """Copy a file, show it to the scanner on the way, and return what was really written.

        Raises:
            Damaged: it holds more bytes, or fewer, than were declared.
        """
        digests, begun = Digests(algorithms), 0
        with create(self.root / path, self.root) as copy, self.scanner.open(path, size) as scanning:
            while data := opened.read(CHUNK):
                digests.update(data)
                if size is not None and digests.size > size:
                    raise Damaged("entry-size", path, f"> {size}")
                scanning.write(data)
                copy.write(data)
                self.progress(len(data))
                if digests.size - begun >= AHEAD:
                    begun = begin_writing(copy, begun)
            if size is not None and digests.size < size:
                raise Damaged("entry-size", path, f"{digests.size} < {size}")
        return File(path, digests.size, digests.result())

    def _late(self, algorithms: tuple[str, ...]) -> None:
        """Make the digests that were not known to be needed while the transfer was read, from its copy."""
        missing = tuple(name for name in algorithms if name not in OWN)
        if not missing:
            return
        for file in self.index.files():
            with (self.root / file.path).open("rb") as copy:
                digests = Digests(missing)
                while data := copy.read(CHUNK):
                    digests.update(data)
            known = {**file.digests, **digests.result()}
            self.index.add_file(replace(file, digests=known))


def damaged(damage: Damaged) -> Finding:
    """Return what the damage of a transfer is as a finding."""
    params = {"reason": damage.reason or "–"}
    return Finding(damage.code, Verdict.FAILED, Severity.ERROR, damage.subject, params=params)


def whole_digest(index: PackageIndex) -> str:
    """Return the SHA-512 of the sorted lines of a BagIt manifest of all files: the digest of the whole."""
    digest = hashlib.sha512()
    for file in index.files():
        digest.update(manifest_line(file.digests["sha512"], file.path))
    return digest.hexdigest()


def _with_own(algorithms: Iterable[str]) -> tuple[str, ...]:
    return (*OWN, *sorted(set(algorithms) - set(OWN)))

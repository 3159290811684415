"""The files of a stored AIP by their path; no byte of them is handed on that is not what was stored.

Journal, inventory and payload manifest must name the same files with the same digests before anything goes
out, and every file is held against its digest while it does.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import BinaryIO, Final, Self

from archivum.archive import Archive
from archivum.catalogue.fold import Accession
from archivum.checks.aip import object_id
from archivum.errors import CorruptionFound, NotFound, Refused
from archivum.model import State
from archivum.packaging.bag import MANIFEST, read_manifest
from archivum.storage.digest import CHUNK, Digests
from archivum.storage.durable import world

CACHE_KIB: Final = 16_384
PAYLOAD: Final = "data/"
_SHA512: Final = ("sha512",)

_TABLES: Final = f"""
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -{CACHE_KIB};
CREATE TABLE file (path BLOB PRIMARY KEY, key BLOB, digest TEXT) WITHOUT ROWID;
CREATE TABLE kept (key BLOB PRIMARY KEY, size INTEGER) WITHOUT ROWID;
CREATE TABLE listed (path BLOB PRIMARY KEY, digest TEXT) WITHOUT ROWID;
BEGIN;
"""
_FILES: Final = "SELECT path, file.key, digest, size FROM file LEFT JOIN kept ON kept.key = file.key"
_FROM: Final = f"{_FILES} WHERE path >= ? AND path < ? ORDER BY path"
_ONE: Final = f"{_FILES} WHERE path = ?"
_LOST: Final = (
    "SELECT path FROM listed"
    " WHERE NOT EXISTS (SELECT 1 FROM file WHERE file.path = listed.path) ORDER BY path"
)
_UNLISTED: Final = (
    "SELECT path FROM file WHERE path >= ? AND path < ?"
    " AND NOT EXISTS (SELECT 1 FROM listed WHERE listed.path = file.path) ORDER BY path"
)
_DIFFERENT: Final = (
    "SELECT path, listed.digest, file.digest FROM listed JOIN file USING (path)"
    " WHERE listed.digest <> file.digest ORDER BY path"
)


@dataclass(frozen=True, slots=True)
class Held:
    """A file of an AIP: its path in the bag, its key in the storage, its size in bytes, its SHA-512."""

    path: str
    key: str
    size: int
    digest: str


class Holdings:
    """The files of one version of an AIP, by default of the newest that the journal knows."""

    def __init__(self, archive: Archive, accession: Accession, version: str = "") -> None:
        """List the files, and compare what journal, inventory and manifest say of them.

        Raises:
            NotFound: the package is not stored, or has no such version.
            CorruptionFound: they do not say the same, or one of them is damaged.
            Misconfigured: the storage cannot be read.
        """
        self.uuid = accession.uuid
        if accession.state is not State.STORED:
            raise NotFound("access.not-stored", uuid=self.uuid, state=accession.state)
        self.version = version or accession.version
        manifest = _manifest(archive, accession, self.version)
        self._storage = archive.storage
        self._base = sqlite3.connect("", isolation_level=None)
        try:
            self._base.executescript(_TABLES)
            self._list(archive)
            self._compare(manifest)
        except BaseException:
            self._base.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._base.close()

    def has(self, path: str) -> bool:
        """Whether there is a file of this path in the bag."""
        return self._base.execute(_ONE, (os.fsencode(path),)).fetchone() is not None

    def file(self, path: str) -> Held:
        """Return a file by its path in the bag.

        Raises:
            CorruptionFound: it is not there.
        """
        row = self._base.execute(_ONE, (os.fsencode(path),)).fetchone()
        if row is None:
            raise self._lost(path)
        return self._held(row)

    def files(self, prefix: str = "") -> Iterator[Held]:
        """Yield the files whose path in the bag starts with the prefix, sorted by the bytes of the path.

        Raises:
            CorruptionFound: one of them is not in the storage.
        """
        low = os.fsencode(prefix)
        return map(self._held, self._base.execute(_FROM, (low, low + b"\xff")))

    @contextmanager
    def reading(self, held: Held) -> Iterator["Outgoing"]:
        """Open a file; all of it must be read, and is what was stored if no error comes.

        Raises:
            CorruptionFound: it is not what was stored, or is not there.
            Misconfigured: it cannot be read.
        """
        try:
            stream = self._storage.open(held.key)
        except NotFound as error:
            raise self._lost(held.path) from error
        with stream:
            outgoing = Outgoing(stream, held, str(self.uuid))
            yield outgoing
            outgoing.finish()

    def _list(self, archive: Archive) -> None:
        rows = (
            (os.fsencode(path), os.fsencode(key), digest)
            for path, key, digest in archive.ocfl.files(object_id(self.uuid), self.version)
        )
        self._base.executemany("INSERT INTO file VALUES (?, ?, ?)", rows)
        kept = self._storage.list(archive.ocfl.key(object_id(self.uuid)))
        self._base.executemany(
            "INSERT INTO kept VALUES (?, ?)", ((os.fsencode(key), size) for key, size in kept)
        )

    def _compare(self, known: str) -> None:
        """Hold the manifest against the journal's digest of it, and the inventory against the manifest."""
        manifest = self.file(MANIFEST)
        if known != manifest.digest:
            raise self._changed(MANIFEST, known, manifest.digest)
        with self.reading(manifest) as outgoing:
            for _ in pieces(outgoing):
                pass
        with self._storage.open(manifest.key) as stream:
            lines = ((os.fsencode(path), digest) for digest, path in read_manifest(stream))
            self._base.executemany("INSERT INTO listed VALUES (?, ?)", lines)
        for (path,) in self._base.execute(_LOST):
            raise self._lost(os.fsdecode(path))
        low = os.fsencode(PAYLOAD)
        for (path,) in self._base.execute(_UNLISTED, (low, low + b"\xff")):
            raise CorruptionFound("access.unlisted", path=os.fsdecode(path), uuid=self.uuid)
        for path, promised, found in self._base.execute(_DIFFERENT):
            raise self._changed(os.fsdecode(path), promised, found)

    def _held(self, row: tuple[bytes, bytes, str, int | None]) -> Held:
        path, key, digest, size = row
        if size is None:
            raise self._lost(os.fsdecode(path))
        return Held(os.fsdecode(path), os.fsdecode(key), size, digest)

    def _lost(self, path: str) -> CorruptionFound:
        return CorruptionFound("access.lost", path=path, uuid=self.uuid)

    def _changed(self, path: str, promised: str, found: str) -> CorruptionFound:
        return CorruptionFound("access.changed", path=path, uuid=self.uuid, promised=promised, found=found)


def check_harmless(accession: Accession) -> None:
    """Let nothing out of a package in which malicious code was found.

    Raises:
        Refused: it was.
    """
    if accession.infected:
        raise Refused("access.infected", uuid=accession.uuid, count=accession.infected)


def _manifest(archive: Archive, accession: Accession, version: str) -> str:
    """Return the SHA-512 that the manifest of a version had when it was stored.

    Raises:
        NotFound: the journal knows no such version.
    """
    if version == accession.version:
        return accession.manifest
    for one in archive.catalogue.versions(accession.uuid):
        if one.name == version:
            return one.manifest
    raise NotFound("storage.no-version", version=version, id=accession.uuid)


class Outgoing:
    """A stored file being read for someone; what was read is held against what was stored."""

    def __init__(self, stream: BinaryIO, held: Held, uuid: str) -> None:
        self._stream, self._held, self._uuid = stream, held, uuid
        self._digests = Digests(_SHA512)

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes, at most ``size``; nothing at the end.

        Raises:
            CorruptionFound: the file has become shorter or longer.
            Misconfigured: it cannot be read.
        """
        with world(self._held.key):
            data = self._stream.read(size)
        self._digests.update(data)
        if self._digests.size > self._held.size or (not data and self._digests.size < self._held.size):
            self.finish()
        return data

    def finish(self) -> None:
        """Compare what was read with what was stored.

        Raises:
            CorruptionFound: it is not the same.
        """
        with world(self._held.key):
            longer = self._stream.read(1)
        found = self._digests.result()["sha512"]
        if longer or self._digests.size != self._held.size or found != self._held.digest:
            raise CorruptionFound(
                "access.changed",
                path=self._held.path,
                uuid=self._uuid,
                promised=self._held.digest,
                found=found,
            )


def pieces(outgoing: Outgoing) -> Iterator[bytes]:
    """Yield a file in pieces of at most :data:`archivum.storage.digest.CHUNK` bytes."""
    while data := outgoing.read(CHUNK):
        yield data

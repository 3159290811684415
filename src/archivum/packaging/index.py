"""What is known of one package while it is worked on, on disk, so that memory does not grow with it.

A private SQLite database that is never committed and dies with its package: SQLite keeps it in a cache of
bounded size and spills the rest into its file.
"""

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from tempfile import gettempdir
from types import TracebackType
from typing import Any, Self

from archivum.model import (
    File,
    Finding,
    FormatMatch,
    Identification,
    Promise,
    Record,
    Scan,
    Validation,
    Verdict,
)
from archivum.plain import from_plain, to_plain
from archivum.storage.durable import refused

CACHE_KIB = 16_384
_PAGE = 256

_TABLES = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA locking_mode = EXCLUSIVE;
CREATE TABLE file (path BLOB PRIMARY KEY, size INTEGER, digests TEXT, format TEXT, open INTEGER,
                   validation TEXT, scan TEXT) WITHOUT ROWID;
CREATE TABLE promise (number INTEGER PRIMARY KEY, path BLOB, size INTEGER, algorithm TEXT, digest TEXT,
                      mime TEXT, reference TEXT, created TEXT, place TEXT);
CREATE INDEX promised ON promise (path);
CREATE INDEX referring ON promise (reference);
CREATE TABLE record (number INTEGER PRIMARY KEY, id TEXT UNIQUE, parent TEXT, body TEXT);
CREATE INDEX child ON record (parent);
CREATE TABLE name (folded BLOB PRIMARY KEY, path BLOB, kind TEXT) WITHOUT ROWID;
CREATE TABLE finding (number INTEGER PRIMARY KEY, verdict TEXT, body TEXT);
CREATE TABLE folder (path BLOB PRIMARY KEY) WITHOUT ROWID;
"""
_FILE = "path, size, digests, format, validation, scan"
_PROMISE = "path, size, algorithm, digest, mime, reference, created, place"


class PackageIndex:
    """The files, promises, records and findings of one package.

    Files and folders come back sorted by the bytes of their path, the rest in the order of its adding. The
    index keeps one writer and any number of readers in one thread.
    """

    def __init__(self, path: Path | None = None) -> None:
        """Make a new index in a file that does not exist yet, or where the system keeps temporary files.

        Raises:
            Misconfigured: the disk is full, read-only or fails.
        """
        self._path = path
        self._place = path or gettempdir()
        try:
            self._base = sqlite3.connect(path or "", isolation_level=None)
            self._base.executescript(f"PRAGMA cache_size = -{CACHE_KIB};{_TABLES}")
            self._base.execute("BEGIN")
        except sqlite3.Error as error:
            raise refused(error, self._place) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Forget everything.

        Raises:
            Misconfigured: what ended the work was that the disk is full or fails.
        """
        self.close()
        if isinstance(error, sqlite3.Error) and (said := refused(error, self._place)) is not error:
            raise said from error

    def close(self) -> None:
        """Forget everything."""
        self._base.close()
        if self._path is not None:
            with suppress(OSError):  # it dies with the folder that it lies in
                self._path.unlink(missing_ok=True)

    # -- files seen ---------------------------------------------------------------------------------------

    def add_file(self, file: File) -> None:
        """Note a file that was read. A second one with the same path takes the place of the first."""
        self._base.execute(
            "INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                os.fsencode(file.path),
                file.size,
                json.dumps(dict(file.digests)),
                _pack(file.format),
                _open(file.format),
                _pack_validation(file.validation),
                _pack_scan(file.scan),
            ),
        )

    def set_formats(self, seen: Iterable[tuple[str, Identification, Validation | None]]) -> None:
        """Note what the files of these paths were identified as, and how valid they are."""
        self._base.executemany(
            "UPDATE file SET format = ?, open = ?, validation = ? WHERE path = ?",
            (
                (_pack(format_), _open(format_), _pack_validation(validation), os.fsencode(path))
                for path, format_, validation in seen
            ),
        )

    def set_scans(self, seen: Iterable[tuple[str, Scan]]) -> None:
        """Note what the scanner for malicious code says of the files of these paths."""
        self._base.executemany(
            "UPDATE file SET scan = ? WHERE path = ?",
            ((_pack_scan(scan), os.fsencode(path)) for path, scan in seen),
        )

    def scans(self) -> Iterator[tuple[Scan | None, int]]:
        """Yield what the scanner says, each with the number of files that it says it of."""
        for body, files in self._base.execute("SELECT scan, count(*) FROM file GROUP BY scan ORDER BY scan"):
            yield _unpack_scan(body), files

    def infected(self) -> Iterator[File]:
        """Yield the files in which malicious code was found."""
        # a scan's verdict comes first in its JSON
        found = f'["{Verdict.FAILED.value}"'
        return map(
            _file,
            self._base.execute(
                f"SELECT {_FILE} FROM file WHERE substr(scan, 1, ?) = ? ORDER BY path", (len(found), found)
            ),
        )

    def file(self, path: str) -> File | None:
        """Return the file of this path, if one was read."""
        row = self._base.execute(f"SELECT {_FILE} FROM file WHERE path = ?", (os.fsencode(path),)).fetchone()
        return _file(row) if row else None

    def files(self, prefix: str = "") -> Iterator[File]:
        """Yield the files whose path starts with the prefix."""
        low, after = os.fsencode(prefix), ">="
        start = low
        while True:
            # by pages, so that files may be added or changed while they are walked
            rows = self._base.execute(
                f"SELECT {_FILE} FROM file WHERE path {after} ? ORDER BY path LIMIT {_PAGE}", (start,)
            ).fetchall()
            for row in rows:
                if not row[0].startswith(low):
                    return
                yield _file(row)
            if len(rows) < _PAGE:
                return
            start, after = rows[-1][0], ">"

    def unsure(self) -> Iterator[File]:
        """Yield the files whose format is not known for sure, or of which more is to be said."""
        return map(_file, self._base.execute(f"SELECT {_FILE} FROM file WHERE open ORDER BY path"))

    def empty(self) -> Iterator[File]:
        """Yield the files without a byte."""
        return map(_file, self._base.execute(f"SELECT {_FILE} FROM file WHERE size = 0 ORDER BY path"))

    def ending(self, *endings: str) -> Iterator[File]:
        """Yield the files whose name ends so (ASCII, in small letters), in whatever case."""
        for ending in endings:
            yield from map(
                _file,
                self._base.execute(
                    f"SELECT {_FILE} FROM file WHERE lower(CAST(substr(path, ?) AS TEXT)) = ? ORDER BY path",
                    (-len(ending), ending),
                ).fetchall(),
            )

    def totals(self, prefix: str = "") -> tuple[int, int]:
        """Return how many files there are below a prefix (of ASCII), and how many bytes they hold."""
        low = os.fsencode(prefix)
        files, size = self._base.execute(
            "SELECT count(*), coalesce(sum(size), 0) FROM file WHERE path >= ? AND path < ?",
            (low, low + b"\xff"),
        ).fetchone()
        return files, size

    def formats(self) -> Iterator[tuple[Identification | None, Validation | None, int, int]]:
        """Yield each identification and validation with the number of their files and their bytes."""
        for body, validation, files, size in self._base.execute(
            "SELECT format, validation, count(*), sum(size) FROM file"
            " GROUP BY format, validation ORDER BY format, validation"
        ):
            yield _unpack(body), _unpack_validation(validation), files, size

    def validated(self) -> Iterator[File]:
        """Yield the files that validators were asked about, or that none is for."""
        return map(
            _file, self._base.execute(f"SELECT {_FILE} FROM file WHERE validation IS NOT NULL ORDER BY path")
        )

    def add_folder(self, path: str) -> None:
        """Note a folder of the package."""
        self._base.execute("INSERT OR IGNORE INTO folder VALUES (?)", (os.fsencode(path),))

    def empty_folders(self) -> Iterator[str]:
        """Yield the folders in which, and below which, there is no file."""
        for (path,) in self._base.execute(
            "SELECT path FROM folder WHERE NOT EXISTS (SELECT 1 FROM file"
            " WHERE file.path > CAST(folder.path || '/' AS BLOB)"
            " AND file.path < CAST(folder.path || '0' AS BLOB)) ORDER BY path"
        ):
            yield os.fsdecode(path)

    def claim(self, folded: str, path: str, kind: str) -> tuple[str, str] | None:
        """Take a name for a path; return the path and the kind that have it already, if any."""
        key = os.fsencode(folded)
        done = self._base.execute(
            "INSERT OR IGNORE INTO name VALUES (?, ?, ?)", (key, os.fsencode(path), kind)
        )
        if done.rowcount == 1:
            return None
        taken, kind = self._base.execute("SELECT path, kind FROM name WHERE folded = ?", (key,)).fetchone()
        return os.fsdecode(taken), kind

    # -- files promised -----------------------------------------------------------------------------------

    def add_promise(self, promise: Promise) -> None:
        """Note what a manifest says of a file; several may speak of one."""
        self._base.execute(
            f"INSERT INTO promise ({_PROMISE}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                os.fsencode(promise.path), promise.size, promise.algorithm, promise.digest,
                promise.mime, promise.reference, promise.created, promise.where,
            ),
        )  # fmt: skip

    def promises(self, path: str | None = None) -> Iterator[Promise]:
        """Yield what was promised, of one file or of all."""
        query = f"SELECT {_PROMISE} FROM promise"
        rows = (
            self._base.execute(f"{query} ORDER BY number")
            if path is None
            else self._base.execute(f"{query} WHERE path = ? ORDER BY number", (os.fsencode(path),))
        )
        return map(_promise, rows)

    def missing(self) -> Iterator[Promise]:
        """Yield the promises of files that were not read."""
        return map(
            _promise,
            self._base.execute(
                f"SELECT {_PROMISE} FROM promise"
                " WHERE NOT EXISTS (SELECT 1 FROM file WHERE file.path = promise.path) ORDER BY number"
            ),
        )

    def unpromised(self) -> Iterator[File]:
        """Yield the files that no manifest speaks of."""
        return map(
            _file,
            self._base.execute(
                f"SELECT {_FILE} FROM file"
                " WHERE NOT EXISTS (SELECT 1 FROM promise WHERE promise.path = file.path) ORDER BY path"
            ),
        )

    def kept(self) -> Iterator[tuple[Promise, File]]:
        """Yield each promise with the file it speaks of, where that was read."""
        columns = ", ".join(f"promise.{name}" for name in _PROMISE.split(", "))
        for row in self._base.execute(
            f"SELECT {columns}, file.path, file.size, file.digests, file.format, file.validation, file.scan"
            " FROM promise JOIN file ON file.path = promise.path ORDER BY promise.number"
        ):
            yield _promise(row[:8]), _file(row[8:])

    # -- records and findings -----------------------------------------------------------------------------

    def add_record(self, record: Record) -> bool:
        """Note a record; False, and nothing noted, if there is one with this id."""
        done = self._base.execute(
            "INSERT OR IGNORE INTO record (id, parent, body) VALUES (?, ?, ?)",
            (record.id, record.parent, json.dumps(to_plain(record))),
        )
        return done.rowcount == 1

    def link_records(self) -> None:
        """Give each record that promises refer to by its id the paths of the files they speak of."""
        rows = self._base.execute(
            "SELECT DISTINCT record.id, promise.path FROM record"
            " JOIN promise ON promise.reference = record.id"
            " WHERE EXISTS (SELECT 1 FROM file WHERE file.path = promise.path)"
            " ORDER BY record.number, promise.number"
        )
        for record_id, pairs in groupby(rows, key=lambda row: row[0]):
            record = self.record(record_id)
            if record is not None:
                linked = replace(record, paths=tuple(os.fsdecode(path) for _, path in pairs))
                body = json.dumps(to_plain(linked))
                self._base.execute("UPDATE record SET body = ? WHERE id = ?", (body, record_id))

    def record(self, record_id: str) -> Record | None:
        """Return the record of this id."""
        row = self._base.execute("SELECT body FROM record WHERE id = ?", (record_id,)).fetchone()
        return from_plain(Record, json.loads(row[0])) if row else None

    def records(self) -> Iterator[Record]:
        """Yield every record in the order of adding."""
        for (body,) in self._base.execute("SELECT body FROM record ORDER BY number"):
            yield from_plain(Record, json.loads(body))

    def children(self, parent: str | None) -> Iterator[Record]:
        """Yield the records directly below one, or those at the top."""
        for (body,) in self._base.execute(
            "SELECT body FROM record WHERE parent IS ? ORDER BY number", (parent,)
        ):
            yield from_plain(Record, json.loads(body))

    def add_finding(self, finding: Finding) -> None:
        """Note a finding."""
        self._base.execute(
            "INSERT INTO finding (verdict, body) VALUES (?, ?)",
            (finding.verdict.value, json.dumps(to_plain(finding))),
        )

    def findings(self, verdict: Verdict | None = None) -> Iterator[Finding]:
        """Yield the findings, all or those of one verdict."""
        rows = (
            self._base.execute("SELECT body FROM finding ORDER BY number")
            if verdict is None
            else self._base.execute(
                "SELECT body FROM finding WHERE verdict = ? ORDER BY number", (verdict.value,)
            )
        )
        for (body,) in rows:
            yield from_plain(Finding, json.loads(body))


def _pack(format_: Identification | None) -> str | None:
    if format_ is None:
        return None
    matches = [[m.puid, m.name, m.version, m.mime, m.basis, m.warning] for m in format_.matches]
    return json.dumps([matches, format_.verdict.value, format_.engine, format_.signatures, format_.reason])


def _open(format_: Identification | None) -> bool:
    """Whether the format leaves a question: not identified, not for sure, or with a warning."""
    return format_ is None or format_.verdict is not Verdict.PASSED or any(m.warning for m in format_.matches)


def _unpack(body: str | None) -> Identification | None:
    if body is None:
        return None
    matches, verdict, engine, signatures, reason = json.loads(body)
    return Identification(
        tuple(FormatMatch(*m) for m in matches), Verdict(verdict), engine, signatures, reason
    )


def _pack_validation(validation: Validation | None) -> str | None:
    return None if validation is None else json.dumps(to_plain(validation))


def _unpack_validation(body: str | None) -> Validation | None:
    return None if body is None else from_plain(Validation, json.loads(body))


def _pack_scan(scan: Scan | None) -> str | None:
    if scan is None:
        return None
    return json.dumps([scan.verdict, scan.signature, scan.engine, scan.database, scan.reason])


def _unpack_scan(body: str | None) -> Scan | None:
    if body is None:
        return None
    verdict, *rest = json.loads(body)
    return Scan(Verdict(verdict), *rest)


def _file(row: tuple[Any, ...]) -> File:
    path, size, digests, format_, validation, scan = row
    return File(
        os.fsdecode(path),
        size,
        json.loads(digests),
        _unpack(format_),
        _unpack_validation(validation),
        _unpack_scan(scan),
    )


def _promise(row: tuple[Any, ...]) -> Promise:
    path, size, algorithm, digest, mime, reference, created, place = row
    return Promise(os.fsdecode(path), size, algorithm, digest, mime, reference, created, place)

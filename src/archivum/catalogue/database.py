"""A database for the catalogue: opened so that a commit is on the disk, its refusals said in our words."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from archivum.catalogue.copying import private_copy, writable
from archivum.errors import ArchivumError, Busy, CorruptionFound, Misconfigured

PATIENCE_MS: Final = 30_000  # how long to wait for another writer
_WRITES: Final = "archivum_writes"

# SQLite's result codes and PostgreSQL's SQLSTATEs (appendix A of its manual) by what the operator can do
_BUSY: Final = ("SQLITE_BUSY", "SQLITE_LOCKED", "55P03", "40P01", "40001")
_FULL: Final = ("SQLITE_FULL", "53100")
_READ_ONLY: Final = ("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "25006", "42501")
_BROKEN: Final = ("SQLITE_CORRUPT", "SQLITE_NOTADB", "XX001", "XX002")
_NO_TABLE: Final = ("42P01", "42703")


class Database:
    """A database by its SQLAlchemy URL; nothing is connected to until it is used.

    An SQLite file that may not be written to is used by a copy, which is caught up and gone at the end.
    """

    def __init__(self, url: str) -> None:
        """Take the URL.

        Raises:
            Misconfigured: it is not a URL of a database, or its driver is not installed.
        """
        try:
            parsed = make_url(url)
            self._file = _file(parsed)
            self._copy = _copied(self._file)
            self._engine = _engine(parsed.set(database=self._copied_file()) if self._copy else parsed)
        except (ArgumentError, NoSuchModuleError) as error:
            raise Misconfigured("catalogue.url", url=url.partition("@")[2] or url) from error
        except ModuleNotFoundError as error:
            raise Misconfigured("catalogue.driver", driver=error.name) from error
        self.name = parsed.render_as_string(hide_password=True)

    @property
    def copied(self) -> bool:
        """Whether what is read and written is a copy."""
        return self._copy is not None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees one state of the database.

        Raises:
            ArchivumError: the database cannot be used; the error says why.
        """
        with self._said(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self, *, create: bool = False) -> Iterator[Connection]:
        """Give a connection that writes, alone; all of it is on the disk afterwards, or nothing.

        Raises:
            Busy: another writer does not let go.
            ArchivumError: the database cannot be used; the error says why.
        """
        writes = {_WRITES: True}
        with (
            self._said(create=create),
            self._engine.connect().execution_options(**writes) as connection,
            connection.begin(),
        ):
            yield connection

    def close(self) -> None:
        """Let go of all connections, and of the copy."""
        self._engine.dispose()
        if self._copy is not None:
            self._copy.cleanup()

    def _copied_file(self) -> str | None:
        return os.path.join(self._copy.name, self._file.name) if self._copy and self._file else None  # noqa: PTH118

    @contextmanager
    def _said(self, *, create: bool = False) -> Iterator[None]:
        if self._file is not None and not create and not self._file.exists():
            raise Misconfigured("catalogue.missing", place=self.name)
        try:
            yield
        except DBAPIError as error:
            raise self._error(error) from error
        except SQLAlchemyError as error:
            raise Misconfigured("catalogue.database", place=self.name, reason=str(error)) from error

    def _error(self, error: DBAPIError) -> ArchivumError:
        origin: Any = error.orig
        code = getattr(origin, "sqlstate", None) or getattr(origin, "sqlite_errorname", None) or ""
        reason = str(origin).strip().partition("\n")[0]
        if code.startswith(_BUSY):
            return Busy("catalogue.database-busy", place=self.name)
        if code.startswith(_FULL):
            return Misconfigured("catalogue.full", place=self.name)
        if code.startswith(_READ_ONLY):
            return Misconfigured("catalogue.read-only", place=self.name, reason=reason)
        if code.startswith(_BROKEN):
            return CorruptionFound("catalogue.broken", place=self.name, reason=reason)
        if code in _NO_TABLE or reason.startswith(("no such table", "no such column")):
            return Misconfigured("catalogue.missing", place=self.name)
        return Misconfigured("catalogue.database", place=self.name, reason=reason)


def _engine(url: URL) -> Engine:
    sqlite = url.get_backend_name() == "sqlite"
    engine = create_engine(url, pool_pre_ping=not sqlite)
    if sqlite:
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    elif url.get_backend_name() == "postgresql":
        event.listen(engine, "connect", _prepare_postgresql)
    return engine


def _file(url: URL) -> Path | None:
    """Return the file of a SQLite database, None for one in memory, by a URI of its own, or on a server."""
    name = url.database or ""
    if url.get_backend_name() != "sqlite" or name in ("", ":memory:") or name.startswith("file:"):
        return None
    return Path(name)


def _copied(file: Path | None) -> "TemporaryDirectory[str] | None":
    if file is None or not file.exists() or writable(file):
        return None
    return private_copy(file)


def _prepare_sqlite(connection: sqlite3.Connection, _: object) -> None:
    """Write-ahead log with every commit on the disk: 3 600 commits a second, none lost with the power."""
    connection.isolation_level = None  # transactions begin in _begin_sqlite
    for pragma in (
        f"busy_timeout = {PATIENCE_MS}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # a transaction that reads first and writes later cannot wait for another writer (SQLITE_BUSY_SNAPSHOT)
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _prepare_postgresql(connection: Any, _: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = {PATIENCE_MS}")
    connection.commit()

"""What an archive is made of: configuration, storages, journal, catalogue, authority, profiles, schemas.

On disk an archive is a folder::

    archivum.toml       the configuration
    profiles/           submission agreements of this archive
    schemas/            publishers' XML schemas, where they have been installed
    time-stamping/      the trial time-stamping authority
    journal/            all events
    catalogue.db        the catalogue, a view of the journal (unless it is elsewhere)
    storage/main/       the storage: ocfl/ journal/ work/
    reports/            reports for producers on what was not accepted
    quarantine/         files in which malicious code was found, of packages that were not accepted
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from archivum import __version__
from archivum.catalogue.catalogue import Catalogue
from archivum.catalogue.details import details
from archivum.catalogue.journal import Journal
from archivum.catalogue.rows import Details
from archivum.configuration import FILE, Configuration, TimeStamping, read_configuration
from archivum.errors import Busy, NotFound
from archivum.formats.examining import Examining
from archivum.formats.table import FILE as FORMATS
from archivum.formats.table import FormatTable, read_format_table
from archivum.malware.clamd import Address
from archivum.malware.scanning import Scanner
from archivum.model import Agent, AgentKind
from archivum.place import data_folder
from archivum.profile import Profiles
from archivum.schemas import Schemas
from archivum.signatures import TimeStampingAuthority
from archivum.signatures.http import HttpAuthority
from archivum.signatures.trial import CHAIN, TrialAuthority
from archivum.storage.durable import world
from archivum.storage.local import LocalStorage
from archivum.storage.ocfl import OcflRoot

Clock = Callable[[], datetime]

ARCHIVE: Final = "archive"  # the name of the archive's own folder, which holds the first copy of the journal
TIME_STAMPING: Final = "time-stamping"
SOFTWARE: Final = Agent("archivum", AgentKind.SOFTWARE, __version__)


@dataclass(slots=True)
class Archive:
    """An open archive; ``agent`` is the person at work, ``clock`` the only source of time."""

    root: Path
    configuration: Configuration
    agent: Agent
    clock: Clock
    storage: LocalStorage
    journal: Journal
    catalogue: Catalogue
    authority: TimeStampingAuthority
    profiles: Profiles
    formats: FormatTable
    schemas: Schemas

    @property
    def ocfl(self) -> OcflRoot:
        """The OCFL root that AIPs lie in."""
        return OcflRoot(self.storage)

    def trusted(self) -> bytes:
        """Return the certificates (PEM) that time-stamps are trusted by: of the authority and the trial one.

        AIPs of the time before a real authority was configured keep their trial stamps.
        """
        trial = self.root / TIME_STAMPING / CHAIN
        return self.authority.chain() + (trial.read_bytes() if trial.is_file() else b"")

    def examining(self) -> Examining:
        """Return a session that looks at files as this archive wants it; it is closed by the caller.

        Raises:
            Misconfigured: the archive's table of formats is wrong.
        """
        asked = self.configuration.validation
        settings = {"verapdf": asked.verapdf, "schemas": str(self.root / "schemas")}
        return Examining(self.formats.validators, settings, seconds=float(asked.seconds))

    def scanner(self) -> Scanner:
        """Return a session with the scanner for malicious code, or with none; it is closed by the caller."""
        settings = self.configuration.malware
        return Scanner(
            Address.parse(settings.socket, self.root),
            max_bytes=settings.max_bytes,
            seconds=float(settings.seconds),
        )

    def details(self, uuid: UUID, kind: str) -> Details | None:
        """Return what only its AIP tells of a stored package, read by the reader of its kind."""
        return details(self.ocfl, uuid, kind)

    def catch_up(self) -> int:
        """Show in the catalogue what the journal has beyond it, as after a crash; return how many events."""
        return self.catalogue.catch_up(self.journal, self.details)

    def settle(self) -> None:
        """Complete in the journal and in the catalogue what a killed process has begun.

        Raises:
            Busy: another process keeps the journal locked.
            CorruptionFound: the journal or the catalogue is damaged.
            Misconfigured: a storage or the catalogue cannot be written to.
        """
        self.journal.settle()
        self.catch_up()

    def close(self) -> None:
        """Let go of the catalogue."""
        self.catalogue.close()

    @contextmanager
    def writing(self) -> Iterator[int]:
        """Be the only process that changes the archive; what is given is the lock's file handle.

        The lock is held as long as any process has a copy of the handle.

        Raises:
            Busy: another one is at it.
            Misconfigured: the archive or its catalogue may not be written to.
        """
        self.catalogue.check_writable()
        place = self.root / "lock"
        with world(place):
            lock = place.open("a+b", buffering=0)
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                lock.seek(0)
                holder = lock.read().decode("utf-8", "replace").strip()
                raise Busy("archive.busy", holder=holder or "?", place=self.root) from error
            with suppress(OSError):  # who holds it is only told; on a full disk it cannot be
                lock.truncate(0)
                lock.write(f"{self.agent.name}, process {os.getpid()}\n".encode())
            yield lock.fileno()


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """How many events the catalogue shows, and whether it is another than it was."""

    events: int
    changed: bool


def rebuild(archive: Archive, *, dry_run: bool = False) -> Rebuilt:
    """Make the catalogue again from what is stored, as if it were lost.

    Copies of the journal that are not whole are completed first; with ``dry_run`` nothing is.

    Raises:
        Busy: another process writes to the archive.
        CorruptionFound: the journal is damaged.
    """
    if dry_run:
        return Rebuilt(archive.journal.head().seq, changed=False)
    with archive.writing():
        archive.journal.heal()
        before = archive.catalogue.fingerprint()
        events = archive.catalogue.rebuild(archive.journal, archive.details)
        return Rebuilt(events, archive.catalogue.fingerprint() != before)


def find_archive(start: Path) -> Path:
    """Return the folder of the archive that a folder is in.

    Raises:
        NotFound: neither the folder nor any above it holds an ``archivum.toml``.
    """
    for folder in (start, *start.parents):
        if (folder / FILE).is_file():
            return folder
    raise NotFound("archive.not-found", place=start)


def open_archive(root: Path, *, agent: Agent, clock: Clock) -> Archive:
    """Open an archive.

    Raises:
        NotFound: there is no archive.
        Misconfigured: the configuration is wrong, or something it names cannot be reached.
    """
    if not (root / FILE).is_file():
        raise NotFound("archive.not-found", place=root)
    configuration = read_configuration(root / FILE)
    ((name, settings),) = configuration.storages.items()
    storage = LocalStorage(name, root / settings.path)
    storage.recognise()
    OcflRoot(storage).check()
    return Archive(
        root=root,
        configuration=configuration,
        agent=agent,
        clock=clock,
        storage=storage,
        journal=Journal((LocalStorage(ARCHIVE, root), storage), root / "journal.lock"),
        catalogue=Catalogue.open(catalogue_url(root, configuration.catalogue.url)),
        authority=_authority(root, configuration.time_stamping),
        profiles=Profiles(root / "profiles", data_folder("profiles")),
        formats=_format_table(root / "profiles", data_folder("profiles")),
        schemas=Schemas(root / "schemas"),
    )


def _format_table(own: Path, shipped: Path) -> FormatTable:
    """Return the archive's own table of formats, else ours; our policies stand where it has none so named."""
    table = read_format_table(shipped / FORMATS)
    if not (own / FORMATS).is_file():
        return table
    changed = read_format_table(own / FORMATS)
    return replace(changed, policies={**table.policies, **changed.policies})


def catalogue_url(root: Path, url: str) -> str:
    """Return the URL with a relative SQLite file put into the archive's folder."""
    scheme, _, file = url.partition(":///")
    if scheme.startswith("sqlite") and file and not file.startswith("/"):
        return f"{scheme}:///{root / file}"
    return url


def _authority(root: Path, settings: TimeStamping) -> TimeStampingAuthority:
    if not settings.url:
        return TrialAuthority.open(root / TIME_STAMPING)
    password = ""
    if settings.password_file:
        place = root / settings.password_file
        with world(place):
            password = place.read_text("utf-8").strip()
    return HttpAuthority(
        settings.url,
        settings.name or settings.url,
        root / settings.certificates,
        user=settings.user,
        password=password,
        policy=settings.policy,
        timeout=settings.timeout,
        proxy=settings.proxy,
    )

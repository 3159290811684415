"""``archivum.toml``: what an archive is told by the people who run it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from archivum.errors import Misconfigured
from archivum.model import Agent, Identifier
from archivum.settings import read_table, read_toml
from archivum.texts import LANGUAGES, Language

FILE: Final = "archivum.toml"

# ClamAV reads no file of 2 GiB or more, whatever its limits are set to, and does not always say so.
SCANNABLE: Final = (1 << 31) - 1

# A number that the register of archives (ČÍA) does not assign: AIPs made with it say that they are trials.
TRIAL_INSTITUTION: Final = "000000000"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the archive is; ``id`` is given once and goes into the identity of every AIP."""

    id: str
    name: str
    language: str = "cs"


@dataclass(frozen=True, slots=True)
class Institution:
    """The institution that cares for the archive; ``code``: its number among Czech archives, nine digits."""

    name: str
    code: str = TRIAL_INSTITUTION


@dataclass(frozen=True, slots=True)
class CatalogueSettings:
    """Where the catalogue is: an SQLAlchemy URL; a relative SQLite file lies in the archive's folder."""

    url: str = "sqlite:///catalogue.db"


@dataclass(frozen=True, slots=True)
class StorageSettings:
    """One storage; a relative path lies in the archive's folder."""

    kind: str = "local"
    path: str = ""


@dataclass(frozen=True, slots=True)
class TimeStamping:
    """Who stamps: the trial authority (``url`` empty) or an RFC 3161 service.

    ``certificates`` is a PEM file with the roots that its tokens are trusted by; ``password-file`` holds the
    password, so that it need not stand in the configuration.
    """

    url: str = ""
    name: str = ""
    certificates: str = ""
    user: str = ""
    password_file: str = ""
    policy: str = ""
    proxy: str = ""
    timeout: int = 30


@dataclass(frozen=True, slots=True)
class ValidationSettings:
    """Who judges files beside what comes along, and how long it may take.

    ``verapdf`` is the address of a veraPDF REST service or the command of an installed veraPDF ("" for none);
    ``seconds`` is what a file may take, beside a second for each 20 MB.
    """

    verapdf: str = ""
    seconds: int = 60


@dataclass(frozen=True, slots=True)
class MalwareSettings:
    """Who looks for malicious code: clamd, by its UNIX socket or ``host:port`` ("" for none).

    ``max_bytes`` is the largest file that is sent: no more than clamd reads whole. ``seconds`` is what it may
    take for a piece of a file, and to answer.
    """

    socket: str = ""
    max_bytes: int = 25_000_000
    seconds: int = 120


@dataclass(frozen=True, slots=True)
class Configuration:
    """Everything in ``archivum.toml``."""

    archive: Identity
    institution: Institution
    storage: Mapping[str, Any] = field(default_factory=dict)
    catalogue: CatalogueSettings = field(default_factory=CatalogueSettings)
    time_stamping: TimeStamping = field(default_factory=TimeStamping)
    validation: ValidationSettings = field(default_factory=ValidationSettings)
    malware: MalwareSettings = field(default_factory=MalwareSettings)

    @property
    def uuid(self) -> UUID:
        """The archive's identifier."""
        return UUID(self.archive.id)

    @property
    def language(self) -> Language:
        """The language of what the archive writes into packages and reports."""
        return "en" if self.archive.language == "en" else "cs"

    @property
    def curator(self) -> Agent:
        """The institution as an agent."""
        code = Identifier(self.institution.code, "INSTITUTION_ID")
        return Agent(self.institution.name, identifiers=(code,))

    @property
    def storages(self) -> Mapping[str, StorageSettings]:
        """The storages by their name."""
        return {
            name: read_table(StorageSettings, table, f"{FILE}: storage.{name}")
            for name, table in self.storage.items()
        }


def read_configuration(path: Path) -> Configuration:
    """Return the configuration in a file.

    Raises:
        Misconfigured: a key or a value is wrong; it is named.
    """
    configuration = read_table(Configuration, read_toml(path), str(path))
    try:
        UUID(configuration.archive.id)
    except ValueError as error:
        raise Misconfigured(
            "settings.choice", value=configuration.archive.id, place=f"{path}: archive.id", choices="UUID"
        ) from error
    if configuration.archive.language not in LANGUAGES:
        raise Misconfigured(
            "settings.choice", value=configuration.archive.language,
            place=f"{path}: archive.language", choices=", ".join(LANGUAGES),
        )  # fmt: skip
    if not re.fullmatch("[0-9]{9}", configuration.institution.code):
        raise Misconfigured(
            "settings.choice", value=configuration.institution.code,
            place=f"{path}: institution.code", choices="[0-9]{9}",
        )  # fmt: skip
    malware = configuration.malware
    for key, number, most in (
        ("max-bytes", malware.max_bytes, SCANNABLE),
        ("seconds", malware.seconds, 86_400),
    ):
        if not 1 <= number <= most:
            raise Misconfigured(
                "settings.choice", value=number, place=f"{path}: malware.{key}", choices=f"1 … {most}"
            )
    if len(configuration.storages) != 1:
        raise Misconfigured("settings.one-storage", place=path, count=len(configuration.storages))
    for name, storage in configuration.storages.items():
        if storage.kind != "local" or not storage.path:
            raise Misconfigured(
                "settings.choice", value=f"{storage.kind} {storage.path}".strip(),
                place=f"{path}: storage.{name}", choices='kind = "local", path = "…"',
            )  # fmt: skip
    return configuration

"""What is asked of an ingest, and what came of it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from uuid import UUID

from archivum.errors import DONE, PackageRejected, Refused
from archivum.model import Decision, Finding, Package


@dataclass(frozen=True, slots=True)
class Order:
    """What was asked for; ``profile`` and ``producer`` are "" where the packages tell.

    ``accession`` identifies the accession (*přejímka*), ``reference`` the file about it (*číslo jednací*).
    """

    profile: str = ""
    producer: str = ""
    accession: str = ""
    reference: str = ""
    dry_run: bool = False


class Status(StrEnum):
    """What became of one transfer.

    CHECKED is a dry run that would have been accepted, ALREADY a package that is stored since before.
    """

    STORED = "stored"
    ALREADY = "already-stored"
    CHECKED = "checked"
    HELD = "held"
    REJECTED = "rejected"
    CONFLICT = "conflict"


_EXIT_CODES = {
    Status.HELD: Refused.exit_code,
    Status.REJECTED: PackageRejected.exit_code,
    Status.CONFLICT: Refused.exit_code,
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """One transfer and what became of it.

    ``digest`` (of the whole), ``files`` and ``size`` (bytes) are those of the submission; ``failed``,
    ``warnings``, ``indeterminate`` count findings; ``report`` is the report for the producer where there is
    one, ``quarantine`` the folder that infected files were put into.
    """

    path: Path
    status: Status
    uuid: UUID
    package: Package
    producer: str
    profile: str
    decision: Decision
    digest: str
    files: int
    size: int
    failed: int = 0
    warnings: int = 0
    indeterminate: int = 0
    findings: tuple[Finding, ...] = ()
    report: Path | None = None
    quarantine: Path | None = None

    @property
    def exit_code(self) -> int:
        """The exit code of an ingest of this transfer alone."""
        return _EXIT_CODES.get(self.status, DONE)


Progress = Callable[[int], None]

"""Exporting an AIP: its bag as a folder, a ZIP or a TAR file, the same bytes each time."""

import tarfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal
from uuid import UUID

from archivum.access.revealing import hidden, reveal, settle
from archivum.archive import Archive
from archivum.storage.durable import create, world
from archivum.stored.holdings import Holdings, check_harmless, pieces

Form = Literal["folder", "zip", "tar"]
_SUFFIXES: Final[Mapping[Form, str]] = {"folder": "", "zip": ".zip", "tar": ".tar"}
_MODE: Final = 0o100644
_UNIX: Final = 3  # APPNOTE 6.3.10 §4.4.2: whose permissions the entries have


@dataclass(frozen=True, slots=True)
class Exported:
    """What was exported: where it is, how many files the bag has, and how many bytes these hold."""

    path: Path
    files: int
    size: int


def export(archive: Archive, uuid: UUID, to: Path, form: Form, version: str = "") -> Exported:
    """Write the bag of an AIP into a folder: ``UUID``, ``UUID.zip`` or ``UUID.tar``.

    It is the newest version; an earlier one is asked for by its name, which the export then has too
    (``UUID-v1``).

    Containers hold one folder named by the UUID; their entries have the time of the receipt, no owner and no
    compression, so that two exports are the same bytes. It is complete or not there at all.

    Raises:
        Refused: there is something of this name already, or malicious code was found in the AIP.
        NotFound: the package is not stored, or has no such version.
        CorruptionFound: a file is not what was stored.
        Misconfigured: the disk is full, read-only or fails.
    """
    accession = archive.catalogue.package(uuid)
    check_harmless(accession)
    named = f"{accession.uuid}-{version}" if version else str(accession.uuid)
    target = to / f"{named}{_SUFFIXES[form]}"
    with Holdings(archive, accession, version) as holdings, hidden(target) as place:
        files, size = _FORMS[form](holdings, place, accession.received_at)
        settle(place)
        reveal(place, target)
    return Exported(target, files, size)


def _folder(holdings: Holdings, place: Path, at: datetime) -> tuple[int, int]:
    files = size = 0
    for held in holdings.files():
        copy = place / held.path
        with world(copy), create(copy) as out, holdings.reading(held) as outgoing:
            out.writelines(pieces(outgoing))
        files += 1
        size += held.size
    return files, size


def _zip(holdings: Holdings, place: Path, at: datetime) -> tuple[int, int]:
    files = size = 0
    moment = at.astimezone(UTC)
    with world(place), zipfile.ZipFile(place, "x", zipfile.ZIP_STORED) as target:
        for held in holdings.files():
            entry = zipfile.ZipInfo(f"{holdings.uuid}/{held.path}", moment.timetuple()[:6])
            entry.create_system, entry.external_attr = _UNIX, _MODE << 16
            entry.file_size = held.size
            with holdings.reading(held) as outgoing, target.open(entry, "w") as out:
                out.writelines(pieces(outgoing))
            files += 1
            size += held.size
    return files, size


def _tar(holdings: Holdings, place: Path, at: datetime) -> tuple[int, int]:
    files = size = 0
    with world(place), create(place) as out:
        for held in holdings.files():
            entry = tarfile.TarInfo(f"{holdings.uuid}/{held.path}")
            entry.size, entry.mode, entry.mtime = held.size, _MODE & 0o777, int(at.timestamp())
            out.write(entry.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape"))
            with holdings.reading(held) as outgoing:
                out.writelines(pieces(outgoing))
            out.write(bytes(-held.size % tarfile.BLOCKSIZE))
            files += 1
            size += held.size
        # POSIX.1-2017 pax, ustar: two empty blocks end it, and it is written in records
        out.write(bytes(2 * tarfile.BLOCKSIZE))
        out.write(bytes(-out.tell() % tarfile.RECORDSIZE))
    return files, size


_FORMS: Final[Mapping[Form, Callable[[Holdings, Path, datetime], tuple[int, int]]]] = {
    "folder": _folder,
    "zip": _zip,
    "tar": _tar,
}

"""Quarantine: files in which malicious code was found, kept apart for people who look into it.

They lie in the archive's folder as ``quarantine/UUID/SHA-512/``: the content under a name that nothing opens,
readable by its owner alone, and a note beside it. Each is complete or not there; nothing in the archive reads
them, and nothing removes them but a person.
"""

import errno
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, Final

from archivum.archive import Archive
from archivum.ingest.submission import Submission
from archivum.model import File
from archivum.plain import canonical, instant
from archivum.storage.digest import CHUNK
from archivum.storage.durable import move_folder, remove_unfinished, sync_tree, world

QUARANTINE: Final = "quarantine"
CONTENT: Final = "content.infected"
NOTE: Final = "note.json"
CONTENTS: Final = 1000  # of one package; who has sent more has them all
PATHS: Final = 1000  # told of one content


def quarantine(archive: Archive, submission: Submission) -> Path | None:
    """Put what is infected into quarantine, once for the same content; return where, None if nothing is.

    Raises:
        Misconfigured: the disk is full, read-only or fails.
    """
    place = archive.root / QUARANTINE / str(submission.receipt.uuid)
    found = _contents(submission)
    for digest, files in found.items():
        if not (place / digest).exists():
            _put(archive, submission, files, place / digest)
    return place if found else None


def sweep_quarantine(archive: Archive) -> None:
    """Remove what killed runs have left half done; the caller is the only process that ingests."""
    folder = archive.root / QUARANTINE
    with world(folder):
        remove_unfinished(folder)
        for place in folder.glob("*"):
            try:
                place.rmdir()  # a folder that was made and got nothing
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
                    raise


def _contents(submission: Submission) -> Mapping[str, list[File]]:
    """Return the files that are infected, by their digest; of many with one content, some."""
    found: dict[str, list[File]] = {}
    for file in submission.index.infected():
        digest = file.digests["sha512"]
        if digest not in found and len(found) == CONTENTS:
            continue
        same = found.setdefault(digest, [])
        if len(same) < PATHS:
            same.append(file)
    return found


def _put(archive: Archive, submission: Submission, files: list[File], target: Path) -> None:
    """Make the folder of one content under a name that nobody reads, and give it its own in one step."""
    folder = archive.root / QUARANTINE
    made = folder / f".{target.parent.name}-{target.name[:16]}.new"
    with world(made):
        folder.mkdir(mode=0o700, exist_ok=True)
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir(mode=0o700)
        source = submission.root / files[0].path
        with source.open("rb") as original, _private(made / CONTENT) as copy:
            shutil.copyfileobj(original, copy, CHUNK)
        with _private(made / NOTE) as note:
            note.write(_note(archive, submission, files))
        sync_tree(made)
    move_folder(made, target)


def _private(path: Path) -> BinaryIO:
    """Open a new file for writing that nobody but its owner can read, and nobody can change or run."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o400), "wb")


def _note(archive: Archive, submission: Submission, files: list[File]) -> bytes:
    """What the content is, where it was, who found what in it, and when."""
    receipt, scan = submission.receipt, files[0].scan
    told = {
        "paths": [file.path for file in files],
        "bytes": files[0].size,
        "sha512": files[0].digests["sha512"],
        "signature": scan.signature if scan else "",
        "engine": scan.engine if scan else "",
        "database": scan.database if scan else "",
        "found": instant(archive.clock()),
        "receipt": str(receipt.uuid),
        "package": receipt.package_id,
        "producer": receipt.producer.name,
        "origin": receipt.origin,
    }
    return canonical(told) + b"\n"

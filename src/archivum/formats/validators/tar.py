"""TAR (POSIX pax, ustar, GNU), read once from start to end; what is in it comes out, to be judged."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from archivum.formats.validators.answer import (
    FAULTS,
    PASSED,
    WARNING,
    Answer,
    Fault,
    Subject,
    Told,
    fault,
    judged,
)
from archivum.formats.validators.inner import Taken
from archivum.storage.transfer import Damaged, EntryKind, Opened
from archivum.storage.transfer_tar import TarTransfer

TOOL: Final = "archivum TAR"
_PIECE: Final = 1 << 20
_END: Final = 1024  # bytes of zeros at the end (POSIX pax, ustar interchange format)


def validate(subject: Subject, told: Told) -> Answer:
    """Judge a TAR file: valid if every header's checksum is right and every file is whole."""
    taken = Taken(told.scratch)
    faults: list[Fault] = []
    count = 0
    try:
        archive = TarTransfer(Path(subject.path))
        try:
            for entry, opener in archive.entries(lambda _: False):
                count += 1
                if entry.path.startswith("/") or ".." in entry.path.split("/"):
                    faults.append(fault("entry-name", where=entry.path))
                if entry.kind is EntryKind.FILE and not entry.method:
                    taken.take(entry.path, _pieces(opener()))
                elif entry.method:
                    faults.append(fault("zip-method", WARNING, entry.path, method=entry.method))
        finally:
            archive.close()
    except Damaged as error:
        faults.append(fault("tar-damaged", where=error.subject, reason=error.reason))
    else:
        faults += _end(subject)
    against = [one for one in faults if one.id == "entry-name"][:FAULTS]
    rest = [one for one in faults if one.id != "entry-name"]
    facts = {"entries": str(count)}
    return judged(TOOL, (*rest, *taken.faults()), facts, taken.inner, valid=PASSED, invalid=against)


def _pieces(opened: Opened) -> Iterator[bytes]:
    try:
        while data := opened.read(_PIECE):
            yield data
    finally:
        opened.close()


def _end(subject: Subject) -> Iterator[Fault]:
    """Yield that the end mark is missing; whatever is cut off between two files ends like that."""
    with open(subject.path, "rb") as file:  # noqa: PTH123
        if file.read(262)[257:] != b"ustar":
            return  # packed, whose end has a checksum of its own, or older than the mark
        file.seek(max(0, subject.size - _END), os.SEEK_SET)
        if file.read(_END).strip(b"\0") or subject.size < _END:
            yield fault("tar-end")

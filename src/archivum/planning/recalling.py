"""What the files of a stored AIP were called last: by its PREMIS, and by later identifications."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from archivum.archive import Archive
from archivum.catalogue.fold import Accession
from archivum.catalogue.folding import CHANGES
from archivum.checks.aip import object_id
from archivum.formats.judging import SIEGFRIED
from archivum.model import Event, EventType, File, FormatMatch, Identification, Validation, Verdict
from archivum.packaging.czdax_context import PREMIS, SUBMISSION
from archivum.packaging.index import PackageIndex
from archivum.packaging.premis_reading import formats_of

SIGNATURES: Final = "signatures"
Noted = tuple[str, Identification, Validation | None]


def stored_files(archive: Archive, accession: Accession) -> Iterator[tuple[str, str, str]]:
    """Yield the files of the submission in the newest version: path in it, key in the storage, SHA-512.

    Raises:
        CorruptionFound, NotFound, Misconfigured: the inventory of the AIP cannot be read.
    """
    start = f"data/{accession.uuid}/{SUBMISSION}"
    for path, key, digest in archive.ocfl.files(object_id(accession.uuid)):
        if path.startswith(start):
            yield path.removeprefix(start), key, digest


class Recalled:
    """The files of a submission in an index, each as it was called last.

    ``signatures`` are those by which they were; ``lost`` are files that are not in the storage.
    """

    def __init__(self, archive: Archive, accession: Accession, scratch: Path, index: PackageIndex) -> None:
        """Read inventory, PREMIS and journal.

        Raises:
            CorruptionFound, NotFound, Misconfigured: one of them cannot be read.
        """
        self.signatures = ""
        self.lost: list[str] = []
        for path, key, digest in stored_files(archive, accession):
            _, size = next(iter(archive.storage.list(key)), ("", None))
            if size is None:
                self.lost.append(path)
            else:
                index.add_file(File(path, size, {"sha512": digest}))
        premis = scratch / Path(PREMIS).name
        inner = f"data/{accession.uuid}/{PREMIS}"
        with archive.ocfl.open(object_id(accession.uuid), inner) as source, premis.open("xb") as copy:
            shutil.copyfileobj(source, copy)
        index.set_formats(self._noting(formats_of(premis, index)))
        for entry in archive.catalogue.events(accession.uuid):
            if entry.event.type is EventType.FORMAT_IDENTIFICATION and CHANGES in entry.event.detail:
                index.set_formats(self._changed(entry.event))

    def _noting(self, told: Iterator[Noted]) -> Iterator[Noted]:
        for path, known, said in told:
            if known.engine == SIEGFRIED:
                self.signatures = known.signatures
            yield path, known, said

    def _changed(self, event: Event) -> Iterator[Noted]:
        """Yield what files were called by a later identification; what was validated was another format."""
        detail: Any = event.detail
        self.signatures = detail[SIGNATURES]["new"]
        for change in detail[CHANGES]:
            verdict = Verdict.PASSED if change["new"] else Verdict.INDETERMINATE
            match = FormatMatch(change["new"], change.get("name", ""))
            yield change["path"], Identification((match,), verdict, "", ""), None

"""The clause (*doložka*) about a change of format: the data of decree 259/2012 § 24 (3), as a text."""

from collections.abc import Sequence
from typing import Final

from archivum.archive import Archive
from archivum.model import File
from archivum.packaging.adding import Derived
from archivum.packaging.writing import NewFile, one_line
from archivum.plain import instant
from archivum.stored.pending import Moment
from archivum.texts import say

CLAUSE: Final = "documentation/dolozka.txt"


def write_clause(
    target: NewFile, archive: Archive, moment: Moment, derived: Sequence[Derived], formats: Sequence[str]
) -> None:
    """Write who changed which format into which, when, and what was not done; not sealed, and it says so.

    ``formats`` are the original ones, in the order of the files.
    """
    language = archive.configuration.language
    institution = archive.configuration.curator.name
    known = {
        "institution": one_line(institution),
        "at": instant(moment.at),
        "person": one_line(moment.agent.name),
        "files": len(derived),
    }
    target.write(say("planning.clause", language, "text", **known).lstrip("\n"))
    for one, was in zip(derived, formats, strict=True):
        file = one.file
        match = file.format.matches[0] if file.format else None
        now = f"{match.name} {match.version}".strip() + f" ({match.puid})" if match else "–"
        facts = {"source": one.source, "was": was, "target": file.path, "now": now}
        line = say("planning.clause-file", language, "text", **facts, digest=file.digests["sha512"])
        target.write(line.lstrip("\n"))


def file_of(target: NewFile, folder: str) -> File:
    """Return the clause as a file of its representation, whose folder in the bag this is."""
    file = target.file
    return File(file.path.removeprefix(folder), file.size, file.digests)

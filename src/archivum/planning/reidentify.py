"""A release of signatures, run over what is stored: what is called otherwise now, before it is recorded.

The files are those of the submission in the newest version of each AIP. Nothing that is stored is changed:
an event tells the new names, and the catalogue follows it.
"""

import hashlib
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from archivum.archive import SOFTWARE, Archive
from archivum.catalogue.fold import Accession
from archivum.catalogue.folding import CHANGES
from archivum.catalogue.uses import Like, uses
from archivum.errors import Misconfigured, NotFound, Refused
from archivum.formats.identifying import Identifying
from archivum.formats.judging import SIEGFRIED
from archivum.formats.policy import DEFAULT, Policy, day_of
from archivum.model import Event, EventType, Identification, State, Verdict
from archivum.packaging.index import PackageIndex
from archivum.planning.recalling import SIGNATURES, Recalled, stored_files
from archivum.storage import Storage
from archivum.storage.digest import CHUNK, Digests
from archivum.storage.durable import world
from archivum.storage.local import LocalStorage

TOLD: Final = 1000  # changes in one event; the next ones are in another
_NOT_LOOKED: Final = ("timeout", "crash", "unreadable")  # reasons that say nothing of the file itself


@dataclass(frozen=True, slots=True)
class Change:
    """A file of a submission that is called otherwise now; a PUID is "" where there is no single one."""

    path: str
    old: str
    new: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Again:
    """An AIP that was identified again: what it holds now, and what of it is called otherwise.

    ``before`` and ``now`` are siegfried's signatures. ``unlooked`` are files that could not be looked at and
    keep their names, ``damaged`` are files that are not what was stored, or not there.
    """

    accession: Accession
    files: int
    size: int
    before: str
    now: str
    changes: tuple[Change, ...]
    formats: tuple[Mapping[str, object], ...]
    unlooked: tuple[str, ...] = ()
    damaged: tuple[str, ...] = ()

    @property
    def is_news(self) -> bool:
        """Whether there is something to record: other names, or other signatures that say the same.

        Of what is damaged nothing is recorded until it is mended.
        """
        return not self.damaged and (bool(self.changes) or self.before != self.now)


def chosen(archive: Archive, references: Iterable[str]) -> Iterator[Accession]:
    """Yield the stored packages that are meant; all of them if none is named.

    Raises:
        NotFound, Misused: no package, or several, are meant by one reference.
        Refused: the package is not stored.
    """
    named = [archive.catalogue.package(reference) for reference in references]
    for accession in named:
        if accession.state is not State.STORED:
            raise Refused("planning.not-stored", uuid=accession.uuid, state=accession.state.value)
    yield from named or archive.catalogue.packages(state=State.STORED)


def open_signatures(place: Path | None) -> Identifying:
    """Return a session with the signatures in a file, or with those that archivum comes with.

    Raises:
        Misconfigured: the file is not there, or is not one of signatures; or the engines do not start.
    """
    identifying = Identifying(signatures=place and place.absolute())
    try:
        _ = identifying.about
    except Misconfigured as error:
        identifying.close()
        if place is None or error.text_id != "formats.engine":
            raise
        raise Misconfigured("planning.signatures", place=place, reason=error.params["reason"]) from error
    return identifying


def reidentify(archive: Archive, accession: Accession, identifying: Identifying) -> Again:
    """Identify the submission of a stored package again; nothing is recorded.

    Raises:
        CorruptionFound, NotFound: inventory or PREMIS of the AIP cannot be read.
        Misconfigured: the storage cannot be read, or the engines cannot be started.
    """
    with TemporaryDirectory(prefix="archivum-") as scratch, PackageIndex() as index:
        recalled = Recalled(archive, accession, Path(scratch), index)
        look = _Look(archive, accession, index, Path(scratch))
        formats = tuple(uses(look.at(identifying)))
        files, size = index.totals()
        return Again(
            accession, files, size, recalled.signatures, identifying.about[SIEGFRIED],
            tuple(sorted(look.changes, key=lambda change: change.path)), formats,
            tuple(sorted(look.unlooked)), tuple(sorted((*recalled.lost, *look.damaged))),
        )  # fmt: skip


def record(archive: Archive, again: Again) -> None:
    """Record what an AIP's files are called now, in the journal and, from there, in the catalogue.

    Raises:
        Busy: another process keeps the journal locked.
        Misconfigured: the disk is full, read-only or fails.
    """
    entries = archive.journal.append(list(_events(archive, again)))
    archive.catalogue.catch_up(archive.journal, archive.details, entries)


def _events(archive: Archive, again: Again) -> Iterator[Event]:
    told = [{"path": one.path, "old": one.old, "new": one.new, "name": one.name} for one in again.changes]
    at, outcome = archive.clock(), Verdict.INDETERMINATE if again.unlooked else Verdict.PASSED
    for start in range(0, max(1, len(told)), TOLD):
        detail = {
            "formats": [dict(use) for use in again.formats],
            CHANGES: told[start : start + TOLD],
            SIGNATURES: {"old": again.before, "new": again.now},
            "by": archive.agent.name,
        }
        yield Event(EventType.FORMAT_IDENTIFICATION, again.accession.uuid, at, SOFTWARE, outcome, detail)


class _Look:
    """One look at the files of a submission; what comes of it is collected on the way."""

    def __init__(self, archive: Archive, accession: Accession, index: PackageIndex, scratch: Path) -> None:
        self._archive, self._accession = archive, accession
        self._index, self._scratch = index, scratch
        self._policy, self._day = _policy(archive, accession), day_of(archive.clock())
        self._asked: dict[str, tuple[str, Path]] = {}  # by path: the key, and where it is read
        self.changes: list[Change] = []
        self.unlooked: list[str] = []
        self.damaged: list[str] = []

    def at(self, identifying: Identifying) -> Iterator[Like]:
        """Identify every file, and yield what is known of it now."""
        try:
            for path, key, _ in stored_files(self._archive, self._accession):
                file = self._index.file(path)
                if file is None:  # lost
                    continue
                place = _readable(self._archive.storage, key, self._scratch)
                self._asked[path] = key, place
                identifying.add(path, place, path.rpartition("/")[2], file.size)
                yield from (self._seen(*seen) for seen in identifying.ready())
            yield from (self._seen(*seen) for seen in identifying.results())
        finally:
            if self._asked:
                identifying.discard()

    def _seen(self, path: str, known: Identification) -> Like:
        """Compare what a file is called now with what it was called last."""
        key, place = self._asked.pop(path)
        if place.parent == self._scratch:
            place.unlink()
        file = self._index.file(path)
        if file is None:
            raise RuntimeError(f"{path} was asked about and is not in the index")
        old, new = (file.format.puid if file.format else "") or "", known.puid or ""
        now: Identification | None = known
        said = file.validation
        if known.reason.partition(":")[0] in _NOT_LOOKED:
            self.unlooked.append(path)
            now = file.format
        elif old != new and self._digest(key) != file.digests["sha512"]:
            self.damaged.append(path)
            now = file.format
        elif old != new:
            name = f"{known.matches[0].name} {known.matches[0].version}".rstrip() if new else ""
            self.changes.append(Change(path, old, new, name))
            said = None  # it was validated as another format
        return Like(now, said, self._policy.judge(now, said, self._day).verdict, 1, file.size)

    def _digest(self, key: str) -> str:
        """Return the SHA-512 of a file as it is now: a damaged one must not seem to have another format."""
        digests = Digests(("sha512",))
        with self._archive.storage.open(key) as stream, world(key):
            while data := stream.read(CHUNK):
                digests.update(data)
        return digests.result()["sha512"]


def _policy(archive: Archive, accession: Accession) -> Policy:
    """Return the policy of the profile that a package came by, or the default where that is no more."""
    try:
        name = archive.profiles.get(accession.profile).formats.policy
    except NotFound:
        name = DEFAULT
    return archive.formats.policy(name)


def _readable(storage: Storage, key: str, scratch: Path) -> Path:
    """Return where a file can be read by its path: where it lies, or a copy of it."""
    if isinstance(storage, LocalStorage):
        return storage.path(key)
    copy = scratch / hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()
    with storage.open(key) as source, world(copy), copy.open("xb") as target:
        shutil.copyfileobj(source, target)
    return copy

"""The next version of a stored AIP: a complete bag again, of which only what is new is stored.

Whatever the version before holds stays where it is and is referred to by its digest (OCFL 1.1 §3.5.2, forward
delta). Its manifest, its time-stamp and the certificates of this come along in ``versions/vN/``, so that the
newest bag alone proves since when its files have been as they are.
"""

import heapq
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from archivum.archive import SOFTWARE, Archive
from archivum.catalogue.fold import Accession
from archivum.checks.aip import CHAIN, STAMP, check_aip, object_id
from archivum.checks.readback import differences_of_next
from archivum.errors import CorruptionFound
from archivum.model import Event, EventType, File, Verdict
from archivum.packaging.adding import Addition, add_to_mets, add_to_package_info, add_to_premis
from archivum.packaging.bag import (
    INFO,
    MANIFEST,
    TAG_MANIFEST,
    encode_path,
    read_file,
    read_manifest,
    readable_size,
    write_info,
    write_tag_manifest,
)
from archivum.packaging.bagit_tags import info
from archivum.packaging.czdax_context import METS, PACKAGE_INFO, PREMIS
from archivum.packaging.writing import NewFile
from archivum.plain import instant
from archivum.signatures import TimeStamp
from archivum.storage.durable import create, remove_unfinished, world
from archivum.storage.ocfl_commit import ObjectVersion
from archivum.stored.holdings import Holdings, Outgoing, pieces
from archivum.stored.pending import (
    VERSIONS,
    Moment,
    Pending,
    announce,
    announced,
    forget,
    withdraw,
)
from archivum.stored.sealing import STAMPS, addressed, seal, stamp_place

PLACE: Final = "version-"
_MADE_ANEW: Final = (INFO, MANIFEST, STAMP, CHAIN, TAG_MANIFEST)
_EVIDENCE: Final = (MANIFEST, STAMP, CHAIN)


@contextmanager
def workplace(archive: Archive) -> Iterator[Path]:
    """A folder to make a version in: what is put into ``bag`` in it will be in the version's bag.

    Raises:
        Misconfigured: the disk is full, read-only or fails.
    """
    with world(archive.storage.root):
        place = Path(mkdtemp(prefix=PLACE, dir=archive.storage.workplace()))
        (place / "bag").mkdir()
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def settle(archive: Archive) -> None:
    """End what interrupted runs have begun: record versions that were stored, forget what was not.

    The caller is the only process that writes to the archive.

    Raises:
        CorruptionFound: a version that was stored is not what was written; it stays for people to see.
        Misconfigured: a storage or the catalogue does not let it go on.
    """
    archive.settle()
    with world(archive.storage.root):
        for place in archive.storage.workplace().glob(f"{PLACE}*"):
            shutil.rmtree(place)
        for kept in (VERSIONS, STAMPS):
            remove_unfinished(archive.storage.workplace() / kept)
    for pending in announced(archive):
        accession = archive.catalogue.package(pending.uuid)
        if accession.version == pending.version:
            _forget(archive, pending)
        elif archive.ocfl.head(object_id(pending.uuid)) == pending.version:
            _take_up(archive, pending)
        else:
            withdraw(archive, pending.uuid)


def _take_up(archive: Archive, pending: Pending) -> None:
    """Read a version that an interrupted run has stored, with all before it, and record it."""
    archive.storage.secure(archive.ocfl.key(object_id(pending.uuid)))
    check = check_aip(archive.ocfl, pending.uuid, archive.trusted())
    if check.findings or check.manifest != pending.manifest:
        wrong = check.findings[0].text() if check.findings else MANIFEST
        raise CorruptionFound("stored.version", uuid=pending.uuid, version=pending.version, finding=wrong)
    _record(archive, pending)


def make_version(
    archive: Archive,
    accession: Accession,
    holdings: Holdings,
    place: Path,
    moment: Moment,
    addition: Addition,
    events: Sequence[Event],
) -> Pending:
    """Make, store and record the version of an AIP that adds a representation; return what was recorded.

    The representation's files lie in ``bag`` in the place already (see :func:`workplace`). ``events`` are to
    be recorded before those of the making. It is complete and seen by all, or as if it had not begun.

    Raises:
        CorruptionFound: the AIP is damaged, or what was stored reads back otherwise and was taken back.
        Misconfigured: the disk is full, read-only or fails, or the authority does not stamp.
        Refused: the object is not as archivum makes them.
    """
    making = _Making(archive, accession, holdings, place, moment)
    made = making.bag_of(addition)
    told = [*events, *_told(archive, accession, made, addition)]
    pending = Pending(accession.uuid, moment.version, made.manifest, tuple(told))
    announce(archive, pending)
    _store(archive, place, made)
    _record(archive, pending)
    return pending


@dataclass(frozen=True, slots=True)
class _Made:
    """A version that is complete in the workplace; ``new`` are its files that the AIP did not have."""

    version: ObjectVersion
    new: Sequence[File]
    manifest: str
    files: int
    size: int
    stamp: TimeStamp


@dataclass(frozen=True, slots=True)
class _Making:
    """A version in the making, and the AIP that it is made of."""

    archive: Archive
    accession: Accession
    holdings: Holdings
    place: Path
    moment: Moment

    @property
    def bag(self) -> Path:
        """Where the new files of the bag lie."""
        return self.place / "bag"

    @property
    def prefix(self) -> str:
        """Where the package lies in the bag."""
        return f"data/{self.accession.uuid}/"

    def bag_of(self, addition: Addition) -> _Made:
        """Write what is new of the bag, seal it, and make the object that will take the place of the old."""
        metadata = self._metadata(addition)
        added = [_within(f"{self.prefix}{addition.folder}", file) for file in addition.files()]
        added.sort(key=lambda file: os.fsencode(file.path))
        written = sorted([*metadata, *added], key=lambda file: os.fsencode(file.path))
        files = (self.accession.aip_files or 0) + len(added)
        size = (self.accession.aip_size or 0) + sum(file.size for file in written)
        size -= sum(self.holdings.file(file.path).size for file in metadata)
        bag_info = write_info(self.bag, self._info(files, size))
        manifest = self._manifest(written)
        stamp = seal(self.archive, self.bag, manifest.digests["sha512"])
        tags = [bag_info, manifest, *(read_file(self.bag, path) for path in (STAMP, CHAIN))]
        tag_lines = [*self._old_tags(), *((tag.digests["sha512"], tag.path) for tag in tags)]
        tag_manifest = write_tag_manifest(self.bag, tag_lines)
        new = [*written, *tags, tag_manifest]
        last = (tag_manifest.path, tag_manifest.digests["sha512"])
        state = chain(((path, digest) for digest, path in tag_lines), self._payload(), (last,))
        version = self.archive.ocfl.prepare_next(
            object_id(self.accession.uuid),
            self.place / "aip",
            self.bag,
            state,
            ((file.path, file.digests, file.size) for file in new),
            at=self.moment.at,
            message=addition.name,
            agent=addressed(self.archive, self.moment.agent),
        )
        content = self.place / "aip" / version.version / "content"
        moved = sorted((file for file in new if (content / file.path).exists()), key=lambda file: file.path)
        return _Made(version, moved, manifest.digests["sha512"], files, size, stamp)

    def _metadata(self, addition: Addition) -> list[File]:
        """Write METS and PREMIS anew, with what they said and what is added."""
        with self._anew(PREMIS) as (lines, premis):
            add_to_premis(lines, premis, addition)
        with self._anew(PACKAGE_INFO) as (lines, package_info):
            add_to_package_info(lines, package_info, addition)
        changed = [_without(self.prefix, one.file) for one in (premis, package_info)]
        with self._anew(METS) as (lines, mets):
            add_to_mets(lines, mets, addition, changed)
        for path, schema in ((PREMIS, "premis"), (PACKAGE_INFO, "premis"), (METS, "czdax-mets")):
            for _ in self.archive.schemas.explain(schema, self.bag / (self.prefix + path)):
                raise CorruptionFound("packaging.unexpected", path=path)
        return [mets.file, premis.file, package_info.file]

    @contextmanager
    def _anew(self, path: str) -> Iterator[tuple[Iterable[str], NewFile]]:
        """Give the lines of a file as it was, and the file as it will be."""
        with (
            self.holdings.reading(self.holdings.file(self.prefix + path)) as outgoing,
            NewFile(self.bag, self.prefix + path) as target,
        ):
            yield _lines(outgoing), target

    def _info(self, files: int, size: int) -> Iterator[tuple[str, str]]:
        """The fields of ``bag-info.txt`` with those that are others now (RFC 8493 §2.2.2)."""
        now = {
            "Bagging-Date": self.moment.at.date().isoformat(),
            "Bag-Size": readable_size(size),
            "Payload-Oxum": f"{size}.{files}",
            "Bag-Software-Agent": f"{SOFTWARE.name} {SOFTWARE.version}",
            "Time-Stamp": "TRIAL, NOT QUALIFIED" if self.archive.authority.trial else "RFC 3161",
            "AIP-Version": self.moment.version.removeprefix("v"),
        }
        before = self.place / "before"
        with (
            world(before),
            create(before / INFO) as copy,
            self.holdings.reading(self.holdings.file(INFO)) as outgoing,
        ):
            copy.writelines(pieces(outgoing))
        for label, value in info(before, "UTF-8")[0]:
            yield label, now.pop(label, value)
        yield from now.items()

    def _manifest(self, written: Sequence[File]) -> File:
        """Write the manifest: what was in it, but for what is written anew, and what is added."""
        replaced = {file.path for file in written}
        kept = ((path, digest) for path, digest in self._listed() if path not in replaced)
        new = ((file.path, file.digests["sha512"]) for file in written)
        with NewFile(self.bag, MANIFEST) as manifest:
            for path, digest in heapq.merge(kept, new, key=lambda line: os.fsencode(line[0])):
                manifest.write(f"{digest}  {encode_path(path)}\n")
        return manifest.file

    def _listed(self) -> Iterator[tuple[str, str]]:
        """Yield path and digest of the payload as it was; it was compared with the journal before."""
        for held in self.holdings.files("data/"):
            yield held.path, held.digest

    def _payload(self) -> Iterator[tuple[str, str]]:
        """Yield path and digest of the payload as it is now."""
        with world(self.bag / MANIFEST), (self.bag / MANIFEST).open("rb") as stream:
            yield from ((path, digest) for digest, path in read_manifest(stream))

    def _old_tags(self) -> Iterator[tuple[str, str]]:
        """Yield digest and path of the tag files that stay, and of the evidence of the version before."""
        for held in self.holdings.files():
            if not held.path.startswith("data/") and held.path not in _MADE_ANEW:
                yield held.digest, held.path
        for path in _EVIDENCE:
            yield self.holdings.file(path).digest, f"versions/{self.holdings.version}/{path}"


def _within(folder: str, file: File) -> File:
    return File(folder + file.path, file.size, file.digests)


def _without(prefix: str, file: File) -> File:
    return File(file.path.removeprefix(prefix), file.size, file.digests)


def _lines(outgoing: Outgoing) -> Iterator[str]:
    """Yield a stored text line by line; all of it is read, and held against its digest."""
    rest = b""
    for piece in pieces(outgoing):
        *whole, rest = (rest + piece).split(b"\n")
        yield from (f"{line.decode('utf-8', 'surrogateescape')}\n" for line in whole)
    if rest:
        yield rest.decode("utf-8", "surrogateescape")


def _told(archive: Archive, accession: Accession, made: _Made, addition: Addition) -> Iterator[Event]:
    """Yield the events of the making of a version, up to its end in storage."""
    version, stamp = made.version, made.stamp
    details: dict[EventType, dict[str, object]] = {
        EventType.INFORMATION_PACKAGE_CREATION: {
            "files": made.files,
            "bytes": made.size,
            "manifest": made.manifest,
            "reason": addition.name,
        },
        EventType.TIME_STAMPING: {
            "authority": stamp.authority,
            "trial": stamp.trial,
            "time": instant(stamp.time) if stamp.time else "",
            "serial": str(stamp.serial),
        },
        EventType.STORAGE: {
            "storage": archive.storage.name,
            "key": version.key,
            "object": version.object_id,
        },
    }
    for kind, detail in details.items():
        yield event_of(archive, accession, kind, {**detail, "version": version.version})


def event_of(archive: Archive, accession: Accession, kind: EventType, detail: dict[str, object]) -> Event:
    """Return an event about an AIP that the software did."""
    return Event(kind, accession.uuid, archive.clock(), SOFTWARE, Verdict.PASSED, detail)


def _store(archive: Archive, place: Path, made: _Made) -> None:
    """Have the version take the place of the object, read it back, and take it back if it is not right.

    Raises:
        CorruptionFound: it was not what was written; the AIP is as it was, the version set aside.
    """
    folder, version = place / "aip", made.version
    archive.storage.exchange(folder, version.key)
    wrong = next(differences_of_next(archive.storage, version, made.new), None)
    if wrong is not None:
        archive.storage.exchange(folder, version.key)
        aside = archive.storage.put_aside(folder)
        raise CorruptionFound("stored.read-back", place=aside, finding=wrong)


def _record(archive: Archive, pending: Pending) -> None:
    entries = archive.journal.append(pending.events)
    archive.catalogue.catch_up(archive.journal, archive.details, entries)
    _forget(archive, pending)


def _forget(archive: Archive, pending: Pending) -> None:
    stamp_place(archive, pending.manifest).unlink(missing_ok=True)
    forget(archive, pending.uuid)

"""Build, seal, store: from an accepted submission to an AIP in storage that has been read back."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from archivum.archive import SOFTWARE, Archive
from archivum.checks.aip import CHAIN, STAMP, check_aip, object_id
from archivum.checks.readback import differences
from archivum.errors import CorruptionFound
from archivum.ingest.order import Order
from archivum.ingest.recording import Stored
from archivum.ingest.submission import Submission
from archivum.model import Event
from archivum.packaging.bag import Built, close_bag
from archivum.packaging.czdax import Context, build, submission_folder
from archivum.plain import instant
from archivum.signatures import TimeStamp
from archivum.storage.durable import make_below, world
from archivum.storage.ocfl_commit import FIRST, ObjectVersion
from archivum.stored.sealing import addressed, seal


@dataclass(frozen=True, slots=True)
class Aip:
    """An AIP that is complete in a workplace: a folder that is an OCFL object, and its bag and time-stamp."""

    folder: Path
    version: ObjectVersion
    built: Built
    stamp: TimeStamp


def build_aip(
    archive: Archive, submission: Submission, order: Order, events: Sequence[Event], place: Path
) -> Aip:
    """Make the AIP of a submission in a place.

    Raises:
        Misconfigured: the disk is full, read-only or fails, or the authority does not stamp.
    """
    folder = place / "aip"
    bag = folder / FIRST / "content"
    target = bag / submission_folder(submission.receipt)
    with world(target):
        make_below(target.parent, place)
        submission.root.rename(target)
    receipt, context = submission.receipt, _context(archive, submission, order)
    built = build(bag, receipt, submission.package, submission.index, context, events)
    stamp = seal(archive, bag, built.manifest)
    built = close_bag(bag, built, (STAMP, CHAIN))
    version = archive.ocfl.prepare(
        object_id(receipt.uuid),
        folder,
        ((file.path, file.digests, file.size) for file in built.all_files()),
        at=receipt.at,
        message="ingest",
        agent=addressed(archive, receipt.agent),
    )
    return Aip(folder, version, built, stamp)


def read_back(archive: Archive, uuid: UUID, aip: Aip) -> Stored:
    """Compare an AIP that was just stored with what was written, byte by byte, and return what it is.

    Raises:
        CorruptionFound: it is something else; it is set aside, for a person to look at.
    """
    wrong = next(differences(archive.storage, aip.version, aip.built.all_files()), None)
    if wrong is not None:
        raise _set_aside(archive, uuid, wrong)
    return _stored(archive, uuid, aip.built.manifest, (aip.built.files, aip.built.size), aip.stamp)


def taken_up(archive: Archive, uuid: UUID) -> Stored:
    """Read an AIP that an interrupted ingest has left in storage, whole, and return what it is.

    Raises:
        CorruptionFound: it is not whole; it is set aside, for a person to look at.
    """
    archive.storage.secure(archive.ocfl.key(object_id(uuid)))
    check = check_aip(archive.ocfl, uuid, archive.trusted())
    if check.findings or check.stamp is None:
        wrong = check.findings[0].text() if check.findings else STAMP
        raise _set_aside(archive, uuid, wrong)
    return _stored(archive, uuid, check.manifest, check.payload, check.stamp)


def _set_aside(archive: Archive, uuid: UUID, wrong: str) -> CorruptionFound:
    aside = archive.storage.set_aside(archive.ocfl.key(object_id(uuid)))
    return CorruptionFound("ingest.read-back", uuid=uuid, finding=wrong, place=aside)


def _context(archive: Archive, submission: Submission, order: Order) -> Context:
    return Context(
        institution=archive.configuration.curator,
        fonds=submission.profile.fonds,
        software=SOFTWARE,
        ingestion=order.accession or str(submission.receipt.uuid),
        reference=order.reference,
        language=archive.configuration.language,
        trial=archive.authority.trial,
    )


def _stored(
    archive: Archive, uuid: UUID, manifest: str, payload: tuple[int, int], stamp: TimeStamp
) -> Stored:
    return Stored(
        manifest=manifest,
        files=payload[0],
        size=payload[1],
        authority=stamp.authority,
        trial=stamp.trial,
        stamped=instant(stamp.time) if stamp.time else "",
        serial=str(stamp.serial),
        storage=archive.storage.name,
        key=archive.ocfl.key(object_id(uuid)),
        version=FIRST,
    )

"""Build, seal, store: from an accepted submission to an AIP in storage that has been read back."""

from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid5

from archivum.archive import SOFTWARE, Archive
from archivum.checks.aip import CHAIN, STAMP, AipCheck, check_aip, object_id
from archivum.errors import CorruptionFound
from archivum.ingest.order import Order
from archivum.ingest.recording import Stored
from archivum.ingest.submission import Submission
from archivum.model import Agent, Event, Identifier, Verdict
from archivum.packaging.bag import Built, close_bag
from archivum.packaging.czdax import Context, build, submission_folder
from archivum.plain import instant
from archivum.signatures import verify
from archivum.storage.durable import create, keep, world

VERSION = "v1"


def build_aip(
    archive: Archive, submission: Submission, order: Order, events: list[Event], place: Path
) -> Stored:
    """Make the AIP of a submission in a place, put it into storage and read it back.

    Raises:
        CorruptionFound: what was read back is not what was written; it is set aside.
        Misconfigured: the disk is full, read-only or fails, or the authority does not stamp.
    """
    folder = place / "aip"
    bag = folder / VERSION / "content"
    target = bag / submission_folder(submission.receipt)
    with world(target):
        target.parent.mkdir(parents=True)
        submission.root.rename(target)
    receipt, context = submission.receipt, _context(archive, submission, order)
    built = build(bag, receipt, submission.package, submission.index, context, events)
    _seal(archive, bag, built)
    built = close_bag(bag, built, (STAMP, CHAIN))
    archive.ocfl.commit(
        object_id(receipt.uuid),
        folder,
        ((file.path, file.digests, file.size) for file in built.all_files()),
        at=receipt.at,
        message="ingest",
        agent=replace(receipt.agent, identifiers=(_address(archive, receipt.agent),)),
    )
    return read_back(archive, receipt.uuid, built.manifest)


def read_back(archive: Archive, uuid: UUID, manifest: str = "") -> Stored:
    """Read every byte of a stored AIP; return what it is.

    Raises:
        CorruptionFound: it is not whole, or not what was written; it is set aside, for a person to look at.
    """
    check = check_aip(archive.ocfl, uuid, archive.trusted(), manifest)
    if check.findings:
        aside = archive.storage.set_aside(archive.ocfl.key(object_id(uuid)))
        first = check.findings[0]
        raise CorruptionFound("ingest.read-back", uuid=uuid, finding=first.text(), place=aside)
    return _stored(archive, uuid, check)


def _address(archive: Archive, agent: Agent) -> Identifier:
    """Return the URI that OCFL wants of whoever made a version (OCFL 1.1 §3.5.3.1): ours for the agent."""
    return Identifier(f"urn:uuid:{uuid5(archive.configuration.uuid, agent.name)}")


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


def _seal(archive: Archive, bag: Path, built: Built) -> None:
    """Have the manifest stamped, or take the stamp that an interrupted ingest got for the same manifest.

    Raises:
        Misconfigured: the authority does not stamp.
    """
    imprint = bytes.fromhex(built.manifest)
    response = _kept_stamp(archive, built.manifest, imprint)
    if response is None:
        response = archive.authority.stamp(imprint, archive.clock())
        keep(stamp_place(archive, built.manifest), response)
    for path, data in ((STAMP, response), (CHAIN, archive.authority.chain())):
        with world(bag / path), create(bag / path) as file:
            file.write(data)


def _kept_stamp(archive: Archive, manifest: str, imprint: bytes) -> bytes | None:
    """Return the stamp that an interrupted ingest got, if it is there and holds."""
    try:
        response = stamp_place(archive, manifest).read_bytes()
    except FileNotFoundError:
        return None
    stamp = verify(response, imprint, archive.trusted(), subject=STAMP)
    return None if stamp.verdict is Verdict.FAILED else response


def stamp_place(archive: Archive, manifest: str) -> Path:
    """Return where a time-stamp is kept until its package is stored."""
    return archive.storage.workplace() / "stamps" / f"{manifest}.tsr"


def _stored(archive: Archive, uuid: UUID, check: AipCheck) -> Stored:
    files, size = check.payload
    stamp = check.stamp
    return Stored(
        manifest=check.manifest,
        files=files,
        size=size,
        authority=stamp.authority if stamp else "",
        trial=stamp.trial if stamp else False,
        stamped=instant(stamp.time) if stamp and stamp.time else "",
        serial=str(stamp.serial) if stamp else "",
        storage=archive.storage.name,
        key=archive.ocfl.key(object_id(uuid)),
        version=VERSION,
    )

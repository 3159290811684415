"""Is a stored AIP what was stored: every byte of it read again, and held against every manifest.

The object against its inventories (OCFL 1.1), the bag against its manifests (RFC 8493 §3), the manifest
against the time-stamp over it and against what the journal says it was. Of earlier versions the bag is held
against its own manifests as well, by the digests that their files were found to have.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import BinaryIO, Final
from uuid import UUID

from archivum.errors import CorruptionFound, NotFound
from archivum.model import File, Finding, Promise, Severity, Verdict
from archivum.packaging.bag import MANIFEST, TAG_MANIFEST, read_manifest
from archivum.packaging.index import PackageIndex
from archivum.signatures import TimeStamp, verify
from archivum.storage.ocfl import OcflRoot
from archivum.storage.ocfl_inventory import Inventory
from archivum.storage.ocfl_validation import validate

STAMP: Final = f"{MANIFEST}.tsr"
CHAIN: Final = "time-stamp-chain.pem"
FINDINGS: Final = 1000  # of one AIP; after so many it is known well enough that it is broken
# OCFL only warns of them: a folder beside a version's content, a version without its inventory
LOST_OR_ADDED: Final = ("ocfl-W002", "ocfl-W010")
_STAMP_BYTES: Final = 1 << 20

Opened = Callable[[str], BinaryIO]  # opens a file of the object by its logical path


@dataclass(frozen=True, slots=True)
class AipCheck:
    """What was found: ``findings`` say that something is wrong or could not be read, ``notes`` the rest.

    ``files`` and ``size`` (bytes) are all that was read of the version that counts, ``payload`` the numbers
    of the bag's payload; ``manifest`` is the SHA-512 of the payload manifest as it is now.
    """

    uuid: UUID
    files: int = 0
    size: int = 0
    payload: tuple[int, int] = (0, 0)
    manifest: str = ""
    stamp: TimeStamp | None = None
    findings: tuple[Finding, ...] = ()
    notes: tuple[Finding, ...] = field(default=())

    @property
    def verdict(self) -> Verdict:
        """Failed if anything is wrong, indeterminate if something could not be read, else passed."""
        if any(one.verdict is Verdict.FAILED for one in self.findings):
            return Verdict.FAILED
        return Verdict.INDETERMINATE if self.findings else Verdict.PASSED


def object_id(uuid: UUID) -> str:
    """Return the OCFL identifier of an AIP."""
    return f"urn:uuid:{uuid}"


def check_aip(
    ocfl: OcflRoot, uuid: UUID, roots: bytes, manifests: Mapping[str, str] | None = None
) -> AipCheck:
    """Read every byte of a stored AIP once, of all its versions.

    ``roots`` are the certificates (PEM) that time-stamps are trusted by; ``manifests`` says by the name of
    each version that is known, in their order, which SHA-512 its payload manifest had when it was stored. The
    last of them counts; where nothing is known, the newest that is there does.

    Raises:
        Misconfigured: the storage is not there.
    """
    key, known = ocfl.key(object_id(uuid)), manifests or {}
    if not ocfl.storage.exists(key):
        return AipCheck(uuid, findings=(_failed("aip-absent", key),))
    version = next(reversed([*known]), "")
    with PackageIndex() as index:
        findings: list[Finding] = []
        for finding in chain(_object(ocfl, key, index, version), _beside(ocfl, key)):
            # to the end, however many there are: what is not read would look as if it were missing
            if len(findings) < FINDINGS:
                findings.append(finding)
        stamp: TimeStamp | None = None
        # an inventory that cannot be acted on has its findings already
        with suppress(CorruptionFound, NotFound), ocfl.inventory(object_id(uuid)) as inventory:
            findings += islice(_others(ocfl, inventory, known), FINDINGS)
            opened = ocfl.opener(inventory, version)
            findings += islice(_bag(opened, index, known.get(version, "")), FINDINGS)
            stamp = _stamp(opened, index, roots)
        files, size = index.totals()
        actual = index.file(MANIFEST)
        payload = index.totals("data/")
    told = stamp.findings if stamp else ()
    wrong = [one for one in findings if one.severity is Severity.ERROR or one.code in LOST_OR_ADDED]
    wrong += [one for one in told if one.severity is not Severity.INFO]
    return AipCheck(
        uuid, files, size, payload, actual.digests["sha512"] if actual else "", stamp, tuple(wrong),
        tuple(one for one in (*findings, *told) if one not in wrong),
    )  # fmt: skip


def _object(ocfl: OcflRoot, key: str, index: PackageIndex, version: str) -> Iterator[Finding]:
    """Validate the object, and note each file of a version with the digests that it has now."""
    return validate(
        ocfl.storage,
        key,
        seen=lambda path, size, digests: index.add_file(File(path, size, digests)),
        version=version,
    )


def _others(ocfl: OcflRoot, inventory: Inventory, known: Mapping[str, str]) -> Iterator[Finding]:
    """Hold the bags of earlier versions against their manifests, and the versions against those known.

    Their files were read with the object: what is asked here is whether the inventory says of them what
    their own manifests say.
    """
    counts = next(reversed([*known]), inventory.head)
    for version in inventory.versions:
        if known and version not in known:
            yield _failed("aip-unrecorded", version)
        elif version != counts:
            with PackageIndex() as index:
                for path, _, digest in inventory.files(version):
                    index.add_file(File(path, 0, {"sha512": digest.lower()}))
                for finding in _bag(ocfl.opener(inventory, version), index, known.get(version, "")):
                    yield replace(finding, where=f"{version}: {finding.where}".removesuffix(": "))
    for version in known:
        if version not in inventory.versions:
            yield _failed("aip-version-lost", version)


def _beside(ocfl: OcflRoot, key: str) -> Iterator[Finding]:
    """Yield what OCFL lets others put beside the versions, and archivum never does."""
    for folder in ("logs", "extensions"):
        for found, _ in ocfl.storage.list(f"{key}/{folder}"):
            yield _failed("aip-extra", found.removeprefix(f"{key}/"))


def _bag(opened: Opened, index: PackageIndex, manifest: str) -> Iterator[Finding]:
    """Hold the bag against its manifests, and the payload manifest against what it was."""
    for name in (MANIFEST, TAG_MANIFEST):
        yield from _read(opened, index, name)
    for promise in index.missing():
        yield _failed("aip-missing", promise.path, promise.where)
    for file in index.unpromised():
        if file.path != TAG_MANIFEST:
            yield _failed("aip-extra", file.path)
    for promise, file in index.kept():
        found = file.digests["sha512"]
        if found != promise.digest:
            yield _failed("aip-changed", file.path, promise.where, promised=promise.digest or "", found=found)
    actual = index.file(MANIFEST)
    if manifest and actual is not None and actual.digests["sha512"] != manifest:
        yield _failed("aip-manifest", MANIFEST, promised=manifest, found=actual.digests["sha512"])
    if index.file(STAMP) is None:
        yield _failed("aip-missing", STAMP, MANIFEST)


def _read(opened: Opened, index: PackageIndex, name: str) -> Iterator[Finding]:
    """Take what a manifest says into the index."""
    try:
        with opened(name) as stream:
            for digest, path in read_manifest(stream, name):
                index.add_promise(Promise(path, None, "sha512", digest, where=name))
    except NotFound:
        yield _failed("aip-missing", name, name)
    except CorruptionFound as error:
        yield _failed("aip-unreadable", name, line=str(error.params.get("line", "–")))


def _stamp(opened: Opened, index: PackageIndex, roots: bytes) -> TimeStamp | None:
    """Verify the time-stamp over the payload manifest as it is now."""
    manifest = index.file(MANIFEST)
    if manifest is None or index.file(STAMP) is None:
        return None
    with opened(STAMP) as stream:
        response = stream.read(_STAMP_BYTES)
    return verify(response, bytes.fromhex(manifest.digests["sha512"]), roots, subject=STAMP)


def _failed(code: str, subject: str, where: str = "", **params: str) -> Finding:
    return Finding(code, Verdict.FAILED, Severity.ERROR, subject, where, params)

"""What makes a folder of content the first version of an OCFL object (OCFL 1.1 §3)."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest
from pathlib import Path
from typing import BinaryIO, Final

from archivum.errors import CorruptionFound
from archivum.model import Agent
from archivum.plain import instant
from archivum.storage.durable import create
from archivum.storage.local import LocalStorage
from archivum.storage.ocfl_entries import Block, Entries
from archivum.storage.ocfl_inventory import CONTENT, INVENTORY, Inventory, Version, raw, text
from archivum.storage.ocfl_layout import OBJECT_DECLARATION, declaration
from archivum.storage.ocfl_writing import write_inventory

FIRST: Final = "v1"
ALGORITHM: Final = "sha512"
FIXITY: Final = "sha256"
_START: Final = f"{FIRST}/{CONTENT}/"
_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+").fullmatch
_MAIL: Final = re.compile(r"[^\s@:]+@[^\s@:]+").fullmatch

# a file of the object: its logical path, its digests by algorithm, its size in bytes
Content = tuple[str, Mapping[str, str], int]


@dataclass(frozen=True, slots=True)
class ObjectVersion:
    """A version that was committed: where it is, the SHA-512 of its inventory, its files and their bytes."""

    object_id: str
    version: str
    key: str
    digest: str
    files: int
    size: int


def write_first_version(
    folder: Path, object_id: str, files: Iterable[Content], *, at: datetime, message: str, agent: Agent
) -> tuple[str, int, int]:
    """Write the inventories beside ``v1/content``; return the inventory's SHA-512, the files, the bytes.

    Every content file is in the manifest, each under its own path, whatever others hold the same bytes.

    Raises:
        CorruptionFound: the folder does not hold these files with these sizes, and no others.
        OSError: the disk is full or fails.
        Misconfigured: the disk for temporary files is full.
    """
    with Entries() as entries:
        inventory = Inventory.empty(entries)
        inventory.id, inventory.spec, inventory.algorithm = object_id, "1.1", ALGORITHM
        inventory.head = FIRST
        state = inventory.states.block()
        version = Version(FIRST, instant(at), message, agent.name, address(agent), state)
        inventory.versions[FIRST] = version
        fixity = inventory.fixity[FIXITY] = inventory.fixities.block()
        entries.insert(_rows(inventory, state, fixity, files))
        totals = _compare(folder, inventory)
        digest = write_inventories(folder, FIRST, inventory)
    with create(folder / OBJECT_DECLARATION, folder) as target:
        target.write(declaration(OBJECT_DECLARATION))
    return (digest, *totals)


def _rows(
    inventory: Inventory, state: Block, fixity: Block, files: Iterable[Content]
) -> Iterator[tuple[int, str | bytes, int, bytes]]:
    for path, digests, size in files:
        content = raw(f"{_START}{path}")
        yield inventory.manifest.row((digests[ALGORITHM], size, content))
        yield state.row((digests[ALGORITHM], size, raw(path)))
        yield fixity.row((digests[FIXITY], size, content))


def _compare(folder: Path, inventory: Inventory) -> tuple[int, int]:
    """Compare names and sizes in the folder with what was told; return the files and their bytes."""
    here = LocalStorage("", folder)
    told = ((text(path), size) for path, size in inventory.manifest.select("path, number", "ORDER BY 1"))
    files = total = 0
    for found, expected in zip_longest(here.list(), told):
        if found != expected:
            raise CorruptionFound(
                "storage.not-as-told", place=folder, path=min(filter(None, (found, expected)))[0]
            )
        files += 1
        total += found[1]
    for path, _ in here.strays():
        raise CorruptionFound("storage.not-as-told", place=folder, path=path)
    return files, total


def written_files(
    version: ObjectVersion, files: Iterable[tuple[str, Mapping[str, str]]]
) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield what a first version consists of, sorted: path in the object and digests of each file.

    ``files`` are the logical paths of its content with their digests, sorted.
    """
    inventory = {ALGORITHM: version.digest}
    sidecar = {ALGORITHM: hashlib.sha512(_sidecar(version.digest)).hexdigest()}
    yield OBJECT_DECLARATION, {ALGORITHM: hashlib.sha512(declaration(OBJECT_DECLARATION)).hexdigest()}
    yield INVENTORY, inventory
    yield f"{INVENTORY}.{ALGORITHM}", sidecar
    for path, digests in files:
        yield f"{_START}{path}", digests
    yield f"{FIRST}/{INVENTORY}", inventory
    yield f"{FIRST}/{INVENTORY}.{ALGORITHM}", sidecar


def written_next(
    version: ObjectVersion, files: Iterable[tuple[str, Mapping[str, str]]]
) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield what a version has added to its object: path in the object and digests of each file, sorted.

    ``files`` are the logical paths of what is new in it, sorted.
    """
    start, sidecar = version.version, hashlib.sha512(_sidecar(version.digest)).hexdigest()
    yield INVENTORY, {ALGORITHM: version.digest}
    yield f"{INVENTORY}.{ALGORITHM}", {ALGORITHM: sidecar}
    for path, digests in files:
        yield f"{start}/{CONTENT}/{path}", digests
    yield f"{start}/{INVENTORY}", {ALGORITHM: version.digest}
    yield f"{start}/{INVENTORY}.{ALGORITHM}", {ALGORITHM: sidecar}


def _sidecar(digest: str) -> bytes:
    return f"{digest} {INVENTORY}\n".encode("ascii")


class _Twice:
    """Two files that are written alike, and the digest of what was written."""

    def __init__(self, one: BinaryIO, other: BinaryIO) -> None:
        self._targets = (one, other)
        self._hash = hashlib.sha512()

    def write(self, data: bytes, /) -> None:
        """Write all of the data to both."""
        self._hash.update(data)
        for target in self._targets:
            target.write(data)

    def digest(self) -> str:
        """Return the SHA-512 of what was written."""
        return self._hash.hexdigest()


def write_inventories(folder: Path, version: str, inventory: Inventory) -> str:
    """Write the inventory for a version and for the object, each with its digest beside it; return that.

    Raises:
        OSError: the disk is full or fails.
    """
    places = (folder / version, folder)
    with create(places[0] / INVENTORY, folder) as one, create(places[1] / INVENTORY, folder) as other:
        target = _Twice(one, other)
        write_inventory(inventory, target)
    for place in places:
        with create(place / f"{INVENTORY}.{ALGORITHM}", folder) as sidecar:
            sidecar.write(_sidecar(target.digest()))
    return target.digest()


def address(agent: Agent) -> str | None:
    """Return the agent's first identifier that is a URI or can be written as one (§3.5.3.1)."""
    for one in agent.identifiers:
        if _URI(one.value):
            return one.value
        if _MAIL(one.value):
            return f"mailto:{one.value}"
    return None

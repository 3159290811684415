"""What makes of a stored object the same object with one version more (OCFL 1.1 §3, forward delta).

The object is made anew beside the stored one: what is stored already as links, so that no byte is stored
twice, what is new as files of its own, and the inventories. Then both exchange their places in one step.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from archivum.errors import CorruptionFound, Refused
from archivum.model import Agent
from archivum.plain import instant
from archivum.storage.durable import make_below
from archivum.storage.local import LocalStorage
from archivum.storage.ocfl_commit import (
    ALGORITHM,
    FIXITY,
    Content,
    ObjectVersion,
    address,
    write_inventories,
)
from archivum.storage.ocfl_entries import Block, Entries
from archivum.storage.ocfl_inventory import CONTENT, INVENTORY, Inventory, Version, raw, text
from archivum.storage.ocfl_rules import version_number
from archivum.storage.ocfl_validation import strictly

_REPLACED: Final = (INVENTORY, f"{INVENTORY}.{ALGORITHM}")

# what a version consists of: logical path and SHA-512 of every file
State = Iterable[tuple[str, str]]


def following(version: str) -> str:
    """Return the name of the version that follows on one.

    Raises:
        Refused: it is no version as archivum names them.
    """
    number = version_number(version)
    if version != f"v{number}" or number < 1:
        raise Refused("storage.foreign", version=version)
    return f"v{number + 1}"


def write_next_version(
    storage: LocalStorage,
    key: str,
    object_id: str,
    folder: Path,
    added: Path,
    state: State,
    new: Iterable[Content],
    *,
    at: datetime,
    message: str,
    agent: Agent,
) -> ObjectVersion:
    """Make in a new folder of the storage's workplace what an object will be with one version more.

    ``state`` is all that the version consists of. ``new`` are those of its files that lie in ``added``, by
    their logical paths; what the object has already, by its digest, stays there.

    Raises:
        NotFound: there is no such object.
        Refused: the object is not as archivum makes them.
        CorruptionFound: the object, or what was made of it, is not what it should be.
        OSError: the disk is full or fails.
        Misconfigured: the disk for temporary files is full, or the file system has no links.
    """
    with Entries() as entries:
        inventory = strictly(storage, key, entries, object_id)
        if inventory.algorithm != ALGORITHM or inventory.content != CONTENT:
            raise Refused("storage.foreign", version=inventory.head)
        name = following(inventory.head)
        block = inventory.states.block()
        block.fill((digest, 0, raw(path)) for path, digest in state)  # before its files are moved
        _link(storage, key, folder)
        _move(inventory, name, folder, added, tuple(new))
        inventory.versions[name] = Version(name, instant(at), message, agent.name, address(agent), block)
        inventory.head, inventory.spec = name, "1.1"
        for (digest,) in block.lacking("digest", inventory.manifest):
            raise CorruptionFound("storage.not-as-told", place=folder, path=digest)
        totals = _compare(folder, inventory)
        return ObjectVersion(object_id, name, key, write_inventories(folder, name, inventory), *totals)


def _link(storage: LocalStorage, key: str, folder: Path) -> None:
    """Give every file of an object a second name, but for the inventory that will be another."""
    for path, _ in storage.strays(key):  # what is no file would be lost
        raise CorruptionFound("storage.not-as-told", place=key, path=path)
    for path, _ in storage.list(key):
        inner = path.removeprefix(f"{key}/")
        if inner not in _REPLACED:
            storage.link(path, folder / inner)


def _move(inventory: Inventory, name: str, folder: Path, added: Path, new: tuple[Content, ...]) -> None:
    """Move the files that the object does not have into the folder of the version, and list them."""
    wanted = {digests[ALGORITHM] for _, digests, _ in new}
    known = {digest for (digest,) in inventory.manifest.select("lower(digest)") if digest in wanted}
    fixity = inventory.fixity.setdefault(FIXITY, inventory.fixities.block())
    for path, digests, size in new:
        if digests[ALGORITHM] in known:
            continue
        content = f"{name}/{CONTENT}/{path}"
        make_below((folder / content).parent, folder)
        (added / path).rename(folder / content)
        if (folder / content).stat().st_size != size:
            raise CorruptionFound("storage.not-as-told", place=folder, path=content)
        for block, digest in ((inventory.manifest, digests[ALGORITHM]), (fixity, digests[FIXITY])):
            block.fill([(digest, 0, raw(content))])


def _compare(folder: Path, inventory: Inventory) -> tuple[int, int]:
    """Compare the names in the folder with the manifest; return the content files and their bytes."""
    here = LocalStorage("", folder)
    files = size = 0
    told = _contents(inventory.manifest)
    expected = next(told, None)
    for found, bytes_ in here.list():
        if found.split("/")[1:2] != [CONTENT]:
            continue
        if found != expected:
            raise CorruptionFound("storage.not-as-told", place=folder, path=min(found, expected or found))
        files, size = files + 1, size + bytes_
        expected = next(told, None)
    if expected is not None:
        raise CorruptionFound("storage.not-as-told", place=folder, path=expected)
    return files, size


def _contents(manifest: Block) -> Iterator[str]:
    return (text(path) for (path,) in manifest.select("path", "ORDER BY 1"))

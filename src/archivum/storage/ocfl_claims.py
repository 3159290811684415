"""What inventories claim of content files, side by side with the files that are there."""

from collections.abc import Iterable, Iterator
from heapq import merge
from typing import NamedTuple

from archivum.storage.ocfl_entries import Block, Entries, Group
from archivum.storage.ocfl_inventory import INVENTORY, Inventory, raw, text


class Claim(NamedTuple):
    """That a content file has a digest, by which inventory; ``code`` names the rule it breaks if not.

    Without a code it is not a claim but tells a logical path, in ``digest``, of the newest version.
    """

    path: bytes
    code: str
    digest: str
    algorithm: str
    where: str

    @property
    def newest(self) -> bool:
        """Whether it is the newest inventory's manifest that says so."""
        return self.code == "E092" and self.where == INVENTORY


class Claims:
    """All claims of one object: those of the newest inventory, and what earlier ones say otherwise."""

    def __init__(self, entries: Entries) -> None:
        self._blocks: list[tuple[Block, str, str, str]] = []
        self._others: Group = entries.group()

    def newest(self, inventory: Inventory) -> None:
        """Add what the newest inventory claims."""
        self._blocks.append((inventory.manifest, "E092", inventory.algorithm, INVENTORY))
        self._blocks.extend((block, "E093", name, INVENTORY) for name, block in inventory.fixity.items())

    def logical_paths(self, inventory: Inventory, version: str) -> None:
        """Add the logical paths of a version."""
        block = self._others.block()
        block.fill((raw(path), 0, raw(content)) for path, content, _ in inventory.files(version))
        self._blocks.append((block, "", "", ""))

    def earlier(self, prior: Inventory, newest: Inventory, where: str) -> None:
        """Add what an earlier inventory claims and the newest does not."""
        same = newest.manifest if prior.algorithm == newest.algorithm else None
        self._otherwise(prior.manifest, same, ("E092", prior.algorithm, where))
        for name, block in prior.fixity.items():
            self._otherwise(block, newest.fixity.get(name), ("E093", name, where))

    def _otherwise(self, block: Block, against: Block | None, told: tuple[str, str, str]) -> None:
        columns = "path, lower(digest)"
        rows = block.lacking(columns, against) if against else block.select(columns)
        kept = self._others.block()
        kept.fill((digest, 0, path) for path, digest in rows)
        self._blocks.append((kept, *told))

    def sorted(self) -> Iterator[Claim]:
        """Yield the claims, sorted by path."""
        return merge(*(_told(*block) for block in self._blocks))


def _told(block: Block, code: str, algorithm: str, where: str) -> Iterator[Claim]:
    for path, digest in block.by_path():
        shown = text(digest) if isinstance(digest, bytes) else digest
        yield Claim(path, code, shown, algorithm, where)


def beside(
    files: Iterable[tuple[str, int]], claims: Iterator[Claim]
) -> Iterator[tuple[str, int | None, list[Claim]]]:
    """Yield each path with its size, None if there is no such file, and what is claimed of it, sorted."""
    claim = next(claims, None)
    for path, size in files:
        at = raw(path)
        while claim is not None and claim.path < at:
            claim, told = _group(claim, claims)
            yield text(told[0].path), None, told
        told = []
        if claim is not None and claim.path == at:
            claim, told = _group(claim, claims)
        yield path, size, told
    while claim is not None:
        claim, told = _group(claim, claims)
        yield text(told[0].path), None, told


def _group(first: Claim, claims: Iterator[Claim]) -> tuple[Claim | None, list[Claim]]:
    """Return the claims of one path, and the first of the next."""
    told = [first]
    for claim in claims:
        if claim.path != first.path:
            return claim, told
        told.append(claim)
    return None, told

"""The rules an inventory keeps in itself, whatever lies beside it (OCFL 1.1 §3.3, §3.5)."""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from archivum.storage.ocfl_entries import Block
from archivum.storage.ocfl_inventory import LENGTHS, Fault, Inventory, text

VERSION: Final = re.compile(r"v(0*)([1-9][0-9]*)", re.ASCII).fullmatch

# OCFL 1.0 has no code of its own for some of what 1.1 has one for
_IN_1_0: Final = {"E104": "E046", "E106": "E041", "E111": "E056"}


def faults_of(inventory: Inventory, where: str) -> Iterator[Fault]:
    """Yield everything that is wrong with an inventory: how it is written, and what it says.

    Raises:
        Misconfigured: the disk for temporary files is full.
    """
    for fault in _faults(inventory):
        code = _IN_1_0.get(fault.code, fault.code) if inventory.spec == "1.0" else fault.code
        yield Fault(code, fault.subject, fault.value, where)


def version_number(name: str) -> int:
    """Return the number of a version by its name, 0 if it is none."""
    match = VERSION(name)
    return int(match[2]) if match else 0


def _faults(inventory: Inventory) -> Iterator[Fault]:
    yield from inventory.faults
    if any(fault.code == "E033" for fault in inventory.faults):
        return  # only a part of it was read
    yield from _versions(inventory)
    yield from _manifest(inventory)
    yield from _states(inventory)
    yield from _fixity(inventory)


def _versions(inventory: Inventory) -> Iterator[Fault]:
    names = {name: version_number(name) for name in inventory.versions}
    for name, number in names.items():
        if not number:
            yield Fault("E104", name, name)
    numbers = sorted(number for number in names.values() if number)
    if not numbers:
        return
    if numbers[0] != 1:
        yield Fault("E009", value=f"v{numbers[0]}")
    for before, after in pairwise(numbers):
        if after != before + 1:
            yield Fault("E010", f"v{after}", f"v{before}")
    latest = max(names, key=lambda name: names[name])
    if inventory.head and inventory.head != latest:
        yield Fault("E040", inventory.head, latest)
    yield from _padding(names, latest)


def _padding(names: dict[str, int], latest: str) -> Iterator[Fault]:
    """§3.3: the first version sets how all are named, padded to one length or not padded."""
    first = min((name for name in names if names[name]), key=lambda name: names[name])
    padded = first.startswith("v0")
    if padded:
        yield Fault("W001", first, first)
    for name, number in names.items():
        if not number or name == first:
            continue
        if padded and not name.startswith("v0"):
            yield Fault("E011", name, first)
        if name.startswith("v0") is not padded or (padded and len(name) != len(first)):
            yield Fault("E012", name, first)
            if name == latest:
                yield Fault("E013", name, first)


def _manifest(inventory: Inventory) -> Iterator[Fault]:
    yield from _digests(inventory.manifest, inventory.algorithm, "E096", "E025")
    for (digest,) in inventory.manifest.lacking("digest", inventory.states):
        yield Fault("E107", value=digest)
    starts = tuple(f"{name}/{inventory.content}/".encode() for name in inventory.versions)
    for path, problem in _paths(inventory.manifest):
        if problem:
            yield Fault("E101", text(path), problem)
        if not path.startswith(starts):
            yield Fault("E042", text(path), inventory.content)


def _states(inventory: Inventory) -> Iterator[Fault]:
    for name, version in inventory.versions.items():
        if version.state is None:
            continue
        for (digest,) in version.state.lacking("digest", inventory.manifest):
            yield Fault("E050", name, digest)
        for digest in _repeated(version.state):
            yield Fault("E050", name, digest)
        for path, problem in _paths(version.state):
            if problem:
                yield Fault("E095", text(path), problem)


def _fixity(inventory: Inventory) -> Iterator[Fault]:
    for algorithm, block in inventory.fixity.items():
        yield from _digests(block, algorithm, "E097", "E057")
        for (path,) in block.lacking("path", inventory.manifest):
            yield Fault("E057", text(path), algorithm)


def _digests(block: Block, algorithm: str, repeated: str, wrong: str) -> Iterator[Fault]:
    """A digest is there once, whatever its case, and as long as its algorithm makes it."""
    for digest in _repeated(block):
        yield Fault(repeated, value=digest)
    length = LENGTHS.get(algorithm)
    if length:
        for (digest,) in block.select("DISTINCT digest", "AND length(digest) != ?", length):
            yield Fault(wrong, value=digest)


def _repeated(block: Block) -> Iterator[str]:
    """Yield the digests that more than one member of a block has."""
    rest = "GROUP BY 1 HAVING min(number) != max(number)"
    return (digest for (digest,) in block.select("lower(digest)", rest))


def _paths(block: Block) -> Iterator[tuple[bytes, str]]:
    """Yield each path of a block, sorted, with the earlier one that it repeats or goes through, else ""."""
    above: list[bytes] = []
    for path, _ in block.by_path():
        # sorted, all that begins with a path follows it without a gap
        while above and not path.startswith(above[-1]):
            above.pop()
        problem = next((one for one in above if path == one or path[len(one) : len(one) + 1] == b"/"), None)
        yield path, text(problem) if problem is not None else ""
        above.append(path)

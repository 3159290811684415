"""Whether the inventory of an earlier version tells the same story as the newest one (OCFL 1.1 §3.7)."""

from collections.abc import Iterator

from archivum.storage.ocfl_entries import Block, Entries, Entry
from archivum.storage.ocfl_inventory import Fault, Inventory, Version, text
from archivum.storage.ocfl_rules import version_number


def differences(prior: Inventory, name: str, newest: Inventory, entries: Entries) -> Iterator[Fault]:
    """Yield where the inventory in the folder of a version differs from what the newest lets it say.

    Raises:
        Misconfigured: the disk for temporary files is full.
    """
    if prior.head != name:
        yield Fault("E040", name, prior.head)
    if prior.id and newest.id and prior.id != newest.id:
        yield Fault("E037", name, prior.id)
    if prior.spec > newest.spec:
        yield Fault("E103", name, prior.spec)
    yield from _content_folder(prior, name, newest)
    for path in _unmentioned(prior, name, newest):
        yield Fault("E023", path, name)
    yield from _versions(prior, name, newest, entries)


def _content_folder(prior: Inventory, name: str, newest: Inventory) -> Iterator[Fault]:
    """§3.3.1: set in the first version and never changed, or not set."""
    if prior.content != newest.content:
        yield Fault("E020", name, prior.content)
    if prior.content != newest.content or (newest.own_content and not prior.own_content):
        yield Fault("E019", name, prior.content)


def _unmentioned(prior: Inventory, name: str, newest: Inventory) -> Iterator[str]:
    """Yield the files of this version and those before it that its manifest does not know (§3.3.1)."""
    number = version_number(name)
    for (path,) in newest.manifest.lacking("path", prior.manifest):
        shown = text(path)
        if 0 < version_number(shown.partition("/")[0]) <= number:
            yield shown


def _versions(prior: Inventory, name: str, newest: Inventory, entries: Entries) -> Iterator[Fault]:
    number = version_number(name)
    for other in newest.versions:
        if 0 < version_number(other) <= number and other not in prior.versions:
            yield Fault("E066", other, name)
    for other, version in prior.versions.items():
        current = newest.versions.get(other)
        if current is None:
            yield Fault("E066", other, name)
            continue
        for path in sorted(set(_changed(version, prior, current, newest, entries))):
            yield Fault("E066", path, other)
        yield from _told_otherwise(version, current)


def _told_otherwise(version: Version, current: Version) -> Iterator[Fault]:
    told = (version.created, version.message, version.user, version.address)
    if told != (current.created, current.message, current.user, current.address):
        yield Fault("W011", version.name)


def _changed(
    version: Version, prior: Inventory, current: Version, newest: Inventory, entries: Entries
) -> Iterator[str]:
    """Yield the logical paths that stand for other content, or are in one of the two states only."""
    if version.state is None or current.state is None:
        return
    columns = "path, lower(digest)"
    one, other = version.state, current.state
    if prior.algorithm != newest.algorithm:
        columns = "path, digest"
        known = entries.group().block()
        rest = "AND path IN (SELECT path FROM entry WHERE id BETWEEN ? AND ?)"
        known.fill(newest.manifest.select("digest, number, path", rest, *prior.manifest.bounds))
        one, other = entries.group().block(), entries.group().block()
        one.fill(_by_content(version.state, prior.manifest))
        other.fill(_by_content(current.state, known))
    for block, against in ((one, other), (other, one)):
        for path, _ in block.lacking(columns, against):
            yield text(path)


def _by_content(state: Block, manifest: Block) -> Iterator[Entry]:
    """Yield a state with the first content path of each digest in place of the digest.

    So two states can be compared whose digests were made with different algorithms.
    """
    for _, paths, contents in state.beside(manifest):
        yield from ((contents[0] if contents else b"", 0, path) for path in paths)

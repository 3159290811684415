"""An inventory written as it goes: one digest and path a line, sorted, the same bytes for the same object."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Protocol

from archivum.storage.ocfl_entries import Block
from archivum.storage.ocfl_inventory import CONTENT, TYPES, Inventory, Version, text

_FLUSH: Final = 1_000

_quote: Final = json.JSONEncoder(ensure_ascii=False).encode
_quote_ascii: Final = json.JSONEncoder().encode


class Writable(Protocol):
    """What bytes can be written to."""

    def write(self, data: bytes, /) -> object:
        """Write all of the data."""
        ...


def write_inventory(inventory: Inventory, target: Writable) -> None:
    """Write an inventory; what it says of itself comes first, what it says of files last.

    Raises:
        OSError: the disk is full or fails.
        Misconfigured: the disk for temporary files is full.
    """
    lines: list[str] = []
    for line in _lines(inventory):
        lines.append(line)
        if len(lines) == _FLUSH:
            target.write(_bytes(lines))
            lines.clear()
    target.write(_bytes(lines))


def _lines(inventory: Inventory) -> Iterator[str]:
    kind = next(uri for uri, spec in TYPES.items() if spec == inventory.spec)
    yield "{\n"
    yield f'  "id": {_quote(inventory.id)},\n'
    yield f'  "type": {_quote(kind)},\n'
    yield f'  "digestAlgorithm": {_quote(inventory.algorithm)},\n'
    yield f'  "head": {_quote(inventory.head)},\n'
    if inventory.content != CONTENT:
        yield f'  "contentDirectory": {_quote(inventory.content)},\n'
    yield '  "versions": {'
    yield from _joined(_version(version) for version in inventory.versions.values())
    yield '\n  },\n  "manifest": {'
    yield from _block(inventory.manifest, "    ")
    yield "\n  },\n"
    yield '  "fixity": {'
    yield from _joined(_fixity(inventory.fixity))
    yield "\n  }\n}\n"


def _joined(members: Iterable[Iterator[str]]) -> Iterator[str]:
    """Yield the lines of several members with a comma between them."""
    comma = "\n"
    for member in members:
        yield comma
        yield from member
        comma = ",\n"


def _version(version: Version) -> Iterator[str]:
    user = {"name": version.user, "address": version.address}
    known = {name: value for name, value in user.items() if value is not None}
    yield f"    {_quote(version.name)}: {{\n"
    yield f'      "created": {_quote(version.created)},\n'
    if version.message is not None:
        yield f'      "message": {_quote(version.message)},\n'
    if known:
        yield f'      "user": {_quote(known)},\n'
    yield '      "state": {'
    if version.state is not None:
        yield from _block(version.state, "        ")
    yield "\n      }\n    }"


def _fixity(fixity: Mapping[str, Block]) -> Iterator[Iterator[str]]:
    for algorithm, block in fixity.items():
        yield _named(algorithm, block)


def _named(algorithm: str, block: Block) -> Iterator[str]:
    yield f"    {_quote(algorithm)}: {{"
    yield from _block(block, "      ")
    yield "\n    }"


def _block(block: Block, indent: str) -> Iterator[str]:
    comma = "\n"
    for digest, paths in block.by_digest():
        yield f'{comma}{indent}"{digest}": [{", ".join(_quote(text(path)) for path in paths)}]'
        comma = ",\n"


def _bytes(lines: list[str]) -> bytes:
    try:
        return "".join(lines).encode()
    except UnicodeEncodeError:
        # a name that is not UTF-8 (PEP 383): JSON can hold its half surrogates as escapes
        return b"".join(_escaped(line) for line in lines)


def _escaped(line: str) -> bytes:
    return "".join(c if not "\ud800" <= c <= "\udfff" else _quote_ascii(c)[1:-1] for c in line).encode()

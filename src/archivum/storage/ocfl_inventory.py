"""What an inventory says of an OCFL object (OCFL 1.1 §3.5), with its digests and paths on disk."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from archivum.storage.ocfl_entries import Block, Entries, Group

INVENTORY: Final = "inventory.json"
CONTENT: Final = "content"
SPECIFICATIONS: Final = ("1.0", "1.1")
TYPES: Final = {f"https://ocfl.io/{version}/spec/#inventory": version for version in SPECIFICATIONS}

# OCFL 1.1 §3.4: every client knows these; the length of a digest in hexadecimal digits
LENGTHS: Final = {"md5": 32, "sha1": 40, "sha256": 64, "sha512": 128, "blake2b-512": 128}
# §3.4: what a digest that addresses content may be made with
ADDRESSING: Final = ("sha512", "sha256")
# extensions 0001 and 0009: may be there, need not be known
REGISTERED: Final = ("blake2b-160", "blake2b-256", "blake2b-384", "sha512/256", "size")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with an object: a code of the specification, the path it is about, what was found.

    ``where`` is the file that says so, relative to the object's root; codes with E are errors, with W
    warnings (OCFL 1.1, validation codes).
    """

    code: str
    subject: str = ""
    value: str = ""
    where: str = INVENTORY

    @property
    def error(self) -> bool:
        """Whether the object is not valid because of it."""
        return self.code.startswith("E")


@dataclass(slots=True)
class Version:
    """A version as an inventory tells of it (§3.5.3.1); None is what it does not say, or not rightly."""

    name: str
    created: str | None = None
    message: str | None = None
    user: str | None = None
    address: str | None = None
    state: Block | None = None


@dataclass(slots=True)
class Inventory:
    """An inventory that was read or is to be written; a part that is missing or wrong is empty.

    ``spec`` is the version of the specification by its type, ``content`` the name of the content directory,
    ``own_content`` whether the inventory itself names it. ``faults`` is what its reader found.
    """

    manifest: Block
    states: Group
    fixities: Group
    id: str = ""
    spec: str = ""
    algorithm: str = ""
    head: str = ""
    content: str = CONTENT
    own_content: bool = False
    versions: dict[str, Version] = field(default_factory=dict)
    fixity: dict[str, Block] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    digests: dict[str, str] = field(default_factory=dict)

    @classmethod
    def empty(cls, entries: Entries) -> "Inventory":
        """Return an inventory that says nothing yet."""
        return cls(entries.group().block(), entries.group(), entries.group())

    def clear(self) -> None:
        """Forget the digests and paths."""
        for span in (self.manifest, self.states, self.fixities):
            span.clear()

    def files(self, version: str = "") -> Iterator[tuple[str, str, str]]:
        """Yield logical path, content path and digest of every file of a version, of the head by default.

        Of several content files with one digest, the one whose own path is the logical path is taken,
        else the first.
        """
        state = self.versions[version or self.head].state
        if state is None:
            return
        for digest, paths, contents in state.beside(self.manifest):
            if len(contents) == 1:
                content = text(contents[0])
                yield from ((text(path), content, digest) for path in paths)
            elif contents:
                own = {logical(path): path for path in reversed(contents)}
                yield from ((text(path), text(own.get(path, contents[0])), digest) for path in paths)

    def locate(self, path: str, version: str = "") -> str | None:
        """Return the content path of one logical path of a version, of the head by default."""
        state = self.versions[version or self.head].state
        found: Any = next(state.select("digest", "AND path = ?", raw(path)), None) if state else None
        if found is None:
            return None
        contents = [one for (one,) in self.manifest.select("path", "AND digest = ? ORDER BY 1", *found)]
        own = {logical(one): one for one in reversed(contents)}
        return text(own.get(raw(path), contents[0])) if contents else None


def raw(path: str) -> bytes:
    """Return a path as bytes whose order is that of code points; half surrogates are kept (PEP 383)."""
    return path.encode("utf-8", "surrogatepass")


def text(path: bytes) -> str:
    """Return a path from its bytes."""
    return path.decode("utf-8", "surrogatepass")


def logical(content: bytes) -> bytes:
    """Return what a content path is called inside its content directory."""
    return content.split(b"/", 2)[-1]

"""Writing the files of a bag: each once, as a stream, with its digests known at the end.

XML is written as text, piece by piece: a tree of 100 000 files does not fit the memory it may have, and
making the text ourselves takes a quarter of the time of ``lxml.etree.xmlfile``. Everything that comes from
outside goes through :func:`xml` (character data and attribute values) or :func:`href`.
"""

import hashlib
import re
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self
from uuid import UUID

from archivum.model import File
from archivum.storage.digest import Digesting
from archivum.storage.durable import create, world

XML_DECLARATION: Final = "<?xml version='1.0' encoding='UTF-8'?>\n"

_PIECE: Final = 1 << 17  # characters gathered before they are hashed and written

# XML 1.0 §2.2 and §2.4; white space is kept in attributes only as references (§3.3.3)
_SPECIAL: Final = re.compile('[&<>"\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]')
_REFERENCES: Final = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "\t": "&#9;",
    "\n": "&#10;",
    "\r": "&#13;",
}

# What a URL reference must not hold as itself (RFC 3986 §2.1, §3: percent, query, fragment, brackets), what
# readers take for a separator, what XML cannot hold, and the spaces that xs:anyURI would collapse. The rest
# stays as it is: XLink 1.0 §5.4 leaves its escaping to the reader, and so readers that decode find the file,
# and readers that do not.
_NOT_IN_HREF: Final = re.compile("[]%#?[\\\\\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]|^ | (?= |$)|(?<= ) ")


def xml(value: str) -> str:
    """Return the text as XML character data that is an attribute value as well.

    Characters that XML cannot hold are shown as escapes (``\\x01``, ``\\udcff``).
    """
    return _SPECIAL.sub(_reference, value) if _SPECIAL.search(value) else value


def _reference(match: re.Match[str]) -> str:
    return _REFERENCES.get(match[0]) or match[0].encode("unicode_escape").decode("ascii")


def href(path: str) -> str:
    """Return a path as the value of an ``xlink:href`` attribute, relative to the package."""
    return xml(_NOT_IN_HREF.sub(_percent, path) if _NOT_IN_HREF.search(path) else path)


def _percent(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode("utf-8", "surrogateescape"))


def one_line(text: str) -> str:
    """Return the text with each run of white space as one space, none at the ends."""
    return " ".join(text.split())


class Names:
    """Identifiers within one AIP: ``uuid-`` and a UUID made from the AIP's own UUID and what it names.

    The bits are those of a name-based UUID (RFC 9562 §5.5), so that a second run gives the same ones; they
    are marked as version 4, because the Czech profile of EAD3 accepts no other (part 3.2.1), and a
    description has one identifier in EAD and in METS.
    """

    def __init__(self, uuid: UUID) -> None:
        self._namespace = hashlib.sha1(uuid.bytes, usedforsecurity=False)

    def of(self, kind: str, name: str = "") -> str:
        """Return the identifier of the thing of this kind and name."""
        digest = self._namespace.copy()
        digest.update(f"{kind}:{name}".encode("utf-8", "surrogateescape"))
        bits = digest.hexdigest()
        variant = "89ab"[int(bits[16], 16) & 3]
        return f"uuid-{bits[:8]}-{bits[8:12]}-4{bits[13:16]}-{variant}{bits[17:20]}-{bits[20:32]}"


class NewFile:
    """A new file of a bag, written from beginning to end; ``file`` says afterwards what was written."""

    file: File

    def __init__(self, bag: Path, path: str) -> None:
        """Name the file by its path relative to the bag."""
        self._bag = bag
        self._place = bag / path
        self._path = path
        self._pieces: list[str] = []
        self._pending = 0

    def __enter__(self) -> Self:
        """Make the file.

        Raises:
            Refused: there is one already.
            Misconfigured: the disk is full, read-only or fails.
        """
        with world(self._place):
            self._target: BinaryIO = create(self._place, self._bag)
        self._out = Digesting(self._target)
        return self

    def write(self, text: str) -> None:
        """Write text in UTF-8; names that are not UTF-8 get their own bytes back (PEP 383)."""
        self._pieces.append(text)
        self._pending += len(text)
        if self._pending >= _PIECE:
            self._flush()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with world(self._place), self._target:
            if kind is None:
                self._flush()
        self.file = File(self._path, self._out.digests.size, self._out.digests.result())

    def _flush(self) -> None:
        data = "".join(self._pieces).encode("utf-8", "surrogateescape")
        self._pieces.clear()
        self._pending = 0
        with world(self._place):
            self._out.write(data)

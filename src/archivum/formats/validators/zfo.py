"""Data messages of the Czech data boxes (ISDS, ZFO): signed data, a message in XML within, its attachments.

The structure is judged: the frame (RFC 5652), the message's XML with the root and the namespace of its kind,
the attachments' base64. Whether the signatures hold is not asked here, and the schema of ISDS is not known,
so that whether the message is valid stays open. What ``dmMimeType`` says of an attachment is not trusted.
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final

from lxml import etree

from archivum.formats.validators.answer import (
    INDETERMINATE,
    WARNING,
    Answer,
    Fault,
    Subject,
    Told,
    fault,
    judged,
)
from archivum.formats.validators.base64 import Base64
from archivum.formats.validators.ber import Malformed, SignedData
from archivum.formats.validators.inner import Taken
from archivum.formats.validators.markup import TOOL, read, verdict

_BASE: Final = "http://isds.czechpoint.cz/v20"
# PUID -> the root of the message inside, and the end of its namespace
_KINDS: Final = {
    "fmt/1243": ("MessageDownloadResponse", "message"),
    "fmt/1244": ("MessageDownloadResponse", "SentMessage"),
    "fmt/1245": ("GetDeliveryInfoResponse", "delivery"),
}
_FILE, _ENCODED, _INLINE = (f"{{{_BASE}}}{name}" for name in ("dmFile", "dmEncodedContent", "dmXMLContent"))
_ID: Final = f"{{{_BASE}}}dmID"
_INLINE_SIZE: Final = 16 << 20  # characters of an attachment that stands in the message as XML
_SHORT: Final = 100


def validate(subject: Subject, told: Told) -> Answer:
    """Judge a data message: well-formed if its frame, its XML and its attachments' encoding are."""
    message = _Message(Taken(told.scratch))
    faults: list[Fault] = []
    with open(subject.path, "rb") as file:  # noqa: PTH123
        signed = SignedData(file, subject.size)
        try:
            pieces = signed.content()
            faults += read(pieces, message)
            for _ in pieces:
                pass
        except Malformed as error:
            truncated = error.reason == "end"
            wrong = fault("truncated", where=str(error.at))
            faults = [wrong if truncated else fault("cms", where=str(error.at), reason=error.reason)]
    message.drop()
    if signed.trailing:
        faults.append(fault("trailing", WARNING, str(subject.size - signed.trailing), count=signed.trailing))
    if not signed.signers and not faults:
        faults.append(fault("cms-unsigned", WARNING))
    faults += message.faults
    return judged(
        f"archivum ZFO, {TOOL}",
        (*faults, *message.taken.faults()),
        message.facts,
        message.taken.inner,
        valid=INDETERMINATE,
        invalid=() if faults else message.kind(subject.puid),
        well_formed=verdict(faults),
    )


class _Message:
    """The XML of a message on its way through the parser; attachments are written as they come."""

    def __init__(self, taken: Taken) -> None:
        self.taken = taken
        self.faults: list[Fault] = []
        self.facts: dict[str, str] = {}
        self._root = self._name = self._id = ""
        self._count = 0
        self._reading_id = False
        self._encoded: Base64 | None = None
        self._inline: _Inline | None = None

    def kind(self, puid: str) -> Iterator[Fault]:
        """Yield that the message is not of the kind that the file was identified as."""
        name, space = _KINDS.get(puid, ("", ""))
        if name and self._root != f"{{{_BASE}/{space}}}{name}":
            yield fault("zfo-root", where=self._root)

    def drop(self) -> None:
        """Let go of an attachment that has not ended."""
        if self._encoded is not None and self._encoded.taking is not None:
            self._encoded.taking.drop()
        if self._id:
            self.facts["message"] = self._id[:_SHORT]

    # -- what the parser tells ----------------------------------------------------------------------------

    def start(self, tag: str, attributes: Any, spaces: Any = None) -> None:
        """An element begins."""
        self._root = self._root or tag
        if self._inline is not None:
            self._inline.start(tag, attributes, spaces)
        elif tag == _FILE:
            self._count += 1
            self._name = attributes.get("dmFileDescr") or str(self._count)
            self.facts["attachments"] = str(self._count)
        elif tag == _ENCODED and self._encoded is None:
            self._encoded = Base64(self.taken.begin(self._name))
        elif tag == _INLINE:
            self._inline = _Inline()
        self._reading_id = tag == _ID and not self._id

    def end(self, tag: str) -> None:
        """An element ends."""
        self._reading_id = False
        if tag == _ENCODED and self._encoded is not None:
            if not self._encoded.end():
                self.faults.append(fault("base64", where=self._name))
            self._encoded = None
        elif tag == _INLINE and self._inline is not None and not self._inline.depth:
            if document := self._inline.document():
                self.taken.take(self._name, (document,))
            self._inline = None
        elif self._inline is not None:
            self._inline.end(tag)

    def data(self, data: str) -> None:
        """Text comes, in pieces."""
        if self._encoded is not None:
            self._encoded.write(data.encode("ascii", "replace"))
        elif self._inline is not None:
            self._inline.data(data)
        elif self._reading_id:
            self._id += data[:_SHORT]

    def close(self) -> None:
        """The document ends."""


class _Inline:
    """An attachment that stands in the message as XML; written out anew, as its own bytes are not known."""

    def __init__(self) -> None:
        self.depth = 0
        self._left = _INLINE_SIZE
        self._builder = etree.TreeBuilder()

    def start(self, tag: str, attributes: Any, spaces: Any) -> None:
        self.depth += 1
        self._left -= len(tag) + sum(len(name) + len(value) for name, value in attributes.items())
        if self._left > 0:
            self._builder.start(tag, dict(attributes), dict(spaces or {}))  # type: ignore[call-arg]

    def end(self, tag: str) -> None:
        self.depth -= 1
        if self._left > 0:
            self._builder.end(tag)

    def data(self, data: str) -> None:
        self._left -= len(data)
        if self._left > 0 and self.depth:
            self._builder.data(data)

    def document(self) -> bytes:
        """Return the document; nothing of one that is too large or that has no element."""
        if self._left > 0:
            with suppress(AssertionError):
                return bytes(etree.tostring(self._builder.close(), encoding="utf-8", xml_declaration=True))
        return b""

"""E-mail (RFC 5322, MIME: RFC 2045 and 2046) read line by line; attachments come out as they are decoded.

What is asked: are the headers headers, are the required ones there, do all parts begin and end where their
boundaries say, can what is encoded be decoded. Text in the message itself is not judged further.
"""

import email.policy
import re
from binascii import a2b_qp
from email.message import Message
from email.parser import BytesHeaderParser
from typing import BinaryIO, Final

from archivum.formats.validators.answer import FAULTS, WARNING, Answer, Fault, Subject, Told, fault, judged
from archivum.formats.validators.base64 import Base64
from archivum.formats.validators.inner import Taken, Taking

TOOL: Final = "archivum MIME"
_LINE: Final = 1 << 20  # bytes of a line that are held; RFC 5322 §2.1.1 allows 998
_HEADERS: Final = 1 << 20  # bytes of the headers of one part
_DEPTH: Final = 50  # of parts in each other
_FIELD: Final = re.compile(rb"[\x21-\x39\x3b-\x7e]+[ \t]*:")  # RFC 5322 §2.2, §4.5
_ESCAPE: Final = re.compile(rb"=(?![0-9A-Fa-f]{2}|[ \t]*\r?\n?$)")  # RFC 2045 §6.7


def validate(subject: Subject, told: Told) -> Answer:
    """Judge a message: well-formed if all its parts are whole; valid if it has what RFC 5322 §3.6 wants."""
    taken = Taken(told.scratch)
    with open(subject.path, "rb") as file:  # noqa: PTH123
        message = _Reading(file, taken)
        head = message.part("", ())
    invalid = [
        fault("eml-header", where=name) for name in ("Date", "From") if head is not None and name not in head
    ]
    facts = {"parts": str(message.parts), "attachments": str(len(taken.inner))}
    return judged(TOOL, (*message.faults, *taken.faults()), facts, taken.inner, invalid=invalid)


class _Reading:
    """A message on its way; the delimiter that ended a part is what :attr:`_ended` holds."""

    def __init__(self, file: BinaryIO, taken: Taken) -> None:
        self.faults: list[Fault] = []
        self.parts = 0
        self._file, self._taken = file, taken
        self._ended = b""

    def part(self, path: str, within: tuple[bytes, ...]) -> Message | None:
        """Read a part to the delimiter that ends it, one of ``within`` (the outermost first)."""
        self.parts += 1
        head = self._head(within)
        if head is None:
            return None
        if head.get_content_maintype() == "multipart" and not self._ended:
            self._multipart(head, path, within)
        elif not self._ended:
            self._body(head, path, within)
        return head

    def _head(self, within: tuple[bytes, ...]) -> Message | None:
        """Read headers up to the empty line; a delimiter may end them too."""
        lines: list[bytes] = []
        size = 0
        self._ended = b""
        while line := self._file.readline(_LINE):
            if line in (b"\r\n", b"\n") or self._delimits(line, within):
                break
            size += len(line)
            if size > _HEADERS:
                self._wrong("eml-field", str(self._file.tell()))
                return None
            if not _FIELD.match(line) and (not lines or not line.startswith((b" ", b"\t"))):
                self._wrong("eml-field", str(self._file.tell() - len(line)))
                lines.append(b" ")
                continue
            lines.append(line)
        return BytesHeaderParser(policy=email.policy.compat32).parsebytes(b"".join(lines))

    def _multipart(self, head: Message, path: str, within: tuple[bytes, ...]) -> None:
        boundary = (head.get_boundary() or "").encode("utf-8", "surrogateescape")
        if not boundary or len(within) >= _DEPTH:
            self._wrong("eml-boundary", path or "1")
            self._skip(within)
            return
        inside = (*within, boundary)
        self._skip(inside)  # what stands before the first delimiter (RFC 2046 §5.1.1)
        number = 0
        while self._ended == b"--" + boundary:
            number += 1
            self.part(f"{path}.{number}" if path else str(number), inside)
        if self._ended == b"--" + boundary + b"--":
            self._skip(within)
        else:
            self._wrong("eml-end" if number else "eml-boundary", path or "1")

    def _body(self, head: Message, path: str, within: tuple[bytes, ...]) -> None:
        """Decode a part; it comes out if it has a name, or is no text."""
        kind = head.get_content_type()
        name = str(head.get_filename() or "")
        taking = None
        if name or not kind.startswith("text/"):
            taking = self._taken.begin(name or f"{path or '1'}{'.eml' if kind == 'message/rfc822' else ''}")
        encoding = str(head.get("Content-Transfer-Encoding", "7bit")).strip().lower()
        if encoding == "base64":
            decoder = Base64(taking)
            while line := self._line(within):
                decoder.write(line)
            if not decoder.end():
                self._wrong("base64", name or path or "1")
            return
        self._plain(taking, encoding, path, within)
        if taking is not None:
            taking.end()

    def _plain(self, taking: Taking | None, encoding: str, path: str, within: tuple[bytes, ...]) -> None:
        """Read a part that is as it is, or quoted-printable; the last line's end belongs to the delimiter."""
        end, flawed = b"", False
        while line := self._line(within):
            if encoding == "quoted-printable":
                flawed = flawed or _ESCAPE.search(line) is not None
                line = a2b_qp(line)
            data = end + line
            end = next((mark for mark in (b"\r\n", b"\n") if data.endswith(mark)), b"")
            if taking is not None:
                taking.write(data[: len(data) - len(end)])
        if taking is not None and not self._ended:
            taking.write(end)
        if flawed:
            self.faults.append(fault("eml-quoted", WARNING, path or "1"))

    # -- lines --------------------------------------------------------------------------------------------

    def _skip(self, within: tuple[bytes, ...]) -> None:
        while self._line(within):
            pass

    def _line(self, within: tuple[bytes, ...]) -> bytes:
        """Return the next line of a part; nothing at a delimiter or the end."""
        self._ended = b""
        line = self._file.readline(_LINE)
        return b"" if self._delimits(line, within) else line

    def _delimits(self, line: bytes, within: tuple[bytes, ...]) -> bool:
        """Whether a line is a delimiter of one of the parts around (RFC 2046 §5.1.1)."""
        if not line.startswith(b"--"):
            return False
        bare = line.rstrip(b" \t\r\n")
        if any(bare in (b"--" + one, b"--" + one + b"--") for one in within):
            self._ended = bare
            return True
        return False

    def _wrong(self, id_: str, where: str, **params: str) -> None:
        if len(self.faults) < FAULTS:
            self.faults.append(fault(id_, where=where, **params))

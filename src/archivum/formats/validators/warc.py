"""WARC (ISO 28500, versions 0.17 to 1.1), walked record by record, plain or each record in a gzip member.

What is asked: the version line, the fields that every record must have, the length of the block, the two line
ends after it, the block's digest where one is given. Payload digests are not computed, nor is what a block
says judged.
"""

import base64
import binascii
import hashlib
import re
import zlib
from collections import Counter
from typing import BinaryIO, Final

from archivum.formats.validators.answer import (
    ERROR,
    FAULTS,
    WARNING,
    Answer,
    Fault,
    Subject,
    Told,
    fault,
    judged,
)

TOOL: Final = "archivum WARC"
_VERSION: Final = re.compile(rb"WARC/(0\.17|0\.18|1\.0|1\.1)\r\n")
_FIELD: Final = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*:[ \t]*(.*)", re.DOTALL)
_NEEDED: Final = ("warc-record-id", "content-length", "warc-date", "warc-type")  # ISO 28500 §5.1
_LINE: Final = 1 << 16
_HEADERS: Final = 1 << 20
_PIECE: Final = 1 << 20
_GZIP: Final = b"\x1f\x8b"
_DIGESTS: Final = {"md5": 16, "sha1": 20, "sha256": 32, "sha512": 64}


class _Malformed(Exception):
    def __init__(self, id_: str, where: int | str, **params: str | int) -> None:
        super().__init__(id_)
        self.fault = fault(id_, ERROR, str(where), **params)


def validate(subject: Subject, told: Told) -> Answer:
    """Judge a WARC file: valid if every record keeps the grammar of ISO 28500 §4 and §5."""
    del told
    with open(subject.path, "rb") as file:  # noqa: PTH123
        packed = file.read(2) == _GZIP
        file.seek(0)
        walk = _Walk(_Members(file) if packed else _Plain(file))
        try:
            while walk.record():
                pass
        except _Malformed as error:
            walk.faults.append(error.fault)
        except EOFError:
            walk.faults.append(fault("truncated", where=str(subject.size)))
        except zlib.error as error:
            walk.faults.append(fault("undecodable", reason=str(error)))
    if not walk.records and not walk.faults:
        walk.faults.append(fault("warc-version", where="0"))
    facts = {"records": str(sum(walk.records.values())), "compressed": "gzip" if packed else "none"}
    facts |= {f"records-{kind}": str(count) for kind, count in walk.records.most_common(10)}
    return judged(TOOL, (*walk.faults, *walk.flaws), facts, invalid=walk.invalid)


class _Plain:
    """A file with records one after another."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def readline(self) -> bytes:
        return self._file.readline(_LINE)

    def read(self, size: int) -> bytes:
        return self._file.read(size)

    def tell(self) -> int:
        return self._file.tell()

    def over(self) -> bool:
        """Whether the file is at its end."""
        return not self._file.peek(1)  # type: ignore[attr-defined]

    def next_member(self) -> bool:
        """Whether a record may begin here."""
        return True


class _Members:
    """A file of gzip members (RFC 1952), which are unpacked one after another."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._buffer = b""
        self._packed = b""
        self._unpacking = zlib.decompressobj(31)
        self._begun = False

    def readline(self) -> bytes:
        while b"\n" not in self._buffer and len(self._buffer) < _LINE and self._fill():
            pass
        end = self._buffer.find(b"\n", 0, _LINE) + 1 or min(len(self._buffer), _LINE)
        line, self._buffer = self._buffer[:end], self._buffer[end:]
        return line

    def read(self, size: int) -> bytes:
        while not self._buffer and self._fill():
            pass
        data, self._buffer = self._buffer[:size], self._buffer[size:]
        return data

    def tell(self) -> int:
        return self._file.tell() - len(self._packed)

    def over(self) -> bool:
        """Whether the file is at its end."""
        return not self._buffer and not self._packed and not self._file.peek(1)  # type: ignore[attr-defined]

    def next_member(self) -> bool:
        """Go on to the next member; False if this one holds more than its record.

        Raises:
            EOFError: this one is cut off.
        """
        while self._begun and not self._buffer and self._fill():
            pass
        if self._buffer:
            return False
        if self._begun and not self._unpacking.eof:
            raise EOFError
        if not self.over():
            self._unpacking, self._begun = zlib.decompressobj(31), True
        return True

    def _fill(self) -> bool:
        """Unpack some more of this member; False at its end, or where the file ends."""
        if self._unpacking.eof:
            return False
        packed = self._packed or self._file.read(_LINE)
        if not packed:
            return False
        self._buffer += self._unpacking.decompress(packed, _PIECE)
        self._packed = self._unpacking.unused_data if self._unpacking.eof else self._unpacking.unconsumed_tail
        return True


class _Walk:
    """The records of a file, one after another."""

    def __init__(self, source: _Plain | _Members) -> None:
        self.faults: list[Fault] = []
        self.invalid: list[Fault] = []
        self.flaws: list[Fault] = []
        self.records: Counter[str] = Counter()
        self._source = source

    def record(self) -> bool:
        """Read a record; return False at the end.

        Raises:
            _Malformed: the next record cannot be found from here.
        """
        at = self._source.tell()
        if not self._source.next_member() and not self.flaws:
            self.flaws.append(fault("warc-member", WARNING, str(at)))
        if self._source.over():
            return False
        fields = self._head(at)
        length = fields.get("content-length", "")
        if not length.isascii() or not length.isdecimal() or len(length) > 18:
            raise _Malformed("warc-field", at, name="Content-Length")
        for name in sorted(set(_NEEDED) - fields.keys()):
            self._against(fault("warc-field", where=str(at), name=name))
        self._block(at, int(length), fields)
        if (end := self._source.readline() + self._source.readline()) != b"\r\n\r\n":
            raise _Malformed(
                "truncated" if not end.strip() and len(end) < 4 else "warc-end", self._source.tell()
            )
        self.records[fields.get("warc-type", "?")[:40]] += 1
        return True

    def _head(self, at: int) -> dict[str, str]:
        if not _VERSION.fullmatch(self._source.readline()):
            raise _Malformed("warc-version", at)
        fields: dict[str, str] = {}
        size = 0
        while (line := self._source.readline()) != b"\r\n":
            size += len(line)
            if not line.endswith(b"\r\n") or size > _HEADERS:
                raise _Malformed("warc-header", self._source.tell())
            if line[:1] in (b" ", b"\t") and fields:
                continue  # a folded value (§4); none of those that are needed is
            found = _FIELD.fullmatch(line.rstrip(b"\r\n"))
            if found is None:
                raise _Malformed("warc-header", self._source.tell())
            fields[found[1].decode("ascii").lower()] = found[2].decode("utf-8", "replace").strip()
        return fields

    def _block(self, at: int, length: int, fields: dict[str, str]) -> None:
        """Read the block, and compare its digest where one is given (§5.8)."""
        algorithm, _, told = fields.get("warc-block-digest", "").partition(":")
        algorithm = algorithm.lower().replace("-", "")
        digest = hashlib.new(algorithm, usedforsecurity=False) if algorithm in _DIGESTS else None
        left = length
        while left:
            data = self._source.read(min(left, _PIECE))
            if not data:
                raise _Malformed("truncated", self._source.tell())
            left -= len(data)
            if digest is not None:
                digest.update(data)
        if digest is not None and _digest(told, _DIGESTS[algorithm]) not in (b"", digest.digest()):
            self._against(fault("warc-digest", where=str(at), record=fields.get("warc-record-id", "")))

    def _against(self, found: Fault) -> None:
        if len(self.invalid) < FAULTS:
            self.invalid.append(found)


def _digest(told: str, size: int) -> bytes:
    """Return a digest written in base 32 or 16; nothing if it is neither."""
    try:
        if len(told) == 2 * size:
            return bytes.fromhex(told)
        return base64.b32decode(told.upper() + "=" * (-len(told) % 8))
    except (ValueError, binascii.Error):
        return b""

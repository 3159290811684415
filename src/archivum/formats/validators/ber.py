"""BER (ITU-T X.690) read as a stream: signed data (CMS, RFC 5652) of which only the content may be large.

The Czech data boxes write lengths that are not known beforehand, and the content in pieces of a thousand
bytes; a library that holds all of a value would need several times the memory of a message of 100 MB.
"""

from collections.abc import Callable, Iterator
from typing import BinaryIO, Final, NamedTuple

from asn1crypto import cms, core, x509

SIGNED_DATA: Final = bytes.fromhex("2a864886f70d010702")
PIECE: Final = 1 << 20
_HELD: Final = (
    16 << 20
)  # bytes of a value that is not the content; certificates and signatures have kilobytes
_DEPTH: Final = 16
_GATHERED: Final = 1 << 18

_SEQUENCE, _SET, _INTEGER, _OID = 0x30, 0x31, 0x02, 0x06
_OCTETS, _OCTETS_IN_PIECES = 0x04, 0x24
_CONTENT, _CERTIFICATES, _LISTS = 0xA0, 0xA0, 0xA1  # RFC 5652 §3, §5.1


class Malformed(Exception):
    """What stands here is not what the standard wants; ``at`` is the offset of it."""

    def __init__(self, at: int, reason: str) -> None:
        super().__init__(at, reason)
        self.at, self.reason = at, reason


class Head(NamedTuple):
    """The tag of a value and where its content ends; None if an end mark tells."""

    tag: int
    at: int
    start: int
    end: int | None


class SignedData:
    """A file of signed data, read once from start to end; what is in it is drawn with :meth:`content`."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self._size, self._at = file, size, 0
        self.certificates = self.signers = 0
        self.trailing = 0

    def content(self) -> Iterator[bytes]:
        """Yield the signed content in pieces; what comes after it is looked at when it has been drawn.

        Raises:
            Malformed: it is not signed data, or it ends too early.
        """
        outer = self._expect(_SEQUENCE)
        if self._held(self._expect(_OID)) != SIGNED_DATA:
            raise Malformed(0, "no signed data (RFC 5652 §5.1)")
        explicit = self._expect(_CONTENT)
        signed = self._expect(_SEQUENCE)
        self._held(self._expect(_INTEGER))
        self._held(self._expect(_SET))
        encapsulated = self._expect(_SEQUENCE)
        self._held(self._expect(_OID))
        within = self._expect(_CONTENT)
        yield from _gathered(self._octets(self._head(), 0))
        for head in (within, encapsulated):
            self._close(head)
        self._signatures()
        for head in (signed, explicit, outer):
            self._close(head)
        self.trailing = self._size - self._at

    def _signatures(self) -> None:
        """Read certificates, revocation lists and signers, and see that each is one (RFC 5652 §5.1)."""
        head = self._head()
        if head.tag == _CERTIFICATES:
            self.certificates = self._each(head, _certificate)
            head = self._head()
        if head.tag == _LISTS:
            self._each(head, core.Sequence.load)
            head = self._head()
        if head.tag != _SET:
            raise Malformed(head.at, f"tag {head.tag:#04x}")
        self.signers = self._each(head, _signer)

    def _each(self, head: Head, read: Callable[[bytes], object]) -> int:
        """Read the members of a set; one of another tag is a choice that is skipped (RFC 5652 §10.2)."""
        count = 0
        while not self._over(head):
            member = self._head()
            raw = self._whole(member)
            count += 1
            if member.tag == _SEQUENCE:
                try:
                    read(raw)
                except (ValueError, TypeError, KeyError, IndexError, OverflowError) as error:
                    raise Malformed(member.at, str(error).partition("\n")[0][:200]) from error
        self._close(head)
        return count

    # -- values -------------------------------------------------------------------------------------------

    def _octets(self, head: Head, depth: int) -> Iterator[bytes]:
        """Yield an octet string, whole or in pieces (X.690 §8.7)."""
        if head.tag == _OCTETS and head.end is not None:
            left = head.end - head.start
            while left:
                data = self._take(min(left, PIECE))
                left -= len(data)
                yield data
        elif head.tag == _OCTETS_IN_PIECES and depth < _DEPTH:
            while not self._over(head):
                yield from self._octets(self._head(), depth + 1)
            self._close(head)
        else:
            raise Malformed(head.at, f"tag {head.tag:#04x}")

    def _expect(self, tag: int) -> Head:
        head = self._head()
        if head.tag != tag:
            raise Malformed(head.at, f"tag {head.tag:#04x}, not {tag:#04x}")
        return head

    def _head(self) -> Head:
        """Read a tag and a length (X.690 §8.1.2, §8.1.3); tags of more than one byte occur nowhere here."""
        at = self._at
        tag = self._take(1)[0]
        if tag & 0x1F == 0x1F:
            raise Malformed(at, f"tag {tag:#04x}")
        first = self._take(1)[0]
        if first == 0x80:
            if not tag & 0x20:
                raise Malformed(at, "length")
            return Head(tag, at, self._at, None)
        length = first
        if first > 0x80:
            if first & 0x7F > 8:
                raise Malformed(at, "length")
            length = int.from_bytes(self._take(first & 0x7F))
        if self._at + length > self._size:
            raise Malformed(self._size, "end")
        return Head(tag, at, self._at, self._at + length)

    def _over(self, head: Head) -> bool:
        """Whether nothing follows in a value."""
        if head.end is not None:
            return self._at >= head.end
        mark = self._file.read(2)
        self._file.seek(-len(mark), 1)
        return mark == b"\0\0"

    def _close(self, head: Head) -> None:
        if head.end is None:
            if self._take(2) != b"\0\0":
                raise Malformed(self._at - 2, "no end of contents")
        elif self._at != head.end:
            raise Malformed(self._at, "length")

    def _held(self, head: Head) -> bytes:
        """Read the content of a value."""
        raw = self._whole(head)
        return raw[head.start - head.at :] if head.end is not None else raw

    def _whole(self, head: Head) -> bytes:
        """Read a value with its tag, whatever the form of its length."""
        self._skip(head, 0)
        end = self._at
        if end - head.at > _HELD:
            raise Malformed(head.at, f"> {_HELD} B")
        self._seek(head.at)
        return self._take(end - head.at)

    def _skip(self, head: Head, depth: int) -> None:
        if head.end is not None:
            self._seek(head.end)
            return
        if depth > _DEPTH:
            raise Malformed(head.at, "depth")
        while not self._over(head):
            self._skip(self._head(), depth + 1)
        self._close(head)

    def _seek(self, at: int) -> None:
        self._file.seek(at)
        self._at = at

    def _take(self, count: int) -> bytes:
        data = self._file.read(count)
        self._at += len(data)
        if len(data) < count:
            raise Malformed(self._at, "end")
        return data


def _gathered(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Put small pieces together: a parser that is fed each by itself takes ten times as long."""
    held: list[bytes] = []
    size = 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= _GATHERED:
            yield b"".join(held)
            held, size = [], 0
    if held:
        yield b"".join(held)


def _certificate(raw: bytes) -> object:
    """Read a certificate as far as it tells whose it is; whether it is to be trusted is judged elsewhere."""
    value = x509.Certificate.load(raw, strict=True)
    return value.subject.native, value.issuer.native, value.serial_number, value.public_key.algorithm


def _signer(raw: bytes) -> object:
    """Read what makes a signer one; its signature is judged elsewhere."""
    value = cms.SignerInfo.load(raw, strict=True)
    return value["sid"].chosen, value["digest_algorithm"]["algorithm"].native, value["signature"].native

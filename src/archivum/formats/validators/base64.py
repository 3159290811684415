"""Base64 (RFC 4648 §4) decoded as it comes in, into a file that is taken out of another."""

from binascii import Error, a2b_base64

from archivum.formats.validators.inner import Taking

_SPACE = b" \t\r\n"
_HELD = 1 << 16


class Base64:
    """A file in base64; white space is no part of it (XML Schema part 2 §3.2.16, RFC 2045 §6.8)."""

    def __init__(self, taking: Taking | None) -> None:
        """Begin; without ``taking`` nothing is kept, it is only seen whether it can be decoded."""
        self.taking = taking
        self._rest = b""
        self._held: list[bytes] = []
        self._size = 0
        self._good, self._ended = True, False

    def write(self, text: bytes) -> None:
        """Take some of it; line by line it would be slow to decode."""
        self._held.append(text)
        self._size += len(text)
        if self._size >= _HELD:
            self._flush()

    def _flush(self) -> None:
        """Decode what is whole, and keep the rest for later."""
        data = self._rest + b"".join(self._held).translate(None, _SPACE)
        self._held, self._size = [], 0
        whole = len(data) - len(data) % 4
        self._rest = data[whole:]
        if whole and self._good:
            self._good = self._decode(data[:whole])

    def end(self) -> bool:
        """Be done; return whether all of it was base64. What was not is no file to be judged."""
        self._flush()
        good = self._good and not self._rest
        if self.taking is not None:
            if good:
                self.taking.end()
            else:
                self.taking.drop()
        return good

    def _decode(self, data: bytes) -> bool:
        if self._ended:  # by padding, after which nothing may follow
            return False
        self._ended = data.endswith(b"=")
        try:
            decoded = a2b_base64(data, strict_mode=True)
        except Error:
            return False
        if self.taking is not None:
            self.taking.write(decoded)
        return True

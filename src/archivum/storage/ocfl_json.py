"""JSON read piece by piece: an inventory of any size in a window of memory (RFC 8259)."""

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any, Final, NoReturn, Protocol

_CHUNK: Final = 1 << 18
# One value is read as a whole (a message, the paths of one digest); a larger one is not an inventory's.
LARGEST_VALUE: Final = 1 << 26

_AFTER: Final = (" ", "\t", "\n", "\r", ",", ":", "]", "}")
_SPACE: Final = re.compile(r"[ \t\n\r]*")
# the member that nearly every line of an inventory is: a digest and one path without escapes
_ENTRY: Final = re.compile(
    r'[ \t\n\r]*"([^"\\\x00-\x1f]*)"[ \t\n\r]*:[ \t\n\r]*\[[ \t\n\r]*"([^"\\\x00-\x1f]*)"[ \t\n\r]*\]'
    r"[ \t\n\r]*([,}])"
)


class Readable(Protocol):
    """What bytes can be read from."""

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes, none at the end."""
        ...


class JsonStream:
    """A JSON text that is being read. Whatever is asked next must be what comes next.

    Every method raises ValueError (with RecursionError, what a parser says of a text made to harm) where the
    text is not JSON in UTF-8, or not what was asked for.
    """

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._decode = codecs.getincrementaldecoder("utf-8")().decode
        self._values = json.JSONDecoder(parse_constant=_no_number)
        self._text = ""
        self._at = 0
        self._ended = False

    def peek(self) -> str:
        """Return the first character of what comes next, "" at the end."""
        while True:
            match = _SPACE.match(self._text, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more(_CHUNK):
                return ""

    def value(self) -> Any:
        """Read one whole value, of whatever kind."""
        self.peek()
        size = _CHUNK
        while True:
            try:
                value, end = self._values.raw_decode(self._text, self._at)
            except json.JSONDecodeError:
                if not self._more(size):
                    raise
            else:
                # a number that ends where the window ends may go on
                if self._text[end : end + 1] in _AFTER or not self._more(size):
                    self._at = end
                    return value
            size *= 2
            if len(self._text) > LARGEST_VALUE:
                raise ValueError("a value is too large")

    def members(self) -> Iterator[str]:
        """Yield the names of an object; its value must be read before the next name is asked for."""
        self._take("{")
        if self.peek() == "}":
            self._take("}")
            return
        while True:
            yield self._name()
            if self._take(",}") == "}":
                return

    def entries(self) -> Iterator[tuple[str, Any]]:
        """Yield the members of an object whose values are small: name and value."""
        self._take("{")
        if self.peek() == "}":
            self._take("}")
            return
        while True:
            match = _ENTRY.match(self._text, self._at)
            if match:
                self._at = match.end()
                yield match[1], [match[2]]
                if match[3] == "}":
                    return
                continue
            name = self._name()
            yield name, self.value()
            if self._take(",}") == "}":
                return

    def end(self) -> None:
        """Read on to the end of the text, where nothing else may come."""
        if self.peek():
            raise ValueError("something follows the value")

    def _name(self) -> str:
        if self.peek() != '"':
            raise ValueError("a name is missing")
        name = self.value()
        self._take(":")
        return str(name)

    def _take(self, characters: str) -> str:
        found = self.peek()
        if not found or found not in characters:
            raise ValueError(f"one of {characters} is missing")
        self._at += 1
        return found

    def _more(self, size: int) -> bool:
        """Move the window on; False at the end of the text."""
        if self._ended:
            return False
        data = self._stream.read(size)
        self._ended = not data
        self._text = self._text[self._at :] + self._decode(data, final=not data)
        self._at = 0
        return True


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")

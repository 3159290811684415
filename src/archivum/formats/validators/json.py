"""JSON (RFC 8259) and JSON lines; a name given twice in an object is a flaw.

Python's own reader is fast and holds all of a document in a multiple of its size, so that it reads the small
ones. The others, and lines, are read token by token as a stream, of which only the place is held.
"""

import codecs
import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from archivum.formats.validators.answer import (
    INDETERMINATE,
    PASSED,
    WARNING,
    Answer,
    Fault,
    Subject,
    Told,
    fault,
    judged,
)
from archivum.formats.validators.markup import file_pieces

TOOL: Final = "archivum JSON"
HELD: Final = 16 << 20  # bytes of a document that is held; of empty arrays it takes 400 MB
DEPTH: Final = 1000  # of objects and arrays in each other
TOKEN: Final = 16 << 20  # characters of one text or number
NAMES: Final = (
    200_000  # of objects that are open at a time; of others it is not asked if they are there twice
)
_TOLD: Final = 10
_LINES: Final = (".jsonl", ".ndjson", ".geojsonl")
_SPACE: Final = re.compile(r"[ \t\n\r]*")
_STRING: Final = r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"'
_MORE: Final = re.compile(r"[-+.eE0-9]*")  # with which a number may go on in the next piece
_TOKEN: Final = re.compile(
    rf"(?P<string>{_STRING})|(?P<number>-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<word>true|false|null)|(?P<mark>[\[\]{},:])"
)


class _Malformed(Exception):
    def __init__(self, at: int, reason: str) -> None:
        super().__init__(at, reason)
        self.at, self.reason = at, reason


class _TooMuch(Exception):
    """A limit is reached; the document is not judged."""


def validate(subject: Subject, told: Told) -> Answer:
    """Judge a JSON file: valid if it is one value in UTF-8 (RFC 8259 §2, §8.1), or one on each line."""
    del told
    lines = subject.name.lower().endswith(_LINES)
    reading = _Reading(lines)
    faults: list[Fault] = []
    whole = True
    try:
        if lines or subject.size > HELD:
            reading.read(subject.path)
        else:
            reading.hold(subject.path)
    except _Malformed as error:
        faults.append(fault("json-syntax", where=str(error.at), reason=error.reason))
    except UnicodeDecodeError as error:
        faults.append(fault("text-utf8", where=str(reading.bytes), reason=error.reason))
    except _TooMuch as error:
        faults.append(fault("json-limits", WARNING, limit=str(error)))
        whole = False
    verdict = PASSED if whole else INDETERMINATE
    facts = {"encoding": "utf-8", "values": str(reading.values)}
    return judged(TOOL, (*faults, *reading.flaws), facts if whole else {}, valid=verdict, well_formed=verdict)


class _Reading:
    """Where in a document the reading is: what is open, and what may come next."""

    def __init__(self, lines: bool) -> None:
        self.values = 0
        self.bytes = 0
        self.flaws: list[Fault] = []
        self._lines = lines
        self._open: list[set[str] | None] = []  # the names of an object, None for an array
        self._expect = "value"
        self._names = 0

    def read(self, path: str) -> None:
        """Read a document to its end.

        Raises:
            _Malformed: it is not JSON.
            UnicodeDecodeError: it is not UTF-8.
        """
        at, rest = 0, ""
        for text, last in _decoded(path, self):
            data = rest + text
            position = self._tokens(data, at, last)
            at, rest = at + position, data[position:]
            if len(rest) > TOKEN:
                raise _TooMuch(f"{TOKEN}")
        if rest:
            raise _Malformed(at, rest[:20])
        if (
            self._open
            or self._expect not in ("end", "value")
            or (self._expect == "value" and not self.values)
        ):
            raise _Malformed(at, "the end")

    def hold(self, path: str) -> None:
        """Read a small document at once.

        Raises:
            _Malformed, UnicodeDecodeError: as :meth:`read`.
        """
        text = b"".join(file_pieces(path)).decode("utf-8-sig")
        try:
            json.loads(
                text, object_pairs_hook=self._object, parse_constant=_refuse, parse_int=len, parse_float=len
            )
        except json.JSONDecodeError as error:
            raise _Malformed(error.pos, error.msg) from error
        except RecursionError as error:
            raise _TooMuch(f"{DEPTH}") from error
        self.values = 1

    def _object(self, pairs: list[tuple[str, object]]) -> None:
        names = dict(pairs)
        if len(names) < len(pairs) and len(self.flaws) < _TOLD:
            counts = Counter(name for name, _ in pairs)
            self.flaws.append(fault("json-twice", WARNING, f'"{counts.most_common(1)[0][0][:100]}"'))

    def _tokens(self, data: str, at: int, last: bool) -> int:
        """Read what is whole in a piece; return how far. What reaches the end may go on in the next piece."""
        position = 0
        while True:
            spaces = _SPACE.match(data, position)
            start = spaces.end() if spaces else position
            if self._lines and self._expect == "end" and "\n" in data[position:start]:
                self._expect = "value"
            position = start
            found = _TOKEN.match(data, position)
            if found is None:
                if position < len(data) and (last or not _unfinished(data, position)):
                    raise _Malformed(at + position, repr(data[position : position + 20])[1:-1])
                return position
            if not last and found.lastgroup == "number" and _MORE.fullmatch(data, found.end()):
                return position
            self._token(found, at + position)
            position = found.end()

    def _token(self, found: re.Match[str], at: int) -> None:
        text = found[0]
        if found.lastgroup == "mark":
            self._mark(text, at)
        elif found.lastgroup == "string" and self._expect in ("name", "name or end"):
            self._name(text)
        elif self._expect in ("value", "value or end"):
            self._after()
        else:
            raise _Malformed(at, text[:20])

    def _mark(self, mark: str, at: int) -> None:
        if mark in "[{" and self._expect in ("value", "value or end"):
            if len(self._open) >= DEPTH:
                raise _TooMuch(f"{DEPTH}")
            self._open.append(set() if mark == "{" else None)
            self._expect = "name or end" if mark == "{" else "value or end"
        elif mark == ":" and self._expect == "colon":
            self._expect = "value"
        elif mark == "," and self._expect == "comma":
            self._expect = "value" if self._open[-1] is None else "name"
        elif mark in "]}" and self._closes(mark):
            self._names -= len(self._open.pop() or ())
            self._after()
        else:
            raise _Malformed(at, mark)

    def _closes(self, mark: str) -> bool:
        if not self._open or (self._open[-1] is None) is (mark == "}"):
            return False
        return self._expect in ("comma", "value or end" if mark == "]" else "name or end")

    def _name(self, text: str) -> None:
        names = self._open[-1]
        if names is not None and text in names and len(self.flaws) < _TOLD:
            self.flaws.append(fault("json-twice", WARNING, where=text[:100]))
        if names is not None and self._names < NAMES and text not in names:
            names.add(text)
            self._names += 1
        self._expect = "colon"

    def _after(self) -> None:
        """A value has ended."""
        if not self._open:
            self.values += 1
        self._expect = "comma" if self._open else "end"


def _refuse(name: str) -> None:
    """Refuse what Python reads as a number and JSON does not know (RFC 8259 §6)."""
    raise _Malformed(0, name)


def _decoded(path: str, reading: _Reading) -> Iterator[tuple[str, bool]]:
    """Yield a file as text, and with the last piece that it is that; a byte order mark is ignored (§8.1)."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    for piece in file_pieces(path):
        yield decoder.decode(piece), False
        reading.bytes += len(piece)
    yield decoder.decode(b"", final=True), True


def _unfinished(data: str, position: int) -> bool:
    """Whether what stands here may become a token with what follows."""
    rest = data[position : position + 5]
    if rest.startswith('"'):
        return _OPEN.fullmatch(data, position) is not None
    return (
        any(word.startswith(data[position:]) for word in ("true", "false", "null")) or data[position:] == "-"
    )


_OPEN: Final = re.compile(
    r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*(?:\\(?:u[0-9a-fA-F]{0,3})?)?'
)

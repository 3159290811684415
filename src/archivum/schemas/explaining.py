"""What a schema has against a document: where, and in words of our own, made of what libxml2 logs.

libxml2 judges while the document streams by in pieces of one tag each, so that what it logs after a piece is
about the element of that tag: line and place are exact, and memory does not grow with the document.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Set
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from lxml import etree

from archivum.texts import Language, say

# The attribute that is an xs:ID, by namespace of its element. libxml2 does not compare ids while it streams;
# they are unique in a document (XML Schema 1.0 part 2 §3.3.8).
_ID: Final[Mapping[str, str]] = {
    "http://www.loc.gov/METS/": "ID",
    "http://www.mvcr.cz/nsesss/v3": "ID",
    "http://www.mvcr.cz/nsesss/v4": "ID",
    "http://www.loc.gov/premis/v3": "xmlID",
    "http://ead3.archivists.org/schema/": "id",
}

# What is in here is skipped by the schema (NSESSS příl. 2).
_SKIPPED: Final = "JineUdaje"

_SAFE: Final[dict[str, Any]] = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "huge_tree": False,
}
_CHUNK: Final = 1 << 16
_VALUE: Final = 120  # characters of a value that a message shows
_LIST: Final = 400  # characters of a list of what is expected


@dataclass(frozen=True, slots=True)
class SchemaError:
    """One thing that a schema has against a document.

    ``kind`` finds its texts, ``params`` fill them. ``line`` counts from 1. ``xpath`` names the place as the
    document spells its elements; ``path`` says it by positions only (``/*[1]/*[2]``), whatever the prefixes.
    """

    kind: str
    line: int
    path: str
    xpath: str
    params: Mapping[str, str] = field(default_factory=dict)

    @property
    def message(self) -> str:
        """What is wrong, in English."""
        return self.text()

    def text(self, language: Language = "en") -> str:
        """Return what is wrong."""
        return say(f"schemas.{self.kind}", language, "text", **self.params)

    def hint(self, language: Language = "en") -> str:
        """Return what the producer can do about it."""
        return say(f"schemas.{self.kind}", language, "hint", **self.params)


def explain(schema: etree.XMLSchema, namespaces: Set[str], document: Path) -> Iterator[SchemaError]:
    """Yield the errors of a document in its order; none exactly when it is valid.

    ``namespaces`` are those that the schema judges. Of a document that is not well-formed nothing is said but
    that: libxml2 does not tell the two kinds of error apart while it validates.
    """
    with document.open("rb") as stream:
        try:
            etree.parse(stream, etree.XMLParser(target=cast("Any", _Nothing()), **_SAFE))
        except etree.XMLSyntaxError as error:
            yield SchemaError("not-well-formed", error.lineno or 1, "", "", {"reason": str(error.msg)})
            return
        stream.seek(0)
        yield from _Reading(schema, namespaces).errors(stream)


class _Nothing:
    """What is made of a document that is read only to see whether it can be."""

    def close(self) -> None:
        """Be done."""


class _Reading:
    """A document on its way through the parser, and where in it the parser is."""

    def __init__(self, schema: etree.XMLSchema, namespaces: Set[str]) -> None:
        self._parser = etree.XMLPullParser(events=("start", "end"), schema=schema, **_SAFE)
        self._trail = _Trail({name: _ID[name] for name in _ID.keys() & namespaces})
        self._line = 1
        self._told = 0

    def errors(self, stream: BinaryIO) -> Iterator[SchemaError]:
        for piece in _tags(stream):
            self._parser.feed(piece)
            self._line += piece.count(b"\n")
            yield from self._noticed()
        with suppress(etree.XMLSyntaxError):  # by which an invalid document ends
            self._parser.close()
        yield from self._noticed()

    def _noticed(self) -> Iterator[SchemaError]:
        """Yield what came up with the last piece."""
        for event, element in self._parser.read_events():
            if event == "end":
                self._trail.leave(element)
            elif repeated := self._trail.enter(element):
                yield self._error("duplicate", {"value": _short(repeated, "value")})
        log = self._parser.feed_error_log
        for entry in islice(log, self._told, None):
            if entry.domain == etree.ErrorDomains.SCHEMASV:
                kind, params = read(entry.message)
                # text and children that must not be are noticed at the next tag
                yield self._error(kind, params, params["subject"].partition("/@")[0])
        self._told = len(log)

    def _error(self, kind: str, params: Mapping[str, str], name: str = "") -> SchemaError:
        path, xpath = self._trail.place(name)
        return SchemaError(kind, self._line, path, xpath, params)


def _tags(stream: BinaryIO) -> Iterator[bytes]:
    """Cut a document behind every ``>``: no piece holds more than one tag."""
    rest = b""
    while chunk := stream.read(_CHUNK):
        *pieces, rest = (rest + chunk).split(b">")
        for piece in pieces:
            yield piece + b">"
    if rest:
        yield rest


@dataclass(slots=True)
class _Step:
    """An element on the way from the root, and how many children of which name it has had so far."""

    name: str
    number: int
    position: int
    judged: bool = True
    children: int = 0
    names: Counter[str] = field(default_factory=Counter)


class _Trail:
    """The way from the root to the element whose tag was read last."""

    def __init__(self, identified: Mapping[str, str]) -> None:
        """Start above the root. ``identified`` names the attribute that is an id, by namespace."""
        self._identified = identified
        self._steps = [_Step("", 1, 1)]
        self._ended = False
        self._ids: set[str] = set()

    def enter(self, element: etree._Element) -> str | None:
        """Go down to an element that begins; return its id if the document has used it before."""
        self._close()
        above = self._steps[-1]
        tag = etree.QName(element)
        name = f"{element.prefix}:{tag.localname}" if element.prefix else tag.localname
        above.children += 1
        above.names[name] += 1
        judged = above.judged and not above.name.endswith(_SKIPPED)
        self._steps.append(_Step(name, above.names[name], above.children, judged))
        attribute = self._identified.get(tag.namespace or "")
        given = element.get(attribute) if attribute and judged else None
        if given is None or given in self._ids:
            return given
        self._ids.add(given)
        return None

    def leave(self, element: etree._Element) -> None:
        """Stay at an element that ends, and forget what was in it."""
        self._close()
        self._ended = True
        parent = element.getparent()
        element.clear(keep_tail=False)
        while parent is not None and element.getprevious() is not None:
            del parent[0]

    def place(self, name: str = "") -> tuple[str, str]:
        """Return, by positions and by names, where this is, or the nearest element of a local name above."""
        steps = self._steps[1:]
        named = [depth for depth, step in enumerate(steps, 1) if step.name.rpartition(":")[2] == name]
        steps = steps[: named[-1]] if named else steps
        return (
            "".join(f"/*[{step.position}]" for step in steps),
            "".join(f"/{step.name}[{step.number}]" if step.number > 1 else f"/{step.name}" for step in steps),
        )

    def _close(self) -> None:
        if self._ended:
            self._steps.pop()
            self._ended = False


# -- what libxml2 says, read ------------------------------------------------------------------------------

_SUBJECT: Final = re.compile(
    r"Element '(?P<element>[^']*)'(?:, attribute '(?P<attribute>[^']*)')?: (?:\[facet '\w+'\] )?", re.DOTALL
)
_EXPECTED: Final = r" Expected is (?:one of )?\( (?P<expected>.*) \)\."
_LENGTH: Final = r"The value has a length of '(?P<value>\d+)'; this "
_OF: Final = r" .* of '(?P<expected>\d+)'\."
_SAYINGS: Final = tuple(
    (kind, re.compile(pattern, re.DOTALL))
    for kind, pattern in (
        ("unexpected", r"This element is not expected\." + _EXPECTED),
        ("too-many", r"This element is not expected\."),
        ("incomplete", r"Missing child element\(s\)\." + _EXPECTED),
        ("attribute-missing", r"The attribute '(?P<name>[^']*)' is required but missing\."),
        ("attribute-unknown", r"The attribute '(?P<name>[^']*)' is not allowed\."),
        ("not-in-list", r"The value '(?P<value>.*)' is not an element of the set \{(?P<expected>.*)\}\."),
        ("too-long", _LENGTH + r"exceeds" + _OF),
        ("too-short", _LENGTH + r"underruns" + _OF),
        ("not-so-long", _LENGTH + r"differs" + _OF),
        ("too-great", r"The value '(?P<value>.*)' is greater than .* \('(?P<expected>.*)'\)\."),
        ("too-small", r"The value '(?P<value>.*)' is less than .* \('(?P<expected>.*)'\)\."),
        ("not-fixed", r"The value '(?P<value>.*)' does not match the fixed value .* '(?P<expected>.*)'\."),
        (
            "value",
            r"'(?P<value>.*)' is not a valid value of the (?:local )?\w+ type(?: '(?P<type>[^']*)')?\.",
        ),
        ("text", r"Character content other than whitespace is not allowed"),
        ("not-empty", r"(?:Character|Element) content is not allowed, because the content type is empty"),
        ("no-elements", r"Element content is not allowed"),
        ("root", r"No matching global declaration available for the validation root\."),
        ("undeclared", r"No matching global \w+ declaration available"),
        ("type-unknown", r"The QName value '(?P<value>[^']*)' of .* does not resolve to a type definition\."),
        ("not-nillable", r"The element is not 'nillable'\."),
        ("type-abstract", r"The type definition is abstract\."),
    )
)
_LEXICAL: Final = {
    "xs:date": "not-a-date",
    "xs:dateTime": "not-a-moment",
    "xs:gYear": "not-a-year",
    "xs:gYearMonth": "not-a-month",
    "xs:ID": "not-an-id",
    "xs:IDREF": "not-an-id",
    "xs:IDREFS": "not-an-id",
    **dict.fromkeys(("xs:int", "xs:integer", "xs:long", "xs:positiveInteger"), "not-a-number"),
    **dict.fromkeys(("xs:nonNegativeInteger", "xs:unsignedLong", "xs:unsignedShort"), "not-a-number"),
}


def read(message: str) -> tuple[str, dict[str, str]]:
    """Return the kind of an error and what fills its texts, from what libxml2 says of it.

    Every kind has the ``subject``: the name of an element, or of an element and its attribute
    (``Dil/@ID``). What is not known stays in libxml2's words: the kind ``other``.
    """
    subject = _SUBJECT.match(message)
    if subject is None:
        return "other", {"subject": "", "reason": message}
    parts = [_plain(part) for part in subject.groups() if part is not None]
    params = {"subject": "/@".join(parts)}
    rest = message[subject.end() :]
    for kind, saying in _SAYINGS:
        if found := saying.match(rest):
            given = found.groupdict("")
            lexical = _LEXICAL.get(given.pop("type", ""), kind)
            return lexical, params | {key: _short(given[key], key) for key in given}
    return "other", params | {"reason": rest.rstrip(".")}


def _plain(name: str) -> str:
    """A name, or a list of them, without namespaces."""
    return re.sub(r"\{[^{}]*\}", "", name)


def _short(text: str, key: str) -> str:
    """A value as it is, what is expected without namespaces; of both no more than people read."""
    text, shown = (text, _VALUE) if key == "value" else (_plain(text), _LIST)
    return text if len(text) <= shown else f"{text[:shown]}…"

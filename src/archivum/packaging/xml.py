"""The one place where XML from outside is parsed: nothing is expanded, loaded or fetched, memory is bounded.

A document is judged by its first bytes before any parser sees it: anything but UTF-8 and any document type
declaration is refused (XML 1.0 §2.8, §4.3.3; CWE-611, CWE-776). Small documents are held as a tree; of larger
ones only the piece in hand is, whatever the rest may be.
"""

import codecs
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from lxml import etree
from lxml.etree import XMLSchema, _Element

from archivum.model import Finding, Severity, Verdict

LIMIT: Final = 1 << 30  # bytes of a document; a METS of 100 000 files with their logs has about 400 MB
HELD: Final = 4 << 20  # bytes of a document that is held as a tree, which takes about ten times as much
PIECE: Final = 100_000  # elements of one piece; the description of one case file has a few hundred
CHUNK: Final = 1 << 17
PROLOG: Final = 1 << 16  # bytes before the root element, comments included

_SAFE: Final[dict[str, Any]] = {
    "encoding": "utf-8",
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "dtd_validation": False,
    "attribute_defaults": False,
    "huge_tree": False,
    "remove_comments": True,
    "remove_pis": True,
}
_UTF_16 = re.compile(rb"\xff\xfe|\xfe\xff|\x00|.\x00|..\x00|...\x00", re.DOTALL)
_DECLARED = re.compile(rb"""<\?xml\s[^>]*?encoding\s*=\s*["']([^"'>]*)["']""")
_MISC = re.compile(rb"\s+|<!--.*?-->|<\?.*?\?>", re.DOTALL)
_EXTERNAL = re.compile(
    rb"<!DOCTYPE[^\[>]*\b(SYSTEM|PUBLIC)\b|<!DOCTYPE[^\[>]*\[.*?\b(SYSTEM|PUBLIC)\b", re.DOTALL
)


class _Endless(Exception):
    """A piece goes on beyond what may be held."""


class Document:
    """An XML file from outside, read at most once for its pieces and once for its schema.

    ``findings`` is what is wrong with it; it is ``broken`` when it could not be read to its end. ``root`` is
    its root element with its attributes, known as soon as the first piece is.
    """

    def __init__(self, path: Path, name: str, *, limit: int = LIMIT, held: int = HELD) -> None:
        """Open nothing yet. ``name`` is the file's path in the package; limits are in bytes."""
        self.name = name
        self.findings: list[Finding] = []
        self.broken = False
        self.root: _Element | None = None
        self._path = path
        size = path.stat().st_size
        self._small = size <= held
        if size > limit:
            self._refuse("xml-too-large", reason=f"> {limit} B")

    def pieces(self, tags: frozenset[str]) -> Iterator[_Element]:
        """Yield the outermost elements that have one of these tags, each complete, in order.

        The elements around a piece still have their attributes; whatever else may be gone, and so is the
        piece itself when the next one is drawn.
        """
        if self.broken:
            return
        try:
            yield from self._of_tree(tags) if self._small else self._of_stream(tags)
        except etree.XMLSyntaxError as error:
            self._refuse_syntax(error)

    def valid(self, schema: XMLSchema) -> bool:
        """Whether a document that is not broken is valid; also of a large one, except for unique IDs."""
        if self._small:
            return self.root is not None and schema.validate(self.root)
        parser = etree.XMLPullParser(events=("start", "end"), schema=schema, **_SAFE)
        try:
            for _ in self._feed(parser, frozenset()):
                pass
        except etree.XMLSyntaxError:
            return False
        return True

    def place(self, element: _Element) -> str:
        """Where an element is, as ``mets.xml:12``: file and line."""
        return f"{self.name}:{element.sourceline}"

    def found(self, code: str, severity: Severity, where: str = "", **params: str | int) -> None:
        """Note a rule that the document does not keep."""
        self.findings.append(Finding(code, Verdict.FAILED, severity, self.name, where, params))

    # -- the two ways of reading --------------------------------------------------------------------------

    def _of_tree(self, tags: frozenset[str]) -> Iterator[_Element]:
        data = self._path.read_bytes()
        if not self._readable(data, complete=True) or not self._decodes(data):
            return
        self.root = etree.fromstring(data.removeprefix(codecs.BOM_UTF8), etree.XMLParser(**_SAFE))
        piece: _Element | None = None
        for element in self.root.iter(*tags):
            if piece is None or piece not in element.iterancestors():
                piece = element
                yield element

    def _of_stream(self, tags: frozenset[str]) -> Iterator[_Element]:
        with self._path.open("rb") as file:
            head = file.read(PROLOG)
        if not self._readable(head, complete=len(head) < PROLOG):
            return
        parser = etree.XMLPullParser(events=("start", "end"), **_SAFE)
        try:
            yield from self._feed(parser, tags)
        except UnicodeDecodeError as error:
            self._refuse("xml-encoding", where=self.name, found=f"0x{error.object[error.start]:02X}")
        except _Endless:
            self._refuse("xml-too-large", reason=f"> {PIECE} × <…>")

    def _feed(self, parser: "etree.XMLPullParser[Any]", tags: frozenset[str]) -> Iterator[_Element]:
        """Yield the pieces and forget everything else as soon as it ends."""
        decoder = codecs.getincrementaldecoder("utf-8")()
        depth = size = 0
        with self._path.open("rb") as file:
            if file.read(3) != codecs.BOM_UTF8:
                file.seek(0)
            while chunk := file.read(CHUNK):
                decoder.decode(chunk)
                parser.feed(chunk)
                for event, element in parser.read_events():
                    if event == "start":
                        if self.root is None:
                            self.root = element
                        size = size + 1 if depth else 0
                        if size > PIECE:
                            raise _Endless
                        if depth or element.tag in tags:
                            depth += 1
                        continue
                    if depth:
                        depth -= 1
                        if depth:
                            continue
                        yield element
                    _forget(element)
            decoder.decode(b"", final=True)
            parser.close()

    # -- judging the first bytes --------------------------------------------------------------------------

    def _readable(self, head: bytes, *, complete: bool) -> bool:
        """Judge encoding and document type before a parser sees a byte (XML 1.0 §2.8, App. F)."""
        if head.startswith(codecs.BOM_UTF8):
            self.found("xml-bom", Severity.ERROR, self.name)
            head = head[3:]
        if _UTF_16.match(head):
            self._refuse("xml-encoding", found="UTF-16, UTF-32")
            return False
        declared = _DECLARED.match(head)
        if declared and declared[1].lower() not in (b"utf-8", b"utf8"):
            self._refuse("xml-encoding", found=declared[1].decode("ascii", "replace"))
            return False
        return self._without_doctype(head, complete=complete)

    def _without_doctype(self, head: bytes, *, complete: bool) -> bool:
        """Walk over what may stand before the root element: white space, comments, instructions."""
        at = 0
        while misc := _MISC.match(head, at):
            at = misc.end()
        if head.startswith(b"<!DOCTYPE", at):
            self._refuse("xml-entity")
            if _EXTERNAL.match(head, at):
                self.found("xml-external", Severity.ERROR, self.name)
            return False
        if not complete and head[at : at + 2] in (b"", b"<", b"<!", b"<?"):
            self._refuse("xml-too-large", reason=f"> {PROLOG} B + <…>")
            return False
        return True

    def _decodes(self, data: bytes) -> bool:
        try:
            data.decode("utf-8")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            self._refuse("xml-encoding", where=f"{self.name}:{line}", found=f"0x{data[error.start]:02X}")
            return False
        if b"\0" in data:
            self._refuse("xml-encoding", found="0x00")
            return False
        return True

    def _refuse(self, code: str, where: str = "", **params: str | int) -> None:
        self.broken = True
        self.found(code, Severity.ERROR, where or self.name, **params)

    def _refuse_syntax(self, error: etree.XMLSyntaxError) -> None:
        line, column = error.position
        where = f"{self.name}:{line}:{column}"
        if error.code == etree.ErrorTypes.ERR_RESOURCE_LIMIT:
            self._refuse("xml-too-large", where, reason=error.msg or "")
        else:
            self._refuse("xml-not-well-formed", where, reason=error.msg or "")


def _forget(element: _Element) -> None:
    """Let go of an element that has ended and of everything before it at its level; the root stays."""
    parent = element.getparent()
    if parent is None:
        return
    element.clear()
    while element.getprevious() is not None:
        del parent[0]

"""XML (1.0, fifth edition, with namespaces) read as a stream: is it well-formed, and what is its root.

Nothing is expanded, loaded or fetched: an external DTD or entity stays unread, as XML 1.0 §5.1 allows a
processor that does not validate. The internal part of a DTD is read, because it may declare what the document
uses. libxml2 gives up documents with attributes above 10 MB or whose entities grow beyond measure, and where
it holds them as trees those nested beyond 2048 levels; these are not judged, and not malformed.
"""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, Final, NamedTuple, cast

from lxml import etree

from archivum.formats.validators.answer import ERROR, INDETERMINATE, PASSED, WARNING, Fault, fault

TOOL: Final = f"libxml2 {'.'.join(map(str, etree.LIBXML_VERSION))}"
PIECE: Final = 1 << 20
SAFE: Final[dict[str, Any]] = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "dtd_validation": False,
    "huge_tree": False,
}
_PROLOG: Final = 1 << 20  # bytes before the root element ends its tag: comments, a DTD, declarations
_XSI: Final = "{http://www.w3.org/2001/XMLSchema-instance}"
_UNBOUND: Final = 201  # XML_NS_ERR_UNDEFINED_NAMESPACE
_LIMITS: Final = {1, 2, 110, 114}  # internal (depth), memory, a name's length, a resource
_ENCODINGS: Final = {31, 32}  # unknown, unsupported


class Root(NamedTuple):
    """The root element and what comes before it. ``schemas`` are the pairs that ``xsi`` attributes name.

    ``doctype`` is the name that a document type declaration gives, ``external`` what it names outside.
    """

    namespace: str
    name: str
    attributes: dict[str, str]
    schemas: tuple[tuple[str, str], ...]
    version: str = "1.0"
    encoding: str = ""
    doctype: str = ""
    external: str = ""


class Nothing:
    """What is made of a document that is read only to see whether it can be."""

    def close(self) -> None:
        """Be done."""


def read(pieces: Iterable[bytes], target: Any = None) -> list[Fault]:
    """Return what keeps a document from being well-formed, at most one; ``target`` hears of its parts."""
    parser = etree.XMLParser(target=cast("Any", Nothing() if target is None else target), **SAFE)
    try:
        for piece in chain((b"",), pieces):
            parser.feed(piece)
        parser.close()
    except etree.XMLSyntaxError as error:
        return [_fault(error)]
    for entry in parser.feed_error_log:
        if entry.type == _UNBOUND:
            return [fault("xml-syntax", where=f"{entry.line}:{entry.column}", reason=entry.message)]
    return []


def limited(error: etree.XMLSyntaxError) -> bool:
    """Whether the reader gave up for what is no fault of the document."""
    return error.code in _LIMITS


def verdict(faults: Iterable[Fault]) -> str:
    """Return what a document without an ERROR is: not judged if the reader gave up."""
    return INDETERMINATE if any(one.id in ("xml-limits", "xml-encoding") for one in faults) else PASSED


def root(pieces: Iterable[bytes]) -> Root | None:
    """Return the root element of a document; None if its beginning does not show it."""
    parser = etree.XMLPullParser(events=("start",), **SAFE)
    read_ = 0
    try:
        for piece in chain(pieces, (b"",)):
            parser.feed(piece)
            for _, element in parser.read_events():
                return _root(element)
            read_ += len(piece)
            if read_ > _PROLOG:
                break
    except etree.XMLSyntaxError:
        for _, element in parser.read_events():
            return _root(element)
    return None


def file_pieces(path: str) -> Iterator[bytes]:
    """Yield a file in pieces."""
    with open(path, "rb") as file:  # noqa: PTH123
        while data := file.read(PIECE):
            yield data


def _root(element: etree._Element) -> Root:
    tag = etree.QName(element)
    about = element.getroottree().docinfo
    named = (element.get(f"{_XSI}schemaLocation") or "").split()
    pairs = list(zip(named[::2], named[1::2], strict=False))
    if alone := element.get(f"{_XSI}noNamespaceSchemaLocation"):
        pairs.append(("", alone.strip()))
    return Root(
        tag.namespace or "",
        tag.localname,
        {str(name): str(value) for name, value in element.attrib.items()},
        tuple(pairs),
        about.xml_version or "1.0",
        about.encoding or "",
        about.root_name or "" if about.internalDTD is not None else "",
        (about.system_url or about.public_id or "") if about.internalDTD is not None else "",
    )


def _fault(error: etree.XMLSyntaxError) -> Fault:
    line, column = error.position
    reason = (error.msg or "").removesuffix(f", line {line}, column {column}").strip()
    if limited(error):
        return fault("xml-limits", WARNING, f"{line}:{column}", reason=reason)
    if error.code in _ENCODINGS:
        return fault("xml-encoding", WARNING, f"{line}:{column}", reason=reason)
    return fault("xml-syntax", ERROR, f"{line}:{column}", reason=reason)


def within(name: str, faults: Iterable[Fault]) -> list[Fault]:
    """Return faults of a file in a container, with its name before their place."""
    return [one._replace(where=f"{name}:{one.where}") for one in faults]

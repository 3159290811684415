"""Which part of ISO 19005 (PDF/A) a PDF file claims to keep, by the XMP metadata of its catalog."""

from typing import Final, NamedTuple

import pikepdf
from lxml import etree

from archivum.formats.validators.pdf_streams import Undecodable, whole

PDFAID: Final = "http://www.aiim.org/pdfa/ns/id/"  # ISO 19005-1 §6.7.11, -2 and -3 §6.6.4, -4 §6.7.3
FLAVOURS: Final = frozenset(("1a", "1b", "2a", "2b", "2u", "3a", "3b", "3u", "4", "4e", "4f"))
METADATA_BYTES: Final = 16 << 20

# PRONOM's identifiers of PDF/A
PUIDS: Final = {
    "fmt/95": "1a",
    "fmt/354": "1b",
    "fmt/476": "2a",
    "fmt/477": "2b",
    "fmt/478": "2u",
    "fmt/479": "3a",
    "fmt/480": "3b",
    "fmt/481": "3u",
    "fmt/1910": "4",
    "fmt/1911": "4e",
    "fmt/1912": "4f",
}


class Claim(NamedTuple):
    """A part of ISO 19005 and its level of conformance, as they are written; "" for what is not."""

    part: str
    conformance: str = ""

    @property
    def flavour(self) -> str:
        """The claim in the words of validators (``2b``); "" if there is no such PDF/A."""
        flavour = self.part + self.conformance.lower()
        return flavour if flavour in FLAVOURS else ""

    def __str__(self) -> str:
        return f"PDF/A-{self.part or '?'}{self.conformance.lower()}"


def claim_of(pdf: pikepdf.Pdf) -> Claim | None:
    """Return what a document claims; None if that is nothing, contradicts itself or cannot be read."""
    metadata = pdf.Root.get("/Metadata")
    if not isinstance(metadata, pikepdf.Stream):
        return None
    try:
        root = etree.fromstring(_text(whole(metadata, METADATA_BYTES)), _parser())
    except (Undecodable, UnicodeDecodeError, etree.XMLSyntaxError, ValueError):
        return None
    parts, levels = _values(root, "part"), _values(root, "conformance")
    if len(parts) > 1 or len(levels) > 1 or not (parts or levels):
        return None
    return Claim("".join(parts), "".join(levels))


def flavour_of(path: str) -> str:
    """Return the flavour of PDF/A that a file claims; "" where it claims none or cannot be opened."""
    try:
        with pikepdf.open(path, inherit_page_attributes=False) as pdf:
            claim = claim_of(pdf)
    except (pikepdf.PdfError, pikepdf.PasswordError):
        return ""
    return claim.flavour if claim else ""


def _values(root: etree._Element, name: str) -> set[str]:
    """Return the values of a property, which RDF lets be an attribute or an element."""
    tag = f"{{{PDFAID}}}{name}"
    found = {element.get(tag) or "" for element in root.iter("{*}Description") if tag in element.attrib}
    return {value.strip() for value in found | {element.text or "" for element in root.iter(tag)}}


def _parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)


def _text(data: bytes) -> bytes:
    """Return XMP as UTF-8; XMP part 1 §7.1 allows UTF-16 and UTF-32 as well, and nothing says which it is."""
    for encoding, start in (
        ("utf-32-be", b"\0\0\0<"),
        ("utf-32-le", b"<\0\0\0"),
        ("utf-16-be", b"\0<"),
        ("utf-16-le", b"<\0"),
    ):
        mark = "\ufeff".encode(encoding)
        if data.startswith((start, mark)):
            return data.decode(encoding).lstrip("\ufeff").encode()
    return data.removeprefix(b"\xef\xbb\xbf")

"""The XML schemas that judge metadata: the project's own, and the publishers' own where they are installed.

A *set* is what validates one kind of document: schemas joined by a driver that is made in memory. Ours and
the publishers' are not mixed within one: where all of the publishers' files of a set are installed, they
decide.

What a schema imports is looked up in its folder, and an ``http`` address in the pinned list; all else, the
network above all, is out of reach. libxml2 judges (a METS of 20 kB in 0.2 ms). It does not ask whether an
IDREF has its ID, and only in a document held as a whole whether ids are unique.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from lxml import etree

from archivum.errors import Misconfigured
from archivum.schemas.explaining import SchemaError, explain
from archivum.schemas.official import Installation, Pin, Refusal, install, pins, place

if TYPE_CHECKING:
    from lxml.etree._docloader import _InputDocument

__all__ = ["SETS", "Installation", "Refusal", "SchemaError", "Schemas", "install", "pins", "place"]


@dataclass(frozen=True, slots=True)
class Part:
    """A schema in a set: the namespace it describes, our file, and the publisher's where it is installed."""

    namespace: str
    own: str
    official: str


_METS: Final = Part("http://www.loc.gov/METS/", "mets.xsd", "mets.xsd")
_CSIP: Final = Part("https://DILCIS.eu/XML/METS/CSIPExtensionMETS", "csip.xsd", "DILCISExtensionMETS.xsd")
_PREMIS: Final = Part("http://www.loc.gov/premis/v3", "premis.xsd", "premis.xsd")
_EAD: Final = Part("http://ead3.archivists.org/schema/", "ead3.xsd", "ead3.xsd")
_NSESSS: Final = "http://www.mvcr.cz/nsesss/v4"
_LOG: Final = "http://www.mvcr.cz/nsesss/2023/log"

SETS: Final[Mapping[str, tuple[Part, ...]]] = {
    "mets": (_METS, _CSIP, _PREMIS),
    "czdax-mets": (_METS, _CSIP),
    "premis": (_PREMIS,),
    "ead3": (_EAD,),
    "nsesss-2017": (
        _METS,
        Part("http://www.mvcr.cz/nsesss/v3", "nsesss-2017.xsd", "nsesss-2017/nsesss.xsd"),
        Part("http://nsess.public.cz/erms_trans/v_01_01", "tp-2017.xsd", "nsesss-2017/nsesss-TrP.xsd"),
    ),
    "nsesss-2023": (
        _METS,
        Part(_NSESSS, "nsesss-2023.xsd", "nsesss-2023/nsesss.xsd"),
        Part(_LOG, "log-2023.xsd", "nsesss-2023/nsesss-TrP.xsd"),
    ),
    "nsesss-2024": (
        _METS,
        Part(_NSESSS, "nsesss-2024.xsd", "nsesss-2024/nsesss.xsd"),
        Part(_LOG, "log-2023.xsd", "nsesss-2024/nsesss-TrP.xsd"),
    ),
}

_XSD: Final = "{http://www.w3.org/2001/XMLSchema}"

# The address under which libxml2 sees a folder of schemas: a scheme that nothing can open by itself.
_SHELF: Final = "archivum:///"


class Schemas:
    """The sets of schemas, each compiled when first asked for; every thread has its own.

    ``official`` is the folder of installed publishers' files; it may be incomplete or not be there.
    """

    def __init__(self, official: Path | None = None) -> None:
        self._official = official
        self._compiled: dict[str, etree.XMLSchema] = {}

    def __reduce__(self) -> tuple[type["Schemas"], tuple[Path | None]]:
        return Schemas, (self._official,)

    def decides(self, name: str) -> Literal["publisher", "archivum"]:
        """Return whose files decide for a set.

        Raises:
            KeyError: there is no such set.
        """
        parts, folder = SETS[name], self._official
        if folder is None or not folder.is_dir():
            return "archivum"
        return "publisher" if all((folder / file).is_file() for file in _needed(parts)) else "archivum"

    def schema(self, name: str) -> etree.XMLSchema:
        """Return a set ready to validate.

        Raises:
            KeyError: there is no such set.
            Misconfigured: a publisher's file is not the one that was pinned, or the set is no schema.
        """
        if name not in self._compiled:
            self._compiled[name] = self._compile(name)
        return self._compiled[name]

    def explain(self, name: str, document: Path, limit: int = 100) -> Iterator[SchemaError]:
        """Yield what a set has against a document, in its order, at most ``limit`` errors.

        Nothing is yielded exactly when the document is valid. It is read as a stream, as far as the iterator
        is asked; of what was read only the ids are kept.
        """
        namespaces = {part.namespace for part in SETS[name]}
        return islice(explain(self.schema(name), namespaces, document), limit)

    def _compile(self, name: str) -> etree.XMLSchema:
        if self._official is not None and self.decides(name) == "publisher":
            library = _Library(self._official, pins())
            files = {part.namespace: part.official for part in SETS[name]}
        else:
            library = _Library(place(), {})
            files = {part.namespace: part.own for part in SETS[name]}
        driver = etree.Element(f"{_XSD}schema")
        for namespace, file in files.items():
            location = f"{_SHELF}{file}"
            etree.SubElement(driver, f"{_XSD}import", namespace=namespace, schemaLocation=location)
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
        parser.resolvers.add(library)
        try:
            return etree.XMLSchema(etree.fromstring(etree.tostring(driver), parser))
        except etree.XMLSchemaParseError as error:
            raise library.refused or Misconfigured("schemas.unusable", set=name, reason=error) from error


class _Library(etree.Resolver):
    """What schemas may import: the files of one folder, and what a pinned list has for an http address."""

    def __init__(self, folder: Path, pinned: Mapping[str, Pin]) -> None:
        self._folder = folder
        self._pinned = pinned
        self._names = {pin.address: pin.name for pin in pinned.values()}
        self.refused: Misconfigured | None = None

    def resolve(
        self, system_url: str | None, public_id: str | None, context: object
    ) -> "_InputDocument | None":
        """Give libxml2 the bytes of a schema. Whatever else it asks for is an error to it, not a request."""
        address = system_url or ""
        if address not in self._names and not address.startswith(_SHELF):
            raise LookupError(address)
        name = self._names.get(address) or address.removeprefix(_SHELF)
        data = (self._folder / name).read_bytes()
        if self._pinned and hashlib.sha512(data).hexdigest() != self._pinned[name].sha512:
            self.refused = Misconfigured("schemas.changed", place=self._folder / name)
            raise self.refused
        return self.resolve_string(data, context, base_url=f"{_SHELF}{name}")


def _needed(parts: tuple[Part, ...]) -> set[str]:
    """The publishers' files that a set is made of."""
    needed: set[str] = set()
    open_ = [part.official for part in parts]
    while open_:
        file = open_.pop()
        if file not in needed:
            needed.add(file)
            open_ += pins()[file].needs
    return needed

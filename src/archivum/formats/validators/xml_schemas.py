"""The schemas that an XML file can be judged by: the project's, and those in the file's own package."""

from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from lxml import etree

from archivum.errors import Misconfigured
from archivum.formats.validators.answer import Told
from archivum.formats.validators.markup import SAFE, Root
from archivum.schemas import SETS, Schemas

if TYPE_CHECKING:
    from lxml.etree._docloader import _InputDocument

# the namespace of a root element, and the set of schemas that judges such a document
_BY_ROOT: Final = {
    "http://www.loc.gov/METS/": "mets",
    "http://www.loc.gov/premis/v3": "premis",
    "http://ead3.archivists.org/schema/": "ead3",
}
_FILES: Final = 200  # that one schema may be made of; the largest in use (GML with all it needs) has about 80
_BYTES: Final = 16 << 20  # of them in all
_compiled: dict[str, Schemas] = {}


class Known(NamedTuple):
    """A schema that can be asked; ``decides`` if what it refuses is invalid beyond doubt."""

    schema: etree.XMLSchema
    name: str
    namespaces: frozenset[str]
    decides: bool


class Beside(NamedTuple):
    """A schema from the package of the file, and its path as the file names it."""

    schema: etree.XMLSchema
    name: str


def known(begins: Root, told: Told) -> Known | None:
    """Return the schema of the project or of the publisher that is for such a document; None if none is.

    ``schemas`` among the settings is the folder of the publishers' files.
    """
    name = _BY_ROOT.get(begins.namespace)
    if name is None:
        return None
    folder = told.settings.get("schemas", "")
    schemas = _compiled.setdefault(folder, Schemas(Path(folder) if folder else None))
    whose = schemas.decides(name)
    namespaces = frozenset(part.namespace for part in SETS[name])
    try:
        return Known(schemas.schema(name), f"{name} ({whose})", namespaces, whose == "publisher")
    except Misconfigured:  # a publisher's file was changed; whoever runs the archive is told elsewhere
        return None


def beside(path: str, begins: Root, told: Told) -> Beside | None:
    """Return the schema that a file names by a relative path inside its package; None if there is none.

    ``packages`` among the settings is a folder that holds packages, each in a folder of its own, all of whose
    files are there before any is judged: else an answer would depend on what has arrived already.
    """
    packages = told.settings.get("packages", "")
    named = next((place for space, place in begins.schemas if space == begins.namespace), "")
    if not packages or not named:
        return None
    file = Path(path).resolve()
    try:
        package = file.relative_to(Path(packages).resolve()).parts[0]
    except (ValueError, IndexError):
        return None
    shelf = _Shelf(Path(packages).resolve() / package)
    try:
        place = shelf.inside(file.parent, named)
        return Beside(shelf.compiled(place), named)
    except (LookupError, OSError, ValueError, etree.LxmlError):
        return None


class _Shelf(etree.Resolver):
    """The files of one package as far as schemas ask for them; the address is the file's own."""

    def __init__(self, package: Path) -> None:
        self._package = package
        self._files = self._bytes = 0

    def inside(self, folder: Path, named: str) -> Path:
        """Return the file that a relative path leads to from a folder.

        Raises:
            LookupError: it is no file inside the package, or the limits are reached.
        """
        if ":" in named or named.startswith("/") or "\\" in named:
            raise LookupError(named)
        place = (folder / named).resolve()
        if not place.is_relative_to(self._package) or not place.is_file():
            raise LookupError(named)
        self._files += 1
        self._bytes += place.stat().st_size
        if self._files > _FILES or self._bytes > _BYTES:
            raise LookupError(named)
        return place

    def compiled(self, place: Path) -> etree.XMLSchema:
        parser = etree.XMLParser(**SAFE)
        parser.resolvers.add(self)
        return etree.XMLSchema(etree.fromstring(place.read_bytes(), parser, base_url=str(place)))

    def resolve(
        self, system_url: str | None, public_id: str | None, context: object
    ) -> "_InputDocument | None":
        """Give libxml2 a schema of the package; whatever else it asks for is an error to it."""
        address = system_url or ""
        if "://" in address:
            raise LookupError(address)
        place = self.inside(self._package, str(Path(address).relative_to(self._package)))
        return self.resolve_string(place.read_bytes(), context, base_url=str(place))

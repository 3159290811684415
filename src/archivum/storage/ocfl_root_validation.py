"""An OCFL storage root asked whether it is one, and each of its objects with it (OCFL 1.1 §4)."""

import json
from collections.abc import Iterator
from typing import Any, Final

from archivum.errors import NotFound
from archivum.model import Finding
from archivum.storage import Source
from archivum.storage.ocfl_entries import Entries
from archivum.storage.ocfl_inventory import INVENTORY, SPECIFICATIONS, Fault
from archivum.storage.ocfl_layout import (
    CONFIGURATION,
    EXTENSIONS,
    LAYOUT,
    LAYOUT_FILE,
    REGISTERED_EXTENSIONS,
    declaration,
    place,
)
from archivum.storage.ocfl_tree import Stray, strays
from archivum.storage.ocfl_validation import ObjectValidation, finding

_SMALL: Final = 65_536
_ROOTS: Final = {f"0=ocfl_{version}": version for version in SPECIFICATIONS}
_OBJECTS: Final = {f"0=ocfl_object_{version}": version for version in SPECIFICATIONS}


def validate_root(source: Source, prefix: str = "ocfl") -> Iterator[Finding]:
    """Yield what is wrong with the storage root at a key and with every object in it.

    As :func:`archivum.storage.ocfl_validation.validate` does; subjects are paths in the storage root.

    Raises:
        Misconfigured: the source is not there or cannot be read, or the disk for temporary files is full.
    """
    return map(finding, _Root(source, prefix).faults())


def validate_around(source: Source, prefix: str = "ocfl") -> Iterator[Finding]:
    """Yield what is wrong with the storage root at a key around its objects, which are not asked.

    Raises:
        Misconfigured: the source is not there or cannot be read.
    """
    return map(finding, _Root(source, prefix, objects=False).faults())


class _Root:
    def __init__(self, source: Source, prefix: str, *, objects: bool = True) -> None:
        self._source, self._prefix, self._objects = source, prefix, objects
        self._declarations: list[str] = []
        self._mapped = False
        self._depths: set[int] = set()
        self._said: set[str] = set()

    def faults(self) -> Iterator[Fault]:
        """Yield everything that is wrong."""
        yield from self._layout_file()
        inside = ""
        for key, _ in self._source.list(self._prefix):
            path = key[len(self._prefix) + 1 :]
            if inside and path.startswith(inside):
                continue
            first, _, rest = path.partition("/")
            if not rest:
                yield from self._file(path)
            elif first == EXTENSIONS:
                yield from self._extension(path, rest)
            elif found := self._object_above(path):
                inside = f"{found}/"
                if self._objects:
                    yield from self._object(found)
            else:
                yield Fault("E072", path, where="")
        yield from self._strays()
        yield from self._declared()
        if len(self._depths) > 1:
            yield Fault("W015" if 1 in self._depths else "W014", where="")

    def _file(self, path: str) -> Iterator[Fault]:
        """§4.1: what else lies in the root is not the validator's (E087)."""
        if path in _ROOTS:
            self._declarations.append(path)
        elif path.startswith("0="):
            yield Fault("E079", path, where=path)

    def _declared(self) -> Iterator[Fault]:
        if not self._declarations:
            yield Fault("E069", where="")
        elif len(self._declarations) > 1:
            yield Fault("E076", value=" ".join(self._declarations), where="")
        for name in self._declarations:
            if self._read(name) != declaration(name):
                yield Fault("E080", name, where=name)

    def _layout_file(self) -> Iterator[Fault]:
        layout = self._json(LAYOUT_FILE)
        if layout is None:
            return
        if not isinstance(layout, dict) or not {"extension", "description"} <= layout.keys():
            yield Fault("E070", LAYOUT_FILE, where=LAYOUT_FILE)
        elif layout["extension"] not in REGISTERED_EXTENSIONS:
            yield Fault("E071", LAYOUT_FILE, str(layout["extension"]), LAYOUT_FILE)
        else:
            # with other settings of the layout only its own program can tell where an object belongs
            settings = self._json(f"{EXTENSIONS}/{LAYOUT}/config.json")
            self._mapped = layout["extension"] == LAYOUT and settings in (None, CONFIGURATION)

    def _extension(self, path: str, rest: str) -> Iterator[Fault]:
        name, _, below = rest.partition("/")
        if not below:
            yield Fault("E112", path, where="")
        elif name not in REGISTERED_EXTENSIONS and name not in self._said:
            self._said.add(name)
            yield Fault("W016", f"{EXTENSIONS}/{name}", where="")

    def _object_above(self, path: str) -> str | None:
        """Return the topmost folder on the way that is an object by a declaration or an inventory."""
        parts = path.split("/")
        for depth in range(1, len(parts)):
            folder = "/".join(parts[:depth])
            if any(self._source.exists(f"{self._prefix}/{folder}/{name}") for name in (*_OBJECTS, INVENTORY)):
                return folder
        return None

    def _object(self, folder: str) -> Iterator[Fault]:
        self._depths.add(folder.count("/") + 1)
        with Entries() as entries:
            validation = ObjectValidation(self._source, f"{self._prefix}/{folder}", entries)
            for fault in validation.faults():
                subject = f"{folder}/{fault.subject}" if fault.subject else folder
                yield Fault(fault.code, subject, fault.value, f"{folder}/{fault.where}")
        if self._declarations and validation.spec > _ROOTS[self._declarations[0]]:
            yield Fault("E081", folder, validation.spec, where="")
        if self._mapped and validation.id and place(validation.id) != folder:
            yield Fault("E083", folder, validation.id, where="")

    def _strays(self) -> Iterator[Fault]:
        codes = {Stray.EMPTY_FOLDER: "E073", Stray.LINK: "E090", Stray.SPECIAL: "E089"}
        for key, kind in strays(self._source, self._prefix):
            path = key[len(self._prefix) + 1 :]
            if not self._object_above(f"{path}/"):
                yield Fault(codes[kind], path, where="")

    def _json(self, path: str) -> Any:
        """Return the value in a file, None if there is no file, "" if it is not JSON."""
        data = self._read(path)
        try:
            return None if data is None else json.loads(data)
        except ValueError:
            return ""

    def _read(self, path: str) -> bytes | None:
        try:
            with self._source.open(f"{self._prefix}/{path}") as file:
                return file.read(_SMALL)
        except NotFound:
            return None

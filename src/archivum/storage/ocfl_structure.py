"""Where files may lie in an OCFL object (OCFL 1.1 §3.1, §3.3, §3.8, §3.9)."""

from collections.abc import Iterator
from typing import Final

from archivum.storage.ocfl_inventory import CONTENT, INVENTORY, Fault, Inventory
from archivum.storage.ocfl_layout import EXTENSIONS, REGISTERED_EXTENSIONS
from archivum.storage.ocfl_rules import version_number
from archivum.storage.ocfl_tree import Stray

LOGS: Final = "logs"


class Structure:
    """The places of one object; it is shown every path and says what is wrong with it."""

    def __init__(self, inventory: Inventory | None) -> None:
        self.declarations: list[str] = []
        self._inventory = inventory
        self._content = inventory.content if inventory else CONTENT
        self._folders: set[str] = set()
        self._said: set[str] = set()

    def is_content(self, path: str) -> bool:
        """Whether a file lies in the content folder of a version."""
        version, _, rest = path.partition("/")
        return rest.startswith(f"{self._content}/") and version_number(version) > 0

    def file(self, path: str) -> Iterator[Fault]:
        """Yield what is wrong with the place of a file."""
        first, _, rest = path.partition("/")
        if not rest:
            yield from self._in_root(first)
        elif version_number(first):
            yield from self._in_version(first, rest)
        elif first == EXTENSIONS:
            yield from self._in_extensions(rest)
        elif first != LOGS:
            yield from self._once("E001", first)

    def stray(self, path: str, kind: Stray) -> Iterator[Fault]:
        """Yield what is wrong with something that is no file."""
        if kind is Stray.LINK:
            yield Fault("E090", path)
        elif kind is Stray.SPECIAL:
            yield Fault("E089", path)
        else:
            yield from self._empty(path)

    def lacking(self) -> Iterator[Fault]:
        """Yield the versions without a folder, once every path was shown."""
        latest = max(map(version_number, self._folders), default=0)
        for name in self._inventory.versions if self._inventory else ():
            if name not in self._folders and version_number(name):
                yield Fault("E046", name)
                if version_number(name) < latest:
                    yield Fault("E010", name)

    def _in_root(self, name: str) -> Iterator[Fault]:
        if name.startswith("0="):
            self.declarations.append(name)
        elif not self._is_inventory(name):
            yield Fault("E001", name)

    def _in_version(self, version: str, rest: str) -> Iterator[Fault]:
        yield from self._folder(version)
        name, _, below = rest.partition("/")
        if not below and not self._is_inventory(name):
            yield Fault("E015", f"{version}/{name}")
        elif below and name != self._content:
            yield from self._once("W002", f"{version}/{name}")

    def _in_extensions(self, rest: str) -> Iterator[Fault]:
        name, _, below = rest.partition("/")
        if not below:
            yield Fault("E067", f"{EXTENSIONS}/{name}")
        elif name not in REGISTERED_EXTENSIONS:
            yield from self._once("W013", f"{EXTENSIONS}/{name}")

    def _folder(self, version: str) -> Iterator[Fault]:
        self._folders.add(version)
        if self._inventory and version not in self._inventory.versions:
            yield from self._once("E046", version)

    def _empty(self, path: str) -> Iterator[Fault]:
        first, _, rest = path.partition("/")
        if version_number(first):
            yield from self._folder(first)
            if rest == self._content:
                yield Fault("W003", path)
            elif self.is_content(path):
                yield Fault("E024", path)
            elif rest:
                yield from self._once("W002", path)
        elif first not in (LOGS, EXTENSIONS):
            yield from self._once("E001", first)

    def _is_inventory(self, name: str) -> bool:
        """Whether a file is an inventory or a digest of one; a wrong algorithm is spoken of elsewhere."""
        return name == INVENTORY or (name.startswith(f"{INVENTORY}.") and name.count(".") == 2)

    def _once(self, code: str, folder: str) -> Iterator[Fault]:
        if folder not in self._said:
            self._said.add(folder)
            yield Fault(code, folder)

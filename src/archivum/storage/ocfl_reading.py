"""An inventory read as it comes: every deviation is noted, nothing is raised (OCFL 1.1 §3.5)."""

import re
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any, Final

from archivum.storage.ocfl_entries import Entries, Entry
from archivum.storage.ocfl_inventory import (
    ADDRESSING,
    LENGTHS,
    REGISTERED,
    TYPES,
    Fault,
    Inventory,
    Version,
    raw,
)
from archivum.storage.ocfl_json import JsonStream, Readable

# Enough to see what is wrong; a list of every path of a spoilt inventory helps nobody.
MOST_FAULTS: Final = 1_000
_SHOWN: Final = 200

_HEX: Final = re.compile(r"[0-9A-Fa-f]+").fullmatch
_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+").fullmatch
# RFC 3339 §5.6; a leap second is one
_INSTANT: Final = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:)(\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII | re.IGNORECASE
).fullmatch

_HEADER: Final = ("id", "type", "digestAlgorithm", "head")
_BLOCKS: Final = ("manifest", "versions")
_ROOT: Final = (*_HEADER, *_BLOCKS, "contentDirectory", "fixity")
_VERSION: Final = ("created", "state", "message", "user")

# what the rules are called where a block maps digests to content paths, to fixity's content paths and to
# logical paths: its members are wrong; a part of a path is empty or dots; a path has a slash at an end
_MANIFEST_RULES: Final = ("E092", "E099", "E100")
_FIXITY_RULES: Final = ("E057", "E099", "E100")
_STATE_RULES: Final = ("E050", "E052", "E053")


def read_inventory(stream: Readable, entries: Entries) -> Inventory:
    """Return what an inventory says, with the faults of its form.

    Raises:
        Misconfigured: the disk for temporary files is full.
    """
    inventory = Inventory.empty(entries)
    reading = _Reading(JsonStream(stream), inventory)
    try:
        reading.root()
    except (ValueError, RecursionError) as error:
        reading.fault("E033", value=str(error))
    return inventory


class _Reading:
    """One inventory being read; each method reads one value of it."""

    def __init__(self, json: JsonStream, inventory: Inventory) -> None:
        self._json = json
        self._inventory = inventory

    def fault(self, code: str, subject: str = "", value: object = "") -> None:
        """Note what is wrong."""
        if len(self._inventory.faults) < MOST_FAULTS:
            shown = value if isinstance(value, str) else repr(value)
            self._inventory.faults.append(Fault(code, subject, shown[:_SHOWN]))

    def root(self) -> None:
        """Read everything."""
        if self._json.peek() != "{":
            raise ValueError("not an object")
        read = {
            "id": self._id,
            "type": self._type,
            "digestAlgorithm": self._algorithm,
            "head": self._head,
            "contentDirectory": self._content,
            "manifest": self._manifest,
            "versions": self._versions,
            "fixity": self._fixity,
        }
        met = set()
        for name in self._names(_ROOT):
            met.add(name)
            read[name]()
        self._json.end()
        for name in _HEADER:
            if name not in met:
                self.fault("E036", value=name)
        for name in _BLOCKS:
            if name not in met:
                self.fault("E041", value=name)

    def _names(self, known: Collection[str]) -> Iterator[str]:
        """Yield the known names of an object, each once; another one is a fault."""
        met = set()
        for name in self._json.members():
            if name in met:
                raise ValueError(f"{name!r} is there twice")
            met.add(name)
            if name in known:
                yield name
            else:
                self.fault("E102", value=name)
                self._json.value()

    # -- §3.5.1 basic structure ---------------------------------------------------------------------------

    def _id(self) -> None:
        value = self._json.value()
        if not isinstance(value, str) or not value:
            self.fault("E037", value=value)
            return
        self._inventory.id = value
        if not _URI(value):
            self.fault("W005", value=value)

    def _type(self) -> None:
        value = self._json.value()
        self._inventory.spec = TYPES.get(value, "") if isinstance(value, str) else ""
        if not self._inventory.spec:
            self.fault("E038", value=value)

    def _algorithm(self) -> None:
        value = self._json.value()
        if value not in ADDRESSING:
            self.fault("E025", value=value)
            return
        self._inventory.algorithm = value
        if value != ADDRESSING[0]:
            self.fault("W004", value=value)

    def _head(self) -> None:
        value = self._json.value()
        if isinstance(value, str):
            self._inventory.head = value
        else:
            self.fault("E040", value=value)

    def _content(self) -> None:
        value = self._json.value()
        self._inventory.own_content = True
        if not isinstance(value, str) or "/" in value or not value:
            self.fault("E017", value=value)
        elif value in (".", ".."):
            self.fault("E018", value=value)
        else:
            self._inventory.content = value

    # -- §3.5.2 manifest, §3.5.4 fixity -------------------------------------------------------------------

    def _manifest(self) -> None:
        if self._is_object("E106"):
            self._inventory.manifest.fill(self._entries(_MANIFEST_RULES))

    def _fixity(self) -> None:
        if not self._is_object("E111"):
            return
        for name in self._json.members():
            if name not in LENGTHS and name not in REGISTERED:
                self.fault("E056", value=name)
            if not self._is_object("E057"):
                continue
            block = self._inventory.fixities.block()
            block.fill(self._entries(_FIXITY_RULES, hexadecimal=name != "size"))
            # §3.4: what a client does not know it ignores (E028)
            if name in LENGTHS:
                self._inventory.fixity[name] = block

    def _is_object(self, code: str) -> bool:
        """Whether an object comes next; anything else is read away and a fault."""
        if self._json.peek() == "{":
            return True
        self.fault(code, value=self._json.value())
        return False

    def _entries(self, rules: tuple[str, str, str], *, hexadecimal: bool = True) -> Iterator[Entry]:
        """Yield the entries of a block that have a form at all."""
        members, dots, slashes = rules
        for number, (digest, paths) in enumerate(self._json.entries()):
            if hexadecimal and not _HEX(digest):
                self.fault(members, value=digest)
                digest = ascii(digest)  # noqa: PLW2901
            if not isinstance(paths, list) or (not paths and rules is _MANIFEST_RULES):
                self.fault(members, value=digest)
                continue
            for path in paths:
                if not isinstance(path, str):
                    self.fault(members, value=digest)
                    continue
                if "/." in path or "//" in path or path[:1] in ("", "/", ".") or path[-1] == "/":
                    self._check_path(path, dots, slashes)
                yield digest, number, raw(path)

    def _check_path(self, path: str, dots: str, slashes: str) -> None:
        inner = path.removeprefix("/").removesuffix("/")
        if inner != path:
            self.fault(slashes, path)
        if any(part in ("", ".", "..") for part in inner.split("/")):
            self.fault(dots, path)

    # -- §3.5.3 versions ----------------------------------------------------------------------------------

    def _versions(self) -> None:
        if not self._is_object("E044"):
            return
        for name in self._json.members():
            if name in self._inventory.versions:
                raise ValueError(f"{name!r} is there twice")
            version = self._inventory.versions[name] = Version(name)
            if self._is_object("E047"):
                self._version(version)
        if not self._inventory.versions:
            self.fault("E008")

    def _version(self, version: Version) -> None:
        met = set()
        for name in self._names(_VERSION):
            met.add(name)
            if name == "state":
                self._state(version)
            else:
                self._property(version, name, self._json.value())
        for name in ("created", "state"):
            if name not in met:
                self.fault("E048", version.name, name)
        for name in ("message", "user"):
            if name not in met:
                self.fault("W007", version.name, name)

    def _state(self, version: Version) -> None:
        if self._is_object("E050"):
            version.state = self._inventory.states.block()
            version.state.fill(self._entries(_STATE_RULES))

    def _property(self, version: Version, name: str, value: Any) -> None:
        if name == "message":
            version.message = value if isinstance(value, str) else None
            if version.message is None:
                self.fault("E094", version.name, value)
        elif name == "user":
            self._user(version, value)
        elif isinstance(value, str) and _is_instant(value):
            version.created = value
        else:
            self.fault("E049", version.name, value)

    def _user(self, version: Version, value: Any) -> None:
        if not isinstance(value, dict) or not isinstance(value.get("name"), str) or not value["name"]:
            self.fault("E054", version.name, value)
            return
        version.user = value["name"]
        for name in value.keys() - {"name", "address"}:
            self.fault("E102", version.name, name)
        if "address" not in value:
            self.fault("W008", version.name)
            return
        address = value["address"]
        if not isinstance(address, str):
            self.fault("E054", version.name, address)
            return
        version.address = address
        if not _URI(address):
            self.fault("W009", version.name, address)


def _is_instant(value: str) -> bool:
    """Whether a text is a date and a time with seconds and a zone (RFC 3339 §5.6)."""
    match = _INSTANT(value)
    if not match:
        return False
    second = "59" if match[2] == "60" else match[2]
    try:
        datetime.fromisoformat(f"{match[1]}{second}{match[3]}".upper())
    except ValueError:
        return False
    return True

"""An OCFL storage root on a storage: one object is one AIP, complete or invisible (OCFL 1.1)."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from archivum.errors import Misconfigured, NotFound, Refused
from archivum.model import Agent
from archivum.storage.durable import world
from archivum.storage.local import LocalStorage
from archivum.storage.ocfl_commit import FIRST, Content, ObjectVersion, write_first_version
from archivum.storage.ocfl_entries import Entries
from archivum.storage.ocfl_inventory import INVENTORY, Inventory
from archivum.storage.ocfl_layout import (
    CONFIGURATION,
    EXTENSIONS,
    LAYOUT,
    LAYOUT_FILE,
    ROOT_DECLARATION,
    TUPLES,
    declaration,
    identifier,
    place,
    root_files,
)
from archivum.storage.ocfl_next import State, write_next_version
from archivum.storage.ocfl_reading import read_inventory
from archivum.storage.ocfl_tree import folders_at
from archivum.storage.ocfl_validation import strictly

_SMALL = 65_536


class OcflRoot:
    """The OCFL storage root below a prefix of a storage.

    What is read is believed only if the inventory is whole: its own digest, its form and its rules. Objects
    with several versions, made by others, are read as well.
    """

    def __init__(self, storage: LocalStorage, prefix: str = "ocfl") -> None:
        self.storage = storage
        self.prefix = prefix

    # -- the root -----------------------------------------------------------------------------------------

    def create(self) -> None:
        """Make the storage root; what a killed run has left undone is done now.

        Raises:
            Refused: there is something else in its place.
            Misconfigured: the storage is full, read-only or fails.
        """
        for path, data in root_files().items():
            key = f"{self.prefix}/{path}"
            if not self.storage.exists(key):
                self.storage.put(key, data)
            elif self._read(key) != data:
                raise Refused("storage.taken", place=key)

    def check(self) -> None:
        """Make sure that this is a storage root of OCFL 1.1 in the layout that archivum writes.

        Raises:
            Misconfigured: it is not, or the storage is not there.
        """
        if self._read(f"{self.prefix}/{ROOT_DECLARATION}") != declaration(ROOT_DECLARATION):
            raise Misconfigured("storage.no-root", storage=self.storage.name, place=self.prefix)
        layout = self._object(LAYOUT_FILE).get("extension")
        settings = {**CONFIGURATION, **self._object(f"{EXTENSIONS}/{LAYOUT}/config.json")}
        if layout != LAYOUT or settings != CONFIGURATION:
            raise Misconfigured("storage.other-layout", storage=self.storage.name, layout=layout or "-")

    def objects(self) -> Iterator[str]:
        """Yield the identifiers of all objects that have an inventory, in the order of their keys."""
        for folder in folders_at(self.storage, self.prefix, TUPLES + 1):
            path = folder[len(self.prefix) + 1 :]
            if path.startswith(f"{EXTENSIONS}/") or not self.storage.exists(f"{folder}/{INVENTORY}"):
                continue
            object_id = identifier(path) or self._told(folder)
            if object_id:
                yield object_id

    # -- objects ------------------------------------------------------------------------------------------

    def key(self, object_id: str) -> str:
        """Return the key of an object in the storage."""
        return f"{self.prefix}/{place(object_id)}"

    def exists(self, object_id: str) -> bool:
        """Whether there is such an object. It is there once its inventory is: that is written last."""
        return self.storage.exists(f"{self.key(object_id)}/{INVENTORY}")

    def commit(
        self,
        object_id: str,
        folder: Path,
        files: Iterable[Content],
        *,
        at: datetime,
        message: str,
        agent: Agent,
    ) -> ObjectVersion:
        """Make a folder that holds ``v1/content`` an object, and take it: all of it or nothing.

        Args:
            object_id: the identifier, a URI.
            folder: a local folder, best in the storage's workplace; it is gone afterwards.
            files: logical path (below ``v1/content``), digests with SHA-512 and SHA-256, size in bytes.
            at: when the version was made.
            message: why.
            agent: by whom; the first of its identifiers that is a URI becomes its address.

        Raises:
            Refused: there is such an object already; the folder stays.
            CorruptionFound: the folder does not hold these files with these sizes, and no others.
            Misconfigured: the storage is not there, full, read-only, or fails.
        """
        version = self.prepare(object_id, folder, files, at=at, message=message, agent=agent)
        self.storage.take(folder, version.key)
        return version

    def prepare(
        self,
        object_id: str,
        folder: Path,
        files: Iterable[Content],
        *,
        at: datetime,
        message: str,
        agent: Agent,
    ) -> ObjectVersion:
        """Make a folder an object, as :meth:`commit`, but leave it to the caller to have the storage take it.

        Raises:
            Refused, CorruptionFound, Misconfigured: as :meth:`commit`.
        """
        key = self.key(object_id)
        if self.exists(object_id):
            raise Refused("storage.taken", place=key)
        with world(folder):
            written = write_first_version(folder, object_id, files, at=at, message=message, agent=agent)
        return ObjectVersion(object_id, FIRST, key, *written)

    def prepare_next(
        self,
        object_id: str,
        folder: Path,
        added: Path,
        state: State,
        new: Iterable[Content],
        *,
        at: datetime,
        message: str,
        agent: Agent,
    ) -> ObjectVersion:
        """Make in a new folder of the workplace what an object will be with one version more.

        The caller then has the storage exchange it with what is there. Nothing that is stored is copied or
        changed.

        Args:
            object_id: the identifier of an object that is there.
            folder: the folder to be made.
            added: where the new files lie, by their logical paths.
            state: logical path and SHA-512 of every file of the version.
            new: logical path, digests with SHA-512 and SHA-256, size in bytes of the files in ``added``.
            at: when the version was made.
            message: why.
            agent: by whom; the first of its identifiers that is a URI becomes its address.

        Raises:
            NotFound, Refused, CorruptionFound, Misconfigured: as :func:`write_next_version`.
        """
        key = self.key(object_id)
        with world(folder):
            return write_next_version(
                self.storage, key, object_id, folder, added, state, new, at=at, message=message, agent=agent
            )

    def head(self, object_id: str) -> str:
        """Return the name of the newest version of an object.

        Raises:
            NotFound, CorruptionFound, Misconfigured: as :meth:`inventory`.
        """
        with self.inventory(object_id) as inventory:
            return inventory.head

    @contextmanager
    def inventory(self, object_id: str) -> Iterator[Inventory]:
        """Read an object's inventory for as long as it is asked.

        Raises:
            NotFound: there is no such object.
            CorruptionFound: it breaks a rule, or is not what its digest says.
            Misconfigured: it cannot be read.
        """
        key = self.key(object_id)
        with Entries() as entries:
            yield strictly(self.storage, key, entries, object_id)

    def files(self, object_id: str, version: str = "") -> Iterator[tuple[str, str, str]]:
        """Yield the files of a version, of the newest by default: logical path, key in the storage, digest.

        The digest is SHA-512 in all that archivum writes, and of the inventory's algorithm elsewhere.

        Raises:
            NotFound: there is no such object or version.
            CorruptionFound: its inventory breaks a rule, or is not what its digest says.
            Misconfigured: it cannot be read.
        """
        key = self.key(object_id)
        with self.inventory(object_id) as inventory:
            self._known(inventory, version)
            for path, content, digest in inventory.files(version):
                yield path, f"{key}/{content}", digest.lower()

    def open(self, object_id: str, path: str, version: str = "") -> BinaryIO:
        """Open one file by its logical path; for many, see :meth:`opening` and :meth:`files`.

        Raises:
            NotFound: there is no such object, version or file.
            CorruptionFound: the inventory breaks a rule, or is not what its digest says.
            Misconfigured: it cannot be read.
        """
        with self.opening(object_id, version) as opened:
            return opened(path)

    @contextmanager
    def opening(self, object_id: str, version: str = "") -> Iterator[Callable[[str], BinaryIO]]:
        """Read an object's inventory once, and open any of its files by their logical paths.

        Raises:
            NotFound: there is no such object or version; by what opens: no such file.
            CorruptionFound: the inventory breaks a rule, or is not what its digest says.
            Misconfigured: it cannot be read.
        """
        with self.inventory(object_id) as inventory:
            yield self.opener(inventory, version)

    def opener(self, inventory: Inventory, version: str = "") -> Callable[[str], BinaryIO]:
        """Return what opens the files of a version, of the newest by default, by an inventory that is open.

        Raises:
            NotFound: there is no such version; by what opens: no such file.
        """
        self._known(inventory, version)
        key = self.key(inventory.id)

        def opened(path: str) -> BinaryIO:
            content = inventory.locate(path, version)
            if content is None:
                raise NotFound("storage.no-file", path=path, id=inventory.id)
            return self.storage.open(f"{key}/{content}")

        return opened

    # -- inside -------------------------------------------------------------------------------------------

    def _known(self, inventory: Inventory, version: str) -> None:
        if version and version not in inventory.versions:
            raise NotFound("storage.no-version", version=version, id=inventory.id)

    def _read(self, key: str) -> bytes:
        """Return the start of a file, nothing if there is none."""
        try:
            with self.storage.open(key) as file:
                return file.read(_SMALL)
        except NotFound:
            return b""

    def _object(self, path: str) -> dict[str, Any]:
        try:
            value = json.loads(self._read(f"{self.prefix}/{path}"))
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}

    def _told(self, folder: str) -> str:
        """Return the identifier by the inventory, where the folder's name is too short for it."""
        with Entries() as entries, self.storage.open(f"{folder}/{INVENTORY}") as file:
            return read_inventory(file, entries).id

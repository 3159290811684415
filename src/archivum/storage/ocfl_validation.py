"""An OCFL object asked whether it is what its inventory says (OCFL 1.0 and 1.1); each file is read once."""

import hashlib
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from itertools import chain
from typing import Any, BinaryIO, Final

from archivum.errors import CorruptionFound, Misconfigured, NotFound
from archivum.model import Finding, Severity, Verdict
from archivum.storage import Source
from archivum.storage.digest import CHUNK, OWN, Digests, of_stream
from archivum.storage.ocfl_claims import Claim, Claims, beside
from archivum.storage.ocfl_entries import Entries
from archivum.storage.ocfl_history import differences
from archivum.storage.ocfl_inventory import INVENTORY, SPECIFICATIONS, Fault, Inventory
from archivum.storage.ocfl_layout import declaration
from archivum.storage.ocfl_reading import read_inventory
from archivum.storage.ocfl_rules import faults_of, version_number
from archivum.storage.ocfl_structure import Structure
from archivum.storage.ocfl_tree import strays

# told of a file: its logical path in a version, its size in bytes, its digests by algorithm
Seen = Callable[[str, int, Mapping[str, str]], None]

# what the specification has no code for
UNREADABLE: Final = "unreadable"
SIDECAR: Final = "sidecar"

_SIDECAR: Final = re.compile(rb"([0-9A-Fa-f]+)[ \t]+inventory\.json[ \t\r\n]*").fullmatch
_SIDECAR_LIMIT: Final = 4_096
# what hashlib calls the algorithms that OCFL calls otherwise
_HASHLIB: Final = {"blake2b-512": "blake2b"}
_HASHES: Final[Mapping[str, Callable[[bytes], Any]]] = {
    "md5": partial(hashlib.md5, usedforsecurity=False),
    "sha1": partial(hashlib.sha1, usedforsecurity=False),
    "sha256": hashlib.sha256,
    "sha512": hashlib.sha512,
    "blake2b-512": hashlib.blake2b,
}


def validate(source: Source, key: str, *, seen: Seen | None = None, version: str = "") -> Iterator[Finding]:
    """Yield what is wrong with the object at a key; its files are read once.

    A finding's code is ``ocfl-`` and the specification's; its subject is a path in the object, ``where`` the
    file that says otherwise, the parameter ``value`` what was found. ``seen`` is told of every file of a
    version, the newest by default, with its SHA-512 and SHA-256 among the digests, right or wrong.

    Raises:
        Misconfigured: the source is not there, or the disk for temporary files is full.
    """
    with Entries() as entries:
        for fault in ObjectValidation(source, key, entries, seen, version).faults():
            yield finding(fault)


def strictly(source: Source, key: str, entries: Entries, object_id: str) -> Inventory:
    """Return the newest inventory of an object, to act on.

    Raises:
        NotFound: there is no such object.
        CorruptionFound: the inventory breaks a rule, is not what its digest says, or is another object's.
        Misconfigured: it cannot be read, or the disk for temporary files is full.
    """
    try:
        inventory, _, faults = ObjectValidation(source, key, entries).newest()
        if inventory is None:
            raise NotFound("storage.no-object", id=object_id)
        if inventory.id != object_id:
            faults = chain(faults, [Fault("E083", value=inventory.id)])
        for fault in faults:
            if fault.error:
                raise CorruptionFound(
                    "storage.object-corrupt",
                    place=f"{key}/{fault.where}",
                    code=fault.code,
                    subject=fault.subject,
                    value=fault.value,
                )
    except _Unreadable as error:
        place = f"{key}/{error.fault.subject}"
        raise Misconfigured("storage.failed", place=place, reason=error.fault.value) from error
    return inventory


def finding(fault: Fault, subject: str = "") -> Finding:
    """Return a fault as a finding, about the fault's own subject unless told."""
    return Finding(
        code=f"ocfl-{fault.code}",
        verdict=Verdict.INDETERMINATE if fault.code == UNREADABLE else Verdict.FAILED,
        severity=Severity.WARNING if fault.code.startswith("W") else Severity.ERROR,
        subject=subject or fault.subject,
        where=fault.where,
        params={"value": fault.value},
    )


class ObjectValidation:
    """One object being validated; ``id`` and ``spec`` are what its newest inventory says once it was read."""

    def __init__(
        self, source: Source, key: str, entries: Entries, seen: Seen | None = None, version: str = ""
    ) -> None:
        self._source, self._key, self._entries, self._seen = source, key, entries, seen
        self._version = version
        self._claims = Claims(entries)
        self._sidecars: dict[str, bytes] = {}
        self.id = self.spec = ""

    def faults(self) -> Iterator[Fault]:
        """Yield everything that is wrong, up to where the object cannot be read."""
        try:
            yield from self._faults()
        except _Unreadable as error:
            yield error.fault

    def _faults(self) -> Iterator[Fault]:
        newest, digest, faults = self.newest()
        yield from faults
        if newest is not None:
            self._claims.newest(newest)
            told = self._version or newest.head
            if self._seen and told in newest.versions:
                self._claims.logical_paths(newest, told)
            yield from self._history(newest, digest)
        structure = Structure(newest)
        yield from self._files(structure, known=newest is not None)
        for path, kind in strays(self._source, self._key):
            yield from structure.stray(path[len(self._key) + 1 :], kind)
        yield from structure.lacking()
        yield from self._declared(structure.declarations, newest)

    def newest(self) -> tuple[Inventory | None, str, Iterator[Fault]]:
        """Return the newest inventory, the SHA-512 of its bytes, and what is wrong with it by itself."""
        newest, digest = self._inventory(INVENTORY)
        if newest is None:
            return None, "", iter((Fault("E063", INVENTORY),))
        self.id, self.spec = newest.id, newest.spec
        sidecar = self._sidecar(INVENTORY, newest.algorithm, digest)
        return newest, digest, chain(sidecar, faults_of(newest, INVENTORY))

    # -- inventories --------------------------------------------------------------------------------------

    def _open(self, path: str) -> BinaryIO | None:
        """Open a file; None if there is none.

        Raises:
            _Unreadable: the disk fails.
        """
        try:
            return self._source.open(f"{self._key}/{path}")
        except NotFound:
            return None
        except Misconfigured as error:
            if error.text_id != "storage.failed":
                raise  # it is not this file that cannot be read
            raise _Unreadable(path, str(error.params.get("reason", ""))) from error

    @contextmanager
    def _reading(self, path: str) -> Iterator[BinaryIO | None]:
        """Open a file of the object's own; None if there is none.

        Raises:
            _Unreadable: the disk fails.
        """
        stream = self._open(path)
        if stream is None:
            yield None
            return
        with stream:
            try:
                yield stream
            except OSError as error:
                raise _Unreadable(path, error.strerror or str(error)) from error

    def _inventory(self, where: str) -> tuple[Inventory | None, str]:
        """Return an inventory and the SHA-512 of its bytes; None if there is none."""
        with self._reading(where) as stream:
            if stream is None:
                return None, ""
            hashed = _Hashed(stream)
            inventory = read_inventory(hashed, self._entries)
            return inventory, hashed.digest()

    def _sidecar(self, where: str, algorithm: str, digest: str) -> Iterator[Fault]:
        """§3.6: the digest beside an inventory. One whose algorithm is not allowed has its fault already."""
        if not algorithm:
            return
        place = f"{where}.{algorithm}"
        with self._reading(place) as stream:
            data = stream.read(_SIDECAR_LIMIT) if stream else None
        if data is not None:
            self._sidecars[where] = data
        if data is None:
            yield Fault("E058", place, where=where)
        elif not (match := _SIDECAR(data)):
            yield Fault("E061", place, where=where)
        elif match[1].decode("ascii").lower() != self._digest(where, algorithm, digest):
            yield Fault("E060", where, match[1].decode("ascii"), where=place)

    def _digest(self, where: str, algorithm: str, digest: str) -> str:
        if algorithm == "sha512":
            return digest
        with self._reading(where) as stream:
            return of_stream(stream, (algorithm,))[1][algorithm] if stream else ""

    def _history(self, newest: Inventory, digest: str) -> Iterator[Fault]:
        """Yield what is wrong with the inventories of the versions, each against the newest."""
        spec = ""
        for name in sorted(newest.versions, key=version_number):
            where = f"{name}/{INVENTORY}"
            if name == newest.head and self._same(where, digest):
                yield from self._sidecar(where, newest.algorithm, digest)
                if len({self._sidecars.get(one) for one in (INVENTORY, where)} - {None}) > 1:
                    # their digests may agree and yet a byte be changed (a letter's case, white space)
                    yield Fault(SIDECAR, f"{where}.{newest.algorithm}", where=INVENTORY)
                continue
            prior, own = self._inventory(where)
            if prior is None:
                yield Fault("W010", name)
                continue
            if name == newest.head:
                yield Fault("E064", where)
            yield from self._sidecar(where, prior.algorithm, own)
            yield from faults_of(prior, where)
            for fault in differences(prior, name, newest, self._entries):
                yield Fault(fault.code, fault.subject, fault.value, where)
            if prior.spec < spec:
                yield Fault("E103", name, prior.spec, where)
            spec = prior.spec
            self._claims.earlier(prior, newest, where)
            prior.clear()

    def _same(self, where: str, digest: str) -> bool:
        with self._reading(where) as stream:
            return stream is not None and of_stream(stream, ("sha512",))[1]["sha512"] == digest

    # -- files --------------------------------------------------------------------------------------------

    def _files(self, structure: Structure, *, known: bool) -> Iterator[Fault]:
        start = len(self._key) + 1
        listed = ((key[start:], size) for key, size in self._source.list(self._key))
        for path, size, claims in beside(listed, self._claims.sorted()):
            if size is None:
                yield from (Fault(one.code, path, one.digest, one.where) for one in claims if one.code)
                continue
            yield from structure.file(path)
            if known and structure.is_content(path) and not any(one.newest for one in claims):
                yield Fault("E023", path)
            if claims:
                yield from self._content(path, size, claims)

    def _content(self, path: str, listed: int, claims: list[Claim]) -> Iterator[Fault]:
        """Read a content file, and compare it with all that is claimed of it."""
        algorithms = {one.algorithm for one in claims if one.algorithm}
        if self._seen:
            algorithms.update(OWN)
        try:
            size, digests = self._digests(path, listed, algorithms)
        except _Unreadable as error:
            yield error.fault
            return
        for one in claims:
            if one.algorithm and digests.get(one.algorithm) != one.digest.lower():
                yield Fault(one.code, path, one.digest, one.where)
            elif self._seen and not one.code:
                self._seen(one.digest, size, digests)

    def _digests(self, path: str, listed: int, names: Collection[str]) -> tuple[int, Mapping[str, str]]:
        """Read a file and return its size and digests; none if it is gone."""
        stream = self._open(path)
        if stream is None:
            return 0, {}
        with stream:
            try:
                data = stream.read(min(listed + 1, CHUNK))
                if len(data) == listed:  # all of it: a small file needs no pieces
                    return listed, {name: _HASHES[name](data).hexdigest() for name in names}
                digests = Digests(_HASHLIB.get(name, name) for name in names)
                while data:
                    digests.update(data)
                    data = stream.read(CHUNK)
            except OSError as error:
                raise _Unreadable(path, error.strerror or str(error)) from error
        found = digests.result()
        return digests.size, {name: found[_HASHLIB.get(name, name)] for name in names}

    def _declared(self, names: list[str], newest: Inventory | None) -> Iterator[Fault]:
        """§3.2: one declaration, of the version of the specification that the newest inventory is of."""
        known = {f"0=ocfl_object_{version}": version for version in SPECIFICATIONS}
        for name in names:
            if name not in known:
                yield Fault("E006", name, where=name)
        found = [name for name in names if name in known]
        if len(found) != 1:
            yield Fault("E003", value=" ".join(found), where="")
        for name in found:
            with self._reading(name) as stream:
                data = stream.read(len(name) + 2) if stream else b""
            if data != declaration(name):
                yield Fault("E007", name, where=name)
        if len(found) == 1 and newest and newest.spec and known[found[0]] != newest.spec:
            yield Fault("E038", found[0], newest.spec)


class _Unreadable(Exception):
    """A file is there and cannot be read."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(path, reason)
        self.fault = Fault(UNREADABLE, path, reason)


class _Hashed:
    """A stream that knows the SHA-512 of what was read from it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._hash = hashlib.sha512()

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes."""
        data = self._stream.read(size)
        self._hash.update(data)
        return data

    def digest(self) -> str:
        """Return the digest of the whole file; what a reader left unread is read."""
        while self.read(CHUNK):
            pass
        return self._hash.hexdigest()

"""Where our schemas lie, and which files the publishers' own are: pinned, installed, never fetched."""

import hashlib
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from archivum.errors import Misconfigured

PINNED: Final = "official.toml"


@dataclass(frozen=True, slots=True)
class Pin:
    """A publisher's file as it must be, byte for byte: its place when installed, and where it comes from.

    ``replaces`` are our schemas whose place it takes, ``needs`` the other files it is of no use without.
    """

    name: str
    title: str
    address: str
    size: int
    sha512: str
    replaces: tuple[str, ...]
    needs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A file with a publisher's name and other bytes: where it is, the SHA-512 pinned and the one it has."""

    name: str
    path: Path
    pinned: str
    found: str


@dataclass(frozen=True, slots=True)
class Installation:
    """What came of installing: the files taken now, there before and missing still; and what was refused."""

    installed: tuple[str, ...]
    present: tuple[str, ...]
    missing: tuple[str, ...]
    refused: tuple[Refusal, ...]


@cache
def place() -> Path:
    """Return the folder of the project's schemas: in the installed package, else in the checkout.

    Raises:
        Misconfigured: there is neither.
    """
    package = Path(__file__).resolve().parents[1]
    installed = package / "_data" / "schemas"
    for folder in (installed, package.parents[1] / "schemas"):
        if (folder / PINNED).is_file():
            return folder
    raise Misconfigured("schemas.missing", place=installed)


@cache
def pins() -> Mapping[str, Pin]:
    """Return the pinned list of the publishers' files, by the name they have when installed."""
    tables = tomllib.loads((place() / PINNED).read_text("utf-8"))["file"]
    return {
        table["name"]: Pin(**{**table, "replaces": tuple(table["replaces"]), "needs": tuple(table["needs"])})
        for table in tables
    }


def install(source: Path, target: Path, write: Callable[[Path, bytes], None]) -> Installation:
    """Take the publishers' files out of a folder of anything, known by their bytes, whatever their names.

    ``write`` makes a new file durably and never overwrites. A file that is in ``target`` already stays.

    Raises:
        Misconfigured: a file of the source cannot be read.
    """
    present, refused = _held(target)
    taken = {*present, *(refusal.name for refusal in refused)}
    wanted = {name: pin for name, pin in pins().items() if name not in taken}
    found: dict[str, Path] = {}
    others: list[Refusal] = []
    for path, digest, alike in _candidates(source, wanted):
        if any(pin.sha512 == digest for pin in pins().values()):
            found.setdefault(digest, path)
        else:
            others += [Refusal(pin.name, path, pin.sha512, digest) for pin in alike]
    installed = [pin for pin in wanted.values() if pin.sha512 in found]
    for pin in installed:
        write(target / pin.name, found[pin.sha512].read_bytes())
    names = {pin.name for pin in installed}
    return Installation(
        tuple(sorted(names)),
        tuple(sorted(present)),
        tuple(sorted(wanted.keys() - names)),
        tuple(refused + [refusal for refusal in others if refusal.name not in names]),
    )


def _held(target: Path) -> tuple[list[str], list[Refusal]]:
    """What of the list is in the folder already, and what has only the name of it."""
    present, refused = [], []
    for pin in pins().values():
        path = target / pin.name
        if not path.is_file():
            continue
        digest = _digest(path)
        if digest == pin.sha512:
            present.append(pin.name)
        else:
            refused.append(Refusal(pin.name, path, pin.sha512, digest))
    return present, refused


def _candidates(source: Path, wanted: Mapping[str, Pin]) -> Iterator[tuple[Path, str, list[Pin]]]:
    """Yield the files that by size or name may be one that is wanted, and the pins named alike."""
    sizes = {pin.size for pin in wanted.values()}
    for path in sorted(source.rglob("*")):
        if not path.is_file():
            continue
        alike = [pin for pin in wanted.values() if path.name in (Path(pin.name).name, Path(pin.address).name)]
        if alike or path.stat().st_size in sizes:
            yield path, _digest(path), alike


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha512").hexdigest()
    except OSError as error:
        raise Misconfigured("schemas.unreadable", place=path, reason=error.strerror) from error

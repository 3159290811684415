"""Readers of submissions: each knows one kind of package and turns what it says into promises and records."""

from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from archivum.model import Package
from archivum.packaging.bagit import BagReader
from archivum.packaging.bagit_manifests import FETCH, is_manifest
from archivum.packaging.bagit_tags import DECLARATION, INFO
from archivum.packaging.folder import TABLE, FolderReader
from archivum.packaging.index import PackageIndex
from archivum.packaging.nsesss import MAIN, NsesssReader

if TYPE_CHECKING:
    from archivum.schemas import Schemas


class Reader(Protocol):
    """Reads packages of one kind from the folder they are staged in. A bad package is findings, no exception.

    A reader holds nothing between its calls; they come in the order below.
    """

    name: str

    def recognises(self, root: Path) -> bool:
        """Whether the package is of this kind; its guides are enough to tell."""
        ...

    def algorithms(self, root: Path) -> frozenset[str]:
        """Return the digest algorithms, as hashlib names them, that the producer's manifests use."""
        ...

    def read(self, root: Path, index: PackageIndex, schemas: "Schemas | None") -> Package:
        """Add promises, records and findings to the index and say what the package is.

        Promised files are looked for in the folder only to settle how a path is to be read.
        """
        ...

    def describe(self, root: Path, index: PackageIndex) -> None:
        """Add what is known only when every file is in the index."""
        ...


READERS: Final[tuple[Reader, ...]] = (BagReader(), NsesssReader(), FolderReader())


def is_guide(path: str) -> bool:
    """Whether a path, relative to the package, is of a file that tells how to read the others."""
    return path.lower() in (MAIN, TABLE) or path in (DECLARATION, INFO, FETCH) or is_manifest(path)


def is_main(name: str) -> bool:
    """Whether a file of this name is what makes the folder that it lies in a package."""
    return name.lower() == MAIN or name == DECLARATION


def detect(root: Path) -> Reader:
    """Return the reader for the package staged in a folder; any folder is at least a plain one."""
    return recognised(root)[0]


def recognised(root: Path) -> list[Reader]:
    """Return every reader that knows the package staged in a folder; plain is what no other knows."""
    *special, plain = READERS
    return [reader for reader in special if reader.recognises(root)] or [plain]

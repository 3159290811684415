"""What the journal does not tell of a package: its records, read again from its AIP in storage."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from archivum.catalogue.rows import Details
from archivum.model import File, Record
from archivum.packaging.bag import INFO
from archivum.packaging.bagit_tags import info
from archivum.packaging.czdax_context import SUBMISSION
from archivum.packaging.index import PackageIndex
from archivum.packaging.reader import READERS, is_guide
from archivum.storage.ocfl import OcflRoot

NAME = "Internal-Sender-Identifier"


def details(ocfl: OcflRoot, uuid: UUID, kind: str) -> Details | None:
    """Return the records of a stored package by its reader, or None if its AIP cannot be read.

    The submission's shape is made again in a temporary folder: the files that tell of the others with their
    content, all others empty, so that the reader sees what it saw at ingest.
    """
    if not ocfl.exists(f"urn:uuid:{uuid}"):
        return None
    return Details(_records(ocfl, uuid, kind))


def _records(ocfl: OcflRoot, uuid: UUID, kind: str) -> Iterator[Record]:
    reader = next(one for one in READERS if one.name == kind)
    with TemporaryDirectory(prefix="archivum-") as folder, PackageIndex() as index:
        root = Path(folder) / "submission" / _name(ocfl, uuid, Path(folder))
        root.mkdir(parents=True)
        _shape(ocfl, uuid, root, index)
        reader.read(root, index, None)
        reader.describe(root, index)
        yield from index.records()


def _shape(ocfl: OcflRoot, uuid: UUID, root: Path, index: PackageIndex) -> None:
    """Make every file of the submission below the root; only those that tell of others get their content."""
    start = f"data/{uuid}/{SUBMISSION}"
    for path, key, _ in ocfl.files(f"urn:uuid:{uuid}"):
        if not path.startswith(start):
            continue
        inner = path.removeprefix(start)
        index.add_file(File(inner, 0, {}))
        target = root / inner
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as copy:
            if is_guide(inner):
                with ocfl.storage.open(key) as original:
                    shutil.copyfileobj(original, copy)


def _name(ocfl: OcflRoot, uuid: UUID, folder: Path) -> str:
    """Return what the sender called the submission's folder, as the bag of the AIP tells."""
    with ocfl.open(f"urn:uuid:{uuid}", INFO) as original, (folder / INFO).open("xb") as copy:
        shutil.copyfileobj(original, copy)
    fields, _ = info(folder, "UTF-8")
    return next((value for label, value in fields if label == NAME), str(uuid))

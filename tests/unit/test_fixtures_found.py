"""Every defect of a content leads the readers and the completeness check to the finding it names."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from archivum.checks.completeness import completeness
from archivum.model import File, Finding, Verdict
from archivum.packaging.index import PackageIndex
from archivum.packaging.reader import detect
from archivum.schemas import Schemas
from archivum.storage.digest import OWN, of_stream
from fixtures.bags import bag
from fixtures.defects import Defect
from fixtures.folders import folder
from fixtures.package import Package
from fixtures.sip import dil, dokument, spis

GOOD: Final[dict[str, Package]] = {"nsesss": spis(0), "bagit": bag(0), "folder": folder(0)}
SCHEMAS: Final = Schemas()
OTHERS: Final = ("path-", "entry-", "file-unreadable", "folder-empty", "format-")  # found by other rooms

FAULTY: Final = [
    pytest.param(defect, kind, id=f"{defect.name}-{kind}")
    for defect in Defect
    for kind in sorted(GOOD)
    if defect.value.content
    and defect.applies(kind, "folder")
    and (not defect.value.codes[0].startswith(OTHERS) or defect.value.codes[0] == "path-approximate")
]


def _found(root: Path, scratch: Path) -> set[str]:
    """The codes of what is wrong with a package that lies in a folder."""
    with PackageIndex(scratch / "index") as index:
        return {one.code for one in _findings(root, index) if one.verdict is not Verdict.PASSED}


def _findings(root: Path, index: PackageIndex) -> Iterator[Finding]:
    reader = detect(root)
    algorithms = {*OWN, *reader.algorithms(root)}
    for path in root.rglob("*"):
        if path.is_file():
            with path.open("rb") as stream:
                index.add_file(File(path.relative_to(root).as_posix(), *of_stream(stream, algorithms)))
    package = reader.read(root, index, SCHEMAS)
    reader.describe(root, index)
    yield from completeness(package, index)
    yield from index.findings()


@pytest.mark.parametrize(
    ("package", "codes"),
    [
        *((make(number, version="2024"), set()) for make in (spis, dokument, dil) for number in (0, 1)),
        *((make(2, version="2023"), {"xml-schema-2023"}) for make in (spis, dokument, dil)),
        *((make(3, version="2017"), set()) for make in (spis, dokument, dil)),
        *((spis(4, version=year, analogue=True), set()) for year in ("2017", "2024")),
        (spis(5, components=120), set()),
        (bag(0), set()),
        (bag(1, version="0.97", algorithms=("md5", "sha1")), set()),
        (folder(0), set()),
        (folder(1, described=False), set()),
    ],
)
def test_in_faultless_packages_nothing_is_found(package: Package, codes: set[str], tmp_path: Path) -> None:
    assert _found(package.write_folder(tmp_path), tmp_path) == codes


@pytest.mark.parametrize(("defect", "kind"), FAULTY)
def test_what_is_wrong_is_found(defect: Defect, kind: str, tmp_path: Path) -> None:
    codes = _found(GOOD[kind].write_folder(tmp_path, [defect]), tmp_path)
    assert codes & set(defect.value.codes)

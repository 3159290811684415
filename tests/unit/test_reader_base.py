"""Which reader takes a package, and what the tests of all readers share."""

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from archivum.model import File, Finding, Package, Promise, Record, Severity, Verdict
from archivum.packaging.index import PackageIndex
from archivum.packaging.reader import READERS, Reader, detect, is_guide
from archivum.texts import LANGUAGES, room

ALGORITHMS = ("md5", "sha1", "sha224", "sha256", "sha512")


@dataclass(frozen=True)
class Seen:
    """What a reader made of a package, and what completeness makes of its promises."""

    package: Package
    promises: list[Promise]
    records: list[Record]
    findings: list[Finding]

    def codes(self, severity: Severity | None = None) -> list[str]:
        return [one.code for one in self.findings if severity is None or one.severity is severity]

    def the(self, code: str) -> Finding:
        (found,) = [one for one in self.findings if one.code == code]
        return found

    def record(self, record_id: str) -> Record:
        (found,) = [one for one in self.records if one.id == record_id]
        return found


def write(root: Path, files: Mapping[str, str | bytes]) -> Path:
    for path, content in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return root


def paths(root: Path) -> Iterable[str]:
    for path in sorted(root.rglob("*")):
        if path.is_file():
            yield os.fspath(path.relative_to(root))


def see(root: Path, index_at: Path, *, schemas: Any = None, reader: Reader | None = None) -> Seen:
    """Do what receiving, reading and the check of completeness do, in their order."""
    chosen = reader or detect(root)
    index_at.unlink(missing_ok=True)
    with PackageIndex(index_at) as index:
        known = chosen.algorithms(root)
        for path in paths(root):
            data = (root / path).read_bytes()
            digests = {name: hashlib.new(name, data).hexdigest() for name in (*known, "sha512")}
            index.add_file(File(path, len(data), digests))
        package = chosen.read(root, index, schemas)
        chosen.describe(root, index)
        complete(package, index)
        findings = list(index.findings())
        for finding in findings:
            told(finding)
        return Seen(package, list(index.promises()), list(index.records()), findings)


def complete(package: Package, index: PackageIndex) -> None:
    def failed(code: str, path: str) -> None:
        index.add_finding(Finding(code, Verdict.FAILED, Severity.ERROR, path, "–", {"algorithm": "–"}))

    if package.kind == "folder":
        return
    for promise in list(index.missing()):
        failed("file-missing", promise.path)
    for file in list(index.unpromised()):
        failed("file-extra", file.path)
    for promise, file in list(index.kept()):
        name = (promise.algorithm or "").lower().replace("-", "")
        if promise.size is not None and promise.size != file.size:
            failed("size", file.path)
        if promise.digest is not None and promise.digest.lower() != file.digests.get(name):
            failed("checksum", file.path)


def told(finding: Finding) -> None:
    """Every parameter that a text names is given, in every language."""
    for language in LANGUAGES:
        for name in ("checks", "checks_readers"):
            try:
                texts = room(name, language).get(finding.code)
            except KeyError:
                continue
            known = {"subject": finding.subject, "where": finding.where, **finding.params}
            for template in (texts or {}).values():
                if finding.code not in ("file-missing", "file-extra", "size", "checksum"):
                    assert template.format_map(known)


def test_texts_are_the_same_in_both_languages() -> None:
    try:
        english, czech = room("checks_readers", "en"), room("checks_readers", "cs")
    except KeyError:
        pytest.skip("the texts have been merged into those of all checks")
    assert list(english) == list(czech)


@pytest.mark.parametrize(
    ("path", "guide"),
    [
        ("mets.xml", True),
        ("METS.XML", True),
        ("bagit.txt", True),
        ("bag-info.txt", True),
        ("manifest-sha512.txt", True),
        ("tagmanifest-md5.txt", True),
        ("fetch.txt", True),
        ("metadata.csv", True),
        ("data/mets.xml", False),
        ("komponenty/metadata.csv", False),
        ("manifest.txt", False),
        ("premis.xml", False),
    ],
)
def test_guides_are_at_the_top_only(path: str, guide: bool) -> None:
    assert is_guide(path) is guide


@pytest.mark.parametrize(
    ("files", "name"),
    [
        ({"bagit.txt": "", "mets.xml": ""}, "bagit"),
        ({"manifest-md5.txt": "", "data/a": ""}, "bagit"),
        ({"manifest-tiger.txt": "", "data/a": ""}, "bagit"),
        ({"manifest-tiger.txt": ""}, "folder"),
        ({"mets.xml": ""}, "nsesss"),
        ({"komponenty/a.pdf": ""}, "nsesss"),
        ({"Mets.XML": "this is not even XML"}, "nsesss"),
        ({"letter.pdf": "", "metadata.csv": ""}, "folder"),
        ({"data/mets.xml": "", "manifest-of-ship.txt": ""}, "folder"),
        ({}, "folder"),
    ],
)
def test_the_kind_is_detected(tmp_path: Path, files: dict[str, str], name: str) -> None:
    assert detect(write(tmp_path, files)).name == name


def test_readers_are_known_by_name() -> None:
    assert [reader.name for reader in READERS] == ["bagit", "nsesss", "folder"]


@pytest.mark.parametrize(
    ("files", "algorithms"),
    [
        ({"bagit.txt": "", "manifest-sha512.txt": "", "tagmanifest-md5.txt": ""}, {"sha512", "md5"}),
        ({"manifest-SHA256.txt": "", "manifest-whirlpool.txt": ""}, {"sha256"}),
        ({"mets.xml": '<m CHECKSUMTYPE="SHA-512"/><n CHECKSUMTYPE = \'MD5\'/> CHECKSUMTYPE="CRC32"'},
         {"sha512", "md5"}),
        ({"mets.xml": " " * ((1 << 20) - 9) + 'CHECKSUMTYPE="SHA-1"'}, {"sha1"}),
        ({"metadata.csv": "filename,title"}, set()),
    ],
)  # fmt: skip
def test_algorithms_come_from_the_guides(tmp_path: Path, files: dict[str, str], algorithms: set[str]) -> None:
    root = write(tmp_path, files)
    assert detect(root).algorithms(root) == algorithms


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_an_empty_folder_is_read_by_every_reader(tmp_path: Path, reader: Reader) -> None:
    root = write(tmp_path / "empty", {})
    root.mkdir()
    with PackageIndex(tmp_path / "index") as index:
        assert reader.algorithms(root) == frozenset()
        package = reader.read(root, index, None)
        reader.describe(root, index)
        assert (package.kind, package.id) == (reader.name, "empty")
        assert bool(list(index.missing())) is (reader.name == "nsesss")

"""The bag around an AIP: what other programs and we ourselves read in it."""

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import bagit
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archivum.errors import CorruptionFound, Misconfigured, Refused
from archivum.model import Agent
from archivum.packaging.bag import (
    MANIFEST,
    TAG_MANIFEST,
    Built,
    close_bag,
    decode_path,
    encode_path,
    manifest_line,
    read_manifest,
    write_info,
)
from archivum.packaging.czdax import Fonds, build
from archivum.packaging.index import PackageIndex
from tests.unit.test_writers_samples import (
    UUID_,
    Sample,
    context,
    events,
    folder,
    information_package,
    make,
    nsesss,
    stage,
    tree,
    type_file,
)

# bagit 1.9 does not decode %25 (RFC 8493 §2.1.3), loses white space at the end, and refuses what is not UTF-8
USUAL = [name for name in folder().files if not re.search("[%\udc80-\udcff]| $", name)]
DIGEST = "ab" * 64


@pytest.fixture
def index(tmp_path: Path) -> Iterator[PackageIndex]:
    with PackageIndex(tmp_path / "index") as one:
        yield one


@pytest.mark.parametrize("sample", [nsesss(), type_file(), folder(name[7:] for name in USUAL)])
def test_the_library_bagit_finds_the_bag_valid(sample: Sample, index: PackageIndex, tmp_path: Path) -> None:
    make(tmp_path / "bag", sample, index)
    bag = bagit.Bag(str(tmp_path / "bag"))
    bag.validate()
    assert bag.info["Bagging-Date"] == "2026-05-04"
    assert bag.info["External-Identifier"] == [str(UUID_), sample.package.id]
    payload = [data for path, data in tree(tmp_path / "bag").items() if path.startswith("data/")]
    assert bag.info["Payload-Oxum"] == f"{sum(map(len, payload))}.{len(payload)}"


@pytest.mark.skipif(shutil.which("sha512sum") is None, reason="there is no program sha512sum")
def test_the_readmes_commands_work(index: PackageIndex, tmp_path: Path) -> None:
    make(tmp_path / "bag", nsesss(), index)
    text = (tmp_path / "bag" / "README.txt").read_text("utf-8")
    commands = sorted(set(re.findall("^ +(sha512sum .*)$", text, re.MULTILINE)))
    assert len(commands) == 2
    for command in commands:
        done = subprocess.run(command.split(), cwd=tmp_path / "bag", capture_output=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_every_file_of_the_bag_is_told_with_its_digests(index: PackageIndex, tmp_path: Path) -> None:
    bag = tmp_path / "bag"
    stage(bag, folder(), index)
    built = _build(bag, index)
    (bag / "manifest-sha512.txt.tsr").write_bytes(b"stamp")
    built = close_bag(bag, built, ["manifest-sha512.txt.tsr"])
    told = list(built.all_files())
    there = tree(bag)
    assert [file.path for file in told] == sorted(there, key=os.fsencode)
    for file in told:
        data = there[file.path]
        assert (file.size, file.digests["sha512"], file.digests["sha256"]) == (
            len(data), hashlib.sha512(data).hexdigest(), hashlib.sha256(data).hexdigest(),
        )  # fmt: skip
    assert built.manifest == hashlib.sha512(there[MANIFEST]).hexdigest()
    assert (built.files, built.size) == (
        sum(path.startswith("data/") for path in there),
        sum(len(data) for path, data in there.items() if path.startswith("data/")),
    )


def test_our_reader_reads_both_manifests(index: PackageIndex, tmp_path: Path) -> None:
    make(tmp_path / "bag", folder(), index)
    there = tree(tmp_path / "bag")
    read = dict(_read(there[MANIFEST]))
    assert {path: digest for digest, path in _read(there[MANIFEST])} == {
        path: hashlib.sha512(data).hexdigest() for path, data in there.items() if path.startswith("data/")
    }
    assert len(read) == 24
    tags = {path for _, path in _read(there[TAG_MANIFEST])}
    assert tags == {"README.txt", "bag-info.txt", "bagit.txt", MANIFEST}


@given(st.text(st.sampled_from("a%\n\r250ADd /č")))
def test_paths_in_manifests_are_read_back(path: str) -> None:
    spelled = encode_path(path)
    assert "\n" not in spelled
    assert "\r" not in spelled
    assert decode_path(spelled) == path


def test_only_percent_and_line_ends_are_encoded() -> None:
    assert manifest_line(DIGEST, "data/100% č\r\n+#.txt") == f"{DIGEST}  data/100%25 č%0D%0A+#.txt\n".encode()
    assert manifest_line(DIGEST, "data/\udcff") == DIGEST.encode() + b"  data/\xff\n"
    assert decode_path("%0a%0d%25%0A") == "\n\r%\n"
    assert decode_path("100%") is None
    assert decode_path("%41") is None


@pytest.mark.parametrize(
    "lines",
    [
        f"{DIGEST}  data/a",  # cut off
        f"{DIGEST} data/a\n",
        f"{DIGEST} *data/a\n",
        f"{DIGEST.upper()}  data/a\n",
        f"{DIGEST[:-1]}  data/a\n",
        f"{DIGEST}  data/a\r\n",
        f"{DIGEST}  /data/a\n",
        f"{DIGEST}  data/../a\n",
        f"{DIGEST}  data/100%\n",
        f"{DIGEST}  \n",
        "\n",
        f"{DIGEST}  data/{'x' * 70_000}\n",
    ],
)
def test_a_changed_manifest_is_corruption(lines: str) -> None:
    with pytest.raises(CorruptionFound) as found:
        _read(f"{DIGEST}  data/A\n{lines}".encode())
    assert found.value.params["line"] == 2
    assert MANIFEST in found.value.text("cs")


def test_a_path_twice_or_out_of_order_is_corruption() -> None:
    for second in ("data/b", "data/a"):
        with pytest.raises(CorruptionFound):
            _read(f"{DIGEST}  data/b\n{DIGEST}  {second}\n".encode())


def test_two_builds_are_equal(tmp_path: Path) -> None:
    trees = []
    for number in range(2):
        with PackageIndex(tmp_path / f"index{number}") as index:
            make(tmp_path / f"bag{number}", nsesss(), index)
        trees.append(tree(tmp_path / f"bag{number}"))
    assert trees[0] == trees[1]


def test_the_submission_stays_as_it_was(index: PackageIndex, tmp_path: Path) -> None:
    make(tmp_path / "bag", folder(), index)
    lies = information_package(tmp_path / "bag") / "representations" / "submission" / "data"
    assert tree(lies) == dict(folder().files)


def test_what_is_there_is_not_overwritten(index: PackageIndex, tmp_path: Path) -> None:
    bag = tmp_path / "bag"
    stage(bag, nsesss(), index)
    (information_package(bag) / "METS.xml").write_text("kept")
    with pytest.raises(Refused):
        _build(bag, index)
    assert (information_package(bag) / "METS.xml").read_text() == "kept"


def test_long_fields_are_folded_and_white_space_does_not_break_them(tmp_path: Path) -> None:
    long = " ".join(["příslušný"] * 30)
    write_info(tmp_path, [("Short", "a\r\nb: c"), ("Empty", " "), ("Long", long)])
    lines = (tmp_path / "bag-info.txt").read_text("utf-8").splitlines()
    assert lines[0] == "Short: a b: c"
    assert lines[1].startswith("Long: příslušný")
    assert all(len(line) <= 79 for line in lines)
    assert all(line.startswith("  ") for line in lines[2:])
    assert " ".join("".join(f"{line} " for line in lines[1:]).split()) == f"Long: {long}"


def test_the_information_is_complete(index: PackageIndex, tmp_path: Path) -> None:
    make(tmp_path / "bag", nsesss(), index)
    lines = (tmp_path / "bag" / "bag-info.txt").read_text("utf-8").splitlines()
    assert "Source-Organization: Městský úřad Liběšice & okolí" in lines
    assert "Bag-Group-Identifier: přejímka 12/2026" in lines
    assert "Bag-Software-Agent: archivum 0.1.0" in lines
    assert "Archiving-Organization: Zkušební archiv (100000010)" in lines
    assert any(line.startswith("Bag-Size: ") and line.endswith(" kB") for line in lines)


@pytest.mark.parametrize("institution", [Agent("Bez čísla"), Agent("Krátké")])
def test_an_archive_without_its_number_makes_no_aip(institution: Agent) -> None:
    with pytest.raises(Misconfigured, match=r"packaging\.institution"):
        context(institution=institution)


def test_a_fonds_without_a_number_takes_no_aip() -> None:
    with pytest.raises(Misconfigured, match=r"packaging\.fonds"):
        context(fonds=Fonds(0, "x"))


def _build(bag: Path, index: PackageIndex) -> Built:
    """Build the AIP of what is staged, whatever it is."""
    with PackageIndex(bag.parent / "other") as other:
        receipt = stage(bag.parent / "elsewhere", nsesss(), other)
    return build(bag, receipt, folder().package, index, context(), events())


def _read(manifest: bytes) -> list[tuple[str, str]]:
    return list(read_manifest(BytesIO(manifest)))

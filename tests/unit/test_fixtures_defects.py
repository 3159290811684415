"""Every defect is really there, and is what it says: asked with other means than those that made it."""

import csv
import hashlib
import io
import os
import re
import stat
import tarfile
import unicodedata
import zipfile
from pathlib import Path
from typing import Final

import bagit
import pygfried
import pytest
from lxml import etree

from archivum.checks.safety import Limits, Safety
from archivum.model import Verdict
from archivum.packaging.index import PackageIndex
from archivum.storage.transfer import Damaged, EntryKind
from archivum.storage.transfers import open_transfer
from fixtures.bags import bag
from fixtures.defects import Defect
from fixtures.folders import folder
from fixtures.package import Package
from fixtures.sip import spis

PACKAGES: Final[dict[str, Package]] = {"nsesss": spis(0), "bagit": bag(0), "folder": folder(0)}
CONTAINERS: Final = ("folder", "zip", "tar")
HREF: Final = "{http://www.w3.org/1999/xlink}href"

ALL: Final = [
    (defect, next(kind for kind in PACKAGES if defect.applies(kind, container)), container)
    for defect in Defect
    for container in CONTAINERS
    if container in defect.value.containers
]


def _ids(value: object) -> str:
    return value.name if isinstance(value, Defect) else str(value)


def _write(kind: str, container: str, parent: Path, *defects: Defect) -> Path:
    package = PACKAGES[kind]
    if container == "folder":
        return package.write_folder(parent, defects)
    return package.write_zip(parent, defects) if container == "zip" else package.write_tar(parent, defects)


def _codes(path: Path, scratch: Path, limits: Limits) -> set[str]:
    """What is unsafe about a transfer: every name is judged, and every file that may be read is read."""
    found: set[str] = set()
    with PackageIndex(scratch / "index") as index:
        try:
            transfer = open_transfer(path)
        except Damaged as damage:
            return {damage.code}
        safety = Safety(index, limits, transfer.size)
        try:
            for entry, opener in transfer.entries(lambda _: False):
                if safety.admits(entry) and entry.kind is EntryKind.FILE:
                    opened = opener()
                    while opened.read(1 << 20):
                        pass
                    opened.close()
            safety.end()
        except Damaged as damage:
            found.add(damage.code)
        finally:
            transfer.close()
        return found | {finding.code for finding in index.findings(Verdict.FAILED)}


LIMITS: Final = {
    Defect.BOMB_TOTAL: Limits(bytes=16 << 20),
    Defect.BOMB_FILES: Limits(files=500),
}
UNSAFE: Final = [
    one
    for one in ALL
    if one[0].value.codes[0].startswith(("path-", "entry-", "bomb-", "roots", "container-"))
    and one[0].value.codes[0] != "path-approximate"
    and one[0] is not Defect.DECLARED_LARGER  # only who reads it to its end can tell
]


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("kind", PACKAGES)
def test_faultless_packages_are_safe(kind: str, container: str, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    assert _codes(_write(kind, container, tmp_path / "in"), tmp_path, Limits()) == set()


@pytest.mark.parametrize(("defect", "kind", "container"), ALL, ids=_ids)
def test_every_defect_can_be_made_and_made_again(
    defect: Defect, kind: str, container: str, tmp_path: Path, good: dict[tuple[str, str], object]
) -> None:
    for name in "12":
        (tmp_path / name).mkdir()
    bad, again = (_seen(_write(kind, container, tmp_path / name, defect)) for name in "12")
    assert good[kind, container] != bad == again
    assert defect.value.what and defect.value.codes


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], object]:
    """What is seen of the faultless packages."""
    parent = tmp_path_factory.mktemp("good")
    return {
        (kind, container): _seen(_write(kind, container, parent))
        for kind in PACKAGES
        for container in CONTAINERS
    }


def _seen(path: Path) -> object:
    """All that can be seen of a package."""
    if path.is_file():
        return hashlib.sha256(path.read_bytes()).digest()
    return sorted(
        (
            str(one.relative_to(path)),
            one.lstat().st_mode,
            one.read_bytes() if one.is_file() and os.access(one, os.R_OK) else b"",
        )
        for one in path.rglob("*")
    )


@pytest.mark.parametrize(("defect", "kind", "container"), UNSAFE, ids=_ids)
def test_what_is_unsafe_is_found(defect: Defect, kind: str, container: str, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    path = _write(kind, container, tmp_path / "in", defect)
    codes = _codes(path, tmp_path, LIMITS.get(defect, Limits()))
    assert codes & set(defect.value.codes)
    assert {one for one in codes if not one.startswith("container-")} <= set(defect.value.codes)


@pytest.mark.parametrize("defect", list(Defect))
def test_a_defect_is_refused_where_it_does_not_apply(defect: Defect, tmp_path: Path) -> None:
    for kind in PACKAGES:
        for container in CONTAINERS:
            if not defect.applies(kind, container):
                with pytest.raises(ValueError, match=defect.name):
                    _write(kind, container, tmp_path, defect)
    assert list(tmp_path.iterdir()) == []


# -- promises -------------------------------------------------------------------------------------------


def _promised(root: Path) -> dict[str, tuple[str, str, int | None]]:
    """What the manifests of a SIP or of a bag promise: path to algorithm, digest and size."""
    if (root / "mets.xml").exists():
        files = etree.parse(root / "mets.xml").iterfind(".//{*}fileSec//{*}file")
        return {
            str(file[0].get(HREF)): (
                file.attrib["CHECKSUMTYPE"].replace("-", "").lower(),
                file.attrib["CHECKSUM"],
                int(file.attrib["SIZE"]),
            )
            for file in files
        }
    lines = (root / "manifest-sha512.txt").read_text("utf-8").splitlines()
    return {line[130:].replace("%25", "%"): ("sha512", line[:128], None) for line in lines}


def _broken(root: Path) -> set[str]:
    """Which promises are not kept."""
    promised, found = _promised(root), set()
    folder = "komponenty" if (root / "mets.xml").exists() else "data"
    there = {one.relative_to(root).as_posix() for one in (root / folder).rglob("*") if one.is_file()}
    found |= {"file-missing"} if set(promised) - there else set()
    found |= {"file-extra"} if there - set(promised) else set()
    for path in set(promised) & there:
        algorithm, digest, size = promised[path]
        data = (root / path).read_bytes()
        found |= {"file-empty"} if not data else set()
        found |= {"file-size"} if size not in (None, len(data)) else set()
        if algorithm not in hashlib.algorithms_available:
            found.add("checksum-unknown")
        elif hashlib.new(algorithm, data).hexdigest() != digest:
            found.add("file-checksum")
    return found


@pytest.mark.parametrize("kind", ["nsesss", "bagit"])
def test_faultless_packages_keep_their_promises(kind: str, tmp_path: Path) -> None:
    assert _broken(_write(kind, "folder", tmp_path)) == set()


@pytest.mark.parametrize(
    ("defect", "kind", "broken"),
    [
        (Defect.MISSING_FILE, "nsesss", {"file-missing"}),
        (Defect.MISSING_FILE, "bagit", {"file-missing"}),
        (Defect.EXTRA_FILE, "nsesss", {"file-extra"}),
        (Defect.EXTRA_FILE, "bagit", {"file-extra"}),
        (Defect.CHANGED_BYTE, "nsesss", {"file-checksum"}),
        (Defect.CHANGED_BYTE, "bagit", {"file-checksum"}),
        (Defect.CUT_FILE, "nsesss", {"file-checksum", "file-size"}),
        (Defect.CUT_FILE, "bagit", {"file-checksum"}),
        (Defect.EMPTY_FILE, "nsesss", {"file-empty", "file-checksum", "file-size"}),
        (Defect.EMPTY_FILE, "bagit", {"file-empty", "file-checksum"}),
        (Defect.WRONG_CHECKSUM, "nsesss", {"file-checksum"}),
        (Defect.WRONG_SIZE, "nsesss", {"file-size"}),
        (Defect.UNKNOWN_CHECKSUM, "nsesss", {"checksum-unknown"}),
        (Defect.PROMISED_OUTSIDE, "nsesss", {"file-missing", "file-extra"}),
        (Defect.PROMISED_REMOTE, "nsesss", {"file-missing", "file-extra"}),
        (Defect.BACKSLASH_REFERENCE, "nsesss", {"file-missing", "file-extra"}),
        (Defect.CASE_REFERENCE, "nsesss", {"file-missing", "file-extra"}),
        (Defect.WRONG_MANIFEST, "bagit", {"file-checksum"}),
    ],
)
def test_promises_that_are_not_kept(defect: Defect, kind: str, broken: set[str], tmp_path: Path) -> None:
    assert _broken(_write(kind, "folder", tmp_path, defect)) == broken


# -- METS -----------------------------------------------------------------------------------------------


def _mets(defect: Defect, parent: Path) -> bytes:
    return (_write("nsesss", "folder", parent, defect) / "mets.xml").read_bytes()


SAFE: Final = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)


@pytest.mark.parametrize("defect", [Defect.NOT_WELL_FORMED, Defect.EMPTY_METS, Defect.NOT_UTF_8])
def test_mets_that_cannot_be_parsed(defect: Defect, tmp_path: Path) -> None:
    with pytest.raises(etree.XMLSyntaxError):
        etree.fromstring(_mets(defect, tmp_path), SAFE)


@pytest.mark.parametrize(
    ("defect", "encoding"),
    [(Defect.UTF_16, "UTF-16LE"), (Defect.CP1250, "windows-1250"), (Defect.WRONG_DECLARATION, "windows-1250"),
     (Defect.BYTE_ORDER_MARK, "UTF-8")],
)  # fmt: skip
def test_mets_in_other_encodings(defect: Defect, encoding: str, tmp_path: Path) -> None:
    data = _mets(defect, tmp_path)
    tree = etree.fromstring(data, SAFE).getroottree()
    assert tree.docinfo.encoding == encoding or encoding.startswith("UTF-16")
    label = str(tree.getroot().get("LABEL"))
    assert label.startswith("Datový") != (defect is Defect.WRONG_DECLARATION)
    assert data.startswith(b"\xff\xfe") == (defect is Defect.UTF_16)
    assert data.startswith(b"\xef\xbb\xbf") == (defect is Defect.BYTE_ORDER_MARK)


@pytest.mark.parametrize(
    "defect",
    [Defect.ENTITY_FROM_FILE, Defect.ENTITY_FROM_NETWORK, Defect.PARAMETER_ENTITY, Defect.EXTERNAL_DTD],
)
def test_mets_with_a_document_type(defect: Defect, tmp_path: Path) -> None:
    tree = etree.fromstring(_mets(defect, tmp_path), SAFE).getroottree()
    assert tree.docinfo.doctype.startswith("<!DOCTYPE")
    used = len(list(tree.iter(etree.Entity)))
    assert used == (defect in (Defect.ENTITY_FROM_FILE, Defect.ENTITY_FROM_NETWORK))


def test_laughs_would_be_three_gigabytes(tmp_path: Path) -> None:
    defined = dict(re.findall(rb'<!ENTITY (ha\d) "([^"]*)">', _mets(Defect.BILLION_LAUGHS, tmp_path)))
    size = {b"ha0": len(defined[b"ha0"])}
    for number in range(1, 10):
        used = re.findall(rb"&(ha\d);", defined[b"ha%d" % number])
        size[b"ha%d" % number] = sum(size[name] for name in used)
    assert size[b"ha9"] == 3_000_000_000


def test_mets_that_says_what_is_not_so(tmp_path: Path) -> None:
    def tree(defect: Defect) -> etree._Element:
        (tmp_path / defect.name).mkdir()
        return etree.fromstring(_mets(defect, tmp_path / defect.name), SAFE)

    assert tree(Defect.WRONG_NAMESPACE).tag == "{http://www.loc.gov/METS/v2}mets"
    assert tree(Defect.HTTPS_NAMESPACE).nsmap["nsesss"] == "https://www.mvcr.cz/nsesss/v4"
    assert tree(Defect.NO_IDENTIFIER).get("OBJID") is None
    kinds = [one.get("TYPE") for one in tree(Defect.NO_PRODUCER).iterfind(".//{*}agent")]
    assert kinds == ["INDIVIDUAL"] * 3
    ids = [one.get("ID") for one in tree(Defect.SAME_ID).iterfind(".//{*}Komponenta")]
    assert len(ids) == 6 and len(set(ids)) == 5
    orphan = tree(Defect.FILE_WITHOUT_COMPONENT)
    described = {one.get("ID") for one in orphan.iterfind(".//{*}Komponenta")}
    files = {one.get("DMDID") for one in orphan.iterfind(".//{*}file")}
    assert len(files - described) == len(described - files) == 1
    alone = tree(Defect.COMPONENT_WITHOUT_FILE)
    assert len(alone.findall(".//{*}Komponenta")) == len(alone.findall(".//{*}file")) + 1 == 6
    periods = {one.text for one in tree(Defect.UNREADABLE_RETENTION).iterfind(".//{*}SkartacniLhuta")}
    assert periods == {"5 let"}
    twice = [one.get(HREF) for one in tree(Defect.PROMISED_TWICE).iterfind(".//{*}FLocat")]
    assert len(twice) == 7 and len(set(twice)) == 6
    none = tree(Defect.NO_CHECKSUM).find(".//{*}file")
    assert none is not None and none.get("CHECKSUM") is none.get("CHECKSUMTYPE") is None


def test_unreadable_file(tmp_path: Path) -> None:
    root = _write("nsesss", "folder", tmp_path, Defect.UNREADABLE_FILE)
    modes = [stat.S_IMODE(one.stat().st_mode) for one in (root / "komponenty").iterdir()]
    assert sorted(modes)[0] == 0 and len(set(modes)) == 2


def test_component_without_file_has_no_file_on_disk(tmp_path: Path) -> None:
    root = _write("nsesss", "folder", tmp_path, Defect.COMPONENT_WITHOUT_FILE)
    assert _broken(root) == set() and len(list((root / "komponenty").iterdir())) == 5


# -- bags and tables ------------------------------------------------------------------------------------

LENIENT: Final = {
    Defect.SPACED_DECLARATION,  # bagit-python is known to take it (bagit-conformance-suite)
    Defect.NO_ENCODING,  # and reads the bag as UTF-8
    Defect.MANIFEST_TWICE,
    Defect.UNKNOWN_MANIFEST,
    Defect.FETCH,
    Defect.NO_MANIFEST,
    Defect.INCOMPLETE_MANIFEST,
}


@pytest.mark.parametrize("defect", [one for one in Defect if one.value.kinds == {"bagit"}])
def test_bagit_refuses_faulty_bags(defect: Defect, tmp_path: Path) -> None:
    root = _write("bagit", "folder", tmp_path, defect)
    valid = True
    try:
        bagit.Bag(str(root)).validate()
    except (bagit.BagError, UnicodeDecodeError):
        valid = False
    assert not valid or defect in LENIENT


def test_tag_manifests_stay_right(tmp_path: Path) -> None:
    """A defect in a tag file is the only one: its digest is that of the faulty file."""
    for defect in (one for one in Defect if one.value.kinds == {"bagit"} and one is not Defect.NO_MANIFEST):
        (tmp_path / defect.name).mkdir()
        root = _write("bagit", "folder", tmp_path / defect.name, defect)
        lines = (root / "tagmanifest-sha512.txt").read_text("utf-8").splitlines()
        told = {line[130:]: line[:128] for line in lines}
        tags = {one.name for one in root.iterdir() if one.is_file()} - {"tagmanifest-sha512.txt"}
        assert set(told) == tags
        assert all(hashlib.sha512((root / name).read_bytes()).hexdigest() == told[name] for name in tags)


def test_faulty_tables(tmp_path: Path) -> None:
    def table(defect: Defect) -> bytes:
        (tmp_path / defect.name).mkdir()
        return (_write("folder", "folder", tmp_path / defect.name, defect) / "metadata.csv").read_bytes()

    def rows(defect: Defect) -> list[list[str]]:
        return list(csv.reader(io.StringIO(table(defect).decode(), newline="")))

    with pytest.raises(UnicodeDecodeError):
        table(Defect.TABLE_NOT_UTF_8).decode()
    assert "barva" in rows(Defect.TABLE_COLUMN)[0]
    assert {len(row) for row in rows(Defect.TABLE_ROW)} == {16, 18}
    unknown = rows(Defect.TABLE_UNKNOWN_FILE)
    assert unknown[-1][0] == "chybi.pdf" and {len(row) for row in unknown} == {16}


@pytest.mark.parametrize(
    ("defect", "puids", "warning"),
    [
        (Defect.WRONG_EXTENSION, ["fmt/11"], "extension mismatch"),
        (Defect.UNKNOWN_FORMAT, ["UNKNOWN"], "no match"),
    ],
)
def test_formats(defect: Defect, puids: list[str], warning: str, tmp_path: Path) -> None:
    root = _write("folder", "folder", tmp_path, defect)
    (path,) = [one for one in root.iterdir() if one.suffix == ".q7z" or one.name == "dopis.pdf"]
    matches = pygfried.identify(str(path), detailed=True)["files"][0]["matches"]
    assert [one["id"] for one in matches] == puids and matches[0]["warning"].startswith(warning)


# -- containers -----------------------------------------------------------------------------------------


def _zip(defect: Defect, parent: Path) -> zipfile.ZipFile:
    return zipfile.ZipFile(_write("nsesss", "zip", parent, defect))


def test_hostile_zip_files(tmp_path: Path) -> None:
    """What Python's own reader sees of the ZIP files written by hand."""

    def last(defect: Defect) -> zipfile.ZipInfo:
        (tmp_path / defect.name).mkdir()
        with _zip(defect, tmp_path / defect.name) as opened:
            return opened.infolist()[-1]

    assert last(Defect.ENCRYPTED).flag_bits & 1
    assert last(Defect.UNSUPPORTED_METHOD).compress_type == 9
    assert last(Defect.PARENT_PATH).filename.endswith("/../../mimo.txt")
    assert last(Defect.ABSOLUTE_PATH).filename == "/mimo.txt"
    assert stat.S_ISLNK(last(Defect.LINK_OUTSIDE).external_attr >> 16)
    assert stat.S_ISCHR(last(Defect.DEVICE).external_attr >> 16)
    name = "příloha žádosti č. 1.txt"
    for defect, page in ((Defect.CP852_NAME, "cp852"), (Defect.CP1250_NAME, "cp1250")):
        info = last(defect)
        assert not info.flag_bits & 0x800
        assert info.filename.rpartition("/")[2].encode("cp437").decode(page) == name
    bomb = last(Defect.BOMB_RATIO)
    assert bomb.file_size == 32 << 20 and bomb.file_size > 900 * bomb.compress_size


def test_overlapping_entries_share_an_offset(tmp_path: Path) -> None:
    with _zip(Defect.OVERLAP, tmp_path) as opened:
        one, other = opened.infolist()[-2:]
        assert one.header_offset == other.header_offset and one.filename != other.filename


def test_lying_sizes(tmp_path: Path) -> None:
    for defect, more in ((Defect.DECLARED_SMALLER, -10), (Defect.DECLARED_LARGER, 10)):
        (tmp_path / defect.name).mkdir()
        with _zip(defect, tmp_path / defect.name) as opened:
            info = opened.infolist()[-1]
            true = list(PACKAGES["nsesss"].entries())[-1].content.length
            assert info.file_size == true + more
            if more > 0:
                assert len(opened.read(info)) == true
                continue
            with pytest.raises(zipfile.BadZipFile):
                opened.read(info)


def test_hostile_tar_files(tmp_path: Path) -> None:
    def members(defect: Defect) -> list[tarfile.TarInfo]:
        (tmp_path / defect.name).mkdir()
        path = _write("nsesss", "tar", tmp_path / defect.name, defect)
        with tarfile.open(path, errors="surrogateescape") as opened:
            return opened.getmembers()

    assert members(Defect.HARD_LINK)[-1].islnk()
    assert members(Defect.DEVICE)[-1].ischr()
    assert members(Defect.FIFO)[-1].isfifo()
    assert members(Defect.LINK_NOWHERE)[-1].linkname == "neni-zde"
    assert members(Defect.PARENT_PATH)[-1].name.endswith("/../../mimo.txt")
    assert members(Defect.ABSOLUTE_PATH)[-1].name == "/mimo.txt"
    raw = members(Defect.CP1250_NAME)[-1].name.encode("utf-8", "surrogateescape")
    assert raw.rpartition(b"/")[2].decode("cp1250") == "příloha žádosti č. 1.txt"
    names = [one.name for one in members(Defect.UNICODE_TWINS)[-2:]]
    assert names[0] != names[1] and unicodedata.normalize("NFC", names[1]) == names[0]

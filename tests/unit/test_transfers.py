"""Transfers are shown as their senders spelled them; whatever is broken in them is damage, nothing else."""

import bz2
import gzip
import io
import lzma
import os
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from archivum.storage.transfer import Damaged, Entry, EntryKind
from archivum.storage.transfers import open_transfer

NAME: Final = "příloha č. 1.txt"
UTF8_FLAG: Final = 0x800


def read(path: Path, first: Callable[[str], bool] = lambda _: False) -> list[tuple[Entry, bytes]]:
    """Read all of a transfer: its entries, and the bytes of its files."""
    transfer = open_transfer(path)
    found = []
    try:
        for entry, opener in transfer.entries(first):
            data = b""
            if entry.kind is EntryKind.FILE and not (entry.encrypted or entry.method):
                opened = opener()
                while piece := opened.read(1 << 16):
                    data += piece
                opened.close()
            found.append((entry, data))
        assert list(transfer.changes()) == []
    finally:
        transfer.close()
    return found


def paths(path: Path) -> list[str]:
    return [entry.path for entry, _ in read(path)]


def damage(path: Path) -> Damaged:
    with pytest.raises(Damaged) as caught:
        read(path)
    return caught.value


class Member(NamedTuple):
    """An entry of a ZIP file as it stands there."""

    name: bytes
    data: bytes = b"obsah\n"
    flags: int = 0
    extra: bytes = b""
    size: int | None = None  # what is declared, where that is not the truth
    mode: int = stat.S_IFREG | 0o644
    method: int = 8


def packed(*members: Member) -> bytes:
    """A ZIP file with these entries, whatever is true of them (APPNOTE 4.3)."""
    body, directory = b"", b""
    for one in members:
        pack = zlib.compressobj(wbits=-15)
        data = pack.compress(one.data) + pack.flush() if one.method == 8 else one.data
        size = len(one.data) if one.size is None else one.size
        common = struct.pack("<HHHH", one.flags, one.method, 0, 33)
        common += struct.pack("<LLL", zlib.crc32(one.data), len(data), size)
        common += struct.pack("<HH", len(one.name), len(one.extra))
        directory += struct.pack("<LHH", 0x02014B50, 3 << 8 | 20, 20) + common
        directory += struct.pack("<HHHLL", 0, 0, 0, one.mode << 16, len(body)) + one.name + one.extra
        body += struct.pack("<LH", 0x04034B50, 20) + common + one.name + one.extra + data
    end = struct.pack("<LHHHHLLH", 0x06054B50, 0, 0, len(members), len(members), len(directory), len(body), 0)
    return body + directory + end


def written(folder: Path, name: str, data: bytes) -> Path:
    (folder / name).write_bytes(data)
    return folder / name


# -- names in ZIP files ---------------------------------------------------------------------------------


def unicode_path(name: bytes, said: str, *, crc: int | None = None) -> bytes:
    """The Info-ZIP Unicode Path field (APPNOTE 4.6.9)."""
    body = struct.pack("<BL", 1, zlib.crc32(name) if crc is None else crc) + said.encode()
    return struct.pack("<HH", 0x7075, len(body)) + body


@pytest.mark.parametrize(
    ("member", "path"),
    [
        (Member(NAME.encode(), flags=UTF8_FLAG), NAME),
        (Member(NAME.encode()), NAME),  # UTF-8 that nobody marked
        (Member(b"plain.txt"), "plain.txt"),
        (Member(NAME.encode("cp852"), extra=unicode_path(NAME.encode("cp852"), NAME)), NAME),
        (
            Member(b"x.txt", extra=struct.pack("<HHHH", 0x9999, 2, 0, 0)[:6] + unicode_path(b"x.txt", NAME)),
            NAME,
        ),
        (Member(b"x.txt", extra=unicode_path(b"x.txt", NAME, crc=1)), "x.txt"),  # it speaks of another name
        (Member(b"x.txt", extra=b"\x75\x70"), "x.txt"),  # cut off
        (Member(b"a\\b.txt"), "a\\b.txt"),
        (Member(b"../a"), "../a"),
        (Member(b"/a"), "/a"),
        (Member(b"C:/a"), "C:/a"),
        (Member(b"./a/b"), "a/b"),
        (Member(b"././a/b"), "a/b"),
        (Member(b"./../a"), "../a"),
        (Member(b".//a"), "/a"),
        (Member(b"a\0b"), "a\0b"),
        (Member(b""), ""),
        (Member(b"."), "."),
        (Member(b".."), ".."),
        (Member(b"a//b"), "a//b"),
    ],
)
def test_a_name_in_a_zip_file(member: Member, path: str, tmp_path: Path) -> None:
    ((entry, data),) = read(written(tmp_path, "a.zip", packed(member)))
    assert (entry.path, entry.encoded, data) == (path, True, member.data)


@pytest.mark.parametrize("page", ["cp852", "cp1250"])
def test_a_name_in_an_old_code_page_is_kept_as_its_bytes(page: str, tmp_path: Path) -> None:
    ((entry, data),) = read(written(tmp_path, "a.zip", packed(Member(NAME.encode(page)))))
    assert (os.fsencode(entry.path), entry.encoded, data) == (NAME.encode(page), False, b"obsah\n")


@pytest.mark.parametrize(
    "member",
    [
        Member(NAME.encode("cp1250"), flags=UTF8_FLAG),  # it says that it is UTF-8
        Member(b"x.txt", extra=struct.pack("<HH", 0x7075, 99) + b"\x01"),  # longer than there is
    ],
)
def test_a_name_that_cannot_be_read(member: Member, tmp_path: Path) -> None:
    assert damage(written(tmp_path, "a.zip", packed(member))).code == "container-damaged"


# -- what entries are -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("member", "kind"),
    [
        (Member(b"a/", b""), EntryKind.FOLDER),
        (Member(b"a", b"b", mode=stat.S_IFLNK | 0o777), EntryKind.LINK),
        (Member(b"a", b"", mode=stat.S_IFIFO), EntryKind.SPECIAL),
        (Member(b"a", b"", mode=stat.S_IFCHR), EntryKind.SPECIAL),
        (Member(b"a", b"", mode=stat.S_IFSOCK), EntryKind.SPECIAL),
        (Member(b"a", mode=0), EntryKind.FILE),
    ],
)
def test_the_kind_of_an_entry_in_a_zip_file(member: Member, kind: EntryKind, tmp_path: Path) -> None:
    ((entry, _),) = read(written(tmp_path, "a.zip", packed(member)))
    assert (entry.kind, entry.path) == (kind, "a")


@pytest.mark.parametrize("method", [1, 9, 93, 95, 99])
def test_a_method_that_cannot_be_undone(method: int, tmp_path: Path) -> None:
    ((entry, _),) = read(written(tmp_path, "a.zip", packed(Member(b"a", method=method))))
    assert entry.method == str(method)


@pytest.mark.parametrize(
    "method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
def test_the_methods_that_are_undone(method: int, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", method) as target:
        target.writestr("a/b", b"obsah" * 1000)
    ((entry, data),) = read(tmp_path / "a.zip")
    assert (entry.method, entry.size, data) == ("", 5000, b"obsah" * 1000)


@pytest.mark.parametrize("flags", [0x1, 0x41])
def test_an_encrypted_entry(flags: int, tmp_path: Path) -> None:
    ((entry, _),) = read(written(tmp_path, "a.zip", packed(Member(b"a", flags=flags))))
    assert entry.encrypted


def test_overlapping_entries_are_seen_and_others_are_not(tmp_path: Path) -> None:
    data = packed(Member(b"a"), Member(b"b", b"jiny obsah\n" * 9), Member(b"c"))
    assert not any(entry.overlaps for entry, _ in read(written(tmp_path, "good.zip", data)))
    # let the directory's entry for c point to where b begins
    at = data.rindex(b"PK\x01\x02")
    b = data.index(b"PK\x03\x04", 4)
    bad = data[: at + 42] + struct.pack("<L", b) + data[at + 46 :]
    transfer = open_transfer(written(tmp_path, "bad.zip", bad))
    seen = {entry.path: entry.overlaps for entry, _ in transfer.entries(lambda _: False)}
    transfer.close()
    assert seen == {"a": False, "b": True, "c": True}


@pytest.mark.parametrize("size", [0, 1, 5, 7, 100_000])
def test_an_entry_that_lies_about_its_size(size: int, tmp_path: Path) -> None:
    """What is read is what was packed, or damage; who reads compares it with what was declared."""
    path = written(tmp_path, "a.zip", packed(Member(b"a/b", b"sest b", size=size)))
    try:
        ((entry, data),) = read(path)
    except Damaged as caught:
        assert (caught.code, caught.subject) == ("container-damaged", "a/b")
    else:
        assert (entry.size, data) == (size, b"sest b")


# -- containers -----------------------------------------------------------------------------------------


def as_zip(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name, data in files.items():
            target.writestr(zipfile.ZipInfo(name), data)
    return out.getvalue()


def as_tar(files: dict[str, bytes], form: int = tarfile.PAX_FORMAT, **more: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form, errors="surrogateescape", **more) as target:  # type: ignore[call-overload]
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            target.addfile(info, io.BytesIO(data))
    return out.getvalue()


FILES: Final = {"a/mets.xml": b"<x/>", "a/b/c.txt": b"obsah" * 300, f"a/{NAME}": b"", "a/z": os.urandom(700)}
CONTAINERS: Final[dict[str, Callable[[dict[str, bytes]], bytes]]] = {
    "a.zip": as_zip,
    "a.tar": as_tar,
    "a.tar.gz": lambda files: gzip.compress(as_tar(files)),
    "a.tar.bz2": lambda files: bz2.compress(as_tar(files)),
    "a.tar.xz": lambda files: lzma.compress(as_tar(files)),
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_container_gives_what_was_put_into_it(name: str, tmp_path: Path) -> None:
    path = written(tmp_path, name, CONTAINERS[name](FILES))
    assert {entry.path: data for entry, data in read(path)} == FILES
    transfer = open_transfer(path)
    assert (transfer.name, transfer.container, transfer.size) == ("a", "zip" if name == "a.zip" else "tar",
                                                                   path.stat().st_size)  # fmt: skip
    transfer.close()


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_container_that_is_cut_off_anywhere(name: str, tmp_path: Path) -> None:
    data = CONTAINERS[name](FILES)
    path = tmp_path / name
    for length in (*range(0, len(data), 97), *range(512, len(data), 512), len(data) - 1):
        if name == "a.tar" and length >= end_of_tar(data):
            continue  # its end is marked by one block of zeros; the others only fill it up
        path.write_bytes(data[:length])
        assert damage(path).code == "container-damaged", length


def end_of_tar(data: bytes) -> int:
    """Where a TAR file is complete: after the first of the blocks of zeros that end it."""
    return len(data.rstrip(b"\0")) // 512 * 512 + 1024


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_container_with_any_byte_changed_is_damaged_or_read(name: str, tmp_path: Path) -> None:
    """Nothing but damage is raised, and what is read of a file whose name is right is what was in it."""
    data = CONTAINERS[name]({key: value[:40] for key, value in FILES.items()})
    path = tmp_path / name
    damaged = 0
    for number in range(0, min(len(data), 3000), 3):
        path.write_bytes(data[:number] + bytes((data[number] ^ 0x55,)) + data[number + 1 :])
        try:
            read(path)
        except Damaged:
            damaged += 1
    assert damaged > 20


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz", "a.bin"])
def test_what_is_no_container(name: str, tmp_path: Path) -> None:
    for data in (b"", b"x", b"PK\x03\x04", b"\0" * 100, b"%PDF-1.7\n" * 100, b"\x1f\x8b\x08\0" * 200):
        none = name == "a.bin" and not data.startswith(b"PK")
        expected = ("not-a-package", name) if none else ("container-damaged", "")
        found = damage(written(tmp_path, name, data))
        assert (found.code, found.subject) == expected


def test_an_empty_zip_file_is_one_and_a_tar_file_of_zeros_too(tmp_path: Path) -> None:
    assert read(written(tmp_path, "a.zip", packed())) == []
    assert read(written(tmp_path, "a.tar", bytes(10240))) == []


@pytest.mark.parametrize(("name", "suffix"), [("bez přípony", ""), ("data.bin", ".bin")])
@pytest.mark.parametrize("form", ["a.zip", "a.tar"])
def test_a_container_is_known_by_its_content(name: str, suffix: str, form: str, tmp_path: Path) -> None:
    assert len(read(written(tmp_path, name, CONTAINERS[form](FILES)))) == len(FILES)


def test_bytes_before_and_after_a_zip_file(tmp_path: Path) -> None:
    """A self-extracting file and a comment are still the same ZIP file."""
    for data in (b"MZ" * 500 + as_zip(FILES), as_zip(FILES)[:-2] + struct.pack("<H", 5) + b"pozn."):
        assert {entry.path: got for entry, got in read(written(tmp_path, "a.zip", data))} == FILES


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz"])
def test_ten_thousand_entries(name: str, tmp_path: Path) -> None:
    files = {f"a/{number % 100:02d}/{number:05d}": b"%d" % number for number in range(10_000)}
    path = written(tmp_path, name, CONTAINERS[name](files))
    assert {entry.path: data for entry, data in read(path)} == files


@pytest.mark.parametrize(("name", "first"), [("a.zip", True), ("a.tar", False)])
def test_what_guides_comes_first_where_it_can(name: str, first: bool, tmp_path: Path) -> None:
    files = {"a/x": b"1", "a/y": b"2", "a/mets.xml": b"3"}
    path = written(tmp_path, name, CONTAINERS[name](files))
    order = [entry.path for entry, _ in read(path, lambda one: one == "a/mets.xml")]
    assert order == (["a/mets.xml", "a/x", "a/y"] if first else list(files))


# -- TAR files ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT], ids=["pax", "gnu"])
def test_long_names_in_a_tar_file(form: int, tmp_path: Path) -> None:
    files = {"a/" + "dlouhé jméno/" * 30 + "konec.txt": b"x", "a/" + "y" * 240: b"y"}
    assert {
        entry.path: data for entry, data in read(written(tmp_path, "a.tar", as_tar(files, form)))
    } == files


def test_names_of_the_oldest_form(tmp_path: Path) -> None:
    files = {"a/" + "b" * 90 + "/" + "c" * 90: b"x"}  # a prefix and a name (POSIX.1-1988)
    assert paths(written(tmp_path, "a.tar", as_tar(files, tarfile.USTAR_FORMAT))) == list(files)


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
@pytest.mark.parametrize("page", ["cp852", "cp1250"])
def test_a_name_in_a_tar_file_in_an_old_code_page(page: str, form: int, tmp_path: Path) -> None:
    raw = os.fsdecode(NAME.encode(page))
    ((entry, _),) = read(written(tmp_path, "a.tar", as_tar({f"a/{raw}": b"x"}, form)))
    assert (os.fsencode(entry.path), entry.encoded) == (b"a/" + NAME.encode(page), False)


def tar_of(*infos: tarfile.TarInfo) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as target:
        for info in infos:
            target.addfile(info)
    return out.getvalue()


def info(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname = kind, target
    return made


@pytest.mark.parametrize(
    ("kind", "expected", "target"),
    [
        (tarfile.DIRTYPE, EntryKind.FOLDER, ""),
        (tarfile.SYMTYPE, EntryKind.LINK, "../../etc/passwd"),
        (tarfile.LNKTYPE, EntryKind.LINK, "a/b"),
        (tarfile.CHRTYPE, EntryKind.SPECIAL, ""),
        (tarfile.BLKTYPE, EntryKind.SPECIAL, ""),
        (tarfile.FIFOTYPE, EntryKind.SPECIAL, ""),
        (tarfile.CONTTYPE, EntryKind.FILE, ""),
        (tarfile.AREGTYPE, EntryKind.FILE, ""),
        (b"Z", EntryKind.SPECIAL, ""),  # nobody knows what it is
    ],
)
def test_the_kind_of_an_entry_in_a_tar_file(
    kind: bytes, expected: EntryKind, target: str, tmp_path: Path
) -> None:
    ((entry, _),) = read(written(tmp_path, "a.tar", tar_of(info("a/x", kind, target))))
    assert (entry.path, entry.kind, entry.target) == ("a/x", expected, target)


def test_a_sparse_file_in_a_tar_file_is_not_undone(tmp_path: Path) -> None:
    made = info("a/řídký", tarfile.GNUTYPE_SPARSE)
    ((entry, _),) = read(written(tmp_path, "a.tar", tar_of(made)))
    assert (entry.kind, entry.method) == (EntryKind.FILE, "GNU sparse")


def test_dots_before_a_name_in_a_tar_file(tmp_path: Path) -> None:
    data = tar_of(
        info("./", tarfile.DIRTYPE), info("./a/", tarfile.DIRTYPE), info("././a/b", tarfile.REGTYPE)
    )
    assert paths(written(tmp_path, "a.tar", data)) == ["a", "a/b"]


def test_dots_before_a_name_in_a_zip_file(tmp_path: Path) -> None:
    folder = stat.S_IFDIR | 0o755
    data = packed(Member(b"./", b"", mode=folder), Member(b"./a/", b"", mode=folder), Member(b"././a/b"))
    assert paths(written(tmp_path, "a.zip", data)) == ["a", "a/b"]


@pytest.mark.parametrize("name", [b"/", b"//", b"../", b".//"])
def test_a_folder_in_a_zip_file_that_leads_out_is_shown(name: bytes, tmp_path: Path) -> None:
    (path,) = paths(written(tmp_path, "a.zip", packed(Member(name, b"", mode=stat.S_IFDIR | 0o755))))
    assert path.startswith(("/", ".."))


@pytest.mark.parametrize(
    "size", [b"\xff" * 12, b"\x80" + b"\xff" * 11, b"77777777777\0", b"-0000001000\0", b"zzzzzzzzzzz\0"]
)
def test_a_size_that_no_file_has(size: bytes, tmp_path: Path) -> None:
    block = bytearray(as_tar({"a/b": b"x" * 10}, tarfile.USTAR_FORMAT))
    block[124:136] = size
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block[:512])
    assert damage(written(tmp_path, "a.tar", bytes(block))).code == "container-damaged"


# -- folders --------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    root = tmp_path / "balíček"
    (root / "b/c").mkdir(parents=True)
    (root / "mets.xml").write_bytes(b"<x/>")
    (root / "a.txt").write_bytes(b"a")
    (root / "b/c/d.txt").write_bytes(b"d")
    yield root


def test_a_folder_is_walked_guides_first_then_by_name(folder: Path) -> None:
    found = read(folder, lambda one: one == "mets.xml")
    assert [(entry.path, entry.kind, entry.size) for entry, _ in found] == [
        ("mets.xml", EntryKind.FILE, 4), ("a.txt", EntryKind.FILE, 1), ("b", EntryKind.FOLDER, None),
        ("b/c", EntryKind.FOLDER, None), ("b/c/d.txt", EntryKind.FILE, 1),
    ]  # fmt: skip
    transfer = open_transfer(folder)
    assert (transfer.name, transfer.container, transfer.size) == ("balíček", "folder", None)


def test_what_is_no_file_in_a_folder(folder: Path) -> None:
    (folder / "ven").symlink_to("../../etc")
    (folder / "nikam").symlink_to("neni")
    os.mkfifo(folder / "roura")
    found = {entry.path: entry for entry, _ in read(folder)}
    assert (found["ven"].kind, found["ven"].target) == (EntryKind.LINK, "../../etc")
    assert (found["nikam"].kind, found["nikam"].target) == (EntryKind.LINK, "neni")
    assert found["roura"].kind is EntryKind.SPECIAL


def test_names_in_a_folder_are_bytes(folder: Path) -> None:
    (folder / os.fsdecode(b"\xff\xfe\n")).write_bytes(b"x")
    found = {os.fsencode(entry.path): (entry.encoded, data) for entry, data in read(folder)}
    assert found[b"\xff\xfe\n"] == (False, b"x")


def test_a_guide_that_is_a_link_is_one(folder: Path) -> None:
    (folder / "mets.xml").unlink()
    (folder / "mets.xml").symlink_to("/etc/hostname")
    found = [entry for entry, _ in read(folder, lambda one: one == "mets.xml")]
    assert [entry.kind for entry in found if entry.path == "mets.xml"] == [EntryKind.LINK]


def test_a_folder_named_by_a_dot_has_its_own_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert open_transfer(Path()).name == "balíček"


def test_a_folder_that_changes_between_being_listed_and_asked(folder: Path) -> None:
    transfer = open_transfer(folder)
    for _ in transfer.entries(lambda _: False):
        pass
    assert list(transfer.changes()) == []
    (folder / "b/c/d.txt").write_bytes(b"delsi")
    (folder / "nový").write_bytes(b"")
    assert list(transfer.changes()) == ["", "b/c"]

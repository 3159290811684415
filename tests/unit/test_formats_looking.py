"""What the engines see of a file."""

import os
from pathlib import Path

import pytest

from archivum.formats import looking
from archivum.formats.looking import MIB, NOTE, View, looked_at


@pytest.fixture(autouse=True)
def scratch(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path_factory.mktemp("scratch")
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def large(path: Path, head: bytes = b"") -> int:
    """Make a file of 70 MiB whose bytes tell where they were."""
    with path.open("wb") as file:
        file.write(head)
        for offset in range(0, 70 * MIB, MIB):
            file.seek(offset + 100)
            file.write(b"at %d;" % offset)
        file.truncate(70 * MIB)
    return 70 * MIB


def test_a_file_is_seen_where_it_is(tmp_path: Path) -> None:
    file = tmp_path / "žluť.tar.GZ"
    file.write_bytes(b"x")
    with looked_at(str(file), "smlouva.tar.GZ", 1) as view:
        assert view == View(str(file), "GZ")


@pytest.mark.parametrize(
    ("stored", "name", "extension"),
    [
        ("0001", "dopis.odt", "odt"),
        ("a.bin", "README", ""),
        ("a.bin", "folder.d/README", ""),
        (os.fsdecode(b"p\xe9.txt"), os.fsdecode(b"p\xe9.txt"), "txt"),
        (os.fsdecode(b"p.\xe9"), os.fsdecode(b"p.\xe9"), os.fsdecode(b"\xe9")),
        ("x", "a." + "e" * 250, "e" * 250),
    ],
)
def test_a_file_is_seen_under_the_extension_of_its_name(
    tmp_path: Path, scratch: Path, stored: str, name: str, extension: str
) -> None:
    (tmp_path / stored).write_bytes(b"content")
    with looked_at(str(tmp_path / stored), name, 7) as view:
        assert view.extension == extension
        assert Path(view.path).read_bytes() == b"content"
        view.path.encode()
        if extension.isascii() and len(extension) < 10:
            assert Path(view.path).suffix == (extension and f".{extension}")
    assert not list(scratch.iterdir())


@pytest.mark.parametrize("in_memory", [True, False])
def test_of_a_large_file_both_ends_are_seen(
    tmp_path: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch, in_memory: bool
) -> None:
    if not in_memory:
        monkeypatch.delattr(os, "memfd_create", raising=False)
    size = large(tmp_path / "film.mp4")
    with looked_at(str(tmp_path / "film.mp4"), "film.mp4", size) as view:
        assert (Path(view.path).suffix, view.extension, view.note) == (".mp4", "mp4", NOTE)
        seen = Path(view.path).read_bytes()
    assert len(seen) == 32 * MIB
    assert seen[15 * MIB + 100 :].startswith(b"at %d;" % (15 * MIB))
    assert seen[16 * MIB + 100 :].startswith(b"at %d;" % (54 * MIB))
    assert not list(scratch.iterdir())


@pytest.mark.parametrize(
    "head", [b"%PDF-1.7", b"\r\n\r\n%PDF-1.7", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"]
)
def test_what_has_formats_or_claims_inside_is_seen_whole(tmp_path: Path, head: bytes) -> None:
    size = large(tmp_path / "a.dat", head)
    with looked_at(str(tmp_path / "a.dat"), "a.dat", size) as view:
        assert view == View(str(tmp_path / "a.dat"), "dat")


def test_a_file_of_the_limit_is_seen_whole(tmp_path: Path) -> None:
    file = tmp_path / "a.dat"
    with file.open("wb") as out:
        out.truncate(looking.WHOLE)
    with looked_at(str(file), "a.dat", looking.WHOLE) as view:
        assert view.note == ""

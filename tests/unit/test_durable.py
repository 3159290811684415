"""Writes to a local disk are complete or invisible, and a disk that refuses says what to do."""

import errno
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from archivum.errors import ArchivumError, CorruptionFound, Misconfigured, NotFound, Refused
from archivum.storage import durable
from archivum.storage.local import LocalStorage
from archivum.storage.ocfl_tree import Stray


@pytest.mark.parametrize(
    ("number", "kind", "text_id"),
    [
        (errno.EEXIST, Refused, "storage.taken"),
        (errno.ENOSPC, Misconfigured, "storage.full"),
        (errno.EDQUOT, Misconfigured, "storage.full"),
        (errno.EFBIG, Misconfigured, "storage.full"),
        (errno.EROFS, Misconfigured, "storage.read-only"),
        (errno.EACCES, Misconfigured, "storage.read-only"),
        (errno.EPERM, Misconfigured, "storage.read-only"),
        (errno.EIO, Misconfigured, "storage.failed"),
        (errno.ENOENT, Misconfigured, "storage.failed"),
    ],
)
def test_what_the_system_refuses_says_what_to_do(
    number: int, kind: type[ArchivumError], text_id: str, tmp_path: Path
) -> None:
    with pytest.raises(kind) as caught, durable.world(tmp_path):
        raise OSError(number, os.strerror(number), str(tmp_path / "x"))
    assert caught.value.text_id == text_id
    for language in ("en", "cs"):
        assert str(tmp_path) in caught.value.text(language)
        assert caught.value.hint(language)


def test_publish_makes_the_folders_and_leaves_no_other_name(tmp_path: Path) -> None:
    durable.publish(tmp_path / "a" / "b" / "c", b"data")
    assert [p.name for p in tmp_path.rglob("*")] == ["a", "b", "c"]
    assert (tmp_path / "a/b/c").read_bytes() == b"data"
    assert (tmp_path / "a/b/c").stat().st_nlink == 1


def test_publish_replaces_what_a_killed_run_left_and_nothing_else(tmp_path: Path) -> None:
    via = tmp_path / "left"
    via.write_bytes(b"half")
    durable.publish(tmp_path / "k", b"whole", via=via)
    assert not via.exists()
    via.write_bytes(b"half")
    with pytest.raises(Refused):
        durable.publish(tmp_path / "k", b"other", via=via)
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("k", b"whole")]


def test_bytes_are_on_the_disk_before_their_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []

    def noting(name: str, call: Callable[..., object]) -> Callable[..., object]:
        def noted(*args: Any, **named: Any) -> object:
            if name == "fsync":
                is_folder = stat.S_ISDIR(os.fstat(args[0]).st_mode)
                steps.append("fsync folder" if is_folder else "fsync file")
            else:
                steps.append(name)
            return call(*args, **named)

        return noted

    monkeypatch.setattr(os, "fsync", noting("fsync", os.fsync))
    monkeypatch.setattr(os, "link", noting("link", os.link))
    durable.publish(tmp_path / "k", b"data")
    assert steps == ["fsync file", "link", "fsync folder"]


def test_a_folder_is_moved_in_one_step(tmp_path: Path) -> None:
    (tmp_path / "from").mkdir()
    (tmp_path / "from" / "x").write_bytes(b"1")
    durable.sync_tree(tmp_path / "from")
    durable.move_folder(tmp_path / "from", tmp_path / "a" / "to")
    assert (tmp_path / "a/to/x").read_bytes() == b"1"
    assert not (tmp_path / "from").exists()
    (tmp_path / "from").mkdir()
    with pytest.raises(Refused):
        durable.move_folder(tmp_path / "from", tmp_path / "a" / "to")


def test_a_tree_is_brought_to_the_disk_without_syncfs_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a/b/c", "a/d"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"1")
    synced: list[str] = []
    fsync = os.fsync

    def noted(handle: int) -> None:
        synced.append(Path(f"/proc/self/fd/{handle}").readlink().name)
        fsync(handle)

    monkeypatch.setattr(durable, "_syncfs", lambda folder: False)
    monkeypatch.setattr(os, "fsync", noted)
    durable.sync_tree(tmp_path)
    assert sorted(synced) == sorted([tmp_path.name, "a", "b", "c", "d"])


# -- the local storage on such a disk -----------------------------------------------------------------------


@pytest.fixture
def storage(tmp_path: Path) -> LocalStorage:
    storage = LocalStorage("main", tmp_path / "storage")
    storage.create()
    return storage


def test_a_storage_explains_itself_in_two_languages(storage: LocalStorage) -> None:
    text = (storage.root / "README.txt").read_text("utf-8")
    assert "one of the storages of a digital archive" in text
    assert "jedno z úložišť digitálního archivu" in text
    assert "“main”" in text and "„main“" in text
    storage.create()
    assert (storage.root / "README.txt").read_text("utf-8") == text


def test_what_is_not_finished_is_not_listed(storage: LocalStorage) -> None:
    (storage.root / ".123-456.new").write_bytes(b"half")
    (storage.workplace() / "x").write_bytes(b"1")
    assert [key for key, _ in storage.list()] == ["README.txt"]
    assert list(storage.folders("ocfl")) == []
    assert list(storage.strays()) == []
    storage.put("a/.hidden.new", b"1")
    assert [key for key, _ in storage.list()] == ["README.txt", "a/.hidden.new"]


def test_what_is_no_file_is_a_stray(storage: LocalStorage) -> None:
    storage.put("a/file", b"1")
    (storage.root / "a/empty/deep").mkdir(parents=True)
    (storage.root / "a/link").symlink_to("file")
    (storage.root / "a/folder-link").symlink_to(storage.root)
    os.mkfifo(storage.root / "a/pipe")
    assert [key for key, _ in storage.list("a")] == ["a/file"]
    assert list(storage.strays("a")) == [
        ("a/empty/deep", Stray.EMPTY_FOLDER),
        ("a/folder-link", Stray.LINK),
        ("a/link", Stray.LINK),
        ("a/pipe", Stray.SPECIAL),
    ]
    assert list(storage.folders("a")) == ["empty"]
    for key in ("a/link", "a/folder-link", "a/pipe", "a/empty"):
        with pytest.raises(NotFound):
            storage.open(key)


def test_a_copy_that_differs_is_not_taken(
    storage: LocalStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "x").write_bytes(b"right")
    rename = Path.rename

    def across(path: Path, target: Path) -> Path:
        if path == folder:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        return rename(path, target)

    def spoiling(source: Any, target: Any, length: int = 0) -> None:
        target.write(b"wrong")

    monkeypatch.setattr(Path, "rename", across)
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copyfileobj", spoiling)
        with pytest.raises(CorruptionFound) as caught:
            storage.take(folder, "o/1")
    assert caught.value.text_id == "storage.copy-differs"
    assert (folder / "x").read_bytes() == b"right"
    assert list(storage.list("o")) == []
    assert list(storage.workplace().iterdir()) == []
    storage.take(folder, "o/1")
    assert [key for key, _ in storage.list("o")] == ["o/1/x"]
    assert not folder.exists()


def test_a_folder_stays_where_it_was_if_the_disk_fails_at_the_last_step(
    storage: LocalStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "x").write_bytes(b"1")

    def failing(path: Path) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))

    monkeypatch.setattr("archivum.storage.taking.sync_tree", failing)
    with pytest.raises(Misconfigured) as caught:
        storage.take(folder, "o/1")
    assert caught.value.text_id == "storage.failed"
    assert (folder / "x").read_bytes() == b"1"
    assert list(storage.list("o")) == []
    assert list(storage.workplace().iterdir()) == []


def test_what_is_set_aside_leaves_no_empty_folders(storage: LocalStorage) -> None:
    for key in ("ocfl/a/b/1", "ocfl/a/c/2"):
        folder = storage.workplace() / "package"
        folder.mkdir()
        (folder / "x").write_bytes(key.encode())
        storage.take(folder, key)
    first = storage.set_aside("ocfl/a/b/1")
    assert (first / "x").read_bytes() == b"ocfl/a/b/1"
    assert [key for key, _ in storage.list("ocfl")] == ["ocfl/a/c/2/x"]
    assert list(storage.strays()) == []
    assert storage.set_aside("ocfl/a/c/2") != first
    assert [key for key, _ in storage.list()] == ["README.txt"]
    assert list(storage.strays()) == [("ocfl", Stray.EMPTY_FOLDER)], "the top folder stays"


def test_a_storage_that_is_gone_is_not_an_empty_one(storage: LocalStorage, tmp_path: Path) -> None:
    storage.put("a", b"1")
    storage.root.rename(tmp_path / "elsewhere")
    folder = tmp_path / "folder"
    folder.mkdir()
    acts: list[Callable[[], object]] = [
        lambda: list(storage.list()),
        lambda: list(storage.list("a")),
        lambda: list(storage.strays()),
        lambda: list(storage.folders("a")),
        lambda: storage.exists("a"),
        lambda: storage.open("a"),
        lambda: storage.put("b", b""),
        lambda: storage.take(folder, "c"),
        storage.workplace,
    ]
    for act in acts:
        with pytest.raises(Misconfigured) as caught:
            act()
        assert caught.value.text_id == "storage.vanished"
        assert caught.value.hint("en") and caught.value.hint("cs")
    assert not storage.root.exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to the superuser")
def test_a_folder_without_permission(storage: LocalStorage) -> None:
    storage.put("a/b", b"1")
    (storage.root / "a").chmod(0o500)
    try:
        with pytest.raises(Misconfigured) as caught:
            storage.put("a/c", b"2")
    finally:
        (storage.root / "a").chmod(0o700)
    assert caught.value.text_id == "storage.read-only"


SMALL_DISK = """
import os, subprocess, sys
from pathlib import Path
from archivum.errors import Misconfigured, Refused
from archivum.storage.local import LocalStorage

disk, elsewhere = Path(sys.argv[1]), Path(sys.argv[2])
storage = LocalStorage("small", disk)
storage.create()
storage.put("a", b"1" * 1_000)

def fails(text_id, act, *args):
    before = [*storage.list()]
    try:
        act(*args)
    except Misconfigured as error:
        assert error.text_id == text_id, error
        assert error.hint("en") and error.hint("cs")
    else:
        raise AssertionError("it did not fail")
    assert [*storage.list()] == before
    assert not any(name.endswith(".new") for name in os.listdir(disk)), os.listdir(disk)
    assert not [*(disk / "work").iterdir()] if (disk / "work").exists() else True

fails("storage.full", storage.put, "big", b"x" * 2_000_000)
folder = elsewhere / "package"
folder.mkdir()
(folder / "big").write_bytes(b"x" * 2_000_000)
fails("storage.full", storage.take, folder, "o/1")
assert (folder / "big").stat().st_size == 2_000_000
storage.put("b", b"2" * 1_000)

subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
fails("storage.read-only", storage.put, "c", b"3")
fails("storage.read-only", storage.take, folder, "o/1")
assert storage.open("a").read() == b"1" * 1_000
print("done")
"""


def test_a_real_disk_that_is_full_and_then_read_only(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = [
        "unshare",
        "-rm",
        "sh",
        "-c",
        'mount -t tmpfs -o size=512k tmpfs "$1" && shift && exec "$@"',
        "-",
    ]
    if (
        shutil.which("unshare") is None
        or subprocess.run([*mount, disk, "true"], capture_output=True, check=False).returncode
    ):
        pytest.skip("a file system of its own cannot be mounted here (user namespaces)")
    done = subprocess.run(
        [*mount, disk, sys.executable, "-W", "ignore", "-c", SMALL_DISK, disk, tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("done\n", "")

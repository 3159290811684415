"""Any flipped, lost or added byte of a stored object is found, and nothing else is blamed."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archivum.model import Agent, Identifier, Verdict
from archivum.storage.local import LocalStorage
from archivum.storage.ocfl import OcflRoot
from archivum.storage.ocfl_root_validation import validate_root
from archivum.storage.ocfl_validation import validate

AGENT = Agent("archivum", identifiers=(Identifier("https://example.org/archivum"),))
FILES = {
    "bagit.txt": b"BagIt-Version: 1.0\n",
    "data/a": b"",
    "data/b/c": bytes(range(256)) * 5,
    "data/ž": b"x",
    "data/same": b"x",
}
PATHS = [
    "0=ocfl_object_1.1", "inventory.json", "inventory.json.sha512", "v1/inventory.json",
    "v1/inventory.json.sha512", *(f"v1/content/{path}" for path in FILES),
]  # fmt: skip


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> tuple[LocalStorage, str, str]:
    """Two objects in a storage: the storage and their keys; only the first is ever spoilt."""
    storage = LocalStorage("s", tmp_path_factory.mktemp("storage"))
    root = OcflRoot(storage)
    root.create()
    for object_id in ("urn:x:1", "urn:x:2"):
        folder = storage.workplace() / "package"
        for path, data in FILES.items():
            (folder / "v1/content" / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / "v1/content" / path).write_bytes(data)
        files = [
            (path, {name: hashlib.new(name, data).hexdigest() for name in ("sha512", "sha256")}, len(data))
            for path, data in FILES.items()
        ]
        root.commit(object_id, folder, files, at=datetime(2026, 1, 2, tzinfo=UTC), message="m", agent=AGENT)
    assert list(validate_root(storage)) == []
    return storage, root.key("urn:x:1"), root.key("urn:x:2")


@contextmanager
def spoilt(path: Path) -> Iterator[bytes]:
    """Put a file back as it was."""
    data = path.read_bytes()
    try:
        yield data
    finally:
        path.unlink(missing_ok=True)
        path.write_bytes(data)


def is_found(stored: tuple[LocalStorage, str, str]) -> None:
    storage, spoilt_key, good_key = stored
    found = list(validate(storage, spoilt_key))
    assert found
    assert all(one.verdict is Verdict.FAILED for one in found)
    assert list(validate(storage, good_key)) == []
    folder = spoilt_key.removeprefix("ocfl/")
    assert {
        one.subject == folder or one.subject.startswith(f"{folder}/") for one in validate_root(storage)
    } == {True}


@settings(deadline=None)
@given(st.sampled_from(PATHS), st.floats(0, 1, exclude_max=True), st.integers(1, 255))
def test_a_flipped_byte(stored: tuple[LocalStorage, str, str], path: str, where: float, mask: int) -> None:
    place = stored[0].root / stored[1] / path
    with spoilt(place) as data:
        if not data:
            return
        at = int(where * len(data))
        place.write_bytes(data[:at] + bytes([data[at] ^ mask]) + data[at + 1 :])
        is_found(stored)


@settings(deadline=None)
@given(st.sampled_from(PATHS), st.floats(0, 1), st.binary(min_size=1, max_size=3))
def test_added_bytes(stored: tuple[LocalStorage, str, str], path: str, where: float, more: bytes) -> None:
    place = stored[0].root / stored[1] / path
    with spoilt(place) as data:
        at = int(where * len(data))
        place.write_bytes(data[:at] + more + data[at:])
        is_found(stored)


@settings(deadline=None)
@given(st.sampled_from(PATHS), st.floats(0, 1), st.floats(0, 1))
def test_lost_bytes(stored: tuple[LocalStorage, str, str], path: str, one: float, other: float) -> None:
    place = stored[0].root / stored[1] / path
    with spoilt(place) as data:
        low, high = sorted(int(at * len(data)) for at in (one, other))
        if low == high:
            return
        place.write_bytes(data[:low] + data[high:])
        is_found(stored)


@pytest.mark.parametrize("path", PATHS)
def test_a_lost_file(stored: tuple[LocalStorage, str, str], path: str) -> None:
    place = stored[0].root / stored[1] / path
    with spoilt(place):
        place.unlink()
        is_found(stored)


names = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=5)


@settings(deadline=None)
@given(
    st.sampled_from(["", "v1/", "v1/content/", "v1/content/data/", "v1/content/data/b/", "v1/new/"]), names
)
def test_an_added_file(stored: tuple[LocalStorage, str, str], folder: str, name: str) -> None:
    place = stored[0].root / stored[1] / folder / name
    if name in (".", "..") or place.exists():
        return
    made = not place.parent.exists()
    place.parent.mkdir(exist_ok=True)
    try:
        place.write_bytes(b"")
        is_found(stored)
    finally:
        place.unlink()
        if made:
            place.parent.rmdir()


@settings(deadline=None)
@given(st.sampled_from(PATHS), st.sampled_from(PATHS))
def test_two_files_exchanged(stored: tuple[LocalStorage, str, str], one: str, other: str) -> None:
    folder = stored[0].root / stored[1]
    with spoilt(folder / one) as first, spoilt(folder / other) as second:
        if first == second:
            return
        (folder / one).write_bytes(second)
        (folder / other).write_bytes(first)
        is_found(stored)


def test_a_renamed_file(stored: tuple[LocalStorage, str, str]) -> None:
    folder = stored[0].root / stored[1]
    for path in PATHS:
        with spoilt(folder / path):
            (folder / path).rename(folder / f"{path}_")
            try:
                is_found(stored)
            finally:
                (folder / f"{path}_").unlink()

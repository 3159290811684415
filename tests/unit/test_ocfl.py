"""A storage root: made, checked, committed to, read from, and validated."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from archivum.errors import CorruptionFound, Misconfigured, NotFound, Refused
from archivum.model import Agent, Identifier
from archivum.storage import Source
from archivum.storage.local import LocalStorage
from archivum.storage.ocfl import ObjectVersion, OcflRoot
from archivum.storage.ocfl_root_validation import validate_root
from archivum.storage.ocfl_validation import validate

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
AGENT = Agent("Archiv města", identifiers=(Identifier("123"), Identifier("https://example.org/archiv")))
ID = "urn:uuid:0190f5f0-0000-7000-8000-000000000001"
FILES = {
    "bagit.txt": b"BagIt-Version: 1.0\n",
    "data/1/Příloha č. 1.txt": b"same",
    "data/1/copy.txt": b"same",
    "data/1/empty": b"",
    "data/1/\udcff": b"a name that is not UTF-8",
    'data/"quoted" \\ \n line': b"awkward",
}
Content = tuple[str, dict[str, str], int]


def told(files: dict[str, bytes]) -> list[Content]:
    return [
        (
            path,
            {"sha512": hashlib.sha512(data).hexdigest(), "sha256": hashlib.sha256(data).hexdigest()},
            len(data),
        )
        for path, data in files.items()
    ]


def prepared(storage: LocalStorage, files: dict[str, bytes], name: str = "package") -> Path:
    folder = storage.workplace() / name
    for path, data in files.items():
        place = folder / "v1/content" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    return folder


@pytest.fixture
def storage(tmp_path: Path) -> LocalStorage:
    storage = LocalStorage("main", tmp_path / "storage")
    storage.create()
    return storage


@pytest.fixture
def root(storage: LocalStorage) -> OcflRoot:
    root = OcflRoot(storage)
    root.create()
    return root


def commit(root: OcflRoot, object_id: str = ID, files: dict[str, bytes] = FILES) -> ObjectVersion:
    assert isinstance(root.storage, LocalStorage)
    folder = prepared(root.storage, files)
    return root.commit(object_id, folder, iter(told(files)), at=AT, message="Příjem", agent=AGENT)


def place(root: OcflRoot, object_id: str = ID) -> Path:
    assert isinstance(root.storage, LocalStorage)
    return root.storage.root / root.key(object_id)


def resealed(folder: Path, change: Callable[[str], str]) -> None:
    """Change the inventories of a version-1 object and make their digests anew."""
    for where in (folder, folder / "v1"):
        data = change((where / "inventory.json").read_text("utf-8")).encode()
        (where / "inventory.json").write_bytes(data)
        digest = hashlib.sha512(data).hexdigest()
        (where / "inventory.json.sha512").write_text(f"{digest} inventory.json\n")


# -- the root -----------------------------------------------------------------------------------------------


def test_a_root_is_made_and_known_again(root: OcflRoot, storage: LocalStorage) -> None:
    root.check()
    assert [key for key, _ in storage.list("ocfl")] == [
        "ocfl/0=ocfl_1.1",
        "ocfl/extensions/0003-hash-and-id-n-tuple-storage-layout/config.json",
        "ocfl/ocfl_layout.json",
    ]
    assert list(validate_root(storage)) == []
    root.create()
    root.check()


def test_a_root_that_was_half_made_is_completed(storage: LocalStorage) -> None:
    root = OcflRoot(storage)
    root.create()
    (storage.root / "ocfl/0=ocfl_1.1").unlink()
    with pytest.raises(Misconfigured) as caught:
        root.check()
    assert caught.value.text_id == "storage.no-root"
    root.create()
    root.check()


def test_another_root_is_not_taken_over(root: OcflRoot, storage: LocalStorage) -> None:
    (storage.root / "ocfl/ocfl_layout.json").write_text('{"extension": "other", "description": ""}')
    with pytest.raises(Refused):
        root.create()


@pytest.mark.parametrize(
    ("path", "text", "text_id"),
    [
        ("0=ocfl_1.1", "ocfl_1.0\n", "storage.no-root"),
        ("ocfl_layout.json", '{"extension": "0004-hashed-n-tuple-storage-layout"}', "storage.other-layout"),
        ("ocfl_layout.json", "[]", "storage.other-layout"),
        ("ocfl_layout.json", "{", "storage.other-layout"),
        (
            "extensions/0003-hash-and-id-n-tuple-storage-layout/config.json",
            '{"tupleSize": 2}',
            "storage.other-layout",
        ),
    ],
)
def test_a_root_of_another_kind(
    root: OcflRoot, storage: LocalStorage, path: str, text: str, text_id: str
) -> None:
    (storage.root / "ocfl" / path).write_text(text)
    with pytest.raises(Misconfigured) as caught:
        root.check()
    assert caught.value.text_id == text_id
    assert caught.value.hint("en") and caught.value.hint("cs")


# -- committing ---------------------------------------------------------------------------------------------


def test_a_commit_keeps_every_file_at_its_place(root: OcflRoot, storage: LocalStorage) -> None:
    assert not root.exists(ID)
    version = commit(root)
    folder = place(root)
    assert version == ObjectVersion(
        ID,
        "v1",
        root.key(ID),
        hashlib.sha512((folder / "inventory.json").read_bytes()).hexdigest(),
        len(FILES),
        sum(map(len, FILES.values())),
    )
    assert root.exists(ID)
    assert list(root.objects()) == [ID]
    assert list(validate(storage, root.key(ID))) == []
    assert list(validate_root(storage)) == []
    content = folder / "v1/content"
    assert {
        os.fsdecode(os.fsencode(path.relative_to(content))): path.read_bytes()
        for path in content.rglob("*")
        if path.is_file()
    } == FILES
    assert sorted(path.name for path in folder.iterdir()) == [
        "0=ocfl_object_1.1",
        "inventory.json",
        "inventory.json.sha512",
        "v1",
    ]
    assert list(storage.workplace().iterdir()) == []


def test_the_inventory_is_that_of_the_specification(root: OcflRoot) -> None:
    commit(root)
    folder = place(root)
    data = (folder / "inventory.json").read_bytes()
    assert (folder / "v1/inventory.json").read_bytes() == data
    for where in (folder, folder / "v1"):
        sidecar = (where / "inventory.json.sha512").read_text()
        assert sidecar == f"{hashlib.sha512(data).hexdigest()} inventory.json\n"
    inventory = json.loads(data)
    by_digest: dict[str, list[str]] = {}
    by_fixity: dict[str, list[str]] = {}
    for path, content in FILES.items():
        by_digest.setdefault(hashlib.sha512(content).hexdigest(), []).append(path)
        by_fixity.setdefault(hashlib.sha256(content).hexdigest(), []).append(f"v1/content/{path}")
    assert inventory == {
        "id": ID,
        "type": "https://ocfl.io/1.1/spec/#inventory",
        "digestAlgorithm": "sha512",
        "head": "v1",
        "versions": {
            "v1": {
                "created": "2026-01-02T03:04:05Z",
                "message": "Příjem",
                "user": {"name": "Archiv města", "address": "https://example.org/archiv"},
                "state": {digest: sorted(paths) for digest, paths in by_digest.items()},
            }
        },
        "manifest": {
            digest: sorted(f"v1/content/{path}" for path in paths) for digest, paths in by_digest.items()
        },
        "fixity": {"sha256": {digest: sorted(paths) for digest, paths in by_fixity.items()}},
    }
    assert "Příloha č. 1.txt" in data.decode("utf-8"), "people can read it"


def test_the_same_files_in_any_order_make_the_same_bytes(root: OcflRoot, storage: LocalStorage) -> None:
    first = commit(root)
    folder = prepared(storage, FILES)
    other = OcflRoot(storage, "other")
    there = timezone(timedelta(hours=1))
    second = other.commit(
        ID, folder, reversed(told(FILES)), at=AT.astimezone(there), message="Příjem", agent=AGENT
    )
    assert second.digest == first.digest


def test_many_entries_a_line_each(root: OcflRoot) -> None:
    files = {f"data/{number:05}": str(number).encode() for number in range(3_000)}
    commit(root, files=files)
    lines = (place(root) / "inventory.json").read_text().splitlines()
    assert len([line for line in lines if '": ["' in line]) == 3 * 3_000
    assert max(map(len, lines)) < 200


def test_a_taken_identifier_is_refused(root: OcflRoot, storage: LocalStorage) -> None:
    commit(root)
    before = (place(root) / "inventory.json").read_bytes()
    with pytest.raises(Refused) as caught:
        commit(root, files={"x": b"other"})
    assert caught.value.text_id == "storage.taken"
    assert (place(root) / "inventory.json").read_bytes() == before
    assert [path.name for path in (storage.workplace() / "package/v1/content").iterdir()] == ["x"]


@pytest.mark.parametrize(
    ("spoil", "path"),
    [
        (lambda p: (p / "v1/content/bagit.txt").unlink(), "bagit.txt"),
        (lambda p: (p / "v1/content/bagit.txt").write_bytes(b"shorter"), "bagit.txt"),
        (lambda p: (p / "v1/content/more").write_bytes(b""), "more"),
        (lambda p: (p / "more").write_bytes(b""), "more"),
        (lambda p: (p / "v2").mkdir(), "v2"),
        (lambda p: (p / "v1/content/link").symlink_to("bagit.txt"), "link"),
    ],
)
def test_what_is_not_as_told_is_not_committed(
    root: OcflRoot, storage: LocalStorage, spoil: Callable[[Path], object], path: str
) -> None:
    folder = prepared(storage, FILES)
    spoil(folder)
    with pytest.raises(CorruptionFound) as caught:
        root.commit(ID, folder, told(FILES), at=AT, message="", agent=AGENT)
    assert caught.value.text_id == "storage.not-as-told"
    assert path in str(caught.value.params["path"])
    assert not root.exists(ID)


@pytest.mark.parametrize(
    ("identifiers", "address"),
    [
        ((), None),
        (("12345",), None),
        (("archiv@example.org",), "mailto:archiv@example.org"),
        (("CZ-1", "urn:x:y"), "urn:x:y"),
    ],
)
def test_the_address_of_who_committed(
    root: OcflRoot, identifiers: tuple[str, ...], address: str | None
) -> None:
    assert isinstance(root.storage, LocalStorage)
    agent = Agent("A", identifiers=tuple(Identifier(value) for value in identifiers))
    folder = prepared(root.storage, {"x": b"1"})
    root.commit(ID, folder, told({"x": b"1"}), at=AT, message="m", agent=agent)
    user = json.loads((place(root) / "inventory.json").read_text())["versions"]["v1"]["user"]
    assert user == ({"name": "A"} if address is None else {"name": "A", "address": address})


# -- reading ------------------------------------------------------------------------------------------------


def test_files_by_their_logical_paths(root: OcflRoot, storage: LocalStorage) -> None:
    commit(root)
    found = {path: (key, digest) for path, key, digest in root.files(ID)}
    assert found == {
        path: (f"{root.key(ID)}/v1/content/{path}", hashlib.sha512(data).hexdigest())
        for path, data in FILES.items()
    }
    for path, data in FILES.items():
        with root.open(ID, path) as file:
            assert file.read() == data
        with storage.open(found[path][0]) as file:
            assert file.read() == data


def test_what_is_not_there(root: OcflRoot) -> None:
    commit(root)
    for act in (
        lambda: root.open(ID, "x"),
        lambda: root.open(ID, "bagit.txt", "v2"),
        lambda: root.open("urn:x", "bagit.txt"),
        lambda: list(root.files("urn:x")),
        lambda: list(root.files(ID, "v9")),
    ):
        with pytest.raises(NotFound) as caught:
            act()
        assert caught.value.text("en") and caught.value.hint("cs")


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda p: (p / "inventory.json.sha512").unlink(), "E058"),
        (lambda p: (p / "inventory.json.sha512").write_text("x"), "E061"),
        (lambda p: (p / "inventory.json").write_bytes((p / "inventory.json").read_bytes() + b" "), "E060"),
        (lambda p: (p / "inventory.json").write_bytes(b"{"), "E033"),
        (lambda p: resealed(p, lambda text: text.replace(ID, "urn:x:other")), "E083"),
        (lambda p: resealed(p, lambda text: text.replace('"head"', '"heads"')), "E102"),
        (lambda p: resealed(p, lambda text: text.replace("v1/content/bagit.txt", "../../bagit.txt")), "E099"),
        (lambda p: resealed(p, lambda text: text.replace('["bagit.txt"]', '["/etc/passwd"]')), "E053"),
        (lambda p: resealed(p, lambda text: text[: len(text) // 2]), "E033"),
    ],
)
def test_an_inventory_that_is_not_whole_is_not_acted_on(
    root: OcflRoot, spoil: Callable[[Path], object], code: str
) -> None:
    commit(root)
    spoil(place(root))
    codes = set()
    for act in (lambda: list(root.files(ID)), lambda: root.open(ID, "bagit.txt")):
        with pytest.raises(CorruptionFound) as caught:
            act()
        assert caught.value.text_id == "storage.object-corrupt"
        assert root.key(ID) in caught.value.text("cs")
        codes.add(caught.value.params["code"])
    found = {one.code.removeprefix("ocfl-") for one in validate_root(root.storage)}
    assert code in codes | found
    assert codes <= found


def test_a_warning_does_not_keep_from_reading(root: OcflRoot) -> None:
    commit(root)
    resealed(place(root), lambda text: text.replace('"message": "Příjem",\n', ""))
    with root.open(ID, "bagit.txt") as file:
        assert file.read() == FILES["bagit.txt"]


def test_objects_are_found_by_their_places(root: OcflRoot) -> None:
    ids = [ID, "object-01", "..Hor/rib:lè-$id", "x" * 300, "ark:/12345/bcd987"]
    for object_id in ids:
        commit(root, object_id, {"x": object_id.encode()})
    assert sorted(root.objects()) == sorted(ids)
    keys = [root.key(object_id) for object_id in root.objects()]
    assert keys == sorted(keys)
    (place(root) / "inventory.json").unlink()
    assert sorted(root.objects()) == sorted(ids[1:])


def test_objects_of_a_source_without_folders(root: OcflRoot) -> None:
    class Flat:
        name = "flat"

        def __init__(self, source: Source) -> None:
            self.list, self.open, self.exists = source.list, source.open, source.exists

    for object_id in (ID, "urn:x:2"):
        commit(root, object_id, {"a/b": b"1", "c": b"2"})
    flat = OcflRoot(Flat(root.storage))  # type: ignore[arg-type]
    assert list(flat.objects()) == list(root.objects())
    assert list(validate_root(flat.storage)) == []


# -- the root validated -------------------------------------------------------------------------------------


def mixed(folder: Path) -> None:
    """Put a second object directly into the root."""
    shutil.copytree(next(folder.glob("*/*/*/*/v1")).parent, folder / "top")


SPOILED: dict[str, tuple[Callable[[Path], object], set[tuple[str, str]]]] = {
    "no declaration": (lambda p: (p / "0=ocfl_1.1").unlink(), {("E069", "")}),
    "two declarations": (
        lambda p: (p / "0=ocfl_1.0").write_text("ocfl_1.0\n"),
        {("E076", ""), ("E081", "OBJECT")},
    ),
    "a strange declaration": (lambda p: (p / "0=ocfl_3").write_text("x"), {("E079", "0=ocfl_3")}),
    "another declaration": (lambda p: (p / "0=ocfl_1.1").write_text("x"), {("E080", "0=ocfl_1.1")}),
    "another file": (lambda p: (p / "specification.md").write_text("x"), set()),
    "no layout": (lambda p: (p / "ocfl_layout.json").unlink(), set()),
    "a layout without description": (
        lambda p: (p / "ocfl_layout.json").write_text('{"extension": "x"}'),
        {("E070", "ocfl_layout.json")},
    ),
    "a layout that is not JSON": (
        lambda p: (p / "ocfl_layout.json").write_text("x"),
        {("E070", "ocfl_layout.json")},
    ),
    "a layout that is not registered": (
        lambda p: (p / "ocfl_layout.json").write_text('{"extension": "x", "description": ""}'),
        {("E071", "ocfl_layout.json")},
    ),
    "a file among the objects": (lambda p: new(p / "abc/x"), {("E072", "abc/x")}),
    "an empty folder": (lambda p: (p / "abc/def").mkdir(parents=True), {("E073", "abc/def")}),
    "a link": (lambda p: (p / "abc").symlink_to("0=ocfl_1.1"), {("E090", "abc")}),
    "a pipe": (lambda p: os.mkfifo(p / "abc"), {("E089", "abc")}),
    "an empty folder in an object": (
        lambda p: (next(p.glob("*/*/*/*/v1")) / "content/y").mkdir(),
        {("E024", "OBJECT/v1/content/y")},
    ),
    "a file among the extensions": (lambda p: new(p / "extensions/x"), {("E112", "extensions/x")}),
    "an unknown extension": (lambda p: new(p / "extensions/x/y"), {("W016", "extensions/x")}),
    "an object without declaration": (
        lambda p: (next(p.glob("*/*/*/*/v1")).parent / "0=ocfl_object_1.1").unlink(),
        {("E003", "OBJECT")},
    ),
    "an object elsewhere": (
        lambda p: next(p.glob("*/*/*/*/v1")).parent.rename(p / "top"),
        {("E083", "top"), ("E073", "ABOVE")},
    ),
    "objects at two depths": (mixed, {("E083", "top"), ("W015", "")}),
    "a spoilt object": (
        lambda p: new(next(p.glob("*/*/*/*/v1")) / "content/x"),
        {("E092", "OBJECT/v1/content/x"), ("E093", "OBJECT/v1/content/x")},
    ),
}


def new(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"new")


@pytest.mark.parametrize("spoiled", SPOILED)
def test_a_root_that_is_spoilt(root: OcflRoot, storage: LocalStorage, spoiled: str) -> None:
    commit(root, files={"x": b"1"})
    folder = root.key(ID).removeprefix("ocfl/")
    spoil, expected = SPOILED[spoiled]
    spoil(storage.root / "ocfl")
    found = {(one.code.removeprefix("ocfl-"), one.subject) for one in validate_root(storage)}
    above = folder.rpartition("/")[0]
    assert found == {
        (code, place.replace("OBJECT", folder).replace("ABOVE", above)) for code, place in expected
    }

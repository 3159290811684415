"""One good object of three versions and each way to spoil it, with the codes the specification has for it."""

import hashlib
import io
import json
import os
import shutil
import zipfile
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from archivum.errors import Misconfigured, NotFound
from archivum.model import Finding, Severity, Verdict
from archivum.storage.local import LocalStorage
from archivum.storage.ocfl_inventory import Fault
from archivum.storage.ocfl_validation import SIDECAR, UNREADABLE, finding, validate
from archivum.texts import LANGUAGES

KEY = "object"


def sha512(data: bytes) -> str:
    return hashlib.sha512(data).hexdigest()


CONTENT = {
    "v1/content/a.txt": b"one",
    "v1/content/b/same.txt": b"same",
    "v1/content/b/copy.txt": b"same",
    "v2/content/a.txt": b"two",
    "v2/content/ř/ž.txt": b"",
}
ONE, SAME, TWO, EMPTY = (sha512(data) for data in (b"one", b"same", b"two", b""))
Inventories = dict[str, dict[str, Any]]


def version(number: int, state: Mapping[str, list[str]]) -> dict[str, Any]:
    return {
        "created": f"2026-01-0{number}T00:00:00Z",
        "message": f"version {number}",
        "user": {"name": "A", "address": "mailto:a@example.org"},
        "state": dict(state),
    }


def inventories() -> Inventories:
    """Return the inventories of the good object by version; that of v3 is the object's as well."""
    versions = {
        "v1": version(1, {ONE: ["a.txt"], SAME: ["b/copy.txt", "b/same.txt"]}),
        "v2": version(2, {TWO: ["a.txt"], SAME: ["b/copy.txt", "b/same.txt"], EMPTY: ["ř/ž.txt"]}),
        "v3": version(3, {ONE: ["old/a.txt"], TWO: ["a.txt"], EMPTY: ["ř/ž.txt"]}),
    }
    made = {}
    for number, name in enumerate(versions, 1):
        manifest: dict[str, list[str]] = {}
        for path, data in CONTENT.items():
            if int(path[1]) <= number:
                manifest.setdefault(sha512(data), []).append(path)
        made[name] = {
            "id": "urn:x:1",
            "type": "https://ocfl.io/1.1/spec/#inventory",
            "digestAlgorithm": "sha512",
            "head": name,
            "manifest": manifest,
            "versions": {n: deepcopy(v) for n, v in list(versions.items())[:number]},
            "fixity": {"md5": {hashlib.md5(b"one").hexdigest(): ["v1/content/a.txt"]}},
        }
    return made


def write(root: Path, made: Inventories, spec: str = "1.1") -> Path:
    """Write an object with these inventories; the last one is put into the object's folder as well."""
    for path, data in CONTENT.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    for name, inventory in made.items():
        write_inventory(root / name, inventory)
    write_inventory(root, inventory)
    (root / f"0=ocfl_object_{spec}").write_text(f"ocfl_object_{spec}\n")
    return root


def write_inventory(folder: Path, inventory: Any) -> None:
    data = inventory if isinstance(inventory, bytes) else json.dumps(inventory, indent=1).encode()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "inventory.json").write_bytes(data)
    told = inventory.get("digestAlgorithm") if isinstance(inventory, dict) else None
    algorithm = "sha256" if told == "sha256" else "sha512"
    digest = hashlib.new(algorithm, data).hexdigest()
    (folder / f"inventory.json.{algorithm}").write_text(f"{digest} inventory.json\n")


def codes(root: Path) -> set[str]:
    return {one.code.removeprefix("ocfl-") for one in validate(LocalStorage("s", root.parent), root.name)}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write(tmp_path / KEY, inventories())


def test_the_good_object_is_good(root: Path) -> None:
    assert codes(root) == set()


# -- what an inventory says ---------------------------------------------------------------------------------


def everywhere(change: Callable[[dict[str, Any]], object]) -> Callable[[Inventories], object]:
    return lambda made: [change(one) for one in made.values()]


def newest(change: Callable[[dict[str, Any]], object]) -> Callable[[Inventories], object]:
    return lambda made: change(made["v3"])


def put(*path: Any) -> Callable[[dict[str, Any]], None]:
    """Set a value in an inventory: names, then the value."""

    def change(inventory: dict[str, Any]) -> None:
        *names, last, value = path
        for name in names:
            inventory = inventory[name]
        inventory[last] = value

    return change


def drop(*path: str) -> Callable[[dict[str, Any]], None]:
    def change(inventory: dict[str, Any]) -> None:
        *names, last = path
        for name in names:
            inventory = inventory[name]
        del inventory[last]

    return change


def path_in_manifest(path: str) -> Callable[[dict[str, Any]], None]:
    return lambda inventory: inventory["manifest"][ONE].append(path)


def path_in_state(path: str) -> Callable[[dict[str, Any]], None]:
    return lambda inventory: inventory["versions"]["v1"]["state"][ONE].append(path)


SPOILED: dict[str, tuple[Callable[[Inventories], object], set[str]]] = {
    "no id": (everywhere(drop("id")), {"E036"}),
    "no type": (everywhere(drop("type")), {"E036"}),
    "no algorithm": (everywhere(drop("digestAlgorithm")), {"E036"}),
    "no head": (everywhere(drop("head")), {"E036", "E040"}),
    "no manifest": (everywhere(drop("manifest")), {"E041", "E050", "E023", "E057"}),
    "no versions": (everywhere(drop("versions")), {"E041", "E107", "E042", "E046"}),
    "an empty id": (everywhere(put("id", "")), {"E037"}),
    "an id that is a number": (everywhere(put("id", 7)), {"E037"}),
    "an id that is no URI": (everywhere(put("id", "one")), {"W005"}),
    "an unknown type": (everywhere(put("type", "https://ocfl.io/9.9/spec/#inventory")), {"E038"}),
    "a type of another OCFL": (everywhere(put("type", "https://ocfl.io/1.0/spec/#inventory")), {"E038"}),
    "an unknown algorithm": (everywhere(put("digestAlgorithm", "sha3")), {"E025"}),
    "an algorithm that is a list": (everywhere(put("digestAlgorithm", ["sha512"])), {"E025"}),
    "a wrong head": (newest(put("head", "v2")), {"E040", "E064"}),
    "a head that is a number": (newest(put("head", 3)), {"E040"}),
    "an unknown key": (everywhere(put("more", {"deep": [1]})), {"E102"}),
    "an unknown key in a version": (everywhere(put("versions", "v1", "more", 1)), {"E102"}),
    "an unknown key in a user": (everywhere(put("versions", "v1", "user", "more", 1)), {"E102"}),
    "a content folder with a slash": (everywhere(put("contentDirectory", "a/b")), {"E017"}),
    "a content folder that is a dot": (everywhere(put("contentDirectory", ".")), {"E018"}),
    "the content folder named": (everywhere(put("contentDirectory", "content")), set()),
    "the content folder named later": (newest(put("contentDirectory", "content")), {"E019"}),
    "another content folder later": (
        newest(put("contentDirectory", "data")),
        {"E019", "E020", "E042", "W002"},
    ),
    "a manifest that is a list": (everywhere(put("manifest", [])), {"E106", "E050", "E023", "E057"}),
    "an unused digest": (
        newest(put("manifest", "0" * 128, ["v1/content/b/copy.txt"])),
        {"E107", "E101", "E092"},
    ),
    "a digest that is too short": (
        newest(put("manifest", "00", ["v1/content/a.txt"])),
        {"E025", "E107", "E101", "E092"},
    ),
    "a digest that is none": (
        newest(put("manifest", "x", ["v1/content/a.txt"])),
        {"E092", "E025", "E107", "E101"},
    ),
    "a digest without paths": (newest(put("manifest", ONE, [])), {"E092", "E050", "E023", "E057"}),
    "a digest with one path as text": (
        newest(put("manifest", ONE, "v1/content/a.txt")),
        {"E092", "E050", "E023", "E057"},
    ),
    "a path that is a number": (newest(put("manifest", ONE, [1, "v1/content/a.txt"])), {"E092"}),
    "a content path with dots": (everywhere(path_in_manifest("v1/content/../a")), {"E099", "E092"}),
    "a content path with a dot": (everywhere(path_in_manifest("v1/content/./a")), {"E099", "E092"}),
    "a content path with nothing in it": (everywhere(path_in_manifest("v1/content//a")), {"E099", "E092"}),
    "an empty content path": (everywhere(path_in_manifest("")), {"E099", "E042", "E092"}),
    "a content path from the root": (everywhere(path_in_manifest("/v1/content/x")), {"E100", "E042", "E092"}),
    "a content path of a folder": (everywhere(path_in_manifest("v1/content/x/")), {"E100", "E092"}),
    "a content path out of the object": (everywhere(path_in_manifest("../x")), {"E099", "E042", "E092"}),
    "a content path beside the content": (everywhere(path_in_manifest("v1/x")), {"E042", "E092"}),
    "a content path of no version": (everywhere(path_in_manifest("v9/content/x")), {"E042", "E092"}),
    "a content path twice": (everywhere(path_in_manifest("v1/content/a.txt")), {"E101"}),
    "a content path through another": (everywhere(path_in_manifest("v1/content/a.txt/x")), {"E101", "E092"}),
    "a content path that only begins alike": (everywhere(path_in_manifest("v1/content/a.txt.x")), {"E092"}),
    "versions that are a list": (newest(put("versions", [])), {"E044", "E107", "E042", "E046"}),
    "no version at all": (newest(put("versions", {})), {"E008", "E107", "E042", "E046"}),
    "a version that is a text": (newest(put("versions", "v1", "x")), {"E047", "W011"}),
    "a version named otherwise": (newest(put("versions", "version4", version(4, {}))), {"E104"}),
    "a version v0": (newest(put("versions", "v0", version(4, {}))), {"E104"}),
    "a version without a folder": (newest(put("versions", "v4", version(4, {}))), {"E040", "E046", "W010"}),
    "a gap": (newest(put("versions", "v5", version(5, {}))), {"E010", "E040", "E046", "W010"}),
    "padded": (newest(put("versions", "v04", version(4, {}))), {"E012", "E013", "E040", "E046", "W010"}),
    "no created": (everywhere(drop("versions", "v1", "created")), {"E048"}),
    "no state": (everywhere(drop("versions", "v1", "state")), {"E048", "E107"}),
    "no message": (everywhere(drop("versions", "v1", "message")), {"W007"}),
    "no user": (everywhere(drop("versions", "v1", "user")), {"W007"}),
    "a message that is a number": (everywhere(put("versions", "v1", "message", 1)), {"E094"}),
    "a user that is a text": (everywhere(put("versions", "v1", "user", "A")), {"E054"}),
    "a user without a name": (everywhere(drop("versions", "v1", "user", "name")), {"E054"}),
    "a user with an empty name": (everywhere(put("versions", "v1", "user", "name", "")), {"E054"}),
    "an address that is a number": (everywhere(put("versions", "v1", "user", "address", 1)), {"E054"}),
    "a user without an address": (everywhere(drop("versions", "v1", "user", "address")), {"W008"}),
    "an address that is no URI": (everywhere(put("versions", "v1", "user", "address", "home")), {"W009"}),
    "a state that is a text": (everywhere(put("versions", "v1", "state", "x")), {"E050", "E107"}),
    "a state with an unknown digest": (
        everywhere(put("versions", "v1", "state", "0" * 128, ["x"])),
        {"E050"},
    ),
    "a state with a digest in capitals": (
        everywhere(put("versions", "v1", "state", {ONE.upper(): ["a.txt"]})),
        {"E050", "E107"},
    ),
    "a state with a path that is a list": (
        everywhere(put("versions", "v1", "state", ONE, [["a.txt"]])),
        {"E050"},
    ),
    "a logical path with dots": (everywhere(path_in_state("../x")), {"E052"}),
    "a logical path from the root": (everywhere(path_in_state("/x")), {"E053"}),
    "a logical path of a folder": (everywhere(path_in_state("x/")), {"E053"}),
    "an empty logical path": (everywhere(path_in_state("")), {"E052"}),
    "a logical path twice": (everywhere(path_in_state("a.txt")), {"E095"}),
    "a logical path through another": (everywhere(path_in_state("a.txt/b")), {"E095"}),
    "a logical path with a dot in a name": (everywhere(path_in_state(".x/..y/z.")), set()),
    "fixity that is a list": (everywhere(put("fixity", [])), {"E111"}),
    "fixity that is nothing": (everywhere(put("fixity", None)), {"E111"}),
    "fixity that is empty": (everywhere(put("fixity", {})), set()),
    "fixity of an unknown algorithm": (
        everywhere(put("fixity", "crc", {"0": ["v1/content/a.txt"]})),
        {"E056"},
    ),
    "fixity of an extension's": (everywhere(put("fixity", "size", {"3": ["v1/content/a.txt"]})), set()),
    "fixity that is no object": (everywhere(put("fixity", "md5", "x")), {"E057"}),
    "fixity of no path": (everywhere(put("fixity", "md5", {"0" * 32: ["v1/content/x"]})), {"E057", "E093"}),
    "fixity that is wrong": (everywhere(put("fixity", "md5", {"0" * 32: ["v1/content/a.txt"]})), {"E093"}),
    "fixity that is too short": (
        everywhere(put("fixity", "md5", {"0": ["v1/content/a.txt"]})),
        {"E057", "E093"},
    ),
    "fixity that was wrong": (
        lambda made: put("fixity", "md5", {"0" * 32: ["v1/content/a.txt"]})(made["v1"]),
        {"E093"},
    ),
    "another id before": (lambda made: put("id", "urn:x:2")(made["v1"]), {"E037"}),
    "an older type later": (
        lambda made: put("type", "https://ocfl.io/1.0/spec/#inventory")(made["v2"]),
        {"E103"},
    ),
    "another head before": (lambda made: put("head", "v1")(made["v2"]), {"E040"}),
    "another message before": (lambda made: put("versions", "v1", "message", "x")(made["v1"]), {"W011"}),
    "another state before": (
        lambda made: put("versions", "v1", "state", ONE, ["b.txt"])(made["v2"]),
        {"E066"},
    ),
    "a version less before": (
        lambda made: drop("versions", "v1")(made["v2"]),
        {"E066", "E009", "E042", "E107"},
    ),
    "a file less before": (
        lambda made: put("manifest", SAME, ["v1/content/b/copy.txt"])(made["v2"]),
        {"E023"},
    ),
}


@pytest.mark.parametrize("spoiled", SPOILED)
def test_what_an_inventory_says(spoiled: str, tmp_path: Path) -> None:
    change, expected = SPOILED[spoiled]
    made = inventories()
    change(made)
    found = codes(write(tmp_path / KEY, made))
    if expected and all(code.startswith("W") for code in expected):
        assert found == expected
    else:
        assert expected <= found
        assert bool(expected) == bool(found)


@pytest.mark.parametrize(
    ("created", "right"),
    [
        ("2026-01-01T00:00:00Z", True), ("2026-01-01t00:00:00z", True),
        ("2026-01-01T00:00:00.123456789+01:00", True),
        ("2016-12-31T23:59:60Z", True), ("2026-01-01T00:00:00", False), ("2026-01-01T00:00Z", False),
        ("2026-01-01", False), ("2026-13-01T00:00:00Z", False), ("2026-02-30T00:00:00Z", False),
        ("2026-01-01T24:00:00Z", False), ("2026-01-01 00:00:00Z", False), ("2026-01-01T00:00:00+0100", False),
        ("٢٠٢٦-01-01T00:00:00Z", False), ("", False), (7, False), (None, False), ({"at": 1}, False),
    ],
)  # fmt: skip
def test_when_a_version_was_created(created: Any, right: bool, tmp_path: Path) -> None:
    made = inventories()
    everywhere(put("versions", "v1", "created", created))(made)
    assert codes(write(tmp_path / KEY, made)) == (set() if right else {"E049"})


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (b'"manifest"', b'"manifest": {}, "manifest"', {"E033"}),
        (b'"v1": {', b'"v1": {}, "v1": {', {"E033"}),
        (ONE.encode(), ONE.encode() + b'": ["v1/content/a.txt"], "' + ONE.encode(), {"E096", "E101"}),
        (SAME.encode(), ONE.upper().encode() + b'": [], "' + SAME.encode(), {"E092"}),
        (b'"created"', b'"created": "2026-01-01T00:00:00Z", "created"', {"E033"}),
        (b"urn:x:1", b"urn:x:\xff", {"E033"}),
        (b"}", b"", {"E033"}),
    ],
)
def test_what_a_reader_of_whole_files_would_not_see(
    old: bytes, new: bytes, expected: set[str], tmp_path: Path
) -> None:
    root = write(tmp_path / KEY, inventories())
    data = (root / "inventory.json").read_bytes().replace(old, new, 1)
    write_inventory(root, data)
    assert expected <= codes(root)


def test_a_repeated_digest_in_a_state_and_in_fixity(tmp_path: Path) -> None:
    root = write(tmp_path / KEY, inventories())
    text = (root / "inventory.json").read_text()
    at = text.rindex(ONE)
    write_inventory(root, (text[:at] + f'{ONE}": ["more"], "' + text[at:]).encode())
    assert {"E050", "E064"} <= codes(root)
    digest = hashlib.md5(b"one").hexdigest()
    made = inventories()
    everywhere(put("fixity", "md5", {digest: ["v1/content/a.txt"], digest.upper(): ["v1/content/a.txt"]}))(
        made
    )
    shutil.rmtree(root)
    assert codes(write(root, made)) == {"E097"}


# -- where things lie ---------------------------------------------------------------------------------------


def both(*acts: Callable[[Path], object]) -> Callable[[Path], object]:
    return lambda path: [act(path) for act in acts]


PLACES: dict[str, tuple[Callable[[Path], object], set[str]]] = {
    "a file in the root": (lambda p: (p / "x").write_bytes(b""), {"E001"}),
    "a folder in the root": (lambda p: new(p / "x/y/z"), {"E001"}),
    "an empty folder in the root": (lambda p: (p / "x").mkdir(), {"E001"}),
    "a file named like a version": (lambda p: (p / "v4").write_bytes(b""), {"E001"}),
    "a folder named like a version": (lambda p: new(p / "v4/content/x"), {"E046", "E023"}),
    "an empty folder named like a version": (lambda p: (p / "v4").mkdir(), {"E046"}),
    "a file in a version": (lambda p: new(p / "v1/x"), {"E015"}),
    "a folder in a version": (lambda p: new(p / "v1/x/y"), {"W002"}),
    "an empty folder in a version": (lambda p: (p / "v1/x").mkdir(), {"W002"}),
    "an empty content folder": (lambda p: (p / "v3/content").mkdir(), {"W003"}),
    "an empty folder in the content": (lambda p: (p / "v1/content/x/y").mkdir(parents=True), {"E024"}),
    "a file in the content": (lambda p: new(p / "v1/content/x"), {"E023"}),
    "a file less in the content": (lambda p: (p / "v2/content/a.txt").unlink(), {"E092"}),
    "other content": (lambda p: (p / "v2/content/a.txt").write_bytes(b"twO"), {"E092"}),
    "no declaration": (lambda p: (p / "0=ocfl_object_1.1").unlink(), {"E003"}),
    "two declarations": (lambda p: (p / "0=ocfl_object_1.0").write_text("ocfl_object_1.0\n"), {"E003"}),
    "a strange declaration": (lambda p: (p / "0=ocfl_object_2.0").write_text("x"), {"E006"}),
    "a declaration without its line end": (
        lambda p: (p / "0=ocfl_object_1.1").write_text("ocfl_object_1.1"),
        {"E007"},
    ),
    "a declaration with more": (
        lambda p: (p / "0=ocfl_object_1.1").write_text("ocfl_object_1.1\n\n"),
        {"E007"},
    ),
    "a declaration of another OCFL": (
        both(
            lambda p: (p / "0=ocfl_object_1.1").unlink(),
            lambda p: (p / "0=ocfl_object_1.0").write_text("ocfl_object_1.0\n"),
        ),
        {"E038"},
    ),
    "no inventory": (lambda p: (p / "inventory.json").unlink(), {"E063"}),
    "no inventory of a version": (
        both(
            lambda p: (p / "v2/inventory.json").unlink(),
            lambda p: (p / "v2/inventory.json.sha512").unlink(),
        ),
        {"W010"},
    ),
    "no digest": (lambda p: (p / "inventory.json.sha512").unlink(), {"E058"}),
    "no digest of a version": (lambda p: (p / "v1/inventory.json.sha512").unlink(), {"E058"}),
    "another inventory": (lambda p: append(p / "inventory.json", b" "), {"E060", "E064"}),
    "another inventory of a version": (lambda p: append(p / "v1/inventory.json", b" "), {"E060"}),
    "a digest without a name": (
        lambda p: (p / "inventory.json.sha512").write_bytes(
            (p / "inventory.json.sha512").read_bytes().split()[0]
        ),
        {"E061", "sidecar"},
    ),
    "a digest in capitals": (
        lambda p: (p / "inventory.json.sha512").write_text(
            (p / "inventory.json.sha512").read_text().upper().replace("INVENTORY.JSON", "inventory.json")
        ),
        {"sidecar"},
    ),
    "logs": (lambda p: new(p / "logs/x/y"), set()),
    "empty logs": (lambda p: (p / "logs").mkdir(), set()),
    "a registered extension": (lambda p: new(p / "extensions/0005-mutable-head/x"), set()),
    "another extension": (lambda p: new(p / "extensions/x/y"), {"W013"}),
    "a file among the extensions": (lambda p: new(p / "extensions/x"), {"E067"}),
    "a link": (lambda p: (p / "v1/content/x").symlink_to("a.txt"), {"E090"}),
    "a link in place of a file": (
        both(
            lambda p: (p / "v2/content/a.txt").rename(p.parent / "a"),
            lambda p: (p / "v2/content/a.txt").symlink_to(p.parent / "a"),
        ),
        {"E090", "E092"},
    ),
    "a pipe in place of a file": (
        both(
            lambda p: (p / "v2/content/a.txt").unlink(),
            lambda p: os.mkfifo(p / "v2/content/a.txt"),
        ),
        {"E089", "E092"},
    ),
}


def new(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"new")


def append(path: Path, data: bytes) -> None:
    path.write_bytes(path.read_bytes() + data)


@pytest.mark.parametrize("spoiled", PLACES)
def test_where_things_lie(spoiled: str, root: Path) -> None:
    change, expected = PLACES[spoiled]
    change(root)
    assert codes(root) == expected


def test_what_is_not_there_at_all(tmp_path: Path) -> None:
    assert codes(tmp_path / KEY) == {"E003", "E063"}


# -- digests made with another algorithm --------------------------------------------------------------------


def in_sha256(inventory: dict[str, Any]) -> None:
    """Rewrite an inventory to be addressed by SHA-256."""
    others = {sha512(data): hashlib.sha256(data).hexdigest() for data in CONTENT.values()}
    inventory["digestAlgorithm"] = "sha256"
    inventory["manifest"] = {others[key]: paths for key, paths in inventory["manifest"].items()}
    for one in inventory["versions"].values():
        one["state"] = {others[key]: paths for key, paths in one["state"].items()}


def test_versions_with_different_algorithms(tmp_path: Path) -> None:
    made = inventories()
    in_sha256(made["v1"])
    assert codes(write(tmp_path / "1", made)) == {"W004"}
    made = inventories()
    in_sha256(made["v2"])
    in_sha256(made["v3"])
    assert codes(write(tmp_path / "2", made)) == {"W004"}


def test_a_state_that_differs_under_another_algorithm(tmp_path: Path) -> None:
    made = inventories()
    made["v1"]["versions"]["v1"]["state"] = {SAME: ["a.txt", "b/copy.txt", "b/same.txt"], ONE: ["c"]}
    in_sha256(made["v1"])
    found = list(validate(LocalStorage("s", tmp_path), write(tmp_path / KEY, made).name))
    assert {(one.code, one.subject) for one in found if one.code == "ocfl-E066"} == {
        ("ocfl-E066", "a.txt"),
        ("ocfl-E066", "c"),
    }


def test_a_digest_that_was_wrong_under_another_algorithm(tmp_path: Path) -> None:
    made = inventories()
    in_sha256(made["v1"])
    text = json.dumps(made["v1"]).replace(hashlib.sha256(b"one").hexdigest(), "0" * 64)
    made["v1"] = json.loads(text)
    found = list(validate(LocalStorage("s", tmp_path), write(tmp_path / KEY, made).name))
    assert [(one.code, one.subject, one.where) for one in found if one.severity is Severity.ERROR] == [
        ("ocfl-E092", "v1/content/a.txt", "v1/inventory.json")
    ]


# -- what comes of it ---------------------------------------------------------------------------------------


def test_a_finding_says_what_where_and_which_rule(root: Path) -> None:
    (root / "v2/content/a.txt").write_bytes(b"twO")
    (found,) = validate(LocalStorage("s", root.parent), KEY)
    assert found == Finding(
        "ocfl-E092", Verdict.FAILED, Severity.ERROR, "v2/content/a.txt", "inventory.json", {"value": TWO}
    )
    assert finding(Fault("W005", value="x")).severity is Severity.WARNING


def test_each_file_of_the_newest_version_is_seen_once_with_its_digests(root: Path) -> None:
    seen = []
    assert not list(validate(LocalStorage("s", root.parent), KEY, seen=lambda *one: seen.append(one)))
    assert sorted((path, size) for path, size, _ in seen) == [("a.txt", 3), ("old/a.txt", 3), ("ř/ž.txt", 0)]
    by_path = {path: digests for path, _, digests in seen}
    assert by_path["a.txt"]["sha512"] == TWO
    assert by_path["a.txt"]["sha256"] == hashlib.sha256(b"two").hexdigest()
    assert by_path["old/a.txt"]["sha512"] == ONE


def test_what_is_seen_is_what_is_there_not_what_should_be(root: Path) -> None:
    (root / "v2/content/a.txt").write_bytes(b"changed")
    (root / "v1/content/a.txt").unlink()
    seen = {}
    for _ in validate(
        LocalStorage("s", root.parent), KEY, seen=lambda path, size, found: seen.update({path: (size, found)})
    ):
        pass
    assert seen["a.txt"][0] == 7
    assert seen["a.txt"][1]["sha512"] == sha512(b"changed")
    assert "old/a.txt" not in seen


def test_a_large_file_is_read_in_pieces(tmp_path: Path) -> None:
    data = os.urandom(1 << 16) * 40
    made = {"v1": inventories()["v1"]}
    made["v1"]["manifest"][sha512(data)] = ["v1/content/large"]
    made["v1"]["versions"]["v1"]["state"][sha512(data)] = ["large"]
    made["v1"]["fixity"]["blake2b-512"] = {hashlib.blake2b(data).hexdigest(): ["v1/content/large"]}
    root = write(tmp_path / KEY, made)
    shutil.rmtree(root / "v2")
    new(root / "v1/content/large")
    (root / "v1/content/large").write_bytes(data)
    assert codes(root) == set()
    (root / "v1/content/large").write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    found = sorted(one.code for one in validate(LocalStorage("s", tmp_path), KEY))
    assert found == ["ocfl-E092", "ocfl-E093"]


class Zip:
    """A source with no folders of its own, and files that can be made unreadable."""

    def __init__(self, path: Path, broken: str = "", error: Exception | None = None) -> None:
        self._zip = zipfile.ZipFile(path)
        self._broken, self._error = broken, error

    def list(self, prefix: str = "") -> Iterator[tuple[str, int]]:
        for info in sorted(self._zip.infolist(), key=lambda one: one.filename):
            if not info.is_dir() and (info.filename == prefix or info.filename.startswith(f"{prefix}/")):
                yield info.filename, info.file_size

    def open(self, key: str) -> BinaryIO:
        if key == self._broken and self._error:
            if isinstance(self._error, OSError):
                return Broken()
            raise self._error
        try:
            return self._zip.open(key)  # type: ignore[return-value]
        except KeyError:
            raise NotFound("storage.not-found", key=key, storage="zip") from None

    def exists(self, key: str) -> bool:
        return next(self.list(key), None) is not None


class Broken(io.BytesIO):
    """A file on a disk that fails."""

    def read(self, size: int | None = -1, /) -> bytes:
        raise OSError(5, "Input/output error")


@pytest.fixture
def packed(root: Path) -> Path:
    return Path(shutil.make_archive(str(root.parent / "packed"), "zip", root.parent, KEY))


def test_any_source_will_do(packed: Path) -> None:
    assert list(validate(Zip(packed), KEY)) == []


@pytest.mark.parametrize("path", ["v1/content/a.txt", "inventory.json", "v2/inventory.json.sha512"])
@pytest.mark.parametrize(
    "error", [OSError(), Misconfigured("storage.failed", place="x", reason="Input/output error")]
)
def test_what_cannot_be_read_is_not_passed(packed: Path, path: str, error: Exception) -> None:
    found = list(validate(Zip(packed, f"{KEY}/{path}", error), KEY))
    assert [(one.code, one.verdict, one.subject, one.params["value"]) for one in found] == [
        (f"ocfl-{UNREADABLE}", Verdict.INDETERMINATE, path, "Input/output error")
    ]


def test_a_storage_that_is_gone_is_not_the_object_s_fault(packed: Path) -> None:
    gone = Misconfigured("storage.vanished", storage="s", place="x")
    with pytest.raises(Misconfigured):
        list(validate(Zip(packed, f"{KEY}/v1/content/a.txt", gone), KEY))


def test_every_code_has_its_texts() -> None:
    codes = set[str]()
    for path in Path(validate.__code__.co_filename).parent.glob("ocfl*.py"):
        text = path.read_text("utf-8")
        codes |= {word for word in text.replace('"', " ").split() if len(word) == 4 and word[1:].isdigit()}
    known = {code for code in codes if code[0] in "EW"} | {SIDECAR, UNREADABLE}
    assert len(known) > 80
    for code in known:
        one = finding(Fault(code, "path", "value", "inventory.json"))
        for language in LANGUAGES:
            for said in (one.text, one.hint, one.rule, one.source):
                assert said(language), code

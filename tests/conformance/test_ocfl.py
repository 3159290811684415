"""The published OCFL objects: each gets the verdict and the codes that its folder's name tells."""

import hashlib
import re
import shutil
from pathlib import Path

import pytest

from archivum.model import Severity
from archivum.storage.local import LocalStorage
from archivum.storage.ocfl import OcflRoot
from archivum.storage.ocfl_validation import validate
from tests.shared import SHARED, cases, needs_shared

pytestmark = needs_shared


def objects(kind: str) -> list[Path]:
    if not (SHARED / "cases" / "cases.py").is_file():
        return []
    return sorted(cases("ocfl").glob(f"*/{kind}-objects/*"))


def found_in(place: Path) -> tuple[set[str], set[str]]:
    """Return the codes of the errors and of the warnings."""
    found = list(validate(LocalStorage("cases", place.parent), place.name))
    errors = {one.code.removeprefix("ocfl-") for one in found if one.severity is Severity.ERROR}
    return errors, {one.code.removeprefix("ocfl-") for one in found} - errors


def told(place: Path) -> set[str]:
    return set(re.findall(r"[EW]\d{3}", place.name))


def test_there_are_cases() -> None:
    assert all(objects(kind) for kind in ("good", "warn", "bad"))


@pytest.mark.parametrize("place", objects("good"), ids=lambda place: place.name)
def test_a_good_object(place: Path) -> None:
    assert found_in(place) == (set(), set())


@pytest.mark.parametrize("place", objects("warn"), ids=lambda place: place.name)
def test_an_object_with_warnings(place: Path) -> None:
    assert found_in(place) == (set(), told(place))


@pytest.mark.parametrize("place", objects("bad"), ids=lambda place: place.name)
def test_a_bad_object(place: Path) -> None:
    errors, _ = found_in(place)
    assert errors
    assert told(place) <= errors


@pytest.mark.parametrize("place", [*objects("good"), *objects("warn")], ids=lambda place: place.name)
def test_a_valid_object_reads_as_it_says(place: Path, tmp_path: Path) -> None:
    storage = LocalStorage("s", tmp_path)
    root = OcflRoot(storage)
    text = (place / "inventory.json").read_text("utf-8")
    object_id = re.search(r'"id"\s*:\s*"([^"]*)"', text)
    assert object_id
    shutil.copytree(place, storage.root / root.key(object_id[1]))
    with root.inventory(object_id[1]) as inventory:
        versions, algorithm = list(inventory.versions), inventory.algorithm
    for version in versions:
        for path, key, digest in root.files(object_id[1], version):
            with root.open(object_id[1], path, version) as file:
                data = file.read()
            assert hashlib.new(algorithm, data).hexdigest() == digest
            assert (storage.root / key).read_bytes() == data


# the content of the versions of an object, published beside it
@pytest.mark.parametrize(("name", "versions"), [("spec-ex-full", ("v1", "v2", "v3"))])
def test_each_version_of_an_object_is_what_was_put_into_it(
    name: str, versions: tuple[str, ...], tmp_path: Path
) -> None:
    place = next(path for path in objects("good") if path.name == name)
    storage = LocalStorage("s", tmp_path)
    root = OcflRoot(storage)
    object_id = "ark:/12345/bcd987"
    shutil.copytree(place, storage.root / root.key(object_id))
    for version in versions:
        given = place.parents[1] / "content" / name / version
        expected = {
            path.relative_to(given).as_posix(): path.read_bytes()
            for path in given.rglob("*")
            if path.is_file()
        }
        found = {}
        for path, key, _ in root.files(object_id, version):
            found[path] = (storage.root / key).read_bytes()
        assert found == expected

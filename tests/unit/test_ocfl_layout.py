"""Layout extension 0003: where an object lies. The expected places are those of the extension's own text."""

import json

import pytest

from archivum.storage.ocfl_layout import declaration, identifier, place, root_files

LONG = "abcdefghij" * 10


@pytest.mark.parametrize(
    ("object_id", "expected"),
    [
        ("object-01", "3c0/ff4/240/object-01"),
        ("..hor/rib:le-$id", "487/326/d8c/%2e%2ehor%2frib%3ale-%24id"),
        ("..Hor/rib:lè-$id", "373/529/21a/%2e%2eHor%2frib%3al%c3%a8-%24id"),
        (
            f"{LONG}a",
            f"5cc/73e/648/{LONG}-5cc73e648fbcff136510e330871180922ddacf193b68fdeff855683a01464220",
        ),
        (
            "abcdefghij" * 26,
            f"55b/432/806/{LONG}-55b432806f4e270da0cf23815ed338742179002153cd8d896f23b3e2d8a14359",
        ),
    ],
)
def test_the_examples_of_the_extension(object_id: str, expected: str) -> None:
    assert place(object_id) == expected


def test_a_name_of_a_hundred_characters_is_not_shortened() -> None:
    assert place(LONG).endswith(f"/{LONG}")


def test_a_shortened_name_may_end_inside_a_character() -> None:
    assert place("é" * 17).rpartition("/")[2][:101] == "%c3%a9" * 16 + "%c3%-"


@pytest.mark.parametrize(
    "object_id", ["object-01", "urn:uuid:0190f5f0-0000-7000-8000-000000000001", "ř/ž %", LONG]
)
def test_a_place_tells_the_identifier(object_id: str) -> None:
    assert identifier(place(object_id)) == object_id


@pytest.mark.parametrize(
    "path",
    [
        place(f"{LONG}a"),
        "3c0/ff4/241/object-01",
        "3c0/ff4/240/object-02",
        "object-01",
        "a/b/c/%ff",
        "a/b/c/%zz",
    ],
)
def test_a_place_that_does_not_tell_it(path: str) -> None:
    assert identifier(path) is None


def test_the_files_of_a_storage_root() -> None:
    files = root_files()
    assert list(files)[-1] == "0=ocfl_1.1", "the declaration is written last"
    assert files["0=ocfl_1.1"] == b"ocfl_1.1\n"
    layout = json.loads(files["ocfl_layout.json"])
    assert layout["extension"] == "0003-hash-and-id-n-tuple-storage-layout"
    assert layout["description"]
    assert json.loads(files["extensions/0003-hash-and-id-n-tuple-storage-layout/config.json"]) == {
        "extensionName": "0003-hash-and-id-n-tuple-storage-layout",
        "digestAlgorithm": "sha256",
        "tupleSize": 3,
        "numberOfTuples": 3,
    }


def test_a_declaration_repeats_its_name() -> None:
    assert declaration("0=ocfl_object_1.1") == b"ocfl_object_1.1\n"

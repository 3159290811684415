"""What people write in TOML is taken as it stands, or refused with the place and the nearest right key."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from archivum.configuration import FILE, read_configuration
from archivum.errors import ArchivumError, Misconfigured
from archivum.founding import configuration_text
from archivum.model import Agent, Identifier
from archivum.settings import read_table, read_toml
from archivum.texts import LANGUAGES, Language

ID = UUID("7b0c6a52-3f5d-4f0e-9d0c-5f4d8a1e2b3c")


@dataclass(frozen=True, slots=True)
class Inner:
    depth: int = 3
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outer:
    name: str
    big_size: int = 0
    quiet: bool = False
    inner: Inner = field(default_factory=Inner)


def refused(table: Mapping[str, Any]) -> ArchivumError:
    with pytest.raises(Misconfigured) as caught:
        read_table(Outer, table, "pravidla.toml")
    return caught.value


# -- tables ---------------------------------------------------------------------------------------------


def test_a_table_is_a_value() -> None:
    table = {"name": "x", "big-size": 7, "quiet": True, "inner": {"depth": 1, "names": {"a": "b"}}}
    assert read_table(Outer, table, "") == Outer("x", 7, True, Inner(1, {"a": "b"}))
    assert read_table(Outer, {"name": "x"}, "") == Outer("x")


@pytest.mark.parametrize(
    ("table", "key", "nearest"),
    [
        ({"name": "x", "big_size": 1}, "big_size", "big-size"),
        ({"name": "x", "bigsize": 1}, "bigsize", "big-size"),
        ({"nam": "x"}, "nam", "name"),
        ({"name": "x", "úplně-jiný": 1}, "úplně-jiný", "big-size, inner, name, quiet"),
        ({"name": "x", "inner": {"deph": 1}}, "deph", "depth"),
    ],
)
def test_an_unknown_key_is_named_with_the_nearest_known_one(
    table: dict[str, Any], key: str, nearest: str
) -> None:
    error = refused(table)
    assert error.text_id == "settings.unknown"
    assert (error.params["key"], error.params["nearest"]) == (key, nearest)
    for language in LANGUAGES:
        assert key in error.text(language) and "pravidla.toml" in error.text(language)
        assert nearest in error.hint(language)
    assert ("inner" in str(error.params["place"])) == ("inner" in table)


def test_what_must_be_there_is_named() -> None:
    error = refused({"quiet": True})
    assert (error.text_id, error.params["key"]) == ("settings.missing", "name")


@pytest.mark.parametrize(
    ("table", "place", "expected"),
    [
        ({"name": 7}, "name", "str"),
        ({"name": "x", "big-size": "7"}, "big-size", "int"),
        ({"name": "x", "big-size": 7.0}, "big-size", "int"),
        ({"name": "x", "big-size": True}, "big-size", "int"),
        ({"name": "x", "quiet": 1}, "quiet", "bool"),
        ({"name": "x", "quiet": "ano"}, "quiet", "bool"),
        ({"name": "x", "inner": 1}, "inner", "table"),
        ({"name": "x", "inner": {"names": []}}, "names", "dict"),
        ({"name": ["x"]}, "name", "str"),
    ],
)
def test_a_value_of_another_type_is_named(table: dict[str, Any], place: str, expected: str) -> None:
    error = refused(table)
    assert (error.text_id, error.params["expected"]) == ("settings.type", expected)
    assert str(error.params["place"]).endswith(f": {place}")


# -- files ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "text_id"),
    [
        (b"a = ", "settings.not-toml"),
        (b"a = 1\na = 2\n", "settings.not-toml"),
        ("název = 'příloha'".encode("cp1250"), "settings.not-toml"),
        (b"\xef\xbb\xbfa = 1\n", "settings.not-toml"),
        (None, "settings.unreadable"),
    ],
)
def test_a_file_that_is_no_toml(data: bytes | None, text_id: str, tmp_path: Path) -> None:
    path = tmp_path / "nastavení.toml"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(Misconfigured) as caught:
        read_toml(path)
    assert caught.value.text_id == text_id
    assert str(path) in caught.value.text("cs")


# -- archivum.toml --------------------------------------------------------------------------------------


def written(folder: Path, *changes: tuple[str, str], language: Language = "cs") -> Path:
    """The configuration of a new archive, with changes."""
    text = configuration_text(
        ID, name='Archiv "U Lípy"\t\\ č. 1', institution="Město Lhota", code="123456789", language=language
    )
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    (folder / FILE).write_text(text, "utf-8")
    return folder / FILE


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_configuration_of_a_new_archive(language: Language, tmp_path: Path) -> None:
    path = written(tmp_path, language=language)
    found = read_configuration(path)
    assert (found.uuid, found.archive.name, found.language) == (ID, 'Archiv "U Lípy"\t\\ č. 1', language)
    assert found.curator == Agent("Město Lhota", identifiers=(Identifier("123456789", "INSTITUTION_ID"),))
    assert {name: (one.kind, one.path) for name, one in found.storages.items()} == {
        "main": ("local", "storage/main")
    }
    assert found.catalogue.url == "sqlite:///catalogue.db"
    assert found.time_stamping.url == ""
    commented = [line for line in path.read_text("utf-8").splitlines() if line.startswith("#")]
    assert len(commented) > 10


def test_every_key_is_in_the_configuration_of_a_new_archive(tmp_path: Path) -> None:
    """A key that is only known to the source would be found by nobody."""
    for language in LANGUAGES:
        path = written(tmp_path, language=language)
        found, text = read_configuration(path), path.read_text("utf-8")
        for table in (found, found.archive, found.institution, found.catalogue, found.time_stamping):
            for one in fields(table):
                assert one.name.replace("_", "-") in text, one.name


def test_every_commented_key_is_known(tmp_path: Path) -> None:
    """Taking the mark of a comment away gives a setting, not an error."""
    keys = ("url", "name", "certificates", "user", "password-file", "policy", "proxy", "timeout")
    for language in LANGUAGES:
        path = written(tmp_path, language=language)
        lines = path.read_text("utf-8").splitlines()
        start = lines.index("[time-stamping]")
        for number in range(start, len(lines)):
            if lines[number].startswith(tuple(f"# {key} = " for key in keys)):
                lines[number] = lines[number].removeprefix("# ")
        path.write_text("\n".join(lines), "utf-8")
        stamping = read_configuration(path).time_stamping
        assert stamping.url.startswith("https://") and stamping.timeout == 30


@pytest.mark.parametrize(
    ("old", "new", "text_id", "named"),
    [
        (str(ID), "není-uuid", "settings.choice", "archive.id"),
        ('code = "123456789"', 'code = "12345"', "settings.choice", "institution.code"),
        ("max-bytes = 25000000", "max-bytes = 0", "settings.choice", "malware.max-bytes"),
        ("max-bytes = 25000000", "max-bytes = 2147483648", "settings.choice", "malware.max-bytes"),
        ("seconds = 120", "seconds = -1", "settings.choice", "malware.seconds"),
        ('code = "123456789"', "code = 123456789", "settings.type", "code"),
        ('kind = "local"', 'kind = "s3"', "settings.choice", "storage.main"),
        ('path = "storage/main"', 'path = ""', "settings.choice", "storage.main"),
        ('path = "storage/main"', 'cesta = "storage/main"', "settings.unknown", "cesta"),
        ("[catalogue]", "[katalog]", "settings.unknown", "katalog"),
        ('language = "cs"', 'language = "sk"', "settings.choice", "archive.language"),
        ("[storage.main]", "[storage]", "settings", "storage"),
    ],
)
def test_a_mistake_is_refused_by_its_name(
    old: str, new: str, text_id: str, named: str, tmp_path: Path
) -> None:
    with pytest.raises(Misconfigured) as caught:
        read_configuration(written(tmp_path, (old, new)))
    assert caught.value.text_id.startswith(text_id)
    assert named in caught.value.text("en")
    assert caught.value.exit_code == 2


def test_several_storages_are_not_possible_yet(tmp_path: Path) -> None:
    path = written(tmp_path, ("[catalogue]", '[storage.druhe]\nkind = "local"\npath = "jinam"\n[catalogue]'))
    with pytest.raises(Misconfigured) as caught:
        read_configuration(path)
    assert (caught.value.text_id, caught.value.params["count"]) == ("settings.one-storage", 2)

"""Reading TOML that people write: every key is known and every value has its type, or an error says which."""

import dataclasses
import difflib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from archivum.errors import Misconfigured

Settings = TypeVar("Settings")


def read_toml(path: Path) -> dict[str, Any]:
    """Return the tables of a TOML file.

    Raises:
        Misconfigured: it cannot be read, is not UTF-8, or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise Misconfigured("settings.unreadable", place=path, reason=error.strerror or error) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Misconfigured("settings.not-toml", place=path, reason=error) from error


def read_table(kind: type[Settings], table: Mapping[str, Any], place: str) -> Settings:
    """Return a table as a frozen dataclass; a key in TOML has ``-`` where the field's name has ``_``.

    ``place`` names the file and the table in errors. Fields without a default must be given; a field that is
    a dataclass is a table of its own.

    Raises:
        Misconfigured: a key is unknown (the nearest known one is named), missing, or of the wrong type.
    """
    hints = get_type_hints(kind)
    known = {f.name.replace("_", "-"): f for f in dataclasses.fields(kind)}  # type: ignore[arg-type]
    for key in table:
        if key not in known:
            nearest = difflib.get_close_matches(key, known, 1) or sorted(known)
            raise Misconfigured("settings.unknown", key=key, place=place, nearest=", ".join(nearest))
    values = {}
    for key, field in known.items():
        if key in table:
            values[field.name] = _value(hints[field.name], table[key], f"{place}: {key}")
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise Misconfigured("settings.missing", key=key, place=place)
    return kind(**values)


def _value(hint: Any, value: object, place: str) -> Any:
    if dataclasses.is_dataclass(hint):
        if not isinstance(value, Mapping):
            raise Misconfigured("settings.type", place=place, expected="table", value=value)
        return read_table(hint, value, place)  # type: ignore[arg-type]
    expected = getattr(hint, "__origin__", hint)
    if expected is Mapping:
        expected = dict
    if isinstance(value, bool) is not (expected is bool) or not isinstance(value, expected):
        raise Misconfigured("settings.type", place=place, expected=expected.__name__, value=value)
    return value

"""The nouns as JSON values and back, and the one canonical form of JSON that is stored and hashed.

Canonical: UTF-8, keys sorted by code point, no white space, no member whose value is a field's empty
default, half surrogates (names that are not UTF-8, PEP 383) as escapes. One value has one form.
"""

import json
import re
import types
from collections.abc import Callable, Hashable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from typing import Any, Final, TypeVar, Union, cast, get_args, get_origin, get_type_hints
from uuid import UUID

Value = TypeVar("Value")
_SURROGATE = re.compile("[\ud800-\udfff]")


def canonical(plain: object) -> bytes:
    """Return JSON values in their one canonical form."""
    text = json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return _SURROGATE.sub(lambda match: f"\\u{ord(match[0]):04x}", text).encode("utf-8")


def instant(at: datetime) -> str:
    """Return a time as RFC 3339 in UTC, whole seconds: ``2026-11-23T09:45:00Z``."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def to_plain(value: object) -> Any:
    """Return a noun as JSON values: a dataclass becomes an object without the fields left at default."""
    kind = type(value)
    if kind in _AS_IS:
        return value
    written = _WRITTEN.get(kind)
    if written is not None:
        return written(value)
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if is_dataclass(value):
        plain = {}
        for name, default in _shape(cast("Hashable", kind)):
            item = getattr(value, name)
            if item != default:
                plain[name] = to_plain(item)
        return plain
    raise TypeError(f"{kind.__name__} has no JSON form")


_AS_IS: Final = frozenset({str, int, float, bool, type(None)})
_WRITTEN: Final[Mapping[type, Callable[[Any], Any]]] = {
    datetime: instant,
    UUID: str,
    tuple: lambda value: [to_plain(item) for item in value],
    list: lambda value: [to_plain(item) for item in value],
    dict: lambda value: {str(key): to_plain(item) for key, item in value.items()},
}


def from_plain(kind: type[Value], plain: object) -> Value:
    """Return the noun whose JSON values these are.

    Raises:
        ValueError, TypeError, KeyError: the values are not those of this noun.
    """
    return cast("Value", _reader(cast("Hashable", kind))(plain))


@cache
def _shape(kind: Any) -> tuple[tuple[str, object], ...]:
    """The fields of a dataclass with their defaults (an empty mapping for a default factory)."""
    return tuple(
        (
            f.name,
            f.default if f.default is not MISSING else {} if f.default_factory is not MISSING else MISSING,
        )
        for f in fields(kind)
    )


@cache
def _reader(kind: Any) -> Callable[[Any], Any]:
    """Return what reads a value of this type from JSON values."""
    origin, args = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        (inner,) = (_reader(arg) for arg in args if arg is not type(None))
        return lambda plain: None if plain is None else inner(plain)
    if origin is tuple:
        item = _reader(args[0])
        return lambda plain: tuple(item(one) for one in plain)
    if origin is not None and issubclass(origin, Mapping):
        return dict
    if kind is datetime:
        return datetime.fromisoformat
    if is_dataclass(kind):
        return _dataclass_reader(kind)
    if isinstance(kind, type) and issubclass(kind, StrEnum | UUID):
        return kind
    return lambda plain: plain


def _dataclass_reader(kind: Any) -> Callable[[Any], Any]:
    readers: dict[str, Callable[[Any], Any]] = {}

    def read(plain: Mapping[str, Any]) -> Any:
        if not readers:  # made when first wanted: a noun may hold others of its own kind
            readers.update({name: _reader(hint) for name, hint in get_type_hints(kind).items()})
        return kind(**{name: readers[name](item) for name, item in plain.items()})

    return read

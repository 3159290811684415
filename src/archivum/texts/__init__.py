"""Every sentence archivum says to people, in English and in Czech, found by a stable id.

An id is ``room.name``: the table ``[name]`` of ``LANGUAGE/room.toml`` or ``room_….toml`` in a package of
texts. A table has a ``text`` and, where something can be done about it, a ``hint``; findings have a ``rule``
and a ``source`` too.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Literal, get_args

Language = Literal["en", "cs"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
Part = Literal["text", "hint", "rule", "source"]


@cache
def room(name: str, language: Language, package: str = __name__) -> Mapping[str, Mapping[str, str]]:
    """Return all texts of one room, by their name within it.

    Raises:
        KeyError: there is no such room.
    """
    found: dict[str, Mapping[str, str]] = {}
    for place in (files(package) / language).iterdir():
        if place.name == f"{name}.toml" or place.name.startswith(f"{name}_"):
            found |= tomllib.loads(place.read_text("utf-8"))
    if not found:
        raise KeyError(f"no texts for {name!r} in {language!r}")
    return found


def say(
    text_id: str,
    language: Language = "en",
    part: Part = "text",
    package: str = __name__,
    /,
    **params: object,
) -> str:
    """Return one text with its parameters filled in; "" for a part that the text does not have.

    Raises:
        KeyError: the id or a parameter that the text names is unknown: a mistake of ours.
    """
    room_name, _, name = text_id.partition(".")
    template = room(room_name, language, package)[name].get(part, "")
    return template.format_map({key: printable(value) for key, value in params.items()})


def printable(value: object) -> str:
    """Return the value as text that every terminal and every UTF-8 file can hold.

    Names from file systems and archives may hold bytes that are not UTF-8 (PEP 383) and control characters
    that would drive a terminal; both are shown as escapes.
    """
    text = str(value).encode("utf-8", "backslashreplace").decode("utf-8")
    return "".join(c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode() for c in text)

"""The words of a page in one language, and values from packages made safe to stand in HTML."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from archivum.packaging.bag import readable_size
from archivum.packaging.writing import xml
from archivum.plain import instant
from archivum.texts import Language, printable, say


@dataclass(frozen=True, slots=True)
class Words:
    """Calling it returns one of the room's texts, escaped."""

    language: Language

    def __call__(self, name: str, **params: object) -> str:
        """Return a text of this room as HTML."""
        return xml(self.plain(name, **params)) if params else _label(name, self.language)

    def plain(self, name: str, **params: object) -> str:
        """Return a text of this room as it is."""
        return say(f"access.{name}", self.language, **params)

    def text(self, value: str) -> str:
        """Return any value as HTML; what is not seen, or turns the direction of writing, is shown escaped."""
        return xml(value if value.isprintable() else printable(value)).replace("&#10;", "\n")

    def time(self, at: datetime | None) -> str:
        """Return a time as people read it: ``2026-11-23 09:45:00 UTC``."""
        return instant(at).replace("T", " ").replace("Z", " UTC") if at else "–"

    def facts(self, facts: Iterable[tuple[str, str]], *, small: bool = False) -> str:
        """Return named values as a list of definitions, those that are empty left out."""
        rows = "".join(
            f"<dt>{self(name)}</dt><dd>{self.text(value)}</dd>\n" for name, value in facts if value.strip()
        )
        start = '<dl class="facts">' if small else "<dl>"
        return f"{start}\n{rows}</dl>\n" if rows else ""

    def size(self, size: int) -> str:
        """Return a number of bytes in the unit that people read, written as the language writes numbers."""
        shown = readable_size(size)
        return shown.replace(".", ",") if self.language == "cs" else shown


@cache
def _label(name: str, language: Language) -> str:
    """A text without parameters; pages of many thousand records repeat a few of them."""
    return xml(say(f"access.{name}", language))

"""Every error of the journal and the catalogue has its texts, in both languages, and no text is left over."""

import re
from pathlib import Path
from string import Formatter

from archivum import catalogue
from archivum.texts import room
from tests.unit.test_journal_verify import texts

SOURCE = "".join(path.read_text("utf-8") for path in sorted(Path(catalogue.__path__[0]).glob("*.py")))


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_every_error_has_its_texts_and_every_text_its_error() -> None:
    raised = set(re.findall(r'"catalogue\.([a-z-]+)"', SOURCE))
    assert set(room("catalogue", "en")) == set(room("catalogue", "cs")) == raised


def test_every_finding_has_its_texts() -> None:
    found = set(re.findall(r'"(journal-[a-z-]+)"', SOURCE))
    assert len(found) == 11
    assert found <= set(texts("en")) and found <= set(texts("cs"))


def test_both_languages_say_the_same_of_the_same() -> None:
    codes = [code for code in texts("en") if code.startswith("journal-")]
    pairs = [
        (room("catalogue", "en")[name], room("catalogue", "cs")[name]) for name in room("catalogue", "en")
    ]
    pairs += [(texts("en")[code], texts("cs")[code]) for code in codes]
    for english, czech in pairs:
        assert list(english) == list(czech)
        for part in english:
            assert placeholders(english[part]) == placeholders(czech[part]), english[part]

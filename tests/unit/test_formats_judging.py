"""What becomes of two engines' words."""

import pytest

from archivum.formats.judging import Answer, Match, Opinion, Seen, judge

PDF = Match("fmt/18", "PDF", "1.4", "application/pdf", "byte match")
PDF_A = Match("fmt/95", "PDF/A", "1a", "application/pdf", "byte match")
ZIP = Match("x-fmt/263", "ZIP", "", "application/zip", "byte match", "extension mismatch")
TEXT = Match("x-fmt/111", "Plain Text File", "", "text/plain", "text match", "match on text only")
CSV = Match(
    "x-fmt/18", "Comma Separated Values", "", "text/csv", "extension match", "match on extension only"
)
NEW = Match("fmt/1910", "PDF/A-4", "4", "application/pdf", "byte match", "extension mismatch")
SIARD = Match("fmt/161", "SIARD", "1.0", "", "signature match")

# what fido knows, and which formats take the place of which
KNOWN = {
    "fmt/18": frozenset[str](),
    "fmt/95": frozenset({"fmt/18"}),
    "x-fmt/263": frozenset[str](),
    "x-fmt/111": frozenset[str](),
    "fmt/161": frozenset({"x-fmt/263"}),
}


def fido(*matches: Match, by_name: str = "") -> Opinion:
    return Opinion(matches, frozenset(by_name.split()), KNOWN)


@pytest.mark.parametrize(
    ("seen", "unsure"),
    [
        (Seen((PDF,)), False),
        (Seen((ZIP,)), True),  # a warning
        (Seen((PDF, PDF_A)), True),
        (Seen((), (CSV,)), True),
        (Seen(), True),
        (Seen(error="unreadable"), False),
    ],
)
def test_a_second_opinion_is_asked_for_where_the_first_is_unsure(seen: Seen, unsure: bool) -> None:
    assert seen.unsure is unsure


@pytest.mark.parametrize(
    ("seen", "opinion", "answer"),
    [
        (Seen((PDF,)), None, Answer((PDF,), "passed", "siegfried")),
        (Seen((PDF, PDF_A)), None, Answer((PDF, PDF_A), "indeterminate", "siegfried", "several")),
        (Seen((), (CSV,)), fido(), Answer((CSV,), "indeterminate", "siegfried", "extension")),
        (Seen(), fido(), Answer((), "indeterminate", "siegfried", "unknown")),
        (Seen(error="empty"), None, Answer((), "failed", "", "empty")),
        (Seen(error="unreadable"), None, Answer((), "indeterminate", "", "unreadable")),
        # what fido goes by is no evidence when it is the name only
        (Seen(), fido(by_name="x-fmt/18"), Answer((), "indeterminate", "siegfried", "unknown")),
        # both see it
        (Seen((ZIP,)), fido(ZIP), Answer((ZIP,), "passed", "siegfried")),
        # fido says nothing against it
        (Seen((TEXT,)), fido(), Answer((TEXT,), "passed", "siegfried")),
        # fido alone sees the content: with the name on its side it decides, without it does not
        (Seen(), fido(SIARD, by_name="fmt/161"), Answer((SIARD,), "passed", "fido")),
        (Seen((), (CSV,)), fido(PDF, by_name="fmt/18"), Answer((PDF,), "passed", "fido")),
        (Seen(), fido(SIARD), Answer((SIARD,), "indeterminate", "fido", "unconfirmed")),
        (Seen((), (CSV,)), fido(PDF), Answer((PDF,), "indeterminate", "fido", "unconfirmed")),
        (Seen(), fido(PDF, PDF_A), Answer((PDF, PDF_A), "indeterminate", "fido", "several")),
        # both see something, and not the same
        (
            Seen((ZIP,)),
            fido(SIARD, by_name="fmt/161"),
            Answer((ZIP,), "failed", "siegfried", "disagreement: fido fmt/161"),
        ),
        (
            Seen((TEXT,)),
            fido(PDF, SIARD),
            Answer((TEXT,), "failed", "siegfried", "disagreement: fido fmt/18, fmt/161"),
        ),
        # fido's registry is older than the format, so what it takes it for says nothing
        (Seen((NEW,)), fido(PDF), Answer((NEW,), "passed", "siegfried")),
        # what fido sees is the general form of what siegfried sees
        (
            Seen((PDF_A._replace(warning="extension mismatch"),)),
            fido(PDF),
            Answer((PDF_A._replace(warning="extension mismatch"),), "passed", "siegfried"),
        ),
        (Seen((PDF, PDF_A)), fido(PDF_A), Answer((PDF, PDF_A), "indeterminate", "siegfried", "several")),
    ],
)
def test_judge(seen: Seen, opinion: Opinion | None, answer: Answer) -> None:
    assert judge(seen, opinion) == answer

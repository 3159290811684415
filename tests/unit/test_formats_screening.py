"""What a signature's expression demands is there whenever it matches, and is looked up rightly."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archivum.formats.screening import Content, Demand, Table, demand


def allowed(*values: bytes) -> tuple[tuple[int, frozenset[int]], ...]:
    return tuple((offset, frozenset(each)) for offset, each in enumerate(values) if each)


@pytest.mark.parametrize(
    ("expression", "anchored", "wanted"),
    [
        (rb"(?s)\A\x89PNG", True, Demand(allowed(b"\x89", b"P", b"N", b"G"), b"\x89PNG", 0, 0)),
        (rb"(?s)\ARIF(?:F|X).{4}WAVE", True,
         Demand(allowed(b"R", b"I", b"F", b"FX", b"", b"", b"", b"", b"W", b"A", b"V", b"E"), b"WAVE", 8, 8)),
        # behind something of no fixed length, an offset has bounds, or none
        (rb"(?s)\Aa.{2,5}bc", True, Demand(allowed(b"a"), b"bc", 3, 6)),
        (rb"(?s)\Aa.*bc", True, Demand(allowed(b"a"), b"bc", 1, None)),
        # what may be missing, or may be something else, is not demanded
        (rb"(?s)\Aab?", True, Demand(allowed(b"a"), b"a", 0, 0)),
        (rb"(?s)\A(?:abc|xyz)d", True, Demand(((3, frozenset(b"d")),), b"d", 3, 3)),
        (rb"(?s)\A[^a]b", True, Demand(((1, frozenset(b"b")),), b"b", 1, 1)),
        (rb"(?si)\Aabc", True, Demand()),
        # looked for anywhere; from the end, as far as it can reach
        (rb"(?s)alac.{0,72}ala", False, Demand((), b"alac", 0, None)),
        (rb"(?s)%%EOF.{0,1024}\Z", False, Demand((), b"%%EOF", 0, None, 1029)),
        (rb"(?s)%%EOF.*\Z", False, Demand((), b"%%EOF", 0, None)),
    ],
)  # fmt: skip
def test_demand(expression: bytes, anchored: bool, wanted: Demand) -> None:
    found = demand(expression, anchored=anchored)
    assert (found.start, found.literal) == (wanted.start, wanted.literal)
    if anchored:
        assert (found.low, found.high) == (wanted.low, wanted.high)
    else:
        assert found.width == wanted.width


PIECES = [
    rb"a",
    rb"ab",
    rb"(?:a|b)",
    rb"(?:ab|ba)",
    rb".",
    rb".{0,2}",
    rb".*",
    rb"[^a]",
    rb"b?",
    rb"(?:ab){1,2}",
]


@given(
    pieces=st.lists(st.sampled_from(PIECES), max_size=6),
    data=st.lists(st.sampled_from(b"abc"), max_size=20).map(bytes),
)
def test_what_matches_is_never_ruled_out(pieces: list[bytes], data: bytes) -> None:
    expression = rb"(?s)\A" + b"".join(pieces)
    wanted = demand(expression, anchored=True)
    ruled_out = not list(Table([wanted]).candidates(Content(data), len(data)))
    lacking = not Content(data).has(wanted.literal, wanted.low, wanted.high, len(data))
    assert not (re.match(expression, data) and (ruled_out or lacking))


@given(
    pieces=st.lists(st.sampled_from(PIECES), max_size=6),
    data=st.lists(st.sampled_from(b"abc"), max_size=20).map(bytes),
)
def test_what_ends_with_the_file_begins_within_its_width(pieces: list[bytes], data: bytes) -> None:
    expression = rb"(?s)" + b"".join(pieces) + rb"\Z"
    width = demand(expression, anchored=False).width
    start = 0 if width is None else max(0, len(data) - width)
    near = re.compile(expression).search(data, start)
    assert bool(near) == bool(re.search(expression, data))


def test_the_table_yields_in_order_those_that_are_not_ruled_out() -> None:
    table = Table([demand(e, anchored=True) for e in (rb"ab", rb".b", rb"x*c", rb"a.c", rb"abcd", rb".*")])
    assert list(table.candidates(Content(b"abc"), 3)) == [0, 1, 2, 3, 5]
    assert list(table.candidates(Content(b"abc"), 2)) == [0, 1, 5]
    assert list(table.candidates(Content(b""), 0)) == [5]


def test_a_literal_is_where_it_begins_and_ends_within_bounds() -> None:
    content = Content(b"--abc--")
    assert content.has(b"abc", 2, 2, 5)
    assert content.has(b"abc", 0, None, 7)
    assert not content.has(b"abc", 0, 1, 7)
    assert not content.has(b"abc", 3, None, 7)
    assert not content.has(b"abc", 2, 2, 4)

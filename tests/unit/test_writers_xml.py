"""The smallest pieces of what is written: escaping, references, identifiers, dates."""

from pathlib import Path
from urllib.parse import unquote
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from archivum.errors import Refused
from archivum.packaging.tree import span_of
from archivum.packaging.writing import Names, NewFile, href, xml
from tests.unit.test_writers_samples import UNUSUAL, UUID_

XML_CHARACTERS = st.text(
    st.characters(
        exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff", include_characters="\t\n\r"
    )
)
# a name in a folder: bytes that are not UTF-8 come as half surrogates (PEP 383)
NAMES = st.binary(min_size=1, max_size=40).map(
    lambda raw: raw.replace(b"\0", b"0").decode("utf-8", "surrogateescape")
)


@given(XML_CHARACTERS)
def test_what_xml_can_hold_is_read_back_as_text_and_as_attribute(text: str) -> None:
    read = etree.fromstring(f'<a b="{xml(text)}">{xml(text)}</a>')
    assert read.get("b") == text
    assert (read.text or "") == text


def test_what_xml_cannot_hold_is_shown() -> None:
    assert xml("a\x01b\udcff\ufffe") == "a\\x01b\\udcff\\ufffe"


@given(NAMES)
def test_a_reader_that_decodes_finds_every_file(name: str) -> None:
    read = etree.fromstring(f'<a href="{href(f"data/{name}")}"/>').attrib["href"]
    assert unquote(read, errors="surrogateescape") == f"data/{name}"


@pytest.mark.parametrize(
    "name", ["mezera v názvu.txt", "plus+plus.txt", "Příliš žluťoučký.txt", "a&b<c>'\".txt"]
)
def test_a_reader_that_does_not_decode_finds_usual_files(name: str) -> None:
    assert name in UNUSUAL or "Příliš" in name
    assert etree.fromstring(f'<a href="{href(name)}"/>').get("href") == name


@pytest.mark.parametrize(
    ("name", "reference"),
    [("100%.txt", "100%25.txt"), ("a#b?c", "a%23b%3Fc"), ("a  b ", "a%20%20b%20"), ("[x]\\y", "%5Bx%5D%5Cy")],
)
def test_only_what_a_url_needs_is_percent_encoded(name: str, reference: str) -> None:
    assert href(name) == reference


def test_identifiers_are_name_based_and_marked_as_version_4() -> None:
    made = Names(UUID_).of("file", "representations/submission/data/á")
    by_the_standard = uuid5(UUID_, "file:representations/submission/data/á")
    assert UUID(made[5:]).version == 4
    assert made[:5] == "uuid-"
    assert made[5:19] == str(by_the_standard)[:14]
    assert made[20:] == str(by_the_standard)[15:]
    assert made != Names(UUID_).of("record", "representations/submission/data/á")
    assert made != Names(UUID(int=1)).of("file", "representations/submission/data/á")


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("kept")
    with pytest.raises(Refused), NewFile(tmp_path, "a") as new:
        new.write("lost")
    assert (tmp_path / "a").read_text() == "kept"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2018", ("Y", "2018-01-01", "2018-12-31")),
        ("2020-02", ("YM", "2020-02-01", "2020-02-29")),
        ("2020-12", ("YM", "2020-12-01", "2020-12-31")),
        ("2018-03-01", ("D", "2018-03-01", "2018-03-01")),
        ("2018-03-01T09:30:00+01:00", ("D", "2018-03-01", "2018-03-01")),
        ("2018-03-01+01:00", ("D", "2018-03-01", "2018-03-01")),
        ("2018-03-01Z", ("D", "2018-03-01", "2018-03-01")),
        ("9999", ("Y", "9999-01-01", "9999-12-31")),
        ("2018-02-30", None),
        ("0000", None),
        ("jaro 2018", None),
        ("", None),
    ],
)
def test_dates_are_read_as_precisely_as_they_are_given(text: str, found: tuple[str, str, str] | None) -> None:
    span = span_of(text)
    assert (span and (span.format, span.first.isoformat(), span.last.isoformat())) == found

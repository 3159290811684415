"""XML from outside: what is refused before it is parsed, and that reading stays within its bounds."""

import subprocess
import sys
from pathlib import Path

import pytest
from lxml import etree

from archivum.packaging.xml import PIECE, Document

HELD = [pytest.param(1 << 22, id="tree"), pytest.param(0, id="stream")]
TAGS = frozenset({"item", "{urn:x}item"})
BOMB = (
    '<!DOCTYPE l [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(9))
    + "]><l>&j;</l>"
)


def document(tmp_path: Path, data: str | bytes, held: int = 0, **limits: int) -> Document:
    path = tmp_path / "mets.xml"
    path.write_bytes(data.encode("utf-8") if isinstance(data, str) else data)
    return Document(path, "mets.xml", held=held, **limits)


def codes(one: Document) -> list[str]:
    for _ in one.pieces(TAGS):
        pass
    return [finding.code for finding in one.findings]


@pytest.mark.parametrize("held", HELD)
def test_pieces_are_the_outermost_ones_in_order(tmp_path: Path, held: int) -> None:
    one = document(
        tmp_path,
        '<?xml version="1.0" encoding="utf-8"?><!-- a --><r n="1"><item i="1"><item i="2"/>é</item>'
        '<g n="2"><other/><!-- b --><x:item xmlns:x="urn:x" i="3">text</x:item></g><item i="4"/></r>',
        held,
    )
    seen = []
    for piece in one.pieces(TAGS):
        seen.append((piece.get("i"), "".join(piece.itertext())))
        assert [around.get("n") for around in piece.iterancestors()][-1] == "1"
    assert seen == [("1", "é"), ("3", "text"), ("4", "")]
    assert not one.findings and not one.broken
    assert one.root is not None and one.root.get("n") == "1"


@pytest.mark.parametrize("held", HELD)
@pytest.mark.parametrize(
    ("data", "where"),
    [
        ("<r/>".encode("utf-16"), "mets.xml"),
        ("<r/>".encode("utf-16-le"), "mets.xml"),
        ("<r/>".encode("utf-16-be"), "mets.xml"),
        ("<r/>".encode("utf-32-be"), "mets.xml"),
        (b"\x00\x00<\x00" + b"\x00\x00r\x00", "mets.xml"),
        (b'<?xml version="1.0" encoding="windows-1250"?><r/>', "mets.xml"),
        (b"<?xml version='1.0'\n encoding = 'ISO-8859-2' ?><r/>", "mets.xml"),
        (b'<?xml version="1.0" encoding="UTF-16"?><r/>', "mets.xml"),
    ],
)
def test_anything_but_utf_8_is_refused(tmp_path: Path, held: int, data: bytes, where: str) -> None:
    one = document(tmp_path, data, held)
    assert codes(one) == ["xml-encoding"]
    assert one.broken and one.findings[0].where == where


@pytest.mark.parametrize("held", HELD)
def test_bytes_that_are_not_utf_8_are_refused_with_their_place(tmp_path: Path, held: int) -> None:
    data = '<?xml version="1.0" encoding="UTF-8"?>\n<r>\n<item>žluť</item></r>'.encode("cp1250")
    one = document(tmp_path, data, held)
    assert codes(one) == ["xml-encoding"]
    assert one.findings[0].params == {"found": "0x9E"}  # ž in CP1250
    if held:
        assert one.findings[0].where == "mets.xml:3"


@pytest.mark.parametrize("held", HELD)
def test_utf_8_in_any_spelling_is_read(tmp_path: Path, held: int) -> None:
    for declaration in ("", '<?xml version="1.0"?>', '<?xml version="1.0" encoding="uTf-8"?>'):
        assert codes(document(tmp_path, declaration + "<r>č</r>", held)) == []


@pytest.mark.parametrize("held", HELD)
def test_a_byte_order_mark_is_told_and_read_over(tmp_path: Path, held: int) -> None:
    one = document(tmp_path, b'\xef\xbb\xbf<?xml version="1.0" encoding="UTF-8"?><r><item/></r>', held)
    assert len(list(one.pieces(TAGS))) == 1
    assert [finding.code for finding in one.findings] == ["xml-bom"] and not one.broken


@pytest.mark.parametrize("held", HELD)
@pytest.mark.parametrize(
    ("data", "external"),
    [
        (BOMB, False),
        ("<!DOCTYPE r><r/>", False),
        ("<?xml version='1.0'?>\n<!-- a > b -->\n<?p <r> ?>\n<!DOCTYPE r SYSTEM 'http://x.org'><r/>", True),
        ('<!DOCTYPE r PUBLIC "-//X//Y" "file:///etc/passwd"><r/>', True),
        ('<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r>&x;</r>', True),
        ('<!DOCTYPE r [<!ENTITY % x PUBLIC "x" "http://example.org/x">%x;]><r/>', True),
    ],
)  # fmt: skip
def test_a_document_type_is_refused_unread(tmp_path: Path, held: int, data: str, external: bool) -> None:
    one = document(tmp_path, data, held)
    assert codes(one) == ["xml-entity", *(["xml-external"] if external else [])]
    assert one.broken and one.root is None


@pytest.mark.parametrize("held", HELD)
def test_a_document_type_cannot_hide_behind_a_long_prolog(tmp_path: Path, held: int) -> None:
    one = document(tmp_path, f"<!-- {'x' * 200_000} --><!DOCTYPE r><r/>", held)
    assert codes(one) == ["xml-entity" if held else "xml-too-large"]
    assert one.root is None
    assert codes(document(tmp_path, f"{' ' * 200_000}<!DOCTYPE r><r/>", held)) != []


@pytest.mark.parametrize("held", HELD)
def test_the_word_doctype_in_content_is_content(tmp_path: Path, held: int) -> None:
    one = document(tmp_path, "<!-- <!DOCTYPE r> --><r><![CDATA[<!DOCTYPE r SYSTEM 'x'>]]></r>", held)
    assert codes(one) == []


@pytest.mark.parametrize("held", HELD)
@pytest.mark.parametrize(
    ("data", "where"),
    [
        ("<r>\n<a></b></r>", "mets.xml:2:8"),
        ("<r>&nbsp;</r>", "mets.xml:1:10"),
        ("", "mets.xml:1:1"),
        ("<r><x:a/></r>", None),
        ("<r/><r/>", None),
        ("plain text", None),
        ("<r a='1' a='2'/>", None),
        ("<r>\x01</r>", None),
        ("<r>", None),
    ],
)
def test_what_is_not_well_formed_is_told_with_line_and_column(
    tmp_path: Path, held: int, data: str, where: str | None
) -> None:
    one = document(tmp_path, data, held)
    assert codes(one) == ["xml-not-well-formed"]
    assert one.broken and one.findings[0].params["reason"]
    if where and held:
        assert one.findings[0].where == where


@pytest.mark.parametrize("held", [1 << 26, 0])
@pytest.mark.parametrize(
    "data", ["<a>" * 5000 + "</a>" * 5000, f"<a>{'x' * 10_100_000}</a>"], ids=["depth", "text"]
)
def test_resources_are_limited(tmp_path: Path, held: int, data: str) -> None:
    assert codes(document(tmp_path, data, held)) == ["xml-too-large"]


def test_a_document_over_the_limit_is_not_opened(tmp_path: Path) -> None:
    one = document(tmp_path, "<r><item/></r>", limit=10)
    assert one.broken and list(one.pieces(TAGS)) == []
    assert codes(one) == ["xml-too-large"]


def test_a_piece_without_end_is_not_held(tmp_path: Path) -> None:
    one = document(tmp_path, f"<r><item>{'<a/>' * (PIECE + 1)}</item></r>")
    assert codes(one) == ["xml-too-large"]


SCHEMA = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="r"><xs:complexType>
<xs:sequence><xs:element name="item" type="xs:int" maxOccurs="unbounded"/></xs:sequence></xs:complexType>
</xs:element></xs:schema>"""


@pytest.mark.parametrize("held", HELD)
@pytest.mark.parametrize(
    ("body", "valid"), [("<item>1</item>", True), ("<item>one</item>", False), ("", False)]
)
def test_both_ways_of_reading_validate(tmp_path: Path, held: int, body: str, valid: bool) -> None:
    schema = etree.XMLSchema(etree.fromstring(SCHEMA))
    one = document(tmp_path, f"\ufeff<r>{body}</r>", held)
    assert len(list(one.pieces(TAGS))) == body.count("/")
    assert one.valid(schema) is valid


MEASURE = """
import resource, sys
from pathlib import Path
from archivum.packaging.xml import Document
path = Path(sys.argv[1])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
document = Document(path, "mets.xml")
pieces = sum(1 for _ in document.pieces(frozenset({"item"})))
assert pieces == 100_000 and not document.findings, (pieces, document.findings)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_memory_does_not_grow_with_the_document(tmp_path: Path) -> None:
    path = tmp_path / "mets.xml"
    with path.open("w", encoding="utf-8") as file:
        file.write("<r>")
        for number in range(100_000):
            file.write(
                f"<foreign><deep><x>{'y' * 100}</x></deep></foreign><item>{number}{'z' * 200}</item>\n"
            )
        file.write("</r>")
    assert path.stat().st_size > 30_000_000
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(path)], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 20_000  # kB

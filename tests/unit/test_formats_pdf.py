"""PDF and PDF/A: what is whole, what is broken, what is hostile, and what is inside."""

import io
import time
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pikepdf
import pytest
import typst
from pikepdf import Array, Dictionary, Name, Pdf, String

from archivum.formats.examining import Examining
from archivum.formats.table import read_format_table
from archivum.formats.validating import Validating
from archivum.formats.validators.pdf_fonts import wanting
from archivum.model import Validation, Verdict

TABLE = Path(__file__).resolve().parents[2] / "profiles" / "formats.toml"
PASSED, FAILED, INDETERMINATE = Verdict.PASSED, Verdict.FAILED, Verdict.INDETERMINATE
TEXT = """
#set document(title: "Dopis", author: "Úřad", date: datetime(year: 2016, month: 3, day: 4))
#set text(lang: "cs")
= Dopis
Příliš žluťoučký kůň.
"""
EMPTY = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
Change = Callable[[Pdf], object]


@pytest.fixture(scope="module")
def examining() -> Iterator[Examining]:
    with Examining(read_format_table(TABLE).validators) as one:
        yield one


@pytest.fixture(scope="module")
def validating(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Validating]:
    with Validating(tmp_path_factory.mktemp("scratch"), {}) as one:
        yield one


@pytest.fixture
def examine(examining: Examining, tmp_path: Path) -> Callable[[bytes], Validation]:
    """Identify and judge a file, and what is inside it."""

    def examine(data: bytes) -> Validation:
        path = tmp_path / "a.pdf"
        path.write_bytes(data)
        examining.add("a", path, path.name, len(data))
        (seen,) = examining.results()
        return seen.validation

    return examine


@pytest.fixture
def judge(validating: Validating, tmp_path: Path) -> Callable[..., Validation]:
    """Judge a file as what it was before it was damaged: PDF 1.7, if nothing else is said."""

    def judge(data: bytes, puid: str = "fmt/276") -> Validation:
        path = tmp_path / "a.pdf"
        path.write_bytes(data)
        validating.add("a", path, path.name, len(data), puid, ["pdf", "verapdf", "page"])
        ((_, judged),) = validating.results()
        return judged.validation

    return judge


@cache
def typeset(standard: str) -> bytes:
    pdf = typst.compile(TEXT.encode(), format="pdf", pdf_standards=[standard], ignore_system_fonts=True)  # type: ignore[list-item]
    assert isinstance(pdf, bytes)
    return pdf


def saved(pdf: Pdf) -> bytes:
    """Write a document without mending or compressing anything."""
    target = io.BytesIO()
    pdf.save(
        target,
        compress_streams=False,
        stream_decode_level=pikepdf.StreamDecodeLevel.none,
        object_stream_mode=pikepdf.ObjectStreamMode.preserve,
        deterministic_id=True,
        fix_metadata_version=False,
    )
    return target.getvalue()


def changed(data: bytes, change: Change) -> bytes:
    with Pdf.open(io.BytesIO(data)) as pdf:
        change(pdf)
        return saved(pdf)


def plain(pages: int = 1) -> Pdf:
    pdf = Pdf.new()
    for _ in range(pages):
        pdf.add_blank_page(page_size=(100, 100))
    return pdf


def ids(found: Validation) -> set[str]:
    return {fault.id for fault in found.faults}


def script(_: Pdf) -> Dictionary:
    return Dictionary(S=Name.JavaScript, JS=String("app.alert(1)"))


# -- what is good -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", ["1a", "1b", "2a", "2b", "2u", "3a", "3b", "3u"])
def test_a_good_pdf_a_is_valid(examine: Callable[[bytes], Validation], level: str) -> None:
    found = examine(typeset(f"a-{level}"))
    assert (found.well_formed, found.valid, found.faults) == (PASSED, PASSED, ())
    assert found.facts["claims"] == f"PDF/A-{level}"
    assert found.facts["pages"] == "1"
    assert [tool.split()[0] for tool in found.tools] == ["pikepdf", "page-validation"]


@pytest.mark.parametrize(("level", "fact"), [("4", "PDF/A-4"), ("4f", "PDF/A-4f"), ("4e", "PDF/A-4e")])
def test_nothing_here_judges_pdf_a_4(examine: Callable[[bytes], Validation], level: str, fact: str) -> None:
    found = examine(typeset(f"a-{level}"))
    assert (found.well_formed, found.valid) == (PASSED, INDETERMINATE)
    assert found.facts["claims"] == fact


def test_plain_pdf_is_well_formed_and_no_more(examine: Callable[[bytes], Validation]) -> None:
    found = examine(typeset("1.7"))
    assert (found.well_formed, found.valid, found.faults) == (PASSED, INDETERMINATE, ())
    assert "claims" not in found.facts


def test_ten_thousand_pages(judge: Callable[..., Validation]) -> None:
    began = time.monotonic()
    found = judge(saved(plain(10_000)))
    assert (found.well_formed, found.facts["pages"]) == (PASSED, "10000")
    assert time.monotonic() - began < 20


# -- the claim ----------------------------------------------------------------------------------------------


def claiming(part: str, level: str, encoding: str = "utf-8") -> Change:
    xmp = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">'
        f"<pdfaid:part>{part}</pdfaid:part><pdfaid:conformance>{level}</pdfaid:conformance>"
        "</rdf:Description></rdf:RDF></x:xmpmeta>"
    )

    def change(pdf: Pdf) -> None:
        pdf.Root.Metadata = pdf.make_stream(xmp.encode(encoding), Type=Name.Metadata, Subtype=Name.XML)

    return change


def test_a_claim_alone_is_never_valid(judge: Callable[..., Validation]) -> None:
    def change(pdf: Pdf) -> None:
        claiming("2", "B")(pdf)
        font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)  # not embedded
        pdf.pages[0].obj.Resources = Dictionary(Font=Dictionary(F=font))
        pdf.pages[0].obj.Contents = pdf.make_stream(b"BT /F 12 Tf (Dopis) Tj ET")

    found = judge(changed(saved(plain()), change), "fmt/477")
    assert (found.well_formed, found.valid, found.facts["claims"]) == (PASSED, INDETERMINATE, "PDF/A-2b")
    assert ids(found) == {"pdfa-unconfirmed"}


ENCODINGS = ["utf-16-be", "utf-16-le", "utf-32-be", "utf-32-le", "utf-16", "utf-8-sig"]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_claim_in_another_encoding_is_read(judge: Callable[..., Validation], encoding: str) -> None:
    assert judge(changed(saved(plain()), claiming("3", "U", encoding))).facts["claims"] == "PDF/A-3u"


def test_a_claim_of_what_does_not_exist(judge: Callable[..., Validation]) -> None:
    found = judge(changed(saved(plain()), claiming("2", "R")))
    assert (found.valid, ids(found)) == (INDETERMINATE, {"pdfa-unknown"})


def test_what_only_an_attachment_claims(judge: Callable[..., Validation]) -> None:
    """The signature of PDF/A is found anywhere in a file; only the metadata of the whole file count."""

    def change(pdf: Pdf) -> None:
        claiming("2", "B")(pdf)
        pdf.Root.Extra = pdf.Root.Metadata
        del pdf.Root.Metadata

    found = judge(changed(typeset("1.7"), change), "fmt/477")
    assert (found.valid, ids(found)) == (INDETERMINATE, {"pdfa-no-claim"})


def test_a_claim_of_another_part_is_unconfirmed(judge: Callable[..., Validation]) -> None:
    found = judge(typeset("a-2b"), "fmt/354")
    assert (found.valid, ids(found)) == (INDETERMINATE, {"pdfa-other-claim"})


def test_a_claim_with_entities_is_not_resolved(judge: Callable[..., Validation]) -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + "".join(
        f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(20)
    )

    def change(pdf: Pdf) -> None:
        pdf.Root.Metadata = pdf.make_stream(
            f"{bomb}]><x>&t;</x>".encode(), Type=Name.Metadata, Subtype=Name.XML
        )

    found = judge(changed(saved(plain()), change))
    assert (found.well_formed, "claims" in found.facts) == (PASSED, False)


# -- rules of PDF/A that are asked here ---------------------------------------------------------------------


def name_tree(pdf: Pdf) -> None:
    pdf.Root.Names = Dictionary(JavaScript=Dictionary(Names=Array([String("a"), script(pdf)])))


def name_tree_of_kids(pdf: Pdf) -> None:
    leaf = pdf.make_indirect(Dictionary(Names=Array([String("a"), script(pdf)])))
    pdf.Root.Names = Dictionary(JavaScript=Dictionary(Kids=Array([leaf])))


def open_action(pdf: Pdf) -> None:
    pdf.Root.OpenAction = script(pdf)


def additional_action(pdf: Pdf) -> None:
    pdf.Root.AA = Dictionary(WC=script(pdf))


def next_action(pdf: Pdf) -> None:
    goto = Dictionary(S=Name.GoTo, D=Array([pdf.pages[0].obj, Name.Fit]), Next=Array([script(pdf)]))
    pdf.Root.OpenAction = goto


SCRIPTS = [name_tree, name_tree_of_kids, open_action, additional_action, next_action]


@pytest.mark.parametrize("level", ["1b", "2b", "3b"])
@pytest.mark.parametrize("change", SCRIPTS)
def test_scripts_are_not_pdf_a(judge: Callable[..., Validation], change: Change, level: str) -> None:
    found = judge(changed(typeset(f"a-{level}"), change))
    assert (found.well_formed, found.valid) == (PASSED, FAILED)
    assert "pdfa-script" in ids(found)


def test_scripts_in_plain_pdf_are_a_fact(judge: Callable[..., Validation]) -> None:
    found = judge(changed(typeset("1.7"), open_action))
    assert (found.well_formed, found.valid, found.faults, found.facts["scripts"]) == (
        PASSED,
        INDETERMINATE,
        (),
        "1",
    )


def flagged(flags: int) -> Change:
    def change(pdf: Pdf) -> None:
        link = Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 9, 9]), F=flags)
        pdf.pages[0].obj.Annots = Array([pdf.make_indirect(link)])

    return change


FLAGS = [(4, PASSED), (4 + 256, FAILED), (4 + 2, FAILED), (4 + 32, FAILED)]


@pytest.mark.parametrize(("flags", "valid"), FLAGS)
def test_annotations_do_not_hide(judge: Callable[..., Validation], flags: int, valid: Verdict) -> None:
    assert judge(changed(typeset("a-2b"), flagged(flags))).valid is valid


def writing(content: bytes) -> Change:
    def change(pdf: Pdf) -> None:
        page = pdf.pages[0].obj
        page.Contents = pdf.make_stream(page.Contents.read_bytes() + content)

    return change


@pytest.mark.parametrize(
    ("content", "valid"),
    [
        (b"\nq 40000.5 0 m 1 1 l S Q\n", PASSED),
        (b"\nq " + b"9" * 39 + b".0 0 m 1 1 l S Q\n", FAILED),  # ISO 32000-1 annex C: 3.403e38
        (b"\nq 0." + b"0" * 38 + b"1 0 m 1 1 l S Q\n", FAILED),  # and not closer to zero than 1.175e-38
        (b"\nq 0." + b"0" * 40 + b" 0 m 1 1 l S Q\n", PASSED),  # which is zero
    ],
)
def test_limits_of_numbers(judge: Callable[..., Validation], content: bytes, valid: Verdict) -> None:
    assert judge(changed(typeset("a-2b"), writing(content))).valid is valid


@pytest.mark.parametrize(("length", "valid"), [(127, PASSED), (128, FAILED)])
def test_limits_of_names(judge: Callable[..., Validation], length: int, valid: Verdict) -> None:
    def change(pdf: Pdf) -> None:
        pdf.Root["/" + "N" * length] = 1

    assert judge(changed(typeset("a-2b"), change)).valid is valid


def test_a_page_of_no_structure_is_unconfirmed_at_level_a(judge: Callable[..., Validation]) -> None:
    def change(pdf: Pdf) -> None:
        pdf.pages[0].obj.StructParents = 77

    found = judge(changed(typeset("a-2a"), change), "fmt/476")
    assert (found.valid, ids(found)) == (INDETERMINATE, {"pdf-structure-parent"})


# -- damage -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("standard", ["a-2b", "1.7"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_cut_off(judge: Callable[..., Validation], standard: str, share: float) -> None:
    data = typeset(standard)
    found = judge(data[: int(len(data) * share)])
    assert (found.well_formed, found.valid) == (FAILED, FAILED)
    assert "truncated" in ids(found)


def test_junk_after_the_end(judge: Callable[..., Validation]) -> None:
    data = typeset("1.7")
    found = judge(data + b"junk")
    assert (found.well_formed, ids(found)) == (PASSED, {"trailing"})
    assert judge(typeset("a-2b") + b"junk").valid is INDETERMINATE


def test_a_place_of_the_cross_references_that_is_wrong(judge: Callable[..., Validation]) -> None:
    data = typeset("1.7")
    found = judge(data.replace(b"startxref\n", b"startxref\n1"))
    assert (found.well_formed, "pdf-damaged" in ids(found)) == (FAILED, True)


def test_an_entry_of_the_cross_references_that_is_wrong(judge: Callable[..., Validation]) -> None:
    data = saved(plain())
    head, sep, tail = data.partition(b"0000000015 00000 n")
    assert sep
    found = judge(head + b"0000000099 00000 n" + tail)
    assert (found.well_formed, found.valid) == (FAILED, FAILED)


def test_data_that_cannot_be_decoded(judge: Callable[..., Validation]) -> None:
    damaged = bytearray(zlib.compress(b"q Q " * 500))
    damaged[-1] ^= 1  # of the checksum, which RFC 1950 puts last
    pdf = plain()
    pdf.pages[0].obj.Contents = pdf.make_stream(b"")
    pdf.pages[0].obj.Contents.write(bytes(damaged), filter=Name.FlateDecode)
    found = judge(saved(pdf))
    assert (found.well_formed, ids(found)) == (FAILED, {"undecodable"})


def test_compressed_data_that_end_early_are_unconfirmed(judge: Callable[..., Validation]) -> None:
    pdf = plain()
    pdf.pages[0].obj.Contents = pdf.make_stream(b"")
    pdf.pages[0].obj.Contents.write(zlib.compress(b"q Q " * 500)[:-4], filter=Name.FlateDecode)
    found = judge(saved(pdf))
    assert (found.well_formed, ids(found)) == (PASSED, {"pdf-stream-incomplete"})


def picture(data: bytes) -> Change:
    def change(pdf: Pdf) -> None:
        image = pdf.make_stream(
            data,
            Type=Name.XObject,
            Subtype=Name.Image,
            Width=4,
            Height=4,
            BitsPerComponent=8,
            ColorSpace=Name.DeviceGray,
        )
        pdf.pages[0].obj.Resources.XObject = Dictionary(I=image)

    return change


@pytest.mark.parametrize(("count", "valid"), [(16, PASSED), (15, INDETERMINATE)])
def test_a_picture_of_too_few_bytes(judge: Callable[..., Validation], count: int, valid: Verdict) -> None:
    found = judge(changed(typeset("a-2b"), picture(bytes(count))))
    assert (found.valid, "pdf-picture" in ids(found)) == (valid, valid is INDETERMINATE)


def test_a_font_that_is_cut_off_is_unconfirmed(judge: Callable[..., Validation]) -> None:
    def change(pdf: Pdf) -> None:
        for found in pdf.objects:
            if isinstance(found, Dictionary) and (program := found.get("/FontFile3")) is not None:
                data = program.read_bytes()
                assert not wanting(data)
                program.write(data[: len(data) // 2])

    found = judge(changed(typeset("a-2b"), change), "fmt/477")
    assert (found.valid, ids(found)) == (INDETERMINATE, {"pdf-font"})


# -- hostile ------------------------------------------------------------------------------------------------


def test_a_page_tree_that_leads_back(judge: Callable[..., Validation]) -> None:
    pdf = plain(2)
    pages = pdf.Root.Pages
    node = pdf.make_indirect(Dictionary(Type=Name.Pages, Parent=pages, Count=1))
    node.Kids = Array([node, pages])
    pages.Kids.append(node)
    found = judge(saved(pdf))
    assert (found.well_formed, found.valid) == (FAILED, FAILED)
    assert ids(found) <= {"pdf-damaged", "pdf-page-loop"}


def test_a_page_tree_of_ten_thousand_levels(judge: Callable[..., Validation]) -> None:
    pdf = plain()
    pages = pdf.Root.Pages
    node = pages.Kids[0]
    for _ in range(10_000):
        node = pdf.make_indirect(Dictionary(Type=Name.Pages, Count=1, Kids=Array([node])))
    pages.Kids = Array([node])
    found = judge(saved(pdf))
    assert (found.well_formed, ids(found)) == (FAILED, {"pdf-damaged"})


def test_a_document_without_pages(judge: Callable[..., Validation]) -> None:
    assert judge(saved(Pdf.new())).well_formed is FAILED


@cache
def bomb(size: int) -> bytes:
    machine, data = zlib.compressobj(1), bytearray()
    for _ in range(size >> 20):
        data += machine.compress(bytes(1 << 20))
    return bytes(data + machine.flush())


@pytest.mark.parametrize(("size", "well_formed"), [(100 << 20, PASSED), (513 << 20, INDETERMINATE)])
def test_a_stream_that_expands(judge: Callable[..., Validation], size: int, well_formed: Verdict) -> None:
    pdf = plain()
    pdf.Root.Bomb = pdf.make_stream(b"")
    pdf.Root.Bomb.write(bomb(size), filter=Name.FlateDecode)
    began = time.monotonic()
    found = judge(saved(pdf))
    assert (found.well_formed, found.reason) == (well_formed, "")
    assert ("pdf-stream-too-large" in ids(found)) is (well_formed is INDETERMINATE)
    assert time.monotonic() - began < 20


def test_a_stream_that_expands_twice(judge: Callable[..., Validation]) -> None:
    pdf = plain()
    pdf.Root.Bomb = pdf.make_stream(b"")
    twice = zlib.compress(bomb(513 << 20), 9)
    pdf.Root.Bomb.write(twice, filter=Array([Name.FlateDecode, Name.FlateDecode]))
    data = saved(pdf)
    assert len(data) < 200_000
    assert ids(judge(data)) == {"pdf-stream-too-large"}


def test_encrypted(judge: Callable[..., Validation]) -> None:
    def locked(password: str, data: bytes) -> bytes:
        target = io.BytesIO()
        with Pdf.open(io.BytesIO(data)) as pdf:
            pdf.save(target, encryption=pikepdf.Encryption(owner="owner", user=password, metadata=False))
        return target.getvalue()

    found = judge(locked("secret", typeset("1.7")))
    assert (found.well_formed, found.valid, ids(found)) == (INDETERMINATE, INDETERMINATE, {"pdf-locked"})
    found = judge(locked("", typeset("1.7")))
    assert (found.well_formed, found.valid, ids(found)) == (PASSED, INDETERMINATE, {"pdf-encrypted"})
    assert judge(locked("", typeset("a-2b")), "fmt/477").valid is FAILED
    assert judge(locked("secret", typeset("a-2b")), "fmt/477").valid is FAILED


# -- files inside -------------------------------------------------------------------------------------------


def attaching(**files: bytes) -> Change:
    def change(pdf: Pdf) -> None:
        for name, data in files.items():
            pdf.attachments[name.replace("__", ".")] = data

    return change


def test_attachments_in_attachments_are_judged(examine: Callable[[bytes], Validation]) -> None:
    inner = changed(typeset("1.7"), attaching(text__txt=b"hello\n", whole__pdf=typeset("a-2b")))
    found = examine(
        changed(
            typeset("1.7"),
            attaching(inner__pdf=inner, odd__pdf=EMPTY),
        )
    )
    assert found.facts["attachments"] == "2"
    parts = {part.path: part for part in found.parts}
    assert set(parts) == {"inner.pdf", "odd.pdf"}
    assert parts["odd.pdf"].validation.well_formed is FAILED
    inside = {part.path: part.validation.valid for part in parts["inner.pdf"].validation.parts}
    assert inside == {"text.txt": INDETERMINATE, "whole.pdf": PASSED}


def test_attachments_hang_in_many_places(examine: Callable[[bytes], Validation]) -> None:
    def change(pdf: Pdf) -> None:
        def specification(name: str, data: bytes) -> pikepdf.Object:
            stream = pdf.make_stream(data)
            return pdf.make_indirect(
                Dictionary(
                    Type=Name.Filespec, F=String(name), UF=String(name), EF=Dictionary(F=stream, UF=stream)
                )
            )

        annotation = Dictionary(
            Type=Name.Annot,
            Subtype=Name.FileAttachment,
            Rect=Array([0, 0, 9, 9]),
            FS=specification("../../etc/a.txt", b"one"),
        )
        pdf.pages[0].obj.Annots = Array([pdf.make_indirect(annotation)])
        pdf.Root.AF = Array([specification("příloha.txt", b"four")])
        pdf.pages[0].obj.AF = Array([specification("C:\\b.txt", b"three")])

    found = examine(changed(saved(plain()), change))
    assert {(part.path, part.size) for part in found.parts} == {
        ("etc/a.txt", 3),
        ("příloha.txt", 4),
        ("C:/b.txt", 5),
    }
    assert found.facts["attachments"] == "3"


def test_what_cannot_be_read_is_not_made_good_by_others(validating: Validating, tmp_path: Path) -> None:
    validating.add("a", tmp_path / "gone.pdf", "gone.pdf", 10, "fmt/477", ["pdf", "page"])
    ((_, judged),) = validating.results()
    found = judged.validation
    assert (found.well_formed, found.valid) == (INDETERMINATE, INDETERMINATE)
    assert "pdf-unread" in ids(found)

"""The project's schemas, the sets made of them, and what they say of a document."""

import hashlib
import pickle
import socket
import subprocess
import sys
import tomllib
from collections import Counter
from importlib.resources import files
from pathlib import Path
from string import Formatter

import pytest
from lxml import etree

from archivum.errors import Misconfigured
from archivum.schemas import SETS, SchemaError, Schemas, install, pins, place
from archivum.schemas.explaining import read
from archivum.storage.durable import publish
from tests.shared import SHARED, needs_shared

XS = "{http://www.w3.org/2001/XMLSchema}"
OWN = sorted(path.name for path in place().glob("*.xsd"))
SCHEMAS = Schemas()

METS = """<mets xmlns="http://www.loc.gov/METS/" xmlns:xlink="http://www.w3.org/1999/xlink"
  xmlns:csip="https://DILCIS.eu/XML/METS/CSIPExtensionMETS">
<metsHdr CREATEDATE="2026-11-23T09:45:00Z" csip:OAISPACKAGETYPE="AIP">
<agent ROLE="CREATOR"><name>archivum</name><note csip:NOTETYPE="SOFTWARE VERSION">1</note></agent>
</metsHdr>
<fileSec><fileGrp>
<file ID="f1" SIZE="1" CHECKSUMTYPE="SHA-512"><FLocat LOCTYPE="URL" xlink:type="simple"/></file>
<file ID="f2"/>
</fileGrp></fileSec>
<structMap><div/></structMap>
</mets>
"""
FILE = "/mets/fileSec/fileGrp/file"
PREMIS = """<p:premis xmlns:p="http://www.loc.gov/premis/v3" version="3.0"
  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<p:object xsi:type="p:representation">
<p:objectIdentifier><p:objectIdentifierType>local</p:objectIdentifierType
><p:objectIdentifierValue>1</p:objectIdentifierValue></p:objectIdentifier>
</p:object>
</p:premis>
"""


@pytest.mark.parametrize("name", OWN)
def test_each_schema_compiles_by_itself_and_asks_for_nothing_outside(name: str) -> None:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    document = etree.parse(place() / name, parser)
    etree.XMLSchema(document)
    for asked in document.iter(f"{XS}import", f"{XS}include"):
        assert asked.get("schemaLocation") in OWN


@pytest.mark.parametrize("name", OWN)
def test_each_element_says_its_clause(name: str) -> None:
    silent = [
        element.get("name")
        for element in etree.parse(place() / name).iter(f"{XS}element")
        if element.get("name") and not (element.findtext(f"{XS}annotation/{XS}documentation") or "").strip()
    ]
    assert silent == []


def test_the_pinned_list_is_consistent() -> None:
    pinned = pins()
    assert len(pinned) == 14
    for pin in pinned.values():
        assert len(bytes.fromhex(pin.sha512)) == 64
        assert pin.address.startswith(("http://", "https://"))
        assert set(pin.replaces) <= set(OWN)
        assert set(pin.needs) <= pinned.keys()
    for parts in SETS.values():
        for part in parts:
            assert part.own in pinned[part.official].replaces
            assert etree.parse(place() / part.own).getroot().get("targetNamespace") == part.namespace
    assert len({pin.sha512 for pin in pinned.values()}) == len(pinned)


@needs_shared
def test_the_pinned_files_are_those_published() -> None:
    sizes = {pin.size for pin in pins().values()}
    published = {
        hashlib.sha512(path.read_bytes()).hexdigest(): path.stat().st_size
        for path in (SHARED / "schemas").rglob("*.xsd")
        if path.stat().st_size in sizes
    }
    for pin in pins().values():
        assert published.get(pin.sha512) == pin.size, pin.name


# -- sets -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(SETS))
def test_each_set_compiles_once(name: str) -> None:
    schemas = Schemas()
    assert schemas.schema(name) is schemas.schema(name)


def test_unknown_sets_are_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError):
        SCHEMAS.schema("nsesss-2009")
    with pytest.raises(KeyError):
        SCHEMAS.decides("nsesss-2009")


def test_ours_decide_until_all_of_the_publishers_files_are_there(tmp_path: Path) -> None:
    assert Schemas().decides("mets") == "archivum"
    assert Schemas(tmp_path / "nothing").decides("mets") == "archivum"
    (tmp_path / "mets.xsd").touch()
    assert Schemas(tmp_path).decides("mets") == "archivum"
    Schemas(tmp_path).schema("mets")


def test_schemas_go_to_another_process(tmp_path: Path) -> None:
    SCHEMAS.schema("ead3")
    again = pickle.loads(pickle.dumps(SCHEMAS))
    again.schema("ead3")
    assert pickle.loads(pickle.dumps(Schemas(tmp_path)))._official == tmp_path


def test_what_a_schema_asks_for_outside_is_never_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "secret.xsd"
    secret.write_text(f'<xs:schema xmlns:xs="{XS[1:-1]}" targetNamespace="urn:x"/>')
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        for location in (f"http://127.0.0.1:{server.getsockname()[1]}/x.xsd", secret.as_uri(), str(secret)):
            ead = f'<xs:schema xmlns:xs="{XS[1:-1]}" targetNamespace="http://ead3.archivists.org/schema/">'
            asking = f'{ead}<xs:import namespace="urn:x" schemaLocation="{location}"/></xs:schema>'
            folder = tmp_path / str(len(location))
            folder.mkdir()
            (folder / "ead3.xsd").write_text(asking)
            monkeypatch.setattr("archivum.schemas.place", lambda folder=folder: folder)
            with pytest.raises(Misconfigured) as raised:
                Schemas().schema("ead3")
            assert raised.value.text_id == "schemas.unusable"
            assert raised.value.text("cs") and raised.value.hint("cs")
        with pytest.raises(TimeoutError):
            server.accept()


def test_a_set_judges_what_is_inside_xml_data() -> None:
    log = """<mets xmlns="http://www.loc.gov/METS/">
      <amdSec><digiprovMD ID="a"><mdWrap MDTYPE="OTHER"><xmlData>
      <l:TransakcniLogObjektu xmlns:l="{}"/></xmlData></mdWrap></digiprovMD></amdSec>
      <structMap><div/></structMap></mets>"""
    newer = etree.fromstring(log.format("http://www.mvcr.cz/nsesss/2023/log"))
    older = etree.fromstring(log.format("http://nsess.public.cz/erms_trans/v_01_01"))
    assert not SCHEMAS.schema("nsesss-2024").validate(newer)
    assert SCHEMAS.schema("nsesss-2024").validate(older)
    assert not SCHEMAS.schema("nsesss-2017").validate(older)
    assert SCHEMAS.schema("mets").validate(newer)


@pytest.mark.parametrize(
    "term", ["citcarchival_v1_0", "citscarchival_v1_0", "csarchival_v1_0", "cscarchival_v1_0"]
)
def test_both_spellings_of_the_content_information_type_are_taken(term: str) -> None:
    mets = etree.fromstring(METS)
    mets.set("{https://DILCIS.eu/XML/METS/CSIPExtensionMETS}CONTENTINFORMATIONTYPE", term)
    assert SCHEMAS.schema("czdax-mets").validate(mets)
    mets.set("{https://DILCIS.eu/XML/METS/CSIPExtensionMETS}CONTENTINFORMATIONTYPE", f"{term}x")
    assert not SCHEMAS.schema("czdax-mets").validate(mets)


# -- explaining -------------------------------------------------------------------------------------------


def explained(tmp_path: Path, name: str, document: str, limit: int = 100) -> list[SchemaError]:
    path = tmp_path / "document.xml"
    path.write_text(document, "utf-8")
    return list(SCHEMAS.explain(name, path, limit))


def test_a_valid_document_needs_no_words(tmp_path: Path) -> None:
    assert explained(tmp_path, "mets", METS) == []
    assert explained(tmp_path, "premis", PREMIS) == []


@pytest.mark.parametrize(
    ("old", "new", "kind", "line", "xpath", "words"),
    [
        ("<div/>", "<div><fptr/><mptr/></div>", "unexpected", 10, "/mets/structMap/div/mptr", ["fptr, div"]),
        ("<structMap><div/></structMap>", "", "incomplete", 11, "/mets", ["mets", "structMap"]),
        ("<div/>", "<div/><div/>", "too-many", 10, "/mets/structMap/div[2]", ["div"]),
        ('"f2"', '"f1"', "duplicate", 8, f"{FILE}[2]", ["f1"]),
        (' ID="f2"', "", "attribute-missing", 8, f"{FILE}[2]", ["file", "ID"]),
        ("<div/>", '<div X="1"/>', "attribute-unknown", 10, "/mets/structMap/div", ["div/@X"]),
        ("SHA-512", "SHA-3", "not-in-list", 7, FILE, ["file/@CHECKSUMTYPE", "SHA-3", "MD5"]),
        ('SIZE="1"', 'SIZE="1 B"', "not-a-number", 7, FILE, ["1 B"]),
        ("2026-11-23T09:45:00Z", "2026-11-23", "not-a-moment", 3, "/mets/metsHdr", ["metsHdr/@CREATEDATE"]),
        ('"f2"', '"2"', "not-an-id", 8, f"{FILE}[2]", ["file/@ID", "2"]),
        ('"simple"', '"none"', "not-fixed", 7, f"{FILE}/FLocat", ["none", "simple"]),
        ("<structMap>", "<structMap>text", "text", 10, "/mets/structMap", ["structMap"]),
        ("<name>", "<name><b/>", "no-elements", 4, "/mets/metsHdr/agent/name", ["name"]),
    ],
)
def test_what_is_wrong_with_a_mets(
    tmp_path: Path, old: str, new: str, kind: str, line: int, xpath: str, words: list[str]
) -> None:
    assert METS.count(old) == 1
    document = METS.replace(old, new)
    (error,) = explained(tmp_path, "mets", document)
    assert (error.kind, error.line, error.xpath) == (kind, line, xpath)
    for word in words:
        assert word in error.message
        assert word in error.text("cs")
    assert error.hint() and error.hint("cs") and error.text("cs") != error.text("en")
    assert len(etree.fromstring(document).xpath(error.path)) == 1


@pytest.mark.parametrize(
    "document", ["", " ", "text", "<mets", METS[:-20], METS.replace("</fileGrp>", ""), METS + "<a/>"]
)
def test_of_a_document_that_is_not_well_formed_nothing_else_is_said(tmp_path: Path, document: str) -> None:
    (error,) = explained(tmp_path, "mets", document)
    assert error.kind == "not-well-formed"
    assert error.line in (1, document.count("\n") + 1, 9)
    assert error.text("cs")


def test_what_is_wrong_with_a_premis(tmp_path: Path) -> None:
    error, *_ = explained(tmp_path, "premis", PREMIS.replace("p:representation", "p:nothing"))
    assert (error.kind, error.line, error.xpath) == ("type-unknown", 3, "/p:premis/p:object")
    (error,) = explained(tmp_path, "premis", PREMIS.replace(' xsi:type="p:representation"', ""))
    assert error.kind == "type-abstract"
    (error,) = explained(tmp_path, "premis", PREMIS.replace("premis/v3", "premis/v2"))
    assert (error.kind, error.line, error.path) == ("root", 2, "/*[1]")


def test_errors_come_in_the_order_of_the_document_and_no_more_than_asked(tmp_path: Path) -> None:
    document = (
        METS.replace('"f2"', '"f1"').replace('SIZE="1"', 'SIZE="x"').replace("<div/>", '<div ORDER="x"/>')
    )
    assert [error.line for error in explained(tmp_path, "mets", document)] == [7, 8, 10]
    assert [error.line for error in explained(tmp_path, "mets", document, 2)] == [7, 8]
    assert explained(tmp_path, "mets", document, 0) == []


def test_the_same_id_is_no_matter_in_what_a_schema_does_not_judge(tmp_path: Path) -> None:
    twice = '<a xmlns="urn:x" ID="f1"/><n:Spis xmlns:n="http://www.mvcr.cz/nsesss/v4" ID="f1"/>'
    twice = f'<mdWrap MDTYPE="OTHER"><xmlData>{twice}</xmlData></mdWrap>'
    document = METS.replace("<fileSec>", f'<dmdSec ID="d">{twice}</dmdSec><fileSec>')
    assert explained(tmp_path, "mets", document) == []


def test_long_values_and_lists_are_shown_in_part() -> None:
    value = "v" * 500
    kind, params = read(
        f"Element '{{urn:x}}a', attribute 'b': '{value}' is not a valid value of the atomic type 'xs:date'."
    )
    assert kind == "not-a-date"
    assert params == {"subject": "a/@b", "value": "v" * 120 + "…"}
    kind, params = read(
        "Element 'a': [facet 'enumeration'] The value '{x}' is not an element of the set {'1', '2'}."
    )
    assert (kind, params["value"], params["expected"]) == ("not-in-list", "{x}", "'1', '2'")
    assert read("Something new.") == ("other", {"subject": "", "reason": "Something new."})


def test_memory_does_not_grow_with_the_document(tmp_path: Path) -> None:
    path = tmp_path / "mets.xml"
    head, _, tail = METS.partition('<file ID="f2"/>')
    with path.open("w") as stream:
        stream.write(head)
        for number in range(60_000):
            stream.write(f'<file ID="g{number}" MIMETYPE="application/pdf" CHECKSUM="{number:0128}"/>\n')
        stream.write('<file ID="last" SIZE="x"/>')
        stream.write(tail)
    program = """
import resource, sys
from pathlib import Path
from archivum.schemas import Schemas
schemas = Schemas()
schemas.schema("mets")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print([error.line for error in schemas.explain("mets", Path(sys.argv[1]))])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    run = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True
    )
    lines, grown = run.stdout.splitlines()
    assert lines == "[60008]"
    assert path.stat().st_size > 10_000_000
    assert int(grown) < 20_000  # KiB, of which the ids take about half; a tree takes ten times the document


# -- installing -------------------------------------------------------------------------------------------


def test_installing_from_nothing_installs_nothing(tmp_path: Path) -> None:
    came = install(tmp_path, tmp_path / "official", publish)
    assert came.missing == tuple(sorted(pins()))
    assert (came.installed, came.present, came.refused) == ((), (), ())
    assert not (tmp_path / "official").exists()


def test_a_file_with_other_bytes_is_refused_by_name_with_both_digests(tmp_path: Path) -> None:
    wrong = tmp_path / "source" / "ead3.xsd"
    wrong.parent.mkdir()
    wrong.write_bytes(b"not it")
    came = install(wrong.parent, tmp_path / "official", publish)
    (refusal,) = came.refused
    assert (refusal.name, refusal.path) == ("ead3.xsd", wrong)
    assert refusal.pinned == pins()["ead3.xsd"].sha512
    assert refusal.found == hashlib.sha512(b"not it").hexdigest()
    assert "ead3.xsd" in came.missing
    assert not (tmp_path / "official").exists()


def test_a_changed_file_in_the_target_is_refused_and_stays(tmp_path: Path) -> None:
    held = tmp_path / "premis.xsd"
    held.write_bytes(b"mine")
    came = install(tmp_path / "nowhere", tmp_path, publish)
    assert [(refusal.name, refusal.path) for refusal in came.refused] == [("premis.xsd", held)]
    assert "premis.xsd" not in came.missing
    assert held.read_bytes() == b"mine"


# -- texts ------------------------------------------------------------------------------------------------


def test_every_kind_has_its_texts_in_both_languages() -> None:
    rooms = {
        language: tomllib.loads((files("archivum.texts") / language / "schemas.toml").read_text("utf-8"))
        for language in ("en", "cs")
    }
    assert rooms["en"].keys() == rooms["cs"].keys()
    for name, english in rooms["en"].items():
        for part, text in english.items():
            assert names_in(text) == names_in(rooms["cs"][name][part]), (name, part)


def names_in(text: str) -> Counter[str]:
    return Counter(name for _, name, _, _ in Formatter().parse(text) if name)

"""Text and data: good files are taken for what they are, every fault is found in a file that has it."""

import gzip
import io
import random
import struct
import tarfile
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Final

import pytest

from archivum.formats.validators import VALIDATORS
from archivum.formats.validators.answer import Answer, Subject, Told
from fixtures import made_data as made
from fixtures.images import png
from fixtures.made_data import FILES, MAKERS

OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)


def judge(
    validator: str, data: bytes | Path, folder: Path, name: str = "file", puid: str = "", **settings: str
) -> Answer:
    """What a validator says of a file; what it takes out lies in ``scratch``."""
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    if isinstance(data, bytes):
        place = folder / name
        place.write_bytes(data)
    else:
        place = data
    subject = Subject(str(place), name, place.stat().st_size, puid)
    answer = import_module(VALIDATORS[validator]).validate(subject, Told(str(scratch), settings))
    assert isinstance(answer, Answer)
    assert {Path(one.place) for one in answer.inner} == set(scratch.iterdir()), "nothing else is left behind"
    return answer


# -- good files -----------------------------------------------------------------------------------------

VERDICTS: Final = {
    "xml": "indeterminate", "isdoc": "indeterminate", "csv": "passed", "json": "passed",
    "text": "indeterminate",
    "zip": "passed", "odf": "indeterminate", "ooxml": "indeterminate", "eml": "passed", "warc": "passed",
    "warc.gz": "passed", "siard": "indeterminate", "zfo": "indeterminate", "tar": "passed", "gzip": "passed",
}  # fmt: skip


@pytest.mark.parametrize("kind", FILES)
def test_a_good_file_is_well_formed_and_has_no_fault(kind: str, tmp_path: Path) -> None:
    validator, name, puid, _ = FILES[kind]
    said = judge(validator, MAKERS[kind](tmp_path), tmp_path, name, puid)
    assert (said.well_formed, said.valid, said.faults) == ("passed", VERDICTS[kind], ())


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("zip", {"složka/text.txt": made.plain(), "obraz.png": png().data}),
        ("tar", {"složka/text.txt": made.plain(), "obraz.png": png().data}),
        ("gzip", {"obraz.png": png().data}),
        ("eml", {"obraz.png": png().data, "text.txt": "Příloha\r\n".encode()}),
        ("zfo", {"výkaz.png": png().data, "text.txt": "Příloha\n".encode()}),
        ("odf", {"Pictures/1.png": png().data}),
        ("ooxml", {"word/media/1.png": png().data}),
    ],
)
def test_what_is_inside_comes_out_byte_for_byte(
    kind: str, expected: dict[str, bytes], tmp_path: Path
) -> None:
    validator, name, puid, make = FILES[kind]
    said = judge(validator, make(), tmp_path, name, puid)
    assert {one.path: Path(one.place).read_bytes() for one in said.inner} == expected
    assert [one.size for one in said.inner] == [Path(one.place).stat().st_size for one in said.inner]


def facts(kind: str, folder: Path) -> dict[str, str]:
    validator, name, puid, make = FILES[kind]
    return dict(judge(validator, make(), folder, name, puid).facts)


def test_facts_are_read_off(tmp_path: Path) -> None:
    assert facts("csv", tmp_path) == {"encoding": "utf-8", "separator": ",", "columns": "3", "rows": "3"}
    assert facts("isdoc", tmp_path)["version"] == "6.0.1"
    assert facts("siard", tmp_path) == {"version": "2.1", "tables": "1", "rows": "2"}
    assert facts("warc.gz", tmp_path)["records"] == "2"
    assert facts("zfo", tmp_path) == {"message": "1234567", "attachments": "2"}


# -- every fault ----------------------------------------------------------------------------------------


def patched(data: bytes, old: bytes, new: bytes, count: int = 1) -> bytes:
    assert old in data and len(old) == len(new)
    return data.replace(old, new, count)


def central(data: bytes, offset: int, value: bytes, entry: int = 0) -> bytes:
    """A ZIP file with bytes changed at an offset in a header of the directory."""
    at = -1
    for _ in range(entry + 1):
        at = data.index(b"PK\1\2", at + 1)
    return data[: at + offset] + value + data[at + offset + len(value) :]


def one(name: str, data: bytes = b"ahoj", method: int = zipfile.ZIP_STORED) -> bytes:
    return made.zipped([(name, data)], method)


def twice() -> bytes:
    with pytest.warns(UserWarning, match="Duplicate"):
        return made.zipped([("a", b"1"), ("a", b"2")])


def overlapping() -> bytes:
    data = made.zipped([("aa", b"1"), ("aa2", b"2")], zipfile.ZIP_STORED)
    return central(data, 42, struct.pack("<L", 0), entry=1)


def gap() -> bytes:
    data = made.zipped([("a", b"1"), ("b", b"2"), ("c", b"3")], zipfile.ZIP_STORED)
    start = data.index(b"PK\1\2")
    first, second = start, data.index(b"PK\1\2", start + 1)
    third = data.index(b"PK\1\2", second + 1)
    end = data.index(b"PK\5\6")
    entries = data[first:second] + data[third:end]
    tail = struct.pack("<LHHHHLLH", 0x06054B50, 0, 0, 2, 2, len(entries), start, 0)
    return data[:start] + entries + tail


def nested() -> bytes:
    """A ZIP file in a ZIP file, the outer one cut off: only the inner one's directory is left."""
    return one("inner.zip", one("a"))[: len(one("a")) + 30 + len("inner.zip")]


def many() -> bytes:
    data = one("a")
    end = data.index(b"PK\5\6")
    wide = struct.pack("<LQHHLLQQQQ", 0x06064B50, 44, 45, 45, 0, 0, 200_000, 200_000, 47, 34)
    locator = struct.pack("<LLQL", 0x07064B50, 0, end, 1)
    return data[:end] + wide + locator + data[end:]


def mail(*, old: str = "", new: str = "") -> bytes:
    data = made.eml()
    assert not old or old.encode() in data
    return data.replace(old.encode(), new.encode(), 1)


def siard(old: str, new: str, name: str) -> bytes:
    parts = made.siard_parts()
    assert old.encode() in parts[name]
    return made.zipped((parts | {name: parts[name].replace(old.encode(), new.encode())}).items())


def without(parts: dict[str, bytes], *names: str) -> bytes:
    return made.zipped((name, data) for name, data in parts.items() if name not in names)


def more(parts: dict[str, bytes], **added: bytes) -> bytes:
    return made.zipped([*parts.items(), *((name.replace("__", "/"), data) for name, data in added.items())])


def other(parts: dict[str, bytes], name: str, old: bytes, new: bytes) -> bytes:
    assert old in parts[name]
    return made.zipped((parts | {name: parts[name].replace(old, new)}).items())


def bad_message(old: bytes, new: bytes) -> bytes:
    """A data message with bytes changed in place; pieces and lengths stay as they are."""
    return patched(made.zfo(), old, new)


def unsigned() -> bytes:
    content = b'<q:R xmlns:q="http://isds.czechpoint.cz/v20/message"/>'
    octets = b"\x04" + bytes([len(content)]) + content
    encapsulated = wrap(0x30, bytes.fromhex("06092a864886f70d010701") + wrap(0xA0, octets))
    signed = wrap(0x30, b"\x02\x01\x01" + b"\x31\x00" + encapsulated + b"\x31\x00")
    return wrap(0x30, bytes.fromhex("06092a864886f70d010702") + wrap(0xA0, signed))


def wrap(tag: int, content: bytes) -> bytes:
    assert len(content) < 256
    return bytes([tag, 0x81, len(content)]) + content


def record(old: bytes, new: bytes) -> bytes:
    data = made.warc()
    assert old in data
    return data.replace(old, new, 1)


DEEP: Final = b"<a>" * 3000 + b"</a>" * 3000
BOMB: Final = (
    b"<!DOCTYPE a ["
    + b"".join(
        b'<!ENTITY e%d "%s">' % (level, (b"&e%d;" % (level - 1)) * 10 if level else b"ha" * 50)
        for level in range(10)
    )
    + b']><a b="&e9;"/>'
)
METS: Final = b'<mets xmlns="http://www.loc.gov/METS/"><nothing/></mets>'
odf, opc, db = made.odf_parts(), made.ooxml_parts(), made.siard_parts()

# fault, validator, PUID, name, what has it, and whether that is malformed, invalid or only flawed
BAD: Final[list[tuple[str, str, str, str, Callable[[], bytes], str]]] = [
    ("xml-syntax", "xml", "", "a.xml", lambda: b"<a><b></a>", "malformed"),
    ("xml-syntax", "xml", "", "a.xml", lambda: b"<p:a/>", "malformed"),
    ("xml-syntax", "xml", "", "a.xml", lambda: b"", "malformed"),
    ("xml-syntax", "xml", "", "a.xml", lambda: b"<a/>\0\0", "malformed"),
    ("xml-syntax", "xml", "", "a.xml", lambda: b"<a>\xff</a>", "malformed"),
    ("xml-syntax", "xml", "", "a.xml", lambda: b'<!DOCTYPE a [<!ENTITY x "&x;">]><a>&x;</a>', "malformed"),
    ("xml-limits", "xml", "", "a.xml", lambda: BOMB, "open"),
    ("xml-encoding", "xml", "", "a.xml", lambda: b'<?xml version="1.0" encoding="x-unheard"?><a/>', "open"),
    ("xml-schema-own", "xml", "", "mets.xml", lambda: METS, "flawed"),
    ("isdoc-root", "xml", "fmt/1570", "a.isdoc",
        lambda: b'<Invoice xmlns="urn:x" version="6.0.1"/>', "invalid"),
    ("isdoc-version", "xml", "", "a.isdoc", lambda: made.isdoc().replace(b'"6.0.1"', b'"x"'), "invalid"),
    ("csv-fields", "csv", "", "a.csv", lambda: b"a,b\n1,2,3\n", "invalid"),
    ("csv-quotes", "csv", "", "a.csv", lambda: b'a,b\n1,"2', "malformed"),
    ("csv-quotes", "csv", "", "a.csv", lambda: b'a,b\n1,"2"x\n', "malformed"),
    ("csv-limits", "csv", "", "a.csv", lambda: b'a,b\n1,"' + b"x" * 1_100_000 + b'"\n', "open"),
    ("text-control", "csv", "", "a.csv", lambda: b"a,b\n1,\0\n", "malformed"),
    ("text-control", "text", "", "a.txt", lambda: b"ahoj\0", "malformed"),
    ("text-control", "text", "", "a.txt", lambda: b"\xe1hoj\x01", "malformed"),
    ("text-8bit", "text", "", "a.txt", lambda: "Příliš".encode("cp1250"), "flawed"),
    ("text-utf8", "text", "", "a.txt", lambda: b"\xef\xbb\xbfahoj\xff", "malformed"),
    ("text-utf8", "json", "", "a.json", lambda: b'["\xff"]', "malformed"),
    ("json-syntax", "json", "", "a.json", lambda: b'{"a":1,}', "malformed"),
    ("json-syntax", "json", "", "a.json", lambda: b'{"a":[1,2}', "malformed"),
    ("json-syntax", "json", "", "a.json", lambda: b'{"a":01}', "malformed"),
    ("json-syntax", "json", "", "a.json", lambda: b'{"a":"', "malformed"),
    ("json-syntax", "json", "", "a.json", lambda: b"", "malformed"),
    ("json-syntax", "json", "", "a.json", lambda: b"{}\n{}\n", "malformed"),
    ("json-syntax", "json", "", "a.jsonl", lambda: b"{}\n{\n", "malformed"),
    ("json-twice", "json", "", "a.json", lambda: b'{"a":1,"a":2}', "flawed"),
    ("json-limits", "json", "", "a.json", lambda: b"[" * 1001 + b"]" * 1001, "open"),
    ("zip-end", "zip", "", "a.zip", lambda: made.zip_()[:-1], "malformed"),
    ("zip-end", "zip", "", "a.zip", lambda: b"", "malformed"),
    ("zip-directory", "zip", "", "a.zip", lambda: made.zip_().replace(b"PK\1\2", b"PK\1\3"), "malformed"),
    ("zip-count", "zip", "", "a.zip", lambda: one("a")[:-12] + b"\2\0" + one("a")[-10:], "malformed"),
    ("zip-header", "zip", "", "a.zip", lambda: patched(one("aaa"), b"aaa", b"aab"), "malformed"),
    ("zip-header", "zip", "", "a.zip", lambda: patched(one("aaa"), b"PK\3\4", b"PK\3\5"), "malformed"),
    ("zip-entry", "zip", "", "a.zip", lambda: patched(one("a"), b"ahoj", b"ahoi"), "malformed"),
    ("zip-overlap", "zip", "", "a.zip", overlapping, "malformed"),
    ("zip-hidden", "zip", "", "a.zip", nested, "malformed"),
    ("zip-gap", "zip", "", "a.zip", gap, "flawed"),
    ("zip-prepended", "zip", "", "a.zip", lambda: b"#!/bin/sh\n" + one("a"), "flawed"),
    ("trailing", "zip", "", "a.zip", lambda: one("a") + b"x" * 10, "flawed"),
    ("zip-many", "zip", "", "a.zip", many, "open"),
    ("zip-encrypted", "zip", "", "a.zip", lambda: central(one("a"), 8, b"\1"), "malformed"),
    ("zip-method", "zip", "", "a.zip", lambda: central(one("a"), 10, b"\x09"), "malformed"),
    ("zip-bomb", "zip", "", "a.zip", lambda: one("a", bytes(12 << 20), zipfile.ZIP_DEFLATED), "open"),
    ("zip-backslash", "zip", "", "a.zip", lambda: one("a\\b"), "flawed"),
    ("entry-name", "zip", "", "a.zip", lambda: one("../a"), "invalid"),
    ("entry-name", "zip", "", "a.zip", lambda: one("/a"), "invalid"),
    ("entry-name", "zip", "", "a.zip", lambda: one("C:a"), "invalid"),
    ("entry-twice", "zip", "", "a.zip", twice, "invalid"),
    ("odf-no-mimetype", "odf", "", "a.odt", lambda: without(odf, "mimetype"), "flawed"),
    ("odf-mimetype-place", "odf", "", "a.odt", lambda: made.zipped(reversed(odf.items())), "invalid"),
    ("odf-mimetype", "odf", "", "a.odt", lambda: other(odf, "mimetype", b".text", b".xxxx"), "invalid"),
    ("odf-no-manifest", "odf", "", "a.odt", lambda: without(odf, "META-INF/manifest.xml"), "invalid"),
    ("odf-no-content", "odf", "", "a.odt", lambda: without(odf, "content.xml", "styles.xml"), "invalid"),
    ("odf-missing", "odf", "", "a.odt", lambda: without(odf, "Pictures/1.png"), "invalid"),
    ("odf-unlisted", "odf", "", "a.odt", lambda: more(odf, x=b"1"), "invalid"),
    ("xml-syntax", "odf", "", "a.odt", lambda: other(odf, "content.xml", b"Ahoj", b"<Aho"), "malformed"),
    ("package-encrypted", "ooxml", "fmt/494", "a.docx", lambda: OLE, "open"),
    ("opc-no-types", "ooxml", "", "a.docx", lambda: without(opc, "[Content_Types].xml"), "invalid"),
    ("opc-type", "ooxml", "", "a.docx", lambda: more(opc, x=b"1"), "invalid"),
    ("opc-target", "ooxml", "", "a.docx", lambda: without(opc, "word/media/1.png"), "invalid"),
    ("opc-no-main", "ooxml", "", "a.docx", lambda: without(opc, "_rels/.rels"), "invalid"),
    ("xml-syntax", "ooxml", "", "a.docx",
        lambda: other(opc, "word/document.xml", b"<w:body/>", b"<"), "malformed"),
    ("eml-header", "eml", "", "a.eml", lambda: mail(old="Date:", new="X-Date:"), "invalid"),
    ("eml-field", "eml", "", "a.eml", lambda: mail(old="Date: ", new="Date  "), "malformed"),
    ("eml-field", "eml", "", "a.eml", lambda: b"\x00\x01\x02" * 100, "malformed"),
    ("eml-boundary", "eml", "", "a.eml", lambda: mail(old='="hranice-1"', new='="hranice-2"'), "malformed"),
    ("eml-end", "eml", "", "a.eml", lambda: mail(old="--hranice-1--", new=""), "malformed"),
    ("eml-quoted", "eml", "", "a.eml", lambda: mail(old="=C4=9B", new="=C4=9X") if b"=C4=9B" in made.eml()
        else mail(old="=C5=99", new="=C5=9X"), "flawed"),
    ("base64", "eml", "", "a.eml", lambda: mail(old="iVBORw0KGgo", new="iVBORw0KG!o"), "malformed"),
    ("warc-version", "warc", "", "a.warc", lambda: record(b"WARC/1.0", b"WARC/9.9"), "malformed"),
    ("warc-version", "warc", "", "a.warc", lambda: b"", "malformed"),
    ("warc-header", "warc", "", "a.warc", lambda: record(b"WARC-Type:", b"WARC Type "), "malformed"),
    ("warc-field", "warc", "", "a.warc", lambda: record(b"WARC-Date", b"WARC-Dato"), "invalid"),
    ("warc-field", "warc", "", "a.warc",
        lambda: record(b"Content-Length: ", b"Content-Length: x"), "malformed"),
    ("warc-end", "warc", "", "a.warc", lambda: record(b"\r\n\r\nWARC", b"xx\r\nWARC"), "malformed"),
    ("warc-digest", "warc", "", "a.warc", lambda: record(b"ahoj", b"ahoi"), "invalid"),
    ("warc-member", "warc", "", "a.warc.gz", lambda: gzip.compress(made.warc()), "flawed"),
    ("truncated", "warc", "", "a.warc", lambda: made.warc()[:-10], "malformed"),
    ("truncated", "warc", "", "a.warc.gz", lambda: made.warc_gz()[:-3], "malformed"),
    ("undecodable", "warc", "", "a.warc.gz", lambda: made.warc_gz()[:-1] + b"\xff", "malformed"),
    ("siard-no-metadata", "siard", "", "a.siard", lambda: without(db, "header/metadata.xml"), "invalid"),
    ("siard-root", "siard", "", "a.siard",
        lambda: siard("siard/2/meta", "siard/9/meta", "header/metadata.xml"), "invalid"),
    ("siard-packed", "siard", "", "a.siard",
        lambda: siard('version="2.1"', 'version="1.0"', "header/metadata.xml"), "invalid"),
    ("siard-missing", "siard", "", "a.siard",
        lambda: without(db, "content/schema0/table0/table0.xml"), "invalid"),
    ("siard-rows", "siard", "", "a.siard",
        lambda: siard("<rows>2<", "<rows>3<", "header/metadata.xml"), "invalid"),
    ("siard-undescribed", "siard", "", "a.siard",
        lambda: siard("<folder>table0", "<folder>table1", "header/metadata.xml"), "invalid"),
    ("siard-no-schema", "siard", "", "a.siard",
        lambda: without(db, "content/schema0/table0/table0.xsd"), "invalid"),
    ("siard-schema-unusable", "siard", "", "a.siard",
        lambda: siard("xs:integer", "xs:unheard", "content/schema0/table0/table0.xsd"), "flawed"),
    ("siard-table", "siard", "", "a.siard",
        lambda: siard("<c1>2<", "<c1>x<", "content/schema0/table0/table0.xml"), "invalid"),
    ("cms", "zfo", "fmt/1243", "a.zfo",
        lambda: patched(made.zfo(), b"\x06\x09\x2a", b"\x06\x09\x2b"), "malformed"),
    ("cms-unsigned", "zfo", "", "a.zfo", unsigned, "flawed"),
    ("truncated", "zfo", "fmt/1243", "a.zfo", lambda: made.zfo()[:5000], "malformed"),
    ("trailing", "zfo", "fmt/1243", "a.zfo", lambda: made.zfo() + b"x", "flawed"),
    ("base64", "zfo", "fmt/1243", "a.zfo", lambda: bad_message(b"iVBORw0KGgo", b"iVBORw0KG!o"), "malformed"),
    ("xml-syntax", "zfo", "fmt/1243", "a.zfo", lambda: bad_message(b"<p:dmID>", b"<p:dmIX>"), "malformed"),
    ("zfo-root", "zfo", "fmt/1244", "a.zfo", made.zfo, "invalid"),
    ("tar-damaged", "tar", "", "a.tar", lambda: made.tar()[:1200], "malformed"),
    ("tar-end", "tar", "", "a.tar", lambda: tarred()[:-512], "malformed"),
    ("entry-name", "tar", "", "a.tar", lambda: tar_of("../a"), "invalid"),
    ("undecodable", "gzip", "", "a.gz", lambda: made.gz()[:-1] + b"\xff", "malformed"),
    ("truncated", "gzip", "", "a.gz", lambda: made.gz()[:-9], "malformed"),
    ("trailing", "gzip", "", "a.gz", lambda: made.gz() + b"x", "flawed"),
    ("zip-bomb", "gzip", "", "a.gz", lambda: gzip.compress(bytes(16 << 20)), "open"),
]  # fmt: skip


def tarred() -> bytes:
    """A TAR file without what fills it up to a whole record of a tape."""
    data = made.tar()
    return data[: (len(data.rstrip(b"\0")) + 511) // 512 * 512 + 1024]


def tar_of(name: str) -> bytes:
    made_ = io.BytesIO()
    with tarfile.open(fileobj=made_, mode="w") as archive:
        archive.addfile(tarfile.TarInfo(name))
    return made_.getvalue()


@pytest.mark.parametrize(
    ("fault", "validator", "puid", "name", "make", "outcome"),
    BAD,
    ids=[f"{validator}-{fault}-{number}" for number, (fault, validator, *_) in enumerate(BAD)],
)
def test_every_fault_is_found(
    fault: str, validator: str, puid: str, name: str, make: Callable[[], bytes], outcome: str, tmp_path: Path
) -> None:
    said = judge(validator, make(), tmp_path, name, puid)
    assert fault in [one.id for one in said.faults]
    verdicts = {
        "malformed": {("failed", "failed")},
        "invalid": {("passed", "failed")},
        "flawed": {("passed", "passed"), ("passed", "indeterminate")},
        "open": {("indeterminate", "indeterminate")},
    }
    assert (said.well_formed, said.valid) in verdicts[outcome]


def test_no_fault_is_without_a_file_that_has_it() -> None:
    told = tomllib.loads((files("archivum.texts") / "en" / "faults_data.toml").read_text("utf-8"))
    provoked = {fault for fault, *_ in BAD} | {"xml-schema"}  # by the test of schemas in a package
    assert told.keys() - provoked == set()


# -- XML ------------------------------------------------------------------------------------------------

XSD: Final = (
    b'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:x">'
    b'<xs:include schemaLocation="t.xsd"/><xs:element name="a" type="x:t" xmlns:x="urn:x"/></xs:schema>'
)
TYPE: Final = (
    b'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:x">'
    b'<xs:simpleType name="t"><xs:restriction base="xs:integer"/></xs:simpleType></xs:schema>'
)


def instance(value: str, location: str) -> bytes:
    return (
        '<a xmlns="urn:x" xmlns:i="http://www.w3.org/2001/XMLSchema-instance" '
        f'i:schemaLocation="urn:x {location}">{value}</a>'
    ).encode()


@pytest.fixture
def package(tmp_path: Path) -> Path:
    for name in ("one", "two"):
        folder = tmp_path / "packages" / name / "schemas"
        folder.mkdir(parents=True)
        (folder / "x.xsd").write_bytes(XSD)
        (folder / "t.xsd").write_bytes(TYPE)
        (folder.parent / "data").mkdir()
    return tmp_path / "packages" / "one" / "data"


@pytest.mark.parametrize(
    ("value", "location", "valid"),
    [
        ("1", "../schemas/x.xsd", "passed"),
        ("x", "../schemas/x.xsd", "failed"),
        ("x", "../schemas/none.xsd", "indeterminate"),
        ("x", "../../two/schemas/x.xsd", "indeterminate"),
        ("x", "http://example.invalid/x.xsd", "indeterminate"),
        ("x", "file:///etc/passwd", "indeterminate"),
        ("x", "/etc/passwd", "indeterminate"),
    ],
)
def test_a_schema_in_the_package_is_asked_and_no_other(
    value: str, location: str, valid: str, package: Path, tmp_path: Path
) -> None:
    place = package / "a.xml"
    place.write_bytes(instance(value, location))
    said = judge("xml", place, tmp_path, "a.xml", packages=str(tmp_path / "packages"))
    assert (said.well_formed, said.valid) == ("passed", valid)
    assert ("xml-schema" in [one.id for one in said.faults]) is (valid == "failed")


def test_without_a_folder_of_packages_no_schema_beside_a_file_is_asked(package: Path, tmp_path: Path) -> None:
    place = package / "a.xml"
    place.write_bytes(instance("x", "../schemas/x.xsd"))
    assert judge("xml", place, tmp_path, "a.xml").valid == "indeterminate"


def test_depth_is_no_fault(tmp_path: Path) -> None:
    assert judge("xml", DEEP, tmp_path).well_formed == "passed"


def test_no_entity_is_fetched(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("<not well-formed")
    data = f'<!DOCTYPE a [<!ENTITY x SYSTEM "{secret.as_uri()}">]><a>&x;</a>'.encode()
    assert judge("xml", data, tmp_path).well_formed == "passed"


def test_json_goes_on_over_the_edges_of_pieces(tmp_path: Path) -> None:
    long = b'"' + b"x" * ((1 << 20) - 3) + b'\\u0041"'
    data = b"[" + long + b",123456,true," + b" " * 1_048_570 + b'"\xc3\xa1"]'
    assert judge("json", data, tmp_path, "a.jsonl").valid == "passed"


@pytest.mark.parametrize(
    "data", [b"[1,]", b"[01]", b"[NaN]", b"{'a':1}", b'["\t"]', b"[1 2]", b"[1]x", b'{"a" 1}', b"tru"]
)
@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
def test_both_readers_of_json_refuse_the_same(data: bytes, name: str, tmp_path: Path) -> None:
    assert judge("json", data, tmp_path, name).well_formed == "failed"


@pytest.mark.parametrize("token", [b"-12.5e+10", b"false", b'"a\\u0041\\n"', '"ěš"'.encode()])
def test_a_token_of_json_may_be_divided_anywhere(token: bytes, tmp_path: Path) -> None:
    for cut in range(len(token) + 1):
        data = b"[" + b" " * ((1 << 20) - 1 - cut) + token + b",1]"
        assert judge("json", data, tmp_path, "a.jsonl").valid == "passed", cut


def test_lines_of_json_are_one_value_each(tmp_path: Path) -> None:
    said = judge("json", b'{"a":1}\n\n[2]\n"x"', tmp_path, "a.jsonl")
    assert (said.valid, dict(said.facts)["values"]) == ("passed", "3")


def test_an_encrypted_odf_is_not_judged(tmp_path: Path) -> None:
    manifest = odf["META-INF/manifest.xml"].replace(
        b'manifest:full-path="content.xml" manifest:media-type="text/xml"/>',
        b'manifest:full-path="content.xml" manifest:media-type="text/xml"><manifest:encryption-data/>'
        b"</manifest:file-entry>",
    )
    hidden = odf | {"content.xml": b"\x8f\x00\x01", "META-INF/manifest.xml": manifest}
    said = judge("odf", made.zipped(hidden.items()), tmp_path)
    assert (said.well_formed, said.valid) == ("indeterminate", "indeterminate")
    assert [one.id for one in said.faults] == ["package-encrypted"]


# -- what is inside -------------------------------------------------------------------------------------


def test_no_more_comes_out_than_may(tmp_path: Path) -> None:
    said = judge("zip", made.zipped((f"{n}", b"x") for n in range(1005)), tmp_path)
    assert len(said.inner) == 1000
    assert [(one.id, dict(one.params)) for one in said.faults] == [("inner-limit", {"count": 5})]


@pytest.mark.parametrize(
    "name", ["../../out", "/out", "a/../../out", "C:\\out", "\u202egnp.exe", "á" * 120, "a\nb", "."]
)
def test_a_name_is_a_label_and_no_place(name: str, tmp_path: Path) -> None:
    said = judge("zip", one(name), tmp_path)
    assert [inner.path for inner in said.inner] == [name]
    assert [Path(inner.place).parent for inner in said.inner] == [tmp_path / "scratch"]
    assert {path.name for path in tmp_path.iterdir()} == {"file", "scratch"}


def test_an_attachment_in_the_message_as_xml_comes_out(tmp_path: Path) -> None:
    content = (
        b'<q:R xmlns:q="urn:q" xmlns:p="http://isds.czechpoint.cz/v20"><p:dmFile dmFileDescr="a.xml">'
        b"<p:dmXMLContent><a x='1'>h</a></p:dmXMLContent></p:dmFile></q:R>"
    )
    data = unsigned_of(content)
    (inner,) = judge("zfo", data, tmp_path).inner
    assert inner.path == "a.xml"
    assert b'<a x="1">h</a>' in Path(inner.place).read_bytes()


def unsigned_of(content: bytes) -> bytes:
    octets = b"\x24\x80\x04\x81" + bytes([len(content)]) + content + b"\0\0"
    encapsulated = b"\x30\x80" + bytes.fromhex("06092a864886f70d010701") + b"\xa0\x80" + octets + bytes(4)
    signed = b"\x30\x80\x02\x01\x01\x31\x00" + encapsulated + b"\x31\x00\0\0"
    return b"\x30\x80" + bytes.fromhex("06092a864886f70d010702") + b"\xa0\x80" + signed + bytes(4)


# -- damage ---------------------------------------------------------------------------------------------


def mutants(data: bytes, seed: int) -> Iterator[tuple[str, bytes]]:
    rolls = random.Random(seed)
    for _ in range(10):
        yield "cut", data[: rolls.randrange(len(data))]
    for _ in range(20):
        changed, at = bytearray(data), rolls.randrange(len(data))
        changed[at] ^= 1 << rolls.randrange(8)
        yield "flip", bytes(changed)
    for _ in range(10):
        at = rolls.randrange(len(data))
        yield "zero", data[:at] + bytes(len(data[at : at + 64])) + data[at + 64 :]


# what is cut off may still be whole: text anywhere, a table between records
OPEN_ENDED: Final = {"text", "csv"}


@pytest.mark.parametrize("kind", FILES)
def test_damage_never_breaks_a_validator_and_what_is_cut_off_is_found(kind: str, tmp_path: Path) -> None:
    validator, name, puid, make = FILES[kind]
    whole = tarred() if kind == "tar" else make()
    for number, (how, data) in enumerate(mutants(whole, seed=len(kind))):
        folder = tmp_path / str(number)
        folder.mkdir()
        said = judge(validator, data, folder, name, puid)
        if how == "cut" and kind not in OPEN_ENDED:
            assert said.faults, (kind, len(data))
            assert said.valid != "passed"

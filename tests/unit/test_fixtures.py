"""The packages the builder makes are what they say they are, by other people's software and rules."""

import base64
import hashlib
import re
import shutil
import subprocess
import tarfile
import zipfile
from datetime import datetime, timedelta, timezone
from pathlib import Path

import bagit
import pygfried
import pytest
from asn1crypto import cms, tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from lxml import etree

from fixtures import content, images, keys, pdf
from fixtures.bags import ALGORITHMS, bag
from fixtures.batch import write_batch
from fixtures.entries import Content, text
from fixtures.folders import folder
from fixtures.messages import Box, Message, delivery, received, sent
from fixtures.package import Package
from fixtures.sip import NsesssSip, dil, dokument, spis

CET = timezone(timedelta(hours=1))
BOX = Box("ab2cd3e", "Obec Lhota", "Lhota 1, 471 07 Lhota, CZ")
LETTER = pdf.letter("Obec Lhota", "Žádost", "Příliš žluťoučký kůň úpěl ďábelské ódy.")
MESSAGE = Message(
    "123456", BOX, BOX, "Žádost", "1/2016", (("zadost.pdf", LETTER),),
    datetime(2016, 3, 4, 9, 30, tzinfo=CET), datetime(2016, 3, 4, 10, 0, tzinfo=CET),
)  # fmt: skip

CONTENTS = {
    "text": text("Žluťoučký kůň\n"),
    "table": content.table(),
    "record": content.record(1),
    "record_schema": content.record_schema(),
    "sound": content.sound(),
    "archive": content.archive(),
    "word": content.word("Návrh", "Text"),
    "mail": content.mail("Podklady", LETTER),
    "scan": content.scan(5_000, 1),
    "smallest scan": content.scan(147, 1),
    "png": images.png(),
    "jpeg": images.jpeg(),
    "tiff": images.tiff(),
    "tiff_lzw": images.tiff_lzw(),
    "letter": LETTER,
    "plain": pdf.plain("Obec Lhota", "Žádost"),
    "received": received(MESSAGE),
    "sent": sent(MESSAGE),
    "delivery": delivery(MESSAGE),
}

PACKAGES = {
    **{f"spis {version}": spis(0, version=version) for version in ("2017", "2023", "2024")},
    **{f"dokument {version}": dokument(1, version=version) for version in ("2017", "2023", "2024")},
    **{f"dil {version}": dil(2, version=version) for version in ("2017", "2023", "2024")},
    "analogue": spis(3, analogue=True),
    "bag": bag(0),
    "folder": folder(0),
}


@pytest.mark.parametrize("name", CONTENTS)
def test_content_is_of_the_format_it_says(name: str, tmp_path: Path) -> None:
    one = CONTENTS[name]
    path = tmp_path / f"soubor{one.suffix}"
    path.write_bytes(one.data)
    matches = pygfried.identify(str(path), detailed=True)["files"][0]["matches"]
    assert [match["id"] for match in matches] == [one.puid]
    if one.suffix != ".xsd":  # PRONOM has no media type for it
        assert one.mime in matches[0]["mime"].split(", ")
    assert one.length == len(one.data)


def test_compression_of_tiff() -> None:
    def compression(one: Content) -> int:
        return int.from_bytes(re.split(rb"\x03\x01\x03\x00\x01\x00\x00\x00", one.data)[1][:2], "little")

    assert compression(images.tiff()) == 1  # TIFF 6.0: none
    assert compression(images.tiff_lzw()) == 5  # LZW
    assert compression(content.scan(1_000, 1)) == 1


def test_scans_differ_and_repeat() -> None:
    big = content.scan((2 << 20) + 7, 1)
    assert big.length == (2 << 20) + 7 == len(big.data)
    assert content.scan(1_000, 1).data == content.scan(1_000, 1).data != content.scan(1_000, 2).data
    with pytest.raises(ValueError, match="146"):
        content.scan(146, 1).data  # noqa: B018


def test_record_is_valid_by_its_schema() -> None:
    schema = etree.XMLSchema(etree.fromstring(content.record_schema().data))
    assert schema.validate(etree.fromstring(content.record(77).data))


@pytest.mark.parametrize("name", sorted(keys.described()))
def test_certificates_are_those_described(name: str) -> None:
    assert keys.issued(name) == (keys.PKI / f"{name}.pem").read_bytes()
    certificate = x509.load_der_x509_certificate(keys.signer(name).certificate)
    issuer = x509.load_der_x509_certificate(keys.signer("root").certificate)
    certificate.verify_directly_issued_by(issuer)
    assert all(str(part.value).startswith("TEST") for part in certificate.subject if part.value != "CZ")


def _opened(one: Content) -> tuple[bytes, cms.SignerInfo]:
    """The XML in a data message and who sealed it, as asn1crypto reads them."""
    signed = cms.ContentInfo.load(one.data)["content"]
    return signed["encap_content_info"]["content"].native, signed["signer_infos"][0]


def _verify(signer: str, signature: bytes, data: bytes) -> None:
    key = x509.load_der_x509_certificate(keys.signer(signer).certificate).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    key.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())


@pytest.mark.parametrize("one", [received(MESSAGE), sent(MESSAGE), delivery(MESSAGE)])
def test_seal_of_data_messages(one: Content) -> None:
    xml, info = _opened(one)
    attributes = {item["type"].native: item["values"][0] for item in info["signed_attrs"]}
    assert attributes["message_digest"].native == hashlib.sha256(xml).digest()
    _verify("isds", info["signature"].native, info["signed_attrs"].untag().dump())
    (stamp,) = info["unsigned_attrs"][0]["values"]
    imprint = stamp["content"]["encap_content_info"]["content"].parsed["message_imprint"]
    assert imprint["hashed_message"].native == hashlib.sha256(info["signature"].native).digest()


def test_stamp_in_data_message_is_over_the_raw_envelope() -> None:
    xml, _ = _opened(received(MESSAGE))
    envelope = re.search(rb"<p:dmDm .*</p:dmDm>", xml, re.DOTALL)
    token = re.search(rb"<q:dmQTimestamp>([^<]+)<", xml)
    assert envelope is not None and token is not None
    signed = cms.ContentInfo.load(base64.b64decode(token[1]))["content"]
    info = signed["encap_content_info"]["content"].parsed
    assert isinstance(info, tsp.TSTInfo)
    assert info["message_imprint"]["hashed_message"].native == hashlib.sha256(envelope[0]).digest()
    signer = signed["signer_infos"][0]
    _verify("tsa", signer["signature"].native, signer["signed_attrs"].untag().dump())


def test_attachment_of_data_message_is_the_letter() -> None:
    xml, _ = _opened(received(MESSAGE))
    encoded = etree.fromstring(xml).findtext(".//{*}dmEncodedContent")
    assert encoded is not None and base64.b64decode(encoded) == LETTER.data


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_openssl_verifies_data_message(tmp_path: Path) -> None:
    path = tmp_path / "zprava.zfo"
    path.write_bytes(received(MESSAGE).data)
    command = ["openssl", "cms", "-verify", "-inform", "DER", "-in", str(path), "-purpose", "any",
               "-CAfile", str(keys.PKI / "root.pem"), "-out", str(tmp_path / "zprava.xml")]  # fmt: skip
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0


def _unpacked(path: Path) -> dict[str, bytes]:
    """The files of a package by path, whatever it came in."""
    if path.is_dir():
        return {
            f"{path.name}/{one.relative_to(path).as_posix()}": one.read_bytes()
            for one in path.rglob("*")
            if one.is_file()
        }
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as opened:
            assert opened.testzip() is None
            return {one: opened.read(one) for one in opened.namelist() if not one.endswith("/")}
    with tarfile.open(path) as tar:
        return {one.name: tar.extractfile(one).read() for one in tar if one.isfile()}  # type: ignore[union-attr]


@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_is_the_same_in_every_container_and_every_time(name: str, tmp_path: Path) -> None:
    package: Package = PACKAGES[name]
    for number in "12":
        (tmp_path / number).mkdir()
    written = [package.write_folder(tmp_path / "1"), package.write_zip(tmp_path / "1")]
    written += [package.write_tar(tmp_path / "1"), package.write_tar(tmp_path / "1", packed=True)]
    first, *others = map(_unpacked, written)
    assert all(other == first for other in others)
    assert {path.partition("/")[0] for path in first} == {package.name}
    again = [package.write_zip(tmp_path / "2"), package.write_tar(tmp_path / "2", packed=True)]
    assert [one.read_bytes() for one in again] == [written[1].read_bytes(), written[3].read_bytes()]


@pytest.mark.parametrize("name", [name for name, one in PACKAGES.items() if isinstance(one, NsesssSip)])
def test_mets_tells_the_truth_of_its_files(name: str, tmp_path: Path) -> None:
    root = PACKAGES[name].write_folder(tmp_path)
    tree = etree.parse(root / "mets.xml")
    told = set()
    for file in tree.iterfind(".//{*}fileSec//{*}file"):
        path = file[0].get("{http://www.w3.org/1999/xlink}href")
        assert path is not None
        data = (root / path).read_bytes()
        algorithm = file.attrib["CHECKSUMTYPE"].replace("-", "").lower()
        assert file.attrib["CHECKSUM"] == hashlib.new(algorithm, data).hexdigest()
        assert file.attrib["SIZE"] == str(len(data))
        told.add(path)
    assert told == {f"komponenty/{one.name}" for one in (root / "komponenty").iterdir()}


def test_each_number_is_another_sip() -> None:
    made = [next(spis(number).entries()).content.data for number in range(60)]
    assert len(set(made)) == 60
    assert len({spis(number).name for number in range(60)}) == 60


@pytest.mark.parametrize("components", [1, 2, 3, 4, 5, 6, 7, 60, 61, 250])
def test_spis_has_so_many_components(components: int) -> None:
    paths = [one.path for one in spis(1, components=components).entries()]
    assert len(paths) == len(set(paths)) == components + 1


def test_spis_of_components_of_a_size(tmp_path: Path) -> None:
    root = spis(1, components=3, size=100_000).write_folder(tmp_path)
    assert [one.stat().st_size for one in (root / "komponenty").iterdir()] == [100_000] * 3


@pytest.mark.parametrize("version", ["1.0", "0.97"])
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_bagit_validates_bags(version: str, algorithm: str, tmp_path: Path) -> None:
    root = bag(1, version=version, algorithms=(algorithm,)).write_folder(tmp_path)
    found = bagit.Bag(str(root))
    assert found.is_valid()
    assert (found.version_info, found.algorithms) == (tuple(map(int, version.split("."))), [algorithm])


def test_bag_of_many_files(tmp_path: Path) -> None:
    root = bag(2, algorithms=ALGORITHMS, files=20, size=300).write_folder(tmp_path)
    assert bagit.Bag(str(root)).is_valid()
    assert sum(one.is_file() for one in (root / "data").rglob("*")) == 20


def test_folder_describes_each_file(tmp_path: Path) -> None:
    import csv

    root = folder(1).write_folder(tmp_path)
    with (root / "metadata.csv").open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    files = {one.relative_to(root).as_posix() for one in root.rglob("*") if one.is_file()}
    assert {row["filename"] for row in rows} == files - {"metadata.csv"}
    assert all(row["title"] and row["date"] == "1991" for row in rows)
    assert not (folder(2, described=False).write_folder(tmp_path) / "metadata.csv").exists()


def test_batch(tmp_path: Path) -> None:
    write_batch(tmp_path / "davka")
    write_batch(tmp_path / "znovu")
    found = sorted(one.name for one in (tmp_path / "davka").iterdir())
    assert len(found) == 13
    for name in found:
        assert _unpacked(tmp_path / "davka" / name) == _unpacked(tmp_path / "znovu" / name)

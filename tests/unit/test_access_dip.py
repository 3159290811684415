"""A DIP is what was asked for, proves itself, is given only by right, and is recorded."""

import resource
import subprocess
from collections.abc import Iterator, Mapping
from hashlib import sha512
from pathlib import Path
from shutil import which
from typing import Any
from urllib.parse import unquote
from uuid import UUID

import bagit
import pytest
from lxml import etree, html

from archivum.archive import Archive
from archivum.catalogue import segments
from archivum.errors import CorruptionFound, Misconfigured, NotFound, Refused
from archivum.ingest.batch import run
from archivum.ingest.order import Order
from archivum.model import AgentKind, EventType, Verdict
from archivum.schemas import Schemas, install
from archivum.storage.durable import publish
from fixtures.bags import bag
from fixtures.folders import folder
from fixtures.package import Package
from fixtures.sip import dil, spis
from tests.shared import SHARED, needs_shared
from tests.unit.test_access_samples import (
    ARCHIVIST,
    DIP_ID,
    HANDED_OUT,
    NS,
    SECOND_DIP_ID,
    content,
    dip,
    disseminations,
    flip,
    found,
    opened,
    submission,
    tree,
)

SIP, VOLUME, BAG, FOLDER = spis(0), dil(2), bag(0), folder(0)
PACKAGES: tuple[Package, ...] = (SIP, VOLUME, BAG, FOLDER)
COMPONENTS = (
    "komponenty/0001_001_1_zprava.zfo",
    "komponenty/0001_001_2_podani.pdf",
    "komponenty/0001_002_1_nacrtek.png",
    "komponenty/0002_001_1_navrh.docx",
    "komponenty/0002_001_2_vyrizeni.pdf",
    "komponenty/0003_001_1_zaznam.xml",
)
SECOND_DOCUMENT = ("komponenty/0002_001_1_navrh.docx", "komponenty/0002_001_2_vyrizeni.pdf")


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Mapping[str, UUID]]:
    root = tmp_path_factory.mktemp("stored")
    return root, found(root, PACKAGES)


@pytest.fixture(scope="module")
def restricted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Mapping[str, UUID]]:
    root = tmp_path_factory.mktemp("restricted")
    return root, found(root, [SIP], condition="restricted")


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Mapping[str, UUID]]:
    root = tmp_path_factory.mktemp("closed")
    return root, found(root, [SIP], condition="closed")


@pytest.fixture
def archive(stored: Any, tmp_path: Path) -> Iterator[Archive]:
    with opened(stored[0], tmp_path / "archive") as archive:
        yield archive


@pytest.fixture
def sip(stored: Any) -> UUID:
    uuid: UUID = stored[1][SIP.name]
    return uuid


def inner(place: Path, dip_id: UUID = DIP_ID) -> Path:
    return place / f"data/{dip_id}"


def delivered(place: Path) -> set[str]:
    """The files of the submission that are in a DIP."""
    return set(tree(submission(place, DIP_ID)))


def commands(place: Path) -> str:
    """The commands that the page of a DIP gives for verifying it."""
    page = html.fromstring((place / "index.html").read_bytes())
    return "\n".join(page.xpath("//section[@aria-labelledby='verify']//code/text()"))


# -- what it is ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_a_whole_dip_is_a_valid_bag_with_valid_metadata(
    archive: Archive, stored: Any, package: Package, tmp_path: Path
) -> None:
    uuid = stored[1][package.name]
    place = tmp_path / "dip"
    done = dip(archive, uuid, place)
    assert bagit.Bag(str(place)).validate()
    schemas = Schemas()
    for path, name in (
        ("METS.xml", "czdax-mets"),
        ("metadata/preservation/EVENTS.xml", "premis"),
        ("metadata/preservation/PREMIS.xml", "premis"),
        ("metadata/preservation/PACKAGE-INFO.xml", "premis"),
        ("metadata/descriptive/description.xml", "ead3"),
    ):
        assert list(schemas.explain(name, inner(place) / path)) == []
    sent = tree(submission(content(archive, uuid), uuid))
    assert tree(submission(place, DIP_ID)) == sent
    assert (done.uuid, done.path) == (DIP_ID, place)
    assert (done.files, done.size) == (len(sent), sum(map(len, sent.values())))


@needs_shared
def test_what_is_made_for_a_dip_is_valid_by_the_publishers_schemas(
    archive: Archive, sip: UUID, tmp_path: Path
) -> None:
    install(SHARED / "schemas", tmp_path / "official", publish)
    schemas = Schemas(tmp_path / "official")
    dip(archive, sip, tmp_path / "dip")
    for path, name in (("METS.xml", "czdax-mets"), ("metadata/preservation/EVENTS.xml", "premis")):
        assert schemas.decides(name) == "publisher"
        assert list(schemas.explain(name, inner(tmp_path / "dip") / path)) == []


def test_what_comes_from_the_aip_comes_byte_for_byte(archive: Archive, sip: UUID, tmp_path: Path) -> None:
    dip(archive, sip, tmp_path / "dip", ["KUJK 1-2/2018"])
    aip, given = content(archive, sip), inner(tmp_path / "dip")
    for path in (
        "metadata/descriptive/description.xml",
        "metadata/preservation/PREMIS.xml",
        "metadata/preservation/PACKAGE-INFO.xml",
    ):
        assert (given / path).read_bytes() == (aip / f"data/{sip}" / path).read_bytes()
    evidence = given / "documentation/evidence"
    assert (evidence / "AIP-METS.xml").read_bytes() == (aip / f"data/{sip}/METS.xml").read_bytes()
    for name in ("manifest-sha512.txt", "manifest-sha512.txt.tsr", "time-stamp-chain.pem"):
        assert (evidence / name).read_bytes() == (aip / name).read_bytes()
    assert len(list(evidence.iterdir())) == 4


@pytest.mark.parametrize("records", [(), ("KUJK 1-2/2018",)], ids=["whole", "part"])
def test_the_mets_names_every_file_with_its_size_and_checksum(
    archive: Archive, sip: UUID, tmp_path: Path, records: tuple[str, ...]
) -> None:
    dip(archive, sip, tmp_path / "dip", records)
    root = inner(tmp_path / "dip")
    mets = etree.parse(root / "METS.xml")
    named = {}
    for one in mets.xpath("//m:mdRef | //m:file", namespaces=NS):
        (path,) = one.xpath("@x:href | m:FLocat/@x:href", namespaces=NS)
        named[unquote(path)] = (one.get("SIZE"), one.get("CHECKSUM"), one.get("CHECKSUMTYPE"))
    files = tree(root)
    del files["METS.xml"]
    assert named == {
        path: (str(len(data)), sha512(data).hexdigest(), "SHA-512") for path, data in files.items()
    }
    ids = set(mets.xpath("//@ID"))
    assert set(mets.xpath("//m:fptr/@FILEID", namespaces=NS)) <= ids
    (metadata,) = mets.xpath("//m:div[@LABEL='Metadata']", namespaces=NS)
    sections = {
        *mets.xpath("//m:dmdSec/@ID", namespaces=NS),
        *mets.xpath("//m:digiprovMD/@ID", namespaces=NS),
    }
    assert {*metadata.get("DMDID").split(), *metadata.get("ADMID").split()} == sections
    assert len(sections) == 4


def test_the_mets_says_that_it_is_a_dip_and_of_which_aip(archive: Archive, sip: UUID, tmp_path: Path) -> None:
    dip(archive, sip, tmp_path / "dip")
    mets = etree.parse(inner(tmp_path / "dip") / "METS.xml").getroot()
    assert mets.get("OBJID") == str(DIP_ID)
    assert mets.get("PROFILE") == "https://earkdip.dilcis.eu/profile/E-ARK-DIP.xml"
    (header,) = mets.xpath("m:metsHdr", namespaces=NS)
    assert header.get("CREATEDATE") == "2031-07-04T09:30:00Z"
    assert header.get(f"{{{NS['csip']}}}OAISPACKAGETYPE") == "DIP"
    assert mets.xpath("m:metsHdr/m:altRecordID[@TYPE='AIP']/text()", namespaces=NS) == [str(sip)]
    assert mets.xpath("//m:mptr/@x:href", namespaces=NS) == [f"urn:uuid:{sip}"]


def test_description_and_premis_speak_of_the_files_by_the_ids_of_the_mets(
    archive: Archive, sip: UUID, tmp_path: Path
) -> None:
    dip(archive, sip, tmp_path / "dip")
    root = inner(tmp_path / "dip")
    ids = set(etree.parse(root / "METS.xml").xpath("//m:file/@ID", namespaces=NS))
    described = etree.parse(root / "metadata/descriptive/description.xml")
    assert len(described.xpath("//e:dao", namespaces=NS)) == len(COMPONENTS)
    assert set(described.xpath("//e:dao/@identifier", namespaces=NS)) <= ids
    premis = etree.parse(root / "metadata/preservation/PREMIS.xml")
    objects = premis.xpath(
        "//p:object[p:objectCharacteristics]/p:objectIdentifier/p:objectIdentifierValue/text()",
        namespaces=NS,
    )
    assert len(objects) == len(COMPONENTS) + 1
    assert set(objects) <= ids


def test_media_types_and_times_of_files_are_those_of_the_aip(
    archive: Archive, sip: UUID, tmp_path: Path
) -> None:
    dip(archive, sip, tmp_path / "dip")

    def files(place: Path) -> set[tuple[str, ...]]:
        found = etree.parse(place).xpath(
            "//m:fileGrp[@USE='Representations/submission']/m:file", namespaces=NS
        )
        return {tuple(sorted(one.attrib.items())) for one in found}

    root = inner(tmp_path / "dip")
    assert files(root / "METS.xml") == files(root / "documentation/evidence/AIP-METS.xml")


def test_the_same_request_gives_the_same_bytes(stored: Any, sip: UUID, tmp_path: Path) -> None:
    found = []
    for name in ("one", "two"):
        with opened(stored[0], tmp_path / name / "archive") as archive:
            dip(archive, sip, tmp_path / name / "dip", ["KUJK 1-2/2018"])
            found.append(tree(tmp_path / name / "dip"))
    assert found[0] == found[1]


@pytest.mark.skipif(not which("openssl") or not which("sha512sum"), reason="needs openssl and sha512sum")
@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_the_commands_on_the_page_prove_it(
    archive: Archive, stored: Any, package: Package, tmp_path: Path
) -> None:
    place = tmp_path / "dip"
    dip(archive, stored[1][package.name], place)
    ran = subprocess.run(
        ["sh", "-e", "-c", commands(place)], cwd=place, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip() == "Verification: OK"


@pytest.mark.skipif(not which("openssl") or not which("sha512sum"), reason="needs openssl and sha512sum")
@pytest.mark.parametrize(
    "path",
    ["representations/submission/data/" + SECOND_DOCUMENT[1], "documentation/evidence/AIP-METS.xml"],
)
def test_the_commands_on_the_page_find_a_changed_file(
    archive: Archive, sip: UUID, tmp_path: Path, path: str
) -> None:
    place = tmp_path / "dip"
    dip(archive, sip, place, ["KUJK 1-2/2018"])
    # without the first two, which a forger would have made anew
    rest = commands(place).partition("cd data/")
    flip(inner(place) / path)
    ran = subprocess.run(
        ["sh", "-e", "-c", rest[1] + rest[2]], cwd=place, capture_output=True, text=True, check=False
    )
    assert ran.returncode != 0
    assert f"{path}: FAILED" in ran.stdout


# -- what was asked for -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "ID-KUJK-D-000000-2",
        "KUJK-D-000000-2",
        "ESSS_KUJK:KUJK-D-000000-2",
        "KUJK 1-2/2018",
    ],
)
def test_a_record_comes_with_those_below_it_and_the_metadata(
    archive: Archive, sip: UUID, tmp_path: Path, name: str
) -> None:
    done = dip(archive, sip, tmp_path / "dip", [name])
    assert delivered(tmp_path / "dip") == {"mets.xml", *SECOND_DOCUMENT}
    assert done.files == 3
    mets = etree.parse(inner(tmp_path / "dip") / "METS.xml")
    shown = mets.xpath("//m:structMap[@TYPE='LOGICAL']//m:div/@TYPE", namespaces=NS)
    assert shown == ["spisplan", "vecnaskp", "vecnaskp", "spis", "dokument", "komponenta", "komponenta"]
    assert bagit.Bag(str(tmp_path / "dip")).validate()


def test_several_records_and_files_come_together(archive: Archive, sip: UUID, tmp_path: Path) -> None:
    dip(archive, sip, tmp_path / "dip", ["KUJK 1-2/2018", "ID-KUJK-D-000000-3"], [COMPONENTS[2]])
    expected = {"mets.xml", *SECOND_DOCUMENT, COMPONENTS[5], COMPONENTS[2]}
    assert delivered(tmp_path / "dip") == expected


def test_a_file_comes_with_the_records_that_hold_it(archive: Archive, sip: UUID, tmp_path: Path) -> None:
    dip(archive, sip, tmp_path / "dip", (), [COMPONENTS[2]])
    assert delivered(tmp_path / "dip") == {"mets.xml", COMPONENTS[2]}
    mets = etree.parse(inner(tmp_path / "dip") / "METS.xml")
    titles = mets.xpath("//m:structMap[@TYPE='LOGICAL']//m:div/@LABEL", namespaces=NS)
    assert titles[3:] == [
        "Povolení k nakládání s povrchovými vodami (1)",
        "Žádost o povolení k nakládání s vodami",
        "Situační náčrtek",
    ]


@pytest.mark.parametrize("path", ["přílohy", "přílohy/"])
def test_a_folder_chooses_what_is_in_it(archive: Archive, stored: Any, tmp_path: Path, path: str) -> None:
    dip(archive, stored[1][FOLDER.name], tmp_path / "dip", (), [path])
    assert delivered(tmp_path / "dip") == {
        "metadata.csv", "přílohy/fotografie náves.jpg", "přílohy/seznam příloh.csv",
    }  # fmt: skip


def test_records_that_share_a_name_come_all(archive: Archive, stored: Any, tmp_path: Path) -> None:
    dip(archive, stored[1][FOLDER.name], tmp_path / "dip", ["LHOTA-KR-1990"])
    assert len(delivered(tmp_path / "dip")) == 7


def test_the_root_record_is_everything(archive: Archive, stored: Any, tmp_path: Path) -> None:
    dip(archive, stored[1][BAG.name], tmp_path / "dip", ["urn:example:sbirka-0000"])
    assert len(delivered(tmp_path / "dip")) == 6  # the payload; the tag files belong to no record


@pytest.mark.parametrize(
    ("records", "paths", "near"),
    [
        (["KUJK 1-9/2018"], [], "KUJK 1-2/2018"),
        (["ID-KUJK-D-000000-2", "nic takového"], [], "–"),
        (["Záznam v rejstriku"], [], "Záznam v rejstříku"),
        ([], ["komponenty/0001_001_2_podani.PDF"], COMPONENTS[1]),
        ([], ["../mets.xml"], "mets.xml"),
        ([], ["/"], "–"),
        ([], [""], "–"),
    ],
)
def test_what_is_not_there_is_told_with_the_nearest_names(
    archive: Archive, sip: UUID, tmp_path: Path, records: list[str], paths: list[str], near: str
) -> None:
    with pytest.raises(NotFound) as missing:
        dip(archive, sip, tmp_path / "dip", records, paths)
    assert missing.value.params["name"] in (*records, *paths)
    assert near in str(missing.value.params["near"]).split("; ")
    assert not (tmp_path / "dip").exists()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["archive"]
    assert disseminations(archive, sip) == []


def test_records_are_read_from_the_aip_where_the_catalogue_has_none(
    archive: Archive, sip: UUID, tmp_path: Path
) -> None:
    archive.catalogue.rebuild(archive.journal, lambda uuid, kind: None)
    assert not archive.catalogue.package(sip).described
    dip(archive, sip, tmp_path / "dip", ["KUJK 1-2/2018"])
    assert delivered(tmp_path / "dip") == {"mets.xml", *SECOND_DOCUMENT}


# -- by what right, and that it is recorded -----------------------------------------------------------------


def test_an_open_package_is_given_to_anyone_and_it_is_recorded(
    archive: Archive, sip: UUID, tmp_path: Path
) -> None:
    done = dip(archive, sip, tmp_path / "dip", ["KUJK 1-2/2018"], [COMPONENTS[2]])
    (event,) = disseminations(archive, sip)
    assert (event.at, event.agent, event.outcome) == (HANDED_OUT, ARCHIVIST, Verdict.PASSED)
    assert event.detail == {
        "dip": str(DIP_ID),
        "condition": "open",
        "permit": "",
        "selection": {"records": ["KUJK 1-2/2018"], "paths": [COMPONENTS[2]]},
        "files": 4,
        "bytes": done.size,
        "stamp": "passed",
    }
    assert done.size == sum(len(data) for data in tree(submission(tmp_path / "dip", DIP_ID)).values())


@pytest.mark.parametrize("permit", ["", "  "])
def test_a_restricted_package_is_refused_without_a_permit(
    restricted: Any, tmp_path: Path, permit: str
) -> None:
    root, uuids = restricted
    with opened(root, tmp_path / "archive") as archive:
        uuid = uuids[SIP.name]
        with pytest.raises(Refused) as refused:
            dip(archive, uuid, tmp_path / "dip", permit=permit)
        assert refused.value.text_id == "access.restricted"
        (event,) = disseminations(archive, uuid)
    assert event.outcome is Verdict.FAILED
    assert event.detail["condition"] == "restricted"
    assert "files" not in event.detail
    assert sorted(one.name for one in tmp_path.iterdir()) == ["archive"]


def test_a_restricted_package_is_given_by_a_permit_that_is_recorded(restricted: Any, tmp_path: Path) -> None:
    root, uuids = restricted
    with opened(root, tmp_path / "archive") as archive:
        uuid = uuids[SIP.name]
        dip(archive, uuid, tmp_path / "dip", permit="KUJK 12/2031")
        (event,) = disseminations(archive, uuid)
    assert (event.outcome, event.detail["permit"]) == (Verdict.PASSED, "KUJK 12/2031")
    assert "KUJK 12/2031" in (tmp_path / "dip/index.html").read_text("utf-8")


def test_a_closed_package_is_refused_to_everyone(closed: Any, tmp_path: Path) -> None:
    root, uuids = closed
    with opened(root, tmp_path / "archive") as archive:
        uuid = uuids[SIP.name]
        with pytest.raises(Refused) as refused:
            dip(archive, uuid, tmp_path / "dip", permit="KUJK 12/2031")
        assert refused.value.text_id == "access.closed"
        (event,) = disseminations(archive, uuid)
    assert (event.outcome, event.detail["permit"]) == (Verdict.FAILED, "KUJK 12/2031")


def test_a_reader_is_not_told_of_the_permits_and_choices_of_others(restricted: Any, tmp_path: Path) -> None:
    root, uuids = restricted
    with opened(root, tmp_path / "archive") as archive:
        uuid = uuids[SIP.name]
        dip(archive, uuid, tmp_path / "first", ["KUJK 1-2/2018"], permit="souhlas paní Nové")
        dip(archive, uuid, tmp_path / "second", permit="KUJK 12/2031", dip_id=SECOND_DIP_ID)
    second = tmp_path / "second"
    for data in tree(second / f"data/{SECOND_DIP_ID}/metadata").values():
        assert "paní Nové".encode() not in data
    assert "paní Nové".encode() not in (second / "index.html").read_bytes()
    events = etree.parse(second / f"data/{SECOND_DIP_ID}/metadata/preservation/EVENTS.xml")
    details = events.xpath("//p:event[p:eventType='dissemination']//p:eventDetail/text()", namespaces=NS)
    assert len(details) == 2
    assert str(DIP_ID) in details[0] and "selection" not in details[0]
    assert "permit: KUJK 12/2031" in details[1]


def test_the_events_since_the_aip_was_made_come_along(archive: Archive, sip: UUID, tmp_path: Path) -> None:
    dip(archive, sip, tmp_path / "dip")
    events = etree.parse(inner(tmp_path / "dip") / "metadata/preservation/EVENTS.xml")
    kinds = events.xpath("//p:eventType/text()", namespaces=NS)
    assert kinds == [
        EventType.INFORMATION_PACKAGE_CREATION, EventType.TIME_STAMPING, EventType.STORAGE,
        EventType.INGESTION_END, EventType.DISSEMINATION,
    ]  # fmt: skip
    times = events.xpath("//p:eventDateTime/text()", namespaces=NS)
    assert (times[0], times[-1]) == ("2026-03-01T10:00:00Z", "2031-07-04T09:30:00Z")
    outcomes = set(events.xpath("//p:eventOutcome/text()", namespaces=NS))
    assert outcomes == {"success"}
    agents = events.xpath("//p:agent/p:agentIdentifier/p:agentIdentifierValue/text()", namespaces=NS)
    assert set(events.xpath("//p:linkingAgentIdentifierValue/text()", namespaces=NS)) == set(agents)
    assert events.xpath("//p:agent[p:agentType='per']/p:agentName/text()", namespaces=NS) == [ARCHIVIST.name]
    assert ARCHIVIST.kind is AgentKind.PERSON
    objects = events.xpath("//p:objectIdentifierValue/text()", namespaces=NS)
    assert objects == [str(sip), str(DIP_ID)]
    assert set(events.xpath("//p:linkingObjectIdentifierValue/text()", namespaces=NS)) == set(objects)


# -- what goes wrong ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("records", [(), ("KUJK 1-2/2018",)], ids=["whole", "part"])
@pytest.mark.parametrize(
    "path",
    [
        "representations/submission/data/" + SECOND_DOCUMENT[0],
        "representations/submission/data/mets.xml",
        "metadata/preservation/PREMIS.xml",
        "metadata/descriptive/description.xml",
        "METS.xml",
    ],
)
def test_a_flipped_byte_is_found_and_no_dip_appears(
    archive: Archive, sip: UUID, tmp_path: Path, path: str, records: tuple[str, ...]
) -> None:
    flip(content(archive, sip) / f"data/{sip}/{path}", 40)
    with pytest.raises(CorruptionFound) as corruption:
        dip(archive, sip, tmp_path / "dip", records)
    assert corruption.value.params["path"] == f"data/{sip}/{path}"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["archive"]
    assert disseminations(archive, sip) == []


def test_what_is_whole_is_given_though_another_file_is_not(
    archive: Archive, sip: UUID, tmp_path: Path
) -> None:
    flip(submission(content(archive, sip), sip) / COMPONENTS[0])
    dip(archive, sip, tmp_path / "dip", ["KUJK 1-2/2018"])
    assert delivered(tmp_path / "dip") == {"mets.xml", *SECOND_DOCUMENT}


def test_a_stamp_that_is_no_longer_trusted_is_told_and_recorded(
    archive: Archive, sip: UUID, tmp_path: Path
) -> None:
    """As when the roots of an authority were replaced: nothing is wrong with the files."""
    chain = archive.root / "time-stamping/chain.pem"
    chain.unlink()
    chain.write_bytes(b"")
    dip(archive, sip, tmp_path / "dip")
    (event,) = disseminations(archive, sip)
    assert event.detail["stamp"] == "indeterminate"
    page = html.fromstring((tmp_path / "dip/index.html").read_bytes())
    told = page.xpath("string(//section[@aria-labelledby='stamp']//dl)")
    assert "nerozhodnuto" in told and "v pořádku" not in told


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_nothing_is_overwritten(archive: Archive, sip: UUID, tmp_path: Path, kind: str) -> None:
    place = tmp_path / "dip"
    if kind == "file":
        place.write_bytes(b"mine")
    elif kind == "folder":
        place.mkdir()
    else:
        place.symlink_to(tmp_path / "nowhere")
    with pytest.raises(Refused) as refused:
        dip(archive, sip, place)
    assert refused.value.text_id == "access.taken"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["archive", "dip"]
    assert disseminations(archive, sip) == []


def test_what_is_not_stored_has_no_dip(archive: Archive, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        dip(archive, UUID(int=1), tmp_path / "dip")
    profile = archive.root / "profiles/folder.toml"
    profile.write_text('reader = "folder"\n[decide]\nindeterminate = "hold"\n', "utf-8")
    with opened(archive.root, archive.root) as again:
        path = folder(5).write_folder(tmp_path)
        (done,) = run(again, [path], Order(), progress=lambda _: None)
        uuid = done.result.uuid  # type: ignore[union-attr]
        with pytest.raises(NotFound) as missing:
            dip(again, uuid, tmp_path / "dip")
        assert missing.value.text_id == "access.not-stored"
        assert missing.value.params["state"] == "held"


def test_a_place_below_a_file_is_refused_in_words(archive: Archive, sip: UUID, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises((Misconfigured, Refused)):
        dip(archive, sip, tmp_path / "file/dip")
    assert disseminations(archive, sip) == []


def test_a_full_disk_leaves_nothing(archive: Archive, sip: UUID, tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (36_000, hard))
    try:
        with pytest.raises(Misconfigured) as full:
            dip(archive, sip, tmp_path / "dip")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert full.value.text_id == "storage.full"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["archive"]
    assert disseminations(archive, sip) == []


def test_what_cannot_be_recorded_is_not_given(archive: Archive, sip: UUID, tmp_path: Path) -> None:
    beyond = archive.journal.head().segment + 1
    (archive.storage.root / segments.key(beyond)).write_bytes(b"of another journal\n")
    with pytest.raises(CorruptionFound) as corruption:
        dip(archive, sip, tmp_path / "dip")
    assert corruption.value.text_id == "catalogue.ahead"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["archive"]

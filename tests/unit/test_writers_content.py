"""What the metadata of an AIP say: METS, PREMIS, PACKAGE-INFO, the description, the README."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from archivum.model import Finding, Level, Record, Severity, Verdict
from archivum.packaging.index import PackageIndex
from archivum.packaging.premis import NOTES
from archivum.packaging.tree import DEEPEST
from tests.conformance.test_czdax_premis_rules import NS
from tests.unit.test_writers_samples import Sample, folder, information_package, make, nsesss, type_file


@pytest.fixture
def write(tmp_path: Path) -> Iterator[Callable[..., Callable[[str], Any]]]:
    """Return a function that makes an AIP and returns what parses one of its files."""
    with PackageIndex(tmp_path / "index") as index:

        def run(
            sample: Sample, findings: tuple[Finding, ...] = (), **changes: object
        ) -> Callable[[str], Any]:
            for finding in findings:
                index.add_finding(finding)
            make(tmp_path / "bag", sample, index, **changes)
            return lambda path: etree.parse(information_package(tmp_path / "bag") / path)

        yield run


def premis(read: Callable[[str], Any]) -> Any:
    return read("metadata/preservation/PREMIS.xml")


def description(read: Callable[[str], Any]) -> Any:
    return read("metadata/descriptive/description.xml")


def units(mets: Any) -> list[tuple[int, str, str, list[str]]]:
    """The logical map: depth, level, title and the names of files, in order."""
    names = {
        file.get("ID"): file.xpath("string(m:FLocat/@x:href)", namespaces=NS).rpartition("/")[2]
        for file in mets.xpath("//m:file", namespaces=NS)
    }
    return [
        (
            len(div.xpath("ancestor::m:div", namespaces=NS)),
            div.get("TYPE"),
            div.get("LABEL"),
            [names[one] for one in div.xpath("m:fptr/@FILEID", namespaces=NS)],
        )
        for div in mets.xpath("//m:structMap[@TYPE='LOGICAL']//m:div", namespaces=NS)
    ]


def test_the_logical_map_shows_the_file_plan(write: Callable[..., Any]) -> None:
    assert units(write(nsesss())("METS.xml")) == [
        (0, "spisplan", "Spisový plán", []),
        (1, "vecnaskp", "Hospodářství", []),
        (2, "vecnaskp", "Úschovy", []),
        (3, "spis", "Spis „A“ <1> & 2", ["mets.xml"]),
        (4, "dokument", "Žádost", []),
        (5, "komponenta", "žádost.pdf", ["žádost.pdf"]),
        (5, "komponenta", "příloha", ["a.doc", "b.bin"]),
        (4, "dokument", "čj. 2/2018", []),
    ]


def test_levels_that_the_map_does_not_know_are_left_out_but_not_their_files(
    write: Callable[..., Any],
) -> None:
    read = write(type_file())
    assert units(read("METS.xml")) == [
        (0, "spisplan", "spisplan 0", []),
        (1, "vecnaskp", "vecnaskp 1", []),
        (2, "typspis", "typspis 2", []),
        (3, "dil", "dil 4", ["mets.xml", "x.pdf"]),
        (4, "dokument", "dokument 6", []),
        (5, "komponenta", "k", ["k.pdf"]),
    ]
    described = description(read).xpath("//e:c/@otherlevel", namespaces=NS)
    assert described == [
        "vecnaskp", "typspis", "soucast", "dil", "spis", "dokument", "komponenta", "komponenta",
    ]  # fmt: skip


def test_a_folder_is_a_package_with_folders(write: Callable[..., Any]) -> None:
    shown = units(write(folder(("a.txt", "metadata.csv"), main="složka/metadata.csv"))("METS.xml"))
    assert shown == [
        (0, "balicek", "Fotografie", ["metadata.csv"]),
        (1, "slozka", "složka", []),
        (2, "komponenta", "a.txt", ["a.txt"]),
        (2, "komponenta", "metadata.csv", ["metadata.csv"]),
    ]


def test_folders_deeper_than_parsers_go_lie_beside_each_other(write: Callable[..., Any]) -> None:
    depth = DEEPEST + 150
    records = [Record(".", Level.PACKAGE, None, "hluboký")]
    records += [Record(f"{n}", Level.FOLDER, f"{n - 1}" if n else ".", f"s{n}") for n in range(depth)]
    records.append(Record("f", Level.COMPONENT, f"{depth - 1}", "f", paths=("f",)))
    read = write(Sample(folder().package, {"f": b"f"}, records, {}))
    assert len(units(read("METS.xml"))) == depth + 2
    assert len(description(read).xpath("//e:c", namespaces=NS)) == depth + 1


def test_without_one_root_there_is_no_logical_map(write: Callable[..., Any]) -> None:
    two = replace(nsesss(), records=(*nsesss().records, Record("P2", Level.PLAN, None, "druhý")))
    read = write(two)
    assert units(read("METS.xml")) == []
    assert description(read).xpath("//e:fileplan/e:head/text()", namespaces=NS) == ["Spisový plán", "druhý"]


def test_the_description_and_the_map_name_units_alike(write: Callable[..., Any]) -> None:
    read = write(nsesss())
    divisions = read("METS.xml").xpath("//m:structMap[@TYPE='LOGICAL']//m:div/@ID", namespaces=NS)
    described = description(read).xpath("//e:c/@id | //e:fileplan/@id", namespaces=NS)
    assert sorted(divisions) == sorted(described)
    files = read("METS.xml").xpath("//m:file/@ID", namespaces=NS)
    assert set(description(read).xpath("//e:dao/@identifier", namespaces=NS)) <= set(files)
    objects = premis(read).xpath(
        "//p:object[@xsi:type='file']//p:objectIdentifierValue/text()", namespaces=NS
    )
    assert objects == files


def test_times_of_creation_are_the_producers_where_they_are_times(write: Callable[..., Any]) -> None:
    created = {
        file.xpath("string(m:FLocat/@x:href)", namespaces=NS).rpartition("/")[2]: file.get("CREATED")
        for file in write(nsesss())("METS.xml").xpath("//m:file", namespaces=NS)
    }
    assert created["žádost.pdf"] == "2018-02-27T10:00:00+01:00"
    assert created["a.doc"] == "2026-05-04T10:11:12Z"  # "včera" is no time
    assert created["b.bin"] == "2026-05-04T10:11:12Z"  # 30 February


def test_the_regime_the_dating_and_the_parties_are_described(write: Callable[..., Any]) -> None:
    read = description(write(nsesss()))

    def of(title: str, path: str) -> list[str]:
        return [str(one) for one in read.xpath(f"//e:c[e:did/e:unittitle='{title}']/{path}", namespaces=NS)]

    assert of("Spis „A“ <1> & 2", "e:processinfo/e:p/text()") == [
        "skartační režim: Stavby; identifikátor skartačního režimu: ERMS:R1; skartační znak: A;"
        " skartační lhůta v letech: 10; spouštěcí událost: uzavření spisu; rok spouštěcí události: 2020;"
        " rok skartační operace: 2031"
    ]
    dating = "e:did/e:unitdatestructured/e:daterange"
    assert of("Spis „A“ <1> & 2", f"{dating}/*/@standarddate") == [
        "2018-03-01T00:00:00",
        "2020-11-30T23:59:59",
    ]
    assert of("Žádost", f"{dating}/*/@standarddate") == ["2018-02-27T00:00:00", "2018-02-27T23:59:59"]
    assert of("čj. 2/2018", f"{dating}/@altrender") == ["Y"]
    assert of("Hospodářství", dating) == []  # a group goes on
    assert of("Žádost", "e:relations/e:relation/@linkrole") == ["SENDER", "ENTITY"]
    assert of("Žádost", "e:did/e:unitid/@localtype") == ["CISLO_JEDNACI", "UKLADACI_ZNAK", "ZDROJ_ID"]
    assert of("žádost.pdf", "e:did/e:physdesc/text()") == ["originál"]


def test_one_format_is_told_and_doubt_is_not_hidden(write: Callable[..., Any]) -> None:
    read = premis(write(nsesss()))

    def of(name: str, path: str) -> list[str]:
        return [str(one) for one in read.xpath(f"//p:object[p:originalName='{name}']//{path}", namespaces=NS)]

    assert of("komponenty/žádost.pdf", "p:formatRegistryKey/text()") == ["fmt/95"]
    assert of("komponenty/žádost.pdf", "p:formatVersion/text()") == ["1a"]
    assert of("komponenty/žádost.pdf", "p:formatNote/text()") == [
        "byte match at 0, 8",
        "siegfried 1.11.2; DROID_SignatureFile_V120.xml",
    ]
    for name in ("komponenty/a.doc", "komponenty/b.bin", "mets.xml"):
        assert of(name, "p:format/p:formatDesignation/p:formatName/text()") == ["neznámý"]
        assert of(name, "p:formatRegistryKey/text()") == []
    assert of("komponenty/a.doc", "p:formatNote/text()")[:2] == [
        "fmt/40; Word",
        "fmt/111; OLE2; extension mismatch",
    ]
    assert of("komponenty/b.bin", "p:messageDigestAlgorithm/text()") == ["sha512", "sha256"]
    assert of("komponenty/b.bin", "p:size/text()") == ["2"]


def test_events_tell_their_outcome_and_what_was_not_checked(write: Callable[..., Any]) -> None:
    findings = (
        Finding("not-checked-rules", Verdict.INDETERMINATE, Severity.INFO),
        Finding("file-empty", Verdict.FAILED, Severity.WARNING, "log/empty", "METS:12"),
        Finding("file-size", Verdict.PASSED),
    )
    read = premis(write(nsesss(), findings))
    told = {
        event.xpath("string(p:eventType)", namespaces=NS): event
        for event in read.xpath("//p:event", namespaces=NS)
    }
    assert list(told) == ["fix", "for", "val"]
    outcomes = [event.xpath("string(.//p:eventOutcome)", namespaces=NS) for event in told.values()]
    assert outcomes == ["success", "warning", "success"]
    notes = told["val"].xpath(".//p:eventOutcomeDetailNote/text()", namespaces=NS)
    assert len(notes) == 2
    assert notes[0].startswith("file-empty (failed, warning): ")
    assert "log/empty" in notes[0]
    assert notes[0].endswith("[METS:12]")
    assert notes[1].startswith("not-checked-rules (indeterminate, info): ")
    linked = told["for"].xpath("string(.//p:linkingAgentIdentifierValue)", namespaces=NS)
    (agent,) = read.xpath(f"//p:agent[p:agentIdentifier/p:agentIdentifierValue='{linked}']", namespaces=NS)
    assert agent.xpath("string(p:agentName)", namespaces=NS) == "siegfried"
    assert agent.xpath("string(p:agentVersion)", namespaces=NS) == "1.11.2"


def test_very_many_findings_are_counted(write: Callable[..., Any]) -> None:
    finding = Finding("file-empty", Verdict.FAILED, Severity.WARNING, "log/empty")
    read = premis(write(nsesss(), (finding,) * (NOTES + 7)))
    notes = read.xpath("//p:eventOutcomeDetailNote/text()", namespaces=NS)
    assert len(notes) == NOTES + 1
    assert notes[-1] == "Dalších takových zjištění, která zde nejsou jednotlivě uvedena: 7."


def test_the_package_tells_its_origin_and_its_accession(write: Callable[..., Any]) -> None:
    read = write(nsesss())("metadata/preservation/PACKAGE-INFO.xml")
    assert read.xpath("//p:eventType/text()", namespaces=NS) == ["cre", "ing", "ipc"]
    # the outermost days of file and documents; plan and groups are older
    assert read.xpath("//p:eventDateTime/text()", namespaces=NS)[0] == "2018-01-01/2020-11-30"
    kinds = read.xpath("//p:linkingObjectIdentifierType/text()", namespaces=NS)
    values = read.xpath("//p:linkingObjectIdentifierValue/text()", namespaces=NS)
    linked = dict(zip(kinds, values, strict=True))
    assert linked["INGESTION_ID"] == "přejímka 12/2026"
    assert linked["REFERENCE_NUMBER"] == "ZA 210823/2026"
    (ingest,) = read.xpath("//p:event[p:eventType='ing']", namespaces=NS)
    assert "Jana Archivářová" in ingest.xpath("string(.//p:eventDetail)", namespaces=NS)
    notes = ingest.xpath(".//p:eventOutcomeDetailNote/text()", namespaces=NS)
    assert notes[1] == "event: appraisal; agent: archivum; action: accept"


def test_what_has_no_date_was_made_before_it_was_received(write: Callable[..., Any]) -> None:
    read = write(folder(("a",)))("metadata/preservation/PACKAGE-INFO.xml")
    (creation,) = read.xpath("//p:event[p:eventType='cre']", namespaces=NS)
    assert creation.xpath("string(p:eventDateTime)", namespaces=NS) == "2026-05-04T10:11:12Z"
    assert "neuvádí, kdy" in creation.xpath("string(.//p:eventDetail)", namespaces=NS)


def test_the_readme_speaks_czech_and_english(write: Callable[..., Any], tmp_path: Path) -> None:
    write(nsesss())
    text = (tmp_path / "bag" / "README.txt").read_text("utf-8")
    czech, english = text.split("=" * 79)
    for half in (czech, english):
        for known in ("Zkušební archiv", "100000010", "SIP-1", "2026-05-04T10:11:12Z", "openssl ts -verify"):
            assert known in half
    assert "Kde co je" in czech
    assert "Where what is" in english

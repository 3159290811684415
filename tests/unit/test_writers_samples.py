"""Submissions made by hand, with the index that ingest would have of them, for the tests of the writers."""

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from archivum.model import (
    Agent,
    AgentKind,
    Event,
    EventType,
    File,
    FormatMatch,
    Identification,
    Identifier,
    Level,
    Package,
    Promise,
    Receipt,
    Record,
    Retention,
    Verdict,
)
from archivum.packaging.bag import Built, close_bag
from archivum.packaging.czdax import Context, Fonds, build, submission_folder
from archivum.packaging.index import PackageIndex

UUID_ = UUID("6f1d2a3b-4c5d-4e6f-8a9b-0c1d2e3f4a5b")
AT = datetime(2026, 5, 4, 10, 11, 12, tzinfo=UTC)
PRODUCER = Agent("Městský úřad Liběšice & okolí", identifiers=(Identifier("00000001", "IČO"),))
INSTITUTION = Agent(
    "Zkušební archiv", identifiers=(Identifier("100000010", "INSTITUTION_ID"), Identifier("77", "CAM_ID"))
)
SOFTWARE = Agent("archivum", AgentKind.SOFTWARE, "0.1.0")
ENGINE = Agent("siegfried", AgentKind.SOFTWARE, "1.11.2")

PDF = Identification(
    (FormatMatch("fmt/95", "Acrobat PDF/A", "1a", "application/pdf", "byte match at 0, 8"),),
    Verdict.PASSED,
    "siegfried 1.11.2",
    "DROID_SignatureFile_V120.xml",
)
TWO = Identification(
    (FormatMatch("fmt/40", "Word"), FormatMatch("fmt/111", "OLE2", warning="extension mismatch")),
    Verdict.INDETERMINATE,
    "siegfried 1.11.2",
    "DROID_SignatureFile_V120.xml",
    "several answers",
)
NONE = Identification(
    (), Verdict.INDETERMINATE, "siegfried 1.11.2", "DROID_SignatureFile_V120.xml", "no match"
)


@dataclass(frozen=True)
class Sample:
    """A submission: content of files by path, records, what is promised, what was identified."""

    package: Package
    files: Mapping[str, bytes]
    records: Sequence[Record]
    formats: Mapping[str, Identification]
    promises: Sequence[Promise] = ()


def context(**changes: object) -> Context:
    """The archive that the AIPs are made for."""
    values: dict[str, object] = {
        "institution": INSTITUTION,
        "fonds": Fonds(425, "Městský úřad Liběšice"),
        "software": SOFTWARE,
        "ingestion": "přejímka 12/2026",
        "reference": "ZA 210823/2026",
    }
    return Context(**{**values, **changes})  # type: ignore[arg-type]


def events(uuid: UUID = UUID_) -> tuple[Event, ...]:
    """What happened until the AIP is built."""
    person = Agent("Jana Archivářová", AgentKind.PERSON)
    return (
        Event(EventType.INGESTION_START, uuid, AT, person, Verdict.PASSED, {"origin": "in/sip.zip"}),
        Event(EventType.MESSAGE_DIGEST_CALCULATION, uuid, AT, SOFTWARE, Verdict.PASSED, {"sha512": 6}),
        Event(EventType.FORMAT_IDENTIFICATION, uuid, AT, ENGINE, Verdict.INDETERMINATE, {"unknown": 1}),
        Event(EventType.VALIDATION, uuid, AT, SOFTWARE, Verdict.PASSED, {"rules": ["a", "b"]}),
        Event(EventType.APPRAISAL, uuid, AT, SOFTWARE, Verdict.PASSED, {"action": "accept"}),
        Event(EventType.INFORMATION_PACKAGE_CREATION, uuid, AT, SOFTWARE, Verdict.PASSED),
    )


def nsesss() -> Sample:
    """A file with two documents from a records system, one of them on paper: 6 files, 8 records."""
    regime = Retention("A", Identifier("R1", "ERMS"), "Stavby", 10, "uzavření spisu", 2020, 2031)
    records = (
        Record("P", Level.PLAN, None, "Spisový plán", (Identifier("sp-1", "ERMS"),),
               dates={"from": "2001-06-01"}),
        Record("G1", Level.GROUP, "P", "Hospodářství", classification="44", dates={"opened": "2001-06-01"}),
        Record("G2", Level.GROUP, "G1", "Úschovy", (Identifier("g-2", "ERMS"),), classification="44.4"),
        Record(
            "F", Level.FILE, "G2", "Spis „A“ <1> & 2", (Identifier("f-1", "ERMS"),), "MULi/7/2018", "44.4",
            {"opened": "2018-03-01", "closed": "2020-11-30"}, regime,
        ),
        Record(
            "D1", Level.DOCUMENT, "F", "Žádost", (Identifier("d-1", "ERMS"),), "čj. 1/2018", "44.4",
            {"created": "2018-02-27", "received": "2018-03-01T09:30:00+01:00"},
            properties={"sender": "Novák Jan", "handler": "referent", "note": "první\nřádek"},
        ),
        Record("D2", Level.DOCUMENT, "F", "", (), "čj. 2/2018", dates={"created": "2018"},
               properties={"analogue": "ano", "author": "starosta"}),
        Record("C1", Level.COMPONENT, "D1", "žádost.pdf", (Identifier("c-1", "ERMS"),),
               properties={"form": "originál"}, paths=("komponenty/žádost.pdf",)),
        Record("C2", Level.COMPONENT, "D1", "příloha", paths=("komponenty/a.doc", "komponenty/b.bin")),
    )  # fmt: skip
    files = {
        "mets.xml": b"<mets/>",
        "komponenty/žádost.pdf": b"%PDF-1.4 one",
        "komponenty/a.doc": b"\xd0\xcf\x11\xe0",
        "komponenty/b.bin": b"\x00\x01",
        "log/tp 1.xml": b"<log/>",
        "log/empty": b"",
    }
    formats = {"komponenty/žádost.pdf": PDF, "komponenty/a.doc": TWO, "komponenty/b.bin": NONE}
    promises = (
        Promise("komponenty/žádost.pdf", created="2018-02-27T10:00:00+01:00", reference="C1"),
        Promise("komponenty/a.doc", created="včera"),
        Promise("komponenty/b.bin", created="2018-02-30T10:00:00"),
    )
    package = Package("nsesss", "2024", "SIP-1", PRODUCER, "Spis „A“", "mets.xml")
    return Sample(package, files, records, formats, promises)


def type_file() -> Sample:
    """A volume in a part of a type file, with files: levels that the logical map has no place for."""
    levels = (Level.PLAN, Level.GROUP, Level.TYPE_FILE, Level.PART, Level.VOLUME, Level.FILE, Level.DOCUMENT)
    records = [
        Record(str(level), level, str(levels[number - 1]) if number else None, f"{level} {number}")
        for number, level in enumerate(levels)
    ]
    records.append(Record("C", Level.COMPONENT, "dokument", "k", paths=("komponenty/k.pdf",)))
    records.append(Record("X", Level.COMPONENT, "spis", "bez dokumentu", paths=("komponenty/x.pdf",)))
    files = {"mets.xml": b"<mets/>", "komponenty/k.pdf": b"k", "komponenty/x.pdf": b"x"}
    package = Package("nsesss", "2024", "SIP-2", None, "Díl", "mets.xml")
    return Sample(package, files, records, {})


UNUSUAL = (
    "mezera v názvu.txt",
    "dvě  mezery.txt",
    "konec ",
    " začátek",
    "Příliš žluťoučký kůň.txt",
    "Pr\u030ci\u0301lis\u030c.txt",
    "100%.txt",
    "%41.txt",
    "hash#1.txt",
    "otazník?.txt",
    "plus+plus.txt",
    "a&b<c>'\".txt",
    "[závorky] {složené} (kulaté).txt",
    "svislá|čára^střecha`akcent~vlna.txt",
    "back\\slash.txt",
    "dvojtečka:x@y;z=1,$!*.txt",
    "řádek\nzlom\rtab\t.txt",
    "\u200bnulová\u00a0šířka.txt",
    "😀.txt",
    "bajty\udcff\udc80.txt",
)


def folder(names: Iterable[str] = UNUSUAL, kind: str = "folder", main: str = "") -> Sample:
    """A plain folder with one sub-folder."""
    files = {f"složka/{name}": f"obsah {number}".encode() for number, name in enumerate(names)}
    records = [
        Record(".", Level.PACKAGE, None, "Fotografie"),
        Record("složka/", Level.FOLDER, ".", "složka"),
        *(
            Record(path, Level.COMPONENT, "složka/", path.partition("/")[2], paths=(path,))
            for path in files
            if "\udcff" not in path
        ),
    ]
    return Sample(Package(kind, "", "fotografie", None, "Fotografie", main), files, records, {})


def stage(bag: Path, sample: Sample, index: PackageIndex) -> Receipt:
    """Lay the submission into the bag and note it in the index."""
    digest = hashlib.sha512()
    receipt = Receipt(
        UUID_, AT, Agent("Jana Archivářová", AgentKind.PERSON), PRODUCER, sample.package.id,
        digest.hexdigest(),
        len(sample.files), sum(map(len, sample.files.values())), "in/sip.zip",
    )  # fmt: skip
    for path, data in sample.files.items():
        place = bag / submission_folder(receipt) / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
        index.add_file(file_of(path, data, sample.formats.get(path)))
    for promise in sample.promises:
        index.add_promise(promise)
    for record in sample.records:
        assert index.add_record(record)
    return receipt


def file_of(path: str, data: bytes, found: Identification | None = None) -> File:
    """What reading a file would have found."""
    digests = {name: hashlib.new(name, data).hexdigest() for name in ("sha512", "sha256")}
    return File(path, len(data), digests, found)


def make(bag: Path, sample: Sample, index: PackageIndex, **changes: object) -> Built:
    """Make a whole bag of a sample."""
    receipt = stage(bag, sample, index)
    built = build(bag, receipt, sample.package, index, context(**changes), events())
    return close_bag(bag, built)


def tree(folder_: Path) -> dict[str, bytes]:
    """Return the content of all files of a folder by their paths."""
    return {
        os.fspath(path.relative_to(folder_)): path.read_bytes()
        for path in sorted(folder_.rglob("*"))
        if path.is_file()
    }


def information_package(bag: Path) -> Path:
    """Return the folder of the information package in a bag."""
    return bag / "data" / str(UUID_)


def without_main(sample: Sample) -> Sample:
    """The same sample with no file that holds the package's own metadata."""
    return replace(sample, package=replace(sample.package, main=""))

"""Events as the archive writes them, for the tests of the journal and of the catalogue."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from archivum.catalogue.journal import Journal
from archivum.catalogue.rows import Details
from archivum.model import (
    Agent,
    AgentKind,
    Event,
    EventType,
    Finding,
    Identifier,
    Level,
    Package,
    Receipt,
    Record,
    Retention,
    Verdict,
)
from archivum.plain import from_plain, to_plain
from archivum.storage.local import LocalStorage

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
ARCHIVE = Agent("Zemský archiv", identifiers=(Identifier("222000000", "INSTITUTION_ID"),))
CLERK = Agent("Jana Nová", AgentKind.PERSON)
TOWN = Agent("Městský úřad Kroměříž", identifiers=(Identifier("00287351", "IČO"),))


def uuid_of(number: int) -> UUID:
    return UUID(int=(number << 96) + 0x4000_8000_0000_0000_0000)


def event(kind: EventType, number: int, outcome: Verdict = Verdict.PASSED, **detail: object) -> Event:
    """One event of package ``number``; package n arrives n hours after the start."""
    return Event(kind, uuid_of(number), START + timedelta(hours=number), CLERK, outcome, detail)


def arrival(number: int, *, producer: Agent = TOWN, package_id: str = "", title: str = "Spis") -> Event:
    name = package_id or f"SIP-{number}"
    receipt = Receipt(
        uuid=uuid_of(number),
        at=START + timedelta(hours=number),
        agent=ARCHIVE,
        producer=producer,
        package_id=name,
        digest=f"{number:0128x}",
        files=6,
        size=1_000 * number,
        origin=f"{name}.zip",
    )
    package = Package("nsesss", "2024", name, producer, title, "mets.xml")
    return event(
        EventType.INGESTION_START,
        number,
        receipt=to_plain(receipt),
        package=to_plain(package),
        profile="nsesss",
    )


def identification(number: int, puid: str = "fmt/95") -> Event:
    unknown = {"puid": "", "name": "", "version": "", "mime": "application/octet-stream"}
    pdf = {"puid": puid, "name": "Acrobat PDF/A", "version": "1a", "mime": "application/pdf"}
    found = [
        unknown | {"verdict": "indeterminate", "files": 1, "bytes": 5},
        pdf | {"verdict": "passed", "files": 2, "bytes": 30},
    ]
    return event(EventType.FORMAT_IDENTIFICATION, number, formats=found)


def validation(number: int, failed: int = 0) -> Event:
    finding = Finding("file-missing", Verdict.FAILED, subject="komponenty/ž.pdf", params={"n": 1})
    return event(
        EventType.VALIDATION,
        number,
        Verdict.FAILED if failed else Verdict.PASSED,
        failed=failed,
        warnings=2,
        indeterminate=3,
        findings=[to_plain(finding)] * failed,
        omitted=0,
    )


def appraisal(number: int, action: str, by: str = "") -> Event:
    outcome = Verdict.FAILED if action == "reject" else Verdict.PASSED
    return event(EventType.APPRAISAL, number, outcome, action=action, reasons=[], by=by, profile="nsesss")


def stored(number: int, storage: str = "main") -> Event:
    return event(
        EventType.STORAGE,
        number,
        storage=storage,
        key=f"ocfl/{number:03d}",
        object=f"urn:uuid:{uuid_of(number)}",
        version="v1",
    )


def end(number: int, access: str = "open") -> Event:
    return event(EventType.INGESTION_END, number, state="stored", access=access)


def accepted(number: int, **of_arrival: str) -> list[Event]:
    """Everything that happens to a package that is accepted and stored: eight events, one copy."""
    return [
        arrival(number, **of_arrival),  # type: ignore[arg-type]
        identification(number),
        validation(number),
        appraisal(number, "accept"),
        event(EventType.INFORMATION_PACKAGE_CREATION, number, files=20, bytes=5_000, manifest="ab" * 64),
        event(
            EventType.TIME_STAMPING,
            number,
            authority="CN=Trial",
            trial=True,
            time="2026-03-01T10:00:00Z",
            serial="7",
        ),
        stored(number),
        end(number),
    ]


def rejected(number: int, **of_arrival: str) -> list[Event]:
    """Everything that happens to a package that is rejected: three events."""
    came = arrival(number, **of_arrival)  # type: ignore[arg-type]
    return [came, validation(number, failed=1), appraisal(number, "reject")]


def records(number: int, count: int = 3) -> Iterator[Record]:
    """The records of package ``number``: a case file and its documents."""
    yield Record(
        "file",
        Level.FILE,
        title=f"Žádost o stavební povolení č. {number}",
        identifiers=(Identifier(f"SPIS-{number}", "ESSL"),),
        reference=f"KM/{number}/2019",
        classification="1.2.3",
        dates={"opened": "2019-01-02", "closed": "2019-11-30"},
        retention=Retention("S", years=5, due_year=2026),
    )
    for position in range(1, count):
        yield Record(
            f"document-{position}",
            Level.DOCUMENT,
            "file",
            title=f"Příloha {position}",
            paths=("komponenty/\udcffa.pdf", "komponenty/b.pdf"),
        )


def details(uuid: UUID, kind: str) -> Details:
    """What the AIP of a package says: three records."""
    assert kind == "nsesss"
    return Details(records(uuid.int >> 96))


def storages(root: Path, names: tuple[str, ...] = ("archive", "main")) -> list[LocalStorage]:
    found = [LocalStorage(name, root / name) for name in names]
    for storage in found:
        storage.root.mkdir(parents=True, exist_ok=True)
    return found


def journal_in(root: Path, names: tuple[str, ...] = ("archive", "main")) -> Journal:
    """The journal of an archive in a folder, with a storage for each name."""
    return Journal(storages(root, names), root / "lock", patience=5)


def files_below(folder: Path) -> dict[str, bytes]:
    """What a journal is on disk: the bytes of each file."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted((folder / "journal").rglob("*"))
        if path.is_file()
    }


def test_the_samples_have_a_plain_form() -> None:
    for one in accepted(1):
        assert from_plain(Event, to_plain(one)) == one

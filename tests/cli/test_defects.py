"""Every defect in every kind of package and container: refused, told, recorded, and nothing stored.

All packages of one kind in one container go through one run of the command line; the tests look at what it
left, and at the line about the one they are named after.
"""

import pickle
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from archivum.model import Event, EventType, Finding, State
from archivum.plain import from_plain
from archivum.profile import NEVER_ACCEPTED
from fixtures.bags import bag
from fixtures.defects import Defect
from fixtures.folders import folder
from fixtures.package import Package
from fixtures.sip import spis
from tests.cli.conftest import Once
from tests.cli.running import Ran, content, here, left_at_work, opened, powerless, seen

KINDS: Final[Mapping[str, Callable[[int], Package]]] = {"nsesss": spis, "bagit": bag, "folder": folder}
CONTAINERS: Final = ("folder", "zip", "tar")

# what is not as it should be, but is no reason to send a package back: it is stored with the finding
ACCEPTED: Final = {
    "nsesss": (
        Defect.EMPTY_FOLDER,
        Defect.NO_CHECKSUM,
        Defect.BACKSLASH_REFERENCE,
        Defect.CASE_REFERENCE,
        Defect.NO_PRODUCER,
        Defect.COMPONENT_WITHOUT_FILE,
    ),
    "bagit": (Defect.EMPTY_FOLDER, Defect.GARBLED_INFO, Defect.MANIFEST_TWICE),
    "folder": (Defect.EMPTY_FOLDER, Defect.TABLE_COLUMN, Defect.WRONG_EXTENSION, Defect.UNKNOWN_FORMAT),
}
BIG: Final = (Defect.BOMB_TOTAL, Defect.BOMB_FILES)  # what only a profile with low limits refuses
LIMITS: Final = "[limits]\nfiles = 500\nbytes = 16777216\n"

# findings that no single file is to blame for
OF_THE_WHOLE: Final = {
    "roots", "bomb-ratio", "bomb-files", "container-damaged", "bag-no-manifest", "sip-id", "sip-producer",
}  # fmt: skip

ALL: Final = [
    (defect, kind, container)
    for kind in KINDS
    for container in CONTAINERS
    for defect in Defect
    if defect.applies(kind, container) and defect is not Defect.UNREADABLE_FILE
]
REFUSED: Final = [one for one in ALL if one[0] not in ACCEPTED[one[1]]]


def _id(value: object) -> str:
    return value.name if isinstance(value, Defect) else str(value)


@dataclass(frozen=True)
class Sent:
    """What was sent in one run, and what came of it.

    By the name of the defect: ``before`` and ``after`` are all that could be seen of a transfer. By UUID:
    ``states`` is what the catalogue says, ``events`` what the journal has. ``kept`` is what was in storage
    and ``left`` what was in its workplace when all that is refused had been refused.
    """

    root: Path
    paths: Mapping[str, Path]
    ran: Mapping[str, Ran]
    before: Mapping[str, object]
    after: Mapping[str, object]
    kept: Mapping[str, str]
    left: Sequence[str]
    states: Mapping[str, State]
    events: Mapping[str, list[Event]]

    def line(self, defect: Defect) -> dict[str, Any]:
        """What was told of a package."""
        path = str(self.paths[defect.name])
        (found,) = (line for ran in self.ran.values() for line in ran.of("package") if line["path"] == path)
        return found

    def findings(self, defect: Defect) -> list[dict[str, Any]]:
        """The findings that were expected of a package's defect."""
        return [one for one in self.line(defect)["findings"] if one["code"] in defect.value.codes]


def write(kind: str, container: str, defect: Defect, number: int, parent: Path) -> Path:
    package = KINDS[kind](number)
    parent.mkdir()
    if container == "folder":
        return package.write_folder(parent, [defect])
    return package.write_zip(parent, [defect]) if container == "zip" else package.write_tar(parent, [defect])


def send(kind: str, container: str, template: Path, place: Path) -> None:
    root = Path(shutil.copytree(template, place / "archiv"))
    (root / "profiles/low.toml").write_text(f'reader = "{kind}"\n{LIMITS}', "utf-8")
    paths = {}
    for defect, its_kind, its_container in ALL:
        if (its_kind, its_container) == (kind, container):
            # those that are accepted have identifiers of their own, lest they be taken for each other
            number = 1 + ACCEPTED[kind].index(defect) if defect in ACCEPTED[kind] else 0
            paths[defect.name] = write(kind, container, defect, number, place / defect.name)
    before = {name: seen(path) for name, path in paths.items()}
    big = [str(paths[one.name]) for one in BIG if one.name in paths]
    good = [str(paths[one.name]) for one in ACCEPTED[kind]]
    bad = [str(path) for path in paths.values() if str(path) not in (*big, *good)]
    command = ("--archive", root, "--json", "ingest")
    ran = {"bad": here(*command, *bad)}
    if big:
        ran["big"] = here(*command, "--profile", "low", *big)
    kept, left = content(root / "storage/main/ocfl"), left_at_work(root)
    ran["good"] = here(*command, *good)
    after = {name: seen(path) for name, path in paths.items()}
    archive = opened(root)
    states = {str(one.uuid): one.state for one in archive.catalogue.packages()}
    events: dict[str, list[Event]] = {}
    for entry in archive.journal.entries():
        events.setdefault(str(entry.event.subject), []).append(entry.event)
    archive.close()
    sent = Sent(root, paths, ran, before, after, kept, left, states, events)
    (place / "sent").write_bytes(pickle.dumps(sent))


@pytest.fixture(scope="session")
def all_sent(once: Once, template: Path) -> Callable[[str, str], Sent]:
    """Send all packages of a kind in a container, once."""
    known: dict[tuple[str, str], Sent] = {}

    def look(kind: str, container: str) -> Sent:
        if (kind, container) not in known:
            place = once(f"{kind}-{container}", lambda place: send(kind, container, template, place))
            known[kind, container] = pickle.loads((place / "sent").read_bytes())
        return known[kind, container]

    return look


Look = Callable[[str, str], Sent]


@pytest.mark.parametrize(("defect", "kind", "container"), ALL, ids=_id)
def test_the_defect_is_found_and_said_in_both_languages(
    defect: Defect, kind: str, container: str, all_sent: Look
) -> None:
    found = all_sent(kind, container).findings(defect)
    assert found
    for one in found:
        assert one["verdict"] == "failed" or defect is Defect.UNKNOWN_FORMAT
        assert one["subject"] or one["where"] or one["code"] in OF_THE_WHOLE
        finding = from_plain(
            Finding, {key: one[key] for key in ("code", "verdict", "subject", "where", "params")}
        )
        texts = [(one["text"], finding.text("cs")), (one["hint"], finding.hint("cs")),
                 (one["rule"], finding.rule("cs"))]  # fmt: skip
        for english, czech in texts:
            assert english.strip() and czech.strip() and english != czech
        assert finding.source("en") == one["source"] != ""


@pytest.mark.parametrize(("defect", "kind", "container"), REFUSED, ids=_id)
def test_the_package_is_refused_with_a_report_and_a_record(
    defect: Defect, kind: str, container: str, all_sent: Look
) -> None:
    sent = all_sent(kind, container)
    line = sent.line(defect)
    assert (line["status"], line["action"]) == ("rejected", "reject")
    assert set(line["reasons"]) & set(defect.value.codes)
    report = Path(line["report"]).read_text("utf-8")
    for code in line["reasons"]:
        assert f"[{code}]" in report
    assert sent.states[line["uuid"]] is State.REJECTED
    events = {event.type: event.detail for event in sent.events[line["uuid"]]}
    assert len(events) == len(sent.events[line["uuid"]])
    assert events[EventType.APPRAISAL]["action"] == "reject"
    told: Any = events[EventType.VALIDATION]["findings"]
    assert {one["code"] for one in told} & set(defect.value.codes)


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_stored_of_what_is_refused(
    kind: str, container: str, template: Path, all_sent: Look
) -> None:
    sent = all_sent(kind, container)
    assert sent.kept == content(template / "storage/main/ocfl")
    assert sent.left == []
    for name in {"bad", "big"} & set(sent.ran):
        refused = sent.ran[name]
        assert refused.code == 3
        assert refused.summary == {
            "schema": "archivum.ingest/1", "type": "summary", "exit_code": 3,
            "rejected": len(refused.of("package")),
        }  # fmt: skip


@pytest.mark.parametrize(("defect", "kind", "container"), ALL, ids=_id)
def test_the_transfer_is_left_as_it_was(defect: Defect, kind: str, container: str, all_sent: Look) -> None:
    sent = all_sent(kind, container)
    assert sent.after[defect.name] == sent.before[defect.name]


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_only_a_warning_is_stored_with_it(kind: str, container: str, all_sent: Look) -> None:
    sent = all_sent(kind, container)
    assert sent.ran["good"].code == 0
    for defect in ACCEPTED[kind]:
        assert sent.line(defect)["status"] == "stored"
        assert {one["severity"] for one in sent.findings(defect)} == {"warning"}
        shown = here("--archive", sent.root, "--json", "show", sent.line(defect)["uuid"])
        events = [one["event"] for one in shown.of("event")]
        (checked,) = (event["detail"] for event in events if event["type"] == "validation")
        assert {one["code"] for one in checked["findings"]} & set(defect.value.codes)
    verified = here("--archive", sent.root, "verify")
    assert verified.code == 0, verified.err


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_nobody_may_read(kind: str, archive: Path, sent: Path) -> None:
    path = write(kind, "folder", Defect.UNREADABLE_FILE, 0, sent / "1")
    ran = powerless("--archive", archive, "--json", "ingest", path)
    assert ran.code == 3, ran.err
    line = ran.package
    (found,) = (one for one in line["findings"] if one["code"] == "file-unreadable")
    assert (path / found["subject"]).is_file()


def test_there_is_a_fault_for_every_code_that_is_never_accepted() -> None:
    made = {code for defect in Defect for code in defect.value.codes}
    elsewhere = {
        "not-a-package",
        "malware-found",
        "file-vanished",
        "file-unstable",
        "not-checked-checksum",
        "package-conflict",
        "package-empty",
    }
    assert NEVER_ACCEPTED - made == elsewhere

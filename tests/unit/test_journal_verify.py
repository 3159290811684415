from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import pytest

from archivum.catalogue import segments
from archivum.catalogue.entry import ORIGIN, Line, write_line
from archivum.catalogue.journal import Journal
from archivum.errors import Misconfigured
from archivum.model import Finding, Verdict
from archivum.storage.local import LocalStorage
from archivum.texts import LANGUAGES, Language, room
from tests.unit.test_journal_samples import arrival, journal_in, storages

NAMES = ("archive", "main", "second")
Damage = Callable[[Path], object]


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """Four segments of two events each, in three storages."""
    journal = journal_in(tmp_path, NAMES)
    for number in (1, 3, 5, 7):
        journal.append([arrival(number), arrival(number + 1)])
    return journal


def brief(findings: list[Finding]) -> list[tuple[str, str, str]]:
    return [(one.code, str(one.params["storage"]), one.where) for one in findings]


def said(finding: Finding) -> list[str]:
    """Everything a finding says, in both languages; a text that names an unknown parameter fails."""
    known = {"subject": finding.subject, "where": finding.where, **finding.params}
    return [
        text.format_map(known) for language in LANGUAGES for text in texts(language)[finding.code].values()
    ]


def texts(language: Language) -> Mapping[str, Mapping[str, str]]:
    """The texts of findings, wherever those of the journal stand."""
    try:
        return room("checks_catalogue", language)
    except KeyError:
        return room("checks", language)


def segment(tmp_path: Path, number: int, storage: str = "main") -> Path:
    return tmp_path / storage / segments.key(number)


def lines(place: Path) -> list[bytes]:
    return place.read_bytes().splitlines(keepends=True)


def forge(place: Path, line: int, old: bytes, new: bytes) -> None:
    """Change an event and give it a digest that agrees with it."""
    found = lines(place)
    entry = Line.read(found[line - 1].rstrip(b"\n").replace(old, new)).entry()
    found[line - 1] = write_line(entry.event, entry.seq, entry.previous)[1]
    place.write_bytes(b"".join(found))


def test_a_whole_journal_has_no_findings(journal: Journal) -> None:
    assert list(journal.verify()) == []
    assert list(journal.verify(known=journal.head())) == []
    assert list(journal_in(Path(journal._lock).parent / "empty").verify()) == []


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        pytest.param(
            lambda root: segment(root, 2).write_bytes(
                segment(root, 2).read_bytes().replace(b"SIP-4", b"SIP-9")
            ),
            [("journal-edited", "main", "2")],
            id="an event was edited",
        ),
        pytest.param(
            lambda root: forge(segment(root, 2), 1, b"SIP-3", b"SIP-9"),
            [("journal-broken", "main", "2")],
            id="an event was edited and its digest with it",
        ),
        pytest.param(
            lambda root: forge(segment(root, 2), 2, b"SIP-4", b"SIP-9"),
            [("journal-fork", "main", ""), ("journal-broken", "main", "1")],
            id="the last event of a segment was edited and its digest with it",
        ),
        pytest.param(
            lambda root: forge(segment(root, 4), 2, b"SIP-8", b"SIP-9"),
            [("journal-fork", "main", "")],
            id="the very last event was edited and its digest with it",
        ),
        pytest.param(
            lambda root: segment(root, 2).write_bytes(lines(segment(root, 2))[1]),
            [("journal-order", "main", "1")],
            id="a line was removed",
        ),
        pytest.param(
            lambda root: segment(root, 4).write_bytes(lines(segment(root, 4))[0]),
            [("journal-fork", "main", "")],
            id="the last line was removed",
        ),
        pytest.param(
            lambda root: segment(root, 2).write_bytes(b"".join(reversed(lines(segment(root, 2))))),
            [("journal-order", "main", "1"), ("journal-order", "main", "2"), ("journal-order", "main", "1")],
            id="lines were put in another order",
        ),
        pytest.param(
            lambda root: segment(root, 2).write_bytes(b"".join(lines(segment(root, 2))[:1] * 2)),
            [("journal-order", "main", "2"), ("journal-order", "main", "1")],
            id="a line was repeated in the place of another",
        ),
        pytest.param(
            lambda root: segment(root, 2).unlink(),
            [("journal-lost", "main", "")],
            id="a segment was removed",
        ),
        pytest.param(
            lambda root: segment(root, 4).unlink(),
            [("journal-behind", "main", "")],
            id="the last segment was removed",
        ),
        pytest.param(
            lambda root: (
                segment(root, 2).rename(root / "x"),
                segment(root, 3).rename(segment(root, 2)),
                (root / "x").rename(segment(root, 3)),
            ),
            [("journal-order", "main", "1")] * 3,
            id="segments were put in another order",
        ),
        pytest.param(
            lambda root: segment(root, 4).write_bytes(segment(root, 4).read_bytes()[:-1]),
            [("journal-unreadable", "main", "2")],
            id="the last line feed is gone",
        ),
        pytest.param(
            lambda root: segment(root, 3).write_bytes(b""),
            [("journal-unreadable", "main", "1"), ("journal-unreadable", "main", "1")],
            id="a segment is empty",
        ),
        pytest.param(
            lambda root: segment(root, 4).with_name("notes.txt").write_text("x"),
            [("journal-foreign", "main", "")],
            id="something else lies there",
        ),
        pytest.param(
            lambda root: segment(root, 5).write_bytes(write_line(arrival(9), 9, ORIGIN)[1]),
            [
                ("journal-broken", "main", "1"),
                ("journal-behind", "archive", ""),
                ("journal-behind", "second", ""),
            ],
            id="a segment was added that does not follow",
        ),
    ],
)
def test_damage_to_one_copy_is_found_and_only_that_copy_is_blamed(
    journal: Journal, tmp_path: Path, damage: Damage, expected: list[tuple[str, str, str]]
) -> None:
    damage(tmp_path)
    findings = list(journal.verify())
    assert brief(findings) == expected
    assert all(one.verdict is Verdict.FAILED for one in findings)
    for finding in findings:
        assert any("main" in text for text in said(finding)) or finding.code == "journal-behind"


def test_a_finding_names_the_file_and_the_event(journal: Journal, tmp_path: Path) -> None:
    segment(tmp_path, 2).write_bytes(segment(tmp_path, 2).read_bytes().replace(b"SIP-4", b"SIP-9"))
    (finding,) = journal.verify()
    assert finding.subject == "journal/000/000/002.jsonl"
    assert finding.where == "2"
    assert finding.params == {"storage": "main", "seq": 4}


def test_a_segment_added_to_one_copy_that_does_follow_is_told_as_the_others_being_behind(
    journal: Journal, tmp_path: Path
) -> None:
    head = journal.head()
    segment(tmp_path, 5).write_bytes(write_line(arrival(9), 9, head.digest)[1])
    assert brief(list(journal.verify())) == [
        ("journal-behind", "archive", ""),
        ("journal-behind", "second", ""),
    ]


@pytest.mark.parametrize("cut", [1, 2, 3, 4])
def test_what_was_cut_off_in_every_copy_is_told_by_an_end_noted_elsewhere(
    journal: Journal, tmp_path: Path, cut: int
) -> None:
    known = journal.head()
    for number in range(5 - cut, 5):
        for name in NAMES:
            segment(tmp_path, number, name).unlink()
    assert list(journal.verify()) == []
    findings = list(journal.verify(known))
    assert brief(findings) == [("journal-truncated", name, "") for name in NAMES]
    assert all("8" in said(finding)[0] for finding in findings)


def test_a_history_written_anew_everywhere_is_told_by_an_end_noted_elsewhere(
    journal: Journal, tmp_path: Path
) -> None:
    known = journal.head()
    anew = journal_in(tmp_path / "anew")
    for number in (1, 3, 5, 7):
        anew.append([arrival(number), arrival(number + 2)])
    for name in NAMES:
        for number in range(1, 5):
            place = segment(tmp_path, number, name)
            place.write_bytes(segment(tmp_path / "anew", number, "main").read_bytes())
    assert list(journal.verify()) == []
    findings = list(journal.verify(known))
    assert brief(findings) == [("journal-rewritten", name, "2") for name in NAMES]
    assert all(said(findings[0]))
    assert list(journal.verify(replace(known, seq=0))) == []


def test_a_copy_that_cannot_be_listed_is_not_checked_and_the_others_are(
    tmp_path: Path, journal: Journal
) -> None:
    class Vanished(LocalStorage):
        def list(self, prefix: str = ""):  # type: ignore[no-untyped-def]
            raise Misconfigured("catalogue.missing", place=self.root)

    segment(tmp_path, 4).unlink()
    parts = [Vanished("gone", tmp_path / "gone"), *storages(tmp_path)]
    findings = list(Journal(parts, tmp_path / "lock").verify(known=journal.head()))
    assert brief(findings) == [
        ("journal-not-checked", "gone", ""),
        ("journal-behind", "main", ""),
        ("journal-truncated", "main", ""),
    ]
    assert findings[0].verdict is Verdict.INDETERMINATE


def test_a_segment_that_cannot_be_read_is_not_checked(tmp_path: Path, journal: Journal) -> None:
    class Failing(LocalStorage):
        def open(self, key: str) -> BinaryIO:
            if key == segments.key(2):
                raise OSError(5, "Input/output error")
            return super().open(key)

    parts = [Failing("archive", tmp_path / "archive"), LocalStorage("main", tmp_path / "main")]
    findings = list(Journal(parts, tmp_path / "lock").verify())
    assert brief(findings) == [("journal-not-checked", "archive", "")]
    assert findings[0].verdict is Verdict.INDETERMINATE
    assert findings[0].subject == segments.key(2)
    assert any("Input/output error" in text for text in said(findings[0]))

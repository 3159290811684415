"""What is found about formats that a policy does not permit, or not for good."""

from collections.abc import Iterator
from datetime import date

import pytest

from archivum.checks.permitted import permitted
from archivum.formats.policy import Condition, Policy, Rule, Standing
from archivum.model import (
    Action,
    File,
    Finding,
    FormatMatch,
    Identification,
    InnerFile,
    Severity,
    Validation,
    Verdict,
)  # fmt: skip
from archivum.packaging.index import PackageIndex
from archivum.profile import Profile
from archivum.texts import LANGUAGES

DAY = date(2026, 3, 2)
PASSED, FAILED, OPEN = Verdict.PASSED, Verdict.FAILED, Verdict.INDETERMINATE
POLICY = Policy(
    "p",
    "Pravidla",
    Standing.ACCEPTABLE,
    (
        Rule(("fmt/11",), Standing.PRESERVATION),
        Rule(("fmt/353",), Standing.CONDITIONAL, condition=Condition(facts={"compression": ("1",)})),
        Rule(("fmt/899",), Standing.REFUSED),
    ),
)


def identified(puid: str, verdict: Verdict = PASSED) -> Identification:
    return Identification((FormatMatch(puid, f"Name of {puid}"),), verdict, "siegfried", "")


def file(path: str, puid: str, validation: Validation | None = None, verdict: Verdict = PASSED) -> File:
    return File(path, 10, {}, identified(puid, verdict), validation)


def tiff(path: str, **facts: str) -> File:
    return file(path, "fmt/353", Validation(PASSED, PASSED, ("t",), facts=facts))


@pytest.fixture
def index() -> Iterator[PackageIndex]:
    with PackageIndex() as index:
        yield index


def found(index: PackageIndex, *files: File) -> list[Finding]:
    for one in files:
        index.add_file(one)
    findings = list(permitted(index, POLICY, DAY))
    for finding in findings:
        for language in LANGUAGES:
            assert finding.text(language) and finding.hint(language)
    return findings


def brief(findings: list[Finding]) -> list[tuple[str, Verdict, Severity, str, object]]:
    return [(one.code, one.verdict, one.severity, one.subject, one.params.get("count")) for one in findings]


def test_what_is_kept_for_good_is_not_spoken_of(index: PackageIndex) -> None:
    assert found(index, file("a.png", "fmt/11"), tiff("b.tif", compression="1")) == []


def test_a_refused_format_is_told_for_each_file(index: PackageIndex) -> None:
    findings = found(index, file("a.exe", "fmt/899"), file("b.exe", "fmt/899", None, OPEN))
    assert brief(findings) == [
        ("format-refused", FAILED, Severity.ERROR, "a.exe", None),
        ("format-refused", FAILED, Severity.ERROR, "b.exe", None),
    ]
    assert "fmt/899 Name of fmt/899" in findings[0].text() and "Pravidla" in findings[0].text()
    assert [Profile("p", "folder").action(one) for one in findings] == [Action.REJECT] * 2


def test_a_refused_format_is_found_inside_files(index: PackageIndex) -> None:
    program = InnerFile("setup/a.exe", 5, identified("fmt/899"), Validation())
    zipped = InnerFile("b.zip", 50, identified("x-fmt/263"), Validation(parts=(program,)))
    outer = file("c.zip", "x-fmt/263", Validation(parts=(zipped,)))
    refused, beside = found(index, outer)
    assert (refused.code, refused.subject, refused.where) == ("format-refused", "c.zip", "b.zip!/setup/a.exe")
    assert (beside.code, beside.params["count"]) == ("format-not-preservation", 1)


def test_a_condition_that_is_not_met_is_told_for_each_file(index: PackageIndex) -> None:
    findings = found(index, tiff("a.tif", compression="5"), tiff("b.tif", compression="1"))
    assert brief(findings) == [("format-condition", FAILED, Severity.WARNING, "a.tif", None)]
    assert "Its compression is 5, and must be 1." in findings[0].text("en")
    assert "Jeho vlastnost compression je 5, ale musí být 1." in findings[0].text("cs")
    assert Profile("p", "folder").action(findings[0]) is Action.ACCEPT


def test_a_condition_that_cannot_be_told_is_told_once(index: PackageIndex) -> None:
    findings = found(index, *(file(f"{number}.tif", "fmt/353") for number in range(7)), tiff("x.tif"))
    assert brief(findings) == [("not-checked-condition", OPEN, Severity.WARNING, "", 8)]
    assert "Its compression is not known, and must be 1." in findings[0].text()


def test_what_is_taken_beside_is_told_once_a_format(index: PackageIndex) -> None:
    files = [file(f"{number}.docx", "fmt/412") for number in range(5)]
    findings = found(index, *files, file("a.zfo", "fmt/1243"))
    assert brief(findings) == [
        ("format-not-preservation", FAILED, Severity.INFO, "", 1),
        ("format-not-preservation", FAILED, Severity.INFO, "", 5),
    ]
    assert [Profile("p", "folder").action(one) for one in findings] == [Action.ACCEPT] * 2


def test_what_is_not_identified_is_left_to_the_identification(index: PackageIndex) -> None:
    unknown = File("a.bin", 10, {}, Identification((), OPEN, "", "", "unknown"))
    unsure = file("b.png", "fmt/11", None, OPEN), file("c.tif", "fmt/353", None, OPEN)
    assert found(index, unknown, *unsure, File("d", 10, {}), File("e", 0, {}, identified("fmt/899"))) == []

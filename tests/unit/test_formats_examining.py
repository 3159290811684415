"""Everything that is known of a file: its format, whether it is whole, and the same of what is inside it."""

import io
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from archivum.checks.validation import validation
from archivum.formats import examining as module
from archivum.formats.examining import Examining, Seen
from archivum.formats.table import FILE, read_format_table
from archivum.formats.validating import Validating
from archivum.model import File, Finding, Severity, Verdict
from archivum.packaging.index import PackageIndex
from archivum.place import data_folder
from fixtures import pdf

TABLE = read_format_table(data_folder("profiles") / FILE)


def picture(kind: str = "PNG") -> bytes:
    made = io.BytesIO()
    Image.frombytes("L", (64, 64), bytes(range(256)) * 16).save(made, kind)
    return made.getvalue()


def packed(**files: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as container:
        for name, data in files.items():
            container.writestr(name.replace("__", "."), data)
    return made.getvalue()


LETTER = pdf.letter("Obec Lhota", "Věc", "Odstavec.").data


@pytest.fixture(scope="module")
def examining() -> Iterator[Examining]:
    with Examining(TABLE.validators) as one:
        yield one


def seen(examining: Examining, folder: Path, **files: bytes) -> dict[str, Seen]:
    for name, data in files.items():
        path = folder / name.replace("__", ".")
        path.write_bytes(data)
        examining.add(path.name, path, path.name, len(data))
    found = {one.key: one for one in examining.results()}
    assert len(found) == len(files)
    return found


def verdicts(one: Seen) -> tuple[str, str]:
    return one.validation.well_formed.value, one.validation.valid.value


# -- one file -------------------------------------------------------------------------------------------


def test_whole_files_are_whole_and_broken_ones_are_not(examining: Examining, tmp_path: Path) -> None:
    png = picture()
    found = seen(
        examining,
        tmp_path,
        a__png=png,
        b__png=png[:-30],
        c__pdf=LETTER,
        d__csv=b"a,b\n1,2\n",
        e__qqq=b"\0\1\2",
    )
    assert {name: verdicts(one) for name, one in found.items()} == {
        "a.png": ("passed", "passed"),
        "b.png": ("failed", "failed"),
        "c.pdf": ("passed", "passed"),
        "d.csv": ("passed", "passed"),
        "e.qqq": ("indeterminate", "indeterminate"),
    }
    assert found["c.pdf"].validation.tools[0].startswith("pikepdf ")
    assert found["e.qqq"].validation.reason == "unidentified"


@pytest.mark.parametrize("name", ["a.pdf", "a.png", "a.docx", "a.gif"])
def test_what_is_not_identified_is_held_to_what_its_name_says(
    examining: Examining, tmp_path: Path, name: str
) -> None:
    """What is cut off shows no format any more."""
    (tmp_path / name).write_bytes(b"<\x89PNG" + b"\1\2\3" * 40)
    examining.add(name, tmp_path / name, name, 125)
    (one,) = examining.results()
    assert one.format.puid is None
    assert verdicts(one) == ("failed", "failed")


def test_names_that_may_be_anything_are_held_to_nothing(examining: Examining, tmp_path: Path) -> None:
    """HTML is mostly no XML, though XHTML, which has the same name, is."""
    html = b"<p>Obec Lhota<br>Odstavec.\n" * 9
    found = seen(examining, tmp_path, a__dat=b"\1\2\3" * 40, b=b"\1\2\3" * 40, c__html=html, d__htm=html)
    assert {verdicts(one) for one in found.values()} == {("indeterminate", "indeterminate")}
    assert {one.validation.reason for one in found.values()} <= {"unidentified", "none"}


# -- files in files -------------------------------------------------------------------------------------


def test_what_is_inside_is_judged_like_a_file_of_its_own(examining: Examining, tmp_path: Path) -> None:
    png = picture()
    inner = packed(deep__png=png[:-30], ok__pdf=LETTER)
    found = seen(examining, tmp_path, a__zip=packed(one__png=png, two__zip=inner))["a.zip"]
    assert verdicts(found)[0] == "passed"
    one, two = found.validation.parts
    assert (one.path, one.format.puid, one.validation.valid) == ("one.png", "fmt/11", Verdict.PASSED)
    assert [part.path for part in two.validation.parts] == ["deep.png", "ok.pdf"]
    assert [part.validation.valid for part in two.validation.parts] == [Verdict.FAILED, Verdict.PASSED]


def test_containers_deeper_than_the_limit_are_left_out_and_said(examining: Examining, tmp_path: Path) -> None:
    data = packed(deepest__png=picture())
    for _ in range(module.DEPTH + 1):
        data = packed(inner__zip=data)
    one = seen(examining, tmp_path, a__zip=data)["a.zip"]
    validation = one.validation
    for _ in range(module.DEPTH):
        (part,) = validation.parts
        validation = part.validation
    assert validation.parts == ()
    assert [(fault.id, fault.params["count"]) for fault in validation.faults] == [("inner-limit", 1)]


def test_more_files_inside_than_the_limit(examining: Examining, tmp_path: Path) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as container:
        for number in range(module.INNER + 5):
            container.writestr(f"{number:04d}.txt", "a\n")
    one = seen(examining, tmp_path, a__zip=made.getvalue())["a.zip"]
    assert len(one.validation.parts) <= module.INNER
    assert any("limit" in fault.id for fault in one.validation.faults)


def test_nothing_taken_out_of_files_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setattr("tempfile.tempdir", None)
    with Examining(TABLE.validators) as one:
        seen(one, tmp_path, a__zip=packed(b__png=picture(), c__zip=packed(d__pdf=LETTER)))
        (scratch,) = (tmp_path / "tmp").glob("archivum-*")
        assert list(scratch.iterdir()) == []
    assert list((tmp_path / "tmp").glob("archivum-*")) == []


# -- what becomes of a validator ------------------------------------------------------------------------


def test_a_validator_that_hangs_is_no_verdict_and_the_other_files_are_judged(tmp_path: Path) -> None:
    """A validator opens a pipe that nobody writes into, and never comes back."""
    os.mkfifo(tmp_path / "a.png")
    data = picture()
    (tmp_path / "b.png").write_bytes(data)
    with Validating(tmp_path, {}, seconds=2.0) as one:
        for name in ("a.png", "b.png"):
            one.add(name, tmp_path / name, name, len(data), "fmt/11", ["png"])
        found = {key: judged.validation for key, judged in one.results()}
    hung = found["a.png"]
    assert (hung.well_formed, hung.valid) == (Verdict.INDETERMINATE, Verdict.INDETERMINATE)
    assert hung.reason == "timeout"
    assert (found["b.png"].well_formed, found["b.png"].valid) == (Verdict.PASSED, Verdict.PASSED)


# -- as findings ----------------------------------------------------------------------------------------


def findings(tmp_path: Path, examining: Examining, **files: bytes) -> list[Finding]:
    with PackageIndex() as index:
        for name, data in files.items():
            index.add_file(File(name.replace("__", "."), len(data), {"sha512": "0" * 128}))
        index.set_formats(seen(examining, tmp_path, **files).values())
        return list(validation(index))


def test_findings_name_the_file_the_place_and_the_reason_in_both_languages(
    examining: Examining, tmp_path: Path
) -> None:
    png = picture()
    found = findings(
        tmp_path,
        examining,
        good__png=png,
        cut__png=png[:-30],
        tail__png=png + b"xx",
        a__zip=packed(b__png=png[:-30]),
    )
    told = {(one.subject, one.code): one for one in found}
    assert ("good.png", "file-malformed") not in told
    cut = told["cut.png", "file-malformed"]
    assert (cut.verdict, cut.severity) == (Verdict.FAILED, Severity.ERROR)
    assert "ends too early" in cut.text("en")
    assert "Končí příliš brzy" in cut.text("cs")
    assert told["tail.png", "file-flaw"].severity is Severity.WARNING
    assert told["a.zip", "file-malformed"].where.startswith("b.png")


def test_a_format_that_nobody_judges_is_told_once_with_its_number(
    examining: Examining, tmp_path: Path
) -> None:
    found = findings(
        tmp_path, examining, a__txt=b"abc\n", b__rtf=b"{\\rtf1\\ansi a}", c__rtf=b"{\\rtf1\\ansi b}"
    )
    told = [one for one in found if one.code == "not-checked-validity"]
    assert all(one.verdict is Verdict.INDETERMINATE for one in told)
    assert [one.params["count"] for one in told if "Rich Text" in str(one.params["format"])] == [2]

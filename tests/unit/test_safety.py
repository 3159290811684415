"""What is unsafe about a transfer is seen in its names and sizes, before a file of it is opened."""

import unicodedata
from collections.abc import Iterator
from ntpath import normpath as on_windows
from posixpath import normpath as on_posix

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archivum.checks.safety import PART_BYTES, PATH_BYTES, SMALL, Limits, Safety, fold, unsafe
from archivum.model import Finding
from archivum.packaging.index import PackageIndex
from archivum.storage.transfer import Entry, EntryKind

MB = 1 << 20


@pytest.fixture
def index() -> Iterator[PackageIndex]:
    with PackageIndex() as one:
        yield one


def file(path: str, size: int | None = 1, packed: int | None = None, **more: object) -> Entry:
    return Entry(path, EntryKind.FILE, size, packed, **more)  # type: ignore[arg-type]


def found(index: PackageIndex) -> list[tuple[str, str]]:
    return [(one.code, one.subject) for one in index.findings()]


def codes(index: PackageIndex) -> list[str]:
    return [one.code for one in index.findings()]


# -- names ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    ["/etc/passwd", "../a", "a/../../b", "", "a/..", "a/./b", "./a", "a//b", "a/", "C:/a", "c:a", "a:b.txt",
     "a\\b", "..\\a", "\\\\server\\a", ".", ".."],
)  # fmt: skip
def test_a_path_that_leads_out_or_could(path: str, index: PackageIndex) -> None:
    assert unsafe(path)
    assert not Safety(index, Limits()).admits(file(path))
    assert ("path-unsafe", path) in found(index)


@pytest.mark.parametrize(
    "path",
    ["a", "a/b.c", "...", "a/...", "..a", "a..", ".a", "~", "5:30.txt", "č:", "ab:c", "a b", "-rf", "$HOME",
     "%2e%2e/a"],
)  # fmt: skip
def test_a_path_that_stays_inside(path: str, index: PackageIndex) -> None:
    assert not unsafe(path)
    assert Safety(index, Limits()).admits(file(path))
    assert found(index) == []


@given(st.lists(st.text(alphabet="ab.č/\\: ", min_size=0, max_size=4), min_size=1, max_size=5))
def test_a_path_that_is_not_unsafe_stays_inside(parts: list[str]) -> None:
    """Whatever is not called unsafe ends below the folder it is put into, on POSIX and on Windows."""
    path = "/".join(parts)
    if not unsafe(path):
        for normal in (on_posix(f"/x/{path}"), on_windows(f"/x/{path}").replace("\\", "/")):
            assert normal == f"/x/{path}"


@pytest.mark.parametrize("letter", ["\0", "\n", "\r", "\t", "\x1b", "\x7f", "\x85", "\x9f"])
def test_control_characters(letter: str, index: PackageIndex) -> None:
    assert not Safety(index, Limits()).admits(file(f"a{letter}b"))
    assert codes(index) == ["path-control"]


@pytest.mark.parametrize(
    ("path", "admitted"),
    [
        ("a" * PART_BYTES, True),
        ("a" * (PART_BYTES + 1), False),
        ("ž" * 127, True),
        ("ž" * 128, False),  # 256 bytes in UTF-8
        ("/".join(["a" * 204] * 5), True),  # 1024 bytes
        ("/".join(["a" * 204] * 4 + ["a" * 205]), False),
    ],
)
def test_names_that_no_file_system_takes(path: str, admitted: bool, index: PackageIndex) -> None:
    assert (len(path.encode()) <= PATH_BYTES) or not admitted
    assert Safety(index, Limits()).admits(file(path)) is admitted
    assert codes(index) == [] if admitted else ["path-too-long"]


@pytest.mark.parametrize("page", ["cp852", "cp1250", "latin-1"])
def test_names_in_old_code_pages_are_shown_as_they_would_read(page: str, index: PackageIndex) -> None:
    name = "žlutý kůň.txt" if page != "latin-1" else "café.txt"
    entry = file(name.encode(page).decode("utf-8", "surrogateescape"))
    assert not Safety(index, Limits()).admits(entry)
    (finding,) = index.findings()
    assert finding.code == "path-encoding"
    if page != "latin-1":
        assert finding.params[page] == name
        assert name in finding.text("cs")


# -- what entries are -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        (Entry("a", EntryKind.LINK, target="b"), "entry-link"),
        (Entry("a", EntryKind.SPECIAL), "entry-special"),
        (file("a", encrypted=True), "entry-encrypted"),
        (file("a", overlaps=True), "entry-overlap"),
        (file("a", method="9"), "entry-method"),
    ],
)
def test_what_cannot_be_taken(entry: Entry, code: str, index: PackageIndex) -> None:
    safety = Safety(index, Limits())
    assert not safety.admits(entry)
    assert found(index) == [(code, "a")]
    assert safety.admits(file("b"))


def test_all_that_is_wrong_with_an_entry_is_told(index: PackageIndex) -> None:
    Safety(index, Limits()).admits(Entry("../a\n", EntryKind.LINK, target="x"))
    assert codes(index) == ["path-unsafe", "path-control", "entry-link"]


# -- names that are one ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [
        ("a.txt", "a.txt", "path-duplicate"),
        ("a.txt", "A.TXT", "path-case"),
        ("Příloha", "příloha", "path-case"),
        ("straße", "STRASSE", "path-case"),
        ("a/B", "A/b", "path-case"),
        ("a/x", "A/y", "path-case"),
        ("p\u0159\xedloha", "pr\u030ci\u0301loha", "path-unicode"),
        ("a", "a/b", "path-duplicate"),
        ("a/b", "a", "path-duplicate"),
        ("\ufb01", "FI", "path-case"),  # full case folding: the ligature is two letters
        ("a", "b", None),
        ("a/x", "a/y", None),
    ],
)
def test_two_names_for_one_place(first: str, second: str, code: str | None, index: PackageIndex) -> None:
    safety = Safety(index, Limits())
    assert safety.admits(file(first))
    assert safety.admits(file(second)) is (code is None)
    assert set(codes(index)) == ({code} if code else set())


def test_a_folder_may_be_told_again_and_after_its_files(index: PackageIndex) -> None:
    safety = Safety(index, Limits())
    for entry in (file("a/b"), Entry("a", EntryKind.FOLDER), Entry("a", EntryKind.FOLDER), file("a/c")):
        assert safety.admits(entry)
    assert not safety.admits(Entry("A", EntryKind.FOLDER))
    assert codes(index) == ["path-case"]


def test_a_folder_in_other_case_is_told_once(index: PackageIndex) -> None:
    safety = Safety(index, Limits())
    safety.admits(file("data/0"))
    for number in range(50):
        safety.admits(file(f"DATA/{number}"))
    assert 1 <= codes(index).count("path-case") <= 51


@given(st.text(max_size=20), st.text(max_size=20))
def test_folding_knows_no_more_than_case_and_form(one: str, other: str) -> None:
    assert fold(fold(one)) == fold(one)
    for same in (one.upper(), unicodedata.normalize("NFC", one), unicodedata.normalize("NFD", one)):
        if unicodedata.normalize("NFC", same.casefold()) == unicodedata.normalize("NFC", one.casefold()):
            assert fold(same) == fold(one)
    if one.isascii() and other.isascii():
        assert (fold(one) == fold(other)) == (one.lower() == other.lower())


# -- how much -------------------------------------------------------------------------------------------


def test_as_many_files_as_allowed_and_no_more(index: PackageIndex) -> None:
    safety = Safety(index, Limits(files=3))
    assert [safety.admits(file(str(i))) for i in range(5)] == [True, True, True, False, False]
    assert (codes(index), safety.bomb) == (["bomb-files"], True)


def test_folders_and_links_are_no_files(index: PackageIndex) -> None:
    safety = Safety(index, Limits(files=1))
    assert all(safety.admits(Entry(str(i), EntryKind.FOLDER)) for i in range(5))
    assert safety.admits(file("a")) and not safety.bomb


def test_as_many_bytes_as_allowed_and_no_more(index: PackageIndex) -> None:
    safety = Safety(index, Limits(bytes=100))
    assert safety.admits(file("a", 60)) and safety.admits(file("b", 40))
    assert not safety.admits(file("c", 1))
    assert found(index) == [("bomb-total", "c")]


@pytest.mark.parametrize(
    ("size", "packed", "admitted"),
    [
        (SMALL, 1, True),  # what fits into memory is no bomb
        (20 * MB, 104_858, True),  # just below 200 to 1
        (20 * MB, 104_857, False),
        (20 * MB, 0, False),
        (20 * MB, None, True),  # nothing is packed
    ],
)
def test_an_entry_that_packs_too_well(
    size: int, packed: int | None, admitted: bool, index: PackageIndex
) -> None:
    safety = Safety(index, Limits(ratio=200), packed=100 * MB)
    assert safety.admits(file("a/b", size, packed)) is admitted
    assert codes(index) == ([] if admitted else ["bomb-ratio"])


def test_many_small_entries_that_pack_too_well_together(index: PackageIndex) -> None:
    safety = Safety(index, Limits(ratio=200), packed=100_000)
    admitted = [safety.admits(file(f"a/{i}", 8 * MB, 50_000)) for i in range(4)]
    assert admitted == [True, True, False, False]  # 16 MB of 100 kB are 160 to 1, 24 MB are 251 to 1
    (finding,) = index.findings()
    assert (finding.code, finding.subject, finding.params["limit"]) == ("bomb-ratio", "", 200)


def test_a_folder_has_no_ratio(index: PackageIndex) -> None:
    safety = Safety(index, Limits(ratio=2))
    assert safety.admits(file("a", 1 << 35))


# -- one folder in a container --------------------------------------------------------------------------


def contained(index: PackageIndex, *entries: Entry) -> Safety:
    safety = Safety(index, Limits(), packed=1000)
    for entry in entries:
        safety.admits(entry)
    safety.end()
    return safety


@pytest.mark.parametrize(
    ("entries", "root"),
    [
        ([file("a/b"), file("a/c/d")], "a"),
        ([Entry("a", EntryKind.FOLDER)], "a"),
        ([Entry("a", EntryKind.FOLDER), Entry("a/b", EntryKind.FOLDER)], "a"),
    ],
)
def test_one_folder(entries: list[Entry], root: str, index: PackageIndex) -> None:
    assert contained(index, *entries).root == root
    assert found(index) == []


@pytest.mark.parametrize(
    ("entries", "count"),
    [
        ([], 0),
        ([file("a")], 1),
        ([file("a/b"), file("c/d")], 2),
        ([file("a/b"), file("c")], 2),
        ([file("c"), file("a/b")], 2),
        ([file(f"{i}/a") for i in range(100)], 6),
    ],
)
def test_no_folder_or_several(entries: list[Entry], count: int, index: PackageIndex) -> None:
    assert contained(index, *entries).root == ""
    (finding,) = index.findings()
    assert (finding.code, finding.params["count"]) == ("roots", count)


def test_what_lies_beside_the_first_folder_is_not_taken(index: PackageIndex) -> None:
    safety = Safety(index, Limits(), packed=1000)
    assert [safety.admits(file(path)) for path in ("a/b", "c/d", "e", "a/f")] == [True, False, False, True]


def test_every_finding_has_what_its_texts_name(index: PackageIndex) -> None:
    safety = Safety(index, Limits(files=2), packed=1)
    for path in ("a/b", "A/b", "a/\x1b", "../x", "a/p\udcf8", "a/" + "x" * 300, "b/c", "d/e"):
        safety.admits(file(path, encrypted=True))
    safety.end()
    told: list[Finding] = list(index.findings())
    assert len({one.code for one in told}) >= 7
    for one in told:
        for language in ("en", "cs"):
            assert all((one.text(language), one.hint(language), one.rule(language), one.source(language)))

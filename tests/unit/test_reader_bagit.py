"""BagIt bags: what is promised, what is described, what is found wrong."""

import encodings.aliases
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from archivum.model import Agent, Identifier, Level, Package, Promise, Severity
from tests.unit.test_reader_base import Seen, see, write

DECLARED = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
DRAFT = "BagIt-Version: 0.97\nTag-File-Character-Encoding: UTF-8\n"
INFO = (
    "Source-Organization: Městský úřad\nexternal-identifier: bag-7\nExternal-Description: Fotografie\n"
    "  z výstavby\nPayload-Oxum: 10.2\nContact-Name: A\nContact-Name : B\n"
)
FILES = {"data/a.txt": "alpha", "data/x/b č.txt": "betas"}


def sums(files: Mapping[str, str], algorithm: str = "sha512", between: str = "  ") -> str:
    return "".join(
        f"{hashlib.new(algorithm, text.encode()).hexdigest()}{between}{path}\n"
        for path, text in files.items()
    )


def bag(tmp_path: Path, changes: Mapping[str, str | bytes | None] | None = None) -> Seen:
    """A sound bag, with these files instead of its own; None takes one away."""
    files: dict[str, Any] = {
        "bagit.txt": DECLARED,
        "bag-info.txt": INFO,
        "manifest-sha512.txt": sums(FILES),
        **FILES,
        **(changes or {}),
    }
    root = write(tmp_path / "bag", {path: data for path, data in files.items() if data is not None})
    return see(root, tmp_path / "index")


def test_a_sound_bag(tmp_path: Path) -> None:
    seen = bag(tmp_path)
    assert seen.codes() == []
    assert seen.package == Package(
        "bagit", "1.0", "bag-7", Agent("Městský úřad"), "Fotografie z výstavby", ""
    )
    digests = {path: hashlib.sha512(text.encode()).hexdigest() for path, text in FILES.items()}
    assert seen.promises == [
        Promise("data/a.txt", None, "sha512", digests["data/a.txt"], where="manifest-sha512.txt:1"),
        Promise("data/x/b č.txt", None, "sha512", digests["data/x/b č.txt"], where="manifest-sha512.txt:2"),
        Promise("bag-info.txt", where="bagit.txt"),
        Promise("bagit.txt", where="bagit.txt"),
        Promise("manifest-sha512.txt", where="bagit.txt"),
    ]
    assert [(one.id, one.level, one.parent, one.title, one.paths) for one in seen.records] == [
        (".", Level.PACKAGE, None, "Fotografie z výstavby", ()),
        ("data/a.txt", Level.COMPONENT, ".", "a.txt", ("data/a.txt",)),
        ("data/x/", Level.FOLDER, ".", "x", ()),
        ("data/x/b č.txt", Level.COMPONENT, "data/x/", "b č.txt", ("data/x/b č.txt",)),
    ]
    assert seen.record(".").identifiers == (Identifier("bag-7", "External-Identifier"),)
    assert seen.record(".").properties == {
        "bag-info:Source-Organization": "Městský úřad",
        "bag-info:External-Identifier": "bag-7",
        "bag-info:External-Description": "Fotografie z výstavby",
        "bag-info:Payload-Oxum": "10.2",
        "bag-info:Contact-Name": "A; B",
    }


def test_a_bag_that_says_nothing_of_itself(tmp_path: Path) -> None:
    seen = bag(tmp_path, {"bag-info.txt": None})
    assert (seen.package.id, seen.package.producer, seen.package.title) == ("bag", None, "bag")
    assert seen.codes() == []


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        (None, ["bag-declaration"]),
        ("", ["bag-version", "bag-declaration"]),
        ("BagIt-Version: 1.0\n", ["bag-declaration"]),
        ("BagIt-Version : 1.0\nTag-File-Character-Encoding: UTF-8\n", ["bag-declaration"]),
        ("BagIt-Version: 1.0\n\nTag-File-Character-Encoding: UTF-8\n", ["bag-declaration"]),
        ("BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\nmore\n", ["bag-declaration"]),
        ("Tag-File-Character-Encoding: UTF-8\nBagIt-Version: 1.0\n", ["bag-declaration"]),
        ("BagIt-Version: 1.0\r\nTag-File-Character-Encoding: UTF-8\r\n", []),
        ("BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8", []),
        ("BagIt-Version : 0.97\nTag-File-Character-Encoding :  utf-8\n", []),
        ("BagIt-Version: 1.0\nTag-File-Character-Encoding: klingon\n", ["bag-declaration"]),
        ("BagIt-Version: 1.0\nTag-File-Character-Encoding: hex\n", ["bag-declaration"]),
        ("BagIt-Version: 1.0\nTag-File-Character-Encoding: unicode_escape\n", ["bag-declaration"]),
        ("BagIt-Version: 1.0\nTag-File-Character-Encoding: undefined\n", ["bag-declaration"]),
        ("BagIt-Version: 1.1\nTag-File-Character-Encoding: UTF-8\n", ["bag-version"]),
        ("BagIt-Version: .97\nTag-File-Character-Encoding: UTF-8\n", ["bag-version"]),
        ("\ufeff" + DECLARED, ["bag-declaration"]),
        (b"BagIt-Version: 1.0\xe8\n", ["bag-declaration"]),
    ],
)
def test_declarations(tmp_path: Path, text: str | bytes | None, codes: list[str]) -> None:
    assert bag(tmp_path, {"bagit.txt": text}).codes(Severity.ERROR) == codes


@pytest.mark.parametrize("version", ["0.93", "0.94", "0.95", "0.96", "0.97", "1.0"])
def test_versions(tmp_path: Path, version: str) -> None:
    seen = bag(tmp_path, {"bagit.txt": DECLARED.replace("1.0", version)})
    assert (seen.package.variant, seen.codes()) == (version, [])


@pytest.mark.parametrize("encoding", ["UTF-16", "ISO-8859-2", "windows-1250"])
def test_tag_files_in_other_encodings(tmp_path: Path, encoding: str) -> None:
    seen = bag(
        tmp_path,
        {
            "bagit.txt": DECLARED.replace("UTF-8", encoding),
            "bag-info.txt": INFO.encode(encoding),
            "manifest-sha512.txt": sums(FILES).encode(encoding),
        },
    )
    assert seen.codes() == []
    assert seen.package.producer == Agent("Městský úřad")


def test_no_encoding_that_can_be_declared_breaks_the_reader(tmp_path: Path) -> None:
    for encoding in sorted(set(encodings.aliases.aliases.values())):
        bag(tmp_path, {"bagit.txt": DECLARED.replace("UTF-8", encoding), "fetch.txt": "ž"})


def test_tag_files_not_in_their_encoding(tmp_path: Path) -> None:
    seen = bag(
        tmp_path, {"bag-info.txt": b"A: \xe8", "manifest-sha512.txt": b"\xe8\xe8", "fetch.txt": b"\xe8"}
    )
    assert {"bag-info", "bag-tag-file"} <= set(seen.codes(Severity.ERROR))
    assert seen.codes().count("bag-tag-file") == 2


def test_what_xml_cannot_hold_is_replaced(tmp_path: Path) -> None:
    seen = bag(tmp_path, {"bag-info.txt": "External-Identifier: a\x00b\x1b\n"})
    assert seen.package.id == "a\ufffdb\ufffd"


@pytest.mark.parametrize(
    ("line", "codes"),
    [("  no label before it", ["bag-info"]), ("no colon", ["bag-info"]), (": x", ["bag-info"])],
)
def test_lines_of_the_metadata_that_are_none(tmp_path: Path, line: str, codes: list[str]) -> None:
    assert bag(tmp_path, {"bag-info.txt": f"{line}\nA: b\n"}).codes(Severity.WARNING) == codes


@pytest.mark.parametrize(
    ("spelled", "path", "draft", "exact"),
    [
        ("data/100%25.txt", "data/100%.txt", False, True),
        ("data/a%0Ab.txt", "data/a\nb.txt", False, True),
        ("data/a%0db.txt", "data/a\rb.txt", False, True),
        ("data/a%20b.txt", "data/a%20b.txt", False, True),
        ("data/100%25.txt", "data/100%25.txt", False, False),
        ("data/100%25.txt", "data/100%25.txt", True, True),
        ("data/a%0Ab.txt", "data/a\nb.txt", True, False),
        ("*data/a.txt", "data/a.txt", False, False),
        ("./data/a.txt", "data/a.txt", True, False),
        ("*./data/a.txt", "data/a.txt", True, False),
        ("data\\a.txt", "data/a.txt", True, False),
        ("data/a.txt ", "data/a.txt", True, False),
        ("data/a .txt", "data/a .txt", True, True),
        ("DATA/A.txt", "data/a.txt", True, False),
        ("data/z\u030c.txt", "data/ž.txt", True, False),
    ],
)
def test_paths_are_read_as_written_or_guessed_aloud(
    tmp_path: Path, spelled: str, path: str, draft: bool, exact: bool
) -> None:
    seen = bag(
        tmp_path,
        {
            "bagit.txt": DRAFT if draft else DECLARED,
            "bag-info.txt": None,
            **dict.fromkeys(FILES),
            path: "alpha",
            "manifest-sha512.txt": sums({spelled: "alpha"}),
        },
    )
    assert seen.promises[0].path == path
    assert seen.codes() == ([] if exact else ["path-approximate"])


def test_guesses_are_told_once_a_kind(tmp_path: Path) -> None:
    seen = bag(tmp_path, {"manifest-sha512.txt": sums(FILES, between=" *")})
    assert seen.codes() == ["path-approximate"]
    assert seen.findings[0].params == {"spelled": "*data/a.txt", "count": 2}


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd", "data/../../outside", "../outside", "~/x", "~root/x", "C:\\x", "\\\\?\\UNC\\s\\x",
        "%HomeDrive%\\x", "data", "bag-info.txt", "data//x", "data/./x",
    ],
)  # fmt: skip
@pytest.mark.parametrize("draft", [True, False])
def test_paths_that_lead_out_are_told_and_not_promised(tmp_path: Path, path: str, draft: bool) -> None:
    (tmp_path / "outside").write_text("alpha")
    seen = bag(
        tmp_path,
        {
            "bagit.txt": DRAFT if draft else DECLARED,
            "manifest-sha512.txt": sums({**FILES, path: "alpha"}),
            "fetch.txt": f"http://example.org/x 5 {path}\n",
        },
    )
    assert seen.codes(Severity.ERROR) == ["promise-unsafe", "promise-unsafe"]
    assert [one.where for one in seen.findings if one.code == "promise-unsafe"] == [
        "manifest-sha512.txt:3", "fetch.txt:1",
    ]  # fmt: skip
    assert len(seen.promises) == 6


def test_a_tag_manifest_does_not_list_the_payload(tmp_path: Path) -> None:
    listed = {"bagit.txt": DECLARED, "manifest-sha512.txt": sums(FILES), "data/a.txt": "alpha"}
    seen = bag(tmp_path, {"tagmanifest-sha512.txt": sums(listed)})
    assert seen.codes() == ["promise-unsafe"]


def test_lines_that_cannot_be_read(tmp_path: Path) -> None:
    seen = bag(tmp_path, {"manifest-sha512.txt": sums(FILES) + "zz  data/c\nabcdef\n\n"})
    assert [(one.code, one.where) for one in seen.findings] == [
        ("bag-manifest", "manifest-sha512.txt:3"), ("bag-manifest", "manifest-sha512.txt:4"),
    ]  # fmt: skip


def test_a_manifest_that_is_none_is_given_up(tmp_path: Path) -> None:
    seen = bag(tmp_path, {"manifest-sha512.txt": "PK\x03\x04 \n" * 5000})
    assert seen.codes().count("bag-manifest") == 100


@pytest.mark.parametrize(("text", "severity"), [("alpha", Severity.WARNING), ("other", Severity.ERROR)])
def test_a_file_listed_twice(tmp_path: Path, text: str, severity: Severity) -> None:
    seen = bag(tmp_path, {"manifest-sha512.txt": sums(FILES) + sums({"data/a.txt": text})})
    assert seen.the("promise-duplicate").severity is severity
    assert seen.the("promise-duplicate").params == {"other": "manifest-sha512.txt:1"}


def test_every_manifest_of_a_final_bag_is_complete(tmp_path: Path) -> None:
    changes = {
        "manifest-md5.txt": sums({"data/a.txt": "alpha"}, "md5"),
        "manifest-sha256.txt": sums(FILES, "sha256"),
        "tagmanifest-sha256.txt": sums({"manifest-sha512.txt": sums(FILES)}, "sha256"),
    }
    seen = bag(tmp_path, changes)
    assert [(one.code, one.subject, one.where) for one in seen.findings] == [
        ("bag-manifest-incomplete", "manifest-md5.txt", "tagmanifest-sha256.txt"),
        ("bag-manifest-incomplete", "manifest-sha256.txt", "tagmanifest-sha256.txt"),
        ("bag-manifest-incomplete", "data/x/b č.txt", "manifest-md5.txt"),
    ]
    assert bag(tmp_path, {**changes, "bagit.txt": DRAFT}).codes() == []


def test_a_bag_without_a_manifest(tmp_path: Path) -> None:
    seen = bag(tmp_path, {"manifest-sha512.txt": None})
    assert "bag-no-manifest" in seen.codes(Severity.ERROR)
    assert seen.codes().count("file-extra") == 2


def test_an_unknown_algorithm_is_told_once(tmp_path: Path) -> None:
    seen = bag(tmp_path, {"manifest-sha512.txt": None, "manifest-whirlpool.txt": sums(FILES)})
    assert seen.codes() == ["checksum-unknown"]
    assert [one.digest for one in seen.promises] == [None] * 5


@pytest.mark.parametrize(
    ("oxum", "codes"),
    [("10.2", []), ("10.3", ["bag-oxum"]), ("9.2", ["bag-oxum"]), ("many", ["bag-oxum"])],
)
def test_the_payload_has_its_size(tmp_path: Path, oxum: str, codes: list[str]) -> None:
    assert bag(tmp_path, {"bag-info.txt": f"payload-oxum: {oxum}\n"}).codes(Severity.ERROR) == codes


def test_what_is_missing_extra_or_changed(tmp_path: Path) -> None:
    seen = bag(tmp_path, {"data/a.txt": None, "data/x/b č.txt": "other", "data/c": "c", "notes.txt": "n"})
    assert sorted(seen.codes()) == ["bag-oxum", "checksum", "file-extra", "file-missing"]


def test_nothing_is_fetched(tmp_path: Path) -> None:
    lines = "http://x.org/a - data/a.txt\r\nhttp://x.org/b - data/new b.txt\r\n"
    found = bag(tmp_path, {"fetch.txt": lines}).the("bag-fetch")
    assert found.severity is Severity.ERROR
    assert found.params == {"listed": 2, "absent": 1, "first": "data/new b.txt"}


def test_a_bag_that_has_all_that_was_to_be_fetched_is_complete(tmp_path: Path) -> None:
    seen = bag(tmp_path, {"fetch.txt": "http://x.org/a 5 data/a.txt\n"})
    assert seen.codes() == ["bag-fetch-done"]
    found = seen.the("bag-fetch-done")
    assert (found.severity, found.params) == (Severity.WARNING, {"listed": 1})
    assert "not in the bag" not in found.text("en")


def test_a_line_that_leads_out_is_not_something_that_is_there(tmp_path: Path) -> None:
    seen = bag(tmp_path, {"fetch.txt": "http://x.org/a 5 data/../a.txt\nhttp://x.org/a 5 data/a.txt\n"})
    assert "promise-unsafe" in seen.codes(Severity.ERROR)


def test_folders_are_described_once_each(tmp_path: Path) -> None:
    files = dict.fromkeys(
        ("data/a-b/x", "data/a/b/1", "data/a/b/2", "data/a/c", "data/a.b/y", "data/a/b!/z"), ""
    )
    seen = bag(
        tmp_path, {**dict.fromkeys(FILES), **files, "manifest-sha512.txt": sums(files), "bag-info.txt": None}
    )
    folders = [(one.id, one.parent) for one in seen.records if one.level is Level.FOLDER]
    assert folders == [
        ("data/a-b/", "."), ("data/a.b/", "."), ("data/a/", "."),
        ("data/a/b!/", "data/a/"), ("data/a/b/", "data/a/"),
    ]  # fmt: skip
    assert len(seen.records) == 1 + len(folders) + len(files)

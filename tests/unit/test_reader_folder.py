"""Plain folders: records of what is there, with what metadata.csv says of it."""

from pathlib import Path

import pytest

from archivum.model import Identifier, Level, Package, Severity
from tests.unit.test_reader_base import Seen, see, write

FILES = {"b.txt": "b", "foto/1.jpg": "1", "foto/2.jpg": "2", "foto/staré/č.jpg": "3"}


def folder(tmp_path: Path, table: str | bytes | None) -> Seen:
    files: dict[str, str | bytes] = dict(FILES)
    if table is not None:
        files["metadata.csv"] = table
    return see(write(tmp_path / "Sbírka", files), tmp_path / "index")


def test_a_folder_without_a_table(tmp_path: Path) -> None:
    seen = folder(tmp_path, None)
    assert seen.package == Package("folder", "", "Sbírka", None, "Sbírka", "")
    assert seen.promises == [] and seen.findings == []
    assert [(one.id, one.level, one.parent, one.title, one.paths) for one in seen.records] == [
        (".", Level.PACKAGE, None, "Sbírka", ()),
        ("b.txt", Level.COMPONENT, ".", "b.txt", ("b.txt",)),
        ("foto/", Level.FOLDER, ".", "foto", ()),
        ("foto/1.jpg", Level.COMPONENT, "foto/", "1.jpg", ("foto/1.jpg",)),
        ("foto/2.jpg", Level.COMPONENT, "foto/", "2.jpg", ("foto/2.jpg",)),
        ("foto/staré/", Level.FOLDER, "foto/", "staré", ()),
        ("foto/staré/č.jpg", Level.COMPONENT, "foto/staré/", "č.jpg", ("foto/staré/č.jpg",)),
    ]


def test_rows_come_first_in_their_order_and_describe_files(tmp_path: Path) -> None:
    seen = folder(
        tmp_path,
        "filename,title,dc:creator,DC:Date,dc:creator,identifier\n"
        'foto/staré/č.jpg,"Most, řeka",Novák,1921-05-01,Nováková,inv. 7\n'
        "b.txt,,,okolo 1900,,\n",
    )
    assert seen.package.main == "metadata.csv"
    assert seen.findings == []
    assert [one.id for one in seen.records] == [
        ".", "foto/", "foto/staré/", "foto/staré/č.jpg", "b.txt", "foto/1.jpg", "foto/2.jpg",
    ]  # fmt: skip
    photo, note = seen.record("foto/staré/č.jpg"), seen.record("b.txt")
    assert (photo.title, photo.parent, photo.dates) == (
        "Most, řeka",
        "foto/staré/",
        {"created": "1921-05-01"},
    )
    assert photo.identifiers == (Identifier("inv. 7", "dc"),)
    assert photo.properties == {
        "dc:title": "Most, řeka",
        "dc:creator": "Novák; Nováková",
        "dc:date": "1921-05-01",
        "dc:identifier": "inv. 7",
    }
    assert (note.title, note.dates, note.properties) == ("b.txt", {}, {"dc:date": "okolo 1900"})


@pytest.mark.parametrize(
    "table",
    [
        "filename;title\r\nb.txt;Dopis, kopie\r\n",
        "filename\ttitle\nb.txt\tDopis, kopie\n",
        '"Filename","Title"\n"b.txt","Dopis, kopie"\n',
        "\ufefffilename;title\nb.txt;Dopis, kopie\n\n;\n",
        "dcterms:title; filename \nDopis, kopie;./b.txt",
    ],
)
def test_tables_as_programs_write_them(tmp_path: Path, table: str) -> None:
    seen = folder(tmp_path, table)
    assert seen.record("b.txt").title == "Dopis, kopie"
    assert seen.codes(Severity.ERROR) == []


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("foto\\1.jpg", "foto/1.jpg"),
        ("FOTO/1.JPG", "foto/1.jpg"),
        ("foto/staré/c\u030c.jpg", "foto/staré/č.jpg"),
    ],
)
def test_names_are_guessed_aloud(tmp_path: Path, name: str, path: str) -> None:
    seen = folder(tmp_path, f"filename,title\n{name},Nový\n")
    assert seen.record(path).title == "Nový"
    assert seen.the("path-approximate").params == {"spelled": name, "count": 1}


@pytest.mark.parametrize(
    ("table", "code", "severity", "subject", "where"),
    [
        ("filename,colour\nb.txt,red\n", "csv-column", Severity.WARNING, "metadata.csv", "metadata.csv:1"),
        ("filename,title\nnone.txt,N\n", "csv-unknown-file", Severity.ERROR, "none.txt", "metadata.csv:2"),
        ("filename,title\n../b.txt,N\n", "csv-unknown-file", Severity.ERROR, "../b.txt", "metadata.csv:2"),
        ("filename,title\nfoto,N\n", "csv-unknown-file", Severity.ERROR, "foto", "metadata.csv:2"),
        ("filename,title\n,N\n", "csv-row", Severity.ERROR, "metadata.csv", "metadata.csv:2"),
        ("filename,title\nb.txt,a,b\n", "csv-row", Severity.ERROR, "metadata.csv", "metadata.csv:2"),
        ("filename,title\nb.txt\n", "csv-row", Severity.ERROR, "metadata.csv", "metadata.csv:2"),
        ("filename,title\nb.txt,a\n\nb.txt,b\n", "csv-duplicate", Severity.ERROR, "b.txt", "metadata.csv:4"),
        ("name,title\nb.txt,a\n", "csv-unreadable", Severity.ERROR, "metadata.csv", "metadata.csv:1"),
        ("filename,Filename\nb.txt,a\n", "csv-unreadable", Severity.ERROR, "metadata.csv", "metadata.csv:1"),
        ("", "csv-unreadable", Severity.ERROR, "metadata.csv", "metadata.csv:1"),
        ('filename,title\nb.txt,"a\n', "csv-unreadable", Severity.ERROR, "metadata.csv", "metadata.csv:2"),
        ("filename,title\nb.txt,ž\n".encode("cp1250"), "csv-unreadable", Severity.ERROR, "metadata.csv",
         "metadata.csv"),
        ("filename,title\nb.txt,ž\n".encode("utf-16"), "csv-unreadable", Severity.ERROR, "metadata.csv",
         "metadata.csv"),
    ],
)  # fmt: skip
def test_faults_of_a_table(
    tmp_path: Path, table: str | bytes, code: str, severity: Severity, subject: str, where: str
) -> None:
    seen = folder(tmp_path, table)
    found = seen.the(code)
    assert (found.severity, found.subject, found.where) == (severity, subject, where)
    assert len([one for one in seen.records if one.level is Level.COMPONENT]) == len(FILES)


def test_the_first_row_of_a_file_is_taken(tmp_path: Path) -> None:
    assert folder(tmp_path, "filename,title\nb.txt,first\nb.txt,second\n").record("b.txt").title == "first"


def test_what_xml_cannot_hold_is_replaced(tmp_path: Path) -> None:
    assert folder(tmp_path, "filename,title\nb.txt,a\x0bb\n").record("b.txt").title == "a\ufffdb"

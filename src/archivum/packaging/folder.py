"""Plain folders: files as they came, with an optional ``metadata.csv`` (Dublin Core, one row a file).

What bags and folders share is here too: where the paths that a manifest gives lie in a staged folder, and
the records of a package that describes nothing but its folders and files.
"""

import csv
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

from archivum.model import Finding, Identifier, Level, Package, Record, Severity, Verdict
from archivum.packaging.index import PackageIndex

if TYPE_CHECKING:
    from archivum.schemas import Schemas

TABLE: Final = "metadata.csv"
TOP: Final = "."  # the id of the record of the whole package
# Dublin Core Metadata Element Set 1.1 (ISO 15836-1)
ELEMENTS: Final = (
    "title", "creator", "subject", "description", "publisher", "contributor", "date", "type", "format",
    "identifier", "source", "language", "relation", "coverage", "rights",
)  # fmt: skip
_ISO_DATE = re.compile(r"\d{4}(-\d\d(-\d\d(T[0-9:.]+(Z|[+-]\d\d:\d\d)?)?)?)?")


_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def printed(value: str) -> str:
    """A value that metadata in XML can hold: what XML 1.0 §2.2 does not allow becomes U+FFFD."""
    return _NOT_XML.sub("\ufffd", value)


def inside(path: str) -> bool:
    """Whether a path that a manifest gives stays in the folder it is relative to (CWE-22)."""
    if "\\" in path or "\0" in path or path[1:2] == ":":
        return False
    return not any(part in ("", ".", "..") for part in path.split("/"))


def at_top(root: Path, wanted: str) -> str | None:
    """Return the name at the top of a folder that is this one, in whatever case, the exact one first."""
    try:
        names = sorted(name for name in os.listdir(root) if name.lower() == wanted)  # noqa: PTH208
    except OSError:
        return None
    if wanted in names:
        return wanted
    return names[0] if names else None


class Places:
    """Finds the files of a staged folder by what a manifest calls them, and counts where it was not exact."""

    def __init__(self, root: Path) -> None:
        self._root = os.fspath(root)
        self._names = lru_cache(maxsize=4)(self._list)
        self._guessed: Counter[str] = Counter()
        self._first: dict[str, tuple[str, str, str]] = {}

    def has(self, path: str) -> bool:
        """Whether there is a file at exactly this path."""
        return inside(path) and os.path.isfile(f"{self._root}/{path}")  # noqa: PTH113 (100 000 times)

    def like(self, path: str) -> str | None:
        """Return the one file whose path differs only in the case of letters or the Unicode form."""
        if not inside(path):
            return None
        found = ""
        for part in path.split("/"):
            names = self._names(found).get(_fold(part), [])
            if part in names:
                names = [part]
            if len(names) != 1:
                return None
            found = f"{found}{names[0]}/"
        return found[:-1] if self.has(found[:-1]) else None

    def guessed(self, how: str, spelled: str, path: str, where: str) -> None:
        """Note that a file was found only by guessing; ``how`` names the kind of guess."""
        self._guessed[how] += 1
        self._first.setdefault(how, (spelled, path, where))

    def findings(self) -> Iterator[Finding]:
        """Yield one finding for each kind of guess, with its first case."""
        for how, count in self._guessed.items():
            spelled, path, where = self._first[how]
            yield Finding(
                "path-approximate", Verdict.FAILED, Severity.WARNING, path, where,
                {"spelled": spelled, "count": count},
            )  # fmt: skip

    def _list(self, folder: str) -> dict[str, list[str]]:
        names: dict[str, list[str]] = {}
        try:
            for name in os.listdir(f"{self._root}/{folder}"):  # noqa: PTH208
                names.setdefault(_fold(name), []).append(name)
        except (FileNotFoundError, NotADirectoryError):
            return {}
        return names


def _fold(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def folder_records(index: PackageIndex, prefix: str = "", without: str = "") -> tuple[int, int]:
    """Add a record for each folder and file below the prefix that has none; return files and bytes seen.

    The record of the whole package (``TOP``) is there already. A folder's id is its path with a slash at the
    end, a file's its path. ``without`` is a file that describes the others and is none of them.
    """
    files = size = 0
    folders: list[str] = []
    for file in index.files(prefix):
        files += 1
        size += file.size
        if file.path == without:
            continue
        parent = _folders(index, file.path, prefix, folders)
        name = file.path.rpartition("/")[2]
        index.add_record(Record(file.path, Level.COMPONENT, parent, name, paths=(file.path,)))
    return files, size


def _folders(index: PackageIndex, path: str, prefix: str, known: list[str]) -> str:
    """Add the folders a file lies in, those not just added, and return the id of the innermost."""
    parts = path.removeprefix(prefix).split("/")[:-1]
    while known[len(parts) :] or (known and not path.startswith(known[-1])):
        known.pop()
    for depth in range(len(known), len(parts)):
        parent = known[-1] if known else TOP
        folder = f"{prefix}{'/'.join(parts[: depth + 1])}/"
        index.add_record(Record(folder, Level.FOLDER, parent, parts[depth]))
        known.append(folder)
    return known[-1] if known else TOP


class FolderReader:
    """Reads a plain folder. It promises nothing: its files are as they came."""

    name = "folder"

    def recognises(self, root: Path) -> bool:
        """Any folder is one."""
        return root.is_dir()

    def algorithms(self, root: Path) -> frozenset[str]:
        """None: there is no manifest."""
        return frozenset()

    def read(self, root: Path, index: PackageIndex, schemas: "Schemas | None") -> Package:
        """Return what the folder is called."""
        index.add_record(Record(TOP, Level.PACKAGE, title=root.name))
        return Package(self.name, "", root.name, None, root.name, at_top(root, TABLE) or "")

    def describe(self, root: Path, index: PackageIndex) -> None:
        """Add the records: first those of the table's rows, in its order, then those of all other files."""
        table = at_top(root, TABLE)
        if table is not None and (root / table).is_file():
            _Table(root, index, table).read()
        folder_records(index, without=table or "")


class _Table:
    """``metadata.csv``: UTF-8, comma, semicolon or tab; a column ``filename`` and Dublin Core columns."""

    def __init__(self, root: Path, index: PackageIndex, name: str) -> None:
        self._path, self._index, self._places = root / name, index, Places(root)
        self._name = name
        self._columns: list[str] = []
        self._folders: list[str] = []

    def read(self) -> None:
        """Add the records of all rows, and the findings."""
        try:
            with self._path.open(encoding="utf-8-sig", newline="") as file:
                self._rows(file)
        except UnicodeDecodeError as error:
            found = f"0x{error.object[error.start]:02X}"
            self._found("csv-unreadable", Severity.ERROR, self._name, reason=found)
        for finding in self._places.findings():
            self._index.add_finding(finding)

    def _rows(self, file: TextIO) -> None:
        rows = csv.reader(file, delimiter=_delimiter(file), strict=True)
        try:
            self._columns = [_column(name) for name in next(rows, [])]
            if not self._header():
                return
            for row in rows:
                if any(cell.strip() for cell in row):
                    self._row(row, f"{self._name}:{rows.line_num}")
        except csv.Error as error:
            where = f"{self._name}:{rows.line_num}"
            self._found("csv-unreadable", Severity.ERROR, where, reason=str(error))

    def _header(self) -> bool:
        for name in dict.fromkeys(self._columns):
            if name not in ("filename", *ELEMENTS):
                self._found("csv-column", Severity.WARNING, f"{self._name}:1", column=name or "–")
        if self._columns.count("filename") == 1:
            return True
        self._found("csv-unreadable", Severity.ERROR, f"{self._name}:1", reason="filename ≠ 1 ×")
        return False

    def _row(self, row: list[str], where: str) -> None:
        name = row[self._columns.index("filename")].strip() if len(row) == len(self._columns) else ""
        if not name:
            self._found("csv-row", Severity.ERROR, where, cells=len(row), columns=len(self._columns))
            return
        path = self._find(name, where)
        if path is None:
            self._index.add_finding(Finding("csv-unknown-file", Verdict.FAILED, Severity.ERROR, name, where))
            return
        parent = _folders(self._index, path, "", self._folders)
        if not self._index.add_record(_described(path, parent, self._values(row))):
            self._index.add_finding(Finding("csv-duplicate", Verdict.FAILED, Severity.ERROR, path, where))

    def _find(self, name: str, where: str) -> str | None:
        for how, path in (("", name), ("prefix", name.removeprefix("./")), ("\\", name.replace("\\", "/"))):
            if self._places.has(path):
                if how:
                    self._places.guessed(how, name, path, where)
                return path
        like = self._places.like(name.replace("\\", "/"))
        if like is not None:
            self._places.guessed("case", name, like, where)
        return like

    def _values(self, row: list[str]) -> Mapping[str, str]:
        values: dict[str, str] = {}
        for column, cell in zip(self._columns, row, strict=True):
            if column in ELEMENTS and (value := printed(cell).strip()):
                key = f"dc:{column}"
                values[key] = f"{values[key]}; {value}" if key in values else value
        return values

    def _found(self, code: str, severity: Severity, where: str, **params: str | int) -> None:
        self._index.add_finding(Finding(code, Verdict.FAILED, severity, self._name, where, params))


def _described(path: str, parent: str, values: Mapping[str, str]) -> Record:
    date = values.get("dc:date", "")
    return Record(
        path,
        Level.COMPONENT,
        parent,
        values.get("dc:title") or path.rpartition("/")[2],
        identifiers=(Identifier(values["dc:identifier"], "dc"),) if "dc:identifier" in values else (),
        dates={"created": date} if _ISO_DATE.fullmatch(date) else {},
        properties=values,
        paths=(path,),
    )


def _delimiter(file: TextIO) -> str:
    """The separator that the header line has most of; the file is at its start again."""
    header = file.readline(1 << 16)
    file.seek(0)
    return max(",;\t", key=header.count)


def _column(name: str) -> str:
    return name.strip().casefold().removeprefix("dc:").removeprefix("dcterms:")

"""CSV (RFC 4180): the encoding, the quotes, and that every record has as many fields as the first.

The separator is not said anywhere: it is the one of four that divides the beginning most evenly.
"""

import csv
from collections import Counter
from collections.abc import Iterator
from typing import Final

from archivum.formats.validators.answer import (
    INDETERMINATE,
    PASSED,
    WARNING,
    Answer,
    Fault,
    Subject,
    Told,
    fault,
    judged,
)
from archivum.formats.validators.text import encoding_of

TOOL: Final = "archivum CSV"
SEPARATORS: Final = ",;\t|"
FIELD: Final = 1 << 20  # characters of one field
_LINE: Final = 8 << 20  # characters of one line
_SAMPLE: Final = 1 << 16
_UNEVEN: Final = 20  # records that are told

_CODECS: Final = {"windows-1250?": "cp1250", "8-bit": "latin-1", "utf-8": "utf-8-sig"} | dict.fromkeys(
    ("utf-16-le", "utf-16-be"), "utf-16"
)

csv.field_size_limit(FIELD)


def validate(subject: Subject, told: Told) -> Answer:
    """Judge a CSV file: well-formed if it is text whose quotes close; valid if its records are even."""
    del told
    encoding, faults = encoding_of(subject.path)
    if not encoding:
        return judged(TOOL, faults)
    codec = _CODECS.get(encoding, "utf-8")
    separator = "\t" if subject.puid == "x-fmt/13" else _separator(subject.path, codec)
    table = _Table()
    try:
        table.read(subject.path, codec, separator)
    except csv.Error as error:
        if "field larger" in str(error) or "line too long" in str(error):
            faults.append(fault("csv-limits", WARNING, str(table.line), limit=FIELD))
            return judged(TOOL, faults, valid=INDETERMINATE, well_formed=INDETERMINATE)
        faults.append(fault("csv-quotes", where=str(table.line), reason=str(error)))
    facts = {
        "encoding": encoding,
        "separator": {"\t": "tab"}.get(separator, separator),
        "columns": str(table.columns),
        "rows": str(table.rows),
    }
    valid = PASSED if encoding in ("us-ascii", "utf-8") else INDETERMINATE  # of which page is not known
    return judged(TOOL, faults, facts, valid=valid, invalid=table.uneven)


class _Table:
    """What was read of a table."""

    def __init__(self) -> None:
        self.columns = self.rows = 0
        self.line = 1
        self.uneven: list[Fault] = []

    def read(self, path: str, codec: str, separator: str) -> None:
        """Read all records; a line without anything is none.

        Raises:
            csv.Error: quotes do not close, or something follows a closing one.
        """
        reader = csv.reader(_lines(path, codec), delimiter=separator, strict=True)
        for record in reader:
            if record:
                self.rows += 1
                self.columns = self.columns or len(record)
                if len(record) != self.columns and len(self.uneven) < _UNEVEN:
                    where = str(reader.line_num)
                    self.uneven.append(
                        fault("csv-fields", where=where, count=len(record), columns=self.columns)
                    )
            self.line = reader.line_num + 1


def _lines(path: str, codec: str) -> Iterator[str]:
    with open(path, encoding=codec, errors="replace", newline="") as file:  # noqa: PTH123
        rest = file.readline(_LINE)
        while rest:
            if len(rest) >= _LINE:
                raise csv.Error("line too long")
            yield rest
            rest = file.readline(_LINE)


def _separator(path: str, codec: str) -> str:
    """Return the separator that divides most records of the beginning into as many fields, more than one."""
    with open(path, encoding=codec, errors="replace", newline="") as file:  # noqa: PTH123
        sample = file.read(_SAMPLE).splitlines(keepends=True)
    lines = sample[:-1] or sample
    best, most = ",", 0
    for separator in SEPARATORS:
        counts: Counter[int] = Counter()
        try:
            counts.update(len(record) for record in csv.reader(lines, delimiter=separator) if len(record) > 1)
        except csv.Error:
            continue
        even = max(counts.values(), default=0)
        if even > most:
            best, most = separator, even
    return best

"""PDF/A validation held against a part of the veraPDF corpus, whose names say what each file is."""

from collections import Counter
from pathlib import Path

import pytest

from archivum.formats.examining import Examining
from archivum.formats.table import read_format_table
from archivum.model import Validation, Verdict
from tests.shared import cases, needs_shared

TABLE = Path(__file__).resolve().parents[2] / "profiles" / "formats.toml"
NOT_REFUSED = 0.99  # of the good files


def judged(paths: list[Path]) -> dict[str, Validation]:
    with Examining(read_format_table(TABLE).validators) as examining:
        for path in paths:
            examining.add(str(path), path, path.name, path.stat().st_size)
        return {seen.key: seen.validation for seen in examining.results()}


@needs_shared
def test_no_broken_file_is_valid_and_hardly_a_good_one_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    paths = sorted(cases("pdfa").rglob("*.pdf"))
    good = [path for path in paths if "-pass-" in path.name]
    bad = [path for path in paths if "-fail-" in path.name]
    assert len(good) + len(bad) == len(paths) == 500
    found = judged(paths)
    counted = Counter(("good" if path in set(good) else "bad", found[str(path)].valid) for path in paths)
    with capsys.disabled():
        for (kind, verdict), count in sorted(counted.items()):
            print(f"\n{kind} PDF/A files found {verdict}: {count}", end="")  # noqa: T201
    assert [path.name for path in bad if found[str(path)].valid is Verdict.PASSED] == []
    refused = [
        path.name for path in good if Verdict.FAILED in (found[str(path)].valid, found[str(path)].well_formed)
    ]
    assert len(refused) <= len(good) * (1 - NOT_REFUSED), refused
    silent = [path for path in bad if not found[str(path)].faults]
    assert {found[str(path)].facts["claims"] for path in silent} <= {"PDF/A-4"}  # which nothing here judges

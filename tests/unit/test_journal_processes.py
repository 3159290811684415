"""Several processes write to one journal at once: one chain, nothing lost."""

import subprocess
import sys
from pathlib import Path

from tests.unit.test_journal_samples import files_below, journal_in, uuid_of

ROOT = Path(__file__).resolve().parents[2]
EVENTS = 200

WRITER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from tests.unit.test_journal_samples import appraisal, journal_in

journal = journal_in(Path(sys.argv[1]))
sys.stdin.readline()
for turn in range(int(sys.argv[4])):
    journal.append([appraisal(int(sys.argv[2]), "hold", by=str(turn))])
"""


def test_two_processes_write_two_hundred_events_each(tmp_path: Path) -> None:
    journal_in(tmp_path)
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, tmp_path, str(number), ROOT, str(EVENTS)],
            stdin=subprocess.PIPE,
            text=True,
        )
        for number in (1, 2)
    ]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.close()
    assert [writer.wait(timeout=120) for writer in writers] == [0, 0]

    journal = journal_in(tmp_path)
    entries = list(journal.entries())
    assert [entry.seq for entry in entries] == list(range(1, 2 * EVENTS + 1))
    for number in (1, 2):
        turns = [e.event.detail["by"] for e in entries if e.event.subject == uuid_of(number)]
        assert turns == [str(turn) for turn in range(EVENTS)]
    assert list(journal.verify()) == []
    assert files_below(tmp_path / "archive") == files_below(tmp_path / "main")

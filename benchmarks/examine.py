"""Look at all files at a path, as an ingest does: ``python benchmarks/examine.py PATH identify|examine``."""

import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from archivum.formats.examining import Examining
from archivum.formats.identifying import Identifying
from archivum.formats.table import FILE, read_format_table
from archivum.place import data_folder

Session = Identifying | Examining


def _session(work: str) -> Session:
    if work == "identify":
        return Identifying()
    return Examining(read_format_table(data_folder("profiles") / FILE).validators)


def _look(session: Session, files: Sequence[Path]) -> None:
    for path in files:
        session.add(str(path), path, path.name, path.stat().st_size)
    count = sum(1 for _ in session.results())
    if count != len(files):
        raise SystemExit(f"{count} of {len(files)} files came back")


def seconds(source: Path, work: str, processes: int) -> float:
    """Return how long it takes so many sessions to look at all files at a path, once they are warm."""
    files = [source] if source.is_file() else sorted(one for one in source.rglob("*") if one.is_file())
    sessions = [_session(work) for _ in range(processes)]
    try:
        _side_by_side([lambda one=one: _look(one, files[:200]) for one in sessions])  # type: ignore[misc]
        start = time.perf_counter()
        _side_by_side(
            [lambda i=i, one=one: _look(one, files[i::processes]) for i, one in enumerate(sessions)]  # type: ignore[misc]
        )
        return time.perf_counter() - start
    finally:
        for one in sessions:
            one.close()


def _side_by_side(works: Sequence[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


WORKS: Final = ("identify", "examine")

if __name__ == "__main__":
    path, work = Path(sys.argv[1]), sys.argv[2]
    with _session(work) as told:
        _look(told, [path] if path.is_file() else sorted(one for one in path.rglob("*") if one.is_file()))

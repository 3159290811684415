"""Measure ``archivum ingest`` against its limits and against what a user would do without it.

``python benchmarks/ingest.py [--quick] [--only NAME …] [--keep DIR] [--json]``; what each row means is in
``docs/benchmarks.md``.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # fixtures are not installed

from benchmarks.material import Material  # noqa: E402
from benchmarks.measuring import Failed, Run, bytes_read, nothing_missing, run, watch  # noqa: E402

PEERS: Final = ROOT / "benchmarks" / "peers.py"
MB: Final = 1_000_000
CORES: Final = os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; ``low`` and ``high`` are the extremes where a ratio is the median of pairs.

    ``limit`` is what the ratio (``more``: at least, else at most) has to be.
    """

    what: str
    ours: str
    other: str = ""
    ratio: float | None = None
    low: float | None = None
    high: float | None = None
    limit: float | None = None
    more: bool = False
    unit: str = ""
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None if nothing was measured."""
        if self.ratio is None or self.limit is None:
            return None
        return self.ratio >= self.limit if self.more else self.ratio <= self.limit


@dataclass(frozen=True, slots=True)
class Bench:
    """Where it is measured, on what, and how often; ``quick`` is smaller and once."""

    place: Path
    material: Material
    quick: bool

    @property
    def pairs(self) -> int:
        """How many times two things are compared."""
        return 1 if self.quick else 3

    def size(self, full: int, quick: int) -> int:
        """Return a size, by how much is asked for."""
        return quick if self.quick else full

    @contextmanager
    def archive(self) -> Iterator[tuple[Path, dict[str, str]]]:
        """A new archive and the environment for it, with a folder of its own for temporary files."""
        with tempfile.TemporaryDirectory(dir=self.place, prefix="archive-") as folder:
            archive, temporary = Path(folder, "archive"), Path(folder, "tmp")
            temporary.mkdir()
            env = {**os.environ, "ARCHIVUM": str(archive), "TMPDIR": str(temporary), "LANG": "C.UTF-8"}
            run([*_archivum("init"), str(archive)], self.place, env)
            yield archive, env

    @contextmanager
    def copy(self) -> Iterator[Path]:
        """A place for a copy."""
        with tempfile.TemporaryDirectory(dir=self.place, prefix="copy-") as folder:
            yield Path(folder)

    def ingest(self, source: Path, jobs: int = 1) -> Run:
        """Ingest what is at a path into a new archive."""
        _warm(source)
        with self.archive() as (_, env):
            return run(_ingest(source, jobs), self.place, env)

    def script(self, source: Path, script: str) -> Run:
        """Run a shell script with the source as $1 and a place for a copy of it as $2."""
        _warm(source)
        with self.copy() as copy:
            return run(["sh", "-ec", script, "sh", str(source), str(copy)], self.place)


def _archivum(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "archivum_cli", *arguments]


def _ingest(source: Path, jobs: int = 1) -> list[str]:
    return _archivum("--json", "ingest", "--jobs", str(jobs), str(source))


def _warm(source: Path) -> None:
    """Have all that is at a path in the system's cache."""
    subprocess.run(["find", str(source), "-type", "f", "-exec", "cat", "{}", "+"], stdout=subprocess.DEVNULL)


def read_once(bench: Bench) -> Iterator[Row]:
    """Bytes read of the transfer ÷ its bytes."""
    for container in ("folder", "zip", "tar"):
        what = f"read-once: {container}"
        if shutil.which("strace") is None:
            yield Row(what, "not measured: no strace", limit=1.02)
            continue
        source = bench.material.sip(container)
        size = _size(source)
        with bench.archive() as (_, env):
            read = bytes_read(_ingest(source), bench.place, env, source)
        yield Row(
            what, f"{read:,} B read", f"{size:,} B", read / size, limit=1.02, note="NSESSS, 24 components"
        )


COPY: Final = 'cp -r "$1" "$2"'
DIGEST: Final = 'find "$2" -type f -exec sha512sum {} + > "$2.sums"; rm "$2.sums"'


def _against_copy(bench: Bench, what: str, source: Path, limit: float) -> Iterator[Row]:
    """Ingest against copying and digesting: with the copy on the disk, as ours is, and with it in memory."""
    ours, synced, unsynced = [], [], []
    for _ in range(bench.pairs):
        ours.append(bench.ingest(source))
        synced.append(bench.script(source, f'{COPY}; sync -f "$2"; {DIGEST}'))
        unsynced.append(bench.script(source, f"{COPY}; {DIGEST}"))
    yield _compared(f"{what} ÷ cp, sync, sha512sum", ours, synced, limit)
    yield _compared(f"{what} ÷ cp, sha512sum", ours, unsynced, limit)


def _compared(what: str, ours: Sequence[Run], other: Sequence[Run], limit: float) -> Row:
    ratios = [one.wall / two.wall for one, two in zip(ours, other, strict=True)]
    return Row(
        what, _seconds(ours), _seconds(other), statistics.median(ratios), min(ratios), max(ratios), limit,
        note=f"processor {statistics.median(one.cpu for one in ours):.2f} s",
    )  # fmt: skip


def small_files(bench: Bench) -> Iterator[Row]:
    """Wall time of many small files."""
    count = bench.size(5_000, 500)
    yield from _against_copy(bench, f"small-files: {count:,} × 20 kB", bench.material.small(count), 6)


def big_files(bench: Bench) -> Iterator[Row]:
    """Wall time of few big files."""
    size = bench.size(200, 20) * MB
    yield from _against_copy(bench, f"big-files: 10 × {size // MB} MB", bench.material.big(10, size), 1.5)


def packages(bench: Bench) -> Iterator[Row]:
    """Packages a second, against a script with bagit-python and fido."""
    count = bench.size(1_000, 40)
    source = bench.material.sips(count)
    script = f'exec "{sys.executable}" "{PEERS}" "$1" "$2"'
    many, other, one = [], [], []
    for _ in range(bench.pairs):
        many.append(bench.ingest(source, CORES))
        other.append(bench.script(source, script))
        one.append(bench.ingest(source))
    for jobs, ours in ((CORES, many), (1, one)):
        ratios = [theirs.wall / mine.wall for mine, theirs in zip(ours, other, strict=True)]
        cpu = statistics.median(mine.cpu for mine in ours) / count * 1000
        yield Row(
            f"packages: {count:,} SIPs, --jobs {jobs}", _rate(ours, count), _rate(other, count),
            statistics.median(ratios), min(ratios), max(ratios), 4 if jobs == CORES else None, more=True,
            note=f"processor {cpu:.1f} ms a package",
        )  # fmt: skip


def memory_files(bench: Bench) -> Iterator[Row]:
    """Memory for very many files in one package."""
    count = bench.size(100_000, 5_000)
    for kind in ("folder", "nsesss"):
        yield _memory(bench, f"memory-files: {count:,}, {kind}", bench.material.many(count, kind), 300)


def memory_big(bench: Bench) -> Iterator[Row]:
    """Memory for one very big file."""
    size = bench.size(4_000, 400) * MB
    yield _memory(bench, f"memory-big: {size // MB:,} MB", bench.material.big(1, size), 200)


def _memory(bench: Bench, what: str, source: Path, limit: float) -> Row:
    if missing := nothing_missing():
        return Row(what, f"not measured: {missing}", limit=limit, unit=" MB")
    with bench.archive() as (_, env):
        peaks = watch(_ingest(source), bench.place, env)
    note = f"{peaks.own / MB:.0f} MB of it anonymous; {peaks.samples} samples"
    largest = f"{peaks.single / MB:.0f} MB largest process"
    return Row(
        what,
        f"{peaks.memory / MB:.0f} MB PSS",
        largest,
        peaks.memory / MB,
        limit=limit,
        unit=" MB",
        note=note,
    )


def space(bench: Bench) -> Iterator[Row]:
    """Temporary space on the disk ÷ the package's bytes."""
    size = bench.size(50, 5) * MB
    for kind, source in (
        ("folder", bench.material.big(10, size)),
        ("zip", bench.material.big_zip(10, size)),
    ):
        what, package = f"space: 10 × {size // MB} MB, {kind}", 10 * size
        if missing := nothing_missing():
            yield Row(what, f"not measured: {missing}", limit=1.05)
            continue
        with bench.archive() as (archive, env):
            work = archive / "storage" / "main" / "work"
            peaks = watch(_ingest(source), bench.place, env, (work, Path(env["TMPDIR"])))
        ratio = peaks.space / package
        note = f"{peaks.samples} samples"
        yield Row(what, f"{peaks.space:,} B", f"{package:,} B", ratio, limit=1.05, note=note)


BENCHES: Final[dict[str, Callable[[Bench], Iterator[Row]]]] = {
    "read-once": read_once,
    "small-files": small_files,
    "big-files": big_files,
    "packages": packages,
    "memory-files": memory_files,
    "memory-big": memory_big,
    "space": space,
}


def _size(source: Path) -> int:
    if source.is_file():
        return source.stat().st_size
    return sum(path.stat().st_size for path in source.rglob("*") if path.is_file())


def _seconds(runs: Sequence[Run]) -> str:
    return f"{statistics.median(one.wall for one in runs):.2f} s"


def _rate(runs: Sequence[Run], count: int) -> str:
    return f"{count / statistics.median(one.wall for one in runs):.1f} a second"


def _table(rows: Sequence[Row]) -> str:
    """The rows as a table in Markdown."""
    cells = [("what", "ours", "other", "result", "min–max", "target", "met", "note")]
    for row in rows:
        result = "–" if row.ratio is None else f"{row.ratio:.{0 if row.unit else 2}f}{row.unit}"
        extremes = f"{row.low:.2f}–{row.high:.2f}" if row.low is not None else ""
        target = "" if row.limit is None else f"{'≥' if row.more else '≤'} {row.limit:g}{row.unit}"
        met = {True: "yes", False: "**no**", None: "–"}[row.met]
        cells.append((row.what, row.ours, row.other, result, extremes, target, met, row.note))
    widths = [max(len(cell) for cell in column) for column in zip(*cells, strict=True)]
    lines = ["| " + " | ".join(map(str.ljust, line, widths)) + " |" for line in cells]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def _machine(place: Path) -> str:
    """What it was measured on, in a line."""
    disk = subprocess.run(["stat", "-f", "-c", "%T", place], capture_output=True, text=True).stdout.strip()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    system = f"{platform.system()} {platform.release()}, Python {platform.python_version()}"
    return f"{CORES} cores, {memory:.0f} GiB, {disk}, {system}"


def _measure(bench: Bench, names: Sequence[str]) -> Iterator[Row]:
    bench.ingest(bench.material.sip("folder"))  # once before: what Python compiles is compiled
    for name in names:
        print(f"{name} …", file=sys.stderr, flush=True)
        try:
            yield from BENCHES[name](bench)
        except Failed as failure:
            print(failure, file=sys.stderr)
            yield Row(name, "failed", note="see the messages")


def main() -> int:
    """Measure what was asked for; the exit code is 1 if something failed, not if a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="smaller, and each comparison once")
    parser.add_argument("--only", nargs="+", choices=list(BENCHES), metavar="NAME", help=", ".join(BENCHES))
    parser.add_argument("--keep", type=Path, metavar="DIR", help="make what is measured here, and leave it")
    parser.add_argument("--json", action="store_true", help="JSON on stdout, the table on stderr")
    told = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=told.keep and _made(told.keep), prefix="bench-") as folder:
        place = Path(folder).resolve()
        bench = Bench(place, Material((told.keep or place).resolve() / "material"), told.quick)
        machine = _machine(place)
        rows = list(_measure(bench, told.only or list(BENCHES)))
    print(f"{machine}\n\n{_table(rows)}", file=sys.stderr if told.json else sys.stdout)
    if told.json:
        plain = [{**asdict(row), "met": row.met} for row in rows]
        print(
            json.dumps({"machine": machine, "quick": told.quick, "rows": plain}, ensure_ascii=False, indent=1)
        )
    return 1 if any(row.ours == "failed" for row in rows) else 0


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


if __name__ == "__main__":
    sys.exit(main())

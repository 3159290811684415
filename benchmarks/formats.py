"""Measure what looking at files takes: identification, validation, memory.

``docs/benchmarks.md`` tells what each row means.
"""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # this package and the fixtures are not installed

from benchmarks.examine import seconds  # noqa: E402
from benchmarks.material import Material  # noqa: E402
from benchmarks.measuring import Failed, Watch, bytes_read, run  # noqa: E402
from benchmarks.rows import CORES, MB, Row, machine, show  # noqa: E402

READ: Final = 'find "$1" -type f -exec cat {} + > /dev/null'


@dataclass(frozen=True, slots=True)
class Bench:
    """Where it is measured, and on what; ``quick`` is with less, and once."""

    place: Path
    material: Material
    quick: bool

    @property
    def small(self) -> tuple[Path, int]:
        """Many small files, and how many."""
        count = 500 if self.quick else 5_000
        return self.material.small(count), count

    @property
    def times(self) -> range:
        """As often as something is measured."""
        return range(1 if self.quick else 3)


def identified(bench: Bench) -> Iterator[Row]:
    """Files identified in a second, by as many processes as there are cores, all of them warm."""
    source, count = bench.small
    taken = [seconds(source, "identify", CORES) for _ in bench.times]
    yield Row(
        f"identified: {count:,} × 20 kB, {CORES} processes", f"{count / median(taken):.0f} a second",
        results=tuple(count / one for one in taken), target=1_000, least=True, unit=" a second",
    )  # fmt: skip


def validated(bench: Bench) -> Iterator[Row]:
    """Files identified and validated in a second, and the same against reading them alone."""
    source, count = bench.small
    taken = [seconds(source, "examine", CORES) for _ in bench.times]
    yield Row(
        f"identified and validated: {count:,} × 20 kB", f"{count / median(taken):.0f} a second",
        results=tuple(count / one for one in taken), unit=" a second",
    )  # fmt: skip
    read = [run(["sh", "-ec", READ, "sh", str(source)], bench.place).wall for _ in bench.times]
    yield Row(
        f"all of it ÷ reading: {count:,} × 20 kB", f"{median(taken):.2f} s", f"{median(read):.2f} s",
        tuple(mine / its for mine, its in zip(taken, read, strict=True)),
    )  # fmt: skip


def big(bench: Bench) -> Iterator[Row]:
    """Bytes that identification reads of one big file ÷ its bytes, and the time of it."""
    size = (400 if bench.quick else 4_000) * MB
    source = next(one for one in bench.material.scans(1, size).rglob("*") if one.is_file())
    command = [sys.executable, str(ROOT / "benchmarks/examine.py"), str(source)]
    taken = seconds(source, "identify", 1)
    what = f"big: {size // MB:,} MB identified"
    yield Row(what, f"{taken:.2f} s")
    if shutil.which("strace") is None:
        yield Row(f"{what}, read", "not measured: no strace", target=1.02)
        return
    env = dict(os.environ)
    read = bytes_read([*command, "identify"], bench.place, env, source, 1)
    yield Row(f"{what}, read", f"{read:,} B", f"{size:,} B", (read / size,), 1.02)
    read = bytes_read([*command, "examine"], bench.place, env, source, 1)
    yield Row(f"big: {size // MB:,} MB validated as well, read", f"{read:,} B", f"{size:,} B", (read / size,))


def memory(bench: Bench) -> Iterator[Row]:
    """Memory for all of it, with many small files and with a big one."""
    small, count = bench.small
    size = (400 if bench.quick else 4_000) * MB
    for what, source in (
        (f"{count:,} × 20 kB", small),
        (f"{size // MB:,} MB", bench.material.scans(1, size)),
    ):
        watch = Watch()
        command = [sys.executable, str(ROOT / "benchmarks/examine.py"), str(source), "examine"]
        watch.run(command, bench.place, dict(os.environ))
        yield Row(
            f"memory: {what}", f"{watch.memory / MB:.0f} MB in all",
            f"{watch.single / MB:.0f} MB largest process", (watch.memory / MB,), unit=" MB",
            note=f"{watch.own / MB:.0f} MB without mapped files",
        )  # fmt: skip


BENCHES: Final[dict[str, Callable[[Bench], Iterator[Row]]]] = {
    "identified": identified,
    "validated": validated,
    "big": big,
    "memory": memory,
}


def _measure(bench: Bench, names: Sequence[str]) -> Iterator[Row]:
    for name in names:
        print(f"{name} …", file=sys.stderr, flush=True)
        try:
            yield from BENCHES[name](bench)
        except Failed as failure:
            print(failure, file=sys.stderr)
            yield Row(name, "failed", note="the reason is on stderr")


def main() -> int:
    """Measure what was asked for; the exit code is 1 if a command failed, 0 also if a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="with less, and once")
    parser.add_argument("--only", nargs="+", choices=list(BENCHES), metavar="NAME", help=", ".join(BENCHES))
    parser.add_argument("--keep", type=Path, metavar="DIR", help="make the files in DIR, and leave them")
    parser.add_argument("--json", action="store_true", help="JSON on stdout, the table on stderr")
    told = parser.parse_args()
    if told.keep:
        told.keep.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=told.keep, prefix="bench-") as folder:
        place = Path(folder).resolve()
        about = machine(place)
        bench = Bench(place, Material((told.keep or place).resolve() / "material"), told.quick)
        rows = list(_measure(bench, told.only or list(BENCHES)))
    show(about, rows, json_lines=told.json, quick=told.quick)
    return int(any(row.ours == "failed" for row in rows))


if __name__ == "__main__":
    sys.exit(main())

"""Measure what looking at files takes: identification, validation, memory.

``docs/benchmarks.md`` tells what each row means.
"""

import argparse
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # this package and the fixtures are not installed

from benchmarks.examine import seconds  # noqa: E402
from benchmarks.material import Material  # noqa: E402
from benchmarks.measuring import Watch, bytes_read, run  # noqa: E402
from benchmarks.rows import CORES, MB, Row, main  # noqa: E402

READ: Final = 'find "$1" -type f -exec cat {} + > /dev/null'


@dataclass(frozen=True, slots=True)
class Bench:
    """Where it is measured, and on what; ``quick`` is with less, and once; ``once`` with all, and once."""

    place: Path
    material: Material
    quick: bool
    once: bool = False

    @property
    def small(self) -> tuple[Path, int]:
        """Many small files, and how many."""
        count = 500 if self.quick else 5_000
        return self.material.small(count), count

    @property
    def times(self) -> range:
        """As often as something is measured."""
        return range(1 if self.quick or self.once else 3)


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


def _begin(place: Path, material: Path, told: argparse.Namespace) -> Bench:
    return Bench(place, Material(material), told.quick, told.once)


if __name__ == "__main__":
    sys.exit(main(__doc__ or "", BENCHES, _begin))

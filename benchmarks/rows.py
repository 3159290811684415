"""What was measured, as rows of a table that say whether a target is met."""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Final, TypeVar

from benchmarks.measuring import Failed

MB: Final = 1_000_000
CORES: Final = os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    ``results`` are judged by their median, which must be at most ``target`` (``least``: at least); None is no
    target. Their ``unit`` is "" where they are ratios.
    """

    what: str
    ours: str
    other: str = ""
    results: tuple[float, ...] = ()
    target: float | None = None
    least: bool = False
    unit: str = ""
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None if there is none or nothing was measured."""
        if not self.results or self.target is None:
            return None
        result = median(self.results)
        return result >= self.target if self.least else result <= self.target

    def cells(self) -> tuple[str, ...]:
        """Return the row as text."""
        digits = 0 if self.unit else 2
        shown = (
            [f"{one:.{digits}f}" for one in (min(self.results), max(self.results))] if self.results else []
        )
        return (
            self.what, self.ours, self.other,
            f"{median(self.results):.{digits}f}{self.unit}" if self.results else "–",
            "–".join(shown) if len(self.results) > 1 else "",
            "" if self.target is None else f"{'≥' if self.least else '≤'} {self.target:g}{self.unit}",
            {True: "yes", False: "**no**", None: ""}[self.met],
            self.note,
        )  # fmt: skip


def table(rows: Sequence[Row]) -> str:
    """The rows in Markdown."""
    head = ("what", "ours", "other", "result", "min–max", "target", "met", "note")
    cells = [head, *(row.cells() for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [f"| {' | '.join(map(str.ljust, line, widths))} |" for line in cells]
    lines.insert(1, f"|{'|'.join('-' * (width + 2) for width in widths)}|")
    return "\n".join(lines)


def machine(place: Path) -> str:
    """What it is measured on."""
    told = subprocess.run(["stat", "-f", "-c", "%T", place], capture_output=True, text=True, check=False)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    system = f"{platform.system()} {platform.release()}, Python {platform.python_version()}"
    return f"{CORES} cores, {memory:.0f} GiB, {told.stdout.strip()}, {system}"


def show(about: str, rows: Sequence[Row], *, json_lines: bool, quick: bool) -> None:
    """Print the table; with ``json_lines`` JSON on stdout, and the table on stderr."""
    print(f"{about}\n\n{table(rows)}", file=sys.stderr if json_lines else sys.stdout)
    if json_lines:
        plain = [{**asdict(row), "met": row.met} for row in rows]
        print(json.dumps({"machine": about, "quick": quick, "rows": plain}, ensure_ascii=False, indent=1))


B = TypeVar("B")
Benches = Mapping[str, Callable[[B], Iterator[Row]]]


def main(about: str, benches: Benches[B], begin: Callable[[Path, Path, argparse.Namespace], B]) -> int:
    """Measure what was asked for; the exit code is 1 if a command failed, 0 also if a target is missed.

    ``begin`` is given a folder to work in, one for the material, and what was told.
    """
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--quick", action="store_true", help="with less, and each comparison once")
    parser.add_argument("--once", action="store_true", help="with all of it, but each comparison once")
    parser.add_argument("--only", nargs="+", choices=list(benches), metavar="NAME", help=", ".join(benches))
    parser.add_argument("--keep", type=Path, metavar="DIR", help="make the material in DIR, and leave it")
    parser.add_argument("--json", action="store_true", help="JSON on stdout, the table on stderr")
    told = parser.parse_args()
    if told.keep:
        told.keep.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=told.keep, prefix="bench-") as folder:
        place = Path(folder).resolve()
        on = machine(place)
        bench = begin(place, (told.keep or place).resolve() / "material", told)
        rows = list(_measure(bench, benches, told.only or list(benches)))
    show(on, rows, json_lines=told.json, quick=told.quick)
    return int(any(row.ours == "failed" for row in rows))


def _measure(bench: B, benches: Benches[B], names: Sequence[str]) -> Iterator[Row]:
    for name in names:
        print(f"{name} …", file=sys.stderr, flush=True)
        try:
            yield from benches[name](bench)
        except Failed as failure:
            print(failure, file=sys.stderr)
            yield Row(name, "failed", note="the reason is on stderr")

"""Measure ``archivum ingest`` against its limits, and against what a user would do without it.

``docs/benchmarks.md`` tells what each row means.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # this package and the fixtures are not installed

from benchmarks.material import Material  # noqa: E402
from benchmarks.measuring import Failed, Run, Watch, bytes_read, run  # noqa: E402
from benchmarks.rows import CORES, MB, Row, main  # noqa: E402

COPY: Final = 'cp -r "$1" "$2"'
SYNC: Final = 'sync -f "$2"'
DIGEST: Final = 'find "$2" -type f -exec sha512sum {} + > /dev/null'
PEERS: Final = f'exec "{sys.executable}" "{ROOT}/benchmarks/peers.py" "$1" "$2"'


@dataclass(frozen=True, slots=True)
class Bench:
    """Where it is measured, and on what; ``quick`` is with less, and once; ``once`` with all, and once."""

    place: Path
    material: Material
    quick: bool
    once: bool = False

    @property
    def pairs(self) -> range:
        """As often as two things are compared."""
        return range(1 if self.quick or self.once else 3)

    @contextmanager
    def archive(self, *, validating: bool = True) -> Iterator[dict[str, str]]:
        """The environment for a new archive, which has a folder for temporary files of its own.

        One that is not validating has a table of formats that names no validators.
        """
        with tempfile.TemporaryDirectory(dir=self.place) as folder:
            archive, temporary = Path(folder, "archive"), Path(folder, "tmp")
            temporary.mkdir()
            env = {**os.environ, "ARCHIVUM": str(archive), "TMPDIR": str(temporary), "LANG": "C.UTF-8"}
            run([sys.executable, "-m", "archivum_cli", "init", str(archive)], self.place, env)
            if not validating:
                (archive / "profiles/formats.toml").write_text("# nothing is validated here\n", "utf-8")
            yield env

    def ingest(self, source: Path, jobs: int = 1, packages: int = 1, *, validating: bool = True) -> Run:
        """Ingest what is at a path, which is in the system's cache, into a new archive.

        Raises:
            Failed: not every package of it is stored now.
        """
        _warm(source)
        with self.archive(validating=validating) as env:
            done = run(_ingest(source, jobs), self.place, env)
        summary = json.loads(done.output.splitlines()[-1])
        if summary["stored"] != packages:
            raise Failed(f"not {packages} stored: {summary}")
        return done

    def script(self, source: Path, script: str) -> Run:
        """Run a shell script; $1 is what it is about, in the system's cache, $2 a folder for a copy."""
        _warm(source)
        with tempfile.TemporaryDirectory(dir=self.place) as copy:
            return run(["sh", "-ec", script, "sh", str(source), copy], self.place)


def _ingest(source: Path, jobs: int = 1) -> list[str]:
    return [sys.executable, "-m", "archivum_cli", "--json", "ingest", "--jobs", str(jobs), str(source)]


def _warm(source: Path) -> None:
    command = ["find", str(source), "-type", "f", "-exec", "cat", "{}", "+"]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)


def read_once(bench: Bench) -> Iterator[Row]:
    """Bytes read of the transfer ÷ its bytes."""
    for container in ("folder", "zip", "tar"):
        what = f"read-once: {container}"
        if shutil.which("strace") is None:
            yield Row(what, "not measured: no strace", target=1.02)
            continue
        source = bench.material.sip(container)
        files = [source] if source.is_file() else [one for one in source.rglob("*") if one.is_file()]
        size = sum(one.stat().st_size for one in files)
        with bench.archive() as env:
            read = bytes_read(_ingest(source), bench.place, env, source, size)
        yield Row(what, f"{read:,} B", f"{size:,} B", (read / size,), 1.02, note=f"{read - size:,} B more")


def small_files(bench: Bench) -> Iterator[Row]:
    """Time of many small files."""
    count = 500 if bench.quick else 5_000
    yield from _against_copy(bench, f"small-files: {count:,} × 20 kB", bench.material.small(count), 6)


def big_files(bench: Bench) -> Iterator[Row]:
    """Time of few big files."""
    size = 20 if bench.quick else 200
    source = bench.material.scans(10, size * MB)
    yield from _against_copy(bench, f"big-files: 10 × {size} MB", source, 1.5)


def _against_copy(bench: Bench, what: str, source: Path, target: float) -> Iterator[Row]:
    """Ingest, validating or not, against copying and digesting, with the copy on the disk or not."""
    ours: dict[str, list[Run]] = {"": [], ", not validated": []}
    others: dict[str, list[Run]] = {f"{COPY}; {SYNC}; {DIGEST}": [], f"{COPY}; {DIGEST}": []}
    for _ in bench.pairs:
        for how, runs in ours.items():
            runs.append(bench.ingest(source, validating=not how))
        for script, runs in others.items():
            runs.append(bench.script(source, script))
    for kind, other in zip(("cp, sync, sha512sum", "cp, sha512sum"), others.values(), strict=True):
        for how, runs in ours.items():
            mine, its = median(one.cpu for one in runs), median(one.cpu for one in other)
            yield Row(
                f"{what}{how} ÷ {kind}",
                f"{median(one.wall for one in runs):.2f} s",
                f"{median(one.wall for one in other):.2f} s",
                tuple(one.wall / two.wall for one, two in zip(runs, other, strict=True)),
                target,
                note=f"processor {mine:.2f} s, {its:.2f} s",
            )


def packages(bench: Bench) -> Iterator[Row]:
    """Packages a second ÷ those of a script with bagit-python and fido."""
    count = 40 if bench.quick else 1_000
    source = bench.material.sips(count)
    other: list[Run] = []
    ours: dict[tuple[int, bool], list[Run]] = {(CORES, True): [], (CORES, False): [], (1, True): []}
    for _ in bench.pairs:
        for (jobs, validating), runs in ours.items():
            runs.append(bench.ingest(source, jobs, count, validating=validating))
        other.append(bench.script(source, PEERS))
    for (jobs, validating), runs in ours.items():
        mine, its = (median(one.cpu for one in each) / count * 1000 for each in (runs, other))
        yield Row(
            f"packages: {count:,} SIPs, --jobs {jobs}{'' if validating else ', not validated'}",
            f"{count / median(one.wall for one in runs):.1f} a second",
            f"{count / median(one.wall for one in other):.1f} a second",
            tuple(two.wall / one.wall for one, two in zip(runs, other, strict=True)),
            4 if jobs == CORES else None,
            least=True,
            note=f"processor {mine:.0f} ms, {its:.0f} ms a package",
        )


def memory_files(bench: Bench) -> Iterator[Row]:
    """Memory for one package of very many files."""
    count = 5_000 if bench.quick else 100_000
    yield _memory(bench, f"memory-files: {count:,}, folder", bench.material.scans(count, 2_000), 300)
    yield _memory(bench, f"memory-files: {count:,}, NSESSS", bench.material.big_sip(count, 2_000), 300)


def memory_big(bench: Bench) -> Iterator[Row]:
    """Memory for one very big file."""
    size = 400 if bench.quick else 4_000
    yield _memory(bench, f"memory-big: {size:,} MB", bench.material.scans(1, size * MB), 200)


def _memory(bench: Bench, what: str, source: Path, target: float) -> Row:
    watch = Watch()
    with bench.archive() as env:
        watch.run(_ingest(source), bench.place, env)
    return Row(
        what, f"{watch.memory / MB:.0f} MB in all", f"{watch.single / MB:.0f} MB largest process",
        (watch.memory / MB,), target, unit=" MB",
        note=f"{watch.own / MB:.0f} MB without mapped files; {watch.samples:,} samples",
    )  # fmt: skip


def space(bench: Bench) -> Iterator[Row]:
    """Temporary space ÷ the package's bytes."""
    size = (5 if bench.quick else 50) * MB
    for packed in (False, True):
        source = bench.material.scans(10, size, packed=packed)
        with bench.archive() as env:
            watch = Watch((Path(env["ARCHIVUM"], "storage/main/work"), Path(env["TMPDIR"])))
            watch.run(_ingest(source), bench.place, env)
        yield Row(
            f"space: 10 × {size // MB} MB, {'ZIP' if packed else 'folder'}", f"{watch.space:,} B",
            f"{10 * size:,} B", (watch.space / (10 * size),), 1.05, note=f"{watch.samples:,} samples",
        )  # fmt: skip


BENCHES: Final[dict[str, Callable[[Bench], Iterator[Row]]]] = {
    "read-once": read_once,
    "small-files": small_files,
    "big-files": big_files,
    "packages": packages,
    "memory-files": memory_files,
    "memory-big": memory_big,
    "space": space,
}


def _begin(place: Path, material: Path, told: argparse.Namespace) -> Bench:
    bench = Bench(place, Material(material), told.quick, told.once)
    bench.ingest(bench.material.sip("folder"))  # so that what Python compiles is compiled
    return bench


if __name__ == "__main__":
    try:
        sys.exit(main(__doc__ or "", BENCHES, _begin))
    except Failed as failure:
        sys.exit(str(failure))

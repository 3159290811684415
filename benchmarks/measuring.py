"""Instruments: time of whole processes, bytes read of a transfer, memory and space while a command runs."""

import os
import re
import resource
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

SAMPLE: Final = 0.02  # seconds from one look at a process to the next
_TRACED: Final = "read,pread64,readv,preadv,preadv2,mmap,copy_file_range,sendfile,splice"
_CALL: Final = re.compile(r"(\w+)\((.*)\) += (\d+|0x[0-9a-f]+)")
# strace -y writes a descriptor as 5</path>; a ">" in a path has no comma and no end after it
_DESCRIPTOR: Final = re.compile(r"\b\d+<(/.*?)>(?=,|$)")
_MAPPED: Final = re.compile(r"[^,]*, (\d+),")


class Failed(Exception):
    """A command that was to be measured did not do its work, or an instrument did not see it do it."""


@dataclass(frozen=True, slots=True)
class Run:
    """A command that ended well: seconds of wall and (with its children) processor time, and its stdout."""

    wall: float
    cpu: float
    output: str


def run(command: Sequence[str], cwd: Path, env: Mapping[str, str] | None = None) -> Run:
    """Run a command to its end, once all that waits to be written is on the disk.

    Raises:
        Failed: its exit status is not 0.
    """
    os.sync()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, check=False)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    _succeeded(command, done.returncode, done.stderr)
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return Run(wall, cpu, done.stdout.decode())


def bytes_read(command: Sequence[str], cwd: Path, env: Mapping[str, str], source: Path, size: int) -> int:
    """Run a command under strace; return what it and its children read of a file, or of a folder's files.

    A mapping counts with its whole length: which of its pages were touched is not known.

    Raises:
        Failed: its exit status is not 0, or less than ``size`` bytes were seen: a way to read was missed.
    """
    with tempfile.TemporaryDirectory(dir=cwd) as folder:
        # one file a process (-ff): where all share one, a call is cut in two by another process's
        tracing = ["strace", "-ff", "-qq", "-y", "-s", "0", "-e", f"trace={_TRACED}", "-o", f"{folder}/t"]
        run([*tracing, *command], cwd, env)
        total = 0
        for path in Path(folder).iterdir():
            with path.open(encoding="utf-8", errors="replace") as lines:
                total += sum(_read(line, os.fspath(source)) for line in lines)
    if total < size:
        raise Failed(f"strace saw {total} of {size} bytes of {source}")
    return total


def _read(line: str, source: str) -> int:
    """Return the bytes that one traced call took from what lies at or below a path."""
    call = _CALL.match(line)
    if call is None:  # it failed
        return 0
    name, arguments, result = call.groups()
    paths = [one.group(1) for one in _DESCRIPTOR.finditer(arguments)]
    if name == "sendfile":
        paths.reverse()  # the one that is written to comes first
    if not paths or not (paths[0] == source or paths[0].startswith(f"{source}/")):
        return 0
    mapped = _MAPPED.match(arguments)
    return int(mapped.group(1)) if name == "mmap" and mapped else int(result, 0)


@dataclass(slots=True)
class Watch:
    """The most that was seen of a command and of all that came from it while it ran, in bytes.

    ``memory`` is the sum of PSS, ``own`` the sum of its anonymous part (without the files that are mapped),
    ``single`` the largest resident set of any one process (VmHWM). ``space`` is what is on the disk in
    ``folders``, and in open files that have no name any more.
    """

    folders: Sequence[Path] = ()
    memory: int = 0
    own: int = 0
    single: int = 0
    space: int = 0
    samples: int = 0
    pids: set[int] = field(default_factory=set)

    def run(self, command: Sequence[str], cwd: Path, env: Mapping[str, str]) -> None:
        """Run a command and look at it every 20 ms.

        Raises:
            Failed: its exit status is not 0.
        """
        with tempfile.TemporaryFile() as told:
            process = subprocess.Popen(
                command, cwd=cwd, env=env, stdout=subprocess.DEVNULL, stderr=told, start_new_session=True
            )
            while process.poll() is None:
                due = time.monotonic() + SAMPLE
                self._look(process.pid)
                time.sleep(max(0.0, due - time.monotonic()))
            told.seek(0)
            _succeeded(command, process.returncode, told.read())

    def _look(self, session: int) -> None:
        pids = list(self._processes(session))
        self.samples += 1
        if self.folders:
            self.space = max(self.space, _space(self.folders, pids))
            return
        shares = list(_memory(pids))
        self.memory = max(self.memory, sum(pss for pss, _, _ in shares))
        self.own = max(self.own, sum(own for _, own, _ in shares))
        self.single = max(self.single, *(largest for _, _, largest in shares), 0)

    def _processes(self, session: int) -> Iterator[int]:
        """Yield the processes of a session, and those that came from them and have left it."""
        for pid in sorted(int(name) for name in os.listdir("/proc") if name.isdecimal()):  # noqa: PTH208
            with suppress(OSError):
                # proc(5): after the name in brackets come state, parent, group, session
                fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
                if int(fields[3]) == session or int(fields[1]) in self.pids or pid in self.pids:
                    self.pids.add(pid)
                    yield pid


def _memory(pids: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """Yield PSS, its anonymous part and the largest RSS so far, of those that are still there."""
    for pid in pids:
        with suppress(OSError, KeyError):
            found = {}
            for name in ("smaps_rollup", "status"):
                for line in Path(f"/proc/{pid}/{name}").read_text("utf-8", "replace").splitlines():
                    if line.endswith(" kB"):
                        key, _, value = line.partition(":")
                        found[key] = int(value.split()[0]) * 1024
            yield found["Pss"], found["Pss_Anon"], found["VmHWM"]


def _space(folders: Sequence[Path], pids: Sequence[int]) -> int:
    """Return what files take on the disk: those in the folders, and open ones there that have no name."""
    found: dict[int, int] = {}
    device = folders[0].parent.stat().st_dev
    paths = [f"{place}/{name}" for one in folders for place, _, names in os.walk(one) for name in names]
    for pid in pids:
        with suppress(OSError):
            paths += [one.path for one in os.scandir(f"/proc/{pid}/fd")]
    for path in paths:
        with suppress(OSError):
            if path.startswith("/proc/"):
                status = os.stat(path)  # noqa: PTH116 (what the handle leads to)
                if status.st_nlink or status.st_dev != device or not stat.S_ISREG(status.st_mode):
                    continue
            else:
                status = os.lstat(path)
            found[status.st_ino] = status.st_blocks * 512
    return sum(found.values())


def _succeeded(command: Sequence[str], status: int, errors: bytes) -> None:
    if status != 0:
        raise Failed(
            f"exit status {status}: {' '.join(command)}\n{errors.decode('utf-8', 'replace')[-2000:]}"
        )

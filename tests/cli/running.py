"""Running the command line as a user does, and seeing what a folder held before and after."""

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch
from uuid import UUID

import pytest

from archivum.archive import Archive, open_archive
from archivum.model import Agent, AgentKind
from archivum_cli.main import run

AT: Final = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
ARCHIVE_ID: Final = UUID("7b0c6a52-3f5d-4f0e-9d0c-5f4d8a1e2b3c")
ARCHIVIST: Final = Agent("Archivářka Nováková", AgentKind.PERSON)
ENTRY: Final = Path(sys.executable).with_name("archivum")

# what would change what the command line says, whoever runs the tests
_UNSET: Final = ("LC_ALL", "LC_MESSAGES", "LANG", "ARCHIVUM", "ARCHIVUM_AGENT")


def fixed() -> datetime:
    """A clock that stands still; a process of a pool finds it by its name."""
    return AT


@dataclass(frozen=True)
class Ran:
    """What a run of the command line left: its exit code and what it said."""

    code: int
    out: str
    err: str

    @cached_property
    def lines(self) -> list[dict[str, Any]]:
        """The JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def summary(self) -> dict[str, Any]:
        """The last line."""
        return self.lines[-1]

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The lines of a type."""
        return [line for line in self.lines if line["type"] == kind]

    @property
    def package(self) -> dict[str, Any]:
        """The only package that was spoken of."""
        (found,) = self.of("package")
        return found


def here(*arguments: object, env: dict[str, str] | None = None) -> Ran:
    """Run in this process; nothing of its environment speaks but what is given."""
    out, err = io.StringIO(), io.StringIO()
    with patch.dict(os.environ, env or {}), redirect_stdout(out), redirect_stderr(err):
        for name in _UNSET:
            if name not in (env or {}):
                os.environ.pop(name, None)
        code = run([str(one) for one in arguments])
    return Ran(code, out.getvalue(), err.getvalue())


def environment(**more: str) -> dict[str, str]:
    """The environment of a process of its own."""
    return {key: value for key, value in os.environ.items() if key not in _UNSET} | more


def apart(*arguments: object, cwd: Path | None = None, **env: str) -> Ran:
    """Run the installed command in a process of its own."""
    command = [str(ENTRY), *map(str, arguments)]
    done = subprocess.run(
        command, check=False, capture_output=True, cwd=cwd, env=environment(**env), timeout=120
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


def powerless(*arguments: object) -> Ran:
    """Run in a process of its own that permissions hold for, also where root runs the tests."""
    command = [str(ENTRY), *map(str, arguments)]
    if os.geteuid() == 0:  # root reads and writes everything, unless told that it may not
        if shutil.which("setpriv") is None:
            pytest.skip("root may read every file, and there is no setpriv to take that from it")
        less = "-dac_override,-dac_read_search"
        command[:0] = ["setpriv", f"--inh-caps={less}", f"--bounding-set={less}"]
    done = subprocess.run(command, check=False, capture_output=True, env=environment(), timeout=60)
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


def begun(*arguments: object) -> "subprocess.Popen[bytes]":
    """Begin to run the installed command in a process of its own; its output is to be read."""
    command = [str(ENTRY), *map(str, arguments)]
    pipe = subprocess.PIPE  # unbuffered: what is read ahead of a line would be lost to communicate()
    return subprocess.Popen(
        command, bufsize=0, stdout=pipe, stderr=pipe, env=environment(), start_new_session=True
    )


def opened(root: Path) -> Archive:
    """Open an archive as the library does."""
    return open_archive(root, agent=ARCHIVIST, clock=fixed)


def seen(folder: Path) -> dict[str, tuple[object, ...]]:
    """All that can be seen of a folder: kind, permissions, time of change, content or target of each name."""
    found: dict[str, tuple[object, ...]] = {}
    for place in (folder, *sorted(folder.rglob("*"))):
        status = place.lstat()
        told: object = None
        if place.is_symlink():
            told = str(place.readlink())
        elif place.is_file():
            told = hashlib.sha256(place.read_bytes()).hexdigest()
        name = place.relative_to(folder.parent).as_posix()
        found[name] = (status.st_mode, status.st_mtime_ns, status.st_size if place.is_file() else 0, told)
    return found


def content(folder: Path) -> dict[str, str]:
    """The digest of each file in a folder."""
    return {
        place.relative_to(folder).as_posix(): hashlib.sha256(place.read_bytes()).hexdigest()
        for place in sorted(folder.rglob("*"))
        if place.is_file()
    }


def left_at_work(root: Path) -> list[str]:
    """What an archive has in its workplaces beside the locks that identifiers are claimed by."""
    work = root / "storage/main/work"
    return [
        place.relative_to(work).as_posix()
        for place in sorted(work.rglob("*"))
        if place.is_file() and (place.name != "claims" or place.stat().st_size)
    ]

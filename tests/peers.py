"""Other people's programs that archivum is held against, each in an environment of its own.

They are installed once, in the versions that ``requirements/peers.txt`` pins, into the user's cache
(``XDG_CACHE_HOME``); without a network the tests that need them are skipped.
"""

import fcntl
import hashlib
import os
import subprocess
import sys
import venv
from functools import cache
from pathlib import Path

import pytest

PINNED = Path(__file__).parents[1] / "requirements/peers.txt"


@cache
def peer(command: str) -> Path:
    """Return the place of an installed command; skip the test where it cannot be installed."""
    cached = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "archivum-peers"
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    place = cached / f"{hashlib.sha256(PINNED.read_bytes()).hexdigest()[:16]}-{version}"
    cached.mkdir(parents=True, exist_ok=True)
    with (cached / f"{place.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / "installed").exists():
            _install(place)
    return place / "bin" / command


def _install(place: Path) -> None:
    venv.create(place, with_pip=True, clear=True)
    words = (
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--require-hashes",
        "-r",
        PINNED,
    )
    done = subprocess.run(
        [place / "bin/python", *words], check=False, capture_output=True, text=True, timeout=300
    )
    if done.returncode:
        pytest.skip(f"the peers cannot be installed: {done.stderr.strip().splitlines()[-1]}")
    (place / "installed").touch()

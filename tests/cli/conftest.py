"""One new archive for all tests of the command line; each gets a copy of its own."""

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from archivum.founding import found_archive
from tests.cli.running import ARCHIVE_ID, ARCHIVIST, AT, fixed

Once = Callable[[str, Callable[[Path], None]], Path]


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new archive; nobody writes to it."""
    root = tmp_path_factory.mktemp("template") / "archiv"
    found_archive(
        root, ARCHIVE_ID, AT,
        name="Zkušební archiv", institution="Archiv města Lhota", language="cs", agent=ARCHIVIST, clock=fixed,
    )  # fmt: skip
    return root


@pytest.fixture
def archive(template: Path, tmp_path: Path) -> Path:
    """The folder of a new archive."""
    return Path(shutil.copytree(template, tmp_path / "archiv"))


@pytest.fixture
def sent(tmp_path: Path) -> Path:
    """An empty folder for what is sent."""
    (tmp_path / "sent").mkdir()
    return tmp_path / "sent"


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """What takes long is done once in a folder of its own, even where processes share the tests."""
    base = tmp_path_factory.getbasetemp()
    common = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def make(name: str, work: Callable[[Path], None]) -> Path:
        place = common / f"once-{name}"
        with (common / f"once-{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (place / "done").exists():
                place.mkdir()
                work(place)
                (place / "done").touch()
        return place

    return make

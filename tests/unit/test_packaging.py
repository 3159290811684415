"""However archivum is installed, it finds its schemas and its profiles, and is complete."""

import os
import re
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
VERSION = PROJECT["project"]["version"]
DATA = {
    "schemas": sorted(path.name for path in (ROOT / "schemas").iterdir()),
    "profiles": sorted(path.name for path in (ROOT / "profiles").iterdir()),
}
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith(("ARCHIVUM", "PYTHON"))},
    "LC_ALL": "C.UTF-8",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
}


def done(*command: str | Path, at: Path = ROOT) -> str:
    ran = subprocess.run(command, cwd=at, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def build(kind: str, source: Path, target: Path) -> Path:
    """Build a wheel or an sdist with what is here: nothing is fetched."""
    done(sys.executable, "-m", "build", "--no-isolation", f"--{kind}", "--outdir", target, source)
    (made,) = target.iterdir()
    return made


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("sdist", ROOT, tmp_path_factory.mktemp("sdist"))


@dataclass(frozen=True)
class Installed:
    """A fresh environment with archivum in it, and where its data should be found."""

    folder: Path
    data: Path

    def run(self, name: str, *arguments: str | Path, at: Path) -> str:
        return done(self.folder / "bin" / name, *arguments, at=at)


@pytest.fixture(scope="module", params=["wheel", "wheel from sdist", "editable"])
def installed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    place = tmp_path_factory.mktemp("installed")
    environment = _environment(place / "environment")
    packages = next((environment / "lib").glob("python*/site-packages"))
    if request.param == "editable":
        _install(environment, "--no-build-isolation", "--editable", ROOT)
        return Installed(environment, ROOT)
    made: Path = request.getfixturevalue("wheel") if request.param == "wheel" else _from_sdist(request, place)
    _install(environment, made)
    return Installed(environment, packages / "archivum" / "_data")


def _environment(place: Path) -> Path:
    """Make an environment that lends everything but archivum from the one that the tests run in."""
    venv.create(place, with_pip=False, symlinks=True)
    packages = next((place / "lib").glob("python*/site-packages"))
    lender = Path(pytest.__file__).parents[1]
    # a line of a .pth file is a folder to look in; the .pth files in that, as of an editable install, are not
    (packages / "lent.pth").write_text(f"{lender}\n", "utf-8")
    return place


def _from_sdist(request: pytest.FixtureRequest, place: Path) -> Path:
    with tarfile.open(request.getfixturevalue("sdist")) as archive:
        # the argument ``filter`` came with Python 3.11.4
        archive.extraction_filter = getattr(tarfile, "data_filter", None)
        archive.extractall(place / "source")
    (source,) = (place / "source").iterdir()
    return build("wheel", source, place / "made")


def _install(environment: Path, *what: str | Path) -> None:
    done(
        sys.executable, "-m", "pip", "--python", environment / "bin" / "python", "install", "--quiet",
        "--no-index", "--no-deps", "--ignore-installed", *what,
    )  # fmt: skip


FOUND = """
from archivum.place import data_folder
from archivum.profile import Profiles
from archivum.schemas import SETS, Schemas, place
print(data_folder("schemas"), place(), data_folder("profiles"), sep="\\n")
print(*(Schemas().schema(name) is not None for name in SETS))
profiles = Profiles(data_folder("profiles"))
print(*(profiles.get(name).reader for name in profiles.names()))
"""


def test_it_runs_and_finds_what_came_with_it(installed: Installed, tmp_path: Path) -> None:
    assert installed.run("archivum", "--version", at=tmp_path) == f"archivum, version {VERSION}\n"
    installed.run("archivum", "init", "archive", at=tmp_path)
    listed = installed.run("archivum", "schemas", "list", at=tmp_path / "archive").splitlines()
    assert len(listed) == 7
    assert all(line.endswith("\tarchivum") for line in listed)
    found = installed.run("python", "-c", FOUND, at=tmp_path).splitlines()
    schemas, profiles = installed.data / "schemas", installed.data / "profiles"
    assert [Path(line) for line in found[:3]] == [schemas, schemas, profiles]
    assert found[3:] == [" ".join(["True"] * 7), "bagit folder nsesss"]


def test_a_wheel_holds_what_runs_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {name.partition("/")[0] for name in names} == {
        "archivum", "archivum_cli", f"archivum-{VERSION}.dist-info",
    }  # fmt: skip
    for folder, files in DATA.items():
        inside = sorted(
            name.rpartition("/")[2] for name in names if name.startswith(f"archivum/_data/{folder}/")
        )
        assert inside == files
    for package, source in (("archivum", ROOT / "src"), ("archivum_cli", ROOT / "cli")):
        expected = {
            path.relative_to(source).as_posix()
            for path in (source / package).rglob("*")
            if path.suffix in (".py", ".toml")
        }
        assert expected <= names


def test_an_sdist_holds_what_a_wheel_is_made_of(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "schemas/official.toml"} <= names
    assert not [name for name in names if name.startswith(("tests", ".venv", "demo"))]


# -- what is locked ------------------------------------------------------------------------------------------


def requirements(group: str) -> list[Requirement]:
    """The requirements of a dependency group, with those of the groups in it."""
    found: list[Requirement] = []
    one: Any
    for one in PROJECT["dependency-groups"][group]:
        found += requirements(one["include-group"]) if isinstance(one, dict) else [Requirement(one)]
    return found


def own() -> list[Requirement]:
    return [Requirement(one) for one in PROJECT["project"]["dependencies"]]


def backend() -> list[Requirement]:
    return [Requirement(one) for one in PROJECT["build-system"]["requires"]]


def locked(name: str) -> dict[str, Version]:
    text = (ROOT / "requirements" / f"{name}.txt").read_text("utf-8")
    pins = re.findall(r"^([a-z0-9._-]+)==([^ ;\\]+)", text, re.MULTILINE)
    assert pins
    return {package: Version(version) for package, version in pins}


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("run", own()),
        ("fixtures", [*own(), *requirements("fixtures")]),
        ("dev", [*own(), *requirements("dev")]),
        ("build", backend()),
    ],
)
def test_what_is_asked_for_is_locked(name: str, asked: list[Requirement]) -> None:
    pins = locked(name)
    for requirement in asked:
        package = re.sub("[-_.]+", "-", requirement.name).lower()
        assert package in pins, f"make lock: {requirement} is not in requirements/{name}.txt"
        assert requirement.specifier.contains(pins[package], prereleases=True), f"make lock: {requirement}"


def test_the_locks_agree() -> None:
    everything = locked("dev")
    for name in ("run", "fixtures", "build"):
        others = {package: version for package, version in locked(name).items() if package in everything}
        assert others == {package: everything[package] for package in others}, name


@pytest.mark.parametrize("path", sorted((ROOT / "requirements").glob("*.txt")), ids=lambda path: path.name)
def test_everything_locked_has_a_digest_and_no_address(path: Path) -> None:
    text = path.read_text("utf-8")
    for entry in re.split(r"\n(?=[a-z0-9])", text)[1:]:
        assert "--hash=sha256:" in entry, entry.partition("\n")[0]
    assert "://" not in text

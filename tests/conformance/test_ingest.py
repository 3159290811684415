"""The published SIPs go the whole way, and what they become is what other people's programs take it for."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import bagit
import pytest
from lxml import etree

from archivum.founding import found_archive
from tests.cli import conftest
from tests.cli.conftest import Once
from tests.cli.running import ARCHIVE_ID, ARCHIVIST, AT, Ran, content, fixed, here
from tests.peers import peer
from tests.shared import SHARED, cases, needs_shared

pytestmark = needs_shared
once = conftest.once

COMPLETE: Final = 18  # valid SIPs among the published ones whose files are there, as their METS says
XLINK: Final = "{http://www.w3.org/1999/xlink}href"
METS: Final = "{http://www.loc.gov/METS/}"


# -- which samples ---------------------------------------------------------------------------------------


def samples() -> list[Path]:
    """Every sample of the rule sets of records systems, good and bad, whatever it is."""
    if not (SHARED / "cases/cases.py").is_file():
        return []
    data = cases("cz-rules")
    return sorted(path for rules in ("NSESSS2017", "NSESSS2024") for path in (data / rules).glob("*/*"))


def is_complete(sample: Path, *, lenient: bool = False) -> bool:
    """Whether every file that the METS file names is there with its size and checksum, and no other.

    ``lenient`` reads the backslashes of paths as slashes.
    """
    mets = sample / "mets.xml"
    try:
        root = etree.parse(mets, etree.XMLParser(resolve_entities=False, no_network=True)).getroot()
    except (OSError, etree.XMLSyntaxError):
        return False
    promised = {}
    for file in root.iter(f"{METS}file"):
        for location in file.iter(f"{METS}FLocat"):
            path = location.get(XLINK, "")
            promised[path.replace("\\", "/") if lenient else path] = file
    there = {path.relative_to(sample).as_posix() for path in sample.rglob("*") if path.is_file()} - {
        "mets.xml"
    }
    if not promised or set(promised) != there:
        return False
    return all(_kept(sample / path, file) for path, file in promised.items())


def _kept(path: Path, file: Any) -> bool:
    algorithm = file.get("CHECKSUMTYPE", "").replace("-", "").lower()
    if algorithm not in hashlib.algorithms_available or int(file.get("SIZE", "-1")) != path.stat().st_size:
        return False
    return bool(hashlib.new(algorithm, path.read_bytes()).hexdigest() == file.get("CHECKSUM", "").lower())


def valid() -> list[Path]:
    """The samples whose folder's name says that they are valid."""
    return [sample for sample in samples() if re.search("-OK", sample.name)]


@cache
def complete() -> Mapping[str, Path]:
    """The complete valid SIPs, by a name of their own."""
    return {f"{one.parents[1].name} {one.name}": one for one in valid() if is_complete(one)}


def test_the_complete_samples_are_found() -> None:
    assert len(complete()) == COMPLETE


# -- the whole way ---------------------------------------------------------------------------------------


def found(root: Path) -> Path:
    """Make an archive whose packages anyone may read."""
    found_archive(
        root, ARCHIVE_ID, AT, name="Archiv", institution="Archiv", language="cs", agent=ARCHIVIST, clock=fixed
    )
    (root / "profiles/nsesss.toml").write_text('reader = "nsesss"\n[access]\ncondition = "open"\n', "utf-8")
    return root


def go_the_whole_way(place: Path) -> None:
    root = found(place / "archiv")
    for number, sample in enumerate(complete().values()):
        # two samples may have one identifier and other content: each comes from a producer of its own
        ran = here("--archive", root, "--json", "ingest", "--producer", f"Původce {number}", sample)
        (place / f"{number}.json").write_text(f"{ran.code}\n{ran.out}{ran.err}", "utf-8")


@pytest.fixture(scope="session")
def archive(once: Once) -> Path:
    """An archive with all complete samples in it."""
    return once("complete-samples", go_the_whole_way) / "archiv"


@pytest.fixture(scope="session")
def uuids(archive: Path) -> Mapping[str, str]:
    told = {}
    for number, name in enumerate(complete()):
        code, line = (archive.parent / f"{number}.json").read_text("utf-8").splitlines()[:2]
        package = Ran(int(code), line, "").package
        assert (code, package["status"]) == ("0", "stored"), (name, package["reasons"])
        told[name] = package["uuid"]
    return told


NAMES: Final = sorted(complete()) if samples() else []


@pytest.fixture
def bag(archive: Path, uuids: Mapping[str, str], tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """The exported bag of a sample."""
    uuid = uuids[request.node.callspec.params["name"]]
    ran = here("--archive", archive, "export", uuid, "--to", tmp_path)
    assert ran.code == 0, ran.err
    return tmp_path / uuid


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_is_stored_and_verified(name: str, archive: Path, uuids: Mapping[str, str]) -> None:
    assert here("--archive", archive, "verify", uuids[name]).code == 0


@pytest.mark.parametrize("name", NAMES)
def test_the_exported_bag_is_one_and_holds_the_sample(name: str, bag: Path) -> None:
    bagit.Bag(str(bag)).validate(processes=1)
    submission = bag / "data" / bag.name / "representations/submission/data"
    assert content(submission) == content(complete()[name])


@pytest.mark.parametrize("name", NAMES)
def test_what_is_written_is_valid_by_the_publishers_schemas(name: str, bag: Path) -> None:
    package = bag / "data" / bag.name
    for schema, document in (
        ("mets/v1.12.1/mets.xsd", "METS.xml"),
        ("eark/driver-mets-csip.xsd", "METS.xml"),
        ("premis/premis-v3-0.xsd", "metadata/preservation/PREMIS.xml"),
        ("premis/premis-v3-0.xsd", "metadata/preservation/PACKAGE-INFO.xml"),
        ("ead3.xsd", "metadata/descriptive/description.xml"),
    ):
        compiled(schema).assertValid(etree.parse(package / document))


@cache
def compiled(path: str) -> etree.XMLSchema:
    """A publisher's schema; what it imports by an address is taken from beside it."""

    class Beside(etree.Resolver):
        def resolve(self, url: str | None, public_id: str | None, context: Any) -> Any:
            for name, place in (("xlink.xsd", "mets/xlink.xsd"), ("xml.xsd", "eark/xml/xml-2001.xsd")):
                if url and url.endswith(name):
                    return self.resolve_filename(str(SHARED / "schemas" / place), context)
            return None

    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(Beside())
    return etree.XMLSchema(etree.parse(SHARED / "schemas" / path, parser))


@pytest.mark.parametrize("name", NAMES)
def test_openssl_takes_the_time_stamp(name: str, bag: Path, archive: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl")
    manifest = bag / "manifest-sha512.txt"
    words = ["openssl", "ts", "-verify", "-data", str(manifest), "-in", f"{manifest}.tsr"]
    words += ["-CAfile", str(bag / "time-stamp-chain.pem")]
    done = subprocess.run(words, check=False, capture_output=True, timeout=30)
    assert (done.returncode, b"Verification: OK" in done.stdout) == (0, True), done.stderr
    manifest.write_bytes(manifest.read_bytes() + b"\n")
    assert subprocess.run(words, check=False, capture_output=True, timeout=30).returncode != 0


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_gives_a_dip(name: str, archive: Path, uuids: Mapping[str, str], tmp_path: Path) -> None:
    sample = complete()[name]
    ran = here("--archive", archive, "--json", "dip", uuids[name], "--to", tmp_path / "dip")
    assert ran.code == 0, ran.err
    assert (tmp_path / "dip/index.html").is_file()
    bagit.Bag(str(tmp_path / "dip")).validate(processes=1)
    held = set(content(tmp_path / "dip").values())
    assert set(content(sample).values()) <= held


def told_by_ocfl_py(root: Path) -> str:
    """What ocfl-py says of a root and of every object in it, every digest computed again."""
    words = (peer("ocfl-root.py"), "validate", "--validate-objects", "--check-digests", "--root", root)
    done = subprocess.run(words, check=True, capture_output=True, text=True, timeout=300)
    return done.stdout


def test_all_together_are_a_storage_root_to_ocfl_py(archive: Path, uuids: Mapping[str, str]) -> None:
    assert len(set(uuids.values())) == COMPLETE
    told = told_by_ocfl_py(archive / "storage/main/ocfl")
    assert f"Objects checked: {COMPLETE} / {COMPLETE} are VALID" in told
    assert told.rstrip().endswith("is VALID")
    assert not re.search(r"\[[EW]\d{3}", told), told


def test_ocfl_py_sees_a_changed_byte(archive: Path, uuids: Mapping[str, str], tmp_path: Path) -> None:
    """That it takes everything else says something only if it does not take this."""
    root = Path(shutil.copytree(archive / "storage/main/ocfl", tmp_path / "ocfl"))
    victim = next(root.rglob("mets.xml"))
    victim.write_bytes(victim.read_bytes() + b" ")
    told = told_by_ocfl_py(root)
    assert f"Objects checked: 1 / {COMPLETE} are INVALID" in told
    assert "E092" in told and told.rstrip().endswith("is INVALID")


# -- every sample ----------------------------------------------------------------------------------------


def try_all(place: Path) -> None:
    root = found(place / "archiv")
    everything = [str(sample) for sample in samples()]
    ran = here("--archive", root, "--json", "ingest", "--dry-run", "--jobs", os.cpu_count() or 1, *everything)
    (place / "lines.json").write_text(f"{ran.code}\n{ran.out}", "utf-8")


@pytest.fixture(scope="session")
def tried(once: Once) -> Iterator[Ran]:
    """What a dry run says of every sample, good or bad."""
    place = once("all-samples", try_all)
    code, _, lines = (place / "lines.json").read_text("utf-8").partition("\n")
    yield Ran(int(code), lines, "")


def test_no_sample_breaks_anything(tried: Ran) -> None:
    assert len(samples()) > 500
    assert tried.code == 4
    assert {line["path"] for line in tried.of("package")} == {str(sample) for sample in samples()}
    assert "error" not in tried.summary
    assert {line["status"] for line in tried.of("package")} == {"checked", "rejected", "conflict"}


def test_every_complete_sample_would_be_accepted(tried: Ran) -> None:
    told = {line["path"]: line for line in tried.of("package")}
    found = [sample for sample in valid() if is_complete(sample, lenient=True)]
    assert len(found) > 3 * COMPLETE
    for sample in found:
        # many samples are one package with something else changed: nothing but that is against a second one
        assert set(told[str(sample)]["reasons"]) <= {"package-conflict"}, sample
        assert is_complete(sample) or "path-approximate" in {
            one["code"] for one in told[str(sample)]["findings"]
        }


def test_what_a_sample_lacks_is_told(tried: Ran) -> None:
    told = {line["path"]: line for line in tried.of("package")}
    lacking = [one for one in valid() if (one / "mets.xml").is_file() and not is_complete(one, lenient=True)]
    assert len(lacking) > 100  # the samples were made for other rules, and most of them come without files
    for sample in lacking:
        assert {"file-missing", "file-size", "file-checksum"} & set(
            told[str(sample)]["reasons"]
        ) or not promises(sample), sample


def promises(sample: Path) -> bool:
    return next(etree.parse(sample / "mets.xml").getroot().iter(f"{METS}FLocat"), None) is not None


@pytest.mark.parametrize("layer", ["wf1", "kod1", "ns1", "val1"])
def test_a_fault_of_an_early_layer_is_rejected(layer: str, tried: Ran) -> None:
    bad = [line for line in tried.of("package") if Path(line["path"]).name.startswith(f"{layer}-chyba")]
    assert bad and all(line["status"] == "rejected" for line in bad)


def test_the_peers_are_not_in_our_environment() -> None:
    assert not list(Path(sys.prefix).glob("lib/*/site-packages/ocfl"))

"""The published NSESSS samples: nothing breaks the reader, every fault of an early layer is found."""

import re
from pathlib import Path

import pytest

from archivum.model import Identifier, Level, Severity
from archivum.packaging import nsesss
from archivum.packaging.xml import Document
from archivum.schemas import Schemas
from tests.shared import cases, needs_shared
from tests.unit.test_reader_base import Seen, see

pytestmark = needs_shared
HARMLESS = {"path-approximate"}
LAYERS = {
    "kod1": {"xml-encoding", "xml-bom"},
    "wf1": {"xml-not-well-formed"},
    "ns1": {"xml-namespace"},
    "ns2": {"xml-namespace"},
    "val1": {"xml-invalid", "xml-namespace"},
}


SCHEMAS = Schemas()


def samples() -> list[Path]:
    data = cases("cz-rules")
    return sorted(
        path.parent
        for rules in ("NSESSS2017", "NSESSS2024")
        for path in (data / rules).glob("*/*/*")
        if path.name.lower() == "mets.xml"
    )


def read(root: Path, tmp_path: Path) -> Seen:
    return see(root, tmp_path / "index", schemas=SCHEMAS)


@pytest.fixture(scope="module")
def seen_samples(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Seen]:
    folder = tmp_path_factory.mktemp("samples")
    return {root: read(root, folder) for root in samples()}


def test_every_fault_of_an_early_layer_is_found(seen_samples: dict[Path, Seen]) -> None:
    assert len(seen_samples) > 500
    for root, seen in seen_samples.items():
        fault = re.match(r"(kod1|wf1|ns1|ns2|val1)-chyba", root.name)
        if fault:
            assert LAYERS[fault[1]] & set(seen.codes(Severity.ERROR)), (root, seen.codes())


def test_both_ways_of_reading_agree(
    seen_samples: dict[Path, Seen], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nsesss, "Document", lambda path, name: Document(path, name, held=0))
    for root, seen in seen_samples.items():
        if not {"xml-encoding", "xml-not-well-formed"} & set(seen.codes()):
            assert read(root, tmp_path) == seen, root


def test_complete_samples_are_read_without_a_fault(seen_samples: dict[Path, Seen]) -> None:
    whole = {
        root: seen
        for root, seen in seen_samples.items()
        if "-OK" in root.name
        and any(one.digest for one in seen.promises)
        and not {"file-missing", "file-extra", "size", "checksum"} & set(seen.codes())
    }
    clean = [root for root, seen in whole.items() if not set(seen.codes()) - HARMLESS]
    assert len(clean) >= 18, sorted(str(root) for root in set(whole) - set(clean))
    for root in clean:
        levels = [record.level for record in whole[root].records]
        assert levels[0] is Level.PLAN and Level.COMPONENT in levels
        known = {record.id for record in whole[root].records}
        assert {one.parent for one in whole[root].records} - {None} <= known
        components = {one.id for one in whole[root].records if one.level is Level.COMPONENT}
        assert {one.reference for one in whole[root].promises} - {None} == components


def test_one_sample_in_full(tmp_path: Path) -> None:
    root = cases("cz-rules") / "NSESSS2024" / "07 KONTROLA KOMPONENT" / "kom4-OK5"
    if not root.is_dir():
        pytest.skip("this sample is in the half that is kept back")
    seen = read(root, tmp_path)
    assert (seen.package.id, seen.package.variant, seen.package.main) == ("NA_01", "2024", "mets.xml")
    assert seen.package.producer is not None
    assert seen.package.producer.identifiers == (Identifier("27520536", "IČ"),)
    assert [(one.id, one.level.value, one.parent) for one in seen.records] == [
        ("ID4", "spisplan", None), ("ID3", "vecnaskp", "ID4"), ("ID2", "vecnaskp", "ID3"),
        ("ID7", "spis", "ID2"), ("ID1", "dokument", "ID7"), ("ID5", "komponenta", "ID1"),
        ("ID8", "dokument", "ID7"),
    ]  # fmt: skip
    assert seen.record("ID7").reference == "SpisFN-300/2012"
    assert seen.record("ID8").properties["location"] == "1-1"
    assert seen.record("ID1").dates["received"] == "2012-08-13"
    assert seen.record("ID5").properties["form"] == "originál"
    assert [one.path for one in seen.promises] == ["mets.xml", "komponenty/soubor.pdf"]

"""What is written as an AIP keeps the Czech rules and is valid by the publishers' schemas."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from lxml import etree

from archivum.packaging.index import PackageIndex
from tests.conformance.test_czdax_rules import broken
from tests.shared import SHARED, needs_shared
from tests.unit.test_writers_samples import (
    Sample,
    file_of,
    folder,
    information_package,
    make,
    nsesss,
    type_file,
)

NOTHING: dict[str, set[str]] = {"DAAIP2024": set(), "PREMIS": set(), "AP2023": set()}
SAMPLES = {
    "nsesss": nsesss(),
    "type-file": type_file(),
    "folder": folder(),
    "bag": folder(("a.txt", "b.txt"), kind="bagit"),
    "undescribed": Sample(nsesss().package, nsesss().files, (), {}),
}


@pytest.fixture
def build(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Return a function that makes an AIP and returns the folder of its information package."""
    with PackageIndex(tmp_path / "index") as index:

        def run(sample: Sample, **changes: object) -> Path:
            make(tmp_path / "bag", sample, index, **changes)
            return information_package(tmp_path / "bag")

        yield run


@pytest.mark.parametrize("name", SAMPLES)
def test_an_aip_keeps_the_rules(name: str, build: Callable[..., Path]) -> None:
    package = build(SAMPLES[name])
    assert UUID(package.name)  # dat05
    assert broken(package) == NOTHING


def test_an_aip_with_documentation_and_schemas_keeps_the_rules(
    build: Callable[..., Path], tmp_path: Path
) -> None:
    package = information_package(tmp_path / "bag")
    extra = {"documentation/úvod k předání.txt": b"intro", "schemas/a b.xsd": b"<xsd/>"}
    for path, data in extra.items():
        (package / path).parent.mkdir(parents=True)
        (package / path).write_bytes(data)
    build(
        nsesss(),
        documentation=[file_of("úvod k předání.txt", b"intro")],
        schemas=[file_of("a b.xsd", b"<xsd/>")],
    )
    assert broken(package) == NOTHING


def test_without_a_reference_number_the_rules_are_kept(build: Callable[..., Path]) -> None:
    assert broken(build(nsesss(), reference="")) == NOTHING


def _schema(path: str) -> etree.XMLSchema:
    """A publisher's schema; what it imports by an address is taken from beside it."""

    class Beside(etree.Resolver):
        def resolve(self, url: str | None, public_id: str | None, context: Any) -> Any:
            if url and url.endswith("xlink.xsd"):
                return self.resolve_filename(str(SHARED / "schemas/mets/xlink.xsd"), context)
            if url and url.endswith("xml.xsd"):
                return self.resolve_filename(str(SHARED / "schemas/eark/xml/xml-2001.xsd"), context)
            return None

    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(Beside())
    return etree.XMLSchema(etree.parse(SHARED / "schemas" / path, parser))


@needs_shared
@pytest.mark.parametrize("name", SAMPLES)
def test_what_is_written_is_valid_by_the_publishers_schemas(name: str, build: Callable[..., Path]) -> None:
    package = build(SAMPLES[name])
    for schema, documents in (
        ("mets/v1.12.1/mets.xsd", ["METS.xml"]),
        ("eark/driver-mets-csip.xsd", ["METS.xml"]),
        (
            "premis/premis-v3-0.xsd",
            ["metadata/preservation/PREMIS.xml", "metadata/preservation/PACKAGE-INFO.xml"],
        ),
        ("ead3.xsd", ["metadata/descriptive/description.xml"]),
    ):
        judge = _schema(schema)
        for document in documents:
            judge.assertValid(etree.parse(package / document))

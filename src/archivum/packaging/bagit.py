"""BagIt bags: RFC 8493 (1.0) and the drafts 0.93 to 0.97."""

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from archivum.model import Agent, Finding, Identifier, Level, Package, Promise, Record, Severity, Verdict
from archivum.packaging.bagit_manifests import PAYLOAD, Manifest, ManifestReading, manifests
from archivum.packaging.bagit_tags import DECLARATION, INFO, declaration, failed, info
from archivum.packaging.folder import TOP, folder_records
from archivum.packaging.index import PackageIndex
from archivum.storage.digest import algorithm

if TYPE_CHECKING:
    from archivum.schemas import Schemas

_LABEL = "bag-info:"  # of properties; then the label as RFC 8493 §2.2.2 writes it
_OXUM = re.compile(r"(\d+)\.(\d+)")
_BATCH = 256


class BagReader:
    """Reads a bag: its manifests become promises, its metadata the record of the whole package."""

    name = "bagit"

    def recognises(self, root: Path) -> bool:
        """A folder that says it is a bag, or has the manifests of one, or some with a payload."""
        listed = manifests(root)
        known = any(algorithm(manifest.algorithm) for manifest in listed)
        # RFC 8493 §2.4: the name of an algorithm is made of letters and digits
        named = any(manifest.algorithm.isalnum() for manifest in listed)
        return (root / DECLARATION).is_file() or known or (named and (root / PAYLOAD).is_dir())

    def algorithms(self, root: Path) -> frozenset[str]:
        """Return the algorithms of the manifests, by their names."""
        return frozenset(
            name for manifest in manifests(root) if (name := algorithm(manifest.algorithm)) is not None
        )

    def read(self, root: Path, index: PackageIndex, schemas: "Schemas | None") -> Package:
        """Add the promises of all manifests, the record of the whole and what is wrong."""
        declared = declaration(root)
        elements, findings = info(root, declared.encoding)
        for finding in (*declared.findings, *findings):
            index.add_finding(finding)
        listed = manifests(root)
        payload = [manifest for manifest in listed if not manifest.tags]
        if not payload:
            index.add_finding(failed("bag-no-manifest", "", ""))  # RFC 8493 §2.1
        reading = ManifestReading(root, index, declared.encoding, final=declared.final)
        for manifest in listed:
            reading.read(manifest)
        reading.end()
        if declared.final:
            for finding in _incomplete(index, payload, [one for one in listed if one.tags]):
                index.add_finding(finding)
        return _package(root, declared.version, elements, index)

    def describe(self, root: Path, index: PackageIndex) -> None:
        """Add the records of folders and files, and what only the files can tell."""
        # tag files need not be listed anywhere (RFC 8493 §2.2.4): they are there, and that is all
        while batch := list(islice(_tag_files(index), _BATCH)):
            for path in batch:
                index.add_promise(Promise(path, where=DECLARATION))
        files, size = folder_records(index, PAYLOAD)
        top = index.record(TOP)
        promised = top.properties.get(f"{_LABEL}Payload-Oxum", "") if top else ""
        for oxum in filter(None, promised.split("; ")):
            match = _OXUM.fullmatch(oxum)
            if not match or (int(match[1]), int(match[2])) != (size, files):
                index.add_finding(failed("bag-oxum", INFO, INFO, promised=oxum, found=f"{size}.{files}"))
        declared = declaration(root)
        fetching = ManifestReading(root, index, declared.encoding, final=declared.final)
        fetching.fetch()
        fetching.end()


def _package(root: Path, version: str, elements: Sequence[tuple[str, str]], index: PackageIndex) -> Package:
    values: dict[str, list[str]] = {}
    for label, value in elements:
        values.setdefault("-".join(part.capitalize() for part in label.split("-")), []).append(value)
    given = values.get("External-Identifier", [])
    identifier = next(filter(None, given), root.name)
    title = next(filter(None, values.get("External-Description", [])), identifier)
    producer = next(filter(None, values.get("Source-Organization", [])), "")
    index.add_record(
        Record(
            TOP,
            Level.PACKAGE,
            title=title,
            identifiers=tuple(Identifier(value, "External-Identifier") for value in given if value),
            properties={f"{_LABEL}{label}": "; ".join(several) for label, several in values.items()},
        )
    )
    return Package("bagit", version, identifier, Agent(producer) if producer else None, title)


def _tag_files(index: PackageIndex) -> Iterator[str]:
    return (file.path for file in index.unpromised() if not file.path.startswith(PAYLOAD))


def _incomplete(
    index: PackageIndex, payload: Sequence[Manifest], tags: Sequence[Manifest]
) -> Iterator[Finding]:
    """Yield what a manifest of a 1.0 bag leaves out that it must list."""
    for tag in tags:  # RFC 8493 §2.2.1: each tag manifest lists every payload manifest
        for manifest in payload:
            if all(promise.algorithm != tag.algorithm for promise in index.promises(manifest.name)):
                yield _left_out(manifest.name, tag.name)
    if len(payload) < 2:
        return
    for promise in index.promises():  # RFC 8493 §2.1.3: each payload manifest lists every payload file
        if not promise.path.startswith(PAYLOAD):
            continue
        here = list(index.promises(promise.path))
        if here[0] == promise:
            known = {one.algorithm for one in here}
            for manifest in payload:
                if manifest.algorithm not in known:
                    yield _left_out(promise.path, manifest.name)


def _left_out(path: str, manifest: str) -> Finding:
    return Finding("bag-manifest-incomplete", Verdict.FAILED, Severity.ERROR, path, manifest)

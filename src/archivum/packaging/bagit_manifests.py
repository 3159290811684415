"""The manifests of a bag, line by line: what was promised of its files (RFC 8493 §2.1.3, §2.2.1, §2.2.3)."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from archivum.model import Finding, Promise, Severity, Verdict
from archivum.packaging.bagit_tags import failed, lines
from archivum.packaging.folder import Places, inside
from archivum.packaging.index import PackageIndex
from archivum.storage.digest import algorithm

FETCH: Final = "fetch.txt"
PAYLOAD: Final = "data/"
_UNREADABLE: Final = 100  # lines after which a manifest is not read on
_NAME = re.compile(r"(tag)?manifest-([A-Za-z0-9_-]+)\.txt", re.IGNORECASE)
_LINE = re.compile(r"([0-9A-Fa-f]+)[ \t]+(.+)")
_ENCODED = re.compile(r"%(0[Aa]|0[Dd]|25)")


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest of payload files or, if ``tags``, of tag files. ``algorithm`` is as its name spells it."""

    name: str
    algorithm: str
    tags: bool


def manifests(root: Path) -> list[Manifest]:
    """Return the manifests at the top of a bag, those of the payload first."""
    try:
        names = sorted(os.listdir(root))  # noqa: PTH208
    except OSError:
        return []
    found = [Manifest(name, match[2], bool(match[1])) for name in names if (match := _NAME.fullmatch(name))]
    return sorted(found, key=lambda manifest: (manifest.tags, manifest.name))


def is_manifest(name: str) -> bool:
    """Whether a file of this name at the top of a package is a manifest."""
    return _NAME.fullmatch(name) is not None


class ManifestReading:
    """Turns the lines of a bag's manifests into promises."""

    def __init__(self, root: Path, index: PackageIndex, encoding: str, *, final: bool) -> None:
        self._root, self._index, self._encoding, self._final = root, index, encoding, final
        self._places = Places(root)

    def read(self, manifest: Manifest) -> None:
        """Add the promises of one manifest and what is wrong with it."""
        known = algorithm(manifest.algorithm)
        if known is None:
            self._found("checksum-unknown", manifest.name, manifest.name, algorithm=manifest.algorithm)
        unreadable = 0
        try:
            for number, line in lines(self._root / manifest.name, self._encoding):
                match = _LINE.fullmatch(line)
                if match:
                    where = f"{manifest.name}:{number}"
                    self._promise(manifest, match[2], match[1] if known else None, where)
                    continue
                unreadable += 1
                self._found("bag-manifest", manifest.name, f"{manifest.name}:{number}", line=line[:80])
                if unreadable >= _UNREADABLE:
                    return
        except UnicodeError:
            self._found("bag-tag-file", manifest.name, manifest.name, encoding=self._encoding)

    def end(self) -> None:
        """Add the findings that were gathered over all manifests."""
        for finding in self._places.findings():
            self._index.add_finding(finding)

    def fetch(self) -> None:
        """Judge ``fetch.txt``; nothing it names is ever fetched (RFC 8493 §2.2.3, §5.1.2)."""
        if not (self._root / FETCH).is_file():
            return
        absent = listed = 0
        first = ""
        try:
            for number, line in lines(self._root / FETCH, self._encoding):
                parts = line.split(maxsplit=2)
                path = self._resolved(parts[2], f"{FETCH}:{number}") if len(parts) == 3 else ""
                listed += 1
                if not path.startswith(PAYLOAD) or not inside(path):
                    self._found("promise-unsafe", FETCH, f"{FETCH}:{number}", path=path or line[:80])
                elif not self._places.has(path):
                    absent += 1
                    first = first or path
        except UnicodeError:
            self._found("bag-tag-file", FETCH, FETCH, encoding=self._encoding)
        if absent:
            self._found("bag-fetch", FETCH, FETCH, listed=listed, absent=absent, first=first)
        elif listed:  # RFC 8493 §3: complete is a bag in which every file of fetch.txt is present
            self._index.add_finding(
                failed("bag-fetch-done", FETCH, FETCH, severity=Severity.WARNING, listed=listed)
            )

    def _promise(self, manifest: Manifest, spelled: str, digest: str | None, where: str) -> None:
        path = self._resolved(spelled, where)
        # RFC 8493 §2.1.3: payload manifests list the payload, §2.2.1: tag manifests everything else
        if not inside(path) or path.startswith(PAYLOAD) is manifest.tags:
            self._found("promise-unsafe", manifest.name, where, path=spelled)
            return
        for other in self._index.promises(path):
            if other.algorithm == manifest.algorithm:
                same = (other.digest or "").lower() == (digest or "").lower()
                severity = Severity.WARNING if same else Severity.ERROR
                self._index.add_finding(
                    failed("promise-duplicate", path, where, severity=severity, other=other.where)
                )
        self._index.add_promise(Promise(path, None, manifest.algorithm, digest, where=where))

    def _resolved(self, spelled: str, where: str) -> str:
        """The path that a line means, exactly or by the nearest file that is there."""
        exact, *guesses = self._readings(spelled)
        if self._places.has(exact[1]):
            return exact[1]
        for how, path in guesses:
            if self._places.has(path):
                self._places.guessed(how, spelled, path, where)
                return path
        plain = exact[1].removeprefix("*").removeprefix("./")
        like = self._places.like(plain)
        if like is None:
            return plain
        self._places.guessed("case", spelled, like, where)
        return like

    def _readings(self, spelled: str) -> Iterator[tuple[str, str]]:
        """What a line can mean, the standard's meaning first."""
        # RFC 8493 §2.1.3: only CR, LF and the percent sign are encoded; before 1.0 nothing was
        decoded = _ENCODED.sub(lambda match: chr(int(match[1], 16)), spelled)
        exact, other = (decoded, spelled) if self._final else (spelled, decoded)
        yield "", exact
        yield "%", other
        yield "*", exact.removeprefix("*")  # md5sum marks binary files so
        plain = exact.removeprefix("*").removeprefix("./")
        yield "./", plain
        yield "\\", plain.replace("\\", "/")
        yield " ", plain.strip()

    def _found(self, code: str, subject: str, where: str, **params: str | int) -> None:
        self._index.add_finding(Finding(code, Verdict.FAILED, Severity.ERROR, subject, where, params))

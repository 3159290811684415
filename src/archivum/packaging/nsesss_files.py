"""The file section of a METS (annex 2, 1.13–1.16) as promises, with hrefs as real systems write them."""

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote, unquote_plus

from lxml.etree import _Element

from archivum.model import Finding, Promise, Severity, Verdict
from archivum.packaging.folder import Places, inside
from archivum.packaging.index import PackageIndex
from archivum.packaging.xml import Document

METS: Final = "http://www.loc.gov/METS/"
ROOT: Final = f"{{{METS}}}mets"
FILE: Final = f"{{{METS}}}file"
_LOCATION: Final = f"{{{METS}}}FLocat"
_HREF: Final = "{http://www.w3.org/1999/xlink}href"
_SCHEME = re.compile(r"(?!file:)[A-Za-z][A-Za-z0-9+.-]+:|//", re.IGNORECASE)
_LONG = re.compile(r"[+-]?[0-9]{1,30}")
_LONGEST: Final = (1 << 63) - 1
_LOCAL = re.compile(r"(file:(///?)?)?(\./)*", re.IGNORECASE)


class FileSection:
    """Turns ``mets:file`` elements into promises."""

    def __init__(self, document: Document, index: PackageIndex, places: Places) -> None:
        self._document, self._index, self._places = document, index, places
        self.count = 0

    def add(self, file: _Element) -> str:
        """Add the promise of one file and return the id of its component ("" if none, or no href)."""
        self.count += 1
        where = self._document.place(file)
        component = next(iter(file.get("DMDID", "").split()), "")
        location = next(file.iterchildren(_LOCATION), None)
        href = (location.get(_HREF) or "").strip() if location is not None else ""
        if not href:
            return ""
        path = self._resolved(href, where)
        if path is None:
            return component
        for other in self._index.promises(path):
            self._failed("promise-duplicate", Severity.ERROR, path, where, other=other.where)
            break
        digest = file.get("CHECKSUM")
        if not digest:
            self._failed("checksum-none", Severity.WARNING, path, where)
        self._index.add_promise(
            Promise(
                path,
                _size(file.get("SIZE", "")),
                file.get("CHECKSUMTYPE"),
                digest,
                file.get("MIMETYPE"),
                component or None,
                file.get("CREATED"),
                where,
            )
        )
        return component

    def _resolved(self, href: str, where: str) -> str | None:
        """The path an href means; None, with the finding, where it leads elsewhere."""
        if _SCHEME.match(href):
            self._failed("promise-remote", Severity.ERROR, self._document.name, where, href=href)
            return None
        for path, how in _readings(href):
            if self._places.has(path):
                if how:
                    self._places.guessed(how, href, path, where)
                return path
        plain = _LOCAL.sub("", unquote(href, errors="surrogateescape"), count=1).replace("\\", "/")
        plain = _normalised(plain) or plain
        like = self._places.like(plain)
        if like is not None:
            self._places.guessed("case", href, like, where)
            return like
        if href.lower().startswith("file:/"):
            self._failed("promise-remote", Severity.ERROR, self._document.name, where, href=href)
        elif inside(plain):
            return plain
        else:
            self._failed("promise-unsafe", Severity.ERROR, self._document.name, where, path=href)
        return None

    def _failed(self, code: str, severity: Severity, subject: str, where: str, **params: str) -> None:
        self._index.add_finding(Finding(code, Verdict.FAILED, severity, subject, where, params))


def _readings(href: str) -> Iterator[tuple[str, str]]:
    """What an href can mean, the likeliest first, each with the kind of guess ("" for what RFC 3986 says)."""
    yield href.removeprefix("./"), ""
    decoded = unquote(href, errors="surrogateescape")
    yield decoded.removeprefix("./"), ""
    yield unquote_plus(href, errors="surrogateescape").removeprefix("./"), "+"
    plain = _LOCAL.sub("", decoded, count=1)
    yield plain, "file:"
    yield plain.replace("\\", "/"), "\\"
    yield _normalised(plain.replace("\\", "/")), ".."


def _normalised(path: str) -> str:
    """A relative path without the parts that lead nowhere (RFC 3986 §5.2.4); "" if it leads out."""
    found: list[str] = []
    for part in path.split("/"):
        if path.startswith("/") or (part == ".." and not found):
            return ""
        if part == "..":
            found.pop()
        elif part not in ("", "."):
            found.append(part)
    return "/".join(found)


def _size(written: str) -> int | None:
    """Return a size as xs:long writes it (XML Schema part 2, §3.3.13); of any other the schema tells."""
    number = _LONG.fullmatch(written.strip())
    return max(-_LONGEST, min(int(number[0]), _LONGEST)) if number else None

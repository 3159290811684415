"""Holds every page of the repository against the rest of it; exit code 1 if something is not there.

Relative links and their anchors lead somewhere, files that are named as code exist, and no file names a place
on the machine of whoever wrote it.
"""

import os
import re
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final
from urllib.parse import unquote

ROOT: Final = Path(__file__).resolve().parents[1]
PACKAGE: Final = ROOT / "src" / "archivum"
FOLDERS: Final = ("tests/", "docs/", "src/", "cli/", "fixtures/", "benchmarks/", "requirements/")

_SKIPPED: Final = ("__pycache__", "demo", "dist", "build")
_HIDDEN: Final = (".ci", ".github")  # hidden folders that belong to the repository
_FENCE: Final = re.compile(r"^ {0,3}(```|~~~)")
_CODE: Final = re.compile(r"`([^`]+)`")
_LINK: Final = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_HEADING: Final = re.compile(r"#{1,6}\s+(.*?)\s*#*$")
_PATH: Final = re.compile(r"[\w./{},*-]+")
# /home/eva is the archivist of the manual
_MACHINE: Final = re.compile(r"(?<![\w.\-/$}>])/(?:root|work|tmp|Users/\w+|home/(?!eva\b)\w+)/\w")
_BYTES: Final = 2 << 20


def main() -> int:
    """Tell every fault, one a line."""
    faults = [*_pages(), *_machines()]
    sys.stdout.writelines(f"{fault}\n" for fault in faults)
    return 1 if faults else 0


def _pages() -> Iterator[str]:
    for page in _files():
        if page.suffix == ".md":
            for number, line in _prose(page):
                place = f"{page.relative_to(ROOT)}:{number}"
                yield from (f"{place}: {fault}" for fault in (*_links(page, line), *_named(line)))


def _links(page: Path, line: str) -> Iterator[str]:
    for link in _LINK.findall(_CODE.sub("", line)):
        if _SCHEME.match(link):
            continue
        path, _, anchor = unquote(link).partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.is_relative_to(ROOT) or not target.exists():
            yield f"the link {link} leads nowhere"
        elif anchor and (target.suffix != ".md" or anchor not in _anchors(target)):
            yield f"{link}: there is no such heading"


def _named(line: str) -> Iterator[str]:
    """Find what is named as code, is a file or folder of ours by its look, and is not there."""
    for code in _CODE.findall(line):
        if "/" not in code or not _PATH.fullmatch(code):
            continue
        if code.startswith(FOLDERS) or code.endswith(".py"):
            for one in _spelled_out(code):
                if not any(list(place.glob(one.rstrip("/"))) for place in (ROOT, PACKAGE)):
                    yield f"there is no {one}"


def _spelled_out(path: str) -> list[str]:
    """Return the paths that one with ``{a,b}`` in it stands for."""
    before, brace, rest = path.partition("{")
    if not brace:
        return [path]
    several, _, after = rest.partition("}")
    return [f"{before}{one}{after}" for one in several.split(",")]


def _machines() -> Iterator[str]:
    own = str(ROOT).encode()
    for path in _files():
        if path.stat().st_size > _BYTES:
            continue
        data = path.read_bytes()
        if b"\0" in data:
            continue
        for number, line in enumerate(data.split(b"\n"), 1):
            found = own if own in line else None
            match = _MACHINE.search(line.decode("utf-8", "replace"))
            if found or match:
                told = own.decode() if found else match[0] if match else ""
                yield f"{path.relative_to(ROOT)}:{number}: a place on somebody's machine: {told}"


@cache
def _files() -> tuple[Path, ...]:
    """Return the files of the repository: what is neither hidden nor made by a tool."""
    found = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [one for one in folders if one not in _SKIPPED and (one[0] != "." or one in _HIDDEN)]
        found += [Path(folder) / name for name in names]
    return tuple(sorted(path for path in found if path.is_file()))


def _prose(page: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines of a page that are no block of code, with their numbers."""
    fenced = False
    for number, line in enumerate(page.read_text("utf-8").splitlines(), 1):
        if _FENCE.match(line):
            fenced = not fenced
        elif not fenced:
            yield number, line


@cache
def _anchors(page: Path) -> frozenset[str]:
    """Return the anchors of the headings of a page, as GitHub, Forgejo and GitLab make them."""
    seen: Counter[str] = Counter()
    anchors = []
    for _, line in _prose(page):
        if heading := _HEADING.match(line):
            shown = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading[1])
            text = re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-")
            anchors.append(f"{text}-{seen[text]}" if seen[text] else text)
            seen[text] += 1
    return frozenset(anchors)


if __name__ == "__main__":
    sys.exit(main())

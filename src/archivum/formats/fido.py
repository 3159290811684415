"""The second engine: fido (``opf-fido``), with its signatures and its rules. Imported in the worker only.

Its own loop over them takes 5 ms a file, converts the container signatures anew for every container, writes
to standard error and sees 128 KiB of a file; so it is asked for its signatures only, and they are
matched here as it would with a buffer of :data:`BUFFER` bytes. A test holds the answers against its own.
"""

import mmap
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree as ET

from archivum.formats.judging import Match, Opinion
from archivum.formats.screening import Content, Demand, Table, demand

BUFFER = 16 << 20  # bytes from either end of a file in which signatures are looked for
INSIDE = 16 << 20  # bytes of one file in a container that are read

OLE2 = "fmt/111"
_PUID = re.compile(r"(x-)?fmt/\d+")  # fido's own additions to PRONOM have other ids
_compiled = cache(re.compile)

Inside = Mapping[str, Mapping[str, list[Mapping[str, Any]]]]  # path in a container: PUID: signatures


class _Pattern(NamedTuple):
    position: str  # BOF, EOF or VAR: at the start, looked for at the end, looked for at the start
    expression: bytes
    demand: Demand

    def holds(self, content: Content) -> bool:
        """Whether the expression matches where it has to."""
        wanted, data, size = self.demand, content.data, content.size
        if self.position == "EOF":
            start = max(0, size - min(BUFFER, wanted.width or BUFFER))
            found = content.has(wanted.literal, start, None, size)
            return found and _compiled(self.expression).search(data, start, size) is not None
        end = min(size, BUFFER)
        if not content.has(wanted.literal, wanted.low, wanted.high, end):
            return False
        expression = _compiled(self.expression)
        return (expression.match if self.position == "BOF" else expression.search)(data, 0, end) is not None


class _Signature(NamedTuple):
    puid: str
    name: str
    patterns: tuple[_Pattern, ...]


class _Format(NamedTuple):
    name: str
    version: str
    mime: str
    extensions: tuple[str, ...]
    container: str  # zip, ole or tar where there are formats inside, else ""
    inferior: frozenset[str]
    signatures: tuple[_Signature, ...]


class Fido:
    """fido's signatures, loaded once; it serves one thread."""

    def __init__(self) -> None:
        import fido.fido as stock  # noqa: PLC0415 (an eighth of a second, most of it for its network client)

        folder, versions = _versions()
        # left alone, it looks for files that it is not shipped with; and it would keep 30 MB of XML
        engine = stock.Fido(quiet=True, format_files=[])
        containers = ET.parse(folder / versions["pronomContainerSignature"])
        self._zip: Inside = engine.extract_signatures(containers, "ZIP")
        self._ole: Inside = engine.extract_signatures(containers, "OLE2")
        # fido's own file comes second and takes the place of what is in the first, place for place
        self._formats: dict[str, _Format] = {}
        for name in ("pronomSignature", "fidoExtensionSignature"):
            self._formats.update(_formats(folder / versions[name]))
        self._inferior = {puid: known.inferior for puid, known in self._formats.items()}
        self._signatures = [each for known in self._formats.values() for each in known.signatures]
        self._table = Table([_wanted(signature) for signature in self._signatures])
        self._by_extension: dict[str, set[str]] = {}
        for puid, known in self._formats.items():
            for extension in known.extensions:
                self._by_extension.setdefault(extension, set()).add(puid)

    def look(self, path: str, extension: str) -> Opinion:
        """Return what is in the content of a file that is not empty, beside what its extension stands for.

        Raises:
            OSError: the file cannot be read.
        """
        with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:  # noqa: PTH123
            matching = self._matching(Content(data))
        grounds = {signature.puid: f"signature match: {signature.name}" for signature in reversed(matching)}
        inside = dict.fromkeys(self._inside(path, grounds.keys()), "container match")
        matches = tuple(
            Match(puid, known.name, known.version, known.mime, basis)
            for puid, basis in (inside or grounds).items()
            if _PUID.fullmatch(puid) and (known := self._formats[puid])
        )
        by_name = self._by_extension.get(extension.lower(), ())
        return Opinion(matches, frozenset(by_name), self._inferior)

    def _matching(self, content: Content) -> list[_Signature]:
        """Return the signatures that match, without those of formats whose place another one takes."""
        found: list[_Signature] = []
        for number in self._table.candidates(content, min(content.size, BUFFER)):
            signature = self._signatures[number]
            if self._stands(signature, found) and all(p.holds(content) for p in signature.patterns):
                found.append(signature)
        return [signature for signature in found if self._stands(signature, found)]

    def _stands(self, signature: _Signature, found: list[_Signature]) -> bool:
        return not any(signature.puid in self._inferior[other.puid] for other in found)

    def _inside(self, path: str, puids: Iterable[str]) -> list[str]:
        """Return the formats whose signatures match in a container."""
        kinds = {self._formats[puid].container for puid in puids}
        try:
            if "zip" in kinds:
                return list(_inside_zip(path, self._zip))
            if "ole" in kinds:
                return list(_inside_ole(path, self._ole))
        except Exception:
            # broken containers raise most of what there is to raise, in the standard library as in olefile;
            # what can be told from outside of them still counts
            return []
        return []


def about() -> str:
    """Return the version of fido and of its signatures, without loading them."""
    from fido import __version__  # noqa: PLC0415 (siegfried alone is enough for most packages)

    _, versions = _versions()
    day = re.search(r"(\d{4})(\d\d)(\d\d)", versions["pronomContainerSignature"])
    container = "-".join(day.groups()) if day else versions["pronomContainerSignature"]
    return f"fido {__version__} / PRONOM V{versions['pronomVersion']} / container {container}"


def _versions() -> tuple[Path, dict[str, str]]:
    """Return the folder of fido's signatures, and which it uses."""
    from fido import CONFIG_DIR  # noqa: PLC0415

    folder = Path(CONFIG_DIR)
    return folder, {each.tag: each.text or "" for each in ET.parse(folder / "versions.xml").getroot()}


def _formats(path: Path) -> Iterator[tuple[str, _Format]]:
    for _, element in ET.iterparse(path):
        if element.tag == "format":
            puid = element.findtext("puid", "")
            known = _Format(
                name=element.findtext("name") or "",
                version=element.findtext("version") or "",
                mime=element.findtext("mime") or "",
                extensions=tuple(each.text or "" for each in element.iterfind("extension")),
                container=element.findtext("container") or ("ole" if puid == OLE2 else ""),
                inferior=frozenset(each.text or "" for each in element.iterfind("has_priority_over")),
                signatures=tuple(_signatures(puid, element)),
            )
            yield puid, known
            element.clear()


def _signatures(puid: str, element: ET.Element) -> Iterator[_Signature]:
    for signature in element.iterfind("signature"):
        patterns = []
        for pattern in signature.iterfind("pattern"):
            position, expression = pattern.findtext("position", ""), pattern.findtext("regex", "").encode()
            wanted = demand(expression, anchored=position == "BOF")
            patterns.append(_Pattern(position, expression, wanted))
        yield _Signature(puid, signature.findtext("name", ""), tuple(patterns))


def _wanted(signature: _Signature) -> Demand:
    """Return what the patterns of a signature demand at the start, and the literal of one of them."""
    heads = [pattern.demand for pattern in signature.patterns if pattern.position != "EOF"]
    first = heads[0] if heads else Demand()
    return first._replace(start=tuple(part for each in heads for part in each.start))


def _inside_zip(path: str, signatures: Inside) -> Iterator[str]:
    with zipfile.ZipFile(path) as package:
        names = set(package.namelist())
        for name in (name for name in signatures if name in names):
            with package.open(name) as file:
                yield from _matches(file.read(INSIDE), signatures[name])


def _inside_ole(path: str, signatures: Inside) -> Iterator[str]:
    import olefile  # type: ignore[import-untyped]  # noqa: PLC0415 (rarely needed)

    with olefile.OleFileIO(path) as package:
        streams = ["/".join(parts) for parts in package.listdir()]
        for name in signatures:
            # a control character may come before the name that PRONOM knows (\x01CompObj)
            stream = next((each for each in streams if name in (each, each[1:])), None)
            if stream is not None and package.get_size(stream) <= INSIDE:
                with package.openstream(stream) as file:
                    yield from _matches(file.read(), signatures[name])


def _matches(content: bytes, signatures: Mapping[str, list[Mapping[str, Any]]]) -> Iterator[str]:
    for puid, alternatives in signatures.items():
        if any(_compiled(each["signature"]).search(content) for each in alternatives):
            yield puid

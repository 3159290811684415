"""ODF packages (OpenDocument 1.0 to 1.4; part 3 "Packages" of 1.2): the ZIP file, its manifest, its XML.

What is asked: does the media type come first and uncompressed, does the manifest list all files and no
others, is each XML stream well-formed. Whether the streams keep the schema is not asked, so that valid stays
open.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final

from archivum.formats.validators.answer import (
    INDETERMINATE,
    WARNING,
    Answer,
    Fault,
    Subject,
    Told,
    fault,
    judged,
)
from archivum.formats.validators.inner import Taken
from archivum.formats.validators.markup import TOOL as XML_TOOL
from archivum.formats.validators.markup import read, within
from archivum.formats.validators.zip_walk import TOOL, Unreadable, Zip

_MANIFEST: Final = "META-INF/manifest.xml"
_SPACE: Final = "{urn:oasis:names:tc:opendocument:xmlns:manifest:1.0}"
_LISTED: Final = 100_000  # files that a manifest may list
_XML: Final = ("text/xml", "application/xml", "application/rdf+xml")
_OWN: Final = ("Thumbnails/", "ObjectReplacements/", "Configurations", "META-INF/", "layout-cache")


def validate(subject: Subject, told: Told) -> Answer:
    """Judge an ODF package: well-formed if the container and every XML stream are."""
    with Zip(subject.path, subject.size) as container:
        manifest = _Manifest()
        faults = [*_read(container, manifest)] if container.opened else []
        document = _Document(manifest, Taken(told.scratch))
        walked = container.walk(document.use)
        invalid = [*walked.invalid]
        if container.opened:
            invalid += _package(container, manifest, document.media_type)
    if manifest.encrypted:
        faults.append(fault("package-encrypted", WARNING, count=len(manifest.encrypted)))
    facts = {
        "files": str(len(container.infos)),
        "media-type": document.media_type,
        "version": manifest.version,
    }
    return judged(
        f"{TOOL}, {XML_TOOL}",
        (*walked.faults, *faults, *document.taken.faults()),
        {name: value for name, value in facts.items() if value},
        document.taken.inner,
        valid=INDETERMINATE,
        invalid=invalid,
        well_formed=INDETERMINATE if manifest.encrypted else walked.well_formed,
    )


class _Manifest:
    """What the manifest says (ODF 1.2 part 3 §4): by path, the media type; which files are encrypted."""

    def __init__(self) -> None:
        self.there = False
        self.version = ""
        self.files: dict[str, str] = {}
        self.encrypted: set[str] = set()
        self._path = ""

    def start(self, tag: str, attributes: Mapping[str, str], spaces: Any = None) -> None:
        """An element begins."""
        self.there = True
        if tag == f"{_SPACE}manifest":
            self.version = attributes.get(f"{_SPACE}version", "")
        elif tag == f"{_SPACE}file-entry" and len(self.files) < _LISTED:
            self._path = attributes.get(f"{_SPACE}full-path", "")
            self.files[self._path] = attributes.get(f"{_SPACE}media-type", "")
        elif tag == f"{_SPACE}encryption-data":
            self.encrypted.add(self._path)

    def close(self) -> None:
        """The manifest ends."""


class _Document:
    """The files of a package as they are walked by."""

    def __init__(self, manifest: _Manifest, taken: Taken) -> None:
        self.media_type = ""
        self.taken = taken
        self._manifest = manifest

    def use(self, name: str, pieces: Iterator[bytes]) -> Iterable[Fault]:
        """Look at a file: XML is read, what is embedded comes out to be judged by itself."""
        kind = self._manifest.files.get(name, "")
        if name == "mimetype":
            self.media_type = b"".join(islice(pieces, 1))[:200].decode("ascii", "replace").strip()
        elif name in self._manifest.encrypted or name == _MANIFEST:
            return ()
        elif kind in _XML or name.endswith((".xml", ".rdf")):
            return within(name, read(pieces))
        elif kind and not name.startswith(_OWN):
            self.taken.take(name, pieces)
        return ()


def _read(container: Zip, manifest: _Manifest) -> Iterator[Fault]:
    if _MANIFEST in container.names:
        try:
            yield from within(_MANIFEST, read(container.pieces(_MANIFEST), manifest))
        except Unreadable:
            return  # which the walk tells


def _package(container: Zip, manifest: _Manifest, media_type: str) -> Iterator[Fault]:
    """Yield where the package is not one (ODF 1.2 part 3 §3)."""
    first = container.infos[0] if container.infos else None
    if "mimetype" not in container.names:
        yield fault("odf-no-mimetype", WARNING)
    elif first is None or first.orig_filename != "mimetype" or first.compress_type:
        yield fault("odf-mimetype-place")
    elif manifest.files.get("/", media_type) != media_type:
        yield fault("odf-mimetype", found=media_type, told=manifest.files["/"])
    if not manifest.there:
        yield fault("odf-no-manifest")
        return
    if not {"content.xml", "styles.xml"} & container.names.keys():
        yield fault("odf-no-content")
    for name in container.names:
        if name not in manifest.files and name != "mimetype" and not name.startswith("META-INF/"):
            yield fault("odf-unlisted", where=name)
    for name in manifest.files:
        if not name.endswith("/") and name not in container.names and name:
            yield fault("odf-missing", where=name)

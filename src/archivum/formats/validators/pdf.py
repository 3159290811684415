"""PDF (ISO 32000): the structure, every object and stream that can be reached, and what it claims to be.

The structure is read without any repair: what qpdf would have to mend is malformed. No tool here judges plain
PDF further, so a whole file is well-formed and no more. Of PDF/A (ISO 19005) only rules are asked that are
certain and that other validators do not ask: scripts, encryption, flags of annotations, limits of names and
numbers. What may be damage that they do not look for either (pictures, fonts, profiles cut off) leaves the
file unconfirmed. Files inside are taken out, to be judged on their own.
"""

from collections.abc import Iterator
from typing import Final

import pikepdf
from pikepdf import ObjectType

from archivum.formats.validators import pdf_content, pdf_limits
from archivum.formats.validators.answer import (
    FAILED,
    INDETERMINATE,
    INFO,
    WARNING,
    Answer,
    Subject,
    Told,
    fault,
)
from archivum.formats.validators.pdf_claim import PUIDS, Claim, claim_of
from archivum.formats.validators.pdf_files import Embedded
from archivum.formats.validators.pdf_objects import TooMany, reachable
from archivum.formats.validators.pdf_pages import Pages, annotation_flags, structure_parents
from archivum.formats.validators.pdf_said import DOUBT, INVALID, MALFORMED, NOTE, UNSEEN, Said, answered

TOOL: Final = f"pikepdf {pikepdf.__version__} (qpdf {pikepdf.__libqpdf_version__})"
BEGIN: Final = 1024  # bytes in which readers look for the header (ISO 32000-1 annex H.3, note 13)
END: Final = 2048  # bytes at the end of a file in which its end must be marked
# what qpdf says of files that need no repair
_HARMLESS: Final = "xref entry for the xref stream itself is missing"
_SCRIPTED: Final = "123"  # parts of ISO 19005 that allow no scripts (-1 §6.6.1, -2 and -3 §6.5.1)


def validate(subject: Subject, told: Told) -> Answer:
    """Judge the structure of a PDF file; it is never valid by this alone."""
    try:
        with pikepdf.open(
            subject.path,
            attempt_recovery=False,
            inherit_page_attributes=False,
            access_mode=pikepdf.AccessMode.mmap,
        ) as pdf:
            return _Document(pdf, subject, told).answer()
    except pikepdf.PasswordError:
        valid = FAILED if subject.puid in PUIDS else INDETERMINATE  # ISO 19005-1 §6.1.3: no encryption
        return Answer(INDETERMINATE, valid, TOOL, (fault("pdf-locked"),), (("encrypted", "yes"),))
    except pikepdf.PdfError as error:
        damaged = fault("pdf-damaged", reason=_words(str(error), subject.path))
        return answered(TOOL, iter([*_end(subject), (MALFORMED, damaged)]), (), ())
    except Exception as error:  # what was not looked at must not be made good by the validators that follow
        lost = fault("pdf-unread", reason=f"{type(error).__name__}: {_words(str(error), subject.path)}")
        return Answer(INDETERMINATE, INDETERMINATE, TOOL, (lost,))


class _Document:
    """One open file, and what its rules find."""

    def __init__(self, pdf: pikepdf.Pdf, subject: Subject, told: Told) -> None:
        self._pdf, self._subject = pdf, subject
        self._claim = claim_of(pdf)
        self._part = self._claim.part if self._claim else ""
        self._embedded = Embedded(told.scratch)
        self._pages = Pages(pdf)
        self._scripts = 0
        self._streams = pdf_content.Streams()

    def answer(self) -> Answer:
        said = [*self._said()]
        return answered(TOOL, iter(said), self._facts(), self._embedded.found)

    def _said(self) -> Said:
        yield from _begin(self._subject, archival=bool(self._part))
        yield from _end(self._subject)
        yield from _claimed(self._claim, self._subject.puid)
        yield from self._encrypted()
        yield from self._pages.said
        try:
            yield from self._walked()
            yield from self._page_rules()
        except TooMany:
            yield UNSEEN, fault("pdf-too-many-objects", WARNING)
        except pikepdf.PdfError as error:
            yield MALFORMED, fault("pdf-damaged", reason=_words(str(error), self._subject.path))
        if self._scripts and self._part in _SCRIPTED and self._part:
            yield INVALID, fault("pdfa-script", count=self._scripts)
        for warning in self._pdf.get_warnings():
            if _HARMLESS not in str(warning):
                yield DOUBT, fault("pdf-repaired", reason=_words(str(warning), self._subject.path))

    def _walked(self) -> Said:
        """Look at everything that can be reached."""
        if self._has_script_tree():
            self._scripts += 1
        for where, found, entries in reachable(self._pdf):
            if "/JS" in entries and entries.get("/S") == "/JavaScript":
                self._scripts += 1
            yield from self._embedded.take(entries, where)
            yield from pdf_content.font(entries, where)
            yield from pdf_content.profile(entries, where)
            if self._part:
                yield from pdf_limits.names(entries, where)
                yield from pdf_limits.numbers(entries, where)
            if found._type_code == ObjectType.stream:
                yield from self._streams.decoded(found, where)
                if self._part and entries.get("/Subtype") == "/Form":
                    yield from pdf_limits.content_numbers(found, where)

    def _page_rules(self) -> Said:
        if self._part in ("2", "3"):
            yield from annotation_flags(self._pages.found)
        if self._claim is not None and self._claim.conformance.lower() == "a":
            yield from structure_parents(self._pdf, self._pages.found)
        if self._part:
            for stream, where in _contents(self._pages.found):
                yield from pdf_limits.content_numbers(stream, where)

    def _encrypted(self) -> Said:
        if self._pdf.is_encrypted:
            weight, severity = (INVALID, "error") if self._part else (NOTE, WARNING)
            yield weight, fault("pdf-encrypted", severity)

    def _has_script_tree(self) -> bool:
        """Whether the document has scripts that run when it is opened (ISO 32000-1 §12.6.4.16)."""
        names = self._pdf.Root.get("/Names")
        tree = names.get("/JavaScript") if isinstance(names, pikepdf.Dictionary) else None
        return isinstance(tree, pikepdf.Dictionary) and any(
            len(tree.get(key, ())) for key in ("/Names", "/Kids")
        )

    def _facts(self) -> Iterator[tuple[str, str]]:
        yield "version", self._pdf.pdf_version
        yield "pages", str(len(self._pages.found))
        yield "attachments", str(self._embedded.count)
        if self._claim is not None:
            yield "claims", str(self._claim)
        if self._scripts:
            yield "scripts", str(self._scripts)
        if self._pdf.is_encrypted:
            yield "encrypted", "yes"


def _claimed(claim: Claim | None, puid: str) -> Said:
    """Compare what the file claims with what it was identified as."""
    identified = PUIDS.get(puid, "")
    if claim is not None and not claim.flavour:
        yield DOUBT, fault("pdfa-unknown", claim=str(claim))
    elif claim is None and identified:
        yield DOUBT, fault("pdfa-no-claim", identified=f"PDF/A-{identified}")
    elif claim is not None and identified and claim.flavour != identified:
        yield DOUBT, fault("pdfa-other-claim", identified=f"PDF/A-{identified}", claim=str(claim))
    elif claim is not None and not identified:
        yield NOTE, fault("pdfa-hidden-claim", INFO, claim=str(claim))


def _begin(subject: Subject, *, archival: bool) -> Said:
    """Look for what stands before the header; PDF/A wants it at byte 0 (ISO 19005-1 to -3 §6.1.2)."""
    with open(subject.path, "rb") as file:  # noqa: PTH123
        before = file.read(BEGIN).find(b"%PDF-")
    if before > 0 and archival:
        yield INVALID, fault("pdf-prepended", count=before)
    elif before > 0:
        yield NOTE, fault("pdf-prepended", WARNING, count=before)


def _end(subject: Subject) -> Said:
    """Look for the mark at the end (ISO 32000-1 §7.5.5) and for what follows it."""
    with open(subject.path, "rb") as file:  # noqa: PTH123
        start = max(0, subject.size - END)
        file.seek(start)
        tail = file.read(END)
    mark = tail.rfind(b"%%EOF")
    if mark < 0:
        yield MALFORMED, fault("truncated", where=str(subject.size))
    elif rest := tail[mark + 5 :].strip(b"\r\n \t\0"):
        yield NOTE, fault("trailing", WARNING, str(start + mark + 5), count=len(rest))


def _contents(pages: list[pikepdf.Object]) -> Iterator[tuple[pikepdf.Object, str]]:
    for page in pages:
        contents = page.get("/Contents")
        listed = list(contents) if isinstance(contents, pikepdf.Array) else [contents]
        for stream in listed:
            if isinstance(stream, pikepdf.Stream):
                yield stream, f"{stream.objgen[0]} {stream.objgen[1]} obj"


def _words(said: str, path: str) -> str:
    """Return what qpdf says without the file's own place, which is nobody's business later."""
    return said.replace(path, "").removeprefix(":").strip()[:300]

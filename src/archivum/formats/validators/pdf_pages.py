"""The page tree of a PDF file (ISO 32000-1 §7.7.3): its leaves in their order, however it is damaged."""

from collections.abc import Iterator, Sequence
from typing import Final

import pikepdf

from archivum.formats.validators.answer import WARNING, fault
from archivum.formats.validators.pdf_objects import is_dictionary, place
from archivum.formats.validators.pdf_said import DOUBT, INVALID, MALFORMED, NOTE, Said

# ISO 19005-2 and -3 §6.3.2; ISO 32000-1 table 165
FORBIDDEN_FLAGS: Final = {"Invisible": 1 << 0, "Hidden": 1 << 1, "NoView": 1 << 5, "ToggleNoView": 1 << 8}


class Pages:
    """The pages of a document, and what is wrong with the tree that they hang in."""

    def __init__(self, pdf: pikepdf.Pdf) -> None:
        self.found: list[pikepdf.Object] = []
        self.said = [*self._walk(pdf.Root.get("/Pages"))]

    def _walk(self, root: object) -> Said:
        """Go through the tree, without recursion and into no node twice."""
        if not is_dictionary(root):
            yield MALFORMED, fault("pdf-no-pages")
            return
        seen: set[tuple[int, int]] = set()
        waiting: list[object] = [root]
        while waiting:
            node = waiting.pop()
            where = place(node) if isinstance(node, pikepdf.Object) else ""
            if not is_dictionary(node):
                yield MALFORMED, fault("pdf-page-tree", where=where)
                continue
            if node.is_indirect and node.objgen in seen:
                yield MALFORMED, fault("pdf-page-loop", where=where)
                continue
            seen.add(node.objgen)
            kids = node.get("/Kids")
            if isinstance(kids, pikepdf.Array):
                waiting.extend(reversed(list(kids)))
            elif node.get("/Type") == "/Pages" or kids is not None:
                yield MALFORMED, fault("pdf-page-tree", where=where)
            else:
                self.found.append(node)
        yield from self._counted(root)

    def _counted(self, root: pikepdf.Object) -> Said:
        count = root.get("/Count")
        if not self.found:
            yield MALFORMED, fault("pdf-no-pages")
        elif count != len(self.found):
            yield NOTE, fault("pdf-page-count", WARNING, stated=str(count), count=len(self.found))


def annotation_flags(pages: list[pikepdf.Object]) -> Said:
    """Look for annotations that hide: parts 2 and 3 forbid it."""
    for annotation in annotations(pages):
        flags = annotation.get("/F")
        if isinstance(flags, int):
            for name, bit in FORBIDDEN_FLAGS.items():
                if flags & bit:
                    yield INVALID, fault("pdfa-annotation-flag", where=place(annotation), flag=name)


def structure_parents(pdf: pikepdf.Pdf, pages: list[pikepdf.Object]) -> Said:
    """Look for pages whose content belongs to no structure though they say so (ISO 32000-1 §14.7.4.4)."""
    root = pdf.Root.get("/StructTreeRoot")
    if not is_dictionary(root):
        return
    keys = set(_numbers(root.get("/ParentTree")))
    for page in pages:
        key = page.get("/StructParents")
        if isinstance(key, int) and key not in keys:
            yield DOUBT, fault("pdf-structure-parent", where=place(page), key=key)


def annotations(pages: list[pikepdf.Object]) -> Iterator[pikepdf.Object]:
    """Yield the annotations of pages."""
    for page in pages:
        listed = page.get("/Annots")
        if isinstance(listed, pikepdf.Array):
            yield from (each for each in list(listed) if is_dictionary(each))


def _numbers(root: object) -> Iterator[int]:
    """Yield the keys of a number tree (ISO 32000-1 §7.9.7)."""
    seen: set[tuple[int, int]] = set()
    waiting: list[object] = [root]
    while waiting:
        node = waiting.pop()
        if not is_dictionary(node) or (node.is_indirect and node.objgen in seen):
            continue
        seen.add(node.objgen)
        numbers, kids = node.get("/Nums"), node.get("/Kids")
        if isinstance(numbers, pikepdf.Array):
            keys: Sequence[object] = list(numbers)[::2]
            yield from (key for key in keys if isinstance(key, int))
        if isinstance(kids, pikepdf.Array):
            waiting.extend(list(kids))

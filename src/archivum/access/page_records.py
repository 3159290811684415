"""The records of a DIP as a tree in its page, with links to their files; written as it is walked."""

import os
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import quote

from archivum.access.words import Words
from archivum.model import File, Record
from archivum.packaging.czdax_context import SUBMISSION, source_identifier
from archivum.packaging.ead import retention_text
from archivum.packaging.index import PackageIndex
from archivum.packaging.tree import title_of, walk
from archivum.packaging.writing import NewFile, one_line

DEEPEST: Final = 60  # lists within lists; what is deeper stands beside it, as on paper

_DATES: Final = (
    "from", "to", "opened", "closed", "created", "received", "settled", "sent", "appraised",
)  # fmt: skip
# property of a record: the fact that it is
_PROPERTIES: Final[Mapping[str, str]] = {
    "author": "fact-author",
    "dc:creator": "fact-author",
    "sender": "fact-sender",
    "recipient": "fact-recipient",
    "comment": "fact-content",
    "note": "fact-content",
    "dc:description": "fact-content",
    "dc:rights": "fact-rights",
}


def write_records(target: NewFile, index: PackageIndex, words: Words, root: str) -> None:
    """Write all records of an index; ``root`` is where the DIP lies, with a slash at the end."""
    tree = _Tree(target, index, words, root)
    target.write('<ul class="tree">\n')
    for begins, record in walk(index):
        if begins:
            tree.begin(record)
        else:
            tree.end()
    target.write("</ul>\n")


def write_loose_files(target: NewFile, index: PackageIndex, words: Words, root: str) -> None:
    """Write the files that belong to no record, after the records were written."""
    loose = (file for file in index.files() if index.claim(file.path, file.path, "shown") is None)
    first = next(loose, None)
    if first is None:
        return
    target.write(f"<h3>{words('page-loose')}</h3>\n<ul>\n{_file(first, index, words, root)}")
    for file in loose:
        target.write(_file(file, index, words, root))
    target.write("</ul>\n")


class _Tree:
    """Lists within lists, opened when there is something in them."""

    def __init__(self, target: NewFile, index: PackageIndex, words: Words, root: str) -> None:
        self._target, self._index, self._words, self._root = target, index, words, root
        self._open: list[bool] = []  # of each record around: whether its list of those below it has begun

    def begin(self, record: Record) -> None:
        """Write a record up to those below it."""
        if self._open and len(self._open) < DEEPEST and not self._open[-1]:
            self._target.write("<ul>\n")
            self._open[-1] = True
        self._target.write(f"<li>{self._head(record)}")
        self._open.append(False)
        if len(self._open) >= DEEPEST:
            self._target.write("</li>\n")

    def end(self) -> None:
        """Write the end of the innermost record."""
        deep = len(self._open) >= DEEPEST
        has_list = self._open.pop()
        if not deep:
            self._target.write("</ul></li>\n" if has_list else "</li>\n")

    def _head(self, record: Record) -> str:
        words = self._words
        files = "".join(self._files(record))
        listed = f'<ul class="files">\n{files}</ul>\n' if files else ""
        return (
            f'<span class="level">{words(f"level-{record.level}")}</span>'
            f" <strong>{words.text(title_of(record))}</strong>\n"
            f"{words.facts(_facts(record, words), small=True)}{listed}"
        )

    def _files(self, record: Record) -> Iterator[str]:
        for path in record.paths:
            file = self._index.file(path)
            if file is not None:
                self._index.claim(path, path, "shown")
                yield _file(file, self._index, self._words, self._root)


def _facts(record: Record, words: Words) -> Iterator[tuple[str, str]]:
    yield "fact-reference", one_line(record.reference)
    yield "fact-identifier", "; ".join(map(source_identifier, record.identifiers))
    yield "fact-classification", one_line(record.classification)
    for name in _DATES:
        yield f"date-{name}", record.dates.get(name, "")
    for name, fact in _PROPERTIES.items():
        yield fact, one_line(record.properties.get(name, ""))
    if record.retention is not None:
        yield "fact-retention", retention_text(record.retention, words.language)


def _file(file: File, index: PackageIndex, words: Words, root: str) -> str:
    """One file: a link to it by its path in the submission, its format, size and time of creation."""
    address = quote(os.fsencode(root + SUBMISSION + file.path))
    match = file.format.matches[0] if file.format else None
    known = match is not None and match.puid
    format_ = f"{match.name} {match.version}".strip() + f" ({match.puid})" if match and known else ""
    created = next((promise.created for promise in index.promises(file.path)), None)
    told = (format_ or words.plain("format-unknown"), words.size(file.size), created or "")
    return (
        f'<li class="file"><a href="{words.text(address)}">{words.text(file.path)}</a>'
        f' <span class="told">{words.text("; ".join(filter(None, told)))}</span></li>\n'
    )

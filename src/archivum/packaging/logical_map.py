"""The logical structural map of METS (CZDAX-PMT07): the units of the records, and the files they are in."""

from collections.abc import Iterator
from typing import Final

from archivum.model import Level, Record
from archivum.packaging.czdax_context import Aip
from archivum.packaging.tree import Outline, title_of, walk
from archivum.packaging.writing import NewFile, xml

# Which level may stand directly below which (DAAIP2024 obs38: CZDAX-SLM0101, CZDAX-SLM0102, CZDAX-VSL0101).
# It knows no parts (součást) and no files in volumes: such a level is left out, and what is below it stands
# below the one above it. The description (EAD3) keeps them all.
_RECORDS_SYSTEM: Final = {
    Level.PLAN: frozenset((Level.GROUP,)),
    Level.GROUP: frozenset((Level.GROUP, Level.TYPE_FILE, Level.FILE, Level.DOCUMENT)),
    Level.TYPE_FILE: frozenset((Level.VOLUME,)),
    Level.VOLUME: frozenset((Level.DOCUMENT,)),
    Level.FILE: frozenset((Level.DOCUMENT,)),
    Level.DOCUMENT: frozenset((Level.COMPONENT,)),
}
_LOOSE_FILES: Final = {
    Level.PACKAGE: frozenset((Level.FOLDER, Level.COMPONENT)),
    Level.FOLDER: frozenset((Level.FOLDER, Level.COMPONENT)),
}
# NSESSS 9.2: what a package is made of is a volume, a file or a document; its metadata are those of the whole
_BASE: Final = (Level.VOLUME, Level.FILE, Level.DOCUMENT, Level.PACKAGE)


def write_logical_map(target: NewFile, aip: Aip, outline: Outline) -> None:
    """Write the units of the records and the files they are in; no map where they have no single root."""
    levels = _RECORDS_SYSTEM if aip.nsesss else _LOOSE_FILES
    if outline.tops != [next(iter(levels))]:
        return
    target.write(
        f'<structMap ID="{aip.names.of("structMap", "logical")}" TYPE="LOGICAL"'
        ' LABEL="CZDAX-LOGICAL-STRUCTURE">\n'
    )
    units = _Divisions(target, aip, outline, levels)
    for begins, record in walk(aip.index):
        if begins:
            units.begin(record)
        else:
            units.end()
    target.write("</structMap>\n")


class _Divisions:
    """The divisions of the logical map as the records are walked."""

    def __init__(
        self, target: NewFile, aip: Aip, outline: Outline, levels: dict[Level, frozenset[Level]]
    ) -> None:
        self._target, self._aip, self._levels = target, aip, levels
        self._above: list[Level | None] = []
        self._shown: list[Level] = []
        self._complete = all(outline.below.get(level, set()) <= below for level, below in levels.items())
        self._complete &= set(outline.below) <= set(levels)
        self._main = aip.package.main

    def begin(self, record: Record) -> None:
        """Write a division up to those below it, or leave it out."""
        if self._shown and not self._allows(record.level):
            self._above.append(None)
            return
        self._above.append(record.level)
        self._shown.append(record.level)
        pointers = "".join(f'<fptr FILEID="{self._aip.file_id(path)}"/>' for path in self._paths(record))
        self._target.write(
            f'<div ID="{self._aip.record_id(record.id)}" LABEL="{xml(title_of(record))}"'
            f' TYPE="{record.level}">{pointers}\n'
        )

    def end(self) -> None:
        """Write the end of the innermost division, unless it was left out."""
        if self._above.pop() is not None:
            self._shown.pop()
            self._target.write("</div>\n")

    def _allows(self, level: Level) -> bool:
        return level in self._levels.get(self._shown[-1], ())

    def _paths(self, record: Record) -> Iterator[str]:
        """The files of a unit: the package's own metadata at its base, its own, those of units left out."""
        yield from self._own(record)
        if not self._complete:
            yield from self._left_out(record.id, record.level)

    def _own(self, record: Record) -> Iterator[str]:
        if self._main and record.level in _BASE:
            yield self._main
            self._main = ""
        yield from record.paths

    def _left_out(self, parent: str, level: Level) -> Iterator[str]:
        """The files of the units below that the map has no place for."""
        for record in self._aip.index.children(parent):
            if record.level not in self._levels.get(level, ()):
                yield from self._own(record)
                yield from self._left_out(record.id, level)

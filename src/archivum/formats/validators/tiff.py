"""TIFF (revision 6.0) and BigTIFF: every directory, where all its strips or tiles lie, and their pixels.

The walk judges the specification's structure: directories that end and do not loop, tags in ascending order
with the types and numbers they may have, none that is required missing, everything they point to inside the
file, strips or tiles as many and as long as the picture needs. Of an uncompressed picture nothing more can be
wrong; what Deflate compressed is inflated, all else is decoded by libtiff. Not judged are resolutions and
what private tags say; pictures that hang on a page, as previews do, are not decoded if they are compressed.
"""

from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import Final

from archivum.formats.validators import (
    geotiff,
    limits,
    octets,
    pixels,
    tiff_pictures,
)
from archivum.formats.validators.answer import ERROR, WARNING, Answer, Fault, Subject, Told, fault
from archivum.formats.validators.answer import judged as answer
from archivum.formats.validators.octets import Octets
from archivum.formats.validators.tiff_directory import (
    COMPRESSION,
    EXIF,
    GPS,
    SUBIFDS,
    WIDTH,
    Directory,
    layout,
    read,
)
from archivum.formats.validators.tiff_tags import entries_judged

DIRECTORIES: Final = 10_000  # of one file
_FILLED: Final = 8  # bytes that a writer may fill a file up with
RULES: Final = frozenset({"tiff-tag", "tiff-order", "geotiff-keys"})  # faults that leave all pixels whole


def validate(subject: Subject, told: Told) -> Answer:
    """Judge a TIFF file: valid if its directories keep the specification and all pixels can be read."""
    del told
    compressed: list[int] = []
    faults, facts = octets.walked(subject, partial(_directories, compressed=compressed))
    if any(one.severity == ERROR and one.id not in RULES for one in faults):
        return answer(octets.TOOL, faults, facts)
    tool = octets.TOOL
    if compressed:
        faults += pixels.decoded(subject.path, "tiffload", compressed)
        tool = f"{octets.TOOL}, {pixels.TOOL}"
    return answer(tool, faults, facts, valid=limits.validity(faults), rules=RULES)


def _directories(file: Octets, facts: dict[str, str], compressed: list[int]) -> Iterator[Fault]:
    """Walk from directory to directory, and into those that hang on them; note what is to be decoded."""
    how = layout(file)
    if how is None or not how.first:
        yield fault("tiff-signature")
        return
    pages, compressions, met = 0, set[int](), set[int]()
    waiting = [(how.first, True)]
    while waiting:
        position, page = waiting.pop()
        if position in met or len(met) == DIRECTORIES:
            yield fault("tiff-loop", where=str(position))
            return
        met.add(position)
        directory, entries = read(file, how, position)
        for wrong in entries_judged(directory, entries):
            yield wrong
            if wrong.id not in RULES and wrong.severity == ERROR:
                return
        waiting += _onwards(directory, page)
        if page and not pages:
            facts |= tiff_pictures.facts(directory)
            yield from geotiff.judged(directory, facts)
        if page:
            compressions.add(directory.one(COMPRESSION))
            if not tiff_pictures.whole(directory):
                compressed.append(pages)
            pages += 1
        if page or WIDTH in directory:
            yield from tiff_pictures.judged(directory)
    facts |= {"pages": str(pages), "compression": ",".join(map(str, sorted(compressions)))}
    if file.size - file.furthest > _FILLED:
        yield fault("trailing", WARNING, str(file.furthest), count=file.size - file.furthest)


def _onwards(directory: Directory, page: bool) -> Iterator[tuple[int, bool]]:
    """Yield where other directories lie, and whether they are pages; the next page is the last of them."""
    if page and directory.next:
        yield directory.next, True
    for tag in (SUBIFDS, EXIF, GPS):
        for position in islice(directory.numbers(tag), DIRECTORIES):
            yield position, False

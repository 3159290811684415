"""What the specification says of single tags: types, numbers, order (TIFF 6.0, sections 2, 8 and 15)."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from archivum.formats.validators.answer import WARNING, Fault, fault
from archivum.formats.validators.tiff_directory import (
    ASCII,
    BYTE,
    LONG,
    LONG8,
    RATIONAL,
    SAMPLES,
    SHORT,
    WIDTH,
    Directory,
    Entry,
)


class _Rule(NamedTuple):
    types: frozenset[int]
    values: int = 1  # 0: any number; -1: one for each sample


_SHORT: Final = frozenset({SHORT})
_EITHER: Final = frozenset({SHORT, LONG, LONG8})
_RULES: Final = {
    254: _Rule(_EITHER),  # NewSubfileType
    255: _Rule(_SHORT),  # SubfileType
    256: _Rule(_EITHER),  # ImageWidth
    257: _Rule(_EITHER),  # ImageLength
    258: _Rule(_SHORT, -1),  # BitsPerSample
    259: _Rule(_SHORT),  # Compression
    262: _Rule(_SHORT),  # PhotometricInterpretation
    266: _Rule(_SHORT),  # FillOrder
    270: _Rule(frozenset({ASCII, BYTE}), 0),  # ImageDescription
    273: _Rule(_EITHER, 0),  # StripOffsets
    274: _Rule(_SHORT),  # Orientation
    277: _Rule(_SHORT),  # SamplesPerPixel
    278: _Rule(_EITHER),  # RowsPerStrip
    279: _Rule(_EITHER, 0),  # StripByteCounts
    282: _Rule(frozenset({RATIONAL})),  # XResolution
    283: _Rule(frozenset({RATIONAL})),  # YResolution
    284: _Rule(_SHORT),  # PlanarConfiguration
    296: _Rule(_SHORT),  # ResolutionUnit
    306: _Rule(frozenset({ASCII}), 20),  # DateTime
    317: _Rule(_SHORT),  # Predictor
    320: _Rule(_SHORT, 0),  # ColorMap
    322: _Rule(_EITHER),  # TileWidth
    323: _Rule(_EITHER),  # TileLength
    324: _Rule(_EITHER, 0),  # TileOffsets
    325: _Rule(_EITHER, 0),  # TileByteCounts
    338: _Rule(_SHORT, 0),  # ExtraSamples
    339: _Rule(_SHORT, -1),  # SampleFormat
    530: _Rule(_SHORT, 2),  # YCbCrSubSampling
    531: _Rule(_SHORT),  # YCbCrPositioning
}


def entries_judged(directory: Directory, entries: list[Entry]) -> Iterator[Fault]:
    """Yield what is wrong with the entries of a directory, by themselves."""
    where, last = str(directory.position), -1
    if not entries:
        yield fault("tiff-directory", where=where)
        return
    for entry in entries:
        if entry.tag <= last:
            yield fault("tiff-order", where=where, tag=entry.tag)
        last = max(last, entry.tag)
        if entry.place + entry.length > directory.file.size:
            yield fault("tiff-beyond", where=where, tag=entry.tag)
            return
        directory.file.reach(entry.place, entry.length)
    if WIDTH in directory:  # the directories of Exif and the like have tags of their own
        for entry in directory.entries.values():
            yield from _ruled(directory, entry, where)


def _ruled(directory: Directory, entry: Entry, where: str) -> Iterator[Fault]:
    if not directory.layout.size(entry.type):
        yield fault("tiff-type", WARNING, where, tag=entry.tag, type=entry.type)
    rule = _RULES.get(entry.tag)
    if rule is None:
        return
    count = directory.one(SAMPLES) if rule.values < 0 else rule.values
    if entry.type not in rule.types or (count and entry.values != count) or not entry.values:
        yield fault("tiff-tag", where=where, tag=entry.tag)

"""What a directory of a TIFF file says of a picture, and whether its strips or tiles make it (TIFF 6.0)."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from archivum.formats.validators import tiff_deflate
from archivum.formats.validators.answer import WARNING, Fault, fault
from archivum.formats.validators.limits import PIXELS, too_large
from archivum.formats.validators.tiff_directory import (
    BITS,
    COLOURS,
    COMPRESSION,
    LENGTH,
    PHOTOMETRIC,
    PLANAR,
    ROWS,
    SAMPLES,
    STRIP_COUNTS,
    STRIP_OFFSETS,
    SUBSAMPLING,
    TILE_COUNTS,
    TILE_LENGTH,
    TILE_OFFSETS,
    TILE_WIDTH,
    UNCOMPRESSED,
    WIDTH,
    Directory,
)

_PALETTE, _YCBCR = 3, 6
_SAMPLES: Final = {2: 3, 5: 3, 6: 3, 8: 3}  # that a photometric interpretation needs
_LEAST_ROWS: Final = (1 << 32) - 1  # RowsPerStrip, where it is not said
_COMPARED: Final = 100_000  # strips or tiles that are compared with one another


class _Parts(NamedTuple):
    """Strips or tiles: which tags list them, how many there should be, how long each is uncompressed."""

    offsets: int
    counts: int
    number: int
    planes: int
    lengths: Sequence[int]  # of a part in each plane
    last: Sequence[int]  # of the last one, which has fewer rows if it is a strip

    def length(self, index: int) -> int:
        plane, place = divmod(index, max(1, self.number // self.planes))
        plane = min(plane, self.planes - 1)
        return self.last[plane] if place == self.number // self.planes - 1 else self.lengths[plane]


def facts(page: Directory) -> dict[str, str]:
    """Return what a page says of itself."""
    said = {
        "bits": ",".join(map(str, sorted(set(page.all(BITS)) or {1}))),
        "samples": str(page.one(SAMPLES)),
    }
    for name, tag in (("width", WIDTH), ("height", LENGTH), ("photometric", PHOTOMETRIC)):
        if tag in page:
            said[name] = str(page.one(tag))
    return said


def whole(page: Directory) -> bool:
    """Whether the lengths of strips or tiles, as judged here, leave nothing for a decoder to find."""
    subsampled = page.one(PHOTOMETRIC) == _YCBCR and (page.all(SUBSAMPLING) or [2, 2]) != [1, 1]
    return page.one(COMPRESSION) in (UNCOMPRESSED, *tiff_deflate.COMPRESSIONS) and not subsampled


def judged(page: Directory) -> Iterator[Fault]:
    """Yield what is wrong with the picture that a directory describes."""
    where = str(page.position)
    tiled = TILE_OFFSETS in page or TILE_WIDTH in page
    required = {WIDTH, LENGTH, PHOTOMETRIC}
    required |= (
        {TILE_OFFSETS, TILE_COUNTS, TILE_WIDTH, TILE_LENGTH} if tiled else {STRIP_OFFSETS, STRIP_COUNTS}
    )
    missing = sorted(tag for tag in required if tag not in page)
    for tag in missing:
        yield fault("tiff-missing", where=where, tag=tag)
    wrong = [] if missing else sorted(set(_values(page, tiled=tiled)))
    for tag in wrong:
        yield fault("tiff-value", where=where, tag=tag)
    if not missing and not wrong:
        yield from _lying(page, _tiles(page) if tiled else _strips(page))


def _values(page: Directory, *, tiled: bool) -> Iterator[int]:
    """Yield the tags that say what no picture can be."""
    for tag in (WIDTH, LENGTH, *((TILE_WIDTH, TILE_LENGTH) if tiled else (ROWS,))):
        if page.one(tag) < 1:
            yield tag
    samples, bits = page.one(SAMPLES), page.all(BITS) or [1]
    if samples < _SAMPLES.get(page.one(PHOTOMETRIC), 1):
        yield SAMPLES
    if not all(0 < each <= 64 for each in bits):
        yield BITS
    if page.one(PLANAR) not in (1, 2):
        yield PLANAR
    if page.one(COMPRESSION) == 0:
        yield COMPRESSION
    if page.one(PHOTOMETRIC) == _PALETTE and (
        COLOURS not in page or page.entries[COLOURS].values != 3 << min(bits[0], 16)
    ):
        yield COLOURS


def _bits(page: Directory) -> list[int]:
    """Return the bits of a pixel, in each plane."""
    samples, bits = page.one(SAMPLES), page.all(BITS) or [1]
    every = bits if len(bits) == samples else [bits[0]] * samples
    return every if page.one(PLANAR) == 2 else [sum(every)]


def _strips(page: Directory) -> _Parts:
    width, height = page.one(WIDTH), page.one(LENGTH)
    rows = min(page.one(ROWS, _LEAST_ROWS), height)
    strips = -(-height // rows)
    planes = _bits(page)
    row = [-(-width * bits // 8) for bits in planes]
    last = height - (strips - 1) * rows
    whole, rest = [each * rows for each in row], [each * last for each in row]
    return _Parts(STRIP_OFFSETS, STRIP_COUNTS, strips * len(planes), len(planes), whole, rest)


def _tiles(page: Directory) -> _Parts:
    width, length = page.one(TILE_WIDTH), page.one(TILE_LENGTH)
    tiles = -(-page.one(WIDTH) // width) * -(-page.one(LENGTH) // length)
    planes = _bits(page)
    whole = [-(-width * bits // 8) * length for bits in planes]
    return _Parts(TILE_OFFSETS, TILE_COUNTS, tiles * len(planes), len(planes), whole, whole)


def _lying(page: Directory, parts: _Parts) -> Iterator[Fault]:
    """Judge where the strips or tiles lie and how long they are."""
    where = str(page.position)
    for tag in (parts.offsets, parts.counts):
        if page.entries[tag].values != parts.number:
            yield fault("tiff-parts", where=where, count=page.entries[tag].values, expected=parts.number)
            return
    how = page.one(COMPRESSION) if whole(page) else 0
    if how in tiff_deflate.COMPRESSIONS and page.one(WIDTH) * page.one(LENGTH) > PIXELS:
        yield too_large()
        return
    empty, places = 0, []
    listed = zip(page.numbers(parts.offsets), page.numbers(parts.counts), strict=False)
    for index, (offset, count) in enumerate(listed):
        if not offset and not count:
            empty += 1
        elif wrong := _part(page, parts, index, (offset, count), how):
            yield wrong
            return
        elif index < _COMPARED:
            places.append((offset, count))
    if empty:
        yield fault("tiff-sparse", WARNING, where, count=empty)
    if _overlap(places):
        yield fault("tiff-overlap", WARNING, where)


def _part(page: Directory, parts: _Parts, index: int, lies: tuple[int, int], how: int) -> Fault | None:
    """Judge one strip or tile, which lies at an offset with a length, and is compressed somehow."""
    where, number, (offset, count) = str(page.position), index + 1, lies
    if offset + count > page.file.size:
        return fault("tiff-part-beyond", where=where, number=number)
    expected = parts.length(index) if how == UNCOMPRESSED else 1
    if count < expected:
        return fault("tiff-part-short", where=where, number=number, count=count, expected=expected)
    page.file.reach(offset, count)
    if how in tiff_deflate.COMPRESSIONS:
        # some writers fill the last strip up with rows that are not there
        reason = tiff_deflate.wrong(page.file, offset, count, {parts.length(index), *parts.lengths})
        return fault("tiff-deflate", where=where, number=number, reason=reason) if reason else None
    return None


def _overlap(places: list[tuple[int, int]]) -> bool:
    """Whether bytes belong to two parts of one picture, which no writer may do (TIFF 6.0, section 2)."""
    end = 0
    for offset, count in sorted(places):
        if offset < end:
            return True
        end = offset + count
    return False

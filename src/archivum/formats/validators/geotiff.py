"""GeoTIFF (OGC 19-008): where on earth a picture lies, from the tags of its first directory."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from archivum.formats.validators.answer import Fault, fault
from archivum.formats.validators.tiff_directory import LENGTH, WIDTH, Directory

SCALE, TIEPOINTS, TRANSFORMATION, KEYS, DOUBLES, TEXTS = 33550, 33922, 34264, 34735, 34736, 34737
_RASTER, _CITATION = 1025, 1026
_GEOGRAPHIC, _GEOGRAPHIC_CITATION, _PROJECTED, _PROJECTED_CITATION = 2048, 2049, 3072, 3073
_AREA, _POINT = 1, 2  # a pixel is an area, with its corner at the tie point, or the point itself
_USER: Final = 32767  # a system that has no code


class Grid(NamedTuple):
    """An affine grid: the outer corner of the first pixel, and the steps to the next column and row."""

    left: float
    top: float
    across: tuple[float, float]
    down: tuple[float, float]


def judged(page: Directory, facts: dict[str, str]) -> Iterator[Fault]:
    """Yield what is wrong with the keys, and note the coordinate system, the extent and the resolution."""
    if KEYS not in page and SCALE not in page and TRANSFORMATION not in page:
        return
    keys = _keys(page)
    if keys is None:
        yield fault("geotiff-keys", where=str(page.position))
        return
    facts |= _system(keys)
    if grid := _grid(page, point=keys.get(_RASTER) == _POINT):
        facts |= extent(grid, page.one(WIDTH), page.one(LENGTH))


def extent(grid: Grid, width: int, height: int) -> dict[str, str]:
    """Return as facts what a grid says of a picture of a size."""
    xs = [grid.left + i * width * grid.across[0] + j * height * grid.down[0] for i in (0, 1) for j in (0, 1)]
    ys = [grid.top + i * width * grid.across[1] + j * height * grid.down[1] for i in (0, 1) for j in (0, 1)]
    steps = (grid.across[0] ** 2 + grid.across[1] ** 2, grid.down[0] ** 2 + grid.down[1] ** 2)
    return {
        "extent": " ".join(f"{each:.12g}" for each in (min(xs), min(ys), max(xs), max(ys))),
        "resolution": " ".join(f"{step**0.5:.12g}" for step in steps),
        "transform": " ".join(f"{each:.17g}" for each in (*grid.across, *grid.down, grid.left, grid.top)),
    }


def _keys(page: Directory) -> dict[int, int | str] | None:
    """Return the keys with their codes and texts (OGC 19-008 §7.1.2); None if they contradict themselves."""
    listed = page.all(KEYS)
    if not listed:
        return {}
    if len(listed) < 4 or listed[0] != 1 or len(listed) < 4 + 4 * listed[3]:
        return None
    texts, doubles = page.text(TEXTS), len(list(page.values(DOUBLES))) if DOUBLES in page else 0
    keys: dict[int, int | str] = {}
    for at in range(4, 4 + 4 * listed[3], 4):
        key, place, count, value = listed[at : at + 4]
        if place == 0:
            keys[key] = value
        elif place == TEXTS and value + count <= len(texts):
            keys[key] = texts[value : value + count].rstrip("|\0")
        elif not (place == DOUBLES and value + count <= doubles) and not (
            place == KEYS and value + count <= len(listed)
        ):
            return None
    return keys


def _system(keys: dict[int, int | str]) -> dict[str, str]:
    """Return the coordinate system, by its code or else by the name it is given."""
    for key in (_PROJECTED, _GEOGRAPHIC):
        code = keys.get(key)
        if isinstance(code, int) and code not in (0, _USER):
            return {"crs": f"EPSG:{code}"}
    for key in (_PROJECTED_CITATION, _GEOGRAPHIC_CITATION, _CITATION):
        if name := keys.get(key):
            return {"crs": str(name)}
    return {}


def _grid(page: Directory, *, point: bool) -> Grid | None:
    """Return the grid (OGC 19-008 §7.1.3), or None where the tags give no affine one."""
    matrix, scale, tie = (
        list(page.values(tag)) if tag in page and page.entries[tag].values <= 96 else []
        for tag in (TRANSFORMATION, SCALE, TIEPOINTS)
    )
    if len(matrix) == 16:
        across, down = (matrix[0], matrix[4]), (matrix[1], matrix[5])
        left, top = matrix[3], matrix[7]
    elif len(scale) >= 2 and len(tie) >= 6:
        across, down = (scale[0], 0.0), (0.0, -scale[1])
        left, top = tie[3] - tie[0] * scale[0], tie[4] + tie[1] * scale[1]
    else:
        return None
    if point:  # the tie point is the middle of a pixel, whose corner lies half a pixel before
        left, top = left - (across[0] + down[0]) / 2, top - (across[1] + down[1]) / 2
    return Grid(left, top, across, down)

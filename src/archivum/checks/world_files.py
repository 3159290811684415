"""World files beside pictures: six numbers that say where a picture lies (ESRI).

Whether they agree with the picture's own georeference is a question about two files of a package, and is
asked once all of it is there.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from math import isfinite
from pathlib import Path
from typing import Final

from archivum.model import File, Finding, Severity, Verdict
from archivum.packaging.index import PackageIndex

_LONGEST: Final = 4096  # bytes; six numbers are never longer
_APART: Final = 0.1  # of a pixel, at either end of the picture
_NAMES: Final = (".tfw", ".tifw", ".wld")
_PICTURES: Final = (".tif", ".tiff", ".TIF", ".TIFF")


def world_files(root: Path, index: PackageIndex) -> Iterator[Finding]:
    """Yield what is wrong with the world files of TIFF pictures in a package that is staged in a folder.

    Their numbers are the steps of a pixel and the middle of the first one; the picture's own georeference
    (the fact ``transform``) has the corner.
    """
    for file in index.ending(*_NAMES):
        picture = _picture(file, index)
        if picture is None:
            continue
        params = {"picture": picture.path}
        numbers = _numbers(root / file.path)
        if numbers is None:
            yield _found("world-file", file, params)
        elif _contradicts(numbers, picture.validation.facts if picture.validation else {}):
            yield _found("world-file-contradicts", file, params)


def _picture(file: File, index: PackageIndex) -> File | None:
    """Return the picture that a world file is beside."""
    stem = file.path[: file.path.rindex(".")]
    return next(filter(None, (index.file(stem + ending) for ending in _PICTURES)), None)


def _found(code: str, file: File, params: Mapping[str, str]) -> Finding:
    return Finding(code, Verdict.FAILED, Severity.WARNING, file.path, params=params)


def _numbers(place: Path) -> list[float] | None:
    """Return the six numbers, or None if it is no world file."""
    with suppress(OSError, ValueError), place.open("rb") as file:
        numbers = [float(each.replace(",", ".")) for each in file.read(_LONGEST).decode("ascii").split()]
        if len(numbers) == 6 and all(map(isfinite, numbers)):
            return numbers
    return None


def _contradicts(said: list[float], facts: Mapping[str, str]) -> bool:
    """Whether a picture that says itself where it lies says something else."""
    own = [float(each) for each in facts.get("transform", "").split()]
    return len(own) == 6 and _apart(own, said, float(facts["width"]), float(facts["height"]))


def _apart(own: list[float], said: list[float], width: float, height: float) -> bool:
    """Whether a corner of the picture lies elsewhere by the one than by the other."""
    a, d, b, e, middle_x, middle_y = said
    left, top = middle_x - (a + b) / 2, middle_y - (d + e) / 2
    step = max(abs(each) for each in own[:4]) * _APART
    for i, j in ((0.0, 0.0), (width, 0.0), (0.0, height)):
        x = own[4] + i * own[0] + j * own[2] - (left + i * a + j * b)
        y = own[5] + i * own[1] + j * own[3] - (top + i * d + j * e)
        if abs(x) > step or abs(y) > step:
            return True
    return False

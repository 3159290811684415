"""A world file beside a picture: six numbers that say where it lies (ESRI)."""

from collections.abc import Iterator
from contextlib import suppress
from math import isfinite
from pathlib import Path
from typing import Final

from archivum.formats.validators.answer import WARNING, Fault, fault

_LONGEST: Final = 4096
_APART: Final = 0.1  # of a pixel, at either end of the picture
_NAMES: Final = (".tfw", ".tifw", ".wld")


def judged(path: str, facts: dict[str, str]) -> Iterator[Fault]:
    """Yield what is wrong with the world file of a TIFF picture; note that it is there.

    Its numbers are the steps of a pixel and the middle of the first one; the picture's own georeference,
    already among the facts, has the corner.
    """
    for place in _places(Path(path)):
        numbers = _numbers(place)
        if numbers is None:
            yield fault("world-file", WARNING, where=place.name)
            continue
        facts["world-file"] = place.name
        own = [float(each) for each in facts.get("transform", "").split()]
        if len(own) == 6 and _apart(own, numbers, float(facts["width"]), float(facts["height"])):
            yield fault("world-file-contradicts", WARNING, where=place.name)


def _places(path: Path) -> Iterator[Path]:
    for ending in _NAMES:
        for name in (ending, ending.upper()):
            place = path.with_suffix(name)
            if place.is_file():
                yield place
                break


def _numbers(place: Path) -> list[float] | None:
    """Return the six numbers, or None if it is no world file."""
    with suppress(OSError, ValueError), place.open("rb") as file:
        numbers = [float(each.replace(",", ".")) for each in file.read(_LONGEST).decode("ascii").split()]
        if len(numbers) == 6 and all(map(isfinite, numbers)):
            return numbers
    return None


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

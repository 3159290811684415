"""How much of what can happen to a file is found: files of each format are damaged, and judged.

The shares are printed, and held from one version to the next by ``mutations.toml``. Whoever adds a validator
adds its files to ``MADE``, and the shares that it finds to that table.
"""

import random
import tomllib
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Final

import pytest

from archivum.formats.validators import VALIDATORS
from archivum.formats.validators.answer import ERROR, WARNING, Answer, Subject, Told
from fixtures import made_data, pdf
from tests.formats_made import MADE as PICTURES_AND_MEDIA
from tests.formats_made import Maker


def letter() -> bytes:
    """A PDF/A-2b as an office writes it."""
    return pdf.letter("Obec Lhota", "Věc č. 7", "Odstavec o věci a její příloze.").data


MADE: Final[Mapping[str, tuple[str, Maker]]] = {
    **PICTURES_AND_MEDIA,
    **{name: (validator, make) for name, (validator, _, _, make) in made_data.FILES.items()},
    "pdf": ("pdf", letter),
}
FLOORS: Final = tomllib.loads((Path(__file__).parent / "mutations.toml").read_text())
MUTANTS: Final = 24  # of each kind
PUIDS: Final[Mapping[str, str]] = {
    "mpeg-ps": "x-fmt/386",
    "mpeg-ts": "fmt/585",
    "pdf": "fmt/477",
    **{name: puid for name, (_, _, puid, _) in made_data.FILES.items()},
}  # of formats whose validator asks for it

Damage = Callable[[bytes, random.Random], bytes]


def cut(data: bytes, dice: random.Random) -> bytes:
    return data[: dice.randrange(1, len(data))]


def flip(data: bytes, dice: random.Random) -> bytes:
    place = dice.randrange(len(data))
    return data[:place] + bytes([data[place] ^ 1 << dice.randrange(8)]) + data[place + 1 :]


def zero(data: bytes, dice: random.Random) -> bytes:
    """Zero 64 bytes, somewhere where they are not zeros already."""
    for _ in range(100):
        place = dice.randrange(max(1, len(data) - 64))
        if any(data[place : place + 64]):
            break
    return data[:place] + bytes(min(64, len(data) - place)) + data[place + 64 :]


def append(data: bytes, dice: random.Random) -> bytes:
    return data + dice.randbytes(dice.randrange(1, 200))


def prepend(data: bytes, dice: random.Random) -> bytes:
    return dice.randbytes(dice.randrange(1, 200)) + data


KINDS: Final[tuple[Damage, ...]] = (cut, flip, zero, append, prepend)


def judged(path: Path, name: str, data: bytes) -> Answer | None:
    path.write_bytes(data)
    subject = Subject(str(path), path.name, len(data), PUIDS.get(name, ""))
    answer = import_module(VALIDATORS[MADE[name][0]]).validate(subject, Told(str(path.parent), {}))
    assert answer is None or isinstance(answer, Answer)
    return answer


def found(answer: Answer | None) -> bool:
    return answer is not None and any(fault.severity in (ERROR, WARNING) for fault in answer.faults)


def shares(path: Path, name: str) -> Iterator[tuple[str, float]]:
    data = MADE[name][1]()
    for damage in KINDS:
        dice = random.Random(f"{name} {damage.__name__}")
        damaged = [damage(data, dice) for _ in range(MUTANTS)]
        yield damage.__name__, sum(found(judged(path, name, each)) for each in damaged) / MUTANTS


@pytest.mark.parametrize("name", MADE)
def test_what_is_undamaged_is_refused_by_none(tmp_path: Path, name: str) -> None:
    answer = judged(tmp_path / f"a.{name}", name, MADE[name][1]())
    assert answer is not None
    assert (answer.well_formed, answer.faults) == ("passed", ())
    assert answer.valid != "failed"


@pytest.mark.parametrize("name", MADE)
def test_the_share_of_damage_that_is_found_does_not_fall(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    measured = dict(shares(tmp_path / f"a.{name}", name))
    with capsys.disabled():
        words = "  ".join(f"{kind} {share:4.0%}" for kind, share in measured.items())
        print(f"\n{name:18} {words}", end="")  # noqa: T201
    floors = FLOORS[name]
    assert measured.keys() == floors.keys()
    assert {kind for kind, share in measured.items() if share < floors[kind]} == set()


def test_every_floor_is_of_a_format_that_is_made() -> None:
    assert FLOORS.keys() == MADE.keys()

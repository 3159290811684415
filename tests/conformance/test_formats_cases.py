"""Identification held against published skeleton files, and the second engine against its own loop."""

import os
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from archivum.formats.fido import Fido
from archivum.formats.identifying import Identifying
from archivum.model import Identification, Verdict
from tests.shared import cases, needs_shared

EXPECTED = 0.98  # of the files have the PUID of their name among the answers


def skeletons() -> list[Path]:
    return sorted(path for path in (cases("formats") / "skeletons").rglob("*") if path.is_file())


def expected(path: Path) -> str:
    found = re.match(r"((?:x-)?fmt)-(\d+)", path.name)
    assert found is not None, path
    return f"{found[1]}/{found[2]}"


def identify(paths: list[Path]) -> Iterator[tuple[str, Identification]]:
    with Identifying() as identifying:
        for path in paths:
            identifying.add(str(path), path, path.name, path.stat().st_size)
        yield from identifying.results()


@needs_shared
def test_skeletons_have_the_puid_of_their_name_among_the_answers(capsys: pytest.CaptureFixture[str]) -> None:
    paths = skeletons()
    found = dict(identify(paths))
    missed = [path for path in paths if expected(path) not in {m.puid for m in found[str(path)].matches}]
    share = 1 - len(missed) / len(paths)
    with capsys.disabled():
        print(f"\nidentified: {share:.2%} of {len(paths)} skeletons")  # noqa: T201
    assert len(paths) > 2000
    assert share >= EXPECTED, [f"{path.name}: {found[str(path)].matches}" for path in missed]
    wrongly_sure = [path for path in missed if found[str(path)].verdict is Verdict.PASSED]
    assert len(wrongly_sure) / len(paths) < 0.01


def mutated(paths: list[Path], count: int, folder: Path) -> list[Path]:
    """Make files cut off, with bytes flipped, with parts repeated or run together; the same every time."""
    dice = random.Random(20260801)
    made = []
    for number in range(count):
        path = dice.choice(paths)
        data = bytearray(path.read_bytes())
        match dice.randrange(4):
            case 0:
                del data[dice.randrange(1, len(data) + 1) :]
            case 1:
                for _ in range(dice.randrange(1, 20)):
                    data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
            case 2:
                start = dice.randrange(len(data))
                data[start:start] = data[start : start + dice.randrange(1, 5000)] * dice.randrange(1, 4)
            case _:
                data += dice.choice(paths).read_bytes()
        made.append(folder / f"{number}-{path.name}")
        made[-1].write_bytes(data)
    return made


@needs_shared
def test_no_mutated_file_stops_the_identification(tmp_path: Path) -> None:
    paths = mutated(skeletons(), 2000, tmp_path)
    found = list(identify(paths))
    assert [key for key, _ in found] == [str(path) for path in paths]
    assert not {f.reason for _, f in found} & {"crash", "timeout", "unreadable"}


def stock() -> Any:
    """Return fido itself, set up with the same signatures and buffer, and the list its answers go to."""
    import fido.fido
    from fido.versions import get_local_versions

    versions = get_local_versions(fido.fido.CONFIG_DIR)
    fido.fido.defaults["regexcachesize"] = 20_000
    answers: list[tuple[str, list[str]]] = []
    engine = fido.fido.Fido(
        quiet=True,
        bufsize=16 << 20,
        format_files=[versions.pronom_signature, versions.fido_extension_signature],
        handle_matches=lambda _, matches, __, kind: answers.append(
            (kind, [each.findtext("puid") for each, _ in matches])
        ),
    )
    engine.containersignature_file = versions.pronom_container_signature
    return engine, answers


@needs_shared
@pytest.mark.filterwarnings("ignore")  # what fido's own loop warns of is its own affair
def test_the_second_engine_answers_as_it_does_by_itself(tmp_path: Path) -> None:
    paths = skeletons()
    containers = [path for path in paths if path.parent.name == "containers"]
    engine, answers = stock()
    ours = Fido()
    compared = 0
    for path in [*paths[::24], *containers[::6], *mutated(paths, 150, tmp_path)]:
        answers.clear()
        try:
            engine.identify_file(os.fspath(path))
        except Exception:  # it does not survive some broken containers
            continue
        ((kind, puids),) = answers
        compared += 1
        theirs = {puid for puid in puids if not puid.startswith("fido-") and kind != "extension"}
        assert {match.puid for match in ours.look(os.fspath(path), "").matches} == theirs, path.name
    assert compared > 250

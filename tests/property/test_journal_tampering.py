"""Whatever is done to one copy of the journal, verification finds it, and blames that copy only."""

import shutil
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archivum.catalogue.journal import Journal
from tests.unit.test_journal_samples import accepted, arrival, journal_in, rejected

SEGMENTS = (1, 8, 3, 1, 2)  # how many events each holds
ORDER = st.permutations(range(sum(SEGMENTS)))


@pytest.fixture(scope="module")
def root() -> Iterator[Path]:
    with TemporaryDirectory() as folder:
        journal = journal_in(Path(folder))
        journal.append([arrival(1)])
        journal.append(accepted(2))
        journal.append(rejected(3))
        journal.append([arrival(4)])
        journal.append([arrival(5), arrival(6)])
        assert list(journal.verify()) == []
        shutil.copytree(Path(folder) / "main", Path(folder) / "whole")
        yield Path(folder)


@pytest.fixture(scope="module")
def journal(root: Path) -> Journal:
    return journal_in(root)


def files(root: Path) -> list[Path]:
    return sorted((root / "main" / "journal").rglob("*.jsonl"))


def mend(root: Path) -> None:
    """Make the copy whole again."""
    shutil.rmtree(root / "main")
    shutil.copytree(root / "whole", root / "main")


def found_and_blamed(root: Path, journal: Journal) -> bool:
    try:
        findings = list(journal.verify())
        return bool(findings) and {one.params["storage"] for one in findings} == {"main"}
    finally:
        mend(root)


def found_alone(root: Path) -> bool:
    """Whether the copy by itself shows it, without another to compare with."""
    return bool(list(journal_in(root, ("main",)).verify()))


def test_every_single_byte_of_a_segment_counts(tmp_path: Path) -> None:
    journal = journal_in(tmp_path, ("main",))
    journal.append([arrival(1), arrival(2)])
    (place,) = files(tmp_path)
    whole = place.read_bytes()
    with place.open("r+b", buffering=0) as file:
        for position in range(len(whole)):
            file.seek(position)
            file.write(bytes([whole[position] ^ 1]))
            assert list(journal.verify()), position
            file.seek(position)
            file.write(whole[position : position + 1])
    assert list(journal.verify()) == []


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_a_changed_byte(root: Path, journal: Journal, data: st.DataObject) -> None:
    place = data.draw(st.sampled_from(files(root)))
    content = bytearray(place.read_bytes())
    position = data.draw(st.integers(0, len(content) - 1))
    content[position] = data.draw(st.integers(0, 255).filter(lambda byte: byte != content[position]))
    place.write_bytes(content)
    alone = found_alone(root)
    assert found_and_blamed(root, journal)
    assert alone


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_bytes_lost_or_added(root: Path, journal: Journal, data: st.DataObject) -> None:
    place = data.draw(st.sampled_from(files(root)))
    content = place.read_bytes()
    start = data.draw(st.integers(0, len(content)))
    stop = data.draw(st.integers(start, len(content)))
    put = data.draw(st.binary(max_size=3))
    changed = content[:start] + put + content[stop:]
    if changed == content:
        return
    place.write_bytes(changed)
    assert found_and_blamed(root, journal)


@settings(max_examples=31, deadline=None)
@given(removed=st.sets(st.integers(0, len(SEGMENTS) - 1), min_size=1))
def test_segments_removed(root: Path, journal: Journal, removed: set[int]) -> None:
    places = files(root)
    for position in removed:
        places[position].unlink()
    assert found_and_blamed(root, journal)


@settings(max_examples=40, deadline=None)
@given(order=st.permutations(range(len(SEGMENTS))))
def test_segments_in_another_order(root: Path, journal: Journal, order: list[int]) -> None:
    places = files(root)
    contents = [place.read_bytes() for place in places]
    for place, position in zip(places, order, strict=True):
        place.write_bytes(contents[position])
    if order == sorted(order):
        assert list(journal.verify()) == []
    else:
        assert found_and_blamed(root, journal)


@settings(max_examples=100, deadline=None)
@given(chosen=st.lists(st.integers(0, sum(SEGMENTS) - 1), min_size=1, max_size=sum(SEGMENTS) + 2) | ORDER)
def test_lines_removed_repeated_or_in_another_order(root: Path, journal: Journal, chosen: list[int]) -> None:
    """The copy is made of a choice of its lines, spread over its segments as they were."""
    places = files(root)
    whole = [line for place in places for line in place.read_bytes().splitlines(keepends=True)]
    lines = iter([whole[position] for position in chosen])
    for place, count in zip(places, SEGMENTS, strict=True):
        place.write_bytes(b"".join(islice(lines, count)))
    left = b"".join(lines)
    if left:
        places[-1].write_bytes(places[-1].read_bytes() + left)
    if chosen == list(range(len(whole))):
        assert list(journal.verify()) == []
    else:
        assert found_and_blamed(root, journal)

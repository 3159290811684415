"""The goldens are what the builder makes today, byte for byte."""

from fixtures.golden import GOLDENS, goldens


def test_goldens_are_made_again() -> None:
    made = dict(goldens())
    kept = {one.relative_to(GOLDENS).as_posix(): one for one in GOLDENS.rglob("*") if one.is_file()}
    assert set(made) == set(kept)
    for path, data in made.items():
        assert kept[path].read_bytes() == data, path

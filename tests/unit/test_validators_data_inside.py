"""Files inside files, through the whole session: identified and judged, as deep and as many as may be."""

from pathlib import Path

import pytest

from archivum.formats.examining import Examining
from archivum.formats.table import read_format_table
from archivum.model import InnerFile, Validation, Verdict
from fixtures import made_data as made
from fixtures.made_data import FILES, MAKERS
from tests.shared import cases, needs_shared

TABLE = read_format_table(Path(__file__).parents[2] / "profiles" / "formats.toml")


def examined(*paths: Path) -> dict[str, tuple[str | None, Validation]]:
    with Examining(TABLE.validators) as examining:
        for path in paths:
            examining.add(path.name, path, path.name, path.stat().st_size)
        return {key: (known.puid, said) for key, known, said in examining.results()}


def test_what_is_made_is_identified_as_what_it_is_and_judged(tmp_path: Path) -> None:
    paths = [make(tmp_path) for kind, make in MAKERS.items() if kind != "warc.gz"]  # which is GZIP to PRONOM
    seen = examined(*paths)
    assert {name: seen[name][0] for _, name, _, _ in FILES.values() if name in seen} == {
        name: puid for _, name, puid, _ in FILES.values() if name in seen
    }
    assert {said.well_formed for _, said in seen.values()} == {Verdict.PASSED}


def depth(part: InnerFile) -> int:
    return 1 + max(map(depth, part.validation.parts), default=0)


def test_containers_in_containers_end(tmp_path: Path) -> None:
    data = made.zip_()
    for _ in range(6):
        data = made.zipped([("a.zip", data), ("b.zip", data)])
    place = tmp_path / "deep.zip"
    place.write_bytes(data)
    ((_, said),) = examined(place).values()
    assert max(map(depth, said.parts)) == 4

    def count(parts: tuple[InnerFile, ...]) -> int:
        return sum(1 + count(part.validation.parts) for part in parts)

    assert count(said.parts) == 2 + 4 + 8 + 16


@needs_shared
@pytest.mark.parametrize(
    ("name", "puid", "inside"),
    [
        ("received_message-330141.zfo", "fmt/1243", {"odpoved_OVM.pdf"}),
        ("signed_sent_message-151874.zfo", "fmt/1244", {"postsignum_qca_root.cer"}),
        ("ISDS-ODZ_with_xml_attachment.zfo", "fmt/1244", {"test.xml"}),
        ("signed_delivered-DD_170272.zfo", "fmt/1245", set()),
    ],
)
def test_real_data_messages_are_known_and_their_attachments_come_out(
    name: str, puid: str, inside: set[str]
) -> None:
    ((known, said),) = examined(cases("zfo") / name).values()
    assert (known, said.well_formed) == (puid, Verdict.PASSED)
    assert {part.path for part in said.parts} == inside

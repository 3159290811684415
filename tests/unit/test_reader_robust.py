"""Whatever the bytes of a package's own files: a reader finds faults, it does not break."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archivum.packaging.reader import detect
from tests.unit.test_reader_base import see, write
from tests.unit.test_reader_nsesss import case_file, component, document, file, mets

SOUND = {
    "mets.xml": mets(case_file("S", document("D1", component("K1"))), file("K1", "a/b")).encode(),
    "bagit.txt": b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n",
    "bag-info.txt": b"Payload-Oxum: 1.1\nExternal-Identifier: x\n continued\n",
    "manifest-sha512.txt": b"abcdef  data/a\n0123 *./data/b%0A\n",
    "fetch.txt": b"http://example.org/ - data/c\n",
    "metadata.csv": b'filename,title\na/b,"t ""u"""\n',
}
KINDS = {"mets.xml": (), "metadata.csv": (), "bagit.txt": (), "bag-info.txt": ("bagit.txt",),
         "manifest-sha512.txt": ("bagit.txt",), "fetch.txt": ("bagit.txt",)}  # fmt: skip
SPLICE = st.tuples(st.integers(0, 4000), st.integers(0, 60), st.binary(max_size=12) | st.sampled_from(
    [b"\0", b"\xff\xfe", b"<!DOCTYPE a [", b"]]>", b"&a;", b"<a>", b"</", b'"', b"\r", b"%", b"../", b"\\"]
))  # fmt: skip


@pytest.mark.parametrize("name", sorted(KINDS))
@settings(max_examples=60, deadline=None)
@given(splices=st.lists(SPLICE, min_size=1, max_size=4))
def test_no_bytes_break_a_reader(name: str, splices: list[tuple[int, int, bytes]]) -> None:
    data = SOUND[name]
    for place, length, new in splices:
        at = place % (len(data) + 1)
        data = data[:at] + new + data[at + length :]
    with TemporaryDirectory() as scratch:
        files = {name: data, "a/b": b"b", "data/a": b"a", **{other: SOUND[other] for other in KINDS[name]}}
        root = write(Path(scratch) / "package", files)
        seen = see(root, Path(scratch) / "index", reader=detect(root))
        known = {record.id for record in seen.records}
        assert {record.parent for record in seen.records} - {None} <= known

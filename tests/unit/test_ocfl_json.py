"""JSON read piece by piece says what the standard library says of the whole."""

import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archivum.storage import ocfl_json
from archivum.storage.ocfl_json import JsonStream


class Drops(io.BytesIO):
    """A stream that gives a few bytes at a time, so that every token is cut somewhere."""

    def __init__(self, data: bytes, most: int) -> None:
        super().__init__(data)
        self._most = most

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(self._most)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
digests = st.text("0123456789abcdef", min_size=1, max_size=6)
blocks = st.dictionaries(digests | st.text(), st.lists(st.text(), max_size=3) | values, max_size=8)
indents = st.sampled_from([None, 0, 2, "\t"])


@settings(deadline=None)
@given(values, indents, st.integers(1, 7), st.booleans())
def test_a_value(value: Any, indent: Any, most: int, ascii_only: bool) -> None:
    data = json.dumps(value, indent=indent, ensure_ascii=ascii_only).encode("utf-8", "replace")
    stream = JsonStream(Drops(b" \n" + data + b"\t ", most))
    assert stream.value() == json.loads(data)
    stream.end()


@settings(deadline=None)
@given(blocks, indents, st.integers(1, 40))
def test_the_entries_of_a_block(block: dict[str, Any], indent: Any, most: int) -> None:
    data = json.dumps({"manifest": block, "head": "v1"}, indent=indent).encode()
    stream, found = JsonStream(Drops(data, most)), dict[str, Any]()
    for name in stream.members():
        found[name] = dict(stream.entries()) if name == "manifest" else stream.value()
    stream.end()
    assert found == json.loads(data)


@pytest.mark.parametrize(
    "data",
    [
        b"", b" ", b"{", b"}", b"[]", b'{"a"}', b'{"a":}', b'{"a":1,}', b'{"a":1 "b":2}', b'{"a":1}}',
        b"{1:2}", b'{"a":NaN}', b'{"a":-Infinity}', b'{"a":1} x', b'\xef\xbb\xbf{"a":1}', b'{"a":"\xff"}',
        b'{"a":"\n"}', b'{"a":"\\x"}', b'{"a":[1,]}', b'{"a":tru}', b"{'a':1}", b'{"a":1', b'{"a":"',
        b'{"a":01}', b'{"a":1}\x00',
        '{"a":1}'.encode("utf-16"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("most", [1, 1_000])
def test_what_is_not_json_is_not_read(data: bytes, most: int) -> None:
    stream = JsonStream(Drops(data, most))
    with pytest.raises(ValueError):
        for _ in stream.members():
            stream.value()
        stream.end()


@pytest.mark.parametrize(
    "data", [b'{"a":1,}', b'{"a"}', b'{"a":["b"]', b'{"a":["b"],', b'["a"]', b'{"a":["b"] "c"}']
)
def test_what_is_not_a_block_is_not_read(data: bytes) -> None:
    stream = JsonStream(io.BytesIO(data))
    with pytest.raises(ValueError):
        list(stream.entries())


def test_a_text_made_to_harm_ends_in_an_error_of_its_own() -> None:
    with pytest.raises((ValueError, RecursionError)):
        JsonStream(io.BytesIO(b"[" * 1_000_000)).value()


def test_a_value_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocfl_json, "_CHUNK", 1 << 10)
    monkeypatch.setattr(ocfl_json, "LARGEST_VALUE", 1 << 14)
    read = 0

    class Endless:
        def read(self, size: int, /) -> bytes:
            nonlocal read
            read += size
            return b'"' + b"x" * (size - 1) if read == size else b"x" * size

    with pytest.raises(ValueError, match="too large"):
        JsonStream(Endless()).value()
    assert read < 1 << 16


def test_a_window_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocfl_json, "_CHUNK", 1 << 12)
    lines = ",\n".join(f'"{n:064x}": ["v1/content/{n}"]' for n in range(20_000))
    stream = JsonStream(io.BytesIO(f"{{{lines}}}".encode()))
    widest = 0
    for number, (digest, paths) in enumerate(stream.entries()):
        assert (digest, paths) == (f"{number:064x}", [f"v1/content/{number}"])
        widest = max(widest, len(stream._text))
    assert number == 19_999
    assert widest < 1 << 14

"""What is said of a file is the same whichever scanner says it: a real clamd, or the stand-in for it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from archivum.malware.clamd import Address
from archivum.malware.scanning import MAX_BYTES, Scanner
from archivum.model import Scan, Verdict
from tests.scanners import (
    CLAMD,
    EICAR,
    EICAR_NAME,
    FILE_MAX,
    MARKER,
    MARKER_NAME,
    STREAM_MAX,
    Clamd,
    StandIn,
    locked,
    running,
    standing_in,
    zipped,
)

KINDS = [
    pytest.param("clamd", marks=pytest.mark.skipif(CLAMD is None, reason="clamd is not installed")),
    "stand-in",
]
PIECE = 1 << 18


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def clamd(kind: str) -> Iterator[Clamd | StandIn]:
    with running(kind) as made:
        yield made


@contextmanager
def session(address: str, max_bytes: int = 10 * STREAM_MAX, seconds: float = 20.0) -> Iterator[Scanner]:
    with Scanner(Address.parse(address, Path()), max_bytes=max_bytes, seconds=seconds) as scanner:
        scanner.begin()
        yield scanner


def send(scanner: Scanner, name: str, content: bytes, *, size: bool = True) -> None:
    with scanner.open(name, len(content) if size else None) as scanning:
        for start in range(0, len(content), PIECE):
            scanning.write(content[start : start + PIECE])


def said(scanner: Scanner, content: bytes, *, size: bool = True) -> Scan:
    send(scanner, "a", content, size=size)
    ((key, scan),) = scanner.results()
    assert key == "a"
    return scan


def brief(scan: Scan) -> tuple[str, str]:
    return scan.verdict.value, scan.signature or scan.reason


def big(size: int) -> bytes:
    return (b"0123456789abcdef" * (size // 16 + 1))[:size]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", ("passed", "")),
        (b"Spis.\n", ("passed", "")),
        (zipped(b"Spis.\n"), ("passed", "")),
        (big(FILE_MAX), ("passed", "")),
        (MARKER, ("failed", MARKER_NAME)),
        (EICAR, ("failed", EICAR_NAME)),
        (zipped(MARKER), ("failed", MARKER_NAME)),
        (zipped(zipped(EICAR)), ("failed", EICAR_NAME)),
        (locked(MARKER), ("indeterminate", "encrypted")),
        (zipped(locked(MARKER)), ("indeterminate", "encrypted")),
        (big(FILE_MAX + 1), ("indeterminate", "too-big")),
        (zipped(big(FILE_MAX + 1)), ("indeterminate", "too-big")),
        (big(STREAM_MAX + 1), ("indeterminate", "too-big")),
        (big(5 * STREAM_MAX), ("indeterminate", "too-big")),
    ],
    ids=range(14),
)
def test_what_is_said_of_a_file(clamd: Clamd | StandIn, content: bytes, expected: tuple[str, str]) -> None:
    with session(clamd.address) as scanner:
        assert brief(said(scanner, content)) == expected
        assert brief(said(scanner, b"the next one")) == ("passed", "")


def test_whose_word_it_is(clamd: Clamd | StandIn) -> None:
    with session(clamd.address) as scanner:
        scan = said(scanner, MARKER)
    assert scan.engine.startswith("ClamAV ")
    assert "/" not in scan.engine


@pytest.mark.parametrize("size", [True, False])
def test_what_is_over_the_configured_size_is_not_sent(clamd: Clamd | StandIn, size: bool) -> None:
    with session(clamd.address, max_bytes=len(MARKER)) as scanner:
        assert brief(said(scanner, MARKER, size=size)) == ("failed", MARKER_NAME)
        assert brief(said(scanner, MARKER + b"!", size=size)) == ("indeterminate", "too-big")
    if isinstance(clamd, StandIn):
        assert len(MARKER) in clamd.sent
        assert len(MARKER) + 1 not in clamd.sent


def test_the_size_by_default_is_one_that_a_scanner_reads_whole_by_default() -> None:
    """Debian sets StreamMaxLength and MaxFileSize to 25M, and AlertExceedsMax to no."""
    assert MAX_BYTES <= 25 << 20


def test_a_scanner_that_does_not_tell_what_it_leaves_out_is_believed_only_what_it_finds(kind: str) -> None:
    with running(kind, alert=False) as clamd, session(clamd.address) as scanner:
        assert brief(said(scanner, b"Spis.\n")) == ("indeterminate", "silent")
        assert brief(said(scanner, big(FILE_MAX + 1))) == ("indeterminate", "silent")
        assert brief(said(scanner, locked(MARKER))) == ("indeterminate", "silent")
        assert brief(said(scanner, zipped(MARKER))) == ("failed", MARKER_NAME)


def test_over_tcp(kind: str) -> None:
    with running(kind, tcp=True) as clamd, session(clamd.address) as scanner:
        assert brief(said(scanner, MARKER)) == ("failed", MARKER_NAME)
        assert brief(said(scanner, big(5 * STREAM_MAX))) == ("indeterminate", "too-big")
        assert brief(said(scanner, b"the next one")) == ("passed", "")


def test_many_on_their_way_at_once_are_not_mixed_up(clamd: Clamd | StandIn) -> None:
    seen: dict[str, tuple[str, str]] = {}
    with session(clamd.address) as scanner:
        for number in range(60):
            send(scanner, str(number), MARKER if number % 7 == 0 else b"file %d" % number)
            if number % 20 == 0:
                seen |= {key: brief(scan) for key, scan in scanner.ready()}
        seen |= {key: brief(scan) for key, scan in scanner.results()}
    expected = {
        str(number): ("failed", MARKER_NAME) if number % 7 == 0 else ("passed", "") for number in range(60)
    }
    assert seen == expected


def test_a_file_that_is_not_read_to_its_end_is_of_no_interest(clamd: Clamd | StandIn) -> None:
    with session(clamd.address) as scanner:
        with pytest.raises(ZeroDivisionError), scanner.open("a", None) as scanning:
            scanning.write(MARKER)
            raise ZeroDivisionError
        assert list(scanner.results()) == []
        assert brief(said(scanner, b"x")) == ("passed", "")


# -- a scanner in trouble -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address", ["/nonexistent/clamd.sock", "127.0.0.1:1", "/" + "long" * 50, "localhost:99999"]
)
def test_nobody_listens(address: str) -> None:
    with session(address) as scanner:
        assert brief(said(scanner, MARKER)) == ("indeterminate", "unreachable")


def test_no_scanner_is_configured() -> None:
    with session("") as scanner:
        assert brief(said(scanner, MARKER)) == ("indeterminate", "none")


def test_it_dies_in_the_middle_of_a_file(clamd: Clamd | StandIn) -> None:
    with session(clamd.address) as scanner:
        with scanner.open("a", None) as scanning:
            scanning.write(MARKER[:10])
            clamd.kill()
            for _ in range(20):
                scanning.write(big(PIECE))
        ((_, scan),) = scanner.results()
        assert brief(scan) == ("indeterminate", "unreachable")
        assert brief(said(scanner, MARKER)) == ("indeterminate", "unreachable")


def test_it_dies_before_it_has_answered(clamd: Clamd | StandIn) -> None:
    with session(clamd.address) as scanner:
        clamd.hang()
        for number in range(5):
            send(scanner, str(number), MARKER)
        clamd.kill()
        found = {key: brief(scan) for key, scan in scanner.results()}
    assert found == {str(number): ("indeterminate", "unreachable") for number in range(5)}


def test_it_hangs_and_is_not_waited_for_again(
    clamd: Clamd | StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("archivum.malware.scanning.PATIENCE", 0.5)
    with session(clamd.address, seconds=1.0) as scanner:
        assert brief(said(scanner, b"x")) == ("passed", "")
        clamd.hang()
        start = time.monotonic()
        for number in range(100):
            send(scanner, str(number), MARKER)
        found = {brief(scan) for _, scan in scanner.results()}
        assert found == {("indeterminate", "unreachable")}
        assert time.monotonic() - start < 4
        start = time.monotonic()
        scanner.begin()  # the next package asks once more
        assert brief(said(scanner, MARKER)) == ("indeterminate", "unreachable")
        assert time.monotonic() - start < 3


def test_it_is_there_again_for_the_next_package(kind: str) -> None:
    with running(kind) as clamd:
        address = clamd.address
        with session(address) as scanner:
            clamd.kill()
            assert brief(said(scanner, MARKER)) == ("indeterminate", "unreachable")
            Path(address).unlink(missing_ok=True)
            again = StandIn(Path(address).parent)
            assert brief(said(scanner, MARKER)) == ("indeterminate", "unreachable"), "not within a package"
            scanner.begin()
            assert brief(said(scanner, MARKER)) == ("failed", MARKER_NAME)
            again.close()


def test_a_slow_scanner_is_waited_for_in_its_time() -> None:
    with standing_in() as clamd, session(clamd.address, seconds=1.5) as scanner:
        clamd.delay = 0.5
        assert brief(said(scanner, MARKER)) == ("failed", MARKER_NAME)
        clamd.delay = 3.0
        assert brief(said(scanner, MARKER)) == ("indeterminate", "timeout")
        clamd.delay = 0.0
        assert brief(said(scanner, MARKER)) == ("failed", MARKER_NAME)


@pytest.mark.parametrize(
    "answer",
    [
        "stream: OK",  # without the end, and the connection closes
        "stream: OKAY\0",
        "stream: \0",
        "stream:  OK\0",
        "OK\0",
        "\0",
        "",
        "stream: OK\0stream: OK\0",
        "stream: OK FOUND ERROR\0",
        "stream: Can't allocate memory ERROR\0",
        "HTTP/1.1 400 Bad Request\r\n\r\n",
        "x" * 100_000,
        "\xff\xfe\x00",
    ],
)
def test_what_is_no_answer_is_no_verdict(answer: str) -> None:
    with standing_in(answer) as clamd, session(clamd.address) as scanner:
        scan = said(scanner, b"Spis.\n")
        assert scan.verdict is Verdict.INDETERMINATE
        assert scan.reason in ("error", "too-big")


def test_what_only_looks_like_a_scanner_is_sent_nothing() -> None:
    with standing_in(version="\nSSH-2.0") as clamd, session(clamd.address) as scanner:
        assert brief(said(scanner, MARKER)) == ("indeterminate", "error")
        assert clamd.sent == []


def test_engine_and_database_are_told_apart() -> None:
    with standing_in(version="/27703/Wed Jul 16 08:24:01 2025") as clamd, session(clamd.address) as scanner:
        scan = said(scanner, b"x")
    assert (scan.engine, scan.database) == ("ClamAV 1.4.6", "27703/Wed Jul 16 08:24:01 2025")

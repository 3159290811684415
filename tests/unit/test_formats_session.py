"""Identification end to end, and what files and the system can do to it."""

import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from archivum.errors import Misconfigured
from archivum.formats import session
from archivum.formats.identifying import Identifying
from archivum.model import Identification, Verdict

PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + b"\0" * 17 + b"\0\0\0\0IEND\xaeB`\x82"
TEXT = "Příliš žluťoučký kůň\n".encode() * 20
# the outermost of a CMS SignedData message (RFC 5652 §3, §5.1), and in it what the Czech data boxes deliver
ZFO = (
    b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x80\x30\x80\x02\x01\x01"
    b'<?xml version="1.0"?><p:MessageDownloadResponse xmlns:p="http://isds.czechpoint.cz/v20/message"/>'
)
MP4 = b"\0\0\0\x20ftypmp42\0\0\0\0mp42isom" + b"\0" * 200_000 + b"moov"

linux = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc")


@pytest.fixture(scope="module")
def identifying() -> Iterator[Identifying]:
    with Identifying() as one:
        yield one


def put(folder: Path, **files: bytes) -> list[Path]:
    """Write files; a double underscore stands for a dot."""
    paths = []
    for name, data in files.items():
        paths.append(folder / name.replace("__", "."))
        paths[-1].write_bytes(data)
    return paths


def add(identifying: Identifying, *paths: Path) -> None:
    for path in paths:
        identifying.add(path.name, path, path.name, path.stat().st_size if path.is_file() else 10)


def known(identifying: Identifying, *paths: Path) -> dict[str, Identification]:
    add(identifying, *paths)
    return dict(identifying.results())


def hanging(folder: Path) -> Path:
    """Make what siegfried opens and never comes back from: a pipe that nobody writes into."""
    path = folder / "pipe.txt"
    os.mkfifo(path)
    return path


def gone(pid: int, within: float) -> bool:
    """Whether a process is no more, or is only not yet waited for."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.02)
    return False


# -- what files are ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "data", "puids", "verdict", "reason", "warning"),
    [
        ("a.pdf", PDF, ["fmt/18"], "passed", "", ""),
        ("a.txt", PDF, ["fmt/18"], "passed", "", "extension mismatch"),
        ("a", PDF, ["fmt/18"], "passed", "", ""),
        ("a.png", PNG, ["fmt/11"], "passed", "", ""),
        ("a.txt", TEXT, ["x-fmt/111"], "passed", "", ""),
        ("README", TEXT, ["x-fmt/111"], "passed", "", "match on text only"),
        ("a.csv", b"a,b\n1,2\n", ["x-fmt/18"], "indeterminate", "extension", "match on extension only"),
        ("a.zfo", ZFO, ["fmt/1243"], "passed", "", ""),
        ("a.mp4", MP4, ["fmt/199"], "passed", "", ""),
        ("a.xml", b'<?xml version="1.0"?><a/>', ["fmt/101"], "passed", "", ""),
        ("a.qqq", b"\0\1\2\3" * 99, [], "indeterminate", "unknown", ""),
        ("a.pdf", b"", [], "failed", "empty", ""),
        # ODF 1.2 text whose ZIP directory is cut off: only fido knows it by its first bytes
        ("a.odt", b"PK\x03\x04" + b"\0" * 26 + b"mimetypeapplication/vnd.oasis.opendocument.textPK\x03\x04"
         + b"\0" * 99 + b'office:version="1.2"', ["fmt/291"], "passed", "", ""),
    ],
)  # fmt: skip
def test_a_file_is(
    identifying: Identifying,
    tmp_path: Path,
    name: str,
    data: bytes,
    puids: list[str],
    verdict: str,
    reason: str,
    warning: str,
) -> None:
    (tmp_path / name).write_bytes(data)
    found = known(identifying, tmp_path / name)[name]
    assert ([m.puid for m in found.matches], found.verdict, found.reason) == (puids, verdict, reason)
    assert [m.warning for m in found.matches] == [warning] * len(puids)


def test_an_answer_says_whose_it_is_and_on_what_ground(identifying: Identifying, tmp_path: Path) -> None:
    (path,) = put(tmp_path, a__png=PNG)
    found = known(identifying, path)["a.png"]
    (match,) = found.matches
    assert (match.name, match.version, match.mime) == ("Portable Network Graphics", "1.0", "image/png")
    assert match.basis == "extension match png; byte match"
    assert found.engine == "siegfried"
    assert found.signatures.startswith("siegfried 1.")
    assert identifying.signatures.startswith(f"{found.signatures}; fido 1.")
    assert " / PRONOM V1" in found.signatures and " / container 20" in found.signatures


def test_a_large_file_is_identified_by_its_ends(identifying: Identifying, tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    with path.open("wb") as file:
        file.write(b"II*\0\x08\0\0\0")
        file.truncate(200 << 20)
    found = known(identifying, path)["a.tif"]
    assert (found.puid, found.verdict) == ("fmt/353", Verdict.PASSED)
    assert found.matches[0].basis.endswith("; first and last 16 MiB")
    with path.open("r+b") as file:
        file.write(b"\0" * 8)
    unknown = known(identifying, path.rename(tmp_path / "a.qqq"))["a.qqq"]
    assert unknown.reason == "unknown: first and last 16 MiB"


def test_the_name_is_that_of_the_producer(identifying: Identifying, tmp_path: Path) -> None:
    odd = os.fsdecode(b"p\xe9.txt")
    (tmp_path / odd).write_bytes(TEXT)
    (tmp_path / "0001").write_bytes(TEXT)
    identifying.add("odd", tmp_path / odd, odd, len(TEXT))
    identifying.add("numbered", tmp_path / "0001", "data/kůň.txt", len(TEXT))
    for _, found in identifying.results():
        assert found.matches[0].basis == "extension match txt; text match UTF-8 Unicode"


def test_a_file_that_cannot_be_read(identifying: Identifying, tmp_path: Path) -> None:
    (tmp_path / "folder.txt").mkdir()
    for path in (tmp_path / "lost.txt", tmp_path / "folder.txt"):
        identifying.add(path.name, path, path.name, 10)
    assert [(found.verdict, found.reason) for _, found in identifying.results()] == [
        (Verdict.INDETERMINATE, "unreadable")
    ] * 2


def test_a_file_that_became_empty_is_empty(identifying: Identifying, tmp_path: Path) -> None:
    (path,) = put(tmp_path, a__txt=b"")
    identifying.add("a", path, "a.txt", 10)
    assert [found.reason for _, found in identifying.results()] == ["empty"]


def test_what_is_packed_does_not_fill_the_memory(identifying: Identifying, tmp_path: Path) -> None:
    path = tmp_path / "bomb.xyz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as package:
        for name in ("mimetype", "[Content_Types].xml", "word/document.xml"):
            package.writestr(name, b" " * (32 << 20))
    assert known(identifying, path)["bomb.xyz"].puid == "x-fmt/263"


def test_an_expression_that_takes_for_ever_is_given_up(tmp_path: Path) -> None:
    # the signature of glTF has four stars in a row, and here is all that they look for but the end
    data = b"\0" + b'{"asset":{"version":' * 10_000
    (path,) = put(tmp_path, a__qqq=data)
    script = (
        "import sys; from archivum.formats import engines; engines.SECOND = 0.2;"
        "print(engines.Engines().look(sys.argv[1], 'a.qqq', 190_002))"
    )
    said = subprocess.run(
        [sys.executable, "-c", script, path], check=True, capture_output=True, text=True, timeout=30
    )
    assert "unknown: fido took too long" in said.stdout


# -- a session --------------------------------------------------------------------------------------------


def test_all_come_back_in_the_order_of_adding_package_by_package(
    identifying: Identifying, tmp_path: Path
) -> None:
    png, text = put(tmp_path, a__png=PNG, b__txt=TEXT)
    for count in (1, 64, 333, 0):
        for number in range(count):
            path = (png, text)[number % 2]
            identifying.add(str(number), path, path.name, path.stat().st_size)
        found = list(identifying.results())
        assert [key for key, _ in found] == [str(number) for number in range(count)]
        assert {f.puid for key, f in found[::2]} <= {"fmt/11"}
        assert {f.puid for key, f in found[1::2]} <= {"x-fmt/111"}


def test_what_is_ready_is_not_waited_for(identifying: Identifying, tmp_path: Path) -> None:
    (path,) = put(tmp_path, a__png=PNG)
    keys = [str(number) for number in range(200)]
    fetched = []
    for key in keys:
        identifying.add(key, path, path.name, len(PNG))
        fetched += [key for key, _ in identifying.ready()]
    assert len(fetched) <= 192  # the last batch is not full
    fetched += [key for key, _ in identifying.results()]
    assert fetched == keys
    assert list(identifying.ready()) == []


def test_add_waits_for_a_worker_that_is_far_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "QUEUED", 1)
    (path,) = put(tmp_path, a__png=PNG)
    with Identifying() as one:
        for number in range(1000):
            one.add(str(number), path, path.name, len(PNG))
            assert len(one._waiting) <= 1
        assert len(list(one.results())) == 1000


def test_a_relative_path_stays_where_it_was(
    identifying: Identifying, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, a__png=PNG)
    monkeypatch.chdir(tmp_path)
    identifying.add("a", Path("a.png"), "a.png", len(PNG))
    monkeypatch.chdir("/")
    assert [found.puid for _, found in identifying.results()] == ["fmt/11"]


def test_what_is_discarded_does_not_come_with_the_next_package(
    identifying: Identifying, tmp_path: Path
) -> None:
    png, text = put(tmp_path, a__png=PNG, b__txt=TEXT)
    for count in (3, 200):
        for number in range(count):
            identifying.add(str(number), png, png.name, len(PNG))
        identifying.discard()
        assert list(known(identifying, text)) == ["b.txt"]


# -- what can happen to it --------------------------------------------------------------------------------


def test_a_file_that_hangs_is_told_from_the_others(tmp_path: Path) -> None:
    png, text = put(tmp_path, a__png=PNG, b__txt=TEXT)
    with Identifying(seconds=0.5) as one:
        found = known(one, png, hanging(tmp_path), text)
        assert list(found) == ["a.png", "pipe.txt", "b.txt"]
        assert (found["a.png"].puid, found["b.txt"].puid) == ("fmt/11", "x-fmt/111")
        assert found["pipe.txt"] == Identification((), Verdict.INDETERMINATE, "", "", "timeout")
        assert known(one, png)["a.png"].puid == "fmt/11"


def test_a_file_that_kills_the_worker_is_told_from_the_others(tmp_path: Path) -> None:
    """What hangs is killed from outside here, each time it hangs."""
    png, text = put(tmp_path, a__png=PNG, b__txt=TEXT)
    with Identifying() as one:
        add(one, png, hanging(tmp_path), text)
        done = threading.Event()

        def kill() -> None:
            while not done.wait(0.7):
                if (worker := one._worker) is not None and one._greeted:
                    os.kill(worker.pid, signal.SIGKILL)

        thread = threading.Thread(target=kill)
        thread.start()
        try:
            found = dict(one.results())
        finally:
            done.set()
            thread.join()
    assert (found["a.png"].puid, found["b.txt"].puid) == ("fmt/11", "x-fmt/111")
    assert (found["pipe.txt"].reason, found["pipe.txt"].verdict) == ("crash", Verdict.INDETERMINATE)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP, signal.SIGINT])
def test_a_worker_that_is_killed_or_stopped_costs_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: signal.Signals
) -> None:
    monkeypatch.setattr(session, "GRACE", 0.5)
    (path,) = put(tmp_path, a__png=PNG)
    with Identifying(seconds=0.5) as one:
        assert one.signatures
        for number in range(500):
            one.add(str(number), path, path.name, len(PNG))
            if number == 300:
                os.kill(one._worker.pid, how)  # type: ignore[union-attr]
        assert [(key, found.puid) for key, found in one.results()] == [(str(n), "fmt/11") for n in range(500)]


def test_the_worker_of_an_idle_session_may_die(tmp_path: Path) -> None:
    (path,) = put(tmp_path, a__png=PNG)
    with Identifying() as one:
        for _ in range(5):
            assert known(one, path)["a.png"].puid == "fmt/11"
            os.kill(one._worker.pid, signal.SIGKILL)  # type: ignore[union-attr]


@linux
def test_the_worker_ends_with_its_session(tmp_path: Path) -> None:
    (path,) = put(tmp_path, a__png=PNG)
    with Identifying() as one:
        known(one, path)
        pid = one._worker.pid  # type: ignore[union-attr]
        assert not gone(pid, 0.1)
    assert gone(pid, 1)
    one.close()


@linux
@pytest.mark.parametrize("hangs", [False, True])
def test_the_worker_ends_with_its_parent(tmp_path: Path, hangs: bool) -> None:
    path = hanging(tmp_path) if hangs else put(tmp_path, a__png=PNG)[0]
    script = (
        "import sys, time; from pathlib import Path; from archivum.formats.identifying import Identifying\n"
        "one = Identifying(seconds=0.5); one.signatures\n"
        "one.add('a', Path(sys.argv[1]), 'a.png', 10); one._flush(); one._turn(wait=False)\n"
        "print(one._worker.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script, path], stdout=subprocess.PIPE, text=True) as parent:
        pid = int(parent.stdout.readline())  # type: ignore[union-attr]
        parent.kill()
    assert gone(pid, 5)


# -- its start --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("python", ["/nonexistent/python", "/bin/false"])
def test_a_worker_that_does_not_start_is_the_operators_business(
    monkeypatch: pytest.MonkeyPatch, python: str
) -> None:
    monkeypatch.setattr(sys, "executable", python)
    with Identifying() as one, pytest.raises(Misconfigured) as caught:
        _ = one.signatures
    assert caught.value.text_id == "formats.worker"
    assert caught.value.text("cs") and caught.value.hint("en")


@pytest.mark.parametrize("engine", ["pygfried", "fido"])
def test_an_engine_that_is_not_there_is_the_operators_business(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    (tmp_path / f"{engine}.py").write_text("raise ImportError('not for this machine')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with Identifying() as one, pytest.raises(Misconfigured) as caught:
        _ = one.signatures
    assert caught.value.text_id == "formats.engine"
    assert "not for this machine" in caught.value.text()


def test_a_tighter_limit_of_memory_is_kept(tmp_path: Path) -> None:
    (path,) = put(tmp_path, a__png=PNG)
    script = (
        "import resource, sys; from pathlib import Path\n"
        "from archivum.formats.identifying import Identifying\n"
        "resource.setrlimit(resource.RLIMIT_DATA, (900 << 20,) * 2)\n"
        "with Identifying() as one:\n"
        "    one.add('a', Path(sys.argv[1]), 'a.png', 10)\n"
        "    print(next(one.results())[1].puid)"
    )
    said = subprocess.run([sys.executable, "-c", script, path], check=True, capture_output=True, text=True)
    assert said.stdout == "fmt/11\n"


def test_the_worker_imports_nothing_from_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, json__py=b"raise SystemExit", pygfried__py=b"raise SystemExit", a__png=PNG)
    monkeypatch.chdir(tmp_path)
    with Identifying() as one:
        assert known(one, tmp_path / "a.png")["a.png"].puid == "fmt/11"


def test_the_worker_imports_what_it_needs_and_no_more() -> None:
    script = "import sys, archivum.formats.worker, archivum.formats.engines; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    heavy = {
        "archivum.model",
        "dataclasses",
        "lxml",
        "multiprocessing",
        "requests",
        "sqlalchemy",
        "subprocess",
    }
    assert not heavy & set(loaded.stdout.split())

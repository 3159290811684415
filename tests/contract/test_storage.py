"""What every storage promises: complete or invisible, never overwritten, nothing outside."""

import hashlib
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from archivum.errors import NotFound, Refused
from archivum.storage import Source, Storage
from archivum.storage.local import LocalStorage


def local(folder: Path) -> Storage:
    storage = LocalStorage("local", folder)
    storage.create()
    return storage


FACTORIES: dict[str, Callable[[Path], Storage]] = {"local": local}

AWKWARD = (
    "a b/c d", "a-b/c", "a.b", "a/b", "a/b.c", "a/b-d/e", "ab", "Příloha č. 1.pdf", "příloha.pdf",
    "e\u0301", "é", "%41", "'", '"', "$(x)", "-rf", "~", "a\nb", "a\tb", "a\\b", ".hidden", "...", "x/.y/z",
    "journal/1", "ocfl/0=ocfl_1.1", "\U0001f4c4", "w/work", "n" * 200,
)  # fmt: skip
UNSAFE = ("", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/..", "a/./b", "a\0b", "work", "work/a")


@pytest.fixture(params=FACTORIES)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def storage(kind: str, tmp_path: Path) -> Storage:
    return FACTORIES[kind](tmp_path / "storage")


def content(storage: Source, key: str) -> bytes:
    with storage.open(key) as file:
        return file.read()


def snapshot(storage: Source) -> dict[str, bytes]:
    return {key: content(storage, key) for key, _ in storage.list()}


def folder_of(place: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return place


def tree(place: Path) -> dict[str, bytes]:
    return {p.relative_to(place).as_posix(): p.read_bytes() for p in place.rglob("*") if p.is_file()}


# -- reading what was put -----------------------------------------------------------------------------------


def test_it_is_a_storage(storage: Storage) -> None:
    assert isinstance(storage, Storage)
    assert storage.name == "local"


def test_what_was_put_is_there(storage: Storage) -> None:
    storage.put("a/b", b"\x00\xff data")
    assert content(storage, "a/b") == b"\x00\xff data"
    assert storage.exists("a/b")
    assert storage.exists("a")
    assert list(storage.list("a")) == [("a/b", 7)]
    assert list(storage.list("a/b")) == [("a/b", 7)]


def test_an_empty_file_is_a_file(storage: Storage) -> None:
    storage.put("empty", b"")
    assert list(storage.list("empty")) == [("empty", 0)]
    assert content(storage, "empty") == b""


def test_what_is_not_there(storage: Storage) -> None:
    storage.put("a/b", b"1")
    for key in ("x", "a/x", "a/b/c", "ab"):
        assert not storage.exists(key)
        assert list(storage.list(key)) == []
        with pytest.raises(NotFound):
            storage.open(key)


def test_a_folder_cannot_be_opened(storage: Storage) -> None:
    storage.put("a/b", b"1")
    with pytest.raises(NotFound):
        storage.open("a")


def test_names_come_back_as_they_were_given_in_the_order_of_code_points(storage: Storage) -> None:
    before = {key for key, _ in storage.list()}
    taken: list[str] = []
    for number, key in enumerate(AWKWARD):
        if any(other.startswith(f"{key}/") or key.startswith(f"{other}/") for other in taken):
            continue
        storage.put(key, str(number).encode())
        taken.append(key)
    listed = [key for key, _ in storage.list()]
    assert listed == sorted(listed)
    assert set(listed) - before == set(taken)
    for key in taken:
        assert content(storage, key) == str(AWKWARD.index(key)).encode()


def test_a_prefix_ends_where_a_name_ends(storage: Storage) -> None:
    for key in ("a/x", "ab/x", "a.x/y"):
        storage.put(key, b"")
    assert [key for key, _ in storage.list("a")] == ["a/x"]


@pytest.mark.parametrize("key", UNSAFE)
def test_no_key_leads_out(storage: Storage, key: str, tmp_path: Path) -> None:
    before = snapshot(storage)
    folder = folder_of(tmp_path / "folder", {"x": b"1"})
    with pytest.raises(Refused):
        storage.put(key, b"evil")
    with pytest.raises(Refused):
        storage.take(folder, key)
    with pytest.raises(Refused):
        storage.open(key)
    if key:
        with pytest.raises(Refused):
            storage.exists(key)
        with pytest.raises(Refused):
            list(storage.list(key))
    assert tree(folder) == {"x": b"1"}
    assert snapshot(storage) == before


# -- never overwritten --------------------------------------------------------------------------------------


def test_a_taken_key_is_refused_and_stays(storage: Storage) -> None:
    storage.put("k", b"first")
    with pytest.raises(Refused) as caught:
        storage.put("k", b"second")
    assert caught.value.text_id == "storage.taken"
    assert content(storage, "k") == b"first"


def test_a_folder_is_taken_whole(storage: Storage) -> None:
    files = {f"deep/er/{n}": os.urandom(n) for n in range(50)} | {"ž/é": b"1", "empty": b""}
    folder = folder_of(storage.workplace() / "package", files)
    storage.take(folder, "ocfl/abc/def/package")
    assert not folder.exists()
    assert {
        key.removeprefix("ocfl/abc/def/package/"): data
        for key, data in snapshot(storage).items()
        if key.startswith("ocfl/")
    } == files


def test_a_folder_is_taken_beside_another(storage: Storage, tmp_path: Path) -> None:
    storage.take(folder_of(storage.workplace() / "1", {"x": b"1"}), "o/a/1")
    storage.take(folder_of(storage.workplace() / "2", {"x": b"2"}), "o/a/2")
    storage.take(folder_of(tmp_path / "3", {"x": b"3"}), "o/b/3")
    storage.take(folder_of(tmp_path / "4", {"x": b"4"}), "p")
    assert [(key, content(storage, key)) for key, _ in storage.list("o")] == [
        ("o/a/1/x", b"1"),
        ("o/a/2/x", b"2"),
        ("o/b/3/x", b"3"),
    ]
    assert content(storage, "p/x") == b"4"


def test_a_folder_for_a_taken_key_stays_as_it_was(storage: Storage) -> None:
    storage.take(folder_of(storage.workplace() / "1", {"x": b"1"}), "o/1")
    storage.put("file", b"f")
    for key in ("o/1", "o", "file"):
        folder = folder_of(storage.workplace() / "2", {"x": b"2", "y/z": b"3"})
        with pytest.raises(Refused):
            storage.take(folder, key)
        assert tree(folder) == {"x": b"2", "y/z": b"3"}
    assert content(storage, "o/1/x") == b"1"
    assert content(storage, "file") == b"f"


def test_a_folder_from_another_file_system(storage: Storage, tmp_path: Path) -> None:
    other = Path("/dev/shm")
    if not os.access(other, os.W_OK) or other.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second file system to take a folder from")
    files = {"a/b": os.urandom(3_000_000), "c": b""}
    folder = folder_of(other / f"archivum-test-{os.getpid()}", files)
    storage.take(folder, "o/1")
    assert not folder.exists()
    assert {key[4:]: data for key, data in snapshot(storage).items() if key.startswith("o/")} == files


def test_the_workplace_is_no_part_of_what_is_stored(storage: Storage) -> None:
    before = snapshot(storage)
    folder_of(storage.workplace() / "package", {"x": b"1"})
    assert snapshot(storage) == before


# -- many at once -------------------------------------------------------------------------------------------


def race(attempts: list[Callable[[], None]]) -> list[int]:
    """Start all attempts at one moment on threads; return which of them were not refused."""
    start, won, failed = threading.Barrier(len(attempts)), [], []

    def run(number: int) -> None:
        start.wait()
        try:
            attempts[number]()
            won.append(number)
        except Refused:
            pass
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(attempts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    return won


def test_of_sixteen_threads_that_put_one_key_one_wins(storage: Storage) -> None:
    for turn in range(12):
        data = [f"{turn} {number} ".encode() * 5_000 for number in range(16)]
        key = f"r/{turn}/k"
        won = race([lambda one=one, key=key: storage.put(key, one) for one in data])  # type: ignore[misc]
        assert len(won) == 1
        assert content(storage, key) == data[won[0]]


def test_of_sixteen_threads_that_take_one_key_one_wins(storage: Storage) -> None:
    for turn in range(6):
        files = [{f"f{n}": f"{turn} {number} {n}".encode() for n in range(5)} for number in range(16)]
        folders = [folder_of(storage.workplace() / f"{turn}-{n}", one) for n, one in enumerate(files)]
        key = f"o/{turn}/x/y"
        won = race([lambda one=one, key=key: storage.take(one, key) for one in folders])  # type: ignore[misc]
        assert len(won) == 1
        assert {k[len(key) + 1 :]: content(storage, k) for k, _ in storage.list(key)} == files[won[0]]
        for number, folder in enumerate(folders):
            assert tree(folder) == ({} if number == won[0] else files[number])


def test_sixteen_threads_that_take_different_keys_in_one_new_folder_all_win(storage: Storage) -> None:
    folders = [folder_of(storage.workplace() / f"{n}", {"f": str(n).encode()}) for n in range(16)]
    won = race(
        [lambda one=one: storage.take(one, f"o/new/deep/{one.name}") for one in folders]  # type: ignore[misc]
    )
    assert sorted(won) == list(range(16))
    assert [key for key, _ in storage.list("o")] == sorted(f"o/new/deep/{n}/f" for n in range(16))


def compete(kind: str, root: Path, number: int, turns: int, start: float) -> list[tuple[int, str]]:
    storage, won = FACTORIES[kind](root), []
    time.sleep(max(0.0, start - time.time()))
    for turn in range(turns):
        try:
            storage.put(f"p/{turn}", f"{turn} {number} ".encode() * 1_000)
            won.append((turn, "put"))
        except Refused:
            pass
        folder = folder_of(storage.workplace() / f"{number}-{turn}", {"f": f"{turn} {number}".encode()})
        try:
            storage.take(folder, f"o/{turn}/x")
            won.append((turn, "take"))
        except Refused:
            pass
    return won


def test_of_four_processes_one_wins_each_key(kind: str, tmp_path: Path) -> None:
    turns, root = 25, tmp_path / "storage"
    storage = FACTORIES[kind](root)
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        # the moment to start at lies after the slowest start of a process
        pool.map(abs, range(16), chunksize=1)
        start = time.time() + 0.2
        wins = pool.starmap(compete, [(kind, root, number, turns, start) for number in range(4)], chunksize=1)
    for turn in range(turns):
        for act, key, text in (("put", f"p/{turn}", "{} {} "), ("take", f"o/{turn}/x/f", "{} {}")):
            winners = [number for number, won in enumerate(wins) if (turn, act) in won]
            assert len(winners) == 1, (turn, act, winners)
            once = text.format(turn, winners[0]).encode()
            assert content(storage, key) == once * (1_000 if act == "put" else 1)


# -- killed -------------------------------------------------------------------------------------------------

WRITES = ("open", "os.mkdir", "os.rename", "os.link", "os.remove", "os.rmdir", "shutil.rmtree")
DATA = b"complete " * 40_000
FILES = {f"d/{n}": hashlib.sha512(str(n).encode()).digest() * 100 for n in range(8)}


def killed_at_every_step(kind: str, act: str, root: str) -> None:
    """Do one act again and again, each time in a process of its own that dies at its n-th step; print each.

    Run in a process without threads: every turn forks it.
    """
    for step in range(1, 200):
        place = Path(root) / str(step)
        storage = FACTORIES[kind](place)
        folder = folder_of(storage.workplace() / "package", FILES) if act == "take" else place
        child = os.fork()
        if child == 0:
            left = step

            def die(event: str, _: object) -> None:
                nonlocal left
                if event in WRITES:
                    left -= 1
                    if not left:
                        os.kill(os.getpid(), signal.SIGKILL)

            sys.addaudithook(die)
            if act == "take":
                storage.take(folder, "o/a/b/c")
            else:
                storage.put("o/a/b/c", DATA)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        print(json.dumps([str(place), os.WIFSIGNALED(status)]), flush=True)  # noqa: T201
        if not os.WIFSIGNALED(status):
            return


@pytest.mark.parametrize("act", ["put", "take"])
def test_a_process_killed_at_any_step_leaves_all_or_nothing(kind: str, act: str, tmp_path: Path) -> None:
    script = (
        "from tests.contract.test_storage import killed_at_every_step;"
        f"killed_at_every_step({kind!r}, {act!r}, {str(tmp_path)!r})"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
        timeout=120,
    )
    steps = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(steps) > 5, "the hook did not see the writes"
    assert not steps[-1][1], "it never came to an end"
    outcomes = set()
    for place, was_killed in steps:
        storage = FACTORIES[kind](Path(place))
        found = {key: data for key, data in snapshot(storage).items() if key.startswith("o/")}
        whole = {"o/a/b/c": DATA} if act == "put" else {f"o/a/b/c/{n}": data for n, data in FILES.items()}
        assert found in ({}, whole)
        outcomes.add((bool(found), was_killed))
        # and it can be done again
        if not found and act == "put":
            storage.put("o/a/b/c", DATA)
        elif not found:
            storage.take(folder_of(storage.workplace() / "again", FILES), "o/a/b/c")
        found = {key: data for key, data in snapshot(storage).items() if key.startswith("o/")}
        assert found == whole
    # killed before the one step that makes it visible, and not killed at all
    assert {(False, True), (True, False)} <= outcomes


def keep_adding(kind: str, root: str) -> None:
    """Put and take without end."""
    storage = FACTORIES[kind](Path(root))
    for number in range(1_000_000):
        storage.put(f"p/{number}", str(number).encode() * 20_000)
        files = {f"f{n}": str(number).encode() * 3_000 for n in range(20)}
        storage.take(folder_of(storage.workplace() / str(number), files), f"o/{number % 7}/{number}")


def test_a_process_killed_at_any_moment_leaves_nothing_half(kind: str, tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    seen = 0
    for turn in range(5):
        root = tmp_path / str(turn)
        process = context.Process(target=keep_adding, args=(kind, str(root)))
        process.start()
        while not (root / "p").exists():
            time.sleep(0.01)
        time.sleep(0.05 + 0.037 * turn)
        process.kill()
        process.join()
        found = snapshot(FACTORIES[kind](root))
        objects: dict[str, dict[str, bytes]] = {}
        for key, data in found.items():
            parts = key.split("/")
            if parts[0] == "p":
                assert data == parts[1].encode() * 20_000
            elif parts[0] == "o":
                objects.setdefault(parts[2], {})[parts[3]] = data
        for number, files in objects.items():
            assert files == {f"f{n}": number.encode() * 3_000 for n in range(20)}
        seen += len(objects)
    assert seen > 5

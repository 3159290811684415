"""Programs that judge sound and video: what they say where they are installed, and that none stays behind."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from archivum.formats.validators import av, mediaconch, programs
from archivum.formats.validators.answer import Answer, Subject, Told
from tests.formats_made import saved, wav

needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="FFmpeg is not installed")
needs_mediaconch = pytest.mark.skipif(
    shutil.which("mediaconch") is None, reason="MediaConch is not installed"
)
linux = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc")


def subject(path: Path) -> Subject:
    return Subject(str(path), path.name, path.stat().st_size, "")


def ask(path: Path) -> Answer:
    said = av.validate(subject(path), Told(str(path.parent), {}))
    assert said is not None
    return said


def film(path: Path, *options: str) -> Path:
    """Make a second of a test picture."""
    made = ["-f", "lavfi", "-i", "testsrc=d=1:s=64x48", *options, str(path)]
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *made], check=True)
    return path


@needs_ffmpeg
def test_what_decodes_is_well_formed_and_not_more(tmp_path: Path) -> None:
    said = ask(film(tmp_path / "-a.mkv", "-c:v", "ffv1", "-level", "3"))
    assert (said.well_formed, said.valid, said.faults) == ("passed", "indeterminate", ())
    assert said.tool.startswith("FFmpeg ")
    assert dict(said.facts)["video"] == "ffv1"


@needs_ffmpeg
@pytest.mark.parametrize("place", [0.3, 0.6, 0.9])
def test_a_damaged_film_is_undecodable(tmp_path: Path, place: float) -> None:
    path = film(tmp_path / "a.mkv", "-c:v", "ffv1", "-level", "3", "-slicecrc", "1")
    data = bytearray(path.read_bytes())
    at = int(len(data) * place)
    data[at : at + 64] = bytes(64)
    path.write_bytes(data)
    said = ask(path)
    assert (said.well_formed, [fault.id for fault in said.faults]) == ("failed", ["undecodable"])
    assert "0x" not in dict(said.faults[0].params)["reason"]  # the same words every time


@needs_ffmpeg
def test_a_list_of_other_files_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(wav())
    for name, words in {
        "a.ffconcat": "ffconcat version 1.0\nfile a.wav\n",
        "a.m3u8": "#EXTM3U\na.wav\n",
    }.items():
        (tmp_path / name).write_text(words)
        assert ask(tmp_path / name).well_formed == "failed"


@needs_ffmpeg
def test_a_still_picture_is_no_film(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(saved("PNG"))
    assert ask(tmp_path / "a.mp4").well_formed == "failed"


@needs_ffmpeg
def test_what_takes_too_long_is_not_judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "SECONDS", 0.05)
    path = film(tmp_path / "a.mkv", "-t", "1", "-r", "500", "-c:v", "ffv1")
    said = ask(path)
    assert (said.well_formed, said.valid) == ("indeterminate", "indeterminate")
    assert [fault.id for fault in said.faults] == ["timeout"]


@needs_mediaconch
@needs_ffmpeg
def test_mediaconch_says_what_is_valid(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mkv", "-c:v", "ffv1", "-level", "3")
    said = mediaconch.validate(subject(path), Told("", {}))
    assert said is not None and (said.valid, said.faults) == ("passed", ())
    path.write_bytes(path.read_bytes()[:-500])
    said = mediaconch.validate(subject(path), Told("", {}))
    assert said is not None and (said.well_formed, said.valid) == ("passed", "failed")
    assert {fault.id for fault in said.faults} == {"mediaconch"}


def test_what_is_not_installed_is_not_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    request.addfinalizer(programs.found.cache_clear)
    programs.found.cache_clear()
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "a.wav").write_bytes(wav())
    assert av.validate(subject(tmp_path / "a.wav"), Told("", {})) is None
    assert mediaconch.validate(subject(tmp_path / "a.wav"), Told("", {})) is None


# -- processes --------------------------------------------------------------------------------------------


def test_a_program_that_says_much_is_heard_in_part() -> None:
    ran = programs.run([sys.executable, "-c", "print('x' * 5_000_000)"])
    assert (ran.status, len(ran.text)) == (0, 1 << 20)


def test_a_program_that_hangs_is_ended_with_its_children(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "SECONDS", 0.5)
    words = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'])"
    begin = time.monotonic()
    assert programs.run([sys.executable, "-c", words]).status is None
    assert time.monotonic() - begin < 20


@linux
def test_a_program_ends_with_the_process_that_asked_it(tmp_path: Path) -> None:
    """Also where that is killed, and cannot end anything."""
    note = tmp_path / "pid"
    sleeps = f"import os, time; open({str(note)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    asks = (
        "import sys; from archivum.formats.validators import programs; "
        f"programs.run([sys.executable, '-c', {sleeps!r}])"
    )
    parent = subprocess.Popen([sys.executable, "-c", asks])
    try:
        child = _pid(note)
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        assert _gone(child)
    finally:
        parent.kill()
        parent.wait()


def _pid(note: Path) -> int:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        if note.is_file() and (text := note.read_text()):
            return int(text)
        time.sleep(0.02)
    raise AssertionError("the program did not begin")


def _gone(pid: int) -> bool:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        try:
            os.kill(pid, 0)
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.02)
    return False

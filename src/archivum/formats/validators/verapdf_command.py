"""veraPDF's command: started for one file, ended after a time."""

import os
import resource
import shlex
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from archivum.formats.validators.verapdf_report import REPORT_BYTES, VeraPDFError

SECONDS: Final = 45  # less than the worker has for its files
# exit codes of veraPDF's command with which it has judged; all others say that it has not
_JUDGED: Final = (0, 1)
_WHY: Final = {
    2: "bad parameters",
    3: "out of memory",
    4: "no files",
    6: "input or output",
    7: "could not be parsed",
    8: "encrypted",
    9: "exception",
    10: "report could not be written",
    11: "process could not be started",
}


def run(command: str, flavour: str, path: str, scratch: str) -> tuple[bytes, bool]:
    """Return the report that a command writes, and whether its exit code says that the file is valid.

    Raises:
        VeraPDFError: it writes none.
        OSError: it cannot be started.
    """
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        shown = Path(folder, "file.pdf")  # it passes over files of another extension
        shown.symlink_to(path)
        arguments = ["--format", "json", "--flavour", flavour, "--maxfailuresdisplayed", "1", str(shown)]
        with Path(folder, "report").open("w+b") as report:
            status = _status([*shlex.split(command), *arguments], report.fileno())
            report.seek(0)
            said = report.read(REPORT_BYTES + 1)
    if status not in _JUDGED:
        raise VeraPDFError(f"exit {status}: {_WHY.get(status, 'unknown')}")
    if len(said) > REPORT_BYTES:
        raise VeraPDFError("the report is too large")
    return said, status == 0


def _status(arguments: list[str], output: int) -> int:
    process = subprocess.Popen(
        arguments,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # it may be a script that starts Java; all of it is ended
        preexec_fn=_unlimited,  # noqa: PLW1509 (the worker has one thread)
    )
    try:
        return process.wait(SECONDS)
    except subprocess.TimeoutExpired:
        raise VeraPDFError(f"took more than {SECONDS} seconds") from None
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _unlimited() -> None:
    """Take back the limit of memory that the worker has set for itself: Java keeps its own."""
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))

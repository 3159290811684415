"""One file converted: a new file of another format, or the reason why there is none."""

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import PIL

from archivum.formats.table import Conversion
from archivum.model import Agent, AgentKind
from archivum.planning.comparing import Properties, bits
from archivum.planning.running import Failed, Runner, python

_VERSION: Final = 100  # characters of what a tool says of its version
# extensions of what is not a text, by the filter of LibreOffice that makes a PDF file of it
_FILTERS: Final = {
    "xls": "calc_pdf_Export", "xlsx": "calc_pdf_Export", "ods": "calc_pdf_Export",
    "ppt": "impress_pdf_Export", "pptx": "impress_pdf_Export", "odp": "impress_pdf_Export",
}  # fmt: skip
_PDF_A_2: Final = {"SelectPdfVersion": {"type": "long", "value": "2"}}
_SAMPLES: Final = {8: "pcm_u8", 16: "pcm_s16le", 24: "pcm_s24le", 32: "pcm_s32le"}


@dataclass(frozen=True, slots=True)
class Task:
    """A file to be converted: where it is, where the new one is to be, what is known of it."""

    runner: Runner
    source: Path
    target: Path
    before: Properties


def _picture(kind: str, task: Task) -> None:
    where = (str(task.source), str(task.target))
    task.runner.run(python("archivum.planning.pictures", kind, *where))


def _tiff(task: Task) -> None:
    _picture("tiff", task)


def _png(task: Task) -> None:
    _picture("png", task)


def _wav(task: Task) -> None:
    """Write the samples as they are, in as many bits as they have."""
    codec = _SAMPLES.get(bits(task.runner, task.source))
    if codec is None:
        raise Failed("bits")
    quiet = ("-nostdin", "-v", "error", "-xerror", "-protocol_whitelist", "file,pipe")
    exact = ("-map", "0:a", "-c:a", codec, "-fflags", "+bitexact", "-flags:a", "+bitexact")
    task.runner.run(["ffmpeg", *quiet, "-i", f"file:{task.source}", *exact, f"file:{task.target}"])


def _office(task: Task) -> None:
    """Have LibreOffice print PDF/A-2b, with settings of its own; whether it did is seen by what is there."""
    scratch = task.runner.scratch
    out = scratch / "out"
    out.mkdir()
    printer = _FILTERS.get(task.source.suffix.lower().removeprefix("."), "writer_pdf_Export")
    task.runner.run(
        [
            "soffice", "--headless", "--norestore", f"-env:UserInstallation={(scratch / 'profile').as_uri()}",
            "--convert-to", f"pdf:{printer}:{json.dumps(_PDF_A_2)}", "--outdir", str(out), str(task.source),
        ]
    )  # fmt: skip
    made = out / f"{task.source.stem}.pdf"
    if made.is_file():
        made.rename(task.target)


_CONVERTERS: Final[Mapping[str, Callable[[Task], None]]] = {
    "tiff": _tiff,
    "png": _png,
    "wav": _wav,
    "office": _office,
}
_PROGRAMS: Final = {"wav": ["ffmpeg", "-version"], "office": ["soffice", "--version"]}


def needed(conversion: Conversion, before: Properties) -> bool:
    """Whether a file is not what it would become already: an uncompressed TIFF file stays as it is."""
    return not (conversion.by == "tiff" and before.get("compression") == "raw")


def convert(conversion: Conversion, task: Task) -> None:
    """Make the new file.

    Raises:
        Failed: there is none, or nothing in it.
    """
    if conversion.by:
        _CONVERTERS[conversion.by](task)
    else:
        places = {"{source}": str(task.source), "{target}": str(task.target)}
        task.runner.run([_filled(part, places) for part in conversion.command])
    if task.target.is_symlink() or not task.target.is_file() or not task.target.stat().st_size:
        raise Failed("nothing-made")


def tool(conversion: Conversion, runner: Runner) -> Agent:
    """Return what converts, with its version.

    Raises:
        Failed: it is not installed.
    """
    if conversion.by in ("tiff", "png"):
        return Agent("Pillow", AgentKind.SOFTWARE, PIL.__version__)
    asked = conversion.version or _PROGRAMS.get(conversion.by, [])
    name = (conversion.command or asked)[0]
    if shutil.which(name) is None:
        raise Failed("no-tool", tool=name)
    said = runner.run(asked).decode("utf-8", "replace").strip().partition("\n")[0] if asked else ""
    return Agent(Path(name).name, AgentKind.SOFTWARE, said[:_VERSION].strip())


def _filled(part: str, places: Mapping[str, str]) -> str:
    for hole, value in places.items():
        part = part.replace(hole, value)
    return part

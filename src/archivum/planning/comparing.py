"""Significant properties of files, read by programs of their own, and whether they are the same."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from archivum.planning.running import Failed, Runner, python

# read off a file, but not to be the same: a conversion is there to change it
_FREE: Final = ("compression",)
_QUIET: Final = ("-nostdin", "-v", "error", "-xerror", "-protocol_whitelist", "file,pipe")

Properties = Mapping[str, str]


def pixels(runner: Runner, path: Path) -> Properties:
    """Return what a picture is: size, mode, number of pictures, a digest of all decoded pixels."""
    return _texts(_facts(runner.run(python("archivum.planning.pictures", "describe", str(path)))))


def sound(runner: Runner, path: Path) -> Properties:
    """Return what a sound is: channels, samples a second, a digest of all decoded samples."""
    entries = "stream=channels,sample_rate,bits_per_raw_sample,sample_fmt"
    probe = ["ffprobe", "-v", "error", "-protocol_whitelist", "file,pipe", "-select_streams", "a"]
    told = _facts(runner.run([*probe, "-show_entries", entries, "-of", "json", f"file:{path}"]))
    streams: Any = told.get("streams", ())
    if len(streams) != 1:
        raise Failed("streams", count=len(streams))
    # 32 bits: samples of 24 bits would lose eight of them in the digest that ffmpeg makes by itself
    decode = ["ffmpeg", *_QUIET, "-i", f"file:{path}", "-map", "0:a", "-c:a", "pcm_s32le", "-f", "hash"]
    digest = runner.run([*decode, "-hash", "sha256", "pipe:1"]).decode("ascii", "replace").strip()
    facts = {"channels": streams[0].get("channels"), "sample rate": streams[0].get("sample_rate")}
    return {**{name: str(value) for name, value in facts.items()}, "samples": digest.rpartition("=")[2]}


def bits(runner: Runner, path: Path) -> int:
    """Return how many bits a sample of a sound has."""
    probe = ["ffprobe", "-v", "error", "-protocol_whitelist", "file,pipe", "-select_streams", "a:0"]
    entries = "stream=bits_per_raw_sample,bits_per_sample"
    told = _facts(runner.run([*probe, "-show_entries", entries, "-of", "json", f"file:{path}"]))
    streams: Any = told.get("streams", ())
    for one in streams:
        for name in ("bits_per_raw_sample", "bits_per_sample"):
            if str(one.get(name, "")).isdecimal() and int(one[name]) > 0:
                return int(one[name])
    raise Failed("bits")


def pages(runner: Runner, path: Path) -> Properties:
    """Return how many pages a PDF file has; nothing of what is none, for its pages cannot be counted."""
    with path.open("rb") as file:
        if not file.read(1024).lstrip().startswith(b"%PDF"):
            return {}
    return _texts(_facts(runner.run(python("archivum.planning.documents", str(path)))))


COMPARISONS: Final[Mapping[str, Callable[[Runner, Path], Properties]]] = {
    "pixels": pixels,
    "sound": sound,
    "pages": pages,
}


def compare(before: Properties, after: Properties) -> None:
    """Make sure that what is known of both is the same, and that something is known.

    Raises:
        Failed: it is not.
    """
    if not after:
        raise Failed("nothing-known")
    for name, value in before.items():
        if name in after and name not in _FREE and after[name] != value:
            raise Failed("differs", name=name, before=value, after=after[name])


def _texts(facts: Mapping[str, Any]) -> Properties:
    return {name: str(value) for name, value in facts.items()}


def _facts(said: bytes) -> Any:
    """Return what a program has said in JSON.

    Raises:
        Failed: it said something else.
    """
    try:
        facts = json.loads(said)
    except ValueError as error:
        raise Failed("said", told=ascii(said[:100])) from error
    if not isinstance(facts, dict):
        raise Failed("said", told=ascii(said[:100]))
    return facts

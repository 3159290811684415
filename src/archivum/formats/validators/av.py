"""Sound and moving pictures, decoded from their first to their last frame by FFmpeg, where it is installed.

Decoding proves that a file is well-formed, not that it keeps its specification. FFmpeg is given one thread,
no network, and no format that leads to other files.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from archivum.formats.validators import programs
from archivum.formats.validators.answer import (
    ERROR,
    INDETERMINATE,
    WARNING,
    Answer,
    Fault,
    Subject,
    Told,
    fault,
    judged,
    undecided,
)

_FORMATS: Final = (
    "mov,matroska,avi,mpeg,mpegts,mpegvideo,mp3,flac,wav,w64,aiff,ogg,aac,ac3,dv,mxf,asf,flv,rm,au"
)
_SAFE: Final = ("-protocol_whitelist", "file", "-format_whitelist", _FORMATS)
_STRICT: Final = ("-xerror", "-err_detect", "crccheck+bitstream+buffer+explode", "-threads", "1")
_UNABLE: Final = (
    "decoder not found",
    "no decoder",
    "unknown decoder",
    "not implemented",
    "unsupported codec",
)
_PLACE: Final = re.compile(r" @ 0x[0-9a-f]+")  # in memory: another one every time
_OWN: Final = "[null @"  # what has to do with where it decodes to, not with the file


def validate(subject: Subject, told: Told) -> Answer | None:
    """Decode a file; None where FFmpeg is not installed."""
    del told
    ffmpeg = programs.found("ffmpeg")
    if not ffmpeg:
        return None
    streams = ("-map", "0:v?", "-map", "0:a?")
    command = [ffmpeg, "-nostdin", "-hide_banner", "-v", "error", *_SAFE, *_STRICT]
    ran = programs.run([*command, "-i", f"file:{subject.path}", *streams, "-f", "null", "-"], errors=True)
    faults = list(_faults(ran))
    if any(one.severity != ERROR for one in faults):
        return undecided(_version(ffmpeg), *faults)
    return judged(_version(ffmpeg), faults, _streams(subject.path), valid=INDETERMINATE)


def _faults(ran: programs.Ran) -> Iterator[Fault]:
    said = [line.strip() for line in ran.text.splitlines() if line.strip() and not line.startswith(_OWN)]
    lower = ran.text.lower()
    reason = _PLACE.sub("", said[0])[:300] if said else f"exit {ran.status}"
    if ran.status is None:
        yield fault("timeout", WARNING)
    elif ran.status < 0:
        yield fault("engine", WARNING, tool="ffmpeg", reason=f"signal {-ran.status}")
    elif "cannot allocate memory" in lower:
        yield fault("memory", WARNING)
    elif any(words in lower for words in _UNABLE):
        yield fault("unsupported", WARNING, reason=reason)
    elif said or ran.status:
        yield fault("undecodable", reason=reason)


@cache
def _version(ffmpeg: str) -> str:
    words = programs.run([ffmpeg, "-version"]).text.split()
    return f"FFmpeg {words[2]}" if words[1:2] == ["version"] else "FFmpeg"


def _streams(path: str) -> dict[str, str]:
    """Return the codecs of the pictures and of the sound."""
    ffprobe = programs.found("ffprobe")
    if not ffprobe:
        return {}
    asked = ("-show_entries", "stream=codec_name,codec_type", "-of", "csv=p=0")
    said = programs.run([ffprobe, "-v", "quiet", *_SAFE, *asked, f"file:{path}"]).text
    streams = [line.split(",") for line in said.split()]
    found = {
        kind: ",".join(each[0] for each in streams if each[1:2] == [kind]) for kind in ("video", "audio")
    }
    return {kind: codecs for kind, codecs in found.items() if codecs}

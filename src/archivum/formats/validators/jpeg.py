"""JPEG (ISO/IEC 10918-1): every marker segment, every scan, and all coefficients decoded.

The walk judges Annex B: the order of markers, the lengths of segments, tables and frame headers, the numbers
of restart markers, and that there is an end. libjpeg-turbo then decodes all entropy-coded data, and its
slightest warning is a fault. What both pass keeps the interchange format as far as it can be judged; there is
no checksum in it, so a flipped bit may make another picture that is as good as the first.
"""

import mmap
import os
from collections.abc import Iterator
from typing import Final

from archivum.formats.validators import jpeg_segments, limits, octets, pixels
from archivum.formats.validators.answer import INFO, WARNING, Answer, Fault, Subject, Told, fault, judged
from archivum.formats.validators.octets import Octets

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy would begin threads that nobody needs
import simplejpeg

TOOL: Final = f"{octets.TOOL}, simplejpeg {simplejpeg.__version__}"
_DECODED: Final = frozenset({"baseline", "extended", "progressive"})  # by libjpeg-turbo, at 8 bits


def validate(subject: Subject, told: Told) -> Answer:
    """Judge a JPEG file: valid if its markers are in order and all that they frame can be decoded."""
    del told
    faults, facts = octets.walked(subject, _pictures)
    if octets.broken(faults) or not facts:
        return judged(octets.TOOL, faults, facts)
    tool, wrong = _decoded(subject.path, facts)
    faults += wrong
    return judged(tool, faults, facts, valid=limits.validity(faults))


def _pictures(file: Octets, facts: dict[str, str]) -> Iterator[Fault]:
    """Walk through the picture, and through those that follow it where it says so (CIPA DC-007)."""
    position = yield from jpeg_segments.walk(file, 0, facts)
    while position and position < file.size:
        zeros = _zeros(file, position)
        several = "multi-picture" in facts and file.size - zeros >= 2 and file.at(zeros, 2) == b"\xff\xd8"
        if not several:
            severity = INFO if "multi-picture" in facts else WARNING
            yield fault("trailing", severity, str(position), count=file.size - position)
            return
        position = yield from jpeg_segments.walk(file, zeros, {})


def _zeros(file: Octets, position: int) -> int:
    """Return where something else than zeros begins."""
    for data in file.rest(position):
        if rest := data.lstrip(b"\0"):
            return position + len(data) - len(rest)
        position += len(data)
    return position


def _decoded(path: str, facts: dict[str, str]) -> tuple[str, list[Fault]]:
    """Decode all coefficients; an eighth of each edge is made of them, which needs them all."""
    count = int(facts["width"]) * int(facts["height"])
    limit = limits.HELD if facts["process"] == "progressive" else limits.PIXELS
    if count > limit:
        return octets.TOOL, [limits.too_large(limit)]
    if facts["process"] not in _DECODED or facts["bits"] != "8":
        reason = f"{facts['process']}, {facts['bits']} bits"
        return octets.TOOL, [fault("unsupported", WARNING, reason=reason)]
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:  # noqa: PTH123
        try:
            colours = simplejpeg.decode_jpeg_header(data)[2]
        except ValueError:  # a subsampling that it has no name for
            return f"{octets.TOOL}, {pixels.TOOL}", pixels.decoded(path, "jpegload")
        space = {"Gray": "GRAY", "CMYK": "CMYK", "YCCK": "CMYK"}.get(colours, "RGB")
        try:
            simplejpeg.decode_jpeg(data, space, min_height=1, min_width=1, min_factor=8, strict=True)
        except MemoryError:
            return TOOL, [fault("memory", WARNING)]
        except ValueError as error:
            return TOOL, [fault("undecodable", reason=str(error)[:300])]
    return TOOL, []

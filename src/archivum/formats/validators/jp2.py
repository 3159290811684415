"""JPEG 2000 Part 1 and 15: JP2 and JPH files and bare codestreams, by jpylyzer.

jpylyzer judges every box and marker segment against ISO/IEC 15444-1, and that tile-parts are as long as they
say; what is valid by it is valid. It decodes no pixels, and there is no checksum in the format.
"""

import warnings
from collections.abc import Iterator
from typing import Final
from xml.etree import ElementTree

from jpylyzer import jpylyzer

from archivum.formats.validators import octets
from archivum.formats.validators.answer import (
    WARNING,
    Answer,
    Fault,
    Subject,
    Told,
    fault,
    judged,
    undecided,
)
from archivum.formats.validators.octets import Octets

TOOL: Final = f"jpylyzer {jpylyzer.__version__}"
_BOX: Final = b"\0\0\0\x0cjP  \r\n\x87\n"  # ISO/IEC 15444-1, I.5.1
_BRANDS: Final = {b"jp2 ": "jp2", b"jph ": "jph"}
_HIGH_THROUGHPUT: Final = 0x40  # of the first byte of Rsiz (ISO/IEC 15444-15, A.2)
_PART_2: Final = 0x80
_BOXED: Final = ("jp2", "jph")
_NOTED: Final = 20  # failed tests


def validate(subject: Subject, told: Told) -> Answer | None:
    """Judge a JPEG 2000 file; None where it is of a part that jpylyzer does not know."""
    del told
    kind = _kind(subject.path)
    if not kind:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        said = jpylyzer.checkOneFile(subject.path, kind)
    properties = {} if (found := said.find("properties")) is None else _facts(found, kind)
    if said.findtext("isValid") == "True":
        faults, _ = octets.walked(subject, _after) if kind in _BOXED else ([], {})
        return judged(TOOL, faults, properties)
    if said.findtext("statusInfo/success") != "True":
        reason = said.findtext("statusInfo/failureMessage") or "-"
        return undecided(TOOL, fault("engine", WARNING, tool=TOOL, reason=reason))
    faults = list(_failed(said.find("tests"), ""))[:_NOTED]
    return judged(TOOL, faults or [fault("jpeg2000", test="-")], properties)


def _kind(path: str) -> str:
    """Return jpylyzer's name of the format, by what the file begins with."""
    with open(path, "rb") as file:  # noqa: PTH123
        head = file.read(24)
    if head.startswith(b"\xff\x4f\xff\x51"):
        profile = head[6] if len(head) > 6 else 0
        return "" if profile & _PART_2 else "jhc" if profile & _HIGH_THROUGHPUT else "j2c"
    if head[16:20] == b"ftyp" and head.startswith(_BOX):
        return _BRANDS.get(head[20:24], "")
    return "jp2"


def _after(file: Octets, facts: dict[str, str]) -> Iterator[Fault]:
    """Look for bytes after the last box, which jpylyzer takes for boxes that it does not know."""
    del facts
    position = 0
    while position < file.size:
        left = file.size - position
        length, kind = (file.number(position, 4), file.at(position + 4, 4)) if left >= 8 else (0, b"")
        if length == 1 and left >= 16:
            length = file.number(position + 8, 8)
        elif length == 0 and kind == b"jp2c":
            return  # to the end of the file (I.4)
        if length < 8 or length > left or not kind.isascii() or not kind.decode().isprintable():
            yield fault("trailing", WARNING, str(position), count=left)
            return
        position += length


def _failed(tests: ElementTree.Element | None, where: str) -> Iterator[Fault]:
    """Yield the tests that failed, with the boxes they stand in."""
    for each in tests if tests is not None else ():
        if len(each):
            yield from _failed(each, f"{where}/{each.tag}" if where else each.tag)
        elif each.text == "False":
            yield fault("jpeg2000", where=where, test=each.tag)


def _facts(properties: ElementTree.Element, kind: str) -> dict[str, str]:
    places = {
        "width": ".//siz/xsiz",
        "height": ".//siz/ysiz",
        "components": ".//siz/csiz",
        "layers": ".//cod/layers",
        "transformation": ".//cod/transformation",
    }
    found = {name: properties.findtext(place) for name, place in places.items()}
    return {"profile": kind} | {name: text for name, text in found.items() if text}

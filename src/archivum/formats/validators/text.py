"""Plain text: whether it can be read as text. Nothing tells more, so that valid stays open.

UTF-8 proves itself; of an 8-bit code page nothing can be proved but that no control characters are in it.
"""

import codecs
import re
from collections.abc import Iterator
from typing import Final

from archivum.formats.validators.answer import (
    INDETERMINATE,
    WARNING,
    Answer,
    Fault,
    Subject,
    Told,
    fault,
    judged,
)
from archivum.formats.validators.markup import PIECE

TOOL: Final = "archivum text"
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# all but tab, line feed, form feed, carriage return, and the end mark of DOS
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0e-\x19\x1b-\x1f\x7f]")
_UNDEFINED: Final = re.compile(rb"[\x81\x83\x88\x90\x98]")  # in windows-1250


def validate(subject: Subject, told: Told) -> Answer:
    """Judge a text file: well-formed if it decodes and has no control characters."""
    del told
    encoding, faults = encoding_of(subject.path)
    return judged(TOOL, faults, {"encoding": encoding} if encoding else {}, valid=INDETERMINATE)


def encoding_of(path: str) -> tuple[str, list[Fault]]:
    """Return how a file is encoded, "" if it is no text, and what is wrong with it."""
    with open(path, "rb") as file:  # noqa: PTH123
        head = file.read(4)
    marked = next((name for mark, name in _MARKS if head.startswith(mark)), "")
    ascii_only = True
    at = 0
    try:
        for text in _decoded(path, marked or "utf-8"):
            ascii_only = ascii_only and text.isascii()
            if control := _CONTROL.search(text):
                return "", [
                    fault("text-control", where=str(at + control.start()), code=f"{ord(control[0]):02X}")
                ]
            at += len(text)
    except UnicodeDecodeError as error:
        if marked:
            return "", [fault("text-utf8", where=str(at), reason=error.reason)]
        return _eight_bits(path)
    return marked or ("us-ascii" if ascii_only else "utf-8"), []


def _decoded(path: str, encoding: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)()
    with open(path, "rb") as file:  # noqa: PTH123
        while data := file.read(PIECE):
            yield decoder.decode(data)
    yield decoder.decode(b"", final=True)


def _eight_bits(path: str) -> tuple[str, list[Fault]]:
    """Judge a file that is not UTF-8 as one of an 8-bit code page; which one, no byte tells."""
    at, fits = 0, True
    with open(path, "rb") as file:  # noqa: PTH123
        while data := file.read(PIECE):
            if control := _CONTROL.search(data.decode("latin-1")):
                code = f"{ord(control[0]):02X}"
                return "", [fault("text-control", where=str(at + control.start()), code=code)]
            fits = fits and not _UNDEFINED.search(data)
            at += len(data)
    return ("windows-1250?" if fits else "8-bit"), [fault("text-8bit", WARNING)]

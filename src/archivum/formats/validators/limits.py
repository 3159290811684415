"""How large pictures may be that are decoded, and what is said of larger ones."""

from collections.abc import Iterable
from typing import Final

from archivum.formats.validators.answer import INDETERMINATE, PASSED, WARNING, Fault, fault

PIXELS: Final = 1_000_000_000  # of one picture; an A0 sheet at 600 dpi has 558 million
HELD: Final = 250_000_000  # of one that a decoder must hold as a whole: A0 at 400 dpi has 244 million
PAGES: Final = 1000  # of one file

# what keeps a picture from being judged
_OPEN: Final = frozenset({"picture-too-large", "unsupported", "tiff-sparse", "memory", "timeout"})


def too_large(limit: int = PIXELS) -> Fault:
    """Return that a picture was not decoded, since it has more pixels than that."""
    return fault("picture-too-large", WARNING, limit=limit)


def validity(faults: Iterable[Fault]) -> str:
    """Return what a picture is whose faults are no errors: not judged where it was not decoded."""
    return INDETERMINATE if any(one.id in _OPEN for one in faults) else PASSED

"""Pictures decoded to their last pixel by libvips: a strip at a time, so that memory does not grow with them.

libvips keeps no results, works in one thread beside this one, and has no loader that its makers do not trust.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import pyvips

from archivum.formats.validators.answer import INDETERMINATE, PASSED, WARNING, Fault, fault

TOOL: Final = "libvips " + ".".join(str(pyvips.version(part)) for part in range(3))
PIXELS: Final = 1_000_000_000  # of one picture; an A0 sheet at 600 dpi has 558 million
HELD: Final = 250_000_000  # of one that a decoder must hold as a whole: A0 at 400 dpi has 244 million
PAGES: Final = 1000  # of one file

_OPEN: Final = frozenset({"picture-too-large", "unsupported", "tiff-sparse", "memory", "timeout"})
_UNABLE: Final = ("unsupported", "not supported", "not implemented", "unimplemented", "not configured")

pyvips.block_untrusted_set(True)
pyvips.cache_set_max(0)
pyvips.concurrency_set(1)


def decoded(path: str, loader: str, pages: Sequence[int] = ()) -> list[Fault]:
    """Decode a picture, or these pages of it, with a loader of libvips; return what is wrong with it."""
    for page in pages[:PAGES] or (None,):
        options = {} if page is None else {"page": page}
        try:
            picture = getattr(pyvips.Image, loader)(path, fail_on="warning", access="sequential", **options)
            if picture.width * picture.height > PIXELS:
                return [too_large()]
            picture.avg()  # needs every pixel, and keeps none
        except pyvips.Error as error:
            return [_wrong(error, "" if page is None else f"page {page + 1}")]
    return [] if len(pages) <= PAGES else [too_large()]


def too_large(limit: int = PIXELS) -> Fault:
    """Return that a picture was not decoded, since it has more pixels than that."""
    return fault("picture-too-large", WARNING, limit=limit)


def validity(faults: Iterable[Fault]) -> str:
    """Return what a picture is whose faults are no errors: not judged where it was not decoded."""
    return INDETERMINATE if any(one.id in _OPEN for one in faults) else PASSED


def _wrong(error: pyvips.Error, page: str) -> Fault:
    """Tell what is wrong with the picture from what this decoder cannot do."""
    lines = [line.strip() for line in str(error.detail or error.message).splitlines() if line.strip()]
    reason = (lines[0] if lines else str(error))[:300]
    lower = " ".join(lines).lower()
    if "memory" in lower:
        return fault("memory", WARNING, page)
    if any(word in lower for word in _UNABLE):
        return fault("unsupported", WARNING, page, reason=reason)
    return fault("undecodable", where=page, reason=reason)

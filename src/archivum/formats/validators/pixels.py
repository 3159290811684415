"""Pictures decoded to their last pixel by libvips: a strip at a time, so that memory does not grow with them.

libvips keeps no results, works in one thread beside this one, and has no loader that its makers do not trust.
"""

from collections.abc import Sequence
from typing import Final

import pyvips

from archivum.formats.validators.answer import WARNING, Fault, fault
from archivum.formats.validators.limits import PAGES, PIXELS, too_large

TOOL: Final = "libvips " + ".".join(str(pyvips.version(part)) for part in range(3))
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

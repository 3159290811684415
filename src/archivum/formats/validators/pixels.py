"""Pictures decoded to their last pixel, by Pillow; no more pixels than memory is given for."""

import warnings
from collections.abc import Iterable
from typing import Final

import PIL
from PIL import Image

from archivum.formats.validators.answer import INDETERMINATE, PASSED, WARNING, Fault, fault

TOOL: Final = f"Pillow {PIL.__version__}"
PIXELS: Final = 250_000_000  # of one picture: 1 GB as RGBA; an A0 sheet at 400 dpi has 244 million

Image.MAX_IMAGE_PIXELS = PIXELS


def decoded(path: str, kind: str) -> tuple[list[Fault], dict[str, str]]:
    """Decode every frame of a picture of a kind that Pillow knows; return faults, and facts of the first."""
    faults: list[Fault] = []
    facts: dict[str, str] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(path, formats=(kind,)) as picture:
                facts = {"width": str(picture.width), "height": str(picture.height), "mode": picture.mode}
                picture.load()
        except (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError):
            faults.append(fault("picture-too-large", WARNING, limit=PIXELS))
        except (OSError, SyntaxError, ValueError, EOFError) as error:  # as Pillow tells of bad files
            faults.append(fault("undecodable", reason=str(error) or type(error).__name__))
    return faults, facts


def validity(faults: Iterable[Fault]) -> str:
    """Return what a picture is whose faults are no errors: not judged if it was too large to be decoded."""
    return INDETERMINATE if any(one.id == "picture-too-large" for one in faults) else PASSED

"""Pictures, in a process of their own: converted without loss, and described by what must stay the same.

Run as ``python -P -m archivum.planning.pictures describe FILE`` or ``… tiff|png SOURCE TARGET``; answers with
one line of JSON. A picture of which Pillow would lose something without a word (more than eight bits of a
colour, colours multiplied by their transparency, pictures within pictures) is refused.
"""

import hashlib
import json
import sys
import warnings
from collections.abc import Iterator
from typing import Any, Final

from PIL import Image, ImageSequence, TiffImagePlugin

PIXELS: Final = 250_000_000  # of one picture: 1 GB as RGBA
KINDS: Final = ("TIFF", "PNG", "BMP", "DIB", "GIF", "WEBP")

# TIFF 6.0 §8 and supplements: how the picture is laid out, which is another once it is written anew
_LAYOUT: Final = frozenset(
    (256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 282, 283, 284, 292, 293, 296, 317, 320, 322, 323, 324,
     325, 338, 339, 347, 512, 513, 514, 515, 517, 518, 519, 520, 521, 529, 530, 531, 532, 34675)
)  # fmt: skip
_WITHIN: Final = {330: "SubIFDs", 34665: "Exif IFD", 34853: "GPS IFD"}  # structures that a copied tag loses
_BITS, _SAMPLES, _EXTRA = 258, 277, 338
_PREMULTIPLIED: Final = 1  # ExtraSamples
_RAW: Final = "raw"  # Pillow's name for TIFF without compression

Image.MAX_IMAGE_PIXELS = PIXELS


class Unfit(Exception):
    """A picture that cannot be converted without loss; the words say why."""


def main() -> None:
    """Do what is asked for, and say what came of it."""
    work, source, *rest = sys.argv[1:]
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    with Image.open(source, formats=KINDS) as picture:
        if work == "describe":
            answer = described(picture)
        else:
            refuse_unfit(picture)
            {"tiff": write_tiff, "png": write_png}[work](picture, rest[0])
            answer = {}
    sys.stdout.write(json.dumps(answer))


def described(picture: Image.Image) -> dict[str, str]:
    """Return the significant properties of a picture."""
    frames = 0
    hashed = hashlib.sha256()
    for frame in ImageSequence.Iterator(picture):
        frame.load()
        # a palette may be in another order; two pictures are the same if their colours are
        seen = frame.convert("RGBA") if frame.mode in ("P", "PA") else frame
        hashed.update(f"{seen.mode} {seen.width} {seen.height} ".encode())
        for band in _strips(seen):
            hashed.update(band)
        frames += 1
    picture.seek(0)
    facts = {
        "width": str(picture.width),
        "height": str(picture.height),
        "mode": picture.mode,
        "frames": str(frames),
        "pixels": hashed.hexdigest(),
        "resolution": _resolution(picture),
        "icc": _digest(picture.info.get("icc_profile") or b""),
    }
    if isinstance(picture, TiffImagePlugin.TiffImageFile):
        facts["compression"] = str(picture.info.get("compression", ""))
        facts["tags"] = _digest(repr(sorted(_tags(picture).items())).encode())
    return facts


def _strips(frame: Image.Image) -> Iterator[bytes]:
    for top in range(0, frame.height, 256):
        yield frame.crop((0, top, frame.width, min(top + 256, frame.height))).tobytes()


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest() if data else "–"


def _resolution(picture: Image.Image) -> str:
    """Dots an inch; formats keep it in other units, so to the whole dot."""
    found = picture.info.get("dpi")
    return "×".join(str(round(float(one))) for one in found) if found else "–"


def _tags(picture: TiffImagePlugin.TiffImageFile) -> dict[int, Any]:
    """Return the tags of a TIFF picture that tell of it and not of how it is laid out."""
    return {tag: value for tag, value in picture.tag_v2.items() if tag not in _LAYOUT}


def refuse_unfit(picture: Image.Image) -> None:
    """Refuse what Pillow would lose something of.

    Raises:
        Unfit: it would.
    """
    if not isinstance(picture, TiffImagePlugin.TiffImageFile):
        return
    first = _kept(picture)
    for number, _ in enumerate(ImageSequence.Iterator(picture)):
        tags = picture.tag_v2
        if _kept(picture) != first:
            raise Unfit(f"picture {number + 1} has another resolution or colour profile than the first")
        bits = tags.get(_BITS, (1,))
        if max(bits) > 8 and int(tags.get(_SAMPLES, 1)) > 1:
            raise Unfit(f"picture {number + 1} has {max(bits)} bits for each of several colours")
        if _PREMULTIPLIED in tuple(tags.get(_EXTRA, ())):
            raise Unfit(f"the colours of picture {number + 1} are multiplied by their transparency")
        for tag, name in _WITHIN.items():
            if tag in tags:
                raise Unfit(f"picture {number + 1} has structures within it ({name})")
        if number and _tags(picture).keys() - {254, 297}:
            raise Unfit(f"picture {number + 1} has tags of its own")
    picture.seek(0)


def write_tiff(picture: Image.Image, target: str) -> None:
    """Write an uncompressed TIFF file with all pictures, tags, resolution and colour profile."""
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    if isinstance(picture, TiffImagePlugin.TiffImageFile):
        for tag, value in _tags(picture).items():
            tags[tag] = value
            tags.tagtype[tag] = picture.tag_v2.tagtype[tag]
    several = getattr(picture, "n_frames", 1) > 1
    options = _kept(picture)
    picture.save(target, "TIFF", compression=_RAW, tiffinfo=tags, save_all=several, **options)


def write_png(picture: Image.Image, target: str) -> None:
    """Write a PNG file with resolution and colour profile.

    Raises:
        Unfit: there are several pictures.
    """
    if getattr(picture, "n_frames", 1) > 1:
        raise Unfit("there are several pictures in it, and PNG holds one")
    options = _kept(picture)
    picture.save(target, "PNG", **options)


def _kept(picture: Image.Image) -> dict[str, Any]:
    kept = {"dpi": picture.info.get("dpi"), "icc_profile": picture.info.get("icc_profile")}
    return {name: value for name, value in kept.items() if value}


if __name__ == "__main__":
    try:
        main()
    except Unfit as refusal:
        sys.exit(str(refusal))
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombWarning, MemoryError) as wrong:
        sys.exit(f"{type(wrong).__name__}: {wrong}"[:300])

"""Pictures inside PDF files: whether the data of one are enough, without decoding those that are coded."""

from typing import Final

import pikepdf

from archivum.formats.validators.pdf_objects import is_dictionary
from archivum.formats.validators.pdf_streams import FLATE, filters

_COMPONENTS: Final = {
    "/DeviceGray": 1,
    "/CalGray": 1,
    "/Indexed": 1,
    "/Separation": 1,
    "/DeviceRGB": 3,
    "/CalRGB": 3,
    "/Lab": 3,
    "/DeviceCMYK": 4,
}
_TAIL: Final = 4096  # bytes at the end of a JPEG file in which its end may lie
_JPEG: Final = ("/DCTDecode", "/DCT")


def is_jpeg(stream: pikepdf.Object) -> bool:
    """Whether a stream's data, with its other filters undone, are a JPEG file."""
    names = filters(stream)
    return bool(names) and names[-1] in _JPEG


def jpeg_wanting(head: bytes, tail: bytes) -> bool:
    """Whether a JPEG file does not begin or not end as one (ITU-T T.81 §B.2.1)."""
    return not head.startswith(b"\xff\xd8") or b"\xff\xd9" not in tail[-_TAIL:]


def pixel_bytes(stream: pikepdf.Object) -> int:
    """Return how many bytes a picture has when it is decoded, at most."""
    return 4 * _number(stream, "/Width") * _number(stream, "/Height")


def bytes_needed(stream: pikepdf.Object) -> int:
    """Return how many bytes an uncoded picture needs (ISO 32000-1 §8.9.5); 0 where that is not clear."""
    names = filters(stream)
    if stream.get("/Subtype") != "/Image" or any(name not in FLATE for name in names):
        return 0
    mask = bool(stream.get("/ImageMask", False))
    bits = 1 if mask else _number(stream, "/BitsPerComponent")
    components = 1 if mask else _components(stream.get("/ColorSpace"))
    row = (_number(stream, "/Width") * components * bits + 7) // 8
    return _number(stream, "/Height") * (row + _row_head(stream)) if row else 0


def _row_head(stream: pikepdf.Object) -> int:
    """Return 1 if each row begins with a byte for PNG's prediction (ISO 32000-1 §7.4.4.4)."""
    parameters = stream.get("/DecodeParms")
    if isinstance(parameters, pikepdf.Array):
        parameters = parameters[-1] if len(parameters) == 1 else None
    return 1 if is_dictionary(parameters) and _number(parameters, "/Predictor") >= 10 else 0


def _number(dictionary: pikepdf.Object, key: str) -> int:
    """Return a positive whole number; 0 where there is none."""
    value = dictionary.get(key)
    return max(0, value) if isinstance(value, int) else 0


def _components(space: object) -> int:
    """Return the number of components of a colour space; 0 if it is not one of those that are simple."""
    if isinstance(space, pikepdf.Array) and len(space):
        name = str(space[0])
        if name == "/ICCBased" and isinstance(space[1], pikepdf.Stream):
            return _number(space[1], "/N")
        if name == "/DeviceN" and isinstance(space[1], pikepdf.Array):
            return len(space[1])
        return _COMPONENTS.get(name, 0)
    return _COMPONENTS.get(str(space), 0)

"""WebP (RFC 9649): the chunks of its container, then all pixels by libvips; every frame of an animation.

Well-formedness is what is judged: what libwebp decodes without complaint.
"""

from collections.abc import Iterator
from typing import Final

from archivum.formats.validators import octets, pixels, riff_chunks
from archivum.formats.validators.answer import INDETERMINATE, Answer, Fault, Subject, Told, fault, judged
from archivum.formats.validators.octets import Octets

_PICTURES: Final = (b"VP8 ", b"VP8L")


def validate(subject: Subject, told: Told) -> Answer:
    """Judge a WebP picture or animation."""
    del told
    faults, facts = octets.walked(subject, _walk)
    if octets.broken(faults):
        return judged(octets.TOOL, faults, facts)
    faults += pixels.decoded(subject.path, "webpload", range(int(facts["frames"])))
    return judged(f"{octets.TOOL}, {pixels.TOOL}", faults, facts, valid=INDETERMINATE)


def _walk(file: Octets, facts: dict[str, str]) -> Iterator[Fault]:
    kinds: list[bytes] = []
    for chunk in riff_chunks.chunks(file, b"WEBP"):
        if isinstance(chunk, Fault):
            yield chunk
        else:
            kinds.append(chunk.kind)
    frames = kinds.count(b"ANMF")
    facts["frames"] = str(frames or 1)
    if not frames and sum(kinds.count(kind) for kind in _PICTURES) != 1:
        yield fault("webp-picture")

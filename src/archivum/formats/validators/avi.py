"""AVI (RIFF form "AVI ", with the further parts of OpenDML): the chunks, and that there are streams.

Only the structure is judged; whether pictures and sound can be decoded is for a decoder.
"""

from collections.abc import Iterator

from archivum.formats.validators import octets, riff_chunks
from archivum.formats.validators.answer import INDETERMINATE, Answer, Fault, Subject, Told, fault, judged
from archivum.formats.validators.octets import Octets


def validate(subject: Subject, told: Told) -> Answer:
    """Judge the structure of an AVI file."""
    del told
    faults, facts = octets.walked(subject, _walk)
    return judged(octets.TOOL, faults, facts, valid=INDETERMINATE)


def _walk(file: Octets, facts: dict[str, str]) -> Iterator[Fault]:
    position, form = 0, b"AVI "
    lists: set[bytes] = set()
    parts = 0
    while position < file.size:
        following = position + 8 + file.number(position + 4, 4, "little")
        last = following + 12 > file.size or file.at(following, 4) != b"RIFF"
        for chunk in riff_chunks.chunks(file, form, position):
            if isinstance(chunk, Fault):
                if chunk.id != "trailing" or last:
                    yield chunk
            elif chunk.kind == b"LIST" and chunk.length >= 4:
                lists.add(file.at(chunk.start, 4))
        parts += 1
        if last:
            break
        position, form = following, b"AVIX"
    facts["parts"] = str(parts)
    for kind in (b"hdrl", b"movi"):
        if kind not in lists:
            yield fault("wave-missing", chunk=kind.decode())

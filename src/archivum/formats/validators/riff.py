"""WAVE and Broadcast Wave (EBU Tech 3285) in RIFF, RF64 and BW64: every chunk, and that the sound is whole.

The walk judges the structure: sizes, fill bytes, one format before one piece of sound, formats that add up,
sound that is made of whole samples. Of PCM nothing more can be wrong, so such a file is valid; what is coded
otherwise is for a decoder.
"""

from collections.abc import Iterator
from typing import Final

from archivum.formats.validators import octets
from archivum.formats.validators.answer import (
    INDETERMINATE,
    PASSED,
    WARNING,
    Answer,
    Fault,
    Subject,
    Told,
    fault,
    judged,
)
from archivum.formats.validators.octets import Octets
from archivum.formats.validators.riff_chunks import Chunk, chunks

RULES: Final = frozenset({"wave-bext", "wave-fact"})
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_LINEAR: Final = ("pcm", "float")
_GUID: Final = bytes.fromhex("000000001000800000aa00389b71")  # what follows the code in a sub-format
_BEXT: Final = 602  # the least bytes of a bext chunk
_VERSION: Final = 346  # where its version stands


def validate(subject: Subject, told: Told) -> Answer:
    """Judge a WAVE file: valid if its chunks are in order and it is PCM, of which that is all."""
    del told
    faults, facts = octets.walked(subject, _walk)
    valid = PASSED if facts.get("codec") in _LINEAR else INDETERMINATE
    return judged(octets.TOOL, faults, facts, valid=valid, rules=RULES)


def _walk(file: Octets, facts: dict[str, str]) -> Iterator[Fault]:
    """Walk from chunk to chunk."""
    met: dict[bytes, Chunk] = {}
    for chunk in chunks(file, b"WAVE"):
        if isinstance(chunk, Fault):
            yield chunk
            if chunk.id not in ("riff-padding", "trailing"):
                return
            continue
        if chunk.kind in met and chunk.kind in (b"fmt ", b"data", b"bext", b"fact"):
            yield fault("wave-order", where=str(chunk.start - 8), chunk=chunk.kind.decode())
            return
        met.setdefault(chunk.kind, chunk)
        if chunk.kind == b"fmt ":
            yield from _format(file, chunk, facts)
        elif chunk.kind == b"data":
            yield from _data(chunk, met, facts)
        elif chunk.kind == b"bext":
            yield from _broadcast(file, chunk, facts)
    for kind in (b"fmt ", b"data"):
        if kind not in met:
            yield fault("wave-missing", chunk=kind.decode().strip())
    if facts.get("codec") not in (*_LINEAR, None) and b"fact" not in met:
        yield fault("wave-fact", WARNING)


def _format(file: Octets, chunk: Chunk, facts: dict[str, str]) -> Iterator[Fault]:
    where = str(chunk.start - 8)
    if chunk.length < 16:
        yield fault("wave-format", where=where)
        return
    data = file.at(chunk.start, min(chunk.length, 40))
    code, channels, rate, second, block, bits = (
        int.from_bytes(data[at : at + length], "little")
        for at, length in ((0, 2), (2, 2), (4, 4), (8, 4), (12, 2), (14, 2))
    )
    extended = code == _EXTENSIBLE
    if extended:
        if len(data) < 40 or data[26:40] != _GUID or data[16:18] < b"\x16":
            yield fault("wave-format", where=where)
            return
        code = int.from_bytes(data[24:26], "little")
    codec = {_PCM: "pcm", _FLOAT: "float"}.get(code, f"0x{code:04x}")
    facts |= {
        "codec": codec,
        "channels": str(channels),
        "rate": str(rate),
        "bits": str(bits),
        "block": str(block),
        "second": str(second),
    }
    if not channels or not rate or not block:
        yield fault("wave-format", where=where)
    elif codec in _LINEAR:
        whole = block == channels * -(-bits // 8) and second == rate * block
        if not whole or not (bits in (32, 64) if codec == "float" else 0 < bits <= 64):
            yield fault("wave-format", where=where)


def _data(chunk: Chunk, met: dict[bytes, Chunk], facts: dict[str, str]) -> Iterator[Fault]:
    where = str(chunk.start - 8)
    if b"fmt " not in met:
        yield fault("wave-order", where=where, chunk="data")
        return
    block, second = int(facts.pop("block", "0")), int(facts.pop("second", "0"))
    if facts.get("codec") in _LINEAR and block and chunk.length % block:
        yield fault("wave-samples", where=where)
    if second:
        facts["seconds"] = f"{chunk.length / second:.3f}"


def _broadcast(file: Octets, chunk: Chunk, facts: dict[str, str]) -> Iterator[Fault]:
    """Judge what makes a file Broadcast Wave: lengths, the date and time, the version."""
    if chunk.length < _BEXT:
        yield fault("wave-bext", where=str(chunk.start - 8))
        return
    version = file.number(chunk.start + _VERSION, 2, "little")
    facts["bext"] = str(version)
    stamp = file.at(chunk.start + 320, 18)
    digits = stamp[:4] + stamp[5:7] + stamp[8:10] + stamp[10:12] + stamp[13:15] + stamp[16:18]
    if version > 2 or not (digits.isdigit() or not stamp.strip(b"\0 ")):
        yield fault("wave-bext", where=str(chunk.start - 8))

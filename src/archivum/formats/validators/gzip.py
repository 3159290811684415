"""GZIP (RFC 1952): every member unpacked to its checksum; what is in it comes out to be judged by itself."""

import zlib
from collections.abc import Iterator
from typing import BinaryIO, Final

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
from archivum.formats.validators.inner import Taken
from archivum.formats.validators.zip_walk import RATIO, SMALL

TOOL: Final = f"zlib {zlib.ZLIB_RUNTIME_VERSION}"
_PIECE: Final = 1 << 16
_UNPACKED: Final = 1 << 20


class _Bomb(Exception):
    """It unpacks to far more than a file honestly does."""


def validate(subject: Subject, told: Told) -> Answer:
    """Judge a GZIP file: valid if all its members unpack and their checksums are right."""
    taken = Taken(told.scratch)
    faults: list[Fault] = []
    verdict = PASSED
    with open(subject.path, "rb") as file:  # noqa: PTH123
        members = _Members(file)
        try:
            taken.take(_within(subject.name), members.pieces())
        except zlib.error as error:
            faults.append(fault("undecodable", reason=str(error)))
        except EOFError:
            faults.append(fault("truncated", where=str(subject.size)))
        except _Bomb:
            faults.append(fault("zip-bomb", WARNING, packed=members.packed, size=members.size))
            verdict = INDETERMINATE
    if members.after:
        faults.append(fault("trailing", WARNING, str(subject.size - members.after), count=members.after))
    facts = {"members": str(members.count)}
    return judged(TOOL, (*faults, *taken.faults()), facts, taken.inner, valid=verdict, well_formed=verdict)


class _Members:
    """The members of a file, and what was read of them."""

    def __init__(self, file: BinaryIO) -> None:
        self.count = self.packed = self.size = self.after = 0
        self._file = file

    def pieces(self) -> Iterator[bytes]:
        """Yield what is packed.

        Raises:
            EOFError, zlib.error: it is cut off, or broken.
        """
        packed = self._read()
        while packed:
            if self.count and not packed.startswith(b"\x1f"):
                self._rest(packed)
                return
            self.count += 1
            unpacking = zlib.decompressobj(31)
            while not unpacking.eof:
                if not packed and not (packed := self._read()):
                    raise EOFError
                data = unpacking.decompress(packed, _UNPACKED)
                packed = unpacking.unconsumed_tail
                self.size += len(data)
                if self.size > SMALL and self.size > RATIO * self.packed:
                    raise _Bomb
                yield data
            packed = unpacking.unused_data or self._read()

    def _rest(self, packed: bytes) -> None:
        """Count what follows the last member; zeros fill up a block (gzip's manual, "Tapes")."""
        zeros = True
        while packed:
            zeros = zeros and not packed.strip(b"\0")
            self.after += len(packed)
            packed = self._read()
        self.after = 0 if zeros else self.after

    def _read(self) -> bytes:
        data = self._file.read(_PIECE)
        self.packed += len(data)
        return data


def _within(name: str) -> str:
    """Return what the file inside is called: the name without its suffix."""
    stem, _, suffix = name.rpartition(".")
    return {"gz": stem, "tgz": f"{stem}.tar", "svgz": f"{stem}.svg"}.get(suffix.lower(), "") or name

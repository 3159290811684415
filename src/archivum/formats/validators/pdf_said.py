"""What the rules for PDF say: a fault, and how sure it is what it means for the file."""

from collections.abc import Iterable, Iterator
from typing import Final

from archivum.formats.validators.answer import (
    FAILED,
    FAULTS,
    INDETERMINATE,
    PASSED,
    Answer,
    Fault,
    Inner,
)

MALFORMED: Final = "malformed"  # it breaks ISO 32000: no PDF file is like this
INVALID: Final = "invalid"  # it certainly breaks the part of ISO 19005 that it claims
DOUBT: Final = "doubt"  # it may break either, and validators of PDF/A do not look at it
UNSEEN: Final = "unseen"  # something was beyond the limits and was not looked at
NOTE: Final = "note"  # worth knowing

Said = Iterator[tuple[str, Fault]]


def answered(tool: str, said: Said, facts: Iterable[tuple[str, str]], inner: Iterable[Inner]) -> Answer:
    """Return the answer that rules add up to; it never says valid, because they are not all of ISO 19005."""
    weights: set[str] = set()
    faults: list[Fault] = []
    for weight, fault in said:
        weights.add(weight)
        if len(faults) < FAULTS:
            faults.append(fault)
    well_formed = FAILED if MALFORMED in weights else INDETERMINATE if UNSEEN in weights else PASSED
    valid = FAILED if weights & {MALFORMED, INVALID} else INDETERMINATE
    return Answer(well_formed, valid, tool, tuple(faults), tuple(sorted(facts)), tuple(inner))

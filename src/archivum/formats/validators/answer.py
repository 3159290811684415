"""What a validator is asked and what it answers: tuples of plain values, which go through a pipe as JSON."""

import os
import tempfile
from collections.abc import Container, Iterable, Mapping
from typing import BinaryIO, NamedTuple

# the values of archivum.model.Verdict and Severity, which would cost the worker half of its start-up time
PASSED, FAILED, INDETERMINATE = "passed", "failed", "indeterminate"
ERROR, WARNING, INFO = "error", "warning", "info"

FAULTS = 100  # of one file; after so many it is known well enough that it is broken
INNER = 1000  # files that are taken out of one file (ISDS takes containers of so many)
INNER_BYTES = 3 << 30  # bytes of them in all (3 GB, ibid.)


class Subject(NamedTuple):
    """The file a validator is asked about: where it lies, what its producer calls it, bytes, its PUID."""

    path: str
    name: str
    size: int
    puid: str


class Told(NamedTuple):
    """What a validator is told beside: where to put what it takes out of files, and settings."""

    scratch: str
    settings: Mapping[str, str]


class Fault(NamedTuple):
    """The fields of :class:`archivum.model.Fault`; ``params`` as pairs."""

    id: str
    severity: str = ERROR
    where: str = ""
    params: tuple[tuple[str, str | int], ...] = ()


class Inner(NamedTuple):
    """A file taken out of another: its place in the scratch folder, its path inside, its size in bytes."""

    place: str
    path: str
    size: int


class Answer(NamedTuple):
    """What a validator says of a file.

    ``valid`` is indeterminate where it judges only the structure; the next validator is then asked as well.
    ``tool`` is what judged, with its version. ``facts`` are pairs of a name and a value.
    """

    well_formed: str
    valid: str
    tool: str
    faults: tuple[Fault, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    inner: tuple[Inner, ...] = ()


def fault(id_: str, severity: str = ERROR, where: str = "", **params: str | int) -> Fault:
    """Return a fault; its words are the text ``id_`` of the room ``faults``."""
    return Fault(id_, severity, where, tuple(sorted(params.items())))


def judged(
    tool: str,
    faults: Iterable[Fault] = (),
    facts: Mapping[str, str] | None = None,
    inner: Iterable[Inner] = (),
    *,
    valid: str = PASSED,
    invalid: Iterable[Fault] = (),
    rules: Container[str] = (),
    well_formed: str = PASSED,
) -> Answer:
    """Return the answer of a validator of structure: a fault of severity ERROR makes the file malformed.

    ``valid`` is what a file without such faults is: INDETERMINATE if only its structure was looked at.
    ``invalid`` are faults of a file that is whole, against rules of its specification; so are those of
    ``faults`` whose ids are in ``rules``. ``well_formed`` is INDETERMINATE where something that is no fault
    of the file kept the validator from reading all of it.
    """
    found = tuple(faults)
    against = tuple(invalid)
    broken = any(one.severity == ERROR and one.id not in rules for one in found)
    wrong = any(one.severity == ERROR for one in (*found, *against))
    return Answer(
        FAILED if broken else well_formed,
        FAILED if wrong else valid,
        tool,
        (*found, *against)[:FAULTS],
        tuple(sorted((facts or {}).items())),
        tuple(inner),
    )


def undecided(tool: str, *faults: Fault) -> Answer:
    """Return the answer of a validator that came to no judgement."""
    return Answer(INDETERMINATE, INDETERMINATE, tool, faults)


def put(scratch: str) -> tuple[BinaryIO, str]:
    """Open a new file in the scratch folder for something inside a file; return it and its place."""
    handle, place = tempfile.mkstemp(dir=scratch)
    return os.fdopen(handle, "wb"), place

"""All validators, asked in turn about one file after another. Imported in the worker only."""

from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import NamedTuple

from archivum.formats.validators import VALIDATORS
from archivum.formats.validators.answer import (
    ERROR,
    FAILED,
    FAULTS,
    INDETERMINATE,
    PASSED,
    WARNING,
    Answer,
    Fault,
    Inner,
    Subject,
    Told,
    fault,
)

Validator = Callable[[Subject, Told], Answer | None]


class Said(NamedTuple):
    """What all the validators that were asked say of one file."""

    well_formed: str = INDETERMINATE
    valid: str = INDETERMINATE
    tools: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    inner: tuple[Inner, ...] = ()
    reason: str = ""


class Engines:
    """The validators; each is imported with the first file that it is asked about."""

    def __init__(self, scratch: str, settings: Mapping[str, str]) -> None:
        self._told = Told(scratch, settings)
        self._known: dict[str, Validator] = {}

    def about(self) -> dict[str, str]:
        """Return nothing yet: each answer names the tools that gave it."""
        return {}

    def look(self, path: str, name: str, size: int, puid: str, validators: Iterable[str]) -> Said:
        """Ask one validator after another, until one has judged whether the file is valid."""
        said, subject = Said(), Subject(path, name, size, puid)
        for each in validators:
            try:
                answer = self._validator(each)(subject, self._told)
            except Exception as error:  # whatever a library does with a file, it is no verdict
                wrong = fault("engine", WARNING, tool=each, reason=f"{type(error).__name__}: {error}"[:500])
                said = said._replace(faults=(*said.faults, wrong))
                continue
            if answer is not None:
                said = _both(said, answer)
            if said.valid != INDETERMINATE:
                break
        if said.tools:
            return said
        return said._replace(reason="crash" if said.faults else "none")

    def _validator(self, name: str) -> Validator:
        if name not in self._known:
            self._known[name] = import_module(VALIDATORS[name]).validate
        return self._known[name]


def _both(said: Said, answer: Answer) -> Said:
    """Return what is said by now; what one validator has found no other takes back.

    A fault of severity ERROR that one has found who did not judge leaves the file unconfirmed.
    """
    well_formed = answer.well_formed if said.well_formed != FAILED else FAILED
    if well_formed == INDETERMINATE:
        well_formed = said.well_formed
    doubted = answer.valid == PASSED and any(one.severity == ERROR for one in said.faults)
    valid = INDETERMINATE if doubted else answer.valid
    return Said(
        well_formed,
        FAILED if well_formed == FAILED else valid,
        (*said.tools, answer.tool),
        (*said.faults, *answer.faults)[:FAULTS],
        tuple(sorted({**dict(said.facts), **dict(answer.facts)}.items())),
        (*said.inner, *answer.inner),
    )

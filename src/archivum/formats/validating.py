"""Validation: whether files are well-formed and valid, by the validators that are named for their formats."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from archivum.formats.session import SECONDS, Session
from archivum.model import Fault, Severity, Validation, Verdict


class Inner(NamedTuple):
    """A file inside another, put where it can be looked at: its place, its path inside, its size in bytes."""

    place: Path
    path: str
    size: int


class Judged(NamedTuple):
    """What was said of a file, and the files inside it that are still to be judged."""

    validation: Validation
    inner: tuple[Inner, ...] = ()


class Validating(Session[Judged]):
    """Whether files are well-formed and valid; the validators are those of ``archivum.formats.validators``.

    What they find inside a file they put into ``scratch``; the caller removes it. ``settings`` are what
    validators are told: ``verapdf`` (a URL or a command).
    """

    work = "validate"
    memory = 2 << 30

    def __init__(self, scratch: Path, settings: Mapping[str, str], *, seconds: float = SECONDS) -> None:
        """Give a batch so many seconds, beside what reading it takes."""
        super().__init__(str(scratch), dict(settings), seconds=seconds)

    def add(self, key: str, path: Path, name: str, size: int, puid: str, validators: Sequence[str]) -> None:
        """Have validators asked, one after another, about a file that was identified.

        Raises:
            Misconfigured: the worker cannot be started.
        """
        self._add(key, path, name, size, puid, list(validators))

    def _answer(self, *fields: Any) -> Judged:
        well_formed, valid, tools, faults, facts, inner, reason = fields
        validation = Validation(
            Verdict(well_formed),
            Verdict(valid),
            tuple(tools),
            tuple(Fault(id_, Severity(how), where, dict(params)) for id_, how, where, params in faults),
            dict(facts),
            reason=reason,
        )
        return Judged(validation, tuple(Inner(Path(place), path, size) for place, path, size in inner))

    def _nothing(self, why: str) -> Judged:
        return Judged(Validation(reason=why))

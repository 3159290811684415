"""Identification: what format files have, by two engines."""

from pathlib import Path
from typing import Any

from archivum.formats.session import SECONDS, Session
from archivum.model import FormatMatch, Identification, Verdict


class Identifying(Session[Identification]):
    """What formats files have, by two engines.

    >>> with Identifying() as identifying:
    ...     identifying.add("a/b.pdf", Path("/staging/b.pdf"), "b.pdf", 10_240)
    ...     for key, identification in identifying.results(): ...
    """

    work = "identify"
    memory = 1 << 30

    def __init__(self, *, signatures: Path | None = None, seconds: float = SECONDS) -> None:
        """Take siegfried's signatures from a file (``.sig``), or those that it was shipped with."""
        super().__init__(*([str(signatures)] if signatures else []), seconds=seconds)

    def add(self, key: str, path: Path, name: str, size: int) -> None:
        """Ask for the format of a file of ``size`` bytes that its producer calls ``name``.

        The file stays as it is until its identification was fetched. This waits only where the worker is
        more than a thousand files behind.

        Raises:
            Misconfigured: the engines cannot be started.
        """
        self._add(key, path, name, size)

    @property
    def signatures(self) -> str:
        """Both engines with the versions of their signatures, for the record.

        Raises:
            Misconfigured: the engines cannot be started.
        """
        return "; ".join(self.about.values())

    def _answer(self, *fields: Any) -> Identification:
        matches, verdict, engine, reason = fields
        signatures = self._about.get(engine, "")
        return Identification(
            tuple(FormatMatch(*match) for match in matches), Verdict(verdict), engine, signatures, reason
        )

    def _nothing(self, why: str) -> Identification:
        return Identification((), Verdict.INDETERMINATE, "", "", why)

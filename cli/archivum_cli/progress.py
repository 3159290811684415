"""A progress bar on a terminal; nothing elsewhere, where it would only fill a log."""

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Self

from archivum.texts import printable
from archivum_cli.shell import Shell

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress


class Progress:
    """Bytes, packages and the time that is left, on stderr."""

    def __init__(self, shell: Shell, size: int, packages: int) -> None:
        self._bar: RichProgress | None = None
        if sys.stderr.isatty() and not shell.json:
            self._bar = _bar()
            self._bytes = self._bar.add_task(shell.say("progress-bytes"), total=size)
            self._packages = self._bar.add_task(shell.say("progress-packages"), total=packages)

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.stop()

    def advance(self, size: int) -> None:
        """So many bytes more were read."""
        if self._bar is not None:
            self._bar.advance(self._bytes, size)

    def done(self, name: str) -> None:
        """One package more is done."""
        if self._bar is not None:
            self._bar.update(self._packages, advance=1, description=printable(name))


def _bar() -> "RichProgress":
    from rich.console import Console  # noqa: PLC0415 (0.1 s to import, and only a terminal needs it)
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        MofNCompleteColumn,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as RichProgress  # noqa: PLC0415

    return RichProgress(
        TextColumn("{task.description:.40}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )

"""One file a command; each makes its command for a shell, in the shell's language."""

from collections.abc import Callable
from typing import Final

import click

from archivum_cli.commands import (
    catalogue,
    decide,
    dip,
    export,
    formats,
    ingest,
    init,
    list_,
    normalise,
    scan,
    schemas,
    show,
    status,
    verify,
)
from archivum_cli.shell import Shell

COMMANDS: Final[tuple[Callable[[Shell], click.Command], ...]] = (
    init.command,
    status.command,
    ingest.command,
    decide.command,
    list_.command,
    show.command,
    verify.command,
    scan.command,
    export.command,
    dip.command,
    formats.command,
    normalise.command,
    catalogue.command,
    schemas.command,
)

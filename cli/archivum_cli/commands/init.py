"""``archivum init``: make an archive."""

import uuid
from pathlib import Path

import click

from archivum.configuration import TRIAL_INSTITUTION
from archivum.founding import found_archive
from archivum_cli.shell import Shell


def command(shell: Shell) -> click.Command:
    """Return the command."""

    @click.command("init", help=shell.say("init-help"))
    @click.argument("folder", type=click.Path(path_type=Path))
    @click.option("--name", help=shell.say("init-name"))
    @click.option("--institution", help=shell.say("init-institution"))
    @click.option("--code", default=TRIAL_INSTITUTION, show_default=True, help=shell.say("init-code"))
    def run(folder: Path, name: str | None, institution: str | None, code: str) -> None:
        root = folder.resolve()
        identifier = uuid.uuid4()
        found_archive(
            root,
            identifier,
            shell.clock(),
            name=name or root.name,
            institution=institution or shell.say("init-nobody"),
            code=code,
            language=shell.language,
            agent=shell.agent,
            clock=shell.clock,
        )
        shell.data("archive", {"path": str(root), "id": str(identifier)}, str(root))
        shell.note(shell.say("init-done", place=root))

    return run

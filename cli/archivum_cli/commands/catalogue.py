"""``archivum catalogue``: the catalogue is a view, and can be made again from what is stored."""

import click

from archivum.archive import rebuild
from archivum_cli.shell import Shell


def command(shell: Shell) -> click.Command:
    """Return the command."""

    @click.group("catalogue", help=shell.say("catalogue-help"))
    def group() -> None:
        pass

    @group.command("rebuild", help=shell.say("catalogue-rebuild"))
    @click.option("--dry-run", is_flag=True, help=shell.say("dry-run"))
    def run(dry_run: bool) -> None:
        archive = shell.open()
        events = rebuild(archive, dry_run=dry_run)
        shell.data("catalogue", {"events": events, "changed": not dry_run}, str(events))
        shell.note(shell.say("catalogue-would" if dry_run else "catalogue-done", events=events))

    return group

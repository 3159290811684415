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
        done = rebuild(archive, dry_run=dry_run)
        shell.data("catalogue", {"events": done.events, "changed": done.changed}, str(done.events))
        became = "done" if done.changed else "same"
        shell.note(shell.say("catalogue-would" if dry_run else f"catalogue-{became}", events=done.events))

    return group

"""``archivum decide``: a person decides about a package that is held."""

import click

from archivum.ingest.deciding import decide
from archivum.model import Action
from archivum_cli.shell import Shell


def command(shell: Shell) -> click.Command:
    """Return the command."""

    @click.command("decide", help=shell.say("decide-help"))
    @click.argument("package")
    @click.argument("action", type=click.Choice(("accept", "reject")))
    @click.option("--reason", required=True, help=shell.say("decide-reason"))
    @click.option("--dry-run", is_flag=True, help=shell.say("dry-run"))
    def run(package: str, action: str, reason: str, dry_run: bool) -> None:
        if not reason.strip():
            raise click.BadParameter(shell.say("decide-no-reason"))
        archive = shell.open()
        archive.catch_up()
        accession = decide(archive, package, Action(action), reason, dry_run=dry_run)
        shell.data("decision", {"uuid": str(accession.uuid), "action": action}, f"{action}\t{accession.uuid}")
        shell.note(shell.say(f"decide-{action}", uuid=accession.uuid))

    return run

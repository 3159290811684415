"""``archivum normalise``: files of stored AIPs in formats that will do, as new representations."""

import click

from archivum.archive import Archive
from archivum.audit.verify import chosen
from archivum.catalogue.fold import Accession
from archivum.errors import DONE, PARTLY_DONE, CorruptionFound, NotFound, PackageRejected, Refused
from archivum.formats.table import PURPOSES
from archivum.planning.normalising import Normalised, normalise
from archivum.stored.versions import settle
from archivum.texts import say
from archivum_cli.shell import Shell


def command(shell: Shell) -> click.Command:
    """Return the command."""

    @click.command("normalise", help=shell.say("normalise-help"))
    @click.argument("packages", nargs=-1, required=True)
    @click.option("--to", type=click.Choice(PURPOSES), default=PURPOSES[0], show_default=True,
                  help=shell.say("normalise-to"))  # fmt: skip
    @click.option("--dry-run", is_flag=True, help=shell.say("dry-run"))
    def run(packages: tuple[str, ...], to: str, dry_run: bool) -> None:
        archive = shell.open()
        if dry_run:
            archive.catch_up()
            _all(shell, archive, list(chosen(archive, packages)), to, dry_run=True)
            return
        with archive.writing():
            settle(archive)
            _all(shell, archive, list(chosen(archive, packages)), to, dry_run=False)

    return run


def _all(shell: Shell, archive: Archive, accessions: list[Accession], to: str, *, dry_run: bool) -> None:
    made = failed = stopped = 0
    with archive.examining() as examining:
        for accession in accessions:
            try:
                done = normalise(archive, accession, to, examining, dry_run=dry_run)
            except (CorruptionFound, NotFound, Refused) as error:  # one AIP does not stop the others
                shell.fail(error)
                stopped = max(stopped, error.exit_code)
                continue
            _show(shell, done, dry_run=dry_run)
            made, failed = made + len(done.made), failed + len(done.findings)
    if made and not dry_run:
        shell.note(shell.say("normalise-signatures"))
    shell.counts.update({"converted": made, "failed": failed})
    if made:
        shell.exit_code = PARTLY_DONE if failed or stopped else DONE
    else:
        shell.exit_code = stopped or (PackageRejected.exit_code if failed else DONE)


def _show(shell: Shell, done: Normalised, *, dry_run: bool) -> None:
    uuid = str(done.accession.uuid)
    word = shell.say("normalise-would" if dry_run else "normalise-made")
    for one in done.made:
        plain = {"uuid": uuid, "source": one.source, "format": one.format, "target": one.target}
        shell.data("file", {**plain, "becomes": one.becomes}, f"{word}\t{one.source}\t{one.target}")
    for finding in done.findings:
        shell.data("finding", {"uuid": uuid, **shell.finding(finding)})
        shell.tell(finding)
    counts = {"made": len(done.made), "skipped": done.skipped, "failed": len(done.findings)}
    known = {"uuid": uuid, "version": done.version, "representation": done.representation, **counts}
    shell.data("package", {**known, "dry_run": dry_run})
    if done.version:
        shell.note(shell.say("normalise-version", **known))
    elif not done.made and not done.findings and not done.skipped:
        shell.note(f"{uuid}: {say('planning.nothing', shell.language)}")
    elif not dry_run:
        shell.note(shell.say("normalise-nothing", **known))
    if done.left:
        shell.note(shell.say("normalise-more"))

"""``archivum schemas``: the publishers' own XML schemas, put beside archivum's."""

from pathlib import Path

import click

from archivum.errors import DONE, NotFound, PackageRejected
from archivum.schemas import SETS, install
from archivum.storage.durable import publish
from archivum_cli.shell import Shell


def command(shell: Shell) -> click.Command:
    """Return the command."""

    @click.group("schemas", help=shell.say("schemas-help"))
    def group() -> None:
        pass

    @group.command("list", help=shell.say("schemas-list"))
    def show() -> None:
        archive = shell.open()
        for name in SETS:
            who = archive.schemas.decides(name)
            shell.data("schema", {"name": name, "decides": who}, f"{name}\t{who}")

    @group.command("install", help=shell.say("schemas-install"))
    @click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
    @click.option("--dry-run", is_flag=True, help=shell.say("dry-run"))
    def put(folder: Path, dry_run: bool) -> None:
        archive = shell.open()
        target = archive.root / "schemas"
        done = install(folder, target, (lambda path, data: None) if dry_run else publish)
        for kind, names in (
            ("would-install" if dry_run else "installed", done.installed),
            ("present", done.present),
            ("missing", done.missing),
        ):
            for name in names:
                shell.data("file", {"name": name, "state": kind}, f"{kind}\t{name}")
        for refusal in done.refused:
            shell.note(
                shell.say("schemas-refused", name=refusal.name, found=refusal.found, pinned=refusal.pinned)
            )
        if not done.installed and not done.present:
            raise NotFound("schemas.none", place=folder)
        shell.exit_code = PackageRejected.exit_code if done.refused else DONE

    return group

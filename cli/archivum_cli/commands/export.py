"""``archivum export``: the bag of an AIP, as a folder or a container."""

from pathlib import Path

import click

from archivum.access.export import export
from archivum_cli.shell import Shell, readable


def command(shell: Shell) -> click.Command:
    """Return the command."""

    @click.command("export", help=shell.say("export-help"))
    @click.argument("package")
    @click.option("--to", type=click.Path(path_type=Path), default=Path(), help=shell.say("export-to"))
    @click.option("--form", type=click.Choice(("folder", "zip", "tar")), default="folder", show_default=True,
                  help=shell.say("export-form"))  # fmt: skip
    @click.option("--version", default="", help=shell.say("export-version"))
    def run(package: str, to: Path, form: str, version: str) -> None:
        archive = shell.open()
        archive.catch_up()
        uuid = archive.catalogue.package(package).uuid
        done = export(archive, uuid, to, form, version)  # type: ignore[arg-type]
        shell.data(
            "export",
            {"uuid": str(uuid), "path": str(done.path), "files": done.files, "bytes": done.size},
            str(done.path),
        )
        shell.note(shell.say("export-done", files=done.files, size=readable(done.size)))

    return run

"""``archivum dip``: a package, or part of it, for a reader."""

import uuid
from pathlib import Path

import click

from archivum.access.dip import disseminate
from archivum_cli.shell import Shell, readable


def command(shell: Shell) -> click.Command:
    """Return the command."""

    @click.command("dip", help=shell.say("dip-help"))
    @click.argument("package")
    @click.option("--to", type=click.Path(path_type=Path), required=True, help=shell.say("dip-to"))
    @click.option("--record", "records", multiple=True, help=shell.say("dip-record"))
    @click.option("--file", "paths", multiple=True, help=shell.say("dip-file"))
    @click.option("--permit", default="", help=shell.say("dip-permit"))
    def run(package: str, to: Path, records: tuple[str, ...], paths: tuple[str, ...], permit: str) -> None:
        archive = shell.open()
        archive.catch_up()
        done = disseminate(
            archive,
            archive.catalogue.package(package).uuid,
            to,
            records,
            paths,
            permit=permit,
            dip_id=uuid.uuid4(),
            at=shell.clock(),
        )
        shell.data(
            "dip",
            {"uuid": str(done.uuid), "path": str(done.path), "files": done.files, "bytes": done.size},
            str(done.path),
        )
        shell.note(shell.say("dip-done", files=done.files, size=readable(done.size), place=done.path))

    return run

"""``archivum``: the entry point, its options, and the way from errors to exit codes."""

import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from archivum import __version__
from archivum.errors import ArchivumError, Misused
from archivum.texts import Language
from archivum_cli.commands import COMMANDS
from archivum_cli.shell import Shell, language_of, user_name

INTERRUPTED = 130  # 128 + SIGINT


def main() -> None:
    """Run the command line of this process."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    shell = Shell(language_of(os.environ, _told(arguments)), clock=_now)
    try:
        command_line(shell).main(list(arguments), prog_name="archivum", standalone_mode=False)
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except click.ClickException as wrong:
        shell.fail(Misused("usage.wrong", reason=wrong.format_message(), command=_command(wrong)))
    except (click.Abort, KeyboardInterrupt):
        shell.note(shell.say("interrupted"))
        return INTERRUPTED
    except BrokenPipeError:
        # nobody reads on, and the interpreter must not complain about it when it flushes
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return shell.exit_code
    except ArchivumError as error:
        shell.fail(error)
    return shell.end()


def command_line(shell: Shell) -> click.Group:
    """Return the whole command line, with its help in the shell's language."""

    @click.group("archivum", help=shell.say("help"), context_settings={"help_option_names": ["-h", "--help"]})
    @click.option(
        "--archive", type=click.Path(path_type=Path), envvar="ARCHIVUM", help=shell.say("opt-archive")
    )
    @click.option("--agent", default=user_name, help=shell.say("opt-agent"))
    @click.option("--lang", type=click.Choice(("en", "cs")), help=shell.say("opt-lang"))
    @click.option("--json", "as_json", is_flag=True, help=shell.say("opt-json"))
    @click.version_option(__version__, prog_name="archivum")
    @click.pass_context
    def group(
        context: click.Context, archive: Path | None, agent: str, lang: Language | None, as_json: bool
    ) -> None:
        context.obj = shell
        shell.archive_place, shell.agent_name, shell.json = archive, agent, shell.json or as_json
        shell.command = context.invoked_subcommand or ""

    for make in COMMANDS:
        group.add_command(make(shell))
    return group


def _told(arguments: Sequence[str]) -> str | None:
    """The language asked for: it must be known before the arguments are parsed, for the help is in it."""
    for one, following in zip(arguments, [*arguments[1:], ""], strict=True):
        if one == "--lang":
            return following
        if one.startswith("--lang="):
            return one.removeprefix("--lang=")
    return None


def _command(wrong: click.ClickException) -> str:
    context = getattr(wrong, "ctx", None)
    return context.command_path if context is not None else "archivum"


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)

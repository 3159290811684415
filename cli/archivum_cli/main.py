"""``archivum``: the entry point, its options, and the way from errors to exit codes."""

import io
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click

from archivum import __version__
from archivum.errors import DONE, ArchivumError, Misused
from archivum_cli.commands import COMMANDS
from archivum_cli.shell import Shell, language_of, user_name
from archivum_cli.usage import context_class, reason

INTERRUPTED = 130  # 128 + SIGINT
UNREAD = 141  # 128 + SIGPIPE: nobody read to the end, and the command did not come to its own


def main() -> None:
    """Run the command line of this process."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # what it cannot write is shown as an escape
            stream.reconfigure(errors="backslashreplace")
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    shell = Shell(language_of(os.environ, _told(arguments)), clock=_now, agent_name=user_name())
    shell.json = "--json" in arguments  # known before all is parsed: what is wrong is told as data, too
    try:
        return _obey(shell, arguments)
    except BrokenPipeError:
        # nobody reads on, and the interpreter must not complain about it when it flushes
        for stream in (sys.stdout, sys.stderr):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        return shell.exit_code or (DONE if shell.ended else UNREAD)
    finally:
        shell.close()


def _obey(shell: Shell, arguments: Sequence[str]) -> int:
    """Run one command, tell what went wrong, give the summary, and return the exit code."""
    try:
        command_line(shell).main(list(arguments), prog_name="archivum", standalone_mode=False)
    except click.exceptions.Exit as leave:
        shell.ended = True
        sys.stdout.flush()
        return leave.exit_code
    except click.exceptions.NoArgsIsHelpError as wrong:
        shell.note(wrong.format_message())
        shell.fail(_misused(shell, wrong))
    except click.ClickException as wrong:
        shell.fail(_misused(shell, wrong))
    except (click.Abort, KeyboardInterrupt):
        shell.note(shell.say("interrupted"))
        shell.exit_code = INTERRUPTED
    except ArchivumError as error:
        shell.fail(error)
    return shell.end()


def command_line(shell: Shell) -> click.Group:
    """Return the whole command line, with its help in the shell's language."""

    @click.group("archivum", help=shell.say("help"), context_settings={"help_option_names": ["-h", "--help"]})
    @click.version_option(__version__, prog_name="archivum")
    @click.pass_context
    def group(context: click.Context) -> None:
        shell.command = context.invoked_subcommand or ""

    for make in COMMANDS:
        group.add_command(make(shell))
    _understand_everywhere(group, shell)
    return group


def _understand_everywhere(command: click.Command, shell: Shell) -> None:
    """Let a command and all below it take the general options, so that they may stand before or after it."""
    # the environment speaks once, at the beginning: it must not overrule what was said before a command
    command.context_class = context_class(shell)
    command.params.extend(_general_options(shell, "ARCHIVUM" if command.name == "archivum" else None))
    if isinstance(command, click.Group):
        for below in command.commands.values():
            _understand_everywhere(below, shell)


def _general_options(shell: Shell, archive: str | None) -> list[click.Option]:
    def note(_: click.Context, option: click.Parameter, value: object) -> None:
        if value is not None and value is not False:
            setattr(shell, _NOTED[option.name or ""], value)

    def option(*names: str, **kind: Any) -> click.Option:
        return click.Option(names, expose_value=False, is_eager=True, callback=note, **kind)

    return [
        option("--archive", type=click.Path(path_type=Path), envvar=archive, help=shell.say("opt-archive")),
        option("--agent", help=shell.say("opt-agent")),
        option("--lang", type=click.Choice(("en", "cs")), help=shell.say("opt-lang")),
        option("--json", is_flag=True, help=shell.say("opt-json")),
    ]


# general options, and what of the shell they set; the language is known before (see _told)
_NOTED: Final = {"archive": "archive_place", "agent": "agent_name", "lang": "language", "json": "json"}


def _told(arguments: Sequence[str]) -> str | None:
    """The language asked for: it must be known before the arguments are parsed, for the help is in it."""
    for one, following in zip(arguments, [*arguments[1:], ""], strict=False):
        if one == "--lang":
            return following
        if one.startswith("--lang="):
            return one.removeprefix("--lang=")
    return None


def _misused(shell: Shell, wrong: click.ClickException) -> Misused:
    context = getattr(wrong, "ctx", None)
    command = context.command_path if context is not None else "archivum"
    return Misused("usage.wrong", reason=reason(shell, wrong), command=command)


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)

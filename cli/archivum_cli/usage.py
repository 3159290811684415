"""What click says of a call that makes no sense, and of help, in archivum's own words and languages."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

import click

from archivum_cli.shell import Shell

_EXTRA: Final = re.compile(
    r"\((.*)\)$", re.DOTALL
)  # in click's sentence about arguments that nobody asked for
_VALUE: Final = re.compile(
    r"(?:\w+ )?'?(.*?)'? (?:is|does)\b", re.DOTALL
)  # in its sentence about a wrong one
_OWN: Final = {
    "Show this message and exit.": "help-help",
    "Show the version and exit.": "help-version",
}
_NOTES: Final = re.compile(r"  \[(?:default: |x[<>]|\d+<|required).*\]$")  # click's, behind an option's help


def reason(shell: Shell, wrong: click.ClickException) -> str:
    """Return what is wrong with a call."""
    match wrong:
        case click.exceptions.NoArgsIsHelpError():
            return shell.say("usage-no-command")
        case click.NoSuchOption():
            near = ", ".join(wrong.possibilities or ()) or "–"
            return shell.say("usage-no-option", name=wrong.option_name, near=near)
        case click.exceptions.NoSuchCommand():
            near = ", ".join(wrong.possibilities or ()) or "–"
            return shell.say("usage-no-such-command", name=wrong.command_name, near=near)
        case click.MissingParameter():
            return shell.say("usage-missing", name=_name(wrong), expected=_expected(shell, wrong))
        case click.BadParameter(param=None):
            return wrong.message  # our own, and in words already
        case click.BadParameter():
            value = _VALUE.match(wrong.message)
            found = value[1] if value else "–"
            return shell.say("usage-value", found=found, name=_name(wrong), expected=_expected(shell, wrong))
        case click.BadOptionUsage():
            return shell.say("usage-option", name=wrong.option_name)
        case click.UsageError() if extra := _EXTRA.search(wrong.message):
            return shell.say("usage-extra", found=extra[1])
        case click.UsageError(ctx=click.Context(command=click.Group())):
            return shell.say("usage-no-command")
        case _:
            return wrong.format_message()


def _name(wrong: click.BadParameter) -> str:
    parameter = wrong.param
    if isinstance(parameter, click.Option):
        return max(parameter.opts, key=len)
    return parameter.make_metavar(wrong.ctx).strip("[].{}") if parameter and wrong.ctx else "–"


def _expected(shell: Shell, wrong: click.BadParameter) -> str:
    match wrong.param.type if wrong.param else None:
        case click.Choice(choices=choices):
            return ", ".join(map(str, choices))
        case click.IntRange(min=least):
            return shell.say("usage-number", least=least)
        case click.DateTime():
            return shell.say("usage-day")
        case click.Path(exists=True):
            return shell.say("usage-folder")
        case click.Path():
            return shell.say("usage-path")
        case _:
            return shell.say("usage-text")


def context_class(shell: Shell) -> type[click.Context]:
    """Return the kind of context whose help is in the shell's language."""

    class Formatter(click.HelpFormatter):
        def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
            super().write_usage(prog, args, f"{shell.say('help-usage')} ")

        @contextmanager
        def section(self, name: str) -> Iterator[None]:
            with super().section(shell.say(f"help-{name.lower()}")):
                yield

        def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
            super().write_dl([(head, _told(shell, text)) for head, text in rows], col_max, col_spacing)

    class Context(click.Context):
        formatter_class = Formatter

    return Context


def _told(shell: Shell, text: str) -> str:
    """An entry of a help's list, with what click wrote in it in our words."""
    if text in _OWN:
        return shell.say(_OWN[text])
    notes = _NOTES.search(text)
    if notes is None:
        return text
    own = notes[0].replace("default: ", f"{shell.say('help-default')}: ")
    own = own.replace("required", shell.say("help-required")).replace("x>=", "≥ ")
    return text[: notes.start()] + own

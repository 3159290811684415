"""``archivum status``: what is there, what is due, what is wrong, on one screen."""

import click

from archivum.audit.standing import REMINDERS, Matter, Standing, standing
from archivum.errors import DONE, PARTLY_DONE, CorruptionFound
from archivum.model import State
from archivum.plain import instant
from archivum.texts import say
from archivum_cli.shell import Shell, readable


def command(shell: Shell) -> click.Command:
    """Return the command."""

    @click.command("status", help=shell.say("status-help"))
    def run() -> None:
        archive = shell.open()
        now = standing(archive)
        shell.data("status", _plain(now) | {"archive": str(archive.root)})
        if not shell.json:
            _show(shell, now, archive.configuration.archive.name)
        shell.exit_code = exit_code(now)

    return run


def exit_code(now: Standing) -> int:
    """Return what a monitor needs: 5 if something is wrong, 4 if a person has something to do, else 0."""
    if now.wrong:
        return CorruptionFound.exit_code
    return PARTLY_DONE if any(one.name not in REMINDERS for one in now.due) else DONE


def _show(shell: Shell, now: Standing, name: str) -> None:
    totals = now.totals
    lines = [(shell.say("status-archive"), name)]
    lines += [(shell.say(f"state-{state}"), str(totals.packages.get(state, 0))) for state in State]
    lines.append((shell.say("status-size"), f"{totals.files} / {readable(totals.size)}"))
    lines.append((shell.say("status-free"), f"{readable(now.free)} / {readable(now.disk)}"))
    if totals.oldest is not None:
        lines.append((shell.say("status-oldest"), instant(totals.oldest.verified_at)))
    if totals.last is not None:
        lines.append((shell.say("status-last"), instant(totals.last.event.at)))
    width = max(len(head) for head, _ in lines)
    for head, value in lines:
        shell.print(f"{head.ljust(width)}  {value}")
    for mark, matters in (("✗", now.wrong), ("!", now.due)):
        for matter in matters:
            shell.print(f"{mark} {_text(shell, matter)}")
    if not now.wrong and not now.due:
        shell.print(shell.say("status-well"))


def _text(shell: Shell, matter: Matter) -> str:
    text = say(f"audit.{matter.name}", shell.language, "text", **matter.params)
    hint = say(f"audit.{matter.name}", shell.language, "hint", **matter.params)
    return f"{text}\n    → {hint}"


def _plain(now: Standing) -> dict[str, object]:
    totals = now.totals
    return {
        "packages": {state.value: totals.packages.get(state, 0) for state in State},
        "files": totals.files,
        "bytes": totals.size,
        "copies": totals.copies,
        "failed_copies": totals.failed_copies,
        "unscanned": totals.unscanned,
        "infected": totals.infected,
        "free_bytes": now.free,
        "disk_bytes": now.disk,
        "trial_time_stamps": now.trial,
        "oldest_verified_at": instant(totals.oldest.verified_at) if totals.oldest else None,
        "last_event_at": instant(totals.last.event.at) if totals.last else None,
        "wrong": [{"id": one.name, **one.params} for one in now.wrong],
        "due": [{"id": one.name, **one.params} for one in now.due],
    }

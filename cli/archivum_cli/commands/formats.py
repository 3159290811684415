"""``archivum formats``: what is held by format, what is at risk, what a release of signatures changes."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import click

from archivum.errors import DONE, PARTLY_DONE, ArchivumError, CorruptionFound, Misused, Refused
from archivum.formats.policy import DEFAULT, Standing
from archivum.planning import chart
from archivum.planning.held import AtRisk, Held, at_risk, held
from archivum.planning.reidentify import Again, chosen, open_signatures, record, reidentify
from archivum.storage.durable import publish
from archivum_cli.progress import Progress
from archivum_cli.shell import Shell, readable

BARS: Final = 24  # in a chart; the smallest formats together are one more
_COLOURS: Final = {
    Standing.PRESERVATION.value: "#2e7d32",
    Standing.CONDITIONAL.value: "#1565c0",
    Standing.ACCEPTABLE.value: "#ef9a00",
    Standing.REFUSED.value: "#b00020",
    "unidentified": "#757575",
    "rest": "#bdbdbd",
}


def command(shell: Shell) -> click.Command:
    """Return the command."""

    @click.group("formats", invoke_without_command=True, help=shell.say("formats-help"))
    @click.option("--policy", default=DEFAULT, show_default=True, help=shell.say("formats-policy"))
    @click.option("--csv", "table", type=click.Path(path_type=Path), help=shell.say("formats-csv"))
    @click.option("--plot", type=click.Path(path_type=Path), help=shell.say("formats-plot"))
    @click.pass_context
    def group(context: click.Context, policy: str, table: Path | None, plot: Path | None) -> None:
        if context.invoked_subcommand is None:
            _report(shell, policy, table, plot)

    @group.command("risk", help=shell.say("formats-risk"))
    @click.option("--policy", default=DEFAULT, show_default=True, help=shell.say("formats-policy"))
    def risk(policy: str) -> None:
        found = list(at_risk(_held(shell, policy)))
        heads = [
            shell.say(f"formats-head-{name}")
            for name in ("risk", "format", "name", "files", "bytes", "packages", "becomes")
        ]
        shell.counts["formats"] = shell.table(
            "risk", heads, ((_plain_risk(one), _row_risk(shell, one)) for one in found)
        )
        if not found:
            shell.note(shell.say("formats-no-risk"))

    @group.command("reidentify", help=shell.say("formats-reidentify"))
    @click.argument("packages", nargs=-1)
    @click.option("--signatures", type=click.Path(path_type=Path), help=shell.say("formats-signatures"))
    @click.option("--record", "recorded", is_flag=True, help=shell.say("formats-record"))
    @click.option("--dry-run", is_flag=True, help=shell.say("dry-run"))
    def again(packages: tuple[str, ...], signatures: Path | None, recorded: bool, dry_run: bool) -> None:
        _reidentify(shell, packages, signatures, recorded=recorded and not dry_run)

    return group


def _held(shell: Shell, policy: str) -> list[Held]:
    archive = shell.open()
    archive.catch_up()
    return held(archive, policy)


# -- the report ------------------------------------------------------------------------------------------


def _report(shell: Shell, policy: str, table: Path | None, plot: Path | None) -> None:
    if plot is not None and plot.suffix.lower() not in (".svg", ".png"):
        raise Misused("planning.picture", place=plot)
    for place in filter(None, (table, plot)):
        if place.exists():
            raise Refused("planning.exists", place=place)
    found = _held(shell, policy)
    heads = [
        shell.say(f"formats-head-{name}")
        for name in (
            "format",
            "name",
            "kind",
            "standing",
            "files",
            "bytes",
            "packages",
            "valid",
            "faulty",
            "met",
        )
    ]
    shell.counts["formats"] = shell.table("format", heads, ((_plain(one), _row(shell, one)) for one in found))
    if not found:
        shell.note(shell.say("formats-nothing"))
    if table is not None:
        publish(table, _csv(found))
        shell.note(shell.say("formats-written", place=table))
    if plot is not None:
        drawing = _drawing(shell, found)
        publish(plot, chart.png(*drawing) if plot.suffix.lower() == ".png" else chart.svg(*drawing))
        shell.note(shell.say("formats-written", place=plot))


def _plain(one: Held) -> dict[str, Any]:
    totals = one.totals
    return {
        "puid": totals.puid,
        "name": totals.name,
        "version": totals.version,
        "mime": totals.mime,
        "kind": one.kind.value,
        "standing": _standing(one),
        "files": totals.whole.files,
        "bytes": totals.whole.size,
        "packages": totals.whole.packages,
        "valid": totals.valid.files,
        "well_formed": totals.well_formed.files,
        "faulty": totals.faulty.files,
        "unsure": totals.unsure.files,
        "met": totals.met.files,
        "unmet": totals.unmet.files,
        "becomes": list(one.becomes),
    }


def _row(shell: Shell, one: Held) -> tuple[str, ...]:
    totals = one.totals
    return (
        totals.puid or "?",
        _name(shell, one),
        shell.say(f"formats-kind-{one.kind}"),
        shell.say(f"formats-standing-{_standing(one)}"),
        str(totals.whole.files),
        readable(totals.whole.size),
        str(totals.whole.packages),
        *(str(share.files) for share in (totals.valid, totals.faulty, totals.met)),
    )


def _csv(found: Sequence[Held]) -> bytes:
    """Return the report as CSV (RFC 4180); numbers are numbers, several formats are separated by spaces."""
    target = io.StringIO()
    writer = csv.writer(target)
    writer.writerow(_COLUMNS)
    for one in found:
        plain = _plain(one) | {"becomes": " ".join(one.becomes)}
        writer.writerow([plain[name] for name in _COLUMNS])
    return target.getvalue().encode("utf-8")


_COLUMNS: Final = (
    "puid", "name", "version", "mime", "kind", "standing", "files", "bytes", "packages",
    "valid", "well_formed", "faulty", "unsure", "met", "unmet", "becomes",
)  # fmt: skip


def _drawing(shell: Shell, found: Sequence[Held]) -> tuple[chart.Drawing, int]:
    bars = [
        _bar(shell, f"{one.totals.puid or '?'}  {_name(shell, one)}", one.totals.whole.size,
             one.totals.whole.files, _standing(one))
        for one in found[:BARS]
    ]  # fmt: skip
    if rest := found[BARS:]:
        size, files = (sum(getattr(one.totals.whole, name) for one in rest) for name in ("size", "files"))
        bars.append(_bar(shell, shell.say("formats-rest", count=len(rest)), size, files, "rest"))
    groups = {name: (shell.say(f"formats-standing-{name}"), colour) for name, colour in _COLOURS.items()}
    return chart.draw(shell.say("formats-title"), bars, groups)


def _bar(shell: Shell, label: str, size: int, files: int, group: str) -> chart.Bar:
    value = shell.say("formats-value", size=readable(size), files=files)
    return chart.Bar(label, float(size), value, group)


def _name(shell: Shell, one: Held) -> str:
    name = f"{one.totals.name} {one.totals.version}".strip()
    return name or shell.say("formats-unknown")


def _standing(one: Held) -> str:
    return one.standing.value if one.standing else "unidentified"


# -- the risk --------------------------------------------------------------------------------------------


def _plain_risk(one: AtRisk) -> dict[str, Any]:
    totals = one.held.totals
    return {
        "risk": one.risk.value,
        "puid": totals.puid,
        "name": totals.name,
        "version": totals.version,
        "standing": _standing(one.held),
        "files": one.share.files,
        "bytes": one.share.size,
        "packages": one.share.packages,
        "exact": one.exact,
        "becomes": list(one.held.becomes),
    }


def _row_risk(shell: Shell, one: AtRisk) -> tuple[str, ...]:
    return (
        shell.say(f"formats-risk-{one.risk}"),
        one.held.totals.puid or "?",
        _name(shell, one.held),
        str(one.share.files),
        f"{'' if one.exact else '≤ '}{readable(one.share.size)}",
        str(one.share.packages),
        " ".join(one.held.becomes) or "–",
    )


# -- another look ----------------------------------------------------------------------------------------


def _reidentify(shell: Shell, packages: Sequence[str], signatures: Path | None, *, recorded: bool) -> None:
    archive = shell.open()
    archive.catch_up()
    accessions = list(chosen(archive, packages))
    codes = [DONE]
    size = sum(one.size for one in accessions)
    shell.counts |= {"packages": 0, "changed": 0, "recorded": 0}
    with open_signatures(signatures) as identifying, Progress(shell, size, len(accessions)) as progress:
        for accession in accessions:
            try:
                again = reidentify(archive, accession, identifying)
            except ArchivumError as error:
                if not isinstance(error, CorruptionFound):
                    raise
                identifying.discard()
                codes.append(error.exit_code)
                _tell_error(shell, str(accession.uuid), error)
            else:
                codes.append(_tell(shell, again))
                if recorded and again.is_news:
                    record(archive, again)
                    shell.counts["recorded"] += 1
            shell.counts["packages"] += 1
            progress.advance(accession.size)
            progress.done(str(accession.uuid))
    shell.exit_code = max(codes)
    shell.note(shell.say("formats-again", **{f"n_{name}": count for name, count in shell.counts.items()}))
    if shell.counts["changed"] and not recorded:
        shell.note(shell.say("formats-not-recorded"))


def _tell(shell: Shell, again: Again) -> int:
    """Tell what is called otherwise; return the exit code of this AIP alone."""
    uuid = str(again.accession.uuid)
    for change in again.changes:
        plain = {"uuid": uuid, "path": change.path, "old": change.old, "new": change.new, "name": change.name}
        shell.data("change", plain, f"{uuid}\t{change.path}\t{change.old or '?'}\t{change.new or '?'}")
    for kind, paths in (("unlooked", again.unlooked), ("damaged", again.damaged)):
        for path in paths:
            shell.note(shell.say(f"formats-{kind}", uuid=uuid, path=path))
    shell.data(
        "package",
        {
            "uuid": uuid,
            "files": again.files,
            "bytes": again.size,
            "changes": len(again.changes),
            "before": again.before,
            "now": again.now,
            "unlooked": list(again.unlooked),
            "damaged": list(again.damaged),
        },
    )
    shell.counts["changed"] += len(again.changes)
    if again.damaged:
        return CorruptionFound.exit_code
    return PARTLY_DONE if again.unlooked else DONE


def _tell_error(shell: Shell, uuid: str, error: ArchivumError) -> None:
    text, hint = error.text(shell.language), error.hint(shell.language)
    shell.data("error", {"uuid": uuid, "id": error.text_id, "text": text, "hint": hint})
    shell.note(f"{uuid}: {text} [{error.text_id}]\n  → {hint}")

"""``archivum scan``: which packages were scanned for malicious code, and scanning them again."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import click

from archivum.archive import Archive
from archivum.audit.scanning import ScanCheck, due, scan_again
from archivum.audit.verify import chosen
from archivum.catalogue.fold import Accession
from archivum.errors import DONE, PARTLY_DONE, CorruptionFound
from archivum.malware.answers import Reason
from archivum.model import Verdict
from archivum.plain import instant
from archivum.texts import say
from archivum_cli.progress import Progress
from archivum_cli.shell import Shell


def command(shell: Shell) -> click.Command:
    """Return the command."""

    @click.command("scan", help=shell.say("scan-help"))
    @click.argument("packages", nargs=-1)
    @click.option("--again", is_flag=True, help=shell.say("scan-again"))
    @click.option("--older-than", "days", type=click.IntRange(0), help=shell.say("scan-older-than"))
    @click.option("--dry-run", is_flag=True, help=shell.say("dry-run"))
    def run(packages: tuple[str, ...], again: bool, days: int | None, dry_run: bool) -> None:
        archive = shell.open()
        archive.catch_up()
        before = None if days is None else _before(shell.clock(), days)
        found = chosen(archive, packages)
        wanted = (one for one in found if due(one, before, named=bool(packages)))
        if again and not dry_run:
            _scan(shell, archive, list(wanted))
            return
        _list(shell, wanted)

    return run


def _before(now: datetime, days: int) -> datetime:
    try:
        return now - timedelta(days=days)
    except OverflowError:  # longer ago than there are years
        return datetime.min.replace(tzinfo=now.tzinfo)


def _list(shell: Shell, accessions: Iterable[Accession]) -> None:
    """Tell which packages were not scanned, or when they last were."""
    heads = tuple(shell.say(f"scan-head-{name}") for name in ("uuid", "scanned", "infected", "package"))
    shell.counts["packages"] = shell.table("package", heads, (_row(one) for one in accessions))


def _row(accession: Accession) -> tuple[dict[str, Any], tuple[str, ...]]:
    scanned = instant(accession.scanned_at) if accession.scanned_at else None
    uuid = str(accession.uuid)
    plain = {"uuid": uuid, "scanned_at": scanned, "infected": accession.infected}
    return plain, (uuid, scanned or "–", str(accession.infected), accession.package_id)


def _scan(shell: Shell, archive: Archive, accessions: list[Accession]) -> None:
    codes = [DONE]
    with Progress(shell, sum(one.size for one in accessions), len(accessions)) as progress:
        for check in scan_again(archive, accessions):
            progress.advance(check.size)
            progress.done(str(check.uuid))
            verdict = check.verdict
            shell.counts[verdict.value] = shell.counts.get(verdict.value, 0) + 1
            codes.append(_exit_code(check))
            _show(shell, check)
    shell.exit_code = max(codes)


def _exit_code(check: ScanCheck) -> int:
    """Return 5 if something was found, or is not what was stored; 4 if something was not scanned."""
    changed = any(scan.reason == Reason.CHANGED for scan in check.tally)
    if check.verdict is Verdict.FAILED or changed:
        return CorruptionFound.exit_code
    return PARTLY_DONE if check.verdict is Verdict.INDETERMINATE else DONE


def _show(shell: Shell, check: ScanCheck) -> None:
    detail: dict[str, Any] = {**check.detail, "findings": [shell.finding(one) for one in check.findings]}
    shell.data(
        "scan",
        {"uuid": str(check.uuid), "verdict": check.verdict.value, "bytes": check.size, **detail},
        f"{check.verdict}\t{check.uuid}",
    )
    for finding in check.findings:
        shell.tell(finding)
    for reason, count in detail["unscanned"].items():
        words = say(f"malware.{reason}", shell.language)
        shell.note(f"  • {shell.say('show-unscanned', count=count, reason=words)}")

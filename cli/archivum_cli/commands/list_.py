"""``archivum list``: the packages that came, and where they stand."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import click

from archivum.catalogue.fold import Accession
from archivum.model import State
from archivum.plain import instant
from archivum_cli.shell import Shell, readable

DAY = click.DateTime(("%Y-%m-%d",))


def command(shell: Shell) -> click.Command:
    """Return the command."""

    @click.command("list", help=shell.say("list-help"))
    @click.option("--producer", help=shell.say("list-producer"))
    @click.option("--record", help=shell.say("list-record"))
    @click.option("--format", "puid", help=shell.say("list-format"))
    @click.option("--since", type=DAY, help=shell.say("list-since"))
    @click.option("--until", type=DAY, help=shell.say("list-until"))
    @click.option("--state", type=click.Choice([one.value for one in State]), help=shell.say("list-state"))
    @click.option("--limit", type=click.IntRange(1), help=shell.say("list-limit"))
    def run(
        producer: str | None,
        record: str | None,
        puid: str | None,
        since: datetime | None,
        until: datetime | None,
        state: str | None,
        limit: int | None,
    ) -> None:
        archive = shell.open()
        archive.catch_up()
        found = archive.catalogue.packages(
            producer=producer,
            record=record,
            puid=puid,
            since=_start(since) if since else None,
            until=_start(until + timedelta(days=1)) - timedelta(seconds=1) if until else None,
            state=State(state) if state else None,
            limit=limit,
        )
        heads = tuple(
            shell.say(f"list-head-{name}") for name in ("uuid", "state", "received", "size", "package")
        )
        shell.counts["packages"] = shell.table(
            "package", heads, ((plain(one), _row(shell, one)) for one in found)
        )

    return run


def plain(accession: Accession) -> dict[str, Any]:
    """Return an accession as JSON values."""
    return {
        "uuid": str(accession.uuid),
        "state": accession.state.value,
        "received_at": instant(accession.received_at),
        "stored_at": instant(accession.stored_at) if accession.stored_at else None,
        "producer": accession.producer.name,
        "package_id": accession.package_id,
        "title": accession.title,
        "kind": accession.kind,
        "variant": accession.variant,
        "profile": accession.profile,
        "access": accession.access or None,
        "files": accession.files,
        "bytes": accession.size,
        "digest": accession.digest,
        "manifest": accession.manifest or None,
        "version": accession.version or None,
        "trial_time_stamp": accession.trial,
        "failed": accession.failed,
        "warnings": accession.warnings,
        "indeterminate": accession.indeterminate,
        "scanned_at": instant(accession.scanned_at) if accession.scanned_at else None,
        "infected": accession.infected,
    }


def _row(shell: Shell, accession: Accession) -> tuple[str, ...]:
    return (
        str(accession.uuid),
        shell.say(f"state-{accession.state}"),
        instant(accession.received_at),
        readable(accession.size),
        f"{accession.package_id}  {accession.title}".rstrip(),
    )


def _start(day: datetime) -> datetime:
    """Return the first second of a day where the archive's law counts days."""
    return datetime.combine(day.date(), time(), ZoneInfo("Europe/Prague")).astimezone(UTC)

"""``archivum show``: what a package is, what happened to it, where its copies are."""

from typing import Any, Final

import click

from archivum.archive import Archive
from archivum.catalogue.fold import Accession
from archivum.catalogue.rows import FormatUse
from archivum.model import EventType, Finding, Record, Severity, State, Verdict
from archivum.plain import from_plain, instant, to_plain
from archivum.texts import say
from archivum_cli.commands.list_ import plain
from archivum_cli.shell import Shell, readable

RECORDS = 50  # shown to people; --json gives all


def command(shell: Shell) -> click.Command:
    """Return the command."""

    @click.command("show", help=shell.say("show-help"))
    @click.argument("package")
    def run(package: str) -> None:
        archive = shell.open()
        archive.catch_up()
        accession = archive.catalogue.package(package)
        if shell.json:
            _lines(shell, archive, accession)
        else:
            _screen(shell, archive, accession)

    return run


def _lines(shell: Shell, archive: Archive, accession: Accession) -> None:
    catalogue, uuid = archive.catalogue, accession.uuid
    shell.data("package", plain(accession))
    for version in catalogue.versions(uuid):
        shell.data("version", to_plain(version))
    for copy in catalogue.copies(uuid):
        shell.data("copy", to_plain(copy))
    for use in catalogue.formats(uuid):
        shell.data("format", to_plain(use))
    for record in catalogue.records(uuid):
        shell.data("record", to_plain(record))
    for entry in catalogue.events(uuid):
        shell.data("event", {"seq": entry.seq, "event": to_plain(entry.event)})


def _screen(shell: Shell, archive: Archive, accession: Accession) -> None:
    catalogue, uuid = archive.catalogue, accession.uuid
    for head, value in _facts(shell, accession):
        shell.print(f"{head}: {value}")
    _heading(shell, "versions")
    for version in catalogue.versions(uuid):
        shell.print(f"  {version.name}  {instant(version.at)}  {version.reason}")
    _heading(shell, "copies")
    for copy in catalogue.copies(uuid):
        shell.print(
            f"  {copy.version}  {copy.storage}  {copy.key}  {copy.verdict}  {instant(copy.verified_at)}"
        )
    _heading(shell, "formats")
    for use in catalogue.formats(uuid):
        name = f"{use.puid or '?'}  {use.name} {use.version}".rstrip()
        shell.print(f"  {use.files:>6}  {readable(use.size):>10}  {name}{_checked(shell, use)}")
    _heading(shell, "records")
    depth: dict[str | None, int] = {None: 0}
    for number, record in enumerate(catalogue.records(uuid)):
        if number == RECORDS:
            shell.print(f"  … {shell.say('show-more')}")
            break
        depth[record.id] = depth.get(record.parent, 0) + 1
        shell.print(f"{'  ' * depth[record.id]}{_record(shell, record)}")
    _heading(shell, "events")
    for entry in catalogue.events(uuid):
        event = entry.event
        shell.print(f"  {instant(event.at)}  {event.type}  {event.outcome}  {event.agent.name}")
        if event.type is EventType.VIRUS_CHECK:
            _scan(shell, event.detail)
        if event.type is EventType.VALIDATION:
            _findings(shell, event.detail)


def _facts(shell: Shell, accession: Accession) -> list[tuple[str, str]]:
    facts = [
        ("uuid", str(accession.uuid)),
        ("state", shell.say(f"state-{accession.state}")),
        ("package", accession.package_id),
        ("title", accession.title),
        ("producer", accession.producer.name),
        ("kind", f"{accession.kind} {accession.variant}".strip()),
        ("received", f"{instant(accession.received_at)} ({accession.agent.name})"),
        ("submission", f"{accession.files} / {readable(accession.size)}"),
        ("digest", accession.digest),
        ("profile", accession.profile),
        ("access", accession.access),
        ("manifest", accession.manifest),
    ]
    if accession.stamped_at:
        trial = f" – {shell.say('trial')}" if accession.trial else ""
        facts.append(("stamp", f"{instant(accession.stamped_at)}, {accession.authority}{trial}"))
    if accession.state is State.STORED:
        facts.append(("scanned", instant(accession.scanned_at) if accession.scanned_at else "–"))
    if accession.infected:
        facts.append(("infected", str(accession.infected)))
    return [(shell.say(f"show-{name}"), value) for name, value in facts if value]


def _checked(shell: Shell, use: FormatUse) -> str:
    """Return how many of the files validators have judged, and how; nothing where they judged none."""
    counts = (("valid", use.valid), ("whole", use.well_formed - use.valid), ("faulty", use.faulty))
    told = ", ".join(shell.say(f"show-{name}", count=count) for name, count in counts if count > 0)
    return f"  ({told})" if told else ""


def _scan(shell: Shell, detail: Any) -> None:
    shell.print(f"      {shell.say('show-scan', **{name: detail[name] or '–' for name in _SCAN})}")
    for reason, count in detail["unscanned"].items():
        shell.print(f"      {shell.say('show-unscanned', count=count, reason=_reason(shell, reason))}")
    if "findings" in detail:
        _findings(shell, detail)


_SCAN: Final = ("engine", "database", "clean", "infected")


def _reason(shell: Shell, reason: str) -> str:
    return say(f"malware.{reason}", shell.language)


def _findings(shell: Shell, detail: Any) -> None:
    for one in detail["findings"]:
        finding = from_plain(Finding, one)
        harmless = finding.verdict is Verdict.FAILED and finding.severity is Severity.INFO
        label = finding.severity if harmless else finding.verdict
        shell.print(f"      {label}: {finding.text(shell.language)} [{finding.code}]")
    if detail.get("omitted"):
        shell.print(f"      {shell.say('ingest-more', count=detail['omitted'])}")


def _record(shell: Shell, record: Record) -> str:
    parts = [shell.say(f"level-{record.level}"), record.classification, record.reference, record.title]
    regime = record.retention
    if regime is not None:
        due = f" → {regime.due_year}" if regime.due_year else ""
        parts.append(f"[{regime.sign}{regime.years if regime.years is not None else ''}{due}]")
    return "  ".join(part for part in parts if part)


def _heading(shell: Shell, name: str) -> None:
    shell.print()
    shell.print(shell.say(f"show-{name}"))

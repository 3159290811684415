"""``archivum ingest``: transfers in, AIPs stored."""

import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from archivum.errors import DONE, PARTLY_DONE, ArchivumError
from archivum.ingest.batch import run, transfers
from archivum.ingest.group import Done
from archivum.ingest.order import Order, Outcome, Status
from archivum.model import Verdict
from archivum_cli.progress import Progress
from archivum_cli.shell import Shell

SHOWN = 20  # findings shown to people for one package; --json gives all


def command(shell: Shell) -> click.Command:
    """Return the command."""

    @click.command("ingest", help=shell.say("ingest-help"))
    @click.argument("paths", nargs=-1, required=True, type=click.Path(readable=False, path_type=Path))
    @click.option("--profile", default="", help=shell.say("ingest-profile"))
    @click.option("--producer", default="", help=shell.say("ingest-producer"))
    @click.option("--accession", default="", help=shell.say("ingest-accession"))
    @click.option("--reference", default="", help=shell.say("ingest-reference"))
    @click.option("--each", is_flag=True, help=shell.say("ingest-each"))
    @click.option(
        "--jobs", type=click.IntRange(1), default=1, show_default=True, help=shell.say("ingest-jobs")
    )
    @click.option("--dry-run", is_flag=True, help=shell.say("ingest-dry-run"))
    def ingest(
        paths: tuple[Path, ...],
        profile: str,
        producer: str,
        accession: str,
        reference: str,
        each: bool,
        jobs: int,
        dry_run: bool,
    ) -> None:
        archive = shell.open()
        order = Order(profile, producer, accession, reference, dry_run)
        as_folder = bool(profile) and archive.profiles.get(profile).reader == "folder"
        if not dry_run:
            archive.catch_up()
        batch = list(transfers(paths, each=each, as_folder=as_folder))
        with Progress(shell, _bytes(batch), len(batch)) as progress:
            codes = _run(shell, run(archive, batch, order, jobs=jobs, progress=progress.advance), progress)
        shell.exit_code = batch_code(codes)
        shell.note(
            shell.say("ingest-summary", **{f"n_{k.replace('-', '_')}": v for k, v in _counts(shell).items()})
        )

    return ingest


def batch_code(codes: list[int]) -> int:
    """Return the exit code of a batch: its transfers' where they agree, else that it is partly done."""
    if all(code == DONE for code in codes):
        return DONE
    return codes[0] if len(set(codes)) == 1 else PARTLY_DONE


def _run(shell: Shell, batch: Iterable[Done], progress: Progress) -> list[int]:
    codes = []
    for done in batch:
        progress.done(done.path.name)
        if isinstance(done.result, Outcome):
            codes.append(done.result.exit_code)
            _tell(shell, done.result)
            kind = done.result.status.value
        else:
            codes.append(done.result.exit_code)
            _tell_error(shell, done.path, done.result)
            kind = "error"
        shell.counts[kind] = shell.counts.get(kind, 0) + 1
    return codes


def _tell(shell: Shell, outcome: Outcome) -> None:
    """Tell what became of one transfer: a line of data, and the findings to people."""
    shell.data("package", _plain(shell, outcome), f"{outcome.status}\t{outcome.uuid}\t{outcome.path}")
    if outcome.status in (Status.STORED, Status.CHECKED):
        return
    if outcome.status is Status.ALREADY:
        shell.note(shell.say("ingest-already", path=outcome.path, uuid=outcome.uuid))
        return
    shell.note(shell.say(f"ingest-{outcome.status}", path=outcome.path))
    for finding in outcome.decision.reasons[:SHOWN]:
        shell.tell(finding)
    rest = len(outcome.decision.reasons) + outcome.decision.omitted - SHOWN
    if rest > 0:
        shell.note(shell.say("ingest-more", count=rest))
    if outcome.quarantine is not None:
        shell.note(shell.say("ingest-quarantine", place=outcome.quarantine))
    if outcome.report is not None:
        shell.note(shell.say("ingest-report", place=outcome.report))


def _tell_error(shell: Shell, path: Path, error: ArchivumError) -> None:
    text, hint = error.text(shell.language), error.hint(shell.language)
    shell.data(
        "error", {"path": str(path), "id": error.text_id, "text": text, "hint": hint}, f"error\t\t{path}"
    )
    shell.note(f"{path}: {text} [{error.text_id}]\n  → {hint}")


def _plain(shell: Shell, outcome: Outcome) -> dict[str, Any]:
    return {
        "path": str(outcome.path),
        "status": outcome.status.value,
        "uuid": str(outcome.uuid),
        "package_id": outcome.package.id,
        "kind": outcome.package.kind,
        "variant": outcome.package.variant,
        "producer": outcome.producer,
        "profile": outcome.profile,
        "action": outcome.decision.action.value,
        "reasons": [reason.code for reason in outcome.decision.reasons],
        "files": outcome.files,
        "bytes": outcome.size,
        "failed": outcome.failed,
        "warnings": outcome.warnings,
        "indeterminate": outcome.indeterminate,
        "not_checked": [one.code for one in outcome.findings if _unchecked(one)],
        "findings": [shell.finding(one) for one in outcome.findings],
        "report": str(outcome.report) if outcome.report else None,
        "quarantine": str(outcome.quarantine) if outcome.quarantine else None,
    }


def _unchecked(finding: Any) -> bool:
    return finding.verdict is Verdict.INDETERMINATE and finding.code.startswith("not-checked")


def _counts(shell: Shell) -> dict[str, int]:
    return {kind: shell.counts.get(kind, 0) for kind in (*(one.value for one in Status), "error")}


def _bytes(paths: Iterable[Path]) -> int:
    """Return how many bytes the transfers hold, as far as names and sizes tell; content is not read."""
    total = 0
    for path in paths:
        total += _size(path)
        for folder, _, names in os.walk(path):
            total += sum(_size(os.path.join(folder, name)) for name in names)  # noqa: PTH118
    return total


def _size(place: Path | str) -> int:
    """Return the bytes of a file; none where there is no file, or none that can be seen."""
    try:
        status = os.stat(place)  # noqa: PTH116
    except OSError:
        return 0
    return status.st_size if stat.S_ISREG(status.st_mode) else 0

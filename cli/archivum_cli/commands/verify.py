"""``archivum verify``: read AIPs again, every byte and every manifest."""

from uuid import UUID

import click

from archivum.archive import Archive
from archivum.audit.verify import chosen, verify, verify_journal, verify_root
from archivum.checks.aip import AipCheck
from archivum.errors import DONE, CorruptionFound, Misconfigured
from archivum.model import Severity, Verdict
from archivum_cli.progress import Progress
from archivum_cli.shell import Shell


def command(shell: Shell) -> click.Command:
    """Return the command."""

    @click.command("verify", help=shell.say("verify-help"))
    @click.argument("packages", nargs=-1)
    @click.option("--journal", is_flag=True, help=shell.say("verify-journal"))
    def run(packages: tuple[str, ...], journal: bool) -> None:
        archive = shell.open()
        archive.catch_up()
        if journal:
            findings = list(verify_journal(archive))
            for finding in findings:
                shell.tell(finding)
            shell.data(
                "journal", {"findings": len(findings)}, shell.say(f"verify-{bool(findings)}", name="journal")
            )
            shell.exit_code = CorruptionFound.exit_code if findings else DONE
        if journal and not packages:
            return
        accessions = list(chosen(archive, packages))
        verdicts = []
        unrecorded: list[UUID] = []
        with Progress(shell, sum(one.aip_size or 0 for one in accessions), len(accessions)) as progress:
            for check in verify(archive, accessions, unrecorded.append):
                verdicts.append(check.verdict)
                progress.advance(check.size)
                progress.done(str(check.uuid))
                _show(shell, check)
        if not packages:
            verdicts += _around(shell, archive)
        shell.exit_code = max(shell.exit_code, _exit_code(verdicts))
        if unrecorded:
            found = shell.exit_code
            shell.fail(Misconfigured("audit.unrecorded", count=len(unrecorded), place=archive.root))
            shell.exit_code = max(found, shell.exit_code)
        shell.counts.update({verdict.value: verdicts.count(verdict) for verdict in Verdict})

    return run


def _around(shell: Shell, archive: Archive) -> list[Verdict]:
    """Tell what lies in the storage and is none of the packages; return the verdicts."""
    verdicts = []
    for finding in verify_root(archive):
        if finding.severity is not Severity.INFO:
            verdicts.append(finding.verdict)
            shell.data("storage", shell.finding(finding), f"{finding.verdict}\t{finding.subject}")
            shell.tell(finding)
    return verdicts


def _exit_code(verdicts: list[Verdict]) -> int:
    """Return 5 if anything is wrong, 2 if something could not be read, else 0."""
    if Verdict.FAILED in verdicts:
        return CorruptionFound.exit_code
    return Misconfigured.exit_code if Verdict.INDETERMINATE in verdicts else DONE


def _show(shell: Shell, check: AipCheck) -> None:
    shell.data(
        "verification",
        {
            "uuid": str(check.uuid),
            "verdict": check.verdict.value,
            "files": check.files,
            "bytes": check.size,
            "manifest": check.manifest,
            "findings": [shell.finding(one) for one in check.findings],
            "notes": [one.code for one in check.notes],
        },
        f"{check.verdict}\t{check.uuid}",
    )
    for finding in check.findings:
        shell.tell(finding)

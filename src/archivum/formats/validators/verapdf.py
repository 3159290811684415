"""PDF/A (ISO 19005), judged by veraPDF, where the archive has one: a server (REST), or a command.

The setting ``verapdf`` is the server's http(s) address or the command. The file is judged against the flavour
that it claims, and an answer about another flavour is none. That veraPDF cannot read a file, finds it
encrypted, runs out of memory or time, or is not reached, is no verdict on the file.
"""

from typing import Final

from archivum.formats.validators.answer import (
    FAILED,
    FAULTS,
    INDETERMINATE,
    PASSED,
    Answer,
    Fault,
    Subject,
    Told,
    fault,
)
from archivum.formats.validators.pdf_claim import flavour_of
from archivum.formats.validators.verapdf_command import run
from archivum.formats.validators.verapdf_report import Report, VeraPDFError, read_report
from archivum.formats.validators.verapdf_rest import post

_ADDRESSES: Final = ("http://", "https://")


def validate(subject: Subject, told: Told) -> Answer | None:
    """Have veraPDF judge a file that claims PDF/A; None for others, or where there is no veraPDF.

    Raises:
        VeraPDFError: it gave no verdict; that says nothing of the file.
        OSError: it was not reached.
    """
    setting = told.settings.get("verapdf", "").strip()
    flavour = flavour_of(subject.path) if setting else ""
    if not flavour:
        return None
    if setting.startswith(_ADDRESSES):
        report = read_report(post(setting, flavour, subject.path, subject.size), flavour)
    else:
        said, passed = run(setting, flavour, subject.path, told.scratch)
        report = read_report(said, flavour)
        if report.compliant is not passed:
            raise VeraPDFError("its exit code contradicts its report")
    return Answer(INDETERMINATE, PASSED if report.compliant else FAILED, _tool(report), _faults(report))


def _tool(report: Report) -> str:
    return f"veraPDF {report.version}".strip()


def _faults(report: Report) -> tuple[Fault, ...]:
    broken = tuple(
        fault("pdfa-rule", where=one.where, rule=one.rule, reason=one.reason) for one in report.broken
    )
    if report.compliant or broken:
        return broken[:FAULTS]
    return (fault("pdfa-rule", rule="–", reason="–"),)

"""The report for the producer of a package that was not accepted: what is wrong, where, and what to mend."""

from html import escape
from pathlib import Path

from archivum.archive import Archive
from archivum.errors import Refused
from archivum.ingest.order import Status
from archivum.ingest.submission import Submission
from archivum.model import Decision, Finding
from archivum.storage.durable import publish
from archivum.texts import Language, printable, say

REPORTS = "reports"

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a}
h1{font-size:1.5rem}dt{color:#555}dd{margin:0 0 .5rem;overflow-wrap:anywhere}
section{border-left:4px solid #b00020;padding:.25rem 1rem;margin:1rem 0;overflow-wrap:anywhere}
.hint{font-weight:600}.rule{color:#555;font-size:.9rem}
"""


def write_report(archive: Archive, submission: Submission, status: Status, decision: Decision) -> Path:
    """Write the report beside the archive, once for the same findings, and return where it is.

    Raises:
        Misconfigured: the disk is full, read-only or fails.
    """
    language = archive.configuration.language
    data = _page(archive, submission, status, decision, language).encode("utf-8")
    number = 1
    while True:
        place = archive.root / REPORTS / f"{submission.receipt.uuid}-{number}.html"
        try:
            publish(place, data)
        except Refused:
            if _says_the_same(place, data):
                return place
            number += 1
        else:
            return place


def _says_the_same(place: Path, data: bytes) -> bool:
    """Whether a report differs in nothing but the time of receipt."""
    without = [line for line in place.read_bytes().splitlines() if b"<time" not in line]
    return without == [line for line in data.splitlines() if b"<time" not in line]


def _page(
    archive: Archive, submission: Submission, status: Status, decision: Decision, language: Language
) -> str:
    receipt = submission.receipt

    def told(name: str, **params: object) -> str:
        return escape(say(f"report.{name}", language, "text", **params))

    facts = (
        ("package", receipt.package_id),
        ("sent", receipt.origin),
        ("producer", receipt.producer.name),
        ("files", f"{receipt.files} ({receipt.size} B)"),
        ("digest", receipt.digest),
        ("receipt", str(receipt.uuid)),
        ("profile", decision.profile),
        ("archive", archive.configuration.institution.name),
    )
    rows = "".join(f"<dt>{told(name)}</dt><dd>{escape(printable(value))}</dd>\n" for name, value in facts)
    reasons = "".join(_section(reason, language) for reason in decision.reasons)
    omitted = f"<p>{told('omitted', count=decision.omitted)}</p>" if decision.omitted else ""
    title = told(f"title-{status.value}")
    return (
        f'<!DOCTYPE html>\n<html lang="{language}"><head><meta charset="utf-8"><title>{title}</title>\n'
        f"<style>{_STYLE}</style></head>\n<body><h1>{title}</h1>\n<p>{told(f'intro-{status.value}')}</p>\n"
        f"<dl>{rows}\n"
        f"<dt>{told('received')}</dt><dd><time>{escape(receipt.at.isoformat())}</time></dd>\n</dl>\n"
        f"<h2>{told('reasons', count=len(decision.reasons) + decision.omitted)}</h2>\n{reasons}{omitted}\n"
        "</body></html>\n"
    )


def _section(finding: Finding, language: Language) -> str:
    where = f"<p>{escape(printable(finding.where))}</p>" if finding.where else ""
    return (
        f"<section><p>{escape(finding.text(language))}</p>{where}"
        f'<p class="hint">{escape(finding.hint(language))}</p>'
        f'<p class="rule">{escape(finding.rule(language))} '
        f"({escape(finding.source(language))}) [{escape(finding.code)}]</p></section>\n"
    )

"""index.html of a DIP: what a reader needs to know, in a page that opens from the disk and loads nothing.

It has no scripts and refers to nothing outside the DIP. Whatever comes from a package is escaped, and shown
without characters that would hide or turn round what is beside them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from archivum.access.page_records import write_loose_files, write_records
from archivum.access.request import Request
from archivum.access.words import Words
from archivum.model import Event, EventType, Finding, Severity, Verdict
from archivum.packaging.czdax_context import Aip
from archivum.packaging.writing import NewFile, one_line
from archivum.plain import from_plain
from archivum.signatures import TimeStamp

PAGE: Final = "index.html"

_STYLE: Final = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; }
h1, h2 { line-height: 1.25; overflow-wrap: anywhere; }
h2 { margin-top: 2.5rem; border-bottom: 1px solid; }
ul { padding-left: 1.25rem; }
li { margin: .3rem 0; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: minmax(8rem, max-content) 1fr; gap: .1rem 1rem; margin: .3rem 0; }
dd { margin: 0; overflow-wrap: anywhere; }
dl.facts { font-size: .9rem; }
table { border-collapse: collapse; width: 100%; }
caption { text-align: left; }
th, td { border: 1px solid; padding: .2rem .5rem; text-align: left; vertical-align: top; }
pre { padding: .5rem; border: 1px solid; white-space: pre-wrap; overflow-wrap: anywhere; }
.kind, .level, .told { font-size: .9rem; }
.trial { border: 3px double; padding: .5rem 1rem; font-weight: bold; }
.skip { position: absolute; left: -100rem; }
.skip:focus { position: static; }
@media print {
  body { max-width: none; padding: 0; font-size: 10pt; }
  .skip { display: none; }
  a { color: inherit; }
  h2 { break-after: avoid; }
  li.file, tr, pre { break-inside: avoid; }
}
"""
# "default-src 'none'": should an escape ever fail, the browser still runs and fetches nothing
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


@dataclass(frozen=True, slots=True)
class Page:
    """What the page tells; the index of ``aip`` holds the chosen records and files.

    ``event`` is the dissemination itself, ``events`` are all before it.
    """

    aip: Aip
    request: Request
    event: Event
    stamp: TimeStamp
    events: Sequence[Event]

    @property
    def words(self) -> Words:
        """The words of the page, in the language of the archive."""
        return Words(self.aip.context.language)


def write_page(target: NewFile, page: Page) -> None:
    """Write the page."""
    words = page.words
    root = f"data/{page.request.id}/"
    target.write(_head(page))
    target.write(f'<section aria-labelledby="about"><h2 id="about">{words("page-about")}</h2>\n')
    target.write(words.facts(_about(page)))
    target.write(
        f'</section>\n<section aria-labelledby="records"><h2 id="records">{words("page-records")}</h2>\n'
    )
    write_records(target, page.aip.index, words, root)
    write_loose_files(target, page.aip.index, words, root)
    target.write("</section>\n")
    for name, text in (
        ("stamp", _stamp(page)),
        ("checks", _checks(page)),
        ("history", _history(page)),
        ("verify", _verify(page)),
    ):
        target.write(f'<section aria-labelledby="{name}"><h2 id="{name}">{words(f"page-{name}")}</h2>\n')
        target.write(f"{text}</section>\n")
    target.write("</main>\n</body>\n</html>\n")


def _head(page: Page) -> str:
    words, aip, request = page.words, page.aip, page.request
    title = words.text(one_line(aip.package.title) or aip.receipt.package_id)
    intro = words(
        "page-intro",
        institution=aip.context.institution.name,
        at=words.time(request.at),
        aip=aip.receipt.uuid,
    )
    extent = words("page-whole" if request.whole else "page-part")
    return (
        f'<!DOCTYPE html>\n<html lang="{words.language}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f'<a class="skip" href="#records">{words("page-skip")}</a>\n'
        f'<header>\n<p class="kind">{words("page-kind")}</p>\n<h1>{title}</h1>\n'
        f"<p>{intro} {extent}</p>\n</header>\n<main>\n"
    )


def _about(page: Page) -> Iterator[tuple[str, str]]:
    words, aip, request = page.words, page.aip, page.request
    detail = page.event.detail
    yield "about-producer", aip.originator.name
    if aip.receipt.producer.name != aip.originator.name:
        yield "about-submitter", aip.receipt.producer.name
    yield "about-package", aip.receipt.package_id
    yield "about-fonds", f"{aip.context.fonds.title} (NAD {aip.context.fonds.number})"
    yield "about-institution", f"{aip.context.institution.name} ({aip.context.institution_id})"
    yield "about-received", words.time(aip.receipt.at)
    yield "about-aip", str(aip.receipt.uuid)
    yield "about-dip", str(request.id)
    yield "about-made", f"{words.time(request.at)} ({request.agent.name})"
    yield "about-access", words.plain(f"access-{request.accession.access}")
    yield "about-permit", request.permit
    yield "about-selection", "; ".join((*request.records, *request.paths))
    size = words.size(int(str(detail["bytes"])))
    yield "about-files", words.plain("about-extent", files=str(detail["files"]), size=size)


def _stamp(page: Page) -> str:
    words, stamp = page.words, page.stamp
    trial = f'<p class="trial">{words("stamp-trial")}</p>\n' if stamp.trial else ""
    told = {
        "stamp-time": words.time(stamp.time),
        "stamp-authority": stamp.authority or "–",
        "stamp-verdict": words.plain(f"verdict-{stamp.verdict}"),
    }
    return (
        f"<p>{words('stamp-about')}</p>\n{trial}{words.facts(told.items())}{_findings(page, stamp.findings)}"
    )


def _findings(page: Page, findings: Sequence[Finding]) -> str:
    language = page.words.language
    items = "".join(
        f"<li>{page.words.text(finding.text(language))} ({finding.code})</li>\n" for finding in findings
    )
    return f"<ul>\n{items}</ul>\n" if items else ""


def _checks(page: Page) -> str:
    """What was not or could not be checked when the package came, and what was not as it should be."""
    words = page.words
    validations = [event for event in page.events if event.type is EventType.VALIDATION]
    if not validations:
        return f"<p>{words('checks-unknown')}</p>\n"
    detail = validations[-1].detail
    found: list[Finding] = [from_plain(Finding, one) for one in _list(detail.get("findings"))]
    open_ = [one for one in found if one.verdict is Verdict.INDETERMINATE]
    wrong = [one for one in found if one.verdict is Verdict.FAILED]
    # first what was not asked at all, then what could not be settled
    open_.sort(key=lambda one: one.severity is not Severity.INFO)
    text = ""
    for name, some in (("checks-open", open_), ("checks-wrong", wrong)):
        if some:
            text += f"<p>{words(name)}</p>\n{_findings(page, some)}"
    if omitted := detail.get("omitted"):
        text += f"<p>{words('checks-omitted', count=omitted)}</p>\n"
    return text or f"<p>{words('checks-none')}</p>\n"


def _list(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else ()


def _history(page: Page) -> str:
    words = page.words
    heads = "".join(
        f'<th scope="col">{words(f"history-{name}")}</th>' for name in ("time", "event", "outcome", "agent")
    )
    rows = "".join(
        f"<tr><td>{words.time(event.at)}</td><td>{words(f'event-{event.type.name.lower()}')}</td>"
        f"<td>{words(f'verdict-{event.outcome}')}</td><td>{words.text(event.agent.name)}</td></tr>\n"
        for event in (*page.events, page.event)
    )
    caption = words("history-caption")
    return (
        f"<table>\n<caption>{caption}</caption>\n<thead><tr>{heads}</tr></thead>\n"
        f"<tbody>\n{rows}</tbody>\n</table>\n"
    )


def _verify(page: Page) -> str:
    """How a reader proves that the DIP is whole and that its files are those that were stamped."""
    words, aip = page.words, page.aip.receipt.uuid
    commands = {
        "verify-bag": (
            "sha512sum --check --quiet tagmanifest-sha512.txt",
            "sha512sum --check --quiet manifest-sha512.txt",
        ),
        "verify-files": (
            f"cd data/{page.request.id}",
            f"sed -e 's|  data/{aip}/METS.xml$|  documentation/evidence/AIP-METS.xml|'"
            f" -e 's|  data/{aip}/|  |' -e 's|%25|%|g' documentation/evidence/manifest-sha512.txt"
            " | sha512sum --check --ignore-missing --quiet",
        ),
        "verify-stamp": (
            "openssl ts -verify -data documentation/evidence/manifest-sha512.txt"
            " -in documentation/evidence/manifest-sha512.txt.tsr"
            " -CAfile documentation/evidence/time-stamp-chain.pem",
        ),
    }
    steps = "".join(
        f"<li><p>{words(name)}</p>\n<pre><code>{words.text(chr(10).join(lines))}</code></pre></li>\n"
        for name, lines in commands.items()
    )
    return f"<p>{words('verify-about')}</p>\n<ol>\n{steps}</ol>\n<p>{words('verify-rest')}</p>\n"

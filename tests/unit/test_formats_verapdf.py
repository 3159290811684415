"""veraPDF: its protocol, its exit codes and its reports.

veraPDF is in no package registry, so what answers here is a stand-in that speaks as veraPDF's documentation
and source have it (POST /api/validate/{flavour}; the JSON report since 1.24). It proves what archivum makes
of the answers, and says nothing of veraPDF itself.
"""

import json
import re
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import typst

from archivum.formats.validating import Judged, Validating
from archivum.formats.validators.verapdf_report import VeraPDFError, read_report
from archivum.model import Validation, Verdict

PASSED, FAILED, INDETERMINATE = Verdict.PASSED, Verdict.FAILED, Verdict.INDETERMINATE
RULE = {
    "specification": "ISO 19005-2:2011",
    "clause": "6.2.4.3",
    "testNumber": 2,
    "status": "failed",
    "failedChecks": 4,
    "description": "DeviceRGB shall only be used with an RGB output intent",
    "checks": [{"status": "failed", "context": "root/document[0]/pages[0]"}],
}


def report(profile: str = "PDF/A-2B", compliant: bool = True, **job: Any) -> dict[str, Any]:
    """Return a report on one file as veraPDF writes it."""
    result = {
        "details": {"failedRules": 0 if compliant else 1, "ruleSummaries": [] if compliant else [RULE]},
        "jobEndStatus": "normal",
        "profileName": f"{profile} validation profile",
        "compliant": compliant,
    }
    summary = {"totalJobs": 1, "outOfMemory": 0, "veraExceptions": 0}
    return {
        "report": {
            "buildInformation": {"releaseDetails": [{"id": "core", "version": "1.28.2"}]},
            "jobs": [{"itemDetails": {"name": "file.pdf"}, "validationResult": [result], **job}],
            "batchSummary": {**summary, "failedEncryptedJobs": 0, "failedParsingJobs": 0},
        }
    }


def unreadable() -> dict[str, Any]:
    told = report()
    (job,) = told["report"]["jobs"]
    del job["validationResult"]
    job["taskException"] = {"type": "PARSE", "exceptionMessage": "Couldn't parse stream"}
    told["report"]["batchSummary"]["failedParsingJobs"] = 1
    return told


class Server(ThreadingHTTPServer):
    """Answers what it is told to, and keeps what it was sent."""

    status = 200
    answer: bytes = b""
    asked: list[tuple[str, str, bytes]]


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        kind = self.headers["Content-Type"]
        boundary = re.fullmatch("multipart/form-data; boundary=([a-z0-9]+)", kind)
        assert boundary is not None
        assert int(self.headers["X-File-Size"]) < len(body)
        part = re.fullmatch(
            rb'--%(b)s\r\nContent-Disposition: form-data; name="file"; filename="[^"]+"\r\n'
            rb"Content-Type: application/pdf\r\n\r\n(.*)\r\n--%(b)s--\r\n" % {b"b": boundary[1].encode()},
            body,
            re.DOTALL,
        )
        assert part is not None
        self.server.asked.append((self.path, self.headers["Accept"], part[1]))
        self.send_response(self.server.status)
        self.end_headers()
        self.wfile.write(self.server.answer)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as one:
        one.asked = []
        thread = threading.Thread(target=one.serve_forever)
        thread.start()
        yield one
        one.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def pdf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A good PDF/A-2b."""
    path = tmp_path_factory.mktemp("pdf") / "dopis"  # veraPDF's command passes over names like this
    data = typst.compile(
        b'#set document(title: "a", date: datetime(year: 2016, month: 3, day: 4))\nb',
        format="pdf",
        pdf_standards=["a-2b"],
        ignore_system_fonts=True,
    )
    assert isinstance(data, bytes)
    path.write_bytes(data)
    return path


def judge(
    setting: str, path: Path, scratch: Path, validators: tuple[str, ...] = ("pdf", "verapdf")
) -> Validation:
    with Validating(scratch, {"verapdf": setting}) as validating:
        validating.add("a", path, path.name, path.stat().st_size, "fmt/477", validators)
        ((_, judged),) = validating.results()
    assert isinstance(judged, Judged)
    return judged.validation


def address(server: Server) -> str:
    return f"http://127.0.0.1:{server.server_port}/"


@pytest.mark.parametrize(("compliant", "valid"), [(True, PASSED), (False, FAILED)])
def test_a_server_judges(server: Server, pdf: Path, tmp_path: Path, compliant: bool, valid: Verdict) -> None:
    server.answer = json.dumps(report(compliant=compliant)).encode()
    found = judge(address(server), pdf, tmp_path)
    assert (found.well_formed, found.valid) == (PASSED, valid)
    assert found.tools[-1] == "veraPDF 1.28.2"
    assert server.asked == [("/api/validate/2b", "application/json", pdf.read_bytes())]
    assert [fault.text() for fault in found.faults] == (
        []
        if compliant
        else [
            "It breaks ISO 19005-2:2011 6.2.4.3 (2) of the PDF/A that it claims:"
            " DeviceRGB shall only be used with an RGB output intent."
        ]
    )


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (400, b"Maximum allowed file size exceeded: 100 MB"),
        (500, b""),
        (302, b""),
        (200, b""),
        (200, b"<html>"),
        (200, b"[]"),
        (200, b'{"report": {"jobs": []}}'),
        (200, json.dumps(unreadable()).encode()),
        (200, json.dumps(report("PDF/A-1B")).encode()),  # of another flavour than the file claims
        (200, json.dumps(report("PDF/UA-1")).encode()),
    ],
)
def test_what_is_no_verdict_of_a_server(
    server: Server, pdf: Path, tmp_path: Path, status: int, answer: bytes
) -> None:
    server.status, server.answer = status, answer
    found = judge(address(server), pdf, tmp_path)
    assert (found.well_formed, found.valid) == (PASSED, INDETERMINATE)
    assert [fault.id for fault in found.faults] == ["engine"]
    assert len(server.asked) == 1


def test_a_server_that_is_not_there(pdf: Path, tmp_path: Path) -> None:
    found = judge("http://127.0.0.1:1", pdf, tmp_path)
    assert (found.valid, [fault.id for fault in found.faults]) == (INDETERMINATE, ["engine"])


def test_where_veraPDF_gives_no_verdict_the_next_one_does(pdf: Path, tmp_path: Path) -> None:  # noqa: N802
    found = judge("http://127.0.0.1:1", pdf, tmp_path, ("pdf", "verapdf", "page"))
    assert (found.valid, [fault.id for fault in found.faults]) == (PASSED, ["engine"])


def test_without_a_setting_it_is_not_asked(pdf: Path, tmp_path: Path) -> None:
    found = judge("", pdf, tmp_path)
    assert (found.valid, len(found.tools)) == (INDETERMINATE, 1)


def command(folder: Path, status: int, told: object) -> str:
    """Make a command that takes veraPDF's arguments, and ends with a status."""
    script = folder / "verapdf.py"
    script.write_text(
        "import json, pathlib, sys\n"
        "options, path = sys.argv[1:-1], pathlib.Path(sys.argv[-1])\n"
        "assert options == ['--format', 'json', '--flavour', '2b', '--maxfailuresdisplayed', '1'], options\n"
        "assert path.suffix == '.pdf' and path.read_bytes().startswith(b'%PDF')\n"
        f"print(json.dumps({told!r}))\n"
        f"sys.exit({status})\n"
    )
    return f"{sys.executable} '{script}'"


@pytest.mark.parametrize(
    ("status", "told", "valid"),
    [
        (0, report(), PASSED),
        (1, report(compliant=False), FAILED),
        (0, report(compliant=False), INDETERMINATE),  # it contradicts itself
        (1, report(), INDETERMINATE),
        (2, {}, INDETERMINATE),
        (3, report(compliant=False), INDETERMINATE),
        (4, {}, INDETERMINATE),
        (6, {}, INDETERMINATE),
        (7, unreadable(), INDETERMINATE),
        (8, unreadable(), INDETERMINATE),
        (9, {}, INDETERMINATE),
    ],
)
def test_a_command_judges_only_with_the_codes_that_say_so(
    pdf: Path, tmp_path: Path, status: int, told: object, valid: Verdict
) -> None:
    found = judge(command(tmp_path, status, told), pdf, tmp_path)
    assert (found.well_formed, found.valid) == (PASSED, valid)
    assert ("engine" in {fault.id for fault in found.faults}) is (valid is INDETERMINATE)


def test_a_command_that_is_not_there(pdf: Path, tmp_path: Path) -> None:
    found = judge("/nowhere/verapdf", pdf, tmp_path)
    assert (found.valid, [fault.id for fault in found.faults]) == (INDETERMINATE, ["engine"])


def test_a_report_of_a_single_result_is_read() -> None:
    """Before 1.26 the result was no list."""
    told = report()
    (job,) = told["report"]["jobs"]
    (job["validationResult"],) = job["validationResult"]
    assert read_report(json.dumps(told).encode(), "2b").compliant


@pytest.mark.parametrize("key", ["outOfMemory", "veraExceptions", "failedEncryptedJobs", "failedParsingJobs"])
def test_a_report_that_counts_a_failure_is_no_verdict(key: str) -> None:
    told = report()
    told["report"]["batchSummary"][key] = 1
    with pytest.raises(VeraPDFError, match=key):
        read_report(json.dumps(told).encode(), "2b")


@pytest.mark.parametrize("change", [{"jobEndStatus": "timeout"}, {"compliant": None}, {"compliant": "true"}])
def test_a_report_that_is_incomplete_is_no_verdict(change: dict[str, object]) -> None:
    told = report()
    told["report"]["jobs"][0]["validationResult"][0].update(change)
    with pytest.raises(VeraPDFError):
        read_report(json.dumps(told).encode(), "2b")

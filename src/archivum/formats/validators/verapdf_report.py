"""veraPDF's report (JSON, as its command and its server write it since 1.24), read without trusting it."""

import json
import re
from typing import Any, Final, NamedTuple

REPORT_BYTES: Final = 16 << 20
# counts in batchSummary that say that a file was not judged
_NOT_JUDGED: Final = ("outOfMemory", "failedEncryptedJobs", "failedParsingJobs", "veraExceptions")
_PROFILE: Final = re.compile(r"PDF/A-(\d)([A-Za-z]?)\b")
_BROKEN: Final = 100


class VeraPDFError(Exception):
    """veraPDF gave no verdict."""


class Broken(NamedTuple):
    """A rule that a file breaks: its specification and clause, what it says, and where it is broken first."""

    rule: str
    reason: str
    where: str


class Report(NamedTuple):
    """What veraPDF says of one file."""

    compliant: bool
    version: str
    broken: tuple[Broken, ...]


def read_report(data: bytes, flavour: str) -> Report:
    """Return the verdict on one file, if it is one and about this flavour.

    Raises:
        VeraPDFError: it is none; the message says why.
    """
    try:
        report = json.loads(data)["report"]
        (job,) = report["jobs"]
    except (ValueError, KeyError, TypeError) as error:
        raise VeraPDFError("no report on one file") from error
    result = _result(job, report)
    if _flavour(result.get("profileName")) != flavour:
        raise VeraPDFError(f"judged as {result.get('profileName')}, not as PDF/A-{flavour}")
    if not isinstance(result.get("compliant"), bool):
        raise VeraPDFError("no verdict")
    return Report(result["compliant"], _version(report), _rules(result))


def _result(job: Any, report: Any) -> dict[str, Any]:
    """Return the result of a validation that ended by itself."""
    for key in ("taskException", "taskResult"):
        if isinstance(job, dict) and isinstance(told := job.get(key), dict):
            raise VeraPDFError(f"{told.get('type', 'task')}: {told.get('exceptionMessage', '')}"[:300])
    summary = report.get("batchSummary")
    for key in _NOT_JUDGED:
        if isinstance(summary, dict) and summary.get(key):
            raise VeraPDFError(key)
    result = job.get("validationResult") if isinstance(job, dict) else None
    if isinstance(result, list) and len(result) == 1:  # since 1.26 a file may be judged by several profiles
        result = result[0]
    if not isinstance(result, dict):
        raise VeraPDFError("no result of one validation")
    if result.get("jobEndStatus", "normal") != "normal" and result.get("compliant"):
        raise VeraPDFError(f"ended early: {result['jobEndStatus']}")
    return result


def _flavour(profile: Any) -> str:
    """Return the flavour in a profile's name (``PDF/A-2B validation profile``)."""
    found = _PROFILE.match(profile) if isinstance(profile, str) else None
    return (found[1] + found[2]).lower() if found else ""


def _version(report: Any) -> str:
    """Return the version of the core, the first of those that the report names."""
    try:
        return str(report["buildInformation"]["releaseDetails"][0]["version"])
    except (KeyError, IndexError, TypeError):
        return ""


def _rules(result: dict[str, Any]) -> tuple[Broken, ...]:
    details = result.get("details")
    rules = details.get("ruleSummaries") if isinstance(details, dict) else None
    listed = [rule for rule in rules if isinstance(rule, dict)] if isinstance(rules, list) else []
    failed = (rule for rule in listed if str(rule.get("status", rule.get("ruleStatus"))).lower() == "failed")
    return tuple(_broken(rule) for rule in failed)[:_BROKEN]


def _broken(rule: dict[str, Any]) -> Broken:
    name = f"{rule.get('specification', '')} {rule.get('clause', '')} ({rule.get('testNumber', '')})"
    checks = rule.get("checks")
    first = checks[0] if isinstance(checks, list) and checks and isinstance(checks[0], dict) else {}
    return Broken(name.strip(), str(rule.get("description", ""))[:300], str(first.get("context", ""))[:200])

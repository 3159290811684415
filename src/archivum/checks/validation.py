"""What validators say of the files of a package, as findings; whether it matters is the profile's to say."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from archivum.model import Fault, Finding, Identification, Severity, Validation, Verdict
from archivum.packaging.index import PackageIndex

NOT_VALIDATED: Final = "not-checked-validity"
ENGINE: Final = "engine"  # the fault that is not the file's but the validator's
TOLD: Final = 10  # faults of one file that are findings; the others stay with the file
_ENDED: Final = ("timeout", "crash", "memory")


def validation(index: PackageIndex) -> Iterator[Finding]:
    """Yield what is wrong with files and what could not be judged; a format without a validator, once."""
    unasked: Counter[str] = Counter()
    for file in index.validated():
        if file.validation is not None and file.format is not None and file.size:
            for inside, known, said in _all(file.format, file.validation):
                yield from _said(file.path, inside, known, said)
                if _unasked(said):
                    unasked[_name(known, inside or file.path)] += 1
    for name, count in sorted(unasked.items()):
        params: dict[str, str | int] = {"format": name, "count": count}
        yield Finding(NOT_VALIDATED, Verdict.INDETERMINATE, Severity.INFO, params=params)


def _all(
    known: Identification, said: Validation, inside: str = ""
) -> Iterator[tuple[str, Identification, Validation]]:
    """Yield what is said of a file, and of the files inside it with their paths."""
    yield inside, known, said
    for part in said.parts:
        yield from _all(part.format, part.validation, f"{inside}!/{part.path}" if inside else part.path)


def _unasked(said: Validation) -> bool:
    """Whether nobody has judged if a file is valid, and no finding tells so by itself."""
    return (
        said.valid is Verdict.INDETERMINATE
        and said.reason not in _ENDED
        and not any(fault.severity is Severity.ERROR or fault.id == ENGINE for fault in said.faults)
    )


def _said(path: str, inside: str, known: Identification, said: Validation) -> Iterator[Finding]:
    for fault in said.faults[:TOLD]:
        if fault.severity is not Severity.INFO:
            yield _found(path, inside, known, said, fault)
    if said.reason in _ENDED and not said.faults:
        fault = Fault(said.reason, Severity.WARNING)
        yield _judged("file-validator", Verdict.INDETERMINATE, path, inside, known, said, fault)


def _found(path: str, inside: str, known: Identification, said: Validation, fault: Fault) -> Finding:
    if fault.id == ENGINE:
        return _judged("file-validator", Verdict.INDETERMINATE, path, inside, known, said, fault)
    if fault.severity is Severity.WARNING:
        return _judged("file-flaw", Verdict.FAILED, path, inside, known, said, fault)
    if said.well_formed is Verdict.FAILED:
        return _judged("file-malformed", Verdict.FAILED, path, inside, known, said, fault)
    if said.valid is Verdict.FAILED:
        return _judged("file-invalid", Verdict.FAILED, path, inside, known, said, fault)
    return _judged("file-unconfirmed", Verdict.INDETERMINATE, path, inside, known, said, fault)


def _judged(
    code: str,
    verdict: Verdict,
    path: str,
    inside: str,
    known: Identification,
    said: Validation,
    fault: Fault,
) -> Finding:
    params = {
        "format": _name(known, inside or path),
        "tools": ", ".join(said.tools) or "–",
        "reason": fault.text("en"),
        "reason_cs": fault.text("cs"),
    }
    hard = code in ("file-malformed", "file-invalid")
    severity = Severity.ERROR if hard else Severity.WARNING
    where = ": ".join(filter(None, (inside, fault.where)))
    return Finding(code, verdict, severity, path, where, params)


def _name(known: Identification, path: str) -> str:
    """Return what a format is called; what its file is called, where it is not known."""
    if known.puid is None:
        _, dot, extension = path.rpartition("/")[2].rpartition(".")
        return f".{extension}" if dot else "–"
    match = known.matches[0]
    return " ".join(filter(None, (match.puid, match.name, match.version)))

"""What the identification of formats leaves open; whether a format is permitted is the policy's to say."""

from collections.abc import Iterator

from archivum.model import File, Finding, Identification, Severity, Verdict
from archivum.packaging.index import PackageIndex

# why an identification is not a sure one (Identification.reason, its first word) -> the finding it becomes
_REASONS = {
    "unknown": ("format-unknown", Verdict.INDETERMINATE),
    "extension": ("format-name-only", Verdict.INDETERMINATE),
    "several": ("format-several", Verdict.INDETERMINATE),
    "disagreement": ("format-disagreement", Verdict.FAILED),
}


def identification(index: PackageIndex) -> Iterator[Finding]:
    """Yield a finding for every file whose format is not known for sure, or is not what its name says."""
    for file in index.unsure():
        if file.size:  # that a file is empty is a finding of completeness
            yield from _asked(file, file.format)


def _asked(file: File, known: Identification | None) -> Iterator[Finding]:
    if known is None:
        yield _finding("format-not-checked", Verdict.INDETERMINATE, file, reason="–")
        return
    if known.verdict is not Verdict.PASSED:
        code, verdict = _REASONS.get(
            known.reason.partition(":")[0], ("format-not-checked", Verdict.INDETERMINATE)
        )
        yield _finding(code, verdict, file, reason=known.reason, formats=_names(known))
    if any("extension mismatch" in match.warning for match in known.matches):
        yield _finding("format-extension", Verdict.FAILED, file, formats=_names(known))


def _names(known: Identification) -> str:
    return ", ".join(f"{m.puid} {m.name} {m.version}".strip() for m in known.matches) or "–"


def _finding(code: str, verdict: Verdict, file: File, **params: str) -> Finding:
    return Finding(code, verdict, Severity.WARNING, file.path, params=params)

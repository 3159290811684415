"""What archivum did not ask of a package: said aloud, because what was not checked is not fine."""

from collections.abc import Iterator

from archivum.model import Finding, Severity, Verdict

# each is asked elsewhere one day; until then every package carries these
_NOT_ASKED = (
    "not-checked-signatures",
    "not-checked-rules",
)


def unchecked() -> Iterator[Finding]:
    """Yield one indeterminate finding for each kind of check that was not made."""
    for code in _NOT_ASKED:
        yield Finding(code, Verdict.INDETERMINATE, Severity.INFO)

"""PDF/A-1 to PDF/A-3 (ISO 19005), judged by ``page-validation`` against the flavour that the file claims.

Its pass was right on all that was measured, apart from what the validator ``pdf`` asks beside it; its fail
was wrong on a quarter of what LibreOffice writes. So a pass is a pass, and a fail is to be confirmed with
veraPDF. It knows neither PDF/A-4 nor PDF/UA-2, and says nothing of well-formedness.
"""

from typing import Final

import page

from archivum.formats.validators.answer import (
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

TOOL: Final = f"page-validation {page.__version__}"
KNOWN: Final = frozenset(profile.value for profile in page.ValidationProfile) - {"ua1"}
LIMITS: Final = page.SafetyLimits(
    max_input_size=512 << 20, max_decoded_stream_size=256 << 20, max_total_decoded_content_size=1 << 30
)


def validate(subject: Subject, told: Told) -> Answer | None:
    """Judge a file that claims PDF/A-1 to 3; None for others.

    Raises:
        page.PageError: it gave up; that says nothing of the file.
    """
    del told
    flavour = flavour_of(subject.path)
    if flavour not in KNOWN:
        return None
    report = _report(subject.path, flavour)
    if report.is_compliant:
        return Answer(INDETERMINATE, PASSED, TOOL)
    faults = tuple(_fault(failure) for failure in report.failures[:FAULTS])
    return Answer(
        INDETERMINATE, INDETERMINATE, TOOL, faults or (fault("pdfa-unconfirmed", rule="–", reason="–"),)
    )


def _report(path: str, flavour: str) -> page.ValidationReport:
    try:
        return page.validate_pdf(path, profile=flavour, limits=LIMITS)
    except Exception:
        raise
    except BaseException as error:  # a panic of Rust is no Exception, and would end the worker
        if type(error).__name__ != "PanicException":
            raise
        raise RuntimeError(f"panic: {error}") from error


def _fault(failure: page.ValidationFailure) -> Fault:
    number = failure.object_id
    where = f"{number.object_number} {number.generation} obj" if number else ""
    return fault("pdfa-unconfirmed", where=where, rule=failure.rule_id, reason=failure.message[:300])

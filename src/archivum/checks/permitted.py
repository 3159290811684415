"""Which files are in formats that the policy does not permit for good; what is done is the profile's."""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Final

from archivum.formats.policy import Judgement, Policy, Standing
from archivum.model import Fault, File, Finding, Identification, InnerFile, Severity, Verdict
from archivum.packaging.index import PackageIndex

TOLD: Final = 3  # of what one file lacks; it is not permitted for the first already


def permitted(index: PackageIndex, policy: Policy, day: date) -> Iterator[Finding]:
    """Yield what a policy refuses or makes a condition of, file by file; what else there is to say, once.

    That a format is not known for sure is a finding of its identification and said there.
    """
    beside: Counter[str] = Counter()
    unknown: Counter[tuple[str, str, str]] = Counter()
    for file in index.files():
        if file.format is None or not file.format.puid or not file.size:
            continue
        said = policy.judge(file.format, file.validation, day)
        yield from _refused(file, policy, day)
        if said.standing is Standing.ACCEPTABLE:
            beside[_name(file.format)] += 1
        elif said.verdict is Verdict.FAILED and said.standing is Standing.CONDITIONAL:
            yield _unmet(file, policy, said)
        elif file.format.verdict is Verdict.PASSED:
            for lack in _untold(said):
                unknown[_name(file.format), lack.text("en"), lack.text("cs")] += 1
    yield from _once(policy, beside, unknown)


def _once(policy: Policy, beside: Counter[str], unknown: Counter[tuple[str, str, str]]) -> Iterator[Finding]:
    for (name, reason, czech), count in sorted(unknown.items()):
        params: dict[str, str | int] = {"format": name, "count": count, "policy": policy.title}
        params |= {"reason": reason, "reason_cs": czech}
        yield Finding("not-checked-condition", Verdict.INDETERMINATE, Severity.WARNING, params=params)
    for name, count in sorted(beside.items()):
        told: dict[str, str | int] = {"format": name, "count": count, "policy": policy.title}
        yield Finding("format-not-preservation", Verdict.FAILED, Severity.INFO, params=told)


def _untold(said: Judgement) -> tuple[Fault, ...]:
    return said.lacks[:TOLD] if said.verdict is Verdict.INDETERMINATE else ()


def _unmet(file: File, policy: Policy, said: Judgement) -> Finding:
    lacks = said.lacks[:TOLD]
    params = {
        "format": _name(file.format),
        "policy": policy.title,
        "reason": " ".join(lack.text("en") for lack in lacks),
        "reason_cs": " ".join(lack.text("cs") for lack in lacks),
    }
    return Finding("format-condition", Verdict.FAILED, Severity.WARNING, file.path, params=params)


def _refused(file: File, policy: Policy, day: date) -> Iterator[Finding]:
    """Yield that a file or one inside it is in a format that is refused."""
    for inside, known in _all(file):
        if known is not None and known.puid and policy.standing(known.puid, day) is Standing.REFUSED:
            params = {"format": _name(known), "policy": policy.title}
            yield Finding("format-refused", Verdict.FAILED, Severity.ERROR, file.path, inside, params)


def _all(file: File) -> Iterator[tuple[str, Identification | None]]:
    yield "", file.format
    if file.validation is not None:
        yield from _inside(file.validation.parts, "")


def _inside(parts: tuple[InnerFile, ...], outer: str) -> Iterator[tuple[str, Identification]]:
    for part in parts:
        path = f"{outer}!/{part.path}" if outer else part.path
        yield path, part.format
        yield from _inside(part.validation.parts, path)


def _name(known: Identification | None) -> str:
    if known is None or not known.matches:
        return "–"
    match = known.matches[0]
    return f"{match.puid} {match.name} {match.version}".strip()

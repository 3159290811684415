"""What an event of identification tells of formats: how many files are of which, and how they stand."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from archivum.model import Identification, Validation, Verdict

COUNTS: Final = ("files", "bytes", "valid", "well-formed", "faulty", "met", "unmet")
_Format = tuple[str, str, str, str, str]  # PUID, name, version, media type, verdict


class Like(NamedTuple):
    """So many files, of so many bytes, of which the same is known.

    ``permitted`` is what the policy says of them: passed if they are kept for good as they are.
    """

    format: Identification | None
    validation: Validation | None
    permitted: Verdict
    files: int
    size: int


def uses(found: Iterable[Like]) -> Iterator[dict[str, object]]:
    """Yield each format with its files and bytes; what differs only in its grounds is one.

    ``valid`` and ``well-formed`` (valid ones among them) count files that were found so, ``faulty`` those
    that were found not to be; what is left was not checked. ``met`` counts files that the policy keeps for
    good as they are, ``unmet`` those that it does not; of what is left that cannot be told.
    """
    sums: dict[_Format, Counter[str]] = {}
    for like in found:
        counts = sums.setdefault(_format(like.format), Counter())
        counts.update({"files": like.files, "bytes": like.size})
        counts.update(dict.fromkeys(_standing(like), like.files))
    for (puid, name, version, mime, verdict), counts in sorted(sums.items()):
        told = {key: counts[key] for key in COUNTS}
        yield {"puid": puid, "name": name, "version": version, "mime": mime, "verdict": verdict, **told}


def _standing(like: Like) -> Iterator[str]:
    said = like.validation or Validation()
    if Verdict.FAILED in (said.well_formed, said.valid):
        yield "faulty"
    else:
        if said.well_formed is Verdict.PASSED:
            yield "well-formed"
        if said.valid is Verdict.PASSED:
            yield "valid"
    if like.permitted is not Verdict.INDETERMINATE:
        yield "met" if like.permitted is Verdict.PASSED else "unmet"


def _format(known: Identification | None) -> _Format:
    if known is None or not known.puid:
        verdict = known.verdict if known else Verdict.INDETERMINATE
        return "", "", "", known.mime if known else "application/octet-stream", verdict.value
    match = known.matches[0]
    return match.puid, match.name, match.version, known.mime, known.verdict.value

"""One answer out of two engines' words: pure, and told to nobody but the worker.

siegfried knows the newer registry and reads whole files; its word on the ground of content stands. fido's
registry is years older, so its word counts in two cases only: it decides where siegfried has no ground in
the content at all, and it contradicts where it knows siegfried's format and still sees another one. What
fido knows by the name alone is no evidence.
"""

from collections.abc import Mapping
from typing import NamedTuple

# the values of archivum.model.Verdict, which would cost the worker half of its start-up time
PASSED, FAILED, INDETERMINATE = "passed", "failed", "indeterminate"
SIEGFRIED, FIDO = "siegfried", "fido"


class Match(NamedTuple):
    """One format an engine names; the fields are those of :class:`archivum.model.FormatMatch`."""

    puid: str
    name: str
    version: str
    mime: str
    basis: str
    warning: str = ""


class Seen(NamedTuple):
    """What siegfried saw: the formats of the content, those of the name, and why it could not look.

    ``possible`` are the PUIDs that the name would allow, of which the content bears out none.
    """

    content: tuple[Match, ...] = ()
    name_only: tuple[Match, ...] = ()
    error: str = ""
    possible: tuple[str, ...] = ()

    @property
    def unsure(self) -> bool:
        """Whether a second opinion is wanted: no format of the content, several, or one with a warning."""
        return not self.error and (len(self.content) != 1 or bool(self.content[0].warning))


class Opinion(NamedTuple):
    """What fido saw in the content, and what is needed to weigh it.

    ``by_name`` are the formats that have the extension of the file's name, ``inferior`` is for every format
    that fido knows those which it takes the place of.
    """

    matches: tuple[Match, ...]
    by_name: frozenset[str]
    inferior: Mapping[str, frozenset[str]]


class Answer(NamedTuple):
    """The fields of :class:`archivum.model.Identification` but its signatures."""

    matches: tuple[Match, ...]
    verdict: str
    engine: str
    reason: str = ""


EMPTY = Answer((), FAILED, "", "empty")
UNREADABLE = Answer((), INDETERMINATE, "", "unreadable")


def judge(seen: Seen, opinion: Opinion | None = None) -> Answer:
    """Return the one answer; ``opinion`` is None where siegfried was sure and fido not asked.

    The reason is "" for a format that stands; else its first word, up to a colon, is one of ``empty``,
    ``unreadable``, ``unknown``, ``extension``, ``several``, ``disagreement`` (fido's formats follow) and
    ``unconfirmed`` (fido alone sees one, which the name does not bear out).
    """
    if seen.error:
        return EMPTY if seen.error == "empty" else UNREADABLE
    if opinion is not None and opinion.matches:
        if not seen.content:
            return _second_alone(opinion)
        if _contradicts(opinion, seen.content):
            others = ", ".join(match.puid for match in opinion.matches)
            return Answer(seen.content, FAILED, SIEGFRIED, f"disagreement: fido {others}")
    if len(seen.content) == 1:
        return Answer(seen.content, PASSED, SIEGFRIED)
    if seen.content:
        return Answer(seen.content, INDETERMINATE, SIEGFRIED, "several")
    if seen.name_only:
        return Answer(seen.name_only, INDETERMINATE, SIEGFRIED, "extension")
    by_name = f": by its name {', '.join(seen.possible)}" if seen.possible else ""
    return Answer((), INDETERMINATE, SIEGFRIED, f"unknown{by_name}")


def _second_alone(opinion: Opinion) -> Answer:
    """Let fido decide; a newer registry did not see its format, so the name must bear it out."""
    if len(opinion.matches) > 1:
        return Answer(opinion.matches, INDETERMINATE, FIDO, "several")
    if opinion.matches[0].puid not in opinion.by_name:
        return Answer(opinion.matches, INDETERMINATE, FIDO, "unconfirmed")
    return Answer(opinion.matches, PASSED, FIDO)


def _contradicts(opinion: Opinion, content: tuple[Match, ...]) -> bool:
    """Whether fido sees none of the formats, though it knows one and that one does not include what it sees.

    A format of siegfried's that is newer than fido's registry is not contradicted by what fido takes it for.
    """
    others = {match.puid for match in opinion.matches}
    if any(match.puid in others for match in content):
        return False
    return any(
        match.puid in opinion.inferior and not others <= opinion.inferior[match.puid] for match in content
    )

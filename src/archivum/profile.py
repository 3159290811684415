"""A submission agreement: which reader, how much, and what is acceptable. The only judge of findings."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import Final

from archivum.checks.safety import Limits
from archivum.errors import Misconfigured, NotFound
from archivum.formats.policy import DEFAULT as DECREE
from archivum.formats.table import FILE as FORMATS
from archivum.model import Action, Decision, Finding, Severity, Verdict
from archivum.packaging.czdax_context import Fonds
from archivum.packaging.reader import READERS
from archivum.settings import read_table, read_toml
from archivum.texts import room

REASONS: Final = 1000  # as many are kept with a decision; the rest is counted

# A package that breaks one of these cannot become an AIP at all: it could not be read whole and safely, it
# is not what its sender meant, or it would do harm. No agreement can say otherwise.
NEVER_ACCEPTED: Final = frozenset(
    (
        "path-unsafe",
        "path-control",
        "path-too-long",
        "path-encoding",
        "path-duplicate",
        "path-case",
        "path-unicode",
        "entry-link",
        "entry-special",
        "entry-encrypted",
        "entry-method",
        "entry-overlap",
        "entry-size",
        "bomb-ratio",
        "bomb-total",
        "bomb-files",
        "roots",
        "container-damaged",
        "not-a-package",
        "file-unreadable",
        "file-vanished",
        "file-unstable",
        "package-empty",
        "file-missing",
        "file-size",
        "file-checksum",
        "not-checked-checksum",
        "promise-unsafe",
        "promise-remote",
        "xml-entity",
        "xml-external",
        "bag-fetch",
        "package-conflict",
        "malware-found",
    )
)


class Access(StrEnum):
    """Who may have a DIP: anyone, those whose right is established, nobody (Act 499/2004 § 34–38)."""

    OPEN = "open"
    RESTRICTED = "restricted"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Rules:
    """What is done about a finding: by its code, else by its verdict and severity."""

    error: str = "reject"
    warning: str = "accept"
    indeterminate: str = "accept"
    codes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AccessCondition:
    """The access condition that packages under the profile get, and why."""

    condition: str = "restricted"
    reason: str = ""


@dataclass(frozen=True, slots=True)
class FormatRules:
    """By which policy of ``formats.toml`` the formats of files are judged."""

    policy: str = DECREE


@dataclass(frozen=True, slots=True)
class Normalising:
    """What is asked before files of the package are converted (Act 499/2004 § 69a).

    ``signatures``: ``unchecked`` converts and says that signatures were not checked, ``required`` refuses as
    long as nothing validates them.
    """

    signatures: str = "unchecked"


@dataclass(frozen=True, slots=True)
class Profile:
    """A submission agreement.

    ``reader`` names what reads the packages; ``producer`` who sends them where they do not say so themselves.
    """

    name: str
    reader: str
    title: str = ""
    producer: str = ""
    fonds: Fonds = field(default_factory=Fonds)
    access: AccessCondition = field(default_factory=AccessCondition)
    limits: Limits = field(default_factory=Limits)
    formats: FormatRules = field(default_factory=FormatRules)
    decide: Rules = field(default_factory=Rules)
    normalise: Normalising = field(default_factory=Normalising)

    def action(self, finding: Finding) -> Action:
        """Return what one finding asks for."""
        if finding.verdict is Verdict.PASSED:
            return Action.ACCEPT
        if finding.code in NEVER_ACCEPTED:
            return Action.REJECT
        if finding.code in self.decide.codes:
            return Action(self.decide.codes[finding.code])
        if finding.severity is Severity.INFO:
            return Action.ACCEPT
        if finding.verdict is Verdict.INDETERMINATE:
            return Action(self.decide.indeterminate)
        return Action(self.decide.error if finding.severity is Severity.ERROR else self.decide.warning)

    def judge(self, findings: Iterable[Finding]) -> Decision:
        """Return the gravest action that any finding asks for, with all that ask for more than ACCEPT.

        Beyond :data:`REASONS` the reasons are only counted.
        """
        action, omitted = Action.ACCEPT, 0
        reasons: list[Finding] = []
        for finding in findings:
            asked = self.action(finding)
            if asked is Action.ACCEPT:
                continue
            action = Action.REJECT if Action.REJECT in (action, asked) else Action.HOLD
            if len(reasons) < REASONS:
                reasons.append(finding)
            else:
                omitted += 1
        return Decision(action, tuple(reasons), self.name, omitted=omitted)

    @property
    def condition(self) -> Access:
        """The access condition."""
        return Access(self.access.condition)


class Profiles:
    """The profiles an archive knows: its own, and those of archivum where it has none of that name."""

    def __init__(self, *folders: Path) -> None:
        """Look in the folders, the first that has a name wins."""
        self._places: dict[str, Path] = {}
        self._read: dict[str, Profile] = {}
        for path in chain.from_iterable(sorted(folder.glob("*.toml")) for folder in folders):
            if path.name == FORMATS:
                continue
            self._places.setdefault(path.stem, path)

    def names(self) -> list[str]:
        """Return the names of all profiles."""
        return sorted(self._places)

    def loosest(self) -> Limits:
        """Return the loosest limits of any profile: what holds until the profile of a transfer is known."""
        limits = [self.get(name).limits for name in self.names()]
        return Limits(
            files=max(one.files for one in limits),
            bytes=max(one.bytes for one in limits),
            ratio=max(one.ratio for one in limits),
        )

    def get(self, name: str) -> Profile:
        """Return a profile.

        Raises:
            NotFound: there is none of this name.
            Misconfigured: its file is wrong.
        """
        if name not in self._places:
            raise NotFound("profile.unknown", name=name, known=", ".join(self.names()))
        if name not in self._read:
            self._read[name] = read_profile(self._places[name])
        return self._read[name]


def read_profile(path: Path) -> Profile:
    """Return the profile in a TOML file; its name is that of the file.

    Raises:
        Misconfigured: a key or a value is wrong.
    """
    profile = read_table(Profile, {"name": path.stem, **read_toml(path)}, str(path))
    profile = replace(profile, name=path.stem)
    rules = profile.decide
    for value in (rules.error, rules.warning, rules.indeterminate, *rules.codes.values()):
        _one_of(value, Action, path)
    _one_of(profile.access.condition, Access, path)
    _one_of(profile.normalise.signatures, ("unchecked", "required"), path)
    _one_of(profile.reader, [one.name for one in READERS], path)
    if unknown := rules.codes.keys() - (room("checks", "en") if rules.codes else {}):
        raise _unknown_code(min(unknown), path)
    for code, action in rules.codes.items():
        if code in NEVER_ACCEPTED and action != Action.REJECT:
            raise Misconfigured("profile.never", code=code, place=path)
    return profile


def _one_of(value: str, choices: Iterable[str], place: Path) -> None:
    if value not in tuple(choices):
        raise Misconfigured("settings.choice", value=value, place=place, choices=", ".join(choices))


def _unknown_code(code: str, place: Path) -> Misconfigured:
    nearest = get_close_matches(code, room("checks", "en"), 1) or ("–",)
    return Misconfigured("settings.unknown", key=code, place=f"{place}: decide.codes", nearest=nearest[0])

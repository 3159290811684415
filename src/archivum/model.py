"""The nouns: frozen values that say what archivum knows. No input or output happens here.

Times are aware :class:`datetime.datetime` in UTC; paths inside a package are POSIX paths relative to its
root, as the producer spelled them (PEP 383 for bytes that are not UTF-8); digests are lower-case hex.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from archivum.texts import Language, Part, say


class Verdict(StrEnum):
    """What a check says. What was not or could not be checked is indeterminate, never passed."""

    PASSED = "passed"
    FAILED = "failed"
    INDETERMINATE = "indeterminate"


class Severity(StrEnum):
    """How much a finding matters, whatever the profile makes of it."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Action(StrEnum):
    """What a profile decides about a package; HOLD waits for a person."""

    ACCEPT = "accept"
    HOLD = "hold"
    REJECT = "reject"


class State(StrEnum):
    """Where a package stands: the fold of its events."""

    RECEIVED = "received"
    HELD = "held"
    REJECTED = "rejected"
    STORED = "stored"


class Level(StrEnum):
    """What kind of unit a record describes; the values are those of CZDAX and of the Czech EAD3 profile.

    NSESSS annex 2: a plan holds groups; a group holds files (*spisy*) or type files (*typové spisy*); a type
    file holds parts (*součásti*), they hold volumes (*díly*), they hold files; files hold documents, these
    hold components. Packages from outside a records system have folders instead.
    """

    PLAN = "spisplan"
    GROUP = "vecnaskp"
    TYPE_FILE = "typspis"
    PART = "soucast"
    VOLUME = "dil"
    FILE = "spis"
    DOCUMENT = "dokument"
    COMPONENT = "komponenta"
    PACKAGE = "balicek"
    FOLDER = "slozka"


@dataclass(frozen=True, slots=True)
class FormatMatch:
    """One answer of an identification engine (PRONOM)."""

    puid: str
    name: str = ""
    version: str = ""
    mime: str = ""
    basis: str = ""
    warning: str = ""


@dataclass(frozen=True, slots=True)
class Identification:
    """What the engines say a file's format is: every answer, on what basis, by which signatures.

    ``verdict`` is passed for exactly one answer on the ground of content, failed for an empty file or an
    answer that the second engine contradicts, else indeterminate (unknown, by the name only, several, or not
    identified at all; ``reason`` says which).
    """

    matches: tuple[FormatMatch, ...]
    verdict: Verdict
    engine: str
    signatures: str
    reason: str = ""

    @property
    def puid(self) -> str | None:
        """The one PUID to act on, or None when there is no single answer."""
        return self.matches[0].puid if len(self.matches) == 1 else None

    @property
    def candidates(self) -> tuple[str, ...]:
        """The PUIDs that come into question; where the content shows none, those the name would allow."""
        found = tuple(match.puid for match in self.matches)
        _, _, named = self.reason.partition("by its name ")
        return found or tuple(filter(None, named.split(", ")))

    @property
    def mime(self) -> str:
        """The IANA media type of the first answer, else of arbitrary bytes (RFC 2046 §4.5.1)."""
        return (self.matches[0].mime if self.matches else "") or "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that a validator says of a file.

    ``id`` finds its words among the texts of the room ``faults``, which ``params`` fill; ``where`` is a place
    in the file (offset, line, part). Only faults of severity ERROR make a file malformed or invalid.
    """

    id: str
    severity: Severity = Severity.ERROR
    where: str = ""
    params: Mapping[str, str | int] = field(default_factory=dict)

    def text(self, language: Language = "en") -> str:
        """Return what is wrong."""
        return say(f"faults.{self.id}", language, **{"where": self.where, **self.params})


@dataclass(frozen=True, slots=True)
class Validation:
    """What validators say of a file: whether its structure holds, and whether it keeps its specification.

    Either is indeterminate where it was not or could not be checked; ``reason`` says why nothing was
    (``none``: no validator is for this format; ``unidentified``; ``timeout``, ``crash``, ``memory``: it ended
    the validator). ``tools`` are those that judged, with their versions, in their order; ``facts`` what they
    read off the file (``compression``, ``crs``, ``pages`` …); ``parts`` the files inside it, judged like it.
    """

    well_formed: Verdict = Verdict.INDETERMINATE
    valid: Verdict = Verdict.INDETERMINATE
    tools: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    parts: tuple["InnerFile", ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class InnerFile:
    """A file inside another (an attachment, an entry of a container), judged like a file of its own."""

    path: str
    size: int
    format: Identification
    validation: Validation


@dataclass(frozen=True, slots=True)
class Scan:
    """What a scanner for malicious code says of a file.

    Passed only if it has read all of the file and found nothing; failed with ``signature``, its name for what
    it found; else indeterminate, and ``reason`` says why. ``engine`` and ``database`` are whose word it is,
    "" where the scanner was not asked.
    """

    verdict: Verdict
    signature: str = ""
    engine: str = ""
    database: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class File:
    """A file as it was when last read: its path, its size in bytes and its digests by algorithm."""

    path: str
    size: int
    digests: Mapping[str, str]
    format: Identification | None = None
    validation: Validation | None = None
    scan: Scan | None = None


@dataclass(frozen=True, slots=True)
class Promise:
    """What a producer's manifest says of a file: None is what it does not say.

    ``reference`` is the id under which the manifest's metadata speak of the file, ``where`` its place there.
    """

    path: str
    size: int | None = None
    algorithm: str | None = None
    digest: str | None = None
    mime: str | None = None
    reference: str | None = None
    created: str | None = None
    where: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer to one question asked of a package.

    ``code`` is the rule's stable id and finds its texts; ``subject`` is the path it is about ("" for the
    package), ``where`` a place in it (XPath, line, entry number); ``params`` fill the texts.
    """

    code: str
    verdict: Verdict
    severity: Severity = Severity.ERROR
    subject: str = ""
    where: str = ""
    params: Mapping[str, str | int] = field(default_factory=dict)

    def text(self, language: Language = "en") -> str:
        """Return what was found."""
        return self._say(language, "text")

    def hint(self, language: Language = "en") -> str:
        """Return what the producer can do about it."""
        return self._say(language, "hint")

    def rule(self, language: Language = "en") -> str:
        """Return the rule that was asked."""
        return self._say(language, "rule")

    def source(self, language: Language = "en") -> str:
        """Return where the rule comes from."""
        return self._say(language, "source")

    def _say(self, language: Language, part: Part) -> str:
        subject = self.subject or say("model.package", language)
        known = {"subject": subject, "where": self.where, **self.params}
        return say(f"checks.{self.code}", language, part, **known)


@dataclass(frozen=True, slots=True)
class Identifier:
    """A value and the system that gave it (*zdroj*)."""

    value: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Retention:
    """A retention regime (*skartační režim*) as the package states it; decree 259/2012 § 15, NSESSS 6.1.5.

    ``sign`` is A, S or V; ``years`` the period (*lhůta*); ``trigger_year`` and ``due_year`` are
    *RokSpousteciUdalosti* and *RokSkartacniOperace*. Nothing is computed here.
    """

    sign: str
    identifier: Identifier | None = None
    name: str = ""
    years: int | None = None
    trigger: str = ""
    trigger_year: int | None = None
    due_year: int | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """One described unit with what archivum acts on.

    ``id`` is unique in the package, ``parent`` the id of the unit above (None at the top). ``dates`` and
    ``properties`` have stable keys (``created``, ``opened``, ``closed``, ``received``, ``settled``, ``from``,
    ``to``; ``dc:…`` for Dublin Core); ``paths`` are the files of a component.
    """

    id: str
    level: Level
    parent: str | None = None
    title: str = ""
    identifiers: tuple[Identifier, ...] = ()
    reference: str = ""
    classification: str = ""
    dates: Mapping[str, str] = field(default_factory=dict)
    retention: Retention | None = None
    properties: Mapping[str, str] = field(default_factory=dict)
    paths: tuple[str, ...] = ()


class AgentKind(StrEnum):
    """PREMIS agentType, as far as archivum uses it."""

    ORGANIZATION = "organization"
    PERSON = "person"
    SOFTWARE = "software"


@dataclass(frozen=True, slots=True)
class Agent:
    """Who or what did something, or is responsible for it."""

    name: str
    kind: AgentKind = AgentKind.ORGANIZATION
    version: str = ""
    identifiers: tuple[Identifier, ...] = ()


@dataclass(frozen=True, slots=True)
class Package:
    """What a transfer says of itself: its kind by the reader that read it, its id and its producer.

    ``kind`` is the reader's name (``nsesss``, ``bagit``, ``folder``), ``variant`` the version of its standard
    (``2024``, ``1.0``); ``main`` is the path of the file that holds the package's own metadata ("" if none).
    """

    kind: str
    variant: str
    id: str
    producer: Agent | None
    title: str = ""
    main: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """That a package arrived: which, when, from whom, into whose hands.

    ``uuid`` and ``at`` are the only identity and the only time that its AIP knows. ``digest`` is the
    SHA-512 of the sorted lines ``SHA-512 of file, two spaces, path`` (the text of a BagIt manifest), so that
    a package is the same whether it came as a folder, a ZIP or a TAR file.
    """

    uuid: UUID
    at: datetime
    agent: Agent
    producer: Agent
    package_id: str
    digest: str
    files: int
    size: int
    origin: str


@dataclass(frozen=True, slots=True)
class Decision:
    """An action and every reason for it; ``omitted`` counts reasons beyond those that are kept.

    ``by`` is the person who decided, "" for the profile itself.
    """

    action: Action
    reasons: tuple[Finding, ...]
    profile: str
    by: str = ""
    omitted: int = 0


class EventType(StrEnum):
    """What happened: terms of the Library of Congress' preservation vocabulary (eventType)."""

    INGESTION_START = "ingestion start"
    MESSAGE_DIGEST_CALCULATION = "message digest calculation"
    FORMAT_IDENTIFICATION = "format identification"
    VIRUS_CHECK = "virus check"
    VALIDATION = "validation"
    APPRAISAL = "appraisal"
    INFORMATION_PACKAGE_CREATION = "information package creation"
    TIME_STAMPING = "digital signature generation"
    STORAGE = "replication"
    INGESTION_END = "ingestion end"
    FIXITY_CHECK = "fixity check"
    DISSEMINATION = "dissemination"
    MIGRATION = "migration"


@dataclass(frozen=True, slots=True)
class Event:
    """What happened, to what, when, by whom, with what outcome (PREMIS 3); never changed, only followed.

    ``subject`` is the UUID of the package; ``detail`` holds JSON values only. ``outcome`` is passed or failed
    of the act itself, indeterminate where it left something open.
    """

    type: EventType
    subject: UUID
    at: datetime
    agent: Agent
    outcome: Verdict
    detail: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Copy:
    """One replica of an AIP: the storage's name and the place in it."""

    storage: str
    key: str

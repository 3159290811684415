"""Normalise: files of a stored AIP in formats that will do, as a new representation in a new version.

The original is never touched. It fails closed: a new file that does not identify as what it should be, does
not validate, or is not the same by what is compared, is not stored.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, count
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory
from typing import Final

from archivum.archive import SOFTWARE, Archive
from archivum.catalogue.fold import Accession
from archivum.errors import NotFound, Refused
from archivum.formats.examining import Examining
from archivum.formats.table import Conversion
from archivum.model import (
    Agent,
    Event,
    EventType,
    File,
    FormatMatch,
    Identification,
    Severity,
    State,
    Validation,
    Verdict,
)
from archivum.model import Finding as Found
from archivum.packaging.adding import Addition, Derived, Migration
from archivum.packaging.bag import read_file
from archivum.packaging.writing import NewFile
from archivum.plain import to_plain
from archivum.planning.candidates import Candidate, candidates, next_name
from archivum.planning.clause import CLAUSE, file_of, write_clause
from archivum.planning.comparing import COMPARISONS, Properties, compare
from archivum.planning.converting import Task, convert, needed, tool
from archivum.planning.running import Failed, Runner
from archivum.storage.durable import create, make_below, world
from archivum.stored import pending
from archivum.stored.holdings import Holdings, pieces
from archivum.stored.versions import make_version, workplace
from archivum.texts import say

MOST: Final = 10_000  # files in one version; the next run goes on with the others
TOLD: Final = 100  # findings told in the event; the rest is counted
_MIB: Final = 1 << 20
# what the journal, PREMIS and the clause say of Act 499/2004 § 69a as long as nothing validates signatures
SIGNATURES: Final = "not checked"


@dataclass(frozen=True, slots=True)
class Made:
    """A file that was converted, or with a dry run would be: its path, its format, and what it became."""

    source: str
    format: str
    target: str
    becomes: str = ""


@dataclass(frozen=True, slots=True)
class Normalised:
    """What came of one AIP: its new version ("" if there is none), what was made, what failed.

    ``skipped`` counts files that are already as they should be; ``left`` tells that there are more than one
    version takes.
    """

    accession: Accession
    version: str = ""
    representation: str = ""
    made: tuple[Made, ...] = ()
    findings: tuple[Found, ...] = ()
    skipped: int = 0
    left: bool = False


def normalise(
    archive: Archive, accession: Accession, purpose: str, examining: Examining, *, dry_run: bool = False
) -> Normalised:
    """Convert the files of an AIP that there is a conversion for, and store them in a new version.

    The caller is the only process that writes to the archive, and has settled what was interrupted.

    Raises:
        NotFound: the package is not stored.
        Refused: its profile wants signatures validated first.
        CorruptionFound: the AIP is damaged.
        Misconfigured: the disk is full, read-only or fails, or the authority does not stamp.
    """
    if accession.state is not State.STORED:
        raise NotFound("access.not-stored", uuid=accession.uuid, state=accession.state)
    if archive.profiles.get(accession.profile).normalise.signatures == "required":
        raise Refused("planning.unsigned", uuid=accession.uuid, profile=accession.profile)
    if dry_run:
        with TemporaryDirectory(prefix="archivum-") as folder, Holdings(archive, accession) as holdings:
            chosen = candidates(holdings, archive.formats, purpose, Path(folder))
            return Normalised(accession, made=tuple(_would(chosen)))
    with workplace(archive) as place, Holdings(archive, accession) as holdings:
        work = _Work(archive, accession, holdings, place, examining, purpose, next_name(holdings))
        for candidate in candidates(holdings, archive.formats, purpose, place):
            if len(work.derived) == MOST:
                work.left = True
                break
            work.take(candidate)
        return work.end()


def _would(chosen: Iterator[Candidate]) -> Iterator[Made]:
    for one in chosen:
        yield Made(
            one.path, str(one.format), f"*.{one.conversion.extension}", "/".join(one.conversion.target)
        )


@dataclass(slots=True)
class _Work:
    """One AIP being normalised."""

    archive: Archive
    accession: Accession
    holdings: Holdings
    place: Path
    examining: Examining
    purpose: str
    name: str
    derived: list[Derived] = field(default_factory=list)
    origins: list[str] = field(default_factory=list)  # the formats before, of each
    findings: list[Found] = field(default_factory=list)
    kinds: dict[tuple[str, str, Agent, tuple[str, ...]], int] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    tools: dict[tuple[str, ...], Agent] = field(default_factory=dict)
    skipped: int = 0
    left: bool = False

    @property
    def folder(self) -> str:
        """Where the representation lies in the bag."""
        return f"data/{self.accession.uuid}/representations/{self.name}/"

    def take(self, candidate: Candidate) -> None:
        """Convert one file and keep it, or note why not."""
        scratch = self.place / "scratch"
        with world(scratch):
            scratch.mkdir()
        path = self._name(candidate)
        target = self.place / "bag" / (self.folder + path)
        try:
            self._convert(candidate, scratch, path, target)
        except Failed as failure:
            target.unlink(missing_ok=True)
            self.names.discard(path)
            self.findings.append(_finding(candidate, failure))
        finally:
            rmtree(scratch, ignore_errors=True)

    def _convert(self, candidate: Candidate, scratch: Path, path: str, target: Path) -> None:
        rule, size = candidate.conversion, candidate.held.size
        runner = Runner(scratch, rule.seconds, rule.memory * _MIB, size)
        agent = self._tool(rule, runner)
        source = self._source(candidate, scratch)
        before = _properties(rule, runner, source)
        if not needed(rule, before):
            self.skipped += 1
            self.names.discard(path)
            return
        made = scratch / f"target.{rule.extension}"
        convert(rule, Task(runner, source, made, before))
        format_, validation = self._examined(made, rule)
        after = _properties(rule, runner, made)
        compare(before, after)
        with world(target):
            make_below(target.parent, self.place)
            made.rename(target)
        file = read_file(self.place / "bag", self.folder + path)
        kept = File(path, file.size, file.digests, format_, validation)
        kind = (candidate.format.puid, format_.matches[0].puid, agent, tuple(rule.verify))
        number = self.kinds.setdefault(kind, len(self.kinds))
        self.derived.append(Derived(kept, candidate.path, number, before, after))
        self.origins.append(str(candidate.format))

    def _tool(self, rule: Conversion, runner: Runner) -> Agent:
        key = (rule.by, *rule.command)
        if key not in self.tools:
            self.tools[key] = tool(rule, runner)
        return self.tools[key]

    def _source(self, candidate: Candidate, scratch: Path) -> Path:
        """Take the file out of the storage, held against its digest, under a name that is safe."""
        extension = candidate.path.rpartition("/")[2].rpartition(".")[2]
        safe = (
            extension.lower() if extension.isascii() and extension.isalnum() and len(extension) < 9 else "bin"
        )
        source = scratch / f"source.{safe}"
        with world(source), create(source) as copy, self.holdings.reading(candidate.held) as outgoing:
            copy.writelines(pieces(outgoing))
        return source

    def _examined(self, made: Path, rule: Conversion) -> tuple[Identification, Validation]:
        """Identify and validate the new file.

        Raises:
            Failed: it is not of a format that it should be of, or not valid.
        """
        self.examining.add(made.name, made, made.name, made.stat().st_size)
        ((_, format_, validation),) = self.examining.results()
        puid = format_.puid
        if format_.verdict is not Verdict.PASSED or puid not in rule.target:
            found = puid or ", ".join(one.puid for one in format_.matches) or format_.reason
            raise Failed("other-format", found=found or "–", wanted=", ".join(rule.target))
        wrong = next((one for one in validation.faults if one.severity is Severity.ERROR), None)
        judged = bool(self.archive.formats.validators(puid))
        if Verdict.FAILED in (validation.well_formed, validation.valid) or wrong is not None:
            raise Failed("invalid", tools=", ".join(validation.tools), told=wrong.text() if wrong else "–")
        if judged and validation.valid is not Verdict.PASSED:
            raise Failed("not-validated", told=validation.reason or ", ".join(validation.tools) or "–")
        return format_, validation

    def _name(self, candidate: Candidate) -> str:
        """Return a path for the new file: that of its source with another extension, and no one else's."""
        folder, slash, name = candidate.path.rpartition("/")
        stem = name.rpartition(".")[0] or name
        extension = candidate.conversion.extension
        numbered = (f"{name}.{number}.{extension}" for number in count(2))
        for one in chain((f"{stem}.{extension}", f"{name}.{extension}"), numbered):
            path = f"data/{folder}{slash}{one}"
            if path not in self.names:
                self.names.add(path)
                return path
        raise AssertionError("unreachable")

    # -- the version ----------------------------------------------------------------------------------------

    def end(self) -> Normalised:
        """Store what was made, and record what was not."""
        done = Normalised(
            self.accession, made=tuple(self._made()), findings=tuple(self.findings), skipped=self.skipped,
            left=self.left,
        )  # fmt: skip
        if not self.derived:
            if self.findings:
                self._record_failure()
            return done
        moment = pending.begin(self.archive, self.accession)
        with NewFile(self.place / "bag", self.folder + CLAUSE) as clause:
            write_clause(clause, self.archive, moment, self.derived, self.origins)
        text = Identification((FormatMatch("", mime="text/plain"),), Verdict.INDETERMINATE, "", "")
        others = [replace(file_of(clause, self.folder), format=text)]
        addition = Addition(
            self.accession.uuid, moment.version, moment.at, self.name, self.derived, others,
            [self._migration(*kind) for kind in self.kinds], moment.agent, SOFTWARE,
        )  # fmt: skip
        event = self._event(Verdict.INDETERMINATE if self.findings else Verdict.PASSED, moment.version)
        make_version(self.archive, self.accession, self.holdings, self.place, moment, addition, [event])
        return replace(done, version=moment.version, representation=self.name)

    def _made(self) -> Iterator[Made]:
        for one, was in zip(self.derived, self.origins, strict=True):
            puid = one.file.format.puid if one.file.format else ""
            yield Made(one.source, was, f"representations/{self.name}/{one.file.path}", puid or "")

    def _migration(self, was: str, now: str, agent: Agent, verify: Sequence[str]) -> Migration:
        detail = {"purpose": self.purpose, "from": was, "to": now, "signatures": SIGNATURES}
        compared = f"compared before and after, and the same: {', '.join(verify)}"
        return Migration((agent,), detail, (compared, f"signatures: {SIGNATURES} (Act 499/2004 § 69a)"))

    def _event(self, outcome: Verdict, version: str) -> Event:
        kinds = Counter(one.event for one in self.derived)
        detail = {
            "purpose": self.purpose,
            "representation": self.name,
            "files": len(self.derived),
            "failed": len(self.findings),
            "signatures": SIGNATURES,
            "conversions": [
                {"from": was, "to": now, "tool": to_plain(agent), "compared": list(verify), "files": kinds[i]}
                for i, (was, now, agent, verify) in enumerate(self.kinds)
            ],
            "findings": [to_plain(finding) for finding in self.findings[:TOLD]],
            "omitted": max(0, len(self.findings) - TOLD),
        }
        if version:
            detail["version"] = version
        by = self.archive.agent
        return Event(EventType.MIGRATION, self.accession.uuid, self.archive.clock(), by, outcome, detail)

    def _record_failure(self) -> None:
        entries = self.archive.journal.append([self._event(Verdict.FAILED, "")])
        self.archive.catalogue.catch_up(self.archive.journal, self.archive.details, entries)


def _properties(rule: Conversion, runner: Runner, path: Path) -> Properties:
    found: dict[str, str] = {}
    for name in rule.verify:
        found |= COMPARISONS[name](runner, path)
    return found


def _finding(candidate: Candidate, failure: Failed) -> Found:
    """What was not made, and why: not installed is not the file's fault, everything else is a failure."""
    missing = failure.reason == "no-tool"
    text = f"planning.reason-{failure.reason}"
    params: dict[str, str | int] = {
        "format": str(candidate.format),
        "reason": say(text, "en", **failure.params),
        "reason_cs": say(text, "cs", **failure.params),
    }
    verdict = Verdict.INDETERMINATE if missing else Verdict.FAILED
    return Found("not-converted", verdict, Severity.ERROR, candidate.path, "", params)

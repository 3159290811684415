"""Where a command meets the world: what it was told, and where its data and its words go.

stdout is data, stderr is for people. With ``--json`` every line on stdout is a JSON object with ``schema``
(the command and the version of its lines) and ``type``; the last is of type ``summary`` and holds
``exit_code``.
"""

import json
import os
import pwd
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from archivum.archive import Archive, find_archive, open_archive
from archivum.errors import ArchivumError
from archivum.model import Agent, AgentKind, Finding
from archivum.plain import to_plain
from archivum.texts import Language, printable, say

TEXTS = "archivum_cli.texts"
PAGE = 500  # rows of a table that are aligned together


@dataclass(slots=True)
class Shell:
    """One call of the command line."""

    language: Language
    clock: Callable[[], datetime]
    json: bool = False
    archive_place: Path | None = None
    agent_name: str = ""
    command: str = ""
    exit_code: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    archive: Archive | None = None
    ended: bool = False  # the command has come to its end, and only its summary is still to be told

    def say(self, text_id: str, /, **params: object) -> str:
        """Return one of the command line's own texts."""
        return say(f"cli.{text_id}", self.language, "text", TEXTS, **params)

    @property
    def agent(self) -> Agent:
        """The person at work."""
        return Agent(self.agent_name, AgentKind.PERSON)

    def open(self) -> Archive:
        """Open the archive that was named, or the one this folder is in."""
        root = self.archive_place or find_archive(Path.cwd())
        self.archive = open_archive(root.resolve(), agent=self.agent, clock=self.clock)
        if self.archive.catalogue.copied:
            self.note(self.say("read-only", place=self.archive.root))
        return self.archive

    def close(self) -> None:
        """Let go of the archive, if one was opened."""
        if self.archive is not None:
            self.archive.close()

    def note(self, text: str = "") -> None:
        """Tell people something."""
        print(printable(text), file=sys.stderr, flush=True)

    def data(self, kind: str, plain: dict[str, Any], text: str | None = None) -> None:
        """Give data: a JSON line, or the text that says the same to people (nothing if there is none)."""
        if self.json:
            self._line(kind, plain)
        elif text is not None:
            self.print(text)

    def table(
        self, kind: str, heads: Sequence[str], rows: Iterable[tuple[dict[str, Any], Sequence[str]]]
    ) -> int:
        """Give rows: a JSON line each, or a table with aligned columns; return how many there were."""
        count, widths = 0, [len(head) for head in heads]
        rows = iter(rows)
        while page := list(islice(rows, PAGE)):
            count += len(page)
            if self.json:
                for plain, _ in page:
                    self._line(kind, plain)
                continue
            lines = [
                [printable(cell).replace("\n", "\\n").replace("\t", "\\t") for cell in row] for _, row in page
            ]
            # a later page may be wider, and then says so itself; nothing is held to know it beforehand
            widths = [max(width, *(len(line[i]) for line in lines)) for i, width in enumerate(widths)]
            for line in [list(heads), *lines] if count == len(page) else lines:
                self.print("  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip())
        return count

    def print(self, text: str = "") -> None:
        """Give a line of text as data."""
        sys.stdout.write(f"{printable(text)}\n")

    def finding(self, finding: Finding) -> dict[str, Any]:
        """Return a finding as JSON values: what, about what, where, by which rule, and what to do."""
        return {
            "code": finding.code,
            "verdict": finding.verdict.value,
            "severity": finding.severity.value,
            "subject": finding.subject,
            "where": finding.where,
            "params": to_plain(finding.params),
            "text": finding.text(self.language),
            "hint": finding.hint(self.language),
            "rule": finding.rule(self.language),
            "source": finding.source(self.language),
        }

    def tell(self, finding: Finding) -> None:
        """Tell people a finding: what, where, by which rule, and what to do."""
        text = finding.text(self.language)
        self.note(f"  • {text} [{finding.code}]")
        if finding.where and finding.where not in text:
            self.note(f"    {finding.where}")
        self.note(f"    {finding.rule(self.language)} ({finding.source(self.language)})")
        self.note(f"    → {finding.hint(self.language)}")

    def fail(self, error: ArchivumError) -> None:
        """Tell an error, what to do about it, and remember its exit code."""
        self.exit_code = error.exit_code
        self.note(f"{self.say('error')}: {error.text(self.language)} [{error.text_id}]")
        if hint := error.hint(self.language):
            self.note(f"  → {hint}")
        if self.json:
            self._line("error", {"id": error.text_id, "text": error.text(self.language), "hint": hint})

    def end(self) -> int:
        """Give the summary and return the exit code."""
        self.ended = True
        if self.json:
            self._line("summary", {**self.counts, "exit_code": self.exit_code})
        sys.stdout.flush()
        return self.exit_code

    def _line(self, kind: str, plain: dict[str, Any]) -> None:
        line = {"schema": f"archivum.{self.command or 'archivum'}/1", "type": kind, **plain}
        # in one piece: whoever is interrupted leaves no line without an end, which the summary would follow
        sys.stdout.write(f"{json.dumps(line, ensure_ascii=True)}\n")
        sys.stdout.flush()


def language_of(environment: Mapping[str, str], argument: str | None = None) -> Language:
    """Return the language to speak: as told, else Czech where the locale is Czech, else English."""
    if argument in ("en", "cs"):
        return "cs" if argument == "cs" else "en"
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := environment.get(name):
            return "cs" if value.lower().startswith("cs") else "en"
    return "en"


def user_name() -> str:
    """Return who is at work, by the operating system."""
    if value := os.environ.get("ARCHIVUM_AGENT"):
        return value
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"


def readable(size: int) -> str:
    """Return bytes in the decimal unit that people read (IEC 80000-13)."""
    amount = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"

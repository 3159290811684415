"""A bag's own words: its declaration (``bagit.txt``) and its metadata (``bag-info.txt``).

RFC 8493 §2.1.1 and §2.2.2; the drafts 0.93 to 0.97 differ in that they are lenient about white space.
"""

import codecs
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from archivum.model import Finding, Severity, Verdict
from archivum.packaging.folder import printed

DECLARATION: Final = "bagit.txt"
INFO: Final = "bag-info.txt"
VERSIONS: Final = ("0.93", "0.94", "0.95", "0.96", "0.97", "1.0")
_TEXT_LIMIT: Final = 1 << 20  # bytes of a declaration or of the metadata
# of Python itself, or able to make half characters that no file can hold
_OWN: Final = ("unicode-escape", "raw-unicode-escape", "idna", "punycode", "undefined", "charmap", "utf-7")
_BREAK = re.compile(r"\r\n|\r|\n")
_VERSION = re.compile(r"BagIt-Version[ \t]*:[ \t]*(\d+\.\d+)[ \t]*", re.IGNORECASE)
_ENCODING = re.compile(r"Tag-File-Character-Encoding[ \t]*:[ \t]*(\S+)[ \t]*", re.IGNORECASE)
# RFC 8493 §2.1.1: exactly these two lines
_STRICT = re.compile(r"BagIt-Version: \d+\.\d+\nTag-File-Character-Encoding: \S+\n?")


@dataclass(frozen=True, slots=True)
class Declaration:
    """What ``bagit.txt`` says: the version ("" if it says none) and the encoding of the tag files."""

    version: str
    encoding: str
    findings: tuple[Finding, ...] = ()

    @property
    def final(self) -> bool:
        """Whether the rules of RFC 8493 hold, and not those of a draft before it."""
        return not self.version.startswith("0.")


def declaration(root: Path) -> Declaration:
    """Read the declaration of a bag; what it does not say is taken to be 1.0 in UTF-8."""
    findings: list[Finding] = []
    text = _declared_text(root / DECLARATION, findings)
    lines = _BREAK.split(text) if text is not None else []
    version, encoding = _value(_VERSION, lines), _value(_ENCODING, lines)
    if text is not None:
        if version not in VERSIONS:
            findings.append(failed("bag-version", found=version or "–"))
        if not _knows(encoding) or (version == "1.0" and not _STRICT.fullmatch("\n".join(lines))):
            findings.append(failed("bag-declaration", found=encoding or "–"))
    return Declaration(version, encoding if _knows(encoding) else "utf-8", tuple(findings))


def info(root: Path, encoding: str) -> tuple[list[tuple[str, str]], list[Finding]]:
    """Return the labels and values of ``bag-info.txt`` in their order, and what is wrong with it."""
    path = root / INFO
    if not path.is_file():
        return [], []
    if path.stat().st_size > _TEXT_LIMIT:
        return [], [failed("bag-info", INFO, INFO, line=f"> {_TEXT_LIMIT} B")]
    try:
        text = path.read_bytes().decode(encoding)
    except UnicodeError:
        return [], [failed("bag-info", INFO, INFO, line=encoding)]
    return _elements(_BREAK.split(printed(text.removeprefix("\ufeff"))))


def lines(path: Path, encoding: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of a tag file that are not empty, with their numbers.

    Raises:
        UnicodeError: a line is not in this encoding.
    """
    # a byte order mark is forgiven here; in bagit.txt it is not
    name = "utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding
    with path.open(encoding=name, newline=None) as file:
        number = 0
        while line := file.readline(_TEXT_LIMIT):
            number += 1
            if text := line.removesuffix("\n"):
                yield number, text


def failed(
    code: str, subject: str = DECLARATION, where: str = DECLARATION, /,
    severity: Severity = Severity.ERROR, **params: str | int,
) -> Finding:  # fmt: skip
    """A finding about a bag's own file."""
    return Finding(code, Verdict.FAILED, severity, subject, where, params)


def _declared_text(path: Path, findings: list[Finding]) -> str | None:
    """The declaration's text; None, with the finding, where there is none to read."""
    if not path.is_file():
        findings.append(failed("bag-declaration", found="–"))
        return None
    with path.open("rb") as file:
        data = file.read(_TEXT_LIMIT)
    if data.startswith(codecs.BOM_UTF8):  # RFC 8493 §2.1.1
        findings.append(failed("bag-declaration", found="BOM"))
        data = data[3:]
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        findings.append(failed("bag-declaration", found=f"0x{data[error.start]:02X}"))
        return None


def _value(pattern: re.Pattern[str], lines: list[str]) -> str:
    return next((match[1] for line in lines if (match := pattern.fullmatch(line))), "")


def _knows(encoding: str) -> bool:
    """Whether it is an encoding of text, and not one that only Python knows."""
    try:
        with suppress(UnicodeError):
            b"text".decode(encoding)
        return codecs.lookup(encoding).name not in _OWN
    except (LookupError, ValueError):
        return False


def _elements(lines: list[str]) -> tuple[list[tuple[str, str]], list[Finding]]:
    elements: list[tuple[str, str]] = []
    findings: list[Finding] = []
    for number, line in enumerate(lines, 1):
        label, colon, value = line.partition(":")
        if not line.strip():
            continue
        if line[0] in " \t" and elements:
            elements[-1] = (elements[-1][0], f"{elements[-1][1]} {line.strip()}")
        elif colon and label.strip() and line[0] not in " \t":
            elements.append((label.strip(), value.strip()))
        else:
            findings.append(
                failed("bag-info", INFO, f"{INFO}:{number}", severity=Severity.WARNING, line=line[:80])
            )
    return elements, findings

"""Matroska, FFV1 and PCM in it held against their specifications by MediaConch, where it is installed.

MediaConch makes some hundred checks of EBML, Matroska and FFV1; a file that passes them all is valid by it.
"""

from collections.abc import Iterator
from functools import cache
from typing import Final

from lxml import etree

from archivum.formats.validators import programs
from archivum.formats.validators.answer import (
    WARNING,
    Answer,
    Fault,
    Subject,
    Told,
    fault,
    judged,
    undecided,
)

_SPACE: Final = "{https://mediaarea.net/mediaconch}"
RULES: Final = frozenset({"mediaconch"})  # whether it is well-formed is for others to say


def validate(subject: Subject, told: Told) -> Answer | None:
    """Judge a Matroska file; None where MediaConch is not installed or does not know the format."""
    del told
    mediaconch = programs.found("mediaconch")
    if not mediaconch:
        return None
    tool = _version(mediaconch)
    ran = programs.run([mediaconch, "-mc", "-fx", subject.path])
    if ran.status is None:
        return undecided(tool, fault("timeout", WARNING))
    try:
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
        report = etree.fromstring(ran.text.encode(), parser)
    except etree.XMLSyntaxError:
        return undecided(tool, fault("engine", WARNING, tool=tool, reason=f"exit {ran.status}"))
    checks = list(report.iter(f"{_SPACE}check"))
    if not checks:
        return None
    return judged(tool, _failed(checks), rules=RULES)


def _failed(checks: list[etree._Element]) -> Iterator[Fault]:
    for check in checks:
        count = int(check.get("fail_count", "0"))
        if count:
            yield fault("mediaconch", check=check.get("icid", "-"), count=count)


@cache
def _version(mediaconch: str) -> str:
    return f"MediaConch {(programs.run([mediaconch, '--Version']).text.split() or ['-'])[-1]}"

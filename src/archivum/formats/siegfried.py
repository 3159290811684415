"""The first engine: siegfried, as ``pygfried`` brings it. Imported in the worker only.

It keeps the interpreter's lock while it reads, and hangs in a forked process.
"""

import re

import pygfried

from archivum.formats.judging import Match, Seen

# where in the file bytes matched follows from the file and the signatures, and is another in every file
_OFFSETS = re.compile(r" at (?:\[\[[\d \[\]]*\]\]|\d+, \d+)")
_CONTENT = ("byte match", "container ", "text match", "xml match", "riff match")
_POSSIBLE = "possibilities based on extension are"
_PUID = re.compile(r"(?:x-)?fmt/\d+")
_MISMATCH = "extension mismatch"


class Siegfried:
    """siegfried with the signatures it was shipped with, or with those in a file (``.sig``)."""

    def __init__(self, signatures: str = "") -> None:
        """Load the signatures.

        Raises:
            OSError: the file is not there, or is not one of signatures that this siegfried reads.
        """
        try:
            self._scanner = pygfried.Scanner(signature=signatures or None)
            about = self._scanner.identify_many([])
        except pygfried.GoError as error:
            raise OSError(str(error)) from error
        pronom, _, container = about["identifiers"][0]["details"].partition("; ")
        version = re.search(r"_(V\d+)", pronom)
        day = re.search(r"(\d{4})(\d\d)(\d\d)", container)
        self.signatures = " / ".join(
            [
                f"siegfried {about['siegfried']}",
                f"PRONOM {version[1] if version else pronom}",
                f"container {'-'.join(day.groups()) if day else container}",
            ]
        )

    def look(self, path: str, *, extension: bool) -> Seen:
        """Return what the file at a path is; ``extension`` is whether its name has one."""
        found = self._scanner.identify(path, True)["files"][0]
        trouble = found["errors"]
        if trouble and (trouble == "empty source" or not found["matches"]):
            return Seen(error="empty" if trouble == "empty source" else "unreadable")
        matches = [_match(each, extension, trouble) for each in found["matches"] if each["id"] != "UNKNOWN"]
        content = tuple(m for m in matches if any(ground in m.basis for ground in _CONTENT))
        if content or matches:
            return Seen(content, () if content else tuple(matches))
        warnings = " ".join(each["warning"] for each in found["matches"])
        return Seen(possible=tuple(_PUID.findall(warnings.partition(_POSSIBLE)[2])))


def _match(found: "pygfried.Match", extension: bool, trouble: str) -> Match:
    """Return an answer; ``trouble`` is what was wrong with the file, such as a container that is cut off."""
    warnings = [each for each in found["warning"].split("; ") if each]
    if not extension and _MISMATCH in warnings:  # a name without an extension claims nothing
        warnings.remove(_MISMATCH)
    if trouble:
        warnings.append(trouble)
    basis = _OFFSETS.sub("", found["basis"])
    return Match(found["id"], found["format"], found["version"], found["mime"], basis, "; ".join(warnings))

"""What can go wrong that is the operator's or the world's doing; each error says what to do next.

::

    ArchivumError
    ├── Misused            exit 1   the call makes no sense
    ├── Misconfigured      exit 2   configuration or environment: a setting, a full disk, a missing file
    ├── PackageRejected    exit 3   the package is invalid
    ├── CorruptionFound    exit 5   what is stored is not what was stored
    ├── Refused            exit 6   policy says no, or a person must decide first
    ├── Busy               exit 7   another process holds what is needed
    └── NotFound           exit 8   there is no such thing

What is wrong with a package is not an error but a :class:`archivum.model.Finding`; any other exception is a
defect of archivum and is shown with its traceback. Exit 0 is done, exit 4 a batch of which only a part was.
"""

from typing import ClassVar

from archivum.texts import Language, say

DONE = 0
PARTLY_DONE = 4


class ArchivumError(Exception):
    """An error with a stable id, a text and a hint in every language, and an exit code of its own."""

    exit_code: ClassVar[int] = 2

    def __init__(self, text_id: str, /, **params: object) -> None:
        super().__init__(text_id, params)
        self.text_id = text_id
        self.params = params

    def text(self, language: Language = "en") -> str:
        """Return what happened."""
        return say(self.text_id, language, "text", **self.params)

    def hint(self, language: Language = "en") -> str:
        """Return what to do about it; "" if nothing can be done."""
        return say(self.text_id, language, "hint", **self.params)

    def __str__(self) -> str:
        return f"{self.text_id}: {self.text()}"

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.text_id, self.params)


def _rebuild(kind: type[ArchivumError], text_id: str, params: dict[str, object]) -> ArchivumError:
    """Remake an error that crossed a process boundary."""
    return kind(text_id, **params)


class Misused(ArchivumError):
    """The call makes no sense."""

    exit_code = 1


class Misconfigured(ArchivumError):
    """A setting or the environment does not let archivum work."""

    exit_code = 2


class PackageRejected(ArchivumError):
    """The package is invalid."""

    exit_code = 3


class CorruptionFound(ArchivumError):
    """What is stored is not what was stored."""

    exit_code = 5


class Refused(ArchivumError):
    """Policy says no, or a person must decide first."""

    exit_code = 6


class Busy(ArchivumError):
    """Another process holds what is needed."""

    exit_code = 7


class NotFound(ArchivumError):
    """There is no such thing."""

    exit_code = 8

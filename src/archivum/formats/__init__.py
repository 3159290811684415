"""What format a file has (PRONOM): one session, two engines, every answer with its grounds.

:class:`Identifying` is the session. It works through a process of its own
(:mod:`archivum.formats.worker`), so that a file on which an engine hangs or crashes costs that process and
not the ingest. siegfried (by ``pygfried``) is asked first; fido (``opf-fido``) wherever siegfried is unsure;
:mod:`archivum.formats.judging` makes one answer of both.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from archivum.formats.session import Identifying

__all__ = ["Identifying"]


def __getattr__(name: str) -> Any:
    """Import the session when it is first asked for: its worker starts in half the time without it."""
    if name != "Identifying":
        raise AttributeError(name)
    from archivum.formats.session import Identifying  # noqa: PLC0415

    return Identifying

"""Both engines, asked in turn about one file after the other. Imported in the worker only."""

import signal
from contextlib import suppress
from types import FrameType

from archivum.formats import fido
from archivum.formats.judging import EMPTY, FIDO, SIEGFRIED, UNREADABLE, Answer, Opinion, judge
from archivum.formats.looking import View, looked_at
from archivum.formats.siegfried import Siegfried

# seconds of computing for a second opinion; some of fido's expressions take time with the square of the text
SECOND = 10.0


class Engines:
    """siegfried, and fido from the first file on that siegfried is unsure of."""

    def __init__(self, signatures: str = "") -> None:
        """Take siegfried's signatures from a file, or those it was shipped with."""
        self._siegfried = Siegfried(signatures)
        self._fido: fido.Fido | None = None

    def about(self) -> dict[str, str]:
        """Return by engine which signatures it has."""
        return {SIEGFRIED: self._siegfried.signatures, FIDO: fido.about()}

    def look(self, path: str, name: str, size: int) -> Answer:
        """Return what the file at a path is that is called ``name`` and has ``size`` bytes."""
        if size == 0:
            return EMPTY
        with suppress(OSError), looked_at(path, name, size) as view:
            seen = self._siegfried.look(view.path, extension=view.extension != "")
            opinion = self._second(view) if seen.unsure else None
            answer = judge(seen, opinion)
            if seen.unsure and opinion is None:
                answer = _noted(answer, "fido took too long")
            return _noted(answer, view.note) if view.note else answer
        return UNREADABLE

    def _second(self, view: View) -> Opinion | None:
        """Return fido's opinion; None if it takes too long to have one."""
        if self._fido is None:
            self._fido = fido.Fido()
            signal.signal(signal.SIGVTALRM, _stop)
        signal.setitimer(signal.ITIMER_VIRTUAL, SECOND)
        try:
            return self._fido.look(view.path, view.extension)
        except TimeoutError:
            return None
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def _stop(*_: int | FrameType | None) -> None:
    raise TimeoutError


def _noted(answer: Answer, note: str) -> Answer:
    """Add to the grounds of an answer, or to the reason for having none, what was not looked at."""
    matches = tuple(match._replace(basis=f"{match.basis}; {note}") for match in answer.matches)
    return answer._replace(matches=matches, reason=answer.reason if matches else f"{answer.reason}: {note}")

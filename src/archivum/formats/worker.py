"""The process that looks at files: takes batches on its standard input, answers on its standard output.

Run as ``python -P -m archivum.formats.worker WORK MEMORY [SETTINGS]``; it ends when its input does, which is
when its parent does. A frame is four bytes of length (big endian) and JSON. The first answer is
``{"about": {engine: text}}`` or ``{"error": text}``; then each ``{"limit": seconds, "files": [[path, name,
size, …], …]}`` is answered by ``{"kinds": [answer, …], "files": [index of its kind, …]}``. JSON, because what
a file may do to this process must not reach the other one.
"""

import json
import os
import resource
import signal
import sys
from importlib import import_module
from typing import Any, BinaryIO

# what a worker is for, and the module whose ``Engines`` do it
WORKS = {"identify": "archivum.formats.engines", "validate": "archivum.formats.validators.engines"}


def main() -> None:
    """Look at files until the input ends; die where they make the process take more than MEMORY bytes."""
    work, memory, *settings = sys.argv[1:]
    source, target = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints does not get between the answers
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to all; the parent decides
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    allowed = int(memory) if hard == resource.RLIM_INFINITY else min(int(memory), hard)
    resource.setrlimit(resource.RLIMIT_DATA, (allowed, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        engines = import_module(WORKS[work]).Engines(*map(json.loads, settings))
        about = engines.about()
    except (ImportError, OSError) as error:
        _write(target, {"error": str(error)})
        return
    _write(target, {"about": about})
    while (asked := _read(source)) is not None:
        # the system itself ends a process that hangs, even if the parent is no more; nobody handles SIGALRM
        signal.setitimer(signal.ITIMER_REAL, asked["limit"])
        kinds: dict[Any, int] = {}
        files = [kinds.setdefault(engines.look(*file), len(kinds)) for file in asked["files"]]
        signal.setitimer(signal.ITIMER_REAL, 0)
        _write(target, {"kinds": list(kinds), "files": files})


def _read(source: BinaryIO) -> Any:
    """Return the next question; None at the end."""
    head = source.read(4)
    body = source.read(int.from_bytes(head)) if len(head) == 4 else b""
    return json.loads(body) if body else None


def _write(target: BinaryIO, answer: object) -> None:
    body = json.dumps(answer).encode()
    target.write(len(body).to_bytes(4) + body)
    target.flush()


if __name__ == "__main__":
    main()

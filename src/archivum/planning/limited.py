"""Become another program, which may take no more than it is given and does not outlive its parent.

Run as ``python -P -m archivum.planning.limited MEMORY BYTES SECONDS COMMAND…``: bytes of data of its own,
bytes of one file that it writes, seconds of computing.
"""

import ctypes
import os
import resource
import signal
import sys

_PDEATHSIG = 1  # prctl(2)


def main() -> None:
    """Take the limits and become the command."""
    memory, size, seconds, *command = sys.argv[1:]
    limits = {
        resource.RLIMIT_DATA: int(memory),
        resource.RLIMIT_FSIZE: int(size),
        resource.RLIMIT_CPU: int(seconds),
        resource.RLIMIT_CORE: 0,
    }
    for which, wanted in limits.items():
        _, hard = resource.getrlimit(which)
        allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(which, (allowed, allowed))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    os.execvp(command[0], command)  # noqa: S606 (there is no shell in it)


if __name__ == "__main__":
    main()

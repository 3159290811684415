"""What is handed out appears under its name complete or not at all, and never in the place of anything."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from archivum.errors import Refused
from archivum.storage.durable import make_folders, move_folder, sync_folder, sync_tree, world

# file systems of memory sticks and network drives have no hard links
_NO_LINKS: Final = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)


@contextmanager
def hidden(target: Path) -> Iterator[Path]:
    """Yield a path beside a target under which it can be made; what is still there at the end is removed.

    Raises:
        Refused: the target exists.
        Misconfigured: nothing can be written there.
    """
    check_free(target)
    with world(target):
        make_folders(target.parent)
        place = Path(mkdtemp(prefix=".archivum-", suffix=".new", dir=target.parent))
    try:
        yield place / target.name
    finally:
        shutil.rmtree(place, ignore_errors=True)


def check_free(target: Path) -> None:
    """Make sure that a name is not taken.

    Raises:
        Refused: it is.
    """
    if os.path.lexists(target):
        raise Refused("access.taken", place=target)


def settle(made: Path) -> None:
    """Bring a file or folder that was made under a hidden path to the disk.

    Raises:
        Misconfigured: the disk is full or fails.
    """
    with world(made):
        sync_tree(made.parent)


def reveal(made: Path, target: Path) -> None:
    """Give a complete and settled file or folder its name.

    Raises:
        Refused: the name is taken by now.
        Misconfigured: the disk fails.
    """
    check_free(target)
    if made.is_dir():
        move_folder(made, target)
        return
    with world(target):
        _name_file(made, target)
        sync_folder(target.parent)


def _name_file(made: Path, target: Path) -> None:
    """Link, which never replaces anything; rename only where there are no links."""
    try:
        os.link(made, target)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        made.rename(target)

"""Which kind of transfer lies at a path."""

import stat
from pathlib import Path

from archivum.storage.transfer import Damaged, Transfer
from archivum.storage.transfer_folder import FolderTransfer
from archivum.storage.transfer_tar import TarTransfer, is_tar
from archivum.storage.transfer_zip import ZipTransfer, is_zip


def open_transfer(path: Path) -> Transfer:
    """Return the transfer at a path: a ZIP or TAR file by its content, or a folder.

    Raises:
        Damaged: it is neither, or cannot be opened.
    """
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            return FolderTransfer(path)
        if not stat.S_ISREG(mode):  # whoever opens a pipe waits for somebody to write into it
            raise Damaged("entry-special", path.name)
        if is_zip(path):
            return ZipTransfer(path)
        if is_tar(path):
            return TarTransfer(path)
    except OSError as error:
        raise Damaged("file-unreadable", "", error.strerror or str(error)) from error
    raise Damaged("not-a-package", path.name)

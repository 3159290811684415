"""What the engines see of a file: all of it, or a window of a large one, under the extension of its name."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from typing import NamedTuple

MIB = 1 << 20
WHOLE = 64 * MIB  # a larger file is shown by a window; siegfried reads 270 MB/s and maps what it reads
WINDOW = 16 * MIB  # bytes at either end; of the signatures tied to an end, the furthest reaches 1 MB (V109)
NOTE = "first and last 16 MiB"

# formats inside formats, and PDF/A's claim in its XMP metadata, may lie anywhere
_NEEDED_WHOLE = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
_PDF, _PDF_WITHIN = b"%PDF", 1024  # ISO 32000-1 annex H: readers accept the header in the first 1024 bytes


class View(NamedTuple):
    """Where an engine finds what it sees, the extension of the file's name ("" for none), and what is cut."""

    path: str
    extension: str
    note: str = ""


@contextmanager
def looked_at(path: str, name: str, size: int) -> Iterator[View]:
    """Show a file of ``size`` bytes under the extension of ``name``; whatever that takes is removed after.

    Raises:
        OSError: the file cannot be read.
    """
    extension = extension_of(name)
    if size > WHOLE and not _needs_whole(path):
        with _window(path, size, extension) as shown:
            yield View(shown, extension, NOTE)
    elif _plain(path) and extension_of(path) == extension:
        yield View(path, extension)
    else:
        with _alias(path, extension) as shown:
            yield View(shown, extension)


def extension_of(name: str) -> str:
    """Return what follows the last dot of a file's name, or of the last part of its path."""
    name = name.rpartition("/")[2]
    return name.rpartition(".")[2] if "." in name else ""


def _plain(path: str) -> bool:
    """Whether a path is UTF-8; siegfried takes no other."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _needs_whole(path: str) -> bool:
    with open(path, "rb") as file:  # noqa: PTH123
        head = file.read(_PDF_WITHIN)
    return head.startswith(_NEEDED_WHOLE) or _PDF in head


@contextmanager
def _window(path: str, size: int, extension: str) -> Iterator[str]:
    """Put both ends of a file together: in memory on Linux, where nothing else takes a path, else on disk."""
    if not hasattr(os, "memfd_create"):
        with tempfile.TemporaryDirectory(prefix="archivum-") as folder:
            copy = os.path.join(folder, _called(extension))  # noqa: PTH118
            with open(copy, "xb", buffering=0) as target:  # noqa: PTH123
                _both_ends(path, size, target)
            yield copy
        return
    with open(os.memfd_create("window"), "wb", buffering=0) as target:  # noqa: PTH123
        _both_ends(path, size, target)
        with _alias(f"/proc/self/fd/{target.fileno()}", extension) as shown:
            yield shown


def _both_ends(path: str, size: int, target: FileIO) -> None:
    with open(path, "rb", buffering=0) as source:  # noqa: PTH123
        for start in (0, size - WINDOW):
            source.seek(start)
            left = WINDOW
            while left and (data := source.read(min(left, MIB))):
                target.write(data)
                left -= len(data)


@contextmanager
def _alias(path: str, extension: str) -> Iterator[str]:
    """Give a file a second name, which has the extension and is ASCII otherwise."""
    with tempfile.TemporaryDirectory(prefix="archivum-") as folder:
        link = os.path.join(folder, _called(extension))  # noqa: PTH118
        os.symlink(os.path.abspath(path), link)  # noqa: PTH100, PTH211
        yield link


def _called(extension: str) -> str:
    """Return a name with an extension that siegfried takes; none in PRONOM is longer or not ASCII."""
    return "file" + (f".{extension[:32].encode('ascii', 'replace').decode()}" if extension else "")

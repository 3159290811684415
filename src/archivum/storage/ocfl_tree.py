"""What a storage that has folders can tell beyond its files, and where in a storage the objects are."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Protocol, runtime_checkable

from archivum.storage import Source


class Stray(StrEnum):
    """What lies in a storage and is no file."""

    EMPTY_FOLDER = "empty folder"
    LINK = "link"
    SPECIAL = "special file"


@runtime_checkable
class Foldered(Protocol):
    """A source whose folders are more than parts of keys; an object store is none."""

    def folders(self, key: str) -> Iterator[str]:
        """Yield the names of the folders directly in a folder, sorted."""
        ...

    def strays(self, prefix: str = "") -> Iterator[tuple[str, Stray]]:
        """Yield what lies at or below a key and is no file."""
        ...


def strays(source: Source, prefix: str) -> Iterator[tuple[str, Stray]]:
    """Yield what lies at or below a key and is no file, where the source can tell."""
    if isinstance(source, Foldered):
        yield from source.strays(prefix)


def folders_at(source: Source, prefix: str, depth: int) -> Iterator[str]:
    """Yield the keys of the folders that lie so many levels below a key, sorted."""
    if isinstance(source, Foldered):
        if depth == 0:
            yield prefix
        else:
            for name in source.folders(prefix):
                yield from folders_at(source, f"{prefix}/{name}", depth - 1)
        return
    last = ""
    level = len(prefix.split("/")) + depth
    for key, _ in source.list(prefix):
        parts = key.split("/", level)
        folder = "/".join(parts[:level])
        if len(parts) > level and folder != last:
            last = folder
            yield folder

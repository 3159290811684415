"""Is what was just stored what was written: every byte, read again from the disk and not from memory."""

from collections.abc import Iterable, Iterator
from itertools import zip_longest

from archivum.model import File
from archivum.storage.digest import FASTEST, of_stream
from archivum.storage.local import LocalStorage
from archivum.storage.ocfl_commit import ObjectVersion, written_files


def differences(storage: LocalStorage, version: ObjectVersion, files: Iterable[File]) -> Iterator[str]:
    """Yield the keys of an object's first version that are not as they were written, missing or too many.

    ``files`` are those of the bag, sorted, with the digests that were made while they were written.
    """
    expected = written_files(version, ((file.path, file.digests) for file in files))
    for found, written in zip_longest(storage.list(version.key), expected):
        if found is None or written is None or found[0] != f"{version.key}/{written[0]}":
            yield min(key for key in (found and found[0], written and written[0]) if key)
            return
        algorithm = next(name for name in FASTEST if name in written[1])
        with storage.reread(found[0]) as stream:
            _, digests = of_stream(stream, (algorithm,))
        if digests[algorithm] != written[1][algorithm]:
            yield found[0]

"""Is what was just stored what was written: every byte, read again from the disk and not from memory."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, zip_longest

from archivum.model import File
from archivum.storage.digest import FASTEST, of_stream
from archivum.storage.local import LocalStorage
from archivum.storage.ocfl_commit import ObjectVersion, written_files, written_next


def differences(storage: LocalStorage, version: ObjectVersion, files: Iterable[File]) -> Iterator[str]:
    """Yield the keys of an object's first version that are not as they were written, missing or too many.

    ``files`` are those of the bag, sorted, with the digests that were made while they were written.
    """
    expected = written_files(version, ((file.path, file.digests) for file in files))
    yield from _different(storage, version.key, storage.list(version.key), expected)


def differences_of_next(storage: LocalStorage, version: ObjectVersion, new: Iterable[File]) -> Iterator[str]:
    """Yield the keys of what a version has added to its object that are not as they were written.

    ``new`` are the files of the bag that the object did not have, sorted.
    """
    start = f"{version.key}/"
    expected = written_next(version, ((file.path, file.digests) for file in new))
    listed = chain(
        storage.list(f"{start}inventory.json"),
        storage.list(f"{start}inventory.json.sha512"),
        storage.list(f"{start}{version.version}"),
    )
    yield from _different(storage, version.key, listed, expected)


def _different(
    storage: LocalStorage,
    key: str,
    listed: Iterable[tuple[str, int]],
    expected: Iterable[tuple[str, Mapping[str, str]]],
) -> Iterator[str]:
    for found, written in zip_longest(listed, expected):
        if found is None or written is None or found[0] != f"{key}/{written[0]}":
            yield min(one for one in (found and found[0], written and written[0]) if one)
            return
        algorithm = next(name for name in FASTEST if name in written[1])
        with storage.reread(found[0]) as stream:
            _, digests = of_stream(stream, (algorithm,))
        if digests[algorithm] != written[1][algorithm]:
            yield found[0]

"""The trial authority: real RFC 3161 time-stamps that prove nothing to anyone else, for trying things out.

Its folder holds ``key.pem`` (the private key, for the owner's eyes only) and ``chain.pem`` (its certificate,
then the root). The root's own key is thrown away at once: nothing else can ever be issued under it.
"""

import errno
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import UUID

from archivum.errors import Misconfigured
from archivum.signatures import der
from archivum.storage.durable import make_folders, move_folder, publish, world

if TYPE_CHECKING:
    from archivum.signatures.stamping import Signer

KEY: Final = "key.pem"
CHAIN: Final = "chain.pem"
NAME: Final = "archivum TRIAL TSA / ZKUŠEBNÍ časová razítka"

Write = Callable[[Path, bytes], None]


class TrialAuthority:
    """A time-stamping authority in the same process; it says everywhere that it is a trial.

    The same digest at the same time gets the same stamp, byte for byte.
    """

    name = NAME
    trial = True

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @classmethod
    def create(cls, folder: Path, at: datetime, archive_id: UUID, write: Write = publish) -> "TrialAuthority":
        """Make an authority for an archive, in a folder of its own that nobody else can look into.

        Raises:
            Refused: there is one already.
            Misconfigured: the disk is full, read-only or fails.
        """
        from archivum.signatures.issuing import new_authority  # noqa: PLC0415 (0.1 s to import)

        key, chain = new_authority(NAME, at, archive_id)
        nest = folder.with_name(f".{folder.name}.new")
        with world(folder):
            if folder.exists():
                raise FileExistsError(errno.EEXIST, "exists", str(folder))
            make_folders(folder.parent)
            shutil.rmtree(nest, ignore_errors=True)  # of a call that was interrupted
            nest.mkdir(0o700)
            write(nest / KEY, key)
            (nest / KEY).chmod(0o600)
            write(nest / CHAIN, chain)
            move_folder(nest, folder)
        return cls(folder)

    @classmethod
    def open(cls, folder: Path) -> "TrialAuthority":
        """Return the authority in a folder; its files are read when they are first needed.

        Raises:
            Misconfigured: there is none.
        """
        for name in (KEY, CHAIN):
            if not (folder / name).is_file():
                raise Misconfigured("signatures.trial-missing", place=folder / name)
        return cls(folder)

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self._folder,)

    def chain(self) -> bytes:
        """Return the authority's certificate and the root, in PEM."""
        with world(self._folder / CHAIN):
            return (self._folder / CHAIN).read_bytes()

    def stamp(self, imprint: bytes, at: datetime) -> bytes:
        """Return a granted TimeStampResp for a SHA-512 digest, as of a time in whole seconds.

        Raises:
            Misconfigured: the authority's files are damaged, or the time is outside its certificate.
        """
        if len(imprint) != 64:
            raise ValueError("an imprint is a SHA-512 digest of 64 bytes")
        first, last = self._signer.validity
        if not first <= at.astimezone(UTC).replace(microsecond=0) <= last:
            raise Misconfigured("signatures.trial-time", at=at, first=first, last=last, place=self._folder)
        return self._signer.stamp(imprint, der.instant(at))

    @cached_property
    def _signer(self) -> "Signer":
        from archivum.signatures.stamping import Signer  # noqa: PLC0415 (0.1 s to import)

        try:
            with world(self._folder / KEY):
                key = (self._folder / KEY).read_bytes()
            return Signer.of(key, self.chain())
        except (ValueError, TypeError) as error:
            raise Misconfigured("signatures.trial-damaged", place=self._folder, reason=error) from error

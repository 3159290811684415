"""Making a new archive: a folder with everything in it, and a configuration that explains itself."""

from datetime import datetime
from pathlib import Path
from uuid import UUID

from archivum.archive import TIME_STAMPING, Clock, catalogue_url, open_archive
from archivum.catalogue.catalogue import Catalogue
from archivum.configuration import FILE, TRIAL_INSTITUTION, CatalogueSettings
from archivum.errors import Refused
from archivum.model import Agent
from archivum.signatures.trial import TrialAuthority
from archivum.storage.durable import make_folders, publish, remove_unfinished, world
from archivum.storage.local import LocalStorage
from archivum.storage.ocfl import OcflRoot
from archivum.texts import Language, say

MAIN = "main"
STORAGE = "storage/main"


def found_archive(
    root: Path,
    archive_id: UUID,
    at: datetime,
    *,
    name: str,
    institution: str,
    code: str = TRIAL_INSTITUTION,
    language: Language,
    agent: Agent,
    clock: Clock,
) -> None:
    """Make an archive in a new or empty folder; the configuration comes last, and with it the archive exists.

    A call that was interrupted is completed by the next one.

    Raises:
        Refused: the folder holds something else.
        Misconfigured: the disk is full, read-only or fails.
    """
    _check_empty(root)
    storage = LocalStorage(MAIN, root / STORAGE)
    with world(root):
        make_folders(root)
        remove_unfinished(root)
        for folder in ("profiles", "schemas", "reports"):
            make_folders(root / folder)
        make_folders(storage.root)
    storage.tidy()
    storage.create()
    OcflRoot(storage).create()
    if not (root / TIME_STAMPING).exists():
        TrialAuthority.create(root / TIME_STAMPING, at, archive_id)
    catalogue = Catalogue.open(catalogue_url(root, CatalogueSettings().url))
    catalogue.create()
    catalogue.close()
    text = configuration_text(archive_id, name=name, institution=institution, code=code, language=language)
    publish(root / FILE, text.encode("utf-8"))
    open_archive(root, agent=agent, clock=clock).close()


def configuration_text(
    archive_id: UUID, *, name: str, institution: str, code: str, language: Language
) -> str:
    """Return the text of ``archivum.toml``, commented in the archive's language."""
    values = {
        "id": _quoted(str(archive_id)),
        "name": _quoted(name),
        "language": _quoted(language),
        "institution": _quoted(institution),
        "code": _quoted(code),
        "storage": STORAGE,
        "storage_name": MAIN,
    }
    return say("archive.configuration", language, "text", **values)


def _quoted(value: str) -> str:
    """A TOML basic string (TOML 1.0 §String)."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04X}" for c in escaped) + '"'


def _check_empty(root: Path) -> None:
    """Refuse a folder with anything in it but what an interrupted call has left."""
    unfinished = (f".{FILE}.*.new", f".{TIME_STAMPING}.new")
    made = ("profiles", "schemas", "reports", "storage", TIME_STAMPING, "catalogue.db", "catalogue.db-*")
    if not root.exists():
        return
    if not root.is_dir() or not all(any(map(one.match, (*made, *unfinished))) for one in root.iterdir()):
        raise Refused("archive.taken", place=root)

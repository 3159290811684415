"""AIPs with several versions, for tests: each adds a representation with one file in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from archivum.archive import SOFTWARE, Archive
from archivum.model import Agent, AgentKind, Event, EventType, File, FormatMatch, Identification, Verdict
from archivum.packaging.adding import Addition, Derived, Migration
from archivum.storage.digest import of_stream
from archivum.stored import pending, versions
from archivum.stored.holdings import Holdings
from fixtures.folders import folder
from tests.property.stored import archive_with

TOOL = Agent("converter", AgentKind.SOFTWARE, "1.0")
PNG = Identification((FormatMatch("fmt/11", "PNG", "1.0", "image/png"),), Verdict.PASSED, "siegfried", "v1")
SOURCE = "strany/strana 001.tif"


@contextmanager
def one_stored(root: Path) -> Iterator[tuple[Archive, UUID]]:
    """An archive with one AIP, the chronicle of a municipality."""
    transfer = folder(0).write_folder(root)
    archive = archive_with(root / "archive", [transfer])
    try:
        (accession,) = archive.catalogue.packages()
        yield archive, accession.uuid
    finally:
        archive.close()


def add_version(archive: Archive, uuid: UUID, data: bytes = b"picture", number: int = 1) -> pending.Pending:
    """Make the next version of an AIP, with a file in ``representations/migration-NUMBER/data``."""
    versions.settle(archive)
    accession = archive.catalogue.package(uuid)
    moment = pending.begin(archive, accession)
    name = f"migration-{number}"
    with versions.workplace(archive) as place, Holdings(archive, accession) as holdings:
        made = place / f"bag/data/{uuid}/representations/{name}/data/strana.png"
        made.parent.mkdir(parents=True)
        made.write_bytes(data)
        with made.open("rb") as stream:
            size, digests = of_stream(stream)
        derived = Derived(
            File("data/strana.png", size, digests, PNG), SOURCE, 0, {"width": "2"}, {"width": "2"}
        )
        addition = Addition(
            uuid, moment.version, moment.at, name, [derived], [],
            [Migration((TOOL,), {"purpose": "test"}, ("all is well",))], moment.agent, SOFTWARE,
        )  # fmt: skip
        event = Event(EventType.MIGRATION, uuid, archive.clock(), SOFTWARE, Verdict.PASSED, {"files": 1})
        return versions.make_version(archive, accession, holdings, place, moment, addition, [event])

"""An archive with AIPs in it, for tests that do something to what is stored."""

from collections.abc import Iterable
from pathlib import Path

from archivum.archive import Archive
from archivum.ingest.batch import run
from archivum.ingest.order import Order, Outcome, Status
from tests.crash import archives, state


def archive_with(root: Path, transfers: Iterable[Path]) -> Archive:
    """Found an archive and ingest transfers that are all good."""
    archive = state.opened(archives.found(root))
    assert all(one.status is Status.STORED for one in ingested(archive, transfers))
    return archive


def ingested(archive: Archive, transfers: Iterable[Path]) -> list[Outcome]:
    """Ingest transfers and return what became of each, in their order."""
    order = list(transfers)
    results = {done.path: done.result for done in run(archive, order, Order(), progress=lambda _: None)}
    outcomes = [one for one in map(results.get, order) if isinstance(one, Outcome)]
    assert len(outcomes) == len(order), results
    return outcomes

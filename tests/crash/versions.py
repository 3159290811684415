"""A process that makes a version of an AIP again and again, each time killed at another step.

Started as ``python -m tests.crash.versions FOLDER COUNT``; answers with the steps and what was wrong after
each, as JSON.
"""

import json
import shutil
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

from archivum.audit.verify import verify
from archivum.model import Verdict
from archivum.storage.ocfl_root_validation import validate_root
from archivum.stored import versions
from tests.crash import state
from tests.crash.harness import adopt, chosen, in_a_fork
from tests.crash.steps import Steps, killing
from tests.versions import add_version, one_stored

KILLED = -9


def act(root: Path, uuid: UUID) -> int:
    """Make the second version, or end what was begun of it."""
    archive = state.opened(root)
    try:
        versions.settle(archive)
        if archive.catalogue.package(uuid).version == "v1":
            add_version(archive, uuid)
    finally:
        archive.close()
    return 0


def run(root: Path, uuid: UUID, number: int = 0, listing: Path | None = None) -> int:
    steps = Steps(root, number, killing) if number or listing else None

    def acting() -> int:
        if steps:
            steps.watch()
        code = act(root, uuid)
        if listing:
            listing.write_text(json.dumps(steps.taken if steps else []))
        return code

    return in_a_fork(acting)


def left(root: Path, uuid: UUID, before: state.Files, after: state.Files) -> Iterator[str]:
    """Yield what a reader sees that is neither the version before nor the one after."""
    now = {place: data for place, data in state.files(root).items() if "/ocfl" in place}
    if now not in (before, after):
        yield f"neither: {state.different(now, before)}"
    archive = state.opened(root)
    try:
        for finding in validate_root(archive.storage):
            yield f"storage root: {finding}"
        archive.catch_up()
        for check in verify(archive, [archive.catalogue.package(uuid)]):
            if check.verdict is Verdict.FAILED:
                yield f"verify: {check.findings}"
    finally:
        archive.close()


def founded(folder: Path) -> tuple[Path, UUID]:
    """Make an archive with one AIP, in a fork: this process has no threads that a fork of it would lack."""
    folder.mkdir()

    def found() -> int:
        with one_stored(folder) as (_, uuid):
            (folder / "uuid").write_text(str(uuid))
        return 0

    if status := in_a_fork(found):
        raise RuntimeError(status)
    return folder / "archive", UUID((folder / "uuid").read_text())


def main(folder: Path, count: int | None) -> None:
    adopt()
    template, uuid = founded(folder / "template")
    whole = Path(shutil.copytree(template, folder / "whole" / "archive"))
    status = run(whole, uuid, listing=folder / "steps.json")
    if status:
        raise RuntimeError(status)
    taken = json.loads((folder / "steps.json").read_text())
    files, rows = state.files(whole), state.catalogue_rows(whole)
    stored = [
        {place: data for place, data in one.items() if "/ocfl" in place}
        for one in (state.files(template), files)
    ]
    outcomes = []
    # whatever is left out: the step in which it appears, and those after it
    (appears,) = (
        number for number, one in enumerate(taken, 1) if one.startswith("rename storage/main/ocfl/")
    )
    for number in sorted({*chosen(taken, count), *range(appears, appears + 6)}):
        root = Path(shutil.copytree(template, folder / str(number) / "archive"))
        status = run(root, uuid, number)
        looked = Path(shutil.copytree(root, folder / str(number) / "looked"))  # looking leaves events
        problems = list(left(looked, uuid, *stored))
        if run(root, uuid):
            problems.append("run again, it failed")
        problems += state.different(state.files(root), files)
        if state.catalogue_rows(root) != rows:
            problems.append("the catalogue differs")
        label = taken[number - 1] if number <= len(taken) else "the end"
        outcomes.append({"label": label, "status": status, "problems": problems})
        shutil.rmtree(folder / str(number))
    print(json.dumps(outcomes))


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), int(sys.argv[2]) or None)
    except Exception:
        traceback.print_exc()
        sys.exit(1)

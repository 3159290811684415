"""ZIP: the container by :mod:`.zip_walk`; what is in it comes out, to be identified and judged."""

from collections.abc import Iterator

from archivum.formats.validators.answer import INDETERMINATE, PASSED, Answer, Fault, Subject, Told, judged
from archivum.formats.validators.inner import Taken
from archivum.formats.validators.zip_walk import TOOL, Zip


def validate(subject: Subject, told: Told) -> Answer:
    """Judge a ZIP file: valid if its directory, its headers and all its checksums agree (APPNOTE 6.3.10)."""
    taken = Taken(told.scratch)

    def take(name: str, pieces: Iterator[bytes]) -> tuple[Fault, ...]:
        taken.take(name, pieces)
        return ()

    with Zip(subject.path, subject.size) as container:
        walked = container.walk(take)
        facts = {"entries": str(len(container.infos))}
        if container.encrypted:
            facts["encrypted"] = str(len(container.encrypted))
    return judged(
        TOOL,
        (*walked.faults, *taken.faults()),
        facts,
        taken.inner,
        valid=PASSED if walked.whole else INDETERMINATE,
        invalid=walked.invalid,
        well_formed=walked.well_formed,
    )

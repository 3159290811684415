"""README.txt of an AIP: for a reader in a hundred years who has nothing but the bag."""

from collections.abc import Mapping
from typing import Final

from archivum.packaging.czdax_context import Aip
from archivum.packaging.writing import NewFile, one_line
from archivum.texts import Language, say

README: Final = "README.txt"


def write_readme(target: NewFile, aip: Aip) -> None:
    """Write what this is, whose it is, how it is laid out and how to check it, in Czech and in English."""
    context, receipt = aip.context, aip.receipt
    known = {
        "uuid": receipt.uuid,
        "institution": one_line(context.institution.name),
        "institution_id": context.institution_id,
        "fonds": context.fonds.number,
        "fonds_title": one_line(context.fonds.title),
        "producer": one_line(receipt.producer.name),
        "package": one_line(receipt.package_id),
        "title": one_line(aip.package.title) or "–",
        "at": aip.at,
        "files": receipt.files,
        "size": receipt.size,
        "software": f"{context.software.name} {context.software.version}".strip(),
    }
    target.write(_text("cs", aip, known))
    target.write("\n" + "=" * 79 + "\n\n")
    target.write(_text("en", aip, known))


def _text(language: Language, aip: Aip, known: Mapping[str, object]) -> str:
    stamped = say("packaging.trial", language) if aip.context.trial else ""
    return say("packaging.readme", language, "text", **known, stamped=stamped)

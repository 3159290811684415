"""README.txt of an AIP: for a reader in a hundred years who has nothing but the bag."""

from typing import Final

from archivum.packaging.czdax_context import Aip
from archivum.packaging.writing import NewFile, one_line
from archivum.texts import say

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
    target.write(say("packaging.readme", "cs", **known))
    target.write("\n" + "=" * 79 + "\n\n")
    target.write(say("packaging.readme", "en", **known))

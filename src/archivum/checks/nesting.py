"""Packages inside what is taken for a plain folder: they would be kept, and never be judged."""

from collections.abc import Iterator

from archivum.model import Finding, Verdict
from archivum.packaging.index import PackageIndex
from archivum.packaging.reader import is_main


def nesting(index: PackageIndex) -> Iterator[Finding]:
    """Yield a finding for each file below the top that makes its folder a package."""
    for file in index.files():
        folder, _, name = file.path.rpartition("/")
        if folder and is_main(name):
            yield Finding("package-inside", Verdict.FAILED, subject=file.path, params={"folder": folder})

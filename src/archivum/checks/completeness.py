"""Is everything there that was promised, nothing else, and is each file the one that was promised?

Both ways (METS file section, BagIt manifests): RFC 8493 §3, NSESSS 9.2, ZAF kom1–kom2 and obs52.
"""

from collections.abc import Iterator
from typing import Final

from archivum.model import File, Finding, Package, Promise, Severity, Verdict
from archivum.packaging.index import PackageIndex
from archivum.storage.digest import algorithm

NOT_COMPLETE: Final = "not-checked-completeness"


def completeness(package: Package, index: PackageIndex) -> Iterator[Finding]:
    """Yield what is missing, extra, of the wrong size or with the wrong checksum.

    A package whose kind has no manifest (a plain folder) promises nothing, and its files are as they came.
    Where the promises or the files could not be read, a finding says so already, and nothing more is asked.
    """
    if not index.totals()[0]:
        yield _failed("package-empty", "")
    for file in index.empty():
        yield _failed("file-empty", file.path)
    for folder in index.empty_folders():
        yield Finding("folder-empty", Verdict.FAILED, Severity.WARNING, folder)
    unasked = any(finding.code == NOT_COMPLETE for finding in index.findings(Verdict.INDETERMINATE))
    if package.kind == "folder" or unasked:
        return
    for promise in index.missing():
        yield _failed("file-missing", promise.path, promise.where)
    for file in index.unpromised():
        yield _failed("file-extra", file.path)
    for promise, file in index.kept():
        yield from _kept(promise, file)


def _kept(promise: Promise, file: File) -> Iterator[Finding]:
    if promise.size is not None and promise.size != file.size:
        yield _failed("file-size", file.path, promise.where, promised=promise.size, found=file.size)
    if promise.digest is None:
        return
    name = algorithm(promise.algorithm or "")
    if name is None:
        yield _failed("checksum-unknown", file.path, promise.where, algorithm=promise.algorithm or "–")
        return
    found = file.digests.get(name)
    if found is None:
        yield Finding(
            "not-checked-checksum", Verdict.INDETERMINATE, Severity.ERROR, file.path, promise.where,
            {"algorithm": promise.algorithm or name},
        )  # fmt: skip
    elif found != promise.digest.strip().lower():
        yield _failed(
            "file-checksum", file.path, promise.where,
            algorithm=promise.algorithm or name, promised=promise.digest.strip(), found=found,
        )  # fmt: skip


def _failed(code: str, subject: str, where: str = "", **params: str | int) -> Finding:
    return Finding(code, Verdict.FAILED, Severity.ERROR, subject, where, params)

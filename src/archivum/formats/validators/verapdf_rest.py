"""veraPDF's server: one file goes out in pieces, one report comes back."""

import os
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Final
from urllib.parse import urlsplit

from archivum.formats.validators.verapdf_report import REPORT_BYTES, VeraPDFError

SECONDS: Final = 45  # less than the worker has for its files
_PIECE: Final = 1 << 20


def post(address: str, flavour: str, path: str, size: int) -> bytes:
    """Return the report of the server at an address; no redirection is followed, and no proxy asked.

    Raises:
        VeraPDFError: it answers with none.
        OSError: it is not reached.
    """
    url = urlsplit(address)
    kind = HTTPSConnection if url.scheme == "https" else HTTPConnection
    connection = kind(url.hostname or "", url.port, timeout=SECONDS)
    boundary = "archivum" + os.urandom(16).hex()  # must not occur in the file
    head, tail = _frame(boundary)
    headers = {
        "Accept": "application/json",
        "Content-Type": f"multipart/form-data; boundary={boundary}",
        "Content-Length": str(len(head) + size + len(tail)),
        "X-File-Size": str(size),
    }
    try:
        place = f"{url.path.rstrip('/')}/api/validate/{flavour}"
        connection.request("POST", place, _body(head, path, size, tail), headers)
        response = connection.getresponse()
        said = response.read(REPORT_BYTES + 1)
    except HTTPException as error:
        raise VeraPDFError(f"{type(error).__name__}: {error}") from error
    finally:
        connection.close()
    if response.status != 200:
        raise VeraPDFError(f"HTTP {response.status}: {said[:200].decode(errors='replace')}")
    if len(said) > REPORT_BYTES:
        raise VeraPDFError("the report is too large")
    return said


def _frame(boundary: str) -> tuple[bytes, bytes]:
    """Return what stands before and after the file (RFC 7578); its own name stays here."""
    head = (
        f"--{boundary}\r\n"
        'Content-Disposition: form-data; name="file"; filename="file.pdf"\r\n'
        "Content-Type: application/pdf\r\n\r\n"
    )
    return head.encode(), f"\r\n--{boundary}--\r\n".encode()


def _body(head: bytes, path: str, size: int, tail: bytes) -> Iterator[bytes]:
    """Yield the whole request; a file that became shorter makes one that no server takes."""
    yield head
    with open(path, "rb") as file:  # noqa: PTH123
        while size and (piece := file.read(min(size, _PIECE))):
            size -= len(piece)
            yield piece
    yield tail

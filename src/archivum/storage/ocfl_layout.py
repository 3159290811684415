"""Where an object lies in an OCFL storage root: layout extension 0003, as archivum uses it.

0003-hash-and-id-n-tuple-storage-layout: three folders named by the first nine hexadecimal digits of the
identifier's SHA-256, and in them one named by the identifier itself.
"""

import hashlib
import json
import re
from typing import Final
from urllib.parse import unquote_to_bytes

EXTENSIONS: Final = "extensions"
LAYOUT_FILE: Final = "ocfl_layout.json"
LAYOUT: Final = "0003-hash-and-id-n-tuple-storage-layout"
ROOT_DECLARATION: Final = "0=ocfl_1.1"
OBJECT_DECLARATION: Final = "0=ocfl_object_1.1"

TUPLES: Final = 3
_TUPLE: Final = 3
_LONGEST: Final = 100

# the registry of OCFL extensions
REGISTERED_EXTENSIONS: Final = frozenset(
    (
        "0001-digest-algorithms",
        "0002-flat-direct-storage-layout",
        LAYOUT,
        "0004-hashed-n-tuple-storage-layout",
        "0005-mutable-head",
        "0006-flat-omit-prefix-storage-layout",
        "0007-n-tuple-omit-prefix-storage-layout",
        "0008-schema-registry",
        "0009-digest-algorithms",
        "0010-differential-n-tuple-omit-prefix-storage-layout",
        "0011-direct-clean-path-layout",
        "0012-hash-and-no-prefix-id-n-tuple-storage-layout",
        "initial",
    )
)

CONFIGURATION: Final = {
    "extensionName": LAYOUT,
    "digestAlgorithm": "sha256",
    "tupleSize": _TUPLE,
    "numberOfTuples": TUPLES,
}
_DESCRIPTION: Final = (
    "An object lies in three folders named by the first nine hexadecimal digits of the SHA-256 of its"
    " identifier, and in them in one named by the identifier, percent-encoded."
)
_UNSAFE: Final = re.compile(rb"[^A-Za-z0-9_-]")


def place(object_id: str) -> str:
    """Return the path of an object in its storage root.

    Raises:
        UnicodeEncodeError: the identifier is not text (half surrogates).
    """
    name = object_id.encode()
    digest = hashlib.sha256(name).hexdigest()
    tuples = (digest[at : at + _TUPLE] for at in range(0, _TUPLE * TUPLES, _TUPLE))
    folder = _UNSAFE.sub(lambda match: f"%{match[0][0]:02x}".encode(), name).decode("ascii")
    if len(folder) > _LONGEST:
        folder = f"{folder[:_LONGEST]}-{digest}"
    return "/".join((*tuples, folder))


def identifier(path: str) -> str | None:
    """Return the identifier of the object at a path, None where the path does not hold all of it."""
    try:
        found = unquote_to_bytes(path.rpartition("/")[2]).decode()
        return found if place(found) == path else None
    except UnicodeError:
        return None


def root_files() -> dict[str, bytes]:
    """Return the files that make a folder a storage root, by path; the declaration is the last."""
    return {
        f"{EXTENSIONS}/{LAYOUT}/config.json": _json(CONFIGURATION),
        LAYOUT_FILE: _json({"extension": LAYOUT, "description": _DESCRIPTION}),
        ROOT_DECLARATION: declaration(ROOT_DECLARATION),
    }


def declaration(name: str) -> bytes:
    """Return the content of a declaration file by its name (NAMASTE; OCFL 1.1 §3.2, §4.2)."""
    return name.removeprefix("0=").encode() + b"\n"


def _json(value: object) -> bytes:
    return json.dumps(value, indent=2, ensure_ascii=False).encode() + b"\n"

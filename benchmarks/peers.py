"""What a user would script: copy, bag (bagit-python), identify (opf-fido), validate; one package at a time.

``python peers.py PACKAGES DESTINATION`` puts a bag of every package in a folder into another folder.
"""

import shutil
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import bagit
from fido import CONFIG_DIR
from fido import fido as stock


def main() -> None:
    """Make the bags and print how many there are, and how many files were identified."""
    packages, destination = Path(sys.argv[1]), Path(sys.argv[2])
    found: dict[str, list[str]] = {}
    engine = _engine(found)
    count = 0
    for package in packages.iterdir():
        copy = destination / package.name
        shutil.copytree(package, copy)
        bag = bagit.make_bag(str(copy), checksums=["sha512"])
        for path in (copy / "data").rglob("*"):
            if path.is_file():
                engine.identify_file(str(path))
        bag.validate()
        count += 1
    print(count, len(found))


def _engine(found: dict[str, list[str]]) -> Any:
    """Return fido, loaded once; it puts the PUIDs of a file into a table, by its path.

    By its defaults this release looks for signatures that it is not shipped with, and compiles anew for each
    file the expressions that its cache has no place for.
    """
    versions = {one.tag: one.text for one in ET.parse(Path(CONFIG_DIR) / "versions.xml").getroot()}
    stock.defaults["regexcachesize"] = 20_000
    stock.defaults["containersignature_file"] = versions["pronomContainerSignature"]

    def keep(path: str, matches: list[tuple[Any, str]], *_: object) -> None:
        found[path] = [one.findtext("puid") for one, _ in matches]

    files = [versions["pronomSignature"], versions["fidoExtensionSignature"]]
    return stock.Fido(quiet=True, handle_matches=keep, format_files=files)


if __name__ == "__main__":
    main()

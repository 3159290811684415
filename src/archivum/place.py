"""Where the files are that come with archivum and are not code: schemas and profiles."""

from importlib.resources import files
from pathlib import Path

from archivum.errors import Misconfigured


def data_folder(name: str) -> Path:
    """Return the folder of ``schemas`` or ``profiles``: in the installed package, else in the checkout.

    An editable install has no copies in the package: there the folders of the checkout are the ones to edit.

    Raises:
        Misconfigured: it is in neither; the installation is damaged.
    """
    package = Path(str(files("archivum")))
    for place in (package / "_data" / name, package.parent.parent / name):
        if place.is_dir():
            return place
    raise Misconfigured("archive.incomplete", name=name, place=package)

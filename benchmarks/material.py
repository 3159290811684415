"""What is measured: packages made from numbers alone, the same every time."""

import io
import random
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from PIL import Image

from fixtures import content, pdf
from fixtures.entries import Content
from fixtures.folders import Folder, folder
from fixtures.sip import spis

_WORDS: Final = (
    "úřad", "obec", "spis", "žádost", "řízení", "smlouva", "zápis", "jednání", "příloha", "podpis", "lhůta",
)  # fmt: skip


class Material:
    """A folder with packages; what is there already is not made again."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def sip(self, container: str) -> Path:
        """Return a SIP of 24 components as an office writes them, 0.5 MB: a folder, a ZIP or a TAR file."""
        one = spis(1, components=24)
        write = {"folder": one.write_folder, "zip": one.write_zip, "tar": one.write_tar}[container]
        return self._made(f"sip-{container}", write)

    def sips(self, count: int) -> Path:
        """Return a folder of SIPs of 6 components."""

        def write(place: Path) -> None:
            for number in range(count):
                spis(number).write_folder(place)

        return self._made(f"sips-{count}", write).parent

    def small(self, count: int) -> Path:
        """Return a plain folder of files of about 20 kB, no two the same: PDF/A, PNG, JPEG, XML, text."""
        kinds = ((".pdf", _pdf), (".png", _png), (".jpg", _jpeg), (".xml", _xml), (".txt", _txt))
        files = []
        for number in range(count):
            suffix, make = kinds[number % len(kinds)]
            one = Content(suffix, "", "", None, partial(_pieces, make, number))
            files.append((f"{number // 500:03d}/{number:06d}{suffix}", one))
        return self._made(f"small-{count}", Folder("spisovna", files).write_folder)

    def scans(self, count: int, size: int, *, packed: bool = False) -> Path:
        """Return a plain folder, or a ZIP file, of different plain TIFF files of ``size`` bytes."""
        one = folder(files=count, size=size, described=False)
        name = f"scans-{count}-{size}"
        return self._made(f"{name}-zip", one.write_zip) if packed else self._made(name, one.write_folder)

    def big_sip(self, count: int, size: int) -> Path:
        """Return a NSESSS SIP of so many scans of ``size`` bytes."""
        return self._made(f"sip-{count}", spis(1, components=count, size=size).write_folder)

    def _made(self, name: str, write: Callable[[Path], object]) -> Path:
        """Return what is written first into the folder of this name; it is there whole or not at all."""
        place, unfinished = self.place / name, self.place / f".{name}"
        if not place.exists():
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir(parents=True)
            write(unfinished)
            unfinished.rename(place)
        return next(place.iterdir())


def _pieces(make: Callable[[int], bytes], number: int) -> tuple[bytes]:
    """The bytes of a file, made when it is written."""
    return (make(number),)


def _pdf(number: int) -> bytes:
    lines = (f"Odstavec {line} věci {number}: {_text(number + line, 60)}." for line in range(8))
    return pdf.letter("Obec Lhota", f"Věc č. {number}", *lines).data


def _png(number: int) -> bytes:
    return _picture(number, 140, "PNG", compress_level=0)


def _jpeg(number: int) -> bytes:
    return _picture(number, 180, "JPEG", quality=80)


def _picture(number: int, width: int, kind: str, **options: int) -> bytes:
    """A square of random grey points."""
    made = io.BytesIO()
    points = random.Random(number).randbytes(width * width)
    Image.frombytes("L", (width, width), points).save(made, kind, **options)
    return made.getvalue()


def _xml(number: int) -> bytes:
    entries = (content.record(number * 95 + i).data.partition(b"\n")[2] for i in range(95))
    return b'<?xml version="1.0" encoding="UTF-8"?>\n<rejstrik>\n' + b"".join(entries) + b"</rejstrik>\n"


def _txt(number: int) -> bytes:
    return f"{number}\n{_text(number, 2_500)}\n".encode()


def _text(seed: int, count: int) -> str:
    return " ".join(random.Random(seed).choices(_WORDS, k=count))

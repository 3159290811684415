"""Validators: each a module that is asked about files of some formats, in a process of its own.

A validator is a function ``validate(subject, told)`` that returns an :class:`~.answer.Answer`, or None where
it cannot judge this file (its tool is not there, or it is not for such a file). It says what *is*; what is
permitted is no question of its. An exception of its is an engine error and makes nothing failed. A new one is
a module, a line here, its words in ``texts/*/faults*.toml``, and the formats it is asked about in
``profiles/formats.toml``.
"""

from collections.abc import Mapping
from typing import Final

# name in profiles/formats.toml -> module that has validate()
VALIDATORS: Final[Mapping[str, str]] = {
    "page": "archivum.formats.validators.page",
    "pdf": "archivum.formats.validators.pdf",
    "png": "archivum.formats.validators.png",
    "verapdf": "archivum.formats.validators.verapdf",
    "csv": "archivum.formats.validators.csv",
    "eml": "archivum.formats.validators.eml",
    "gzip": "archivum.formats.validators.gzip",
    "json": "archivum.formats.validators.json",
    "odf": "archivum.formats.validators.odf",
    "ooxml": "archivum.formats.validators.ooxml",
    "siard": "archivum.formats.validators.siard",
    "tar": "archivum.formats.validators.tar",
    "text": "archivum.formats.validators.text",
    "warc": "archivum.formats.validators.warc",
    "xml": "archivum.formats.validators.xml",
    "zfo": "archivum.formats.validators.zfo",
    "zip": "archivum.formats.validators.zip",
    "jpeg": "archivum.formats.validators.jpeg",
    "tiff": "archivum.formats.validators.tiff",
    "jp2": "archivum.formats.validators.jp2",
    "gif": "archivum.formats.validators.gif",
    "bmp": "archivum.formats.validators.bmp",
    "webp": "archivum.formats.validators.webp",
    "riff": "archivum.formats.validators.riff",
    "avi": "archivum.formats.validators.avi",
    "boxes": "archivum.formats.validators.boxes",
    "matroska": "archivum.formats.validators.matroska",
    "mpeg-stream": "archivum.formats.validators.mpeg_stream",
    "mpeg-audio": "archivum.formats.validators.mpeg_audio",
    "flac": "archivum.formats.validators.flac",
    "av": "archivum.formats.validators.av",
    "mediaconch": "archivum.formats.validators.mediaconch",
}

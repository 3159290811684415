"""Pictures, sound and video with one fault each, made by hand; and what their validators must not refuse."""

import re
import struct
import zlib
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from archivum.checks.world_files import world_files
from archivum.formats.validators import VALIDATORS, answer
from archivum.formats.validators.answer import Answer, Subject, Told
from archivum.model import File, Validation, Verdict
from archivum.packaging.index import PackageIndex
from tests.formats_made import (
    GREY,
    MADE,
    avi,
    bext,
    box,
    chunk,
    element,
    flac,
    fmt,
    ihdr,
    matroska,
    moving,
    mp4,
    mpeg_audio,
    png,
    png_chunk,
    program_stream,
    riff,
    saved,
    tiff,
    wav,
)

OURS: Final = (
    *("png", "jpeg", "tiff", "jp2", "gif", "bmp", "webp", "riff", "avi", "boxes", "matroska"),
    *("mpeg-stream", "mpeg-audio", "flac", "av", "mediaconch"),
)
END: Final = png_chunk(b"IEND")
PIXELS: Final = png_chunk(b"IDAT", zlib.compress(b"\0\1\2" * 2))  # two rows of two pixels of 8 bits
GIF_HEAD: Final = b"GIF89a\2\0\2\0\x80\0\0" + bytes(6)  # 2 × 2 pixels, a palette of two
GIF_FRAME: Final = b",\0\0\0\0\2\0\2\0\0\2"
# codes of 3 bits: 4 clears, three times 0 is a pixel each, and makes the codes 6 and 7; so the next have 4
# bits: 0 is a pixel, 5 ends. From the right: 0101 0000 000 000 000 100
GIF_DATA: Final = b"\3\x04\0\x05\0"


def ask(folder: Path, validator: str, data: bytes, name: str = "a", puid: str = "") -> Answer | None:
    path = folder / name
    path.write_bytes(data)
    said = import_module(VALIDATORS[validator]).validate(
        Subject(str(path), name, len(data), puid), Told(str(folder), {})
    )
    assert said is None or isinstance(said, Answer)
    return said


def grey(data: bytes = bytes(8), drop: tuple[int, ...] = (), **changed: Any) -> bytes:
    """The grey TIFF picture with some tags (``t258=…``) changed or dropped; the strip lies at its end."""
    entries = {**GREY, **{int(tag[1:]): value for tag, value in changed.items()}}
    entries = {tag: entries[tag] for tag in sorted(entries) if tag not in drop}
    if 273 in entries and "t273" not in changed:
        entries[273] = (4, 1, 8 + 2 + 12 * len(entries) + 4)
    return tiff(entries, data)


def swapped(data: bytes, old: bytes, new: bytes) -> bytes:
    assert data.count(old) >= 1
    return data.replace(old, new, 1)


def segment(marker: int, data: bytes = b"") -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", 2 + len(data)) + data


SOF: Final = segment(0xC0, b"\x08\0\x08\0\x08\1\1\x11\0")  # 8 bits, 8 × 8, one component
SCAN: Final = segment(0xDA, b"\1\1\0\0\x3f\0")


def jpeg(*parts: bytes, end: bytes = b"\xff\xd9") -> bytes:
    return b"\xff\xd8" + b"".join(parts) + end


def keys(*numbers: int) -> bytes:
    """A grey TIFF picture with a GeoKeyDirectory after its strip."""
    place = 8 + 2 + 12 * (len(GREY) + 1) + 4 + 8
    return grey(bytes(8) + struct.pack(f"<{len(numbers)}H", *numbers), t34735=(3, len(numbers), place))


def wave(*chunks: bytes) -> bytes:
    return riff(b"WAVE", *chunks)


SOUND: Final = chunk(b"data", bytes(16))
ANIMATED: Final = (ihdr(2, 2), png_chunk(b"acTL", struct.pack(">II", 2, 0)), PIXELS, END)  # and no frame
VP8: Final = saved("WEBP")

# fault -> the validator, and a file that has it
FAULTS: Final[Mapping[str, tuple[str, bytes]]] = {
    "png-signature": ("png", b"\x89PNG\r\n\x1a\r" + bytes(50)),
    "png-order": ("png", png(ihdr(2, 2), PIXELS, png_chunk(b"tEXt", b"a\0b"), PIXELS, END)),
    "png-checksum": ("png", swapped(png(ihdr(2, 2), PIXELS, END), b"IEND\xaeB`\x82", b"IEND\xaeB`\x83")),
    "png-header": ("png", png(ihdr(2, 2, bits=3), PIXELS, END)),
    "png-palette": ("png", png(ihdr(2, 2, colour=3), PIXELS, END)),
    "png-ancillary": ("png", png(ihdr(2, 2), png_chunk(b"gAMA", b"\0\0\1"), PIXELS, END)),
    "png-animation": ("png", png(*ANIMATED)),
    "png-data": ("png", png(ihdr(2, 2), png_chunk(b"IDAT", zlib.compress(b"\0\1\2\5\1\2")), END)),
    "picture-too-large": ("png", png(ihdr(65535, 65535), PIXELS, END)),
    "truncated": ("png", png(ihdr(2, 2), PIXELS)),
    "trailing": ("png", png(ihdr(2, 2), PIXELS, END) + b"\0"),
    "jpeg-signature": ("jpeg", b"\xff\xd9\xff\xd9"),
    "jpeg-marker": ("jpeg", jpeg(SOF, b"\xff\x01")),
    "jpeg-segment": ("jpeg", jpeg(segment(0xDB, bytes(65)))),  # a table whose steps are 0
    "jpeg-restart": ("jpeg", jpeg(SOF, segment(0xDD, b"\0\1"), SCAN, b"\1\2\xff\xd1\1\2")),
    "jpeg-empty": ("jpeg", jpeg(SOF)),
    "undecodable": ("jpeg", jpeg(SOF, SCAN, b"\1\2\3")),  # without any table
    "unsupported": ("jpeg", jpeg(swapped(SOF, b"\xff\xc0", b"\xff\xc3"), SCAN, b"\1\2\3")),  # lossless
    "tiff-signature": ("tiff", b"II\x2b\0" + bytes(60)),
    "tiff-directory": ("tiff", b"II\x2a\0\x08\0\0\0\0\0\0\0\0\0"),
    "tiff-loop": ("tiff", tiff(GREY, bytes(8), following=8)),
    "tiff-order": ("tiff", tiff({258: GREY[258], **{t: GREY[t] for t in GREY if t != 258}}, bytes(8))),
    "tiff-beyond": ("tiff", grey(t270=(2, 99, 5000))),
    "tiff-type": ("tiff", grey(t65000=(99, 1, 0))),
    "tiff-tag": ("tiff", grey(t258=(3, 2, 0x00080008))),
    "tiff-missing": ("tiff", grey(drop=(262,))),
    "tiff-value": ("tiff", grey(t256=(3, 1, 0))),
    "tiff-parts": ("tiff", grey(t278=(3, 1, 1))),  # two strips of one row each, and one is listed
    "tiff-part-beyond": ("tiff", grey(t279=(4, 1, 9))),
    "tiff-part-short": ("tiff", grey(t279=(4, 1, 7))),
    "tiff-deflate": ("tiff", grey(zlib.compress(bytes(7)), t259=(3, 1, 8), t279=(4, 1, 9))),
    "tiff-sparse": ("tiff", grey(b"", t273=(4, 1, 0), t279=(4, 1, 0))),
    # two strips of one row: their places are listed at byte 122, their lengths at 130, both lie at 138
    "tiff-overlap": (
        "tiff",
        tiff(
            {**GREY, 273: (4, 2, 122), 278: (3, 1, 1), 279: (4, 2, 130)},
            struct.pack("<IIII", 138, 138, 4, 4) + bytes(8),
        ),
    ),
    "geotiff-keys": ("tiff", keys(1, 1, 0, 2, 3072, 0, 1, 5514)),  # two keys are announced, one is there
    "jpeg2000": ("jp2", saved("JPEG2000")[:-2] + b"\0\0"),
    "gif-signature": ("gif", b"GIF88a" + bytes(20)),
    "gif-block": ("gif", GIF_HEAD + b"\x22;"),
    "gif-frame": ("gif", GIF_HEAD + swapped(GIF_FRAME, b",\0\0", b",\1\0") + GIF_DATA + b";"),
    "gif-colours": ("gif", b"GIF89a\2\0\2\0\0\0\0" + GIF_FRAME + GIF_DATA + b";"),
    "gif-empty": ("gif", GIF_HEAD + b";"),
    "gif-pixels": ("gif", GIF_HEAD + GIF_FRAME + b"\1\x04\0;"),
    "gif-unended": ("gif", GIF_HEAD + GIF_FRAME + b"\2\x04\0\0;"),
    "bmp-header": ("bmp", saved("BMP")[:14] + b"\x29" + saved("BMP")[15:]),
    "bmp-size": ("bmp", saved("BMP") + b"\0"),
    "webp-picture": ("webp", riff(b"WEBP", chunk(b"EXIF", bytes(4)))),
    "riff-signature": ("riff", riff(b"AVI ", fmt(), SOUND)),
    "riff-ds64": ("riff", riff(b"WAVE", fmt(), SOUND, kind=b"RF64")),
    "riff-chunk": ("riff", wave(fmt(), chunk(b"\1\2\3\4", b""), SOUND)),
    "riff-beyond": ("riff", wave(fmt(), b"data\xff\0\0\0" + bytes(16))),
    "riff-padding": ("riff", wave(fmt(channels=1, bits=8), b"data\3\0\0\0abc")),
    "wave-order": ("riff", wave(SOUND, fmt())),
    "wave-missing": ("riff", wave(fmt())),
    "wave-format": ("riff", wave(swapped(fmt(), struct.pack("<I", 32000), struct.pack("<I", 32001)), SOUND)),
    "wave-samples": ("riff", wave(fmt(), chunk(b"data", bytes(17)))),
    "wave-bext": ("riff", wave(bext(date=b"29. 2. 2024 10:11 "), fmt(), SOUND)),
    "wave-fact": ("riff", wave(fmt(code=2), SOUND)),
    "box-size": ("boxes", swapped(mp4(), struct.pack(">I", 20) + b"stco", struct.pack(">I", 60) + b"stco")),
    "box-missing": ("boxes", box(b"ftyp", b"isom\0\0\0\0") + box(b"mdat", bytes(20))),
    "box-media": ("boxes", mp4(offset=1 << 20)),
    "mpeg-sync": ("mpeg-stream", swapped(program_stream(), b"\0\0\1\xe0", b"\0\1\1\xe0")),
    "mpeg-unended": ("mpeg-stream", program_stream()[:-4]),
    "mpeg-frame": ("mpeg-audio", mpeg_audio() + b"\xff\xfb\x84\xc4" + bytes(380)),  # one of layer III
    "mpeg-frames": (
        "mpeg-audio",
        # layer III at 128 kbit/s and 44.1 kHz: 144 · 128 000 / 44 100 = 417 bytes; 32 of side information
        b"\xff\xfb\x90\x44"
        + (bytes(32) + b"Info\0\0\0\1\0\0\0\x09").ljust(413, b"\0")
        + mpeg_audio(b"\xff\xfb\x90\x44", 417, 3),
    ),
    "flac-signature": ("flac", b"fLaX" + bytes(60)),
    "flac-block": ("flac", swapped(flac(), b"fLaC\0", b"fLaC\1")),
    "flac-frame": ("flac", flac(frames=0) + bytes(100)),
    "flac-samples": ("flac", swapped(flac(), struct.pack(">I", 6 * 192), struct.pack(">I", 7 * 192))),
    "flac-last": ("flac", flac()[:-1] + bytes([flac()[-1] ^ 1])),
    "ebml-element": ("matroska", matroska() + element("1F43B675", b"")),
    "ebml-missing": ("matroska", element("1A45DFA3", b"") + element("18538067", element("1549A966", b""))),
    "ebml-checksum": ("matroska", swapped(matroska(), bytes(60), bytes(59) + b"\1")),
}
# what only programs find that need not be installed, or a machine that is at its end
ELSEWHERE: Final = {"engine", "timeout", "memory", "mediaconch"}


def known() -> set[str]:
    """The faults that stand in the sources of these validators, and of what they import of their own."""
    folder = Path(answer.__file__).parent
    modules = {VALIDATORS[name].rpartition(".")[2] for name in OURS}
    prefixes = ("png", "jpeg", "tiff", "gif", "riff", "geotiff", "pixels", "limits", "octets")
    sources = [path for path in folder.glob("*.py") if path.stem in modules or path.stem.startswith(prefixes)]
    text = "".join(path.read_text() for path in sources)
    return {
        id_ for call in re.findall(r"\bfault\(([^,)]*)", text) for id_ in re.findall(r'"([a-z0-9-]+)"', call)
    }


def test_every_fault_is_provoked() -> None:
    assert known() - ELSEWHERE - FAULTS.keys() == set()
    assert FAULTS.keys() - known() - {"png-order", "png-ancillary"} == set()


@pytest.mark.parametrize("id_", FAULTS)
def test_a_fault_is_found(tmp_path: Path, id_: str) -> None:
    validator, data = FAULTS[id_]
    said = ask(tmp_path, validator, data)
    assert said is not None
    assert id_ in [fault.id for fault in said.faults]
    if any(fault.id == id_ and fault.severity == "error" for fault in said.faults):
        assert said.valid == "failed"


# -- what must not be refused, and what is read off it --------------------------------------------------


def test_the_hand_made_beginnings_are_themselves_whole(tmp_path: Path) -> None:
    """Else a fault above might be found for another reason than the one it is named for."""
    whole = {
        "png": png(ihdr(2, 2), PIXELS, END),
        "tiff": grey(),
        "gif": GIF_HEAD + GIF_FRAME + GIF_DATA + b";",
        "riff": wave(bext(), fmt(), SOUND),
        "flac": flac(),
    }
    for validator, data in whole.items():
        said = ask(tmp_path, validator, data)
        assert said is not None
        assert (validator, said.well_formed, said.faults) == (validator, "passed", ())


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "I;16"])
def test_png_of_every_colour_type(tmp_path: Path, mode: str) -> None:
    said = ask(tmp_path, "png", saved("PNG", mode))
    assert said is not None and (said.valid, said.faults) == ("passed", ())


@pytest.mark.parametrize("order", ["<", ">"])
def test_tiff_of_either_byte_order(tmp_path: Path, order: str) -> None:
    said = ask(tmp_path, "tiff", tiff(GREY, bytes(8), order))
    assert said is not None and (said.valid, said.faults) == ("passed", ())
    assert dict(said.facts) == {
        "width": "4",
        "height": "2",
        "bits": "8",
        "samples": "1",
        "photometric": "1",
        "compression": "1",
        "pages": "1",
    }


def test_pages_of_a_tiff_and_the_compression_of_each_are_told(tmp_path: Path) -> None:
    first = {**GREY, 259: (3, 1, 32773), 279: (4, 1, 4)}  # PackBits: −3 and a byte are four times that byte
    second = 8 + 2 + 12 * len(GREY) + 4 + 8
    entries = tiff({**GREY, 273: (4, 1, second + 2 + 12 * len(GREY) + 4)}, bytes(8))[8:]
    said = ask(tmp_path, "tiff", tiff(first, b"\xfd\7\xfd\7" + bytes(4), following=second) + entries)
    assert said is not None and (said.valid, said.faults) == ("passed", ())
    assert dict(said.facts)["pages"] == "2"
    assert dict(said.facts)["compression"] == "1,32773"


def test_only_what_the_structure_needs_makes_a_tiff_malformed(tmp_path: Path) -> None:
    said = ask(tmp_path, "tiff", FAULTS["tiff-order"][1])
    assert said is not None and (said.well_formed, said.valid) == ("passed", "failed")


def test_subsampled_colours_are_left_to_a_decoder(tmp_path: Path) -> None:
    """YCbCr of 2 × 2 pixels to one pair of colours: the strip holds another number of bytes (section 21)."""
    bits = 8 + 2 + 12 * (len(GREY) + 1) + 4
    of_three = struct.pack("<3H", 8, 8, 8)
    changed = {"t258": (3, 3, bits), "t262": (3, 1, 6), "t277": (3, 1, 3), "t530": (3, 2, 2 | 2 << 16)}
    for data, how in ((bytes(12), 1), (zlib.compress(bytes(12))[:-1] + b"\xff", 8)):
        lies = {"t259": (3, 1, how), "t273": (4, 1, bits + 6), "t279": (4, 1, len(data))}
        said = ask(tmp_path, "tiff", grey(of_three + data, **changed, **lies))
        assert said is not None and "libvips" in said.tool, said


def georeferenced() -> bytes:
    """Pixels of 2 × 3 m, whose first corner is at 100, 200, in S-JTSK / Krovak East North (EPSG:5514)."""
    place = 8 + 2 + 12 * (len(GREY) + 3) + 4 + 8
    scale, tie = struct.pack("<3d", 2, 3, 0), struct.pack("<6d", 0, 0, 0, 100, 200, 0)
    listed = struct.pack("<12H", 1, 1, 0, 2, 1024, 0, 1, 1, 3072, 0, 1, 5514)
    return grey(
        bytes(8) + scale + tie + listed,
        t33550=(12, 3, place),
        t33922=(12, 6, place + 24),
        t34735=(3, 12, place + 72),
    )


def test_where_a_geotiff_lies(tmp_path: Path) -> None:
    said = ask(tmp_path, "tiff", georeferenced())
    assert said is not None and said.faults == ()
    facts = dict(said.facts)
    # 4 columns of 2 m to the east, 2 rows of 3 m to the south
    assert (facts["crs"], facts["extent"], facts["resolution"]) == ("EPSG:5514", "100 194 108 200", "2 3")


@pytest.mark.parametrize(
    ("words", "faults"),
    [
        ("2 0 0 -3 101 198.5", []),  # the middle of the first pixel
        ("2.0\n0\n0\n-3.0\n100\n200\n", ["world-file-contradicts"]),  # its corner instead
        ("2 0 0 -3 501 198.5", ["world-file-contradicts"]),
        ("2 0 0 -3 101", ["world-file"]),
        ("2 0 0 -3 101 nan", ["world-file"]),
        ("\0" * 10_000, ["world-file"]),
    ],
)
def test_the_world_file_beside_a_geotiff(tmp_path: Path, words: str, faults: list[str]) -> None:
    said = ask(tmp_path, "tiff", georeferenced(), "map.tif")
    assert said is not None
    known = Validation(Verdict.PASSED, Verdict.PASSED, facts=dict(said.facts))
    (tmp_path / "map.TFW").write_text(words)
    with PackageIndex() as index:
        index.add_file(File("map.tif", 1, {}, validation=known))
        for name in ("map.TFW", "other.tfw", "map.txt"):
            index.add_file(File(name, 1, {}))
        found = list(world_files(tmp_path, index))
    assert [(one.code, one.subject) for one in found] == [(code, "map.TFW") for code in faults]


def test_an_animation_is_judged_frame_by_frame(tmp_path: Path) -> None:
    data = bytearray(moving("PNG"))
    last = data.rindex(b"fdAT")
    length = int.from_bytes(data[last - 4 : last])
    data[last + 4 : last + 8] = b"\0\0\0\x63"  # another number, and a checksum that fits it
    data[last + 4 + length : last + 8 + length] = struct.pack(
        ">I", zlib.crc32(data[last : last + 4 + length])
    )
    said = ask(tmp_path, "png", bytes(data))
    assert said is not None and (said.well_formed, said.valid) == ("passed", "failed")
    assert [fault.id for fault in said.faults] == ["png-animation"]


def test_pictures_after_a_picture_are_no_rest_where_it_announces_them(tmp_path: Path) -> None:
    one = saved("JPEG")
    announced = one[:2] + segment(0xE2, b"MPF\0" + bytes(8)) + one[2:]
    said = ask(tmp_path, "jpeg", announced + one)
    assert said is not None and (said.valid, said.faults) == ("passed", ())
    said = ask(tmp_path, "jpeg", announced + one[:-9])
    assert said is not None and [fault.id for fault in said.faults] == ["truncated"]


def test_facts_of_sound(tmp_path: Path) -> None:
    said = ask(tmp_path, "riff", wav())
    assert said is not None
    # 4000 bytes of two channels of 16 bits at 8 kHz
    assert dict(said.facts) == {
        "codec": "pcm",
        "channels": "2",
        "rate": "8000",
        "bits": "16",
        "seconds": "0.125",
    }


def test_coded_sound_in_a_wave_file_is_left_to_a_decoder(tmp_path: Path) -> None:
    said = ask(tmp_path, "riff", wave(fmt(code=2), chunk(b"fact", bytes(4)), SOUND))
    assert said is not None and (said.well_formed, said.valid, said.faults) == ("passed", "indeterminate", ())


def test_an_avi_of_several_parts(tmp_path: Path) -> None:
    said = ask(tmp_path, "avi", avi() + riff(b"AVIX", chunk(b"LIST", b"movi")))
    assert said is not None and (said.well_formed, said.faults) == ("passed", ())
    assert dict(said.facts)["parts"] == "2"


def test_zeros_that_fill_up_a_sector_are_no_flaw(tmp_path: Path) -> None:
    data = wave(fmt(), SOUND)
    for rest, severity in ((bytes(512 - len(data)), "info"), (bytes(99), "warning"), (b"\1" * 8, "warning")):
        said = ask(tmp_path, "riff", data + rest)
        assert said is not None and [each.severity for each in said.faults] == [severity]


# -- what is made to hurt ---------------------------------------------------------------------------------


class Bomb(NamedTuple):
    validator: str
    data: bytes
    fault: str


BOMBS: Final[Mapping[str, Bomb]] = {
    "a png of 4 gigapixels in 20 bytes": Bomb("png", FAULTS["picture-too-large"][1], "picture-too-large"),
    "a png whose rows never end": Bomb(
        "png", png(ihdr(2, 2), png_chunk(b"IDAT", zlib.compress(bytes(50_000_000))), END), "png-data"
    ),
    "a jpeg of 65535 × 65535 without data": Bomb(
        "jpeg", jpeg(swapped(SOF, b"\0\x08\0\x08", b"\xff\xff\xff\xff"), SCAN), "picture-too-large"
    ),
    "a tiff of 2³² − 1 strips": Bomb(
        "tiff", grey(t273=(4, 0xFFFFFFFF, 8), t279=(4, 0xFFFFFFFF, 8)), "tiff-beyond"
    ),
    "a tiff of 100 gigapixels in one strip": Bomb(
        "tiff", grey(t256=(4, 1, 400_000), t257=(4, 1, 250_000), t278=(4, 1, 250_000)), "tiff-part-short"
    ),
    "a compressed tiff of 100 gigapixels": Bomb(
        "tiff",
        grey(t256=(4, 1, 400_000), t257=(4, 1, 250_000), t278=(4, 1, 250_000), t259=(3, 1, 5)),
        "picture-too-large",
    ),
    "a tiff whose strip inflates to 50 MB": Bomb(
        "tiff",
        grey(data := zlib.compress(bytes(50_000_000)), t259=(3, 1, 8), t279=(4, 1, len(data))),
        "tiff-deflate",
    ),
    "a tiff that hangs on itself": Bomb("tiff", grey(t330=(4, 1, 8)), "tiff-loop"),
    "a gif of a screen of 4 gigapixels": Bomb(
        "gif", b"GIF89a\xff\xff\xff\xff" + GIF_HEAD[10:] + swapped(
            GIF_FRAME, b"\2\0\2\0", b"\xff\xff\xff\xff") + GIF_DATA + b";", "gif-pixels"
    ),
    "boxes in boxes": Bomb("boxes", b"\0\0\xff\xffmoov" * 8000, "truncated"),
    "boxes of no length": Bomb("boxes", bytes(4) + b"free" + b"\0\0\0\7free" * 100, "box-missing"),
    "a wave file that says it is 16 exabytes": Bomb(
        "riff",
        b"RF64\xff\xff\xff\xffWAVE" + chunk(b"ds64", b"\xff" * 24 + bytes(4)) + fmt() + b"data" + b"\xff" * 4,
        "truncated",
    ),
    "an id3 tag longer than the file": Bomb("mpeg-audio", b"ID3\4\0\0\x7f\x7f\x7f\x7f", "truncated"),
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_nothing_hangs_or_takes_what_there_is(tmp_path: Path, name: str) -> None:
    bomb = BOMBS[name]
    said = ask(tmp_path, bomb.validator, bomb.data)
    assert said is not None and bomb.fault in [fault.id for fault in said.faults]
    assert said.valid != "passed"


@pytest.mark.parametrize("validator", [name for name in OURS if name not in ("av", "mediaconch")])
@pytest.mark.parametrize("data", [b"", b"\0", b"\0" * 5000, b"\xff" * 5000, b"RIFF", b"II*\0"])
def test_what_is_no_such_file_is_never_whole(tmp_path: Path, validator: str, data: bytes) -> None:
    if not data and validator == "jp2":
        return  # an empty file is not validated at all
    said = ask(tmp_path, validator, data)
    assert said is None or said.well_formed != "passed"


@pytest.mark.parametrize("name", MADE)
def test_no_validator_calls_another_format_whole(tmp_path: Path, name: str) -> None:
    own, make = MADE[name]
    data = make()
    for validator in OURS:
        if validator not in (own, "av", "mediaconch"):
            said = ask(tmp_path, validator, data)
            assert said is None or said.well_formed != "passed", validator


def test_a_sparse_file_of_ten_gigabytes(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with path.open("wb") as file:
        file.write(wave(fmt(), SOUND))
        file.truncate(10 << 30)
    subject = Subject(str(path), "a", path.stat().st_size, "")
    said = import_module(VALIDATORS["riff"]).validate(subject, Told(str(tmp_path), {}))
    assert [fault.id for fault in said.faults] == ["trailing"]

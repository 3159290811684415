"""Small files of every format that a validator of pictures, sound or video judges, made here from nothing."""

import io
import random
import struct
import wave
import zlib
from collections.abc import Callable, Mapping
from typing import Any, Final

import pyvips
from PIL import Image, ImageChops

Maker = Callable[[], bytes]


def picture(mode: str = "RGB", size: tuple[int, int] = (96, 72), seed: int = 1) -> Image.Image:
    """A gradient under noise that is the same every time."""
    noise = Image.frombytes("L", size, random.Random(seed).randbytes(size[0] * size[1]))
    plain = Image.linear_gradient("L").resize(size)
    return Image.merge("RGB", [ImageChops.add(plain, noise, 2), plain, noise]).convert(mode)


def saved(kind: str, mode: str = "RGB", **options: Any) -> bytes:
    target = io.BytesIO()
    picture(mode).save(target, kind, **options)
    return target.getvalue()


def moving(kind: str, **options: Any) -> bytes:
    mode = "RGB" if kind == "PNG" else "L"
    frames = [picture(mode, (48, 36), seed) for seed in range(4)]
    target = io.BytesIO()
    frames[0].save(target, kind, save_all=True, append_images=frames[1:], **options)
    return target.getvalue()


def vips(**options: Any) -> bytes:
    data = picture().tobytes()
    return bytes(pyvips.Image.new_from_memory(data, 96, 72, 3, "uchar").tiffsave_buffer(**options))


# -- parts ------------------------------------------------------------------------------------------------


def png_chunk(kind: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(*chunks: bytes) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def ihdr(width: int, height: int, bits: int = 8, colour: int = 0, interlace: int = 0) -> bytes:
    return png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, interlace))


def interlaced() -> bytes:
    """A grey picture of 5 × 3 pixels in the seven passes of Adam7 (ISO/IEC 15948, §8.2).

    Rows × columns of the passes: 1: 1 × 1, 2: 1 × 1 (column 4), 3: none (row 4 is not there), 4: 1 × 1
    (column 2), 5: 1 × 3 (row 2), 6: 2 × 2 (columns 1 and 3), 7: 1 × 5 (row 1).
    """
    rows = [(1, 1), (1, 1), (1, 1), (1, 3), (2, 2), (1, 5)]
    data = b"".join(b"\0" + bytes(width) for height, width in rows for _ in range(height))
    return png(ihdr(5, 3, interlace=1), png_chunk(b"IDAT", zlib.compress(data)), png_chunk(b"IEND"))


def tiff(
    entries: Mapping[int, tuple[int, int, int]], data: bytes = b"", order: str = "<", following: int = 0
) -> bytes:
    """A TIFF file of one directory at byte 8; an entry: type, number of values, value or place."""
    mark = b"II" if order == "<" else b"MM"
    head = mark + struct.pack(f"{order}HIH", 42, 8, len(entries))
    body = b"".join(
        struct.pack(f"{order}HHI", tag, type_, count)
        + (
            struct.pack(f"{order}HH", value, 0)
            if type_ == 3 and count == 1
            else struct.pack(f"{order}I", value)
        )
        for tag, (type_, count, value) in entries.items()
    )
    return head + body + struct.pack(f"{order}I", following) + data


# a grey picture of 4 × 2 pixels of 8 bits, in one strip after a directory of nine entries: 8 + 2 + 9·12 + 4
GREY: Final = {
    256: (3, 1, 4),
    257: (3, 1, 2),
    258: (3, 1, 8),
    259: (3, 1, 1),
    262: (3, 1, 1),
    273: (4, 1, 122),
    277: (3, 1, 1),
    278: (3, 1, 2),
    279: (4, 1, 8),
}


def chunk(kind: bytes, data: bytes) -> bytes:
    return kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) & 1)


def riff(form: bytes, *chunks: bytes, kind: bytes = b"RIFF") -> bytes:
    body = form + b"".join(chunks)
    return kind + struct.pack("<I", len(body)) + body


def fmt(code: int = 1, channels: int = 2, rate: int = 8000, bits: int = 16) -> bytes:
    block = channels * bits // 8
    return chunk(b"fmt ", struct.pack("<HHIIHH", code, channels, rate, rate * block, block, bits))


def bext(version: int = 1, date: bytes = b"2024-02-2910:11:12") -> bytes:
    return chunk(b"bext", bytes(320) + date + bytes(8) + struct.pack("<H", version) + bytes(254))


def wav() -> bytes:
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setparams((2, 2, 8000, 0, "NONE", "not compressed"))
        file.writeframes(random.Random(2).randbytes(4000))
    return target.getvalue()


def rf64() -> bytes:
    sound = random.Random(3).randbytes(2000)
    ds64 = chunk(b"ds64", struct.pack("<QQQI", 4 + 36 + 24 + 8 + len(sound), len(sound), 500, 0))
    body = b"WAVE" + ds64 + fmt() + b"data\xff\xff\xff\xff" + sound
    return b"RF64\xff\xff\xff\xff" + body


def avi() -> bytes:
    movi = b"movi" + b"".join(chunk(b"00dc", random.Random(n).randbytes(301)) for n in range(9))
    return riff(b"AVI ", chunk(b"LIST", b"hdrl" + chunk(b"avih", bytes(56))), chunk(b"LIST", movi))


def box(kind: bytes, *content: bytes) -> bytes:
    data = b"".join(content)
    return struct.pack(">I", 8 + len(data)) + kind + data


def mp4(offset: int = 24) -> bytes:
    stco = box(b"stco", struct.pack(">III", 0, 1, offset))
    tracks = box(b"trak", box(b"mdia", box(b"minf", box(b"stbl", stco))))
    mvhd = box(b"mvhd", struct.pack(">IIIII", 0, 0, 0, 1000, 2500), bytes(80))
    return (
        box(b"ftyp", b"isom\0\0\2\0")
        + box(b"mdat", random.Random(4).randbytes(3000))
        + box(b"moov", mvhd, tracks)
    )


def program_stream() -> bytes:
    pack = b"\0\0\1\xba\x44\0\4\0\4\1\1\x89\xc3\xf8"  # ISO/IEC 13818-1 §2.5.3.3, without stuffing
    dice = random.Random(5)
    packets = [b"\0\0\1\xe0" + struct.pack(">H", 500) + dice.randbytes(500) for _ in range(8)]
    return b"".join(pack + packet for packet in packets) + b"\0\0\1\xb9"


def transport_stream() -> bytes:
    dice = random.Random(6)
    return b"".join(b"G\x01\0" + bytes([0x10 | n & 15]) + dice.randbytes(184) for n in range(30))


def mpeg_audio(header: bytes = b"\xff\xfd\x84\xc4", length: int = 384, frames: int = 12) -> bytes:
    """Frames of MPEG-1 layer II, 128 kbit/s at 48 kHz: 144 · 128 000 / 48 000 = 384 bytes each."""
    return (header + bytes(length - len(header))) * frames


def flac(frames: int = 6, samples: int = 192) -> bytes:
    """Frames of one constant channel of 16 bits at 44.1 kHz (RFC 9639 §9)."""
    total = frames * samples
    packed = 44100 << 44 | 0 << 41 | 15 << 36 | total
    info = struct.pack(">HH", samples, samples) + bytes(6) + packed.to_bytes(8, "big") + bytes(16)
    blocks = b"\0" + len(info).to_bytes(3, "big") + info + b"\x81\0\0\x28" + bytes(40)
    return b"fLaC" + blocks + b"".join(_flac_frame(number) for number in range(frames))


def _flac_frame(number: int) -> bytes:
    head = bytes((0xFF, 0xF8, 0x19, 0x08, number))  # 192 samples, 44.1 kHz, one channel, 16 bits
    head += bytes((_crc(head, 8, 0x07),))
    body = head + b"\0" + random.Random(number).randbytes(2)  # a constant subframe
    return body + _crc(body, 16, 0x8005).to_bytes(2, "big")


def _crc(data: bytes, width: int, polynomial: int) -> int:
    remainder = 0
    for byte in data:
        remainder ^= byte << width - 8
        for _ in range(8):
            remainder = (remainder << 1) ^ (polynomial if remainder >> width - 1 else 0)
            remainder &= (1 << width) - 1
    return remainder


def element(kind: str, data: bytes, *, summed: bool = False) -> bytes:
    """An EBML element, with a length of eight bytes, and a checksum if it is wanted."""
    if summed:
        data = b"\xbf\x84" + struct.pack("<I", zlib.crc32(data)) + data
    return bytes.fromhex(kind) + (1 << 56 | len(data)).to_bytes(8, "big") + data


def matroska() -> bytes:
    clusters = [element("1F43B675", random.Random(n).randbytes(600), summed=True) for n in range(5)]
    head = element("1549A966", bytes(60), summed=True) + element("1654AE6B", bytes(90), summed=True)
    return element("1A45DFA3", b"\x42\x82\x88matroska") + element("18538067", head + b"".join(clusters))


# name of the format -> its validator, and what makes a file of it
MADE: Final[Mapping[str, tuple[str, Maker]]] = {
    "png": ("png", lambda: saved("PNG")),
    "png-palette": ("png", lambda: saved("PNG", "P")),
    "png-interlaced": ("png", interlaced),
    "apng": ("png", lambda: moving("PNG")),
    "jpeg": ("jpeg", lambda: saved("JPEG", quality=85)),
    "jpeg-progressive": ("jpeg", lambda: saved("JPEG", progressive=True)),
    "jpeg-restarts": ("jpeg", lambda: saved("JPEG", restart_marker_blocks=4)),
    "jpeg-cmyk": ("jpeg", lambda: saved("JPEG", "CMYK")),
    "tiff": ("tiff", lambda: saved("TIFF")),
    "tiff-lzw": ("tiff", lambda: saved("TIFF", compression="tiff_lzw")),
    "tiff-deflate": ("tiff", lambda: saved("TIFF", compression="tiff_adobe_deflate")),
    "tiff-fax": ("tiff", lambda: saved("TIFF", "1", compression="group4")),
    "tiff-jpeg": ("tiff", lambda: vips(compression="jpeg")),
    "bigtiff-tiles": ("tiff", lambda: vips(bigtiff=True, tile=True, tile_width=32, tile_height=32)),
    "jp2": ("jp2", lambda: saved("JPEG2000")),
    "j2c": ("jp2", lambda: saved("JPEG2000", no_jp2=True)),
    "gif": ("gif", lambda: saved("GIF", "P")),
    "gif-moving": ("gif", lambda: moving("GIF")),
    "bmp": ("bmp", lambda: saved("BMP")),
    "webp": ("webp", lambda: saved("WEBP", lossless=True)),
    "webp-lossy": ("webp", lambda: saved("WEBP")),
    "wav": ("riff", wav),
    "bwf": ("riff", lambda: riff(b"WAVE", bext(), fmt(), chunk(b"data", random.Random(7).randbytes(2000)))),
    "rf64": ("riff", rf64),
    "avi": ("avi", avi),
    "mp4": ("boxes", mp4),
    "mpeg-ps": ("mpeg-stream", program_stream),
    "mpeg-ts": ("mpeg-stream", transport_stream),
    "mp2": ("mpeg-audio", mpeg_audio),
    "flac": ("flac", flac),
    "matroska": ("matroska", matroska),
}

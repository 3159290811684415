"""A bar chart of what is held, as SVG or PNG: the same boxes and texts, drawn either way."""

import io
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Final

from archivum.texts import printable

if TYPE_CHECKING:
    from PIL import ImageFont

WIDTH: Final = 1000
_MARGIN: Final = 24
_LABELS: Final = 330  # from the left: what the bars are of
_VALUES: Final = 190  # at the right: what they come to
_ROW: Final = 30
_BAR: Final = 18
_HEAD: Final = 92
_SMALL, _LARGE = 14, 20
_LETTERS: Final = 42  # of a label
_INK, _GREY = "#1a1a1a", "#555555"
_FONTS: Final = ("DejaVuSans.ttf", "NotoSans-Regular.ttf", "LiberationSans-Regular.ttf")
_SCALE: Final = 2  # points of a PNG for one of the drawing: it is to be printed


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: what it is of, how long it is, what that comes to in words, and the group it belongs to."""

    label: str
    length: float
    value: str
    group: str


@dataclass(frozen=True, slots=True)
class Box:
    """A filled box, its corner, width and height in points."""

    x: float
    y: float
    width: float
    height: float
    colour: str


@dataclass(frozen=True, slots=True)
class Text:
    """A text that begins at a point of its base line."""

    x: float
    y: float
    text: str
    size: int = _SMALL
    colour: str = _INK


Drawing = Sequence[Box | Text]


def draw(title: str, bars: Sequence[Bar], groups: Mapping[str, tuple[str, str]]) -> tuple[Drawing, int]:
    """Return a chart and its height; ``groups`` are the words and the colour of each, for the legend."""
    height = _HEAD + _ROW * max(1, len(bars)) + _MARGIN
    shapes: list[Box | Text] = [Box(0, 0, WIDTH, height, "#ffffff")]
    shapes.append(Text(_MARGIN, 40, title, _LARGE))
    shapes += _legend([groups[name] for name in groups if any(bar.group == name for bar in bars)])
    longest = max((bar.length for bar in bars), default=0) or 1
    room = WIDTH - _LABELS - _VALUES - 2 * _MARGIN
    for number, bar in enumerate(bars):
        top = _HEAD + number * _ROW
        start, length = _MARGIN + _LABELS, max(1.0, room * bar.length / longest)
        line = top + _BAR - 4
        shapes += [
            Text(_MARGIN, line, _short(bar.label)),
            Box(start, top, length, _BAR, groups[bar.group][1]),
            Text(start + length + 8, line, bar.value, colour=_GREY),
        ]
    return shapes, height


def svg(drawing: Drawing, height: int) -> bytes:
    """Return a drawing as SVG 1.1, with no font, script or reference in it."""
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}"'
        f' viewBox="0 0 {WIDTH} {height}" font-family="DejaVu Sans, Noto Sans, Arial, sans-serif">',
    ]
    for one in drawing:
        if isinstance(one, Box):
            parts.append(
                f'<rect x="{one.x:.1f}" y="{one.y:.1f}" width="{one.width:.1f}" height="{one.height:.1f}"'
                f' fill="{one.colour}"/>'
            )
        else:
            parts.append(
                f'<text x="{one.x:.1f}" y="{one.y:.1f}" font-size="{one.size}" fill="{one.colour}">'
                f"{escape(printable(one.text))}</text>"
            )
    return "\n".join([*parts, "</svg>", ""]).encode("utf-8")


def png(drawing: Drawing, height: int) -> bytes:
    """Return a drawing as PNG; without a font for it on the machine, letters lose their diacritics."""
    from PIL import Image, ImageDraw  # noqa: PLC0415 (0.1 s to import, and only a PNG needs it)

    picture = Image.new("RGB", (WIDTH * _SCALE, height * _SCALE))
    canvas = ImageDraw.Draw(picture)
    for one in drawing:
        x, y = one.x * _SCALE, one.y * _SCALE
        if isinstance(one, Box):
            end = x + one.width * _SCALE - 1, y + one.height * _SCALE - 1
            canvas.rectangle((x, y, *end), fill=one.colour)
        else:
            font, complete = _font(one.size * _SCALE)
            text = printable(one.text)
            canvas.text((x, y), text if complete else _plain(text), one.colour, font, anchor="ls")
    target = io.BytesIO()
    picture.save(target, "PNG", dpi=(144, 144), optimize=True)
    return target.getvalue()


def _legend(groups: Sequence[tuple[str, str]]) -> list[Box | Text]:
    shapes: list[Box | Text] = []
    x: float = _MARGIN
    for words, colour in groups:
        shapes += [Box(x, 56, 12, 12, colour), Text(x + 18, 67, words, colour=_GREY)]
        x += 18 + 8.5 * len(words) + 24  # as wide as the letters of the fonts are, about
    return shapes


def _short(label: str) -> str:
    return label if len(label) <= _LETTERS else f"{label[: _LETTERS - 1]}…"


def _font(size: int) -> "tuple[ImageFont.FreeTypeFont | ImageFont.ImageFont, bool]":
    """Return a font, and whether it has all letters."""
    from PIL import ImageFont  # noqa: PLC0415 (as above)

    for name in _FONTS:
        try:
            return ImageFont.truetype(name, size), True
        except OSError:
            continue
    return ImageFont.load_default(size), False


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.replace("–", "-"))
    return "".join(letter for letter in decomposed if letter.isascii())

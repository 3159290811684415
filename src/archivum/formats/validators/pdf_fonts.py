"""Font programs inside PDF files: whether all of one is there.

Only the tables that lead to the rest are read. A glyph that is damaged in itself is not noticed; a font that
is cut off, or whose tables were overwritten, is.
"""

from typing import Final

_SFNT: Final = (b"\0\1\0\0", b"true", b"OTTO", b"ttcf")
_CHARSTRINGS: Final = 17  # Adobe Technical Note 5176, table 9


def wanting(data: bytes) -> bool:
    """Whether parts of a font program lie beyond its end; False for kinds that are not looked at."""
    try:
        if data[:4] in _SFNT[:3]:
            return _sfnt_wanting(data)
        if data[:1] == b"\1" and 4 <= data[2] <= 64:
            _cff(data)
    except (IndexError, ValueError):
        return True
    return False


def _sfnt_wanting(data: bytes) -> bool:
    """Look at the table directory (OpenType, "Organization of an OpenType font")."""
    count = int.from_bytes(data[4:6])
    records = [data[12 + 16 * number : 28 + 16 * number] for number in range(count)]
    if not records or len(records[-1]) < 16:
        return True
    ends = (int.from_bytes(record[8:12]) + int.from_bytes(record[12:16]) for record in records)
    return max(ends) > len(data)


def _cff(data: bytes) -> None:
    """Go through the INDEX structures (Technical Note 5176 §5) up to the one of the glyphs.

    Raises:
        ValueError, IndexError: something is not there.
    """
    position = data[2]
    _, position = _index(data, position)  # names
    dictionaries, position = _index(data, position)
    _, position = _index(data, position)  # strings
    _index(data, position)  # global subroutines
    glyphs = _operand(dictionaries[0], _CHARSTRINGS)
    _index(data, glyphs)


def _index(data: bytes, position: int) -> tuple[list[bytes], int]:
    """Return the objects of the INDEX at a position, at most the first of them, and what comes after it."""
    count = int.from_bytes(_slice(data, position, 2))
    if not count:
        return [], position + 2
    width = data[position + 2]
    if not 1 <= width <= 4:
        raise ValueError("offSize")
    start = position + 3 + (count + 1) * width  # one after the offsets, which count from one before
    first = int.from_bytes(_slice(data, position + 3 + width, width))
    last = int.from_bytes(_slice(data, start - width, width))
    _slice(data, start, last - 1)
    return [_slice(data, start, first - 1)], start + last - 1


def _operand(dictionary: bytes, operator: int) -> int:
    """Return the last operand of an operator in a DICT (Technical Note 5176 §4)."""
    position, operand = 0, 0
    while position < len(dictionary):
        byte = dictionary[position]
        position += 1
        if byte == operator:
            return operand
        if byte == 12:  # operators of two bytes
            position += 1
        elif byte == 28:
            operand, position = int.from_bytes(dictionary[position : position + 2], signed=True), position + 2
        elif byte == 29:
            operand, position = int.from_bytes(dictionary[position : position + 4], signed=True), position + 4
        elif byte == 30:  # a real number: half bytes up to one that is 15
            while dictionary[position] & 15 != 15 and dictionary[position] >> 4 != 15:
                position += 1
            position += 1
        elif 32 <= byte <= 246:
            operand = byte - 139
        elif byte >= 247:
            sign, base = (1, 247) if byte <= 250 else (-1, 251)
            operand, position = sign * ((byte - base) * 256 + dictionary[position] + 108), position + 1
    raise ValueError("no glyphs")


def _slice(data: bytes, start: int, length: int) -> bytes:
    if length < 0 or start + length > len(data):
        raise ValueError("beyond the end")
    return data[start : start + length]

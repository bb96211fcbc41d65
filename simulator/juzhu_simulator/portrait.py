"""Portraits of nobody: a pattern of grey squares in the place of a face, as a small JPEG.

A baseline JPEG (ITU-T T.81) of one grey component in which every block of 8 by 8 pixels is of one grey, so that of
its coefficients only the first is written.
"""

from hashlib import sha256

COLUMNS, ROWS = 12, 16
"""Blocks: 96 by 128 pixels, a portrait's shape."""

STEP = 8
"""Of the quantisation: a block's first coefficient is eight times its grey, counted from the middle grey."""

BACKGROUND, LIGHT, DARK = 100, 30, -90
"""Greys, counted from the middle."""

_SIZES = 12
"""Difference categories 0 to 11, each with a code of four bits, its own number."""
_END_OF_BLOCK = "0"


def portrait(birth_day: int, sequence: int) -> bytes:
    """Return the JPEG of a made-up person; another person has another pattern."""
    pattern = sha256(b"portrait %d %d" % (birth_day, sequence)).digest()
    return _jpeg([_grey(pattern, column, row) for row in range(ROWS) for column in range(COLUMNS)])


def _grey(pattern: bytes, column: int, row: int) -> int:
    """A pattern that is the same left and right, within a border."""
    across = min(column, COLUMNS - 1 - column) - 1
    down = row - 1
    if across < 0 or not 0 <= down < ROWS - 2:
        return BACKGROUND
    bit = down * (COLUMNS // 2 - 1) + across
    return DARK if pattern[bit // 8] >> bit % 8 & 1 else LIGHT


def _jpeg(greys: "list[int]") -> bytes:
    width, height = COLUMNS * 8, ROWS * 8
    table = bytes([STEP]) + bytes([1]) * 63
    frame = b"\x08" + height.to_bytes(2, "big") + width.to_bytes(2, "big") + b"\x01\x01\x11\x00"
    # The first counts how many codes have one bit, two bits and so on, then come the values in order.
    differences = b"\x00" + bytes([0, 0, 0, _SIZES]) + bytes(12) + bytes(range(_SIZES))
    rest = b"\x10" + bytes([1]) + bytes(15) + b"\x00"
    segments = (
        _segment(0xDB, b"\x00" + table)
        + _segment(0xC0, frame)
        + _segment(0xC4, differences)
        + _segment(0xC4, rest)
        + _segment(0xDA, b"\x01\x01\x00\x00\x3f\x00")
    )
    return b"\xff\xd8" + segments + _scan(greys) + b"\xff\xd9"


def _segment(marker: int, content: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(content) + 2).to_bytes(2, "big") + content


def _scan(greys: "list[int]") -> bytes:
    bits = ""
    before = 0
    for grey in greys:
        difference = grey - before
        before = grey
        size = abs(difference).bit_length()
        bits += f"{size:04b}"
        if size:
            # A negative difference is written as what it is above the lowest of its size (F.1.2.1).
            bits += f"{difference if difference > 0 else difference + (1 << size) - 1:0{size}b}"
        bits += _END_OF_BLOCK
    bits += "1" * (-len(bits) % 8)
    data = int(bits, 2).to_bytes(len(bits) // 8, "big")
    return data.replace(b"\xff", b"\xff\x00")

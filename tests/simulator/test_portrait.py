"""Portraits of nobody: whole JPEGs that a decoder of the standard reads to the end, another for each person."""

import pytest

from juzhu_protocol.authority.photo import check_photo
from juzhu_simulator.portrait import BACKGROUND, COLUMNS, DARK, LIGHT, ROWS, portrait


def segments(raw):
    """(marker, content) of every segment, and the scan without its stuffed zeros (ITU-T T.81, B.1.1)."""
    assert raw[:2] == b"\xff\xd8"
    assert raw[-2:] == b"\xff\xd9"
    found, at = [], 2
    while True:
        assert raw[at] == 0xFF
        marker, size = raw[at + 1], int.from_bytes(raw[at + 2 : at + 4], "big")
        found.append((marker, raw[at + 4 : at + 2 + size]))
        at += 2 + size
        if marker == 0xDA:
            break
    scan = raw[at:-2]
    assert all(scan[i + 1 : i + 2] == b"\x00" for i, byte in enumerate(scan) if byte == 0xFF)
    return found, scan.replace(b"\xff\x00", b"\xff")


def huffman(content):
    """{bits: value} of a table (C.2)."""
    counts, values = content[1:17], iter(content[17:])
    code, codes = 0, {}
    for length, count in enumerate(counts, 1):
        for _ in range(count):
            codes[f"{code:0{length}b}"] = next(values)
            code += 1
        # The code of all ones is kept free.
        assert code < 1 << length
        code <<= 1
    assert next(values, None) is None
    return codes


def greys(raw):
    """The first coefficient of every block, decoded; no block has another, and no bit is left but padding."""
    found, scan = segments(raw)
    by_marker = {(marker, content[0] if marker == 0xC4 else 0): content for marker, content in found}
    frame = by_marker[0xC0, 0]
    height, width = int.from_bytes(frame[1:3], "big"), int.from_bytes(frame[3:5], "big")
    assert (width, height) == (COLUMNS * 8, ROWS * 8)
    firsts, others = huffman(by_marker[0xC4, 0x00]), huffman(by_marker[0xC4, 0x10])
    bits = "".join(f"{byte:08b}" for byte in scan)
    at = 0

    def symbol(codes):
        nonlocal at
        end = next(end for end in range(at + 1, at + 17) if bits[at:end] in codes)
        value, at = codes[bits[at:end]], end
        return value

    blocks, before = [], 0
    for _ in range(COLUMNS * ROWS):
        size = symbol(firsts)
        extra = int(bits[at : at + size] or "0", 2)
        at += size
        before += extra if not size or extra >> (size - 1) else extra - (1 << size) + 1
        blocks.append(before)
        assert symbol(others) == 0
    assert set(bits[at:]) <= {"1"}
    assert len(bits) - at < 8
    return [blocks[row * COLUMNS : (row + 1) * COLUMNS] for row in range(ROWS)]


@pytest.mark.parametrize("sequence", [1, 2, 500, 999])
def test_portrait_is_a_pattern_that_a_card_holds(sequence):
    raw = portrait(20555, sequence)
    check_photo(raw)
    assert len(raw) < 600
    rows = greys(raw)
    assert all(row == row[::-1] for row in rows)
    inner = {grey for row in rows[1:-1] for grey in row[1:-1]}
    border = {*rows[0], *rows[-1], *(row[0] for row in rows)}
    assert (inner, border) == ({LIGHT, DARK}, {BACKGROUND})


def test_every_person_has_another_portrait_and_always_the_same():
    made = [portrait(day, sequence) for day in (20000, 20555) for sequence in range(1, 200)]
    assert len(set(made)) == len(made)
    assert portrait(20555, 1) == portrait(20555, 1)

"""SM3 (GB/T 32905-2016), with its compression handed in: a board lends a native twin (device boards/sm3_viper.py)."""

from array import array
from struct import pack, unpack_from

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Compress = Callable[["array[int]", bytes], None]

BLOCK_SIZE = 64
_IV = (
    0x7380166F,
    0x4914B2B9,
    0x172442D7,
    0xDA8A0600,
    0xA96F30BC,
    0x163138AA,
    0xE38DEE4D,
    0xB0FB0E4E,
)  # 4.1
_WORD = 0xFFFFFFFF
# A word times this stands there twice, so that a shift to the right by 32 - k turns it to the left by k.
_TWICE = 1 << 32 | 1
_THRICE = _TWICE << 32 | 1
# Three words, one in each 64-bit lane of an integer.
_LANES = _WORD << 128 | _WORD << 64 | _WORD


def _constants(word: int, first: int, end: int) -> "list[int]":
    """T_j <<< j of 4.2 and 5.3.3, for the rounds first to end - 1."""
    return [word * _TWICE >> (32 - j % 32) & _WORD for j in range(first, end)]


_EARLY = _constants(0x79CC4519, 0, 16)
_LATE = _constants(0x7A879D8A, 16, 64)


def compress(state: "array[int]", blocks: bytes) -> None:
    """Take whole 64-byte blocks into the state, eight 32-bit words (5.3.3).

    Words of 32 bits are big integers on MicroPython, where an operation costs its allocation, whatever the
    size up to some hundred bits: so this does as few operations as it can. Measured in the VM, in the time of
    modular multiplications: 240 a block; 390 in the standard's own steps, and as many on halves of 16 bits.
    """
    word, twice, thrice = _WORD, _TWICE, _THRICE
    for offset in range(0, len(blocks), BLOCK_SIZE):
        words, sums = _expand(blocks, offset)
        a, b, c, d, e, f, g, h = state
        # Each of these is the word of its name two or three times over; what lies above is never looked at.
        aa, bb, ee, ff = a * twice, b * twice, e * twice, f * twice
        w, x = iter(words), iter(sums)
        for t in _EARLY:
            a12 = aa >> 20
            ss1 = (a12 + e + t & word) * twice >> 25
            d = (a ^ b ^ c) + d + (ss1 ^ a12) + next(x) & word
            tt2 = ((e ^ f ^ g) + h + ss1 + next(w) & word) * thrice
            h = g
            g = ff >> 13 & word
            f, ff = e, ee
            ee = tt2 ^ tt2 >> 23 ^ tt2 >> 15
            e = ee & word
            a, b, d = d, a, c
            c = bb >> 23 & word
            bb = aa
            aa = a * twice
        for t, wj, xj in zip(_LATE, w, x):
            a12 = aa >> 20
            ss1 = (a12 + e + t & word) * twice >> 25
            d = (a & b | c & (a | b)) + d + (ss1 ^ a12) + xj & word
            tt2 = ((g ^ e & (f ^ g)) + h + ss1 + wj & word) * thrice
            h = g
            g = ff >> 13 & word
            f, ff = e, ee
            ee = tt2 ^ tt2 >> 23 ^ tt2 >> 15
            e = ee & word
            a, b, d = d, a, c
            c = bb >> 23 & word
            bb = aa
            aa = a * twice
        for i, old in enumerate((a, b, c, d, e, f, g, h)):
            state[i] ^= old


def _expand(blocks: bytes, offset: int) -> "tuple[tuple[int, ...], tuple[int, ...]]":
    """W_0 to W_63 and W'_0 to W'_63 of one block (5.3.2), computed three at a time."""
    lane, twice = _LANES, _TWICE
    first = pack("<16Q", *unpack_from(">16I", blocks, offset))
    lanes = int.from_bytes(first, "little")
    # Words 1 to 15 in threes, and again one place lower: each word needs those 3, 6, 9, 13 and 16 before it.
    threes = [lanes >> i & lane for i in range(64, 1024, 192)]
    lower = [lanes >> i & lane for i in range(0, 960, 192)]
    parts = [first]
    for i in range(18):
        inner = (threes[-1] * twice >> 17 ^ threes[-3] ^ lower[i]) & lane
        two = inner * twice
        p1 = inner ^ two >> 17 ^ two >> 9
        new = (p1 ^ lower[i + 1] * twice >> 25 ^ threes[-2]) & lane
        lower.append(threes[-1] >> 128 | new << 64 & lane)
        threes.append(new)
        parts.append(int.to_bytes(new, 24, "little"))
    raw = b"".join(parts)
    lanes = int.from_bytes(raw, "little")
    sums = int.to_bytes(lanes ^ lanes >> 256, len(raw), "little")
    return unpack_from("<64Q", raw), unpack_from("<64Q", sums)


def sm3(data: bytes, compress: "Compress" = compress) -> bytes:
    """The 32-byte SM3 of data. `compress` may be a native twin of the one above."""
    state = array("I", _IV)
    whole = len(data) - len(data) % BLOCK_SIZE
    if whole:
        compress(state, data[:whole])
    tail = data[whole:] + b"\x80"
    tail += bytes(-(len(tail) + 8) % BLOCK_SIZE)
    compress(state, tail + int.to_bytes(8 * len(data), 8, "big"))
    return pack(">8I", *state)

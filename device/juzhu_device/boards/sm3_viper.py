"""SM3's compression in native code: the twin of crypto/sm3.py for chips with 32-bit words (GB/T 32905-2016, 5.3).

Words are viper's native integers, which wrap at 32 bits and may be signed: every shift to the right is masked.
Not reentrant: it works in one buffer of its own.
"""

from array import array

import micropython

TYPE_CHECKING = False
if TYPE_CHECKING:
    ptr8 = bytes
    ptr32 = array[int]

_BLOCK_SIZE = 64
# Viper has no literals beyond 30 bits: T_j <<< j of 4.2 and 5.3.3 stand in a table.
_T = array("I", [0] * 64)
_W = array("I", [0] * 68)


def _fill(constants: "array[int]") -> None:
    for j in range(64):
        word = 0x79CC4519 if j < 16 else 0x7A879D8A
        k = j % 32
        constants[j] = (word << k | word >> (32 - k)) & 0xFFFFFFFF


_fill(_T)


def compress(state: "array[int]", blocks: bytes) -> None:
    """Take whole 64-byte blocks into the state, eight 32-bit words."""
    view = memoryview(blocks)
    for offset in range(0, len(blocks), _BLOCK_SIZE):
        _block(state, view[offset : offset + _BLOCK_SIZE], _W, _T)


# The compiler knows the decorator by this very name.
@micropython.viper  # type: ignore[untyped-decorator]
def _block(state: ptr32, block: ptr8, w: ptr32, t: ptr32):  # type: ignore[no-untyped-def]  # noqa: ANN202  # its types
    for j in range(16):
        w[j] = block[4 * j] << 24 | block[4 * j + 1] << 16 | block[4 * j + 2] << 8 | block[4 * j + 3]
    for j in range(16, 68):
        x = w[j - 3]
        x = w[j - 16] ^ w[j - 9] ^ (x << 15 | (x >> 17) & 0x7FFF)
        y = w[j - 13]
        x = x ^ (x << 15 | (x >> 17) & 0x7FFF) ^ (x << 23 | (x >> 9) & 0x7FFFFF)
        w[j] = x ^ (y << 7 | (y >> 25) & 0x7F) ^ w[j - 6]
    a = state[0]
    b = state[1]
    c = state[2]
    d = state[3]
    e = state[4]
    f = state[5]
    g = state[6]
    h = state[7]
    for j in range(64):
        a12 = a << 12 | (a >> 20) & 0xFFF
        x = a12 + e + t[j]
        ss1 = x << 7 | (x >> 25) & 0x7F
        if j < 16:
            x = a ^ b ^ c
            y = e ^ f ^ g
        else:
            x = (a & b) | (a & c) | (b & c)
            y = g ^ (e & (f ^ g))
        x = x + d + (ss1 ^ a12) + (w[j] ^ w[j + 4])
        y = y + h + ss1 + w[j]
        d = c
        c = b << 9 | (b >> 23) & 0x1FF
        b = a
        a = x
        h = g
        g = f << 19 | (f >> 13) & 0x7FFFF
        f = e
        e = y ^ (y << 9 | (y >> 23) & 0x1FF) ^ (y << 17 | (y >> 15) & 0x1FFFF)
    state[0] = state[0] ^ a
    state[1] = state[1] ^ b
    state[2] = state[2] ^ c
    state[3] = state[3] ^ d
    state[4] = state[4] ^ e
    state[5] = state[5] ^ f
    state[6] = state[6] ^ g
    state[7] = state[7] ^ h

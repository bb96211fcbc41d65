"""Short-Weierstrass curves y^2 = x^3 - 3x + b of prime order (cofactor 1) over 256-bit primes.

Points are (X, Y, ZZ, ZZZ) with x = X/ZZ, y = Y/ZZZ and ZZ^3 = ZZZ^2; ZZ = 0 is the point at infinity. A mixed
addition takes one multiplication less than in Jacobian coordinates and a doubling one more, and a comb adds
more often than it doubles. Formulas: Explicit-Formulas Database, "XYZZ coordinates".

For public data only: neither the time nor the memory access is constant.
"""

from ..errors import KeyFormatError

TYPE_CHECKING = False
if TYPE_CHECKING:
    Affine = tuple[int, int]
    Point = tuple[int, int, int, int]

COORDINATE_SIZE = 32
POINT_SIZE = 2 * COORDINATE_SIZE
INFINITY = (1, 1, 0, 0)


class Curve:
    """Domain parameters: field prime p, coefficient b, prime order n, generator (gx, gy)."""

    __slots__ = ("b", "gx", "gy", "n", "p")

    def __init__(self, p: int, b: int, n: int, gx: int, gy: int) -> None:
        self.p = p
        self.b = b
        self.n = n
        self.gx = gx
        self.gy = gy


# SP 800-186, section 3.2.1.3
P256 = Curve(
    0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF,
    0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
    0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)

# GB/T 32918.5-2017, recommended parameters; its a is -3 too
SM2 = Curve(
    0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF,
    0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93,
    0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123,
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)


def decode_point(curve: Curve, data: bytes) -> "Affine":
    """The point of X||Y, 32 bytes each, big-endian; KeyFormatError unless it is on the curve.

    Infinity has no such encoding; the zeros some libraries write for it are not on the curve.
    """
    if len(data) != POINT_SIZE:
        raise KeyFormatError("public key: %d bytes, not %d" % (len(data), POINT_SIZE))
    x, y = split_point(data)
    p = curve.p
    if x >= p or y >= p:
        raise KeyFormatError("public key: coordinate not below the field prime")
    if (y * y - (x * x - 3) * x - curve.b) % p:
        raise KeyFormatError("public key: point not on the curve")
    return x, y


def split_point(data: bytes) -> "Affine":
    """The two numbers of X||Y, unchecked."""
    return int.from_bytes(data[:COORDINATE_SIZE], "big"), int.from_bytes(data[COORDINATE_SIZE:], "big")


def encode_point(point: "Affine") -> bytes:
    """X||Y, 32 bytes each, big-endian."""
    return int.to_bytes(point[0], COORDINATE_SIZE, "big") + int.to_bytes(point[1], COORDINATE_SIZE, "big")


def inverse(a: int, m: int) -> int:
    """1/a modulo a prime m, for a not a multiple of m.

    Euclid's algorithm: pow(a, -1, m) is wrong on MicroPython, and pow(a, m - 2, m) takes four times as long.
    """
    r, r_next = m, a % m
    s, s_next = 0, 1
    while r_next:
        q, remainder = divmod(r, r_next)
        r, r_next = r_next, remainder
        s, s_next = s_next, s - q * s_next
    return s % m


def double(p: int, point: "Point") -> "Point":
    """2 * point over the field of p."""
    x, y, zz, zzz = point
    if not zz:
        return INFINITY
    u = 2 * y
    v = u * u % p
    w = u * v % p
    s = x * v % p
    m = 3 * (x - zz) * (x + zz) % p
    x3 = (m * m - 2 * s) % p
    return x3, (m * (s - x3) - w * y) % p, v * zz % p, w * zzz % p


def add(p: int, point: "Point", x2: int, y2: int) -> "Point":
    """point + (x2, y2), the second reduced modulo p; the two may be equal or opposite, the first infinite."""
    x, y, zz, zzz = point
    if not zz:
        return x2, y2, 1, 1
    h = (x2 * zz - x) % p
    r = (y2 * zzz - y) % p
    if not h:
        return INFINITY if r else double(p, (x2, y2, 1, 1))
    hh = h * h % p
    hhh = h * hh % p
    v = x * hh % p
    x3 = (r * r - hhh - 2 * v) % p
    return x3, (r * (v - x3) - y * hhh) % p, zz * hh % p, zzz * hhh % p

"""Fixed-base combs (Lim and Lee, CRYPTO '94) with signed digits, for u1*G + u2*Q on one chain of doublings.

A scalar is written with a digit +1 or -1 for each of teeth * columns bits. A column takes one digit from each
tooth, so it is plus or minus one of 2^(teeth - 1) table entries: half of what digits 0 and 1 would need.

For public data only: neither the time nor the memory access is constant.
"""

from .curve import INFINITY, POINT_SIZE, Curve, add, double, encode_point, inverse, split_point

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator

    from .curve import Affine, Point

# Measured inside the MicroPython VM, in modular multiplications to verify and to build, and RAM for a table on a
# 32-bit chip: 6 teeth 1,200, 2,750, 3.8 KB; 7 teeth 1,050, 3,900, 7.5 KB; 8 teeth 880, 5,500, 15 KB. On flash a
# table takes half of its RAM. Two keys' and both generators' of 7 teeth leave the RAM of an ESP32-S3 or RP2350
# its hundreds of KB; 8 would take 60 KB for 20 ms of a tap.
TEETH = 7
_SCALAR_BITS = 256


class CombTable:
    """The comb of one point: entry k is T + sum of +-(2^(i * columns) * point), plus where bit i of k is set.

    T is the top tooth, 2^((teeth - 1) * columns) * point. No entry is infinity: the point has order n, and no
    sum of the factors is a multiple of n.
    """

    __slots__ = ("columns", "curve", "entries", "teeth")

    def __init__(self, curve: Curve, teeth: int, data: bytes) -> None:
        """From what to_bytes gave; ValueError for another size. Its storage answers for the content."""
        if len(data) != table_size(teeth):
            raise ValueError("comb table: %d bytes, not %d" % (len(data), table_size(teeth)))
        self.curve = curve
        self.teeth = teeth
        self.columns = _columns(teeth)
        # On MicroPython the result of a division holds twice the memory of an integer made from bytes.
        self.entries = [split_point(data[i : i + POINT_SIZE]) for i in range(0, len(data), POINT_SIZE)]

    def to_bytes(self) -> bytes:
        """The entries, 64 bytes each, for the reader's own storage."""
        return b"".join([encode_point(entry) for entry in self.entries])

    def digits(self, u: int) -> bytes:
        """One byte per column, highest first; its bits are the teeth's digits, 1 for +1 and 0 for -1."""
        n = self.curve.n
        columns = self.columns
        bits = self.teeth * columns
        # Bits e with digits 2e - 1 stand for 2e - (2^bits - 1), so this e stands for u modulo n.
        e = (u + (1 << bits) - 1) * ((n + 1) >> 1) % n
        # Big integers transpose bits to bytes many times faster than a loop in bytecode.
        text = bin(1 << bits | e)[3:].encode()
        zeros = int.from_bytes(b"0" * columns, "big")
        digits = 0
        for i in range(0, bits, columns):
            digits = 2 * digits + int.from_bytes(text[i : i + columns], "big") - zeros
        return int.to_bytes(digits, columns, "big")


def table_size(teeth: int) -> int:
    """Bytes of a stored table; ValueError for a number of teeth other than 2 to 8."""
    if not 2 <= teeth <= 8:
        raise ValueError("comb table: %d teeth, not 2 to 8" % teeth)
    return POINT_SIZE << (teeth - 1)


def _columns(teeth: int) -> int:
    return (_SCALAR_BITS + teeth - 1) // teeth


class TableBuilder:
    """Builds the comb of a point of order n in steps of at most about 100 modular multiplications' time."""

    def __init__(self, curve: Curve, point: "Affine", teeth: int = TEETH) -> None:
        table_size(teeth)
        self.table: "CombTable | None" = None
        self._work = self._build(curve, point, teeth)

    def step(self) -> bool:
        """Does a little more; True once `table` is there."""
        for _ in self._work:
            return False
        return True

    def _build(self, curve: Curve, point: "Affine", teeth: int) -> "Generator[None, None, None]":
        p = curve.p
        tooth: Point = (point[0], point[1], 1, 1)
        chain = [tooth]
        for _ in range(teeth - 1):
            for _ in range(_columns(teeth)):
                tooth = double(p, tooth)
                yield
            chain.append(tooth)
        lower = yield from _to_affine(p, chain[:-1])
        entries = [tooth]
        for x, y in reversed(lower):
            wider = []
            for entry in entries:
                wider.append(add(p, entry, x, p - y))
                yield
                wider.append(add(p, entry, x, y))
                yield
            entries = wider
        affine = yield from _to_affine(p, entries)
        self.table = CombTable(curve, teeth, b"".join([encode_point(entry) for entry in affine]))


def _to_affine(p: int, points: "list[Point]") -> "Generator[None, None, list[Affine]]":
    """The points, none infinite, in affine form for one inversion (Montgomery's trick)."""
    before = []
    product = 1
    for point in points:
        before.append(product)
        product = product * point[3] % p
    yield
    inverted = inverse(product, p)
    yield
    affine = []
    for i in range(len(points) - 1, -1, -1):
        x, y, zz, zzz = points[i]
        over_zzz = inverted * before[i] % p
        inverted = inverted * zzz % p
        over_z = zz * over_zzz % p
        affine.append((x * (over_z * over_z % p) % p, y * over_zzz % p))
        yield
    affine.reverse()
    return affine


def build_table(curve: Curve, point: "Affine", teeth: int = TEETH) -> CombTable:
    """The comb of a point of order n, all at once."""
    builder = TableBuilder(curve, point, teeth)
    while builder.table is None:
        builder.step()
    return builder.table


class TablePair:
    """What one verification needs: the combs of the generator (shared by all keys) and of one public key."""

    __slots__ = ("generator", "key")

    def __init__(self, generator: CombTable, key: CombTable) -> None:
        if generator.curve is not key.curve or generator.teeth != key.teeth:
            raise ValueError("comb tables of different curves or widths")
        self.generator = generator
        self.key = key


def joint_multiply(pair: TablePair, u1: int, u2: int) -> "Point":
    """u1*G + u2*Q as (X, Y, ZZ, ZZZ), for any u1 and u2.

    The formulas are those of double() and add(), here without their calls, which take a tenth of the time.
    """
    p = pair.key.curve.p
    half = 1 << (pair.key.teeth - 1)
    tables = pair.generator.entries, pair.key.entries
    x, y, zz, zzz = INFINITY
    for column in zip(pair.generator.digits(u1), pair.key.digits(u2)):
        if zz:
            u = 2 * y
            v = u * u % p
            w = u * v % p
            s = x * v % p
            m = 3 * (x - zz) * (x + zz) % p
            x = (m * m - 2 * s) % p
            y = (m * (s - x) - w * y) % p
            zz = v * zz % p
            zzz = w * zzz % p
        for entries, digit in zip(tables, column):
            if digit >= half:
                x2, y2 = entries[digit - half]
            else:
                x2, y2 = entries[half - 1 - digit]
                y2 = p - y2
            h = (x2 * zz - x) % p
            if not zz or not h:
                x, y, zz, zzz = add(p, (x, y, zz, zzz), x2, y2)
                continue
            r = (y2 * zzz - y) % p
            hh = h * h % p
            hhh = h * hh % p
            v = x * hh % p
            x = (r * r - hhh - 2 * v) % p
            y = (r * (v - x) - y * hhh) % p
            zz = zz * hh % p
            zzz = zzz * hhh % p
    return x, y, zz, zzz

"""Signing from the definitions, for hostile vectors: the tests choose the nonce. Nothing here hides a key."""

from juzhu_protocol.crypto.comb import TablePair, build_table, joint_multiply
from juzhu_protocol.crypto.curve import P256, SM2, encode_point, inverse
from juzhu_protocol.crypto.signature import signed_content, sm2_z
from juzhu_protocol.crypto.sm3 import sm3

GENERATORS = {P256.p: build_table(P256, (P256.gx, P256.gy), 4), SM2.p: build_table(SM2, (SM2.gx, SM2.gy), 4)}


def affine(curve, point):
    """(x, y) of a point that is not infinity."""
    x, y, zz, zzz = point
    return x * inverse(zz, curve.p) % curve.p, y * inverse(zzz, curve.p) % curve.p


def multiple(curve, k):
    """k*G as (x, y)."""
    table = GENERATORS[curve.p]
    return affine(curve, joint_multiply(TablePair(table, table), k, 0))


def public_key(curve, d):
    """The 64 bytes of the public key of a private number."""
    return encode_point(multiple(curve, d))


def pair_of(curve, point):
    """The tables to verify with under a point."""
    return TablePair(GENERATORS[curve.p], build_table(curve, point, 4))


def raw(r, s):
    """r||s, 32 bytes each."""
    return int.to_bytes(r, 32, "big") + int.to_bytes(s, 32, "big")


def sign_es256(d, k, digest):
    """ECDSA on P-256 (FIPS 186-5, section 6.4.1)."""
    n = P256.n
    r = multiple(P256, k)[0] % n
    return raw(r, inverse(k, n) * (int.from_bytes(digest, "big") + r * d) % n)


def sign_sm2(d, k, digest):
    """SM2 over e (GB/T 32918.2, section 6.1)."""
    n = SM2.n
    r = (int.from_bytes(digest, "big") + multiple(SM2, k)[0]) % n
    return raw(r, inverse(1 + d, n) * (k - r * d) % n)


def sm2_digest(key, context, message, z=None):
    """SM3(Z_A || context || 0 || message); another z for a signer who takes another."""
    return sm3((sm2_z(key, sm3) if z is None else z) + signed_content(context, message))


def number(data):
    return int.from_bytes(data, "big")


def root(curve, x):
    """The y of a point with this x, or None."""
    p = curve.p
    square = (x * x * x - 3 * x + curve.b) % p
    y = pow(square, (p + 1) // 4, p)
    return y if y * y % p == square else None

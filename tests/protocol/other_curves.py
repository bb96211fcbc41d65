"""Multiples of both generators by other people's code: the cryptography package, and OpenSSL for SM2."""

from functools import cache

from cryptography.hazmat.primitives.asymmetric import ec
from sm2_libraries import OpenSsl

from juzhu_protocol.crypto.curve import P256, SM2

CURVES = [P256, SM2]


def curve_name(curve):
    """What a test's id calls a curve."""
    return "P-256" if curve is P256 else "SM2"


@cache
def multiple(curve, k):
    """k times the curve's generator, affine; None at infinity."""
    k %= curve.n
    if k == 0:
        return None
    if curve is SM2:
        return _openssl().multiple(k)
    numbers = ec.derive_private_key(k, ec.SECP256R1()).public_key().public_numbers()
    return numbers.x, numbers.y


@cache
def _openssl():
    return OpenSsl()

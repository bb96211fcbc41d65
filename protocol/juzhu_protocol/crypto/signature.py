"""Verification in two suites, ES256 (ECDSA on P-256 with SHA-256, FIPS 186-5, section 6.4.2) and SM2-SM3
(GB/T 32918.2-2016, section 7.1); key ids and domain separation.

For public data only: neither the time nor the memory access is constant.
"""

from hashlib import sha256

from ..errors import KeyFormatError
from .comb import TablePair, joint_multiply
from .curve import COORDINATE_SIZE, P256, POINT_SIZE, SM2, Curve, decode_point, inverse, split_point

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .curve import Affine, Point

DIGEST_SIZE = 32
SIGNATURE_SIZE = 64
"""Raw r and s, 32 bytes each, in either suite."""
KEY_ID_SIZE = 4
"""The first bytes of the SHA-256 of a public key; a bundle with two equal ids is refused."""

SUITE_ES256, SUITE_SM2_SM3 = 1, 2
"""Suite ids: ECDSA P-256 with SHA-256, and SM2 with SM3."""
SUITES = {"ES256": SUITE_ES256, "SM2-SM3": SUITE_SM2_SM3}
"""How files and people name a suite."""
SUITE_NAMES = {suite: name for name, suite in SUITES.items()}

SM2_SIGNER_ID = b"1234567812345678"
"""The signer's distinguishing identifier in every SM2 signature here: the one that GM/T 0009 names for all."""


def curve_of(suite: int) -> Curve:
    """The curve of a suite's keys; ValueError for a suite that is not known: there is no default."""
    if suite == SUITE_ES256:
        return P256
    if suite == SUITE_SM2_SM3:
        return SM2
    raise ValueError("suite %d is not known" % suite)


def decode_key(suite: int, public_key: bytes) -> "Affine":
    """The point of a suite's public key, X||Y; KeyFormatError unless it is one, ValueError for an unknown suite.

    SM2's private keys end at n - 2 (GB/T 32918.1-2016, section 6.1), so that -G, the public key of n - 1, is none of
    the standard's; under it the s of every signature may be anything.
    """
    point = decode_point(curve_of(suite), public_key)
    if suite == SUITE_SM2_SM3 and point == (SM2.gx, SM2.p - SM2.gy):
        raise KeyFormatError(
            "public key: the generator's opposite, that of n - 1, which is no private key in SM2"
        )
    return point


def verify_es256(table: TablePair, digest: bytes, signature: bytes) -> bool:
    """Whether signature, r||s of 32 bytes each, signs the 32-byte digest under the pair's key.

    A malformed signature is False; ValueError for a digest of another size. Both s and n - s are accepted,
    since ES256 has no low-s rule: a signature is no identifier.
    """
    curve = table.key.curve
    n = curve.n
    numbers = _signed_numbers(curve, digest, signature)
    if numbers is None:
        return False
    r, s = numbers
    w = inverse(s, n)
    point = joint_multiply(table, int.from_bytes(digest, "big") * w % n, r * w % n)
    return _has_x(curve, point, r)


def verify_sm2(table: TablePair, digest: bytes, signature: bytes) -> bool:
    """Whether signature, r||s of 32 bytes each, signs the 32-byte digest e = SM3(Z_A || M) under the pair's key.

    A malformed signature is False; ValueError for a digest of another size.
    """
    curve = table.key.curve
    n = curve.n
    numbers = _signed_numbers(curve, digest, signature)
    if numbers is None:
        return False
    r, s = numbers
    t = (r + s) % n
    if not t:
        return False
    return _has_x(curve, joint_multiply(table, s, t), (r - int.from_bytes(digest, "big")) % n)


def _signed_numbers(curve: Curve, digest: bytes, signature: bytes) -> "tuple[int, int] | None":
    if len(digest) != DIGEST_SIZE:
        raise ValueError("digest: %d bytes, not %d" % (len(digest), DIGEST_SIZE))
    if len(signature) != SIGNATURE_SIZE:
        return None
    r, s = split_point(signature)
    return (r, s) if 0 < r < curve.n and 0 < s < curve.n else None


def _has_x(curve: Curve, point: "Point", x: int) -> bool:
    """Whether the point is not infinity and its x is `x` modulo n: the x itself may lie between n and p.

    Comparing X with x * ZZ spares an inversion.
    """
    p = curve.p
    n = curve.n
    return bool(point[2]) and (
        x * point[2] % p == point[0] or (x + n < p and (x + n) * point[2] % p == point[0])
    )


def key_id(public_key: bytes) -> bytes:
    """The first 4 bytes of SHA-256 of the 64-byte public key: a hint which key to try, never a proof."""
    if len(public_key) != POINT_SIZE:
        raise KeyFormatError("public key: %d bytes, not %d" % (len(public_key), POINT_SIZE))
    return sha256(public_key).digest()[:KEY_ID_SIZE]


def signed_content(context: bytes, message: bytes) -> bytes:
    """context || 0x00 || message, which is hashed; ValueError for a context that is empty or holds a zero byte.

    The context names what is signed, so that no signature serves for another kind of message.
    """
    if not context or b"\x00" in context:
        raise ValueError("context: must be bytes other than zero")
    return context + b"\x00" + message


def signed_digest(context: bytes, message: bytes) -> bytes:
    """What ES256 signs: SHA-256(context || 0x00 || message); ValueError as of signed_content."""
    return sha256(signed_content(context, message)).digest()


def sm2_z(public_key: bytes, digest: "Callable[[bytes], bytes]") -> bytes:
    """Z_A of a 64-byte public key by GB/T 32918.2-2016, section 5.5; `digest` is SM3.

    What SM2 signs is SM3(Z_A || context || 0x00 || message).
    """
    if len(public_key) != POINT_SIZE:
        raise KeyFormatError("public key: %d bytes, not %d" % (len(public_key), POINT_SIZE))
    numbers = [int.to_bytes(number, COORDINATE_SIZE, "big") for number in (SM2.p - 3, SM2.b, SM2.gx, SM2.gy)]
    size = int.to_bytes(8 * len(SM2_SIGNER_ID), 2, "big")
    return digest(size + SM2_SIGNER_ID + b"".join(numbers) + public_key)

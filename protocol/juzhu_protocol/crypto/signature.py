"""ES256 (ECDSA on P-256 with SHA-256, FIPS 186-5 section 6.4.2): verification, key ids, domain separation.

For public data only: neither the time nor the memory access is constant.
"""

from hashlib import sha256

from ..errors import KeyFormatError
from .comb import TablePair, joint_multiply
from .curve import POINT_SIZE, inverse, split_point

DIGEST_SIZE = 32
SIGNATURE_SIZE = 64
"""Raw r and s, 32 bytes each, in either suite."""
KEY_ID_SIZE = 4
"""The first bytes of the SHA-256 of a public key; a bundle with two equal ids is refused."""

SUITE_ES256, SUITE_SM2_SM3 = 1, 2
"""Suite ids: ECDSA P-256 with SHA-256, and SM2 with SM3, which nothing here checks yet."""


def verify_es256(table: TablePair, digest: bytes, signature: bytes) -> bool:
    """Whether signature, r||s of 32 bytes each, signs the 32-byte digest under the pair's key.

    A malformed signature is False; ValueError for a digest of another size. Both s and n - s are accepted,
    since ES256 has no low-s rule: a signature is no identifier.
    """
    if len(digest) != DIGEST_SIZE:
        raise ValueError("digest: %d bytes, not %d" % (len(digest), DIGEST_SIZE))
    if len(signature) != SIGNATURE_SIZE:
        return False
    curve = table.key.curve
    p = curve.p
    n = curve.n
    r, s = split_point(signature)
    if not (0 < r < n and 0 < s < n):
        return False
    w = inverse(s, n)
    x, _, zz, _ = joint_multiply(table, int.from_bytes(digest, "big") * w % n, r * w % n)
    if not zz:
        return False
    # r is x modulo n, and x may lie between n and p. Comparing with X = x * ZZ spares an inversion.
    return r * zz % p == x or (r + n < p and (r + n) * zz % p == x)


def key_id(public_key: bytes) -> bytes:
    """The first 4 bytes of SHA-256 of the 64-byte public key: a hint which key to try, never a proof."""
    if len(public_key) != POINT_SIZE:
        raise KeyFormatError("public key: %d bytes, not %d" % (len(public_key), POINT_SIZE))
    return sha256(public_key).digest()[:KEY_ID_SIZE]


def signed_digest(context: bytes, message: bytes) -> bytes:
    """SHA-256(context || 0x00 || message); ValueError for a context that is empty or holds a zero byte.

    The context names what is signed, so that no signature serves for another kind of message.
    """
    if not context or b"\x00" in context:
        raise ValueError("context: must be bytes other than zero")
    return sha256(context + b"\x00" + message).digest()

"""Signers of both suites: ES256 by the cryptography package, SM2-SM3 by our own code (docs/adr/0013)."""

import secrets

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from ..crypto.curve import COORDINATE_SIZE, P256, SM2
from ..crypto.signature import SUITE_ES256, SUITE_SM2_SM3, key_id, signed_content
from .private_key import Hidden, PrivateKey
from .sm2 import Sm2Key

SECRET_SIZE = 32
"""Bytes of a private key in either suite, big-endian."""

# Deterministic (RFC 6979): the same record has the same bytes, and no bad random source can leak the key.
_SIGN = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)


class _Es256Key(PrivateKey):
    """A private P-256 key of the cryptography package."""

    __slots__ = ("__key", "public_key")

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        numbers = key.public_key().public_numbers()
        self.__key = key
        self.public_key = _raw(numbers.x, numbers.y)

    def sign(self, content: bytes) -> bytes:
        return _raw(*utils.decode_dss_signature(self.__key.sign(content, _SIGN)))

    def _secret(self) -> bytes:
        return self.__key.private_numbers().private_value.to_bytes(SECRET_SIZE, "big")


class Signer(Hidden):
    """A private key of one suite; neither its repr nor any public attribute shows it."""

    __slots__ = ("__key", "key_id", "public_key", "suite")

    def __init__(self, suite: int, key: PrivateKey) -> None:
        self.__key = key
        self.suite = suite
        self.public_key = key.public_key
        self.key_id = key_id(key.public_key)

    def sign(self, context: bytes, message: bytes) -> bytes:
        """Return r || s, 64 bytes, over `message` in `context` (trust/contexts.py); always the same ones."""
        return self.__key.sign(signed_content(context, message))

    def _secret(self) -> bytes:
        """Return the private key, 32 bytes: for sealing it into a file and for nothing else."""
        return self.__key._secret()  # noqa: SLF001  our own key, wrapped so that nobody else meets it

    def __repr__(self) -> str:
        return f"Signer({self.key_id.hex()}, private part not shown)"


def new_signer(suite: int) -> Signer:
    """Return a new key's signer; ValueError for an unknown suite."""
    return signer_of(suite, (secrets.randbelow(_last_secret(suite)) + 1).to_bytes(SECRET_SIZE, "big"))


def signer_of(suite: int, secret: bytes) -> Signer:
    """Return the signer of a private key of 32 bytes, big-endian.

    ValueError for an unknown suite, another size, or a number out of range: 1 to n - 1, for SM2 to n - 2
    (GB/T 32918.1, 6.1). No message tells of the key.
    """
    last = _last_secret(suite)
    if len(secret) != SECRET_SIZE:
        raise ValueError(f"private key: {len(secret)} bytes, not {SECRET_SIZE}")
    number = int.from_bytes(secret, "big")
    if not 0 < number <= last:
        raise ValueError(f"private key: not in the range of suite {suite}")
    if suite == SUITE_SM2_SM3:
        return Signer(suite, Sm2Key(number))
    return Signer(suite, _Es256Key(ec.derive_private_key(number, ec.SECP256R1())))


def _last_secret(suite: int) -> int:
    if suite == SUITE_ES256:
        return P256.n - 1
    if suite == SUITE_SM2_SM3:
        return SM2.n - 2
    raise ValueError(f"suite {suite}: neither ES256 (1) nor SM2-SM3 (2)")


def _raw(a: int, b: int) -> bytes:
    return a.to_bytes(COORDINATE_SIZE, "big") + b.to_bytes(COORDINATE_SIZE, "big")

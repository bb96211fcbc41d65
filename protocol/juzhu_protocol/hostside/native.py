"""Verification by the cryptography package where it can: ES256, and SM3."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from ..crypto.curve import P256, decode_point, split_point
from ..crypto.signature import SIGNATURE_SIZE, SUITE_ES256, SUITE_SM2_SM3, signed_content
from ..trust.verifier import SignatureVerifier

_VERIFY = ec.ECDSA(hashes.SHA256())
_TABLES_KEPT = 16
"""Of SM2 keys, which it checks as a reader does: a host has room for all that it meets."""


class NativeVerifier(SignatureVerifier):
    """Answers as SignatureVerifier does, in ES256 without tables."""

    def __init__(self) -> None:
        super().__init__(tables_kept=_TABLES_KEPT)

    def verify(self, suite: int, public_key: bytes, context: bytes, message: bytes, signature: bytes) -> bool:
        """Whether `signature` (raw r and s) over `message` in `context` is `public_key`'s."""
        if suite != SUITE_ES256:
            return super().verify(suite, public_key, context, message, signature)
        content = signed_content(context, message)
        key = ec.EllipticCurvePublicNumbers(*decode_point(P256, public_key), ec.SECP256R1()).public_key()
        if len(signature) != SIGNATURE_SIZE:
            return False
        try:
            key.verify(utils.encode_dss_signature(*split_point(signature)), content, _VERIFY)
        except InvalidSignature:
            return False
        return True

    def hash(self, suite: int, data: bytes) -> bytes:
        """The suite's hash of data, 32 bytes; ValueError for an unknown suite."""
        if suite != SUITE_SM2_SM3:
            return super().hash(suite, data)
        digest = hashes.Hash(hashes.SM3())
        digest.update(data)
        return digest.finalize()

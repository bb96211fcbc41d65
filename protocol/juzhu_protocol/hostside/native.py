"""ES256 verified by the cryptography package, fast where that package is."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from ..crypto.curve import split_point
from ..crypto.signature import SIGNATURE_SIZE, signed_digest
from ..trust.verifier import SignatureVerifier

_VERIFY = ec.ECDSA(utils.Prehashed(hashes.SHA256()))


class NativeVerifier(SignatureVerifier):
    """Answers as SignatureVerifier does, without tables."""

    def verify(self, public_key: bytes, context: bytes, message: bytes, signature: bytes) -> bool:
        """Whether `signature` (raw r and s) over `message` in `context` is `public_key`'s."""
        if len(signature) != SIGNATURE_SIZE:
            return False
        key = ec.EllipticCurvePublicNumbers(*split_point(public_key), ec.SECP256R1()).public_key()
        try:
            key.verify(
                utils.encode_dss_signature(*split_point(signature)), signed_digest(context, message), _VERIFY
            )
        except InvalidSignature:
            return False
        return True

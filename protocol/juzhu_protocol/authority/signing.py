"""ES256 signing by the cryptography package."""

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from ..crypto.curve import COORDINATE_SIZE
from ..crypto.signature import key_id, signed_digest

# Deterministic (RFC 6979): the same record has the same bytes, and no bad random source can leak the key.
_SIGN = ec.ECDSA(utils.Prehashed(hashes.SHA256()), deterministic_signing=True)


class Signer:
    """A private P-256 key; neither its repr nor any attribute shows it."""

    __slots__ = ("__key", "key_id", "public_key")

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        numbers = key.public_key().public_numbers()
        self.__key = key
        self.public_key = numbers.x.to_bytes(COORDINATE_SIZE, "big") + numbers.y.to_bytes(
            COORDINATE_SIZE, "big"
        )
        self.key_id = key_id(self.public_key)

    def sign(self, context: bytes, message: bytes) -> bytes:
        """Return r || s, 64 bytes, over `message` in `context` (trust/contexts.py)."""
        r, s = utils.decode_dss_signature(self.__key.sign(signed_digest(context, message), _SIGN))
        return r.to_bytes(COORDINATE_SIZE, "big") + s.to_bytes(COORDINATE_SIZE, "big")

    def __repr__(self) -> str:
        return f"Signer({self.key_id.hex()}, private part not shown)"

    def __reduce__(self) -> str:
        raise TypeError("a private key is not pickled")

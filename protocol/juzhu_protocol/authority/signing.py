"""ES256 by the cryptography package: signing, and verifying fast where that package is."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from ..crypto.signature import key_id, signed_digest
from ..trust.verifier import SignatureVerifier

_COORDINATE = 32
# Deterministic (RFC 6979): the same record has the same bytes, and no bad random source can leak the key.
_SIGN = ec.ECDSA(utils.Prehashed(hashes.SHA256()), deterministic_signing=True)
_VERIFY = ec.ECDSA(utils.Prehashed(hashes.SHA256()))


class Signer:
    """A private P-256 key; neither its repr nor any attribute shows it."""

    __slots__ = ("__key", "key_id", "public_key")

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        numbers = key.public_key().public_numbers()
        self.__key = key
        self.public_key = numbers.x.to_bytes(_COORDINATE, "big") + numbers.y.to_bytes(_COORDINATE, "big")
        self.key_id = key_id(self.public_key)

    def sign(self, context: bytes, message: bytes) -> bytes:
        """Return r || s, 64 bytes, over `message` in `context` (trust/contexts.py)."""
        r, s = utils.decode_dss_signature(self.__key.sign(signed_digest(context, message), _SIGN))
        return r.to_bytes(_COORDINATE, "big") + s.to_bytes(_COORDINATE, "big")

    def __repr__(self) -> str:
        return f"Signer({self.key_id.hex()}, private part not shown)"

    def __reduce__(self) -> str:
        raise TypeError("a private key is not pickled")


class NativeVerifier(SignatureVerifier):
    """Answers as SignatureVerifier does, without tables; for hosts."""

    def verify(self, public_key: bytes, context: bytes, message: bytes, signature: bytes) -> bool:
        """Whether `signature` (raw r and s) over `message` in `context` is `public_key`'s."""
        if len(signature) != 2 * _COORDINATE:
            return False
        r, s = (int.from_bytes(signature[at : at + _COORDINATE], "big") for at in (0, _COORDINATE))
        x, y = (int.from_bytes(public_key[at : at + _COORDINATE], "big") for at in (0, _COORDINATE))
        key = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
        try:
            key.verify(utils.encode_dss_signature(r, s), signed_digest(context, message), _VERIFY)
        except InvalidSignature:
            return False
        return True

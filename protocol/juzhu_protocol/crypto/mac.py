"""HMAC-SHA256 (RFC 2104), since MicroPython has no hmac module."""

from hashlib import sha256

MAC_SIZE = 32
_BLOCK_SIZE = 64


def hmac_sha256(key: bytes, message: bytes) -> bytes:
    """The 32-byte HMAC-SHA256 of message under a key of any length."""
    if len(key) > _BLOCK_SIZE:
        key = sha256(key).digest()
    key = key + bytes(_BLOCK_SIZE - len(key))
    inner = sha256(bytes([b ^ 0x36 for b in key]) + message).digest()
    return sha256(bytes([b ^ 0x5C for b in key]) + inner).digest()

"""AES-128 in CBC mode by the cryptography package: the cipher of secure messaging on a host and a virtual card."""

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES128
from cryptography.hazmat.primitives.ciphers.modes import CBC


class AesCbc:
    """AES-128 under one key of 16 bytes (FIPS 197; SP 800-38A, 6.2); ValueError for a key of another size.

    Data is of whole blocks: padding is secure messaging's own. ValueError for other data or an IV of another size.
    """

    __slots__ = ("__key",)

    def __init__(self, key: bytes) -> None:
        self.__key = AES128(key)

    def __repr__(self) -> str:
        return "AesCbc(key not shown)"

    def encrypt_cbc(self, iv: bytes, data: bytes) -> bytes:
        """Return the cryptogram, as long as the data."""
        work = Cipher(self.__key, CBC(iv)).encryptor()
        return work.update(data) + work.finalize()

    def decrypt_cbc(self, iv: bytes, data: bytes) -> bytes:
        """Return the plain data, padding and all."""
        work = Cipher(self.__key, CBC(iv)).decryptor()
        return work.update(data) + work.finalize()

"""SM2 by other people's code: OpenSSL 3 through libcrypto, and Tongsuo through tongsuopy where it has a wheel.

Each library has `sign(secret, message)` and `verify(public_key, message, der)`, with the signer id 1234567812345678;
OpenSSL verifies a ready digest too. A signature is DER here, since that is all they take.
"""

import ctypes
import ctypes.util
import functools
import platform
import sys

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

SIGNER_ID = b"1234567812345678"
# id-ecPublicKey with the curve sm2p256v1 (1.2.156.10197.1.301), up to the point.
_SPKI_HEAD = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d03420004")
# PKCS #8 around an ECPrivateKey without its public key.
_PKCS8_HEAD = bytes.fromhex("3041020100301306072a8648ce3d020106082a811ccf5501822d042730250201010420")

_NID_SM2 = 1172
_UNCOMPRESSED = 4


def der(raw):
    """DER of a raw signature: its first 32 bytes, and whatever follows them."""
    return encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))


def raw(signature):
    """r || s of a DER signature."""
    r, s = decode_dss_signature(signature)
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


class OpenSsl:
    """libcrypto of OpenSSL 3."""

    name = "openssl"

    def __init__(self):
        found = ctypes.util.find_library("crypto") or "libcrypto.so.3"
        self._lib = ctypes.CDLL(found)
        pointer, size, text = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p
        for name, result, *arguments in (
            ("OpenSSL_version_num", ctypes.c_ulong),
            ("d2i_PUBKEY", pointer, pointer, pointer, ctypes.c_long),
            ("d2i_AutoPrivateKey", pointer, pointer, pointer, ctypes.c_long),
            ("EVP_PKEY_free", None, pointer),
            ("EVP_sm3", pointer),
            ("EVP_MD_CTX_new", pointer),
            ("EVP_MD_CTX_free", None, pointer),
            ("EVP_DigestSignInit", ctypes.c_int, pointer, pointer, pointer, pointer, pointer),
            ("EVP_DigestVerifyInit", ctypes.c_int, pointer, pointer, pointer, pointer, pointer),
            ("EVP_PKEY_CTX_set1_id", ctypes.c_int, pointer, text, ctypes.c_int),
            ("EVP_DigestSign", ctypes.c_int, pointer, pointer, pointer, text, size),
            ("EVP_DigestVerify", ctypes.c_int, pointer, text, size, text, size),
            ("EVP_PKEY_CTX_new", pointer, pointer, pointer),
            ("EVP_PKEY_CTX_free", None, pointer),
            ("EVP_PKEY_verify_init", ctypes.c_int, pointer),
            ("EVP_PKEY_verify", ctypes.c_int, pointer, text, size, text, size),
            ("EC_GROUP_new_by_curve_name", pointer, ctypes.c_int),
            ("EC_POINT_new", pointer, pointer),
            ("EC_POINT_free", None, pointer),
            ("EC_POINT_mul", ctypes.c_int, pointer, pointer, pointer, pointer, pointer, pointer),
            ("EC_POINT_point2oct", size, pointer, pointer, ctypes.c_int, text, size, pointer),
            ("BN_bin2bn", pointer, text, ctypes.c_int, pointer),
            ("BN_free", None, pointer),
            ("ERR_clear_error", None),
        ):
            function = getattr(self._lib, name)
            function.restype, function.argtypes = result, arguments
        if self._lib.OpenSSL_version_num() >> 28 < 3:
            raise OSError(f"{found} is older than OpenSSL 3")

    def sign(self, secret, message):
        """DER over the message by a private key of 32 bytes; OpenSSL draws its nonce at random."""
        key = self._key(self._lib.d2i_AutoPrivateKey, _PKCS8_HEAD + secret)
        context = self._digest_context(self._lib.EVP_DigestSignInit, key)
        try:
            size = ctypes.c_size_t(80)
            out = ctypes.create_string_buffer(size.value)
            assert self._lib.EVP_DigestSign(context, out, ctypes.byref(size), message, len(message)) == 1
            return out.raw[: size.value]
        finally:
            self._lib.EVP_MD_CTX_free(context)
            self._lib.EVP_PKEY_free(key)

    def verify(self, public_key, message, signature):
        """Whether it takes this DER over the message."""
        key = self._key(self._lib.d2i_PUBKEY, _SPKI_HEAD + public_key)
        context = self._digest_context(self._lib.EVP_DigestVerifyInit, key)
        try:
            # Bad DER is an error (-1), a bad signature is 0: both are a refusal.
            found = self._lib.EVP_DigestVerify(context, signature, len(signature), message, len(message))
            return found == 1
        finally:
            self._lib.ERR_clear_error()
            self._lib.EVP_MD_CTX_free(context)
            self._lib.EVP_PKEY_free(key)

    def verify_digest(self, public_key, digest, signature):
        """Whether it takes this DER over e itself, 32 bytes."""
        key = self._key(self._lib.d2i_PUBKEY, _SPKI_HEAD + public_key)
        context = self._lib.EVP_PKEY_CTX_new(key, None)
        try:
            assert self._lib.EVP_PKEY_verify_init(context) == 1
            return self._lib.EVP_PKEY_verify(context, signature, len(signature), digest, len(digest)) == 1
        finally:
            self._lib.ERR_clear_error()
            self._lib.EVP_PKEY_CTX_free(context)
            self._lib.EVP_PKEY_free(key)

    def multiple(self, k):
        """k times the generator of the SM2 curve, affine; None at infinity. k is at most 256 bits."""
        group = self._sm2_group()
        factor = self._lib.BN_bin2bn(k.to_bytes(32, "big"), 32, None)
        point = self._lib.EC_POINT_new(group)
        try:
            assert self._lib.EC_POINT_mul(group, point, factor, None, None, None) == 1
            out = ctypes.create_string_buffer(65)
            size = self._lib.EC_POINT_point2oct(group, point, _UNCOMPRESSED, out, 65, None)
        finally:
            self._lib.EC_POINT_free(point)
            self._lib.BN_free(factor)
        # Infinity is a single zero byte.
        if size == 1:
            return None
        return int.from_bytes(out.raw[1:33], "big"), int.from_bytes(out.raw[33:], "big")

    @functools.cache  # noqa: B019  one group for the whole run, since nothing frees it
    def _sm2_group(self):
        return self._lib.EC_GROUP_new_by_curve_name(_NID_SM2)

    def _key(self, decode, data):
        kept = ctypes.create_string_buffer(data, len(data))
        at = ctypes.c_void_p(ctypes.addressof(kept))
        key = decode(None, ctypes.byref(at), len(data))
        self._lib.ERR_clear_error()
        if not key:
            raise ValueError("OpenSSL refuses this key")
        return key

    def _digest_context(self, start, key):
        context = self._lib.EVP_MD_CTX_new()
        # It belongs to the context and goes with it.
        inner = ctypes.c_void_p()
        assert start(context, ctypes.byref(inner), self._lib.EVP_sm3(), None, key) == 1
        assert self._lib.EVP_PKEY_CTX_set1_id(inner, SIGNER_ID, len(SIGNER_ID)) == 1
        return context


class Tongsuo:
    """tongsuopy, whose default signer id is the one above."""

    name = "tongsuo"

    def __init__(self):
        from tongsuopy.crypto import exceptions, hashes
        from tongsuopy.crypto.asymciphers import ec

        self._ec = ec
        self._algorithm = ec.ECDSA(hashes.SM3())
        self._refusals = (exceptions.InvalidSignature, exceptions.InternalError)

    def sign(self, secret, message):
        """DER over the message by a private key of 32 bytes."""
        key = self._ec.derive_private_key(int.from_bytes(secret, "big"), self._ec.SM2())
        return key.sign(message, self._algorithm)

    def verify(self, public_key, message, signature):
        """Whether it takes this DER over the message; it calls bad DER an internal error."""
        key = self._ec.EllipticCurvePublicKey.from_encoded_point(self._ec.SM2(), b"\x04" + public_key)
        try:
            key.verify(signature, message, self._algorithm)
        except self._refusals:
            return False
        return True


def libraries():
    """Every library that this machine must have: Tongsuo's wheels are for Linux on x86_64 alone."""
    found = [OpenSsl()]
    if sys.platform == "linux" and platform.machine() == "x86_64":
        found.append(Tongsuo())
    return found

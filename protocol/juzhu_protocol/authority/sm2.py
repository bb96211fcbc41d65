"""SM2 signing (GB/T 32918.2-2016, section 6) on Python integers, with deterministic nonces (RFC 6979).

Not constant in time: docs/adr/0013 says where it may run and what is done against an observer all the same.
"""

import secrets
from collections.abc import Iterable, Iterator
from functools import cache

from cryptography.hazmat.primitives import hashes, hmac

from ..crypto.comb import CombTable, TablePair, build_table, joint_multiply
from ..crypto.curve import COORDINATE_SIZE, SM2, decode_point, encode_point
from ..crypto.signature import sm2_z, verify_sm2
from .errors import SigningFaultError
from .private_key import PrivateKey

_P, _N = SM2.p, SM2.n


class Sm2Key(PrivateKey):
    """A private key from 1 to n - 2; neither its repr nor any attribute shows it."""

    __slots__ = ("__d", "__tables", "__w", "__z", "public_key")

    def __init__(self, d: int) -> None:
        """ValueError for a number out of range, which is not told."""
        if not 0 < d < _N - 1:
            raise ValueError("SM2 private key: not from 1 to n - 2")
        self.__d = d
        # n is prime and d not n - 1, so the inverse is there.
        self.__w = pow(1 + d, -1, _N)
        point = multiple_of_generator(d)
        self.public_key = encode_point(point)
        self.__z = sm2_z(self.public_key, _sm3)
        # Personalisation needs many a chip's public key and no signature by it.
        self.__tables: TablePair | None = None

    def sign(self, content: bytes) -> bytes:
        """Return r || s over SM3(Z_A || content); SigningFaultError when it does not verify."""
        return self.sign_digest(_sm3(self.__z + content))

    def sign_digest(self, digest: bytes) -> bytes:
        """Return r || s over a digest of 32 bytes, the standard's e; SigningFaultError as of sign."""
        if self.__tables is None:
            # From the bytes that others will verify with.
            self.__tables = TablePair(_generator(), build_table(SM2, decode_point(SM2, self.public_key)))
        signature = self.sign_with(nonces(_N, self.__d, digest, hashes.SM3()), digest)
        # One wrong signature of a deterministic signer, beside the right one, gives the key away.
        if not verify_sm2(self.__tables, digest, signature):
            raise SigningFaultError("an SM2 signature did not verify and was thrown away: test this computer")
        return signature

    def sign_with(self, candidates: Iterable[int], digest: bytes) -> bytes:
        """Return r || s by the first nonce that the standard allows; a nonce used twice gives the key away."""
        e = int.from_bytes(digest, "big")
        for k in candidates:
            r = (e + multiple_of_generator(k)[0]) % _N
            if r == 0 or r + k == _N:
                continue
            # The standard's (k - r*d) / (1 + d), so written that no number known outside meets the key alone.
            s = (self.__w * (k + r) - r) % _N
            if s == 0:
                continue
            return r.to_bytes(COORDINATE_SIZE, "big") + s.to_bytes(COORDINATE_SIZE, "big")
        raise ValueError("no nonce is left")

    def _secret(self) -> bytes:
        return self.__d.to_bytes(COORDINATE_SIZE, "big")


def _sm3(data: bytes) -> bytes:
    work = hashes.Hash(hashes.SM3())
    work.update(data)
    return work.finalize()


@cache
def _generator() -> CombTable:
    return build_table(SM2, (SM2.gx, SM2.gy))


def multiple_of_generator(k: int) -> tuple[int, int]:
    """Return k*G for a secret k from 1 to n - 1.

    k is split into two random summands: time and memory access tell of each alone, and neither tells of k.
    """
    share = secrets.randbelow(_N - 1) + 1
    generator = _generator()
    x, y, zz, zzz = joint_multiply(TablePair(generator, generator), share, (k - share) % _N)
    if not zz:
        raise ValueError("a multiple of the generator: the factor is not from 1 to n - 1")
    return x * pow(zz, -1, _P) % _P, y * pow(zzz, -1, _P) % _P


def nonces(n: int, d: int, digest: bytes, algorithm: hashes.HashAlgorithm) -> Iterator[int]:
    """Yield candidates from 1 to n - 1 for a 256-bit order (RFC 6979, section 3.2, steps a to h).

    algorithm is the hash of HMAC and of the digest, 32 bytes.
    """

    def mac(key: bytes, *parts: bytes) -> bytes:
        work = hmac.HMAC(key, algorithm)
        for part in parts:
            work.update(part)
        return work.finalize()

    seed = d.to_bytes(COORDINATE_SIZE, "big")
    seed += (int.from_bytes(digest, "big") % n).to_bytes(COORDINATE_SIZE, "big")
    value = b"\x01" * algorithm.digest_size
    key = bytes(algorithm.digest_size)
    key = mac(key, value, b"\x00", seed)
    value = mac(key, value)
    key = mac(key, value, b"\x01", seed)
    value = mac(key, value)
    while True:
        value = mac(key, value)
        k = int.from_bytes(value, "big")
        if 0 < k < n:
            yield k
        key = mac(key, value, b"\x00")
        value = mac(key, value)

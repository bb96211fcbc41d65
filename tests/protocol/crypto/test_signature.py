"""ES256 verification gives the cryptography package's verdict on good, forged and malformed signatures."""

import hashlib

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    Prehashed,
    decode_dss_signature,
    encode_dss_signature,
)
from hypothesis import given
from hypothesis import strategies as st

from juzhu_protocol.crypto.comb import TablePair, build_table, joint_multiply
from juzhu_protocol.crypto.curve import P256, decode_point
from juzhu_protocol.crypto.signature import key_id, signed_digest, verify_es256
from juzhu_protocol.errors import KeyFormatError

P, N = P256.p, P256.n
ALGORITHM = ec.ECDSA(Prehashed(hashes.SHA256()), deterministic_signing=True)
GENERATOR = build_table(P256, (P256.gx, P256.gy))
OUTSIDE = [0, N, N + 1, P - 1, P, P + 1, 2**256 - 1]
secrets = st.one_of(st.integers(1, N - 1), st.sampled_from([1, 2, 3, N - 3, N - 2, N - 1]))
# A mutant keeps the table, so one key serves them all.
SECRET = 0x1D5B0C1F7E3A99C2440F6B5E8D7720A1C3F4E5968778695A4B3C2D1E0F102132


class Key:
    """A private key of OpenSSL's and the same public key here."""

    def __init__(self, secret):
        self.secret = secret
        self.private = ec.derive_private_key(secret, ec.SECP256R1())
        self._use(self.private.public_key())

    @classmethod
    def of_point(cls, x, y):
        key = cls.__new__(cls)
        key._use(ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key())
        return key

    def _use(self, public):
        numbers = public.public_numbers()
        self.public = public
        self.raw = pair(numbers.x, numbers.y)
        self.table = TablePair(GENERATOR, build_table(P256, decode_point(P256, self.raw)))

    def sign(self, digest):
        return decode_dss_signature(self.private.sign(digest, ALGORITHM))

    def openssl_accepts(self, digest, signature):
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
        try:
            self.public.verify(encode_dss_signature(r, s), digest, ALGORITHM)
        except InvalidSignature:
            return False
        return True

    def accepts(self, digest, signature):
        """Our verdict, which must be OpenSSL's too."""
        verdict = verify_es256(self.table, digest, signature)
        assert verdict is self.openssl_accepts(digest, signature)
        return verdict


def pair(a, b):
    return a.to_bytes(32, "big") + b.to_bytes(32, "big")


def flipped(data, bit):
    mutant = bytearray(data)
    mutant[bit >> 3] ^= 0x80 >> (bit & 7)
    return bytes(mutant)


KEY = Key(SECRET)
DIGEST = hashlib.sha256(b"a permit").digest()
R, S = KEY.sign(DIGEST)


@given(secrets, st.binary(max_size=300))
def test_signature_of_any_key_over_any_message_is_accepted(secret, message):
    key = Key(secret)
    digest = hashlib.sha256(message).digest()
    r, s = key.sign(digest)
    assert key.accepts(digest, pair(r, s))
    assert not key.accepts(hashlib.sha256(message + b"!").digest(), pair(r, s))


@given(st.binary(min_size=32, max_size=32))
def test_any_digest_is_accepted_with_its_signature(digest):
    assert KEY.accepts(digest, pair(*KEY.sign(digest)))


@pytest.mark.parametrize("z", [0, 1, N - 1, N, N + 1, 2**256 - 1])
def test_digest_at_the_edges_of_the_order_is_accepted_with_its_signature(z):
    digest = z.to_bytes(32, "big")
    assert KEY.accepts(digest, pair(*KEY.sign(digest)))


def test_signature_with_any_one_bit_flipped_is_refused():
    good = pair(R, S)
    assert KEY.accepts(DIGEST, good)
    assert not [bit for bit in range(512) if KEY.accepts(DIGEST, flipped(good, bit))]


def test_signature_over_a_digest_with_any_one_bit_flipped_is_refused():
    good = pair(R, S)
    assert not [bit for bit in range(256) if KEY.accepts(flipped(DIGEST, bit), good)]


@given(st.binary(min_size=64, max_size=64))
def test_random_signature_gets_the_same_verdict_as_from_openssl(signature):
    assert not KEY.accepts(DIGEST, signature)


@given(st.integers(1, N - 1), st.integers(1, N - 1))
def test_signature_by_another_key_is_refused(secret, other):
    r, s = Key(secret).sign(DIGEST)
    assert Key(other).accepts(DIGEST, pair(r, s)) is (secret == other)


def test_high_s_is_accepted_since_es256_has_no_low_s_rule():
    assert KEY.accepts(DIGEST, pair(R, S))
    assert KEY.accepts(DIGEST, pair(R, N - S))


@pytest.mark.parametrize("outside", OUTSIDE)
def test_r_or_s_outside_its_range_is_refused(outside):
    assert not KEY.accepts(DIGEST, pair(outside, S))
    assert not KEY.accepts(DIGEST, pair(R, outside))
    assert not KEY.accepts(DIGEST, pair(outside, outside))


def test_r_zero_is_refused_even_where_it_is_the_x_of_the_sum():
    # Nobody knows which multiple of G has x = 0, so that point stands in for G: z = s = 1 gives it back.
    pair_of_zero = TablePair(build_table(P256, point_with_x_from(0)), GENERATOR)
    assert joint_multiply(pair_of_zero, 1, 0)[0] == 0
    assert verify_es256(pair_of_zero, pair(0, 1)[32:], pair(0, 1)) is False


@pytest.mark.parametrize("edge", [1, 2, N - 2, N - 1])
def test_r_or_s_at_the_edge_of_its_range_is_judged_by_the_equation(edge):
    assert not KEY.accepts(DIGEST, pair(edge, S))
    assert not KEY.accepts(DIGEST, pair(R, edge))
    # The digest for which this s is right: z = s*k - r*d with k = 1, whose r is the generator's x.
    z = (edge - P256.gx * SECRET) % N
    assert KEY.accepts(z.to_bytes(32, "big"), pair(P256.gx % N, edge))


@pytest.mark.parametrize("size", [0, 1, 32, 63, 65, 72, 128])
def test_signature_of_another_size_is_refused_without_an_error(size):
    assert verify_es256(KEY.table, DIGEST, (pair(R, S) * 2)[:size]) is False


def test_der_signature_is_refused():
    assert verify_es256(KEY.table, DIGEST, encode_dss_signature(R, S)) is False


@pytest.mark.parametrize("size", [0, 20, 31, 33, 64])
def test_digest_of_another_size_is_a_programming_error(size):
    with pytest.raises(ValueError):
        verify_es256(KEY.table, bytes(size), pair(R, S))


def test_s_plus_n_is_refused_where_it_fits_into_32_bytes():
    s = 5
    digest = ((s - P256.gx * SECRET) % N).to_bytes(32, "big")
    assert KEY.accepts(digest, pair(P256.gx, s))
    assert not KEY.accepts(digest, pair(P256.gx, s + N))


def point_with_x_from(x):
    """The first point whose x is at least this one."""
    while True:
        y = pow(x * x * x - 3 * x + P256.b, (P + 1) // 4, P)
        if (y * y - (x * x * x - 3 * x + P256.b)) % P == 0:
            return x, y
        x += 1


def forged_for(point, s=0xABCDEF):
    """A key under which r = x of this point modulo n and s sign the digest 0: Q = (s/r) * point."""
    r = point[0] % N
    # The package multiplies the generator alone, so our own code makes the key; OpenSSL judges after it.
    x, y, zz, zzz = joint_multiply(TablePair(GENERATOR, build_table(P256, point)), 0, s * pow(r, -1, N) % N)
    return Key.of_point(x * pow(zz, -1, P) % P, y * pow(zzz, -1, P) % P), r, s


def test_r_is_accepted_where_x_lies_between_n_and_p():
    point = point_with_x_from(N + 1)
    assert N < point[0] < P
    key, r, s = forged_for(point)
    assert key.accepts(bytes(32), pair(r, s))
    assert not key.accepts(bytes(32), pair(r + N, s))


def test_r_plus_n_is_refused_where_x_itself_is_small():
    key, r, s = forged_for(point_with_x_from(1))
    assert key.accepts(bytes(32), pair(r, s))
    assert not key.accepts(bytes(32), pair(r + N, s))


def test_x_that_is_r_plus_n_only_modulo_p_is_refused():
    x, y = point_with_x_from(P - N)
    key, _, s = forged_for((x, y))
    # r + n = x + p: equal to x modulo p, but not below p.
    r = x + P - N
    assert 0 < r < N
    # The key is made for s/x, so this s keeps the sum at the point.
    s = s * r * pow(x, -1, N) % N
    assert not key.accepts(bytes(32), pair(r, s))


def test_digest_zero_is_accepted_with_its_signature():
    assert KEY.accepts(bytes(32), pair(*KEY.sign(bytes(32))))
    assert KEY.accepts(N.to_bytes(32, "big"), pair(*KEY.sign(bytes(32))))


@given(st.sampled_from([1, N - 1, 2, SECRET]), st.integers(1, N - 1), st.integers(1, N - 1))
def test_signature_whose_sum_is_infinity_is_refused(secret, r, s):
    # u1 + u2*d = 0 where z = -r*d.
    digest = (-r * secret % N).to_bytes(32, "big")
    assert not Key(secret).accepts(digest, pair(r, s))


@given(st.sampled_from([1, N - 1]), st.binary(min_size=32, max_size=32))
def test_key_equal_or_opposite_to_the_generator_verifies(secret, digest):
    key = Key(secret)
    assert key.accepts(digest, pair(*key.sign(digest)))


def test_sum_that_doubles_the_generator_verifies():
    # d = 1 and z = r give u1 = u2: every column adds the same point twice. R = 2*u1*G = k*G, so s = 2r/k.
    k = 0x1234567
    numbers = ec.derive_private_key(k, ec.SECP256R1()).public_key().public_numbers()
    r = numbers.x % N
    s = 2 * r * pow(k, -1, N) % N
    key = Key(1)
    assert key.accepts(r.to_bytes(32, "big"), pair(r, s))


def test_key_id_is_the_head_of_the_keys_hash():
    assert key_id(KEY.raw) == hashlib.sha256(KEY.raw).digest()[:4]
    for wrong in (b"", KEY.raw[:-1], b"\x04" + KEY.raw):
        with pytest.raises(KeyFormatError):
            key_id(wrong)


def test_digest_binds_context_and_message():
    assert signed_digest(b"juzhu", b"abc") == hashlib.sha256(b"juzhu\x00abc").digest()
    cases = [(b"a", b"bc"), (b"ab", b"c"), (b"abc", b""), (b"a", b"b\x00c"), (b"a", b"")]
    assert len({signed_digest(*case) for case in cases}) == len(cases)


@pytest.mark.parametrize("context", [b"", b"\x00", b"a\x00", b"a\x00b"])
def test_context_that_could_be_split_otherwise_is_refused(context):
    with pytest.raises(ValueError):
        signed_digest(context, b"message")

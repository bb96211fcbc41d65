"""SM2 verification gives OpenSSL's verdict on good, forged and malformed signatures over any digest."""

import pytest
from cryptography.hazmat.primitives import hashes
from hypothesis import given, settings
from hypothesis import strategies as st
from other_curves import multiple
from sm2_libraries import SIGNER_ID, OpenSsl, der

from juzhu_protocol.authority.sm2 import Sm2Key
from juzhu_protocol.crypto.comb import TablePair, build_table
from juzhu_protocol.crypto.curve import P256, SM2, decode_point, encode_point
from juzhu_protocol.crypto.signature import (
    SM2_SIGNER_ID,
    SUITE_ES256,
    SUITE_SM2_SM3,
    curve_of,
    signed_content,
    sm2_z,
    verify_es256,
    verify_sm2,
)
from juzhu_protocol.crypto.sm3 import sm3
from juzhu_protocol.errors import KeyFormatError
from parts import needs, nightly

pytestmark = needs("openssl")
# A new key, its tables and every library for each example.
costly = settings(max_examples=1000 if nightly() else 100)
P, N = SM2.p, SM2.n
GENERATOR = build_table(SM2, (SM2.gx, SM2.gy))
OPENSSL = OpenSsl()
SECRET = 0x1D5B0C1F7E3A99C2440F6B5E8D7720A1C3F4E5968778695A4B3C2D1E0F102132
secrets = st.one_of(st.integers(1, N - 2), st.sampled_from([1, 2, 3, N - 4, N - 3, N - 2]))
digests = st.one_of(
    st.binary(min_size=32, max_size=32),
    st.sampled_from([0, 1, N - 1, N, N + 1, P, 2**256 - 1]).map(lambda e: e.to_bytes(32, "big")),
)


class Key:
    """A private key and its tables."""

    def __init__(self, secret):
        self.signer = Sm2Key(secret)
        self.raw = self.signer.public_key
        self.table = TablePair(GENERATOR, build_table(SM2, decode_point(SM2, self.raw)))

    def accepts(self, digest, signature):
        """Our verdict, which must be OpenSSL's too."""
        verdict = verify_sm2(self.table, digest, signature)
        assert verdict is OPENSSL.verify_digest(self.raw, digest, der(signature))
        return verdict


def pair(a, b):
    return a.to_bytes(32, "big") + b.to_bytes(32, "big")


def flipped(data, bit):
    mutant = bytearray(data)
    mutant[bit >> 3] ^= 0x80 >> (bit & 7)
    return bytes(mutant)


def split(signature):
    return int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")


KEY = Key(SECRET)
DIGEST = sm3(b"a permit")
GOOD = KEY.signer.sign_digest(DIGEST)
R, S = split(GOOD)


@costly
@given(secrets, digests)
def test_signature_of_any_key_over_any_digest_is_accepted(secret, digest):
    key = Key(secret)
    signature = key.signer.sign_digest(digest)
    assert key.accepts(digest, signature)
    assert not key.accepts(flipped(digest, 0), signature)


def test_signature_with_any_one_bit_flipped_is_refused():
    assert KEY.accepts(DIGEST, GOOD)
    assert not [bit for bit in range(512) if KEY.accepts(DIGEST, flipped(GOOD, bit))]


def test_signature_over_a_digest_with_any_one_bit_flipped_is_refused():
    assert not [bit for bit in range(256) if KEY.accepts(flipped(DIGEST, bit), GOOD)]


@given(digests, st.integers(1, N - 1), st.integers(1, N - 1))
def test_random_numbers_are_no_signature(digest, r, s):
    assert not KEY.accepts(digest, pair(r, s))


@costly
@given(secrets)
def test_signature_by_another_key_is_refused(other):
    assert Key(other).accepts(DIGEST, GOOD) is (other == SECRET)


def test_negated_and_swapped_numbers_are_refused():
    for r, s in ((R, N - S), (N - R, S), (N - R, N - S), (S, R)):
        assert not KEY.accepts(DIGEST, pair(r, s))


@pytest.mark.parametrize("outside", [0, N, N + 1, P - 1, P, P + 1, 2**256 - 1])
def test_r_or_s_outside_its_range_is_refused(outside):
    assert not KEY.accepts(DIGEST, pair(outside, S))
    assert not KEY.accepts(DIGEST, pair(R, outside))
    assert not KEY.accepts(DIGEST, pair(outside, outside))


@pytest.mark.parametrize("zero", [0, N], ids=["0", "n"])
@given(number=st.integers(1, N - 1))
def test_zero_r_or_s_is_refused_though_the_equation_holds(zero, number):
    def digest_for(r, s):
        return ((r - multiple(SM2, s + (r + s) * SECRET)[0]) % N).to_bytes(32, "big")

    # With s = 0 anybody could sign: r*P is public.
    assert not KEY.accepts(digest_for(number, 0), pair(number, zero))
    assert not KEY.accepts(digest_for(0, number), pair(zero, number))


@given(st.integers(1, N - 1))
def test_r_and_s_that_sum_to_the_order_are_refused_though_the_equation_holds(s):
    # t = 0 leaves s*G, whose x anybody can add to a digest: a signature of every key.
    r = N - s
    digest = ((r - multiple(SM2, s)[0]) % N).to_bytes(32, "big")
    assert not KEY.accepts(digest, pair(r, s))


@costly
@given(st.sampled_from([1, 2, SECRET, N - 2]), st.integers(1, N - 1), digests)
def test_signature_whose_sum_is_infinity_is_refused(secret, s, digest):
    # s + (r + s)*d = 0
    r = -s * (1 + secret) * pow(secret, -1, N) % N
    key = Key(secret)
    assert not key.accepts(digest, pair(r, s))
    # Infinity's x, were it 0, would make r = e right.
    assert not key.accepts(r.to_bytes(32, "big"), pair(r, s))


@given(st.integers(1, N - 1), st.integers(1, N - 1))
def test_any_numbers_sign_the_digest_that_their_sum_asks_for(s, t):
    # Nobody chooses a message for it, since the digest holds a hash.
    r = (t - s) % N
    x = multiple(SM2, s + t * SECRET)
    if not r or x is None:
        return
    digest = (r - x[0]) % N
    assert KEY.accepts(digest.to_bytes(32, "big"), pair(r, s))
    # The same residue above the order is the same digest.
    if digest + N < 2**256:
        assert KEY.accepts((digest + N).to_bytes(32, "big"), pair(r, s))
    assert not KEY.accepts(((digest + 1) % N).to_bytes(32, "big"), pair(r, s))


@pytest.mark.parametrize("size", [0, 1, 32, 63, 65, 72, 128])
def test_signature_of_another_size_is_refused_without_an_error(size):
    assert verify_sm2(KEY.table, DIGEST, (GOOD * 2)[:size]) is False


def test_der_signature_is_refused():
    assert verify_sm2(KEY.table, DIGEST, der(GOOD)) is False


@pytest.mark.parametrize("size", [0, 20, 31, 33, 64])
def test_digest_of_another_size_is_a_programming_error(size):
    with pytest.raises(ValueError, match="digest"):
        verify_sm2(KEY.table, bytes(size), GOOD)


def test_sm2_signature_is_none_of_ecdsa_and_the_other_way_round():
    assert not verify_es256(KEY.table, DIGEST, GOOD)
    # ECDSA's equation on this very curve and key.
    k = 0x123456789
    r = multiple(SM2, k)[0] % N
    s = (int.from_bytes(DIGEST, "big") + r * SECRET) * pow(k, -1, N) % N
    assert verify_es256(KEY.table, DIGEST, pair(r, s))
    assert not KEY.accepts(DIGEST, pair(r, s))


# -- What is signed -------------------------------------------------------------------------------


def test_signer_id_is_the_one_that_libraries_are_told():
    assert SM2_SIGNER_ID == SIGNER_ID == b"1234567812345678"


@costly
@given(secrets, st.binary(max_size=200))
def test_z_and_message_make_the_digest_that_openssl_makes(secret, message):
    key = Key(secret)
    digest = sm3(sm2_z(key.raw, sm3) + message)
    signature = key.signer.sign_digest(digest)
    assert OPENSSL.verify(key.raw, message, der(signature))
    assert not OPENSSL.verify(key.raw, message + b"!", der(signature))


@given(secrets, secrets)
def test_z_tells_keys_apart(one, other):
    keys = [encode_point(multiple(SM2, secret)) for secret in (one, other)]
    assert (sm2_z(keys[0], sm3) == sm2_z(keys[1], sm3)) is (one == other)


def test_z_takes_the_hash_that_it_is_given():
    def openssl_sm3(data):
        digest = hashes.Hash(hashes.SM3())
        digest.update(data)
        return digest.finalize()

    assert sm2_z(KEY.raw, openssl_sm3) == sm2_z(KEY.raw, sm3)
    assert sm2_z(KEY.raw, lambda data: data)[:18] == b"\x00\x80" + SM2_SIGNER_ID


@pytest.mark.parametrize("size", [0, 63, 65])
def test_z_of_a_key_of_another_size_is_refused(size):
    with pytest.raises(KeyFormatError):
        sm2_z((KEY.raw * 2)[:size], sm3)


def test_content_is_split_in_one_way_alone():
    assert signed_content(b"a", b"b\x00c") == b"a\x00b\x00c"
    for context in (b"", b"\x00", b"a\x00", b"a\x00b"):
        with pytest.raises(ValueError, match="context"):
            signed_content(context, b"message")


def test_suite_names_its_curve_and_an_unknown_one_names_none():
    assert curve_of(SUITE_ES256) is P256
    assert curve_of(SUITE_SM2_SM3) is SM2
    for suite in (0, 3, 255, -1):
        with pytest.raises(ValueError, match="suite"):
            curve_of(suite)

"""Signers of both suites: what they sign is taken by us and by others, always the same, and shows no secret."""

import copy
import hashlib
import pickle
from dataclasses import dataclass
from itertools import islice

import gb_vectors
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from hypothesis import given, settings
from hypothesis import strategies as st
from sm2_libraries import der, libraries

from juzhu_protocol.authority import sm2 as sm2_module
from juzhu_protocol.authority.errors import SigningFaultError
from juzhu_protocol.authority.signing import Signer, new_signer, signer_of
from juzhu_protocol.authority.sm2 import Sm2Key, multiple_of_generator, nonces
from juzhu_protocol.crypto.curve import P256, SM2
from juzhu_protocol.crypto.signature import SUITE_ES256, SUITE_SM2_SM3, key_id
from juzhu_protocol.trust.verifier import SignatureVerifier
from parts import needs, nightly

pytestmark = needs("openssl")
# A new key, its tables and every library for each example.
costly = settings(max_examples=1000 if nightly() else 100)
SUITES = [SUITE_ES256, SUITE_SM2_SM3]
LAST = {SUITE_ES256: P256.n - 1, SUITE_SM2_SM3: SM2.n - 2}
CONTEXT = b"juzhu test"
OURS = SignatureVerifier()
N = SM2.n
EXAMPLE = int(gb_vectors.SM2_EXAMPLE["d"], 16)


def octets(number):
    return number.to_bytes(32, "big")


def secrets_of(suite):
    last = LAST[suite]
    return st.one_of(st.integers(1, last), st.sampled_from([1, 2, last // 2, last - 1, last])).map(octets)


def others_accept(suite, public_key, message, signature):
    """The verdict of every library, which must be one."""
    content = CONTEXT + b"\x00" + message
    if suite == SUITE_SM2_SM3:
        verdicts = {library.verify(public_key, content, der(signature)) for library in libraries()}
        assert len(verdicts) == 1
        return verdicts.pop()
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + public_key)
    try:
        key.verify(der(signature), content, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


@pytest.mark.parametrize("suite", SUITES)
@costly
@given(data=st.data(), message=st.binary(max_size=300))
def test_signature_of_any_key_over_any_message_is_accepted_by_us_and_by_others(suite, data, message):
    signer = signer_of(suite, data.draw(secrets_of(suite)))
    signature = signer.sign(CONTEXT, message)
    assert len(signature) == 64
    assert OURS.verify(suite, signer.public_key, CONTEXT, message, signature)
    assert others_accept(suite, signer.public_key, message, signature)
    assert not OURS.verify(suite, signer.public_key, CONTEXT, message + b"!", signature)
    assert not others_accept(suite, signer.public_key, message + b"!", signature)
    assert not OURS.verify(suite, signer.public_key, b"juzhu other", message, signature)


@pytest.mark.parametrize("suite", SUITES)
@costly
@given(data=st.data(), message=st.binary(max_size=100))
def test_same_key_signs_the_same_message_with_the_same_bytes(suite, data, message):
    secret = data.draw(secrets_of(suite))
    signer = signer_of(suite, secret)
    signature = signer.sign(CONTEXT, message)
    assert signature == signer.sign(CONTEXT, message) == signer_of(suite, secret).sign(CONTEXT, message)
    # Another message must have another nonce: the two would give the key away.
    assert signature[:32] != signer.sign(CONTEXT, message + b"!")[:32]


@pytest.mark.parametrize("suite", SUITES)
def test_new_signers_are_all_different_and_can_be_made_again_from_their_secret(suite):
    signers = [new_signer(suite) for _ in range(20)]
    assert len({signer.public_key for signer in signers}) == 20
    for signer in signers:
        again = signer_of(suite, signer._secret())
        assert (again.suite, again.public_key, again.key_id) == (suite, signer.public_key, signer.key_id)
        assert signer.key_id == key_id(signer.public_key)


@costly
@given(secrets_of(SUITE_SM2_SM3))
def test_sm2_public_key_is_the_one_that_others_derive(secret):
    public_key = signer_of(SUITE_SM2_SM3, secret).public_key
    for library in libraries():
        assert library.verify(public_key, b"derived", library.sign(secret, b"derived"))


# -- Refused keys ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("suite", "number"),
    [
        (SUITE_ES256, 0),
        (SUITE_ES256, P256.n),
        (SUITE_ES256, 2**256 - 1),
        (SUITE_SM2_SM3, 0),
        (SUITE_SM2_SM3, SM2.n - 1),
        (SUITE_SM2_SM3, SM2.n),
        (SUITE_SM2_SM3, 2**256 - 1),
    ],
)
def test_secret_out_of_its_suites_range_is_refused(suite, number):
    with pytest.raises(ValueError, match="range") as caught:
        signer_of(suite, octets(number))
    assert_hides(number, str(caught.value))


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("number", ["first", "last"])
def test_secret_at_the_edge_of_its_range_signs(suite, number):
    signer = signer_of(suite, octets(1 if number == "first" else LAST[suite]))
    signature = signer.sign(CONTEXT, b"edge")
    assert others_accept(suite, signer.public_key, b"edge", signature)


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_secret_of_another_size_is_refused(suite, size):
    with pytest.raises(ValueError, match="bytes"):
        signer_of(suite, b"\x01" * size)


@pytest.mark.parametrize("number", [-1, 0, N - 1, N])
def test_sm2_key_checks_its_range_itself(number):
    with pytest.raises(ValueError, match="n - 2"):
        Sm2Key(number)


@pytest.mark.parametrize("suite", [0, 3, 255, -1])
def test_unknown_suite_has_no_signer(suite):
    with pytest.raises(ValueError, match="suite"):
        new_signer(suite)
    with pytest.raises(ValueError, match="suite"):
        signer_of(suite, octets(1))


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("context", [b"", b"\x00", b"a\x00b"])
def test_context_that_could_be_split_otherwise_is_not_signed(suite, context):
    with pytest.raises(ValueError, match="context"):
        signer_of(suite, octets(5)).sign(context, b"message")


# -- Nonces ---------------------------------------------------------------------------------------

# RFC 6979, A.2.5: ECDSA on P-256, SHA-256.
RFC_6979_KEY = 0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721
RFC_6979_NONCES = [
    (b"sample", 0xA6E3C57DD01ABE90086538398355DD4C3B17AA873382B0F24D6129493D8AAD60),
    (b"test", 0xD16B6AE827F17175E040871A1C7EC3500192C4C92677336EC2537ACAEE0008E0),
]


def p256_nonce(secret, digest):
    return next(nonces(P256.n, secret, digest, hashes.SHA256()))


@pytest.mark.parametrize(("message", "k"), RFC_6979_NONCES, ids=["sample", "test"])
def test_nonce_is_that_of_rfc_6979(message, k):
    assert p256_nonce(RFC_6979_KEY, hashlib.sha256(message).digest()) == k


@given(st.integers(1, P256.n - 1), st.one_of(st.binary(min_size=32, max_size=32), st.just(b"\xff" * 32)))
def test_nonce_is_the_one_that_openssl_draws_for_ecdsa(secret, digest):
    key = ec.derive_private_key(secret, ec.SECP256R1())
    algorithm = ec.ECDSA(Prehashed(hashes.SHA256()), deterministic_signing=True)
    r, _ = decode_dss_signature(key.sign(digest, algorithm))
    point = ec.derive_private_key(p256_nonce(secret, digest), ec.SECP256R1()).public_key().public_numbers()
    assert point.x % P256.n == r


BRAINPOOL_ORDER = 0xA9FB57DBA1EEA9BC3E660A909D838D718C397AA3B561A6F7901E0E82974856A7


@given(st.integers(1, BRAINPOOL_ORDER - 1), st.binary(min_size=32, max_size=32))
def test_nonce_after_one_out_of_range_is_the_one_that_openssl_draws(secret, digest):
    # A third of all 32-byte strings is not below this order, so every third nonce is a second or later one.
    curve = ec.BrainpoolP256R1()
    key = ec.derive_private_key(secret, curve)
    algorithm = ec.ECDSA(Prehashed(hashes.SHA256()), deterministic_signing=True)
    r, _ = decode_dss_signature(key.sign(digest, algorithm))
    k = next(nonces(BRAINPOOL_ORDER, secret, digest, hashes.SHA256()))
    assert ec.derive_private_key(k, curve).public_key().public_numbers().x % BRAINPOOL_ORDER == r


def test_nonce_outside_the_order_is_passed_over():
    # Half of all 32-byte strings are not below this order, none is below 1.
    order = 1 << 255
    drawn = list(islice(nonces(order, 5, bytes(32), hashes.SM3()), 50))
    assert all(0 < k < order for k in drawn)
    assert len(set(drawn)) == 50


def test_signature_of_the_standards_example_comes_from_its_nonce():
    example = gb_vectors.SM2_EXAMPLE
    key = Sm2Key(EXAMPLE)
    assert key.public_key.hex().upper() == example["x"] + example["y"]
    signature = key.sign_with([int(example["k"], 16)], bytes.fromhex(example["e"]))
    assert signature.hex().upper() == example["r"] + example["s"]


def x_of(k):
    return multiple_of_generator(k)[0]


@pytest.mark.parametrize(
    "bad_digest",
    [
        pytest.param(lambda k, x: -x, id="r is zero"),
        pytest.param(lambda k, x: -k - x, id="r + k is n"),
        pytest.param(lambda k, x: k * pow(EXAMPLE, -1, N) - x, id="s is zero"),
    ],
)
def test_nonce_that_the_standard_forbids_is_passed_over(bad_digest):
    k, good = 0x123456789ABCDEF, 0xFEDCBA987654321
    digest = octets(bad_digest(k, x_of(k)) % N)
    key = Sm2Key(EXAMPLE)
    signature = key.sign_with([k, good], digest)
    assert signature == key.sign_with([good], digest)
    assert libraries()[0].verify_digest(key.public_key, digest, der(signature))
    with pytest.raises(ValueError, match="nonce"):
        key.sign_with([k], digest)


@given(st.integers(1, N - 1))
def test_split_of_a_nonce_does_not_show_in_its_point(k):
    assert multiple_of_generator(k) == multiple_of_generator(k)
    x, y = multiple_of_generator(k)
    assert multiple_of_generator(N - k) == (x, SM2.p - y)


@pytest.mark.parametrize("share", ["k", "n - 1", "1", "half", "beyond"])
def test_any_split_of_a_nonce_gives_its_point(share, monkeypatch):
    k = 0x1234567890ABCDEF
    right = multiple_of_generator(k)
    share = {"k": k, "n - 1": N - 1, "1": 1, "half": k * pow(2, -1, N) % N, "beyond": k + 5}[share]
    monkeypatch.setattr(sm2_module.secrets, "randbelow", lambda limit: share - 1)
    assert multiple_of_generator(k) == right


def test_nonce_itself_is_never_multiplied(monkeypatch):
    k = 0x1234567890ABCDEF
    real, seen = sm2_module.joint_multiply, []

    def watching(pair, u1, u2):
        seen.append((u1, u2))
        return real(pair, u1, u2)

    monkeypatch.setattr(sm2_module, "joint_multiply", watching)
    assert multiple_of_generator(k) == multiple_of_generator(k)
    assert all((u1 + u2) % N == k for u1, u2 in seen)
    # Fresh halves each time, neither of them small: k alone would be.
    assert len({u for pair in seen for u in pair}) == 4
    assert min(u for pair in seen for u in pair) >> 128


def test_multiple_at_infinity_is_refused():
    with pytest.raises(ValueError, match="n - 1"):
        multiple_of_generator(N)


# -- Faults ---------------------------------------------------------------------------------------


def test_faulty_multiplication_gives_no_signature(monkeypatch):
    key = Sm2Key(EXAMPLE)
    real = multiple_of_generator

    def faulty(k):
        x, y = real(k)
        return x ^ 1, y

    monkeypatch.setattr(sm2_module, "multiple_of_generator", faulty)
    with pytest.raises(SigningFaultError) as caught:
        key.sign_digest(bytes(range(32)))
    assert_hides(EXAMPLE, str(caught.value))


@pytest.mark.parametrize("name", ["_Sm2Key__w", "_Sm2Key__d"])
def test_key_damaged_in_memory_gives_no_signature_that_betrays_it(name):
    key = Sm2Key(EXAMPLE)
    digest = bytes(range(32))
    assert key.sign_digest(digest)
    setattr(key, name, getattr(key, name) ^ 4)
    if name == "_Sm2Key__d":
        # The private number serves for nonces alone: another nonce, and a good signature.
        assert libraries()[0].verify_digest(key.public_key, digest, der(key.sign_digest(digest)))
        return
    with pytest.raises(SigningFaultError):
        key.sign_digest(digest)


def test_damaged_table_gives_no_signature(monkeypatch):
    key = Sm2Key(EXAMPLE)
    generator = sm2_module._generator()
    # Every digest takes some of these entries; the check takes them too, yet for other scalars.
    broken = [(x ^ 1, y) for x, y in generator.entries]
    monkeypatch.setattr(generator, "entries", broken)
    with pytest.raises(SigningFaultError):
        key.sign_digest(bytes(range(32)))


# -- Secrets --------------------------------------------------------------------------------------


def assert_hides(number, text):
    """No writing of the number, nor a good part of one, stands in the text."""
    raw = octets(number)
    writings = [raw.hex(), raw.hex().upper(), str(number), repr(raw)[2:-1], repr(list(raw))[1:-1]]
    for writing in writings:
        for at in range(max(1, len(writing) - 15)):
            assert writing[at : at + 16] not in text or len(set(writing[at : at + 16])) < 3


@dataclass(frozen=True)
class Holder:
    signer: Signer


@pytest.mark.parametrize("suite", SUITES)
def test_signer_shows_its_secret_in_no_text_and_no_public_attribute(suite):
    signer = signer_of(suite, octets(EXAMPLE))
    inner = signer._Signer__key
    texts = [repr(signer), str(signer), f"{signer}", f"{signer!s:>80}", repr(Holder(signer)), repr([signer])]
    texts += [repr(inner), str(inner), f"{inner}"]
    for each in (signer, inner):
        texts += [repr(getattr(each, name)) for name in dir(each) if not name.startswith("_")]
        with pytest.raises(TypeError):
            vars(each)
    for text in texts:
        assert_hides(EXAMPLE, text)
    assert signer.key_id.hex() in repr(signer)


@pytest.mark.parametrize("suite", SUITES)
def test_signer_is_not_pickled_copied_or_taken_apart(suite):
    signer = signer_of(suite, octets(EXAMPLE))
    for each in (signer, signer._Signer__key):
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            with pytest.raises(TypeError):
                pickle.dumps(each, protocol)
        for take in (copy.copy, copy.deepcopy, lambda key: key.__getstate__(), lambda key: key.__reduce__()):
            with pytest.raises(TypeError) as caught:
                take(each)
            assert_hides(EXAMPLE, str(caught.value))


def test_check_for_secrets_can_fail():
    for leak in (octets(EXAMPLE).hex(), str(EXAMPLE), repr(octets(EXAMPLE)), f"...{EXAMPLE:x}"[:40]):
        with pytest.raises(AssertionError):
            assert_hides(EXAMPLE, leak)

"""Other people's vectors on both runtimes: NIST, RFC 4231, GB/T 32905 and 32918, and OpenSSL's verdicts."""

from hashlib import sha256

from gb_vectors import SM2_EXAMPLE, SM2_V2X, SM3_EXAMPLES
from nist_vectors import ECDSA, HMAC_SHA256, KBKDF, PUBLIC_KEYS, SHA256
from openssl_vectors import HOSTILE, SIGNED, SM3
from openssl_vectors import KBKDF as LABELLED

from juzhu_protocol.crypto.comb import TablePair, build_table
from juzhu_protocol.crypto.curve import P256, SM2, decode_point
from juzhu_protocol.crypto.mac import derive_key, hmac_sha256
from juzhu_protocol.crypto.signature import (
    SUITE_ES256,
    SUITE_SM2_SM3,
    curve_of,
    sm2_z,
    verify_es256,
    verify_sm2,
)
from juzhu_protocol.crypto.sm3 import sm3
from juzhu_protocol.errors import KeyFormatError
from juzhu_protocol.trust.verifier import SignatureVerifier

CONTEXT = b"juzhu vector"
VERIFIER = SignatureVerifier()
VERIFY = {SUITE_ES256: verify_es256, SUITE_SM2_SM3: verify_sm2}
GENERATORS = {}
# Building a key's table is long for one call in the VM.
STEPS = {
    "test_ecdsa_signatures_get_the_verdict_of_nist": ("step_nist_ecdsa", len(ECDSA)),
    "test_signatures_by_the_openssl_program_are_accepted": ("step_signed", len(SIGNED)),
    "test_hostile_signatures_get_the_verdict_of_openssl": ("step_hostile", len(HOSTILE)),
}


def run_all(name):
    step, count = STEPS[name]
    for index in range(count):
        globals()[step](index)


def pair_of(suite, public_key):
    curve = curve_of(suite)
    if suite not in GENERATORS:
        GENERATORS[suite] = build_table(curve, (curve.gx, curve.gy))
    return TablePair(GENERATORS[suite], build_table(curve, decode_point(curve, public_key)))


def verdict(suite, public_key, digest, signature):
    return VERIFY[suite](pair_of(suite, public_key), digest, signature)


def raises_key_error(curve, public_key):
    try:
        decode_point(curve, public_key)
    except KeyFormatError:
        return True
    return False


# -- NIST and RFC 4231 ----------------------------------------------------------------------------


def test_hashes_are_those_of_nist():
    for message, digest in SHA256:
        assert sha256(bytes.fromhex(message)).digest() == bytes.fromhex(digest), len(message)
        assert VERIFIER.hash(SUITE_ES256, bytes.fromhex(message)) == bytes.fromhex(digest)


def test_macs_are_those_of_rfc_4231():
    for key, message, mac in HMAC_SHA256:
        assert hmac_sha256(bytes.fromhex(key), bytes.fromhex(message)) == bytes.fromhex(mac), key


def test_derived_keys_are_those_of_nist():
    # NIST's fixed inputs are random bytes, not the label and context that derive_key writes: one block, by hand.
    for key, fixed, derived in KBKDF:
        block = hmac_sha256(bytes.fromhex(key), b"\x00\x00\x00\x01" + bytes.fromhex(fixed))
        assert block[: len(derived) // 2] == bytes.fromhex(derived), key


def test_key_derived_for_a_label_is_that_of_another_library():
    for key, label, context, derived in LABELLED:
        found = derive_key(bytes.fromhex(key), bytes.fromhex(label), bytes.fromhex(context))
        assert found == bytes.fromhex(derived), label
    assert len(LABELLED) == 3


def test_public_keys_get_the_verdict_of_nist():
    verdicts = []
    for x, y, expected in PUBLIC_KEYS:
        # A coordinate too large by a digit makes the key too long.
        raw = [bytes.fromhex("0" * (len(number) % 2) + number) for number in (x, y)]
        assert raises_key_error(P256, raw[0] + raw[1]) == (expected == "F"), x
        verdicts.append(expected)
    assert verdicts.count("P") == 4


def test_ecdsa_signatures_get_the_verdict_of_nist():
    run_all("test_ecdsa_signatures_get_the_verdict_of_nist")


def step_nist_ecdsa(index):
    message, x, y, r, s, expected = ECDSA[index]
    digest = sha256(bytes.fromhex(message)).digest()
    found = verdict(SUITE_ES256, bytes.fromhex(x + y), digest, bytes.fromhex(r + s))
    assert found == (expected == "P"), r


# -- GB/T -----------------------------------------------------------------------------------------


def test_sm3_gives_the_standards_examples():
    for message, digest in SM3_EXAMPLES:
        assert sm3(message) == bytes.fromhex(digest), message
        assert VERIFIER.hash(SUITE_SM2_SM3, message) == bytes.fromhex(digest), message


def test_sm3_is_that_of_openssl_about_the_paddings_boundary():
    for length, digest in SM3:
        assert sm3(bytes([i & 0xFF for i in range(length)])) == bytes.fromhex(digest), length


def test_sm2_example_of_the_standard_is_accepted_step_by_step():
    public_key = bytes.fromhex(SM2_EXAMPLE["x"] + SM2_EXAMPLE["y"])
    z = sm2_z(public_key, sm3)
    assert z == bytes.fromhex(SM2_EXAMPLE["z"])
    digest = sm3(z + SM2_EXAMPLE["message"])
    assert digest == bytes.fromhex(SM2_EXAMPLE["e"])
    signature = bytes.fromhex(SM2_EXAMPLE["r"] + SM2_EXAMPLE["s"])
    assert verdict(SUITE_SM2_SM3, public_key, digest, signature)
    assert not verdict(SUITE_SM2_SM3, public_key, sm3(SM2_EXAMPLE["message"]), signature)


def test_second_published_sm2_signature_is_accepted():
    public_key = bytes.fromhex(SM2_V2X["x"] + SM2_V2X["y"])
    signature = bytes.fromhex(SM2_V2X["r"] + SM2_V2X["s"])
    assert verdict(SUITE_SM2_SM3, public_key, bytes.fromhex(SM2_V2X["e"]), signature)


# -- OpenSSL --------------------------------------------------------------------------------------


def test_signatures_by_the_openssl_program_are_accepted():
    run_all("test_signatures_by_the_openssl_program_are_accepted")


def step_signed(index):
    suite, key, message, signature = SIGNED[index]
    key, message, signature = bytes.fromhex(key), bytes.fromhex(message), bytes.fromhex(signature)
    assert VERIFIER.verify(suite, key, CONTEXT, message, signature)
    assert not VERIFIER.verify(suite, key, CONTEXT, message + b"!", signature)
    assert not VERIFIER.verify(suite, key, b"juzhu other", message, signature)
    # A key of one suite is no point of the other's curve.
    other = SUITE_ES256 + SUITE_SM2_SM3 - suite
    try:
        VERIFIER.verify(other, key, CONTEXT, message, signature)
    except KeyFormatError:
        return
    raise AssertionError("a key of suite %d served for the other" % suite)


def test_hostile_signatures_get_the_verdict_of_openssl():
    run_all("test_hostile_signatures_get_the_verdict_of_openssl")


def step_hostile(index):
    name, suite, key, digest, signature, expected = HOSTILE[index]
    found = verdict(suite, bytes.fromhex(key), bytes.fromhex(digest), bytes.fromhex(signature))
    assert found == expected, (suite, name)


def test_signatures_of_another_length_are_refused():
    rows = [row for row in HOSTILE if row[0] == "nothing"]
    assert [row[1] for row in rows] == [SUITE_ES256, SUITE_SM2_SM3]
    for _, suite, key, digest, signature, _ in rows:
        pair = pair_of(suite, bytes.fromhex(key))
        digest, good = bytes.fromhex(digest), bytes.fromhex(signature)
        assert VERIFY[suite](pair, digest, good)
        for wrong in (b"", good[:32], good[:63], good + b"\x00", b"\x00" + good, good + good):
            assert VERIFY[suite](pair, digest, wrong) is False, len(wrong)


def test_keys_that_are_no_point_of_the_sm2_curve_are_refused():
    public_key = bytes.fromhex(SM2_EXAMPLE["x"] + SM2_EXAMPLE["y"])
    assert not raises_key_error(SM2, public_key)
    p = int.to_bytes(SM2.p, 32, "big")
    wrong = [
        b"",
        public_key[:63],
        b"\x04" + public_key,
        bytes(64),
        b"\xff" * 64,
        public_key[32:] + public_key[:32],
        public_key[:63] + bytes([public_key[63] ^ 1]),
        public_key[:32] + p,
        p + public_key[32:],
        bytes.fromhex(PUBLIC_KEYS[0][0] + PUBLIC_KEYS[0][1]),
    ]
    for key in wrong:
        assert raises_key_error(SM2, key), key
    assert raises_key_error(P256, public_key)

"""The committed vectors are what their sources say: other people's code gives each of them the same verdict."""

import hashlib

import gb_vectors
import nist_vectors
import openssl_vectors
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from make_signature_vectors import CONTEXT, MESSAGES, SM3_LENGTHS, hostile_rows, judge, kbkdf_rows, sm3_rows
from sm2_libraries import OpenSsl, der, libraries

from juzhu_protocol.crypto.signature import SUITE_ES256, SUITE_SM2_SM3
from parts import needs

pytestmark = needs("openssl")


def sm3(data):
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize()


def key_of(public_key):
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + public_key)


def test_nists_signatures_get_the_same_verdict_from_openssl():
    for message, x, y, r, s, expected in nist_vectors.ECDSA:
        digest = hashlib.sha256(bytes.fromhex(message)).digest()
        verdict = judge(SUITE_ES256, bytes.fromhex(x + y), digest, bytes.fromhex(r + s))
        assert verdict is (expected == "P")
    assert sum(row[-1] == "P" for row in nist_vectors.ECDSA) == 8


def test_nists_public_keys_get_the_same_verdict_from_openssl():
    for x, y, expected in nist_vectors.PUBLIC_KEYS:
        if expected == "P":
            key_of(bytes.fromhex(x + y))
        elif len(x + y) == 128:
            with pytest.raises(ValueError):
                key_of(bytes.fromhex(x + y))


def test_nists_hashes_are_those_of_the_standard_library():
    for message, digest in nist_vectors.SHA256:
        assert hashlib.sha256(bytes.fromhex(message)).hexdigest() == digest
    assert len(nist_vectors.SHA256) == 10


def test_standards_sm3_examples_are_those_of_openssl():
    for message, digest in gb_vectors.SM3_EXAMPLES:
        assert sm3(message).hex() == digest


def test_standards_sm2_example_is_accepted_by_every_library():
    example = gb_vectors.SM2_EXAMPLE
    public_key = bytes.fromhex(example["x"] + example["y"])
    signature = der(bytes.fromhex(example["r"] + example["s"]))
    for library in libraries():
        assert library.verify(public_key, example["message"], signature), library.name
        assert not library.verify(public_key, example["message"] + b"!", signature), library.name
        # The private key is the public one's: what it signs verifies under it.
        made = library.sign(bytes.fromhex(example["d"]), b"whose")
        assert library.verify(public_key, b"whose", made), library.name
    assert sm3(bytes.fromhex(example["z"]) + example["message"]).hex().upper() == example["e"]
    assert OpenSsl().verify_digest(public_key, bytes.fromhex(example["e"]), signature)


def test_second_sm2_signature_is_accepted_by_openssl():
    found = gb_vectors.SM2_V2X
    signature = der(bytes.fromhex(found["r"] + found["s"]))
    public_key = bytes.fromhex(found["x"] + found["y"])
    assert OpenSsl().verify_digest(public_key, bytes.fromhex(found["e"]), signature)
    assert not OpenSsl().verify_digest(public_key, bytes(32), signature)


def test_program_made_signatures_are_accepted_by_every_library():
    rows = openssl_vectors.SIGNED
    assert [(suite, bytes.fromhex(message)) for suite, _, message, _ in rows] == [
        (suite, message) for suite in (SUITE_ES256, SUITE_SM2_SM3) for message in MESSAGES
    ]
    for suite, public_key, message, signature in rows:
        public_key, signature = bytes.fromhex(public_key), bytes.fromhex(signature)
        content = CONTEXT + b"\x00" + bytes.fromhex(message)
        if suite == SUITE_ES256:
            assert judge(suite, public_key, hashlib.sha256(content).digest(), signature)
        else:
            assert all(library.verify(public_key, content, der(signature)) for library in libraries())


def test_hostile_vectors_are_the_generators_and_get_openssls_verdict():
    # hostile_rows asks OpenSSL about each.
    assert list(hostile_rows()) == list(openssl_vectors.HOSTILE)
    for suite in (SUITE_ES256, SUITE_SM2_SM3):
        verdicts = [row[-1] for row in openssl_vectors.HOSTILE if row[1] == suite]
        assert min(verdicts.count(True), verdicts.count(False)) >= 10


def test_sm3_vectors_are_those_of_the_openssl_program():
    assert list(sm3_rows()) == list(openssl_vectors.SM3)
    assert {55, 56, 63, 64, 119, 120} < set(SM3_LENGTHS)


def test_labelled_keys_are_those_of_the_cryptography_package():
    assert list(kbkdf_rows()) == list(openssl_vectors.KBKDF)

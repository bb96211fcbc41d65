"""The hosts' verifier gives the portable one's answers, and its errors, in either suite."""

import pytest

from juzhu_protocol.authority.signing import signer_of
from juzhu_protocol.crypto.signature import SUITE_ES256, SUITE_SM2_SM3
from juzhu_protocol.errors import KeyFormatError
from juzhu_protocol.hostside.native import NativeVerifier
from juzhu_protocol.trust.verifier import SignatureVerifier

SUITES = (SUITE_ES256, SUITE_SM2_SM3)
SIGNERS = {suite: signer_of(suite, bytes([7]) * 32) for suite in SUITES}
VERIFIERS = (SignatureVerifier(), NativeVerifier())
CONTEXT, MESSAGE = b"juzhu/test", b"message"


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("verifier", VERIFIERS, ids=["portable", "native"])
def test_signatures_hold_for_their_key_message_and_context_alone(suite, verifier):
    signer = SIGNERS[suite]
    signature = signer.sign(CONTEXT, MESSAGE)
    assert verifier.verify(suite, signer.public_key, CONTEXT, MESSAGE, signature)
    assert not verifier.verify(suite, signer.public_key, CONTEXT, MESSAGE + b"\0", signature)
    assert not verifier.verify(suite, signer.public_key, CONTEXT + b"s", MESSAGE, signature)
    for damaged in (b"", signature[:63], signature + b"\0", bytes(64), b"\xff" * 64):
        assert not verifier.verify(suite, signer.public_key, CONTEXT, MESSAGE, damaged)


@pytest.mark.parametrize("verifier", VERIFIERS, ids=["portable", "native"])
def test_errors_are_the_same(verifier):
    key, signature = SIGNERS[SUITE_ES256].public_key, bytes(64)
    for suite in (-1, 0, 3, 256):
        with pytest.raises(ValueError, match="suite"):
            verifier.verify(suite, key, CONTEXT, MESSAGE, signature)
        with pytest.raises(ValueError, match="suite"):
            verifier.hash(suite, b"data")
    for suite in SUITES:
        other = SIGNERS[SUITE_ES256 + SUITE_SM2_SM3 - suite].public_key
        for wrong in (b"", key[:63], b"\x04" + key, bytes(64), b"\xff" * 64, other):
            with pytest.raises(KeyFormatError):
                verifier.verify(suite, wrong, CONTEXT, MESSAGE, signature)
        for context in (b"", b"a\0b"):
            with pytest.raises(ValueError, match="context"):
                verifier.verify(suite, SIGNERS[suite].public_key, context, MESSAGE, signature)


@pytest.mark.parametrize("suite", SUITES)
def test_hashes_are_the_same(suite):
    portable, native = VERIFIERS
    for size in (0, 1, 55, 56, 64, 1000):
        assert portable.hash(suite, bytes(range(256)) * 4 + bytes(size)) == native.hash(
            suite, bytes(range(256)) * 4 + bytes(size)
        )

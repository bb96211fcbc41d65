"""HMAC-SHA256 against RFC 4231 and the standard library, derived keys against another KBKDF; comparison of secrets."""

import hashlib
import hmac

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.kbkdf import KBKDFHMAC, CounterLocation, Mode
from hypothesis import given
from hypothesis import strategies as st

from juzhu_protocol.crypto.compare import equal
from juzhu_protocol.crypto.mac import derive_key, hmac_sha256

LONG_KEY = b"Test Using Larger Than Block-Size Key - Hash Key First"
LONG_BOTH = (
    b"This is a test using a larger than block-size key and a larger than block-size data. "
    b"The key needs to be hashed before being used by the HMAC algorithm."
)

# RFC 4231, section 4: test cases 1 to 7 (the fifth gives the first 16 bytes alone).
RFC_4231 = [
    (b"\x0b" * 20, b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
    (
        b"Jefe",
        b"what do ya want for nothing?",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ),
    (b"\xaa" * 20, b"\xdd" * 50, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
    (bytes(range(1, 26)), b"\xcd" * 50, "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"),
    (b"\x0c" * 20, b"Test With Truncation", "a3b6167473100ee06e0c796c2955552b"),
    (b"\xaa" * 131, LONG_KEY, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"),
    (b"\xaa" * 131, LONG_BOTH, "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"),
]


@pytest.mark.parametrize(("key", "message", "expected"), RFC_4231)
def test_mac_is_that_of_rfc_4231(key, message, expected):
    assert hmac_sha256(key, message)[: len(expected) // 2].hex() == expected


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_mac_is_that_of_the_standard_library(key, message):
    assert hmac_sha256(key, message) == hmac.new(key, message, hashlib.sha256).digest()


@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 128])
def test_key_at_the_block_boundary_gives_the_right_mac(size):
    key = bytes(range(256))[:size]
    assert hmac_sha256(key, b"m") == hmac.new(key, b"m", hashlib.sha256).digest()


@given(st.binary(max_size=64), st.binary(max_size=64))
def test_equal_agrees_with_equality(a, b):
    assert equal(a, b) is (a == b)
    assert equal(a, bytes(bytearray(a))) is True


def test_any_one_flipped_bit_makes_macs_unequal():
    mac = hmac_sha256(b"key", b"message")
    for bit in range(256):
        other = bytearray(mac)
        other[bit >> 3] ^= 1 << (bit & 7)
        assert not equal(mac, bytes(other))


@pytest.mark.parametrize(("a", "b"), [(b"", b"\x00"), (b"ab", b"a"), (b"a", b"ab"), (b"\x00", b"\x00\x00")])
def test_secrets_of_different_length_are_unequal(a, b):
    assert equal(a, b) is False


@given(
    key=st.binary(min_size=1, max_size=80),
    label=st.binary(min_size=1, max_size=40).filter(lambda label: 0 not in label),
    context=st.binary(max_size=40),
)
def test_derived_key_is_that_of_sp_800_108(key, label, context):
    other = KBKDFHMAC(
        algorithm=hashes.SHA256(),
        mode=Mode.CounterMode,
        length=32,
        rlen=4,
        llen=4,
        location=CounterLocation.BeforeFixed,
        label=label,
        context=context,
        fixed=None,
    )
    assert derive_key(key, label, context) == other.derive(key)


@pytest.mark.parametrize("label", [b"", b"a\x00b"])
def test_label_that_could_run_into_its_context_is_refused(label):
    with pytest.raises(ValueError, match="label"):
        derive_key(b"k", label)

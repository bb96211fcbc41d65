"""SM3 by our own code is SM3 by OpenSSL, whatever the length and whoever compresses."""

from array import array

import pytest
from cryptography.hazmat.primitives import hashes
from hypothesis import given
from hypothesis import strategies as st

from juzhu_protocol.crypto.sm3 import BLOCK_SIZE, compress, sm3
from juzhu_protocol.trust.verifier import SignatureVerifier


def by_openssl(data):
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize()


@given(st.binary(max_size=500))
def test_sm3_is_that_of_openssl(data):
    assert sm3(data) == by_openssl(data)


def test_every_length_about_the_paddings_boundaries_gives_the_right_hash():
    for length in range(4 * BLOCK_SIZE + 1):
        data = bytes(i * 7 & 0xFF for i in range(length))
        assert sm3(data) == by_openssl(data), length


# Rotations and additions of extreme words overflow 32 bits the most.
@pytest.mark.parametrize("byte", [0x00, 0x01, 0x7F, 0x80, 0xFF])
def test_extreme_words_give_the_right_hash(byte):
    for length in (1, 64, 200):
        assert sm3(bytes([byte]) * length) == by_openssl(bytes([byte]) * length)


@given(st.binary(min_size=64, max_size=64), st.lists(st.integers(0, 2**32 - 1), min_size=8, max_size=8))
def test_compression_keeps_its_words_to_32_bits_from_any_state(block, words):
    state = array("I", words)
    compress(state, block)
    once = list(state)
    assert all(0 <= word < 2**32 for word in once)
    # Two blocks at once are one after the other.
    again = array("I", words)
    compress(again, block + block)
    compress(state, block)
    assert list(again) == list(state)


def test_handed_in_compression_does_all_the_compressing():
    blocks = []

    def counting(state, data):
        assert len(data) % BLOCK_SIZE == 0
        blocks.append(len(data) // BLOCK_SIZE)
        compress(state, data)

    assert sm3(b"abc" * 100, counting) == by_openssl(b"abc" * 100)
    assert sum(blocks) == 5
    verifier = SignatureVerifier(compress=lambda state, data: None)
    assert verifier.hash(2, b"abc") != by_openssl(b"abc")

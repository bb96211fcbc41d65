"""What the portable tests compare with is what an implementation that is not ours computes; and AES is AES."""

import pytest
from card_tools import SUITES, bus, card_of, issued, log_of
from card_vectors import ENCRYPTED, ENCRYPTION_KEY, MAC_KEY
from make_card_vectors import VECTORS, make

from juzhu_protocol.card.authentication import SessionKeys
from juzhu_protocol.card.secure_messaging import SecureChannel
from juzhu_protocol.hostside.aes import AesCbc
from juzhu_simulator.card import bytes_on_air

MAX_APDUS, MAX_BYTES = 8, 450


def test_card_vectors_are_current():
    assert VECTORS.read_text(encoding="utf-8") == make(), "run: python tests/protocol/make_card_vectors.py"


@pytest.mark.parametrize("suite", SUITES)
def test_bus_conversation_is_short_on_the_air(suite):
    log = log_of(bus(), card_of(issued(suite=suite)))
    assert len(log) <= MAX_APDUS
    assert sum(bytes_on_air(*pair) for pair in log) <= MAX_BYTES
    # As docs/protocol.md says it.
    assert (len(log), sum(bytes_on_air(*pair) for pair in log)) == (5, 279)


# SP 800-38A, F.2.1: CBC-AES128, the first two blocks.
KEY = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c")
IV = bytes(range(16))
PLAIN = bytes.fromhex("6bc1bee22e409f96e93d7e117393172a ae2d8a571e03ac9c9eb76fac45af8e51")
CODED = bytes.fromhex("7649abac8119b246cee98e9b12e9197d 5086cb9b507219ee95db113a917678b2")


def test_aes_is_the_standards():
    cipher = AesCbc(KEY)
    assert cipher.encrypt_cbc(IV, PLAIN) == CODED
    assert cipher.decrypt_cbc(IV, CODED) == PLAIN
    assert cipher.encrypt_cbc(IV, b"") == b""


@pytest.mark.parametrize("size", [0, 15, 17, 24, 32])
def test_key_that_is_none_of_aes_128_is_refused(size):
    with pytest.raises(ValueError):
        AesCbc(bytes(size))


@pytest.mark.parametrize("name", ["encrypt_cbc", "decrypt_cbc"])
def test_data_and_iv_of_another_size_are_refused(name):
    work = getattr(AesCbc(KEY), name)
    for iv, data in [(IV, bytes(15)), (IV, bytes(17)), (bytes(15), bytes(16)), (b"", bytes(16))]:
        with pytest.raises(ValueError):
            work(iv, data)


def test_cipher_shows_no_key():
    cipher = AesCbc(KEY)
    assert repr(cipher) == "AesCbc(key not shown)"
    assert [name for name in dir(cipher) if not name.startswith("_")] == ["decrypt_cbc", "encrypt_cbc"]


def ends():
    return [SecureChannel(SessionKeys(MAC_KEY, ENCRYPTION_KEY), AesCbc(ENCRYPTION_KEY)) for _ in range(2)]


def test_encrypted_messages_are_the_vectors():
    reader, card = ends()
    for command, secured, data, status, answer in ENCRYPTED:
        assert reader.protect(command) == secured
        assert card.open_command(secured) == command
        assert card.protect_answer(data, status) == answer
        assert reader.open_answer(answer) == (data, status)


def test_same_data_twice_is_two_cryptograms():
    reader, card = ends()
    answers = set()
    for _ in range(3):
        card.open_command(reader.protect(b"\x00\xb0\x84\x00\xdf"))
        answers.add(card.protect_answer(bytes(223), 0x9000))
        # The reader's counter goes on as if it had read the answer.
        reader._counter += 1
    assert len({answer[4:228] for answer in answers}) == 3

"""Secure messaging against values that another implementation computed, and over a wire that cannot be trusted.

A reader on a bus has no cipher: AES is met on a host (tests/protocol/card/test_card_vectors.py), and here a stand-in.
"""

from card_vectors import ENCRYPTION_KEY, IN_THE_CLEAR, MAC_KEY

from juzhu_protocol.card import apdu
from juzhu_protocol.card.authentication import SessionKeys
from juzhu_protocol.card.secure_messaging import MAX_DATA, SecureChannel, split_command
from juzhu_protocol.errors import SecureMessagingError

READ = apdu.read_binary(apdu.SFI_SERVICE, MAX_DATA)
KEYS = SessionKeys(MAC_KEY, ENCRYPTION_KEY)


class Same:
    """A cipher that hides nothing, so that MicroPython, which has no AES here, meets the padding too."""

    def encrypt_cbc(self, iv, data):
        assert len(iv) == 16
        assert len(data) % 16 == 0
        return data

    def decrypt_cbc(self, iv, data):
        return data


def both(cipher=None):
    """The reader's end and the card's."""
    return SecureChannel(KEYS, cipher), SecureChannel(KEYS, cipher)


def refused(work, data):
    """Whether a message is not believed, nor anything after it."""
    for _ in range(2):
        try:
            work(data)
            return False
        except SecureMessagingError:
            pass
    return True


def test_messages_are_the_vectors():
    reader, card = both()
    for command, secured, data, status, answer in IN_THE_CLEAR:
        assert reader.protect(command) == secured
        assert card.open_command(secured) == command
        assert card.protect_answer(data, status) == answer
        assert reader.open_answer(answer) == (data, status)


def test_every_flipped_bit_of_an_answer_is_noticed():
    for cipher in (None, Same()):
        sender, card = both(cipher)
        card.open_command(sender.protect(READ))
        answer = card.protect_answer(bytes(range(40)), apdu.SW_OK)
        for bit in range(8 * len(answer)):
            reader, _ = both(cipher)
            flipped = bytearray(answer)
            flipped[bit // 8] ^= 1 << bit % 8
            reader.protect(READ)
            assert refused(reader.open_answer, bytes(flipped))


def test_every_flipped_bit_of_a_command_is_noticed():
    # The last byte, the secured command's own Le, stands outside the MAC and says nothing.
    secured = IN_THE_CLEAR[3][1]
    for bit in range(8 * (len(secured) - 1)):
        _, card = both()
        for _ in range(3):
            card._counter += 2
        flipped = bytearray(secured)
        flipped[bit // 8] ^= 1 << bit % 8
        assert refused(card.open_command, bytes(flipped))
    _, card = both()
    card._counter = 6
    assert card.open_command(secured) == IN_THE_CLEAR[3][0]


def test_every_cut_is_noticed():
    answer = IN_THE_CLEAR[0][4]
    for size in range(len(answer)):
        reader, _ = both()
        reader.protect(READ)
        assert refused(reader.open_answer, answer[:size])
        reader, _ = both()
        reader.protect(READ)
        assert refused(reader.open_answer, answer[size + 1 :])


def test_repeated_dropped_and_swapped_messages_are_noticed():
    for cipher in (None, Same()):
        reader, card = both(cipher)
        first = reader.protect(READ)
        card.open_command(first)
        answer = card.protect_answer(b"one", apdu.SW_OK)
        assert reader.open_answer(answer) == (b"one", apdu.SW_OK)
        assert refused(card.open_command, first)

        reader, card = both(cipher)
        reader.protect(READ)
        assert refused(card.open_command, reader.protect(READ))

        reader, card = both(cipher)
        card.open_command(reader.protect(READ))
        one = card.protect_answer(b"one", apdu.SW_OK)
        reader.open_answer(one)
        reader.protect(READ)
        assert refused(reader.open_answer, one)


def test_message_sent_back_to_its_sender_is_noticed():
    reader, _ = both()
    command = reader.protect(READ)
    assert refused(reader.open_answer, command)
    reader, _ = both()
    reader.protect(READ)
    assert refused(reader.open_answer, command[5:-1] + b"\x90\x00")


def test_right_mac_does_not_excuse_objects_that_no_card_sends():
    status = b"\x99\x02\x90\x00"
    plain = b"\x81\x01\x05"
    for objects, believed in (
        (plain + status, True),
        (status + plain, True),
        (plain + plain + status, False),
        (plain + status + status, False),
        (b"\x81\x81\x01\x05" + status, False),
        (b"\x81\x81\x7f" + bytes(127) + status, False),
        (b"\x81\x81\x80" + bytes(128) + status, True),
        (b"\x81\x80" + bytes(128) + status, False),
        (b"\x81\x90" + bytes(144) + status, False),
        (b"\x81\x82\x00\x01\x05" + status, False),
        (b"\x97\x01\x05" + status, False),
        (b"\x87\x11\x01" + bytes(16) + status, False),
        (plain, False),
        (b"\x99\x02\x90\x01", False),
        (b"\x99\x03\x90\x00\x00", False),
    ):
        reader, card = both()
        card.open_command(reader.protect(READ))
        card._counter += 1
        mac = card._mac(objects)
        answer = objects + b"\x8e\x08" + mac + b"\x90\x00"
        assert refused(reader.open_answer, answer) is not believed
        if believed:
            for cut in (
                b"\x8e\x00",
                b"\x8e\x04" + mac[:4],
                b"\x8e\x07" + mac[:7],
                b"\x8e\x09" + mac + b"\x00",
            ):
                reader, _ = both()
                reader.protect(READ)
                assert refused(reader.open_answer, objects + cut + b"\x90\x00")


def test_session_under_another_key_is_no_session():
    other = SecureChannel(SessionKeys(bytes(32), ENCRYPTION_KEY))
    reader, _ = both()
    assert refused(other.open_command, reader.protect(READ))


def test_data_beyond_a_message_is_refused_before_it_is_sent():
    for cipher in (None, Same()):
        reader, card = both(cipher)
        most = bytes(MAX_DATA)
        command = bytes([0x00, 0xD6, 0x82, 0x00, MAX_DATA]) + most
        secured = reader.protect(command)
        assert len(secured) <= 261
        assert card.open_command(secured) == command
        assert len(card.protect_answer(most, apdu.SW_OK)) <= apdu.MAX_RESPONSE
        assert too_long(reader.protect, bytes([0x00, 0xD6, 0x82, 0x00, MAX_DATA + 1]) + most + b"\x00")
        assert too_long(card.protect_answer, most + b"\x00", apdu.SW_OK)


def too_long(work, *arguments):
    try:
        work(*arguments)
    except ValueError:
        return True
    return False


def test_data_of_any_length_and_ending_is_padded_and_comes_out_as_it_was():
    reader, card = both(Same())
    for size in (0, 1, 15, 16, 17, 31, 32, 222, 223):
        for last in (b"\x00", b"\x80", b"\x80\x00"):
            data = (bytes(size) + last)[-size:] if size else b""
            card.open_command(reader.protect(READ))
            assert reader.open_answer(card.protect_answer(data, apdu.SW_OK)) == (data, apdu.SW_OK)


def test_encrypted_and_plain_data_do_not_stand_in_for_each_other():
    for reader_cipher, card_cipher in ((None, Same()), (Same(), None)):
        reader, card = SecureChannel(KEYS, reader_cipher), SecureChannel(KEYS, card_cipher)
        card.open_command(reader.protect(READ))
        assert refused(reader.open_answer, card.protect_answer(b"data", apdu.SW_OK))


class Blank(Same):
    """A cipher whose plain data is never padded."""

    def decrypt_cbc(self, iv, data):
        return bytes(len(data))


def test_wrong_padding_under_a_right_mac_is_refused():
    reader, card = both(Blank())
    card.open_command(reader.protect(READ))
    assert refused(reader.open_answer, card.protect_answer(b"data", apdu.SW_OK))


def test_random_bytes_are_refused():
    state = 1
    for _ in range(300):
        data = bytearray()
        state = (state * 1103515245 + 12345) & 0x7FFFFFFF
        for _ in range(state >> 8 & 0x7F):
            state = (state * 1103515245 + 12345) & 0x7FFFFFFF
            data.append(state >> 16 & 0xFF)
        reader, card = both()
        assert refused(card.open_command, bytes(data))
        reader.protect(READ)
        assert refused(reader.open_answer, bytes(data))


def test_commands_of_every_case_are_split():
    assert split_command(b"\x00\xa4\x04\x00") == (b"\x00\xa4\x04\x00", b"", None)
    assert split_command(b"\x00\xb0\x82\x00\x00") == (b"\x00\xb0\x82\x00", b"", 0)
    assert split_command(b"\x00\xd6\x82\x00\x01\x05") == (b"\x00\xd6\x82\x00", b"\x05", None)
    assert split_command(b"\x00\x88\x00\x00\x01\x05\x00") == (b"\x00\x88\x00\x00", b"\x05", 0)
    for size in (0, 1, 3):
        assert refused_split(bytes(size))
    for body in (b"\x00\x01", b"\x02\x01", b"\x01\x01\x00\x00", b"\x00\x00\x00"):
        assert refused_split(b"\x00\xb0\x00\x00" + body)


def refused_split(command):
    try:
        split_command(command)
    except ValueError:
        return True
    return False

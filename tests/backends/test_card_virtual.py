"""The virtual card, in process; and what only it can be asked: writing, guessing, and images that are no card's."""

from dataclasses import replace

import pytest

from backends.card_suite import CardSuite, Session, at_desk, authenticate, converse, sam_of, status_of
from juzhu_protocol.authority.errors import CardImageError
from juzhu_protocol.card import apdu
from juzhu_protocol.card.conversation import DONE, NOT_PROVEN, UNKNOWN_EPOCH, BusConversation
from juzhu_protocol.card.keys import ROLE_AUTHORITY, ROLE_BUS
from juzhu_protocol.card.secure_messaging import MAX_DATA
from juzhu_protocol.records.card import CardKeys, Info
from juzhu_simulator.card import FIRST_DELAY_S, FREE_FAILURES, MAX_DELAY_S, VirtualCard, delay_after
from juzhu_simulator.card_files import RefusedError


class TestVirtualCard(CardSuite):
    @pytest.fixture
    def card(self, image):
        return VirtualCard(image)

    @pytest.mark.parametrize("length", [0, 1, 2, 3])
    def test_command_without_a_whole_header_is_of_wrong_length(self, card, length):
        # No reader of PC/SC lets such a command through, so this one is the virtual card's alone.
        assert card.transmit(b"\x00\xa4\x04\x0c"[:length]) == b"\x67\x00"


@pytest.fixture
def card(image):
    card = VirtualCard(image)
    card.transmit(apdu.select())
    return card


def update(content):
    return bytes([0x00, apdu.INS_UPDATE_BINARY, 0x80 | apdu.SFI_SERVICE, 0x00, len(content)]) + content


def append(record):
    return bytes([0x00, apdu.INS_APPEND_RECORD, 0x00, apdu.SFI_ENDORSEMENTS << 3, len(record)]) + record


def test_authority_appends_an_endorsement_and_replaces_service(card, image):
    session = Session(card, image, ROLE_AUTHORITY)
    assert session.send(append(image.endorsements[1])) == (b"", apdu.SW_OK)
    assert session.send(update(image.info)) == (b"", apdu.SW_OK)
    assert card.files.endorsements == (*image.endorsements, image.endorsements[1])
    assert card.files.service == image.info
    card.reset()
    read = converse(card)
    assert (read.service, read.endorsements_held) == (image.info, 3)


def test_write_torn_between_endorsement_and_service_leaves_the_old_service_and_the_new_count(card, image):
    session = Session(card, image, ROLE_AUTHORITY)
    session.send(append(image.endorsements[1]))
    card.reset()
    read = converse(card)
    assert (read.service, read.endorsements_held) == (image.service, 3)


def test_card_holds_255_endorsements_and_no_more(image):
    card = VirtualCard(replace(image, endorsements=(b"one",) * 254))
    card.transmit(apdu.select())
    session = Session(card, image, ROLE_AUTHORITY)
    assert session.send(append(b"last")) == (b"", apdu.SW_OK)
    assert session.send(append(b"one more")) == (b"", apdu.SW_NO_ROOM)
    assert converse(card).endorsements_held == 255
    assert len(converse(card, at_desk()).endorsements) == 255


def test_most_that_a_secured_command_carries_is_read_back_whole(card, image):
    session = Session(card, image, ROLE_AUTHORITY)
    most = bytes(range(MAX_DATA))
    assert session.send(update(most)) == (b"", apdu.SW_OK)
    assert session.send(append(most)) == (b"", apdu.SW_OK)
    for command in (update, append):
        with pytest.raises(ValueError, match="224 bytes of data, at most 223 fit"):
            session.send(command(bytes(MAX_DATA + 1)))
    read = converse(card, at_desk())
    assert (read.service, read.endorsements[-1]) == (most, most)


def test_record_that_no_answer_could_carry_is_refused_whoever_secured_it(card):
    with pytest.raises(RefusedError) as refused:
        card.files.append(ROLE_AUTHORITY, apdu.SFI_ENDORSEMENTS, bytes(MAX_DATA + 1))
    assert refused.value.status == apdu.SW_NO_ROOM


@pytest.mark.parametrize("size", [222, 223, 224, 446, 4096])
def test_photo_of_any_size_is_read_whole(image, size):
    photo = bytes(number % 251 for number in range(size))
    read = converse(VirtualCard(replace(image, photo=photo)), at_desk())
    assert (read.state, read.photo) == (DONE, photo)


def test_empty_photo_is_no_error(image):
    read = converse(VirtualCard(replace(image, photo=b"")), at_desk())
    assert (read.state, read.photo) == (DONE, b"")


# -- guessing --


def test_delay_doubles_from_a_tenth_of_a_second_to_one_and_no_further():
    assert [delay_after(count) for count in range(9)] == [0, 0, 0, 0.1, 0.2, 0.4, 0.8, 1.0, 1.0]
    assert (FIRST_DELAY_S, MAX_DELAY_S, FREE_FAILURES) == (0.1, 1.0, 3)
    assert delay_after(10**6) == MAX_DELAY_S


def test_guesses_are_remembered_without_power_and_each_waits_longer(card, image):
    waited = []
    for _ in range(9):
        card.reset()
        card.transmit(apdu.select())
        assert status_of(authenticate(card, image, sam_of(ROLE_BUS), wrong=1)) == apdu.SW_RETRIES | 2
        waited.append(card.take_delay_s())
    assert waited == [0, 0, 0, 0.1, 0.2, 0.4, 0.8, 1.0, 1.0]


def test_right_key_waits_once_and_clears_the_guesses(card, image):
    for _ in range(20):
        card.reset()
        card.transmit(apdu.select())
        authenticate(card, image, sam_of(ROLE_BUS), wrong=1)
    card.take_delay_s()
    assert converse(card).state == DONE
    assert card.take_delay_s() == MAX_DELAY_S
    assert converse(card).state == DONE
    assert card.take_delay_s() == 0


def test_card_that_is_blocked_in_its_field_neither_waits_nor_counts(card, image):
    for _ in range(3):
        authenticate(card, image, sam_of(ROLE_BUS), wrong=1)
    for _ in range(5):
        assert status_of(authenticate(card, image, sam_of(ROLE_BUS))) == apdu.SW_BLOCKED
    assert card.take_delay_s() == 0
    assert converse(card).state == NOT_PROVEN
    card.reset()
    assert converse(card).state == DONE
    assert card.take_delay_s() == FIRST_DELAY_S


# -- images that are no card's --


def test_chip_without_keys_authenticates_nobody(image):
    card = VirtualCard(replace(image, card_keys=b""))
    card.transmit(apdu.select())
    assert status_of(authenticate(card, image, sam_of(ROLE_BUS))) == apdu.SW_KEY_NOT_FOUND
    assert converse(card).state == NOT_PROVEN


def test_card_from_before_card_authentication_asks_no_sam(image):
    info = Info.from_bytes(image.info)
    info.card_key_epoch = 0
    sam = sam_of(ROLE_BUS)
    sam._masters[0] = bytes(32)
    card = VirtualCard(replace(image, info=info.to_bytes(), card_keys=b""))
    assert converse(card, BusConversation(sam)).state == UNKNOWN_EPOCH


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"info": bytes(256)}, "file 1 has 256 bytes"),
        ({"service": bytes(256)}, "file 2 has 256 bytes"),
        ({"holder": bytes(327)}, "file 4 has 327 bytes"),
        ({"photo": bytes(4097)}, "file 5 has 4097 bytes"),
        ({"security": bytes(256)}, "file 6 has 256 bytes"),
        ({"endorsements": (b"",) * 256}, "255 endorsements"),
        ({"endorsements": (bytes(224),)}, "223 bytes each"),
        ({"card_keys": bytes(5)}, "card_keys"),
        ({"card_keys": CardKeys(1, 1, *[bytes(32)] * 4).to_bytes()}, "card_keys: private key"),
    ],
)
def test_image_that_no_chip_can_hold_is_refused_in_words(image, changes, words):
    with pytest.raises(CardImageError, match=words):
        VirtualCard(replace(image, **changes))


def test_card_shows_no_key(image):
    card = VirtualCard(image)
    assert repr(card) == "VirtualCard(with keys)"
    assert image.card_keys[4:36].hex() not in repr(card)

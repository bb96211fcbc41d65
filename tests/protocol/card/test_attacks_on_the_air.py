"""Attacks on what passes between card and reader, and by either on the other, each by its name."""

import pytest
from card_tools import (
    EPOCH,
    KEYS,
    PERMIT_KEY,
    Between,
    Draws,
    bus,
    bus_verdict,
    card_of,
    converse,
    desk,
    issued,
    log_of,
    sam_of,
    trusting,
)

from juzhu_protocol.card import apdu
from juzhu_protocol.card.authentication import Exchange
from juzhu_protocol.card.conversation import (
    BROKEN,
    DONE,
    NOT_PROVEN,
    RUNNING,
    TORN,
    BusConversation,
)
from juzhu_protocol.card.keys import ROLE_BUS, ROLE_COUNTER
from juzhu_protocol.card.secure_messaging import SecureChannel
from juzhu_protocol.errors import SamError, SecureMessagingError
from juzhu_protocol.hostside.aes import AesCbc
from juzhu_protocol.rules.decide import FORGED, GENUINE, KEY_UNKNOWN
from juzhu_protocol.trust.service import check_unproven

MINE = 7
MUTUAL_AT, SERVICE_AT = 4, 5
"""Which command of a bus's conversation is which, from 1."""


def flipped(data, at, bit=1):
    return data[:at] + bytes([data[at] ^ bit]) + data[at:][1:]


# -- in the middle of a session --


def spoiled(change, at=SERVICE_AT, start=bus):
    """The conversation in which `change` was made to the answer of command `at`."""

    def response(number, command, given):
        return change(given) if number == at else given

    return converse(start(), Between(card_of(issued(MINE)), response=response))


ANSWER_SIZE = 114
SERVICE_FROM = 2
MAC_FROM = ANSWER_SIZE - 2 - 8


@pytest.mark.parametrize(
    "at", [SERVICE_FROM, SERVICE_FROM + 25, 97, 98, 100, 101, 102, MAC_FROM, ANSWER_SIZE - 3]
)
def test_service_changed_under_the_mac_is_not_believed(at):
    conversation = spoiled(lambda answer: flipped(answer, at))
    assert (conversation.state, conversation.service) == (BROKEN, b"")


@pytest.mark.parametrize("at", [ANSWER_SIZE - 2, ANSWER_SIZE - 1])
def test_status_word_that_is_not_under_the_mac_is_not_believed(at):
    assert spoiled(lambda answer: flipped(answer, at)).state == BROKEN


@pytest.mark.parametrize("kept", range(8))
def test_truncated_mac_is_not_believed(kept):
    def cut(answer):
        return answer[: MAC_FROM - 1] + bytes([kept]) + answer[MAC_FROM : MAC_FROM + kept] + answer[-2:]

    assert spoiled(cut).state == BROKEN


@pytest.mark.parametrize("start", [bus, desk])
@pytest.mark.parametrize(
    "strip",
    [
        lambda answer: issued(MINE).service + b"\x90\x00",
        lambda answer: b"\x90\x00",
        lambda answer: b"\x99\x02\x90\x00\x90\x00",
        lambda answer: b"\x81\x60" + issued(MINE).service + b"\x99\x02\x90\x00\x90\x00",
        lambda answer: answer[:-12] + answer[-2:],
        lambda answer: answer[:-12] + b"\x8e\x00" + answer[-2:],
    ],
)
def test_answer_stripped_of_secure_messaging_is_not_believed(start, strip):
    conversation = spoiled(strip, start=start)
    assert (conversation.state, conversation.service) == (BROKEN, b"")


@pytest.mark.parametrize(
    "change",
    [
        lambda answer: answer[:-2] + b"\x99\x00" + answer[-2:],
        lambda answer: b"\x99\x02\x90\x00" + answer,
        lambda answer: answer[-16:-2] + answer,
        lambda answer: answer[:98] * 2 + answer[98:],
        lambda answer: b"\x85\x00" + answer,
        lambda answer: b"\x81\x81\x60" + answer[2:],
        lambda answer: b"\x81\x82\x00\x60" + answer[2:],
        lambda answer: b"\x81\x80" + answer[2:],
        lambda answer: b"\x81\xff" + answer[2:],
        lambda answer: answer[:1] + b"\x7f" + answer[2:],
        lambda answer: answer[98:],
    ],
    ids=range(11),
)
def test_answer_with_other_data_objects_is_not_believed(change):
    assert spoiled(change).state == BROKEN


def test_secured_answer_played_again_is_not_believed():
    card = card_of(issued(MINE))
    between = Between(
        card, response=lambda number, command, answer: between.seen[-1][1] if number == 6 else answer
    )
    conversation = converse(desk(), between)
    assert (conversation.state, conversation.apdus) == (BROKEN, 6)
    assert conversation.security == b""


def test_secured_answer_of_another_session_is_not_believed():
    old = log_of(bus(sam_of(ROLE_BUS, Draws(99))), card_of(issued(MINE)))
    assert spoiled(lambda answer: old[SERVICE_AT - 1][1]).state == BROKEN


def test_secured_command_played_again_ends_the_session():
    card = card_of(issued(MINE))
    between = Between(card)
    converse(bus(), between)
    assert card.transmit(between.seen[-1][0]) == b"\x69\x88"


def test_dropped_command_ends_the_session():
    # The man in the middle answers the first secured command himself, so that the card misses one.
    card = card_of(issued(MINE))
    conversation = desk()
    while conversation.apdus < MUTUAL_AT:
        conversation.receive(card.transmit(conversation.command))
    channel = conversation._channel
    channel.protect(apdu.read_binary(apdu.SFI_SECURITY, 223))
    assert card.transmit(channel.protect(apdu.read_binary(apdu.SFI_HOLDER, 223))) == b"\x69\x88"
    assert card.transmit(conversation.command) == b"\x69\x82"


def test_dropped_answer_is_a_torn_read_and_nothing_after_it_is_taken():
    card = card_of(issued(MINE))
    conversation = bus()
    while conversation.apdus < SERVICE_AT - 1:
        conversation.receive(card.transmit(conversation.command))
    late = card.transmit(conversation.command)
    conversation.receive(None)
    conversation.receive(late)
    assert (conversation.state, conversation.service, conversation.apdus) == (TORN, b"", SERVICE_AT)


@pytest.mark.parametrize("at", range(19))
def test_command_changed_on_the_way_ends_the_session(at):
    def change(number, command):
        return flipped(command, at) if number == SERVICE_AT else command

    conversation = converse(bus(), Between(card_of(issued(MINE)), command=change))
    # The last byte is the Le of the secured command, which stands outside the MAC and says nothing.
    assert conversation.state == (DONE if at == 18 else BROKEN)


def test_file_of_a_secured_command_cannot_be_changed_on_the_way():
    card = card_of(issued(MINE))
    between = Between(
        card, command=lambda number, command: flipped(command, 2, 2 ^ 4) if number == SERVICE_AT else command
    )
    assert converse(desk(), between).state == BROKEN
    assert between.seen[-1][1] == b"\x69\x88"


def test_answer_in_the_clear_in_an_encrypted_session_is_not_believed():
    """Even under the right MAC: a card that was told to, or a thief of the MAC key alone, shows nobody a holder."""
    keys = Exchange(bytes(32), bytes(16), bytes(16)).session_keys()
    reader, card = SecureChannel(keys, AesCbc(keys.encryption)), SecureChannel(keys)
    card.open_command(reader.protect(apdu.read_binary(apdu.SFI_SERVICE)))
    with pytest.raises(SecureMessagingError, match="in the clear in an encrypted session"):
        reader.open_answer(card.protect_answer(b"in the clear", apdu.SW_OK))


def test_encrypted_answer_in_a_session_in_the_clear_is_not_believed():
    keys = Exchange(bytes(32), bytes(16), bytes(16)).session_keys()
    reader, card = SecureChannel(keys), SecureChannel(keys, AesCbc(keys.encryption))
    card.open_command(reader.protect(apdu.read_binary(apdu.SFI_SERVICE)))
    with pytest.raises(SecureMessagingError, match="encrypted data in a session without"):
        reader.open_answer(card.protect_answer(b"hidden", apdu.SW_OK))


def test_counter_without_encryption_reads_nothing():
    # The bus's kind of conversation with a counter's SAM: the card encrypts for that role, whatever the reader does.
    conversation = converse(BusConversation(sam_of(ROLE_COUNTER)), card_of(issued(MINE)))
    assert (conversation.state, conversation.service) == (BROKEN, b"")


def test_data_in_the_clear_from_a_counter_ends_the_session():
    card = card_of(issued(MINE))
    conversation = desk()
    while conversation.apdus < MUTUAL_AT:
        conversation.receive(card.transmit(conversation.command))
    in_the_clear = conversation._channel
    in_the_clear._cipher = None
    in_the_clear._counter -= 1
    assert card.transmit(in_the_clear.protect(apdu.internal_authenticate(bytes(16)))) == b"\x69\x88"


# -- a reader that wants more than its role --


class CuriousBus(BusConversation):
    """A bus whose software asks for more."""

    def __init__(self, wanted):
        self.wanted = wanted
        self.answers = []
        super().__init__(sam_of(ROLE_BUS))

    def _read_files(self):
        for command in self.wanted:
            answer = yield self._channel.protect(command)
            self.answers.append(self._channel.open_answer(answer))


FORBIDDEN = {
    "endorsements": apdu.read_record(apdu.SFI_ENDORSEMENTS, 1),
    "holder": apdu.read_binary(apdu.SFI_HOLDER),
    "photo": apdu.read_binary(apdu.SFI_PHOTO),
    "security": apdu.read_binary(apdu.SFI_SECURITY),
    "signature": apdu.internal_authenticate(bytes(16)),
}


@pytest.mark.parametrize("name", FORBIDDEN)
def test_bus_that_asks_for_more_than_service_gets_nothing(name):
    reader = converse(CuriousBus([FORBIDDEN[name]]), card_of(issued(MINE)))
    assert reader.answers == [(b"", apdu.SW_SECURITY_STATUS)]


def test_bus_reads_no_other_file_by_offset_after_service():
    read_service = apdu.read_binary(apdu.SFI_SERVICE)
    wanted = [read_service, FORBIDDEN["holder"], apdu.read_on(0, 223)]
    reader = converse(CuriousBus(wanted), card_of(issued(MINE)))
    assert reader.answers[2] == reader.answers[0] == (issued(MINE).service, apdu.SW_OK)


def test_file_that_a_counter_had_open_is_closed_to_the_bus_after_it():
    card = card_of(issued(MINE))
    converse(desk(), card)
    # The counter's last file stays the current one until another is read; nobody reads it but by his own right.
    assert card.transmit(apdu.read_on(0, 16)) == b"\x69\x82"
    reader = converse(CuriousBus([apdu.read_on(0, 223)]), card)
    assert reader.answers == [(issued(MINE).info, apdu.SW_OK)]


def test_session_ends_when_the_card_leaves():
    card = card_of(issued(MINE))
    conversation = bus()
    while conversation.apdus < SERVICE_AT - 1:
        conversation.receive(card.transmit(conversation.command))
    card.reset()
    assert card.transmit(conversation.command) == b"\x69\x82"
    card.transmit(apdu.select())
    assert card.transmit(conversation.command) == b"\x69\x82"


def test_guessing_gets_slower_and_never_kills_the_card():
    card, guesser = card_of(issued(MINE)), sam_of(ROLE_BUS)
    guesser._masters = {EPOCH: bytes(32)}
    waited = 0.0
    for _ in range(50):
        card.reset()
        assert converse(bus(guesser), card).state == NOT_PROVEN
        waited += card.take_delay_s()
    assert waited == pytest.approx(0.1 + 0.2 + 0.4 + 0.8 + 43 * 1.0)
    card.reset()
    honest = converse(bus(), card)
    assert (honest.state, bus_verdict(honest)) == (DONE, GENUINE)


@pytest.mark.parametrize("talk", [bus, lambda sam: desk(sam=sam)], ids=["bus", "counter"])
def test_reader_of_another_authority_calls_no_card_a_forgery_and_harms_it_until_it_is_home(talk):
    def without_ours(bundle):
        bundle.keys = [key for key in bundle.keys if key.public_key != PERMIT_KEY.public_key]

    abroad = trusting(without_ours)
    card, foreign = card_of(issued(MINE)), sam_of(talk(None)._sam.role)
    foreign._masters = {EPOCH: bytes(32)}
    waits = []
    for _ in range(5):
        card.reset()
        conversation = converse(talk(foreign), card)
        assert (conversation.state, check_unproven(conversation.info, abroad)) == (NOT_PROVEN, KEY_UNKNOWN)
        assert check_unproven(conversation.info, KEYS.trusted) == FORGED
        waits.append(card.take_delay_s())
    assert waits == [0, 0, 0, pytest.approx(0.1), pytest.approx(0.2)]
    card.reset()
    assert converse(talk(None), card).state == DONE
    card.take_delay_s()
    converse(talk(foreign), card)
    assert card.take_delay_s() == 0


# -- cards that lie about lengths, or never end --


def lying(number, change):
    """A bus's conversation with a card whose answer to one command, before it is secured, is another."""

    def response(at, command, given):
        return change(given) if at == number else given

    conversation = converse(bus(), Between(card_of(issued(MINE)), response=response))
    assert conversation.state != RUNNING
    return conversation


@pytest.mark.parametrize("number", range(1, 6))
@pytest.mark.parametrize(
    "answer", [b"", b"\x90", bytes(257) + b"\x90\x00", bytes(70000), b"\x6f\x00", b"\x61\x10", b"\x6c\x0f"]
)
def test_answer_that_is_no_response_apdu_or_no_success_ends_the_conversation(number, answer):
    assert lying(number, lambda given: answer).state == BROKEN


@pytest.mark.parametrize("size", [0, 15, 17, 255])
def test_challenge_of_another_size_ends_the_conversation(size):
    assert lying(MUTUAL_AT - 1, lambda given: bytes(size) + b"\x90\x00").state == BROKEN


@pytest.mark.parametrize("size", [0, 16, 18])
def test_token_of_another_size_ends_the_conversation(size):
    assert lying(MUTUAL_AT, lambda given: (given + bytes(16))[:size] + b"\x90\x00").state == BROKEN


class Endless:
    """A genuine chip whose files never end; it secures whatever it says."""

    def __init__(self, part):
        self._card = card_of(issued(MINE))
        self._part = part
        self.answers = 0

    def transmit(self, command):
        card = self._card
        if card._channel is None:
            return card.transmit(command)
        card._channel.open_command(command)
        self.answers += 1
        return card._channel.protect_answer(self._part, apdu.SW_OK)


@pytest.mark.parametrize(("start", "most"), [(bus, 2), (desk, 24)])
def test_card_that_goes_on_for_ever_is_left(start, most):
    card = Endless(bytes(223))
    assert converse(start(), card).state == BROKEN
    assert card.answers <= most


def test_card_that_states_more_endorsements_than_it_has_is_left():
    image = issued(MINE)
    card = card_of(image)
    card.files._records = list(image.endorsements) * 3
    conversation = desk()
    while conversation.apdus < MUTUAL_AT:
        conversation.receive(card.transmit(conversation.command))
    card.files._records = list(image.endorsements)
    assert converse(conversation, card).state == BROKEN


def test_sam_that_fails_in_the_middle_leaves_nothing_to_be_believed():
    class Pulled:
        role = ROLE_BUS

        def begin(self, *card):
            raise SamError("the SAM cannot be reached")

    card, conversation = card_of(issued(MINE)), bus(Pulled())
    with pytest.raises(SamError):
        converse(conversation, card)
    assert conversation.state == BROKEN
    conversation.receive(b"\x90\x00")
    assert (conversation.state, conversation.service) == (BROKEN, b"")


def test_conversation_that_is_over_takes_no_answer_more():
    card = card_of(issued(MINE))
    for change in (lambda answer: answer[:-1], lambda answer: b"\x63\xc2"):
        conversation = lying(MUTUAL_AT, change)
        state = conversation.state
        conversation.receive(b"\x90\x00")
        assert (conversation.state, conversation.service) == (state, b"")
    done = converse(bus(), card)
    done.receive(b"")
    assert (done.state, done.apdus) == (DONE, SERVICE_AT)

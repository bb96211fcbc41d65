"""What every card of Juzhu card profile 1 answers, however it is reached: the tests of all backends."""

import secrets
from typing import Protocol

import pytest

from backends.card_images import KEYS
from juzhu_protocol.card import apdu
from juzhu_protocol.card.conversation import (
    DONE,
    NOT_OURS,
    NOT_PROVEN,
    RUNNING,
    BusConversation,
    CounterConversation,
)
from juzhu_protocol.card.keys import ROLE_AUTHORITY, ROLE_BUS, ROLE_COUNTER
from juzhu_protocol.card.sam import SoftwareSam
from juzhu_protocol.card.secure_messaging import SecureChannel
from juzhu_protocol.hostside.aes import AesCbc
from juzhu_protocol.hostside.native import NativeVerifier
from juzhu_protocol.records.card import Info, Service
from juzhu_protocol.rules.decide import GENUINE
from juzhu_protocol.trust.chip import judge_chip

FOREIGN_AID = bytes.fromhex("a000000003000000")
CHALLENGE = bytes(range(16))
SERVED = (ROLE_COUNTER, ROLE_AUTHORITY)

READS = {
    apdu.SFI_SERVICE: apdu.read_binary(apdu.SFI_SERVICE),
    apdu.SFI_ENDORSEMENTS: apdu.read_record(apdu.SFI_ENDORSEMENTS, 1),
    apdu.SFI_HOLDER: apdu.read_binary(apdu.SFI_HOLDER),
    apdu.SFI_PHOTO: apdu.read_binary(apdu.SFI_PHOTO),
    apdu.SFI_SECURITY: apdu.read_binary(apdu.SFI_SECURITY),
}
"""How each file but INFO is read."""

WRITES = [
    bytes([0x00, apdu.INS_UPDATE_BINARY, 0x80 | apdu.SFI_SERVICE, 0x00, 0x01, 0x5A]),
    bytes([0x00, apdu.INS_APPEND_RECORD, 0x00, apdu.SFI_ENDORSEMENTS << 3, 0x01, 0x5A]),
]
SIGN = apdu.internal_authenticate(CHALLENGE)


class Card(Protocol):
    """A card in reach of a reader."""

    def transmit(self, command: bytes) -> bytes:
        """Return the response APDU."""

    def reset(self) -> None:
        """Reset the card as the reader would."""


def sam_of(role: int) -> SoftwareSam:
    return SoftwareSam(role, {1: KEYS.sam_set(1).master(role)}, secrets.token_bytes)


def converse(card: Card, conversation: BusConversation | CounterConversation | None = None):
    """A whole conversation with the card, a bus's unless another is given."""
    conversation = conversation or BusConversation(sam_of(ROLE_BUS))
    while conversation.state == RUNNING:
        conversation.receive(card.transmit(conversation.command))
    return conversation


def at_desk(role: int = ROLE_COUNTER) -> CounterConversation:
    return CounterConversation(sam_of(role), AesCbc, secrets.token_bytes, with_photo=True)


def status_of(response: bytes) -> int:
    """The status word of an answer that carries nothing else."""
    data, status = apdu.split_response(response)
    assert data == b""
    return status


def authenticate(card: Card, image, sam: SoftwareSam, *, wrong: int = 0) -> bytes:
    """The card's answer to MUTUAL AUTHENTICATE by the SAM's key; `wrong` spoils the token."""
    challenge, _ = apdu.split_response(card.transmit(apdu.get_challenge(16)))
    info = Info.from_bytes(image.info)
    proof = sam.begin(info.card_key_epoch, info.list_division, info.serial, challenge)
    assert proof is not None
    return card.transmit(apdu.mutual_authenticate(sam.role, proof[:-1] + bytes([proof[-1] ^ wrong])))


class Session:
    """A secured session of a role with the card."""

    def __init__(self, card: Card, image, role: int) -> None:
        sam = sam_of(role)
        data, status = apdu.split_response(authenticate(card, image, sam))
        assert status == apdu.SW_OK
        keys = sam.finish(data)
        assert keys is not None
        self.card = card
        self.channel = SecureChannel(keys, None if role == ROLE_BUS else AesCbc(keys.encryption))

    def send(self, command: bytes) -> tuple[bytes, int]:
        return self.channel.open_answer(self.card.transmit(self.channel.protect(command)))


class CardSuite:
    """A backend's class inherits this and brings the fixtures.

    `image`: the CardImage on the card, with two endorsements and keys; `card`: that card, powered, nothing selected.
    """

    @pytest.fixture
    def card(self):
        raise NotImplementedError("the backend's class brings its card")

    @pytest.fixture
    def selected(self, card):
        assert card.transmit(apdu.select()) == b"\x90\x00"
        return card

    # -- anyone --

    def test_select_by_aid_is_answered_without_data(self, card):
        assert status_of(card.transmit(apdu.select())) == apdu.SW_OK

    def test_select_that_allows_for_data_gets_none(self, card):
        assert status_of(card.transmit(apdu.select() + b"\x00")) == apdu.SW_OK

    @pytest.mark.parametrize("aid", [FOREIGN_AID, apdu.AID[:-1], apdu.AID[:-1] + b"\x02", apdu.AID + b"\x00"])
    def test_another_applications_aid_is_not_found(self, card, aid):
        command = bytes([0x00, apdu.INS_SELECT, 0x04, 0x0C, len(aid)]) + aid
        assert status_of(card.transmit(command)) == apdu.SW_FILE_NOT_FOUND

    def test_info_is_the_images(self, selected, image):
        data, status = apdu.split_response(selected.transmit(apdu.read_binary(apdu.SFI_INFO)))
        assert (data, status) == (image.info, apdu.SW_OK)

    def test_part_of_info_is_read_from_an_offset(self, selected, image):
        command = bytes([0x00, apdu.INS_READ_BINARY, 0x80 | apdu.SFI_INFO, 5, 7])
        assert selected.transmit(command) == image.info[5:12] + b"\x90\x00"

    def test_info_is_read_on_as_the_current_file(self, selected, image):
        assert selected.transmit(apdu.read_binary(apdu.SFI_INFO, 5)) == image.info[:5] + b"\x90\x00"
        assert selected.transmit(apdu.read_on(5, 200)) == image.info[5:] + b"\x90\x00"
        assert selected.transmit(apdu.read_on(len(image.info), 200)) == b"\x90\x00"

    def test_offset_past_the_files_end(self, selected, image):
        command = bytes([0x00, apdu.INS_READ_BINARY, 0x80 | apdu.SFI_INFO, len(image.info) + 1, 0])
        assert status_of(selected.transmit(command)) == apdu.SW_WRONG_OFFSET
        selected.transmit(apdu.read_binary(apdu.SFI_INFO))
        assert status_of(selected.transmit(apdu.read_on(0x7FFF, 0))) == apdu.SW_WRONG_OFFSET

    @pytest.mark.parametrize("command", [*READS.values(), *WRITES, SIGN])
    def test_nothing_but_info_is_for_whoever_has_not_proven_himself(self, selected, command):
        assert status_of(selected.transmit(command)) == apdu.SW_SECURITY_STATUS

    def test_refused_file_does_not_become_the_current_one(self, selected):
        selected.transmit(READS[apdu.SFI_SERVICE])
        assert status_of(selected.transmit(apdu.read_on(0, 0))) == apdu.SW_NO_CURRENT_FILE

    @pytest.mark.parametrize("command", [apdu.read_binary(30), apdu.read_binary(0), apdu.read_record(30, 1)])
    def test_file_that_is_not_there(self, selected, command):
        assert status_of(selected.transmit(command)) == apdu.SW_FILE_NOT_FOUND

    @pytest.mark.parametrize(
        "command",
        [
            bytes([0x00, apdu.INS_READ_BINARY, 0xC0 | apdu.SFI_INFO, 0x00, 0x00]),
            bytes([0x00, apdu.INS_READ_RECORD, 0x01, apdu.SFI_ENDORSEMENTS << 3 | 0x02, 0x00]),
            bytes([0x00, apdu.INS_GET_CHALLENGE, 0x00, 0x01, 0x10]),
            bytes([0x00, apdu.INS_UPDATE_BINARY, 0x80 | apdu.SFI_SERVICE, 0x01, 0x01, 0x5A]),
            bytes([0x00, apdu.INS_APPEND_RECORD, 0x01, apdu.SFI_ENDORSEMENTS << 3, 0x01, 0x5A]),
        ],
    )
    def test_wrong_p1_p2_is_named(self, selected, command):
        assert status_of(selected.transmit(command)) == apdu.SW_WRONG_P1P2

    @pytest.mark.parametrize(
        "command",
        [
            apdu.read_binary(apdu.SFI_INFO)[:4],
            apdu.read_binary(apdu.SFI_INFO)[:4] + b"\x01\xff",
            apdu.read_record(apdu.SFI_ENDORSEMENTS, 1)[:4],
            apdu.get_challenge(8),
            apdu.get_challenge(0),
            apdu.mutual_authenticate(ROLE_BUS, bytes(31)),
            apdu.mutual_authenticate(ROLE_BUS, bytes(33)),
            apdu.mutual_authenticate(ROLE_BUS, bytes(32))[:-1],
            apdu.internal_authenticate(bytes(15)),
            WRITES[0][:4],
            WRITES[1] + b"\x00",
        ],
    )
    def test_wrong_length_is_named(self, selected, command):
        assert status_of(selected.transmit(command)) == apdu.SW_WRONG_LENGTH

    @pytest.mark.parametrize("ins", [0x20, 0xCA, 0x0E])
    def test_unknown_instruction(self, selected, ins):
        assert status_of(selected.transmit(bytes([0x00, ins, 0x00, 0x00, 0x00]))) == apdu.SW_INS_UNKNOWN

    @pytest.mark.parametrize("cla", [0x80, 0xE0, 0x04, 0x08])
    def test_unknown_class(self, selected, cla):
        command = bytes([cla]) + apdu.read_binary(apdu.SFI_INFO)[1:]
        assert status_of(selected.transmit(command)) == apdu.SW_CLA_UNKNOWN

    @pytest.mark.parametrize(
        "command", [apdu.read_binary(apdu.SFI_INFO), *READS.values(), SIGN, apdu.get_challenge(16)]
    )
    def test_nothing_is_done_before_the_application_is_selected(self, card, command):
        assert status_of(card.transmit(command)) == apdu.SW_NO_CURRENT_FILE

    def test_mistakes_leave_the_selection_as_it_was(self, selected, image):
        selected.transmit(bytes([0x00, 0x20, 0x00, 0x00, 0x00]))
        selected.transmit(apdu.read_binary(30))
        assert selected.transmit(apdu.read_binary(apdu.SFI_INFO)) == image.info + b"\x90\x00"

    def test_reset_forgets_the_selection(self, selected):
        selected.reset()
        command = apdu.read_binary(apdu.SFI_INFO)
        assert status_of(selected.transmit(command)) == apdu.SW_NO_CURRENT_FILE

    # -- authentication --

    def test_challenges_differ(self, selected):
        challenges = {selected.transmit(apdu.get_challenge(16)) for _ in range(4)}
        assert len(challenges) == 4
        assert {len(challenge) for challenge in challenges} == {18}

    @pytest.mark.parametrize("role", [ROLE_BUS, *SERVED])
    def test_card_that_is_asked_by_its_key_states_its_endorsements(self, selected, image, role):
        sam = sam_of(role)
        data, status = apdu.split_response(authenticate(selected, image, sam))
        assert (len(data), data[0], status) == (17, len(image.endorsements), apdu.SW_OK)
        assert sam.finish(data) is not None

    def test_authentication_needs_a_fresh_challenge(self, selected):
        command = apdu.mutual_authenticate(ROLE_BUS, bytes(32))
        assert status_of(selected.transmit(command)) == apdu.SW_CONDITIONS
        selected.transmit(apdu.get_challenge(16))
        selected.transmit(apdu.select())
        assert status_of(selected.transmit(command)) == apdu.SW_CONDITIONS

    @pytest.mark.parametrize("role", [0, 4, 255])
    def test_role_that_no_card_knows_has_no_key(self, selected, role):
        selected.transmit(apdu.get_challenge(16))
        command = apdu.mutual_authenticate(role, bytes(32))
        assert status_of(selected.transmit(command)) == apdu.SW_KEY_NOT_FOUND

    def test_guesses_are_counted_down_and_a_success_clears_them(self, selected, image):
        for left in (2, 1):
            answer = authenticate(selected, image, sam_of(ROLE_BUS), wrong=1)
            assert status_of(answer) == apdu.SW_RETRIES | left
        assert apdu.split_response(authenticate(selected, image, sam_of(ROLE_BUS)))[1] == apdu.SW_OK
        for left in (2, 1, 0):
            answer = authenticate(selected, image, sam_of(ROLE_BUS), wrong=1)
            assert status_of(answer) == apdu.SW_RETRIES | left
        assert status_of(authenticate(selected, image, sam_of(ROLE_BUS))) == apdu.SW_BLOCKED
        selected.reset()
        # No guess makes a card useless: the next reader that has the key gets its answer.
        assert converse(selected).state == DONE

    # -- sessions --

    def test_bus_reads_service(self, selected, image):
        session = Session(selected, image, ROLE_BUS)
        assert session.send(READS[apdu.SFI_SERVICE]) == (image.service, apdu.SW_OK)
        assert session.send(apdu.read_on(32, 9)) == (image.service[32:41], apdu.SW_OK)
        assert session.send(apdu.read_binary(apdu.SFI_INFO)) == (image.info, apdu.SW_OK)

    @pytest.mark.parametrize("sfi", [sfi for sfi in READS if sfi != apdu.SFI_SERVICE])
    def test_bus_is_refused_every_other_file(self, selected, image, sfi):
        session = Session(selected, image, ROLE_BUS)
        assert session.send(READS[sfi]) == (b"", apdu.SW_SECURITY_STATUS)

    @pytest.mark.parametrize("role", SERVED)
    def test_counter_and_authority_read_every_file(self, selected, image, role):
        session = Session(selected, image, role)
        first = session.send(READS[apdu.SFI_HOLDER])
        assert first == (image.holder[:223], apdu.SW_OK)
        assert session.send(apdu.read_on(223, 223)) == (image.holder[223:], apdu.SW_OK)
        assert session.send(READS[apdu.SFI_SERVICE]) == (image.service, apdu.SW_OK)
        assert session.send(READS[apdu.SFI_SECURITY]) == (image.security, apdu.SW_OK)
        assert session.send(READS[apdu.SFI_PHOTO])[1] == apdu.SW_OK
        for number, record in enumerate(image.endorsements, 1):
            command = apdu.read_record(apdu.SFI_ENDORSEMENTS, number)
            assert session.send(command) == (record, apdu.SW_OK)
        command = apdu.read_record(apdu.SFI_ENDORSEMENTS, len(image.endorsements) + 1)
        assert session.send(command) == (b"", apdu.SW_RECORD_NOT_FOUND)

    @pytest.mark.parametrize("role", [ROLE_BUS, ROLE_COUNTER])
    @pytest.mark.parametrize("command", WRITES)
    def test_authority_alone_writes(self, selected, image, role, command):
        session = Session(selected, image, role)
        assert session.send(command) == (b"", apdu.SW_SECURITY_STATUS)

    @pytest.mark.parametrize("sfi", [apdu.SFI_INFO, apdu.SFI_HOLDER, apdu.SFI_PHOTO, apdu.SFI_SECURITY])
    def test_authority_writes_nothing_that_was_issued_for_life(self, selected, image, sfi):
        session = Session(selected, image, ROLE_AUTHORITY)
        command = bytes([0x00, apdu.INS_UPDATE_BINARY, 0x80 | sfi, 0x00, 0x01, 0x5A])
        assert session.send(command) == (b"", apdu.SW_SECURITY_STATUS)

    def test_bus_gets_no_signature_of_the_chip(self, selected, image):
        assert Session(selected, image, ROLE_BUS).send(SIGN) == (b"", apdu.SW_SECURITY_STATUS)

    @pytest.mark.parametrize("role", SERVED)
    def test_counter_and_authority_get_the_chips_signature(self, selected, image, role):
        data, status = Session(selected, image, role).send(SIGN)
        assert (len(data), status) == (64, apdu.SW_OK)

    def test_encrypted_session_shows_no_holder_on_the_air(self, selected, image):
        session = Session(selected, image, ROLE_COUNTER)
        command = session.channel.protect(READS[apdu.SFI_HOLDER])
        answer = selected.transmit(command)
        assert image.holder[:16] not in answer
        assert session.channel.open_answer(answer)[0] == image.holder[:223]

    @pytest.mark.parametrize("role", [ROLE_BUS, *SERVED])
    def test_plain_command_ends_the_session(self, selected, image, role):
        session = Session(selected, image, role)
        assert selected.transmit(apdu.read_binary(apdu.SFI_INFO)) == image.info + b"\x90\x00"
        command = session.channel.protect(READS[apdu.SFI_SERVICE])
        assert status_of(selected.transmit(command)) == apdu.SW_SECURITY_STATUS

    def test_wrong_mac_ends_the_session(self, selected, image):
        session = Session(selected, image, ROLE_BUS)
        command = bytearray(session.channel.protect(READS[apdu.SFI_SERVICE]))
        command[-2] ^= 1
        assert status_of(selected.transmit(bytes(command))) == apdu.SW_WRONG_SM_OBJECT
        command[-2] ^= 1
        assert status_of(selected.transmit(bytes(command))) == apdu.SW_SECURITY_STATUS

    def test_missing_mac_ends_the_session(self, selected, image):
        session = Session(selected, image, ROLE_BUS)
        command = bytes([0x0C]) + READS[apdu.SFI_SERVICE][1:4] + b"\x03\x97\x01\x00\x00"
        assert status_of(selected.transmit(command)) == apdu.SW_NO_SM_OBJECT
        command = session.channel.protect(READS[apdu.SFI_SERVICE])
        assert status_of(selected.transmit(command)) == apdu.SW_SECURITY_STATUS

    def test_session_ends_with_the_field(self, selected, image):
        session = Session(selected, image, ROLE_BUS)
        selected.reset()
        selected.transmit(apdu.select())
        command = session.channel.protect(READS[apdu.SFI_SERVICE])
        assert status_of(selected.transmit(command)) == apdu.SW_SECURITY_STATUS

    def test_new_authentication_ends_the_session_before(self, selected, image):
        first = Session(selected, image, ROLE_COUNTER)
        second = Session(selected, image, ROLE_BUS)
        assert second.send(READS[apdu.SFI_SERVICE]) == (image.service, apdu.SW_OK)
        command = first.channel.protect(READS[apdu.SFI_HOLDER])
        assert status_of(selected.transmit(command)) == apdu.SW_WRONG_SM_OBJECT

    def test_refused_command_leaves_the_session_as_it_was(self, selected, image):
        session = Session(selected, image, ROLE_BUS)
        assert session.send(READS[apdu.SFI_HOLDER])[1] == apdu.SW_SECURITY_STATUS
        assert session.send(apdu.select()) == (b"", apdu.SW_INS_UNKNOWN)
        assert session.send(apdu.read_binary(30))[1] == apdu.SW_FILE_NOT_FOUND
        assert session.send(READS[apdu.SFI_SERVICE]) == (image.service, apdu.SW_OK)

    # -- whole conversations --

    def test_bus_conversation_ends_with_the_images_bytes(self, card, image):
        conversation = converse(card)
        assert conversation.state == DONE
        assert (conversation.info, conversation.service) == (image.info, image.service)
        assert conversation.endorsements_held == len(image.endorsements)
        assert conversation.apdus == 5
        Info.from_bytes(conversation.info)
        Service.from_bytes(conversation.service)

    @pytest.mark.parametrize("role", SERVED)
    def test_desk_conversation_ends_with_the_images_bytes_and_a_genuine_chip(self, card, image, role):
        read = converse(card, at_desk(role))
        assert read.state == DONE
        assert (read.info, read.service, read.security) == (image.info, image.service, image.security)
        assert (tuple(read.endorsements), read.holder, read.photo) == (
            image.endorsements,
            image.holder,
            image.photo,
        )
        chip = judge_chip(read, role, KEYS.trusted, NativeVerifier())
        assert (chip.authenticity, chip.fault) == (GENUINE, "")

    def test_conversations_follow_each_other_without_a_reset(self, card):
        first, desk, second = converse(card), converse(card, at_desk()), converse(card)
        assert (desk.state, second.state) == (DONE, DONE)
        assert (second.info, second.service) == (first.info, first.service)

    def test_bus_takes_another_applications_card_for_not_ours(self, card):
        conversation = BusConversation(sam_of(ROLE_BUS))
        conversation.receive(card.transmit(conversation.command[:-1] + b"\x02"))
        assert conversation.state == NOT_OURS

    def test_bus_with_another_master_proves_nothing_and_reads_nothing(self, card):
        sam = SoftwareSam(ROLE_BUS, {1: bytes(32)}, secrets.token_bytes)
        conversation = converse(card, BusConversation(sam))
        assert (conversation.state, conversation.service) == (NOT_PROVEN, b"")

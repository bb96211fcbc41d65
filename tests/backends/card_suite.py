"""What every card of Juzhu card profile 1 answers, however it is reached: the tests of all backends."""

from typing import Protocol

import pytest

from juzhu_protocol.card import apdu
from juzhu_protocol.card.conversation import DONE, NOT_OURS, RUNNING, BusConversation
from juzhu_protocol.records.card import Info, Service

FOREIGN_AID = bytes.fromhex("a000000003000000")


class Card(Protocol):
    """A card in reach of a reader."""

    def transmit(self, command: bytes) -> bytes:
        """Return the response APDU."""

    def reset(self) -> None:
        """Reset the card as the reader would."""


def converse(card: Card) -> BusConversation:
    """A whole conversation of a bus with the card."""
    conversation = BusConversation()
    while conversation.state == RUNNING:
        conversation.receive(card.transmit(conversation.command))
    return conversation


def status_of(response: bytes) -> int:
    """The status word of an answer that carries nothing else."""
    data, status = apdu.split_response(response)
    assert data == b""
    return status


class CardSuite:
    """A backend's class inherits this and brings the fixtures.

    `image`: the CardImage on the card, with two endorsements; `card`: that card, powered, nothing selected.
    """

    @pytest.fixture
    def card(self):
        raise NotImplementedError("the backend's class brings its card")

    @pytest.fixture
    def selected(self, card):
        assert card.transmit(apdu.select()) == b"\x90\x00"
        return card

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

    def test_service_is_the_images(self, selected, image):
        data, status = apdu.split_response(selected.transmit(apdu.read_binary(apdu.SFI_SERVICE)))
        assert (data, status) == (image.service, apdu.SW_OK)

    def test_endorsements_are_read_record_by_record(self, selected, image):
        assert len(image.endorsements) == 2
        for number, record in enumerate(image.endorsements, 1):
            answer = selected.transmit(apdu.read_record(apdu.SFI_ENDORSEMENTS, number))
            assert apdu.split_response(answer) == (record, apdu.SW_OK)

    @pytest.mark.parametrize("number", [0, 3, 255])
    def test_endorsement_that_is_not_there(self, selected, number):
        command = apdu.read_record(apdu.SFI_ENDORSEMENTS, number)
        assert status_of(selected.transmit(command)) == apdu.SW_RECORD_NOT_FOUND

    def test_part_of_a_file_is_read_from_an_offset(self, selected, image):
        command = bytes([0x00, apdu.INS_READ_BINARY, 0x80 | apdu.SFI_SERVICE, 5, 7])
        assert selected.transmit(command) == image.service[5:12] + b"\x90\x00"

    def test_offset_past_the_files_end(self, selected, image):
        command = bytes([0x00, apdu.INS_READ_BINARY, 0x80 | apdu.SFI_INFO, len(image.info) + 1, 0])
        assert status_of(selected.transmit(command)) == apdu.SW_WRONG_OFFSET

    @pytest.mark.parametrize("command", [apdu.read_binary(30), apdu.read_record(30, 1)])
    def test_file_that_is_not_there(self, selected, command):
        assert status_of(selected.transmit(command)) == apdu.SW_FILE_NOT_FOUND

    @pytest.mark.parametrize(
        "command",
        [
            bytes([0x00, apdu.INS_READ_BINARY, 0x00, 0x00, 0x00]),
            bytes([0x00, apdu.INS_READ_RECORD, 0x01, apdu.SFI_ENDORSEMENTS << 3 | 0x02, 0x00]),
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
        ],
    )
    def test_wrong_length_is_named(self, selected, command):
        assert status_of(selected.transmit(command)) == apdu.SW_WRONG_LENGTH

    @pytest.mark.parametrize("ins", [0x20, 0xCA, 0xD6])
    def test_unknown_instruction(self, selected, ins):
        assert status_of(selected.transmit(bytes([0x00, ins, 0x00, 0x00, 0x00]))) == apdu.SW_INS_UNKNOWN

    @pytest.mark.parametrize("cla", [0x80, 0xE0])
    def test_unknown_class(self, selected, cla):
        command = bytes([cla]) + apdu.read_binary(apdu.SFI_INFO)[1:]
        assert status_of(selected.transmit(command)) == apdu.SW_CLA_UNKNOWN

    @pytest.mark.parametrize(
        "command", [apdu.read_binary(apdu.SFI_INFO), apdu.read_record(apdu.SFI_ENDORSEMENTS, 1)]
    )
    def test_nothing_is_read_before_the_application_is_selected(self, card, command):
        assert status_of(card.transmit(command)) == apdu.SW_NO_CURRENT_FILE

    def test_mistakes_leave_the_selection_as_it_was(self, selected, image):
        selected.transmit(bytes([0x00, 0x20, 0x00, 0x00, 0x00]))
        selected.transmit(apdu.read_binary(30))
        assert selected.transmit(apdu.read_binary(apdu.SFI_INFO)) == image.info + b"\x90\x00"

    def test_reset_forgets_the_selection(self, selected):
        selected.reset()
        command = apdu.read_binary(apdu.SFI_INFO)
        assert status_of(selected.transmit(command)) == apdu.SW_NO_CURRENT_FILE

    def test_bus_conversation_ends_with_the_images_bytes(self, card, image):
        conversation = converse(card)
        assert conversation.state == DONE
        assert (conversation.info, conversation.service) == (image.info, image.service)
        assert conversation.apdus == 3
        Info.from_bytes(conversation.info)
        Service.from_bytes(conversation.service)

    def test_bus_conversations_follow_each_other_without_a_reset(self, card):
        first, second = converse(card), converse(card)
        assert (second.state, second.info, second.service) == (DONE, first.info, first.service)

    def test_bus_takes_another_applications_card_for_not_ours(self, card):
        conversation = BusConversation()
        conversation.receive(card.transmit(conversation.command[:-1] + b"\x02"))
        assert conversation.state == NOT_OURS

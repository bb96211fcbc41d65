"""The virtual card, in process."""

import pytest

from backends.card_suite import CardSuite
from juzhu_simulator.card import VirtualCard


class TestVirtualCard(CardSuite):
    @pytest.fixture
    def card(self, image):
        return VirtualCard(image)

    @pytest.mark.parametrize("length", [0, 1, 2, 3])
    def test_command_without_a_whole_header_is_of_wrong_length(self, card, length):
        # No reader of PC/SC lets such a command through, so this one is the virtual card's alone.
        assert card.transmit(b"\x00\xa4\x04\x0c"[:length]) == b"\x67\x00"

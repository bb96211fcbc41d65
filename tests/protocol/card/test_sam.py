"""SAMs: one behaviour, whether in software or in a chip behind APDUs; and what only the chip can suffer."""

import pytest
from card_tools import KEYS, Draws
from hypothesis import given
from hypothesis import strategies as st

from juzhu_protocol.card import apdu
from juzhu_protocol.card.authentication import Exchange
from juzhu_protocol.card.keys import ROLE_AUTHORITY, ROLE_BUS, ROLE_COUNTER, card_key
from juzhu_protocol.card.sam import SoftwareSam
from juzhu_protocol.card.sam_apdu import CLA_SAM, INS_BEGIN, INS_FINISH, SAM_AID, ApduSam
from juzhu_protocol.errors import SamError
from juzhu_simulator.sam_card import VirtualSam

MASTERS = {1: bytes(range(32)), 3: bytes(range(64, 96))}
CARD = (410200, 7)
CHALLENGE = bytes(range(0xA0, 0xB0))
SELECT = bytes([0x00, 0xA4, 0x04, 0x0C, len(SAM_AID)]) + SAM_AID
BEGIN = (
    bytes([CLA_SAM, INS_BEGIN, ROLE_BUS, 0x00, 24, 1]) + bytes.fromhex("06425800000007") + CHALLENGE + b"\0"
)
FINISH = bytes([CLA_SAM, INS_FINISH, ROLE_BUS, 0x00, 17]) + bytes(17) + b"\0"


def exchange_of(proof, role=ROLE_BUS, epoch=1, card=CARD):
    """The card's end of the authentication that a proof began."""
    return Exchange(card_key(MASTERS[epoch], role, epoch, *card), proof[:16], CHALLENGE)


def answer_to(proof, endorsements=1, **which):
    return bytes([endorsements]) + exchange_of(proof, **which).card_token(endorsements)


class SamSuite:
    """What every SAM does. A class inherits this and brings make(role)."""

    def make(self, role):
        raise NotImplementedError("the class brings its SAM")

    @pytest.fixture
    def sam(self):
        return self.make(ROLE_BUS)

    @pytest.mark.parametrize("role", [ROLE_BUS, ROLE_COUNTER, ROLE_AUTHORITY])
    @pytest.mark.parametrize("epoch", MASTERS)
    def test_proof_and_keys_are_the_cards(self, role, epoch):
        sam = self.make(role)
        assert sam.role == role
        proof = sam.begin(epoch, *CARD, CHALLENGE)
        exchange = exchange_of(proof, role, epoch)
        assert proof[16:] == exchange.reader_token()
        keys, expected = sam.finish(answer_to(proof, role=role, epoch=epoch)), exchange.session_keys()
        assert (keys.mac, keys.encryption) == (expected.mac, expected.encryption)

    def test_challenges_are_new_each_time(self, sam):
        assert len({sam.begin(1, *CARD, CHALLENGE)[:16] for _ in range(4)}) == 4

    @pytest.mark.parametrize("epoch", [0, 2, 255])
    def test_epoch_that_is_not_held_is_no_fault(self, sam, epoch):
        assert sam.begin(epoch, *CARD, CHALLENGE) is None
        assert sam.begin(1, *CARD, CHALLENGE) is not None

    @pytest.mark.parametrize("size", [0, 15, 17])
    def test_challenge_of_another_size_is_refused(self, sam, size):
        with pytest.raises(ValueError, match="16 bytes"):
            sam.begin(1, *CARD, bytes(size))

    def test_finish_without_begin_gives_nothing(self, sam):
        assert sam.finish(bytes(17)) is None

    def test_replayed_finish_gives_nothing(self, sam):
        answer = answer_to(sam.begin(1, *CARD, CHALLENGE))
        assert sam.finish(answer) is not None
        assert sam.finish(answer) is None

    def test_answer_to_an_earlier_begin_gives_nothing(self, sam):
        answer = answer_to(sam.begin(1, *CARD, CHALLENGE))
        sam.begin(1, *CARD, CHALLENGE)
        assert sam.finish(answer) is None

    def test_begin_that_failed_ends_the_one_before(self, sam):
        answer = answer_to(sam.begin(1, *CARD, CHALLENGE))
        assert sam.begin(2, *CARD, CHALLENGE) is None
        assert sam.finish(answer) is None

    def test_wrong_answer_takes_the_only_finish(self, sam):
        answer = answer_to(sam.begin(1, *CARD, CHALLENGE))
        assert sam.finish(answer[:-1] + bytes([answer[-1] ^ 1])) is None
        assert sam.finish(answer) is None

    @pytest.mark.parametrize("size", [0, 1, 16, 18, 256])
    def test_answer_of_another_size_takes_the_only_finish(self, sam, size):
        answer = answer_to(sam.begin(1, *CARD, CHALLENGE))
        assert sam.finish((answer + bytes(256))[:size]) is None
        assert sam.finish(answer) is None

    @pytest.mark.parametrize("bit", range(0, 136, 7))
    def test_answer_with_a_flipped_bit_proves_nothing(self, sam, bit):
        answer = bytearray(answer_to(sam.begin(1, *CARD, CHALLENGE)))
        answer[bit // 8] ^= 1 << bit % 8
        assert sam.finish(bytes(answer)) is None

    @pytest.mark.parametrize(
        "which", [{"role": ROLE_COUNTER}, {"epoch": 3}, {"card": (410100, 7)}, {"card": (410200, 8)}]
    )
    def test_another_role_epoch_or_card_proves_nothing(self, sam, which):
        proof = sam.begin(1, *CARD, CHALLENGE)
        assert sam.finish(answer_to(proof, **which)) is None

    def test_own_token_sent_back_proves_nothing(self, sam):
        proof = sam.begin(1, *CARD, CHALLENGE)
        for endorsements in range(256):
            assert sam.finish(bytes([endorsements]) + proof[16:]) is None
            proof = sam.begin(1, *CARD, CHALLENGE)

    def test_repr_shows_no_key(self, sam):
        sam.begin(1, *CARD, CHALLENGE)
        assert MASTERS[1].hex()[:8] not in repr(sam)
        assert "x01" not in repr(sam)


class TestSoftwareSam(SamSuite):
    def make(self, role):
        return SoftwareSam(role, MASTERS, Draws())


class TestSamByApdu(SamSuite):
    def make(self, role):
        return ApduSam(role, VirtualSam(role, MASTERS, Draws()).transmit)


class T0Slot:
    """A slot that speaks T=0 with its chip: what answers data is told how much of it waits, `part` bytes at a time.

    `names_length`: the chip refuses a command whose Le is not what it will answer, with nothing done.
    """

    def __init__(self, chip, part=256, names_length=False):
        self.chip = chip
        self.part = part
        self.names_length = names_length
        self.waiting = b""
        self.fetched = 0

    def transmit(self, command):
        if command[:4] == b"\x00\xc0\x00\x00":
            self.fetched += 1
            assert command[4] == min(len(self.waiting), self.part)
            answer, self.waiting = self.waiting[: command[4]], self.waiting[command[4] :]
            return answer + self.status()
        self.waiting = b""
        expected = {INS_BEGIN: 32, INS_FINISH: 48}.get(command[1])
        if self.names_length and expected and command[-1] != expected:
            return bytes([0x6C, expected])
        answer = self.chip.transmit(command)
        if self.names_length or len(answer) == 2:
            return answer
        self.waiting = answer[:-2]
        return self.status()

    def status(self):
        return bytes([0x61, min(len(self.waiting), self.part)]) if self.waiting else b"\x90\x00"


class TestSamInASlotOfT0(SamSuite):
    def make(self, role):
        return ApduSam(role, T0Slot(VirtualSam(role, MASTERS, Draws())).transmit)


class TestSamInASlotOfT0ThatGivesAnswersInParts(SamSuite):
    def make(self, role):
        return ApduSam(role, T0Slot(VirtualSam(role, MASTERS, Draws()), part=7).transmit)


class TestSamInASlotOfT0ThatNamesTheLength(SamSuite):
    def make(self, role):
        return ApduSam(role, T0Slot(VirtualSam(role, MASTERS, Draws()), names_length=True).transmit)


def test_answer_of_t0_is_fetched_once_or_in_its_parts():
    for part, fetches in ((256, 1), (31, 2), (7, 5)):
        slot = T0Slot(VirtualSam(ROLE_BUS, MASTERS, Draws()), part)
        ApduSam(ROLE_BUS, slot.transmit).begin(1, *CARD, CHALLENGE)
        assert slot.fetched == fetches


@pytest.mark.parametrize(
    "response",
    [b"\x61\x20", b"\x6c\x20", b"\x6c\x00", b"\x07\x61\x20", b"\x07\x6c\x20", bytes(32) + b"\x61\x01"],
)
def test_chip_of_t0_that_never_comes_to_an_end_is_the_readers_fault(response):
    sent = []

    def transmit(command):
        sent.append(command)
        return b"\x90\x00" if command == SELECT else response

    with pytest.raises(SamError):
        ApduSam(ROLE_BUS, transmit).begin(1, *CARD, CHALLENGE)
    assert len(sent) <= 34


# -- the slot --


class Slot:
    """A slot with a chip in it, or not."""

    def __init__(self, chip):
        self.chip = chip
        self.is_empty = False
        self.commands = []

    def transmit(self, command):
        self.commands.append(command)
        if self.is_empty:
            raise OSError("no card in the slot")
        return self.chip.transmit(command)

    def put_back(self):
        self.is_empty = False
        self.chip.reset()


@pytest.fixture
def slot():
    return Slot(VirtualSam(ROLE_BUS, MASTERS, Draws()))


def test_chip_is_selected_once(slot):
    sam = ApduSam(ROLE_BUS, slot.transmit)
    sam.begin(1, *CARD, CHALLENGE)
    sam.begin(2, *CARD, CHALLENGE)
    assert [command[1] for command in slot.commands] == [0xA4, INS_BEGIN, INS_BEGIN]


@pytest.mark.parametrize("step", ["begin", "finish"])
def test_chip_pulled_out_is_the_readers_fault_and_is_selected_again_when_it_is_back(slot, step):
    sam = ApduSam(ROLE_BUS, slot.transmit)
    answer = answer_to(sam.begin(1, *CARD, CHALLENGE))
    slot.is_empty = True
    with pytest.raises(SamError, match="cannot be reached: OSError"):
        sam.begin(1, *CARD, CHALLENGE) if step == "begin" else sam.finish(answer)
    with pytest.raises(SamError):
        sam.begin(1, *CARD, CHALLENGE)
    slot.put_back()
    assert sam.finish(answer) is None
    assert sam.finish(answer_to(sam.begin(1, *CARD, CHALLENGE))) is not None


def test_chip_that_lost_power_in_secret_is_selected_again_after_one_fault(slot):
    sam = ApduSam(ROLE_BUS, slot.transmit)
    sam.begin(1, *CARD, CHALLENGE)
    slot.chip.reset()
    with pytest.raises(SamError, match="6985"):
        sam.begin(1, *CARD, CHALLENGE)
    assert sam.begin(1, *CARD, CHALLENGE) is not None


def test_chip_of_another_role_is_the_readers_fault_and_not_the_cards():
    sam = ApduSam(ROLE_COUNTER, VirtualSam(ROLE_BUS, MASTERS, Draws()).transmit)
    with pytest.raises(SamError, match="6a86"):
        sam.begin(1, *CARD, CHALLENGE)


def test_another_card_in_the_slot_is_the_readers_fault():
    with pytest.raises(SamError, match="6a82"):
        ApduSam(ROLE_BUS, lambda command: b"\x6a\x82").begin(1, *CARD, CHALLENGE)


@pytest.mark.parametrize(
    "response", [b"", b"\x90", b"\x90\x00", bytes(31) + b"\x90\x00", bytes(33) + b"\x90\x00", bytes(259)]
)
def test_chip_that_answers_nonsense_is_the_readers_fault(response):
    sam = ApduSam(ROLE_BUS, lambda command: b"\x90\x00" if command == SELECT else response)
    with pytest.raises(SamError):
        sam.begin(1, *CARD, CHALLENGE)


@pytest.mark.parametrize(
    ("command", "status"),
    [
        (b"", apdu.SW_WRONG_LENGTH),
        (b"\x80\x2a", apdu.SW_WRONG_LENGTH),
        (BEGIN[:-1], apdu.SW_WRONG_LENGTH),
        (BEGIN[:4] + b"\x17" + BEGIN[5:28] + b"\0", apdu.SW_WRONG_LENGTH),
        (FINISH[:4] + b"\x10" + bytes(16) + b"\0", apdu.SW_WRONG_LENGTH),
        (FINISH, apdu.SW_CONDITIONS),
        (b"\x00" + BEGIN[1:], apdu.SW_CLA_UNKNOWN),
        (b"\x80\x20\x00\x00", apdu.SW_INS_UNKNOWN),
        (BEGIN[:3] + b"\x01" + BEGIN[4:], apdu.SW_WRONG_P1P2),
        (BEGIN[:5] + b"\x02" + BEGIN[6:], apdu.SW_KEY_NOT_FOUND),
        (apdu.select(), apdu.SW_FILE_NOT_FOUND),
    ],
)
def test_chip_names_what_is_wrong(command, status):
    chip = VirtualSam(ROLE_BUS, MASTERS, Draws())
    assert chip.transmit(SELECT) == b"\x90\x00"
    assert chip.transmit(command) == status.to_bytes(2, "big")


def test_chip_that_was_not_selected_does_nothing():
    assert VirtualSam(ROLE_BUS, MASTERS, Draws()).transmit(BEGIN) == b"\x69\x85"


def test_chips_begin_allows_one_finish_and_that_at_once():
    chip = VirtualSam(ROLE_BUS, MASTERS, Draws())
    chip.transmit(SELECT)
    proof, _ = apdu.split_response(chip.transmit(BEGIN))
    right = FINISH[:5] + answer_to(proof) + b"\0"
    chip.transmit(b"\x80\x20\x00\x00")
    assert chip.transmit(right) == b"\x69\x85"
    proof, _ = apdu.split_response(chip.transmit(BEGIN))
    assert chip.transmit(FINISH) == b"\x63\x00"
    assert chip.transmit(FINISH[:5] + answer_to(proof) + b"\0") == b"\x69\x85"


COMMANDS = st.one_of(
    st.sampled_from([SELECT, BEGIN, FINISH]),
    st.binary(max_size=64),
    st.builds(
        lambda ins, p1, data: bytes([CLA_SAM, ins, p1, 0x00, len(data)]) + data + b"\0",
        st.sampled_from([INS_BEGIN, INS_FINISH]),
        st.sampled_from([ROLE_BUS, ROLE_COUNTER]),
        st.one_of(
            st.binary(min_size=1, max_size=40),
            st.just(BEGIN[5:29]),
            st.binary(min_size=16, max_size=16).map(lambda tail: BEGIN[5:13] + tail),
        ),
    ),
)


@given(st.lists(COMMANDS, max_size=30))
def test_no_stream_of_commands_gets_a_master_a_cards_key_or_a_cards_token(commands):
    """Whatever is sent: an answer with data is a challenge and reader's token; the chip never raises.

    Masters, card keys and every card token that this card could have made are in no answer.
    """
    chip = VirtualSam(ROLE_BUS, MASTERS, Draws())
    chip.transmit(SELECT)
    for command in commands:
        data, _ = apdu.split_response(chip.transmit(command))
        assert len(data) in (0, 32)
        for epoch, master in MASTERS.items():
            assert master not in data
            assert card_key(master, ROLE_BUS, epoch, *CARD) not in data
        if data and command == BEGIN:
            exchange = exchange_of(data)
            assert not {exchange.card_token(held) for held in range(256)} & {data[:16], data[16:]}


def test_sam_sets_master_is_what_a_sam_needs():
    sam_set = KEYS.sam_set()
    keys = sam_set.card_keys(1, *CARD)
    sam = SoftwareSam(ROLE_COUNTER, {sam_set.epoch: sam_set.master(ROLE_COUNTER)}, Draws())
    proof = sam.begin(sam_set.epoch, *CARD, CHALLENGE)
    assert proof[16:] == Exchange(keys.counter_key, proof[:16], CHALLENGE).reader_token()

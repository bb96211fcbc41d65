"""Card keys, tokens, session keys and the SAM, against values that another implementation computed."""

from card_vectors import CARD_CHALLENGE, CARDS, MASTER, READER_CHALLENGE

from juzhu_protocol.card import apdu
from juzhu_protocol.card.authentication import Exchange, SessionKeys
from juzhu_protocol.card.keys import ROLE_BUS, ROLE_COUNTER, card_key
from juzhu_protocol.card.sam import ANSWER_SIZE, SoftwareSam
from juzhu_protocol.card.sam_apdu import BEGIN_SIZE, ApduSam
from juzhu_protocol.errors import SamError

CARD = (410200, 7)


def refused(work, *arguments):
    """Whether a call ends in ValueError."""
    try:
        work(*arguments)
    except ValueError:
        return True
    return False


def test_keys_and_tokens_are_the_vectors():
    for role, epoch, division, serial, held, key, reader, card, mac, encryption in CARDS:
        assert card_key(MASTER, role, epoch, division, serial) == key
        exchange = Exchange(key, READER_CHALLENGE, CARD_CHALLENGE)
        assert exchange.reader_token() == reader
        assert exchange.card_token(held) == card
        session = exchange.session_keys()
        assert (session.mac, session.encryption) == (mac, encryption)


def test_every_input_of_a_card_key_changes_it():
    keys = [
        card_key(MASTER, 1, 1, 410200, 7),
        card_key(bytes(32), 1, 1, 410200, 7),
        card_key(MASTER, 2, 1, 410200, 7),
        card_key(MASTER, 1, 2, 410200, 7),
        card_key(MASTER, 1, 1, 410201, 7),
        card_key(MASTER, 1, 1, 410200, 8),
    ]
    assert len(set(keys)) == 6


def test_both_challenges_and_the_direction_are_in_every_token_and_key():
    one = Exchange(MASTER, READER_CHALLENGE, CARD_CHALLENGE)
    others = (
        Exchange(MASTER, CARD_CHALLENGE, READER_CHALLENGE),
        Exchange(MASTER, READER_CHALLENGE, bytes(16)),
        Exchange(MASTER, bytes(16), CARD_CHALLENGE),
        Exchange(bytes(32), READER_CHALLENGE, CARD_CHALLENGE),
    )
    exchanges = (one,) + others
    assert len({exchange.reader_token() for exchange in exchanges}) == 5
    assert len({exchange.card_token(held) for exchange in exchanges for held in (0, 1, 255)}) == 15
    assert not {exchange.reader_token() for exchange in exchanges} & {
        exchange.card_token(held) for exchange in exchanges for held in (0, 1, 255)
    }
    assert len({exchange.session_keys().mac for exchange in exchanges}) == 5
    assert len({exchange.session_keys().encryption for exchange in exchanges}) == 5


def test_sizes_that_are_none_are_refused():
    for size in (0, 31, 33, 64):
        assert refused(card_key, bytes(size), 1, 1, 410200, 7)
    for size in (0, 15, 17, 32):
        assert refused(Exchange, MASTER, bytes(size), CARD_CHALLENGE)
        assert refused(Exchange, MASTER, READER_CHALLENGE, bytes(size))
    assert refused(SessionKeys, bytes(31), bytes(16))
    assert refused(SessionKeys, bytes(32), bytes(32))


def test_nothing_that_holds_a_key_shows_it():
    exchange = Exchange(MASTER, READER_CHALLENGE, CARD_CHALLENGE)
    sam = SoftwareSam(ROLE_BUS, {1: MASTER}, bytes)
    sam.begin(1, CARD[0], CARD[1], CARD_CHALLENGE)
    assert repr(exchange) == "Exchange(not shown)"
    assert repr(exchange.session_keys()) == "SessionKeys(not shown)"
    assert repr(sam) == "SoftwareSam(role 1, epochs [1])"
    assert repr(ApduSam(ROLE_COUNTER, bytes)) == "ApduSam(role 2)"


def reader_challenge(size):
    return READER_CHALLENGE[:size]


def test_sam_says_what_the_vectors_say():
    for role, epoch, division, serial, held, _key, reader, card, mac, encryption in CARDS:
        sam = SoftwareSam(role, {epoch: MASTER}, reader_challenge)
        assert sam.begin(epoch, division, serial, CARD_CHALLENGE) == READER_CHALLENGE + reader
        session = sam.finish(bytes([held]) + card)
        assert (session.mac, session.encryption) == (mac, encryption)


def test_sam_believes_one_answer_once():
    role, epoch, division, serial, held, _key, _reader, card, _mac, _encryption = CARDS[0]
    answer = bytes([held]) + card
    sam = SoftwareSam(role, {epoch: MASTER}, reader_challenge)
    assert sam.finish(answer) is None
    for wrong in (
        b"",
        answer[:-1],
        answer + b"\x00",
        bytes([held ^ 1]) + card,
        bytes([held]) + card[1:] + card[:1],
    ):
        sam.begin(epoch, division, serial, CARD_CHALLENGE)
        assert sam.finish(wrong) is None
        assert sam.finish(answer) is None
    for bit in range(8 * ANSWER_SIZE):
        flipped = bytearray(answer)
        flipped[bit // 8] ^= 1 << bit % 8
        sam.begin(epoch, division, serial, CARD_CHALLENGE)
        assert sam.finish(bytes(flipped)) is None
    sam.begin(epoch, division, serial, CARD_CHALLENGE)
    assert sam.finish(answer) is not None
    assert sam.finish(answer) is None
    sam.begin(epoch, division, serial, CARD_CHALLENGE)
    assert sam.begin(epoch + 1, division, serial, CARD_CHALLENGE) is None
    assert sam.finish(answer) is None


def test_sam_by_apdu_sends_what_the_page_says():
    _role, epoch, division, serial, held, _key, reader, card, mac, encryption = CARDS[0]
    answers = [b"\x90\x00", READER_CHALLENGE + reader + b"\x90\x00", mac + encryption + b"\x90\x00"]
    sent = []

    def transmit(command):
        sent.append(command)
        return answers[len(sent) - 1]

    sam = ApduSam(ROLE_BUS, transmit)
    assert sam.begin(epoch, division, serial, CARD_CHALLENGE) == READER_CHALLENGE + reader
    session = sam.finish(bytes([held]) + card)
    assert (session.mac, session.encryption) == (mac, encryption)
    assert sent[0] == bytes.fromhex("00a4040c07f04a555a485581")
    assert sent[1] == bytes.fromhex("802a010018" + "01064258" + "00000007") + CARD_CHALLENGE + b"\x00"
    assert len(sent[1]) == 5 + BEGIN_SIZE + 1
    assert sent[2] == bytes.fromhex("802c010011") + bytes([held]) + card + b"\x00"


def test_sam_by_apdu_that_is_gone_is_the_readers_fault():
    def transmit(command):
        raise OSError("nobody there")

    for work in (transmit, lambda command: b"", lambda command: b"\x6f\x00"):
        try:
            ApduSam(ROLE_BUS, work).begin(1, CARD[0], CARD[1], CARD_CHALLENGE)
            raise AssertionError("it answered")
        except SamError:
            pass


def test_commands_are_the_standards():
    assert apdu.get_challenge(16) == bytes.fromhex("0084000010")
    assert apdu.mutual_authenticate(2, bytes(32)) == bytes.fromhex("0082000220") + bytes(33)
    assert apdu.internal_authenticate(bytes(16)) == bytes.fromhex("0088000010") + bytes(17)
    assert apdu.read_binary(apdu.SFI_SERVICE, 223) == bytes.fromhex("00b08200df")
    assert apdu.read_on(0x0FDE, 223) == bytes.fromhex("00b00fdedf")
    assert apdu.read_record(apdu.SFI_ENDORSEMENTS, 255) == bytes.fromhex("00b2ff1c00")

"""Attacks on cards and on what passes between card and reader, by what a holder gets to see: the real core's answer.

None of them is called suspended or revoked, and none of them rides.
"""

from bench_card import BUS_MASTER, BenchCard
from reader_bench import TRUST, Bench, installed
from reader_fixtures import (
    BEYOND_DIVISIONS,
    BUNDLE_2,
    BUNDLE_BUS_EPOCH_2,
    BUNDLE_ORGAN_EXPIRED,
    BUNDLE_ORGAN_REVOKED,
    ENDORSED_BY_ITS_KEY,
    GOOD,
    GOOD_SM2,
    PERMIT_BY_ENDORSEMENT_KEY,
    SUSPENDED,
    SWAPPED_INFO,
    UNKNOWN,
)

from juzhu_protocol.card.sam import SoftwareSam
from juzhu_protocol.card.sam_apdu import ApduSam
from juzhu_protocol.rules import reasons
from juzhu_protocol.rules.reasons import ALLOW, DENY, REFER, TRY_AGAIN

INFO, SERVICE = GOOD
MUTUAL_AT, SERVICE_AT = 4, 5
KEY_ID_AT = 10
"""In INFO."""

GENUINE_ANSWER = (ALLOW, reasons.IN_FORCE)
NOT_GENUINE = (REFER, reasons.NOT_GENUINE)
UNREADABLE = (REFER, reasons.UNREADABLE)
UNKNOWN_KEY = (REFER, reasons.UNKNOWN_KEY)
UPDATE_READER = (REFER, reasons.UPDATE_READER)


def at(data, where, value):
    """The bytes with one of them replaced."""
    return data[:where] + bytes([value]) + data[where + 1 :]


def flipped(data, where):
    return at(data, where, data[where] ^ 1)


class Between:
    """A man in the middle: `change` gets each answer with its number from 1."""

    def __init__(self, card, change):
        self.card = card
        self.change = change
        self.number = 0
        self.heard = []

    def transmit(self, command):
        self.number += 1
        answer = self.change(self.number, command, self.card.transmit(command))
        self.heard.append(answer)
        return answer


def spoiled(change, number=SERVICE_AT):
    """A genuine card whose answer to one command is changed on its way."""
    return Between(BenchCard(*GOOD), lambda n, command, answer: change(answer) if n == number else answer)


def instead(other):
    """A change that lets nothing through but `other`."""
    return lambda answer: other


def flipping(where):
    return lambda answer: flipped(answer, where)


def with_mac_of(size):
    """A change that leaves so many bytes of the eight of the MAC."""
    return lambda answer: answer[:-11] + bytes([size]) + answer[-10 : -10 + size] + answer[-2:]


def after(count, answers):
    """A change of every answer after the first `count`."""
    return lambda number, command, answer: answers[number - 1] if number > count else answer


def test_genuine_cards_of_both_suites_ride():
    bench = installed()
    assert bench.verdict(GOOD) == GENUINE_ANSWER
    assert bench.verdict(GOOD_SM2) == GENUINE_ANSWER
    assert bench.verdict(ENDORSED_BY_ITS_KEY) == GENUINE_ANSWER
    assert bench.tap(GOOD).apdus == SERVICE_AT


def test_cloned_card_is_referred_and_reads_no_list():
    bench = installed()
    for files in (GOOD, GOOD_SM2, SUSPENDED):
        assert bench.verdict(BenchCard(*files, master=bytes(32))) == NOT_GENUINE
    assert bench.verdict(SUSPENDED) == (DENY, reasons.SUSPENDED)


def test_card_of_an_authority_that_the_reader_does_not_know_is_called_no_forgery():
    bench = installed()
    foreign = BenchCard(*UNKNOWN, master=bytes(range(64, 96)))
    assert bench.tap(foreign).apdus == MUTUAL_AT
    assert bench.verdict(foreign) == UNKNOWN_KEY
    # Its authority known, such a chip is none of that authority's.
    assert bench.send(TRUST, BUNDLE_2) == 0
    assert bench.verdict(foreign) == NOT_GENUINE


def test_card_that_cannot_prove_itself_to_a_reader_without_a_bundle_is_called_no_forgery():
    assert Bench().verdict(BenchCard(*GOOD, master=bytes(32))) == UNKNOWN_KEY


def test_copier_who_names_a_key_that_nobody_has_is_referred_and_reads_no_list():
    bench = installed()
    for files in (GOOD, GOOD_SM2, SUSPENDED):
        info = flipped(files[0], KEY_ID_AT)
        assert bench.verdict(BenchCard(info, files[1], master=bytes(32))) == UNKNOWN_KEY
    # INFO decides nothing else: the same on a genuine chip changes nothing.
    assert bench.verdict(BenchCard(flipped(INFO, KEY_ID_AT), SERVICE)) == GENUINE_ANSWER


def test_card_that_refuses_authentication_is_referred():
    bench = installed()
    for refusal in (b"\x63\xc2", b"\x63\xc0", b"\x69\x83", b"\x6a\x88"):
        assert bench.verdict(spoiled(instead(refusal), MUTUAL_AT)) == NOT_GENUINE
    for refusal in (b"\x69\x85", b"\x6d\x00", b"\x90\x00", b"\x67\x00"):
        assert bench.verdict(spoiled(instead(refusal), MUTUAL_AT)) == UNREADABLE


def test_replayed_conversation_is_referred():
    bench = installed()
    recorder = Between(BenchCard(*GOOD), lambda number, command, answer: answer)
    assert bench.verdict(recorder) == GENUINE_ANSWER

    class Player:
        def __init__(self):
            self.answers = list(recorder.heard)

        def transmit(self, command):
            return self.answers.pop(0)

    assert bench.verdict(Player()) == NOT_GENUINE


def test_card_that_repeats_its_challenge_rides_and_is_no_easier_to_copy():
    bench = installed()
    card = Between(BenchCard(*GOOD, random=bytes), lambda number, command, answer: answer)
    assert bench.verdict(card) == GENUINE_ANSWER
    first = card.heard
    card.number, card.heard = 0, []
    assert bench.verdict(card) == GENUINE_ANSWER
    assert first[MUTUAL_AT - 1] != card.heard[MUTUAL_AT - 1]
    assert first[SERVICE_AT - 1] != card.heard[SERVICE_AT - 1]


def test_readers_own_token_sent_back_is_referred():
    bench = installed()

    def reflect(number, command, answer):
        return b"\x01" + command[21:37] + b"\x90\x00" if number == MUTUAL_AT else answer

    assert bench.verdict(Between(BenchCard(*GOOD), reflect)) == NOT_GENUINE


def test_old_service_written_back_is_outdated():
    bench = installed()
    assert bench.verdict(BenchCard(*GOOD, held=2)) == (REFER, reasons.SERVICE_OUTDATED)
    assert bench.verdict(BenchCard(*GOOD, held=255)) == (REFER, reasons.SERVICE_OUTDATED)


def test_fewer_endorsements_than_service_says_are_not_genuine():
    assert installed().verdict(BenchCard(*GOOD, held=0)) == NOT_GENUINE


def test_stated_endorsements_changed_on_the_way_are_not_genuine():
    assert installed().verdict(spoiled(flipping(0), MUTUAL_AT)) == NOT_GENUINE


def test_service_of_one_card_with_info_of_another_is_not_genuine():
    bench = installed()
    assert bench.verdict(SWAPPED_INFO) == NOT_GENUINE
    assert bench.verdict((GOOD[0], GOOD_SM2[1])) == NOT_GENUINE
    # The chip of one card in the files of another: its key is not of the serial that INFO names.
    mixed = BenchCard(*GOOD)
    mixed.info = SUSPENDED[0]
    assert bench.verdict(mixed) == NOT_GENUINE


def test_service_changed_under_the_mac_is_unreadable_and_nobody_is_accused():
    bench = installed()
    for where in (2, 13, 27, 97, 98, 101, 104, 111):
        assert bench.verdict(spoiled(flipping(where))) == UNREADABLE


def test_truncated_mac_is_unreadable():
    bench = installed()
    for kept in (0, 1, 4, 7):
        assert bench.verdict(spoiled(with_mac_of(kept))) == UNREADABLE


def test_stripped_secure_messaging_is_unreadable():
    bench = installed()
    in_the_clear = (
        SERVICE + b"\x90\x00",
        b"\x81\x60" + SERVICE + b"\x99\x02\x90\x00\x90\x00",
        b"\x90\x00",
        b"\x69\x82",
        b"",
    )
    for answer in in_the_clear:
        assert bench.verdict(spoiled(instead(answer))) == UNREADABLE


def test_secured_answer_of_another_session_is_unreadable():
    bench = installed()
    recorder = Between(BenchCard(*GOOD), lambda number, command, answer: answer)
    bench.tap(recorder)
    assert bench.verdict(spoiled(instead(recorder.heard[-1]))) == UNREADABLE


def test_encrypted_answer_to_a_bus_is_unreadable():
    assert installed().verdict(spoiled(lambda answer: b"\x87" + answer[1:])) == UNREADABLE


def test_card_that_lies_about_lengths_or_never_ends_is_unreadable():
    bench = installed()
    for number in range(1, SERVICE_AT + 1):
        for answer in (b"", b"\x90", bytes(300), b"\x61\x10"):
            assert bench.verdict(spoiled(instead(answer), number)) == UNREADABLE
    endless = BenchCard(INFO, bytes(223))
    assert bench.verdict(endless) == UNREADABLE
    assert bench.verdict(BenchCard(INFO, b"")) == UNREADABLE


def test_session_ends_when_the_card_leaves():
    bench = installed()
    card = BenchCard(*GOOD)
    assert bench.tap(card, SERVICE_AT).answer == TRY_AGAIN
    card.reset()
    # Another card, laid down in its place in the middle of a session, is no part of it.
    other = BenchCard(*SUSPENDED)

    def swap(number, command, answer):
        return other.transmit(command) if number == SERVICE_AT else answer

    assert bench.verdict(Between(card, swap)) == UNREADABLE


def test_epochs_that_are_not_held_are_no_fault_of_the_card():
    bench = installed()
    for epoch in (0, 2, 255):
        assert bench.verdict((at(INFO, 14, epoch), SERVICE)) == (REFER, reasons.UNKNOWN_KEY)


def test_epoch_0_is_not_accepted_by_a_sam_that_holds_it():
    bench = installed()
    bench.sam = SoftwareSam(1, {0: BUS_MASTER, 1: BUS_MASTER}, bench.random)
    assert bench.verdict((at(INFO, 14, 0), SERVICE)) == (REFER, reasons.UNKNOWN_KEY)
    assert bench.verdict(GOOD) == GENUINE_ANSWER


def test_epoch_that_the_bundle_withdrew_is_referred_from_then_on():
    bench = installed()
    assert bench.verdict(GOOD) == GENUINE_ANSWER
    assert bench.send(TRUST, BUNDLE_BUS_EPOCH_2) == 0
    assert bench.verdict(GOOD) == (REFER, reasons.KEY_REVOKED)
    # A card of the new epoch, whose master the reader has by now.
    bench.sam._masters[2] = bytes(32)
    assert bench.verdict(BenchCard(at(INFO, 14, 2), SERVICE, master=bytes(32))) == GENUINE_ANSWER
    # The same files under the stolen master of the old one.
    assert bench.verdict(BenchCard(at(INFO, 14, 2), SERVICE)) == NOT_GENUINE


def test_downgrade_from_one_suite_to_the_other_is_not_genuine():
    bench = installed()
    for info, service, other in (GOOD + (2,), GOOD_SM2 + (1,)):
        assert bench.verdict((at(info, 2, other), service)) == NOT_GENUINE
        assert bench.verdict((info, at(service, 2, other))) == NOT_GENUINE
        assert bench.verdict((at(info, 2, other), at(service, 2, other))) == NOT_GENUINE


def test_suite_that_nobody_knows_is_unreadable():
    bench = installed()
    assert bench.verdict((at(INFO, 2, 3), SERVICE)) == UNREADABLE
    assert bench.verdict((INFO, at(SERVICE, 2, 3))) == UNREADABLE


def test_newer_card_profile_asks_for_a_newer_reader():
    bench = installed()
    assert bench.verdict((at(INFO, 1, 2), SERVICE)) == UPDATE_READER
    assert bench.verdict((INFO, at(SERVICE, 1, 2))) == UPDATE_READER


def test_organ_beyond_its_divisions_is_not_believed():
    assert installed().verdict(BEYOND_DIVISIONS) == NOT_GENUINE


def test_endorsement_key_signs_no_permit():
    assert installed().verdict(PERMIT_BY_ENDORSEMENT_KEY) == NOT_GENUINE


def test_revoked_organ_key_proves_nothing_even_of_a_card_seen_before():
    bench = installed()
    assert bench.verdict(GOOD) == bench.verdict(GOOD) == GENUINE_ANSWER
    assert bench.send(TRUST, BUNDLE_ORGAN_REVOKED) == 0
    assert bench.verdict(GOOD) == (REFER, reasons.KEY_REVOKED)
    assert bench.verdict(GOOD_SM2) == GENUINE_ANSWER


def test_key_that_had_expired_when_it_signed_is_not_believed_even_of_a_card_seen_before():
    bench = installed()
    assert bench.verdict(GOOD) == GENUINE_ANSWER
    assert bench.send(TRUST, BUNDLE_ORGAN_EXPIRED) == 0
    assert bench.verdict(GOOD) == NOT_GENUINE


def test_sam_that_is_gone_is_the_readers_fault_and_a_report():
    bench = installed()
    reachable = bench.sam

    def pulled(command):
        raise OSError("no card in the slot")

    bench.sam = ApduSam(1, pulled)
    assert bench.verdict(GOOD) == (REFER, reasons.READER_FAULT)
    assert bench.reports == ["the SAM cannot be reached: OSError"]
    bench.sam = reachable
    assert bench.verdict(GOOD) == GENUINE_ANSWER


def test_whatever_breaks_in_a_sam_is_the_readers_fault_and_leaves_it_at_work():
    class Broken:
        role = 1

        def __init__(self, step, error):
            self.step = step
            self.error = error

        def begin(self, epoch, list_division, serial, challenge):
            if self.step == "begin":
                raise self.error
            return reachable.begin(epoch, list_division, serial, challenge)

        def finish(self, answer):
            raise self.error

    bench = installed()
    reachable = bench.sam
    for step in ("begin", "finish"):
        for error in (ValueError("of serial 1001"), OSError(5), MemoryError(), KeyError("1001"), TypeError()):
            bench.reports = []
            bench.sam = Broken(step, error)
            shown = bench.tap(GOOD)
            assert (shown.answer, shown.verdict.reason) == (REFER, reasons.READER_FAULT)
            assert bench.reports == ["fault while reading a card: " + type(error).__name__]
            # The conversation is over: what the card still says is no answer to anything, and the ticks go on.
            assert bench.core.card_response(b"\x90\x00", bench.now_ms) == []
            bench.core._verifier.prepare([])
            bench.pass_time(20)
            bench.sam = reachable
            assert bench.verdict(GOOD) == GENUINE_ANSWER


def test_attack_leaves_no_pseudonym_in_the_taps():
    bench = installed()
    bench.hello()
    for card in (
        BenchCard(*GOOD, master=bytes(32)),
        BenchCard(*GOOD, held=2),
        spoiled(flipping(9)),
        SWAPPED_INFO,
        (at(INFO, 14, 9), SERVICE),
    ):
        bench.taps = []
        assert bench.verdict(card)[0] == REFER
        assert [tap.pseudonym for tap in bench.taps] == [bytes(8)]


def test_random_answers_raise_nothing_and_nobody_rides():
    bench = Bench(installed().flash)
    state = 7
    for _ in range(60):
        answers = []
        for _ in range(SERVICE_AT):
            state = (state * 1103515245 + 12345) & 0x7FFFFFFF
            size = state >> 8 & 0x1F
            answers.append(bytes([(state >> 3) + i * i & 0xFF for i in range(size)]) + b"\x90\x00")
        random = Between(BenchCard(*GOOD), after(state >> 16 & 3, answers))
        assert bench.tap(random).answer in (REFER, TRY_AGAIN)

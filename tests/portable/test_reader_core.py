"""The reader's core on ports in memory: what a holder, a host and a saboteur get from it."""

from reader_bench import DATA, DISPLAY, HELLO, LIST, TRUST, Bench, installed
from reader_fixtures import (
    BUNDLE_1,
    BUNDLE_2,
    BUNDLE_ONE_ROOT,
    FORGED,
    GOOD,
    LATER_SUSPENDED,
    LIST_1,
    LIST_2,
    MANIFEST_1,
    MANIFEST_2,
    MANIFEST_2_AGAIN,
    MANIFEST_OTHER_DIVISION,
    MANIFEST_WRONG_KEY,
    NOW,
    REVOKED,
    SUSPENDED,
    SWAPPED_INFO,
    UNKNOWN,
)

from juzhu_protocol.errors import (
    BadSignatureError,
    ContentMismatchError,
    MalformedObjectError,
    OversizeError,
    RollbackError,
    StorageError,
    TransferStateError,
    UnknownKeyError,
    WrongDivisionError,
)
from juzhu_protocol.link.frame import REQUEST, Frame
from juzhu_protocol.rules import reasons
from juzhu_protocol.rules.reasons import ALLOW, DENY, REFER, TRY_AGAIN

NOISE_CALLS, NOISE_BYTES = 16, 4096
STEPS = {"test_noise_on_the_link_changes_nothing": ("step_noise", NOISE_CALLS)}


class Random:
    """A small linear congruential generator, the same on both runtimes."""

    def __init__(self, seed):
        self.state = seed

    def bytes(self, size):
        out = bytearray(size)
        for i in range(size):
            self.state = (self.state * 1103515245 + 12345) & 0x7FFFFFFF
            out[i] = self.state >> 16 & 0xFF
        return bytes(out)


def standing(bench):
    """Everything on flash that a refused object must leave as it is."""
    regions = bench.flash.regions
    state = bench.core.store.state
    return (
        bytes(regions["state0"]),
        bytes(regions["state1"]),
        bytes(regions["trust%d" % state.trust_slot]),
        bytes(regions["list%d" % state.list_slot]),
    )


def refused(bench, error, kind, content, manifest=b""):
    """Whether the object is refused with that error's code, the reader standing as before, also after a restart."""
    before = standing(bench), bench.held()
    code = bench.send(kind, content, manifest)
    assert code == error.code, code
    assert (standing(bench), bench.held()) == before
    assert bench.reports
    bench.restart()
    assert bench.held() == before[1]
    assert bench.verdict(GOOD) == (ALLOW, reasons.IN_FORCE)
    return bench.verdict(SUSPENDED) == (DENY, reasons.SUSPENDED)


def test_blank_reader_takes_bundle_then_list_and_says_so():
    bench = Bench()
    status = bench.hello()
    assert (status.bundle_version, status.list_sequence, status.clock_floor) == (0, 0, 0)
    assert bench.send_bundle() == 0
    assert bench.send_list() == 0
    status = bench.hello()
    assert status.reader_id == b"bench-1"
    assert (status.bundle_version, status.key_epoch, status.list_sequence) == (1, 1, 1)
    assert status.list_time == status.clock_floor == NOW - 3 * 3600
    assert bench.reports == []
    bench.restart()
    assert bench.held() == (1, 1)


def test_reader_without_a_bundle_blames_no_card_and_takes_no_list():
    bench = Bench()
    assert bench.verdict(GOOD) == (REFER, reasons.UNKNOWN_KEY)
    assert bench.verdict(REVOKED) == (REFER, reasons.UNKNOWN_KEY)
    assert bench.send_list() == UnknownKeyError.code
    assert bench.send_bundle() == 0
    assert bench.verdict(GOOD) == (REFER, reasons.NO_LIST)


def test_each_card_gets_its_answer():
    bench = installed()
    assert bench.verdict(GOOD) == (ALLOW, reasons.IN_FORCE)
    assert bench.verdict(SUSPENDED) == (DENY, reasons.SUSPENDED)
    assert bench.verdict(REVOKED) == (DENY, reasons.REVOKED)
    assert bench.verdict(FORGED) == (REFER, reasons.NOT_GENUINE)
    assert bench.verdict(UNKNOWN) == (REFER, reasons.UNKNOWN_KEY)
    assert bench.verdict(SWAPPED_INFO) == (REFER, reasons.NOT_GENUINE)
    assert bench.verdict((GOOD[0], GOOD[1][:-1])) == (REFER, reasons.UNREADABLE)
    assert bench.verdict(LATER_SUSPENDED) == (ALLOW, reasons.IN_FORCE)
    assert bench.send_list(LIST_2, MANIFEST_2) == 0
    assert bench.verdict(LATER_SUSPENDED) == (DENY, reasons.SUSPENDED)
    assert bench.verdict(GOOD) == (ALLOW, reasons.IN_FORCE)


def test_public_sees_no_reason():
    bench = installed()
    overdue = bench.tap(SUSPENDED).feedback
    assert overdue is bench.tap(REVOKED).feedback
    assert bench.tap(FORGED).feedback is bench.tap(UNKNOWN).feedback


def test_newer_bundle_makes_an_unknown_key_known():
    bench = installed()
    assert bench.send_bundle(BUNDLE_2) == 0
    assert bench.held() == (2, 1)
    # The other city's organ may not sign for Kaifeng's divisions: known now, and no better for it.
    assert bench.verdict(UNKNOWN) == (REFER, reasons.NOT_GENUINE)
    assert bench.verdict(GOOD) == (ALLOW, reasons.IN_FORCE)


def test_card_pulled_away_at_every_apdu_is_no_verdict_until_the_third_time():
    for pull_at in (1, 2, 3):
        bench = installed()
        bench.hello()
        for _ in range(2):
            shown = bench.tap(GOOD, pull_at)
            assert (shown.answer, shown.verdict) == (TRY_AGAIN, None)
        assert bench.taps == []
        shown = bench.tap(GOOD, pull_at)
        assert (shown.answer, shown.verdict.reason) == (REFER, reasons.UNREADABLE)
        assert [tap.answer for tap in bench.taps] == [REFER]
        assert bench.verdict(GOOD) == (ALLOW, reasons.IN_FORCE)


def test_torn_reads_of_one_holder_do_not_count_against_the_next():
    bench = installed()
    for _ in range(2):
        assert bench.tap(GOOD, 2).answer == TRY_AGAIN
    bench.now_ms += 10_001
    assert bench.tap(GOOD, 3).answer == TRY_AGAIN
    assert bench.tap(GOOD).answer == ALLOW
    assert bench.tap(GOOD, 1).answer == TRY_AGAIN


def test_answer_of_a_card_that_nobody_asked_is_ignored():
    bench = installed()
    assert bench.core.card_response(b"\x90\x00", 0) == []
    assert bench.core.card_response(None, 0) == []


def test_staff_line_names_no_card():
    bench = installed()
    bench.hello()
    bench.tap(SUSPENDED)
    line = bench.displays[0]
    assert (line.answer, line.reason, line.list_sequence) == (DENY, reasons.SUSPENDED, 1)
    assert line.list_age == 3 * 3600
    assert line.clock_days == 0


def step_noise(index):
    bench = installed()
    before = standing(bench)
    bench.hello()
    rng = Random(index)
    for _ in range(NOISE_BYTES // 512):
        piece = rng.bytes(512)
        # Every other step the noise has frame ends in it, and real frames cut short.
        bench.noise(piece if index % 2 else piece + Frame(HELLO, REQUEST, 1, index, b"\x01").to_bytes()[:-3])
    assert standing(bench) == before
    assert bench.hello().list_sequence == 1
    assert bench.verdict(GOOD) == (ALLOW, reasons.IN_FORCE)


def test_noise_on_the_link_changes_nothing():
    for index in range(NOISE_CALLS):
        step_noise(index)


def test_noise_in_the_middle_of_a_transfer_costs_a_retry_and_no_more():
    bench = installed()
    answer = bench.begin(LIST, len(LIST_2), MANIFEST_2)
    bench.noise(Random(5).bytes(3000))
    while answer.offset < len(LIST_2):
        part = LIST_2[answer.offset : answer.offset + 1024]
        bench.noise(b"\x05half of a frame")
        answer = bench.data(LIST, answer.offset, part)
        assert answer.result == 0
    assert bench.commit(LIST).result == 0
    assert bench.held() == (1, 2)


def test_request_of_no_known_kind_or_no_record_is_answered_with_a_code():
    bench = installed()
    for kind, payload in ((0x60, b""), (HELLO, b"\x40"), (DATA, b"\x43\x01\x02"), (DISPLAY, b"\x47\x09")):
        answer = bench.ask(kind, payload)
        assert answer[2] == MalformedObjectError.code, kind
    assert len(bench.reports) == 4
    assert bench.hello().bundle_version == 1


def test_older_manifest_is_refused():
    bench = installed()
    assert bench.send_list(LIST_2, MANIFEST_2) == 0
    assert refused(bench, RollbackError, LIST, LIST_1, MANIFEST_1)
    assert bench.verdict(LATER_SUSPENDED) == (DENY, reasons.SUSPENDED)


def test_second_manifest_of_the_same_number_is_refused():
    bench = installed()
    assert bench.send_list(LIST_2, MANIFEST_2) == 0
    assert refused(bench, RollbackError, LIST, LIST_1, MANIFEST_2_AGAIN)


def test_same_manifest_again_is_accepted_without_its_content():
    bench = installed()
    assert bench.begin(LIST, len(LIST_1), MANIFEST_1).offset == len(LIST_1)
    assert bench.commit(LIST).result == 0
    assert bench.held() == (1, 1)


def test_manifest_of_another_division_is_refused():
    assert refused(installed(), WrongDivisionError, LIST, LIST_1, MANIFEST_OTHER_DIVISION)


def test_manifest_signed_by_an_organ_is_refused():
    assert refused(installed(), UnknownKeyError, LIST, LIST_1, MANIFEST_WRONG_KEY)


def test_manifest_with_a_flipped_bit_is_refused():
    bench = installed()
    for at in (12, len(MANIFEST_2) - 1):
        bad = bytearray(MANIFEST_2)
        bad[at] ^= 1
        assert refused(bench, BadSignatureError, LIST, LIST_2, bytes(bad)), at


def test_list_with_one_flipped_bit_is_refused():
    bench = installed()
    for at in (0, 7, 13, 1024, len(LIST_2) // 2, len(LIST_2) - 1):
        bad = bytearray(LIST_2)
        bad[at] ^= 0x10
        assert refused(bench, ContentMismatchError, LIST, bytes(bad), MANIFEST_2), at
    assert bench.send_list(LIST_2, MANIFEST_2) == 0


def test_list_of_another_length_than_signed_is_refused():
    assert refused(installed(), ContentMismatchError, LIST, LIST_2[:-5], MANIFEST_2)


def test_truncated_list_cannot_be_committed():
    bench = installed()
    before = standing(bench)
    bench.begin(LIST, len(LIST_2), MANIFEST_2)
    bench.data(LIST, 0, LIST_2[:1024])
    assert bench.commit(LIST).result == TransferStateError.code
    assert standing(bench) == before
    # What is there already need not be sent again.
    assert bench.begin(LIST, len(LIST_2), MANIFEST_2).offset == 1024


def test_steps_out_of_order_are_refused():
    bench = installed()
    assert bench.commit(LIST).result == TransferStateError.code
    assert bench.data(LIST, 0, b"x").result == TransferStateError.code
    bench.begin(LIST, len(LIST_2), MANIFEST_2)
    assert bench.data(LIST, 1, b"x").result == TransferStateError.code
    assert bench.data(TRUST, 0, b"x").result == TransferStateError.code
    assert bench.held() == (1, 1)


def test_bundle_without_enough_roots_is_refused():
    assert refused(installed(), BadSignatureError, TRUST, BUNDLE_ONE_ROOT)


def test_bundle_with_a_flipped_bit_is_refused():
    bench = installed()
    for at in (20, len(BUNDLE_2) - 1):
        bad = bytearray(BUNDLE_2)
        bad[at] ^= 1
        assert refused(bench, BadSignatureError, TRUST, bytes(bad)), at


def test_older_bundle_is_refused():
    bench = installed()
    assert bench.send_bundle(BUNDLE_2) == 0
    assert refused(bench, RollbackError, TRUST, BUNDLE_1)


def test_bundle_larger_than_a_slot_is_refused_before_a_byte_of_it():
    bench = installed()
    writes = bench.flash.writes
    assert bench.begin(TRUST, 4097).result == OversizeError.code
    assert bench.flash.writes == writes


def test_flash_that_refuses_a_write_is_a_named_fault_and_no_verdict_changes():
    bench = installed()
    bench.hello()
    bench.flash.fail = True
    assert bench.send_list(LIST_2, MANIFEST_2) == StorageError.code
    assert bench.verdict(SUSPENDED) == (DENY, reasons.SUSPENDED)
    assert any("not recorded" in report for report in bench.reports)
    bench.flash.fail = False
    assert bench.send_list(LIST_2, MANIFEST_2) == 0
    assert bench.verdict(LATER_SUSPENDED) == (DENY, reasons.SUSPENDED)

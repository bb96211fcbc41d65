"""What signers, hosts, clocks and chips may get wrong, and that no holder pays for it."""

from bench_card import BenchCard
from reader_bench import KEY, LIST, TRUST, installed
from reader_fixtures import (
    BUNDLE_EPOCH_2,
    BUNDLE_SM2,
    BUNDLE_YEARS_AHEAD,
    FORGED,
    GOOD,
    LATER_SUSPENDED,
    LIST_1,
    LIST_2,
    MANIFEST_1,
    MANIFEST_2,
    MANIFEST_DAY_AHEAD,
    MANIFEST_EPOCH_2,
    MANIFEST_EPOCH_TOO_HIGH,
    MANIFEST_OVER_A_DAY_AHEAD,
    MANIFEST_RUNAWAY,
    MANIFEST_YEARS_AHEAD,
    NOW,
    REVOKED,
    ROOTS,
    SUSPENDED,
    SWAPPED_INFO,
    UNKNOWN,
)

from juzhu_device.actions import Report, SendApdu
from juzhu_device.clock import clock_of, latest_time
from juzhu_device.pseudonym import LABEL, NO_PSEUDONYM
from juzhu_device.tap_ring import CHAIN_LABEL
from juzhu_protocol.crypto.mac import derive_key
from juzhu_protocol.errors import FutureTimeError, MalformedObjectError, RollbackError, UnknownKeyError
from juzhu_protocol.records.trust import BundleKey
from juzhu_protocol.rules import reasons
from juzhu_protocol.rules.calendar import day_of
from juzhu_protocol.rules.reasons import ALLOW, DENY, REFER

DAY_S = 86400

# -- the clock -------------------------------------------------------------------------------------


def test_list_dated_years_ahead_is_refused_and_denies_nobody():
    bench = installed()
    for manifest in (MANIFEST_YEARS_AHEAD, MANIFEST_OVER_A_DAY_AHEAD):
        assert bench.send(LIST, LIST_2, manifest) == FutureTimeError.code
    assert bench.hello().clock_floor == NOW - 3 * 3600
    assert bench.verdict(GOOD) == (ALLOW, reasons.IN_FORCE)


def test_bundle_dated_years_ahead_is_refused_and_denies_nobody():
    bench = installed()
    assert bench.send(TRUST, BUNDLE_YEARS_AHEAD) == FutureTimeError.code
    assert bench.held() == (1, 1)
    assert bench.verdict(GOOD) == (ALLOW, reasons.IN_FORCE)


def test_list_whose_time_became_impossible_during_its_transfer_is_refused():
    bench = installed()
    bench.rtc.uncertainty = None
    answer = bench.begin(LIST, len(LIST_2), MANIFEST_YEARS_AHEAD)
    while answer.offset < len(LIST_2):
        answer = bench.data(LIST, answer.offset, LIST_2[answer.offset : answer.offset + 1024])
    bench.rtc.uncertainty = 0
    assert bench.commit(LIST).result == FutureTimeError.code
    assert bench.held() == (1, 1)


def test_list_a_day_ahead_is_taken_and_makes_the_clock_unsure_for_that_long():
    bench = installed()
    assert bench.send(LIST, LIST_2, MANIFEST_DAY_AHEAD) == 0
    assert bench.verdict(GOOD) == (REFER, reasons.CLOCK_UNSURE)
    assert bench.verdict(REVOKED) == (DENY, reasons.REVOKED)
    bench.rtc.unix += DAY_S
    assert bench.verdict(GOOD) == (ALLOW, reasons.IN_FORCE)


def test_clock_set_after_a_wrong_floor_calls_nobody_lapsed():
    bench = installed()
    bench.rtc.uncertainty = None
    assert bench.send(LIST, LIST_2, MANIFEST_YEARS_AHEAD) == 0
    bench.rtc.uncertainty = 0
    assert bench.verdict(GOOD) == (REFER, reasons.CLOCK_UNSURE)
    assert bench.verdict(SUSPENDED) == (REFER, reasons.LIST_TOO_OLD)
    # What is not a matter of days stands.
    assert bench.verdict(REVOKED) == (DENY, reasons.REVOKED)
    bench.restart()
    assert bench.verdict(GOOD) == (REFER, reasons.CLOCK_UNSURE)


def test_wrong_floor_does_not_open_the_door_to_a_list_further_ahead():
    bench = installed()
    assert bench.send(LIST, LIST_2, MANIFEST_DAY_AHEAD) == 0
    assert bench.send(LIST, LIST_2, MANIFEST_YEARS_AHEAD) == FutureTimeError.code


def test_clock_and_floor_that_contradict_each_other_leave_any_later_day_possible():
    floor = NOW
    cases = (
        # (what the clock says, earliest, latest)
        (None, day_of(floor), None),
        ((NOW + DAY_S, None), day_of(floor), None),
        ((NOW, 0), day_of(floor), day_of(floor)),
        ((NOW - 1, 0), day_of(floor), None),
        ((NOW - 40 * DAY_S, 0), day_of(floor) - 40, None),
        ((NOW - 40 * DAY_S, 40 * DAY_S - 1), day_of(floor) - 80, None),
        ((NOW - 40 * DAY_S, 40 * DAY_S), day_of(floor), day_of(floor)),
        ((NOW + 40 * DAY_S, 50 * DAY_S), day_of(floor), day_of(floor) + 90),
    )
    for rtc, earliest, latest in cases:
        clock = clock_of(rtc, floor)
        assert (clock.earliest, clock.latest) == (earliest, latest), rtc
        assert (latest_time(rtc, floor) is None) == (latest is None), rtc


def test_clock_chip_that_does_not_answer_is_a_clock_without_power():
    bench = installed()

    def read():
        raise OSError(5)

    bench.rtc.read = read
    assert bench.verdict(GOOD) == (REFER, reasons.CLOCK_UNSURE)
    assert bench.verdict(REVOKED) == (DENY, reasons.REVOKED)


# -- keys ------------------------------------------------------------------------------------------


def test_sequence_that_ran_away_is_left_behind_by_the_root_alone():
    bench = installed()
    assert bench.send(LIST, LIST_2, MANIFEST_RUNAWAY) == 0
    assert bench.send(LIST, LIST_2, MANIFEST_2) == RollbackError.code
    # The list key cannot raise its own epoch.
    assert bench.send(LIST, LIST_2, MANIFEST_EPOCH_TOO_HIGH) == UnknownKeyError.code
    assert bench.send(TRUST, BUNDLE_EPOCH_2) == 0
    # What was signed under the old epoch is believed no more, and the reader says so by referring.
    assert bench.verdict(GOOD) == (REFER, reasons.NO_LIST)
    assert bench.send(LIST, LIST_2, MANIFEST_RUNAWAY) == RollbackError.code
    assert bench.send(LIST, LIST_2, MANIFEST_EPOCH_2) == 0
    assert bench.verdict(LATER_SUSPENDED) == (DENY, reasons.SUSPENDED)
    bench.restart()
    assert bench.held() == (3, 1)
    assert bench.send(LIST, LIST_1, MANIFEST_1) == RollbackError.code


def test_root_takes_back_a_floor_that_a_list_key_set_years_ahead():
    bench = installed()
    bench.rtc.uncertainty = None
    assert bench.send(LIST, LIST_2, MANIFEST_YEARS_AHEAD) == 0
    assert bench.core.store.clock_floor == NOW + 3 * 365 * DAY_S
    assert bench.send(TRUST, BUNDLE_EPOCH_2) == 0
    assert bench.core.store.clock_floor == NOW - 2 * DAY_S
    bench.restart()
    bench.rtc.uncertainty = 0
    assert bench.send(LIST, LIST_2, MANIFEST_EPOCH_2) == 0
    assert bench.verdict(GOOD) == (ALLOW, reasons.IN_FORCE)


def test_bundle_under_which_the_list_stands_leaves_the_floor_where_it_is():
    bench = installed()
    assert bench.send(LIST, LIST_2, MANIFEST_2) == 0
    assert bench.send(TRUST, BUNDLE_SM2) == 0
    assert bench.core.store.clock_floor == NOW - 3600


def test_keys_of_both_suites_in_a_bundle_stop_no_reader():
    bench = installed()
    assert bench.send(TRUST, BUNDLE_SM2) == 0
    bench.restart()
    bench.core._verifier._tables = []
    for _ in range(4):
        bench.pass_time(20)
    assert bench.held() == (2, 1)
    assert bench.verdict(GOOD) == (ALLOW, reasons.IN_FORCE)


def test_tables_are_made_for_the_list_key_first_and_for_no_key_that_is_never_met():
    bench = installed()
    assert bench.send(TRUST, BUNDLE_SM2) == 0
    bench.core._verifier._tables = []
    bench.core._prepare_keys()
    keys = {(key.suite, key.public_key): key for key in bench.core.store.keys.keys}
    # After the generators the list keys and Kaifeng's organs; neither the other city's organ nor the policy key.
    waiting = [keys[name] for name in bench.core._verifier._waiting[2:-3]]
    assert [(key.purpose, key.suite, key.divisions[0].division) for key in waiting] == [
        (2, 2, 410200),
        (2, 1, 410200),
        (4, 1, 410202),
        (1, 2, 410202),
        (1, 1, 410202),
        (1, 2, 410225),
    ]
    assert sorted(bench.core._verifier._waiting[-3:]) == sorted([(1, root) for root in ROOTS])


def test_newest_keys_and_the_roots_have_tables_before_keys_that_ended():
    bench = installed()
    today = day_of(bench.core.store.clock_floor)
    listing = next(key for key in bench.core.store.keys.keys if key.purpose == 2)
    keys = []
    # Each row: a purpose, and the first and last day of a key for it.
    for purpose, first, last in (
        (1, today - 4000, today - 733),
        (1, today - 3000, today - 732),
        (1, today - 2000, today - 1),
        (1, today - 1000, today),
        (1, today + 10, today + 900),
        (4, today - 3000, today - 10),
        (4, today - 900, today + 900),
        (4, today - 10, today + 900),
        (2, today - 3000, today - 1),
        (2, today - 900, today + 900),
    ):
        key = BundleKey.read(listing.to_bytes(), 0)[0]
        key.purpose, key.valid_from, key.valid_through = purpose, first, last
        key.public_key = bytes([len(keys)]) * 64
        keys.append(key)
    bench.core.store.keys.keys = keys
    for entry in [entry for key in keys if key.purpose != 2 for entry in key.divisions]:
        entry.division = 410202
    bench.core._prepare_keys()
    waiting = [public_key for _, public_key in bench.core._verifier._waiting[1:]]
    order = [keys.index(key) for name in waiting for key in keys if key.public_key == name]
    # The list's key; endorsement keys and permit keys, the newest first; those that ended, but for the long lapsed.
    assert order == [9, 7, 6, 4, 3, 5, 2, 1]
    assert sorted(waiting[5:8]) == sorted(ROOTS)


# -- what is told of a card ------------------------------------------------------------------------


def pseudonyms(bench):
    """The pseudonyms of the taps that the host has got, in order."""
    return [tap.pseudonym for tap in bench.taps]


def test_pseudonym_changes_daily_by_a_clock_that_nobody_set():
    bench = installed()
    bench.rtc.uncertainty = None
    bench.hello()
    bench.tap(GOOD)
    bench.rtc.unix += 6 * 3600
    bench.tap(GOOD)
    bench.rtc.unix += DAY_S
    bench.tap(GOOD)
    first, same, tomorrow = pseudonyms(bench)
    assert first == same != tomorrow


def test_pseudonym_without_a_clock_is_new_with_each_start():
    bench = installed()
    bench.rtc.read = lambda: None
    bench.hello()
    bench.tap(GOOD)
    bench.tap(GOOD)
    bench.restart()
    bench.hello(bench.core.ring.ring_id, 2)
    bench.tap(GOOD)
    first, same, later = pseudonyms(bench)
    assert first == same != later
    assert NO_PSEUDONYM not in (first, later)


def test_card_that_is_not_genuine_learns_no_serial_s_pseudonym():
    bench = installed()
    bench.hello()
    for card in (FORGED, UNKNOWN, SWAPPED_INFO):
        assert bench.verdict(card)[0] == REFER
    assert pseudonyms(bench) == [NO_PSEUDONYM] * 3


def test_log_names_no_serial_when_a_list_is_damaged_under_way():
    bench = installed()
    slot = bench.flash.regions["list%d" % bench.core.store.state.list_slot]
    # The status of the first entry, which is SUSPENDED's.
    assert int.from_bytes(slot[13:17], "big") == 1002
    slot[17] = 9
    assert bench.verdict(SUSPENDED) == (REFER, reasons.READER_FAULT)
    assert bench.reports == ["fault while judging a card: MalformedObjectError"]
    try:
        bench.core.store.status_of(410200, 1002)
    except MalformedObjectError as error:
        assert "1002" not in str(error)
    else:
        raise AssertionError("a status that is none was believed")


def test_chain_and_pseudonyms_have_keys_of_their_own():
    chain, pseudonym = derive_key(KEY, CHAIN_LABEL), derive_key(KEY, LABEL)
    assert len({KEY, chain, pseudonym}) == 3
    assert {len(chain), len(pseudonym)} == {32}


# -- after the answer ------------------------------------------------------------------------------


def broken(*_):
    raise RuntimeError("serial 1002")


def test_answer_stands_whatever_breaks_after_it():
    for part in ("append", "display", "data_to_send"):
        bench = installed()
        bench.hello()
        owner = bench.core.ring if part == "append" else bench.core._link
        setattr(owner, part, broken)
        card = BenchCard(*GOOD)
        actions = bench.core.card_present(0)
        while isinstance(actions[0], SendApdu):
            actions = bench.core.card_response(card.transmit(actions[0].command), 0)
        assert (actions[0].answer, actions[0].verdict.reason) == (ALLOW, reasons.IN_FORCE)
        told = [action.text for action in actions if isinstance(action, Report)]
        assert len(told) == 1, part
        assert "RuntimeError" in told[0]
        assert "1002" not in told[0]


def test_answer_of_a_day_beyond_all_records_is_shown():
    bench = installed()
    bench.hello()
    verdict = bench.tap(GOOD).verdict
    verdict.until = 66000
    bench.core._link.display(verdict, 1, 0, 0)
    bench.exchange()
    bench.pass_time(20)
    bench.exchange()
    assert bench.displays[-1].until == 65534


def test_clock_far_outside_the_record_of_a_tap_is_recorded_at_its_edge():
    for unix, recorded in ((-5, 0), (2**32 + 5, 2**32 - 1)):
        bench = installed()
        bench.hello()
        bench.rtc.unix = unix
        bench.tap(GOOD)
        assert bench.taps[0].time == recorded

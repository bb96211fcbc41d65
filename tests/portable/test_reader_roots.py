"""A reader that is given other roots: what hung on the old ones is forgotten, and its taps are not."""

from hashlib import sha256

from reader_bench import LIST, PROFILE, TRUST, Bench, PowerCutError, RamFlash, installed
from reader_fixtures import (
    BUNDLE_1,
    BUNDLE_NEW_ROOTS,
    BUNDLE_THIEVES,
    GOOD,
    LIST_1,
    LIST_2,
    MANIFEST_1,
    MANIFEST_RUNAWAY,
    NEW_ROOTS,
    NOW,
    PROFILE_1,
    PROFILE_RUNAWAY,
    ROOTS,
    SUSPENDED,
    THIEVES_CARD,
)

from juzhu_protocol.errors import BadSignatureError, StorageError
from juzhu_protocol.rules import reasons
from juzhu_protocol.rules.reasons import ALLOW, DENY, REFER

DAY_S = 86400
HIGHEST = 2**32 - 1
TORN = (0, 1, 5, 60, 1023)

_robbed = []


def robbed():
    """The flash of a reader that took a bundle, a list and a profile of two root keys' thieves, and one tap."""
    if not _robbed:
        flash = installed().flash
        bench = Bench(flash)
        bench.rtc.uncertainty = None
        assert bench.send(TRUST, BUNDLE_THIEVES) == 0
        assert bench.send(LIST, LIST_2, MANIFEST_RUNAWAY) == 0
        assert bench.send(PROFILE, PROFILE_RUNAWAY) == 0
        state = bench.core.store.state
        assert (state.bundle_floor, state.profile_floor) == (HIGHEST, HIGHEST)
        assert bench.core.store.clock_floor > NOW + DAY_S
        assert bench.held() == (HIGHEST, HIGHEST)
        bench.tap(THIEVES_CARD)
        _robbed.append(flash)
    return _robbed[0].copy()


def forgotten(bench):
    """Whether the reader holds nothing, and no floor of anything."""
    store = bench.core.store
    return (
        bench.held() == (0, 0)
        and store.profile is None
        and (store.clock_floor, store.state.bundle_floor, store.state.profile_floor) == (0, 0, 0)
        and store.state.manifest == b""
    )


def test_reader_with_new_roots_forgets_what_the_old_ones_signed():
    flash = robbed()
    before = Bench(flash.copy())
    assert before.verdict(THIEVES_CARD)[1] == reasons.CLOCK_UNSURE
    bench = Bench(flash, NEW_ROOTS)
    bench.pass_time(20)
    assert forgotten(bench)
    assert bench.reports == ["other roots are installed: what was believed under the old ones is forgotten"]
    assert bench.verdict(THIEVES_CARD) == (REFER, reasons.UNKNOWN_KEY)
    assert bench.send(TRUST, BUNDLE_THIEVES) == BadSignatureError.code
    assert bench.send(TRUST, BUNDLE_1) == BadSignatureError.code
    assert bench.send(TRUST, BUNDLE_NEW_ROOTS) == 0
    assert bench.send(LIST, LIST_1, MANIFEST_1) == 0
    assert bench.send(PROFILE, PROFILE_1) == 0
    assert bench.held() == (1, 1)
    assert bench.core.store.profile.version == 1
    for _ in range(2):
        assert bench.verdict(GOOD) == (ALLOW, reasons.IN_FORCE)
        assert bench.verdict(SUSPENDED) == (DENY, reasons.SUSPENDED)
        assert bench.verdict(THIEVES_CARD) == (REFER, reasons.UNKNOWN_KEY)
        bench.restart()
    bench.pass_time(20)
    assert len([report for report in bench.reports if "other roots" in report]) == 1


def test_taps_and_their_ring_stay_under_new_roots():
    flash = robbed()
    ring_id = Bench(flash.copy()).core.ring.ring_id
    bench = Bench(flash, NEW_ROOTS)
    bench.tap(GOOD)
    assert bench.hello().ring_id == ring_id
    assert [tap.index for tap in bench.taps] == [1, 2]
    assert bench.hello().taps_lost == 0


def test_same_roots_in_another_order_change_nothing():
    flash = robbed()
    bench = Bench(flash, (ROOTS[2], ROOTS[0], ROOTS[1]))
    bench.pass_time(20)
    assert bench.held() == (HIGHEST, HIGHEST)
    assert bench.reports == []


def test_one_root_more_or_less_or_another_threshold_is_another_root():
    for roots, threshold in ((ROOTS[:2], 2), (ROOTS + NEW_ROOTS[:1], 2), (ROOTS, 1), (ROOTS, 3)):
        assert forgotten(Bench(robbed(), roots, threshold)), (len(roots), threshold)


def test_old_roots_put_back_believe_nothing_that_was_forgotten():
    flash = robbed()
    Bench(flash, NEW_ROOTS)
    assert forgotten(Bench(flash, ROOTS))


def test_new_reader_takes_its_roots_without_a_word():
    flash = RamFlash()
    bench = Bench(flash, NEW_ROOTS)
    for _ in range(2):
        assert bench.core.store.state.counter == 2
        bench.pass_time(20)
        assert bench.reports == []
        bench.restart()


def test_power_cut_while_it_forgets_leaves_the_old_state_and_it_forgets_at_the_next_start():
    for torn in TORN:
        for blank in (False, True):
            flash = robbed()
            flash.writes = 0
            flash.cut_after, flash.torn, flash.blank = 0, torn, blank
            try:
                Bench(flash, NEW_ROOTS)
            except PowerCutError:
                pass
            else:
                raise AssertionError("the power was not cut")
            flash.cut_after = None
            bench = Bench(flash, NEW_ROOTS)
            assert forgotten(bench), (torn, blank)
            assert flash.writes <= 1
            assert bench.hello().taps_lost == 0
            assert [tap.index for tap in bench.taps] == [1]


def test_flash_that_takes_no_write_lets_no_reader_go_on_under_roots_that_it_cannot_keep():
    flash = robbed()
    flash.fail = True
    try:
        Bench(flash, NEW_ROOTS)
    except StorageError:
        return
    raise AssertionError("a reader went on")


def test_rotten_copy_of_the_new_roots_state_brings_the_old_one_back_only_to_be_forgotten():
    flash = robbed()
    newest = Bench(flash, NEW_ROOTS).core.store.state.counter
    flash.regions["state%d" % (newest % 2)][10] ^= 1
    bench = Bench(flash, NEW_ROOTS)
    bench.pass_time(20)
    assert forgotten(bench)
    assert len(bench.reports) == 1


def test_hash_of_the_roots_is_over_suite_threshold_and_the_keys_in_order():
    bench = Bench(robbed(), NEW_ROOTS)
    keys = b"".join(sorted(NEW_ROOTS))
    assert bench.core.store.state.roots_hash == sha256(b"\x01\x00\x02" + keys).digest()

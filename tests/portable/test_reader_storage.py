"""Power cuts at every write, and the ring of taps: what stands afterwards."""

from hashlib import sha256

from reader_bench import KEY, LIST, RING_SLOTS, TRUST, Bench, PowerCutError, RamFlash, installed
from reader_fixtures import (
    BUNDLE_1,
    BUNDLE_2,
    BUNDLE_2_OTHER_ROOTS,
    FORGED,
    GOOD,
    LATER_SUSPENDED,
    LIST_1,
    LIST_2,
    MANIFEST_1,
    MANIFEST_2,
    SUSPENDED,
)

from juzhu_device.tap_ring import CHAIN_LABEL, TapRing, chain_value
from juzhu_protocol.crypto.mac import derive_key
from juzhu_protocol.errors import StorageError
from juzhu_protocol.link.machine import LinkMachine
from juzhu_protocol.records.link import Tap
from juzhu_protocol.rules import reasons
from juzhu_protocol.rules.reasons import ALLOW, DENY, REFER

# What is done in turn to a blank reader, and how many writes to flash each takes.
STAGES = (
    ("first start", 1),
    ("first bundle", 2),
    ("first list", 4),
    ("second list", 4),
    ("second bundle", 2),
)
HELD = ((0, 0), (0, 0), (1, 0), (1, 1), (1, 2), (2, 2))
TORN = (0, 1, 60, 1023)
"""Bytes of a write that stand when the power is cut in it."""
CASES = [
    (stage, write, torn, blank)
    for stage in range(len(STAGES))
    for write in range(STAGES[stage][1])
    for torn in TORN
    for blank in (False, True)
]
STEPS = {"test_power_cut_at_any_write_leaves_the_old_or_the_new": ("step_power_cut", len(CASES))}

CHAIN_KEY = derive_key(KEY, CHAIN_LABEL)

_flashes = []


def do(stage, bench):
    if stage == 1:
        assert bench.send(TRUST, BUNDLE_1) == 0
    elif stage == 2:
        assert bench.send(LIST, LIST_1, MANIFEST_1) == 0
    elif stage == 3:
        assert bench.send(LIST, LIST_2, MANIFEST_2) == 0
    elif stage == 4:
        assert bench.send(TRUST, BUNDLE_2) == 0


def before(stage):
    """A copy of the flash as it stands before that stage."""
    while len(_flashes) <= stage:
        flash = _flashes[-1].copy() if _flashes else RamFlash()
        if _flashes:
            done = len(_flashes) - 1
            do(done, Bench(flash))
            assert flash.writes == STAGES[done][1], (done, flash.writes)
        _flashes.append(flash)
    return _flashes[stage].copy()


def step_power_cut(index):
    stage, write, torn, blank = CASES[index]
    flash = before(stage)
    floor = Bench(flash.copy()).core.store.clock_floor
    flash.cut_after, flash.torn, flash.blank = write, torn, blank
    try:
        do(stage, Bench(flash))
    except PowerCutError:
        pass
    else:
        raise AssertionError("the power was not cut")
    flash.cut_after = None
    bench = Bench(flash)
    assert bench.held() in (HELD[stage], HELD[stage + 1]), bench.held()
    assert bench.core.store.clock_floor >= floor
    assert bench.core.store.damage == ""
    do(stage, bench)
    bench.restart()
    assert bench.held() == HELD[stage + 1]
    if stage >= 2:
        assert bench.verdict(GOOD) == (ALLOW, reasons.IN_FORCE)
        assert bench.verdict(SUSPENDED) == (DENY, reasons.SUSPENDED)


def test_power_cut_at_any_write_leaves_the_old_or_the_new():
    for index in range(len(CASES)):
        step_power_cut(index)


def test_floor_stays_when_the_power_is_cut_after_a_newer_list():
    flash = before(4)
    bench = Bench(flash)
    assert bench.send(LIST, LIST_1, MANIFEST_1) != 0
    assert bench.verdict(LATER_SUSPENDED) == (DENY, reasons.SUSPENDED)


def test_damaged_list_on_flash_is_named_and_denies_nobody():
    flash = installed().flash
    slot = "list%d" % Bench(flash.copy()).core.store.state.list_slot
    flash.regions[slot][40] ^= 1
    bench = Bench(flash)
    assert "list on flash" in bench.core.store.damage
    assert bench.verdict(SUSPENDED) == (3, reasons.NO_LIST)
    # The floor stands all the same, and the right list mends it.
    assert bench.send_list() == 0
    assert bench.verdict(SUSPENDED) == (DENY, reasons.SUSPENDED)


def test_both_copies_of_the_state_damaged_is_a_fault_and_no_fresh_start():
    flash = installed().flash
    for region in ("state0", "state1"):
        flash.regions[region][10] ^= 1
    try:
        Bench(flash)
    except StorageError as error:
        assert "install" in str(error)
    else:
        raise AssertionError("a reader forgot its floors")


# -- the ring of taps ------------------------------------------------------------------------------


def a_tap():
    return Tap(
        index=1,
        time=5,
        pseudonym=bytes(8),
        service=1,
        answer=1,
        reason=1,
        flags=0,
        list_sequence=1,
        chain=bytes(16),
    )


def ring_of(flash, ring_id=7):
    return TapRing(flash, ring_id, CHAIN_KEY)


def drain(ring):
    """The indexes that the host takes, acknowledging each."""
    indexes = []
    while True:
        tap = ring.next_waiting()
        if tap is None:
            return indexes
        indexes.append(tap.index)
        ring.mark_stored(tap.index)


def assert_chained(taps, ring_id, chain=bytes(16)):
    for tap in taps:
        chain = chain_value(CHAIN_KEY, ring_id, chain, tap)
        assert tap.chain == chain, tap.index


def test_tap_is_kept_until_the_host_has_stored_it():
    bench = installed()
    bench.tap(GOOD)
    bench.tap(SUSPENDED)
    bench.acknowledges = False
    assert bench.hello().taps_waiting == 2
    assert [tap.index for tap in bench.taps] == [1]
    bench.pass_time(500)
    bench.core.link_lost()
    bench.acknowledges = True
    bench.taps = []
    bench.hello()
    assert [(tap.index, tap.answer) for tap in bench.taps] == [(1, ALLOW), (2, DENY)]
    assert_chained(bench.taps, bench.hello().ring_id)
    assert bench.hello().taps_waiting == 0


def test_taps_survive_a_restart_and_the_chain_goes_on():
    bench = installed()
    for _ in range(3):
        bench.tap(GOOD)
    bench.restart()
    bench.tap(FORGED)
    status = bench.hello()
    assert [tap.index for tap in bench.taps] == [1, 2, 3, 4]
    assert_chained(bench.taps, status.ring_id)
    bench.restart()
    bench.taps = []
    assert bench.hello(status.ring_id, 4).taps_waiting == 0
    assert bench.taps == []
    bench.tap(GOOD)
    assert [tap.index for tap in bench.taps] == [5]


def test_host_that_knows_another_ring_gets_everything_again():
    bench = installed()
    bench.tap(GOOD)
    ring_id = bench.hello().ring_id
    bench.restart()
    bench.taps = []
    bench.hello(ring_id ^ 1, 1)
    assert [tap.index for tap in bench.taps] == [1]


def test_pseudonym_changes_with_the_day_and_tells_no_serial():
    bench = installed()
    bench.hello()
    bench.tap(GOOD)
    bench.tap(GOOD)
    bench.tap(SUSPENDED)
    bench.rtc.unix += 86400
    bench.tap(GOOD)
    first, same, other, tomorrow = [tap.pseudonym for tap in bench.taps]
    assert first == same
    assert len({first, other, tomorrow, bytes(8)}) == 4


def test_full_ring_loses_the_oldest_and_counts_them():
    ring = ring_of(RamFlash())
    for _ in range(RING_SLOTS + 3):
        ring.append(a_tap())
    ring.resume(7, 0)
    assert (ring.lost, ring.waiting) == (3, RING_SLOTS)
    assert drain(ring) == list(range(4, RING_SLOTS + 4))
    assert (ring.lost, ring.waiting) == (3, 0)


def test_full_ring_counts_what_it_overwrites_while_a_host_is_slow():
    ring = ring_of(RamFlash())
    ring.resume(7, 0)
    for _ in range(RING_SLOTS + 3):
        ring.append(a_tap())
    assert ring.lost == 3
    ring.resume(7, 0)
    assert ring.lost == 3


def test_stored_taps_do_not_count_as_lost_after_a_restart():
    flash = RamFlash()
    ring = ring_of(flash)
    ring.resume(7, 0)
    for _ in range(3 * RING_SLOTS):
        ring.append(a_tap())
        drain(ring)
    ring = ring_of(flash)
    ring.append(a_tap())
    ring.resume(7, 3 * RING_SLOTS)
    assert ring.lost == 0
    assert drain(ring) == [3 * RING_SLOTS + 1]


def test_restart_anywhere_keeps_index_and_chain():
    flash = RamFlash()
    ring = ring_of(flash)
    before_it = bytes(16)
    for index in range(1, 3 * RING_SLOTS):
        tap = a_tap()
        ring.append(tap)
        assert tap.index == index
        assert_chained([tap], 7, before_it)
        before_it = tap.chain
        ring = ring_of(flash)
        assert ring.last == index


def test_power_cut_in_a_tap_loses_that_tap_alone():
    for torn in (0, 1, 20, 45):
        for blank in (False, True):
            flash = RamFlash()
            ring = ring_of(flash)
            for _ in range(3):
                ring.append(a_tap())
            flash.cut_after, flash.torn, flash.blank = 3, torn, blank
            try:
                ring.append(a_tap())
            except PowerCutError:
                pass
            else:
                raise AssertionError("the power was not cut")
            flash.cut_after = None
            ring = ring_of(flash)
            ring.append(a_tap())
            ring.resume(7, 0)
            assert ring.lost == 0
            taps = [ring._read(index) for index in (1, 2, 3, 4)]
            assert_chained(taps, 7)
            assert drain(ring) == [1, 2, 3, 4]


def test_damaged_tap_is_passed_over_and_counted_once():
    flash = RamFlash()
    ring = ring_of(flash)
    for _ in range(4):
        ring.append(a_tap())
    flash.regions["taps"][64 + 9] ^= 1
    ring = ring_of(flash)
    ring.resume(7, 0)
    assert drain(ring) == [1, 3, 4]
    assert ring.lost == 1
    ring.resume(7, 0)
    assert drain(ring) == [1, 3, 4]
    assert ring.lost == 1


def test_receipt_for_a_tap_that_never_was_forgets_nothing():
    ring = ring_of(RamFlash())
    ring.append(a_tap())
    ring.resume(7, 0)
    ring.mark_stored(999)
    ring.append(a_tap())
    assert drain(ring) == [1, 2]


def test_receipt_for_taps_to_come_counts_for_the_tap_that_it_answers_alone():
    bench = installed()
    bench.hello()
    bench.receipt = 999
    bench.tap(GOOD)
    bench.tap(SUSPENDED)
    assert [tap.index for tap in bench.taps] == [1, 2]
    assert bench.hello().taps_waiting == 0


def test_host_that_claims_more_taps_than_there_are_gets_all_of_them():
    bench = installed()
    for _ in range(3):
        bench.tap(GOOD)
    ring_id = bench.core.ring.ring_id
    bench.hello(ring_id, 999)
    assert [tap.index for tap in bench.taps] == [1, 2, 3]
    # Said again and again, it does not begin anew again and again.
    bench.hello(ring_id, 999)
    bench.tap(GOOD)
    assert [tap.index for tap in bench.taps] == [1, 2, 3, 4]


def test_host_that_looks_up_late_what_it_has_is_believed_late():
    bench = installed()
    for _ in range(4):
        bench.tap(GOOD)
    bench.acknowledges = False
    bench.hello()
    ring_id = bench.core.ring.ring_id
    assert bench.hello(ring_id, 3).taps_waiting == 1
    # A number below what is known already, or another ring's, takes nothing back.
    assert bench.hello(ring_id, 2).taps_waiting == 1
    assert bench.hello(ring_id + 1, 0).taps_waiting == 1


def test_host_that_begins_a_new_life_without_its_store_gets_what_the_ring_still_holds():
    bench = installed()
    bench.hello()
    for _ in range(3):
        bench.tap(GOOD)
    bench.taps = []
    bench.host = LinkMachine(77)
    bench.hello()
    assert [tap.index for tap in bench.taps] == [1, 2, 3]


def test_worn_page_of_the_ring_costs_its_taps_and_no_verdict():
    flash = installed().flash
    bench = Bench(flash)
    for _ in range(4):
        bench.tap(GOOD)
    flash.bad = [("taps", 64, 128)]
    bench.hello()
    assert bench.verdict(SUSPENDED) == (DENY, reasons.SUSPENDED)
    assert [tap.index for tap in bench.taps] == [1, 3, 4, 5]
    assert bench.hello().taps_lost == 1


def test_reader_starts_with_a_worn_page_and_repeats_no_index():
    flash = installed().flash
    bench = Bench(flash)
    bench.hello()
    for _ in range(3):
        bench.tap(GOOD)
    flash.bad = [("taps", 64, 64 * 4)]
    bench = Bench(flash)
    bench.pass_time(20)
    assert any("cannot be read" in report for report in bench.reports)
    # 2 and 3 stood on the page, 4 may have: the host may have each of them under its index.
    for _ in range(2):
        assert bench.verdict(GOOD) == (ALLOW, reasons.IN_FORCE)
    bench.hello(bench.core.ring.ring_id, 3)
    assert [tap.index for tap in bench.taps] == [5, 6]


def test_page_that_takes_no_write_does_not_hold_up_the_taps_after_it():
    flash = installed().flash
    bench = Bench(flash)
    bench.hello()
    flash.bad = [("taps", 64, 128)]
    for _ in range(3):
        assert bench.verdict(GOOD) == (ALLOW, reasons.IN_FORCE)
    assert [tap.index for tap in bench.taps] == [1, 3]
    assert bench.hello().taps_lost == 1
    assert len([report for report in bench.reports if "not recorded" in report]) == 1


def test_whole_ring_unreadable_starts_and_judges():
    flash = installed().flash
    flash.bad = [("taps", 0, 64 * RING_SLOTS)]
    bench = Bench(flash)
    bench.hello()
    for _ in range(RING_SLOTS + 1):
        assert bench.verdict(GOOD) == (ALLOW, reasons.IN_FORCE)


def test_worn_copy_of_the_state_leaves_the_other():
    flash = installed().flash
    state = Bench(flash.copy()).core.store.state
    flash.bad = [("state%d" % (1 - state.counter % 2), 0, 512)]
    bench = Bench(flash)
    assert bench.held() == (1, 1)
    flash.bad = [("state0", 0, 512), ("state1", 0, 512)]
    try:
        Bench(flash)
    except StorageError as error:
        assert "install" in str(error)
    else:
        raise AssertionError("a reader forgot its floors")


def test_worn_or_unreadable_bundle_is_damage_and_the_next_one_mends_it():
    for break_it in (_wear_trust, _write_no_bundle):
        flash = installed().flash
        break_it(flash)
        bench = Bench(flash)
        bench.pass_time(20)
        assert any("trust bundle on flash is not usable" in report for report in bench.reports), break_it
        assert bench.verdict(GOOD) == (REFER, reasons.UNKNOWN_KEY)
        assert bench.send(TRUST, BUNDLE_2) == 0
        assert bench.held() == (2, 1)
        assert bench.core.store.damage == ""
        assert bench.verdict(GOOD) == (ALLOW, reasons.IN_FORCE)


def _wear_trust(flash):
    flash.bad = [("trust%d" % Bench(flash.copy()).core.store.state.trust_slot, 0, 4096)]


def _write_no_bundle(flash):
    """Bytes with the hash that the state names, which no software of this version can read."""
    store = Bench(flash).core.store
    flash.regions["trust%d" % store.state.trust_slot][:5] = b"later"
    store._kept.save(trust_length=5, trust_hash=sha256(b"later").digest())


def test_floor_that_cannot_be_read_is_a_storage_fault():
    flash = installed().flash
    Bench(flash).core.store._kept.save(manifest=b"of a later version")
    try:
        Bench(flash)
    except StorageError as error:
        assert "install" in str(error)
    else:
        raise AssertionError("a reader forgot its floor")


def test_damage_found_after_the_start_is_reported():
    bench = installed()
    slot = "list%d" % bench.core.store.state.list_slot
    bench.flash.regions[slot][40] ^= 1
    # A new bundle has the list judged again.
    assert bench.send(TRUST, BUNDLE_2) == 0
    assert any("list on flash is not usable" in report for report in bench.reports)
    assert bench.send(LIST, LIST_2, MANIFEST_2) == 0
    assert bench.reports[-1] == "what was damaged on flash is mended"


def test_bit_that_rots_in_the_list_while_the_reader_runs_is_found_and_denies_nobody():
    bench = installed()
    slot = "list%d" % bench.core.store.state.list_slot
    for _ in range(5):
        bench.pass_time(20)
    assert bench.verdict(SUSPENDED) == (DENY, reasons.SUSPENDED)
    bench.flash.regions[slot][40] ^= 1
    for _ in range(5):
        bench.pass_time(20)
    assert bench.verdict(SUSPENDED) == (3, reasons.NO_LIST)
    assert any("list on flash is not usable" in report for report in bench.reports)
    assert bench.send_list() == 0
    for _ in range(5):
        bench.pass_time(20)
    assert bench.verdict(SUSPENDED) == (DENY, reasons.SUSPENDED)


def test_page_of_the_list_that_cannot_be_read_any_more_takes_it_out_of_use():
    bench = installed()
    bench.flash.bad = [("list%d" % bench.core.store.state.list_slot, 0, 50)]
    for _ in range(5):
        bench.pass_time(20)
    assert bench.verdict(GOOD)[1] == reasons.NO_LIST


def test_same_bundle_signed_by_other_roots_is_no_rollback():
    bench = installed()
    assert bench.send(TRUST, BUNDLE_2) == 0
    assert bench.send(TRUST, BUNDLE_2_OTHER_ROOTS) == 0
    bench.restart()
    assert bench.held() == (2, 1)

"""The reader's tables on flash: what a cut, rot, a worn page and a change of keys leave of them."""

from reader_bench import PowerCutError, RamFlash, installed
from reader_fixtures import GOOD

from juzhu_device.table_slots import SLOT_SIZE, TableSlots
from juzhu_protocol.crypto.comb import TEETH, table_size
from juzhu_protocol.rules.reasons import ALLOW

SLOTS = 3
TABLE_SIZE = 32 + table_size(TEETH)
# Suite and public key; the last two are one key in two suites.
A, B, C, D = (1, bytes([1]) * 64), (1, bytes([2]) * 64), (1, bytes([3]) * 64), (2, bytes([3]) * 64)


def flash_of(slots=SLOTS):
    flash = RamFlash()
    flash.regions["tables"] = bytearray(b"\xff" * (slots * SLOT_SIZE + 100))
    return flash


def table(fill):
    return bytes([fill]) * TABLE_SIZE


def filled():
    """Flash that holds the tables of A, B and C."""
    flash = flash_of()
    store = TableSlots(flash)
    assert store.want([A, B, C]) == 3
    for fill, key in enumerate((A, B, C)):
        store.save(key[0], key[1], table(fill))
    return flash


def held(store):
    return [key for key in (A, B, C, D) if store.load(key[0], key[1]) is not None]


def test_slot_takes_less_than_twelve_kilobytes_and_a_whole_table():
    assert SLOT_SIZE <= 12 * 1024
    flash = filled()
    assert TableSlots(flash).load(2, B[1]) is None
    assert TableSlots(flash).load(B[0], B[1]) == table(1)


def test_blank_flash_and_flash_without_room_hold_nothing():
    store = TableSlots(flash_of())
    assert held(store) == []
    small = TableSlots(flash_of(0))
    assert small.want([A]) == 0
    small.save(A[0], A[1], table(0))
    assert held(small) == []


def test_tables_outlive_a_restart_that_writes_nothing():
    flash = filled()
    writes = flash.writes
    for _ in range(3):
        store = TableSlots(flash)
        assert store.want([C, A, B]) == 3
        assert held(store) == [A, B, C]
    assert flash.writes == writes


def test_key_that_is_not_wanted_any_more_makes_room_and_no_other_does():
    flash = filled()
    store = TableSlots(flash)
    assert store.want([A, C, D]) == 3
    assert held(store) == [A, B, C]
    store.save(D[0], D[1], table(9))
    assert held(store) == [A, C, D]
    assert TableSlots(flash).load(D[0], D[1]) == table(9)
    store.save(B[0], B[1], table(1))
    assert held(store) == [A, C, D]


def test_more_keys_than_slots_keep_the_first():
    store = TableSlots(flash_of())
    assert store.want([A, B, C, D]) == 3
    for key in (D, C, B, A):
        store.save(key[0], key[1], table(key[0]))
    assert held(store) == [A, B, C]


def test_cut_at_any_byte_of_a_write_leaves_no_table_or_the_whole_and_harms_no_other():
    size = 99 + TABLE_SIZE
    for torn in (0, 1, 64, 65, 66, 67, 98, 99, 100, 131, 132, 2000, size - 1, size):
        for blank in (False, True):
            flash = filled()
            store = TableSlots(flash)
            store.want([A, D, C])
            flash.cut_after, flash.torn, flash.blank = flash.writes, torn, blank
            try:
                store.save(D[0], D[1], table(9))
            except PowerCutError:
                flash.cut_after = None
            else:
                raise AssertionError("no cut")
            again = TableSlots(flash)
            assert again.load(A[0], A[1]) == table(0)
            assert again.load(C[0], C[1]) == table(2)
            found = again.load(D[0], D[1])
            assert found == (table(9) if torn == size else None), torn
            # What stood there before is whole or gone, never mixed.
            assert again.load(B[0], B[1]) == (table(1) if not torn and not blank else None)
            again.want([A, D, C])
            again.save(D[0], D[1], table(9))
            assert held(again) == [A, C, D]


def test_rotten_bit_anywhere_in_a_slot_gives_up_that_table_alone_and_it_is_made_anew_there():
    size = 99 + TABLE_SIZE
    for at in list(range(0, 99, 3)) + list(range(99, size, 409)) + [size - 1]:
        flash = filled()
        flash.regions["tables"][SLOT_SIZE + at] ^= 0x10
        store = TableSlots(flash)
        assert store.want([A, B, C]) == 3
        assert held(store) == [A, C], at
        store.save(B[0], B[1], table(1))
        assert held(TableSlots(flash)) == [A, B, C]


def test_worn_page_costs_its_slot_and_stops_nothing():
    flash = filled()
    flash.bad = [("tables", SLOT_SIZE + 500, SLOT_SIZE + 501)]
    store = TableSlots(flash)
    store.want([A, B, C])
    assert held(store) == [A, C]
    store.save(B[0], B[1], table(1))
    assert held(store) == [A, C]
    # Where another slot is free it is taken instead.
    store.want([A, B])
    store.save(B[0], B[1], table(1))
    assert held(store) == [A, B]
    flash.bad = [("tables", 0, SLOTS * SLOT_SIZE)]
    dead = TableSlots(flash)
    dead.want([A])
    dead.save(A[0], A[1], table(0))
    assert held(dead) == []
    flash.bad = []
    flash.fail = True
    store = TableSlots(flash)
    store.want([D])
    store.save(D[0], D[1], table(3))
    assert held(store) == []


def test_table_too_large_for_a_slot_is_not_kept():
    flash = flash_of()
    store = TableSlots(flash)
    store.want([A])
    store.save(A[0], A[1], bytes(SLOT_SIZE))
    assert flash.writes == 0
    assert held(store) == []


def test_restarted_reader_finds_its_tables_in_a_few_ticks_and_wears_nothing():
    bench = installed()
    bench.core._verifier._generators, bench.core._verifier._tables = [], []
    ticks = 0
    while not bench.core._verifier.step():
        bench.pass_time(20)
        ticks += 1
    assert ticks > 100
    writes = bench.flash.writes
    bench.restart()
    bench.core._verifier._generators, bench.core._verifier._tables = [], []
    for _ in range(5):
        bench.pass_time(20)
    assert bench.core._verifier.step()
    assert bench.flash.writes == writes
    assert bench.verdict(GOOD)[0] == ALLOW

"""The list container against a dict of statuses and against the second decoder, at every border and at random."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from second_list_decoder import decode, decode_both

from juzhu_protocol.authority import list_builder, list_packing
from juzhu_protocol.authority.errors import ListRowsError, ListTooLongError
from juzhu_protocol.authority.list_builder import (
    build_base,
    build_overlay,
    for_readers,
    merge,
    open_list,
    readers_base,
    readers_overlay,
    rows_of,
    should_rebase,
)
from juzhu_protocol.errors import MalformedObjectError
from juzhu_protocol.hostside.loaded_list import LoadedList
from juzhu_protocol.lists.container import (
    ABSENT,
    MAX_BLOCK_BITS,
    VIEW_HOSTS,
    VIEW_READERS,
    VIEW_STATUSES,
    LayeredList,
    PackedList,
)

KAIFENG = 410200
HOSTS = VIEW_STATUSES[VIEW_HOSTS]
LISTED = HOSTS[1:]


def rows(statuses):
    """Rows as a builder takes them."""
    return sorted(statuses.items())


def ranged(first, last, status=LISTED[1]):
    return dict.fromkeys(range(first, last + 1), status)


def mixed(serials):
    """Each serial with a status, all of them in turn."""
    return {serial: LISTED[i % len(LISTED)] for i, serial in enumerate(sorted(serials))}


def scattered(highest, count, seed=1):
    """`count` serials up to `highest`, the same on every machine."""
    found, value = set(), seed
    while len(found) < count:
        value = (value * 1103515245 + 12345) % 2**31
        found.add(value % highest + 1)
    return found


def layered(base, overlay=None):
    over = None if overlay is None else open_list(overlay)
    return LayeredList(open_list(base), over, list_builder.base_id(base))


def assert_says(content, statuses, highest):
    """Every serial's status, and those beside the list's ends, from the reader, the host and the second decoder."""
    packed = open_list(content)
    found = LayeredList(packed)
    assert packed.entries == len(statuses)
    assert found.highest_serial == highest
    loaded = LoadedList(found)
    for serial in range(highest + 2):
        expected = statuses.get(serial, 0)
        assert found.status(serial) == loaded.status(serial) == expected, serial
    assert found.status(99_999_999) == loaded.status(99_999_999) == statuses.get(99_999_999, 0)
    assert found.status(-1) == loaded.status(-1) == 0
    head, decoded = decode(content)
    assert decoded == statuses
    assert (head["highest"], head["division"], head["view"]) == (highest, KAIFENG, packed.view)
    assert list(rows_of(content)) == rows(statuses)


BORDERS = {
    "nothing": (0, {}),
    "one serial, valid": (1, {}),
    "one serial, listed": (1, {1: 0x23}),
    "nobody listed": (40_000, {}),
    "first of all": (3000, {1: 0x11}),
    "last of all": (3000, {3000: 0x11}),
    "last serial fills its block": (512, ranged(1, 512)),
    "last serial begins a block": (513, ranged(1, 513)),
    "all listed, one status": (2000, ranged(1, 2000)),
    "all listed, every status": (2000, mixed(range(1, 2001))),
    "first and last of each block": (
        5120,
        mixed([1, *(s for b in range(1, 10) for s in (512 * b, 512 * b + 1)), 5120, *range(1100, 1500)]),
    ),
    "empty blocks between full ones": (6000, {**ranged(1, 500), **ranged(4000, 4511), 6000: 0x22}),
    "group of blocks ends": (512 * 32, mixed(scattered(512 * 32, 1050))),
    "group of blocks begins": (512 * 32 + 1, mixed([*scattered(512 * 32, 1050), 512 * 32 + 1])),
    "every other serial": (3000, mixed(range(2, 3001, 2))),
    "all codes of one length": (4000, mixed(scattered(4000, 80 * 8))),
    "codes of one to seven bits": (
        20_000,
        dict(
            zip(
                sorted(scattered(20_000, 255)),
                [status for i, status in enumerate(LISTED) for _ in range(2 ** (7 - i))],
                strict=True,
            )
        ),
    ),
    "dense batch, units of 16 bits": (
        60_000,
        {**mixed(scattered(60_000, 60)), **mixed(range(20_001, 21_001))},
    ),
    "dense batch, units of 32 bits": (
        60_000,
        {**mixed(scattered(60_000, 60)), **mixed(range(20_001, 22_001))},
    ),
}


@pytest.mark.parametrize("name", BORDERS)
def test_list_at_a_border_says_of_every_serial_what_it_should(name):
    highest, statuses = BORDERS[name]
    assert_says(build_base(rows(statuses), KAIFENG, highest), statuses, highest)


@pytest.mark.parametrize(
    "gap", [0, 1, 2, 3, 4, 7, 8, 15, 16, 254, 255, 256, 257, 511, 512, 4095, 4096, 65535]
)
@pytest.mark.parametrize("around", [-1, 0, 1])
def test_gaps_beside_a_power_of_two_are_kept(gap, around):
    gap = max(gap + around, 0)
    serials = [1 + i * (gap + 1) for i in range(20)]
    statuses = mixed([*serials, serials[-1] + 1])
    content = build_base(rows(statuses), KAIFENG, serials[-1] + 1)
    assert list(rows_of(content)) == rows(statuses)
    assert decode(content)[1] == statuses
    found = layered(content)
    for serial in statuses:
        for beside in (serial - 1, serial, serial + 1):
            assert found.status(beside) == statuses.get(beside, 0)


@pytest.mark.parametrize("parameter", range(16))
def test_every_parameter_of_a_block_is_chosen_somewhere_and_read(parameter):
    gap = (1 << parameter) + (1 << parameter >> 1)
    serials = [1 + i * (gap + 1) for i in range(20)]
    content = build_base([(serial, 0x12) for serial in serials], KAIFENG, serials[-1])
    assert {int(block[:4], 2) for block in blocks_of(content) if block} == {parameter}
    assert [serial for serial, _ in rows_of(content)] == serials


def blocks_of(content):
    packed = open_list(content)
    places = [packed._place(block) for block in range(packed.blocks)]
    bits = "".join(f"{byte:08b}" for byte in content)
    return [bits[at : at + size] for at, size in places]


def test_every_unit_of_length_is_chosen_somewhere_and_read():
    chosen = set()
    for few, crowd in ((3, 0), (1200, 0), (60, 50), (60, 100), (60, 200), (60, 450), (60, 700), (60, 1500)):
        statuses = mixed(scattered(60_000, few)) | mixed(range(20_481, 20_481 + crowd))
        content = build_base(rows(statuses), KAIFENG, 60_000)
        groups = -(-open_list(content).blocks // 32)
        chosen |= {content[20 + 36 * group + 3] & 7 for group in range(groups)}
        assert list(rows_of(content)) == rows(statuses)
        assert decode(content)[1] == statuses
        found = layered(content)
        for serial in range(20_000, 23_000, 7):
            assert found.status(serial) == statuses.get(serial, 0)
    assert chosen == set(range(6))


def test_parameter_is_the_lowest_that_takes_the_fewest_bits():
    for gaps in ([0], [1], [2], [0, 0, 3], [5, 9], [2**20 - 1], [7, 7, 8], [100] * 9, [0] * 50 + [4000]):
        bits = [len(gaps) * (1 + k) + sum(gap >> k for gap in gaps) for k in range(16)]
        assert list_packing.best_parameter(gaps) == bits.index(min(bits)), gaps


@given(st.lists(st.integers(0, 2**20 - 1), min_size=1, max_size=40))
def test_search_for_the_parameter_never_stops_early(gaps):
    bits = [len(gaps) * (1 + k) + sum(gap >> k for gap in gaps) for k in range(16)]
    assert list_packing.best_parameter(gaps) == bits.index(min(bits))


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=9))
def test_code_lengths_are_complete_and_as_short_as_any(counts):
    lengths = list_packing.code_lengths(counts)
    used = [(count, length - 1) for count, length in zip(counts, lengths, strict=True) if count]
    assert [bool(length) for length in lengths] == [bool(count) for count in counts]
    if used:
        assert sum(2 ** (16 - bits) for _, bits in used) == 2**16
        assert sum(count * bits for count, bits in used) == best_total([count for count, _ in used])


def best_total(counts):
    """Bits of a best prefix code, by joining the two lightest again and again."""
    trees, total = sorted(counts), 0
    while len(trees) > 1:
        joined = trees[0] + trees[1]
        total += joined
        trees = sorted([joined, *trees[2:]])
    return total


@pytest.mark.parametrize(
    ("counts", "lengths"),
    [
        ([0, 1, 1, 1, 1], [0, 3, 3, 3, 3]),
        ([0, 2, 1, 1], [0, 2, 3, 3]),
        ([1, 1, 2, 2], [4, 4, 3, 2]),
        ([1, 1, 1, 1, 2], [4, 4, 4, 4, 2]),
        ([1, 1, 2, 3, 5, 8, 13, 21, 34], [9, 9, 8, 7, 6, 5, 4, 3, 2]),
        ([0, 0, 7], [0, 0, 1]),
        ([0, 0, 0], [0, 0, 0]),
    ],
)
def test_ties_between_codes_fall_as_the_page_says(counts, lengths):
    assert list(list_packing.code_lengths(counts)) == lengths


@st.composite
def lists(draw):
    """(highest serial, statuses): some crowded, some far apart, some with batches."""
    highest = draw(st.integers(1, 3000))
    statuses = draw(st.dictionaries(st.integers(1, highest), st.sampled_from(LISTED), max_size=200))
    if draw(st.booleans()):
        first = draw(st.integers(1, highest))
        statuses |= ranged(
            first, min(highest, first + draw(st.integers(0, 1500))), draw(st.sampled_from(LISTED))
        )
    if draw(st.booleans()):
        factor = draw(st.sampled_from([7, 1000, 33_000]))
        highest, statuses = highest * factor, {serial * factor: status for serial, status in statuses.items()}
    return highest, statuses


@given(lists())
def test_random_list_says_what_was_put_in(drawn):
    highest, statuses = drawn
    content = build_base(rows(statuses), KAIFENG, highest)
    assert list(rows_of(content)) == rows(statuses)
    assert decode(content)[1] == statuses
    found, loaded = layered(content), LoadedList(layered(content))
    for listed in [*statuses, 1, highest, highest + 1]:
        for serial in (listed - 1, listed, listed + 1):
            assert found.status(serial) == loaded.status(serial) == statuses.get(serial, 0)


@given(lists(), lists())
def test_random_overlay_makes_of_the_base_what_is_now(before, after):
    highest, old = before
    now_highest, now = max(highest, after[0]), after[1]
    base = build_base(rows(old), KAIFENG, highest)
    overlay = build_overlay(rows(now), base, now_highest)
    changed = {s: now.get(s, 0) for s in old.keys() | now.keys() if old.get(s, 0) != now.get(s, 0)}
    assert decode(overlay)[1] == changed
    assert decode_both(base, overlay) == now
    assert list(rows_of(base, overlay)) == rows(now)
    assert merge(base, overlay) == build_base(rows(now), KAIFENG, now_highest)
    found, loaded = layered(base, overlay), LoadedList(layered(base, overlay))
    for serial in [*list(old)[:50], *list(now)[:50], 1, now_highest, now_highest + 1]:
        assert found.status(serial) == loaded.status(serial) == now.get(serial, 0)


@given(lists(), lists())
def test_readers_view_made_by_a_host_is_the_authority_s(before, after):
    highest, old = before
    now_highest, now = max(highest, after[0]), after[1]
    base = build_base(rows(old), KAIFENG, highest)
    overlay = build_overlay(rows(now), base, now_highest)
    plain = dict(for_readers(rows(now)))
    readers = readers_base(base)
    assert readers == build_base(for_readers(rows(old)), KAIFENG, highest, VIEW_READERS)
    over = readers_overlay(base, overlay)
    assert over == build_overlay(rows(plain), readers, now_highest)
    assert decode_both(readers, over) == plain
    assert set(plain.values()) <= {1, 2}


def test_change_of_ground_alone_does_not_reach_readers():
    base = build_base([(5, 0x11)], KAIFENG, 10)
    overlay = build_overlay([(5, 0x12)], base, 10)
    assert open_list(overlay).entries == 1
    assert open_list(readers_overlay(base, overlay)).entries == 0


def test_valid_rows_and_rows_left_out_give_the_same_bytes():
    statuses = mixed(scattered(5000, 300))
    every = [(serial, statuses.get(serial, 0)) for serial in range(1, 5001)]
    base = build_base(rows(statuses), KAIFENG, 5000)
    assert build_base(every, KAIFENG, 5000) == base
    assert build_base(iter(every), KAIFENG, 5000) == base
    some = mixed(scattered(5000, 250, seed=2))
    full = [(serial, some.get(serial, 0)) for serial in range(1, 5001)]
    assert build_overlay(rows(some), base, 5000) == build_overlay(full, base, 5000)


def test_rows_on_disk_give_the_same_bytes_as_rows_in_memory(monkeypatch):
    statuses = mixed(scattered(200_000, 9000))
    whole = build_base(rows(statuses), KAIFENG, 200_000)
    monkeypatch.setattr(list_packing, "IN_MEMORY", 4096)
    monkeypatch.setattr(list_packing, "CHUNK", 7)
    assert build_base(rows(statuses), KAIFENG, 200_000) == whole


@pytest.mark.parametrize(
    "given_rows",
    [
        [(2, 0x11), (1, 0x11)],
        [(1, 0x11), (1, 0x11)],
        [(0, 0x11)],
        [(-1, 0x11)],
        [(11, 0x11)],
        [(1, 0x13)],
        [(1, 1)],
        [(1, 2)],
        [(1, 0x24)],
    ],
    ids=["falling", "twice", "zero", "negative", "above", "overdue", "no ground", "no cause", "unknown"],
)
def test_row_that_cannot_be_listed_is_refused(given_rows):
    with pytest.raises(ListRowsError):
        build_base(given_rows, KAIFENG, 10)
    base = build_base([], KAIFENG, 10)
    with pytest.raises(ListRowsError):
        build_overlay(given_rows, base, 10)


def test_overdue_is_in_no_view():
    assert all(status not in (0x13, 3) for statuses in VIEW_STATUSES.values() for status in statuses)
    with pytest.raises(ListRowsError):
        list(for_readers([(1, 0x13)]))


@pytest.mark.parametrize("highest", [-1, 100_000_000])
def test_highest_serial_out_of_range_is_refused(highest):
    with pytest.raises(ListRowsError):
        build_base([], KAIFENG, highest)


def test_highest_serial_that_falls_is_refused():
    with pytest.raises(ListRowsError):
        build_overlay([], build_base([], KAIFENG, 10), 9)


def test_overlay_over_an_overlay_is_refused():
    base = build_base([], KAIFENG, 10)
    overlay = build_overlay([(1, 0x11)], base, 10)
    for wrong in (
        lambda: build_overlay([], overlay, 10),
        lambda: merge(overlay, overlay),
        lambda: list(rows_of(overlay)),
        lambda: merge(base, base),
    ):
        with pytest.raises(MalformedObjectError):
            wrong()


def test_list_beyond_four_mebibytes_is_refused(monkeypatch):
    monkeypatch.setattr(list_packing, "MAX_CONTENT", 2000)
    statuses = mixed(scattered(100_000, 2000))
    with pytest.raises(ListTooLongError):
        build_base(rows(statuses), KAIFENG, 100_000)


def test_widest_division_with_nobody_listed_stays_small():
    content = build_base([(99_999_999, 0x21)], KAIFENG, 99_999_999)
    assert len(content) < 150
    assert layered(content).status(99_999_999) == 0x21
    assert layered(content).status(99_999_998) == 0


def test_new_base_is_due_when_the_overlay_is_longer_than_a_third():
    assert not should_rebase(bytes(300), bytes(100))
    assert should_rebase(bytes(300), bytes(101))
    assert should_rebase(bytes(299), bytes(100))


def test_blocks_average_at_most_32_entries_or_16_and_at_least_half_of_that():
    for highest, entries in ((1_000_000, 5000), (1_000_000, 20_000), (1_000_000, 50_000), (10**7, 200_000)):
        for crowd in (32, 16):
            bits = list_packing.block_bits(entries, highest, crowd)
            assert crowd // 2 * highest < entries << bits <= crowd * highest or bits == 9
    assert list_packing.block_bits(0, 0, 32) == list_packing.block_bits(0, 10**7, 32) == 20
    assert list_packing.block_bits(10**6, 10**6, 32) == 9
    week = dict.fromkeys(scattered(10**6, 3308), 0x11)
    assert open_list(build_base(rows(week), KAIFENG, 10**6)).block_bits == 13
    empty = build_base([], KAIFENG, 10**6)
    assert open_list(build_overlay(rows(week), empty, 10**6)).block_bits == 12


def test_block_too_long_lowers_the_bits_and_none_is_ever_too_long_at_nine():
    crowded = {**mixed(range(1, 5001)), **mixed(scattered(400_000, 900))}
    content = build_base(rows(crowded), KAIFENG, 400_000)
    packed = open_list(content)
    assert packed.block_bits == 10 < list_packing.block_bits(len(crowded), 400_000, 32)
    assert max(len(block) for block in blocks_of(content)) <= MAX_BLOCK_BITS
    assert list(rows_of(content)) == rows(crowded)
    worst = [(8, 8)] * 9
    assert list_packing.encode_block(list(range(512)), [0] * 512, worst)[1] == 4612


def test_reader_reads_twice_a_look_up_and_never_much():
    statuses = mixed(scattered(300_000, 6000))
    content = build_base(rows(statuses), KAIFENG, 300_000)
    reads = []

    def read(offset, size):
        reads.append(size)
        return content[offset : offset + size]

    packed = PackedList(read, len(content))
    assert len(reads) == 3
    for serial in [*list(statuses)[:200], *range(1, 300_000, 997)]:
        reads.clear()
        packed.find(serial)
        assert len(reads) <= 2
        assert reads[0] <= 36
        assert reads[-1] <= (MAX_BLOCK_BITS + 14) // 8


def test_overlay_says_absent_for_what_it_does_not_list():
    base = build_base([(3, 0x11), (4, 0x11)], KAIFENG, 10)
    over = open_list(build_overlay([(4, 0x11)], base, 12))
    assert [over.find(serial) for serial in (0, 3, 4, 12, 13)] == [ABSENT, 0, ABSENT, ABSENT, ABSENT]
    assert over.base_id == sha256(base).digest()[:8]

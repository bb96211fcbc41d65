"""Containers that are none: every check of docs/list-container.md, each broken alone, and bytes changed at random."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from juzhu_protocol.authority.list_builder import base_id, build_base, build_overlay, open_list, readers_base
from juzhu_protocol.errors import MalformedObjectError
from juzhu_protocol.hostside.loaded_list import LoadedList
from juzhu_protocol.lists.container import (
    ABSENT,
    MAX_CONTENT,
    VIEW_STATUSES,
    LayeredList,
    PackedList,
    decode_table,
)
from juzhu_protocol.records.list import ListBase

KAIFENG = 410200
HEAD, INDEX = 20, 24
ROWS = [(3, 0x15), (5, 0x22), (17, 0x15), (900, 0x12), (1200, 0x23)]
WIDE = [(serial, 0x11 + serial % 2) for serial in range(1, 80_000, 13)]


def base(rows=ROWS, highest=1500):
    return build_base(rows, KAIFENG, highest)


def changed(content, at, value):
    return content[:at] + bytes((value,)) + content[at + 1 :]


def container(
    bits, code_lengths="0000200200", highest=20, entries=3, block_bits=9, view=1, index="000000190"
):
    """A base of one block with these bits, ones to a whole byte; parts of it wrong where a test says so."""
    padded = bits + "1" * (-len(bits) % 8)
    block = int(padded, 2).to_bytes(len(padded) // 8, "big")
    head = ListBase(view, KAIFENG, highest, entries, block_bits, bytes.fromhex(code_lengths)).to_bytes()
    return head + (8 * 200).to_bytes(4, "big") + bytes((len(bits),)) + block


def opened(content):
    found = open_list(content)
    list(found.walk())
    return found


def refuse_to_open(content):
    with pytest.raises(MalformedObjectError):
        open_list(content)


def refuse_to_walk(content):
    with pytest.raises(MalformedObjectError):
        list(open_list(content).walk())


def test_hand_made_container_is_whole_before_anything_is_broken():
    assert dict(opened(container("001001000011110110")).walk()) == {3: 0x15, 5: 0x22, 17: 0x15}


def test_container_that_ends_early_anywhere_is_refused():
    content = base()
    for size in range(len(content)):
        refuse_to_open(content[:size])


def test_byte_behind_the_end_is_refused():
    refuse_to_open(base() + b"\x00")
    refuse_to_open(build_base([], KAIFENG, 0) + b"\x00")


def test_reader_that_gets_fewer_bytes_than_it_asked_for_says_so():
    content = base()
    for missing in (1, 2, 20):
        with pytest.raises(MalformedObjectError):
            PackedList(lambda at, size, less=missing: content[at : at + size][:-less], len(content))


def test_reader_that_gets_more_bytes_than_it_asked_for_says_so():
    content = base()
    with pytest.raises(MalformedObjectError):
        PackedList(lambda at, size: content[at : at + size + 1], len(content))


def test_list_longer_than_any_is_refused_before_a_byte_is_read():
    with pytest.raises(MalformedObjectError):
        PackedList(lambda at, size: pytest.fail("it was read"), MAX_CONTENT + 1)


@pytest.mark.parametrize("kind", [0x00, 0x20, 0x21, 0x24, 0xFF])
def test_content_that_begins_with_another_record_is_refused(kind):
    refuse_to_open(changed(base(), 0, kind))


@pytest.mark.parametrize(
    ("at", "value"),
    [(1, 2), (2, 0), (2, 3), (3, 0), (6, 255), (10, 255), (14, 8), (14, 21)],
    ids=["version", "view 0", "view 3", "division", "highest", "entries", "b = 8", "b = 21"],
)
def test_head_out_of_range_is_refused(at, value):
    refuse_to_open(changed(base(), at, value))


def test_base_with_a_code_for_valid_again_is_refused():
    refuse_to_open(container("00100100", code_lengths="2000200000"))


def test_code_for_a_status_that_the_view_lacks_is_refused():
    refuse_to_open(changed(readers_base(base()), 16, 0x21))
    refuse_to_open(changed(base(), 19, 0x02))


@pytest.mark.parametrize(
    "lengths",
    ["0000200000", "0000200300", "0222000000", "0111000000", "0110000000", "0555555550", "0200000000"],
)
def test_codes_that_are_not_complete_are_refused(lengths):
    refuse_to_open(container("00100100", code_lengths=lengths))


def test_code_of_nine_bits_is_refused():
    with pytest.raises(MalformedObjectError):
        decode_table(bytes((2, 3, 4, 5, 6, 7, 8, 10, 10)))
    assert decode_table(bytes((2, 3, 4, 5, 6, 7, 8, 9, 9)))[1] == 8


def test_list_with_entries_and_no_codes_is_refused():
    refuse_to_walk(container("00100100", code_lengths="0000000000", entries=1))


@pytest.mark.parametrize("shift", [6, 7])
def test_group_with_units_longer_than_32_bits_is_refused(shift):
    longest = container("0010" + "0100" * 40, highest=500, entries=40)
    block = longest[: INDEX - 1] + bytes((longest[INDEX - 1] | shift, 1)) + b"\xff" * (1 << shift >> 3)
    refuse_to_open(block)
    good = longest[: INDEX - 1] + bytes((longest[INDEX - 1] | 5, 1)) + b"\x2f" + b"\xff" * 3
    assert open_list(good).find(1) == ABSENT


def test_group_that_begins_elsewhere_is_refused():
    content = build_base(WIDE, KAIFENG, 100_000)
    groups = open_list(content).blocks // 32 + 1
    assert groups >= 3
    for group in range(groups):
        low = HEAD + 36 * group + 3
        for wrong in (content[low] ^ 0x08, content[low] ^ 0x40):
            refuse_to_walk(changed(content, low, wrong))


def test_group_that_points_into_the_index_or_behind_the_end_is_refused_on_look_up():
    content = build_base(WIDE, KAIFENG, 100_000)
    for place in (0, 8 * HEAD, 0x1FFFFFFF, 8 * len(content)):
        wrong = content[:HEAD] + (8 * place).to_bytes(4, "big") + content[HEAD + 4 :]
        with pytest.raises(MalformedObjectError):
            open_list(wrong).find(1)


def test_block_whose_length_is_wrong_is_refused():
    content = base()
    for wrong in (0, content[INDEX] - 8, content[INDEX] + 8, 255):
        refuse_to_open(changed(content, INDEX, wrong))
    refuse_to_walk(changed(content, INDEX, content[INDEX] - 1))


@pytest.mark.parametrize("last", ["1110", "1100", "1001"], ids=["no gap", "half a gap", "no status"])
def test_entry_that_runs_past_its_block_is_refused(last):
    refuse_to_walk(container("001001000011" + last, highest=500))


@pytest.mark.parametrize("highest", [1, 2, 3, 16])
def test_entry_behind_the_last_serial_is_refused(highest):
    refuse_to_walk(container("001001000011110110", highest=highest))


def test_entry_behind_the_last_serial_is_refused_in_a_later_block_too():
    content = build_base([*WIDE, (100_000, 0x11)], KAIFENG, 100_000)
    shorter = content[:6] + (99_990).to_bytes(4, "big") + content[10:]
    assert open_list(shorter).blocks == open_list(content).blocks > 1
    refuse_to_walk(shorter)
    with pytest.raises(MalformedObjectError):
        open_list(shorter).find(99_990)


@pytest.mark.parametrize("bits", ["0", "00", "001"])
def test_block_too_short_for_its_parameter_is_refused(bits):
    refuse_to_walk(container(bits, entries=0))
    with pytest.raises(MalformedObjectError):
        open_list(container(bits)).find(1)


def test_entry_behind_its_block_is_refused_even_where_more_blocks_follow():
    content = bytearray(base([(512, 0x15), *((s, 0x15) for s in range(600, 1500))]))
    found = open_list(bytes(content))
    at, _ = found._place(0)
    assert (found.block_bits, at % 8, content[at // 8] >> 4) == (9, 0, 8)
    # The only gap of block 0 is 511 = 1 * 256 + 255: with a parameter of 9 its bits say more than 511.
    content[at // 8] ^= 0x10
    with pytest.raises(MalformedObjectError):
        open_list(bytes(content)).find(300)


@pytest.mark.parametrize("entries", [0, 2, 4, 99_999_999])
def test_walk_counts_the_entries(entries):
    refuse_to_walk(container("001001000011110110", entries=entries))


def test_overlay_belongs_to_one_base_alone():
    content = base()
    overlay = build_overlay([(3, 0x11)], content, 1500)
    LayeredList(open_list(content), open_list(overlay), base_id(content))
    other = base(ROWS[:-1])
    cases = [
        (other, overlay, base_id(other)),
        (content, overlay, b""),
        (content, overlay, bytes(8)),
        (readers_base(content), overlay, base_id(content)),
        (build_base(ROWS, 410300, 1500), overlay, base_id(content)),
        (base(ROWS, 1501), overlay, base_id(content)),
        (content, content, base_id(content)),
        (overlay, overlay, base_id(content)),
    ]
    for one, over, known in cases:
        with pytest.raises(MalformedObjectError):
            LayeredList(open_list(one), open_list(over), known)
    with pytest.raises(MalformedObjectError):
        LayeredList(open_list(overlay))


CONTENTS = [
    base(),
    build_base(WIDE, KAIFENG, 100_000),
    build_base([], KAIFENG, 5000),
    build_overlay([(3, 0x11), (90, 0x16)], base(), 3000),
    readers_base(base()),
]


# Whatever bytes a container has, it is refused or gives statuses of its view, in bounded steps, and nothing else.
@given(
    st.sampled_from(CONTENTS),
    st.lists(st.tuples(st.integers(0, 2**16), st.integers(0, 255)), min_size=1, max_size=6),
    st.lists(st.integers(-2, 110_000), min_size=1, max_size=30),
)
def test_container_with_bytes_changed_is_refused_or_answers_from_its_view(content, changes, serials):
    damaged = bytearray(content)
    for at, value in changes:
        damaged[at % len(damaged)] = value
    try:
        found = open_list(bytes(damaged))
        allowed = {ABSENT, *VIEW_STATUSES[found.view]}
        for serial in serials:
            assert found.find(serial) in allowed
        before = 0
        for serial, status in found.walk():
            assert before < serial <= found.highest_serial
            assert status in allowed
            before = serial
    except MalformedObjectError:
        return


@given(st.binary(max_size=200))
def test_any_bytes_behind_a_head_are_refused_or_walked(data):
    head = ListBase(1, KAIFENG, 1000, 5, 9, bytes.fromhex("0000200200")).to_bytes()
    try:
        LoadedList(LayeredList(open_list(head + data)))
    except MalformedObjectError:
        return

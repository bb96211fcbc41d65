"""HOLDER byte for byte, both ways, and everything that it refuses without repeating any of it."""

from dataclasses import asdict, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from juzhu_protocol.authority import codes
from juzhu_protocol.authority.citizen_number import synthetic
from juzhu_protocol.authority.errors import HolderFileError
from juzhu_protocol.authority.holder_file import LAYOUT, HolderFile
from juzhu_protocol.card.apdu import HOLDER_SIZE
from juzhu_protocol.rules.calendar import from_iso

BORN = from_iso("1956-04-12")
RIGHT = HolderFile(
    name="测试2",
    sex="女",
    ethnicity="回",
    birth_day=BORN,
    household_address="虚构省虚构市样例路1号",
    citizen_number=synthetic(BORN, 2),
    organ="虚构区公安机关",
    issue_day=from_iso("2025-06-15"),
    good_through=from_iso("2026-06-15"),
    address="开封市样例区虚构路2号",
)
# Offset and size of GA/T 490's fields, and of the one that follows them.
FIELDS = {
    "name": (0, 30, "测试2"),
    "sex": (30, 2, "2"),
    "ethnicity": (32, 4, "03"),
    "birth_day": (36, 16, "19560412"),
    "household_address": (52, 70, "虚构省虚构市样例路1号"),
    "citizen_number": (122, 36, synthetic(BORN, 2)),
    "organ": (158, 30, "虚构区公安机关"),
    "issue_day": (188, 16, "20250615"),
    "good_through": (204, 16, "20260615"),
    "reserved": (220, 36, ""),
    "address": (256, 70, "开封市样例区虚构路2号"),
}
TEXTS = ("name", "household_address", "organ", "address")


def test_every_item_stands_where_the_public_record_has_it():
    raw = RIGHT.to_bytes()
    assert (len(raw), LAYOUT.sizeof()) == (HOLDER_SIZE, HOLDER_SIZE)
    for offset, size, text in FIELDS.values():
        assert raw[offset : offset + size] == text.ljust(size // 2).encode("utf-16-le")
    assert sum(size for _, size, _ in FIELDS.values()) == HOLDER_SIZE
    assert list(FIELDS) == [part.name for part in LAYOUT.subcons]


@pytest.mark.parametrize("code", codes.ETHNIC_CODES)
def test_every_ethnic_group_comes_back_from_its_code(code):
    holder = replace(RIGHT, ethnicity=codes.ETHNIC_CODES[code])
    raw = holder.to_bytes()
    assert raw[32:36].decode("utf-16-le") == code
    assert HolderFile.from_bytes(raw) == holder


# Whatever can be written is read as it was, and writes the same bytes again.
@given(st.sampled_from(TEXTS), st.text(min_size=1, max_size=20), st.integers(1, 65534), st.integers(1, 65534))
def test_what_is_written_is_read_back(item, text, issued, through):
    holder = replace(RIGHT, **{item: text}, issue_day=issued, good_through=through)
    try:
        raw = holder.to_bytes()
    except HolderFileError:
        return
    found = HolderFile.from_bytes(raw)
    assert found == replace(holder, **{item: text.rstrip(" ")})
    assert found.to_bytes() == raw


# Whatever is read is written as it was, and a mutated file is read or refused, never anything else.
@given(st.integers(0, HOLDER_SIZE - 1), st.integers(1, 255))
def test_a_changed_byte_is_read_as_it_stands_or_refused(at, change):
    raw = bytearray(RIGHT.to_bytes())
    raw[at] ^= change
    try:
        found = HolderFile.from_bytes(bytes(raw))
    except HolderFileError:
        return
    assert found.to_bytes() == bytes(raw)


@pytest.mark.parametrize("size", [0, 1, 256, HOLDER_SIZE - 1, HOLDER_SIZE + 1])
def test_file_of_another_size_is_refused(size):
    with pytest.raises(HolderFileError, match=f"has {size} bytes, not {HOLDER_SIZE}"):
        HolderFile.from_bytes(RIGHT.to_bytes().ljust(size, b" ")[:size])


@pytest.mark.parametrize(
    ("item", "text", "said"),
    [
        ("name", "", "name: nothing in it"),
        ("name", "\u3000\u3000", "name: nothing in it"),
        ("name", "测\n试", "name: U\\+000A in it"),
        ("organ", "测\u202e试", "organ: U\\+202E in it"),
        ("address", "\ud800", "no text in UTF-16LE"),
        ("address", "", "address: nothing in it"),
        ("sex", "0", "no code of GB/T 2261.1"),
        ("sex", "9", "no code of GB/T 2261.1"),
        ("sex", "女", "no code of GB/T 2261.1"),
        ("sex", "1", "sex and citizen number contradict"),
        ("ethnicity", "00", "no code of GB/T 3304"),
        ("ethnicity", "57", "no code of GB/T 3304"),
        ("ethnicity", "3", "no code of GB/T 3304"),
        ("birth_day", "19560413", "birth date and citizen number contradict"),
        ("birth_day", "19560230", "birth day: no date YYYYMMDD"),
        ("birth_day", "1956041", "birth day: no date YYYYMMDD"),
        ("birth_day", "१९५६०४१२", "birth day: no date YYYYMMDD"),
        ("birth_day", "18991231", "a day outside 1900-01-02"),
        ("issue_day", "20790606", "issue day: a day outside"),
        ("good_through", "长期", "good through: no date YYYYMMDD"),
        ("citizen_number", "990000195604120021", "check digit"),
        ("citizen_number", "99000019560412002x", "check digit"),
        ("reserved", "I", "reserved: not blank"),
    ],
)
def test_item_that_no_permit_shows_is_refused_in_one_line(item, text, said):
    offset, size, _ = FIELDS[item]
    raw = bytearray(RIGHT.to_bytes())
    field = text.encode("utf-16-le", "surrogatepass")
    raw[offset : offset + size] = field + b" \x00" * ((size - len(field)) // 2)
    with pytest.raises(HolderFileError, match=said) as caught:
        HolderFile.from_bytes(bytes(raw))
    assert len(str(caught.value).splitlines()) == 1
    for secret in asdict(RIGHT).values():
        assert str(secret) not in str(caught.value)


@pytest.mark.parametrize("kind", ["I", "J", "Y"])
def test_record_of_another_kind_of_permit_is_not_taken_for_a_residents(kind):
    raw = bytearray(RIGHT.to_bytes())
    raw[248:250] = kind.encode("utf-16-le")
    with pytest.raises(HolderFileError, match="record of another kind"):
        HolderFile.from_bytes(bytes(raw))


def test_citizen_number_in_lower_case_is_refused():
    number = next(text for text in (synthetic(BORN, n) for n in range(2, 999, 2)) if text.endswith("X"))
    assert HolderFile.from_bytes(replace(RIGHT, citizen_number=number).to_bytes()).citizen_number == number
    with pytest.raises(HolderFileError, match="as GB 11643 writes it"):
        replace(RIGHT, citizen_number=number.lower()).to_bytes()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": "长" * 16}, "name: 32 bytes, a card holds 30"),
        ({"household_address": "𠀀" * 18}, "household address: 72 bytes, a card holds 70"),
        ({"organ": ""}, "organ: nothing in it"),
        ({"name": "\ud800"}, "name: U\\+D800 in it"),
        ({"ethnicity": "回族"}, "no name of GB/T 3304"),
        ({"good_through": 65535}, "a day outside"),
        ({"sex": "男"}, "sex and citizen number contradict"),
        ({"birth_day": BORN + 1}, "birth date and citizen number contradict"),
        ({"citizen_number": "1"}, "17 digits"),
    ],
)
def test_item_that_does_not_fit_is_not_written(wrong, said):
    with pytest.raises(HolderFileError, match=said):
        replace(RIGHT, **wrong).to_bytes()


def test_card_that_replaced_an_overdue_one_shows_when_that_was_good():
    overdue = replace(RIGHT, good_through=RIGHT.issue_day - 1)
    assert HolderFile.from_bytes(overdue.to_bytes()) == overdue


def test_repr_shows_nobody():
    assert repr(RIGHT) == "HolderFile(not shown)"

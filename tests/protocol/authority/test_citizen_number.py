"""GB 11643-1999: form, birth date, check digit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from juzhu_protocol.authority.citizen_number import CitizenNumber, check_digit, synthetic
from juzhu_protocol.authority.errors import CitizenNumberError
from juzhu_protocol.rules.calendar import from_iso


# The standard's own examples: 11010519491231002X and 440524188001010014 (before 1900, so refused here).
@pytest.mark.parametrize(("first", "digit"), [("11010519491231002", "X"), ("44052418800101001", "4")])
def test_check_digit_of_the_standards_examples(first, digit):
    assert check_digit(first) == digit


def test_number_is_read():
    number = CitizenNumber.parse(" 11010519491231002x ")
    assert (number.text, number.birth_day, number.is_female) == (
        "11010519491231002X",
        from_iso("1949-12-31"),
        True,
    )
    assert "19491231" not in repr(number)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "11010519491231002",
        "11010519491231002X0",
        "110105194912310021",
        "1101051949123100XX",
        "１1010519491231002X",
        "440524188001010014",
        "99000019000101001" + check_digit("99000019000101001"),
        "99000020230229001" + check_digit("99000020230229001"),
        "99000020231301001" + check_digit("99000020231301001"),
    ],
)
def test_number_that_cannot_be_is_refused_without_repeating_it(text):
    with pytest.raises(CitizenNumberError) as caught:
        CitizenNumber.parse(text)
    assert not text or text not in str(caught.value)


@given(st.integers(1, 65534), st.integers(1, 999))
def test_synthetic_number_holds_and_belongs_to_nobody(birth_day, sequence):
    number = CitizenNumber.parse(synthetic(birth_day, sequence))
    assert number.text.startswith("990000")
    assert number.birth_day == birth_day
    assert number.is_female == (sequence % 2 == 0)


@given(st.integers(1, 65534), st.integers(1, 999), st.integers(0, 16), st.integers(1, 9))
def test_every_single_wrong_digit_is_noticed(birth_day, sequence, at, by):
    text = synthetic(birth_day, sequence)
    wrong = text[:at] + str((int(text[at]) + by) % 10) + text[at + 1 :]
    with pytest.raises(CitizenNumberError):
        CitizenNumber.parse(wrong)


@pytest.mark.parametrize("sequence", [0, 1000])
def test_synthetic_sequence_has_three_digits(sequence):
    with pytest.raises(ValueError):
        synthetic(22000, sequence)

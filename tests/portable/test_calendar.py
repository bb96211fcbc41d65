"""Days, months and years at their boundaries."""

from juzhu_protocol.rules.calendar import (
    add_months,
    add_years,
    civil_date,
    day_number,
    day_of,
    from_iso,
    iso,
    month_length,
    next_yearly_day,
    start_of,
)


def refused(call, *arguments):
    try:
        call(*arguments)
    except ValueError:
        return True
    return False


def test_known_days():
    for text, number in (
        ("1900-01-01", 0),
        ("1970-01-01", 25567),
        ("2000-02-29", 36583),
        ("2079-06-05", 65534),
    ):
        assert from_iso(text) == number, text
        assert iso(number) == text


def test_every_day_of_a_leap_cycle_round_trips():
    # From 1900, a year without a leap day, and from mid-1998.
    for first in (0, 36000):
        for day in range(first, first + 4 * 366):
            year, month, of_month = civil_date(day)
            assert 1 <= month <= 12
            assert 1 <= of_month <= month_length(year, month)
            assert day_number(year, month, of_month) == day


def test_months_back_past_the_first_year_are_refused():
    assert add_months(from_iso("1900-01-31"), -12 * 1899) == day_number(1, 1, 31)
    assert refused(add_months, from_iso("1900-01-31"), -12 * 1900)


def test_dates_that_do_not_exist_are_refused():
    for text in (
        "2023-02-29",
        "1900-02-29",
        "2024-13-01",
        "2024-00-10",
        "2024-04-31",
        "2024-1-1",
        "2024-1-001",
        "20240-1-01",
        "２０２４-01-01",
        "2024-１1-01",
        "2024-01-１1",
        "2024-01x01",
        "2024x01-01",
        "+024-01-01",
        "20240101",
        "",
    ):
        assert refused(from_iso, text), text
    assert refused(civil_date, -1)


def test_months_end_on_the_corresponding_day_or_the_months_last():
    for start, months, end in (
        ("2024-01-31", 1, "2024-02-29"),
        ("2023-01-31", 1, "2023-02-28"),
        ("2024-08-31", 6, "2025-02-28"),
        ("2024-03-31", -1, "2024-02-29"),
        ("2024-01-15", -1, "2023-12-15"),
        ("2024-12-31", 1, "2025-01-31"),
    ):
        assert iso(add_months(from_iso(start), months)) == end, (start, months)


def test_29_february_comes_back_in_leap_years():
    anchor = from_iso("2024-02-29")
    assert iso(add_years(anchor, 1)) == "2025-02-28"
    assert iso(add_years(anchor, 4)) == "2028-02-29"
    assert iso(next_yearly_day(anchor, from_iso("2027-02-28"))) == "2028-02-29"


def test_next_yearly_day_is_always_later():
    anchor = from_iso("2024-06-15")
    for after, expected in (
        ("2024-06-15", "2025-06-15"),
        ("2025-06-14", "2025-06-15"),
        ("2025-06-15", "2026-06-15"),
        ("2023-01-01", "2025-06-15"),
    ):
        assert iso(next_yearly_day(anchor, from_iso(after))) == expected, after


def test_a_day_begins_at_midnight_in_china():
    day = from_iso("2026-06-15")
    assert day_of(start_of(day)) == day
    assert day_of(start_of(day) - 1) == day - 1
    assert start_of(from_iso("1970-01-01")) == -8 * 3600

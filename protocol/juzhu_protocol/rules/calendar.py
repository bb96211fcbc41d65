"""Days, months and years as the measures count them.

A day number counts days since 1900-01-01, which is day 0, in China Standard Time (UTC+8).
A period of months or years ends on the corresponding day of its last month, and on that month's last day
where there is none (Civil Code of the PRC, Article 202). Periods are counted from their anchor, never from
one another, so that 29 February comes back in leap years.
"""

FIRST_YEAR = 1900
CST_OFFSET = 8 * 3600
UNIX_EPOCH_DAY = 25567
SECONDS_A_DAY = 86400

_MONTH_LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_DAYS_BEFORE_MONTH = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)


def is_leap(year: int) -> bool:
    """Whether a Gregorian year has a 29 February."""
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def month_length(year: int, month: int) -> int:
    """Days in a month, month 1 to 12."""
    return 29 if month == 2 and is_leap(year) else _MONTH_LENGTHS[month - 1]


def _days_before_year(year: int) -> int:
    before = year - 1
    return 365 * (year - FIRST_YEAR) + (before // 4 - before // 100 + before // 400) - 460


def day_number(year: int, month: int, day: int) -> int:
    """Return the day number of a date, negative before 1900; ValueError for one that does not exist."""
    if year < 1 or not 1 <= month <= 12 or not 1 <= day <= month_length(year, month):
        raise ValueError("no such date: %d-%d-%d" % (year, month, day))
    return _number(year, month, day)


def _number(year: int, month: int, day: int) -> int:
    days = _days_before_year(year) + _DAYS_BEFORE_MONTH[month - 1] + day - 1
    return days + 1 if month > 2 and is_leap(year) else days


def civil_date(day: int) -> "tuple[int, int, int]":
    """Return (year, month, day of month) of a day number >= 0."""
    if day < 0:
        raise ValueError("day numbers begin at 0, not %d" % day)
    year = FIRST_YEAR + day // 366
    rest = day - _days_before_year(year)
    length = 366 if is_leap(year) else 365
    while rest >= length:
        rest -= length
        year += 1
        length = 366 if is_leap(year) else 365
    # As if February had 29 days in every year, so that one table serves all.
    if rest > 58 and length == 365:
        rest += 1
    # Too low by one at most: a month has at most 31 days.
    month = rest // 31
    if month < 11 and rest >= _DAYS_BEFORE_MONTH[month + 1] + (month > 0):
        month += 1
    return year, month + 1, rest - _DAYS_BEFORE_MONTH[month] - (month > 1) + 1


def add_months(day: int, months: int) -> int:
    """Return the corresponding day `months` later (earlier if negative), or that month's last day."""
    year, month, of_month = civil_date(day)
    count = year * 12 + month - 1 + months
    year, month = count // 12, count % 12 + 1
    if year < 1:
        raise ValueError("%d months before %s is no date" % (-months, iso(day)))
    if of_month > 28:
        of_month = min(of_month, month_length(year, month))
    return _number(year, month, of_month)


def add_years(day: int, years: int) -> int:
    """Return the corresponding day `years` later: an anchor's yearly day, a birthday."""
    return add_months(day, 12 * years)


def next_yearly_day(anchor: int, after: int) -> int:
    """Return the first yearly day of `anchor` that is later than the day `after` (Article 16)."""
    years = max(1, civil_date(after)[0] - civil_date(anchor)[0])
    while add_years(anchor, years) <= after:
        years += 1
    return add_years(anchor, years)


def day_of(unix_time: int) -> int:
    """Return the day number on which a Unix time (seconds) falls in China Standard Time."""
    return (unix_time + CST_OFFSET) // SECONDS_A_DAY + UNIX_EPOCH_DAY


def start_of(day: int) -> int:
    """Return the Unix time (seconds) at which a day begins in China Standard Time."""
    return (day - UNIX_EPOCH_DAY) * SECONDS_A_DAY - CST_OFFSET


def iso(day: int) -> str:
    """Return a day as YYYY-MM-DD."""
    return "%04d-%02d-%02d" % civil_date(day)


def from_iso(text: str) -> int:
    """Return the day number of YYYY-MM-DD; ValueError for anything else."""
    # isdigit() would take the digits of every script on one runtime and not on the other.
    digits = text[:4] + text[5:7] + text[8:]
    if len(text) != 10 or text[4] != "-" or text[7] != "-" or not all("0" <= char <= "9" for char in digits):
        raise ValueError("a day is written YYYY-MM-DD, not %r" % text)
    return day_number(int(text[:4]), int(text[5:7]), int(text[8:]))

"""Citizen identification numbers (公民身份号码, GB 11643-1999): check digit, birth date, synthetic ones."""

from dataclasses import dataclass

from ..rules.calendar import civil_date, day_number
from .errors import CitizenNumberError

SYNTHETIC_DIVISION = 990000
"""A number that begins so belongs to nobody. Citizens' numbers begin with a first-level code of GB/T 2260, 11 to 82.
Since December 2023 the 18-digit numbers of foreign permanent residents begin with 9, and a province and a country
follow: 90000 names neither."""

_WEIGHTS = tuple(pow(2, 17 - at, 11) for at in range(17))
_CHECKS = "10X98765432"


@dataclass(frozen=True)
class CitizenNumber:
    """A number that holds; printed with its birth date and sequence hidden."""

    text: str
    birth_day: int
    is_female: bool

    @classmethod
    def parse(cls, text: str) -> "CitizenNumber":
        """Read 18 characters; CitizenNumberError says what is wrong, without repeating the number."""
        text = text.strip().upper()
        if len(text) != 18 or not (text.isascii() and text[:17].isdigit() and text[17] in "0123456789X"):
            raise CitizenNumberError("a citizen number has 17 digits and a check digit (14)")
        if text[17] != check_digit(text[:17]):
            raise CitizenNumberError("the citizen number's check digit is wrong: read it again (14)")
        try:
            birth_day = day_number(int(text[6:10]), int(text[10:12]), int(text[12:14]))
        except ValueError:
            birth_day = 0
        if birth_day < 1:
            raise CitizenNumberError("the citizen number's birth date does not exist: read it again (14)")
        return cls(text, birth_day, int(text[16]) % 2 == 0)

    def __repr__(self) -> str:
        return f"CitizenNumber({self.text[:6]}************)"


def check_digit(first: str) -> str:
    """Return the check digit of the first 17 digits (ISO 7064 MOD 11-2)."""
    if len(first) != 17 or not (first.isascii() and first.isdigit()):
        raise ValueError("the check digit is that of 17 digits")
    return _CHECKS[sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, first, strict=True)) % 11]


def synthetic(birth_day: int, sequence: int) -> str:
    """Return a number that belongs to nobody; sequence 1 to 999, odd for a man and even for a woman."""
    if not 1 <= sequence <= 999:
        raise ValueError(f"sequence {sequence}, allowed are 1 to 999")
    first = "%06d%04d%02d%02d%03d" % (SYNTHETIC_DIVISION, *civil_date(birth_day), sequence)
    return first + check_digit(first)

"""What one record's description consists of."""

from dataclasses import dataclass
from typing import Any

from ..crypto.signature import SUITE_ES256, SUITE_SM2_SM3
from .nodes import Int8ub, Int16ub, Int24ub, Int32ub, Known, OneOf, Range, Struct, Tag

PROFILE_VERSION = 1
"""Juzhu card profile 1; every signed record of it carries this version."""


@dataclass(frozen=True)
class Record:
    """One record: its class's name, what it is, and its schema. Its vectors stand in vectors.py."""

    name: str
    doc: str
    schema: Struct


def record_type(code: int) -> Any:
    """Every record begins with its type, so that no record can be taken for another."""
    return Tag(code)


def version() -> Any:
    """The version of the profile that the record follows."""
    return Known(PROFILE_VERSION)


def suite() -> Any:
    """The suite of the record's signature."""
    return OneOf(SUITE_ES256, SUITE_SM2_SM3)


def division() -> Any:
    """A division of GB/T 2260, six digits; first-level codes run from 11 to 82."""
    return Range(Int24ub, 110000, 829999)


def serial() -> Any:
    """A permit's serial: dense within its list division, at most eight digits, never zero."""
    return Range(Int32ub, 1, 99_999_999)


def day() -> Any:
    """A day number: days since 1900-01-01, which is day 0; the highest is 2079-06-05."""
    return Range(Int16ub, 1, 65534)


def day_or_none() -> Any:
    """A day number, or 0 where there is none."""
    return Range(Int16ub, 0, 65534)


def unix_time() -> Any:
    """Seconds since 1970-01-01 UTC, until 2106."""
    return Range(Int32ub, 1, 0xFFFFFFFF)


def byte(low: int = 0, high: int = 255) -> Any:
    """A number of one byte."""
    return Range(Int8ub, low, high)


def short(low: int = 0, high: int = 0xFFFF) -> Any:
    """A number of two bytes."""
    return Range(Int16ub, low, high)


def long(low: int = 0, high: int = 0xFFFFFFFF) -> Any:
    """A number of four bytes."""
    return Range(Int32ub, low, high)

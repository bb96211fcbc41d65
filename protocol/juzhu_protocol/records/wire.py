"""Bounded reads and writes that the generated records are made of."""

from ..errors import RecordLengthError, RecordValueError, RecordVersionError


def take(data: bytes, at: int, size: int, name: str) -> bytes:
    """Return `size` bytes at offset `at`; RecordLengthError when `data` ends before them."""
    if at + size > len(data):
        raise RecordLengthError("%s needs %d bytes at offset %d, %d are left" % (name, size, at, len(data) - at))
    return bytes(data[at : at + size])


def take_int(data: bytes, at: int, size: int, name: str) -> int:
    """Return the unsigned big-endian integer of `size` bytes at offset `at`."""
    return int.from_bytes(take(data, at, size, name), "big")


def in_range(value: int, low: int, high: int, name: str) -> int:
    """Return `value` when low <= value <= high, else RecordValueError."""
    if not isinstance(value, int) or value < low or value > high:
        raise RecordValueError("%s is %r, allowed are %d to %d" % (name, value, low, high))
    return value


def one_of(value: int, allowed: "tuple[int, ...]", name: str) -> int:
    """Return `value` when it is among `allowed`, else RecordValueError."""
    if not isinstance(value, int) or value not in allowed:
        raise RecordValueError("%s is %r, allowed are %r" % (name, value, allowed))
    return value


def tagged(value: int, expected: int, name: str) -> int:
    """Return `value` when it is the record type that this parser reads, else RecordValueError."""
    return one_of(value, (expected,), name)


def known(value: int, expected: int, name: str) -> int:
    """Return `value` when it is the version that this parser reads, else RecordVersionError."""
    if not isinstance(value, int) or value != expected:
        raise RecordVersionError("%s is %r, this software reads %d" % (name, value, expected))
    return value


def exact(value: bytes, size: int, name: str) -> bytes:
    """Return `value` as bytes when it has exactly `size` of them, else RecordValueError."""
    return blob(value, size, size, name)


def blob(value: bytes, low: int, high: int, name: str) -> bytes:
    """Return `value` as bytes when it has between `low` and `high` of them, else RecordValueError."""
    if not isinstance(value, (bytes, bytearray)) or not low <= len(value) <= high:
        raise RecordValueError("%s must be %d to %d bytes" % (name, low, high))
    return bytes(value)


def ended(data: bytes, at: int, name: str) -> None:
    """Refuse bytes that follow a complete record."""
    if at != len(data):
        raise RecordLengthError("%d bytes follow a complete %s" % (len(data) - at, name))

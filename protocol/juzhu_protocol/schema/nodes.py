"""The construct nodes that a record may be made of; the generator refuses any other."""

from typing import Any

from construct import Bytes, Construct, ConstructError, Int8ub, Int16ub, Int24ub, Int32ub, Struct, Validator

UINTS = {id(Int8ub): 1, id(Int16ub): 2, id(Int24ub): 3, id(Int32ub): 4}
"""Size in bytes of each integer node, by identity: construct makes them singletons."""


class UnknownVersionError(ConstructError):  # type: ignore[misc]  # construct ships no types
    """Raised by Known; the codec turns it into RecordVersionError."""


class RefusedValueError(ConstructError):  # type: ignore[misc]  # construct ships no types
    """Raised by Range, OneOf, Blob and Many; the codec turns it into RecordValueError."""


class Known(Validator):  # type: ignore[misc]  # construct ships no types
    """One byte that must equal `value`, or the record is of a version that is not known."""

    def __init__(self, value: int) -> None:
        super().__init__(Int8ub)
        self.value = value

    def _validate(self, obj: Any, context: Any, path: str) -> bool:
        if obj != self.value:
            raise UnknownVersionError(f"{obj} is not {self.value}", path=path)
        return True


class Tag(Known):
    """One byte that must equal `value`, or these bytes are no such record at all."""

    def _validate(self, obj: Any, context: Any, path: str) -> bool:
        if obj != self.value:
            raise RefusedValueError(f"{obj} is not {self.value}", path=path)
        return True


class Range(Validator):  # type: ignore[misc]  # construct ships no types
    """An unsigned integer from `low` to `high`, both allowed."""

    def __init__(self, subcon: Any, low: int, high: int) -> None:
        super().__init__(subcon)
        self.low, self.high = low, high

    def _validate(self, obj: Any, context: Any, path: str) -> bool:
        if not isinstance(obj, int) or not self.low <= obj <= self.high:
            raise RefusedValueError(f"{obj!r} is not in {self.low}..{self.high}", path=path)
        return True


class OneOf(Validator):  # type: ignore[misc]  # construct ships no types
    """A one-byte code out of `values`."""

    def __init__(self, *values: int) -> None:
        super().__init__(Int8ub)
        self.values = values

    def _validate(self, obj: Any, context: Any, path: str) -> bool:
        if obj not in self.values:
            raise RefusedValueError(f"{obj!r} is not one of {self.values}", path=path)
        return True


class Blob(Construct):  # type: ignore[misc]  # construct ships no types
    """Bytes behind a length of one or two bytes; from `low` to `high` of them."""

    def __init__(self, prefix: Any, low: int, high: int) -> None:
        super().__init__()
        self.prefix, self.low, self.high = prefix, low, high

    def _check(self, length: int, path: str) -> None:
        if not self.low <= length <= self.high:
            raise RefusedValueError(f"length {length} is not in {self.low}..{self.high}", path=path)

    def _parse(self, stream: Any, context: Any, path: str) -> bytes:
        length = self.prefix._parsereport(stream, context, path)
        self._check(length, path)
        return bytes(Bytes(length)._parsereport(stream, context, path))

    def _build(self, obj: Any, stream: Any, context: Any, path: str) -> Any:
        self._check(len(obj), path)
        self.prefix._build(len(obj), stream, context, path)
        return Bytes(len(obj))._build(obj, stream, context, path)


class Many(Construct):  # type: ignore[misc]  # construct ships no types
    """A one-byte count and as many `item`s; from `low` to `high` of them."""

    def __init__(self, item: Any, low: int, high: int) -> None:
        super().__init__()
        self.item, self.low, self.high = item, low, high

    def _check(self, count: int, path: str) -> None:
        if not self.low <= count <= self.high:
            raise RefusedValueError(f"count {count} is not in {self.low}..{self.high}", path=path)

    def _parse(self, stream: Any, context: Any, path: str) -> "list[Any]":
        count = Int8ub._parsereport(stream, context, path)
        self._check(count, path)
        return [self.item._parsereport(stream, context, path) for _ in range(count)]

    def _build(self, obj: Any, stream: Any, context: Any, path: str) -> Any:
        self._check(len(obj), path)
        Int8ub._build(len(obj), stream, context, path)
        for item in obj:
            self.item._build(item, stream, context, path)
        return obj


__all__ = [
    "Blob",
    "Bytes",
    "Int8ub",
    "Int16ub",
    "Int24ub",
    "Int32ub",
    "Known",
    "Many",
    "OneOf",
    "Range",
    "Struct",
    "Tag",
]

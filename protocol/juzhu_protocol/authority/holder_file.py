"""The file HOLDER: Article 14's items as at issue.

Its first 256 bytes are laid out as the machine-readable text of the resident identity card (GA/T 490), all of it
UTF-16LE padded with spaces. That record has one address, the permit two: the residence stands behind it in 70
bytes, as the identity card's own appended address does.
"""

from dataclasses import asdict, dataclass
from typing import Any

from construct import Adapter, Bytes, ConstructError, Struct

from ..card.apdu import HOLDER_SIZE
from ..rules.calendar import civil_date, day_number, iso
from ..schema.codec import plain
from ..schema.nodes import RefusedValueError
from . import codes
from .citizen_number import CitizenNumber
from .errors import CitizenNumberError, HolderFileError
from .permits import Holder, Permit

MAX_DAY = 65534
"""The last day number of a record (schema/record.py)."""


class _Text(Adapter):  # type: ignore[misc]  # construct ships no types
    """A text of so many bytes of UTF-16LE, padded with spaces; printable, and never empty."""

    def __init__(self, size: int) -> None:
        super().__init__(Bytes(size))
        self.size = size

    def _decode(self, obj: bytes, context: Any, path: str) -> str:
        try:
            text = obj.decode("utf-16-le").rstrip(" ")
        except UnicodeDecodeError:
            raise RefusedValueError("no text in UTF-16LE", path=path) from None
        return self._sound(text, path)

    def _encode(self, obj: str, context: Any, path: str) -> bytes:
        try:
            return encode_text(self._sound(obj, path), self.size)
        except ValueError as error:
            raise RefusedValueError(str(error), path=path) from None

    @staticmethod
    def _sound(text: str, path: str) -> str:
        # What a counter shows must not move its cursor or turn its writing round.
        odd = next((char for char in text if not char.isprintable() and char != "\u3000"), "")
        if odd:
            raise RefusedValueError(f"U+{ord(odd):04X} in it, which cannot be printed", path=path)
        if not text.strip():
            raise RefusedValueError("nothing in it", path=path)
        return text


class _Code(_Text):
    """A code of a table, as the name that people read."""

    def __init__(self, size: int, table: dict[str, str], standard: str) -> None:
        super().__init__(size)
        self.standard = standard
        self.names = table
        self.codes = {name: code for code, name in table.items()}

    def _decode(self, obj: bytes, context: Any, path: str) -> str:
        code = super()._decode(obj, context, path)
        if code not in self.names:
            raise RefusedValueError(f"no code of {self.standard} that a permit shows", path=path)
        return self.names[code]

    def _encode(self, obj: str, context: Any, path: str) -> bytes:
        if obj not in self.codes:
            raise RefusedValueError(f"no name of {self.standard} that a permit shows", path=path)
        return super()._encode(self.codes[obj], context, path)


class _Date(_Text):
    """A day number as YYYYMMDD."""

    def __init__(self) -> None:
        super().__init__(16)

    def _decode(self, obj: bytes, context: Any, path: str) -> int:  # type: ignore[override]  # a day
        text = super()._decode(obj, context, path)
        try:
            if len(text) != 8 or not (text.isascii() and text.isdigit()):
                raise ValueError
            return self._in_range(day_number(int(text[:4]), int(text[4:6]), int(text[6:])), path)
        except ValueError:
            raise RefusedValueError("no date YYYYMMDD", path=path) from None

    def _encode(self, obj: int, context: Any, path: str) -> bytes:  # type: ignore[override]  # a day
        text = "%04d%02d%02d" % civil_date(self._in_range(obj, path))
        return super()._encode(text, context, path)

    @staticmethod
    def _in_range(day: int, path: str) -> int:
        if not 1 <= day <= MAX_DAY:
            raise RefusedValueError(f"a day outside {iso(1)} to {iso(MAX_DAY)}", path=path)
        return day


class _Blank(Adapter):  # type: ignore[misc]  # construct ships no types
    """A field of spaces alone: what another kind of identity record puts there is not ours to read."""

    def __init__(self, size: int) -> None:
        super().__init__(Bytes(size))
        self.blank = encode_text("", size)

    def _decode(self, obj: bytes, context: Any, path: str) -> None:
        if obj != self.blank:
            raise RefusedValueError("not blank, so a record of another kind", path=path)

    def _encode(self, obj: None, context: Any, path: str) -> bytes:
        return self.blank


def encode_text(text: str, size: int) -> bytes:
    """Return a text as UTF-16LE of so many bytes, padded with spaces; ValueError when it does not fit."""
    try:
        raw = text.encode("utf-16-le")
    except UnicodeEncodeError:
        raise ValueError("half of a surrogate pair in it") from None
    if len(raw) > size:
        raise ValueError(f"{len(raw)} bytes, a card holds {size}")
    return raw + " ".encode("utf-16-le") * ((size - len(raw)) // 2)


LAYOUT = Struct(
    "name" / _Text(30),
    "sex" / _Code(2, {code: shown for shown, code in codes.SEX_SHOWN.items()}, "GB/T 2261.1"),
    "ethnicity" / _Code(4, codes.ETHNIC_CODES, "GB/T 3304"),
    "birth_day" / _Date(),
    "household_address" / _Text(70),
    "citizen_number" / _Text(36),
    "organ" / _Text(30),
    "issue_day" / _Date(),
    "good_through" / _Date(),
    "reserved" / _Blank(36),
    "address" / _Text(70),
)


@dataclass(frozen=True)
class HolderFile:
    """What a HOLDER says, days as day numbers; repr shows none of it.

    organ: the issuing organ's name. good_through: of the permit when this card was issued, before issue_day on a
    card that replaced one overdue (18, 20). address: the residence then; a later one stands in ENDORSEMENTS.
    """

    name: str
    sex: str
    ethnicity: str
    birth_day: int
    household_address: str
    citizen_number: str
    organ: str
    issue_day: int
    good_through: int
    address: str

    def __repr__(self) -> str:
        return "HolderFile(not shown)"

    @classmethod
    def at_issue(cls, permit: Permit, holder: Holder) -> "HolderFile":
        """Return what a card says that is issued with this permit's present state."""
        return cls(
            name=holder.name.rstrip(" "),
            sex=holder.sex,
            ethnicity=holder.ethnicity,
            household_address=holder.household_address.rstrip(" "),
            citizen_number=holder.citizen_number,
            birth_day=permit.birth_day,
            organ=codes.organ_name(permit.issuing_division),
            issue_day=permit.issue_day,
            good_through=permit.good_through,
            address=permit.address.rstrip(" "),
        )

    def to_bytes(self) -> bytes:
        """Return the file's bytes; HolderFileError says which item does not fit or contradicts another."""
        self._refuse_contradictions()
        try:
            return bytes(LAYOUT.build(asdict(self) | {"reserved": None}))
        except ConstructError as error:
            raise HolderFileError(_told(error)) from None

    @classmethod
    def from_bytes(cls, raw: bytes) -> "HolderFile":
        """Read a file; HolderFileError says what is wrong with which item, and repeats none."""
        if len(raw) != HOLDER_SIZE:
            raise HolderFileError(f"HOLDER has {len(raw)} bytes, not {HOLDER_SIZE}")
        try:
            fields = plain(LAYOUT.parse(raw))
        except ConstructError as error:
            raise HolderFileError(_told(error)) from None
        fields.pop("reserved")
        found = cls(**fields)
        found._refuse_contradictions()
        return found

    def _refuse_contradictions(self) -> None:
        try:
            number = CitizenNumber.parse(self.citizen_number)
        except CitizenNumberError as error:
            raise HolderFileError(f"HOLDER: {error}") from None
        if number.text != self.citizen_number:
            raise HolderFileError("HOLDER: the citizen number is not written as GB 11643 writes it")
        if number.birth_day != self.birth_day:
            raise HolderFileError("HOLDER: birth date and citizen number contradict each other")
        if number.is_female != (self.sex == "女"):
            raise HolderFileError("HOLDER: sex and citizen number contradict each other")


def _told(error: ConstructError) -> str:
    """One line of construct's two: the item, and what is wrong with it."""
    item = (error.path or "").split(" -> ")[-1]
    return f"HOLDER, {item.replace('_', ' ')}: {str(error).splitlines()[-1]}"

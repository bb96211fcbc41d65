"""What a card can show of its holder (14), and what is wrong with items that it cannot."""

from collections.abc import Iterator

from ..rules.calendar import add_years
from ..rules.decide import OLDEST_AT_ISSUE
from . import codes
from .citizen_number import CitizenNumber
from .errors import ApplicationError, CitizenNumberError, Lack
from .permits import Holder

MAX_ADDRESS = 35
"""Characters of the 70 bytes of UTF-16LE that hold an address."""

_ITEMS = (
    ("name", "name", "姓名", 15),
    ("household_address", "household address", "常住户口所在地住址", MAX_ADDRESS),
)

_OTHER_RULES = ("81", "82", "83")
"""How the numbers of Hong Kong, Macao and Taiwan residents' own permits begin."""


def check_holder(holder: Holder, day: int) -> CitizenNumber:
    """Return the number of a holder whose items hold together (14); ApplicationError tells all that does not."""
    faults = tuple(holder_faults(holder, day))
    if faults:
        raise ApplicationError("; ".join(f"{fault.text} ({fault.article})" for fault in faults))
    return CitizenNumber.parse(holder.citizen_number)


def holder_faults(holder: Holder, day: int) -> Iterator[Lack]:
    """Yield everything that is wrong with a holder's items on a day, without repeating any of them."""
    for code, text, chinese, limit in _ITEMS:
        yield from text_faults(code, text, chinese, getattr(holder, code), limit)
    if holder.sex not in codes.SEX_SHOWN:
        yield Lack("sex", "sex, 男 or 女, as on the identity card", "性别(男或女)", "14")
    try:
        codes.ethnic_code(holder.ethnicity)
    except ApplicationError:
        text = "ethnic group, by its official name without 族, such as 汉, 回 or 其他"
        yield Lack("ethnicity", text, "民族(规范名称, 不带“族”字)", "14")
    try:
        number = CitizenNumber.parse(holder.citizen_number)
    except CitizenNumberError as error:
        yield Lack("citizen_number", str(error).removesuffix(" (14)"), "公民身份号码(请核对)", "14")
        return
    if number.birth_day > day:
        text = "the citizen number's birth date is still to come: read it again"
        yield Lack("citizen_number", text, "公民身份号码(出生日期晚于今日, 请核对)", "14")
    elif add_years(number.birth_day, OLDEST_AT_ISSUE) < day:
        # Whatever stood on such a card, every reader would refer it as contradictory.
        text = f"the citizen number's birth date is more than {OLDEST_AT_ISSUE} years past: read it again"
        chinese = f"公民身份号码(出生日期距今超过{OLDEST_AT_ISSUE}年, 请核对)"
        yield Lack("citizen_number", text, chinese, "14")
    if number.text.startswith(_OTHER_RULES):
        text = "a number of residents of Hong Kong, Macao or Taiwan, who apply by rules of their own"
        yield Lack("citizen_number", text, "港澳台居民按国家有关规定办理", "28")
    if holder.sex in codes.SEX_SHOWN and (holder.sex == "女") != number.is_female:
        text = "sex and citizen number contradict each other: read both again"
        yield Lack("sex", text, "性别与公民身份号码不一致(请核对)", "14")


def text_faults(code: str, text: str, chinese: str, value: str, limit: int) -> Iterator[Lack]:
    """Yield what keeps a text from the card: nothing in it, characters nobody can print, too many of them."""
    units = len(value.encode("utf-16-le", "surrogatepass")) // 2
    if not value.strip():
        yield Lack(code, f"the {text}", chinese, "14")
        return
    # An input method types the ideographic space, which is no less printable than the other.
    odd = [char for char in value if not char.isprintable() and char != "\u3000"]
    if odd:
        fault = f"the {text} holds U+{ord(odd[0]):04X}, which cannot be printed: take it out"
        yield Lack(code, fault, f"{chinese}(含不可打印字符 U+{ord(odd[0]):04X})", "14")
    elif units > limit:
        fault = f"the {text} has {units} characters, a card holds 1 to {limit}"
        yield Lack(code, fault, f"{chinese}(限{limit}个字符)", "14")


def check_address(address: str) -> None:
    """Refuse an address that does not fit the card (14, 16)."""
    for fault in text_faults("address", "address", "居住地住址", address, MAX_ADDRESS):
        raise ApplicationError(f"{fault.text} ({fault.article})")

"""The form of a case: its keys and words, and what is no case at all (tests/vectors/README.md).

Strict on purpose: an unknown key, an unknown word or a bad day is an error, never a guess.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

# County-level divisions of Kaifeng in GB/T 2260:
# Longting, Shunhe, Gulou, Yuwangtai, Xiangfu; Qi, Tongxu, Weishi, Lankao.
DIVISIONS = (410202, 410203, 410204, 410205, 410212, 410221, 410222, 410223, 410225)


@dataclass(frozen=True)
class Service:
    """One right, service or convenience: its article, what it asks, and how old a list it bears, in hours."""

    article: str
    asks: str = ""
    warn: int = 24
    limit: int = 168
    counter: bool = True


SERVICES = {
    # 22(7): "60 岁以上老人享受免费乘坐公交的优惠政策，办理老年人免费乘车卡"
    "bus.senior": Service("22(7)", asks="60 years", warn=168, limit=720, counter=False),
    "senior-card": Service("22(7)", asks="60 years"),
    # 21: three rights, then six basic public services
    "employment": Service("21"),
    "social-insurance": Service("21"),
    "housing-fund": Service("21"),
    "education": Service("21(1)"),
    "job-service": Service("21(2)"),
    "health": Service("21(3)"),
    "culture-sport": Service("21(4)"),
    "legal-aid": Service("21(5)"),
    "other-service": Service("21(6)"),
    # 22: the other conveniences
    "exit-entry": Service("22(1)"),
    "identity-card": Service("22(2)"),
    "vehicle-registration": Service("22(3)"),
    "driving-licence": Service("22(4)"),
    "professional-exam": Service("22(5)"),
    "family-planning": Service("22(6)"),
    "subsidy": Service("22(8)"),
    "other-convenience": Service("22(9)"),
    # 26: three routes to a registered residence; the first two turn on papers that no permit holds
    "settle-housing": Service("26(1)", asks="papers"),
    "settle-housing-work": Service("26(2)", asks="papers"),
    "settle-permit": Service("26(3)", asks="a year of residence"),
}

# What a reader or counter found out about the card before any rule is asked; all REFER, none rests on an article.
NOT_JUDGED = {
    "newer-profile": "update-reader",
    "unknown-key": "unknown-key",
    "key-revoked": "key-revoked",
    "unreadable": "unreadable",
    "forged": "not-genuine",
    # The chip holds more endorsements than what was read of it tells: torn while written, or an old state put back.
    "outdated": "service-outdated",
}
# 20: a replaced, lost or cancelled card is dead.
REVOKED = {
    "revoked": "revoked",
    "revoked:replaced": "revoked-replaced",
    "revoked:lost": "revoked-lost",
    "revoked:cancelled": "revoked-cancelled",
}
# 19: five grounds are listed. The third, overdue, follows from the permit's own dates and is never listed.
SUSPENDED = {
    "suspended": ("suspended", "19"),
    "suspended:1": ("suspended-false-papers", "19(1)"),
    "suspended:2": ("suspended-no-longer-eligible", "19(2)"),
    "suspended:4": ("suspended-settled", "19(4)"),
    "suspended:5": ("suspended-moved", "19(5)"),
    "suspended:6": ("suspended-other", "19(6)"),
}
CLEAR = ("valid", "newer-than-list")
CLASSES = ("ordinary", "hong-kong-macao-taiwan", "transitional")
KINDS = ("yearly", "address", "moved")

# Every reason that a case can reach, and every flag, in the order of a verdict's list.
REASONS = (
    *NOT_JUDGED.values(),
    "clock-unsure",
    *REVOKED.values(),
    *(reason for reason, _ in SUSPENDED.values()),
    "list-too-old",
    "transitional-ended",
    "overdue",
    "lapsed",
    "other-division",
    "rule-unknown",
    "other-rules",
    "under-age",
    "residence-not-shown",
    "papers-decide",
    "no-list",
    "endorse-soon",
    "in-force",
)
FLAGS = ("list-ageing", "clock-spans-days", "newer-than-list", "agent")


class CaseError(ValueError):
    """The case cannot be judged: it is malformed, contradictory, or holds an endorsement that would be refused."""


@dataclass
class Facts:
    """A case after every check of its form, without the question asked (service, days, list age)."""

    born: date
    issued: date
    endorsed: list[tuple[date, str]]
    status: str
    authenticity: str
    division: int
    permit_class: str
    list_held: bool
    registered: date | None
    resident_since: date
    extended: list[tuple[date, date, date]]
    transitional_end: date | None


LIFE_KEYS = (
    *("born", "issued", "endorsed", "status", "authenticity", "division", "class", "list", "profile"),
    *("registered", "resident_since", "extended", "good_through"),
)
ASK_KEYS = ("service", "today", "list_age_hours")


def read_day(value: Any, what: str) -> date:
    """YYYY-MM-DD and nothing else."""
    plain = isinstance(value, str) and len(value) == 10 and value.isascii() and value[4] == value[7] == "-"
    if not plain:
        raise CaseError(f"{what}: not a day as YYYY-MM-DD: {value!r}")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise CaseError(f"{what}: no such day: {value}")


def read_word(case: dict[str, Any], key: str, default: str, known: Iterable[str]) -> str:
    word = case.get(key, default)
    if not isinstance(word, str) or word not in known:
        raise CaseError(f"{key}: unknown word {word!r}")
    return word


def read_rows(case: dict[str, Any], key: str, width: int) -> list[Any]:
    rows = case.get(key, [])
    if not isinstance(rows, list) or not all(isinstance(row, list) and len(row) == width for row in rows):
        raise CaseError(f"{key}: not a list of rows of {width}")
    return rows


def read_life(case: dict[str, Any]) -> Facts:
    born = read_day(case.get("born"), "born")
    issued = read_day(case.get("issued"), "issued")
    if born > issued:
        raise CaseError("born after issue")
    read_word(case, "profile", "kaifeng", ("kaifeng",))
    status = read_word(case, "status", "valid", (*CLEAR, *SUSPENDED, *REVOKED))
    list_held = case.get("list", True)
    if not isinstance(list_held, bool):
        raise CaseError("list: neither true nor false")
    if not list_held and status != "valid":
        raise CaseError("a listed status where no list is held")
    division = case.get("division", DIVISIONS[0])
    if type(division) is not int or not 100000 <= division <= 999999:
        raise CaseError("division: not a number of six digits")
    resident_since = (
        read_day(case["resident_since"], "resident_since") if "resident_since" in case else issued
    )
    if resident_since > issued:
        raise CaseError("residence begins after issue")
    extended = []
    for row in read_rows(case, "extended", 3):
        first, last, through = (read_day(value, "extended") for value in row)
        if first > last:
            raise CaseError("extended: the range ends before it begins")
        extended.append((first, last, through))
    permit_class = read_word(case, "class", "ordinary", CLASSES)
    transitional_end = None
    if "good_through" in case:
        transitional_end = read_day(case["good_through"], "good_through")
        if permit_class != "transitional":
            raise CaseError("good_through is given for transitional permits alone")
        if transitional_end <= issued:
            raise CaseError("good_through is not after issue")
    return Facts(
        born=born,
        issued=issued,
        endorsed=[
            (read_day(day, "endorsed"), read_word({"kind": kind}, "kind", "", KINDS))
            for day, kind in read_rows(case, "endorsed", 2)
        ],
        status=status,
        authenticity=read_word(case, "authenticity", "genuine", ("genuine", *NOT_JUDGED)),
        division=division,
        permit_class=permit_class,
        list_held=list_held,
        registered=read_day(case["registered"], "registered") if "registered" in case else None,
        resident_since=resident_since,
        extended=extended,
        transitional_end=transitional_end,
    )


@dataclass
class Question:
    """What is asked: which service, which days, and how old the list is at the latest of them."""

    service: Service
    first: date
    last: date | None
    list_age: int | None


def read_question(case: dict[str, Any]) -> Question:
    service = SERVICES[read_word(case, "service", "", SERVICES)]
    today = case.get("today")
    if not isinstance(today, list) or len(today) != 2:
        raise CaseError("today: not an interval of two days")
    first = read_day(today[0], "today")
    last = None if today[1] is None else read_day(today[1], "today")
    if last is not None and last < first:
        raise CaseError("today: the interval ends before it begins")
    list_age = case.get("list_age_hours", 0)
    if list_age is not None and (type(list_age) is not int or list_age < 0):
        raise CaseError("list_age_hours: neither a number of hours nor null")
    return Question(service, first, last, list_age)


def read_keys(case: Any, known: Iterable[str]) -> None:
    if not isinstance(case, dict):
        raise CaseError("a case is an object")
    for key in case:
        if key not in known:
            raise CaseError(f"unknown key {key!r}")

"""A case in JSON, judged: the form in which anybody can hold the rules against a table of their own.

A case is one card, what a list says of it, and one question; docs/commands.md has its keys. Reading it is all that
happens here: the life of the permit is rules.lifecycle's, the answer rules.decide's. An unknown key or word, a day
that does not exist or an endorsement that an organ would refuse is a CaseError, never a guess.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from juzhu_protocol.errors import EndorsementRefusedError, ProfileSourceError
from juzhu_protocol.profiles.source import find_profile
from juzhu_protocol.records.card import Service
from juzhu_protocol.rules import calendar, lifecycle
from juzhu_protocol.rules.decide import (
    CLASS_HK_MACAO_TAIWAN,
    CLASS_ORDINARY,
    CLASS_TRANSITIONAL,
    FORGED,
    GARBLED,
    GENUINE,
    KEY_UNKNOWN,
    KEY_WITHDRAWN,
    NEWER_PROFILE,
    OLDEST_AT_ISSUE,
    OUTDATED,
    REVOKED_FOR_CAUSE,
    STATUS_NEWER,
    STATUS_REVOKED,
    STATUS_SUSPENDED,
    STATUS_VALID,
    SUSPENDED_ON_GROUND,
    Clock,
    ListState,
    Verdict,
    decide,
)
from juzhu_protocol.rules.lifecycle import Life
from juzhu_protocol.rules.profile import Extension, Profile, ServiceRule
from juzhu_protocol.rules.reasons import ANSWER_NAMES, flag_names, reason_name
from juzhu_protocol.rules.services import SERVICES

from .errors import CaseError
from .notes import clean

FIRST_CARD_DAY, LAST_CARD_DAY = 1, 65534
"""What a card's two bytes for a day can hold: 1900-01-02 to 2079-06-05."""

DEFAULT_PROFILE = "kaifeng"
DEFAULT_DIVISION = 410202
SMALLEST_DIVISION, LARGEST_DIVISION = 100_000, 999_999

DAYS_KEPT = 65_536
LIVES_KEPT = 16_384
PROFILES_KEPT = 256
"""What is remembered between cases: a table repeats its days, a year of days its lives."""

STATUSES = {
    "valid": STATUS_VALID,
    "newer-than-list": STATUS_NEWER,
    "suspended": STATUS_SUSPENDED,
    **{f"suspended:{ground}": SUSPENDED_ON_GROUND | ground for ground in (1, 2, 4, 5, 6)},
    "revoked": STATUS_REVOKED,
    "revoked:replaced": REVOKED_FOR_CAUSE | 1,
    "revoked:lost": REVOKED_FOR_CAUSE | 2,
    "revoked:cancelled": REVOKED_FOR_CAUSE | 3,
}
AUTHENTICITIES = {
    "genuine": GENUINE,
    "forged": FORGED,
    "unknown-key": KEY_UNKNOWN,
    "key-revoked": KEY_WITHDRAWN,
    "newer-profile": NEWER_PROFILE,
    "unreadable": GARBLED,
    "outdated": OUTDATED,
}
CLASSES = {
    "ordinary": CLASS_ORDINARY,
    "hong-kong-macao-taiwan": CLASS_HK_MACAO_TAIWAN,
    "transitional": CLASS_TRANSITIONAL,
}
KINDS = {name: kind for kind, name in lifecycle.KIND_NAMES.items()}

_LIFE_KEYS = (
    "born",
    "issued",
    "endorsed",
    "registered",
    "resident_since",
    "extended",
    "good_through",
    "class",
)
_OTHER_KEYS = ("status", "service", "today", "list_age_hours", "list", "profile", "authenticity", "division")
_KEYS = frozenset((*_LIFE_KEYS, *_OTHER_KEYS))

Days = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """What decide() takes."""

    record: Service
    authenticity: int
    status: int
    service: ServiceRule
    clock: Clock
    list_state: ListState | None
    profile: Profile

    def judge(self) -> Verdict:
        """Return the verdict."""
        return decide(
            self.record,
            self.authenticity,
            self.status,
            self.service,
            self.clock,
            self.list_state,
            self.profile,
        )


def judge(case: object) -> dict[str, Any]:
    """Return the verdict of a case as it came from JSON, or {"error": what is wrong, where, what to do}."""
    try:
        return verdict_json(read_case(case).judge())
    except CaseError as error:
        return {"error": str(error)}


def verdict_json(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict in the form of tests/vectors; days are YYYY-MM-DD or None."""
    return {
        "answer": ANSWER_NAMES[verdict.answer],
        "reason": reason_name(verdict.reason),
        "article": verdict.article,
        "good_through": _iso(verdict.good_through) if verdict.good_through else None,
        "restorable_until": _iso(verdict.restorable_until) if verdict.restorable_until else None,
        "resident_since": _iso(verdict.resident_since) if verdict.resident_since else None,
        "until": _iso(verdict.until) if verdict.until else None,
        "flags": list(_flags(verdict.flags)),
    }


def read_case(case: object) -> Case:
    """Return a case, read whole; CaseError says which key is wrong and what may stand there."""
    if not isinstance(case, dict):
        raise CaseError(f'a case is an object such as {{"born": ...}}, not {_shown(case)}')
    for key in case:
        if key not in _KEYS:
            raise CaseError(f"{clean(key)}: no key of a case; there are: {', '.join(sorted(_KEYS))}")
    profile_name, extended = _profile_key(case)
    profile = profile_of(profile_name, extended)
    record = _record(case, profile, profile_name, extended)
    status = _word(case, "status", STATUSES, "valid")
    list_state = _list_state(case, profile)
    if list_state is None and status != STATUS_VALID:
        raise CaseError("status: nothing is listed where list is false; leave one of the two out")
    return Case(
        record,
        _word(case, "authenticity", AUTHENTICITIES, "genuine"),
        status,
        _service(case, profile),
        _clock(case),
        list_state,
        profile,
    )


def profile_of(name: str, extended: "tuple[Days, ...]" = ()) -> Profile:
    """Return a place's profile with (from, to, through) extensions added; CaseError for a name that is none."""
    try:
        return _profile(name, extended)
    except ProfileSourceError as error:
        raise CaseError(f"profile: {error}") from None


def check_person(born: int, issued: int) -> None:
    """Refuse days that no permit can bear; CaseError names them."""
    if born > issued:
        raise CaseError(f"born: {_iso(born)} is after the issue on {_iso(issued)}; correct one of the two")
    if calendar.add_years(born, OLDEST_AT_ISSUE) < issued:
        raise CaseError(
            f"born: {_iso(born)} makes the holder older than {OLDEST_AT_ISSUE} years at issue; correct it"
        )


def check_class(permit_class: int, issued: int, *, endorsed: bool, good_through: int) -> None:
    """Refuse what a permit of this class never has (29); good_through is 0 when it is not given."""
    if permit_class == CLASS_TRANSITIONAL and endorsed:
        raise CaseError("endorsed: a transitional permit is never endorsed (29); leave its endorsements out")
    if good_through and permit_class != CLASS_TRANSITIONAL:
        raise CaseError(
            "good_through: given for class transitional alone (29); of others it follows from the rest"
        )
    if good_through and good_through <= issued:
        raise CaseError("good_through: a day after the issue; correct it")


def card_day(value: object, key: str) -> int:
    """Return the day number of a YYYY-MM-DD that a card can hold; CaseError names `key` otherwise."""
    day = read_day(value, key)
    if not FIRST_CARD_DAY <= day <= LAST_CARD_DAY:
        raise CaseError(
            f"{key}: {value} is not on a card: its days go from {_iso(FIRST_CARD_DAY)} to {_iso(LAST_CARD_DAY)}"
        )
    return day


def read_day(value: object, key: str) -> int:
    """Return the day number of a YYYY-MM-DD, negative before 1900; CaseError names `key` otherwise."""
    if type(value) is not str:
        raise CaseError(f"{key}: a day is a text such as 2026-11-23, not {_shown(value)}")
    try:
        return _day(value)
    except ValueError as error:
        raise CaseError(f"{key}: {clean(str(error))}; write a day that exists, as YYYY-MM-DD") from None


def _record(
    case: Mapping[str, Any], profile: Profile, profile_name: str, extended: "tuple[Days, ...]"
) -> Service:
    born = card_day(case.get("born"), "born")
    issued = card_day(case.get("issued"), "issued")
    check_person(born, issued)
    since = card_day(case["resident_since"], "resident_since") if "resident_since" in case else issued
    if since > issued:
        raise CaseError("resident_since: residence begins on the day of issue or before it; correct the day")
    registered = card_day(case["registered"], "registered") if "registered" in case else 0
    endorsed = _endorsed(case)
    permit_class = _word(case, "class", CLASSES, "ordinary")
    good_through = card_day(case["good_through"], "good_through") if "good_through" in case else 0
    check_class(permit_class, issued, endorsed=bool(endorsed), good_through=good_through)
    division = case.get("division", DEFAULT_DIVISION)
    if type(division) is not int or not SMALLEST_DIVISION <= division <= LARGEST_DIVISION:
        raise CaseError(f"division: a number of six digits (GB/T 2260), not {_shown(division)}")
    try:
        life = _life(profile_name, extended, issued, since, endorsed, registered)
    except EndorsementRefusedError as error:
        raise CaseError(f"endorsed: {error}") from None
    if life.good_through > LAST_CARD_DAY:
        raise CaseError(f"endorsed: good through {_iso(life.good_through)}, later than a card can hold")
    return Service(
        suite=1,
        list_division=list_division_of(division, profile),
        serial=1,
        issuing_division=division,
        birth_day=born,
        issue_day=issued,
        anchor_day=life.anchor,
        residence_since=life.since,
        endorsement_number=life.number,
        endorsement_kind=endorsed[-1][1] if endorsed else 0,
        endorsement_day=endorsed[-1][0] if endorsed else 0,
        good_through=good_through or life.good_through,
        permit_class=permit_class,
        key_id=bytes(4),
        signature=bytes(64),
    )


def list_division_of(division: int, profile: Profile) -> int:
    """Return the list division of an issuing division: the profile's where it is one of its own."""
    return profile.list_division if division in profile.units else division // 100 * 100


def _endorsed(case: Mapping[str, Any]) -> "tuple[Days, ...]":
    rows = case.get("endorsed", ())
    if not rows and rows in ((), []):
        return ()
    if not isinstance(rows, list) or any(type(row) is not list or len(row) != 2 for row in rows):
        raise CaseError('endorsed: a list of [day, kind], such as [["2025-05-02", "yearly"]]')
    for _, kind in rows:
        if type(kind) is not str or kind not in KINDS:
            raise CaseError(f"endorsed: no kind is called {_shown(kind)}; there are: {', '.join(KINDS)}")
    return tuple([(card_day(day, "endorsed"), KINDS[kind]) for day, kind in rows])


def _profile_key(case: Mapping[str, Any]) -> "tuple[str, tuple[Days, ...]]":
    name = case.get("profile", DEFAULT_PROFILE)
    if type(name) is not str:
        raise CaseError(f"profile: the name of a place, such as {DEFAULT_PROFILE}, not {_shown(name)}")
    rows = case.get("extended", ())
    if not rows and rows in ((), []):
        return name, ()
    if not isinstance(rows, list) or any(type(row) is not list or len(row) != 3 for row in rows):
        raise CaseError("extended: a list of [from, to, through], each a day")
    extended = tuple([tuple([card_day(day, "extended") for day in row]) for row in rows])
    if any(first > last for first, last, _ in extended):
        raise CaseError("extended: [from, to, through], and from is not after to; correct the row")
    return name, extended


def _service(case: Mapping[str, Any], profile: Profile) -> ServiceRule:
    name = case.get("service")
    if type(name) is not str or name not in SERVICES:
        raise CaseError(f"service: no service is called {_shown(name)}; there are: {', '.join(SERVICES)}")
    return profile.service(name)


def _clock(case: Mapping[str, Any]) -> Clock:
    today = case.get("today")
    if type(today) is not list or len(today) != 2:
        raise CaseError(
            f"today: the first and the last day that it may be, such as "
            f'["2026-11-23", "2026-11-23"], not {_shown(today)}'
        )
    earliest = read_day(today[0], "today")
    latest = None if today[1] is None else read_day(today[1], "today")
    if latest is not None and latest < earliest:
        raise CaseError(f"today: {today[0]} is after {today[1]}; put the earlier day first")
    return Clock(earliest, latest)


def _list_state(case: Mapping[str, Any], profile: Profile) -> "ListState | None":
    held = case.get("list", True)
    if type(held) is not bool:
        raise CaseError(f"list: true, or false when no list is held, not {_shown(held)}")
    age = case.get("list_age_hours", 0)
    if age is not None and (type(age) is not int or age < 0):
        raise CaseError(f"list_age_hours: a whole number of hours from 0 on, or null, not {_shown(age)}")
    return ListState(profile.list_division, 1, age) if held else None


def _word(case: Mapping[str, Any], key: str, words: "dict[str, int]", default: str) -> int:
    word = case.get(key, default)
    if type(word) is not str or word not in words:
        raise CaseError(f"{key}: no {key} is called {_shown(word)}; there are: {', '.join(words)}")
    return words[word]


def _shown(value: object) -> str:
    if isinstance(value, str):
        return f'"{clean(value)}"'
    if isinstance(value, (list, dict)):
        return "a list" if isinstance(value, list) else "an object"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return clean(str(value))


@lru_cache(maxsize=DAYS_KEPT)
def _day(text: str) -> int:
    # from_iso is lenient where its readers are not strangers: other digits, and dashes elsewhere.
    if len(text) != 10 or not text.isascii() or text[4] != "-" or text[7] != "-":
        raise ValueError(f'"{text}" is no day')
    return calendar.from_iso(text)


@lru_cache(maxsize=DAYS_KEPT)
def _iso(day: int) -> str:
    return calendar.iso(day)


@lru_cache(maxsize=64)
def _flags(flags: int) -> "tuple[str, ...]":
    return tuple(flag_names(flags))


@lru_cache(maxsize=PROFILES_KEPT)
def _profile(name: str, extended: "tuple[Days, ...]") -> Profile:
    if extended:
        return _profile(name, ()).with_extensions([Extension(*row) for row in extended])
    return find_profile(name).profile


@lru_cache(maxsize=LIVES_KEPT)
def _life(
    profile_name: str,
    extended: "tuple[Days, ...]",
    issued: int,
    since: int,
    endorsed: "tuple[Days, ...]",
    registered: int,
) -> Life:
    life = lifecycle.issued(issued, since)
    for day, kind in endorsed:
        life = lifecycle.endorsed(life, kind, day, _profile(profile_name, extended), registered)
    return life

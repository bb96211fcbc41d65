"""The decision: one pure function, the same on every reader, counter and simulator.

The first of these that holds is the verdict:
1. a newer card profile, an unknown key, a key revoked today: REFER;
2. not proven genuine: REFER;
3. revoked, however old the list: DENY;
4. suspended: DENY; on a list past the service's limit REFER, since it may have been lifted;
5. past good-through: DENY, overdue or lapsed (16, 18, 19-3);
6. another division: DENY; a class under other rules (28, 29): REFER;
7. the service's own condition fails (22-7): DENY;
8. no list, or one past the service's limit: REFER; past its warning age: ALLOW with a flag;
9. ALLOW, with "endorse soon" inside the window (16).
"""

from .calendar import add_months, add_years
from .profile import Profile, ServiceRule
from .reasons import (
    CLOCK_UNSURE,
    ENDORSE_SOON,
    FLAG_CLOCK_SPANS_DAYS,
    FLAG_LIST_AGEING,
    IN_FORCE,
    KEY_REVOKED,
    LAPSED,
    LIST_TOO_OLD,
    NO_LIST,
    NOT_GENUINE,
    OTHER_DIVISION,
    OTHER_RULES,
    OVERDUE,
    REASONS,
    REVOKED,
    SUSPENDED,
    UNDER_AGE,
    UNKNOWN_KEY,
    UNREADABLE,
    UPDATE_READER,
    Reason,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..records.card import Service

GENUINE, FORGED, KEY_UNKNOWN, KEY_WITHDRAWN, NEWER_PROFILE, GARBLED = 1, 2, 3, 4, 5, 6
"""Authenticity of a card: GENUINE when a key entitled to it signed its SERVICE, else why not."""

AUTHENTICITY_REASONS = {
    FORGED: NOT_GENUINE,
    KEY_UNKNOWN: UNKNOWN_KEY,
    KEY_WITHDRAWN: KEY_REVOKED,
    NEWER_PROFILE: UPDATE_READER,
    GARBLED: UNREADABLE,
}

STATUS_VALID, STATUS_SUSPENDED, STATUS_REVOKED = 0, 1, 2
"""A card's status in the list; a serial newer than the list, or of another list, is valid here."""

CLASS_ORDINARY, CLASS_HK_MACAO_TAIWAN, CLASS_TRANSITIONAL = 1, 2, 3


class Clock:
    """The days that today may be: from `earliest` to `latest`, day numbers; latest None when unbounded."""

    __slots__ = ("earliest", "latest")

    def __init__(self, earliest: int, latest: "int | None") -> None:
        if latest is not None and latest < earliest:
            raise ValueError("a clock's latest day is before its earliest")
        self.earliest = earliest
        self.latest = latest

    def is_sure(self) -> bool:
        """Whether today is one day only."""
        return self.latest == self.earliest


class ListState:
    """The list that the card's status was looked up in: division, sequence, and the day it was signed."""

    __slots__ = ("day", "division", "sequence")

    def __init__(self, division: int, sequence: int, day: int) -> None:
        self.division = division
        self.sequence = sequence
        self.day = day


class Verdict:
    """An answer and what explains it.

    answer and reason are codes of reasons.py. good_through is the card's, 0 when no genuine card was read.
    until is the last day of what the reason names (restorable, endorse by), 0 for none. list_age is in days
    on the clock's latest day, None without a list or without a latest day. clock is what it was judged by.
    """

    __slots__ = ("answer", "clock", "flags", "good_through", "list_age", "list_sequence", "reason", "until")

    def __init__(
        self,
        reason: int,
        clock: Clock,
        list_state: "ListState | None",
        good_through: int = 0,
        until: int = 0,
        flags: int = 0,
    ) -> None:
        self.answer = REASONS[reason].answer
        self.reason = reason
        self.clock = clock
        self.flags = flags if clock.is_sure() else flags | FLAG_CLOCK_SPANS_DAYS
        self.good_through = good_through
        self.until = until
        self.list_sequence = list_state.sequence if list_state else 0
        self.list_age = None
        if list_state and clock.latest is not None:
            self.list_age = max(0, clock.latest - list_state.day)

    def explain(self) -> Reason:
        """Return the catalogue's entry: article, staff line and remedy."""
        return REASONS[self.reason]


def decide(
    service_record: "Service | None",
    authenticity: int,
    card_status: int,
    service: ServiceRule,
    clock: Clock,
    list_state: "ListState | None",
    profile: Profile,
) -> Verdict:
    """Return the verdict on one card for one service; the order is this module's head.

    service_record may be None only when authenticity is not GENUINE. list_state is the state of the list of
    `profile.list_division`, None when none is held; card_status is STATUS_VALID for a card that no held
    list covers.
    """
    if authenticity != GENUINE or service_record is None:
        return Verdict(AUTHENTICITY_REASONS.get(authenticity, NOT_GENUINE), clock, list_state)
    reason, until, flags = _on_day(clock.earliest, service_record, card_status, service, list_state, profile)
    for day in _turning_days(service_record, service, list_state, profile):
        if day <= clock.earliest or (clock.latest is not None and day > clock.latest):
            continue
        other = _on_day(day, service_record, card_status, service, list_state, profile)
        if REASONS[other[0]].answer != REASONS[reason].answer:
            reason, until, flags = CLOCK_UNSURE, 0, 0
            break
        flags |= other[2]
    return Verdict(reason, clock, list_state, service_record.good_through, until, flags)


def restorable_until(good_through: int, profile: Profile) -> int:
    """Return the last day on which a late endorsement restores the permit (18)."""
    return add_months(good_through, profile.restorable_months)


def window_opens(good_through: int, profile: Profile) -> int:
    """Return the first day on which the holder may endorse (16)."""
    return add_months(good_through, -profile.window_months)


def _turning_days(
    record: "Service", service: ServiceRule, list_state: "ListState | None", profile: Profile
) -> "list[int]":
    # Between two of these days nothing that _on_day looks at changes, so they stand for the whole interval.
    days = [
        window_opens(record.good_through, profile),
        record.good_through + 1,
        restorable_until(record.good_through, profile) + 1,
        add_years(record.birth_day, service.minimum_age),
    ]
    if list_state:
        days.append(list_state.day + service.list_warn_days + 1)
        days.append(list_state.day + service.list_limit_days + 1)
    return days


def _on_day(
    today: int,
    record: "Service",
    card_status: int,
    service: ServiceRule,
    list_state: "ListState | None",
    profile: Profile,
) -> "tuple[int, int, int]":
    """Return (reason, until, flags) as they are on one day."""
    list_age = today - list_state.day if list_state else 0
    too_old = list_age > service.list_limit_days
    if card_status == STATUS_REVOKED:
        return REVOKED, 0, 0
    if card_status == STATUS_SUSPENDED:
        return (LIST_TOO_OLD if too_old else SUSPENDED), 0, 0
    if today > record.good_through:
        until = restorable_until(record.good_through, profile)
        return (OVERDUE, until, 0) if today <= until else (LAPSED, 0, 0)
    if record.list_division != profile.list_division:
        return OTHER_DIVISION, 0, 0
    if record.issuing_division not in profile.issuing_divisions:
        return OTHER_DIVISION, 0, 0
    if record.permit_class != CLASS_ORDINARY:
        return OTHER_RULES, 0, 0
    of_age = add_years(record.birth_day, service.minimum_age)
    if today < of_age:
        # No day is given: it would tell whoever sees the screen the holder's birthday.
        return UNDER_AGE, 0, 0
    if list_state is None:
        return NO_LIST, 0, 0
    if too_old:
        return LIST_TOO_OLD, 0, 0
    flags = FLAG_LIST_AGEING if list_age > service.list_warn_days else 0
    if today >= window_opens(record.good_through, profile):
        return ENDORSE_SOON, record.good_through, flags
    return IN_FORCE, 0, flags

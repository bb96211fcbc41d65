"""The decision: one pure function, the same on every reader, counter and simulator.

The first of these that holds is the verdict (docs/rules.md has the articles and our readings):
1. a newer card profile, an unknown key, a key revoked today, an unreadable record: REFER;
2. not proven genuine: REFER; a genuine chip that holds more endorsements than its SERVICE tells (an endorsement
   torn between its two writes, or an old SERVICE written back; to be finished at the organ's desk, 16): REFER;
   a record that contradicts itself, or was signed on a later day: REFER;
3. revoked, however old the list: DENY;
4. suspended: DENY; on a list past the service's limit REFER, since it may have been lifted;
5. past good-through: DENY, overdue or lapsed (16, 18, 19-3), a transitional permit ended (29);
6. another division: DENY; a class under other rules (28, 29): REFER, unless the profile serves it;
7. the service's own condition fails (22-7): DENY; a permit cannot tell (26), or the profile does not: REFER;
8. no list, or one past the service's limit: REFER; past its warning age: ALLOW with a flag;
9. ALLOW, with "endorse soon" inside the window (16).
"""

from ..card.keys import ROLE_COUNTER
from .calendar import add_months, add_years
from .profile import (
    CONDITION_AGE,
    CONDITION_NONE,
    CONDITION_PAPERS,
    CONDITION_RESIDENCE,
    SERVES_HK_MACAO_TAIWAN,
    SERVES_ORDINARY,
    SERVES_TRANSITIONAL,
    UNLIMITED,
    Profile,
    ServiceRule,
)
from .reasons import (
    CLOCK_UNSURE,
    CONTRADICTORY_RECORD,
    ENDORSE_SOON,
    FLAG_AGENT,
    FLAG_CLOCK_SPANS_DAYS,
    FLAG_LIST_AGEING,
    FLAG_NEWER_THAN_LIST,
    IN_FORCE,
    KEY_REVOKED,
    LAPSED,
    LIST_TOO_OLD,
    NO_LIST,
    NOT_GENUINE,
    OTHER_DIVISION,
    OTHER_RULES,
    OVERDUE,
    PAPERS_DECIDE,
    REASONS,
    RESIDENCE_NOT_SHOWN,
    REVOKED,
    REVOKED_CANCELLED,
    REVOKED_LOST,
    REVOKED_REPLACED,
    RULE_UNKNOWN,
    SERVICE_OUTDATED,
    SUSPENDED,
    SUSPENDED_FALSE_PAPERS,
    SUSPENDED_MOVED,
    SUSPENDED_NO_LONGER_ELIGIBLE,
    SUSPENDED_OTHER,
    SUSPENDED_SETTLED,
    TRANSITIONAL_ENDED,
    UNDER_AGE,
    UNKNOWN_KEY,
    UNREADABLE,
    UPDATE_READER,
)
from .services import service_role

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..records.card import Service

GENUINE, FORGED, KEY_UNKNOWN, KEY_WITHDRAWN, NEWER_PROFILE, GARBLED, OUTDATED = 1, 2, 3, 4, 5, 6, 7
"""Authenticity of a card: GENUINE when a key entitled to it signed its SERVICE, else why not.

OUTDATED: the chip, proven genuine, states under its session's MAC that it holds more endorsements than SERVICE's
endorsement_number, so that this SERVICE, though truly signed, is not its newest.
"""

AUTHENTICITY_REASONS = {
    FORGED: NOT_GENUINE,
    KEY_UNKNOWN: UNKNOWN_KEY,
    KEY_WITHDRAWN: KEY_REVOKED,
    NEWER_PROFILE: UPDATE_READER,
    GARBLED: UNREADABLE,
    OUTDATED: SERVICE_OUTDATED,
}

STATUS_VALID, STATUS_SUSPENDED, STATUS_REVOKED, STATUS_NEWER = 0, 1, 2, 3
"""A card's status in a reader's list, which tells no grounds. STATUS_NEWER: a serial newer than the list, which is
judged on its signature. A card of a division whose list is not held is STATUS_VALID."""

SUSPENDED_ON_GROUND, REVOKED_FOR_CAUSE = 0x10, 0x20
"""A host's list adds the ground (19: 1, 2, 4, 5, 6) or the cause (1 replaced, 2 lost, 3 cancelled) to these."""

LISTED_REASONS = {
    STATUS_SUSPENDED: SUSPENDED,
    STATUS_REVOKED: REVOKED,
    0x11: SUSPENDED_FALSE_PAPERS,
    0x12: SUSPENDED_NO_LONGER_ELIGIBLE,
    0x14: SUSPENDED_SETTLED,
    0x15: SUSPENDED_MOVED,
    0x16: SUSPENDED_OTHER,
    0x21: REVOKED_REPLACED,
    0x22: REVOKED_LOST,
    0x23: REVOKED_CANCELLED,
}
REVOKED_REASONS = (REVOKED, REVOKED_REPLACED, REVOKED_LOST, REVOKED_CANCELLED)

CLASS_ORDINARY, CLASS_HK_MACAO_TAIWAN, CLASS_TRANSITIONAL = 1, 2, 3
CLASS_BITS = {
    CLASS_ORDINARY: SERVES_ORDINARY,
    CLASS_HK_MACAO_TAIWAN: SERVES_HK_MACAO_TAIWAN,
    CLASS_TRANSITIONAL: SERVES_TRANSITIONAL,
}

OLDEST_AT_ISSUE = 120
"""Years; a record of somebody older is a mistake of whoever wrote it."""

AGENT_BELOW = 16
"""Years; below it a guardian acts for the holder, and a counter asks for the guardian's papers (10)."""


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
    """The list that the card's status was looked up in.

    age_hours: full hours since it was signed, at the latest time that the clock allows; None when unknown.
    """

    __slots__ = ("age_hours", "division", "sequence")

    def __init__(self, division: int, sequence: int, age_hours: "int | None") -> None:
        self.division = division
        self.sequence = sequence
        self.age_hours = age_hours


class Verdict:
    """An answer and what explains it; days are day numbers, 0 for none.

    good_through is the last good day with extensions, restorable_until the last day on which a late
    endorsement restores (None without end), resident_since the first day of residence: all of a genuine card,
    else 0. until is the day that the reason names. list_sequence is 0 and list_age None without a list.
    """

    __slots__ = (
        "answer",
        "article",
        "clock",
        "flags",
        "good_through",
        "list_age",
        "list_sequence",
        "reason",
        "resident_since",
        "restorable_until",
        "until",
    )

    def __init__(
        self,
        reason: int,
        clock: Clock,
        list_state: "ListState | None" = None,
        article: str = "",
        until: int = 0,
        flags: int = 0,
    ) -> None:
        self.answer = REASONS[reason][0]
        self.reason = reason
        self.article = article
        self.clock = clock
        self.flags = flags if clock.is_sure() else flags | FLAG_CLOCK_SPANS_DAYS
        self.good_through = 0
        self.restorable_until: "int | None" = 0
        self.resident_since = 0
        self.until = until
        self.list_sequence = list_state.sequence if list_state else 0
        self.list_age = list_state.age_hours if list_state else None


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
    list covers. ValueError for a card_status that no list holds.
    """
    if card_status not in (STATUS_VALID, STATUS_NEWER) and card_status not in LISTED_REASONS:
        raise ValueError("no list holds the status %d" % card_status)
    if authenticity != GENUINE or service_record is None:
        return Verdict(AUTHENTICITY_REASONS.get(authenticity, NOT_GENUINE), clock, list_state)
    case = _Case(service_record, card_status, service, list_state, profile)
    reason, article, until, flags = case.on(clock.earliest)
    if _contradicts_itself(service_record):
        reason, article, until, flags = CONTRADICTORY_RECORD, "", 0, 0
    else:
        for day in case.turning_days():
            if day <= clock.earliest or (clock.latest is not None and day > clock.latest):
                continue
            if REASONS[case.on(day)[0]][0] != REASONS[reason][0]:
                reason, article, until, flags = CLOCK_UNSURE, "", 0, 0
                break
    verdict = Verdict(reason, clock, list_state, article, until, flags)
    verdict.good_through = case.good_through
    verdict.restorable_until = case.restorable_until
    verdict.resident_since = service_record.residence_since
    return verdict


def restorable_until(good_through: int, profile: Profile) -> "int | None":
    """Return the last day on which a late endorsement restores the permit (18), None when there is no end."""
    if profile.restorable_months == UNLIMITED:
        return None
    return add_months(good_through, profile.restorable_months)


def window_opens(good_through: int, profile: Profile) -> int:
    """Return the first day on which the holder may endorse (16); of the signed good-through."""
    return add_months(good_through, -profile.window_months)


def _contradicts_itself(record: "Service") -> bool:
    return (
        record.birth_day > record.issue_day
        or add_years(record.birth_day, OLDEST_AT_ISSUE) < min(record.issue_day, record.anchor_day)
        or record.good_through <= record.anchor_day
    )


class _Case:
    """One card at one service, to be judged on any day."""

    def __init__(
        self,
        record: "Service",
        card_status: int,
        service: ServiceRule,
        list_state: "ListState | None",
        profile: Profile,
    ) -> None:
        self._record = record
        self._status = card_status
        self._service = service
        self._list_state = list_state
        self._profile = profile
        self._signed_on = max(record.issue_day, record.endorsement_day)
        self.good_through = profile.good_through(record.good_through)
        self.restorable_until: "int | None" = 0
        if record.permit_class != CLASS_TRANSITIONAL:
            self.restorable_until = restorable_until(self.good_through, profile)
        self._opens = window_opens(record.good_through, profile)
        years = record.birth_day if service.condition == CONDITION_AGE else record.residence_since
        self._condition_met = add_years(years, service.years)
        self._of_age_alone = add_years(record.birth_day, AGENT_BELOW)
        self._articles = profile.articles

    def turning_days(self) -> "list[int]":
        """Return the days on which the answer of on() may change; between them they stand for any interval."""
        return [self._signed_on, self.good_through + 1, self._condition_met]

    def on(self, today: int) -> "tuple[int, str, int, int]":
        """Return (reason, article, until, flags) as they are on one day."""
        reason = self._standing(today) or self._fitness() or self._condition(today) or self._staleness()
        if reason:
            until = self.restorable_until or 0 if reason == OVERDUE else 0
            return reason, self._article(reason), until, 0
        flags = self._flags(today)
        if today >= self._opens and self._record.permit_class != CLASS_TRANSITIONAL:
            return ENDORSE_SOON, self._article(ENDORSE_SOON), self.good_through, flags
        return IN_FORCE, self._service.article, 0, flags

    def _flags(self, today: int) -> int:
        flags = 0
        if self._list_state and (self._list_state.age_hours or 0) > self._service.warn_hours:
            flags += FLAG_LIST_AGEING
        if self._status == STATUS_NEWER:
            flags += FLAG_NEWER_THAN_LIST
        if service_role(self._service.code) == ROLE_COUNTER and today < self._of_age_alone:
            flags += FLAG_AGENT
        return flags

    def _standing(self, today: int) -> int:
        # A genuine card signed on a later day shows that our clock is behind; how far, it cannot tell.
        if today < self._signed_on:
            return CLOCK_UNSURE
        listed = LISTED_REASONS.get(self._status)
        if listed in REVOKED_REASONS:
            return listed
        if listed:
            return LIST_TOO_OLD if self._list_too_old() else listed
        if today <= self.good_through:
            return 0
        if self._record.permit_class == CLASS_TRANSITIONAL:
            return TRANSITIONAL_ENDED
        if self.restorable_until is None or today <= self.restorable_until:
            return OVERDUE
        return LAPSED

    def _fitness(self) -> int:
        record, profile = self._record, self._profile
        if record.list_division != profile.list_division:
            return OTHER_DIVISION
        # A district of this very place that the profile does not know yet: our fault, not the holder's.
        if record.issuing_division not in profile.units:
            return RULE_UNKNOWN
        if not profile.class_policy & CLASS_BITS[record.permit_class]:
            return OTHER_RULES
        # A replaced card keeps its permit's anchor: the permit was received then.
        if record.permit_class == CLASS_TRANSITIONAL and record.anchor_day >= profile.transitional_before:
            return OTHER_RULES
        return 0

    def _condition(self, today: int) -> int:
        condition = self._service.condition
        if condition == CONDITION_NONE:
            return 0
        if condition == CONDITION_AGE:
            return UNDER_AGE if today < self._condition_met else 0
        if condition == CONDITION_RESIDENCE:
            return RESIDENCE_NOT_SHOWN if today < self._condition_met else 0
        return PAPERS_DECIDE if condition == CONDITION_PAPERS else RULE_UNKNOWN

    def _staleness(self) -> int:
        if self._list_state is None:
            return NO_LIST
        return LIST_TOO_OLD if self._list_too_old() else 0

    def _list_too_old(self) -> bool:
        age = self._list_state.age_hours if self._list_state else None
        return age is None or age > self._service.limit_hours

    def _article(self, reason: int) -> str:
        if reason in (UNDER_AGE, RESIDENCE_NOT_SHOWN, PAPERS_DECIDE):
            return self._service.article
        if reason == OTHER_RULES and self._record.permit_class == CLASS_TRANSITIONAL:
            return self._articles.get(TRANSITIONAL_ENDED, "")
        return self._articles.get(reason, "")

"""Every answer and reason by code and name, and the public lines.

Public lines are the same for everybody with the same answer: they name no class, no age and no suspension.
What staff read on a reader stands in lines.py, the full explanations in profiles/catalogue.py on hosts.
"""

from ..card.keys import ROLE_BUS

ALLOW, DENY, REFER, TRY_AGAIN = 1, 2, 3, 4
ANSWER_NAMES = {ALLOW: "ALLOW", DENY: "DENY", REFER: "REFER", TRY_AGAIN: "TRY AGAIN"}

IN_FORCE = 1
ENDORSE_SOON = 2
REVOKED = 10
REVOKED_REPLACED = 11
REVOKED_LOST = 12
REVOKED_CANCELLED = 13
SUSPENDED = 20
SUSPENDED_FALSE_PAPERS = 21
SUSPENDED_NO_LONGER_ELIGIBLE = 22
SUSPENDED_SETTLED = 24
SUSPENDED_MOVED = 25
SUSPENDED_OTHER = 26
OVERDUE = 30
LAPSED = 31
TRANSITIONAL_ENDED = 32
OTHER_DIVISION = 33
UNDER_AGE = 34
UPDATE_READER = 50
UNKNOWN_KEY = 51
KEY_REVOKED = 52
UNREADABLE = 53
NOT_GENUINE = 54
NOT_A_PERMIT = 55
READER_FAULT = 56
CONTRADICTORY_RECORD = 57
CLOCK_UNSURE = 58
NO_LIST = 59
LIST_TOO_OLD = 60
OTHER_RULES = 61
RULE_UNKNOWN = 62
RESIDENCE_NOT_SHOWN = 63
PAPERS_DECIDE = 64
SERVICE_OUTDATED = 65

FLAG_LIST_AGEING = 1
FLAG_CLOCK_SPANS_DAYS = 2
FLAG_NEWER_THAN_LIST = 4
FLAG_AGENT = 8
FLAG_NAMES = {
    FLAG_LIST_AGEING: "list-ageing",
    FLAG_CLOCK_SPANS_DAYS: "clock-spans-days",
    FLAG_NEWER_THAN_LIST: "newer-than-list",
    FLAG_AGENT: "agent",
}

REASONS = {
    IN_FORCE: (ALLOW, "in-force"),
    ENDORSE_SOON: (ALLOW, "endorse-soon"),
    REVOKED: (DENY, "revoked"),
    REVOKED_REPLACED: (DENY, "revoked-replaced"),
    REVOKED_LOST: (DENY, "revoked-lost"),
    REVOKED_CANCELLED: (DENY, "revoked-cancelled"),
    SUSPENDED: (DENY, "suspended"),
    SUSPENDED_FALSE_PAPERS: (DENY, "suspended-false-papers"),
    SUSPENDED_NO_LONGER_ELIGIBLE: (DENY, "suspended-no-longer-eligible"),
    SUSPENDED_SETTLED: (DENY, "suspended-settled"),
    SUSPENDED_MOVED: (DENY, "suspended-moved"),
    SUSPENDED_OTHER: (DENY, "suspended-other"),
    OVERDUE: (DENY, "overdue"),
    LAPSED: (DENY, "lapsed"),
    TRANSITIONAL_ENDED: (DENY, "transitional-ended"),
    OTHER_DIVISION: (DENY, "other-division"),
    UNDER_AGE: (DENY, "under-age"),
    UPDATE_READER: (REFER, "update-reader"),
    UNKNOWN_KEY: (REFER, "unknown-key"),
    KEY_REVOKED: (REFER, "key-revoked"),
    UNREADABLE: (REFER, "unreadable"),
    NOT_GENUINE: (REFER, "not-genuine"),
    NOT_A_PERMIT: (REFER, "not-a-permit"),
    READER_FAULT: (REFER, "reader-fault"),
    CONTRADICTORY_RECORD: (REFER, "contradictory-record"),
    CLOCK_UNSURE: (REFER, "clock-unsure"),
    NO_LIST: (REFER, "no-list"),
    LIST_TOO_OLD: (REFER, "list-too-old"),
    OTHER_RULES: (REFER, "other-rules"),
    RULE_UNKNOWN: (REFER, "rule-unknown"),
    RESIDENCE_NOT_SHOWN: (REFER, "residence-not-shown"),
    PAPERS_DECIDE: (REFER, "papers-decide"),
    SERVICE_OUTDATED: (REFER, "service-outdated"),
}
"""Reason code -> (answer, name)."""

PUBLIC_LINES = {
    ALLOW: ("欢迎", "Welcome"),
    DENY: ("请投币", "Please pay"),
    REFER: ("请联系工作人员", "Please see staff"),
    TRY_AGAIN: ("请重刷", "Try again"),
}
"""What anyone may see, Chinese and English, for each answer on a bus."""

COUNTER_LINES = {
    ALLOW: PUBLIC_LINES[ALLOW],
    DENY: PUBLIC_LINES[REFER],
    REFER: PUBLIC_LINES[REFER],
    TRY_AGAIN: PUBLIC_LINES[TRY_AGAIN],
}
"""The same at a counter. Nobody pays there, and DENY reads like REFER: who waits in line cannot tell a refusal
from a fault of ours, and the clerk explains it."""


def public_line(answer: int, role: int) -> "tuple[str, str]":
    """Return what anyone may see of an answer where a service of that role is given."""
    return (PUBLIC_LINES if role == ROLE_BUS else COUNTER_LINES)[answer]


def reason_name(code: int) -> str:
    """Return the name of a reason; "" for 0, which is no reason."""
    return REASONS[code][1] if code else ""


def flag_names(flags: int) -> "list[str]":
    """Return the names of the flags that are set, in the order of their bits."""
    return [name for bit, name in sorted(FLAG_NAMES.items()) if flags & bit]

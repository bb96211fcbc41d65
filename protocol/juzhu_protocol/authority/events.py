"""What happens to a permit, by the names of GA/T 2000.6."""

from dataclasses import dataclass

ACCEPTED, ISSUED, HANDED_OUT, ENDORSED = "accepted", "issued", "handed out", "endorsed"
SUSPENDED, RESTORED, ADDRESS_CHANGED, CANCELLED = "suspended", "restored", "address changed", "cancelled"
EVENT_NAMES = {
    ACCEPTED: "受理",
    ISSUED: "审核签发",
    HANDED_OUT: "发放",
    ENDORSED: "签注",
    SUSPENDED: "功能中止",
    RESTORED: "功能恢复",
    ADDRESS_CHANGED: "地址变更",
    CANCELLED: "注销",
}

REGISTERED_ANEW = "lapsed, registered anew"
"""Detail of a cancelled permit that had lapsed and whose holder got a new one (18)."""

MOVED_AWAY = "lost, registered anew"
"""Detail of a lost card that was cancelled since its holder moved across and got a new permit there (19(5))."""

OLD_CARD_BACK = "old card handed back"
"""Detail of a replaced card (20)."""


@dataclass(frozen=True)
class Event:
    """What happened: Unix seconds, a name of EVENT_NAMES, and its detail, which names no holder."""

    time: int
    name: str
    detail: str

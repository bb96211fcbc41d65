"""Which days today may be, from the reader's own clock and the floor that verified objects set.

A clock that somebody entitled set and the floor should agree: it cannot be earlier than a time that was
signed. Where they contradict each other one of them is wrong, the clock that lost time or the signer that
dated something ahead, and a reader cannot tell which. Then neither is trusted: today may be any day from the
clock's own on, so that no permit is called overdue on a wrong signature's word.
"""

from juzhu_protocol.rules.calendar import day_of
from juzhu_protocol.rules.decide import Clock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .ports import Rtc


def read_rtc(rtc: "Rtc") -> "tuple[int, int | None] | None":
    """Read the clock; one that fails is a clock that lost its power."""
    try:
        return rtc.read()
    except OSError:
        return None


def clock_of(rtc: "tuple[int, int | None] | None", floor: int) -> Clock:
    """Return the interval of days; `rtc` as ports.Rtc reads it, `floor` in Unix seconds.

    A clock that nobody entitled set gives no day at all: from the floor's day on, without a latest. One that
    contradicts the floor gives its own earliest day, without a latest.
    """
    latest = set_latest(rtc)
    if rtc is None or latest is None:
        return Clock(day_of(floor), None)
    earliest = rtc[0] - (rtc[1] or 0)
    if latest < floor:
        return Clock(day_of(earliest), None)
    return Clock(day_of(max(floor, earliest)), day_of(latest))


def latest_time(rtc: "tuple[int, int | None] | None", floor: int) -> "int | None":
    """Return the latest Unix time that it may be now; None when unknown, or when the floor contradicts it."""
    latest = set_latest(rtc)
    return None if latest is None or latest < floor else latest


def set_latest(rtc: "tuple[int, int | None] | None") -> "int | None":
    """Return the latest Unix time that it may be now by a clock that somebody entitled set, else None.

    The floor has no say here: else one wrong time would open the door to the next.
    """
    now, uncertainty = rtc or (0, None)
    return None if uncertainty is None else now + uncertainty

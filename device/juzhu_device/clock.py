"""Which days today may be, from the reader's own clock and the floor that verified objects set."""

from juzhu_protocol.rules.calendar import day_of
from juzhu_protocol.rules.decide import Clock


def clock_of(rtc: "tuple[int, int | None] | None", floor: int) -> Clock:
    """Return the interval of days; `rtc` as ports.Rtc reads it, `floor` in Unix seconds.

    A clock that never was set by anyone entitled, or that runs behind the floor, gives no latest day.
    """
    latest = latest_time(rtc, floor)
    if rtc is None or latest is None:
        return Clock(day_of(floor), None)
    earliest = rtc[0] - (rtc[1] or 0)
    return Clock(day_of(max(floor, earliest)), day_of(latest))


def latest_time(rtc: "tuple[int, int | None] | None", floor: int) -> "int | None":
    """Return the latest Unix time that it may be now, None when that is not known."""
    now, uncertainty = rtc or (0, None)
    if uncertainty is None or now + uncertainty < floor:
        return None
    return now + uncertainty

"""Which days today may be, from the reader's own clock and the floor that verified objects set."""

from juzhu_protocol.rules.calendar import day_of
from juzhu_protocol.rules.decide import Clock


def clock_of(rtc: "tuple[int, int | None] | None", floor: int) -> Clock:
    """Return the interval of days; `rtc` as ports.Rtc reads it, `floor` in Unix seconds.

    A clock that never was set by anyone entitled, or that runs behind the floor, gives no latest day.
    """
    floor_day = day_of(floor)
    now, uncertainty = rtc or (0, None)
    if uncertainty is None:
        return Clock(floor_day, None)
    latest = day_of(now + uncertainty)
    if latest < floor_day:
        return Clock(floor_day, None)
    return Clock(max(floor_day, day_of(now - uncertainty)), latest)

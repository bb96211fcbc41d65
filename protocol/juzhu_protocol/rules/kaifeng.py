"""Kaifeng's measures of 2017 as a profile.

From the text: one month before each full year (16), restorable within half a year (18), free rides from
60 (22-7). Our reading, where the text leaves it open: good-through is the yearly day itself, inclusive; the
window opens one calendar month before it, inclusive; half a year is six calendar months, inclusive. The
limits on the list's age are ours: a bus warns after a week and refers after 30 days.
"""

from .profile import Profile, ServiceRule

BUS_SENIOR = ServiceRule(code=1, name="bus.senior", minimum_age=60, list_warn_days=7, list_limit_days=30)

KAIFENG = Profile(
    name="Kaifeng 2017",
    list_division=410200,
    issuing_divisions=(410202, 410203, 410204, 410205, 410212, 410221, 410222, 410223, 410225),
    window_months=1,
    restorable_months=6,
    services=(BUS_SENIOR,),
)

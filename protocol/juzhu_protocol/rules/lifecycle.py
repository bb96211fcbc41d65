"""What an endorsement makes of a permit (16 to 18): computed when the authority writes it, never at the door."""

from ..errors import EndorsementRefusedError
from .calendar import add_months, add_years, iso, next_yearly_day
from .decide import restorable_until, window_opens
from .profile import Profile

KIND_YEARLY, KIND_ADDRESS, KIND_MOVED = 1, 2, 3
KIND_NAMES = {KIND_YEARLY: "yearly", KIND_ADDRESS: "address", KIND_MOVED: "moved"}

REGISTERED_MONTHS = 6
"""Half a year of temporary registration at a new place before the moved endorsement, and before a permit (8, 17)."""

MAX_ENDORSEMENTS = 255


class Life:
    """The days of a permit that endorsements change; day numbers.

    anchor: the day from which the permit's years run. since: first day of residence. good_through: as it will
    be signed. last: the day of the last act. number: endorsements made.
    """

    __slots__ = ("anchor", "good_through", "last", "number", "since")

    def __init__(self, anchor: int, since: int, good_through: int, last: int, number: int) -> None:
        self.anchor = anchor
        self.since = since
        self.good_through = good_through
        self.last = last
        self.number = number


def issued(day: int, since: int = 0) -> Life:
    """Return the life of a permit issued on `day`; residence counts from there unless an earlier day is given."""
    return Life(day, since or day, add_years(day, 1), day, 0)


def endorsed(life: Life, kind: int, day: int, profile: Profile, registered: int = 0) -> Life:
    """Return the life after an endorsement; EndorsementRefusedError names the article and the remedy.

    registered: the day of the new temporary registration before a moved endorsement, 0 when it was checked
    elsewhere.
    """
    if day < life.last:
        raise EndorsementRefusedError(
            "%s is before the permit's last act on %s: check the date (16)" % (iso(day), iso(life.last))
        )
    if life.number >= MAX_ENDORSEMENTS:
        raise EndorsementRefusedError("a card holds %d endorsements: replace it (20)" % MAX_ENDORSEMENTS)
    last_good = profile.good_through(life.good_through)
    last_late = restorable_until(last_good, profile)
    if last_late is not None and day > last_late:
        raise EndorsementRefusedError(
            "good through %s, a late endorsement was possible until %s: register anew and apply for a new"
            " permit (18)" % (iso(last_good), iso(last_late))
        )
    number = life.number + 1
    if kind == KIND_ADDRESS:
        return Life(life.anchor, life.since, life.good_through, day, number)
    if kind == KIND_MOVED:
        eligible = add_months(registered, REGISTERED_MONTHS) if registered else day
        if day < eligible:
            raise EndorsementRefusedError(
                "registered on %s, it can be endorsed from %s on (17)" % (iso(registered), iso(eligible))
            )
        return Life(day, day, add_years(day, 1), day, number)
    opens = window_opens(life.good_through, profile)
    if day < opens:
        raise EndorsementRefusedError(
            "good through %s, it can be endorsed from %s on (16)" % (iso(life.good_through), iso(opens))
        )
    if day <= last_good:
        return Life(life.anchor, life.since, next_yearly_day(life.anchor, life.good_through), day, number)
    # Late: the years of residence count from this day on (18), and so do the yearly days.
    return Life(day, day, add_years(day, 1), day, number)

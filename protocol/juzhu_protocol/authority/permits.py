"""A permit as the authority knows it, and the acts that the measures allow on it: pure functions of days.

Days are day numbers (rules/calendar.py). Every refusal names the article and what to do instead.
"""

from dataclasses import dataclass, replace

from ..rules.calendar import add_months, add_years, iso, next_yearly_day
from ..rules.decide import CLASS_ORDINARY, restorable_until, window_opens
from ..rules.profile import Profile
from .citizen_number import CitizenNumber
from .errors import (
    ApplicationError,
    BackwardsError,
    LapsedError,
    NotSuspendedError,
    NotYetEligibleError,
    OverdueIsNotListedError,
    RevokedError,
    SerialsExhaustedError,
    SuspendedError,
    TooEarlyError,
)

VALID, SUSPENDED, REVOKED = "valid", "suspended", "revoked"
LOST, CANCELLED, REPLACED = "lost", "cancelled", "replaced"

YEARLY = 1
"""The kind of an endorsement (16); the kinds of Article 17 follow with their rules."""

GROUND_OVERDUE = 3
GROUNDS = {
    1: "false material",
    2: "no longer fulfils the conditions",
    4: "registered as permanent resident",
    5: "moved to another county or city",
    6: "other",
}
"""Article 19's grounds that a list carries; ground 3, overdue, follows from the signed good-through."""

ELIGIBLE_AFTER_MONTHS = 6
"""Half a year after the temporary registration (8): six calendar months, our reading."""

MAX_ENDORSEMENTS = 255
MAX_ADDRESS = 35
"""Characters of the 70 bytes of UTF-16LE that hold an address."""


@dataclass(frozen=True)
class Holder:
    """Article 14's items of a person as at issue; repr shows none of them."""

    name: str
    sex: str
    ethnicity: str
    citizen_number: str
    household_address: str

    def __repr__(self) -> str:
        return "Holder(not shown)"


@dataclass(frozen=True)
class Permit:
    """One physical card and what the register says about it; ground outlives a revocation."""

    list_division: int
    serial: int
    issuing_division: int
    permit_class: int
    birth_day: int
    issue_day: int
    anchor_day: int
    residence_since: int
    endorsement_number: int
    endorsement_kind: int
    endorsement_day: int
    good_through: int
    status: str
    ground: int
    cause: str
    predecessor: int
    successor: int
    address: str

    @property
    def last_day(self) -> int:
        """The day of the last act that the card shows."""
        return max(self.issue_day, self.endorsement_day)


def check_holder(holder: Holder, day: int) -> CitizenNumber:
    """Return the number of a holder whose items hold together (14); ApplicationError otherwise."""
    number = CitizenNumber.parse(holder.citizen_number)
    if number.birth_day > day:
        raise ApplicationError("the citizen number's birth date is still to come: read it again (14)")
    for what, text, limit in (
        ("name", holder.name, 15),
        ("sex", holder.sex, 1),
        ("ethnicity", holder.ethnicity, 10),
        ("household address", holder.household_address, MAX_ADDRESS),
    ):
        _check_text(what, text, limit)
    if holder.sex not in ("男", "女"):
        raise ApplicationError("sex is 男 or 女, as on the identity card (14)")
    if (holder.sex == "女") != number.is_female:
        raise ApplicationError("sex and citizen number contradict each other: read both again (14)")
    return number


def check_address(address: str) -> None:
    """Refuse an address that does not fit the card (14, 16)."""
    _check_text("address", address, MAX_ADDRESS)


def _check_text(what: str, text: str, limit: int) -> None:
    units = len(text.encode("utf-16-le", "surrogatepass")) // 2
    if not text.strip() or not text.isprintable() or not 1 <= units <= limit:
        raise ApplicationError(f"the {what} has {units} characters, a card holds 1 to {limit} (14)")


def issue(
    *,
    list_division: int,
    serial: int,
    issuing_division: int,
    permit_class: int,
    birth_day: int,
    address: str,
    day: int,
    residence_since: int,
    registered_day: int,
) -> Permit:
    """Return a new permit, issued on `day` (8 to 15); registered_day is 0 when it was checked elsewhere."""
    if residence_since > day:
        raise ApplicationError(f"residence cannot begin after the issue on {iso(day)} (8)")
    eligible = add_months(registered_day, ELIGIBLE_AFTER_MONTHS) if registered_day else 0
    if eligible > day:
        raise NotYetEligibleError(
            f"registered on {iso(registered_day)}, a permit can be issued from {iso(eligible)} on (8)"
        )
    return Permit(
        list_division=list_division,
        serial=serial,
        issuing_division=issuing_division,
        permit_class=permit_class,
        birth_day=birth_day,
        issue_day=day,
        anchor_day=day,
        residence_since=residence_since,
        endorsement_number=0,
        endorsement_kind=0,
        endorsement_day=0,
        good_through=next_yearly_day(day, day),
        status=VALID,
        ground=0,
        cause="",
        predecessor=0,
        successor=0,
        address=address,
    )


def endorse(permit: Permit, day: int, profile: Profile, address: str = "") -> Permit:
    """Return the permit with one yearly endorsement more (16), or restored by a late one (18)."""
    _refuse_revoked(permit, "it cannot be endorsed; endorse its successor, or apply anew")
    if permit.status == SUSPENDED:
        raise SuspendedError(
            f"serial {permit.serial} is suspended on ground {permit.ground} (19): lift that, then endorse"
        )
    _refuse_backwards(permit, day)
    opens = window_opens(permit.good_through, profile)
    if day < opens:
        raise TooEarlyError(
            f"good through {iso(permit.good_through)}; it can be endorsed from {iso(opens)} on (16)"
        )
    _refuse_lapsed(permit, day, profile)
    if permit.endorsement_number >= MAX_ENDORSEMENTS:
        raise SerialsExhaustedError(f"a card holds {MAX_ENDORSEMENTS} endorsements: replace it (20)")
    changed = replace(
        permit,
        endorsement_number=permit.endorsement_number + 1,
        endorsement_kind=YEARLY,
        endorsement_day=day,
        address=address or permit.address,
    )
    if day <= permit.good_through:
        return replace(changed, good_through=next_yearly_day(permit.anchor_day, permit.good_through))
    # Late: the years of residence count from this day on (18), and so do the yearly days.
    return replace(changed, anchor_day=day, residence_since=day, good_through=add_years(day, 1))


def suspend(permit: Permit, ground: int) -> Permit:
    """Return the permit suspended on one of Article 19's grounds but the third."""
    if ground == GROUND_OVERDUE:
        raise OverdueIsNotListedError(
            "ground 3, overdue, is never listed: it follows from the card's signed good-through (18, 19(3))"
        )
    if ground not in GROUNDS:
        raise ApplicationError(f"ground {ground} is none of Article 19's: choose 1, 2, 4, 5 or 6")
    _refuse_revoked(permit, "there is no use left to suspend")
    if permit.status == SUSPENDED:
        raise SuspendedError(
            f"serial {permit.serial} is suspended already, on ground {permit.ground} (19): restore it first"
        )
    return replace(permit, status=SUSPENDED, ground=ground)


def restore(permit: Permit) -> Permit:
    """Return the permit with its suspension lifted (19)."""
    _refuse_revoked(permit, "it cannot be restored; replace it (20) or apply anew")
    if permit.status != SUSPENDED:
        raise NotSuspendedError(f"serial {permit.serial} is not suspended (19): there is nothing to restore")
    return replace(permit, status=VALID, ground=0)


def revoke(permit: Permit, cause: str) -> Permit:
    """Return the permit revoked as lost or cancelled (20); a suspension's ground is kept."""
    if cause not in (LOST, CANCELLED):
        raise ApplicationError(f"cause {cause!r} is none: choose lost or cancelled, or replace the card (20)")
    _refuse_revoked(permit, "it stays so")
    return replace(permit, status=REVOKED, cause=cause)


def replace_card(permit: Permit, serial: int, day: int, profile: Profile) -> tuple[Permit, Permit]:
    """Return the old card, revoked, and its successor on a new serial with the same years (20).

    A lost card that was revoked as such can be replaced once. A suspension is not shaken off by a new card.
    """
    if permit.status == REVOKED and (permit.cause != LOST or permit.successor):
        _refuse_revoked(permit, "it cannot be replaced; apply anew")
    if permit.ground:
        raise SuspendedError(
            f"serial {permit.serial} is suspended on ground {permit.ground} (19), which a new card "
            "would lift: restore it first, or apply anew"
        )
    _refuse_backwards(permit, day)
    _refuse_lapsed(permit, day, profile)
    old = replace(permit, status=REVOKED, cause=permit.cause or REPLACED, successor=serial)
    new = replace(permit, serial=serial, issue_day=day, status=VALID, cause="", predecessor=permit.serial)
    return old, new


def is_standing(permit: Permit, day: int, profile: Profile) -> bool:
    """Whether the permit still binds its holder to it: neither revoked nor lapsed on that day."""
    last = restorable_until(permit.good_through, profile)
    return permit.status != REVOKED and (last is None or day <= last)


def check_class(permit_class: int) -> None:
    """Refuse a class whose rules are other than the measures' own (28, 29)."""
    if permit_class != CLASS_ORDINARY:
        raise ApplicationError(f"class {permit_class} is issued under other rules (28, 29), not here")


def _refuse_revoked(permit: Permit, remedy: str) -> None:
    if permit.status == REVOKED:
        after = f", its successor is serial {permit.successor}" if permit.successor else ""
        raise RevokedError(f"serial {permit.serial} was {permit.cause}{after} (20): {remedy}")


def _refuse_backwards(permit: Permit, day: int) -> None:
    if day < permit.last_day:
        raise BackwardsError(
            f"{iso(day)} is before the permit's last act on {iso(permit.last_day)}: check the date (16)"
        )


def _refuse_lapsed(permit: Permit, day: int, profile: Profile) -> None:
    last = restorable_until(permit.good_through, profile)
    if last is not None and day > last:
        raise LapsedError(
            f"good through {iso(permit.good_through)}, a late endorsement was possible until {iso(last)}: "
            "register anew and apply for a new permit (18)"
        )

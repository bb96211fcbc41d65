"""A permit as the authority knows it, and the acts that the measures allow on it: pure functions of days.

Days are day numbers (rules/calendar.py). Every refusal names the article and what to do instead. What an
endorsement makes of a permit's days is rules/lifecycle.py's alone.
"""

from dataclasses import dataclass, field, replace

from ..errors import EndorsementRefusedError
from ..rules.calendar import add_months, iso
from ..rules.decide import CLASS_ORDINARY, restorable_until
from ..rules.lifecycle import (
    KIND_MOVED,
    KIND_NAMES,
    KIND_YEARLY,
    REGISTERED_MONTHS,
    Life,
    endorsed,
    issued,
)
from ..rules.profile import Profile
from .errors import (
    ApplicationError,
    BackwardsError,
    EndorsementError,
    HandedOutError,
    LapsedError,
    NotSuspendedError,
    NotYetEligibleError,
    NoWayBackError,
    OverdueIsNotListedError,
    RevokedError,
    SuspendedError,
)

VALID, SUSPENDED, REVOKED = "valid", "suspended", "revoked"
LOST, CANCELLED, REPLACED = "lost", "cancelled", "replaced"

GROUND_OVERDUE = 3
GROUND_MOVED = 5
GROUNDS = {
    1: "false material",
    2: "no longer fulfils the conditions",
    4: "registered as permanent resident",
    5: "moved to another county or city",
    6: "other",
}
"""Article 19's grounds that a list carries; ground 3, overdue, follows from the signed good-through."""

RESTORABLE_GROUNDS = (2, 6)
"""Grounds whose suspension ends when their reason has ceased: our reading, the text says nothing of it."""

_WAYS_BACK = {
    1: "the text gives no way back from false material; have it cancelled and apply anew with true papers (8, 9)",
    2: "restore it once the conditions are fulfilled again",
    4: "a permanent resident needs no permit; have it cancelled",
    5: "the new place's organ endorses it as moved, half a year after the registration there (17)",
    6: "restore it once its reason has ceased",
}
_WAYS_ON_WITHOUT_THE_CARD = {
    1: "have it cancelled and apply anew with true papers (8, 9)",
    2: "restore it once the conditions are fulfilled again, then {on}",
    4: "a permanent resident needs no permit; have it cancelled",
    5: "apply at the new place, half a year after a registration made since the suspension (8, 17)",
    6: "restore it once its reason has ceased, then {on}",
}
"""Ways on with a card that was lost or has lapsed, which no endorsement brings back."""

_IF_MISTAKEN = "; a suspension that was the authority's own mistake is restored as such"

ADDRESS_DAYS = 15
"""Within so many days of a move inside one unit the holder has it endorsed (17); being late denies nobody."""


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
    """One physical card and what the register says about it; ground outlives a revocation.

    repr leaves out whose it is: birthday and address.
    """

    list_division: int
    serial: int
    issuing_division: int
    permit_class: int
    birth_day: int = field(repr=False)
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
    address: str = field(repr=False)
    handed_out_day: int = 0

    @property
    def last_day(self) -> int:
        """The day of the last act that the card shows."""
        return max(self.issue_day, self.endorsement_day)


def eligible_from(registered_day: int) -> int:
    """Return the first day of an application: half a year, six calendar months, after the registration (8)."""
    return add_months(registered_day, REGISTERED_MONTHS)


def fee_due(permit: Permit) -> bool:
    """Whether the holder pays for this card: a replacement, never a first issue (20); the amount is not ours."""
    return permit.predecessor != 0


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
    if residence_since < birth_day:
        raise ApplicationError("residence cannot begin before the holder's birth: read both days again (8)")
    eligible = eligible_from(registered_day) if registered_day else 0
    if eligible > day:
        raise NotYetEligibleError(
            f"registered on {iso(registered_day)}, a permit can be issued from {iso(eligible)} on (8)"
        )
    life = issued(day, residence_since)
    return Permit(
        list_division=list_division,
        serial=serial,
        issuing_division=issuing_division,
        permit_class=permit_class,
        birth_day=birth_day,
        issue_day=day,
        anchor_day=life.anchor,
        residence_since=life.since,
        endorsement_number=life.number,
        endorsement_kind=0,
        endorsement_day=0,
        good_through=life.good_through,
        status=VALID,
        ground=0,
        cause="",
        predecessor=0,
        successor=0,
        address=address,
    )


def endorse(
    permit: Permit,
    day: int,
    profile: Profile,
    kind: int = KIND_YEARLY,
    *,
    address: str = "",
    issuing_division: int = 0,
    registered_day: int = 0,
) -> Permit:
    """Return the permit with one endorsement more (16 to 18), by its own organ unless another is named.

    An endorsement of kind moved restores a permit that was suspended because its holder moved (19(5)).
    """
    _refuse_revoked(permit, "it cannot be endorsed; endorse its successor, or apply anew")
    if permit.status == SUSPENDED and (kind, permit.ground) != (KIND_MOVED, GROUND_MOVED):
        raise SuspendedError(f"{_suspended(permit)}: {way_back(permit)}")
    division = issuing_division or permit.issuing_division
    refuse_wrong_kind(permit, kind, division, profile)
    if kind != KIND_YEARLY and address in ("", permit.address):
        raise ApplicationError("a move is endorsed with the new address (16, 17)")
    if kind == KIND_MOVED and not registered_day:
        raise ApplicationError("a moved endorsement needs the day of the registration at the new place (17)")
    # A successor's issue confirms no residence: whoever lost a card after the move waits no longer for it.
    confirmed = max(permit.anchor_day, permit.endorsement_day)
    if kind == KIND_MOVED and registered_day < confirmed:
        raise EndorsementError(
            f"registered on {iso(registered_day)}, before residence at the old place was confirmed on "
            f"{iso(confirmed)}: half a year counts from a registration made since (17)"
        )
    life = Life(
        permit.anchor_day,
        permit.residence_since,
        permit.good_through,
        permit.last_day,
        permit.endorsement_number,
    )
    try:
        life = endorsed(life, kind, day, profile, registered_day)
    except EndorsementRefusedError as error:
        raise EndorsementError(f"serial {permit.serial}: {error}") from None
    return replace(
        permit,
        issuing_division=division,
        anchor_day=life.anchor,
        residence_since=life.since,
        endorsement_number=life.number,
        endorsement_kind=kind,
        endorsement_day=life.last,
        good_through=life.good_through,
        status=VALID,
        ground=0,
        address=address or permit.address,
    )


def refuse_wrong_kind(permit: Permit, kind: int, division: int, profile: Profile) -> None:
    """Refuse an endorsement whose kind does not fit where the organ of `division` is (17); EndorsementError."""
    if kind not in KIND_NAMES:
        raise ApplicationError(f"kind {kind} is none: choose {', '.join(KIND_NAMES.values())} (16, 17)")
    inside = division == permit.issuing_division or profile.same_unit(division, permit.issuing_division)
    if kind == KIND_MOVED:
        if inside:
            raise EndorsementError(
                f"{division} is of the same unit as {permit.issuing_division}: "
                "a move inside it is endorsed with kind address (17)"
            )
        if division not in profile.units:
            raise EndorsementError(
                f"{division} is no division of this city: apply there for a new permit (7, 8)"
            )
    elif not inside:
        raise EndorsementError(
            f"{division} is of another unit than {permit.issuing_division}: a move there is endorsed with kind "
            "moved, half a year after the registration there (17)"
        )


def address_is_late(moved_on: int, day: int) -> bool:
    """Whether an address endorsement comes later than 15 days after the move (17); the day of it not counted."""
    return day > moved_on + ADDRESS_DAYS


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
        raise SuspendedError(f"{_suspended(permit)} already")
    return replace(permit, status=SUSPENDED, ground=ground)


def restore(permit: Permit, *, mistake: bool = False) -> Permit:
    """Return the permit with its suspension lifted, because its reason has ceased or it was a mistake (19).

    A card that was reported lost while suspended stays revoked; then it can be replaced.
    """
    lost = is_lost(permit)
    if not lost:
        _refuse_revoked(permit, "it cannot be restored; apply anew")
    if not permit.ground:
        after = ", only revoked as lost: replace it (20)" if lost else ""
        raise NotSuspendedError(
            f"serial {permit.serial} is not suspended (19){after}: there is nothing to restore"
        )
    if not mistake and permit.ground not in RESTORABLE_GROUNDS:
        raise NoWayBackError(f"{_suspended(permit)}: {way_back(permit)}")
    return replace(permit, status=REVOKED if lost else VALID, ground=0)


def way_back(permit: Permit, *, lapsed: bool = False) -> str:
    """Return what can be done about a permit's suspension, "" when there is none (17 to 19)."""
    if not permit.ground:
        return ""
    if permit.status != REVOKED and not lapsed:
        return _WAYS_BACK[permit.ground] + _IF_MISTAKEN
    on = "apply anew (8, 18)" if lapsed else "replace it"
    return _WAYS_ON_WITHOUT_THE_CARD[permit.ground].format(on=on) + _IF_MISTAKEN


def is_lost(permit: Permit) -> bool:
    """Whether the card was reported lost and not replaced yet, which ends neither permit nor suspension (20)."""
    return permit.cause == LOST and not permit.successor


def way_to_a_new_permit(
    permit: Permit, day: int, profile: Profile, registered_day: int, suspended_day: int
) -> str:
    """Return what its holder does instead of applying on `day`, "" when this permit forbids no new one (8).

    A suspension binds until it is lifted or the permit cancelled, but one on ground 5 of a card that is lost or
    has lapsed: there a registration made after it, on registered_day, starts anew. registered_day is 0 when it
    is not known.
    """
    if permit.status == REVOKED and not is_lost(permit):
        return ""
    last = last_late_day(permit, profile)
    lapsed = last is not None and day > last
    if permit.ground:
        gone = lapsed or is_lost(permit)
        if permit.ground == GROUND_MOVED and gone and registered_day > suspended_day:
            return ""
        return way_back(permit, lapsed=lapsed)
    if lapsed:
        return ""
    return "replace it (20)" if is_lost(permit) else "endorse or replace that one (16, 20)"


def revoke(permit: Permit, cause: str) -> Permit:
    """Return the permit revoked as lost or cancelled (20); a suspension's ground is kept.

    A lost card that was not replaced can be cancelled still.
    """
    if cause not in (LOST, CANCELLED):
        raise ApplicationError(f"cause {cause!r} is none: choose lost or cancelled, or replace the card (20)")
    if cause == LOST or not is_lost(permit):
        _refuse_revoked(permit, "it stays so")
    return replace(permit, status=REVOKED, cause=cause)


def replace_card(permit: Permit, serial: int, day: int, profile: Profile) -> tuple[Permit, Permit]:
    """Return the old card, revoked, and its successor on a new serial with the same years (20).

    A lost card that was revoked as such can be replaced once. A suspension is not shaken off by a new card.
    The holder pays (20).
    """
    if not is_lost(permit):
        _refuse_revoked(permit, "it cannot be replaced; apply anew")
    if permit.ground:
        raise SuspendedError(f"{_suspended(permit)}, which a new card would shake off: {way_back(permit)}")
    _refuse_backwards(permit, day)
    _refuse_lapsed(permit, day, profile)
    old = replace(permit, status=REVOKED, cause=permit.cause or REPLACED, successor=serial)
    new = replace(
        permit,
        serial=serial,
        issue_day=day,
        status=VALID,
        cause="",
        predecessor=permit.serial,
        handed_out_day=0,
    )
    return old, new


def hand_out(permit: Permit, day: int) -> Permit:
    """Return the permit whose card its holder has been given (12)."""
    _refuse_revoked(permit, "it is not handed out")
    if permit.handed_out_day:
        raise HandedOutError(
            f"serial {permit.serial} was handed out on {iso(permit.handed_out_day)} (12): replace a lost card (20)"
        )
    if day < permit.issue_day:
        raise BackwardsError(
            f"{iso(day)} is before the issue on {iso(permit.issue_day)}: check the date (12)"
        )
    return replace(permit, handed_out_day=day)


def last_late_day(permit: Permit, profile: Profile) -> "int | None":
    """Return the last day on which an endorsement restores the permit (18), None when there is no end."""
    return restorable_until(profile.good_through(permit.good_through), profile)


def is_standing(permit: Permit, day: int, profile: Profile) -> bool:
    """Whether the permit still binds its holder to it: neither revoked nor lapsed on that day."""
    last = last_late_day(permit, profile)
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
    last = last_late_day(permit, profile)
    if last is not None and day > last:
        raise LapsedError(
            f"good through {iso(permit.good_through)}, a late endorsement was possible until {iso(last)}: "
            "register anew and apply for a new permit (18)"
        )


def _suspended(permit: Permit) -> str:
    return f"serial {permit.serial} is suspended on ground {permit.ground} (19({permit.ground}))"

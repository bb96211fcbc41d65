"""Random lives and questions about them, drawn from a seeded generator.

Only `random()` is asked of it, the one method whose sequence Python promises to keep from version to version.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from random import Random
from typing import Any, TypeVar

from .case_form import CLASSES, DIVISIONS, KINDS, NOT_JUDGED, REVOKED, SERVICES, SUSPENDED, CaseError
from .oracle import Permit, months_after, permit_of, years_after

Case = dict[str, Any]
T = TypeVar("T")

FAR_DIVISIONS = (410102, 411002, 110105, 310115, 440106)
STATUSES = (*["valid"] * 14, *["newer-than-list"] * 2, *SUSPENDED, *REVOKED)
MISTAKES: tuple[Case, ...] = (
    {"service": "free-ride"},
    {"status": "suspended:3"},
    {"status": "stolen"},
    {"authenticity": "false"},
    {"class": "guest"},
    {"today": ["2026-04-31", "2026-05-01"]},
    {"today": ["2026-05-02", "2026-05-01"]},
    {"issued": "1899-13-01"},
    {"born": "2026-02-29"},
    {"list_age_hours": -7},
    {"kind": "yearly"},
    {"endorsed": [["2001-01-01", "yearly"]]},
)


def pick(rng: Random, things: Sequence[T]) -> T:
    return things[int(rng.random() * len(things))]


def between(rng: Random, first: date, last: date) -> date:
    """A day of first..last, first where last is before it."""
    return first + timedelta(days=int(rng.random() * max((last - first).days + 1, 1)))


def birth(rng: Random, issued: date) -> date:
    """Mostly people whose age matters soon: about 60, about 16, and the rest."""
    kind = rng.random()
    if kind < 0.4:
        return between(rng, issued - timedelta(days=61 * 366), issued - timedelta(days=59 * 365))
    if kind < 0.5:
        return between(rng, issued - timedelta(days=16 * 366), issued)
    return between(rng, issued - timedelta(days=95 * 365), issued - timedelta(days=17 * 365))


def next_endorsement(rng: Random, permit: Permit, recklessness: float) -> tuple[date, str]:
    """A day and a kind that the organ accepts, or, as often as recklessness says, perhaps not."""
    day = timedelta(days=1)
    if rng.random() < recklessness:
        return between(rng, permit.last_signed - 40 * day, permit.restorable_until + 40 * day), pick(
            rng, KINDS
        )
    fate = rng.random()
    if fate < 0.55:
        return between(rng, max(permit.window_opens, permit.last_signed), permit.effective), "yearly"
    if fate < 0.70:
        return between(
            rng, max(permit.effective + day, permit.last_signed), permit.restorable_until
        ), "yearly"
    last = permit.restorable_until if rng.random() < 0.3 else permit.effective
    return between(rng, permit.last_signed, last), "address" if fate < 0.92 else "moved"


def random_case(rng: Random) -> Case:
    """One case; about one in six is an error."""
    permit_class = pick(rng, ("ordinary",) * 12 + CLASSES)
    if permit_class == "transitional":
        issued = between(rng, date(2016, 6, 1), date(2018, 1, 20))
    else:
        issued = between(rng, date(2016, 1, 1), date(2027, 12, 31))
    case: Case = {"born": birth(rng, issued).isoformat(), "issued": issued.isoformat()}
    if permit_class != "ordinary":
        case["class"] = permit_class
    if permit_class == "transitional" and rng.random() < 0.5:
        case["good_through"] = between(
            rng, issued + timedelta(days=1), issued + timedelta(days=1500)
        ).isoformat()
    if rng.random() < 0.2:
        case["resident_since"] = between(
            rng, max(date.fromisoformat(case["born"]), issued - timedelta(days=900)), issued
        ).isoformat()
    if rng.random() < 0.08:
        first = years_after(issued, 1) + timedelta(days=int(rng.random() * 21) - 10)
        rows = [
            (
                first,
                first + timedelta(days=int(rng.random() * 15)),
                first + timedelta(days=int(rng.random() * 120)),
            )
        ]
        case["extended"] = [[day.isoformat() for day in row] for row in rows]
    if permit_class != "transitional":
        add_endorsements(rng, case)
    case["service"] = pick(rng, tuple(SERVICES))
    status = pick(rng, STATUSES)
    if status != "valid":
        case["status"] = status
    if rng.random() < 0.06:
        # Outdated is met at the boundaries alone: drawing it too would make every life after it another one.
        case["authenticity"] = pick(rng, tuple(word for word in NOT_JUDGED if word != "outdated"))
    if rng.random() < 0.3:
        case["division"] = pick(rng, FAR_DIVISIONS if rng.random() < 0.2 else DIVISIONS)
    add_list(rng, case)
    case["today"] = random_today(rng, case)
    if rng.random() < 0.06:
        case.update(pick(rng, MISTAKES))
    return case


def add_endorsements(rng: Random, case: Case) -> None:
    rows: list[list[str]] = []
    recklessness = 0.06
    for _ in range(int(rng.random() * 9)):
        try:
            permit = permit_of({**case, "endorsed": rows})
        except CaseError:
            break
        day, kind = next_endorsement(rng, permit, recklessness)
        if kind == "moved" and "registered" not in case and not any(row[1] == "moved" for row in rows):
            # Half a year of registration, give or take, ended about when the organ endorsed.
            case["registered"] = between(
                rng, day - timedelta(days=190), day - timedelta(days=181)
            ).isoformat()
        elif kind == "moved":
            kind = "address"
        rows.append([day.isoformat(), kind])
    if rows:
        case["endorsed"] = rows


def add_list(rng: Random, case: Case) -> None:
    service = SERVICES[case["service"]]
    fate = rng.random()
    if fate < 0.04 and "status" not in case:
        case["list"] = False
    elif fate < 0.10:
        case["list_age_hours"] = None
    elif fate < 0.40:
        edge = service.warn if rng.random() < 0.5 else service.limit
        case["list_age_hours"] = edge + int(rng.random() * 5) - 2
    elif fate < 0.85:
        case["list_age_hours"] = int(rng.random() * service.warn)


def random_today(rng: Random, case: Case) -> list[str | None]:
    """An interval that starts near a day on which something may change, or anywhere."""
    try:
        permit = permit_of(case)
    except CaseError:
        day = between(rng, date(2018, 1, 1), date(2028, 12, 31))
        return [day.isoformat(), day.isoformat()]
    born = date.fromisoformat(case["born"])
    edges = (
        *(permit.last_signed, permit.window_opens, permit.effective, permit.restorable_until),
        *(years_after(permit.resident_since, 1), years_after(born, 16), years_after(born, 60)),
        *(months_after(permit.last_signed, 6), permit.last_signed, permit.effective),
    )
    if rng.random() < 0.6:
        edge = pick(rng, edges)
        first = edge + timedelta(days=int(rng.random() * 7) - 3)
    else:
        first = between(rng, permit.last_signed, permit.restorable_until + timedelta(days=60))
    spread = rng.random()
    if spread < 0.72:
        last = first
    elif spread < 0.97:
        last = first + timedelta(days=1 + int(rng.random() * (59 if rng.random() < 0.4 else 5)))
    else:
        return [first.isoformat(), None]
    return [first.isoformat(), last.isoformat()]


def random_cases(seed: int, count: int) -> Iterator[Case]:
    for number in range(count):
        yield random_case(Random(f"{seed}:{number}"))

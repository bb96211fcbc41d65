"""A year in the lives of synthetic holders, a case a day, for long comparisons with a fast implementation.

    for life in lives(10_000):
        for case, verdict in zip(life.cases(), life.verdicts()):
            ...

A life is the same whoever draws it: it depends on the seed, the year and its own number alone, so that runs can be
split between processes by number. It holds no error: every endorsement in it is one that the organ accepts.
Whole names, addresses and numbers of citizens are absent; nothing here is drawn from any real person.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

from .case_form import DIVISIONS, REVOKED, SERVICES, SUSPENDED
from .oracle import judge_life, months_after, permit_of, years_after
from .random_cases import FAR_DIVISIONS, between, birth, pick

Case = dict[str, Any]

DAY = timedelta(days=1)
SERVICE_NAMES = tuple(SERVICES)
LONGEST_OUTAGE_DAYS = 45


@dataclass(frozen=True)
class Life:
    """One holder's year: stretches in which card and list say the same, each with one question a day."""

    number: int
    stretches: list[tuple[Case, list[Case]]]

    def cases(self) -> Iterator[Case]:
        """A case for each day of the year, first to last."""
        for life, asks in self.stretches:
            for ask in asks:
                yield {**life, **ask}

    def verdicts(self) -> Iterator[Case]:
        """The verdicts of cases(), in their order, each stretch lived once."""
        for life, asks in self.stretches:
            yield from judge_life(life, asks)


def history(rng: Random, card: Case, until: date) -> list[tuple[date, str]]:
    """Every endorsement up to a day; sets card["registered"] before the one of kind moved."""
    rows: list[tuple[date, str]] = []
    diligence = pick(rng, (1.0, 0.95, 0.8, 0.5))
    while True:
        permit = permit_of({**card, "endorsed": [[day.isoformat(), kind] for day, kind in rows]})
        fate = rng.random()
        if fate < 0.12:
            day, kind = between(rng, permit.last_signed, permit.restorable_until), "address"
        elif fate < 0.16 and "registered" not in card:
            # 17: registered anew soon after the last endorsement, endorsed there half a year later.
            day, kind = between(rng, months_after(permit.last_signed, 7), permit.restorable_until), "moved"
            registered = between(rng, permit.last_signed, day - timedelta(days=185))
            if day > permit.restorable_until or months_after(registered, 6) > day:
                continue
        elif rng.random() < diligence:
            day, kind = between(rng, max(permit.window_opens, permit.last_signed), permit.effective), "yearly"
        elif rng.random() < 0.7 and permit.last_signed < permit.restorable_until:
            late = max(permit.effective, permit.last_signed) + DAY
            day, kind = between(rng, late, permit.restorable_until), "yearly"
        else:
            return rows
        if day > until:
            return rows
        if kind == "moved":
            card["registered"] = registered.isoformat()
        rows.append((day, kind))


def listed(
    rng: Random, card: Case, rows: list[tuple[date, str]], first: date, last: date
) -> list[tuple[date, str]]:
    """The days on which the card's listed status changes, from some day not after first."""
    issued = date.fromisoformat(card["issued"])
    changes = [
        (date.min, "valid"),
        (issued, "newer-than-list"),
        (issued + int(rng.random() * 4) * DAY, "valid"),
    ]
    for day, kind in rows:
        if kind == "moved" and rng.random() < 0.8:
            # 19(5): suspended from the new registration until the new place's organ has endorsed.
            changes += [(date.fromisoformat(card["registered"]), "suspended:5"), (day, "valid")]
    fate = rng.random()
    if fate < 0.25:
        begin = between(rng, first, last)
        changes.append((begin, pick(rng, tuple(SUSPENDED))))
        if rng.random() < 0.6:
            changes.append((between(rng, begin + DAY, last), "valid"))
    if fate < 0.08 or fate > 0.95:
        changes.append((between(rng, first, last), pick(rng, tuple(REVOKED))))
    changes.sort(key=lambda change: change[0])
    for index, (_, status) in enumerate(changes):
        if status in REVOKED:
            return changes[: index + 1]  # 20: a dead card stays dead
    return changes


def list_ages(rng: Random, days: int) -> list[int | None]:
    """The list's age at each day's question: fresh every day but for outages."""
    ages: list[int | None] = []
    while len(ages) < days:
        if rng.random() < 0.01:
            ages += [
                24 * passed + int(rng.random() * 24)
                for passed in range(int(rng.random() * LONGEST_OUTAGE_DAYS))
            ]
        elif rng.random() < 0.002:
            ages.append(None)
        else:
            ages.append(int(rng.random() * 27))
    return ages[:days]


def today(rng: Random, day: date) -> list[str | None]:
    """Nearly always one day; sometimes some days around it; rarely without an end."""
    fate = rng.random()
    if fate < 0.95:
        text = day.isoformat()
        return [text, text]
    first = day - int(rng.random() * 6) * DAY
    if fate > 0.9995:
        return [first.isoformat(), None]
    return [first.isoformat(), (day + int(rng.random() * 6) * DAY).isoformat()]


def new_card(rng: Random, first: date, last: date) -> Case:
    """A permit issued up to nine years before the year's end, or one from before the measures."""
    card: Case = {}
    fate = rng.random()
    if fate < 0.05:
        card["class"] = "transitional"
        issued = between(rng, date(2016, 1, 1), date(2018, 1, 5))
        end = between(rng, first - timedelta(days=30), last + timedelta(days=30))
        card["good_through"] = max(end, issued + DAY).isoformat()
    else:
        if fate < 0.09:
            card["class"] = "hong-kong-macao-taiwan"
        issued = between(rng, max(years_after(last, -9), date(2017, 12, 30)), last)
    card["born"] = birth(rng, issued).isoformat()
    card["issued"] = issued.isoformat()
    if rng.random() < 0.5:
        card["division"] = pick(rng, FAR_DIVISIONS if rng.random() < 0.1 else DIVISIONS)
    return card


def life(number: int, seed: int = 2026, year: int = 2026) -> Life:
    """The year of one holder."""
    rng = Random(f"{seed}:{year}:{number}")
    first, last = date(year, 1, 1), date(year, 12, 31)
    card = new_card(rng, first, last)
    rows = [] if card.get("class") == "transitional" else history(rng, card, last)
    changes = listed(rng, card, rows, first, last)
    services = [pick(rng, SERVICE_NAMES) for _ in range(3)] + ["bus.senior", "bus.senior"]
    unlisted_from = between(rng, first, last) if rng.random() < 0.05 else last + DAY
    days = (last - first).days + 1
    ages = list_ages(rng, days)

    stretches: list[tuple[Case, list[Case]]] = []
    state: tuple[Any, ...] = ()
    for index in range(days):
        day = first + index * DAY
        endorsed = [[when.isoformat(), kind] for when, kind in rows if when <= day]
        status = [word for when, word in changes if when <= day][-1]
        no_list = status == "valid" and unlisted_from <= day < unlisted_from + 9 * DAY
        if state != (len(endorsed), status, no_list):
            state = (len(endorsed), status, no_list)
            on_this_day = {**card, "endorsed": endorsed, "status": status, "list": not no_list}
            if "moved" not in [kind for _, kind in endorsed]:
                on_this_day.pop("registered", None)
            stretches.append((on_this_day, []))
        stretches[-1][1].append(
            {"service": pick(rng, services), "today": today(rng, day), "list_age_hours": ages[index]}
        )
    return Life(number, stretches)


def lives(count: int, seed: int = 2026, year: int = 2026, start: int = 0) -> Iterator[Life]:
    """The lives numbered start to start + count - 1."""
    for number in range(start, start + count):
        yield life(number, seed, year)

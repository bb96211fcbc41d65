"""Both sides of every boundary of every rule, as cases. Deterministic: no chance in this file."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from .bad_cases import BASE, bad_input
from .case_form import NOT_JUDGED, REVOKED, SERVICES, SUSPENDED
from .oracle import Permit, month_before, months_after, permit_of, years_after

Case = dict[str, Any]

COUNTER = [name for name, service in SERVICES.items() if service.counter]
OLD = "1950-03-01"  # 60 years old in every case that uses it
ADULT = "1990-07-15"
# Issue days whose yearly days, windows and half years meet a month's end, 29 February or a year's end.
ANCHORS = (
    *("2023-01-01", "2023-01-29", "2023-01-30", "2023-01-31", "2023-02-28", "2023-03-01", "2023-03-28"),
    *("2023-03-29", "2023-03-30", "2023-03-31", "2024-02-28", "2024-02-29", "2024-03-01", "2024-05-10"),
    *("2023-08-28", "2023-08-29", "2023-08-30", "2023-08-31", "2024-08-31", "2023-05-31", "2023-06-30"),
    *("2023-10-31", "2023-12-30", "2023-12-31", "2022-08-29", "2022-08-31", "2017-12-30", "2019-02-28"),
)
STATUSES = ("valid", "newer-than-list", *SUSPENDED, *REVOKED)


def plus(day: date | str, days: int) -> str:
    start = day if isinstance(day, date) else date.fromisoformat(day)
    return (start + timedelta(days=days)).isoformat()


def on(day: date | str) -> list[str]:
    return [plus(day, 0), plus(day, 0)]


def around(day: date | str) -> list[str]:
    return [plus(day, -1), plus(day, 0), plus(day, 1)]


def case(**fields: Any) -> Case:
    """BASE with these fields over it; a trailing underscore spells a word that Python keeps for itself."""
    return {**BASE, **{key.rstrip("_"): value for key, value in fields.items()}}


def the_edges(permit: Permit) -> tuple[date, ...]:
    return (permit.last_signed, permit.window_opens, permit.effective, permit.restorable_until)


def permit_days(life: Case) -> list[str]:
    """The days around every edge of the life's last state (16, 18)."""
    permit = permit_of(life)
    return sorted({day for edge in the_edges(permit) for day in around(edge)})


def the_first_year() -> Iterator[Case]:
    """16, 18, 19(3): issue, window, good-through, half a year."""
    for issued in ANCHORS:
        life = case(issued=issued)
        for day in permit_days(life):
            yield {**life, "today": on(day)}
        permit = permit_of({"born": OLD, "issued": issued})
        for edge in (permit.window_opens, permit.effective, permit.restorable_until):
            for day in around(edge)[1:]:
                yield case(born=OLD, issued=issued, service="bus.senior", today=on(day), list_age_hours=3)


def endorsements() -> Iterator[Case]:
    """16, 17, 18: every kind on the edges of when it is accepted, and what the permit is after it."""
    for issued in ("2023-01-31", "2023-03-31", "2024-02-29", "2023-08-31", "2024-05-10", "2023-12-31"):
        first = permit_of({"born": ADULT, "issued": issued})
        days = sorted({day for edge in the_edges(first) for day in around(edge)})
        for kind in ("yearly", "address", "moved"):
            for day in days:
                life = case(issued=issued, endorsed=[[day, kind]])
                try:
                    after = permit_days(life)
                except ValueError:
                    yield {**life, "today": on(day)}
                    continue
                for today in after if kind == "yearly" else after[::3]:
                    yield {**life, "today": on(today)}
                residence = years_after(permit_of(life).resident_since, 1)
                for today in around(residence)[:2]:
                    yield {**life, "service": "settle-permit", "today": on(today)}


def many_years() -> Iterator[Case]:
    """16: the yearly days run from the anchor, never from the yearly day before: 29 February comes back."""
    for issued, years in (
        ("2020-02-29", 9),
        ("2024-02-29", 5),
        ("2019-08-31", 4),
        ("2018-12-31", 6),
        ("2018-01-30", 5),
    ):
        for side in ("opens", "last"):
            endorsed: list[list[str]] = []
            for _ in range(years):
                permit = permit_of({"born": ADULT, "issued": issued, "endorsed": endorsed})
                day = permit.window_opens if side == "opens" else permit.effective
                endorsed = [*endorsed, [day.isoformat(), "yearly"]]
                after = permit_of({"born": ADULT, "issued": issued, "endorsed": endorsed})
                for edge in the_edges(after):
                    yield from (
                        case(issued=issued, endorsed=endorsed, today=on(day)) for day in around(edge)[1:]
                    )
    # A late one in between moves the anchor; an address or a move lies between two yearly ones.
    for endorsed in (
        [["2022-02-10", "yearly"], ["2023-08-28", "yearly"], ["2024-08-28", "yearly"]],
        [
            ["2021-06-01", "address"],
            ["2022-02-28", "yearly"],
            ["2022-06-01", "address"],
            ["2023-02-01", "yearly"],
        ],
        [
            ["2021-12-31", "moved"],
            ["2022-12-01", "yearly"],
            ["2023-12-31", "yearly"],
            ["2024-05-05", "address"],
        ],
        [["2022-03-31", "yearly"], ["2023-03-31", "yearly"], ["2024-03-01", "yearly"]],
        [["2022-08-28", "address"], ["2022-08-28", "yearly"], ["2023-08-28", "moved"]],
        [
            ["2021-02-28", "address"],
            ["2021-02-28", "address"],
            ["2022-02-28", "yearly"],
            ["2022-02-28", "address"],
        ],
    ):
        life = case(issued="2021-02-28", endorsed=endorsed)
        yield from ({**life, "today": on(day)} for day in permit_days(life))
        yield from ({**life, "today": on(day), "service": "settle-permit"} for day in permit_days(life))


def new_registrations() -> Iterator[Case]:
    """8, 17, 19(5): half a year of registration at the new place before an endorsement of kind moved."""
    for registered in (
        "2024-06-01",
        "2024-08-28",
        "2024-08-29",
        "2024-08-30",
        "2024-08-31",
        "2024-07-31",
        "2024-12-31",
    ):
        ready = months_after(date.fromisoformat(registered), 6)
        for day in around(ready):
            life = case(issued="2024-05-10", registered=registered, endorsed=[[day, "moved"]])
            yield {**life, "today": on(day)}
            yield {**life, "today": on(plus(day, 365)), "service": "settle-permit", "division": 410221}
    yield case(registered="2024-06-01")  # asked of nobody who has not moved
    yield case(registered="2024-06-01", endorsed=[["2024-06-10", "address"]])


def ages() -> Iterator[Case]:
    """22(7) from the 60th birthday; 10 until the 16th."""
    for born in (
        "1964-02-28",
        "1964-02-29",
        "1964-03-01",
        "1964-12-31",
        "1965-01-01",
        "1965-02-28",
        "1964-08-31",
    ):
        birthday = years_after(date.fromisoformat(born), 60)
        issued = plus(birthday, -200)
        for service in ("bus.senior", "senior-card"):
            for day in around(birthday):
                yield case(born=born, issued=issued, service=service, today=on(day))
                yield case(born=born, issued=issued, service=service, today=on(day), list_=False)
                yield case(born=born, issued=issued, service=service, today=on(day), list_age_hours=721)
    for born in ("2008-02-28", "2008-02-29", "2008-03-01", "2008-12-31", "2009-01-01", "2009-02-28"):
        birthday = years_after(date.fromisoformat(born), 16)
        for service in ("education", "health", "employment", "settle-housing", "bus.senior"):
            for day in around(birthday):
                yield case(born=born, issued=plus(birthday, -100), service=service, today=on(day))
        # The clock's earliest day decides: a day earlier still asks.
        for first in (-2, -1, 0, 1):
            today = [plus(birthday, first), plus(birthday, 5)]
            yield case(born=born, issued=plus(birthday, -100), service="education", today=today)
    for service in COUNTER:
        yield case(born="2015-09-01", service=service)
        yield case(born="2015-09-01", service=service, list_age_hours=30)
    for born, issued in (
        ("2024-05-10", "2024-05-10"),
        ("1904-05-10", "2024-05-10"),
        ("1904-02-29", "2024-02-29"),
    ):
        yield case(born=born, issued=issued)
        yield case(born=born, issued=issued, service="senior-card")
    for born, issued in (
        ("2024-05-11", "2024-05-10"),
        ("1904-05-09", "2024-05-10"),
        ("1904-02-29", "2024-03-01"),
    ):
        yield case(born=born, issued=issued)


def residence() -> Iterator[Case]:
    """26(3): a year of residence, from where the permit says that it began."""
    for since in (
        "2024-05-10",
        "2023-11-10",
        "2024-02-29",
        "2023-12-31",
        "2023-06-30",
        "2022-08-31",
        "2010-01-01",
    ):
        full = years_after(date.fromisoformat(since), 1)
        for day in (*around(full), "2024-05-10", "2025-05-10"):
            yield case(service="settle-permit", resident_since=since, today=on(day))
            yield case(service="settle-housing", resident_since=since, today=on(day))
    for since in ("2023-05-10", "2024-02-29"):  # late or moved, earlier residence counts no more
        for kind in ("yearly", "moved"):
            for day in ("2025-07-01", "2026-06-30", "2026-07-01"):
                life = case(resident_since=since, endorsed=[["2025-07-01", kind]], service="settle-permit")
                yield {**life, "today": on(day)}


def list_ages() -> Iterator[Case]:
    """The staleness policy of every service, on both sides of both numbers."""
    for name, service in SERVICES.items():
        hours = (
            service.warn - 1,
            service.warn,
            service.warn + 1,
            service.limit - 1,
            service.limit,
            service.limit + 1,
        )
        for age in (*hours, None):
            yield case(born=OLD, service=name, today=on("2025-05-09"), endorsed=[], list_age_hours=age)
            yield case(
                born=OLD,
                service=name,
                issued="2023-05-10",
                endorsed=[["2024-05-10", "yearly"]],
                list_age_hours=age,
            )
        yield case(born=OLD, service=name, list_=False)
        for age in (0, service.limit, service.limit + 1, None):
            yield case(born=OLD, service=name, status="newer-than-list", list_age_hours=age)
            yield case(born=OLD, service=name, status="suspended:1", list_age_hours=age)


def statuses() -> Iterator[Case]:
    """19, 20: every status at every service, in force and overdue, on a fresh and on an old list."""
    for status in STATUSES:
        for service in SERVICES:
            yield case(born=OLD, status=status, service=service, list_age_hours=5)
        for service in ("bus.senior", "legal-aid", "settle-permit", "settle-housing", "senior-card"):
            for day in ("2024-05-10", "2025-04-10", "2025-05-11", "2025-11-11"):
                yield case(born=OLD, status=status, service=service, today=on(day), list_age_hours=800)
                yield case(born=ADULT, status=status, service=service, today=on(day), list_age_hours=12)
        yield case(status=status, division=410102)
        yield case(status=status, class_="hong-kong-macao-taiwan")
        yield case(status=status, class_="transitional", issued="2017-06-01", today=on("2018-01-15"))


def authenticity() -> Iterator[Case]:
    """Nothing that is not shown to be genuine is ever held against its holder."""
    for word in ("genuine", *NOT_JUDGED):
        for service in ("bus.senior", "employment", "settle-permit"):
            yield case(born=OLD, authenticity=word, service=service)
        yield case(authenticity=word, status="revoked:lost")
        yield case(authenticity=word, status="suspended:2", list_age_hours=900)
        yield case(authenticity=word, today=on("2025-12-31"))
        yield case(authenticity=word, today=["2025-05-10", "2025-05-11"])
        yield case(authenticity=word, today=["2025-05-10", None])
        yield case(authenticity=word, today=on("2024-05-09"))
        yield case(authenticity=word, division=110101, list_=False)
        yield case(authenticity=word, endorsed=[["2024-06-10", "yearly"]])


def places_and_classes() -> Iterator[Case]:
    """2, 28, 29."""
    for division in (
        410202,
        410203,
        410204,
        410205,
        410212,
        410221,
        410222,
        410223,
        410225,
        410211,
        410224,
        410299,
        410102,
        411002,
        110101,
        440106,
    ):
        for service in ("employment", "bus.senior", "settle-permit"):
            yield case(born=OLD, division=division, service=service)
        yield case(division=division, today=on("2025-05-10"))
        yield case(division=division, today=on("2025-05-11"))
    for service in SERVICES:
        yield case(born=OLD, class_="hong-kong-macao-taiwan", service=service)
        for issued in ("2017-12-29", "2017-12-30"):
            yield case(
                born=OLD, class_="transitional", issued=issued, service=service, today=on("2018-06-01")
            )
    for day in ("2025-04-10", "2025-05-10", "2025-05-11", "2025-11-11"):
        yield case(class_="hong-kong-macao-taiwan", today=on(day))
    for issued in (
        "2017-12-28",
        "2017-12-29",
        "2017-12-30",
        "2017-12-31",
        "2018-01-02",
        "2017-02-28",
        "2016-02-29",
    ):
        end = years_after(date.fromisoformat(issued), 1)
        for day in (*around(issued), *around(month_before(end)), *around(end), *around(months_after(end, 6))):
            yield case(class_="transitional", issued=issued, today=on(day))
    for end in ("2017-12-30", "2018-01-31", "2018-12-31", "2020-02-29", "2026-06-30"):
        for day in (*around(end), plus(end, 400)):
            yield case(class_="transitional", issued="2017-12-29", good_through=end, today=on(day))
        yield case(
            class_="transitional", issued="2017-06-01", good_through=end, today=[plus(end, -3), plus(end, 1)]
        )
        yield case(class_="transitional", issued="2017-06-01", good_through=end, today=[plus(end, 1), None])
        yield case(class_="transitional", issued="2017-06-01", good_through=end, today=[plus(end, -3), None])
    for end in ("2017-12-28", "2017-12-29"):
        yield case(class_="transitional", issued="2017-12-29", good_through=end, today=on("2017-12-29"))
    for kind in ("yearly", "address", "moved"):
        yield case(
            class_="transitional",
            issued="2017-06-01",
            endorsed=[["2018-05-15", kind]],
            today=on("2018-06-01"),
        )


def extensions() -> Iterator[Case]:
    """A range of good-through days that counts as good to one later day."""
    for issued in ("2023-02-09", "2023-02-10", "2023-02-15", "2023-02-20", "2023-02-21"):
        for rows in (
            [["2024-02-10", "2024-02-20", "2024-02-29"]],
            [["2024-02-10", "2024-02-20", "2024-02-15"]],
            [["2024-02-10", "2024-02-20", "2024-02-29"], ["2024-02-15", "2024-02-21", "2024-04-30"]],
        ):
            life = case(issued=issued, extended=rows)
            yield from ({**life, "today": on(day)} for day in permit_days(life))
            yield {**life, "today": [plus(years_after(date.fromisoformat(issued), 1), -2), "2024-03-01"]}
            permit = permit_of(life)
            for day in (permit.good_through, permit.effective, permit.restorable_until):
                for endorsed in around(day):
                    yield {**life, "endorsed": [[endorsed, "yearly"]], "today": on(plus(endorsed, 1))}
            yield {
                **life,
                "endorsed": [[permit.effective.isoformat(), "address"]],
                "today": on(permit.effective),
            }
            yield {**life, "service": "settle-permit", "today": on(permit.effective)}
    for day in ("2018-06-01", "2018-06-02", "2018-07-31", "2018-08-01"):
        rows = [["2018-06-01", "2018-06-01", "2018-07-31"]]
        yield case(class_="transitional", issued="2017-06-01", extended=rows, today=on(day))


def intervals() -> Iterator[Case]:
    """The same answer on every day, or clock-unsure: ending before, straddling and starting at each boundary."""
    life = case(born="1965-01-20", issued="2024-05-10", list_age_hours=1)
    birthday, residence_year = "2025-01-20", "2025-05-10"
    permit = permit_of(life)
    half_year = permit.restorable_until
    endorsed = [["2025-05-01", "yearly"], ["2025-09-09", "address"]]
    edges: list[tuple[Case, date | str]] = [
        (life, permit.window_opens),
        (life, plus(permit.effective, 1)),
        (life, plus(half_year, 1)),
        ({**life, "service": "bus.senior"}, birthday),
        ({**life, "service": "senior-card", "status": "newer-than-list"}, birthday),
        ({**life, "service": "bus.senior"}, plus(permit.effective, 1)),
        ({**life, "service": "settle-permit"}, residence_year),
        ({**life, "service": "settle-permit", "resident_since": "2024-03-01"}, "2025-03-01"),
        ({**life, "service": "settle-permit", "endorsed": endorsed}, residence_year),
        (life, "2024-05-10"),
        ({**life, "endorsed": endorsed}, "2025-09-09"),
        ({**life, "status": "suspended:5"}, plus(permit.effective, 1)),
        ({**life, "status": "revoked:cancelled"}, plus(permit.effective, 1)),
        ({**life, "class": "hong-kong-macao-taiwan"}, plus(permit.effective, 1)),
        ({**life, "division": 411002}, plus(permit.effective, 1)),
        ({**life, "list": False}, plus(permit.effective, 1)),
        ({**life, "born": "2008-10-01"}, "2024-10-01"),
    ]
    for start, edge in edges:
        for length in (2, 3, 7, 30, 60):
            for first in sorted({-length, -length + 1, -1, 0}):
                yield {**start, "today": [plus(edge, first), plus(edge, first + length - 1)]}
        for first in (-1, 0, 1):
            yield {**start, "today": [plus(edge, first), None]}
    yield case(today=["2024-05-10", "2026-05-10"])
    yield case(today=["2025-05-11", "2027-05-10"])
    yield case(today=["1990-07-15", None])
    yield case(today=["2023-01-01", "2024-05-09"])


def first_that_holds() -> Iterator[Case]:
    """Two rules hold at once: the earlier one answers."""
    for status in ("valid", "revoked:lost", "suspended:4", "newer-than-list"):
        for day in ("2024-05-09", "2024-11-23", "2025-05-11", "2025-11-11"):
            for division in (410205, 410102):
                for permit_class in ("ordinary", "hong-kong-macao-taiwan"):
                    for service in ("bus.senior", "settle-permit", "settle-housing-work"):
                        for age in (10, 1000):
                            yield case(
                                status=status,
                                today=on(day),
                                division=division,
                                class_=permit_class,
                                service=service,
                                list_age_hours=age,
                            )


def number_of_endorsements() -> Iterator[Case]:
    """An endorsement's number is one byte."""
    for many in (254, 255, 256):
        yield case(endorsed=[["2024-06-01", "address"]] * many)


def boundary_cases() -> Iterator[Case]:
    for part in (
        *(the_first_year, endorsements, many_years, new_registrations, ages, residence, list_ages, statuses),
        *(authenticity, places_and_classes, extensions, intervals, first_that_holds, number_of_endorsements),
        bad_input,
    ):
        yield from part()

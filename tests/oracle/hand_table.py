"""Answers derived by hand from the articles, one row a question. Nothing here is computed.

The card of BASE is issued on 10 May 2024 in Longting to somebody born in 1990; its yearly day is 10 May 2025 (16), its
window opens on 10 April 2025, and it can be restored through 10 November 2025 (18).
A row: the article and what it shows; the fields over BASE; "ANSWER reason"; article; good through; restorable until;
resident since; until; flags. An error row ends after its fields.
"""

from typing import Any

BASE: dict[str, Any] = {
    "born": "1990-07-15",
    "issued": "2024-05-10",
    "service": "employment",
    "today": ["2024-11-23", "2024-11-23"],
}

Y25, R25, I24 = "2025-05-10", "2025-11-10", "2024-05-10"
PLAIN = (Y25, R25, I24, None, [])
NOTHING_KNOWN = (None, None, None, None, [])
OVERDUE = "16, 18, 19(3)"
OLD = "1950-03-01"


def on(day: str, **fields: Any) -> dict[str, Any]:
    return {"today": [day, day], **fields}


def with_class(word: str, day: str, **fields: Any) -> dict[str, Any]:
    return {"today": [day, day], "class": word, **fields}


def yearly(*days: str) -> list[list[str]]:
    return [[day, "yearly"] for day in days]


HOLIDAY = {"issued": "2023-02-15", "extended": [["2024-02-10", "2024-02-20", "2024-02-29"]]}

ROWS: list[tuple[Any, ...]] = [
    # 16, 18, 19(3): the first year, each edge and the day after it
    ("21: good on the day of issue", on("2024-05-10"), "ALLOW in-force", "21", *PLAIN),
    ("16: the day before the window", on("2025-04-09"), "ALLOW in-force", "21", *PLAIN),
    (
        "16: the window opens a month before",
        on("2025-04-10"),
        "ALLOW endorse-soon",
        "16",
        Y25,
        R25,
        I24,
        Y25,
        [],
    ),
    ("16: the yearly day is good", on("2025-05-10"), "ALLOW endorse-soon", "16", Y25, R25, I24, Y25, []),
    (
        "19(3): suspended from the day after",
        on("2025-05-11"),
        "DENY overdue",
        OVERDUE,
        Y25,
        R25,
        I24,
        R25,
        [],
    ),
    ("18: half a year to the day", on("2025-11-10"), "DENY overdue", OVERDUE, Y25, R25, I24, R25, []),
    ("18: more than half a year", on("2025-11-11"), "DENY lapsed", "18", *PLAIN),
    # month ends, leap days, year ends
    (
        "16: a year from 29 February ends on the 28th",
        on("2025-02-28", issued="2024-02-29"),
        *("ALLOW endorse-soon", "16", "2025-02-28", "2025-08-28", "2024-02-29", "2025-02-28", []),
    ),
    (
        "16: and is over on 1 March",
        on("2025-03-01", issued="2024-02-29"),
        *("DENY overdue", OVERDUE, "2025-02-28", "2025-08-28", "2024-02-29", "2025-08-28", []),
    ),
    (
        "16: 29 February comes back in the leap year",
        on("2028-02-29", issued="2024-02-29", endorsed=yearly("2025-02-28", "2026-02-28", "2027-02-28")),
        *("ALLOW endorse-soon", "16", "2028-02-29", "2028-08-29", "2024-02-29", "2028-02-29", []),
    ),
    (
        "18: half a year from 31 August ends with February",
        on("2025-02-28", issued="2023-08-31"),
        *("DENY overdue", OVERDUE, "2024-08-31", "2025-02-28", "2023-08-31", "2025-02-28", []),
    ),
    (
        "18: and has lapsed on 1 March",
        on("2025-03-01", issued="2023-08-31"),
        *("DENY lapsed", "18", "2024-08-31", "2025-02-28", "2023-08-31", None, []),
    ),
    (
        "18: half a year from 31 August before a leap day",
        on("2024-02-29", issued="2022-08-31"),
        *("DENY overdue", OVERDUE, "2023-08-31", "2024-02-29", "2022-08-31", "2024-02-29", []),
    ),
    (
        "16: a month before 31 March, the day before",
        on("2025-02-27", issued="2024-03-31"),
        *("ALLOW in-force", "21", "2025-03-31", "2025-09-30", "2024-03-31", None, []),
    ),
    (
        "16: a month before 31 March",
        on("2025-02-28", issued="2024-03-31"),
        *("ALLOW endorse-soon", "16", "2025-03-31", "2025-09-30", "2024-03-31", "2025-03-31", []),
    ),
    (
        "16: a month before 31 March of a leap year",
        on("2024-02-28", issued="2023-03-31"),
        *("ALLOW in-force", "21", "2024-03-31", "2024-09-30", "2023-03-31", None, []),
    ),
    (
        "16: a month before the year's last day",
        on("2024-11-30", issued="2023-12-31"),
        *("ALLOW endorse-soon", "16", "2024-12-31", "2025-06-30", "2023-12-31", "2024-12-31", []),
    ),
    (
        "16: a month before New Year's Day lies in the old year",
        on("2024-12-01", issued="2024-01-01"),
        *("ALLOW endorse-soon", "16", "2025-01-01", "2025-07-01", "2024-01-01", "2025-01-01", []),
    ),
    # endorsements
    (
        "16: endorsed on the window's first day, good for another year",
        on("2025-04-10", endorsed=yearly("2025-04-10")),
        *("ALLOW in-force", "21", "2026-05-10", "2026-11-10", I24, None, []),
    ),
    ("16: a day before the window", on("2025-04-09", endorsed=yearly("2025-04-09"))),
    (
        "16: endorsed on the last good day, still in time",
        on("2026-05-10", endorsed=yearly("2025-05-10")),
        *("ALLOW endorse-soon", "16", "2026-05-10", "2026-11-10", I24, "2026-05-10", []),
    ),
    (
        "18: a day late, the years begin anew",
        on("2025-05-11", endorsed=yearly("2025-05-11")),
        *("ALLOW in-force", "21", "2026-05-11", "2026-11-11", "2025-05-11", None, []),
    ),
    (
        "18: endorsed half a year late, the last day",
        on("2026-11-11", endorsed=yearly("2025-11-10")),
        *("DENY overdue", OVERDUE, "2026-11-10", "2027-05-10", "2025-11-10", "2027-05-10", []),
    ),
    ("18: endorsed after half a year", on("2025-11-11", endorsed=yearly("2025-11-11"))),
    (
        "18: endorsed late on 29 February",
        on("2025-02-28", issued="2022-10-10", endorsed=yearly("2024-02-29")),
        *("ALLOW endorse-soon", "16", "2025-02-28", "2025-08-28", "2024-02-29", "2025-02-28", []),
    ),
    (
        "17(1): an address endorsement leaves every day where it was",
        on("2024-11-23", endorsed=[["2024-06-01", "address"]]),
        *("ALLOW in-force", "21", *PLAIN),
    ),
    (
        "17(1), 19(3): an address endorsement mends no overdue permit",
        on("2025-06-01", endorsed=[["2025-06-01", "address"]]),
        *("DENY overdue", OVERDUE, Y25, R25, I24, R25, []),
    ),
    ("18: nor is there one after half a year", on("2025-11-11", endorsed=[["2025-11-11", "address"]])),
    (
        "17(2): endorsed half a year after the new registration",
        on("2024-12-01", registered="2024-06-01", endorsed=[["2024-12-01", "moved"]], division=410221),
        *("ALLOW in-force", "21", "2025-12-01", "2026-06-01", "2024-12-01", None, []),
    ),
    ("17(2): a day too early", on("2024-12-01", registered="2024-06-01", endorsed=[["2024-11-30", "moved"]])),
    (
        "17(2): half a year from 31 August ends with February",
        on("2025-02-28", registered="2024-08-31", endorsed=[["2025-02-28", "moved"]]),
        *("ALLOW in-force", "21", "2026-02-28", "2026-08-28", "2025-02-28", None, []),
    ),
    (
        "17(2): moved without a stated registration, while overdue",
        on("2025-11-10", endorsed=[["2025-11-10", "moved"]]),
        *("ALLOW in-force", "21", "2026-11-10", "2027-05-10", "2025-11-10", None, []),
    ),
    (
        "17(2), 16: the yearly days after a move run from it",
        on("2025-11-15", endorsed=[["2024-12-01", "moved"], ["2025-11-15", "yearly"]]),
        *("ALLOW in-force", "21", "2026-12-01", "2027-06-01", "2024-12-01", None, []),
    ),
    (
        "18, 16: the yearly days after a late endorsement run from it",
        on("2026-06-01", endorsed=yearly("2025-07-01", "2026-06-01")),
        *("ALLOW in-force", "21", "2027-07-01", "2028-01-01", "2025-07-01", None, []),
    ),
    (
        "17(1): a new address on the day of issue, and another on that day",
        on("2024-05-10", endorsed=[["2024-05-10", "address"], ["2024-05-10", "address"]]),
        *("ALLOW in-force", "21", *PLAIN),
    ),
    ("255 endorsements", {"endorsed": [["2024-06-01", "address"]] * 255}, "ALLOW in-force", "21", *PLAIN),
    ("256 endorsements", {"endorsed": [["2024-06-01", "address"]] * 256}),
    ("18: moved after half a year", on("2025-11-11", endorsed=[["2025-11-11", "moved"]])),
    ("16: endorsed before issue", on("2024-11-23", endorsed=[["2024-05-09", "address"]])),
    ("16: out of order", on("2024-11-23", endorsed=[["2024-06-02", "address"], ["2024-06-01", "address"]])),
    # 22(7), 10: ages
    (
        "22(7): a day under 60",
        on("2024-11-23", born="1964-11-24", service="bus.senior"),
        "DENY under-age",
        "22(7)",
        *PLAIN,
    ),
    (
        "22(7): 60 today",
        on("2024-11-24", born="1964-11-24", service="bus.senior"),
        "ALLOW in-force",
        "22(7)",
        *PLAIN,
    ),
    (
        "22(7): born on 29 February, the day before",
        on("2024-02-28", born="1964-02-29", issued="2024-01-10", service="senior-card"),
        *("DENY under-age", "22(7)", "2025-01-10", "2025-07-10", "2024-01-10", None, []),
    ),
    (
        "22(7): born on 29 February, 60 today",
        on("2024-02-29", born="1964-02-29", issued="2024-01-10", service="senior-card"),
        *("ALLOW in-force", "22(7)", "2025-01-10", "2025-07-10", "2024-01-10", None, []),
    ),
    (
        "10: a day under 16, an agent acts",
        on("2024-11-23", born="2008-11-24", service="education"),
        *("ALLOW in-force", "21(1)", Y25, R25, I24, None, ["agent"]),
    ),
    (
        "10: 16 today",
        on("2024-11-24", born="2008-11-24", service="education"),
        "ALLOW in-force",
        "21(1)",
        *PLAIN,
    ),
    # 26: three routes
    (
        "26(3): a day short of a year",
        on("2024-11-23", resident_since="2023-11-24", service="settle-permit"),
        *("REFER residence-not-shown", "26(3)", Y25, R25, "2023-11-24", None, []),
    ),
    (
        "26(3): a year today",
        on("2024-11-24", resident_since="2023-11-24", service="settle-permit"),
        *("ALLOW in-force", "26(3)", Y25, R25, "2023-11-24", None, []),
    ),
    (
        "18, 26(3): residence runs anew from the late endorsement",
        on("2026-05-10", endorsed=yearly("2025-05-11"), service="settle-permit"),
        *("REFER residence-not-shown", "26(3)", "2026-05-11", "2026-11-11", "2025-05-11", None, []),
    ),
    (
        "18, 26(3): and is a year old again",
        on("2026-05-11", endorsed=yearly("2025-05-11"), service="settle-permit"),
        *("ALLOW endorse-soon", "16", "2026-05-11", "2026-11-11", "2025-05-11", "2026-05-11", []),
    ),
    (
        "26(1): papers decide",
        on("2024-11-23", service="settle-housing"),
        "REFER papers-decide",
        "26(1)",
        *PLAIN,
    ),
    (
        "26(2): papers decide",
        on("2024-11-23", service="settle-housing-work"),
        "REFER papers-decide",
        "26(2)",
        *PLAIN,
    ),
    # 19, 20: listed
    ("19(1)", {"status": "suspended:1"}, "DENY suspended-false-papers", "19(1)", *PLAIN),
    ("19(2)", {"status": "suspended:2"}, "DENY suspended-no-longer-eligible", "19(2)", *PLAIN),
    ("19(4)", {"status": "suspended:4"}, "DENY suspended-settled", "19(4)", *PLAIN),
    ("19(5)", {"status": "suspended:5"}, "DENY suspended-moved", "19(5)", *PLAIN),
    ("19(6)", {"status": "suspended:6"}, "DENY suspended-other", "19(6)", *PLAIN),
    ("19: a reader's list has no grounds", {"status": "suspended"}, "DENY suspended", "19", *PLAIN),
    ("19(3) is never listed", {"status": "suspended:3"}),
    (
        "19: on an old list it may be lifted",
        {"status": "suspended:1", "list_age_hours": 169},
        "REFER list-too-old",
        "",
        *PLAIN,
    ),
    (
        "19: at the limit it still holds",
        {"status": "suspended", "list_age_hours": 168},
        "DENY suspended",
        "19",
        *PLAIN,
    ),
    ("19 goes before 18", on("2025-11-11", status="suspended:5"), "DENY suspended-moved", "19(5)", *PLAIN),
    (
        "20: replaced, however old the list",
        {"status": "revoked:replaced", "list_age_hours": 9999},
        "DENY revoked-replaced",
        "20",
        *PLAIN,
    ),
    ("20: lost", {"status": "revoked:lost", "list_age_hours": None}, "DENY revoked-lost", "20", *PLAIN),
    ("20: cancelled", on("2025-05-11", status="revoked:cancelled"), "DENY revoked-cancelled", "20", *PLAIN),
    ("20: a reader's list has no causes", {"status": "revoked"}, "DENY revoked", "20", *PLAIN),
    # 2, 28, 29: place and class
    ("2: another city's permit", {"division": 410102}, "DENY other-division", "2", *PLAIN),
    ("2: a district that the rules do not name", {"division": 410299}, "REFER rule-unknown", "", *PLAIN),
    ("18 goes before 2", on("2025-11-11", division=410102), "DENY lapsed", "18", *PLAIN),
    ("28", with_class("hong-kong-macao-taiwan", "2024-11-23"), "REFER other-rules", "28", *PLAIN),
    (
        "2 goes before 28",
        with_class("hong-kong-macao-taiwan", "2024-11-23", division=110101),
        "DENY other-division",
        "2",
        *PLAIN,
    ),
    (
        "29: received before the measures, good to its end and asked for no endorsement",
        with_class("transitional", "2018-12-29", issued="2017-12-29"),
        *("ALLOW in-force", "21", "2018-12-29", None, "2017-12-29", None, []),
    ),
    (
        "29: its end has passed",
        with_class("transitional", "2018-12-30", issued="2017-12-29"),
        *("DENY transitional-ended", "29", "2018-12-29", None, "2017-12-29", None, []),
    ),
    (
        "29: received on the measures' first day",
        with_class("transitional", "2018-12-30", issued="2017-12-30"),
        *("REFER other-rules", "29", "2018-12-30", None, "2017-12-30", None, []),
    ),
    (
        "29: a term of its own",
        with_class("transitional", "2019-06-30", issued="2017-06-30", good_through="2019-06-30"),
        *("ALLOW in-force", "21", "2019-06-30", None, "2017-06-30", None, []),
    ),
    (
        "29: never endorsed",
        with_class("transitional", "2018-06-01", issued="2017-06-01", endorsed=yearly("2018-05-20")),
    ),
    # the list's age
    ("a list of 24 hours at a counter", {"list_age_hours": 24}, "ALLOW in-force", "21", *PLAIN),
    ("of 25", {"list_age_hours": 25}, "ALLOW in-force", "21", Y25, R25, I24, None, ["list-ageing"]),
    ("of 168", {"list_age_hours": 168}, "ALLOW in-force", "21", Y25, R25, I24, None, ["list-ageing"]),
    ("of 169", {"list_age_hours": 169}, "REFER list-too-old", "", *PLAIN),
    ("of unknown age", {"list_age_hours": None}, "REFER list-too-old", "", *PLAIN),
    ("none", {"list": False}, "REFER no-list", "", *PLAIN),
    (
        "168 hours on a bus",
        {"born": OLD, "service": "bus.senior", "list_age_hours": 168},
        "ALLOW in-force",
        "22(7)",
        *PLAIN,
    ),
    (
        "169 on a bus",
        {"born": OLD, "service": "bus.senior", "list_age_hours": 169},
        *("ALLOW in-force", "22(7)", Y25, R25, I24, None, ["list-ageing"]),
    ),
    (
        "721 on a bus",
        {"born": OLD, "service": "bus.senior", "list_age_hours": 721},
        "REFER list-too-old",
        "",
        *PLAIN,
    ),
    (
        "22(7) goes before the list's age",
        {"service": "bus.senior", "list_age_hours": 721},
        "DENY under-age",
        "22(7)",
        *PLAIN,
    ),
    (
        "a permit younger than the list",
        {"status": "newer-than-list", "list_age_hours": 30},
        *("ALLOW in-force", "21", Y25, R25, I24, None, ["list-ageing", "newer-than-list"]),
    ),
    # not shown to be genuine: nothing is known, and nobody is accused
    ("a newer profile", {"authenticity": "newer-profile"}, "REFER update-reader", "", *NOTHING_KNOWN),
    (
        "an unknown key",
        {"authenticity": "unknown-key", "status": "revoked"},
        "REFER unknown-key",
        "",
        *NOTHING_KNOWN,
    ),
    ("a revoked key", {"authenticity": "key-revoked"}, "REFER key-revoked", "", *NOTHING_KNOWN),
    ("unreadable", {"authenticity": "unreadable"}, "REFER unreadable", "", *NOTHING_KNOWN),
    ("forged", on("2025-11-11", authenticity="forged"), "REFER not-genuine", "", *NOTHING_KNOWN),
    (
        "an endorsement torn between its two writes, past the good-through before it",
        on("2025-11-11", authenticity="outdated"),
        *("REFER service-outdated", "", *NOTHING_KNOWN),
    ),
    (
        "an old record written back to a revoked card",
        {"authenticity": "outdated", "status": "revoked:lost"},
        *("REFER service-outdated", "", *NOTHING_KNOWN),
    ),
    # the clock
    (
        "two days with one answer",
        {"today": ["2025-04-09", "2025-04-10"]},
        *("ALLOW in-force", "21", Y25, R25, I24, None, ["clock-spans-days"]),
    ),
    (
        "two days with two answers",
        {"today": ["2025-05-10", "2025-05-11"]},
        *("REFER clock-unsure", "", Y25, R25, I24, None, ["clock-spans-days"]),
    ),
    (
        "overdue and lapsed are one answer, the first day's",
        {"today": ["2025-11-10", "2025-11-11"]},
        *("DENY overdue", OVERDUE, Y25, R25, I24, R25, ["clock-spans-days"]),
    ),
    (
        "no latest day: one day it is overdue",
        {"today": ["2024-11-23", None]},
        *("REFER clock-unsure", "", Y25, R25, I24, None, ["clock-spans-days"]),
    ),
    (
        "no latest day: it stays lapsed",
        {"today": ["2025-11-11", None]},
        *("DENY lapsed", "18", Y25, R25, I24, None, ["clock-spans-days"]),
    ),
    ("a clock behind the signature", on("2024-05-09"), "REFER clock-unsure", "", *PLAIN),
    (
        "a clock behind the last endorsement goes before 20",
        on("2025-05-04", endorsed=yearly("2025-05-05"), status="revoked"),
        *("REFER clock-unsure", "", "2026-05-10", "2026-11-10", I24, None, []),
    ),
    (
        "a child whose 16th birthday lies in the interval",
        {
            "born": "2008-11-24",
            "today": ["2024-11-23", "2024-11-25"],
            "service": "health",
            "status": "newer-than-list",
        },
        *("ALLOW in-force", "21(3)", Y25, R25, I24, None, ["clock-spans-days", "newer-than-list", "agent"]),
    ),
    # extensions: good-through 15 February 2024 counts as 29 February
    (
        "extended: the last day",
        on("2024-02-29", **HOLIDAY),
        *("ALLOW endorse-soon", "16", "2024-02-29", "2024-08-29", "2023-02-15", "2024-02-29", []),
    ),
    (
        "extended: the day after",
        on("2024-03-01", **HOLIDAY),
        *("DENY overdue", OVERDUE, "2024-02-29", "2024-08-29", "2023-02-15", "2024-08-29", []),
    ),
    (
        "extended: endorsed within it is in time, and the yearly day stays",
        on("2024-02-20", **HOLIDAY, endorsed=yearly("2024-02-20")),
        *("ALLOW in-force", "21", "2025-02-15", "2025-08-15", "2023-02-15", None, []),
    ),
    (
        "extended: endorsed after it is late",
        on("2024-03-01", **HOLIDAY, endorsed=yearly("2024-03-01")),
        *("ALLOW in-force", "21", "2025-03-01", "2025-09-01", "2024-03-01", None, []),
    ),
    (
        "extended: the window opens a month before the signed day",
        on("2024-01-15", **HOLIDAY),
        *("ALLOW endorse-soon", "16", "2024-02-29", "2024-08-29", "2023-02-15", "2024-02-29", []),
    ),
    (
        "extended: and no day earlier",
        on("2024-01-14", **HOLIDAY),
        *("ALLOW in-force", "21", "2024-02-29", "2024-08-29", "2023-02-15", None, []),
    ),
    (
        "extended: the first good-through of the range",
        on("2024-02-29", **{**HOLIDAY, "issued": "2023-02-10"}),
        *("ALLOW endorse-soon", "16", "2024-02-29", "2024-08-29", "2023-02-10", "2024-02-29", []),
    ),
    (
        "extended: the last good-through of the range",
        on("2024-02-29", **{**HOLIDAY, "issued": "2023-02-20"}),
        *("ALLOW endorse-soon", "16", "2024-02-29", "2024-08-29", "2023-02-20", "2024-02-29", []),
    ),
    (
        "extended: a good-through before the range",
        on("2024-02-29", **{**HOLIDAY, "issued": "2023-02-09"}),
        *("DENY overdue", OVERDUE, "2024-02-09", "2024-08-09", "2023-02-09", "2024-08-09", []),
    ),
    (
        "extended: a good-through after the range",
        on("2024-02-29", **{**HOLIDAY, "issued": "2023-02-21"}),
        *("DENY overdue", OVERDUE, "2024-02-21", "2024-08-21", "2023-02-21", "2024-08-21", []),
    ),
    # no case
    ("born after issue", {"born": "2024-05-11"}),
    ("121st year at issue", {"born": "1904-05-09"}),
    ("120 on the day of issue is a case", {"born": "1904-05-10"}, "ALLOW in-force", "21", *PLAIN),
    ("an interval that ends before it begins", {"today": ["2024-11-23", "2024-11-22"]}),
    ("an unknown service", {"service": "bus.junior"}),
    ("an unknown key", {"staus": "revoked"}),
    ("no such day", {"issued": "2023-02-29"}),
]

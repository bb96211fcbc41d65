"""What is no case at all: every key wrong in its own ways, and every needed key missing."""

from collections.abc import Iterator
from typing import Any

Case = dict[str, Any]

BASE: Case = {
    "born": "1990-07-15",
    "issued": "2024-05-10",
    "service": "employment",
    "today": ["2024-11-23", "2024-11-23"],
}


def bad_input() -> Iterator[Case]:
    """Cases that are errors, each also where a verdict would have been quick to find."""
    wrong: list[Case] = [
        {"service": "free-beer"},
        {"service": ""},
        {"service": None},
        {"service": "bus"},
        {"status": "suspended:3"},
        {"status": "suspended:"},
        {"status": "suspended:7"},
        {"status": "revoked:stolen"},
        {"status": "expired"},
        {"status": None},
        {"authenticity": "fake"},
        {"class": "foreign"},
        {"profile": "atlantis"},
        {"born": "1990-02-30"},
        {"born": "1990-7-15"},
        {"born": "19900715"},
        {"born": 19900715},
        {"born": None},
        {"issued": "2023-02-29"},
        {"issued": "2024-13-01"},
        {"issued": "tomorrow"},
        {"issued": "2024-05-10T00:00"},
        {"today": ["2024-11-23", "2024-11-22"]},
        {"today": ["2024-11-31", "2024-12-01"]},
        {"today": [None, "2024-11-23"]},
        {"today": ["2024-11-23"]},
        {"today": []},
        {"today": "2024-11-23"},
        {"today": ["2024-11-23", "2024-11-24", "2024-11-25"]},
        {"list_age_hours": -1},
        {"list_age_hours": 1.5},
        {"list_age_hours": "3"},
        {"list_age_hours": True},
        {"list": "no"},
        {"endorsed": [["2024-05-09", "address"]]},
        {"endorsed": [["2024-07-01", "address"], ["2024-06-30", "address"]]},
        {"endorsed": [["2024-06-01", "monthly"]]},
        {"endorsed": [["2024-06-31", "address"]]},
        {"endorsed": [["2024-06-01"]]},
        {"endorsed": "2024-06-01"},
        {"endorsed": [["2025-05-10", "yearly"], ["2025-05-10", "yearly"]]},
        {"registered": "2024-02-30"},
        {"resident_since": "yesterday"},
        {"extended": [["2025-05-01", "2025-05-20"]]},
        {"extended": [["2025-05-01", "2025-05-20", "2025-06-31"]]},
        {"good_through": "2025-12-31"},
        {"colour": "red"},
        {"Born": "1990-07-15"},
    ]
    for fields in wrong:
        yield {**BASE, **fields}
        yield {**BASE, "born": "1950-03-01", "service": "bus.senior", "status": "revoked", **fields}
    for key in BASE:
        yield {other: value for other, value in BASE.items() if other != key}
    yield {}

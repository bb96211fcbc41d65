"""Cases that hypothesis draws: permits as organs make them, judged near the days that matter, and then broken."""

from datetime import date, timedelta

from hypothesis import assume
from hypothesis import strategies as st

from oracle.case_form import CLASSES, DIVISIONS, KINDS, NOT_JUDGED, REVOKED, SERVICES, SUSPENDED, CaseError
from oracle.oracle import permit_of, years_after

DAY = timedelta(days=1)
FIRST_CARD_DAY, LAST_CARD_DAY = date(1900, 1, 2), date(2079, 6, 5)
KEYS = (
    *("born", "issued", "endorsed", "status", "service", "today", "list_age_hours", "list", "profile"),
    *("authenticity", "division", "class", "registered", "resident_since", "extended", "good_through"),
)

days = st.one_of(
    st.dates(date(2016, 1, 1), date(2032, 12, 31)),
    st.dates(date(2000, 1, 1), LAST_CARD_DAY),
    st.sampled_from(
        [date(2020, 2, 29), date(2024, 2, 29), date(2023, 8, 31), date(2017, 12, 29), date(2017, 12, 30)]
    ),
)
DAYS_AT_EDGES = (
    *("2026-02-29", "1900-02-29", "2000-02-29", "2024-02-29", "2026-04-31", "2026-13-01", "2026-00-10"),
    *("0001-01-01", "1899-12-31", "1900-01-01", "1900-01-02", "2079-06-05", "2079-06-06", "9999-12-31"),
    *("2026-1-01", "20260101", "2026-W01-1", "2026-01-01 ", " 2026-01-1", "2026/01/01", "+026-01-01"),
    *("２０２６-01-01", "2026-01-0１", "2026‐01‐01", "２0260101-1", "2026-01-01T00", "-026-01-01", ""),
)
odd_days = st.one_of(st.sampled_from(DAYS_AT_EDGES), days.map(str), st.text(max_size=11))
WORDS = (
    *(
        "valid",
        "newer-than-list",
        *SUSPENDED,
        *REVOKED,
        "suspended:3",
        "suspended:",
        "revoked:stolen",
        "VALID",
    ),
    *("genuine", *NOT_JUDGED, *CLASSES, *KINDS, "kaifeng", "Kaifeng", "", "bus", "bus.senior", "health"),
)
anything = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**12), 10**12),
        st.sampled_from([0, 1, -1, 100_000, 999_999, 1_000_000, 410202, 410200, 168, 169, 720, 721]),
        st.floats(),
        st.sampled_from(WORDS),
        odd_days,
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(WORDS), inner, max_size=2)
    ),
    max_leaves=4,
)


def beyond_a_card(case):
    """Whether a well-formed case has a day that a card's two bytes do not hold, of which the law knows nothing."""
    written = [case.get(key) for key in ("born", "issued", "registered", "resident_since", "good_through")]
    written += [row[0] for row in case.get("endorsed", [])]
    written += [day for row in case.get("extended", []) for day in row]
    held = [date.fromisoformat(day) for day in written if day is not None]
    held += [years_after(date.fromisoformat(case["issued"]), 1), permit_of(case).good_through]
    return any(not FIRST_CARD_DAY <= day <= LAST_CARD_DAY for day in held)


def near(day, spread=3):
    """Days about a day; the last or first of the calendar where there is none."""
    return st.integers(-spread, spread).map(lambda n: moved(day, n))


def moved(day, count):
    """A day so many days later or earlier, inside the calendar."""
    number = min(max(day.toordinal() + count, date.min.toordinal()), date.max.toordinal())
    return date.fromordinal(number)


@st.composite
def endorsements(draw, card):
    """Rows about the days on which an organ begins or ceases to accept them."""
    rows = []
    for _ in range(draw(st.integers(0, 6))):
        try:
            permit = permit_of({**card, "endorsed": rows})
        except (CaseError, OverflowError):
            break
        last = permit.last_signed
        day, kind = draw(
            st.sampled_from(
                (
                    (max(permit.window_opens, last), "yearly"),
                    (max(permit.effective, last), "yearly"),
                    (max(permit.effective + DAY, last), "yearly"),
                    (permit.restorable_until, "yearly"),
                    (last, "address"),
                    (permit.restorable_until, "address"),
                    (permit.restorable_until, "moved"),
                )
            )
        )
        if draw(st.integers(0, 7)) == 0:
            day, kind = draw(near(day)), draw(st.sampled_from(KINDS))
        rows.append([str(day), kind])
    return rows


@st.composite
def drawn_cases(draw):
    """A case whose every key is well formed; an organ may still have to refuse it."""
    issued = draw(days)
    card = {"issued": str(issued)}
    years = draw(st.sampled_from((60, 60, 59, 58, 16, 15, 30, 0, 90, 120)))
    card["born"] = str(draw(near(moved(issued, -round(365.2425 * years)), 3 if years in (0, 120) else 400)))
    if draw(st.integers(0, 5)) == 0:
        card["class"] = draw(st.sampled_from(CLASSES))
    if card.get("class") == "transitional" and draw(st.booleans()):
        card["good_through"] = str(moved(issued, draw(st.integers(-1, 1500))))
    if draw(st.integers(0, 3)) == 0:
        card["resident_since"] = str(moved(issued, -draw(st.integers(-1, 800))))
    if draw(st.integers(0, 3)) == 0:
        good = moved(issued, 365)
        card["extended"] = [
            [str(draw(near(good))), str(draw(near(good, 9))), str(draw(near(good, 200)))]
            for _ in range(draw(st.integers(1, 3)))
        ]
    if draw(st.integers(0, 7)) == 0:
        card["registered"] = str(moved(issued, draw(st.integers(-30, 500))))
    if card.get("class") != "transitional" or draw(st.integers(0, 9)) == 0:
        card["endorsed"] = draw(endorsements(card))
    try:
        permit = permit_of(card)
        edges = [permit.last_signed, permit.window_opens, permit.effective, permit.restorable_until]
        edges += [years_after(permit.resident_since, 1), permit.effective, permit.effective]
        edges += [years_after(date.fromisoformat(card["born"]), years) for years in (16, 60)]
    except (CaseError, OverflowError):
        edges = [issued]
    first = draw(near(draw(st.sampled_from(edges))))
    width = draw(st.sampled_from((0, 0, 0, 0, 1, 2, 30, 200, None)))
    if width == 0 and draw(st.integers(0, 9)) == 0:
        first = draw(st.dates())
    service = draw(st.sampled_from(sorted(SERVICES)))
    warn, limit = SERVICES[service].warn, SERVICES[service].limit
    asked = {
        "service": service,
        "today": [str(first), None if width is None else str(moved(first, width))],
        "list_age_hours": draw(
            st.one_of(
                st.none(), st.sampled_from([0, warn, warn + 1, limit, limit + 1]), st.integers(0, 10**6)
            )
        ),
        "status": draw(st.sampled_from(("valid", "valid", "valid", "newer-than-list", *SUSPENDED, *REVOKED))),
        "authenticity": draw(st.sampled_from(("genuine",) * 12 + tuple(NOT_JUDGED))),
        "division": draw(st.sampled_from((*DIVISIONS, 410102, 410201, 410299, 110105, 100_000, 999_999))),
        "list": draw(st.sampled_from((True, True, True, True, False))),
        "profile": "kaifeng",
    }
    kept = draw(
        st.sets(st.sampled_from(("list_age_hours", "status", "authenticity", "division", "list", "profile")))
    )
    case = {**card, **{key: asked[key] for key in asked if key in kept or key in ("service", "today")}}
    if not case.get("list", True) and draw(st.integers(0, 9)):
        # A status where no list is held is an error, which need not be seen so often.
        case.pop("status", None)
    return case


def is_quick(case):
    """Whether the oracle, which goes through an interval day by day, is done with it soon."""
    try:
        first, last = case["today"]
        begin = date.fromisoformat(first)
        return begin.year > 2000 if last is None else (date.fromisoformat(last) - begin).days < 1000
    except (KeyError, TypeError, ValueError):
        return True


@st.composite
def broken_cases(draw):
    """A drawn case with one to three things wrong, or perhaps not wrong after all."""
    case = draw(drawn_cases())
    for _ in range(draw(st.integers(1, 3))):
        fate = draw(st.integers(0, 5))
        key = draw(st.sampled_from(KEYS))
        if fate == 0:
            case.pop(key, None)
        elif fate == 1:
            case[draw(st.one_of(st.text(max_size=8), st.just("Born")))] = draw(anything)
        elif fate == 2:
            case[key] = draw(anything)
        elif fate == 3:
            dated = draw(st.sampled_from(("born", "issued", "registered", "resident_since", "good_through")))
            case[dated] = draw(odd_days)
        elif fate == 4:
            rows = {
                "today": st.lists(st.one_of(odd_days, st.none()), max_size=3),
                "endorsed": st.lists(
                    st.one_of(st.tuples(odd_days, st.sampled_from(WORDS)).map(list), anything), max_size=3
                ),
                "extended": st.lists(
                    st.one_of(st.lists(odd_days, min_size=3, max_size=3), anything), max_size=3
                ),
            }
            name = draw(st.sampled_from(sorted(rows)))
            case[name] = draw(rows[name])
        else:
            case[key] = draw(st.sampled_from(WORDS))
    assume(is_quick(case))
    return case

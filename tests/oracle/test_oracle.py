"""The oracle against answers derived by hand, its own properties, and the committed vectors against the oracle."""

import ast
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from oracle import make_vectors
from oracle.case_form import FLAGS, NOT_JUDGED, REASONS, REVOKED, SERVICES, SUSPENDED, CaseError
from oracle.hand_table import BASE, ROWS
from oracle.lives import life, lives
from oracle.oracle import judge, judge_life, permit_of, years_after

DAY = timedelta(days=1)
RANK = {"DENY": 0, "REFER": 1, "ALLOW": 2}
VERDICT_KEYS = ("good_through", "restorable_until", "resident_since", "until", "flags")
PERMIT_KEYS = ("good_through", "restorable_until", "resident_since")


# ---------------------------------------------------------------- by hand


@pytest.mark.parametrize("row", [row for row in ROWS if len(row) > 2], ids=lambda row: row[0])
def test_answer_is_the_one_derived_by_hand(row):
    _, fields, said, article, *rest = row
    answer, reason = said.split(" ")
    expected = {
        "answer": answer,
        "reason": reason,
        "article": article,
        **dict(zip(VERDICT_KEYS, rest, strict=True)),
    }
    assert judge({**BASE, **fields}) == expected


@pytest.mark.parametrize("row", [row for row in ROWS if len(row) == 2], ids=lambda row: row[0])
def test_what_is_no_case_is_an_error(row):
    assert list(judge({**BASE, **row[1]})) == ["error"]


def test_hand_table_meets_every_reason():
    assert {row[2].split(" ")[1] for row in ROWS if len(row) > 2} == set(REASONS)
    assert {flag for row in ROWS if len(row) > 2 for flag in row[8]} == set(FLAGS)


def test_one_needed_key_missing_is_an_error():
    for key in BASE:
        assert "error" in judge({other: value for other, value in BASE.items() if other != key})


@pytest.mark.parametrize("value", [None, [], "case", 7])
def test_what_is_no_object_is_an_error(value):
    assert "error" in judge(value)


def test_a_question_at_the_calendars_end_is_an_error_and_no_crash():
    assert "error" in judge({**BASE, "today": ["9999-12-31", None]})
    assert "error" in judge({**BASE, "issued": "9999-06-01", "born": "9990-01-01"})


def test_oracle_imports_the_standard_library_and_itself_alone():
    for path in sorted(Path(__file__).parent.glob("*.py")):
        if path.name == Path(__file__).name:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module]
            for name in names:
                assert name.split(".")[0] in {*sys.stdlib_module_names, "oracle"}, f"{path.name}: {name}"


# ---------------------------------------------------------------- the vectors


def test_vectors_are_current_and_leave_no_gap():
    cases, verdicts, counts = make_vectors.make()
    assert make_vectors.CASES.read_text(encoding="utf-8") == cases
    assert make_vectors.VERDICTS.read_text(encoding="utf-8") == verdicts
    assert make_vectors.gaps(counts) == []
    total = cases.count("\n")
    assert total >= 3000
    assert 0.05 < counts["error"] / total < 0.15


def test_a_reason_that_the_vectors_lack_is_named():
    counts = make_vectors.count([{"service": "health"}], [{"reason": "in-force", "flags": ["agent"]}])
    assert "overdue" in make_vectors.gaps(counts)
    assert "flag agent" in make_vectors.gaps(counts)


# ---------------------------------------------------------------- lives


def test_a_life_judged_at_once_is_judged_as_its_cases_are():
    for one in lives(25):
        assert [judge(case) for case in one.cases()] == list(one.verdicts())


def test_lives_hold_a_case_for_each_day_and_no_error():
    for one in lives(60, start=1000):
        verdicts = list(one.verdicts())
        assert len(verdicts) == 365
        assert not [verdict for verdict in verdicts if "error" in verdict]
    assert len(list(life(3, year=2028).cases())) == 366


def test_a_life_depends_on_its_number_alone():
    assert life(41) == list(lives(3, start=40))[1]
    assert life(41) != life(41, seed=7)
    assert life(41).stretches != life(42).stretches


def test_a_year_of_lives_meets_every_reason_of_a_genuine_card():
    met = {verdict["reason"] for one in lives(150) for verdict in one.verdicts()}
    assert met == set(REASONS) - set(NOT_JUDGED.values()) - {"rule-unknown"}


def test_judge_life_reports_a_bad_life_and_a_bad_ask_in_their_places():
    ask = {"service": "health", "today": ["2024-11-23", "2024-11-23"]}
    card = {"born": "1990-07-15", "issued": "2024-05-10"}
    assert ["error" in verdict for verdict in judge_life(card, [ask, {**ask, "service": "x"}, ask])] == [
        False,
        True,
        False,
    ]
    assert ["error" in verdict for verdict in judge_life({**card, "service": "health"}, [ask, ask])] == [
        True,
        True,
    ]
    assert ["error" in verdict for verdict in judge_life(card, [{**ask, "born": "1990-07-15"}])] == [True]


# ---------------------------------------------------------------- properties over random lives


@st.composite
def cards(draw, statuses=("valid",), longest_extension=365):
    """A card whose endorsements the organ accepted; extensions reach at most a year past their range's first day."""
    issued = draw(st.dates(date(2018, 1, 1), date(2027, 12, 31)))
    born = issued - timedelta(days=draw(st.one_of(st.integers(0, 40000), st.integers(21000, 22500))))
    card = {"born": born.isoformat(), "issued": issued.isoformat(), "status": draw(st.sampled_from(statuses))}
    if draw(st.booleans()):
        card["resident_since"] = (issued - timedelta(days=draw(st.integers(0, 500)))).isoformat()
    if draw(st.integers(0, 3)) == 0:
        first = years_after(issued, draw(st.integers(1, 3))) - timedelta(days=draw(st.integers(0, 10)))
        through = first + timedelta(days=draw(st.integers(0, longest_extension)))
        card["extended"] = [[first.isoformat(), (first + 20 * DAY).isoformat(), through.isoformat()]]
    card["division"] = draw(st.sampled_from([410202, 410202, 410225, 410102]))
    card["class"] = draw(st.sampled_from(["ordinary", "ordinary", "ordinary", "hong-kong-macao-taiwan"]))
    card["endorsed"] = []
    for kind, part in draw(
        st.lists(
            st.tuples(st.sampled_from(["yearly", "yearly", "address", "moved"]), st.floats(0, 1)), max_size=6
        )
    ):
        permit = permit_of(card)
        opens = permit.window_opens if kind == "yearly" else permit.last_signed
        first = max(opens, permit.last_signed)
        day = first + timedelta(days=int(part * (permit.restorable_until - first).days))
        card["endorsed"].append([day.isoformat(), kind])
    return card


@st.composite
def asks(draw, card, earliest="last_signed"):
    """A question on days about the card's edges."""
    permit = permit_of(card)
    born = date.fromisoformat(card["born"])
    edges = [permit.last_signed, permit.window_opens, permit.effective, permit.restorable_until]
    edges += [years_after(born, 60), years_after(permit.resident_since, 1)]
    first = draw(st.sampled_from(edges)) + timedelta(days=draw(st.integers(-40, 40)))
    if earliest == "last_signed":
        first = max(first, permit.last_signed)
    last = first + timedelta(days=draw(st.one_of(st.just(0), st.integers(1, 60))))
    return {
        "service": draw(st.sampled_from(sorted(SERVICES))),
        "today": [first.isoformat(), last.isoformat()],
        "list_age_hours": draw(st.one_of(st.integers(0, 800), st.none())),
    }


ALL_STATUSES = ("valid", "newer-than-list", *SUSPENDED, *REVOKED)


def single(card, ask, day):
    return judge({**card, **ask, "today": [day.isoformat(), day.isoformat()]})


@given(st.data())
def test_every_single_day_has_one_answer(data):
    card = data.draw(cards(ALL_STATUSES))
    ask = data.draw(asks(card, earliest="any"))
    permit = permit_of(card)
    day = date.fromisoformat(ask["today"][0])
    verdict = single(card, ask, day)
    assert verdict["answer"] in RANK
    assert verdict["reason"] in REASONS
    assert (verdict["reason"] == "clock-unsure") == (day < permit.last_signed)
    assert "clock-spans-days" not in verdict["flags"]


@given(st.data())
def test_an_interval_answers_as_all_its_days_do_or_not_at_all(data):
    card = data.draw(cards(ALL_STATUSES))
    ask = data.draw(asks(card))
    first, last = map(date.fromisoformat, ask["today"])
    days = [single(card, ask, first + n * DAY) for n in range((last - first).days + 1)]
    verdict = judge({**card, **ask})
    if len({day["answer"] for day in days}) == 1:
        assert [verdict[key] for key in ("answer", "reason", "until")] == [
            days[0][key] for key in ("answer", "reason", "until")
        ]
    else:
        assert verdict["reason"] == "clock-unsure"


@given(st.data())
def test_the_answer_changes_on_named_days_alone(data):
    card = data.draw(cards(ALL_STATUSES))
    ask = data.draw(asks(card))
    permit = permit_of(card)
    day = date.fromisoformat(ask["today"][0])
    named = {
        permit.effective + DAY,
        years_after(date.fromisoformat(card["born"]), 60),
        years_after(permit.resident_since, 1),
    }
    reasons = {permit.window_opens, permit.restorable_until + DAY}
    before, after = single(card, ask, day), single(card, ask, day + DAY)
    if before["answer"] != after["answer"]:
        assert day + DAY in named
    if before["reason"] != after["reason"]:
        assert day + DAY in named | reasons


@given(st.data())
def test_endorsing_on_time_never_makes_anything_worse(data):
    card = data.draw(cards(ALL_STATUSES))
    permit = permit_of(card)
    first = max(permit.window_opens, permit.last_signed)
    assume(first <= permit.effective)
    day = first + timedelta(days=data.draw(st.integers(0, (permit.effective - first).days)))
    endorsed = {**card, "endorsed": [*card["endorsed"], [day.isoformat(), "yearly"]]}
    ask = data.draw(asks(card))
    for later in (day, *(day + timedelta(days=data.draw(st.integers(0, 1000))) for _ in range(4))):
        without, with_it = single(card, ask, later), single(endorsed, ask, later)
        assert RANK[with_it["answer"]] >= RANK[without["answer"]]
        assert with_it["good_through"] >= without["good_through"]
        assert with_it["restorable_until"] >= without["restorable_until"]
        assert with_it["resident_since"] == without["resident_since"]


def test_an_extension_beyond_a_year_outlasts_the_endorsement_made_within_it():
    # The bound of the property above: a profile should keep an extension within a year of its range's first day.
    card = {**BASE, "issued": "2023-02-15", "extended": [["2024-02-15", "2024-02-15", "2025-06-30"]]}
    today = {"today": ["2025-03-01", "2025-03-01"]}
    assert judge({**card, **today})["answer"] == "ALLOW"
    assert judge({**card, **today, "endorsed": [["2024-02-15", "yearly"]]})["answer"] == "DENY"


@given(st.data())
def test_a_staler_list_never_allows_what_a_fresher_one_did_not(data):
    card = data.draw(cards(ALL_STATUSES))
    ask = data.draw(asks(card, earliest="any"))
    fresher = judge({**card, **ask})
    if ask["list_age_hours"] is None:
        stalest = [None]
    else:
        stalest = [ask["list_age_hours"] + data.draw(st.integers(0, 800)), None]
    for age in stalest:
        staler = judge({**card, **ask, "list_age_hours": age})
        assert staler["answer"] != "ALLOW" or fresher["answer"] == "ALLOW"
        assert staler["answer"] != "DENY" or fresher["answer"] == "DENY"
    if card["status"] == "valid":
        assert judge({**card, **ask, "list": False})["answer"] != "ALLOW" or fresher["answer"] == "ALLOW"


@given(st.data())
def test_a_wider_interval_never_allows_what_a_narrower_one_did_not(data):
    card = data.draw(cards(ALL_STATUSES))
    ask = data.draw(asks(card, earliest="any"))
    first, last = map(date.fromisoformat, ask["today"])
    narrow = judge({**card, **ask})
    start = first - timedelta(days=data.draw(st.integers(0, 30)))
    end = data.draw(
        st.one_of(st.none(), st.integers(0, 60).map(lambda days: (last + timedelta(days=days)).isoformat()))
    )
    wide = judge({**card, **ask, "today": [start.isoformat(), end]})
    assert wide["answer"] in (narrow["answer"], "REFER")


@given(st.data())
def test_lifting_a_listed_suspension_gives_back_what_it_took(data):
    card = data.draw(cards(tuple(SUSPENDED)))
    ask = data.draw(asks(card))
    never = judge({**card, **ask, "status": "valid"})
    during = judge({**card, **ask})
    # It took the use and nothing of the permit, so that the list alone brings it back.
    assert [during[key] for key in PERMIT_KEYS] == [never[key] for key in PERMIT_KEYS]
    stripped = {key: value for key, value in card.items() if key != "status"}
    assert judge({**stripped, **ask}) == never


def test_after_the_lifting_a_life_goes_on_as_if_never_suspended():
    met = 0
    for one in lives(200, start=5000):
        days = [(case, verdict) for case, verdict in zip(one.cases(), one.verdicts(), strict=True)]
        suspended = [index for index, (case, _) in enumerate(days) if case["status"] in SUSPENDED]
        if not suspended:
            continue
        for case, verdict in days[suspended[-1] + 1 :]:
            if case["status"] == "valid":
                met += 1
                assert verdict == judge({key: value for key, value in case.items() if key != "status"})
    assert met > 1000


@given(st.data())
def test_a_ground_changes_the_reason_and_its_article_alone(data):
    card = data.draw(cards(tuple(status for status in ALL_STATUSES if ":" in status)))
    ask = data.draw(asks(card, earliest="any"))
    full = judge({**card, **ask})
    stripped = judge({**card, **ask, "status": card["status"].partition(":")[0]})
    told = ("reason", "article")
    assert {key: value for key, value in full.items() if key not in told} == {
        key: value for key, value in stripped.items() if key not in told
    }


@given(st.data())
def test_an_endorsement_before_the_window_or_after_half_a_year_is_refused(data):
    card = data.draw(cards())
    permit = permit_of(card)
    too_late = permit.restorable_until + timedelta(days=data.draw(st.integers(1, 500)))
    for kind in ("yearly", "address", "moved"):
        with pytest.raises(CaseError):
            permit_of({**card, "endorsed": [*card["endorsed"], [too_late.isoformat(), kind]]})
    early = permit.window_opens - timedelta(days=data.draw(st.integers(1, 300)))
    with pytest.raises(CaseError):
        permit_of({**card, "endorsed": [*card["endorsed"], [early.isoformat(), "yearly"]]})

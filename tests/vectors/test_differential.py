"""Cases that nobody wrote, valid and broken: `juzhu decide` and the oracle say the same, or both say error."""

import json

import pytest
from hypothesis import HealthCheck, example, given, settings

from juzhu_host import cases
from oracle import oracle
from oracle.hand_table import BASE
from oracle.random_cases import random_cases
from parts import nightly
from vectors.strange_cases import anything, beyond_a_card, broken_cases, drawn_cases
from vectors.table import difference, same

# The oracle judges a wide clock day by day, and drawing a life asks it too: neither is a fault of the drawing.
unhurried = settings(max_examples=3_000 if nightly() else 150, suppress_health_check=list(HealthCheck))
rounds = pytest.mark.parametrize("round_", range(6 if nightly() else 1))
SEED = 1217
RANDOM = 200_000 if nightly() else 4_000


def check(case):
    """Compare the two; a case that only a card's two bytes rule out is an error of ours alone."""
    got, expected = cases.judge(case), oracle.judge(case)
    if "error" not in expected and beyond_a_card(case):
        expected = {"error": "no card holds it"}
    assert same(got, expected), difference(case, got, expected)
    json.dumps(got)


@rounds
@unhurried
@given(case=drawn_cases())
def test_well_formed_case_has_the_oracles_verdict(round_, case):
    check(case)


@rounds
@unhurried
@given(case=broken_cases())
def test_broken_case_is_an_error_for_both_or_for_neither(round_, case):
    check(case)


@unhurried
@given(anything)
@example({})
@example([])
def test_what_is_no_case_at_all_is_an_error_for_both(value):
    check(value)


@pytest.mark.parametrize("part", range(10))
def test_random_case_has_the_oracles_verdict(part):
    for case in random_cases(SEED + part, RANDOM // 10):
        check(case)


@pytest.mark.parametrize(
    "change",
    [
        {"born": "1900-01-01", "issued": "2018-01-01"},
        {"born": "1899-12-31", "issued": "2018-01-01"},
        {"issued": "2078-06-06", "today": ["2078-06-06", "2078-06-06"]},
        {"registered": "1900-01-01"},
        {"extended": [["2079-06-06", "2079-06-06", "2079-06-06"]]},
    ],
)
def test_day_that_no_card_holds_is_an_error_of_ours_alone(change):
    case = {**BASE, **change}
    assert "error" in cases.judge(case)
    assert "error" not in oracle.judge(case)
    assert beyond_a_card(case)


@pytest.mark.parametrize(
    "change",
    [
        {"born": "1900-01-02", "issued": "2018-01-01"},
        {"issued": "2078-06-05", "born": "1978-06-05", "today": ["2078-06-06", "2078-06-06"]},
    ],
)
def test_last_day_that_a_card_holds_is_judged_by_both(change):
    case = {**BASE, **change}
    assert not beyond_a_card(case)
    assert cases.judge(case) == oracle.judge(case)
    assert "error" not in oracle.judge(case)


def test_one_verdict_that_differs_is_seen(monkeypatch):
    monkeypatch.setattr(cases, "judge", lambda case: {**oracle.judge(case), "article": "3"})
    with pytest.raises(AssertionError, match="expected"):
        check(BASE)

"""A year in the lives of synthetic holders, day by day, through `juzhu decide`: the oracle's verdict on every day."""

import pytest

from juzhu_host import cases
from oracle.lives import lives
from vectors.table import difference

SAMPLE = 100
NIGHTLY = 10_000
AT_ONCE = 250


def compare(start, count):
    """Judge every day of the lives numbered from `start` on; return how many days."""
    days = 0
    for life in lives(count, start=start):
        for case, expected in zip(life.cases(), life.verdicts(), strict=True):
            days += 1
            verdict = cases.judge(case)
            assert verdict == expected, f"life {life.number}: {difference(case, verdict, expected)}"
    return days


def test_each_day_of_a_year_has_the_oracles_verdict():
    # Others than the nightly run's, so that more lives are seen.
    assert compare(NIGHTLY, SAMPLE) == 365 * SAMPLE


@pytest.mark.nightly
@pytest.mark.parametrize("start", range(0, NIGHTLY, AT_ONCE))
def test_each_day_of_a_year_of_ten_thousand_holders_has_the_oracles_verdict(start):
    assert compare(start, AT_ONCE) == 365 * AT_ONCE

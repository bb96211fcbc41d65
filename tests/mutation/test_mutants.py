"""The decision's tests notice at least 95 of 100 mutants."""

import pytest
from mutate import measure


@pytest.mark.nightly
def test_decision_s_tests_notice_their_mutants():
    found = measure("rules")
    assert found["ratio"] >= 0.95, found["survived"]

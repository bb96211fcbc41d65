"""`juzhu decide` on every committed vector: the oracle's verdict, or an error where the oracle says error."""

import pytest

from juzhu_host import cases
from vectors.table import difference, same, vectors


def test_every_vector_has_the_oracles_verdict():
    wrong = []
    for line, case, expected in vectors():
        verdict = cases.judge(case)
        if not same(verdict, expected):
            wrong.append(f"line {line}: {difference(case, verdict, expected)}")
    assert not wrong, "\n".join(wrong[:20])
    assert len(vectors()) >= 2000


@pytest.mark.parametrize("key", ["answer", "reason", "article", "good_through", "restorable_until", "until"])
def test_a_verdict_that_differs_in_one_key_is_not_the_same(key):
    _, case, expected = next(vector for vector in vectors() if vector[2].get("reason") == "overdue")
    verdict = cases.judge(case)
    assert same(verdict, expected)
    assert not same({**verdict, key: "2026-01-01"}, expected)
    assert not same({"error": "no"}, expected)
    assert not same(verdict, {"error": "no"})

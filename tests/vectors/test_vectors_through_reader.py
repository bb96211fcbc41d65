"""The vectors through a whole reader: a signed card tapped, a bundle and a list brought over the link, a clock.

A reader's list tells no grounds, so its verdict is the oracle's of the case stripped of its ground.
"""

from collections import Counter
from dataclasses import replace
from functools import cache

import pytest

from juzhu_host.cases import verdict_json
from oracle.case_form import FLAGS, REASONS
from vectors.reader_road import NeverMetError, meet, tap, times
from vectors.table import FOLDER, GROUNDS, difference, judged, sample, stripped, stripped_verdict

SAMPLE = 400
SEED = 2026
PARTS = 4


@cache
def meetings():
    """([(line, stripped case, the oracle's verdict)], why the others are never met)."""
    met, never = [], Counter()
    for line, case, verdict in judged():
        case, verdict = stripped(case), stripped_verdict(case, verdict)
        try:
            times(line, case)
            met.append((line, case, verdict))
        except NeverMetError as error:
            never[str(error)] += 1
    return met, never


def tap_all(some):
    wrong = []
    for line, case, expected in some:
        meeting = meet(line, case)
        got = verdict_json(tap(meeting))
        if got != expected:
            wrong.append(f"line {line}: {difference(case, got, expected)}\n  {meeting}")
    assert not wrong, f"{len(wrong)} of {len(some)}\n" + "\n".join(wrong[:10])


def test_readers_verdict_is_the_oracles_without_grounds():
    some = sample(SAMPLE, SEED, meetings()[0])
    assert len(some) == SAMPLE
    assert {verdict["reason"] for _, _, verdict in some} == set(REASONS) - GROUNDS
    assert {flag for _, _, verdict in some for flag in verdict["flags"]} == set(FLAGS)
    tap_all(some)


@pytest.mark.nightly
@pytest.mark.parametrize("part", range(PARTS))
def test_readers_every_verdict_is_the_oracles_without_grounds(part):
    tap_all(meetings()[0][part::PARTS])


def test_what_no_reader_meets_is_told():
    met, never = meetings()
    assert len(met) + sum(never.values()) == len(judged())
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert f"A reader can meet {len(met):,} of the {len(judged()):,} cases" in readme
    for why, count in never.items():
        assert f"| {count} | {why} |" in readme


def first_met(reason, **wanted):
    for line, case, verdict in meetings()[0]:
        if verdict["reason"] == reason and all(case.get(key) == value for key, value in wanted.items()):
            return meet(line, case)
    raise AssertionError(f"no reader meets {reason}")


def shown_reason(meeting):
    return verdict_json(tap(meeting))["reason"]


def test_reader_that_holds_an_older_list_than_the_case_says_otherwise():
    fresh = first_met("in-force", service="health")
    assert shown_reason(fresh) == "in-force"
    assert shown_reason(replace(fresh, list_time=fresh.list_time - 169 * 3600)) == "list-too-old"


def test_reader_whose_list_covers_the_card_otherwise_says_otherwise():
    listed = first_met("revoked", service="health", authenticity=None)
    assert shown_reason(listed) == "revoked"
    valid = first_met("in-force", service="health")
    assert shown_reason(replace(listed, content=valid.content)) != "revoked"


def test_meetings_are_the_same_in_every_run_and_half_of_them_outlive_a_restart():
    some = meetings()[0][1200:1300]
    first, again = ([meet(line, case) for line, case, _ in some] for _ in range(2))
    for one, other in zip(first, again, strict=True):
        assert (one.card, one.now, one.list_time) == (other.card, other.now, other.list_time)
    assert 30 < sum(one.restarted for one in first) < 70

"""Properties of the decision, over many inputs."""

from hypothesis import given
from hypothesis import strategies as st
from test_decide import TODAY, judge, service

from juzhu_protocol.rules.decide import GENUINE, Clock
from juzhu_protocol.rules.reasons import ALLOW, CLOCK_UNSURE, REASONS, REFER

DAYS = st.integers(min_value=TODAY - 500, max_value=TODAY + 500)
RECORDS = st.builds(
    service,
    good_through=DAYS,
    birth_day=st.integers(min_value=TODAY - 23000, max_value=TODAY - 21000),
    permit_class=st.sampled_from([1, 1, 1, 2]),
    list_division=st.sampled_from([410200, 410200, 410100]),
)


@given(RECORDS, st.sampled_from([0, 1, 2]), DAYS, st.integers(0, 60), DAYS)
def test_interval_gives_the_answer_of_all_its_days_or_clock_unsure(record, status, earliest, width, list_day):
    verdict = judge(record, status, clock=Clock(earliest, earliest + width), list_day=list_day)
    answers = {
        judge(record, status, clock=Clock(day, day), list_day=list_day).answer
        for day in range(earliest, earliest + width + 1)
    }
    if len(answers) == 1:
        assert {verdict.answer} == answers
    else:
        assert (verdict.answer, verdict.reason) == (REFER, CLOCK_UNSURE)


@given(RECORDS, st.integers(0, 9), st.integers(0, 9), DAYS, DAYS, st.booleans())
def test_allow_needs_a_genuine_valid_unexpired_senior_on_a_list_that_is_young_enough(
    record, status, authenticity, today, list_day, has_list
):
    verdict = judge(record, status, authenticity, Clock(today, today), list_day, has_list)
    assert REASONS[verdict.reason].answer == verdict.answer
    if verdict.answer == ALLOW:
        assert authenticity == GENUINE
        assert status == 0
        assert today <= record.good_through
        assert record.list_division == 410200
        assert record.permit_class == 1
        assert has_list
        assert today - list_day <= 30

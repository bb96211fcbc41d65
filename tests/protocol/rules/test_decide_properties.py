"""Properties of the decision, over many inputs."""

from hypothesis import given
from hypothesis import strategies as st
from test_decide import TODAY, judge, service

from juzhu_protocol.rules.calendar import add_years
from juzhu_protocol.rules.decide import GENUINE, LISTED_REASONS, STATUS_NEWER, STATUS_VALID, Clock
from juzhu_protocol.rules.kaifeng import KAIFENG
from juzhu_protocol.rules.reasons import ALLOW, CLOCK_UNSURE, REASONS, REFER
from juzhu_protocol.rules.services import SERVICES

DAYS = st.integers(min_value=TODAY - 500, max_value=TODAY + 500)
AGES = st.one_of(st.none(), st.integers(0, 2000))
NAMES = st.sampled_from(SERVICES)
STATUSES = st.sampled_from([0, 1, 2, 3, *LISTED_REASONS])
RECORDS = st.builds(
    service,
    good_through=st.integers(min_value=TODAY - 400, max_value=TODAY + 400),
    birth_day=st.one_of(
        st.integers(min_value=TODAY - 23000, max_value=TODAY - 21000), st.integers(TODAY - 6500, TODAY - 5000)
    ),
    issue_day=st.integers(min_value=TODAY - 900, max_value=TODAY - 401),
    anchor_day=st.integers(min_value=TODAY - 900, max_value=TODAY - 401),
    residence_since=st.integers(min_value=TODAY - 900, max_value=TODAY + 100),
    endorsement_day=st.one_of(st.just(0), st.integers(min_value=TODAY - 400, max_value=TODAY + 100)),
    permit_class=st.sampled_from([1, 1, 1, 2, 3]),
    list_division=st.sampled_from([410200, 410200, 410100]),
)


@given(RECORDS, STATUSES, DAYS, st.integers(0, 60), AGES, NAMES)
def test_interval_gives_the_answer_of_all_its_days_or_clock_unsure(
    record, status, earliest, width, age, name
):
    verdict = judge(record, status, clock=Clock(earliest, earliest + width), age=age, name=name)
    days = [
        judge(record, status, clock=Clock(day, day), age=age, name=name)
        for day in range(earliest, earliest + width + 1)
    ]
    if len({day.answer for day in days}) == 1:
        assert (verdict.answer, verdict.reason, verdict.until) == (
            days[0].answer,
            days[0].reason,
            days[0].until,
        )
    else:
        assert (verdict.answer, verdict.reason) == (REFER, CLOCK_UNSURE)


@given(RECORDS, STATUSES, st.integers(0, 9), DAYS, AGES, st.booleans(), NAMES)
def test_allow_needs_a_genuine_valid_unexpired_permit_on_a_list_that_is_young_enough(
    record, status, authenticity, today, age, has_list, name
):
    verdict = judge(record, status, authenticity, Clock(today, today), age, has_list, name)
    assert REASONS[verdict.reason][0] == verdict.answer
    if verdict.answer == ALLOW:
        rule = KAIFENG.service(name)
        assert authenticity == GENUINE
        assert status in (STATUS_VALID, STATUS_NEWER)
        assert max(record.issue_day, record.endorsement_day) <= today <= record.good_through
        assert record.list_division == 410200
        assert record.permit_class == 1
        assert has_list
        assert age is not None
        assert age <= rule.limit_hours
        if rule.years == 60:
            assert add_years(record.birth_day, 60) <= today


@given(RECORDS, STATUSES, DAYS, st.integers(0, 30), st.integers(0, 30), AGES, st.integers(0, 500), NAMES)
def test_staler_list_or_wider_clock_never_makes_an_allow(record, status, day, before, after, age, more, name):
    sharp = judge(record, status, clock=Clock(day, day), age=age, name=name)
    staler = None if age is None else age + more
    blunt = judge(record, status, clock=Clock(day - before, day + after), age=staler, name=name)
    endless = judge(record, status, clock=Clock(day - before, None), age=staler, name=name)
    if sharp.answer != ALLOW:
        assert blunt.answer != ALLOW
        assert endless.answer != ALLOW


@given(RECORDS, STATUSES, DAYS, st.integers(0, 30), AGES, NAMES)
def test_reader_without_grounds_gives_the_same_answer_as_the_host_with_them(
    record, status, day, width, age, name
):
    stripped = {1: 1, 2: 2}.get(status >> 4, status)
    clock = Clock(day, day + width)
    host = judge(record, status, clock=clock, age=age, name=name)
    reader = judge(record, stripped, clock=clock, age=age, name=name)
    assert (host.answer, host.until, host.flags) == (reader.answer, reader.until, reader.flags)

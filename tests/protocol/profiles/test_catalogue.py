"""Explanations: every reason, in both languages, in every place that can give it, whole and without accusation."""

import re
from dataclasses import replace
from itertools import product

import pytest
from test_decide import service

from juzhu_protocol.profiles.catalogue import LANGUAGES, cite, explain, service_title
from juzhu_protocol.profiles.source import CITING, find_profile, profile_names
from juzhu_protocol.profiles.texts import ENTRIES, FLAG_NOTES
from juzhu_protocol.profiles.titles import SERVICE_TITLES
from juzhu_protocol.records.profile import ProfileRecord, ProfileRecordArticle
from juzhu_protocol.rules.calendar import add_years, from_iso
from juzhu_protocol.rules.decide import LISTED_REASONS, Clock, ListState, Verdict, decide
from juzhu_protocol.rules.profile import SERVES_ORDINARY, UNLIMITED
from juzhu_protocol.rules.reasons import (
    ALLOW,
    FLAG_CLOCK_SPANS_DAYS,
    FLAG_NAMES,
    LAPSED,
    NOT_A_PERMIT,
    PAPERS_DECIDE,
    READER_FAULT,
    REASONS,
    REFER,
    RESIDENCE_NOT_SHOWN,
    RULE_UNKNOWN,
    UNDER_AGE,
    public_line,
    reason_name,
)
from juzhu_protocol.rules.services import SERVICES, service_code, service_role

SOURCES = {name: find_profile(name) for name in profile_names()}
KAIFENG = SOURCES["kaifeng"]
TODAY = from_iso("2026-06-15")
DAY = re.compile(r"\d{4}-\d\d-\d\d")
BRACES = re.compile(r"[{}]|None|\b0年|--|。。|  ")


def permit(source, **changes):
    """A permit of the place, issued in time for an endorsement last year."""
    days = {
        "list_division": source.record.list_division,
        "issuing_division": source.record.divisions[0].division,
    }
    return service(**{**days, **changes})


def judge(source, record, name, status=0, authenticity=1, clock=None, age=3, has_list=True):
    state = ListState(source.record.list_division, 7, age) if has_list else None
    profile = source.profile
    clock = clock or Clock(TODAY, TODAY)
    return decide(record, authenticity, status, profile.service(name), clock, state, profile)


def cases(source):
    """What differs from a permit in force, enough to reach every reason that a place can give."""
    yield {}
    yield {"age": 100}
    yield {"age": 900}
    yield {"age": None}
    yield {"has_list": False}
    yield {"clock": Clock(TODAY, TODAY + 3)}
    yield {"clock": Clock(TODAY, None)}
    yield {"status": 3}
    for status in LISTED_REASONS:
        yield {"status": status}
    for authenticity in range(2, 8):
        yield {"authenticity": authenticity}
    old = {"issue_day": TODAY - 2000, "anchor_day": TODAY - 2000, "endorsement_day": 0}
    yield {"record": {**old, "good_through": TODAY + 5}}
    yield {"record": {**old, "good_through": TODAY - 1}}
    yield {"record": {**old, "good_through": TODAY - 1}, "clock": Clock(TODAY, TODAY + 9)}
    yield {"record": {**old, "good_through": TODAY - 300}}
    yield {"record": {**old, "good_through": TODAY - 300, "permit_class": 3}}
    yield {"record": {"permit_class": 2}}
    yield {"record": {"permit_class": 3}}
    yield {"record": {"list_division": 110000 if source.name == "kaifeng" else 410200}}
    yield {"record": {"residence_since": TODAY - 30}}
    yield {"record": {"birth_day": from_iso("1999-01-01")}}
    yield {"record": {"birth_day": TODAY - 3000}}
    yield {"record": {"birth_day": TODAY}}


def verdicts(source):
    """Every verdict of the cases for every service, and the two that a reader makes itself."""
    for changes, name in product(cases(source), SERVICES):
        told = {key: value for key, value in changes.items() if key != "record"}
        yield name, judge(source, permit(source, **changes.get("record", {})), name, **told)
    for reason in (NOT_A_PERMIT, READER_FAULT):
        yield "bus.senior", Verdict(reason, Clock(TODAY, TODAY))


def reasons_of(source):
    """The reasons that a place's profile can give."""
    conditions = {entry.condition for entry in source.record.services}
    missing = {RULE_UNKNOWN} if len(source.record.services) == len(SERVICES) else set()
    if source.record.restorable_months == UNLIMITED:
        missing.add(LAPSED)
    for condition, reason in ((1, UNDER_AGE), (2, RESIDENCE_NOT_SHOWN), (3, PAPERS_DECIDE)):
        if condition not in conditions:
            missing.add(reason)
    return set(REASONS) - missing


def words(told):
    return [told.public, told.staff, told.fact, told.article, told.remedy, told.office, *told.notes]


@pytest.mark.parametrize("place", SOURCES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_is_explained_in_every_place_that_can_give_it(place, language):
    source = SOURCES[place]
    seen = set()
    for name, verdict in verdicts(source):
        told = explain(verdict, name, source, language)
        seen.add(verdict.reason)
        where = (name, reason_name(verdict.reason), told)
        assert told.fact, where
        assert told.remedy, where
        assert told.public == public_line(verdict.answer, service_role(service_code(name)))[language == "en"]
        assert bool(told.article) == bool(verdict.article), where
        assert not told.by or (DAY.fullmatch(told.by) and told.office), where
        for text in words(told):
            assert not BRACES.search(text), where
            assert text == text.strip(), where
            assert len(text) <= (80 if language == "zh" else 180), where
        sentences = [told.fact, told.remedy, *told.notes]
        assert all(text.endswith("。" if language == "zh" else ".") for text in sentences), where
        is_chinese = [bool(re.search(r"[\u4e00-\u9fff]", text)) for text in words(told) if text]
        assert all(is_chinese) if language == "zh" else not any(is_chinese), where
    assert seen == reasons_of(source)


@pytest.mark.parametrize("language", LANGUAGES)
def test_staleness_clock_keys_and_readers_never_speak_against_the_card(language):
    accusing = {"zh": "中止|注销|逾期|无效|停用", "en": "suspend|revok|overdue|invalid|forge|fake"}[language]
    ours = (
        *("update-reader", "unknown-key", "reader-fault", "clock-unsure", "no-list", "list-too-old"),
        "service-outdated",
    )
    for name, verdict in verdicts(KAIFENG):
        if reason_name(verdict.reason) in ours:
            told = explain(verdict, name, KAIFENG, language)
            assert not re.search(accusing, told.fact + told.remedy, re.IGNORECASE), told


def test_public_line_of_an_explanation_depends_on_answer_and_role_alone():
    lines = {}
    for name, verdict in verdicts(KAIFENG):
        role = service_role(service_code(name))
        told = explain(verdict, name, KAIFENG, "en")
        assert lines.setdefault((verdict.answer, role), told.public) == told.public


def test_birthday_is_told_to_nobody():
    birth = from_iso("1990-03-07")
    verdict = judge(KAIFENG, permit(KAIFENG, birth_day=birth), "bus.senior")
    assert verdict.reason == UNDER_AGE
    for language in LANGUAGES:
        told = explain(verdict, "bus.senior", KAIFENG, language)
        assert "60" in told.fact
        for text in words(told):
            assert not DAY.search(text)
            assert "月" not in text
        assert not told.by


def test_overdue_names_the_last_day_and_the_articles():
    record = permit(KAIFENG, issue_day=TODAY - 800, anchor_day=TODAY - 800, good_through=TODAY - 1)
    told = explain(judge(KAIFENG, record, "health"), "health", KAIFENG, "zh")
    assert told.by == "2026-12-14"
    assert told.article == "《开封市居住证实施办法》第十六条、第十八条、第十九条第三项"
    assert "2026年6月14日" in told.fact
    assert "2026年12月14日" in told.remedy
    assert told.office == "居住地登记站"
    told = explain(judge(KAIFENG, record, "health"), "health", KAIFENG, "en")
    assert told.article == "Kaifeng Measures for Residence Permits, Articles 16, 18, 19(3)"
    assert "2026-12-14" in told.remedy


def test_overdue_without_an_end_names_no_last_day():
    beijing = SOURCES["beijing"]
    record = permit(beijing, issue_day=TODAY - 800, anchor_day=TODAY - 800, good_through=TODAY - 1)
    told = explain(judge(beijing, record, "health"), "health", beijing, "zh")
    assert told.by == ""
    assert told.article == "《北京市实施〈居住证暂行条例〉办法》第十四条"
    assert re.findall(r"\d+年", told.fact + told.remedy) == ["2026年"]


def test_endorse_soon_names_the_last_good_day():
    record = permit(KAIFENG, good_through=TODAY + 9)
    told = explain(judge(KAIFENG, record, "bus.senior"), "bus.senior", KAIFENG, "en")
    assert told.by == "2026-06-24"
    assert "2026-06-24" in told.fact
    assert "registration station" in told.office


@pytest.mark.parametrize("name", ["settle-housing", "settle-housing-work"])
@pytest.mark.parametrize("status", [0, 0x15, 0x22])
def test_settlement_by_housing_rests_on_other_papers_whatever_the_permit(name, status):
    verdict = judge(KAIFENG, permit(KAIFENG), name, status)
    chinese = explain(verdict, name, KAIFENG, "zh").notes
    english = explain(verdict, name, KAIFENG, "en").notes
    assert any("不以居住证为条件" in note for note in chinese)
    assert any("not on the permit" in note for note in english)
    assert any("不影响" in note for note in chinese) == (verdict.answer not in (ALLOW, REFER))


@pytest.mark.parametrize("change", ["overdue", "suspended", "too few years"])
def test_settlement_by_the_permit_names_the_routes_that_stay_open(change):
    records = {
        "overdue": permit(KAIFENG, issue_day=TODAY - 800, anchor_day=TODAY - 800, good_through=TODAY - 1),
        "suspended": permit(KAIFENG),
        "too few years": permit(KAIFENG, residence_since=TODAY - 100),
    }
    verdict = judge(KAIFENG, records[change], "settle-permit", 0x12 if change == "suspended" else 0)
    assert any("仍可申请" in note for note in explain(verdict, "settle-permit", KAIFENG, "zh").notes)
    assert any("stay open" in note for note in explain(verdict, "settle-permit", KAIFENG, "en").notes)
    other = judge(KAIFENG, records[change], "health", 0x12 if change == "suspended" else 0)
    assert not any("仍可申请" in note for note in explain(other, "health", KAIFENG, "zh").notes)


def test_who_has_settled_is_not_sent_to_settle():
    for name in ("settle-permit", "settle-housing"):
        notes = explain(judge(KAIFENG, permit(KAIFENG), name, 0x14), name, KAIFENG, "en").notes
        assert not any("open" in note or "stand in the way" in note for note in notes)


@pytest.mark.parametrize("place", sorted(set(SOURCES) - {"kaifeng"}))
def test_place_whose_routes_to_settlement_are_not_known_promises_none(place):
    source = SOURCES[place]
    for name in ("settle-housing", "settle-housing-work", "settle-permit"):
        for status in (0, 0x12):
            told = explain(judge(source, permit(source), name, status), name, source, "en")
            assert told.notes == ()


def test_year_of_residence_is_told_with_the_day_on_which_the_permit_shows_it():
    since = from_iso("2026-02-28")
    verdict = judge(KAIFENG, permit(KAIFENG, residence_since=since), "settle-permit")
    told = explain(verdict, "settle-permit", KAIFENG, "en")
    assert "2026-02-28" in told.fact
    assert "2027-02-28" in told.remedy
    assert "1 full year of residence" in told.remedy
    shown = judge(KAIFENG, permit(KAIFENG, residence_since=add_years(TODAY, -1)), "settle-permit")
    assert "2025-06-15" in explain(shown, "settle-permit", KAIFENG, "en").fact


def test_other_rules_are_named_by_their_class():
    hong_kong = judge(KAIFENG, permit(KAIFENG, permit_class=2), "health")
    assert "港澳台" in explain(hong_kong, "health", KAIFENG, "zh").fact
    temporary = judge(KAIFENG, permit(KAIFENG, permit_class=3), "health")
    assert "2017年12月30日" in explain(temporary, "health", KAIFENG, "zh").fact
    beijing = SOURCES["beijing"]
    for permit_class in (2, 3):
        verdict = judge(beijing, permit(beijing, permit_class=permit_class), "health")
        assert "港澳台" not in explain(verdict, "health", beijing, "zh").fact


def test_ground_that_a_place_s_measures_do_not_know_promises_no_remedy():
    for status in (0x11, 0x12, 0x15):
        here, there = (
            explain(judge(source, permit(source), "health", status), "health", source, "zh").remedy
            for source in (KAIFENG, SOURCES["beijing"])
        )
        assert here != there
        assert "询问" in there


def test_every_flag_has_its_line():
    assert set(FLAG_NOTES) == set(FLAG_NAMES)
    for bit in FLAG_NAMES:
        for language in LANGUAGES:
            for latest in (TODAY + 3, None):
                clock = Clock(TODAY, latest if bit == FLAG_CLOCK_SPANS_DAYS else TODAY)
                verdict = Verdict(NOT_A_PERMIT, clock, ListState(410200, 1, 30), flags=bit)
                assert len(explain(verdict, "health", KAIFENG, language).notes) == 1


def test_flags_are_told_with_their_numbers():
    young = permit(
        KAIFENG,
        birth_day=add_years(TODAY, -10),
        issue_day=TODAY - 300,
        anchor_day=TODAY - 300,
        endorsement_day=0,
    )
    verdict = judge(KAIFENG, young, "education", 3, clock=Clock(TODAY, TODAY + 2), age=100)
    assert verdict.answer == ALLOW
    ageing, clock, newer, agent = explain(verdict, "education", KAIFENG, "en").notes
    assert "4 days" in ageing
    assert "2026-06-15 and 2026-06-17" in clock
    assert "newer than the list" in newer
    assert "under 16" in agent


@pytest.mark.parametrize(
    ("hours", "chinese", "english"),
    [(0, "0小时", "0 hours"), (1, "1小时", "1 hour"), (47, "47小时", "47 hours"), (48, "2天", "2 days")],
)
def test_age_of_a_list_is_told_in_hours_then_days(hours, chinese, english):
    verdict = Verdict(60, Clock(TODAY, TODAY), ListState(410200, 1, hours))
    assert chinese in explain(verdict, "health", KAIFENG, "zh").fact
    assert f"is {english} old" in explain(verdict, "health", KAIFENG, "en").fact


@pytest.mark.parametrize(
    ("place", "reference", "chinese", "english"),
    [
        ("kaifeng", "", "", ""),
        (
            "kaifeng",
            "2",
            "《开封市居住证实施办法》第二条",
            "Kaifeng Measures for Residence Permits, Article 2",
        ),
        ("chongqing", "N 10", "《居住证暂行条例》第十条", "national Residence Permit Regulation, Article 10"),
        (
            "chongqing",
            "14(10), N 9",
            "《重庆市居住证实施办法》第十四条第十项，《居住证暂行条例》第九条",
            "Chongqing Measures for Residence Permits, Article 14(10); national Residence Permit Regulation, Article 9",
        ),
        ("beijing", "city rule", "北京市的规定", "a rule of Beijing"),
    ],
)
def test_articles_are_cited_as_people_cite_them(place, reference, chinese, english):
    assert cite(reference, SOURCES[place], "zh") == chinese
    assert cite(reference, SOURCES[place], "en") == english


def test_every_reason_has_an_entry_and_every_service_a_title():
    assert set(ENTRIES) == set(REASONS)
    assert set(SERVICE_TITLES) == set(SERVICES)
    for language in LANGUAGES:
        titles = [service_title(name, language) for name in SERVICES]
        assert len(set(titles)) == len(SERVICES)


def test_other_language_or_service_is_refused():
    verdict = Verdict(NOT_A_PERMIT, Clock(TODAY, TODAY))
    with pytest.raises(ValueError, match="zh and en"):
        explain(verdict, "health", KAIFENG, "fr")
    with pytest.raises(KeyError):
        explain(verdict, "free-lunch", KAIFENG, "en")


def test_every_article_of_a_denial_in_kaifeng_is_known():
    cited = {entry.reason for entry in KAIFENG.record.articles}
    assert cited == set(CITING.values())


def citing(articles, **fields):
    """Kaifeng with other articles by reason, and other fields of its record."""
    record = ProfileRecord.from_bytes(KAIFENG.record.to_bytes())
    record.articles = [
        ProfileRecordArticle(CITING[name], text.encode()) for name, text in sorted(articles.items())
    ]
    for name, value in fields.items():
        setattr(record, name, value)
    return replace(KAIFENG, record=record)


def other_rules(source, permit_class):
    verdict = judge(source, permit(source, permit_class=permit_class), "bus.senior")
    assert reason_name(verdict.reason) == "other-rules"
    return explain(verdict, "bus.senior", source, "en").fact


GENERAL = "Other rules apply to this kind of permit; this device does not judge by them."


def test_a_place_that_cites_the_end_of_temporary_permits_and_serves_none_is_explained():
    source = citing({"transitional-ended": "29"}, transitional_before=0, class_policy=SERVES_ORDINARY)
    assert other_rules(source, 3) == GENERAL


def test_one_article_for_two_classes_tells_no_class():
    source = citing({"transitional-ended": "29", "other-rules": "29"})
    assert other_rules(source, 2) == other_rules(source, 3) == GENERAL


def test_an_ordinary_permit_is_never_told_to_be_of_hong_kong():
    source = citing({"other-rules": "30"}, class_policy=4)
    assert other_rules(source, 1) == GENERAL


def test_each_class_has_its_own_words_where_articles_tell_them_apart():
    source = citing({"transitional-ended": "29", "other-rules": "30"})
    assert "Hong Kong" in other_rules(source, 2)
    assert "Temporary permits" in other_rules(source, 3)


def test_papers_decide_without_a_list_does_not_say_that_the_permit_is_in_force():
    verdict = judge(KAIFENG, permit(KAIFENG), "settle-housing", has_list=False)
    assert verdict.reason == PAPERS_DECIDE
    assert "in force" not in explain(verdict, "settle-housing", KAIFENG, "en").fact
    assert "有效" not in explain(verdict, "settle-housing", KAIFENG, "zh").fact


def test_overdue_after_an_address_endorsement_does_not_say_that_there_was_none():
    good = TODAY - 40
    record = permit(
        KAIFENG,
        issue_day=good - 365,
        anchor_day=good - 365,
        residence_since=good - 365,
        good_through=good,
        endorsement_number=1,
        endorsement_kind=2,
        endorsement_day=good + 10,
    )
    verdict = judge(KAIFENG, record, "bus.senior")
    assert reason_name(verdict.reason) == "overdue"
    assert "no yearly endorsement since" in explain(verdict, "bus.senior", KAIFENG, "en").fact
    assert "没有办理年度签注" in explain(verdict, "bus.senior", KAIFENG, "zh").fact

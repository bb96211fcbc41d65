"""The decision at every boundary, on this runtime."""

from juzhu_protocol.records.card import Service
from juzhu_protocol.rules.calendar import add_months, add_years, from_iso
from juzhu_protocol.rules.decide import (
    FORGED,
    GARBLED,
    GENUINE,
    KEY_UNKNOWN,
    KEY_WITHDRAWN,
    NEWER_PROFILE,
    STATUS_REVOKED,
    STATUS_SUSPENDED,
    STATUS_VALID,
    Clock,
    ListState,
    decide,
)
from juzhu_protocol.rules.kaifeng import BUS_SENIOR, KAIFENG
from juzhu_protocol.rules.reasons import (
    ALLOW,
    CLOCK_UNSURE,
    DENY,
    ENDORSE_SOON,
    FLAG_CLOCK_SPANS_DAYS,
    FLAG_LIST_AGEING,
    IN_FORCE,
    KEY_REVOKED,
    LAPSED,
    LIST_TOO_OLD,
    NO_LIST,
    NOT_GENUINE,
    OTHER_DIVISION,
    OTHER_RULES,
    OVERDUE,
    PUBLIC_LINES,
    REASONS,
    REFER,
    REVOKED,
    SUSPENDED,
    UNDER_AGE,
    UNKNOWN_KEY,
    UNREADABLE,
    UPDATE_READER,
)

TODAY = from_iso("2026-06-15")


def service(**changes):
    fields = {
        "suite": 1,
        "list_division": 410200,
        "serial": 1,
        "issuing_division": 410202,
        "birth_day": from_iso("1960-01-01"),
        "issue_day": from_iso("2024-12-15"),
        "anchor_day": from_iso("2024-12-15"),
        "residence_since": from_iso("2024-12-15"),
        "endorsement_number": 1,
        "endorsement_kind": 1,
        "endorsement_day": from_iso("2025-12-01"),
        "good_through": from_iso("2026-12-15"),
        "permit_class": 1,
        "key_id": bytes(4),
        "signature": bytes(64),
    }
    fields.update(changes)
    return Service(*[fields[name] for name in Service.__slots__])


def judge(record, status=STATUS_VALID, authenticity=GENUINE, clock=None, list_day=TODAY, has_list=True):
    return decide(
        record,
        authenticity,
        status,
        BUS_SENIOR,
        clock or Clock(TODAY, TODAY),
        ListState(410200, 7, list_day) if has_list else None,
        KAIFENG,
    )


def test_a_senior_in_force_rides():
    verdict = judge(service())
    assert (verdict.answer, verdict.reason, verdict.flags) == (ALLOW, IN_FORCE, 0)
    assert (verdict.list_sequence, verdict.list_age) == (7, 0)
    assert verdict.explain().article == "22(7)"


def test_what_is_not_proven_genuine_is_referred_each_with_its_reason():
    for authenticity, reason in (
        (NEWER_PROFILE, UPDATE_READER),
        (KEY_UNKNOWN, UNKNOWN_KEY),
        (KEY_WITHDRAWN, KEY_REVOKED),
        (FORGED, NOT_GENUINE),
        (GARBLED, UNREADABLE),
        (0, NOT_GENUINE),
        (99, NOT_GENUINE),
    ):
        for status in (STATUS_VALID, STATUS_SUSPENDED, STATUS_REVOKED):
            verdict = judge(service(), status, authenticity)
            assert (verdict.answer, verdict.reason) == (REFER, reason), authenticity
            assert verdict.good_through == 0
    assert judge(None).reason == NOT_GENUINE


def test_good_through_is_inclusive_and_six_months_restore():
    good = TODAY
    record = service(good_through=good, anchor_day=good - 365)
    for day, answer, reason in (
        (good - 1, ALLOW, ENDORSE_SOON),
        (good, ALLOW, ENDORSE_SOON),
        (good + 1, DENY, OVERDUE),
        (add_months(good, 6), DENY, OVERDUE),
        (add_months(good, 6) + 1, DENY, LAPSED),
    ):
        verdict = judge(record, clock=Clock(day, day), list_day=day)
        assert (verdict.answer, verdict.reason) == (answer, reason), day
    overdue = judge(record, clock=Clock(good + 40, good + 40), list_day=good + 40)
    assert overdue.until == add_months(good, 6)


def test_the_endorsement_window_opens_one_month_before():
    good = from_iso("2026-07-15")
    for day, reason in (
        (from_iso("2026-06-14"), IN_FORCE),
        (from_iso("2026-06-15"), ENDORSE_SOON),
    ):
        verdict = judge(service(good_through=good), clock=Clock(day, day), list_day=day)
        assert verdict.reason == reason
        assert verdict.until == (good if reason == ENDORSE_SOON else 0)


def test_sixty_is_reached_on_the_birthday():
    for birth, answer in (
        (add_years(TODAY, -60), ALLOW),
        (add_years(TODAY, -60) + 1, DENY),
        (add_years(TODAY, -60) - 1, ALLOW),
    ):
        verdict = judge(service(birth_day=birth))
        assert verdict.answer == answer
        if answer == DENY:
            assert (verdict.reason, verdict.until) == (UNDER_AGE, 0)


def test_listed_serials_are_denied_and_revoked_ones_however_old_the_list():
    for age, status, answer, reason in (
        (0, STATUS_SUSPENDED, DENY, SUSPENDED),
        (30, STATUS_SUSPENDED, DENY, SUSPENDED),
        (31, STATUS_SUSPENDED, REFER, LIST_TOO_OLD),
        (0, STATUS_REVOKED, DENY, REVOKED),
        (31, STATUS_REVOKED, DENY, REVOKED),
        (4000, STATUS_REVOKED, DENY, REVOKED),
    ):
        verdict = judge(service(), status, list_day=TODAY - age)
        assert (verdict.answer, verdict.reason) == (answer, reason), (age, status)


def test_an_ageing_list_is_flagged_and_an_old_one_refers():
    for age, reason, flags in (
        (7, IN_FORCE, 0),
        (8, IN_FORCE, FLAG_LIST_AGEING),
        (30, IN_FORCE, FLAG_LIST_AGEING),
        (31, LIST_TOO_OLD, 0),
    ):
        verdict = judge(service(), list_day=TODAY - age)
        assert (verdict.reason, verdict.flags, verdict.list_age) == (reason, flags, age), age


def test_without_a_list_nobody_is_allowed_or_called_suspended():
    assert judge(service(), has_list=False).reason == NO_LIST
    assert judge(service(good_through=TODAY - 1), has_list=False).reason == OVERDUE


def test_another_division_is_denied_and_other_rules_are_referred():
    assert judge(service(list_division=410100, issuing_division=410102)).reason == OTHER_DIVISION
    assert judge(service(issuing_division=410102)).reason == OTHER_DIVISION
    assert judge(service(permit_class=2)).reason == OTHER_RULES
    assert judge(service(permit_class=3)).answer == REFER


def test_reasons_come_in_the_designs_order():
    everything = {
        "good_through": TODAY - 1,
        "list_division": 410100,
        "permit_class": 2,
        "birth_day": TODAY - 1,
    }
    assert judge(service(**everything), STATUS_REVOKED, FORGED).reason == NOT_GENUINE
    assert judge(service(**everything), STATUS_REVOKED).reason == REVOKED
    assert judge(service(**everything), STATUS_SUSPENDED).reason == SUSPENDED
    assert judge(service(**everything)).reason == OVERDUE
    everything["good_through"] = TODAY
    assert judge(service(**everything)).reason == OTHER_DIVISION
    everything["list_division"] = 410200
    assert judge(service(**everything)).reason == OTHER_RULES
    everything["permit_class"] = 1
    assert judge(service(**everything), list_day=TODAY - 99).reason == UNDER_AGE
    everything["birth_day"] = 1
    assert judge(service(**everything), list_day=TODAY - 99).reason == LIST_TOO_OLD


def test_a_clock_across_the_last_good_day_refers():
    record = service(good_through=TODAY)
    verdict = judge(record, clock=Clock(TODAY, TODAY + 1))
    assert (verdict.answer, verdict.reason) == (REFER, CLOCK_UNSURE)
    verdict = judge(record, clock=Clock(TODAY - 3, TODAY))
    assert (verdict.answer, verdict.flags) == (ALLOW, FLAG_CLOCK_SPANS_DAYS)
    verdict = judge(record, clock=Clock(TODAY + 1, TODAY + 400))
    assert (verdict.answer, verdict.reason) == (DENY, OVERDUE)


def test_a_clock_without_a_latest_day_lets_nobody_ride_and_still_knows_the_revoked():
    endless = Clock(TODAY, None)
    assert judge(service(), clock=endless).reason == CLOCK_UNSURE
    assert judge(service(), STATUS_REVOKED, clock=endless).reason == REVOKED
    assert judge(service(), STATUS_SUSPENDED, clock=endless).reason == CLOCK_UNSURE
    assert judge(service(), clock=endless).list_age is None


def test_a_clock_that_ends_before_it_begins_is_a_programming_error():
    try:
        Clock(TODAY, TODAY - 1)
    except ValueError:
        return
    raise AssertionError("accepted")


def test_public_lines_name_no_class_age_or_suspension():
    for answer, lines in PUBLIC_LINES.items():
        for line in lines:
            for word in ("老", "岁", "中止", "注销", "无效", "senior", "suspend", "invalid", "age"):
                assert word not in line.lower(), (answer, line)


def test_every_reason_is_explained_in_both_languages():
    for code, reason in REASONS.items():
        assert all(reason.staff), code
        assert bool(reason.remedy[0]) == bool(reason.remedy[1]), code
        if reason.answer == DENY:
            assert reason.article, code
            assert reason.remedy[0], code

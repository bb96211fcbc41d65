"""The decision at every boundary, on this runtime."""

from juzhu_protocol.records.card import Service
from juzhu_protocol.rules.calendar import add_months, add_years, from_iso
from juzhu_protocol.rules.decide import (
    FORGED,
    GARBLED,
    GENUINE,
    KEY_UNKNOWN,
    KEY_WITHDRAWN,
    LISTED_REASONS,
    NEWER_PROFILE,
    OUTDATED,
    REVOKED_REASONS,
    STATUS_NEWER,
    STATUS_REVOKED,
    STATUS_SUSPENDED,
    STATUS_VALID,
    Clock,
    ListState,
    decide,
)
from juzhu_protocol.rules.kaifeng import KAIFENG
from juzhu_protocol.rules.profile import UNLIMITED, Extension
from juzhu_protocol.rules.reasons import (
    ALLOW,
    DENY,
    FLAG_AGENT,
    FLAG_CLOCK_SPANS_DAYS,
    FLAG_LIST_AGEING,
    FLAG_NEWER_THAN_LIST,
    PUBLIC_LINES,
    REASONS,
    REFER,
    flag_names,
    reason_name,
)
from juzhu_protocol.rules.services import SERVICES

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


def young(**changes):
    """A permit whose days lie near TODAY, so that any of them may be moved."""
    days = {"issue_day": TODAY - 400, "anchor_day": TODAY - 400, "endorsement_day": 0}
    days.update(changes)
    return service(**days)


def judge(
    record,
    status=STATUS_VALID,
    authenticity=GENUINE,
    clock=None,
    age=0,
    has_list=True,
    name="bus.senior",
    profile=KAIFENG,
):
    return decide(
        record,
        authenticity,
        status,
        profile.service(name),
        clock or Clock(TODAY, TODAY),
        ListState(410200, 7, age) if has_list else None,
        profile,
    )


def said(verdict):
    return reason_name(verdict.reason)


def test_a_senior_in_force_rides():
    verdict = judge(service())
    assert (verdict.answer, said(verdict), verdict.flags, verdict.article) == (ALLOW, "in-force", 0, "22(7)")
    assert (verdict.list_sequence, verdict.list_age) == (7, 0)
    assert verdict.good_through == from_iso("2026-12-15")
    assert verdict.restorable_until == from_iso("2027-06-15")
    assert verdict.resident_since == from_iso("2024-12-15")


def test_what_is_not_proven_genuine_is_referred_each_with_its_reason():
    for authenticity, reason in (
        (NEWER_PROFILE, "update-reader"),
        (KEY_UNKNOWN, "unknown-key"),
        (KEY_WITHDRAWN, "key-revoked"),
        (FORGED, "not-genuine"),
        (GARBLED, "unreadable"),
        (OUTDATED, "service-outdated"),
        (0, "not-genuine"),
        (99, "not-genuine"),
    ):
        for status in (STATUS_VALID, STATUS_SUSPENDED, STATUS_REVOKED):
            verdict = judge(service(), status, authenticity)
            assert (verdict.answer, said(verdict)) == (REFER, reason), authenticity
            assert (verdict.article, verdict.until, verdict.flags) == ("", 0, 0)
            assert (verdict.list_sequence, verdict.list_age, verdict.clock.latest) == (7, 0, TODAY)
            assert (verdict.good_through, verdict.restorable_until, verdict.resident_since) == (0, 0, 0)
    assert said(judge(None)) == "not-genuine"


def test_a_torn_endorsement_is_never_held_against_the_holder():
    # The SERVICE before the endorsement is overdue or lapsed, the one after it need not be.
    for late in (1, 100, 400):
        record = service(
            issue_day=TODAY - 900, anchor_day=TODAY - 900, endorsement_day=0, good_through=TODAY - late
        )
        verdict = judge(record, authenticity=OUTDATED)
        assert (verdict.answer, said(verdict), verdict.article) == (REFER, "service-outdated", "")
        assert judge(record).answer == DENY
    for name in SERVICES:
        assert judge(service(), authenticity=OUTDATED, name=name).answer == REFER


def test_an_old_service_written_back_allows_nobody():
    assert judge(service()).answer == ALLOW
    for status in (STATUS_VALID, STATUS_NEWER):
        assert judge(service(), status, OUTDATED).answer == REFER


def test_a_status_that_no_list_holds_is_a_programming_error():
    for status in (4, 0x10, 0x13, 0x17, 0x20, 0x24, 255):
        try:
            judge(service(), status)
        except ValueError as error:
            assert str(error) == "no list holds the status %d" % status
            continue
        raise AssertionError(status)


def test_good_through_is_inclusive_and_six_months_restore():
    good = TODAY
    record = young(good_through=good)
    for day, answer, reason in (
        (good - 1, ALLOW, "endorse-soon"),
        (good, ALLOW, "endorse-soon"),
        (good + 1, DENY, "overdue"),
        (add_months(good, 6), DENY, "overdue"),
        (add_months(good, 6) + 1, DENY, "lapsed"),
    ):
        verdict = judge(record, clock=Clock(day, day))
        assert (verdict.answer, said(verdict)) == (answer, reason), day
    overdue = judge(record, clock=Clock(good + 40, good + 40))
    assert (overdue.until, overdue.article) == (add_months(good, 6), "16, 18, 19(3)")


def test_the_endorsement_window_opens_one_month_before():
    good = from_iso("2026-07-15")
    for day, reason in ((from_iso("2026-06-14"), "in-force"), (from_iso("2026-06-15"), "endorse-soon")):
        verdict = judge(young(good_through=good), clock=Clock(day, day))
        assert said(verdict) == reason
        assert verdict.until == (good if reason == "endorse-soon" else 0)
        assert verdict.article == ("16" if reason == "endorse-soon" else "22(7)")


def test_an_extension_counts_to_its_day_and_not_to_the_next():
    profile = KAIFENG.with_extensions([Extension(TODAY - 10, TODAY, TODAY + 20)])
    for good, last in (
        (TODAY - 11, TODAY - 11),
        (TODAY - 10, TODAY + 20),
        (TODAY, TODAY + 20),
        (TODAY + 1, TODAY + 1),
    ):
        record = young(good_through=good)
        for day, answer in ((last, ALLOW), (last + 1, DENY)):
            verdict = judge(record, clock=Clock(day, day), profile=profile)
            assert (verdict.answer, verdict.good_through) == (answer, last), (good, day)
        assert verdict.restorable_until == add_months(last, 6)
    shorter = KAIFENG.with_extensions([Extension(TODAY, TODAY, TODAY - 5)])
    assert judge(young(good_through=TODAY), profile=shorter).answer == ALLOW


def test_sixty_is_reached_on_the_birthday():
    for birth, answer in (
        (add_years(TODAY, -60), ALLOW),
        (add_years(TODAY, -60) + 1, DENY),
        (add_years(TODAY, -60) - 1, ALLOW),
    ):
        for name in ("bus.senior", "senior-card"):
            verdict = judge(service(birth_day=birth), name=name)
            assert verdict.answer == answer
            if answer == DENY:
                assert (said(verdict), verdict.until, verdict.article) == ("under-age", 0, "22(7)")


def test_every_listed_status_has_its_reason_and_article():
    for status, article in (
        (STATUS_SUSPENDED, "19"),
        (0x11, "19(1)"),
        (0x12, "19(2)"),
        (0x14, "19(4)"),
        (0x15, "19(5)"),
        (0x16, "19(6)"),
        (STATUS_REVOKED, "20"),
        (0x21, "20"),
        (0x22, "20"),
        (0x23, "20"),
    ):
        revoked = LISTED_REASONS[status] in REVOKED_REASONS
        for age in (0, 720):
            verdict = judge(service(), status, age=age)
            assert (verdict.answer, verdict.reason, verdict.article) == (
                DENY,
                LISTED_REASONS[status],
                article,
            )
        for age in (721, 99999, None):
            verdict = judge(service(), status, age=age)
            if revoked:
                assert (verdict.answer, verdict.reason) == (DENY, LISTED_REASONS[status])
            else:
                assert (verdict.answer, said(verdict)) == (REFER, "list-too-old")


def test_an_ageing_list_is_flagged_and_an_old_one_refers():
    for age, reason, flags in (
        (168, "in-force", 0),
        (169, "in-force", FLAG_LIST_AGEING),
        (720, "in-force", FLAG_LIST_AGEING),
        (721, "list-too-old", 0),
        (None, "list-too-old", 0),
    ):
        verdict = judge(service(), age=age)
        assert (said(verdict), verdict.flags, verdict.list_age) == (reason, flags, age), age
    for age, reason in ((24, "in-force"), (168, "in-force"), (169, "list-too-old")):
        assert said(judge(service(), age=age, name="health")) == reason


def test_without_a_list_nobody_is_allowed_or_called_suspended():
    verdict = judge(service(), has_list=False)
    assert (said(verdict), verdict.list_sequence, verdict.list_age) == ("no-list", 0, None)
    assert said(judge(service(), STATUS_SUSPENDED, has_list=False)) == "list-too-old"
    assert said(judge(young(good_through=TODAY - 1), has_list=False)) == "overdue"


def test_a_serial_newer_than_the_list_is_judged_on_its_signature():
    verdict = judge(service(), STATUS_NEWER)
    assert (verdict.answer, said(verdict), verdict.flags) == (ALLOW, "in-force", FLAG_NEWER_THAN_LIST)
    assert said(judge(young(good_through=TODAY - 1), STATUS_NEWER)) == "overdue"


def test_another_division_is_denied_and_other_rules_are_referred():
    elsewhere = judge(service(list_division=410100, issuing_division=410102))
    assert (said(elsewhere), elsewhere.article) == ("other-division", "2")
    unknown_district = judge(service(issuing_division=410299))
    assert (unknown_district.answer, said(unknown_district)) == (REFER, "rule-unknown")
    hong_kong = judge(service(permit_class=2))
    assert (hong_kong.answer, said(hong_kong), hong_kong.article) == (REFER, "other-rules", "28")


def test_a_transitional_permit_serves_to_its_end_when_it_is_older_than_the_measures():
    old = {"permit_class": 3, "issue_day": from_iso("2017-12-29"), "anchor_day": from_iso("2017-12-29")}
    old["endorsement_day"] = 0
    record = service(good_through=TODAY, **old)
    assert said(judge(record)) == "in-force"
    assert judge(record).restorable_until == 0
    ended = judge(record, clock=Clock(TODAY + 1, TODAY + 1))
    assert (ended.answer, said(ended), ended.article, ended.until) == (DENY, "transitional-ended", "29", 0)
    old["issue_day"] = from_iso("2018-03-01")
    # A replaced card keeps the anchor of the permit that was received before.
    assert said(judge(service(good_through=TODAY, **old))) == "in-force"
    old["anchor_day"] = from_iso("2017-12-30")
    late = judge(service(good_through=TODAY, **old))
    assert (late.answer, said(late), late.article) == (REFER, "other-rules", "29")


def test_settlement_is_confirmed_by_a_year_of_residence_or_referred():
    for since, answer, reason in (
        (add_years(TODAY, -1), ALLOW, "in-force"),
        (add_years(TODAY, -1) + 1, REFER, "residence-not-shown"),
    ):
        verdict = judge(service(residence_since=since), name="settle-permit")
        assert (verdict.answer, said(verdict), verdict.article) == (answer, reason, "26(3)")
    for name, article in (("settle-housing", "26(1)"), ("settle-housing-work", "26(2)")):
        verdict = judge(service(), name=name)
        assert (verdict.answer, said(verdict), verdict.article) == (REFER, "papers-decide", article)


def test_every_service_of_the_measures_is_allowed_refused_or_referred_by_name():
    for name in SERVICES:
        verdict = judge(service(), name=name)
        assert verdict.answer == (REFER if name.startswith("settle-housing") else ALLOW), name
        assert verdict.article, name
    try:
        KAIFENG.service("free-lunch")
    except KeyError:
        return
    raise AssertionError("an unknown service was found")


def test_what_a_profile_does_not_know_refers():
    profile = KAIFENG.with_extensions([])
    profile.services = {}
    verdict = judge(service(), profile=profile)
    assert (verdict.answer, said(verdict), verdict.article) == (REFER, "rule-unknown", "")


def test_a_counter_is_reminded_of_the_agents_papers_below_sixteen():
    for birth, flags in ((add_years(TODAY, -16) + 1, FLAG_AGENT), (add_years(TODAY, -16), 0)):
        record = service(birth_day=birth, issue_day=TODAY - 200, anchor_day=TODAY - 200)
        assert judge(record, name="education").flags == flags


def test_flags_stand_beside_one_another():
    record = service(birth_day=add_years(TODAY, -10), issue_day=TODAY - 200, anchor_day=TODAY - 200)
    verdict = judge(record, STATUS_NEWER, clock=Clock(TODAY, TODAY + 1), age=25, name="education")
    assert verdict.flags == FLAG_AGENT + FLAG_CLOCK_SPANS_DAYS + FLAG_NEWER_THAN_LIST + FLAG_LIST_AGEING
    assert (verdict.clock.earliest, verdict.clock.latest) == (TODAY, TODAY + 1)


def test_a_place_without_an_end_to_late_endorsements_never_calls_a_permit_lapsed():
    profile = KAIFENG.with_extensions([])
    profile.restorable_months = UNLIMITED
    verdict = judge(young(good_through=TODAY - 300), profile=profile)
    assert (said(verdict), verdict.restorable_until, verdict.until) == ("overdue", None, 0)


def test_a_reason_without_an_article_in_the_profile_has_none():
    profile = KAIFENG.with_extensions([])
    profile.articles = {}
    old = service(permit_class=3, issue_day=TODAY - 400, anchor_day=TODAY - 400, endorsement_day=0)
    for record in (old, service(permit_class=2), young(good_through=TODAY - 1), young(good_through=TODAY)):
        assert judge(record, profile=profile).article == "", record


def test_a_record_that_contradicts_itself_is_referred():
    for wrong in (
        {"birth_day": from_iso("2024-12-16")},
        {"birth_day": add_years(from_iso("2024-12-15"), -120) - 1},
        {"good_through": from_iso("2024-12-15")},
    ):
        verdict = judge(service(**wrong), STATUS_REVOKED)
        assert (verdict.answer, said(verdict)) == (REFER, "contradictory-record"), wrong
        assert (verdict.article, verdict.until, verdict.flags) == ("", 0, 0)
    assert judge(service(birth_day=add_years(from_iso("2024-12-15"), -120))).answer == ALLOW
    newborn = service(birth_day=from_iso("2024-12-15"))
    assert said(judge(newborn, name="education")) == "in-force"


def test_a_card_signed_after_today_shows_that_the_clock_is_behind():
    signed = from_iso("2025-12-01")
    for status in (STATUS_VALID, STATUS_REVOKED):
        verdict = judge(service(), status, clock=Clock(signed - 1, signed - 1))
        assert (verdict.answer, said(verdict)) == (REFER, "clock-unsure")
    assert judge(service(), clock=Clock(signed, signed)).answer == ALLOW
    assert said(judge(service(), clock=Clock(signed - 1, signed))) == "clock-unsure"


def test_reasons_come_in_the_designs_order():
    fields = {"good_through": TODAY - 1, "list_division": 410100, "permit_class": 2, "birth_day": TODAY - 500}
    assert said(judge(young(**fields), STATUS_REVOKED, FORGED)) == "not-genuine"
    assert said(judge(young(**fields), STATUS_REVOKED, OUTDATED)) == "service-outdated"
    assert said(judge(young(**fields), STATUS_REVOKED)) == "revoked"
    assert said(judge(young(**fields), STATUS_SUSPENDED)) == "suspended"
    assert said(judge(young(**fields))) == "overdue"
    fields["good_through"] = TODAY
    assert said(judge(young(**fields))) == "other-division"
    fields["list_division"] = 410200
    assert said(judge(young(**fields))) == "other-rules"
    fields["permit_class"] = 1
    assert said(judge(young(**fields), age=999)) == "under-age"
    fields["birth_day"] = from_iso("1960-01-01")
    assert said(judge(young(**fields), age=999)) == "list-too-old"


def test_a_clock_across_the_last_good_day_refers():
    record = young(good_through=TODAY)
    verdict = judge(record, clock=Clock(TODAY, TODAY + 1))
    assert (verdict.answer, said(verdict), verdict.flags) == (REFER, "clock-unsure", FLAG_CLOCK_SPANS_DAYS)
    assert (verdict.article, verdict.until) == ("", 0)
    verdict = judge(record, clock=Clock(TODAY - 3, TODAY))
    assert (verdict.answer, verdict.flags) == (ALLOW, FLAG_CLOCK_SPANS_DAYS)
    verdict = judge(record, clock=Clock(TODAY + 1, TODAY + 400))
    assert (verdict.answer, said(verdict)) == (DENY, "overdue")


def test_a_clock_without_a_latest_day_lets_nobody_ride_and_still_knows_the_revoked():
    endless = Clock(TODAY, None)
    assert said(judge(service(), clock=endless)) == "clock-unsure"
    assert said(judge(service(), STATUS_REVOKED, clock=endless)) == "revoked"
    assert said(judge(service(), STATUS_SUSPENDED, clock=endless, age=None)) == "list-too-old"


def test_a_clock_that_ends_before_it_begins_is_a_programming_error():
    try:
        Clock(TODAY, TODAY - 1)
    except ValueError as error:
        assert str(error) == "a clock's latest day is before its earliest"
        return
    raise AssertionError("accepted")


def test_public_lines_name_no_class_age_or_suspension():
    for answer, lines in PUBLIC_LINES.items():
        for line in lines:
            for word in ("老", "岁", "中止", "注销", "无效", "senior", "suspend", "invalid", "age"):
                assert word not in line.lower(), (answer, line)


def test_names_of_reasons_and_flags_are_unique():
    names = [name for _, name in REASONS.values()]
    assert len(set(names)) == len(names)
    assert flag_names(15) == ["list-ageing", "clock-spans-days", "newer-than-list", "agent"]
    assert reason_name(0) == ""

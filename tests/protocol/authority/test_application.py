"""Articles 7 to 12, 18, 28 and 29: everything an application lacks is said at once, and 15 days are watched."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from juzhu_protocol.authority.application import GROUND_PAPERS, PAPERS, Agent, Application, lacks
from juzhu_protocol.authority.citizen_number import check_digit
from juzhu_protocol.authority.errors import (
    ApplicationError,
    IncompleteApplicationError,
    NotYetEligibleError,
    SecondPermitError,
    UnknownApplicationError,
)
from juzhu_protocol.authority.registry import Registry
from juzhu_protocol.profiles.source import find_profile
from juzhu_protocol.rules.calendar import add_years, from_iso, iso
from juzhu_protocol.rules.kaifeng import KAIFENG
from permit_tools import CITY, KEYS, application, at, holder, issue

TODAY = "2026-01-05"
DAY = from_iso(TODAY)
CARDS = frozenset({"identity-card", "registration-voucher"})


@pytest.fixture
def registry(tmp_path):
    with Registry(tmp_path / "permits.db", create=True) as opened:
        yield opened


def found(**given):
    """The codes and articles of all that an application lacks."""
    return [(lack.code, lack.article) for lack in lacks(application(**given), DAY, KAIFENG)]


# -- What an application lacks (7 to 11) -----------------------------------------------------------


def test_complete_application_lacks_nothing():
    assert found() == []


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"papers": CARDS - {"identity-card"} | {"labour-contract"}}, [("identity-card", "9")]),
        ({"papers": frozenset({"photograph", "registration-voucher", "labour-contract"})}, []),
        ({"papers": frozenset({"identity-card", "labour-contract"})}, [("registration-voucher", "9")]),
        ({"papers": CARDS}, [("employment", "9(1)")]),
        ({"papers": CARDS | {"title-deed"}}, [("employment", "9(1)")]),
        ({"papers": CARDS, "ground": "housing"}, [("housing", "9(2)")]),
        ({"papers": CARDS | {"title-deed"}, "ground": "housing"}, []),
        ({"papers": CARDS, "ground": "study"}, [("study", "9(3)")]),
        ({"papers": CARDS, "ground": ""}, [("ground", "8")]),
        ({"papers": CARDS, "ground": "marriage"}, [("ground", "8")]),
        ({"address": ""}, [("address", "14")]),
        ({"address": "街" * 36}, [("address", "14")]),
        ({"division": 0}, [("division", "2")]),
        ({"division": 410102}, [("division", "2")]),
        ({"household_division": 410203}, [("household_division", "7")]),
        ({"household_division": 410221}, []),
        ({"household_division": 411002}, []),
        ({"name": "", "household_address": " "}, [("name", "14"), ("household_address", "14")]),
        ({"sex": ""}, [("sex", "14")]),
        ({"ethnicity": "汉族"}, [("ethnicity", "14")]),
        ({"citizen_number": ""}, [("citizen_number", "14")]),
    ],
)
def test_each_thing_that_is_missing_is_named_with_its_article(given, expected):
    assert found(**given) == expected


@pytest.mark.parametrize(
    ("registered", "expected"),
    [
        ("2025-07-05", []),
        ("2025-07-06", [("registered", "8")]),
        (TODAY, [("registered", "8")]),
        ("2026-01-06", [("registered", "7")]),
    ],
)
def test_half_a_year_of_registration_at_its_boundary(registered, expected):
    assert found(registered=registered) == expected


def test_day_from_which_one_may_apply_is_said_in_both_languages():
    (lack,) = lacks(application(registered="2025-08-31"), DAY, KAIFENG)
    assert "2026-02-28" in lack.text
    assert "2026-02-28" in lack.chinese
    assert [(code.code, code.article) for code in lacks(Application(registered=0), DAY, KAIFENG)].count(
        ("registered", "7")
    )


@pytest.mark.parametrize(
    ("since", "papers", "expected"),
    [
        ("2025-01-05", (), []),
        ("2025-01-04", (), [("old-temporary-permit", "29")]),
        ("2016-05-01", ("old-temporary-permit",), []),
        ("2026-01-05", (), []),
        ("2026-01-06", (), [("resident_since", "8")]),
        # Born on 1960-03-01.
        ("1960-03-01", ("old-temporary-permit",), []),
        ("1960-02-29", ("old-temporary-permit",), [("resident_since", "8")]),
        ("1901-01-01", ("old-temporary-permit",), [("resident_since", "8")]),
        # Article 29 speaks of permits from before the measures of 2017-12-30.
        ("2017-12-29", ("old-temporary-permit",), []),
        ("2017-12-30", ("old-temporary-permit",), [("resident_since", "29")]),
        ("2025-01-04", ("old-temporary-permit",), [("resident_since", "29")]),
        ("2025-01-05", ("old-temporary-permit",), []),
    ],
)
def test_residence_before_the_registration_needs_the_old_permit(since, papers, expected):
    given = {"papers": CARDS | {"labour-contract"} | set(papers), "resident_since": from_iso(since)}
    assert found(**given) == expected


@pytest.mark.parametrize(
    ("age_day", "agent", "papers", "expected"),
    [
        (1, None, CARDS, [("agent", "10")]),
        (0, None, CARDS, []),
        (1, Agent("guardian", frozenset({"identity-card"})), CARDS, []),
        (1, Agent("guardian", frozenset({"identity-document"})), CARDS, []),
        (1, Agent("guardian"), CARDS, [("agent.papers", "10")]),
        (1, Agent("guardian", frozenset({"labour-contract"})), CARDS, [("agent.papers", "10")]),
        (
            1,
            Agent("close-relative", frozenset({"identity-card"})),
            {"photograph", "registration-voucher"},
            [("identity-document", "10")],
        ),
        (
            1,
            Agent("close-relative", frozenset({"identity-card"})),
            {"photograph", "registration-voucher", "identity-document"},
            [],
        ),
        # An old person who finds walking hard may send a relative, and nobody else.
        (-20000, Agent("close-relative", frozenset({"identity-card"})), CARDS, []),
        (-20000, Agent("neighbour", frozenset({"identity-card"})), CARDS, [("agent", "10")]),
    ],
)
def test_agent_and_the_papers_of_both(age_day, agent, papers, expected):
    # The sixteenth birthday is the first day on which nobody has to act for the holder.
    person = holder(birth=iso(add_years(DAY, -16) + age_day))
    given = {
        "holder": person,
        "agent": agent,
        "papers": frozenset(papers) | {"student-card"},
        "ground": "study",
    }
    assert found(**given) == expected


def test_everything_missing_stands_in_one_list():
    codes = [lack.code for lack in lacks(Application(), DAY, KAIFENG)]
    assert codes == [
        *("name", "household_address", "sex", "ethnicity", "citizen_number", "address", "division"),
        *("registered", "identity-card", "registration-voucher", "ground"),
    ]


@pytest.mark.parametrize("first", ["81000019900101001", "82000019900101001", "83000019900101001"])
def test_residents_under_their_own_rules_are_sent_there(first):
    given = {"citizen_number": first + check_digit(first), "sex": "男"}
    assert found(**given) == [("citizen_number", "28")]


def test_holder_older_than_every_reader_believes_is_asked_for_the_number_again():
    # Readers refer who was older than 120 years at issue.
    assert found(holder=holder(birth=iso(add_years(DAY, -120)))) == []
    assert found(holder=holder(birth=iso(add_years(DAY, -120) - 1))) == [("citizen_number", "14")]


def test_place_without_old_permits_takes_none_as_proof_of_residence():
    beijing = find_profile("beijing").profile
    papers = CARDS | {"labour-contract", "old-temporary-permit"}
    one = application(division=min(beijing.units), resident_since=from_iso("2015-01-01"), papers=papers)
    assert beijing.transitional_before == 0
    assert [(lack.code, lack.article) for lack in lacks(one, DAY, beijing)] == [("resident_since", "29")]


def test_list_repeats_nothing_of_the_person():
    person = application(name="名" * 16, citizen_number="990000196003010010", papers=frozenset())
    told = "".join(lack.text + lack.chinese for lack in lacks(person, DAY, KAIFENG))
    for private in ("名名", "99000019600301", "某街", "1960"):
        assert private not in told
    assert repr(person) == "Application(not shown)"


OPTIONAL = {
    "ground": st.sampled_from(["", *GROUND_PAPERS]),
    "papers": st.frozensets(st.sampled_from(sorted(PAPERS))),
    "registered": st.sampled_from(["2020-01-01", "2025-07-05", "2025-07-06", "2026-01-05", "2027-01-01"]),
    "division": st.sampled_from([0, 410202, 410221, 410102]),
    "household_division": st.sampled_from([0, 410203, 410221]),
    "agent": st.none() | st.builds(Agent, st.sampled_from(["guardian", "cousin"]), st.just(frozenset())),
    "name": st.sampled_from(["", "试验人"]),
}


@given(st.fixed_dictionaries(OPTIONAL))
def test_list_is_whole_nothing_new_appears_once_a_point_is_met(given):
    """Mending one point leaves the others as they were: nobody is sent home twice (11)."""
    before = found(**given)
    mended = {"papers": frozenset(PAPERS), "name": "试验人", "registered": "2020-01-01", "agent": None}
    for key, value in mended.items():
        after = found(**(given | {key: value}))
        assert set(after) <= set(before) | {("agent.papers", "10")}
        before, given = after, given | {key: value}
    assert {code for code, _ in before} <= {"ground", "division", "household_division"}


@given(st.fixed_dictionaries(OPTIONAL))
def test_application_comes_back_from_its_json(given):
    one = application(**given)
    assert Application.from_json(one.to_json()) == one


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ("[]", "one JSON object"),
        ('{"nickname": "x"}', "nothing but"),
        ('{"name": 5}', "name is a text"),
        ('{"division": "410202"}', "division is a number"),
        ('{"division": true}', "division is a number"),
        ('{"division": 1}', "division is a number"),
        ('{"registered": "5 January"}', "registered is a day"),
        ('{"registered": 20250105}', "registered is a day"),
        ('{"registered": "1900-01-01"}', "registered is a day"),
        ('{"registered": "2079-06-06"}', "registered is a day"),
        ('{"division": 109999}', "division is a number"),
        ('{"division": 830000}', "division is a number"),
        ('{"papers": "identity-card"}', "papers is a list"),
        ('{"papers": ["passport"]}', "papers is a list"),
        ('{"papers": [["identity-card"]]}', "papers is a list"),
        ('{"agent": "mother"}', "agent holds"),
        ('{"agent": {"name": "x"}}', "agent holds"),
        ('{"agent": {"relation": ["guardian"]}}', "agent.relation"),
        ('{"agent": {"relation": "guardian", "papers": {}}}', "agent.papers"),
    ],
)
def test_application_of_the_wrong_form_is_refused_by_its_field(content, said):
    with pytest.raises(ApplicationError, match=said):
        Application.from_json(content)


@pytest.mark.parametrize(("day", "division"), [("1900-01-02", 110000), ("2079-06-05", 829999)])
def test_first_and_last_day_and_division_that_a_card_can_hold_are_read(day, division):
    one = Application.from_json(json.dumps({"registered": day, "division": division}))
    assert (iso(one.registered), one.division) == (day, division)


def test_null_is_what_was_not_given():
    assert Application.from_json('{"name": null, "agent": null}') == Application()


# -- Accepting and issuing (11, 12) ----------------------------------------------------------------


def names(registry, serial):
    return [(event.name, event.detail) for event in registry.events(CITY, serial)]


def test_complete_application_is_accepted_on_the_spot_and_issued_and_handed_out(registry):
    one = application(resident_since=from_iso("2025-03-01"))
    waiting = registry.accept(one, now=at(TODAY))
    assert (waiting.number, waiting.list_division, iso(waiting.issue_by)) == (1, CITY, "2026-01-20")
    assert [(event.name, event.time) for event in registry.application_events(1)] == [("accepted", at(TODAY))]
    permit = registry.issue_accepted(1, keys=KEYS, now=at("2026-01-08"))
    assert (permit.serial, iso(permit.issue_day), iso(permit.residence_since)) == (
        1,
        "2026-01-08",
        "2025-03-01",
    )
    assert registry.holder(CITY, 1) == one.holder
    registry.hand_out(CITY, 1, now=at("2026-01-09"))
    assert names(registry, 1) == [("accepted", ""), ("issued", ""), ("handed out", "")]
    assert registry.waiting() == []


@pytest.mark.parametrize(
    ("day", "detail"),
    [
        ("2026-01-20", ""),
        ("2026-01-21", "1 day late"),
        ("2026-01-22", "2 days late"),
        ("2026-01-25", "5 days late"),
    ],
)
def test_being_late_after_15_days_is_the_authoritys_fault_and_noted(registry, day, detail):
    registry.accept(application(), now=at(TODAY))
    registry.issue_accepted(1, keys=KEYS, now=at(day))
    assert names(registry, 1)[1] == ("issued", detail)


@pytest.mark.parametrize(
    ("today", "expected"),
    [("2026-01-19", []), ("2026-01-20", [1]), ("2026-01-21", [1]), ("2026-01-22", [1, 2])],
)
def test_acceptances_near_and_past_their_15_days_are_told(registry, today, expected):
    for day in ("2026-01-05", "2026-01-07"):
        registry.accept(application(), now=at(day))
    assert [one.number for one in registry.waiting(from_iso(today))] == expected
    assert [one.number for one in registry.waiting()] == [1, 2]


def test_incomplete_application_leaves_nothing_behind(registry):
    with pytest.raises(IncompleteApplicationError, match=r"\(11\).*\(9\).*\(9\(1\)\)") as caught:
        registry.accept(application(papers=frozenset({"identity-card"})), now=at(TODAY))
    assert [lack.code for lack in caught.value.lacks] == ["registration-voucher", "employment"]
    assert registry.waiting() == []


def test_second_application_of_one_person_waits_for_the_first(registry):
    person = holder()
    registry.accept(application(holder=person), now=at(TODAY))
    with pytest.raises(SecondPermitError, match=r"application 1 waits already \(8\)"):
        registry.accept(application(holder=person), now=at(TODAY))
    with pytest.raises(SecondPermitError):
        issue(registry, TODAY, holder=person)
    registry.withdraw(1, now=at(TODAY))
    assert registry.accept(application(holder=person), now=at(TODAY)).number == 2
    assert [event.detail for event in registry.application_events(1)] == ["", "application withdrawn"]


def test_holder_of_a_permit_is_told_so_before_any_paper_is_asked_for(registry):
    person = holder()
    issue(registry, "2025-03-15", holder=person)
    with pytest.raises(SecondPermitError, match=r"serial 1.*\(8\).*\(16, 20\)"):
        registry.accept(application(holder=person, papers=frozenset()), now=at(TODAY))


@pytest.mark.parametrize("number", [0, 2, -1])
def test_application_that_does_not_wait_is_neither_issued_nor_withdrawn(registry, number):
    registry.accept(application(), now=at(TODAY))
    for act in (
        lambda: registry.issue_accepted(number, keys=KEYS, now=at(TODAY)),
        lambda: registry.withdraw(number, now=at(TODAY)),
    ):
        with pytest.raises(UnknownApplicationError):
            act()
    registry.issue_accepted(1, keys=KEYS, now=at(TODAY))
    with pytest.raises(UnknownApplicationError):
        registry.issue_accepted(1, keys=KEYS, now=at(TODAY))


def test_issue_before_the_acceptance_is_refused(registry):
    registry.accept(application(), now=at(TODAY))
    with pytest.raises(ApplicationError, match=r"\(12\)"):
        registry.issue_accepted(1, keys=KEYS, now=at("2026-01-04"))
    assert [one.number for one in registry.waiting()] == [1]


def test_closed_application_holds_nothing_of_its_holder(registry, tmp_path):
    people = [holder(), holder()]
    for person in people:
        registry.accept(application(holder=person, address="密不可知街9号"), now=at(TODAY))
    registry.withdraw(1, now=at(TODAY))
    registry.issue_accepted(2, keys=KEYS, now=at(TODAY))
    rows = list(registry._database.query("SELECT * FROM applications"))
    assert [row["state"] for row in rows] == ["withdrawn", "issued"]
    for row in rows:
        text = json.dumps(row, ensure_ascii=False)
        assert "密不可知" not in text
        assert not any(person.citizen_number in text for person in people)


def test_waiting_application_issued_a_second_time_by_another_process_is_refused(registry, tmp_path):
    registry.accept(application(), now=at(TODAY))
    with Registry(tmp_path / "permits.db") as other:
        other.issue_accepted(1, keys=KEYS, now=at(TODAY))
    with pytest.raises(UnknownApplicationError):
        registry.issue_accepted(1, keys=KEYS, now=at(TODAY))
    assert registry.exceptions(CITY) == (1, {})


# -- After a lapse (18) ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("registered", "allowed"), [("2023-01-01", False), ("2025-09-15", False), ("2025-09-16", True)]
)
def test_lapsed_permit_needs_a_registration_made_after_it(registry, registered, allowed):
    # Issued on 2024-03-15: good through 2025-03-15, restorable through 2025-09-15.
    person, day = holder(), "2026-04-01"
    issue(registry, "2024-03-15", holder=person)
    one = application(holder=person, registered=registered)
    if not allowed:
        with pytest.raises(IncompleteApplicationError, match=r"2025-09-15 \(18\)"):
            registry.accept(one, now=at(day))
        with pytest.raises(NotYetEligibleError, match=r"2025-09-15 \(18\)"):
            issue(registry, day, holder=person, registered_day=from_iso(registered))
        return
    registry.accept(one, now=at(day))
    new = registry.issue_accepted(1, keys=KEYS, now=at(day))
    assert (new.serial, iso(new.anchor_day), iso(new.residence_since)) == (2, day, day)
    old = registry.permit(CITY, 1)
    assert (old.status, old.cause) == ("revoked", "cancelled")
    assert names(registry, 1)[-1] == ("cancelled", "lapsed, registered anew")


@pytest.mark.parametrize("today", [TODAY, "2026-12-01"])
def test_revoked_permit_asks_for_no_registration_of_its_own(registry, today):
    # Cancelled while it had not lapsed: restorable through 2026-09-15.
    person = holder()
    issue(registry, "2025-03-15", holder=person)
    registry.revoke(CITY, 1, "cancelled", now=at("2025-12-01"))
    registry.accept(application(holder=person, registered="2024-01-01"), now=at(today))
    assert registry.issue_accepted(1, keys=KEYS, now=at(today)).serial == 2
    assert [event.name for event in registry.events(CITY, 1)].count("cancelled") == 1


@pytest.mark.parametrize("causes", [("lost",), ("cancelled",), ("lost", "cancelled")])
@pytest.mark.parametrize(
    ("registered", "allowed"), [("2024-01-01", False), ("2025-09-15", False), ("2025-09-16", True)]
)
def test_lapse_is_shaken_off_by_no_revocation(registry, causes, registered, allowed):
    person, day = holder(), "2026-04-01"
    issue(registry, "2024-03-15", holder=person)
    for cause in causes:
        registry.revoke(CITY, 1, cause, now=at("2025-09-16"))
    one = application(holder=person, registered=registered)
    if not allowed:
        with pytest.raises(IncompleteApplicationError, match=r"2025-09-15 \(18\)"):
            registry.accept(one, now=at(day))
        with pytest.raises(NotYetEligibleError, match=r"2025-09-15 \(18\)"):
            issue(registry, day, holder=person, registered_day=from_iso(registered))
        return
    registry.accept(one, now=at(day))
    assert registry.issue_accepted(1, keys=KEYS, now=at(day)).serial == 2
    assert registry.permit(CITY, 1).cause == "cancelled"


def test_permit_lost_in_its_years_that_has_lapsed_since_needs_a_new_registration(registry):
    person = holder()
    issue(registry, "2024-03-15", holder=person)
    registry.revoke(CITY, 1, "lost", now=at("2024-05-01"))
    with pytest.raises(IncompleteApplicationError, match=r"2025-09-15 \(18\)"):
        registry.accept(application(holder=person, registered="2023-08-01"), now=at("2026-04-01"))
    registry.accept(application(holder=person, registered="2025-09-16"), now=at("2026-04-01"))
    registry.issue_accepted(1, keys=KEYS, now=at("2026-04-01"))
    assert names(registry, 1)[2:] == [("cancelled", "lost"), ("cancelled", "lapsed, registered anew")]


def test_unknown_registration_is_refused_to_whoever_let_a_permit_lapse(registry):
    person = holder()
    issue(registry, "2024-03-15", holder=person)
    with pytest.raises(NotYetEligibleError, match=r"2025-09-15 \(18\)"):
        issue(registry, "2026-04-01", holder=person, registered_day=0)
    assert registry.exceptions(CITY) == (1, {})


@pytest.mark.parametrize(
    ("since", "allowed"), [("2015-01-01", False), ("2025-09-15", False), ("2025-09-16", True)]
)
def test_residence_before_a_lapse_counts_no_more(registry, since, allowed):
    person, day = holder(), "2026-04-01"
    issue(registry, "2024-03-15", holder=person)
    papers = CARDS | {"labour-contract", "old-temporary-permit"}
    one = application(
        holder=person, registered="2025-09-16", resident_since=from_iso(since), papers=frozenset(papers)
    )
    if not allowed:
        with pytest.raises(IncompleteApplicationError) as caught:
            registry.accept(one, now=at(day))
        told = [(lack.code, lack.article) for lack in caught.value.lacks]
        # Just before the registration it is no old permit's day either.
        assert told == [("resident_since", "29")] * (since > "2017-12-30") + [("resident_since", "18")]
        with pytest.raises(NotYetEligibleError, match=r"2025-09-15.*\(18\)"):
            issue(
                registry,
                day,
                holder=person,
                registered_day=from_iso("2025-09-16"),
                residence_since=from_iso(since),
            )
        return
    registry.accept(one, now=at(day))
    assert iso(registry.issue_accepted(1, keys=KEYS, now=at(day)).residence_since) == since


def test_half_a_year_after_a_lapse_is_waited_for_too(registry):
    person = holder()
    issue(registry, "2024-03-15", holder=person)
    one = application(holder=person, registered="2025-09-16")
    with pytest.raises(IncompleteApplicationError, match=r"2026-03-16.*\(8\)"):
        registry.accept(one, now=at("2026-03-15"))
    registry.accept(one, now=at("2026-03-16"))

"""Kaifeng's calendar at every boundary, and each act's refusals, on a real registry file."""

import json
import sqlite3
from dataclasses import asdict

import pytest

from juzhu_protocol.authority.card_image import CardImage
from juzhu_protocol.authority.errors import (
    ApplicationError,
    CardImageError,
    DatabaseFileError,
    EndorsementError,
    LapsedError,
    NoKeyError,
    NotYetEligibleError,
    OverdueIsNotListedError,
    RevokedError,
    SecondPermitError,
    SuspendedError,
    UnknownPermitError,
)
from juzhu_protocol.authority.events import EVENT_NAMES
from juzhu_protocol.authority.personalise import encode_address
from juzhu_protocol.authority.registry import Registry
from juzhu_protocol.hostside.native import NativeVerifier
from juzhu_protocol.records.card import Endorsement, Info, Service
from juzhu_protocol.rules.calendar import from_iso, iso
from juzhu_protocol.rules.decide import GENUINE, STATUS_REVOKED, STATUS_SUSPENDED
from juzhu_protocol.trust.contexts import ENDORSEMENT_CONTEXT, is_signed_by
from juzhu_protocol.trust.service import check_service
from parts import nightly
from permit_tools import CITY, KEYS, application, at, holder, issue


@pytest.fixture
def registry(tmp_path):
    with Registry(tmp_path / "permits.db", create=True) as opened:
        yield opened


def files(registry, serial, division=CITY):
    image = registry.card_image(division, serial)
    return image, Service.from_bytes(image.service)


def names(registry, serial):
    return [(event.name, event.detail) for event in registry.events(CITY, serial)]


# -- Issuing (8 to 15) -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "good_through"),
    [
        ("2026-01-05", "2027-01-05"),
        ("2023-02-28", "2024-02-28"),
        ("2024-02-28", "2025-02-28"),
        ("2024-02-29", "2025-02-28"),
        ("2025-12-31", "2026-12-31"),
    ],
)
def test_issued_permit_is_good_to_its_first_yearly_day(registry, day, good_through):
    permit = issue(registry, day)
    assert (iso(permit.issue_day), iso(permit.anchor_day), iso(permit.residence_since)) == (day, day, day)
    assert iso(permit.good_through) == good_through
    assert names(registry, permit.serial) == [("accepted", ""), ("issued", "")]


def test_serials_are_dense_within_each_list_division(registry):
    assert [issue(registry, "2026-01-05").serial for _ in range(3)] == [1, 2, 3]
    other = issue(registry, "2026-01-05", issuing_division=410102)
    assert (other.list_division, other.serial) == (410100, 1)
    assert issue(registry, "2026-01-05", issuing_division=410225).serial == 4


def test_refused_issue_uses_no_serial(registry):
    issue(registry, "2026-01-05")
    with pytest.raises(NoKeyError, match="410103"):
        issue(registry, "2026-01-05", issuing_division=410103)
    with pytest.raises(NoKeyError):
        issue(registry, "2019-12-31")
    assert issue(registry, "2026-01-05").serial == 2
    assert registry.exceptions(410100) == (0, {})


def test_issued_cards_service_is_genuine_and_holds_no_name(registry):
    permit = issue(registry, "2026-01-05", residence_since=from_iso("2025-06-01"))
    image, service = files(registry, permit.serial)
    assert check_service(image.service, service, KEYS.trusted, NativeVerifier()) == GENUINE
    assert iso(service.residence_since) == "2025-06-01"
    assert iso(service.birth_day) == "1960-03-01"
    assert (service.endorsement_number, service.endorsement_kind, service.endorsement_day) == (0, 0, 0)
    info = Info.from_bytes(image.info)
    assert (info.list_division, info.serial, info.key_id) == (CITY, 1, service.key_id)
    assert image.endorsements == ()


@pytest.mark.parametrize(
    ("day", "allowed"), [("2026-02-27", False), ("2026-02-28", True), ("2026-03-01", True)]
)
def test_permit_needs_half_a_year_of_registration(registry, day, allowed):
    # Registered on 31 August; February has no 31st, so its last day ends the half year.
    registered = from_iso("2025-08-31")
    if allowed:
        assert issue(registry, day, registered_day=registered).serial == 1
    else:
        with pytest.raises(NotYetEligibleError, match=r"2026-02-28.*\(8\)"):
            issue(registry, day, registered_day=registered)


def test_residence_that_begins_after_the_issue_is_refused(registry):
    issue(registry, "2026-01-05", residence_since=from_iso("2026-01-05"))
    with pytest.raises(ApplicationError):
        issue(registry, "2026-01-05", residence_since=from_iso("2026-01-06"))


def test_residence_that_begins_before_the_birth_is_refused(registry):
    issue(registry, "2026-01-05", residence_since=from_iso("1960-03-01"))
    with pytest.raises(ApplicationError, match="before the holder's birth") as caught:
        issue(registry, "2026-01-05", residence_since=from_iso("1960-02-29"))
    assert "1960" not in str(caught.value)
    assert registry.exceptions(CITY) == (1, {})


def test_holder_older_than_120_gets_no_card_that_every_reader_would_refer(registry):
    issue(registry, "2026-01-05", holder=holder(birth="1906-01-05"))
    with pytest.raises(ApplicationError, match=r"120 years.*\(14\)"):
        issue(registry, "2026-01-05", holder=holder(birth="1906-01-04"))
    assert registry.exceptions(CITY) == (1, {})


def test_second_permit_of_one_person_is_refused_until_the_first_has_lapsed(registry):
    person = holder()
    issue(registry, "2024-01-10", holder=person)
    with pytest.raises(SecondPermitError, match="serial 1") as caught:
        issue(registry, "2025-07-10", holder=person)
    assert person.citizen_number not in str(caught.value)
    assert issue(registry, "2026-01-11", holder=person).serial == 2
    assert issue(registry, "2026-01-11", holder=person, issuing_division=410102).list_division == 410100


def test_check_digit_in_lower_case_is_the_same_person(registry):
    number = "11010519491231002X"
    one = holder(sequence=2)
    upper, lower = (type(one)("试验人", "女", "汉", text, "某路") for text in (number, number.lower()))
    issue(registry, "2026-01-05", holder=upper)
    with pytest.raises(SecondPermitError):
        issue(registry, "2026-01-05", holder=lower)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "长" * 16},
        {"name": "a\nb"},
        {"sex": "女"},
        {"sex": "x"},
        {"ethnicity": " "},
        {"household_address": "路" * 36},
        {"citizen_number": "990000196003010010"},
    ],
)
def test_item_that_a_card_cannot_show_is_refused(registry, wrong):
    right = holder(sequence=1)
    with pytest.raises(ApplicationError):
        issue(registry, "2026-01-05", holder=type(right)(**(asdict(right) | wrong)))
    assert registry.exceptions(CITY) == (0, {})


def test_holder_not_yet_born_or_of_a_class_under_other_rules_is_refused(registry):
    issue(registry, "2026-01-05", holder=holder(birth="2026-01-05"))
    with pytest.raises(ApplicationError):
        issue(registry, "2026-01-05", holder=holder(birth="2026-01-06"))
    with pytest.raises(ApplicationError, match="28, 29"):
        issue(registry, "2026-01-05", permit_class=2)


def test_address_is_measured_in_utf16_units(registry):
    issue(registry, "2026-01-05", address="街" * 35)
    for address in ("街" * 36, "𠀀" * 18, "", "\ud800"):
        with pytest.raises(ApplicationError):
            issue(registry, "2026-01-05", address=address)
    assert len(encode_address("𠀀" * 17 + "街")) == 70
    with pytest.raises(ValueError):
        encode_address("街" * 36)


# -- Endorsing (16, 18) ----------------------------------------------------------------------------

EARLY, ON_TIME, LATE, LAPSED = "early", "on time", "late", "lapsed"


@pytest.mark.parametrize(
    ("issued", "day", "outcome", "good_through"),
    [
        ("2025-03-15", "2026-02-14", EARLY, ""),
        ("2025-03-15", "2026-02-15", ON_TIME, "2027-03-15"),
        ("2025-03-15", "2026-03-14", ON_TIME, "2027-03-15"),
        ("2025-03-15", "2026-03-15", ON_TIME, "2027-03-15"),
        ("2025-03-15", "2026-03-16", LATE, "2027-03-16"),
        ("2025-03-15", "2026-09-15", LATE, "2027-09-15"),
        ("2025-03-15", "2026-09-16", LAPSED, ""),
        ("2025-03-15", "2030-01-01", LAPSED, ""),
        # The month before 31 March begins on the last day of February.
        ("2025-03-31", "2026-02-27", EARLY, ""),
        ("2025-03-31", "2026-02-28", ON_TIME, "2027-03-31"),
        # Half a year after 31 August ends on the last day of February, also in a leap year.
        ("2026-08-31", "2028-02-29", LATE, "2029-02-28"),
        ("2026-08-31", "2028-03-01", LAPSED, ""),
        ("2025-08-31", "2027-02-28", LATE, "2028-02-28"),
        ("2025-08-31", "2027-03-01", LAPSED, ""),
        # Issued on 29 February.
        ("2024-02-29", "2025-01-27", EARLY, ""),
        ("2024-02-29", "2025-01-28", ON_TIME, "2026-02-28"),
        ("2024-02-29", "2025-02-28", ON_TIME, "2026-02-28"),
        ("2024-02-29", "2025-03-01", LATE, "2026-03-01"),
        ("2024-02-29", "2025-08-28", LATE, "2026-08-28"),
        ("2024-02-29", "2025-08-29", LAPSED, ""),
    ],
)
def test_endorsement_at_every_boundary(registry, issued, day, outcome, good_through):
    before = issue(registry, issued, residence_since=from_iso(issued) - 200)
    image = registry.card_image(CITY, 1)
    refusals = {EARLY: r"it can be endorsed from .* on \(16\)", LAPSED: r"register anew.*\(18\)"}
    if outcome in refusals:
        with pytest.raises(EndorsementError, match=refusals[outcome]):
            registry.endorse(CITY, 1, keys=KEYS, now=at(day))
        assert registry.permit(CITY, 1) == before
        assert registry.card_image(CITY, 1) == image
        assert len(registry.events(CITY, 1)) == 2
        return
    after = registry.endorse(CITY, 1, keys=KEYS, now=at(day))
    assert registry.permit(CITY, 1) == after
    assert iso(after.good_through) == good_through
    if outcome == ON_TIME:
        assert (after.anchor_day, after.residence_since) == (before.anchor_day, before.residence_since)
    else:
        assert iso(after.anchor_day) == iso(after.residence_since) == day
    assert (after.endorsement_number, after.endorsement_kind, iso(after.endorsement_day)) == (1, 1, day)
    assert names(registry, 1)[2:] == [("endorsed", "yearly, late" if outcome == LATE else "yearly")]


def test_leap_day_comes_back_after_on_time_endorsements(registry):
    issue(registry, "2024-02-29")
    for day, good_through in (
        ("2025-02-20", "2026-02-28"),
        ("2026-02-28", "2027-02-28"),
        ("2027-02-01", "2028-02-29"),
        ("2028-02-29", "2029-02-28"),
    ):
        assert iso(registry.endorse(CITY, 1, keys=KEYS, now=at(day)).good_through) == good_through


def test_early_endorsements_do_not_pile_up(registry):
    issue(registry, "2025-03-15")
    registry.endorse(CITY, 1, keys=KEYS, now=at("2026-02-15"))
    with pytest.raises(EndorsementError, match="2027-02-15"):
        registry.endorse(CITY, 1, keys=KEYS, now=at("2026-02-16"))


def test_endorsements_are_signed_and_the_service_is_replaced(registry):
    issue(registry, "2024-03-15")
    for number, day in enumerate(("2025-03-01", "2026-03-01"), 1):
        registry.endorse(CITY, 1, keys=KEYS, now=at(day), address=f"新街{number}号")
        image, service = files(registry, 1)
        assert len(image.endorsements) == number
        record = Endorsement.from_bytes(image.endorsements[-1])
        assert (record.number, record.serial, iso(record.day)) == (number, 1, day)
        assert record.address == encode_address(f"新街{number}号")
        assert (service.endorsement_number, service.good_through) == (number, record.good_through)
        key = KEYS.trusted.get(record.key_id)
        raw = image.endorsements[-1]
        assert is_signed_by(key, record, raw, ENDORSEMENT_CONTEXT, NativeVerifier())
        assert check_service(image.service, service, KEYS.trusted, NativeVerifier()) == GENUINE
    assert [name for name, _ in names(registry, 1)][2:] == ["endorsed", "address changed"] * 2


def test_endorsement_before_the_last_act_is_refused(registry):
    issue(registry, "2026-03-15")
    registry.replace(CITY, 1, keys=KEYS, now=at("2027-03-10"))
    with pytest.raises(EndorsementError, match=r"2027-03-10: check the date \(16\)"):
        registry.endorse(CITY, 2, keys=KEYS, now=at("2027-03-09"))
    registry.endorse(CITY, 2, keys=KEYS, now=at("2027-03-10"))


def test_endorsement_of_a_suspended_or_revoked_permit_is_refused(registry):
    issue(registry, "2025-03-15")
    registry.suspend(CITY, 1, 5, now=at("2026-03-01"))
    with pytest.raises(SuspendedError, match=r"ground 5 \(19\(5\)\): the new place's organ.*\(17\)"):
        registry.endorse(CITY, 1, keys=KEYS, now=at("2026-03-01"))
    registry.revoke(CITY, 1, "cancelled", now=at("2026-03-01"))
    with pytest.raises(RevokedError, match=r"\(20\)"):
        registry.endorse(CITY, 1, keys=KEYS, now=at("2026-03-01"))


# -- Suspending, restoring, revoking (19, 20) ------------------------------------------------------


def test_overdue_is_never_listed(registry):
    issue(registry, "2024-01-05")
    with pytest.raises(OverdueIsNotListedError, match=r"never listed.*19\(3\)"):
        registry.suspend(CITY, 1, 3, now=at("2025-02-01"))
    assert registry.exceptions(CITY) == (1, {})


@pytest.mark.parametrize("ground", [-1, 0, 7])
def test_ground_that_the_measures_do_not_know_is_refused(registry, ground):
    issue(registry, "2026-01-05")
    with pytest.raises(ApplicationError):
        registry.suspend(CITY, 1, ground, now=at("2026-02-01"))


@pytest.mark.parametrize("cause", ["lost", "cancelled"])
def test_revoked_permit_stays_revoked(registry, cause):
    issue(registry, "2026-01-05")
    registry.revoke(CITY, 1, cause, now=at("2026-02-01"))
    assert registry.exceptions(CITY) == (1, {1: STATUS_REVOKED})
    now = at("2026-02-02")
    for act in (
        lambda: registry.suspend(CITY, 1, 1, now=now),
        lambda: registry.revoke(CITY, 1, "lost", now=now),
        lambda: registry.hand_out(CITY, 1, now=now),
        lambda: registry.endorse(CITY, 1, keys=KEYS, now=now),
    ):
        with pytest.raises(RevokedError):
            act()
    assert registry.exceptions(CITY) == (1, {1: STATUS_REVOKED})
    assert names(registry, 1)[2:] == [("cancelled", cause)]


def test_cause_replaced_is_left_to_replacing(registry):
    issue(registry, "2026-01-05")
    with pytest.raises(ApplicationError):
        registry.revoke(CITY, 1, "replaced", now=at("2026-02-01"))


def test_unknown_serial_is_refused_by_every_act(registry):
    now = at("2026-01-05")
    for act in (
        lambda: registry.endorse(CITY, 1, keys=KEYS, now=now),
        lambda: registry.suspend(CITY, 1, 1, now=now),
        lambda: registry.restore(CITY, 1, now=now),
        lambda: registry.revoke(CITY, 1, "lost", now=now),
        lambda: registry.replace(CITY, 1, keys=KEYS, now=now),
        lambda: registry.hand_out(CITY, 1, now=now),
        lambda: registry.card_image(CITY, 1),
    ):
        with pytest.raises(UnknownPermitError):
            act()


# -- Replacing (20) --------------------------------------------------------------------------------


def test_successor_keeps_the_years_and_the_endorsements(registry):
    issue(registry, "2024-03-15", residence_since=from_iso("2023-09-01"))
    issue(registry, "2024-03-15")
    before = registry.endorse(CITY, 1, keys=KEYS, now=at("2025-03-10"), address="新街1号")
    new = registry.replace(CITY, 1, keys=KEYS, now=at("2025-06-01"))
    old = registry.permit(CITY, 1)
    assert (old.status, old.cause, old.successor) == ("revoked", "replaced", 3)
    assert (new.serial, new.status, new.predecessor) == (3, "valid", 1)
    for name in (
        "anchor_day",
        "residence_since",
        "good_through",
        "endorsement_number",
        "endorsement_day",
        "address",
    ):
        assert getattr(new, name) == getattr(before, name)
    assert iso(new.issue_day) == "2025-06-01"
    assert registry.exceptions(CITY) == (3, {1: STATUS_REVOKED})
    image, service = files(registry, 3)
    assert check_service(image.service, service, KEYS.trusted, NativeVerifier()) == GENUINE
    (record,) = [Endorsement.from_bytes(raw) for raw in image.endorsements]
    assert (record.serial, record.number, iso(record.day)) == (3, 1, "2025-03-10")
    key = KEYS.trusted.get(record.key_id)
    assert is_signed_by(key, record, image.endorsements[0], ENDORSEMENT_CONTEXT, NativeVerifier())
    assert names(registry, 1)[-1] == ("cancelled", "replaced, old card handed back")
    assert names(registry, 3) == [("issued", "successor of 1, fee due")]
    assert iso(registry.endorse(CITY, 3, keys=KEYS, now=at("2026-03-01")).good_through) == "2027-03-15"


def test_lost_card_is_replaced_once(registry):
    issue(registry, "2026-01-05")
    registry.revoke(CITY, 1, "lost", now=at("2026-02-01"))
    assert registry.replace(CITY, 1, keys=KEYS, now=at("2026-02-02")).serial == 2
    assert registry.permit(CITY, 1).cause == "lost"
    assert [name for name, _ in names(registry, 1)].count("cancelled") == 1
    with pytest.raises(RevokedError, match="successor is serial 2"):
        registry.replace(CITY, 1, keys=KEYS, now=at("2026-02-03"))


def test_lost_permit_in_its_years_is_replaced_and_not_applied_for_anew(registry):
    person = holder()
    issue(registry, "2026-01-05", holder=person)
    registry.revoke(CITY, 1, "lost", now=at("2026-02-01"))
    # Good through 2027-01-05, restorable through 2027-07-05.
    for day in ("2026-02-02", "2027-07-05"):
        with pytest.raises(SecondPermitError, match=r"has lost serial 1.*replace it \(20\)"):
            issue(registry, day, holder=person)
    assert registry.replace(CITY, 1, keys=KEYS, now=at("2026-02-03")).serial == 2


def test_lost_card_is_not_replaced_while_its_holder_applies_for_a_new_permit(registry):
    person = holder()
    issue(registry, "2025-01-05", holder=person)
    registry.suspend(CITY, 1, 5, now=at("2025-02-01"))
    registry.revoke(CITY, 1, "lost", now=at("2025-02-02"))
    registry.accept(application(holder=person, registered="2025-03-01"), now=at("2025-09-01"))
    registry.restore(CITY, 1, now=at("2025-09-02"), mistake=True)
    with pytest.raises(SecondPermitError, match="application 1 waits"):
        registry.replace(CITY, 1, keys=KEYS, now=at("2025-09-03"))
    # The suspension was a mistake: the lost permit binds again.
    with pytest.raises(SecondPermitError, match=r"replace it \(20\)"):
        registry.issue_accepted(1, keys=KEYS, now=at("2025-09-03"))
    registry.withdraw(1, now=at("2025-09-03"))
    assert registry.replace(CITY, 1, keys=KEYS, now=at("2025-09-03")).serial == 2


def test_lost_card_is_not_replaced_when_its_holder_has_a_new_permit(registry):
    # Only an older version of this register let both stand.
    person = holder()
    issue(registry, "2026-01-05", holder=person)
    registry.revoke(CITY, 1, "cancelled", now=at("2026-02-01"))
    issue(registry, "2026-02-02", holder=person)
    registry._database.table("permits").update((CITY, 1), {"cause": "lost"})
    with pytest.raises(SecondPermitError, match="holds serial 2"):
        registry.replace(CITY, 1, keys=KEYS, now=at("2026-02-03"))
    assert registry.exceptions(CITY) == (2, {1: STATUS_REVOKED})
    assert registry.permit(CITY, 1).successor == 0
    assert registry.replace(CITY, 2, keys=KEYS, now=at("2026-02-03")).serial == 3


def test_cancelled_permit_is_not_replaced(registry):
    issue(registry, "2026-01-05")
    registry.revoke(CITY, 1, "cancelled", now=at("2026-02-01"))
    with pytest.raises(RevokedError):
        registry.replace(CITY, 1, keys=KEYS, now=at("2026-02-02"))


@pytest.mark.parametrize(("day", "allowed"), [("2027-07-05", True), ("2027-07-06", False)])
def test_lapsed_permit_is_not_replaced(registry, day, allowed):
    issue(registry, "2026-01-05")
    if allowed:
        new = registry.replace(CITY, 1, keys=KEYS, now=at(day))
        assert iso(new.good_through) == "2027-01-05"
    else:
        with pytest.raises(LapsedError):
            registry.replace(CITY, 1, keys=KEYS, now=at(day))


# -- The file --------------------------------------------------------------------------------------


def test_everything_is_there_after_reopening(tmp_path):
    path = tmp_path / "permits.db"
    with Registry(path, create=True) as registry:
        issue(registry, "2025-03-15")
        registry.endorse(CITY, 1, keys=KEYS, now=at("2026-03-01"))
        registry.suspend(CITY, 1, 6, now=at("2026-03-02"))
        before = registry.permit(CITY, 1), registry.card_image(CITY, 1), registry.events(CITY, 1)
    with Registry(path) as registry:
        assert (registry.permit(CITY, 1), registry.card_image(CITY, 1), registry.events(CITY, 1)) == before
        registry.check()
    assert path.stat().st_mode & 0o77 == 0


def test_missing_foreign_or_damaged_file_is_refused(tmp_path):
    with pytest.raises(DatabaseFileError, match="there is no"):
        Registry(tmp_path / "none.db")
    (tmp_path / "text.db").write_text("this is no database, and long enough to be looked at as one" * 9)
    with pytest.raises(DatabaseFileError):
        Registry(tmp_path / "text.db")
    other = sqlite3.connect(tmp_path / "other.db")
    other.execute("CREATE TABLE permits (x)")
    other.close()
    with pytest.raises(DatabaseFileError, match="another kind"):
        Registry(tmp_path / "other.db", create=True)


def test_change_by_another_connection_is_seen(registry, tmp_path):
    first = registry.data_version()
    assert registry.data_version() == first
    with Registry(tmp_path / "permits.db") as other:
        issue(other, "2026-01-05")
    assert registry.data_version() != first


def test_refusal_inside_a_batch_undoes_it_all(registry):
    issue(registry, "2026-01-05")

    def acts():
        with registry.batch():
            registry.suspend(CITY, 1, 1, now=at("2026-02-01"))
            registry.restore(CITY, 2, now=at("2026-02-01"))

    with pytest.raises(UnknownPermitError):
        acts()
    assert registry.exceptions(CITY) == (1, {})
    assert len(registry.events(CITY, 1)) == 2


def test_events_have_names_of_the_standard(registry):
    issue(registry, "2025-03-15")
    registry.hand_out(CITY, 1, now=at("2025-03-18"))
    registry.endorse(CITY, 1, keys=KEYS, now=at("2026-03-15"), address="新街")
    registry.suspend(CITY, 1, 2, now=at("2026-03-16"))
    registry.restore(CITY, 1, now=at("2026-03-16"))
    registry.revoke(CITY, 1, "lost", now=at("2026-03-16"))
    assert {name for name, _ in names(registry, 1)} == set(EVENT_NAMES)


# -- The card image --------------------------------------------------------------------------------


def test_card_image_comes_back_from_its_json(registry):
    issue(registry, "2025-03-15")
    registry.endorse(CITY, 1, keys=KEYS, now=at("2026-03-15"))
    for image in (registry.card_image(CITY, 1), registry.card_image(CITY, 1, KEYS)):
        assert CardImage.from_json(image.to_json()) == image
    nonsense = CardImage(b"i", b"s", (b"e",), b"h", b"p", b"s", b"k")
    assert CardImage.from_json(nonsense.to_json(), checked=False) == nonsense


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content.pop("format"),
        lambda content: content.update(service="zz"),
        lambda content: content.update(service=content["service"] + "00"),
        lambda content: content.update(info=""),
        lambda content: content.update(endorsements="00"),
        lambda content: content.update(endorsements=["00"]),
        lambda content: content.update(photo=5),
        lambda content: content.update(photo="ffd8"),
        lambda content: content.update(photo="ffd8" + "00" * 4093 + "ffd9"),
        lambda content: content.update(holder=content["holder"] + "2000"),
        lambda content: content.update(security=content["service"]),
        lambda content: content.update(security=content["security"][:-2]),
        lambda content: content.update(card_keys=content["card_keys"][2:]),
        lambda content: content.update(card_keys="05010100" + content["card_keys"][8:]),
        lambda content: content.update(secret="00"),
    ],
)
def test_card_image_that_is_not_ours_is_refused(registry, change):
    issue(registry, "2025-03-15")
    content = json.loads(registry.card_image(CITY, 1, KEYS).to_json())
    change(content)
    with pytest.raises(CardImageError):
        CardImage.from_json(json.dumps(content))
    for text in ("", "[]", "nonsense"):
        with pytest.raises(CardImageError):
            CardImage.from_json(text)


# -- A damaged file --------------------------------------------------------------------------------


def test_empty_file_is_not_taken_for_an_empty_registry(tmp_path):
    path = tmp_path / "permits.db"
    path.touch()
    with pytest.raises(DatabaseFileError, match="empty: restore it"):
        Registry(path)
    assert path.stat().st_size == 0


def test_registry_that_could_not_be_made_leaves_no_file(tmp_path, monkeypatch):
    def full(*_, **__):
        raise sqlite3.DatabaseError("disk is full")

    monkeypatch.setattr("juzhu_protocol.authority.database._claim", full)
    with pytest.raises(DatabaseFileError):
        Registry(tmp_path / "permits.db", create=True)
    assert not (tmp_path / "permits.db").exists()


def test_flipped_bit_of_the_registry_is_never_listed(tmp_path):
    path = tmp_path / "permits.db"
    with Registry(path, create=True) as registry:
        for _ in range(3):
            issue(registry, "2026-01-05")
        registry.suspend(CITY, 3, 1, now=at("2026-02-01"))
    good = path.read_bytes()
    listed = 0
    for at_byte in range(0, len(good), 1 if nightly() else 61):
        path.write_bytes(good[:at_byte] + bytes([good[at_byte] ^ 1]) + good[at_byte + 1 :])
        try:
            with Registry(path) as registry:
                assert registry.exceptions(CITY) == (3, {3: STATUS_SUSPENDED})
            listed += 1
        except DatabaseFileError:
            continue
    assert listed

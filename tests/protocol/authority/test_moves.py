"""Endorsements of Article 17: a new address inside one unit, a move across, and their refusals."""

import pytest

from juzhu_protocol.authority import permits
from juzhu_protocol.authority.errors import ApplicationError, EndorsementError, SuspendedError
from juzhu_protocol.authority.keys import KeyRing, KeySpec
from juzhu_protocol.authority.personalise import encode_address
from juzhu_protocol.authority.registry import Registry
from juzhu_protocol.hostside.native import NativeVerifier
from juzhu_protocol.profiles.source import find_profile
from juzhu_protocol.records.card import Endorsement, Info, Service
from juzhu_protocol.rules.calendar import from_iso, iso
from juzhu_protocol.rules.decide import GENUINE, STATUS_SUSPENDED
from juzhu_protocol.rules.kaifeng import KAIFENG
from juzhu_protocol.rules.lifecycle import KIND_ADDRESS, KIND_MOVED, KIND_YEARLY
from juzhu_protocol.rules.profile import Extension
from juzhu_protocol.trust.contexts import ENDORSEMENT_CONTEXT, signed_part
from juzhu_protocol.trust.service import check_service
from permit_tools import CITY, KEYS, at, issue

QIXIAN, LANKAO, ZHENGZHOU, SHUNHE = 410221, 410225, 410102, 410203
DAYS = from_iso("2020-01-01"), from_iso("2040-12-31")


@pytest.fixture
def registry(tmp_path):
    with Registry(tmp_path / "permits.db", create=True) as opened:
        yield opened


def service_of(registry, serial=1):
    return Service.from_bytes(registry.card_image(CITY, serial).service)


def names(registry, serial=1):
    return [(event.name, event.detail) for event in registry.events(CITY, serial)]


def move(registry, day, **given):
    values = {"kind": KIND_ADDRESS, "address": "开封市某路3号", "keys": KEYS, "now": at(day)} | given
    return registry.endorse(CITY, values.pop("serial", 1), **values)


def move_across(registry, day, registered, **given):
    values = {"kind": KIND_MOVED, "issuing_division": QIXIAN, "registered_day": from_iso(registered)}
    return move(registry, day, **(values | given))


# -- Inside one unit (17, first part) --------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "allowed"),
    [
        ("2025-03-15", True),
        ("2025-06-01", True),
        ("2026-03-15", True),
        ("2026-09-15", True),
        ("2026-09-16", False),
    ],
)
def test_new_address_is_endorsed_until_the_permit_lapses_and_moves_no_day(registry, day, allowed):
    before = issue(registry, "2025-03-15")
    if not allowed:
        with pytest.raises(EndorsementError, match=r"register anew.*\(18\)"):
            move(registry, day)
        assert registry.permit(CITY, 1) == before
        return
    after = move(registry, day)
    for name in ("anchor_day", "residence_since", "good_through", "issuing_division", "issue_day"):
        assert getattr(after, name) == getattr(before, name)
    service = service_of(registry)
    assert (service.endorsement_number, service.endorsement_kind, iso(service.endorsement_day)) == (1, 2, day)
    (raw,) = registry.endorsements(CITY, 1)
    assert Endorsement.from_bytes(raw).address == encode_address("开封市某路3号")
    assert names(registry)[2:] == [("endorsed", "address"), ("address changed", "")]


@pytest.mark.parametrize(
    ("moved_on", "told"),
    [
        ("2025-06-16", "moved on 2025-06-16"),
        ("2025-06-01", "moved on 2025-06-01"),
        ("2025-05-31", "moved on 2025-05-31, later than 15 days"),
        ("2025-03-20", "moved on 2025-03-20, later than 15 days"),
    ],
)
def test_being_later_than_15_days_is_noted_and_denies_nobody(registry, moved_on, told):
    issue(registry, "2025-03-15")
    move(registry, "2025-06-16", moved_on=from_iso(moved_on))
    assert names(registry)[-1] == ("address changed", told)
    assert registry.exceptions(CITY) == (1, {})


def test_move_still_to_come_is_refused(registry):
    issue(registry, "2025-03-15")
    with pytest.raises(ApplicationError, match=r"\(17\)"):
        move(registry, "2025-06-16", moved_on=from_iso("2025-06-17"))
    with pytest.raises(ApplicationError, match=r"\(17\)"):
        move(registry, "2026-03-01", kind=KIND_YEARLY, address="", moved_on=from_iso("2025-06-16"))


def test_another_district_of_the_city_is_the_same_unit(registry):
    issue(registry, "2025-03-15")
    move(registry, "2025-06-16", issuing_division=SHUNHE)
    assert service_of(registry).issuing_division == SHUNHE
    assert Endorsement.from_bytes(registry.endorsements(CITY, 1)[0]).issuing_division == SHUNHE


@pytest.mark.parametrize("kind", [KIND_YEARLY, KIND_ADDRESS])
@pytest.mark.parametrize("division", [QIXIAN, LANKAO, ZHENGZHOU])
def test_another_county_is_no_address_endorsement(registry, kind, division):
    issue(registry, "2025-03-15")
    with pytest.raises(EndorsementError, match=r"kind moved, half a year.*\(17\)"):
        move(registry, "2026-03-01", kind=kind, issuing_division=division)


@pytest.mark.parametrize("kind", [KIND_ADDRESS, KIND_MOVED])
@pytest.mark.parametrize("address", ["", "开封市某街2号"])
def test_move_without_a_new_address_is_refused(registry, kind, address):
    issue(registry, "2025-03-15")
    division = QIXIAN if kind == KIND_MOVED else 0
    with pytest.raises(ApplicationError, match=r"new address \(16, 17\)"):
        move(registry, "2026-03-01", kind=kind, address=address, issuing_division=division, registered_day=1)


def test_unknown_kind_is_refused(registry):
    issue(registry, "2025-03-15")
    with pytest.raises(ApplicationError, match="yearly, address, moved"):
        move(registry, "2026-03-01", kind=4)


def test_same_county_stays_one_unit_in_a_place_without_units_of_ours(registry):
    other = issue(registry, "2025-03-15", issuing_division=ZHENGZHOU)
    after = registry.endorse(
        other.list_division, 1, keys=KEYS, now=at("2025-06-16"), kind=KIND_ADDRESS, address="郑州市某路3号"
    )
    assert after.good_through == other.good_through


# -- Across (17, second part; 19(5)) ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("registered", "day", "allowed"),
    [
        ("2025-08-31", "2026-02-27", False),
        ("2025-08-31", "2026-02-28", True),
        ("2025-08-31", "2026-03-01", True),
        ("2025-05-01", "2025-10-31", False),
        ("2025-05-01", "2025-11-01", True),
        # Half a year after good-through (2026-03-15) it has lapsed.
        ("2026-01-01", "2026-09-15", True),
        ("2026-01-01", "2026-09-16", False),
    ],
)
def test_moved_endorsement_at_every_boundary_restores_and_restarts(registry, registered, day, allowed):
    issue(registry, "2025-03-15", residence_since=from_iso("2024-01-01"))
    before = registry.suspend(CITY, 1, 5, now=at(registered))
    if not allowed:
        with pytest.raises(EndorsementError, match=r"\((17|18)\)"):
            move_across(registry, day, registered)
        assert registry.permit(CITY, 1) == before
        assert registry.exceptions(CITY) == (1, {1: STATUS_SUSPENDED})
        return
    after = move_across(registry, day, registered)
    assert (after.status, after.ground, after.issuing_division) == ("valid", 0, QIXIAN)
    assert iso(after.anchor_day) == iso(after.residence_since) == day
    assert after.good_through == permits.issued(from_iso(day)).good_through
    assert after.issue_day == before.issue_day
    assert registry.exceptions(CITY) == (1, {})
    assert names(registry)[-3:] == [
        ("endorsed", "moved"),
        ("restored", "ground 5, moved"),
        ("address changed", ""),
    ]
    image = registry.card_image(CITY, 1)
    assert check_service(image.service, service_of(registry), KEYS.trusted, NativeVerifier()) == GENUINE


def test_move_that_nobody_had_reported_is_endorsed_the_same_way(registry):
    issue(registry, "2025-03-15")
    after = move_across(registry, "2026-01-10", "2025-07-10")
    assert (after.status, after.issuing_division, iso(after.good_through)) == ("valid", QIXIAN, "2027-01-10")
    assert "restored" not in [name for name, _ in names(registry)]


@pytest.mark.parametrize("ground", [1, 2, 4, 6])
def test_moving_restores_no_suspension_on_another_ground(registry, ground):
    issue(registry, "2025-03-15")
    registry.suspend(CITY, 1, ground, now=at("2025-05-01"))
    with pytest.raises(SuspendedError, match=rf"ground {ground} \(19\({ground}\)\)"):
        move_across(registry, "2025-11-01", "2025-05-01")


@pytest.mark.parametrize("kind", [KIND_YEARLY, KIND_ADDRESS])
def test_only_a_moved_endorsement_restores_who_moved_away(registry, kind):
    issue(registry, "2025-03-15")
    registry.suspend(CITY, 1, 5, now=at("2025-05-01"))
    with pytest.raises(SuspendedError, match=r"the new place's organ endorses it as moved.*\(17\)"):
        move(registry, "2026-03-01", kind=kind)


@pytest.mark.parametrize("division", [0, 410202, SHUNHE])
def test_old_places_own_unit_cannot_write_a_moved_endorsement(registry, division):
    issue(registry, "2025-03-15")
    with pytest.raises(EndorsementError, match=r"kind address \(17\)"):
        move_across(registry, "2025-11-01", "2025-05-01", issuing_division=division)


def test_move_to_another_city_needs_a_permit_there(registry):
    issue(registry, "2025-03-15")
    with pytest.raises(EndorsementError, match=r"apply there for a new permit \(7, 8\)"):
        move_across(registry, "2025-11-01", "2025-05-01", issuing_division=ZHENGZHOU)


def test_moved_endorsement_names_its_registration(registry):
    issue(registry, "2025-03-15")
    with pytest.raises(ApplicationError, match=r"registration at the new place \(17\)"):
        move(registry, "2025-11-01", kind=KIND_MOVED, issuing_division=QIXIAN)


@pytest.mark.parametrize(
    ("registered", "allowed"),
    [("2010-01-01", False), ("2025-03-14", False), ("2025-03-15", True), ("2025-03-20", True)],
)
def test_registration_older_than_the_permit_shows_no_move(registry, registered, allowed):
    before = issue(registry, "2025-03-15")
    if allowed:
        assert move_across(registry, "2025-09-20", registered).issuing_division == QIXIAN
        return
    for day in ("2025-04-05", "2025-09-20"):
        with pytest.raises(EndorsementError, match=rf"{registered}, before.*2025-03-15.*\(17\)"):
            move_across(registry, day, registered)
    assert registry.permit(CITY, 1) == before


@pytest.mark.parametrize(("registered", "allowed"), [("2026-02-28", False), ("2026-03-01", True)])
def test_registration_older_than_the_last_endorsement_shows_no_move(registry, registered, allowed):
    issue(registry, "2025-03-15")
    registry.endorse(CITY, 1, keys=KEYS, now=at("2026-03-01"))
    if allowed:
        assert move_across(registry, "2026-09-05", registered).issuing_division == QIXIAN
        return
    with pytest.raises(EndorsementError, match=r"2026-03-01.*\(17\)"):
        move_across(registry, "2026-09-05", registered)


def test_card_replaced_after_the_move_costs_no_second_half_year(registry):
    issue(registry, "2025-03-15")
    registry.replace(CITY, 1, keys=KEYS, now=at("2025-06-01"))
    assert move_across(registry, "2025-11-01", "2025-05-01", serial=2).issuing_division == QIXIAN


def test_each_organs_key_signs_for_its_own_divisions_alone(tmp_path):
    specs = [
        *(KeySpec(f"root-{number}", "root", (), *DAYS) for number in (1, 2)),
        KeySpec("city", "permit", (410202, SHUNHE), *DAYS),
        KeySpec("qixian", "permit", (QIXIAN,), *DAYS),
    ]
    keys = KeyRing.make(tmp_path / "keys", specs, at("2025-01-01"))
    city, qixian = (key.key_id for key in keys.keys[2:])
    with Registry(tmp_path / "permits.db", create=True) as registry:
        issue(registry, "2025-03-15", keys=keys)
        move(registry, "2025-04-01", keys=keys)
        assert service_of(registry).key_id == city
        move_across(registry, "2025-11-01", "2025-05-01", keys=keys, address="杞县某路4号")
        image = registry.card_image(CITY, 1)
        service = service_of(registry)
        assert (service.key_id, Info.from_bytes(image.info).key_id) == (qixian, city)
        assert check_service(image.service, service, keys.trusted, NativeVerifier()) == GENUINE
        records = [Endorsement.from_bytes(raw) for raw in image.endorsements]
        assert [record.key_id for record in records] == [city, qixian]
        # On a successor's card each copy is signed for the organ that endorsed.
        registry.replace(CITY, 1, keys=keys, now=at("2025-12-01"))
        copies = registry.card_image(CITY, 2).endorsements
        for raw, key in zip(copies, (city, qixian), strict=True):
            record = Endorsement.from_bytes(raw)
            public = keys.trusted.get(record.key_id).public_key
            assert record.key_id == key
            assert NativeVerifier().verify(
                record.suite, public, ENDORSEMENT_CONTEXT, signed_part(raw), record.signature
            )


# -- Profiles: extensions, no end, other cities ----------------------------------------------------


def test_extended_good_through_counts_as_good_when_the_authority_endorses(tmp_path):
    good, through = from_iso("2026-03-15"), from_iso("2026-05-31")
    profile = KAIFENG.with_extensions([Extension(good - 30, good, through)])
    with Registry(tmp_path / "permits.db", create=True, profile=profile) as registry:
        for _ in range(4):
            before = issue(registry, "2025-03-15")
        on_time = registry.endorse(CITY, 1, keys=KEYS, now=at("2026-05-31"))
        assert (on_time.anchor_day, iso(on_time.good_through)) == (before.anchor_day, "2027-03-15")
        late = registry.endorse(CITY, 2, keys=KEYS, now=at("2026-06-01"))
        assert (iso(late.anchor_day), iso(late.good_through)) == ("2026-06-01", "2027-06-01")
        # Half a year counts from the extended day: 30 November.
        assert iso(registry.replace(CITY, 3, keys=KEYS, now=at("2026-11-30")).issue_day) == "2026-11-30"
        with pytest.raises(EndorsementError, match="until 2026-11-30"):
            registry.endorse(CITY, 4, keys=KEYS, now=at("2026-12-01"))


def test_place_without_an_end_restores_however_late():
    beijing = find_profile("beijing").profile
    permit = permits.issue(
        list_division=beijing.list_division,
        serial=1,
        issuing_division=min(beijing.units),
        permit_class=1,
        birth_day=from_iso("1960-03-01"),
        address="北京市某街2号",
        day=from_iso("2020-03-15"),
        residence_since=from_iso("2020-03-15"),
        registered_day=0,
    )
    assert permits.last_late_day(permit, beijing) is None
    assert permits.is_standing(permit, from_iso("2036-01-01"), beijing)
    after = permits.endorse(permit, from_iso("2036-01-01"), beijing)
    assert iso(after.good_through) == "2037-01-01"

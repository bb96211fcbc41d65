"""Articles 19 and 20: the grounds and the ways back, lost and damaged cards, and keys that have changed since."""

import sqlite3
from dataclasses import replace

import pytest

from juzhu_protocol.authority.errors import (
    ApplicationError,
    BackwardsError,
    EndorsementRecordError,
    HandedOutError,
    NotSuspendedError,
    NoWayBackError,
    RevokedError,
    SecondPermitError,
    SuspendedError,
)
from juzhu_protocol.authority.keys import KeyRing, KeySpec, bundle_body, sign_bundle
from juzhu_protocol.authority.registry import Registry
from juzhu_protocol.hostside.native import NativeVerifier
from juzhu_protocol.records.card import Endorsement, Service
from juzhu_protocol.rules.calendar import from_iso, iso
from juzhu_protocol.rules.decide import GENUINE, KEY_WITHDRAWN, STATUS_REVOKED, STATUS_SUSPENDED
from juzhu_protocol.trust.bundle import PURPOSE_PERMIT, may_sign
from juzhu_protocol.trust.contexts import ENDORSEMENT_CONTEXT, is_signed_by
from juzhu_protocol.trust.service import check_service
from permit_tools import CITY, ISSUER, KEYS, application, at, holder, issue


@pytest.fixture
def registry(tmp_path):
    with Registry(tmp_path / "permits.db", create=True) as opened:
        yield opened


def names(registry, serial=1):
    return [(event.name, event.detail) for event in registry.events(CITY, serial)]


# -- Ways back from a suspension (19) --------------------------------------------------------------


@pytest.mark.parametrize("ground", [2, 6])
def test_suspension_whose_reason_has_ceased_is_lifted_and_brings_back_exactly_what_it_took(registry, ground):
    before = issue(registry, "2026-01-05")
    image = registry.card_image(CITY, 1)
    registry.suspend(CITY, 1, ground, now=at("2026-02-01"))
    assert registry.exceptions(CITY) == (1, {1: STATUS_SUSPENDED})
    assert registry.restore(CITY, 1, now=at("2026-02-02")) == before
    assert registry.exceptions(CITY) == (1, {})
    assert registry.card_image(CITY, 1) == image
    assert names(registry)[2:] == [
        ("suspended", f"ground {ground}"),
        ("restored", f"ground {ground}, reason has ceased"),
    ]


@pytest.mark.parametrize(
    ("ground", "remedy"),
    [
        (1, r"apply anew with true papers \(8, 9\)"),
        (4, "a permanent resident needs no permit"),
        (5, r"the new place's organ endorses it as moved.*\(17\)"),
    ],
)
def test_ground_without_a_way_back_is_restored_only_as_a_mistake(registry, ground, remedy):
    before = issue(registry, "2026-01-05")
    registry.suspend(CITY, 1, ground, now=at("2026-02-01"))
    with pytest.raises(NoWayBackError, match=rf"19\({ground}\).*{remedy}.*own mistake"):
        registry.restore(CITY, 1, now=at("2026-02-02"))
    assert registry.exceptions(CITY) == (1, {1: STATUS_SUSPENDED})
    restored = registry.restore(CITY, 1, now=at("2026-02-02"), mistake=True, note="混淆了两份档案")
    assert restored == before
    assert names(registry)[-1] == ("restored", f"ground {ground}, mistake: 混淆了两份档案")


@pytest.mark.parametrize("ground", [1, 2, 4, 5, 6])
def test_mistake_is_corrected_on_any_ground(registry, ground):
    before = issue(registry, "2026-01-05")
    registry.suspend(CITY, 1, ground, now=at("2026-02-01"))
    assert registry.restore(CITY, 1, now=at("2026-02-02"), mistake=True) == before
    assert names(registry)[-1] == ("restored", f"ground {ground}, mistake")


@pytest.mark.parametrize("note", ["长" * 201, "a\nb", "\x1b[2J"])
def test_note_that_nobody_can_read_is_refused(registry, note):
    issue(registry, "2026-01-05")
    registry.suspend(CITY, 1, 1, now=at("2026-02-01"))
    with pytest.raises(ApplicationError, match="200 printable"):
        registry.restore(CITY, 1, now=at("2026-02-02"), mistake=True, note=note)


@pytest.mark.parametrize("mistake", [False, True])
def test_nothing_is_restored_where_nothing_was_suspended(registry, mistake):
    issue(registry, "2026-01-05")
    with pytest.raises(NotSuspendedError):
        registry.restore(CITY, 1, now=at("2026-02-02"), mistake=mistake)
    registry.revoke(CITY, 1, "lost", now=at("2026-02-03"))
    with pytest.raises(NotSuspendedError, match=r"replace it \(20\)"):
        registry.restore(CITY, 1, now=at("2026-02-04"), mistake=mistake)


@pytest.mark.parametrize("ground", [1, 2, 4, 5, 6])
def test_second_suspension_is_refused(registry, ground):
    issue(registry, "2026-01-05")
    registry.suspend(CITY, 1, ground, now=at("2026-02-01"))
    with pytest.raises(SuspendedError, match=rf"19\({ground}\)\) already"):
        registry.suspend(CITY, 1, 1, now=at("2026-02-01"))


@pytest.mark.parametrize(
    ("ground", "remedy"),
    [
        (1, "have it cancelled and apply anew"),
        (2, "restore it once the conditions"),
        (4, "have it cancelled"),
        (5, "endorses it as moved"),
        (6, "restore it once its reason"),
    ],
)
def test_suspended_holder_who_applies_anew_is_told_the_way_that_is_open(registry, ground, remedy):
    person = holder()
    issue(registry, "2026-01-05", holder=person)
    registry.suspend(CITY, 1, ground, now=at("2026-02-01"))
    with pytest.raises(SecondPermitError, match=remedy):
        issue(registry, "2026-03-05", holder=person)


def test_permit_from_false_papers_is_cancelled_before_a_new_one(registry):
    person = holder()
    issue(registry, "2026-01-05", holder=person)
    registry.suspend(CITY, 1, 1, now=at("2026-02-01"))
    registry.revoke(CITY, 1, "cancelled", now=at("2026-03-01"))
    assert issue(registry, "2026-03-05", holder=person).serial == 2


# -- Lost while suspended ---------------------------------------------------------------------------


@pytest.mark.parametrize("lose_it_first", [False, True])
@pytest.mark.parametrize("ground", [1, 2, 4, 5, 6])
def test_suspension_is_not_shaken_off_by_a_new_card(registry, ground, lose_it_first):
    issue(registry, "2026-01-05")
    registry.suspend(CITY, 1, ground, now=at("2026-02-01"))
    if lose_it_first:
        registry.revoke(CITY, 1, "lost", now=at("2026-02-01"))
    for handed_back in (True, False):
        with pytest.raises(SuspendedError, match=rf"19\({ground}\).*shake off"):
            registry.replace(CITY, 1, keys=KEYS, now=at("2026-02-02"), handed_back=handed_back)
    assert registry.exceptions(CITY) == (1, {1: STATUS_REVOKED if lose_it_first else STATUS_SUSPENDED})


@pytest.mark.parametrize("ground", [1, 2, 4, 5, 6])
def test_mistaken_suspension_of_a_lost_card_is_lifted_and_then_it_is_replaced(registry, ground):
    issue(registry, "2026-01-05")
    registry.suspend(CITY, 1, ground, now=at("2026-02-01"))
    registry.revoke(CITY, 1, "lost", now=at("2026-02-02"))
    restored = registry.restore(CITY, 1, now=at("2026-02-03"), mistake=True)
    assert (restored.status, restored.cause, restored.ground) == ("revoked", "lost", 0)
    assert registry.exceptions(CITY) == (1, {1: STATUS_REVOKED})
    new = registry.replace(CITY, 1, keys=KEYS, now=at("2026-02-04"))
    assert (new.status, new.ground, iso(new.good_through)) == ("valid", 0, "2027-01-05")
    with pytest.raises(RevokedError, match="successor is serial 2"):
        registry.restore(CITY, 1, now=at("2026-02-05"), mistake=True)


@pytest.mark.parametrize("ground", [2, 6])
def test_ceased_reason_of_a_lost_card_is_lifted_too(registry, ground):
    issue(registry, "2026-01-05")
    registry.suspend(CITY, 1, ground, now=at("2026-02-01"))
    registry.revoke(CITY, 1, "lost", now=at("2026-02-02"))
    registry.restore(CITY, 1, now=at("2026-02-03"))
    assert registry.replace(CITY, 1, keys=KEYS, now=at("2026-02-04")).status == "valid"


@pytest.mark.parametrize(
    ("ground", "remedy"), [(1, "apply anew"), (4, "needs no permit"), (5, "at the new place")]
)
def test_lost_card_without_a_way_back_is_told_no_circle(registry, ground, remedy):
    person = holder()
    issue(registry, "2026-01-05", holder=person)
    registry.suspend(CITY, 1, ground, now=at("2026-02-01"))
    registry.revoke(CITY, 1, "lost", now=at("2026-02-02"))
    with pytest.raises(NoWayBackError, match=remedy):
        registry.restore(CITY, 1, now=at("2026-02-03"))
    with pytest.raises(SuspendedError, match=remedy):
        registry.replace(CITY, 1, keys=KEYS, now=at("2026-02-03"))
    # What the message tells the holder to do is open.
    if ground != 5:
        registry.revoke(CITY, 1, "cancelled", now=at("2026-02-03"))
    assert issue(registry, "2026-09-01", holder=person, issuing_division=410221).serial == 2


@pytest.mark.parametrize("lose_it", [True, False])
@pytest.mark.parametrize("today", ["2026-08-01", "2028-03-01"])
@pytest.mark.parametrize("ground", [1, 2, 4, 6])
def test_suspension_is_shaken_off_by_no_loss_and_no_lapse(registry, ground, today, lose_it):
    # Lapsed after 2027-07-05. The ways out are to lift it or to have it cancelled.
    person = holder()
    issue(registry, "2026-01-05", holder=person, registered_day=from_iso("2025-01-05"))
    registry.suspend(CITY, 1, ground, now=at("2026-02-01"))
    if lose_it:
        registry.revoke(CITY, 1, "lost", now=at("2026-02-02"))
    for registered in ("2025-01-05", "2026-01-10", "2027-07-06"):
        one = application(holder=person, registered=registered)
        with pytest.raises(SecondPermitError, match=r"serial 1.*\(8\)"):
            registry.accept(one, now=at(today))
        with pytest.raises(SecondPermitError):
            issue(registry, today, holder=person, registered_day=from_iso(registered))
    assert registry.exceptions(CITY) == (1, {1: STATUS_REVOKED if lose_it else STATUS_SUSPENDED})
    registry.revoke(CITY, 1, "cancelled", now=at("2026-02-03"))
    assert issue(registry, today, holder=person).serial == 2


@pytest.mark.parametrize(
    ("ground", "way"), [(2, "then apply anew"), (5, "since the suspension"), (6, "then apply anew")]
)
def test_suspended_holder_whose_permit_lapsed_is_sent_to_no_endorsement(registry, ground, way):
    person = holder()
    issue(registry, "2026-01-05", holder=person)
    registry.suspend(CITY, 1, ground, now=at("2026-02-01"))
    with pytest.raises(SecondPermitError, match=way):
        issue(registry, "2028-03-01", holder=person, registered_day=from_iso("2026-02-01"))
    if ground != 5:
        registry.restore(CITY, 1, now=at("2028-03-01"))
    assert issue(registry, "2028-03-01", holder=person, registered_day=from_iso("2027-07-06")).serial == 2


@pytest.mark.parametrize(
    ("registered", "allowed"), [("2025-01-05", False), ("2026-02-01", False), ("2026-02-02", True)]
)
def test_lost_card_of_who_moved_away_gives_way_to_a_registration_made_since(registry, registered, allowed):
    person = holder()
    issue(registry, "2026-01-05", holder=person)
    registry.suspend(CITY, 1, 5, now=at("2026-02-01"))
    registry.revoke(CITY, 1, "lost", now=at("2026-02-01"))
    one = application(holder=person, registered=registered, division=410221)
    if not allowed:
        with pytest.raises(SecondPermitError, match=r"has lost serial 1.*since the suspension"):
            registry.accept(one, now=at("2026-09-01"))
        assert registry.exceptions(CITY) == (1, {1: STATUS_REVOKED})
        return
    registry.accept(one, now=at("2026-09-01"))
    assert registry.issue_accepted(1, keys=KEYS, now=at("2026-09-01")).serial == 2
    assert names(registry)[-2:] == [("cancelled", "lost"), ("cancelled", "lost, registered anew")]


def test_lost_card_is_cancelled_once_and_a_replaced_one_not_at_all(registry):
    for serial in (1, 2):
        issue(registry, "2026-01-05")
        registry.revoke(CITY, serial, "lost", now=at("2026-02-01"))
    registry.revoke(CITY, 1, "cancelled", now=at("2026-02-02"))
    registry.replace(CITY, 2, keys=KEYS, now=at("2026-02-02"))
    for serial in (1, 2):
        with pytest.raises(RevokedError):
            registry.revoke(CITY, serial, "cancelled", now=at("2026-02-03"))


@pytest.mark.parametrize("cause", ["cancelled"])
def test_cancelled_permit_is_not_restored(registry, cause):
    issue(registry, "2026-01-05")
    registry.suspend(CITY, 1, 1, now=at("2026-02-01"))
    registry.revoke(CITY, 1, cause, now=at("2026-02-02"))
    with pytest.raises(RevokedError):
        registry.restore(CITY, 1, now=at("2026-02-03"), mistake=True)


# -- Cards handed out and handed back (12, 20) ------------------------------------------------------


def test_card_is_handed_out_once_and_its_successor_again(registry):
    issue(registry, "2026-01-05")
    with pytest.raises(BackwardsError, match=r"\(12\)"):
        registry.hand_out(CITY, 1, now=at("2026-01-04"))
    assert iso(registry.hand_out(CITY, 1, now=at("2026-01-05")).handed_out_day) == "2026-01-05"
    with pytest.raises(HandedOutError, match=r"2026-01-05 \(12\).*\(20\)"):
        registry.hand_out(CITY, 1, now=at("2026-01-06"))
    new = registry.replace(CITY, 1, keys=KEYS, now=at("2026-01-07"))
    assert new.handed_out_day == 0
    registry.hand_out(CITY, 2, now=at("2026-01-08"))
    assert names(registry, 2) == [("issued", "successor of 1, fee due"), ("handed out", "")]


def test_old_card_that_cannot_be_handed_back_is_revoked_as_lost(registry):
    issue(registry, "2026-01-05")
    new = registry.replace(CITY, 1, keys=KEYS, now=at("2026-02-01"), handed_back=False)
    old = registry.permit(CITY, 1)
    assert (old.status, old.cause, old.successor, new.predecessor) == ("revoked", "lost", 2, 1)
    assert names(registry)[2:] == [("cancelled", "lost")]


# -- Keys that were rotated or revoked since (20) ---------------------------------------------------

FIRST, LAST = from_iso("2020-01-01"), from_iso("2040-12-31")
CHANGE = from_iso("2026-06-01")


@pytest.fixture
def rings(tmp_path):
    """The organ's ring before its key changed, after it was rotated, and after it was revoked."""
    roots = [KeySpec(f"root-{number}", "root", (), FIRST, LAST) for number in (1, 2)]
    made = KeyRing.make(
        tmp_path / "keys",
        [
            *roots,
            KeySpec("organ-1", "permit", (ISSUER,), FIRST, LAST),
            KeySpec("organ-2", "permit", (ISSUER,), CHANGE, LAST),
        ],
        at("2025-01-01"),
    )
    *root_keys, first, second = made.keys

    def ring(*keys):
        kept = [*root_keys, *keys]
        bundle = sign_bundle(bundle_body(kept, 2, at("2025-01-01")), root_keys)
        return KeyRing(kept, made.roots, bundle, sams=made.sams.values())

    ended = replace(first, spec=replace(first.spec, valid_through=CHANGE - 1))
    withdrawn = replace(first, spec=replace(first.spec, revoked_on=CHANGE))
    return ring(first), {"rotated": ring(ended, second), "revoked": ring(withdrawn, second)}, ring(second)


def issue_and_endorse(registry, keys):
    issue(registry, "2024-03-15", keys=keys)
    registry.endorse(CITY, 1, keys=keys, now=at("2025-03-10"), address="新街1号")
    registry.endorse(CITY, 1, keys=keys, now=at("2026-03-10"))


@pytest.mark.parametrize("change", ["rotated", "revoked"])
def test_card_older_than_the_organs_key_is_replaced_and_genuine(registry, rings, change):
    before, after, _ = rings
    keys = after[change]
    issue_and_endorse(registry, before)
    old_image = registry.card_image(CITY, 1)
    old_service = Service.from_bytes(old_image.service)
    expected = {"rotated": GENUINE, "revoked": KEY_WITHDRAWN}[change]
    assert check_service(old_image.service, old_service, keys.trusted, NativeVerifier()) == expected

    new = registry.replace(CITY, 1, keys=keys, now=at("2026-07-01"))
    image = registry.card_image(CITY, 2)
    service = Service.from_bytes(image.service)
    assert check_service(image.service, service, keys.trusted, NativeVerifier()) == GENUINE
    days = []
    for raw, original in zip(image.endorsements, old_image.endorsements, strict=True):
        record, source = Endorsement.from_bytes(raw), Endorsement.from_bytes(original)
        key = keys.trusted.get(record.key_id)
        assert not key.revoked_on
        assert may_sign(key, PURPOSE_PERMIT, record.issuing_division, max(service.issue_day, record.day))
        assert is_signed_by(key, record, raw, ENDORSEMENT_CONTEXT, NativeVerifier())
        same = ("number", "kind", "day", "address", "good_through", "issuing_division")
        assert [getattr(record, name) for name in same] == [getattr(source, name) for name in same]
        assert record.serial == new.serial
        days.append(iso(record.day))
    assert days == ["2025-03-10", "2026-03-10"]


@pytest.mark.parametrize(
    "forge",
    [
        lambda raw: raw[:-1] + bytes([raw[-1] ^ 1]),
        lambda raw: raw[:12] + bytes([raw[12], raw[13] ^ 1]) + raw[14:],
        lambda raw: raw[:-1],
    ],
)
def test_endorsement_altered_in_the_register_is_not_signed_anew(registry, tmp_path, forge):
    issue(registry, "2025-03-15")
    registry.endorse(CITY, 1, keys=KEYS, now=at("2026-03-10"))
    other = sqlite3.connect(tmp_path / "permits.db")
    (raw,) = registry.endorsements(CITY, 1)
    other.execute("UPDATE endorsements SET record = ?", (forge(raw),))
    other.commit()
    other.close()
    with pytest.raises(EndorsementRecordError, match="serial 1"):
        registry.replace(CITY, 1, keys=KEYS, now=at("2026-07-01"))
    assert registry.exceptions(CITY) == (1, {})


def test_another_cards_endorsement_is_not_carried_over(registry, tmp_path):
    for serial in (1, 2):
        issue(registry, "2025-03-15")
        registry.endorse(CITY, serial, keys=KEYS, now=at("2026-03-10"))
    other = sqlite3.connect(tmp_path / "permits.db")
    other.execute("UPDATE endorsements SET record = ? WHERE serial = 1", registry.endorsements(CITY, 2))
    other.commit()
    other.close()
    with pytest.raises(EndorsementRecordError, match="restore the registry from a backup"):
        registry.replace(CITY, 1, keys=KEYS, now=at("2026-07-01"))


def test_key_that_left_the_bundle_is_named(registry, rings):
    before, _, without = rings
    issue_and_endorse(registry, before)
    with pytest.raises(EndorsementRecordError, match="revoked key stays in the bundle"):
        registry.replace(CITY, 1, keys=without, now=at("2026-07-01"))

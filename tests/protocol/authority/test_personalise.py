"""What the authority writes into a card, checked by other people's code and byte for byte through its life."""

import hashlib
import sqlite3
from dataclasses import replace

import pytest
from card_tools import Draws, card_of, converse, desk
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from sm2_libraries import der, libraries

from juzhu_protocol.authority import personalise
from juzhu_protocol.authority.errors import ApplicationError, EndorsementRecordError, NoKeyError
from juzhu_protocol.authority.holder_file import HolderFile
from juzhu_protocol.authority.key_specs import KeySpec
from juzhu_protocol.authority.keys import KeyRing, bundle_body, sign_bundle
from juzhu_protocol.authority.made_up import ADDRESS, holder
from juzhu_protocol.authority.registry import Registry
from juzhu_protocol.authority.sam_set import SamSet
from juzhu_protocol.card.keys import ROLE_COUNTER
from juzhu_protocol.card.sam import SoftwareSam
from juzhu_protocol.crypto.signature import SUITE_ES256, SUITE_SM2_SM3
from juzhu_protocol.hostside.native import NativeVerifier
from juzhu_protocol.records.card import CardKeys, Endorsement, Info, Security, Service
from juzhu_protocol.rules.calendar import add_months, from_iso
from juzhu_protocol.rules.decide import FORGED, GENUINE
from juzhu_protocol.rules.lifecycle import KIND_ADDRESS, KIND_MOVED
from juzhu_protocol.trust.bundle import PURPOSE_ENDORSEMENT, PURPOSE_PERMIT
from juzhu_protocol.trust.chip import judge_chip
from juzhu_protocol.trust.contexts import SERVICE_CONTEXT, signed_part
from juzhu_protocol.trust.service import check_service
from juzhu_simulator.portrait import portrait
from parts import needs
from permit_tools import CITY, at

BORN = from_iso("1956-04-12")
LONGTING, QIXIAN = 410202, 410221
DAYS = (from_iso("2020-01-01"), from_iso("2040-12-31"))
PHOTO = portrait(BORN, 2)
SUITES = [
    pytest.param(SUITE_ES256, id="ES256"),
    pytest.param(SUITE_SM2_SM3, id="SM2-SM3", marks=needs("openssl")),
]
SPECS = [
    *(KeySpec(f"root-{number}", "root", (), *DAYS) for number in (1, 2)),
    KeySpec("permit", "permit", (LONGTING, QIXIAN), *DAYS),
    KeySpec("permit-sm2", "permit", (LONGTING, QIXIAN), *DAYS, suite=SUITE_SM2_SM3),
    KeySpec("desk", "endorsement", (LONGTING,), *DAYS),
    KeySpec("desk-sm2", "endorsement", (LONGTING,), *DAYS, suite=SUITE_SM2_SM3),
]


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """An organ that issues in both suites, and a desk that only endorses."""
    return KeyRing.make(tmp_path_factory.mktemp("authority") / "keys", SPECS, at("2025-01-01"))


@pytest.fixture
def registry(tmp_path):
    with Registry(tmp_path / "permits.db", create=True) as opened:
        yield opened


def issue(registry, keys, day="2025-03-15", **given):
    return registry.issue(
        given.pop("holder", None) or holder(BORN, 2),
        address=ADDRESS,
        issuing_division=LONGTING,
        keys=keys,
        now=at(day),
        registered_day=add_months(from_iso(day), -6),
        **{"photo": PHOTO} | given,
    )


def key_of(keys, name):
    return next(key for key in keys.keys if key.spec.name == name)


def others_accept(suite, public_key, context, raw):
    """What the cryptography package, or OpenSSL and Tongsuo, say of the signature at a record's end."""
    content, signature = context + b"\x00" + raw[:-64], raw[-64:]
    if suite == SUITE_SM2_SM3:
        verdicts = {library.verify(public_key, content, der(signature)) for library in libraries()}
        assert len(verdicts) == 1
        return verdicts.pop()
    r, s = (int.from_bytes(signature[at : at + 32], "big") for at in (0, 32))
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + public_key)
    try:
        key.verify(encode_dss_signature(r, s), content, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def others_hash(suite, data):
    if suite == SUITE_ES256:
        return hashlib.sha256(data).digest()
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize()


def others_public_key(suite, secret):
    """X||Y of a private key."""
    if suite == SUITE_SM2_SM3:
        (openssl,) = [library for library in libraries() if library.name == "openssl"]
        x, y = openssl.multiple(int.from_bytes(secret, "big"))
        return x.to_bytes(32, "big") + y.to_bytes(32, "big")
    numbers = (
        ec.derive_private_key(int.from_bytes(secret, "big"), ec.SECP256R1()).public_key().public_numbers()
    )
    return numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")


def check_with_others(image, keys, suite, *, signer, endorsed_by=()):
    """Every file holds by other people's code: suites, signatures, hashes, and the chip's own key."""
    info, service = Info.from_bytes(image.info), Service.from_bytes(image.service)
    security = Security.from_bytes(image.security)
    permit_key = key_of(keys, "permit-sm2" if suite == SUITE_SM2_SM3 else "permit")
    assert {info.suite, service.suite, security.suite} == {suite}
    assert info.key_id == security.key_id == permit_key.key_id
    assert others_accept(suite, permit_key.public_key, b"juzhu/1/security", image.security)
    assert service.key_id == signer.key_id
    assert others_accept(suite, signer.public_key, b"juzhu/1/service", image.service)
    assert security.holder_hash == others_hash(suite, image.holder)
    assert security.photo_hash == others_hash(suite, image.photo)
    for raw, key in zip(image.endorsements, endorsed_by, strict=True):
        record = Endorsement.from_bytes(raw)
        assert (record.suite, record.key_id, record.serial) == (suite, key.key_id, service.serial)
        assert others_accept(suite, key.public_key, b"juzhu/1/endorsement", raw)
    card_keys = CardKeys.from_bytes(image.card_keys)
    assert (card_keys.suite, card_keys.epoch) == (suite, info.card_key_epoch)
    assert security.public_key == others_public_key(suite, card_keys.signing_key)
    secrets = [card_keys.bus_key, card_keys.counter_key, card_keys.authority_key, card_keys.signing_key]
    assert len(set(secrets)) == 4


@pytest.mark.parametrize("suite", SUITES)
def test_every_file_of_an_issued_card_holds_by_other_peoples_code(registry, keys, suite):
    permit = issue(registry, keys, suite=suite)
    image = registry.card_image(CITY, 1, keys)
    permit_key = key_of(keys, "permit-sm2" if suite == SUITE_SM2_SM3 else "permit")
    check_with_others(image, keys, suite, signer=permit_key)
    service, security = Service.from_bytes(image.service), Security.from_bytes(image.security)
    assert check_service(image.service, service, keys.trusted, NativeVerifier()) == GENUINE
    for name in ("list_division", "serial", "issuing_division", "issue_day"):
        assert getattr(security, name) == getattr(service, name) == getattr(permit, name)
    person = holder(BORN, 2)
    assert HolderFile.from_bytes(image.holder) == HolderFile(
        name=person.name,
        sex=person.sex,
        ethnicity=person.ethnicity,
        birth_day=BORN,
        household_address=person.household_address,
        citizen_number=person.citizen_number,
        organ="龙亭区公安机关",
        issue_day=from_iso("2025-03-15"),
        good_through=from_iso("2026-03-15"),
        address=ADDRESS,
    )
    assert (image.photo, image.endorsements) == (PHOTO, ())


@pytest.mark.parametrize("suite", SUITES)
def test_endorsements_and_moves_touch_nothing_that_was_issued(registry, keys, suite):
    issue(registry, keys, suite=suite)
    before = registry.card_image(CITY, 1, keys)
    registry.endorse(CITY, 1, keys=keys, now=at("2026-03-10"))
    registry.endorse(CITY, 1, keys=keys, now=at("2026-04-01"), kind=KIND_ADDRESS, address="虚构市样例路3号")
    registry.endorse(
        CITY,
        1,
        keys=keys,
        now=at("2026-11-01"),
        kind=KIND_MOVED,
        address="虚构市样例路4号",
        issuing_division=QIXIAN,
        registered_day=from_iso("2026-05-01"),
    )
    after = registry.card_image(CITY, 1, keys)
    for name in ("info", "holder", "photo", "security", "card_keys"):
        assert getattr(after, name) == getattr(before, name)
    assert after.service != before.service
    # A desk endorses where there is one, the organ itself where there is none.
    suffix = "-sm2" if suite == SUITE_SM2_SM3 else ""
    desk, organ = key_of(keys, "desk" + suffix), key_of(keys, "permit" + suffix)
    check_with_others(after, keys, suite, signer=organ, endorsed_by=[desk, desk, organ])
    service = Service.from_bytes(after.service)
    assert check_service(after.service, service, keys.trusted, NativeVerifier()) == GENUINE


def judged(image, keys):
    """What a counter finds that has the card on its reader."""
    sam = SoftwareSam(ROLE_COUNTER, {1: keys.sam_set(1).master(ROLE_COUNTER)}, Draws(2))
    conversation = converse(desk(sam=sam), card_of(image))
    assert (conversation.holder, conversation.photo) == (image.holder, image.photo)
    return judge_chip(conversation, ROLE_COUNTER, keys.trusted, NativeVerifier())


@pytest.mark.parametrize("suite", [SUITE_ES256, SUITE_SM2_SM3])
def test_chip_is_genuine_at_a_counter_through_its_permits_life(registry, keys, suite):
    issue(registry, keys, suite=suite)
    for serial, act in (
        (1, lambda: None),
        (1, lambda: registry.endorse(CITY, 1, keys=keys, now=at("2026-03-10"))),
        (2, lambda: registry.replace(CITY, 1, keys=keys, now=at("2026-05-01"))),
        (2, lambda: registry.endorse(CITY, 2, keys=keys, now=at("2027-03-10"))),
    ):
        act()
        chip = judged(registry.card_image(CITY, serial, keys), keys)
        assert (chip.fault, chip.is_genuine()) == ("", True)
        assert chip.service.endorsement_number == len(chip.endorsements)


def test_card_endorsed_at_a_desk_is_genuine_under_the_desks_key(registry, keys):
    issue(registry, keys)
    registry.endorse(CITY, 1, keys=keys, now=at("2026-03-10"))
    image = registry.card_image(CITY, 1)
    service = Service.from_bytes(image.service)
    assert service.key_id == key_of(keys, "desk").key_id
    assert keys.trusted.get(service.key_id).purpose == PURPOSE_ENDORSEMENT
    assert check_service(image.service, service, keys.trusted, NativeVerifier()) == GENUINE


@pytest.mark.parametrize("suite", SUITES)
def test_successor_is_another_chip_with_the_same_photo_and_suite(registry, keys, suite):
    issue(registry, keys, suite=suite)
    registry.endorse(CITY, 1, keys=keys, now=at("2026-03-10"), address="虚构市样例路3号", kind=KIND_ADDRESS)
    old = registry.card_image(CITY, 1, keys)
    registry.replace(CITY, 1, keys=keys, now=at("2026-05-01"))
    new = registry.card_image(CITY, 2, keys)
    suffix = "-sm2" if suite == SUITE_SM2_SM3 else ""
    desk, organ = key_of(keys, "desk" + suffix), key_of(keys, "permit" + suffix)
    check_with_others(new, keys, suite, signer=organ, endorsed_by=[desk])
    assert Security.from_bytes(new.security).public_key != Security.from_bytes(old.security).public_key
    ours, theirs = CardKeys.from_bytes(old.card_keys), CardKeys.from_bytes(new.card_keys)
    for name in ("bus_key", "counter_key", "authority_key", "signing_key"):
        assert getattr(ours, name) != getattr(theirs, name)
    assert new.photo == old.photo
    shown = HolderFile.from_bytes(new.holder)
    assert (shown.issue_day, shown.address) == (from_iso("2026-05-01"), "虚构市样例路3号")
    assert registry.card_image(CITY, 1, keys) == old


@needs("openssl")
def test_successor_may_take_the_other_suite_and_another_photo(registry, keys):
    issue(registry, keys)
    registry.endorse(CITY, 1, keys=keys, now=at("2026-03-10"))
    other = portrait(BORN, 4)
    registry.replace(CITY, 1, keys=keys, now=at("2026-05-01"), photo=other, suite=SUITE_SM2_SM3)
    image = registry.card_image(CITY, 2, keys)
    assert image.photo == other
    desk, organ = key_of(keys, "desk-sm2"), key_of(keys, "permit-sm2")
    check_with_others(image, keys, SUITE_SM2_SM3, signer=organ, endorsed_by=[desk])
    registry.endorse(CITY, 2, keys=keys, now=at("2027-03-10"))
    check_with_others(
        registry.card_image(CITY, 2, keys), keys, SUITE_SM2_SM3, signer=desk, endorsed_by=[desk, desk]
    )


def test_endorsement_key_signing_a_permit_makes_none(registry, keys):
    permit = issue(registry, keys)
    desk = key_of(keys, "desk")
    service = personalise.build_service(permit, desk)
    assert Service.from_bytes(service).key_id == desk.key_id
    assert check_service(service, Service.from_bytes(service), keys.trusted, NativeVerifier()) == FORGED
    # With the desk's key alone nothing is issued or replaced at all.
    kept = [key for key in keys.keys if key.spec.purpose in ("root", "endorsement")]
    desk_ring = ring_of(keys, kept, keys.sams.values())
    for act in (
        lambda: issue(registry, desk_ring, holder=holder(BORN, 4)),
        lambda: registry.replace(CITY, 1, keys=desk_ring, now=at("2025-05-01")),
    ):
        with pytest.raises(NoKeyError, match="410202"):
            act()
    assert registry.exceptions(CITY) == (1, {})


def ring_of(keys, kept, sams):
    roots = [key for key in kept if key.spec.purpose == "root"]
    return KeyRing(kept, keys.roots, sign_bundle(bundle_body(kept, 2, at("2025-01-01")), roots), sams=sams)


def test_endorsing_needs_no_masters_and_making_a_card_does(registry, keys):
    issue(registry, keys)
    desk_ring = ring_of(keys, keys.keys, ())
    before = registry.card_image(CITY, 1)
    registry.endorse(CITY, 1, keys=desk_ring, now=at("2026-03-10"))
    assert registry.card_image(CITY, 1).security == before.security
    with pytest.raises(NoKeyError, match="no SAM set"):
        registry.replace(CITY, 1, keys=desk_ring, now=at("2026-05-01"))
    with pytest.raises(NoKeyError, match="no SAM set"):
        registry.card_image(CITY, 1, desk_ring)
    assert registry.permit(CITY, 1).status == "valid"


def test_card_keeps_the_epoch_of_its_issue_and_its_successor_takes_the_newest(registry, keys):
    rotated = ring_of(keys, keys.keys, [*keys.sams.values(), SamSet(2, bytes(range(128)))])
    issue(registry, keys)
    before = registry.card_image(CITY, 1, keys)
    registry.endorse(CITY, 1, keys=rotated, now=at("2026-03-10"))
    after = registry.card_image(CITY, 1, rotated)
    assert (after.info, after.card_keys) == (before.info, before.card_keys)
    registry.replace(CITY, 1, keys=rotated, now=at("2026-05-01"))
    image = registry.card_image(CITY, 2, rotated)
    assert Info.from_bytes(image.info).card_key_epoch == CardKeys.from_bytes(image.card_keys).epoch == 2
    with pytest.raises(NoKeyError, match="epoch 2"):
        registry.card_image(CITY, 2, keys)


def test_same_acts_and_keys_make_the_same_cards_byte_for_byte(tmp_path, keys):
    def live(name):
        with Registry(tmp_path / name, create=True) as registry:
            issue(registry, keys)
            issue(registry, keys, holder=holder(BORN, 4), suite=SUITE_SM2_SM3, photo=b"")
            registry.endorse(CITY, 2, keys=keys, now=at("2026-03-10"))
            registry.replace(CITY, 1, keys=keys, now=at("2026-03-10"))
            return [registry.card_image(CITY, serial, keys) for serial in (1, 2, 3)]

    assert live("one.db") == live("other.db")


def test_card_without_a_portrait_has_the_hash_of_no_bytes(registry, keys):
    issue(registry, keys, photo=b"")
    image = registry.card_image(CITY, 1)
    assert image.photo == b""
    assert Security.from_bytes(image.security).photo_hash == hashlib.sha256(b"").digest()


@pytest.mark.parametrize(
    ("photo", "said"),
    [
        (b"\xff\xd8" + bytes(4093) + b"\xff\xd9", "4097 bytes, a card holds 4096"),
        (b"GIF89a" + bytes(50), "no whole JPEG"),
        (PHOTO[:-1], "no whole JPEG"),
        (PHOTO[1:], "no whole JPEG"),
        (b"\xff\xd8\xd9", "no whole JPEG"),
    ],
)
def test_portrait_that_no_card_can_hold_is_refused_and_nothing_is_issued(registry, keys, photo, said):
    with pytest.raises(ApplicationError, match=rf"{said}.*\(14\)"):
        issue(registry, keys, photo=photo)
    assert registry.exceptions(CITY) == (0, {})


def test_largest_portrait_is_issued_and_comes_back(registry, keys):
    photo = PHOTO[:-2] + bytes(4096 - len(PHOTO)) + PHOTO[-2:]
    issue(registry, keys, photo=photo)
    assert registry.card_image(CITY, 1).photo == photo


def test_suite_without_a_key_is_refused_and_named(registry, keys):
    kept = [key for key in keys.keys if key.suite == SUITE_ES256]
    with pytest.raises(NoKeyError, match="permit key of suite SM2-SM3"):
        issue(registry, ring_of(keys, kept, keys.sams.values()), suite=SUITE_SM2_SM3)
    with pytest.raises(ValueError, match="suite 3"):
        issue(registry, keys, suite=3)
    assert registry.exceptions(CITY) == (0, {})


def test_registry_keeps_no_key_of_any_chip(tmp_path, keys):
    path = tmp_path / "permits.db"
    with Registry(path, create=True) as registry:
        issue(registry, keys)
        registry.endorse(CITY, 1, keys=keys, now=at("2026-03-10"))
        secret = registry.card_image(CITY, 1, keys).card_keys
        image = registry.card_image(CITY, 1)
    assert image.card_keys == b""
    record = CardKeys.from_bytes(secret)
    content = path.read_bytes()
    for name in ("bus_key", "counter_key", "authority_key", "signing_key"):
        assert getattr(record, name) not in content
        assert getattr(record, name).hex() not in image.to_json()
    assert image.security in content


def test_repr_of_an_image_shows_sizes_alone(registry, keys):
    issue(registry, keys)
    image = registry.card_image(CITY, 1, keys)
    assert repr(image) == (
        f"CardImage(info 15, service 96, endorsements 0, holder 326, photo {len(PHOTO)}, security 211, card_keys 132)"
    )


@pytest.mark.parametrize("name", ["holder", "photo", "security"])
def test_changed_file_does_not_match_what_was_signed(registry, keys, name):
    issue(registry, keys)
    image = registry.card_image(CITY, 1)
    raw = bytearray(getattr(image, name))
    raw[len(raw) // 3] ^= 1
    wrong = replace(image, **{name: bytes(raw)})
    record = Security.from_bytes(image.security)
    key = keys.trusted.get(record.key_id)
    assert key.purpose == PURPOSE_PERMIT
    holds = (
        others_accept(SUITE_ES256, key.public_key, b"juzhu/1/security", wrong.security),
        others_hash(SUITE_ES256, wrong.holder) == record.holder_hash,
        others_hash(SUITE_ES256, wrong.photo) == record.photo_hash,
    )
    assert holds == (name != "security", name != "holder", name != "photo")


def test_endorsement_that_a_list_key_signed_is_not_carried_to_a_successor(tmp_path, keys):
    """Whoever can write the registry's file gets no organ's signature under what no organ signed."""
    specs = [*SPECS[:4], KeySpec("list", "list", (CITY,), *DAYS)]
    ring = KeyRing.make(tmp_path / "keys", specs, at("2025-01-01"))
    path = tmp_path / "permits.db"
    with Registry(path, create=True) as registry:
        issue(registry, ring)
        permit = registry.endorse(CITY, 1, keys=ring, now=at("2026-03-10"))
    forged = personalise.build_endorsement(permit, key_of(ring, "list"))
    with sqlite3.connect(path) as file:
        file.execute("UPDATE endorsements SET record = ?", (forged,))
    file.close()
    with Registry(path) as registry, pytest.raises(EndorsementRecordError, match="not as it was signed"):
        registry.replace(CITY, 1, keys=ring, now=at("2026-05-01"))


def test_service_is_signed_in_its_own_context(registry, keys):
    issue(registry, keys)
    image = registry.card_image(CITY, 1)
    public = key_of(keys, "permit").public_key
    verify = NativeVerifier().verify
    service = Service.from_bytes(image.service)
    assert verify(SUITE_ES256, public, SERVICE_CONTEXT, signed_part(image.service), service.signature)
    assert not others_accept(SUITE_ES256, public, b"juzhu/1/security", image.service)
    assert not others_accept(SUITE_ES256, public, b"juzhu/1/service", image.security)

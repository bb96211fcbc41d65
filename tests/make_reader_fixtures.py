"""Makes tests/portable/reader_fixtures.py: a bundle, lists and cards signed with the development keys.

Run `python tests/make_reader_fixtures.py` after a record or a development key changed. Signatures are
deterministic, so that the same keys give the same file.
"""

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from juzhu_protocol.authority.keys import (
    DEVELOPMENT_KEYS,
    KeyRing,
    KeySpec,
    SigningKey,
    bundle_body,
    sign_bundle,
)
from juzhu_protocol.authority.signing import signer_of
from juzhu_protocol.crypto.signature import SUITE_ES256, SUITE_SM2_SM3
from juzhu_protocol.lists.plain import build_list
from juzhu_protocol.profiles.source import find_profile
from juzhu_protocol.records.card import Info, Service
from juzhu_protocol.records.profile import ProfileRecord
from juzhu_protocol.records.trust import Bundle, BundleKey, Manifest
from juzhu_protocol.rules.calendar import day_number, start_of
from juzhu_protocol.rules.decide import STATUS_REVOKED, STATUS_SUSPENDED
from juzhu_protocol.rules.services import service_code
from juzhu_protocol.trust.contexts import MANIFEST_CONTEXT, PROFILE_CONTEXT, SERVICE_CONTEXT, signed_part

FIXTURES = Path(__file__).parent / "portable" / "reader_fixtures.py"

TODAY = day_number(2026, 11, 23)
NOW = start_of(TODAY) + 12 * 3600
DAY_S = 86400
DIVISION, ORGAN_DIVISION = 410200, 410202
GOOD, SUSPENDED, LATER_SUSPENDED, REVOKED, FORGED, UNKNOWN = 1001, 1002, 1003, 1004, 1005, 1006
ENDORSED = day_number(2026, 5, 20)
SM2_DIVISION = 410225
BUS_SENIOR = service_code("bus.senior")
# So many that a list takes several parts on the link.
FILLER = {serial: STATUS_SUSPENDED if serial % 3 else STATUS_REVOKED for serial in range(2000, 2600)}


def info(serial: int, key_id: bytes, suite: int = 1, epoch: int = 1) -> bytes:
    return Info(
        suite=suite, list_division=DIVISION, serial=serial, key_id=key_id, card_key_epoch=epoch
    ).to_bytes()


def service(serial: int, signer: SigningKey, key_id: bytes | None = None, **changes: int) -> bytes:
    """A 66-year-old's permit in force; `key_id` names another key than the one that signs."""
    record = Service(
        suite=signer.suite,
        list_division=DIVISION,
        serial=serial,
        issuing_division=ORGAN_DIVISION,
        birth_day=day_number(1960, 5, 1),
        issue_day=day_number(2025, 6, 1),
        anchor_day=day_number(2025, 6, 1),
        residence_since=day_number(2024, 6, 1),
        endorsement_number=1,
        endorsement_kind=1,
        endorsement_day=ENDORSED,
        good_through=day_number(2027, 6, 1),
        permit_class=1,
        key_id=key_id or signer.key_id,
        signature=bytes(64),
    )
    for name, value in changes.items():
        setattr(record, name, value)
    record.signature = signer.sign(SERVICE_CONTEXT, signed_part(record.to_bytes()))
    return record.to_bytes()


def manifest(
    key: SigningKey,
    content: bytes,
    sequence: int,
    time: int,
    division: int = DIVISION,
    epoch: int = 1,
) -> bytes:
    record = Manifest(
        suite=1,
        list_division=division,
        key_epoch=epoch,
        sequence=sequence,
        time=time,
        content_length=len(content),
        content_hash=sha256(content).digest(),
        key_id=key.key_id,
        signature=bytes(64),
    )
    record.signature = key.sign(MANIFEST_CONTEXT, signed_part(record.to_bytes()))
    return record.to_bytes()


def profile(key: SigningKey, version: int, time: int, division: int = DIVISION, age: int = 60) -> bytes:
    """Kaifeng's profile, signed; `age` is asked on the bus, 0 for a profile that does not know that service."""
    record = ProfileRecord.from_bytes(find_profile("kaifeng").record.to_bytes())
    record.profile_version = version
    record.time = time
    record.list_division = division
    record.key_id = key.key_id
    record.services = [entry for entry in record.services if age or entry.code != BUS_SENIOR]
    for entry in record.services:
        if entry.code == BUS_SENIOR:
            entry.years = age
    record.signature = key.sign(PROFILE_CONTEXT, signed_part(record.to_bytes()))
    return record.to_bytes()


def with_epoch(key: SigningKey, epoch: int) -> SigningKey:
    """The same key as a list key of another epoch."""
    return replace(key, spec=replace(key.spec, epoch=epoch))


def revoked(key: SigningKey) -> SigningKey:
    return replace(key, spec=replace(key.spec, revoked_on=TODAY - 2))


def expired(key: SigningKey) -> SigningKey:
    """The same key, good until the day before it signed the last endorsements."""
    return replace(key, spec=replace(key.spec, valid_through=ENDORSED - 1))


def made(name: str, purpose: str, secret: int) -> SigningKey:
    """A key that is none of the development keys."""
    spec = KeySpec(name, purpose, (ORGAN_DIVISION,), day_number(2020, 1, 1), day_number(2040, 12, 31))
    return SigningKey(spec, signer_of(SUITE_ES256, bytes([secret]) * 32))


def sm2_bundle(keys: list[SigningKey], version: int, time: int) -> bytes:
    """The body of a bundle whose first keys, an organ's and the list's, are SM2's."""
    bundle = Bundle.from_bytes(bundle_body(keys, version, time))
    for purpose in (1, 2):
        like = next(key for key in bundle.keys if key.purpose == purpose)
        foreign = BundleKey.read(like.to_bytes(), 0)[0]
        foreign.suite = SUITE_SM2_SM3
        foreign.public_key = signer_of(SUITE_SM2_SM3, bytes([purpose]) * 32).public_key
        bundle.keys.insert(0, foreign)
    return bundle.to_bytes()


def make() -> str:
    """The module's text."""
    ring = KeyRing.load(DEVELOPMENT_KEYS)
    keys = {key.spec.name: key for key in ring.keys}
    organ, other, listing = keys["organ-kaifeng"], keys["organ-zhengzhou"], keys["list-kaifeng"]
    policy, endorsing, sm2 = keys["policy-kaifeng"], keys["endorsement-kaifeng"], keys["permit-sm2-kaifeng"]
    roots = [keys["root-1"], keys["root-2"], keys["root-3"]]
    organs = [key for key in ring.keys if key.spec.purpose == "permit"]
    # The first bundle lacks the other city's organ, so that its key is unknown.
    believed = [key for key in ring.keys if key is not other]
    new_roots = [made(f"new-root-{number}", "root", number) for number in (1, 2, 3)]
    thieves = made("thieves", "permit", 4)
    fresh = {"endorsement_number": 0, "endorsement_kind": 0, "endorsement_day": 0}

    def with_organ(change: Callable[[SigningKey], SigningKey]) -> list[SigningKey]:
        return [change(key) if key is organ else key for key in believed]

    first_list = build_list(DIVISION, 3000, {SUSPENDED: STATUS_SUSPENDED, REVOKED: STATUS_REVOKED, **FILLER})
    second_list = build_list(
        DIVISION,
        3000,
        {SUSPENDED: STATUS_SUSPENDED, LATER_SUSPENDED: STATUS_SUSPENDED, REVOKED: STATUS_REVOKED, **FILLER},
    )
    values: dict[str, object] = {
        "NOW": NOW,
        "ROOTS": tuple(root.signer.public_key for root in roots),
        "THRESHOLD": 2,
        "BUNDLE_1": sign_bundle(bundle_body(believed, 1, NOW - 20 * 86400), roots[:2]),
        "BUNDLE_2": sign_bundle(bundle_body(ring.keys, 2, NOW - 86400), roots[1:]),
        "BUNDLE_2_OTHER_ROOTS": sign_bundle(bundle_body(ring.keys, 2, NOW - DAY_S), roots[:2]),
        "BUNDLE_ONE_ROOT": sign_bundle(bundle_body(ring.keys, 3, NOW), [roots[0], roots[0]]),
        "LIST_1": first_list,
        "MANIFEST_1": manifest(listing, first_list, 1, NOW - 3 * 3600),
        "LIST_2": second_list,
        "MANIFEST_2": manifest(listing, second_list, 2, NOW - 3600),
        "MANIFEST_2_AGAIN": manifest(listing, first_list, 2, NOW - 1800),
        "MANIFEST_OTHER_DIVISION": manifest(listing, first_list, 3, NOW, 410100),
        "MANIFEST_WRONG_KEY": manifest(organ, first_list, 3, NOW),
        "MANIFEST_DAY_AHEAD": manifest(listing, second_list, 5, NOW + DAY_S),
        "MANIFEST_OVER_A_DAY_AHEAD": manifest(listing, second_list, 6, NOW + DAY_S + 1),
        "MANIFEST_YEARS_AHEAD": manifest(listing, second_list, 7, NOW + 3 * 365 * DAY_S),
        "BUNDLE_YEARS_AHEAD": sign_bundle(bundle_body(ring.keys, 4, NOW + 3 * 365 * DAY_S), roots[:2]),
        "MANIFEST_RUNAWAY": manifest(listing, second_list, 2**32 - 1, NOW - 1800),
        "MANIFEST_EPOCH_TOO_HIGH": manifest(listing, second_list, 1, NOW - 900, epoch=2),
        "BUNDLE_EPOCH_2": sign_bundle(
            bundle_body([*organs, with_epoch(listing, 2)], 3, NOW - 2 * DAY_S), roots[:2]
        ),
        "MANIFEST_EPOCH_2": manifest(listing, second_list, 1, NOW - 600, epoch=2),
        "BUNDLE_SM2": sign_bundle(sm2_bundle(list(ring.keys), 2, NOW - DAY_S), roots[:2]),
        "PROFILE_1": profile(policy, 1, NOW - 1800),
        "PROFILE_2": profile(policy, 2, NOW - 1200, age=70),
        "PROFILE_2_OTHER": profile(policy, 2, NOW - 1100, age=65),
        "PROFILE_3": profile(policy, 3, NOW - 600),
        "PROFILE_WITHOUT_BUS": profile(policy, 4, NOW - 500, age=0),
        "PROFILE_OTHER_DIVISION": profile(policy, 5, NOW, division=410100),
        "PROFILE_LIST_KEY": profile(listing, 5, NOW),
        "PROFILE_YEARS_AHEAD": profile(policy, 5, NOW + 3 * 365 * DAY_S),
        "BUNDLE_POLICY_REVOKED": sign_bundle(
            bundle_body([*organs, listing, revoked(policy)], 3, NOW - 2 * DAY_S), roots[:2]
        ),
        "GOOD": (info(GOOD, organ.key_id), service(GOOD, organ)),
        "SUSPENDED": (info(SUSPENDED, organ.key_id), service(SUSPENDED, organ)),
        "LATER_SUSPENDED": (info(LATER_SUSPENDED, organ.key_id), service(LATER_SUSPENDED, organ)),
        "REVOKED": (info(REVOKED, organ.key_id), service(REVOKED, organ)),
        "FORGED": (info(FORGED, organ.key_id), service(FORGED, other, organ.key_id)),
        "UNKNOWN": (info(UNKNOWN, other.key_id), service(UNKNOWN, other)),
        "NEW_ROOTS": tuple(root.signer.public_key for root in new_roots),
        "BUNDLE_NEW_ROOTS": sign_bundle(bundle_body(believed, 1, NOW - 2 * DAY_S), new_roots[:2]),
        "BUNDLE_THIEVES": sign_bundle(
            bundle_body([*ring.keys, thieves], 2**32 - 1, NOW + 3 * 365 * DAY_S), roots[:2]
        ),
        "PROFILE_RUNAWAY": profile(policy, 2**32 - 1, NOW - 500, age=1),
        "THIEVES_CARD": (info(GOOD, thieves.key_id), service(GOOD, thieves)),
        "BUNDLE_BUS_EPOCH_2": sign_bundle(bundle_body(believed, 2, NOW - DAY_S, (2, 1, 1)), roots[:2]),
        "BUNDLE_ORGAN_REVOKED": sign_bundle(bundle_body(with_organ(revoked), 2, NOW - DAY_S), roots[:2]),
        "BUNDLE_ORGAN_EXPIRED": sign_bundle(bundle_body(with_organ(expired), 2, NOW - DAY_S), roots[:2]),
        "GOOD_SM2": (
            info(GOOD, sm2.key_id, suite=SUITE_SM2_SM3),
            service(GOOD, sm2, issuing_division=SM2_DIVISION),
        ),
        "BEYOND_DIVISIONS": (info(GOOD, sm2.key_id, suite=SUITE_SM2_SM3), service(GOOD, sm2)),
        "ENDORSED_BY_ITS_KEY": (info(GOOD, organ.key_id), service(GOOD, endorsing)),
        "PERMIT_BY_ENDORSEMENT_KEY": (info(GOOD, organ.key_id), service(GOOD, endorsing, **fresh)),
        "SWAPPED_INFO": (info(GOOD, organ.key_id), service(SUSPENDED, organ)),
    }
    lines = ['"""GENERATED by tests/make_reader_fixtures.py with the development keys; do not edit."""', ""]
    for name, value in values.items():
        if isinstance(value, tuple):
            lines += [f"{name} = (", *(f"    {literal(item, 8)}," for item in value), ")"]
        else:
            lines.append(f"{name} = {literal(value, 4)}")
    return "\n".join(lines) + "\n"


def literal(value: object, indent: int) -> str:
    """An integer, or bytes as hex in lines of 45 bytes, laid out as the formatter would."""
    if not isinstance(value, bytes):
        return repr(value)
    text = value.hex()
    if len(text) <= 70:
        return f'bytes.fromhex("{text}")'
    pieces = [f'{" " * indent}"{text[at : at + 90]}"\n' for at in range(0, len(text), 90)]
    return f"bytes.fromhex(\n{''.join(pieces)}{' ' * (indent - 4)})"


if __name__ == "__main__":
    FIXTURES.write_text(make(), encoding="utf-8")

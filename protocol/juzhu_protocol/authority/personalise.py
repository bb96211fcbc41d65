"""From a permit to the signed records on its card."""

from ..crypto.signature import SIGNATURE_SIZE, SUITE_ES256
from ..errors import RecordError
from ..hostside.native import NativeVerifier
from ..records.card import Endorsement, Info, Service
from ..trust.contexts import ENDORSEMENT_CONTEXT, SERVICE_CONTEXT, is_signed_by, signed_part
from .errors import EndorsementRecordError
from .keys import KeyRing, SigningKey
from .permits import Permit

ADDRESS_SIZE = 70
NO_CARD_KEYS = 0
"""card_key_epoch of a card without keys of its own: its genuineness rests on its signature alone."""


def build_info(permit: Permit, keys: KeyRing) -> bytes:
    """Return the INFO file: which card, and whose key signed it."""
    return Info(
        suite=SUITE_ES256,
        list_division=permit.list_division,
        serial=permit.serial,
        key_id=_organ(permit, keys, permit.last_day).key_id,
        card_key_epoch=NO_CARD_KEYS,
    ).to_bytes()


def build_service(permit: Permit, keys: KeyRing) -> bytes:
    """Return the SERVICE file, signed by the organ of the issuing division on the day of the last act."""
    key = _organ(permit, keys, permit.last_day)
    record = Service(
        suite=SUITE_ES256,
        list_division=permit.list_division,
        serial=permit.serial,
        issuing_division=permit.issuing_division,
        birth_day=permit.birth_day,
        issue_day=permit.issue_day,
        anchor_day=permit.anchor_day,
        residence_since=permit.residence_since,
        endorsement_number=permit.endorsement_number,
        endorsement_kind=permit.endorsement_kind,
        endorsement_day=permit.endorsement_day,
        good_through=permit.good_through,
        permit_class=permit.permit_class,
        key_id=key.key_id,
        signature=bytes(SIGNATURE_SIZE),
    )
    record.signature = key.sign(SERVICE_CONTEXT, signed_part(record.to_bytes()))
    return record.to_bytes()


def build_endorsement(permit: Permit, keys: KeyRing) -> bytes:
    """Return the permit's last endorsement as a signed record (16)."""
    key = _organ(permit, keys, permit.endorsement_day)
    return _sign_endorsement(
        Endorsement(
            suite=SUITE_ES256,
            list_division=permit.list_division,
            serial=permit.serial,
            number=permit.endorsement_number,
            kind=permit.endorsement_kind,
            day=permit.endorsement_day,
            address=encode_address(permit.address),
            good_through=permit.good_through,
            issuing_division=permit.issuing_division,
            key_id=key.key_id,
            signature=bytes(SIGNATURE_SIZE),
        ),
        key,
    )


def carry_endorsement(raw: bytes, old: Permit, successor: Permit, keys: KeyRing) -> bytes:
    """Return an endorsement of a replaced card as a copy for its successor (20).

    The old record is verified first, by its key even when that was rotated or revoked since: the register kept
    it. The copy keeps the endorsement's day and is signed on the successor's issue day, by the key that is good
    on that day for the organ that endorsed.
    """
    try:
        record = Endorsement.from_bytes(raw)
    except RecordError as error:
        raise EndorsementRecordError(
            f"serial {old.serial} holds an endorsement that is none: {error}"
        ) from None
    where = f"endorsement {record.number} of serial {old.serial}"
    signer = keys.trusted.get(record.key_id)
    if signer is None:
        raise EndorsementRecordError(
            f"{where} was signed by key {record.key_id.hex()}, which the bundle does not hold any more: "
            "add it again; a revoked key stays in the bundle"
        )
    genuine = is_signed_by(signer, record, raw, ENDORSEMENT_CONTEXT, NativeVerifier())
    if not genuine or (record.list_division, record.serial) != (old.list_division, old.serial):
        raise EndorsementRecordError(f"{where} is not as it was signed: restore the registry from a backup")
    key = keys.permit_key(record.issuing_division, successor.issue_day)
    record.serial = successor.serial
    record.key_id = key.key_id
    return _sign_endorsement(record, key)


def encode_address(address: str) -> bytes:
    """Return an address as the card holds it: UTF-16LE, padded with spaces; ValueError when too long."""
    raw = address.encode("utf-16-le")
    if len(raw) > ADDRESS_SIZE:
        raise ValueError(f"an address of {len(raw)} bytes, a card holds {ADDRESS_SIZE}")
    return raw + " ".encode("utf-16-le") * ((ADDRESS_SIZE - len(raw)) // 2)


def _sign_endorsement(record: Endorsement, key: SigningKey) -> bytes:
    record.signature = key.sign(ENDORSEMENT_CONTEXT, signed_part(record.to_bytes()))
    return record.to_bytes()


def _organ(permit: Permit, keys: KeyRing, day: int) -> SigningKey:
    return keys.permit_key(permit.issuing_division, day)

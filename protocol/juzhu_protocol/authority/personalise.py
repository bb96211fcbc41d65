"""From a permit to what its card's files hold, signed, and to the keys of its chip.

A card keeps its suite and the epoch of its keys for life. INFO, HOLDER, PHOTO and SECURITY are written once, at
issue; an endorsement appends its record and writes SERVICE anew.
"""

from dataclasses import replace

from ..card.keys import NO_EPOCH
from ..crypto.signature import SIGNATURE_SIZE
from ..errors import RecordError
from ..hostside.native import NativeVerifier
from ..records.card import Endorsement, Info, Security, Service
from ..trust.bundle import PURPOSE_ENDORSEMENT, PURPOSE_PERMIT
from ..trust.contexts import (
    ENDORSEMENT_CONTEXT,
    SECURITY_CONTEXT,
    SERVICE_CONTEXT,
    is_signed_by,
    signed_part,
)
from .card_image import CardImage
from .errors import EndorsementRecordError
from .holder_file import HolderFile, encode_text
from .keys import KeyRing, SigningKey
from .permits import Holder, Permit
from .photo import check_photo
from .signing import signer_of

ADDRESS_SIZE = 70


def issue_card(permit: Permit, holder: Holder, photo: bytes, keys: KeyRing, suite: int) -> CardImage:
    """Return the files and keys of a new card, signed on its issue day by the issuing organ's permit key (14).

    photo: a JPEG, b"" for none. Its keys come from the newest SAM set that is here. NoKeyError when there is no
    SAM set, or no such key of this suite; ValueError for an unknown suite.
    """
    check_photo(photo)
    card_keys = keys.sam_set().card_keys(suite, permit.list_division, permit.serial)
    key = keys.permit_key(permit.issuing_division, permit.issue_day, suite)
    holder_file = HolderFile.at_issue(permit, holder).to_bytes()
    public_key = signer_of(suite, card_keys.signing_key).public_key
    return CardImage(
        info=build_info(permit, key, card_keys.epoch),
        service=build_service(permit, key),
        holder=holder_file,
        photo=photo,
        security=build_security(permit, holder_file, photo, public_key, key),
        card_keys=card_keys.to_bytes(),
    )


def endorse_card(image: CardImage, permit: Permit, keys: KeyRing) -> CardImage:
    """Return a card with its permit's last endorsement (16), signed on that day by the endorsing organ."""
    suite = Info.from_bytes(image.info).suite
    key = keys.endorsement_key(permit.issuing_division, permit.endorsement_day, suite)
    return replace(
        image,
        service=build_service(permit, key),
        endorsements=(*image.endorsements, build_endorsement(permit, key)),
    )


def card_keys_of(image: CardImage, keys: KeyRing) -> bytes:
    """Return the CardKeys of a card that was issued, b"" for a card without; NoKeyError when its epoch is not here."""
    info = Info.from_bytes(image.info)
    if info.card_key_epoch == NO_EPOCH:
        return b""
    sam = keys.sam_set(info.card_key_epoch)
    return sam.card_keys(info.suite, info.list_division, info.serial).to_bytes()


def build_info(permit: Permit, key: SigningKey, epoch: int) -> bytes:
    """Return the INFO file: which card, whose key issued it, and from which masters its keys came."""
    return Info(
        suite=key.suite,
        list_division=permit.list_division,
        serial=permit.serial,
        key_id=key.key_id,
        card_key_epoch=epoch,
    ).to_bytes()


def build_service(permit: Permit, key: SigningKey) -> bytes:
    """Return the SERVICE file."""
    record = Service(
        suite=key.suite,
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


def build_security(permit: Permit, holder: bytes, photo: bytes, public_key: bytes, key: SigningKey) -> bytes:
    """Return the SECURITY file over the files HOLDER and PHOTO and the chip's own public key (X||Y)."""
    verifier = NativeVerifier()
    record = Security(
        suite=key.suite,
        list_division=permit.list_division,
        serial=permit.serial,
        issuing_division=permit.issuing_division,
        issue_day=permit.issue_day,
        holder_hash=verifier.hash(key.suite, holder),
        photo_hash=verifier.hash(key.suite, photo),
        public_key=public_key,
        key_id=key.key_id,
        signature=bytes(SIGNATURE_SIZE),
    )
    record.signature = key.sign(SECURITY_CONTEXT, signed_part(record.to_bytes()))
    return record.to_bytes()


def build_endorsement(permit: Permit, key: SigningKey) -> bytes:
    """Return the permit's last endorsement as a signed record (16)."""
    return _sign_endorsement(
        Endorsement(
            suite=key.suite,
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


def carry_endorsement(raw: bytes, old: Permit, successor: Permit, keys: KeyRing, suite: int) -> bytes:
    """Return an endorsement of a replaced card as a copy for its successor (20), in the successor's suite.

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
    genuine = signer.purpose in (PURPOSE_PERMIT, PURPOSE_ENDORSEMENT) and is_signed_by(
        signer, record, raw, ENDORSEMENT_CONTEXT, NativeVerifier()
    )
    if not genuine or (record.list_division, record.serial) != (old.list_division, old.serial):
        raise EndorsementRecordError(f"{where} is not as it was signed: restore the registry from a backup")
    key = keys.endorsement_key(record.issuing_division, successor.issue_day, suite)
    record.suite = suite
    record.serial = successor.serial
    record.key_id = key.key_id
    return _sign_endorsement(record, key)


def encode_address(address: str) -> bytes:
    """Return an address as the card holds it: UTF-16LE, padded with spaces; ValueError when too long."""
    return encode_text(address, ADDRESS_SIZE)


def _sign_endorsement(record: Endorsement, key: SigningKey) -> bytes:
    record.signature = key.sign(ENDORSEMENT_CONTEXT, signed_part(record.to_bytes()))
    return record.to_bytes()

"""Card images for trying things out: made, endorsed and read as files, really signed.

The days of a permit are rules.lifecycle's; the records are the authority's own (authority/personalise.py). The
holder is made up.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from juzhu_protocol.authority.card_image import CardImage
from juzhu_protocol.authority.errors import CardImageError
from juzhu_protocol.authority.holder import check_address
from juzhu_protocol.authority.holder_file import HolderFile
from juzhu_protocol.authority.keys import KeyRing
from juzhu_protocol.authority.made_up import ADDRESS, holder
from juzhu_protocol.authority.permits import VALID, Permit, refuse_wrong_kind
from juzhu_protocol.authority.personalise import endorse_card, issue_card
from juzhu_protocol.crypto.signature import SUITE_ES256, SUITE_NAMES
from juzhu_protocol.hostside.native import NativeVerifier
from juzhu_protocol.records.card import Endorsement, Info, Service
from juzhu_protocol.rules import lifecycle
from juzhu_protocol.rules.calendar import iso
from juzhu_protocol.rules.lifecycle import Life
from juzhu_protocol.rules.profile import Profile
from juzhu_protocol.trust.chip import judge_files

from .cases import CLASSES, KINDS, LAST_CARD_DAY, check_class, check_person, list_division_of
from .errors import CardRefusedError, CaseError
from .private_file import write_named

CLASS_NAMES = {code: name for name, code in CLASSES.items()}
KIND_NAMES = {code: name for name, code in KINDS.items()}


@dataclass(frozen=True)
class NewCard:
    """What a new card is made from; days are day numbers, 0 for none.

    endorsed: (day, kind, division of the organ that endorses, 0 for the same as before).
    """

    division: int
    born: int = field(repr=False)
    issued: int
    permit_class: int
    endorsed: Sequence[tuple[int, int, int]] = ()
    resident_since: int = 0
    registered: int = 0
    good_through: int = 0
    serial: int = 1
    address: str = field(default=ADDRESS, repr=False)
    photo: bytes = field(default=b"", repr=False)
    suite: int = SUITE_ES256


def new_image(new: NewCard, profile: Profile, keys: KeyRing) -> CardImage:
    """Return a card with its whole life up to now, signed; CaseError, EndorsementRefusedError or EndorsementError."""
    check_person(new.born, new.issued)
    check_class(new.permit_class, new.issued, endorsed=bool(new.endorsed), good_through=new.good_through)
    if new.resident_since > new.issued:
        raise CaseError("residence begins on the day of issue or before it; correct --resident-since")
    life = lifecycle.issued(new.issued, new.resident_since)
    permit = Permit(
        list_division=list_division_of(new.division, profile),
        serial=new.serial,
        issuing_division=new.division,
        permit_class=new.permit_class,
        birth_day=new.born,
        issue_day=new.issued,
        anchor_day=life.anchor,
        residence_since=life.since,
        endorsement_number=life.number,
        endorsement_kind=0,
        endorsement_day=0,
        good_through=new.good_through or life.good_through,
        status=VALID,
        ground=0,
        cause="",
        predecessor=0,
        successor=0,
        address=new.address,
    )
    check_address(new.address)
    image = issue_card(permit, holder(new.born, (new.serial - 1) % 999 + 1), new.photo, keys, new.suite)
    for day, kind, division in new.endorsed:
        permit = _endorsed(permit, kind, day, profile, new.registered, division)
        image = endorse_card(image, permit, keys)
    return image


def endorse_image(
    image: CardImage,
    kind: int,
    day: int,
    profile: Profile,
    keys: KeyRing,
    *,
    registered: int = 0,
    address: str = "",
    division: int = 0,
) -> CardImage:
    """Return the card with one endorsement more; division is the new place's organ of a moved one, 0 for its own.

    CardRefusedError, naming what does not hold, for a card whose files are not as organs of these keys signed them;
    EndorsementRefusedError and the authority's EndorsementError where the measures refuse.
    """
    service = Service.from_bytes(image.service)
    before = card_permit(image)
    # An endorsement of a card that does not hold would make a genuine SERVICE of a forged one.
    found = judge_files(image, keys.trusted, NativeVerifier())
    if not found.hold():
        raise CardRefusedError(
            f"this card is not endorsed: {found.fault}; if other keys signed it, see --keys"
        )
    check_class(service.permit_class, service.issue_day, endorsed=True, good_through=0)
    if address:
        check_address(address)
    permit = _endorsed(before, kind, day, profile, registered, division)
    return endorse_card(image, replace(permit, address=address or before.address), keys)


def card_permit(image: CardImage) -> Permit:
    """Return the permit that a card's SERVICE describes; its address is the last endorsement's, or HOLDER's."""
    service = Service.from_bytes(image.service)
    address = HolderFile.from_bytes(image.holder).address if image.holder else ""
    return Permit(
        list_division=service.list_division,
        serial=service.serial,
        issuing_division=service.issuing_division,
        permit_class=service.permit_class,
        birth_day=service.birth_day,
        issue_day=service.issue_day,
        anchor_day=service.anchor_day,
        residence_since=service.residence_since,
        endorsement_number=service.endorsement_number,
        endorsement_kind=service.endorsement_kind,
        endorsement_day=service.endorsement_day,
        good_through=service.good_through,
        status=VALID,
        ground=0,
        cause="",
        predecessor=0,
        successor=0,
        address=address_of(image.endorsements[-1]) if image.endorsements else address,
    )


def _endorsed(
    permit: Permit, kind: int, day: int, profile: Profile, registered: int, division: int
) -> Permit:
    division = division or permit.issuing_division
    refuse_wrong_kind(permit, kind, division, profile)
    life = Life(
        permit.anchor_day,
        permit.residence_since,
        permit.good_through,
        permit.last_day,
        permit.endorsement_number,
    )
    life = lifecycle.endorsed(life, kind, day, profile, registered)
    if life.good_through > LAST_CARD_DAY:
        raise CaseError(
            f"good through {iso(life.good_through)} is later than a card can hold; use earlier days"
        )
    return replace(
        permit,
        issuing_division=division,
        anchor_day=life.anchor,
        residence_since=life.since,
        endorsement_number=life.number,
        endorsement_kind=kind,
        endorsement_day=life.last,
        good_through=life.good_through,
    )


def address_of(raw: bytes) -> str:
    """Return the address of an endorsement's bytes; what is no text in it, or would move a cursor, is replaced."""
    text = Endorsement.from_bytes(raw).address.decode("utf-16-le", "replace").rstrip(" ")
    return "".join(char if char.isprintable() or char == "\u3000" else "\ufffd" for char in text)


def write_image(path: Path, image: CardImage) -> None:
    """Write a card image, whole or not at all, for its owner's eyes; CardImageError when it cannot be written."""
    try:
        write_named(path, image.to_json())
    except OSError as error:
        raise CardImageError(f"{path}: {error.strerror}; the card was not written") from None


def shown(image: CardImage, *, holder: bool = False) -> dict[str, Any]:
    """Return what a card's files say, as JSON has it: days YYYY-MM-DD or None, words for codes.

    holder: with HOLDER's items and the addresses of endorsements too. The chip's keys are never among it.
    """
    info, service = Info.from_bytes(image.info), Service.from_bytes(image.service)
    found = {
        "list_division": service.list_division,
        "serial": service.serial,
        "issuing_division": service.issuing_division,
        "class": CLASS_NAMES[service.permit_class],
        "born": iso(service.birth_day),
        "issued": iso(service.issue_day),
        "anchor": iso(service.anchor_day),
        "resident_since": iso(service.residence_since),
        "good_through": iso(service.good_through),
        "endorsement_number": service.endorsement_number,
        "endorsement_kind": KIND_NAMES.get(service.endorsement_kind),
        "endorsed": iso(service.endorsement_day) if service.endorsement_day else None,
        "suite": SUITE_NAMES[service.suite],
        "key": service.key_id.hex(),
        "card_key_epoch": info.card_key_epoch,
        "photo_bytes": len(image.photo),
        "endorsements": [_shown_endorsement(raw, holder=holder) for raw in image.endorsements],
    }
    if holder:
        found["holder"] = _shown_holder(image.holder) if image.holder else None
    return found


def _shown_holder(raw: bytes) -> dict[str, Any]:
    found = asdict(HolderFile.from_bytes(raw))
    return found | {name: iso(found[name]) for name in ("birth_day", "issue_day", "good_through")}


def _shown_endorsement(raw: bytes, *, holder: bool) -> dict[str, Any]:
    record = Endorsement.from_bytes(raw)
    found = {
        "number": record.number,
        "day": iso(record.day),
        "kind": KIND_NAMES[record.kind],
        "good_through": iso(record.good_through),
        "issuing_division": record.issuing_division,
        "key": record.key_id.hex(),
    }
    return found | {"address": address_of(raw) or None} if holder else found

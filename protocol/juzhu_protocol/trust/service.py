"""Whether a card's INFO and SERVICE are what an entitled organ signed, and the newest that the card has."""

from ..errors import RecordError, RecordVersionError
from ..records.card import Info, Service
from ..rules.decide import FORGED, GARBLED, GENUINE, KEY_UNKNOWN, KEY_WITHDRAWN, NEWER_PROFILE, OUTDATED
from .bundle import PURPOSE_ENDORSEMENT, PURPOSE_PERMIT, TrustedKeys, may_sign
from .contexts import SERVICE_CONTEXT, is_signed_by
from .verifier import SignatureVerifier

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..records.trust import BundleKey
    from .verified import VerifiedRecords


def read_card(
    info_bytes: bytes,
    service_bytes: bytes,
    keys: TrustedKeys,
    verifier: SignatureVerifier,
    verified: "VerifiedRecords | None" = None,
) -> "tuple[Service | None, int]":
    """Return (SERVICE, authenticity) of a card's two files; SERVICE is None when it could not be parsed."""
    try:
        info = Info.from_bytes(info_bytes)
        service = Service.from_bytes(service_bytes)
    except RecordVersionError:
        return None, NEWER_PROFILE
    except RecordError:
        return None, GARBLED
    authenticity = check_service(service_bytes, service, keys, verifier, verified)
    # INFO is unsigned: it may lead nobody to another permit or suite than the signed ones.
    if authenticity == GENUINE and (info.list_division, info.serial, info.suite) != (
        service.list_division,
        service.serial,
        service.suite,
    ):
        return service, FORGED
    return service, authenticity


def check_unproven(info_bytes: bytes, keys: "TrustedKeys | None") -> int:
    """Return the authenticity of a card of which INFO alone was read, since it and the SAM did not prove themselves.

    KEY_UNKNOWN when the bundle lacks INFO's key, which signed SECURITY: a card of an authority that this reader does
    not know, with masters that no SAM here holds, and so no fault of its holder's. FORGED when the bundle has it.
    INFO is unsigned, so whoever copies a card can choose the first answer: he gains nothing, both are REFER.
    """
    if keys is None or keys.get(Info.from_bytes(info_bytes).key_id) is None:
        return KEY_UNKNOWN
    return FORGED


def check_session(
    info_bytes: bytes, service: Service, role: int, endorsements_held: int, keys: TrustedKeys
) -> int:
    """Return the authenticity of a card whose SERVICE is genuine and that proved itself to a SAM of `role`.

    In this order: keys of an epoch that the bundle withdrew from this role; fewer endorsements on the card than
    SERVICE says, which no authority writes; more of them, so that SERVICE is not the card's newest (16).
    """
    if Info.from_bytes(info_bytes).card_key_epoch < keys.lowest_epoch(role):
        return KEY_WITHDRAWN
    return check_newest(service, endorsements_held)


def check_newest(service: Service, endorsements_held: int) -> int:
    """Return FORGED for fewer endorsements on the card than its genuine SERVICE says, OUTDATED for more, or GENUINE."""
    if endorsements_held < service.endorsement_number:
        return FORGED
    if endorsements_held > service.endorsement_number:
        return OUTDATED
    return GENUINE


def standing_key(key_id: bytes, keys: TrustedKeys) -> "tuple[BundleKey | None, int]":
    """Return (key, GENUINE), or (None, why not): KEY_UNKNOWN to this software, or KEY_WITHDRAWN, revoked today."""
    key = keys.get(key_id)
    if key is None:
        return None, KEY_UNKNOWN
    if key.revoked_on:
        return None, KEY_WITHDRAWN
    return key, GENUINE


def check_service(
    raw: bytes,
    record: Service,
    keys: TrustedKeys,
    verifier: SignatureVerifier,
    verified: "VerifiedRecords | None" = None,
) -> int:
    """Return the authenticity (rules/decide.py) of a SERVICE record, `raw` being its bytes.

    In this order: a key that this software does not know; a key revoked today; a key for another purpose or
    division, or not valid on the day it signed; the signature, spared when `verified` holds the record.
    """
    key, standing = standing_key(record.key_id, keys)
    if key is None:
        return standing
    signed_on = max(record.issue_day, record.endorsement_day)
    if not _may_write(key, record.endorsement_number, record.issuing_division, signed_on):
        return FORGED
    if verified is None:
        return GENUINE if is_signed_by(key, record, raw, SERVICE_CONTEXT, verifier) else FORGED
    digest = verified.digest(key.public_key, raw)
    if digest not in verified:
        if not is_signed_by(key, record, raw, SERVICE_CONTEXT, verifier):
            return FORGED
        verified.add(digest)
    return GENUINE


def _may_write(key: "BundleKey", endorsements: int, division: int, day: int) -> bool:
    """Whether a key may sign such a SERVICE: who only endorses can make no permit (14, 16)."""
    return may_sign(key, PURPOSE_PERMIT, division, day) or (
        endorsements > 0 and may_sign(key, PURPOSE_ENDORSEMENT, division, day)
    )

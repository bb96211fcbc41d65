"""Whether a card's INFO and SERVICE are what an entitled organ signed."""

from ..crypto.signature import SUITE_ES256
from ..errors import RecordError, RecordVersionError
from ..records.card import Info, Service
from ..rules.decide import FORGED, GARBLED, GENUINE, KEY_UNKNOWN, KEY_WITHDRAWN, NEWER_PROFILE
from .bundle import PURPOSE_PERMIT, TrustedKeys, may_sign
from .contexts import SERVICE_CONTEXT, signed_part
from .verifier import SignatureVerifier


def read_card(
    info_bytes: bytes, service_bytes: bytes, keys: TrustedKeys, verifier: SignatureVerifier
) -> "tuple[Service | None, int]":
    """Return (SERVICE, authenticity) of a card's two files; SERVICE is None when it could not be parsed."""
    try:
        info = Info.from_bytes(info_bytes)
        service = Service.from_bytes(service_bytes)
    except RecordVersionError:
        return None, NEWER_PROFILE
    except RecordError:
        return None, GARBLED
    authenticity = check_service(service_bytes, service, keys, verifier)
    # INFO is unsigned: it may lead nobody to another permit than the signed one.
    if authenticity == GENUINE and (info.list_division, info.serial) != (
        service.list_division,
        service.serial,
    ):
        return service, FORGED
    return service, authenticity


def check_service(raw: bytes, record: Service, keys: TrustedKeys, verifier: SignatureVerifier) -> int:
    """Return the authenticity (rules/decide.py) of a SERVICE record, `raw` being its bytes.

    In this order: a suite this software cannot check; a key it does not know; a key revoked today; a key for
    another purpose or division, or not valid on the day it signed; the signature.
    """
    if record.suite != SUITE_ES256:
        return NEWER_PROFILE
    key = keys.get(record.key_id)
    if key is None:
        return KEY_UNKNOWN
    if key.revoked_on:
        return KEY_WITHDRAWN
    signed_on = max(record.issue_day, record.endorsement_day)
    if key.suite != record.suite or not may_sign(key, PURPOSE_PERMIT, record.issuing_division, signed_on):
        return FORGED
    if not verifier.verify(key.public_key, SERVICE_CONTEXT, signed_part(raw), record.signature):
        return FORGED
    return GENUINE

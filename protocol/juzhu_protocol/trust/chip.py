"""Whether a card is the very chip that the authority issued, with the holder and the history that it shows.

What a counter and the authority check beyond a bus, in this order: SERVICE and the session, as a bus does;
SECURITY, by an organ that may issue there and did so on that day; HOLDER and PHOTO, by their hashes in it, and the
birth date against SERVICE's; ENDORSEMENTS, each of this card, the last of them what SERVICE says; and last, once the
chain to the root holds, the chip's own signature over a fresh challenge. A chip is called genuine only after all.
"""

from ..crypto.signature import decode_key
from ..errors import KeyFormatError, RecordError, RecordVersionError
from ..records.card import Endorsement, Security
from ..rules.calendar import civil_date
from ..rules.decide import FORGED, GARBLED, GENUINE, KEY_UNKNOWN, KEY_WITHDRAWN, NEWER_PROFILE
from .bundle import PURPOSE_ENDORSEMENT, PURPOSE_PERMIT, TrustedKeys, may_sign
from .contexts import CHALLENGE_CONTEXT, ENDORSEMENT_CONTEXT, SECURITY_CONTEXT, is_signed_by
from .service import check_session, read_card
from .verifier import SignatureVerifier

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..card.conversation import CounterConversation
    from ..records.card import Service

HOLDER_SIZE = 326
"""The 256 bytes of the public ID records, and the residence in 70 more (docs/adr/0015)."""
_BIRTH_AT, _BIRTH_END = 36, 52
"""Where HOLDER has the birth date, YYYYMMDD in UTF-16LE."""


class Chip:
    """What is known of a card. authenticity: rules/decide.py; fault: in words, "" for a genuine chip.

    service and security are None unless they are genuine; endorsements, empty unless the chip is, are in the card's
    order, each with GENUINE, or KEY_UNKNOWN or KEY_WITHDRAWN where its key proves nothing today.
    """

    __slots__ = ("authenticity", "endorsements", "fault", "security", "service")

    def __init__(self) -> None:
        self.authenticity = GENUINE
        self.fault = ""
        self.service: "Service | None" = None
        self.security: "Security | None" = None
        self.endorsements: "list[tuple[Endorsement, int]]" = []

    def is_genuine(self) -> bool:
        """Whether the chain to the root held, and then the chip's own signature did."""
        return self.authenticity == GENUINE


class _RefusedError(Exception):
    def __init__(self, authenticity: int, fault: str) -> None:
        super().__init__(fault)
        self.authenticity = authenticity
        self.fault = fault


def judge_chip(
    read: "CounterConversation", role: int, keys: TrustedKeys, verifier: SignatureVerifier
) -> Chip:
    """Return what a finished conversation of `role` (card/keys.py) tells of its card."""
    chip = Chip()
    try:
        chip.service = service = _service(read, role, keys, verifier)
        chip.security = security = _security(read.security, service, keys, verifier)
        _holder(read, service, security, verifier)
        endorsements = _endorsements(read.endorsements, service, keys, verifier)
        _signature(read, security, verifier)
        chip.endorsements = endorsements
    except _RefusedError as refusal:
        chip.authenticity = refusal.authenticity
        chip.fault = refusal.fault
    return chip


def _service(
    read: "CounterConversation", role: int, keys: TrustedKeys, verifier: SignatureVerifier
) -> "Service":
    service, authenticity = read_card(read.info, read.service, keys, verifier)
    if service is not None and authenticity == GENUINE:
        authenticity = check_session(read.info, service, role, read.endorsements_held, keys)
    if service is None or authenticity != GENUINE:
        raise _RefusedError(authenticity, "SERVICE does not hold")
    return service


def _security(raw: bytes, service: "Service", keys: TrustedKeys, verifier: SignatureVerifier) -> Security:
    try:
        record = Security.from_bytes(raw)
    except RecordVersionError:
        raise _RefusedError(NEWER_PROFILE, "SECURITY is of a newer profile")
    except RecordError as error:
        raise _RefusedError(GARBLED, "SECURITY: " + str(error))
    key = keys.get(record.key_id)
    if key is None:
        raise _RefusedError(KEY_UNKNOWN, "the key that signed SECURITY is not known")
    if key.revoked_on:
        raise _RefusedError(KEY_WITHDRAWN, "the key that signed SECURITY is revoked")
    if not may_sign(key, PURPOSE_PERMIT, record.issuing_division, record.issue_day):
        raise _RefusedError(FORGED, "the key that signed SECURITY may not issue permits there and then")
    if not is_signed_by(key, record, raw, SECURITY_CONTEXT, verifier):
        raise _RefusedError(FORGED, "SECURITY's signature does not hold")
    if (record.list_division, record.serial, record.suite, record.issue_day) != (
        service.list_division,
        service.serial,
        service.suite,
        service.issue_day,
    ):
        raise _RefusedError(FORGED, "SECURITY is another card's")
    try:
        decode_key(record.suite, record.public_key)
    except KeyFormatError as error:
        raise _RefusedError(GARBLED, "SECURITY: " + str(error))
    return record


def _holder(
    read: "CounterConversation", service: "Service", security: Security, verifier: SignatureVerifier
) -> None:
    if len(read.holder) != HOLDER_SIZE or verifier.hash(security.suite, read.holder) != security.holder_hash:
        raise _RefusedError(FORGED, "HOLDER is not as it was issued")
    if read.photo is not None and verifier.hash(security.suite, read.photo) != security.photo_hash:
        raise _RefusedError(FORGED, "PHOTO is not as it was issued")
    born = "%04d%02d%02d" % civil_date(service.birth_day)
    if read.holder[_BIRTH_AT:_BIRTH_END] != b"".join([bytes([ord(digit), 0]) for digit in born]):
        raise _RefusedError(FORGED, "HOLDER and SERVICE tell of two birth dates")


def _endorsements(
    raws: "list[bytes]", service: "Service", keys: TrustedKeys, verifier: SignatureVerifier
) -> "list[tuple[Endorsement, int]]":
    """Every endorsement. An old one may be by a key that proves nothing today: SERVICE stands by its own key."""
    found: "list[tuple[Endorsement, int]]" = []
    for raw in raws:
        number = len(found) + 1
        try:
            record = Endorsement.from_bytes(raw)
        except RecordVersionError:
            raise _RefusedError(NEWER_PROFILE, "endorsement %d is of a newer profile" % number)
        except RecordError as error:
            raise _RefusedError(GARBLED, "endorsement %d: %s" % (number, error))
        if (record.list_division, record.serial) != (service.list_division, service.serial):
            raise _RefusedError(FORGED, "endorsement %d is another card's" % number)
        if record.number != number:
            raise _RefusedError(FORGED, "endorsement %d is numbered %d" % (number, record.number))
        found.append((record, _proven(record, raw, service, keys, verifier)))
    if found:
        last, authenticity = found[-1]
        if authenticity != GENUINE:
            raise _RefusedError(authenticity, "the key that signed the last endorsement proves nothing today")
        if (last.kind, last.day, last.good_through) != (
            service.endorsement_kind,
            service.endorsement_day,
            service.good_through,
        ):
            raise _RefusedError(FORGED, "the last endorsement is not the one that SERVICE tells of")
    return found


def _proven(
    record: Endorsement, raw: bytes, service: "Service", keys: TrustedKeys, verifier: SignatureVerifier
) -> int:
    key = keys.get(record.key_id)
    if key is None:
        return KEY_UNKNOWN
    if key.revoked_on:
        return KEY_WITHDRAWN
    # A copy on a successor's card is signed on the day of that card's issue (20).
    day = max(record.day, service.issue_day)
    is_entitled = may_sign(key, PURPOSE_ENDORSEMENT, record.issuing_division, day) or may_sign(
        key, PURPOSE_PERMIT, record.issuing_division, day
    )
    if not is_entitled or not is_signed_by(key, record, raw, ENDORSEMENT_CONTEXT, verifier):
        raise _RefusedError(FORGED, "endorsement %d is not as an organ signed it" % record.number)
    return GENUINE


def _signature(read: "CounterConversation", security: Security, verifier: SignatureVerifier) -> None:
    if not verifier.verify(
        security.suite,
        security.public_key,
        CHALLENGE_CONTEXT,
        challenge_message(read.challenge, security.list_division, security.serial),
        read.challenge_signature,
    ):
        raise _RefusedError(FORGED, "the chip did not sign the challenge")


def challenge_message(challenge: bytes, list_division: int, serial: int) -> bytes:
    """Return what a chip signs in INTERNAL AUTHENTICATE, in CHALLENGE_CONTEXT: the challenge and whose chip it is."""
    return challenge + int.to_bytes(list_division, 3, "big") + int.to_bytes(serial, 4, "big")

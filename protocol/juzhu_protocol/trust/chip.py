"""Whether a card is the very chip that the authority issued, with the holder and the history that it shows.

What a counter and the authority check beyond a bus, in this order. The files: SERVICE, as a bus does, and that it is
the newest; SECURITY, by an organ that may issue there and did so on that day; HOLDER and PHOTO, by their hashes in it,
and the birth date against SERVICE's; ENDORSEMENTS, each of this card, the last of them what SERVICE says. So far files
alone can be judged too. Then the session, as a bus does; and last, once the chain to the root holds, the chip's own
signature over a fresh challenge. A chip is called genuine only after all.
"""

from ..card.apdu import HOLDER_SIZE
from ..card.keys import NO_EPOCH
from ..crypto.signature import decode_key
from ..errors import KeyFormatError, RecordError, RecordVersionError
from ..records.card import Endorsement, Info, Security
from ..rules.calendar import civil_date
from ..rules.decide import FORGED, GARBLED, GENUINE, KEY_UNKNOWN, KEY_WITHDRAWN, NEWER_PROFILE, OUTDATED
from .bundle import PURPOSE_ENDORSEMENT, PURPOSE_PERMIT, TrustedKeys, may_sign
from .contexts import CHALLENGE_CONTEXT, ENDORSEMENT_CONTEXT, SECURITY_CONTEXT, is_signed_by
from .service import check_newest, check_session, read_card, standing_key
from .verifier import SignatureVerifier

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Protocol

    from ..card.conversation import CounterConversation
    from ..records.card import Service

    class CardFiles(Protocol):
        """What a card's files hold, from a conversation or from a card image."""

        @property
        def info(self) -> bytes: ...
        @property
        def service(self) -> bytes: ...
        @property
        def security(self) -> bytes: ...
        @property
        def holder(self) -> bytes: ...
        @property
        def photo(self) -> "bytes | None":
            """None when it was not read, empty when the card has none."""

        @property
        def endorsements(self) -> "Sequence[bytes]": ...


_BIRTH_AT, _BIRTH_END = 36, 52
"""Where HOLDER has the birth date, YYYYMMDD in UTF-16LE."""

_KEY_FAULTS = {
    KEY_UNKNOWN: "the key that signed %s is not known",
    KEY_WITHDRAWN: "the key that signed %s is revoked",
}
_SERVICE_FAULTS = {
    FORGED: "SERVICE is not as an organ signed it, or INFO is another card's",
    GARBLED: "INFO or SERVICE cannot be read",
    NEWER_PROFILE: "INFO or SERVICE is of a newer profile",
}
_SESSION_FAULTS = {
    FORGED: "the card has fewer endorsements than SERVICE tells of",
    KEY_WITHDRAWN: "the card's keys are of an epoch that counts no more",
    OUTDATED: "SERVICE is not the card's newest",
}


class Files:
    """What is known of a card's files. authenticity: rules/decide.py; fault: in words, "" where nothing is wrong.

    service and security are None unless they are genuine; endorsements, empty unless all is, are in the card's
    order, each with GENUINE, or KEY_UNKNOWN or KEY_WITHDRAWN where its key proves nothing today.
    """

    def __init__(self) -> None:
        self.authenticity = GENUINE
        self.fault = ""
        self.service: "Service | None" = None
        self.security: "Security | None" = None
        self.endorsements: "list[tuple[Endorsement, int]]" = []

    def hold(self) -> bool:
        """Whether the chain from the root to each file held."""
        return self.authenticity == GENUINE

    def refuse(self, authenticity: int, fault: str) -> None:
        """Note what does not hold."""
        self.authenticity = authenticity
        self.fault = fault
        self.endorsements = []


class Chip(Files):
    """What is known of a card that is here: its files, its session, and the chip itself."""

    def is_genuine(self) -> bool:
        """Whether the chain to the root held, and then the chip's own signature did."""
        return self.hold()


class _RefusedError(Exception):
    def __init__(self, authenticity: int, fault: str) -> None:
        super().__init__(fault)
        self.authenticity = authenticity
        self.fault = fault


def judge_files(files: "CardFiles", keys: TrustedKeys, verifier: SignatureVerifier) -> Files:
    """Return what a card's files tell without their chip: whoever copied them has them too.

    A card of epoch 0, from before SECURITY, has neither SECURITY nor HOLDER nor PHOTO: its SERVICE stands by its own
    signature, and security is None. Any other card must have them.
    """
    found = Files()
    _judge(found, files, keys, verifier)
    return found


def judge_chip(
    read: "CounterConversation", role: int, keys: TrustedKeys, verifier: SignatureVerifier
) -> Chip:
    """Return what a finished conversation of `role` (card/keys.py) tells of its card."""
    chip = Chip()
    _judge(chip, read, keys, verifier)
    service, security = chip.service, chip.security
    if not chip.hold() or service is None:
        return chip
    authenticity = check_session(read.info, service, role, read.endorsements_held, keys)
    if authenticity != GENUINE:
        chip.refuse(authenticity, _SESSION_FAULTS[authenticity])
    elif security is None or not _is_chips_own(read, security, verifier):
        chip.refuse(FORGED, "the chip did not sign the challenge")
    return chip


def _judge(found: Files, files: "CardFiles", keys: TrustedKeys, verifier: SignatureVerifier) -> None:
    try:
        found.service = service = _service(files, keys, verifier)
        if not _is_older(files):
            found.security = security = _security(files.security, service, keys, verifier)
            _holder(files, service, security, verifier)
        found.endorsements = _endorsements(files.endorsements, service, keys, verifier)
    except _RefusedError as refusal:
        found.refuse(refusal.authenticity, refusal.fault)


def _service(files: "CardFiles", keys: TrustedKeys, verifier: SignatureVerifier) -> "Service":
    service, authenticity = read_card(files.info, files.service, keys, verifier)
    if service is None or authenticity != GENUINE:
        raise _RefusedError(authenticity, _service_fault(authenticity))
    authenticity = check_newest(service, len(files.endorsements))
    if authenticity != GENUINE:
        raise _RefusedError(authenticity, _SESSION_FAULTS[authenticity])
    return service


def _service_fault(authenticity: int) -> str:
    if authenticity in _KEY_FAULTS:
        return _KEY_FAULTS[authenticity] % "SERVICE"
    return _SERVICE_FAULTS[authenticity]


def _is_older(files: "CardFiles") -> bool:
    """Whether this is a whole card of the time before SECURITY: no chip with keys of its own is."""
    is_bare = not files.security and not files.holder and not files.photo
    return is_bare and Info.from_bytes(files.info).card_key_epoch == NO_EPOCH


def _security(raw: bytes, service: "Service", keys: TrustedKeys, verifier: SignatureVerifier) -> Security:
    try:
        record = Security.from_bytes(raw)
    except RecordVersionError:
        raise _RefusedError(NEWER_PROFILE, "SECURITY is of a newer profile")
    except RecordError as error:
        raise _RefusedError(GARBLED, "SECURITY: " + str(error))
    key, standing = standing_key(record.key_id, keys)
    if key is None:
        raise _RefusedError(standing, _KEY_FAULTS[standing] % "SECURITY")
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


def _holder(files: "CardFiles", service: "Service", security: Security, verifier: SignatureVerifier) -> None:
    if (
        len(files.holder) != HOLDER_SIZE
        or verifier.hash(security.suite, files.holder) != security.holder_hash
    ):
        raise _RefusedError(FORGED, "HOLDER is not as it was issued")
    if files.photo is not None and verifier.hash(security.suite, files.photo) != security.photo_hash:
        raise _RefusedError(FORGED, "PHOTO is not as it was issued")
    born = "%04d%02d%02d" % civil_date(service.birth_day)
    if files.holder[_BIRTH_AT:_BIRTH_END] != b"".join([bytes([ord(digit), 0]) for digit in born]):
        raise _RefusedError(FORGED, "HOLDER and SERVICE tell of two birth dates")


def _endorsements(
    raws: "Sequence[bytes]", service: "Service", keys: TrustedKeys, verifier: SignatureVerifier
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
    key, standing = standing_key(record.key_id, keys)
    if key is None:
        return standing
    # A copy on a successor's card is signed on the day of that card's issue (20).
    day = max(record.day, service.issue_day)
    is_entitled = may_sign(key, PURPOSE_ENDORSEMENT, record.issuing_division, day) or may_sign(
        key, PURPOSE_PERMIT, record.issuing_division, day
    )
    if not is_entitled or not is_signed_by(key, record, raw, ENDORSEMENT_CONTEXT, verifier):
        raise _RefusedError(FORGED, "endorsement %d is not as an organ signed it" % record.number)
    return GENUINE


def _is_chips_own(read: "CounterConversation", security: Security, verifier: SignatureVerifier) -> bool:
    return verifier.verify(
        security.suite,
        security.public_key,
        CHALLENGE_CONTEXT,
        challenge_message(read.challenge, security.list_division, security.serial),
        read.challenge_signature,
    )


def challenge_message(challenge: bytes, list_division: int, serial: int) -> bytes:
    """Return what a chip signs in INTERNAL AUTHENTICATE, in CHALLENGE_CONTEXT: the challenge and whose chip it is."""
    return challenge + int.to_bytes(list_division, 3, "big") + int.to_bytes(serial, 4, "big")

"""The card's files of Juzhu card profile 1 that are records, and the keys that a chip holds."""

from ..crypto.signature import KEY_ID_SIZE, SIGNATURE_SIZE
from .nodes import Bytes, OneOf, Struct
from .record import (
    Record,
    byte,
    day,
    day_or_none,
    division,
    record_type,
    serial,
    suite,
    version,
)

INFO = Record(
    "Info",
    "The INFO file: what anyone near the card may read.",
    Struct(
        "record_type" / record_type(0x01),
        "version" / version(),
        "suite" / suite(),
        "list_division" / division(),
        "serial" / serial(),
        "key_id" / Bytes(KEY_ID_SIZE),
        "card_key_epoch" / byte(),
    ),
)

SERVICE = Record(
    "Service",
    "The SERVICE file: all that a point of service needs, under one signature (Articles 14, 16, 18).",
    Struct(
        "record_type" / record_type(0x02),
        "version" / version(),
        "suite" / suite(),
        "list_division" / division(),
        "serial" / serial(),
        "issuing_division" / division(),
        "birth_day" / day(),
        "issue_day" / day(),
        "anchor_day" / day(),
        "residence_since" / day(),
        "endorsement_number" / byte(),
        "endorsement_kind" / OneOf(0, 1, 2, 3),
        "endorsement_day" / day_or_none(),
        "good_through" / day(),
        "permit_class" / OneOf(1, 2, 3),
        "key_id" / Bytes(KEY_ID_SIZE),
        "signature" / Bytes(SIGNATURE_SIZE),
    ),
)

ENDORSEMENT = Record(
    "Endorsement",
    "One record of the ENDORSEMENTS file (Articles 16 and 17); the address is UTF-16LE, padded with spaces.",
    Struct(
        "record_type" / record_type(0x03),
        "version" / version(),
        "suite" / suite(),
        "list_division" / division(),
        "serial" / serial(),
        "number" / byte(1),
        "kind" / OneOf(1, 2, 3),
        "day" / day(),
        "address" / Bytes(70),
        "good_through" / day(),
        "issuing_division" / division(),
        "key_id" / Bytes(KEY_ID_SIZE),
        "signature" / Bytes(SIGNATURE_SIZE),
    ),
)

SECURITY = Record(
    "Security",
    "The SECURITY file: what makes the chip this permit's, under the issuing organ's signature (Article 14).",
    Struct(
        "record_type" / record_type(0x04),
        "version" / version(),
        "suite" / suite(),
        "list_division" / division(),
        "serial" / serial(),
        "issuing_division" / division(),
        "issue_day" / day(),
        "holder_hash" / Bytes(32),
        "photo_hash" / Bytes(32),
        "public_key" / Bytes(64),
        "key_id" / Bytes(KEY_ID_SIZE),
        "signature" / Bytes(SIGNATURE_SIZE),
    ),
)

CARD_KEYS = Record(
    "CardKeys",
    "What personalisation puts into a chip and no command reads: secret.",
    Struct(
        "record_type" / record_type(0x05),
        "version" / version(),
        "suite" / suite(),
        "epoch" / byte(1),
        "bus_key" / Bytes(32),
        "counter_key" / Bytes(32),
        "authority_key" / Bytes(32),
        "signing_key" / Bytes(32),
    ),
)

RECORDS = [INFO, SERVICE, ENDORSEMENT, SECURITY, CARD_KEYS]

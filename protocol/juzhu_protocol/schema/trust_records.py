"""What the root and the list key sign: the trust bundle and the list's manifest."""

from ..crypto.signature import KEY_ID_SIZE, SIGNATURE_SIZE
from .nodes import Blob, Bytes, Int16ub, Many, OneOf, Struct
from .record import (
    Record,
    byte,
    day,
    day_or_none,
    division,
    long,
    record_type,
    short,
    suite,
    unix_time,
    version,
)

MAX_BUNDLE_BODY = 3072
"""Room for about thirty keys; a reader holds the whole bundle in RAM while it checks it."""

MAX_LIST_CONTENT = 4 * 1024 * 1024
"""A list slot on a reader's flash is never larger than this."""

BUNDLE = Record(
    "Bundle",
    "The body of a trust bundle: which keys may do what, where and when.",
    Struct(
        "record_type" / record_type(0x10),
        "version" / version(),
        "bundle_version" / long(1),
        "time" / unix_time(),
        "bus_epoch" / byte(1),
        "counter_epoch" / byte(1),
        "authority_epoch" / byte(1),
        "keys"
        / Many(
            Struct(
                "purpose" / OneOf(1, 2, 3, 4),
                "suite" / suite(),
                "public_key" / Bytes(64),
                "divisions" / Many(Struct("division" / division()), 1, 16),
                "valid_from" / day(),
                "valid_through" / day(),
                "revoked_on" / day_or_none(),
                "epoch" / short(),
            ),
            1,
            32,
        ),
    ),
)

SIGNED_BUNDLE = Record(
    "SignedBundle",
    "A bundle's body with the signatures of the root over it.",
    Struct(
        "record_type" / record_type(0x11),
        "version" / version(),
        "body" / Blob(Int16ub, 1, MAX_BUNDLE_BODY),
        "signatures"
        / Many(Struct("root_id" / Bytes(KEY_ID_SIZE), "signature" / Bytes(SIGNATURE_SIZE)), 1, 8),
    ),
)

MANIFEST = Record(
    "Manifest",
    "What a list division's list is at one moment, signed by its list key.",
    Struct(
        "record_type" / record_type(0x20),
        "version" / version(),
        "suite" / suite(),
        "list_division" / division(),
        "key_epoch" / short(1),
        "sequence" / long(1),
        "time" / unix_time(),
        "content_length" / long(1, MAX_LIST_CONTENT),
        "content_hash" / Bytes(32),
        "key_id" / Bytes(KEY_ID_SIZE),
        "signature" / Bytes(SIGNATURE_SIZE),
    ),
)

LIST_HEADER = Record(
    "ListHeader",
    "The head of a list's content in its plain form; entries of five bytes follow it.",
    Struct(
        "record_type" / record_type(0x21),
        "version" / version(),
        "list_division" / division(),
        "highest_serial" / long(0, 99_999_999),
        "entries" / long(0, MAX_LIST_CONTENT // 5),
    ),
)

RECORDS = [BUNDLE, SIGNED_BUNDLE, MANIFEST, LIST_HEADER]

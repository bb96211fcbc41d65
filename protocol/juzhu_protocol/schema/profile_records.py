"""A place's profile as a compact signed record: what readers and counters decide by."""

from ..crypto.signature import KEY_ID_SIZE, SIGNATURE_SIZE
from .nodes import Blob, Bytes, Int8ub, Many, OneOf, Struct
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

PROFILE = Record(
    "ProfileRecord",
    "One place's numbers, signed by its policy key; rules/profile.py makes a Profile of it.",
    Struct(
        "record_type" / record_type(0x60),
        "version" / version(),
        "suite" / suite(),
        "list_division" / division(),
        "profile_version" / long(1),
        "time" / unix_time(),
        "window_months" / byte(1, 12),
        "restorable_months" / byte(1),
        "transitional_before" / day_or_none(),
        "class_policy" / byte(0, 7),
        "divisions" / Many(Struct("division" / division(), "unit" / byte()), 1, 64),
        "services"
        / Many(
            Struct(
                "code" / byte(1),
                "condition" / OneOf(0, 1, 2, 3),
                "years" / byte(0, 120),
                "warn_hours" / short(),
                "limit_hours" / short(),
                "article" / Blob(Int8ub, 0, 12),
            ),
            0,
            40,
        ),
        "extensions" / Many(Struct("first" / day(), "last" / day(), "through" / day()), 0, 16),
        "articles" / Many(Struct("reason" / byte(1), "article" / Blob(Int8ub, 1, 16)), 0, 48),
        "key_id" / Bytes(KEY_ID_SIZE),
        "signature" / Bytes(SIGNATURE_SIZE),
    ),
)

RECORDS = [PROFILE]

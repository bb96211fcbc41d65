"""What host and reader say to each other over the link, and the reader's tap record."""

from ..link.objects import MAX_OBJECT_DATA, OBJECT_LIST, OBJECT_PROFILE, OBJECT_TRUST
from .nodes import Blob, Bytes, Int8ub, Int16ub, OneOf, Struct
from .record import Record, byte, day_or_none, division, long, record_type, short, version

OBJECTS = (OBJECT_TRUST, OBJECT_LIST, OBJECT_PROFILE)

ANSWERS = (1, 2, 3, 4)
"""ALLOW, DENY, REFER, and TRY_AGAIN, which is no verdict (rules/decide.py)."""

TAP = Record(
    "Tap",
    "One tap as the reader keeps it: a pseudonym that changes daily, never a serial.",
    Struct(
        "record_type" / record_type(0x30),
        "version" / version(),
        "index" / long(1),
        "time" / long(),
        "pseudonym" / Bytes(8),
        "service" / byte(1),
        "answer" / OneOf(*ANSWERS[:3]),
        "reason" / byte(1),
        "flags" / byte(),
        "list_sequence" / long(),
        "chain" / Bytes(16),
    ),
)

HELLO = Record(
    "Hello",
    "Host to reader: who speaks, and the last tap of this ring that the host has stored.",
    Struct(
        "record_type" / record_type(0x40),
        "version" / version(),
        "ring_id" / long(),
        "taps_stored" / long(),
    ),
)

STATUS = Record(
    "Status",
    "Reader to host: what the reader is and what it holds; 0 where it holds none.",
    Struct(
        "record_type" / record_type(0x41),
        "version" / version(),
        "reader_id" / Blob(Int8ub, 1, 32),
        "runtime" / OneOf(1, 2),
        "list_division" / division(),
        "bundle_version" / long(),
        "key_epoch" / short(),
        "list_sequence" / long(),
        "list_time" / long(),
        "profile_version" / long(),
        "clock_floor" / long(),
        "free_heap" / long(),
        "ring_id" / long(),
        "taps_waiting" / long(),
        "taps_lost" / long(),
    ),
)

OBJECT_BEGIN = Record(
    "ObjectBegin",
    "Host to reader: offer a trust bundle (kind 1), a list (kind 2, its manifest in front) or a profile (kind 3).",
    Struct(
        "record_type" / record_type(0x42),
        "version" / version(),
        "kind" / OneOf(*OBJECTS),
        "length" / long(1),
        "manifest" / Blob(Int16ub, 0, 256),
    ),
)

OBJECT_DATA = Record(
    "ObjectData",
    "Host to reader: the object's bytes from one offset on.",
    Struct(
        "record_type" / record_type(0x43),
        "version" / version(),
        "kind" / OneOf(*OBJECTS),
        "offset" / long(),
        "data" / Blob(Int16ub, 1, MAX_OBJECT_DATA),
    ),
)

OBJECT_COMMIT = Record(
    "ObjectCommit",
    "Host to reader: the object is complete; verify it and take it into use.",
    Struct("record_type" / record_type(0x44), "version" / version(), "kind" / OneOf(*OBJECTS)),
)

OBJECT_RESULT = Record(
    "ObjectResult",
    "Reader to host: what became of a step, and the offset from which to go on.",
    Struct(
        "record_type" / record_type(0x45),
        "version" / version(),
        "result" / byte(),
        "offset" / long(),
    ),
)

TAP_STORED = Record(
    "TapStored",
    "Host to reader: every tap of the ring up to this index is stored.",
    Struct("record_type" / record_type(0x46), "version" / version(), "index" / long(1)),
)

DISPLAY = Record(
    "Display",
    "Reader to host: what the staff's screen shows; it names no card and no holder.",
    Struct(
        "record_type" / record_type(0x47),
        "version" / version(),
        "service" / byte(1),
        "answer" / OneOf(*ANSWERS),
        "reason" / byte(),
        "flags" / byte(),
        "until" / day_or_none(),
        "list_sequence" / long(),
        "list_age" / long(),
        "clock_days" / short(),
    ),
)

ACK = Record(
    "Ack",
    "The empty answer.",
    Struct("record_type" / record_type(0x48), "version" / version()),
)

RECORDS = [
    TAP,
    HELLO,
    STATUS,
    OBJECT_BEGIN,
    OBJECT_DATA,
    OBJECT_COMMIT,
    OBJECT_RESULT,
    TAP_STORED,
    DISPLAY,
    ACK,
]

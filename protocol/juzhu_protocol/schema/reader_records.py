"""What a reader keeps on its own flash beside the objects themselves."""

from .nodes import Blob, Bytes, Int16ub, OneOf, Struct
from .record import Record, long, record_type, short, version

STATE = Record(
    "ReaderState",
    "The reader's pointer to what it holds, and its floors; two copies alternate, the higher counter counts.",
    Struct(
        "record_type" / record_type(0x50),
        "version" / version(),
        "counter" / long(1),
        "ring_id" / long(),
        "roots_hash" / Bytes(32),
        "clock_floor" / long(),
        "bundle_floor" / long(),
        "trust_slot" / OneOf(0, 1),
        "trust_length" / short(0, 4096),
        "trust_hash" / Bytes(32),
        "profile_slot" / OneOf(0, 1),
        "profile_length" / short(0, 2048),
        "profile_hash" / Bytes(32),
        "profile_floor" / long(),
        "list_slot" / OneOf(0, 1),
        "manifest" / Blob(Int16ub, 0, 256),
    ),
)

RECORDS = [STATE]

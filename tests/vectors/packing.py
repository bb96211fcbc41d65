"""Vectors as portable_vectors.py reads them: the plain inputs of decide(), and the oracle's verdict in codes."""

import struct
from collections.abc import Iterable
from typing import Any

from juzhu_host.cases import read_case
from juzhu_protocol.rules.calendar import from_iso
from juzhu_protocol.rules.reasons import ANSWER_NAMES, FLAG_NAMES, REASONS
from vectors.portable_vectors import AGE_UNKNOWN, EXTENSIONS, FORMAT, LAST_UNKNOWN, NO_LIST

ANSWERS = {name: code for code, name in ANSWER_NAMES.items()}
REASON_CODES = {name: code for code, (_, name) in REASONS.items()}
FLAG_BITS = {name: bit for bit, name in FLAG_NAMES.items()}


def pack(vectors: "Iterable[tuple[int, dict[str, Any], dict[str, Any]]]") -> bytes:
    """Return (line, case, the oracle's verdict) of cases that are no errors, one record each."""
    return b"".join([_record(line, case, verdict) for line, case, verdict in vectors])


def _record(line: int, case: "dict[str, Any]", verdict: "dict[str, Any]") -> bytes:
    read = read_case(case)
    record, clock, held = read.record, read.clock, read.list_state
    # Only a case's own extensions are told: the profile's must be none, or the two runtimes judge by different ones.
    own = case.get("extended", [])
    assert len(read.profile.extensions) == len(own) <= EXTENSIONS
    extended = [from_iso(day) for row in own for day in row]
    if held is None:
        age = NO_LIST
    else:
        age = AGE_UNKNOWN if held.age_hours is None else held.age_hours
    fields = (
        line,
        record.list_division,
        record.serial,
        record.issuing_division,
        record.birth_day,
        record.issue_day,
        record.anchor_day,
        record.residence_since,
        record.endorsement_number,
        record.endorsement_kind,
        record.endorsement_day,
        record.good_through,
        record.permit_class,
        read.authenticity,
        read.status,
        read.service.code,
        clock.earliest,
        LAST_UNKNOWN if clock.latest is None else clock.latest,
        age,
        *extended,
        *[0] * (3 * EXTENSIONS - len(extended)),
        ANSWERS[verdict["answer"]],
        REASON_CODES[verdict["reason"]],
        sum(FLAG_BITS[flag] for flag in verdict["flags"]),
        *(_day(verdict[key]) for key in ("good_through", "restorable_until", "resident_since", "until")),
        verdict["article"].encode(),
    )
    packed = struct.pack(FORMAT, *fields)
    # struct cuts a text that is too long and says nothing.
    assert struct.unpack(FORMAT, packed)[-1].rstrip(b"\0") == fields[-1]
    return packed


def _day(text: "str | None") -> int:
    return from_iso(text) if text else 0

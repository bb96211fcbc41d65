"""The heads of the list container, which is the content that a manifest signs; docs/list-container.md has the rest."""

from typing import Any

from .nodes import Bytes, Struct
from .record import Record, byte, division, long, record_type, version

CODE_LENGTHS_SIZE = 5
"""Bytes of the code lengths: nine statuses, half a byte each, and one half to spare."""

BASE_ID_SIZE = 8
"""Enough to notice an overlay beside a wrong base; what belongs together is the manifest's word."""


def _shared() -> tuple[Any, ...]:
    """The fields that base and overlay have in common."""
    return (
        "version" / version(),
        "view" / byte(1, 2),
        "list_division" / division(),
        "highest_serial" / long(0, 99_999_999),
        "entries" / long(0, 99_999_999),
        "block_bits" / byte(9, 20),
        "code_lengths" / Bytes(CODE_LENGTHS_SIZE),
    )


LIST_BASE = Record(
    "ListBase",
    "The head of a base: every serial that is not valid.",
    Struct("record_type" / record_type(0x22), *_shared()),
)

LIST_OVERLAY = Record(
    "ListOverlay",
    "The head of an overlay: every serial whose status is no longer what its base says.",
    Struct("record_type" / record_type(0x23), *_shared(), "base_id" / Bytes(BASE_ID_SIZE)),
)

RECORDS = [LIST_BASE, LIST_OVERLAY]

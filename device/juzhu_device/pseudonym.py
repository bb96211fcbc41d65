"""What stands for a permit in a tap record: the same all day on one reader, and nowhere and never else."""

from juzhu_protocol.crypto.mac import derive_key, hmac_sha256
from juzhu_protocol.records.card import Service
from juzhu_protocol.rules.calendar import day_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

NO_PSEUDONYM = bytes(8)

LABEL = b"juzhu/1/tap-pseudonym"
"""Derives the pseudonyms' key from the reader's (crypto/mac.py)."""


class Pseudonyms:
    """Pseudonyms under one reader's key; `random` gives bytes fit for keys."""

    def __init__(self, reader_key: bytes, random: "Callable[[int], bytes]") -> None:
        self._key = derive_key(reader_key, LABEL)
        # Without a clock nothing tells one day from the next, so each start begins a new one.
        self._start = b"start" + random(16)

    def of(self, record: Service, rtc: "tuple[int, int | None] | None") -> bytes:
        """Return a genuine card's pseudonym, 8 bytes; `rtc` as ports.Rtc reads it.

        The day is the clock's own, set by whomever or nobody: it need not be right, only another one tomorrow.
        """
        period = self._start if rtc is None else b"day" + (day_of(rtc[0]) & 0xFFFFFFFF).to_bytes(4, "big")
        permit = record.list_division.to_bytes(3, "big") + record.serial.to_bytes(4, "big")
        return hmac_sha256(hmac_sha256(self._key, period), permit)[:8]

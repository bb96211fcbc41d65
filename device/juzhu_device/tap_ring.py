"""The reader's own record of its taps: a ring on flash, chained under the reader's key.

Records stay until the host says that it has stored them; when the ring is full the oldest goes, and is
counted as lost. A cut in the middle of a write loses that one record and no other; a page that cannot be read
or written loses what should stand there and stops nothing.
"""

from binascii import crc32

from juzhu_protocol.crypto.mac import hmac_sha256
from juzhu_protocol.errors import RecordError, StorageError
from juzhu_protocol.records.link import Tap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .ports import Flash

CHAIN_LABEL = b"juzhu/1/tap-chain"
"""Derives the chain's key from the reader's (crypto/mac.py)."""

SLOT_SIZE = 64
_TAP_SIZE = 42
_REGION = "taps"
_CHAIN_SIZE = 16
_NO_CHAIN = bytes(_CHAIN_SIZE)


def chain_value(key: bytes, ring_id: int, before: bytes, tap: Tap) -> bytes:
    """Return the chain's next value: HMAC-SHA256 over ring, value before and record, first 16 bytes."""
    body = tap.to_bytes()[:-_CHAIN_SIZE]
    return hmac_sha256(key, ring_id.to_bytes(4, "big") + before + body)[:_CHAIN_SIZE]


class TapRing:
    """Keeps taps in order of their index, which begins at 1 and never repeats within one ring id.

    `key` is the chain's own. `damage` says in words what could not be read at the start, empty when all could.
    """

    def __init__(self, flash: "Flash", ring_id: int, key: bytes) -> None:
        self._flash = flash
        self._key = key
        self.ring_id = ring_id
        self.capacity = flash.size(_REGION) // SLOT_SIZE
        self.last = 0
        self.stored = 0
        self.lost = 0
        # Up to here every tap is stored or counted as lost; what the host has is unknown until it says so.
        self._counted = 0
        self._host_known = False
        self._chain = _NO_CHAIN
        self.damage = ""
        self._find_last()

    @property
    def waiting(self) -> int:
        """How many taps the ring holds that the host has not stored."""
        return self.last - max(self.stored, self.last - self.capacity)

    def append(self, tap: Tap) -> None:
        """Give the tap its index and chain value and write it; StorageError when flash fails.

        The index is used up even then: a page that fails must not hold up the taps to come.
        """
        tap.index = self.last + 1
        tap.chain = chain_value(self._key, self.ring_id, self._chain, tap)
        record = tap.to_bytes()
        self.last = tap.index
        self._count_overwritten()
        try:
            self._flash.write(
                _REGION, self._offset(tap.index), record + (crc32(record) & 0xFFFFFFFF).to_bytes(4, "big")
            )
        except OSError as error:
            raise StorageError("the tap ring cannot be written: %r" % error)
        self._chain = tap.chain

    def next_waiting(self) -> "Tap | None":
        """Return the oldest tap that the host has not stored, or None; damaged ones are passed over."""
        index = max(self.stored, self.last - self.capacity) + 1
        while index <= self.last:
            tap = self._read(index)
            if tap is not None:
                return tap
            self._count_lost(index)
            self.stored = index
            index += 1
        return None

    def mark_stored(self, index: int) -> None:
        """The host has stored every tap up to this index, or says so; one that never was is none of ours."""
        if index <= self.last:
            self.stored = max(self.stored, index)

    def resume(self, ring_id: int, stored: int) -> None:
        """A host begins: it has this ring up to `stored`, or knows another history and has nothing of ours."""
        self.stored = stored if self.knows(ring_id, stored) else 0
        self._host_known = True
        self._count_overwritten()

    def knows(self, ring_id: int, stored: int) -> bool:
        """Whether a host that names this ring and this index speaks of this ring's history."""
        return ring_id == self.ring_id and stored <= self.last

    def _count_overwritten(self) -> None:
        if self._host_known:
            self._count_lost(self.last - self.capacity)

    def _count_lost(self, through: int) -> None:
        known = max(self._counted, self.stored)
        if through > known:
            self.lost += through - known
            self._counted = through

    def _find_last(self) -> None:
        unreadable = set()
        for slot in range(self.capacity):
            try:
                tap = self._read_slot(slot)
            except OSError:
                unreadable.add(slot)
                continue
            if tap is not None and tap.index > self.last and (tap.index - 1) % self.capacity == slot:
                self.last = tap.index
                self._chain = tap.chain
        if unreadable:
            self.damage = "%d of the ring's %d taps cannot be read" % (len(unreadable), self.capacity)
        # What stood there may be newer than all that can be read, and a host may have it under its index.
        while self.last % self.capacity in unreadable:
            unreadable.remove(self.last % self.capacity)
            self.last += 1

    def _offset(self, index: int) -> int:
        return (index - 1) % self.capacity * SLOT_SIZE

    def _read(self, index: int) -> "Tap | None":
        try:
            tap = self._read_slot((index - 1) % self.capacity)
        except OSError:
            return None
        return tap if tap is not None and tap.index == index else None

    def _read_slot(self, slot: int) -> "Tap | None":
        data = self._flash.read(_REGION, slot * SLOT_SIZE, _TAP_SIZE + 4)
        record = data[:_TAP_SIZE]
        if data[0] == 0xFF or crc32(record) & 0xFFFFFFFF != int.from_bytes(data[_TAP_SIZE:], "big"):
            return None
        try:
            return Tap.from_bytes(record)
        except RecordError:
            return None

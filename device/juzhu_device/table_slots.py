"""Combs of public keys on flash, so that a restart costs no seconds of building them (trust/verifier.py).

Slots of one size hold a key's suite, its 64 bytes, the table's length, the SHA-256 of all that and the table,
and the table. A slot that a power cut or rot left otherwise holds nothing. Nothing is written but a table that no
slot holds, so that a restart wears nothing.
"""

from hashlib import sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from juzhu_protocol.trust.verifier import Key

    from .ports import Flash

SLOT_SIZE = 4352
"""A comb of 7 teeth with its Z_A (4,128 bytes) and the header, in whole flash pages of 256 bytes."""

_REGION = "tables"
_KEY_SIZE = 65
_LENGTH_SIZE = 2
_HASH_SIZE = 32
_HEADER_SIZE = _KEY_SIZE + _LENGTH_SIZE + _HASH_SIZE


class TableSlots:
    """The verifier's store. It keeps the tables of as many wanted keys as the region "tables" has slots.

    Its hash tells rot and cuts, not a liar: who can write this flash could as well replace the roots on it.
    A page that cannot be read or written costs the building of a table anew and stops nothing.
    """

    def __init__(self, flash: "Flash") -> None:
        self._flash = flash
        self._wanted: "list[bytes]" = []
        count = flash.size(_REGION) // SLOT_SIZE
        # What each slot says it holds; only load() looks whether it does.
        self._names = [self._read(slot * SLOT_SIZE, _KEY_SIZE) for slot in range(count)]

    def want(self, keys: "list[Key]") -> int:
        """Say whose tables are wanted from now on, the first the most; return for how many there is room."""
        self._wanted = [_name(suite, public_key) for suite, public_key in keys[: len(self._names)]]
        return len(self._wanted)

    def load(self, suite: int, public_key: bytes) -> "bytes | None":
        """Return a key's table, as it was saved, or None."""
        name = _name(suite, public_key)
        if name not in self._names:
            return None
        at = self._names.index(name) * SLOT_SIZE
        header = self._read(at, _HEADER_SIZE)
        length = int.from_bytes(header[_KEY_SIZE : _KEY_SIZE + _LENGTH_SIZE], "big")
        if len(header) != _HEADER_SIZE or length > SLOT_SIZE - _HEADER_SIZE:
            return None
        table = self._read(at + _HEADER_SIZE, length)
        if header != _header(name, table):
            return None
        return table

    def save(self, suite: int, public_key: bytes, table: bytes) -> None:
        """Keep a wanted key's table: in its own slot, else in the place of one that is not wanted any more."""
        name = _name(suite, public_key)
        if len(table) > SLOT_SIZE - _HEADER_SIZE or name not in self._wanted:
            return
        own = [slot for slot, held in enumerate(self._names) if held == name]
        free = [slot for slot, held in enumerate(self._names) if held not in self._wanted]
        for slot in own + free:
            try:
                self._flash.write(_REGION, slot * SLOT_SIZE, _header(name, table) + table)
            except OSError:
                self._names[slot] = b""
                continue
            self._names[slot] = name
            return

    def _read(self, offset: int, size: int) -> bytes:
        """Return what stands there, nothing where it cannot be read."""
        try:
            return self._flash.read(_REGION, offset, size)
        except OSError:
            return b""


def _name(suite: int, public_key: bytes) -> bytes:
    return int.to_bytes(suite, 1, "big") + public_key


def _header(name: bytes, table: bytes) -> bytes:
    head = name + int.to_bytes(len(table), _LENGTH_SIZE, "big")
    return head + sha256(head + table).digest()

"""The list container: the exact status of every serial of a division, near the fewest bytes that can tell it.

Content: a head (ListBase or ListOverlay), an index, then blocks; docs/list-container.md has it byte by byte.
One read of the index and one of a block answer for a serial. Never opened before its manifest's hash held: what is
checked here keeps a mistake of whoever built it from passing for an answer.
"""

from ..errors import MalformedObjectError, RecordError
from ..records.list import ListBase, ListOverlay
from ..rules.decide import STATUS_REVOKED, STATUS_SUSPENDED, STATUS_VALID

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

VIEW_HOSTS, VIEW_READERS = 1, 2
"""Hosts see the ground of a suspension and the cause of a revocation; readers see neither."""

VIEW_STATUSES = {
    VIEW_HOSTS: bytes((STATUS_VALID, 0x11, 0x12, 0x14, 0x15, 0x16, 0x21, 0x22, 0x23)),
    VIEW_READERS: bytes((STATUS_VALID, STATUS_SUSPENDED, STATUS_REVOKED)),
}
"""The statuses of each view by their number in the code; an overlay alone lists number 0, back to valid."""

ABSENT = -1
"""What find() says of a serial that a container does not list."""

HEAD_SIZES = {ListBase.TYPE: 20, ListOverlay.TYPE: 28}
GROUP_BLOCKS = 32
"""Blocks that one entry of the index tells of: it has 4 bytes and one a block."""

GROUP_HEAD_SIZE = 4
MAX_GROUP_SIZE = GROUP_HEAD_SIZE + GROUP_BLOCKS
MAX_SHIFT = 5
"""A block's length byte counts units of up to 32 bits."""

MAX_BLOCK_BITS = 255 << MAX_SHIFT
"""Bits of the longest block, 8,160, which lie in at most 1,021 bytes: the only buffer that a look-up needs, and the
bound of its steps."""

MAX_CODE_LENGTH = 8
"""Bits of the longest code: nine statuses need no more."""

MAX_CONTENT = 4 * 1024 * 1024
"""Bytes of the longest container: a manifest signs no longer content."""

_LEADING_ONES = bytes([0] * 128 + [1] * 64 + [2] * 32 + [3] * 16 + [4] * 8 + [5] * 4 + [6, 6, 7, 8])
"""With how many ones a byte begins."""


class PackedList:
    """Looks serials up in one container through `read(offset, size) -> bytes`, two reads a serial.

    Public: overlay (bool), view, division, highest_serial (a higher one is judged on its signature), entries, and
    of an overlay base_id (the first 8 bytes of the SHA-256 of its base's content). MalformedObjectError on damage.
    """

    def __init__(self, read: "Callable[[int, int], bytes]", length: int) -> None:
        if length > MAX_CONTENT:
            raise MalformedObjectError("a list of %d bytes: %d are allowed" % (length, MAX_CONTENT))
        self._read = read
        self._length = length
        head = self._head()
        self.view = head.view
        self.division = head.list_division
        self.highest_serial = head.highest_serial
        self.entries = head.entries
        self.block_bits = head.block_bits
        self.blocks = (head.highest_serial + (1 << head.block_bits) - 1) >> head.block_bits
        self._statuses = VIEW_STATUSES[head.view]
        self._table, self._longest = decode_table(self.code_lengths(head.code_lengths))
        groups = (self.blocks + GROUP_BLOCKS - 1) // GROUP_BLOCKS
        # In bits, as blocks are counted.
        end = self._data_start = 8 * (self._head_size + groups * GROUP_HEAD_SIZE + self.blocks)
        self._data_end = 8 * length
        if groups and end <= self._data_end:
            at, size = self._place(self.blocks - 1)
            end = at + size
        if (end + 7) >> 3 != length:
            raise MalformedObjectError(
                "the last block of a list ends at bit %d, the list at byte %d" % (end, length)
            )

    def _head(self) -> "ListBase | ListOverlay":
        kind = self._exact(0, 1)[0]
        if kind not in HEAD_SIZES:
            raise MalformedObjectError("a list cannot begin with byte %#04x" % kind)
        self._head_size = HEAD_SIZES[kind]
        self.overlay = kind == ListOverlay.TYPE
        data = self._exact(0, self._head_size)
        self.base_id = b""
        try:
            if not self.overlay:
                return ListBase.from_bytes(data)
            head = ListOverlay.from_bytes(data)
        except RecordError as error:
            raise MalformedObjectError("list head: " + str(error))
        self.base_id = head.base_id
        return head

    def _exact(self, offset: int, size: int) -> bytes:
        data = self._read(offset, size) if offset + size <= self._length else b""
        if len(data) != size:
            raise MalformedObjectError(
                "a list of %d bytes has no %d bytes at byte %d" % (self._length, size, offset)
            )
        return data

    def code_lengths(self, packed: bytes) -> bytes:
        """Return the code's length plus one of each status of the view, 0 where the container never lists it."""
        halves = bytes([packed[i >> 1] >> (4 - 4 * (i & 1)) & 15 for i in range(2 * len(packed))])
        count = len(self._statuses)
        if any(halves[count:]) or (halves[0] and not self.overlay):
            raise MalformedObjectError("a list has a code for a status that it cannot list")
        return halves[:count]

    def _place(self, block: int) -> "tuple[int, int]":
        """Return where a block begins and how long it is, in bits: the one read of the index."""
        size = GROUP_HEAD_SIZE + 1 + block % GROUP_BLOCKS
        entry = self._read(self._head_size + block // GROUP_BLOCKS * MAX_GROUP_SIZE, size)
        if len(entry) != size:
            raise MalformedObjectError("the index of a list ends before its block %d" % block)
        at = int.from_bytes(entry[:GROUP_HEAD_SIZE], "big")
        shift = at & 7
        at = (at >> 3) + (sum(entry[GROUP_HEAD_SIZE:-1]) << shift)
        size = entry[-1] << shift
        if shift > MAX_SHIFT or at < self._data_start or at + size > self._data_end:
            raise MalformedObjectError("block %d of a list lies at bit %d, where no block is" % (block, at))
        return at, size

    def find(self, serial: int) -> int:
        """Return the status that is listed for a serial, ABSENT when none is."""
        if not 0 < serial <= self.highest_serial:
            return ABSENT
        block = (serial - 1) >> self.block_bits
        at, size = self._place(block)
        if not size:
            return ABSENT
        return self._search(block, at, size, serial - 1 - (block << self.block_bits), None)

    def _search(
        self, block: int, at: int, size: int, wanted: int, seen: "list[tuple[int, int]] | None"
    ) -> int:
        """Return the status of the entry at place `wanted` of a block, ABSENT when there is none.

        `seen` gets every entry before it, as (places before `wanted`, status).
        """
        first, skip, end = at >> 3, at & 7, (at & 7) + size
        last = (end - 1) >> 3
        data = self._read(first, last + 1)
        table, longest = self._table, self._longest
        if len(data) != last + 1 or not table:
            raise MalformedObjectError("block %d of a list is cut short, or nothing can be in it" % block)
        # `have` bits wait in `bits`, at most 30, a small integer on a chip; behind the block's end come ones. `left` is
        # how many places there are behind the last entry, up to the wanted one and with it.
        final = data[last] | 255 >> (end - 8 * last)
        bits, have, at, left = 0, -skip, 0, wanted + 1
        while have < 4:
            bits = bits << 8 | (data[at] if at < last else final if at == last else 255)
            at += 1
            have += 8
        have -= 4
        parameter = bits >> have & 15
        low, mask, need = (1 << parameter) - 1, (1 << longest) - 1, parameter + longest
        while True:
            if have < 8:
                if at + 1 < last:
                    bits = (bits & 255) << 16 | data[at] << 8 | data[at + 1]
                    at += 2
                    have += 16
                else:
                    bits = (bits & 255) << 8 | (data[at] if at < last else final if at == last else 255)
                    at += 1
                    have += 8
            ones = _LEADING_ONES[bits >> (have - 8) & 255]
            if ones == 8:
                left -= 8 << parameter
                have -= 8
                behind = 8 * at - have - end
                if behind < 0:
                    continue
                if behind > 8:
                    raise MalformedObjectError("an entry of block %d of a list runs past its end" % block)
                return ABSENT
            have -= ones + 1
            while have < need:
                bits = (bits & 0x3FFFFF) << 8 | (data[at] if at < last else final if at == last else 255)
                at += 1
                have += 8
            have -= parameter
            left -= 1 + (ones << parameter | bits >> have & low)
            code = table[bits >> (have - longest) & mask]
            have -= code & 15
            if left > 0:
                if seen is not None:
                    seen.append((left, self._statuses[code >> 4]))
                continue
            if 8 * at - have > end or wanted - left >= self._serials(block):
                raise MalformedObjectError("block %d of a list holds an entry that is none" % block)
            return ABSENT if left else self._statuses[code >> 4]

    def _serials(self, block: int) -> int:
        """Return how many serials a block tells of."""
        return min(1 << self.block_bits, self.highest_serial - (block << self.block_bits))

    def walk(self) -> "Iterator[tuple[int, int]]":
        """Yield (serial, status) of every entry, serials rising; the blocks must lie close, the entries be all."""
        expected, count = self._data_start, 0
        for block in range(self.blocks):
            at, size = self._place(block)
            if at != expected:
                raise MalformedObjectError(
                    "block %d of a list lies at bit %d, not at %d" % (block, at, expected)
                )
            expected += size
            if not size:
                continue
            seen: list[tuple[int, int]] = []
            end = self._serials(block)
            # An entry at `end` or behind it is refused.
            self._search(block, at, size, end, seen)
            end += (block << self.block_bits) + 1
            for left, status in seen:
                count += 1
                yield end - left, status
        if count != self.entries:
            raise MalformedObjectError("a list of %d entries says it has %d" % (count, self.entries))


class LayeredList:
    """A base and, where there is one, the overlay over it: what a serial's status is now.

    base_id is that of the base's content, to be given with an overlay. MalformedObjectError when they do not belong
    together.
    """

    def __init__(self, base: PackedList, overlay: "PackedList | None" = None, base_id: bytes = b"") -> None:
        if base.overlay:
            raise MalformedObjectError("an overlay is no base")
        if overlay is not None:
            if not overlay.overlay or overlay.base_id != base_id:
                raise MalformedObjectError("an overlay of another base")
            if (overlay.view, overlay.division) != (base.view, base.division):
                raise MalformedObjectError("an overlay of another view or division than its base")
            if overlay.highest_serial < base.highest_serial:
                raise MalformedObjectError("an overlay that ends before its base")
        self._base, self._overlay = base, overlay
        newest = base if overlay is None else overlay
        self.view = newest.view
        self.division = newest.division
        self.highest_serial = newest.highest_serial

    def status(self, serial: int) -> int:
        """Return the status of a serial as VIEW_STATUSES has it; STATUS_VALID for one that is not listed."""
        found = ABSENT if self._overlay is None else self._overlay.find(serial)
        if found == ABSENT:
            found = self._base.find(serial)
        return STATUS_VALID if found == ABSENT else found

    def changes(self) -> "Iterator[tuple[int, int]]":
        """Yield the base's (serial, status), then the overlay's, which count more."""
        for serial, status in self._base.walk():
            yield serial, status
        if self._overlay is not None:
            for serial, status in self._overlay.walk():
                yield serial, status


def decode_table(lengths: bytes) -> "tuple[bytes, int]":
    """Return (table, longest): number << 4 | length of the code that `longest` bits begin with.

    lengths: of each code plus one, 0 for no code. The codes are canonical: shorter ones first, among equals the lower
    number first, each the next binary number.
    """
    longest = max(lengths) - 1 if any(lengths) else 0
    if longest > MAX_CODE_LENGTH:
        raise MalformedObjectError("a list has a code of %d bits" % longest)
    table = bytearray()
    for length in range(longest + 1):
        for number in range(len(lengths)):
            if lengths[number] == length + 1:
                table += bytes((number << 4 | length,)) * (1 << (longest - length))
    if any(lengths) and len(table) != 1 << longest:
        raise MalformedObjectError("the codes of a list are not complete")
    return bytes(table), longest

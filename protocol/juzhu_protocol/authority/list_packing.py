"""Packs a list's entries into the container: every choice from counts, by integers alone, so that it is canonical.

The rules, which docs/list-container.md states in words: the code lengths are Huffman's over all entries; a block
holds 2^b serials, b the greatest for which blocks average at most 32 entries (of an overlay 16) and none is longer than
8,160 bits; each block takes the parameter that makes it shortest.
"""

import heapq
from array import array
from collections.abc import Callable, Iterator
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import Self

from ..lists.container import (
    GROUP_BLOCKS,
    GROUP_HEAD_SIZE,
    HEAD_SIZES,
    MAX_BLOCK_BITS,
    MAX_CONTENT,
    MAX_SHIFT,
    decode_table,
)
from ..records.list import ListBase, ListOverlay
from .errors import ListRowsError, ListTooLongError

FEWEST_BITS, MOST_BITS = 9, 20
BASE_CROWD, OVERLAY_CROWD = 32, 16
"""Blocks average at most so many entries: twice as many would save 3 % of the bytes and nearly double the steps of a
look-up. Every look-up asks the overlay, which is small, so there steps count more than bytes."""

MAX_PARAMETER = 15
HIGHEST_SERIAL = 99_999_999
IN_MEMORY = 16 * 1024 * 1024
CHUNK = 65536
"""Entries that are packed, written and read at once."""

NUMBER_BITS = 4
CODE_NUMBERS = 10

Head = Callable[[int, bytes], ListBase | ListOverlay]
"""Makes the container's head of block bits and packed code lengths."""


class Entries:
    """A list's entries, taken in once in rising order and given out as often as wanted."""

    def __init__(self, statuses: bytes, highest_serial: int) -> None:
        if not 0 <= highest_serial <= HIGHEST_SERIAL:
            raise ListRowsError(f"a highest serial of {highest_serial}: 0 to {HIGHEST_SERIAL} there can be")
        self.highest_serial = highest_serial
        self.total = 0
        self.counts = [0] * len(statuses)
        self._numbers = {status: number for number, status in enumerate(statuses)}
        self._last = 0
        self._chunk = array("I")
        self._spool = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  # __exit__ closes it

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._spool.close()

    def add(self, serial: int, status: int) -> None:
        """Take the next entry; ListRowsError when it is out of order or range, or the view has no such status."""
        number = self._numbers.get(status)
        if number is None:
            raise ListRowsError(f"serial {serial}: {status:#04x} is no status of this view")
        if not self._last < serial <= self.highest_serial:
            raise ListRowsError(
                f"serial {serial} comes after {self._last}, and the highest is {self.highest_serial}: "
                "give the rows in rising order, each serial once"
            )
        self._last = serial
        self.total += 1
        self.counts[number] += 1
        self._chunk.append(serial << NUMBER_BITS | number)
        if len(self._chunk) == CHUNK:
            self._flush()

    def _flush(self) -> None:
        self._spool.write(self._chunk.tobytes())
        self._chunk = array("I")

    def __iter__(self) -> Iterator[int]:
        """Yield serial << 4 | number of the status, in order."""
        self._flush()
        self._spool.seek(0)
        while data := self._spool.read(CHUNK * self._chunk.itemsize):
            yield from array("I", data)


def pack(entries: Entries, head: Head, crowd: int) -> bytes:
    """Return the container of these entries, `crowd` of them a block; ListTooLongError beyond 4 MiB."""
    lengths = code_lengths(entries.counts)
    codes = _codes(lengths)
    packed = bytes(
        high << 4 | low
        for high, low in zip(*[iter(lengths + bytes(CODE_NUMBERS - len(lengths)))] * 2, strict=True)
    )
    bits = block_bits(entries.total, entries.highest_serial, crowd)
    while True:
        front = head(bits, packed).to_bytes()
        body = _body(entries, bits, codes, HEAD_SIZES[front[0]])
        if body is not None:
            return front + body
        bits -= 1


def block_bits(total: int, highest_serial: int, crowd: int) -> int:
    """Return the b from which the container's rule starts."""
    bits = MOST_BITS
    while bits > FEWEST_BITS and total << bits > crowd * highest_serial:
        bits -= 1
    return bits


def code_lengths(counts: list[int]) -> bytes:
    """Return the length plus one of each status's Huffman code, 0 for a status that is never listed.

    The two lightest trees are joined until one is left; of equally heavy ones the tree whose lowest status number is
    lower counts as the lighter.
    """
    heap = [(count, number, [number]) for number, count in enumerate(counts) if count]
    heapq.heapify(heap)
    lengths = [1 if count else 0 for count in counts]
    while len(heap) > 1:
        one, other = heapq.heappop(heap), heapq.heappop(heap)
        members = one[2] + other[2]
        for number in members:
            lengths[number] += 1
        heapq.heappush(heap, (one[0] + other[0], min(one[1], other[1]), members))
    return bytes(lengths)


def _codes(lengths: bytes) -> list[tuple[int, int]]:
    """Return (code, bits) of each status number."""
    table, longest = decode_table(lengths)
    codes = [(0, 0)] * len(lengths)
    for at in range(len(table) - 1, -1, -1):
        number, length = table[at] >> 4, table[at] & 15
        codes[number] = at >> (longest - length), length
    return codes


def _body(entries: Entries, bits: int, codes: list[tuple[int, int]], head_size: int) -> bytes | None:
    """Return index and blocks, None when a block would be too long."""
    blocks = (entries.highest_serial + (1 << bits) - 1) >> bits
    body = _Body(head_size, blocks)
    current, first = 0, 1
    places: list[int] = []
    numbers: list[int] = []
    size = 1 << bits
    for entry in entries:
        place = (entry >> NUMBER_BITS) - first
        if place >= size:
            if not body.add(encode_block(places, numbers, codes)):
                return None
            places, numbers = [], []
            block = ((entry >> NUMBER_BITS) - 1) >> bits
            body.add_empty(block - current - 1)
            current, first = block, (block << bits) + 1
            place = (entry >> NUMBER_BITS) - first
        places.append(place)
        numbers.append(entry & 15)
    if blocks:
        if not body.add(encode_block(places, numbers, codes)):
            return None
        body.add_empty(blocks - current - 1)
    return body.finish()


def encode_block(places: list[int], numbers: list[int], codes: list[tuple[int, int]]) -> tuple[int, int]:
    """Return a block's bits as an integer, and how many they are: its parameter, gap and status of each entry."""
    if not places:
        return 0, 0
    gaps = [place - before - 1 for before, place in zip([-1, *places[:-1]], places, strict=True)]
    parameter = best_parameter(gaps)
    low = (1 << parameter) - 1
    bits, size = parameter, 4
    for gap, number in zip(gaps, numbers, strict=True):
        quotient = gap >> parameter
        code, length = codes[number]
        bits = (bits << quotient | (1 << quotient) - 1) << 1 + parameter | gap & low
        bits = bits << length | code
        size += quotient + 1 + parameter + length
    return bits, size


def best_parameter(gaps: list[int]) -> int:
    """Return the lowest parameter with which the gaps take the fewest bits."""
    best, shortest = 0, len(gaps) + sum(gaps)
    # The bits fall and then rise: the first parameter that does not shorten them ends the search.
    for parameter in range(1, MAX_PARAMETER + 1):
        bits = len(gaps) * (1 + parameter) + sum([gap >> parameter for gap in gaps])
        if bits >= shortest:
            break
        best, shortest = parameter, bits
    return best


class _Body:
    """Index and blocks of a container as they grow."""

    def __init__(self, head_size: int, blocks: int) -> None:
        groups = -(-blocks // GROUP_BLOCKS)
        self._start = head_size + GROUP_HEAD_SIZE * groups + blocks
        self._index = bytearray()
        self._data = bytearray()
        self._group: list[tuple[int, int]] = []
        # Bits behind the last whole byte of data.
        self._bits, self._size = 0, 0

    def add(self, block: tuple[int, int]) -> bool:
        """Take the next block's bits and their number; False when they are too many for any."""
        if block[1] > MAX_BLOCK_BITS:
            return False
        self._group.append(block)
        if len(self._group) == GROUP_BLOCKS:
            self._end_group()
        return True

    def add_empty(self, count: int) -> None:
        """Take so many blocks without entries."""
        for _ in range(count):
            self.add((0, 0))

    def _end_group(self) -> None:
        longest = max(size for _, size in self._group)
        shift = next(shift for shift in range(MAX_SHIFT + 1) if longest <= 255 << shift)
        at = 8 * (self._start + len(self._data)) + self._size
        self._index += (at << 3 | shift).to_bytes(4, "big")
        for bits, size in self._group:
            units = -(-size >> shift)
            self._index.append(units)
            self._append(bits, size)
            self._append_ones((units << shift) - size)
        self._group = []
        self._flush()
        if self._start + len(self._data) > MAX_CONTENT:
            raise ListTooLongError(f"the list would be longer than {MAX_CONTENT} bytes: split the division")

    def _append(self, bits: int, size: int) -> None:
        self._bits, self._size = self._bits << size | bits, self._size + size

    def _append_ones(self, size: int) -> None:
        self._append((1 << size) - 1, size)

    def _flush(self) -> None:
        spare = self._size & 7
        self._data += (self._bits >> spare).to_bytes(self._size >> 3, "big")
        self._bits, self._size = self._bits & (1 << spare) - 1, spare

    def finish(self) -> bytes:
        """Return index and blocks, with ones to a whole byte."""
        if self._group:
            self._end_group()
        self._append_ones(-self._size % 8)
        self._flush()
        return bytes(self._index + self._data)

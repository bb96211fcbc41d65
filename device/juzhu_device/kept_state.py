"""The reader's state record on flash: two copies that alternate, so that a power cut at any byte leaves the one before.

A state with an even counter stands in state0, one with an odd counter in state1; the sound copy with the higher
counter counts. A state of other roots than those installed keeps its ring of taps and nothing else.
"""

from binascii import crc32

from juzhu_protocol.errors import RecordError, StorageError
from juzhu_protocol.records.reader import ReaderState

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .ports import Flash, Ports

_REGIONS = ("state0", "state1")


class Regions:
    """Flash whose failures are StorageError."""

    def __init__(self, flash: "Flash") -> None:
        self._flash = flash

    def size(self, region: str) -> int:
        """Return the size of a region in bytes."""
        return self._flash.size(region)

    def read(self, region: str, offset: int, size: int) -> bytes:
        """Return exactly `size` bytes."""
        try:
            return self._flash.read(region, offset, size)
        except OSError as error:
            raise StorageError("flash region %s cannot be read: %r" % (region, error))

    def write(self, region: str, offset: int, data: bytes) -> None:
        """Replace the bytes from `offset` on."""
        try:
            self._flash.write(region, offset, data)
        except OSError as error:
            raise StorageError("flash region %s cannot be written: %r" % (region, error))


class KeptState:
    """The state in use, `current`; a new reader's is written at once. StorageError when no copy can be read.

    roots_hash: of the installed roots. forgot_old_roots: whether the state was of others, and is forgotten now.
    """

    def __init__(self, ports: "Ports", roots_hash: bytes) -> None:
        self._flash = Regions(ports.flash)
        self.forgot_old_roots = False
        held = self._load()
        if held is None:
            # The ring's id must be the same at the next start, or taps kept now would be taken for another ring's.
            self.current = _blank(int.from_bytes(ports.random(4), "big"), roots_hash)
            self.save()
            return
        self.current = held
        if held.roots_hash != roots_hash:
            # In one write, a floor as much as what stands above it: a thief's floor would keep out all that is new.
            blank = _blank(held.ring_id, roots_hash)
            self.save(**{name: getattr(blank, name) for name in ReaderState.__slots__})
            self.forgot_old_roots = True

    def save(self, **changes: "int | bytes") -> None:
        """Take into use, and keep, a state with these fields changed."""
        fields = {name: changes.get(name, getattr(self.current, name)) for name in ReaderState.__slots__}
        fields["counter"] = self.current.counter + 1
        state = ReaderState(*[fields[name] for name in ReaderState.__slots__])
        record = state.to_bytes()
        check = (crc32(record) & 0xFFFFFFFF).to_bytes(4, "big")
        self._flash.write(_REGIONS[state.counter % 2], 0, len(record).to_bytes(2, "big") + record + check)
        self.current = state

    def _load(self) -> "ReaderState | None":
        """The newest sound copy; None on the flash of a new reader."""
        best = None
        blank = []
        for region in _REGIONS:
            try:
                head = self._flash.read(region, 0, 2)
                if head == b"\xff\xff":
                    blank.append(region)
                    continue
                size = int.from_bytes(head, "big")
                if size + 6 > self._flash.size(region):
                    continue
                record = self._flash.read(region, 2, size)
                if crc32(record) & 0xFFFFFFFF != int.from_bytes(self._flash.read(region, 2 + size, 4), "big"):
                    continue
                state = ReaderState.from_bytes(record)
            except (RecordError, StorageError):
                continue
            if best is None or state.counter > best.counter:
                best = state
        # The very first write goes to the first copy: torn, it leaves the second blank, and nothing was held yet.
        if best is None and _REGIONS[1] not in blank:
            raise StorageError("both copies of the reader's state are damaged; install the reader anew")
        return best


def _blank(ring_id: int, roots_hash: bytes) -> ReaderState:
    """A state under these roots in which nothing is held and nothing has a floor."""
    return ReaderState(
        counter=1,
        ring_id=ring_id,
        roots_hash=roots_hash,
        clock_floor=0,
        bundle_floor=0,
        trust_slot=1,
        trust_length=0,
        trust_hash=bytes(32),
        profile_slot=1,
        profile_length=0,
        profile_hash=bytes(32),
        profile_floor=0,
        list_slot=1,
        manifest=b"",
    )

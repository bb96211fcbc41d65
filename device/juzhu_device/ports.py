"""What a reader needs of its hardware. boards/ and the simulator implement these; nothing here is imported.

Each class below is documentation that type checkers read: MicroPython has no protocols.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array
    from typing import Protocol

    from juzhu_protocol.card.conversation import Sam

    class Flash(Protocol):
        """Regions of storage that survive a power cut: state, trust, list and profile with 0 and 1 each, taps
        and tables.

        A write replaces bytes and may be cut anywhere: then a prefix of it stands and the rest is as before
        or blank. A region never written reads as 0xFF. Failures raise OSError.
        """

        def size(self, region: str) -> int:
            """Return the size of a region in bytes."""

        def read(self, region: str, offset: int, size: int) -> bytes:
            """Return exactly `size` bytes."""

        def write(self, region: str, offset: int, data: bytes) -> None:
            """Replace the bytes from `offset` on; durable when it returns."""

    class Rtc(Protocol):
        """The reader's own clock."""

        def read(self) -> "tuple[int, int | None] | None":
            """Return (Unix time, seconds by which it may be off since an authenticated setting).

            The second is None when nobody entitled ever set it; all is None when the clock lost its power.
            """

    class Ports(Protocol):
        """Everything together."""

        flash: Flash
        rtc: Rtc
        sam: Sam

        def random(self, size: int) -> bytes:
            """Return random bytes fit for keys and nonces."""

        def sm3_compress(self, state: "array[int]", blocks: bytes) -> None:
            """SM3's compression: that of crypto/sm3.py or a native twin of it."""

"""One frame of the link, and the decoder that finds frames in whatever arrives.

    kind u8 | session u32 | sequence u16 | payload | CRC-32 of all before it u32

Big-endian, COBS-encoded as a whole, ended by one zero byte. The top bit of `kind` marks a response.
`session` is the random id of the requester's life; a response repeats its request's session and sequence.
"""

from binascii import crc32

from ..errors import FrameChecksumError, FrameError, LinkUsageError
from .cobs import decode, encode, max_encoded_length
from .stats import LinkStats

MAX_PAYLOAD = 1024 + 64
"""Bytes: a step of a list transfer carries 1024 and its own header, and a reader keeps a few such frames."""

REQUEST = 0x00
RESPONSE = 0x80
MAX_KIND = 127
MAX_SESSION = 0xFFFFFFFF
MAX_SEQUENCE = 0xFFFF
DELIMITER = b"\x00"

_HEADER = 7
_CRC = 4
MIN_FRAME = max_encoded_length(_HEADER + _CRC) + 1
"""Bytes on the wire of a frame without payload, its delimiter included."""
MAX_FRAME = max_encoded_length(_HEADER + MAX_PAYLOAD + _CRC) + 1
"""Bytes on the wire of the longest frame, its delimiter included: all that a decoder ever holds."""


class Frame:
    """One request or response; not changed after it is made. LinkUsageError for a field out of range."""

    __slots__ = ("kind", "payload", "role", "sequence", "session")

    def __init__(self, kind: int, role: int, session: int, sequence: int, payload: bytes) -> None:
        if not 1 <= kind <= MAX_KIND:
            raise LinkUsageError("kind %d is not in 1..%d" % (kind, MAX_KIND))
        if role not in (REQUEST, RESPONSE):
            raise LinkUsageError("role %d is neither REQUEST nor RESPONSE" % role)
        if not 0 <= session <= MAX_SESSION:
            raise LinkUsageError("session is not in 0..2^32-1")
        if not 0 <= sequence <= MAX_SEQUENCE:
            raise LinkUsageError("sequence %d is not in 0..%d" % (sequence, MAX_SEQUENCE))
        if len(payload) > MAX_PAYLOAD:
            raise LinkUsageError("payload of %d bytes, the limit is %d" % (len(payload), MAX_PAYLOAD))
        self.kind = kind
        self.role = role
        self.session = session
        self.sequence = sequence
        self.payload = payload

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Frame) and self._fields() == other._fields()

    def __hash__(self) -> int:
        return hash(self._fields())

    def __repr__(self) -> str:
        # The payload stays out: a representation ends in logs.
        name = "response" if self.role == RESPONSE else "request"
        return "<%s kind %d, session %08x, sequence %d, %d bytes>" % (
            name,
            self.kind,
            self.session,
            self.sequence,
            len(self.payload),
        )

    def _fields(self) -> "tuple[int, int, int, int, bytes]":
        return self.kind, self.role, self.session, self.sequence, self.payload

    def to_bytes(self) -> bytes:
        """Return the frame as it goes on the wire, its delimiter included."""
        body = bytearray()
        body.append(self.role | self.kind)
        body.extend(self.session.to_bytes(4, "big"))
        body.extend(self.sequence.to_bytes(2, "big"))
        body.extend(self.payload)
        body.extend(crc32(body).to_bytes(4, "big"))
        return encode(bytes(body)) + DELIMITER

    @classmethod
    def from_bytes(cls, wire: bytes) -> "Frame":
        """Read one frame, its delimiter included; FrameChecksumError for a wrong CRC-32, else FrameError."""
        if not MIN_FRAME <= len(wire) <= MAX_FRAME:
            raise FrameError("frame of %d bytes on the wire, not %d..%d" % (len(wire), MIN_FRAME, MAX_FRAME))
        if wire[-1] != 0:
            raise FrameError("frame without a delimiter at its end")
        body = decode(wire[:-1])
        end = len(body) - _CRC
        # Too short it cannot be: COBS adds one byte to so few, and MIN_FRAME counts it.
        if end > _HEADER + MAX_PAYLOAD:
            raise FrameError("frame of %d bytes" % len(body))
        if crc32(body[:end]) != int.from_bytes(body[end:], "big"):
            raise FrameChecksumError("CRC-32 of a frame of %d bytes does not match" % len(body))
        kind = body[0] & MAX_KIND
        if not kind:
            raise FrameError("kind 0")
        session = int.from_bytes(body[1:5], "big")
        sequence = int.from_bytes(body[5:7], "big")
        return cls(kind, body[0] & RESPONSE, session, sequence, body[_HEADER:end])


class FrameDecoder:
    """Finds frames in a stream of any bytes in any pieces; counts what is none and never raises for it.

    Between calls it holds at most MAX_FRAME bytes, in one buffer made once: a heap in pieces stops a reader.
    """

    def __init__(self, stats: LinkStats) -> None:
        self._stats = stats
        self._buffer = bytearray(MAX_FRAME)
        self._held = 0
        self._discarding = False

    def reset(self) -> None:
        """Forget a frame begun, when the transport it began on is gone."""
        self._held = 0
        self._discarding = False

    def feed(self, data: bytes) -> "list[Frame]":
        """Take what arrived; return the frames that it completed, in order."""
        data = bytes(data)
        frames: "list[Frame]" = []
        start = 0
        while True:
            end = data.find(DELIMITER, start)
            if end < 0:
                self._hold(data[start:])
                return frames
            if end - start + 1 < MIN_FRAME and not self._held and not self._discarding:
                # The short way for noise full of zeros, which comes here once a byte.
                if end > start:
                    self._stats.malformed += 1
            else:
                self._hold(data[start : end + 1])
                frame = self._finish()
                if frame is not None:
                    frames.append(frame)
            start = end + 1

    def _hold(self, piece: bytes) -> None:
        held = self._held + len(piece)
        if self._discarding:
            return
        if held > MAX_FRAME:
            self._discarding = True
            self._stats.oversize += 1
            return
        self._buffer[self._held : held] = piece
        self._held = held

    def _finish(self) -> "Frame | None":
        wire = b"" if self._discarding else bytes(self._buffer[: self._held])
        self.reset()
        if len(wire) <= 1:  # a delimiter alone: senders put one in front to end somebody else's rest
            return None
        try:
            frame = Frame.from_bytes(wire)
        except FrameChecksumError:
            self._stats.crc_errors += 1
            return None
        except FrameError:
            self._stats.malformed += 1
            return None
        self._stats.frames_ok += 1
        return frame

"""Consistent Overhead Byte Stuffing (Cheshire and Baker, 1997): zero never occurs, so it can end a frame."""

from ..errors import FrameError

_FULL = 255
"""Code of a block of 254 bytes that no zero follows."""


def max_encoded_length(length: int) -> int:
    """Return how many bytes `length` bytes can take at most when encoded, without a delimiter."""
    return length + length // (_FULL - 1) + 1


def encode(data: bytes) -> bytes:
    """Return `data` without any zero byte; the delimiter is the caller's."""
    out = bytearray()
    at = 0
    length = len(data)
    while True:
        zero = data.find(b"\x00", at)
        end = length if zero < 0 else zero
        while end - at >= _FULL - 1:
            out.append(_FULL)
            out.extend(data[at : at + _FULL - 1])
            at += _FULL - 1
            if at == length:
                return bytes(out)
        out.append(end - at + 1)
        out.extend(data[at:end])
        if zero < 0:
            return bytes(out)
        at = zero + 1


def decode(encoded: bytes) -> bytes:
    """Return the bytes that `encode` made `encoded` from; FrameError for what it cannot have made."""
    length = len(encoded)
    if not length:
        raise FrameError("COBS: no bytes")
    if b"\x00" in encoded:
        raise FrameError("COBS: a zero inside")
    out = bytearray()
    at = 0
    full = False
    while at < length:
        code = encoded[at]
        end = at + code
        if end > length:
            raise FrameError("COBS: block of %d bytes, %d there" % (code - 1, length - at - 1))
        if full and code == 1 and end == length:
            raise FrameError("COBS: an empty block after a full last one")
        out.extend(encoded[at + 1 : end])
        at = end
        full = code == _FULL
        if not full and at < length:
            out.append(0)
    return bytes(out)

"""Secure messaging (ISO/IEC 7816-4, clause 10): each command and each answer under a MAC, and encrypted if asked.

MAC: HMAC-SHA256 cut to 8 bytes, over a send sequence counter of 16 bytes, the padded header and the data objects.
Encryption: AES-128-CBC, its IV the encrypted counter, padding 80 00.. (as in ICAO Doc 9303-11, 9.8.6). A session
ends with the first thing that does not fit: after an error no message of it is believed.
"""

from ..crypto.compare import equal
from ..crypto.mac import hmac_sha256
from ..errors import SecureMessagingError
from .authentication import SessionKeys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Cipher(Protocol):
        """AES-128 under one key; data of whole blocks."""

        def encrypt_cbc(self, iv: bytes, data: bytes) -> bytes:
            """Return the cryptogram."""

        def decrypt_cbc(self, iv: bytes, data: bytes) -> bytes:
            """Return the plain data, padding and all."""


CLA_SECURED = 0x0C
"""Secure messaging, the header under the MAC too (ISO/IEC 7816-4, 5.4.1)."""

BLOCK = 16
MAC_SIZE = 8
DO_PLAIN, DO_CRYPTOGRAM, DO_MAC, DO_LE, DO_STATUS = 0x81, 0x87, 0x8E, 0x97, 0x99
PADDED = b"\x01"
"""Padding-content indicator of a cryptogram: padded with 80 00.. (ISO/IEC 7816-4, table 46)."""

MAX_DATA = 223
"""Bytes of plain data that fit one secured command or answer, encrypted: 223 and padding make 14 blocks."""


class SecureChannel:
    """One end of a session. cipher None: data goes in the clear, under the MAC alone.

    The reader calls protect() and open_answer() in turn, the card open_command() and protect_answer().
    """

    def __init__(self, keys: SessionKeys, cipher: "Cipher | None" = None) -> None:
        self._mac_key = keys.mac
        self._cipher = cipher
        self._counter = 0
        self._is_over = False

    def __repr__(self) -> str:
        return "SecureChannel(%s)" % ("encrypted" if self._cipher else "in the clear, under a MAC")

    def protect(self, command: bytes) -> bytes:
        """Return a short command APDU (case 1 to 4) secured; ValueError for one that is none or gets too long."""
        header, data, le = split_command(command)
        if len(data) > MAX_DATA:
            raise ValueError("a command with %d bytes of data, at most %d fit" % (len(data), MAX_DATA))
        header = bytes([header[0] | CLA_SECURED]) + header[1:]
        self._counter += 1
        objects = self._wrapped(data)
        if le is not None:
            objects += _object(DO_LE, bytes([le]))
        objects += _object(DO_MAC, self._mac(_padded(header) + objects if objects else header))
        return header + bytes([len(objects)]) + objects + b"\x00"

    def open_answer(self, response: bytes) -> "tuple[bytes, int]":
        """Return (data, status word) of a secured answer; SecureMessagingError when it is not the card's."""
        self._open()
        if len(response) < 2:
            raise SecureMessagingError("an answer without a status word")
        objects = response[:-2]
        found = self._checked(objects, b"", (DO_PLAIN, DO_CRYPTOGRAM, DO_STATUS))
        status = found.get(DO_STATUS, b"")
        if status != response[-2:]:
            raise SecureMessagingError("the status word is not the one under the MAC")
        data = self._unwrapped(found)
        self._is_over = False
        return data, status[0] << 8 | status[1]

    def open_command(self, command: bytes) -> bytes:
        """Return the command that a reader secured; SecureMessagingError when it is not this session's."""
        self._open()
        try:
            header, objects, _ = split_command(command)
        except ValueError as error:
            raise SecureMessagingError(str(error))
        if header[0] & CLA_SECURED != CLA_SECURED:
            raise SecureMessagingError("a command without secure messaging")
        found = self._checked(objects, header, (DO_PLAIN, DO_CRYPTOGRAM, DO_LE))
        data, le = self._unwrapped(found), found.get(DO_LE, b"")
        if len(le) > 1:
            raise SecureMessagingError("an expected length of %d bytes" % len(le))
        self._is_over = False
        plain = bytes([header[0] & ~CLA_SECURED]) + header[1:]
        return plain + (bytes([len(data)]) + data if data else b"") + le

    def protect_answer(self, data: bytes, status: int) -> bytes:
        """Return the secured answer APDU of a card; ValueError for data that does not fit one."""
        if len(data) > MAX_DATA:
            raise ValueError("an answer of %d bytes, at most %d fit" % (len(data), MAX_DATA))
        self._counter += 1
        word = int.to_bytes(status, 2, "big")
        objects = self._wrapped(data) + _object(DO_STATUS, word)
        return objects + _object(DO_MAC, self._mac(objects)) + word

    def _open(self) -> None:
        """Count a message in; until it proves good the session is over."""
        if self._is_over:
            raise SecureMessagingError("the session is over")
        self._is_over = True
        self._counter += 1

    def _wrapped(self, data: bytes) -> bytes:
        if not data:
            return b""
        if self._cipher is None:
            return _object(DO_PLAIN, data)
        return _object(DO_CRYPTOGRAM, PADDED + self._cipher.encrypt_cbc(self._iv(), _padded(data)))

    def _unwrapped(self, found: "dict[int, bytes]") -> bytes:
        """The data of checked objects: in the clear only where no cipher is agreed, encrypted only where one is."""
        if self._cipher is None:
            if DO_CRYPTOGRAM in found:
                raise SecureMessagingError("encrypted data in a session without encryption")
            return found.get(DO_PLAIN, b"")
        if DO_PLAIN in found:
            raise SecureMessagingError("data in the clear in an encrypted session")
        coded = found.get(DO_CRYPTOGRAM)
        if coded is None:
            return b""
        if coded[:1] != PADDED or len(coded) == 1 or (len(coded) - 1) % BLOCK:
            raise SecureMessagingError("a cryptogram of %d bytes" % len(coded))
        plain = self._cipher.decrypt_cbc(self._iv(), coded[1:]).rstrip(b"\x00")
        if plain[-1:] != b"\x80":
            raise SecureMessagingError("decrypted data is not padded")
        return plain[:-1]

    def _checked(self, objects: bytes, header: bytes, allowed: "tuple[int, ...]") -> "dict[int, bytes]":
        """The data objects whose MAC holds, by tag; each at most once, the MAC last."""
        found: "dict[int, bytes]" = {}
        at = 0
        end = -1
        while at < len(objects):
            begin = at
            tag, value, at = _take(objects, at)
            if tag == DO_MAC:
                end = begin
                break
            if tag not in allowed or tag in found:
                raise SecureMessagingError("data object %02x is not expected here" % tag)
            found[tag] = value
        if end < 0 or at != len(objects) or len(value) != MAC_SIZE:
            raise SecureMessagingError("no MAC at the end")
        covered = objects[:end]
        if header:
            covered = _padded(header) + covered if covered else header
        if not equal(self._mac(covered), value):
            raise SecureMessagingError("the MAC does not hold")
        return found

    def _mac(self, covered: bytes) -> bytes:
        return hmac_sha256(self._mac_key, self._ssc() + _padded(covered))[:MAC_SIZE]

    def _iv(self) -> bytes:
        assert self._cipher is not None
        return self._cipher.encrypt_cbc(bytes(BLOCK), self._ssc())

    def _ssc(self) -> bytes:
        return int.to_bytes(self._counter, BLOCK, "big")


def split_command(command: bytes) -> "tuple[bytes, bytes, int | None]":
    """Return (header, data, Le or None) of a short command APDU (ISO/IEC 7816-4, 5.2); ValueError for none."""
    if len(command) < 4:
        raise ValueError("a command of %d bytes" % len(command))
    header, body = command[:4], command[4:]
    if len(body) <= 1:
        return header, b"", body[0] if body else None
    size = body[0]
    if size and len(body) == 1 + size:
        return header, body[1:], None
    if size and len(body) == 2 + size:
        return header, body[1:-1], body[-1]
    raise ValueError("a command whose length says %d and that has %d" % (size, len(body) - 1))


def _object(tag: int, value: bytes) -> bytes:
    size = len(value)
    return bytes([tag, size] if size < 128 else [tag, 0x81, size]) + value


def _take(objects: bytes, at: int) -> "tuple[int, bytes, int]":
    """The tag and value of the data object at an offset, and the offset after it; one encoding of each length."""
    if at + 2 > len(objects):
        raise SecureMessagingError("a data object ends early")
    tag, size = objects[at], objects[at + 1]
    at += 2
    if size == 0x81 and at < len(objects):
        size = objects[at]
        at += 1
        if size < 128:
            raise SecureMessagingError("a length coded longer than it need be")
    elif size > 127:
        raise SecureMessagingError("a data object of an unknown length")
    if at + size > len(objects):
        raise SecureMessagingError("a data object ends early")
    return tag, objects[at : at + size], at + size


def _padded(data: bytes) -> bytes:
    """The data with 80 00.. up to whole blocks (ISO/IEC 9797-1, padding method 2)."""
    return data + b"\x80" + bytes(-(len(data) + 1) % BLOCK)

"""A virtual card: the chip that answers the APDUs of Juzhu card profile 1 from a card image."""

import secrets
from collections.abc import Callable
from typing import Protocol

from juzhu_protocol.authority.errors import CardImageError
from juzhu_protocol.authority.signing import Signer, signer_of
from juzhu_protocol.card import apdu
from juzhu_protocol.card.authentication import CHALLENGE_SIZE, TOKEN_SIZE, Exchange
from juzhu_protocol.card.keys import ROLE_AUTHORITY, ROLE_BUS, ROLE_COUNTER
from juzhu_protocol.card.secure_messaging import (
    CLA_SECURED,
    DO_MAC,
    MAC_SIZE,
    MAX_DATA,
    SecureChannel,
    split_command,
)
from juzhu_protocol.crypto.compare import equal
from juzhu_protocol.errors import RecordError, SecureMessagingError
from juzhu_protocol.hostside.aes import AesCbc
from juzhu_protocol.records.card import CardKeys
from juzhu_protocol.trust.contexts import CHALLENGE_CONTEXT

from .card_files import NOBODY, SIGNATURE_ROLES, CardFiles, Image, RefusedError

BITS_A_BYTE = 9
"""ISO/IEC 14443-3 type A: eight bits and a parity bit."""

FRAME_OVERHEAD_BYTES = 3
"""ISO/IEC 14443-4: the block's control byte and its CRC."""

FRAME_DELAY_S = 0.0002
"""Two frame delays and the card's own thinking, for one command and its answer."""

TRIES_IN_A_FIELD = 3
"""Wrong authentications until the card takes no more before it has left the field."""

FREE_FAILURES = 3
FIRST_DELAY_S, MAX_DELAY_S = 0.1, 1.0
"""After three wrong authentications in a row, in one field or many, each further one waits: 0.1 s, doubled with each
that is wrong again, up to 1 s. More would let anyone near make a card useless for its holder."""

_PLACE = slice(3, 10)
"""Where INFO has list division and serial, as bytes."""


class Card(Protocol):
    """What lies on a reader, for field.py and vpcd.py."""

    def reset(self) -> None:
        """Lose power: the card enters a field anew."""

    def transmit(self, command: bytes) -> bytes:
        """Return the response APDU to a command APDU."""

    def take_delay_s(self) -> float:
        """Return how long the card waited before its last answer beyond its time on the air, and forget it."""


class VirtualCard:
    """One card; what it keeps without power lives as long as this value.

    random: fit for challenges. transmit() never raises.

    It does not imitate: time (a delay is told, not waited), a chip's resistance to whoever opens or measures it, a
    power cut inside a command, logical channels, extended length, chaining. What is written goes to no image's file.
    """

    def __init__(self, image: Image, random: Callable[[int], bytes] = secrets.token_bytes) -> None:
        """CardImageError for an image that no chip of this profile can hold."""
        self.files = CardFiles(image)
        self._random = random
        self._keys: dict[int, bytes] = {}
        self._signer: Signer | None = None
        if image.card_keys:
            self._take_keys(image.card_keys)
        self._of_files = {
            apdu.INS_READ_BINARY: self._read_binary,
            apdu.INS_READ_RECORD: self._read_record,
            apdu.INS_UPDATE_BINARY: self._update_binary,
            apdu.INS_APPEND_RECORD: self._append_record,
            apdu.INS_INTERNAL_AUTHENTICATE: self._internal_authenticate,
        }
        self._in_the_clear = {
            apdu.INS_SELECT: self._select,
            apdu.INS_GET_CHALLENGE: self._get_challenge,
            apdu.INS_MUTUAL_AUTHENTICATE: self._mutual_authenticate,
        }
        self._failures = 0
        self._delay_s = 0.0
        self.reset()

    def __repr__(self) -> str:
        return f"VirtualCard({'with' if self._keys else 'without'} keys)"

    def reset(self) -> None:
        """Lose power: nothing is selected, no session stands; wrong authentications are remembered."""
        self._tries_left = TRIES_IN_A_FIELD
        self._deselect()

    def take_delay_s(self) -> float:
        """Return how long the card made its last answers wait, in seconds, and forget it."""
        delay, self._delay_s = self._delay_s, 0.0
        return delay

    def transmit(self, command: bytes) -> bytes:
        """Return the response APDU to a command APDU."""
        if self._channel is not None and command[:1] == bytes([CLA_SECURED]):
            return self._transmit_secured(self._channel, command)
        # Whatever comes without secure messaging ends the session (7816-4, 10.3.2).
        self._end_session()
        data, word = self._answer(command)
        return data + status(word)

    def _take_keys(self, raw: bytes) -> None:
        try:
            keys = CardKeys.from_bytes(raw)
            self._signer = signer_of(keys.suite, keys.signing_key)
        except (RecordError, ValueError) as error:
            raise CardImageError(f"card_keys: {error}") from None
        self._keys = {
            ROLE_BUS: keys.bus_key,
            ROLE_COUNTER: keys.counter_key,
            ROLE_AUTHORITY: keys.authority_key,
        }

    def _deselect(self) -> None:
        self._selected = False
        self._current = 0
        self._challenge = b""
        self._end_session()

    def _end_session(self) -> None:
        self._channel: SecureChannel | None = None
        self._role = NOBODY

    def _transmit_secured(self, channel: SecureChannel, command: bytes) -> bytes:
        # A MAC at the end, and then the Le of the secured command, which says nothing.
        if command[-MAC_SIZE - 3 : -MAC_SIZE - 1] != bytes([DO_MAC, MAC_SIZE]):
            self._end_session()
            return status(apdu.SW_NO_SM_OBJECT)
        try:
            plain = channel.open_command(command)
        except SecureMessagingError:
            self._end_session()
            return status(apdu.SW_WRONG_SM_OBJECT)
        return channel.protect_answer(*self._answer(plain))

    def _answer(self, command: bytes) -> tuple[bytes, int]:
        try:
            return self._perform(command), apdu.SW_OK
        except RefusedError as refusal:
            return b"", refusal.status

    def _perform(self, command: bytes) -> bytes:
        try:
            header, data, le = split_command(command)
        except ValueError:
            raise RefusedError(apdu.SW_WRONG_LENGTH) from None
        cla, ins, p1, p2 = header
        if cla == CLA_SECURED:
            # No session stands any more.
            raise RefusedError(apdu.SW_SECURITY_STATUS)
        if cla != 0x00:
            raise RefusedError(apdu.SW_CLA_UNKNOWN)
        perform = self._of_files.get(ins) or (None if self._channel else self._in_the_clear.get(ins))
        if perform is None:
            raise RefusedError(apdu.SW_INS_UNKNOWN)
        if not self._selected and ins != apdu.INS_SELECT:
            raise RefusedError(apdu.SW_NO_CURRENT_FILE)
        return perform(p1, p2, data, le)

    def _select(self, p1: int, p2: int, data: bytes, le: int | None) -> bytes:
        self._deselect()
        if (p1, p2, data) != (0x04, 0x0C, apdu.AID):
            raise RefusedError(apdu.SW_FILE_NOT_FOUND)
        self._selected = True
        return b""

    def _read_binary(self, p1: int, p2: int, data: bytes, le: int | None) -> bytes:
        size = _size(data, le)
        if not p1 & 0x80:
            if not self._current:
                raise RefusedError(apdu.SW_NO_CURRENT_FILE)
            return self.files.read(self._role, self._current, p1 << 8 | p2, self._room(size))
        sfi = _sfi(p1)
        content = self.files.read(self._role, sfi, p2, self._room(size))
        self._current = sfi
        return content

    def _read_record(self, p1: int, p2: int, data: bytes, le: int | None) -> bytes:
        _size(data, le)
        if p2 & 0x07 != 0x04:
            raise RefusedError(apdu.SW_WRONG_P1P2)
        return self.files.read_record(self._role, p2 >> 3, p1)

    def _update_binary(self, p1: int, p2: int, data: bytes, le: int | None) -> bytes:
        if not data or le is not None:
            raise RefusedError(apdu.SW_WRONG_LENGTH)
        if not p1 & 0x80 or p2:
            raise RefusedError(apdu.SW_WRONG_P1P2)
        self.files.update(self._role, _sfi(p1), data)
        return b""

    def _append_record(self, p1: int, p2: int, data: bytes, le: int | None) -> bytes:
        if not data or le is not None:
            raise RefusedError(apdu.SW_WRONG_LENGTH)
        if p1 or p2 & 0x07:
            raise RefusedError(apdu.SW_WRONG_P1P2)
        self.files.append(self._role, p2 >> 3, data)
        return b""

    def _get_challenge(self, p1: int, p2: int, data: bytes, le: int | None) -> bytes:
        if _size(data, le) != CHALLENGE_SIZE:
            raise RefusedError(apdu.SW_WRONG_LENGTH)
        if p1 or p2:
            raise RefusedError(apdu.SW_WRONG_P1P2)
        self._challenge = self._random(CHALLENGE_SIZE)
        return self._challenge

    def _mutual_authenticate(self, p1: int, p2: int, data: bytes, le: int | None) -> bytes:
        challenge, self._challenge = self._challenge, b""
        if len(data) != CHALLENGE_SIZE + TOKEN_SIZE or le is None:
            raise RefusedError(apdu.SW_WRONG_LENGTH)
        if p1:
            raise RefusedError(apdu.SW_WRONG_P1P2)
        key = self._keys.get(p2)
        if key is None:
            raise RefusedError(apdu.SW_KEY_NOT_FOUND)
        if not self._tries_left:
            raise RefusedError(apdu.SW_BLOCKED)
        if not challenge:
            raise RefusedError(apdu.SW_CONDITIONS)
        self._delay_s += delay_after(self._failures)
        exchange = Exchange(key, data[:CHALLENGE_SIZE], challenge)
        if not equal(exchange.reader_token(), data[CHALLENGE_SIZE:]):
            self._failures += 1
            self._tries_left -= 1
            raise RefusedError(apdu.SW_RETRIES | self._tries_left)
        self._failures = 0
        self._tries_left = TRIES_IN_A_FIELD
        keys = exchange.session_keys()
        self._role = p2
        self._channel = SecureChannel(keys, None if p2 == ROLE_BUS else AesCbc(keys.encryption))
        held = len(self.files.endorsements)
        return bytes([held]) + exchange.card_token(held)

    def _internal_authenticate(self, p1: int, p2: int, data: bytes, le: int | None) -> bytes:
        if len(data) != CHALLENGE_SIZE or le is None:
            raise RefusedError(apdu.SW_WRONG_LENGTH)
        if p1 or p2:
            raise RefusedError(apdu.SW_WRONG_P1P2)
        if self._role not in SIGNATURE_ROLES or self._signer is None:
            raise RefusedError(apdu.SW_SECURITY_STATUS)
        return self._signer.sign(CHALLENGE_CONTEXT, data + self.files.info[_PLACE])

    def _room(self, size: int) -> int:
        return min(size, MAX_DATA) if self._channel else size


def delay_after(failures: int) -> float:
    """Return the seconds that an authentication waits after so many wrong ones in a row."""
    if failures < FREE_FAILURES:
        return 0.0
    return float(min(FIRST_DELAY_S * 2 ** min(failures - FREE_FAILURES, 8), MAX_DELAY_S))


def _size(data: bytes, le: int | None) -> int:
    """The bytes that a command asks for, which brings none itself."""
    if data or le is None:
        raise RefusedError(apdu.SW_WRONG_LENGTH)
    return le or 256


def _sfi(p1: int) -> int:
    if p1 & 0x60:
        raise RefusedError(apdu.SW_WRONG_P1P2)
    return p1 & 0x1F


def status(word: int) -> bytes:
    """Return a status word as the two bytes that end a response."""
    return word.to_bytes(2, "big")


def bytes_on_air(command: bytes, response: bytes) -> int:
    """Return the bytes that one command and its answer are on the air, framing included (ISO/IEC 14443-4)."""
    return len(command) + len(response) + 2 * FRAME_OVERHEAD_BYTES


def air_time(command: bytes, response: bytes, kbit_s: float) -> float:
    """Return the seconds that one command and its answer take on the air at `kbit_s` (ISO/IEC 14443: 106)."""
    return bytes_on_air(command, response) * BITS_A_BYTE / (kbit_s * 1000) + FRAME_DELAY_S

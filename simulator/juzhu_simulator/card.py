"""A virtual card: answers the APDUs of Juzhu card profile 1 from a card image.

It does not imitate: card authentication and access rules (every file is free to read until the trust issue's
keys are in the image), writing, extended length, logical channels.
"""

from collections.abc import Sequence
from typing import Protocol

from juzhu_protocol.card import apdu

BITS_A_BYTE = 9
"""ISO/IEC 14443-3 type A: eight bits and a parity bit."""

FRAME_OVERHEAD_BYTES = 3
"""ISO/IEC 14443-4: the block's control byte and its CRC."""

FRAME_DELAY_S = 0.0002
"""Two frame delays and the card's own thinking, for one command and its answer."""


class Image(Protocol):
    """What a virtual card needs of a card image."""

    @property
    def info(self) -> bytes:
        """Return the file INFO."""

    @property
    def service(self) -> bytes:
        """Return the file SERVICE."""

    @property
    def endorsements(self) -> Sequence[bytes]:
        """Return the records of ENDORSEMENTS, oldest first."""


class VirtualCard:
    """One card. `transmit` is pure: the same command gets the same answer while the image stays."""

    def __init__(self, image: Image) -> None:
        self._image = image
        self._selected = False

    def reset(self) -> None:
        """The card enters a field: nothing is selected."""
        self._selected = False

    def transmit(self, command: bytes) -> bytes:
        """Return the response APDU to a command APDU."""
        if len(command) < 4:
            return status(apdu.SW_WRONG_LENGTH)
        cla, ins, p1, p2 = command[:4]
        if cla != 0x00:
            return status(apdu.SW_CLA_UNKNOWN)
        if ins == apdu.INS_SELECT:
            return self._select(command)
        if ins == apdu.INS_READ_BINARY:
            return self._read_binary(p1, p2, command)
        if ins == apdu.INS_READ_RECORD:
            return self._read_record(p1, p2, command)
        return status(apdu.SW_INS_UNKNOWN)

    def _select(self, command: bytes) -> bytes:
        self._selected = command[2:] in (apdu.select()[2:], apdu.select()[2:] + b"\x00")
        return status(apdu.SW_OK if self._selected else apdu.SW_FILE_NOT_FOUND)

    def _read_binary(self, p1: int, p2: int, command: bytes) -> bytes:
        if len(command) != 5:
            return status(apdu.SW_WRONG_LENGTH)
        if not self._selected:
            return status(apdu.SW_NO_CURRENT_FILE)
        if not p1 & 0x80:
            return status(apdu.SW_WRONG_P1P2)
        content = {apdu.SFI_INFO: self._image.info, apdu.SFI_SERVICE: self._image.service}.get(p1 & 0x1F)
        if content is None:
            return status(apdu.SW_FILE_NOT_FOUND)
        if p2 > len(content):
            return status(apdu.SW_WRONG_OFFSET)
        return content[p2 : p2 + (command[4] or 256)] + status(apdu.SW_OK)

    def _read_record(self, p1: int, p2: int, command: bytes) -> bytes:
        if len(command) != 5:
            return status(apdu.SW_WRONG_LENGTH)
        if not self._selected:
            return status(apdu.SW_NO_CURRENT_FILE)
        if p2 & 0x07 != 0x04:
            return status(apdu.SW_WRONG_P1P2)
        if p2 >> 3 != apdu.SFI_ENDORSEMENTS:
            return status(apdu.SW_FILE_NOT_FOUND)
        if not 1 <= p1 <= len(self._image.endorsements):
            return status(apdu.SW_RECORD_NOT_FOUND)
        return self._image.endorsements[p1 - 1] + status(apdu.SW_OK)


def status(word: int) -> bytes:
    """Return a status word as the two bytes that end a response."""
    return word.to_bytes(2, "big")


def air_time(command: bytes, response: bytes, kbit_s: float) -> float:
    """Return the seconds that one command and its answer take on the air at `kbit_s` (ISO/IEC 14443: 106)."""
    sent = len(command) + len(response) + 2 * FRAME_OVERHEAD_BYTES
    return sent * BITS_A_BYTE / (kbit_s * 1000) + FRAME_DELAY_S

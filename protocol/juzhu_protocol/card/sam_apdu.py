"""A SAM that is a chip in a slot of the reader, reached by APDU: its master keys never leave it.

Two commands of our own (class 0x80), since ISO/IEC 7816 knows none for this. BEGIN: epoch, list division, serial and
the card's challenge in, the reader's challenge and token out. FINISH: the card's answer in, session keys out.
"""

from ..errors import CardResponseError, SamError
from .apdu import SW_AUTHENTICATION_FAILED, SW_KEY_NOT_FOUND, SW_OK, select, split_response
from .authentication import CHALLENGE_SIZE, TOKEN_SIZE, SessionKeys
from .sam import ANSWER_SIZE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

SAM_AID = b"\xf0JUZHU\x81"
CLA_SAM = 0x80
INS_BEGIN, INS_FINISH = 0x2A, 0x2C

GET_RESPONSE = b"\x00\xc0\x00\x00"
"""Its Le follows (ISO/IEC 7816-4, 11.8.1)."""
SW1_MORE_DATA, SW1_WRONG_LE = 0x61, 0x6C
"""First bytes of status words whose second one says how many bytes wait, or are there."""

BEGIN_SIZE = 1 + 3 + 4 + CHALLENGE_SIZE
SESSION_SIZE = 32 + 16


class ApduSam:
    """The SAM behind `transmit`, which takes a command APDU and returns its response, or raises OSError.

    In a slot that speaks T=0 the answer is fetched, or asked for again in the length that the chip names, as ISO/IEC
    7816-4, 5.3.4 has it; `transmit` cuts what T=0 cannot send. SamError when the chip cannot be reached or answers
    nonsense: the reader's fault, never the card's.
    """

    def __init__(self, role: int, transmit: "Callable[[bytes], bytes]") -> None:
        self.role = role
        self._transmit = transmit
        self._selected = False
        self._begun = False

    def __repr__(self) -> str:
        return "ApduSam(role %d)" % self.role

    def begin(self, epoch: int, list_division: int, serial: int, card_challenge: bytes) -> "bytes | None":
        """Return challenge and token of the reader, 32 bytes, for that card; None when the epoch is not held."""
        self._begun = False
        if len(card_challenge) != CHALLENGE_SIZE:
            raise ValueError("a challenge has %d bytes" % CHALLENGE_SIZE)
        if not self._selected:
            self._send(select(SAM_AID), 0)
            self._selected = True
        card = bytes([epoch]) + int.to_bytes(list_division, 3, "big") + int.to_bytes(serial, 4, "big")
        proof = self._command(INS_BEGIN, card + card_challenge, CHALLENGE_SIZE + TOKEN_SIZE, SW_KEY_NOT_FOUND)
        self._begun = proof is not None
        return proof

    def finish(self, answer: bytes) -> "SessionKeys | None":
        """Return the session's keys when the card's answer proves it, else None."""
        begun, self._begun = self._begun, False
        if not begun or len(answer) != ANSWER_SIZE:
            return None
        keys = self._command(INS_FINISH, answer, SESSION_SIZE, SW_AUTHENTICATION_FAILED)
        return None if keys is None else SessionKeys(keys[:32], keys[32:])

    def _command(self, ins: int, data: bytes, size: int, refusal: int) -> "bytes | None":
        return self._send(bytes([CLA_SAM, ins, self.role, 0x00, len(data)]) + data + b"\x00", size, refusal)

    def _send(self, command: bytes, size: int, refusal: int = 0) -> "bytes | None":
        try:
            data, status = self._answer(command, size)
        except (OSError, CardResponseError) as error:
            self._selected = False
            raise SamError("the SAM cannot be reached: %s" % type(error).__name__)
        if refusal and status == refusal:
            return None
        if status != SW_OK or len(data) != size:
            self._selected = False
            raise SamError("the SAM answered %04x with %d bytes" % (status, len(data)))
        return data

    def _answer(self, command: bytes, size: int) -> "tuple[bytes, int]":
        """Return data and status of a command that answers `size` bytes; longer ones are not fetched to their end."""
        data, status = self._exchange(command)
        while status >> 8 == SW1_MORE_DATA and len(data) < size:
            part, status = self._exchange(GET_RESPONSE + bytes([status & 0xFF]))
            if not part:
                break
            data += part
        return data, status

    def _exchange(self, command: bytes) -> "tuple[bytes, int]":
        data, status = split_response(self._transmit(command))
        if status >> 8 == SW1_WRONG_LE and not data:
            # The chip did nothing but count: every command of ours that has an answer ends with Le.
            return split_response(self._transmit(command[:-1] + bytes([status & 0xFF])))
        return data, status

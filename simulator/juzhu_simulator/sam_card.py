"""A virtual SAM chip: answers the commands of card/sam_apdu.py, and gives its masters to nobody."""

import secrets
from collections.abc import Callable

from juzhu_protocol.card import apdu
from juzhu_protocol.card.authentication import SessionKeys
from juzhu_protocol.card.sam import ANSWER_SIZE, SoftwareSam
from juzhu_protocol.card.sam_apdu import BEGIN_SIZE, CLA_SAM, INS_BEGIN, INS_FINISH, SAM_AID
from juzhu_protocol.card.secure_messaging import split_command

from .card import status
from .card_files import RefusedError

_SELECT = bytes([0x00, apdu.INS_SELECT, 0x04, 0x0C])


class VirtualSam:
    """A SAM of one role. masters: {epoch: 32 bytes}; random: fit for challenges.

    It does not imitate: a chip's resistance to whoever opens or measures it, a count of its uses, a password of the
    reader it was made for.
    """

    def __init__(
        self,
        role: int,
        masters: dict[int, bytes],
        random: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._role = role
        self._sam = SoftwareSam(role, masters, random)
        self.reset()

    def __repr__(self) -> str:
        return f"VirtualSam(role {self._role})"

    def reset(self) -> None:
        """Lose power: nothing is selected, no authentication is begun."""
        self._selected = False
        self._begun = False

    def transmit(self, command: bytes) -> bytes:
        """Return the response APDU to a command APDU."""
        try:
            return self._perform(command) + status(apdu.SW_OK)
        except RefusedError as refusal:
            return status(refusal.status)

    def _perform(self, command: bytes) -> bytes:
        try:
            header, data, le = split_command(command)
        except ValueError:
            raise RefusedError(apdu.SW_WRONG_LENGTH) from None
        # Whatever comes, one BEGIN allows one FINISH, and that at once.
        begun, self._begun = self._begun, False
        if header == _SELECT:
            self._selected = data == SAM_AID
            if not self._selected:
                raise RefusedError(apdu.SW_FILE_NOT_FOUND)
            return b""
        cla, ins, p1, p2 = header
        if cla != CLA_SAM:
            raise RefusedError(apdu.SW_CLA_UNKNOWN)
        if ins not in (INS_BEGIN, INS_FINISH):
            raise RefusedError(apdu.SW_INS_UNKNOWN)
        if not self._selected:
            raise RefusedError(apdu.SW_CONDITIONS)
        if (p1, p2) != (self._role, 0):
            raise RefusedError(apdu.SW_WRONG_P1P2)
        if len(data) != (BEGIN_SIZE if ins == INS_BEGIN else ANSWER_SIZE) or le is None:
            raise RefusedError(apdu.SW_WRONG_LENGTH)
        return self._begin(data) if ins == INS_BEGIN else self._finish(data, begun)

    def _begin(self, data: bytes) -> bytes:
        division, serial = int.from_bytes(data[1:4], "big"), int.from_bytes(data[4:8], "big")
        proof = self._sam.begin(data[0], division, serial, data[8:])
        if proof is None:
            raise RefusedError(apdu.SW_KEY_NOT_FOUND)
        self._begun = True
        return proof

    def _finish(self, answer: bytes, begun: bool) -> bytes:
        if not begun:
            raise RefusedError(apdu.SW_CONDITIONS)
        keys: SessionKeys | None = self._sam.finish(answer)
        if keys is None:
            raise RefusedError(apdu.SW_AUTHENTICATION_FAILED)
        return keys.mac + keys.encryption

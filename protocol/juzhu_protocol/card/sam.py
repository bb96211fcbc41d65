"""The SAM in software: holds a role's master keys and speaks for the reader in card authentication.

A SAM of this interface can be a chip too (sam_apdu.py). It gives out the reader's token and the session's keys,
never a card's key and never a card's token: who steals such a chip can read cards with it, not make them.
"""

from ..crypto.compare import equal
from .authentication import CHALLENGE_SIZE, TOKEN_SIZE, Exchange, SessionKeys
from .keys import card_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

ANSWER_SIZE = 1 + TOKEN_SIZE
"""A card's answer to MUTUAL AUTHENTICATE: the number of its endorsements, and its token."""


class SoftwareSam:
    """A SAM of one role. masters: {epoch: master key of 32 bytes}; random: fit for challenges.

    begin() and finish() frame one authentication at a time; whatever comes, one begin() allows one finish().
    """

    def __init__(self, role: int, masters: "dict[int, bytes]", random: "Callable[[int], bytes]") -> None:
        self.role = role
        self._masters = masters
        self._random = random
        self._exchange: "Exchange | None" = None

    def __repr__(self) -> str:
        return "SoftwareSam(role %d, epochs %s)" % (self.role, sorted(self._masters))

    def begin(self, epoch: int, list_division: int, serial: int, card_challenge: bytes) -> "bytes | None":
        """Return challenge and token of the reader, 32 bytes, for that card; None when the epoch is not held.

        ValueError for a challenge that is none.
        """
        self._exchange = None
        master = self._masters.get(epoch)
        if master is None:
            return None
        challenge = self._random(CHALLENGE_SIZE)
        key = card_key(master, self.role, epoch, list_division, serial)
        self._exchange = Exchange(key, challenge, card_challenge)
        return challenge + self._exchange.reader_token()

    def finish(self, answer: bytes) -> "SessionKeys | None":
        """Return the session's keys when the card's answer proves it, else None."""
        exchange, self._exchange = self._exchange, None
        if exchange is None or len(answer) != ANSWER_SIZE:
            return None
        if not equal(exchange.card_token(answer[0]), answer[1:]):
            return None
        return exchange.session_keys()

"""Mutual authentication of card and reader: three passes with a MAC (ISO/IEC 9798-4, 6.2.2), by a card's role key.

The card gives a challenge; the reader proves itself over both challenges; then the card does, and states how many
endorsements it holds, so that an old SERVICE written back shows. Session keys come from both challenges. The role
key itself only derives: what makes tokens and what makes session keys are different keys.
"""

from ..crypto.mac import derive_key, hmac_sha256

CHALLENGE_SIZE = 16
TOKEN_SIZE = 16
"""HMAC-SHA256 cut to 128 bits (RFC 2104, section 5)."""

_READER, _CARD = b"reader", b"card"


class SessionKeys:
    """What secure messaging of one session uses: `mac` of 32 bytes, `encryption` of 16 for AES-128."""

    __slots__ = ("encryption", "mac")

    def __init__(self, mac: bytes, encryption: bytes) -> None:
        if len(mac) != 32 or len(encryption) != 16:
            raise ValueError("session keys have 32 and 16 bytes")
        self.mac = mac
        self.encryption = encryption

    def __repr__(self) -> str:
        return "SessionKeys(not shown)"


class Exchange:
    """Both challenges and the role key of one authentication: each token, and the keys of the session."""

    __slots__ = ("_card_challenge", "_key", "_reader_challenge", "_token_key")

    def __init__(self, key: bytes, reader_challenge: bytes, card_challenge: bytes) -> None:
        if len(reader_challenge) != CHALLENGE_SIZE or len(card_challenge) != CHALLENGE_SIZE:
            raise ValueError("a challenge has %d bytes" % CHALLENGE_SIZE)
        self._key = key
        self._token_key = derive_key(key, b"juzhu/1/authentication")
        self._reader_challenge = reader_challenge
        self._card_challenge = card_challenge

    def __repr__(self) -> str:
        return "Exchange(not shown)"

    def reader_token(self) -> bytes:
        """Return the reader's proof, 16 bytes."""
        return self._token(_READER + b"\x00" + self._reader_challenge + self._card_challenge)

    def card_token(self, endorsements: int) -> bytes:
        """Return the card's proof, 16 bytes, by which it also states how many endorsements it holds (0 to 255)."""
        text = _CARD + b"\x00" + self._card_challenge + self._reader_challenge
        return self._token(text + bytes([endorsements]))

    def session_keys(self) -> SessionKeys:
        """Return the keys of the session that this authentication opens."""
        context = self._reader_challenge + self._card_challenge
        mac = derive_key(self._key, b"juzhu/1/session-mac", context)
        return SessionKeys(mac, derive_key(self._key, b"juzhu/1/session-encryption", context)[:16])

    def _token(self, text: bytes) -> bytes:
        return hmac_sha256(self._token_key, text)[:TOKEN_SIZE]

"""Records whose signature was verified before: a card seen again costs a hash and a comparison.

Whether the key is still trusted is asked anew each time; only the curve is spared. What is kept is a digest under
a value that changes at every start, in RAM: it tells nothing of a card to whoever does not hold that card.
"""

from hashlib import sha256

RECORDS_KEPT = 128
"""About 8 KB of RAM on a 32-bit chip: more than the seniors of one bus line's day."""

_DIGEST_SIZE = 16


class VerifiedRecords:
    """At most `kept` records; the oldest goes first. salt: 16 random bytes of this start."""

    def __init__(self, salt: bytes, kept: int = RECORDS_KEPT) -> None:
        self._salt = salt
        self._kept = kept
        self.clear()

    def __repr__(self) -> str:
        return "VerifiedRecords(%d)" % len(self._digests)

    def clear(self) -> None:
        """Forget everything: what may be trusted has changed."""
        self._digests: "dict[bytes, None]" = {}
        self._order: "list[bytes]" = []
        self._oldest = 0

    def digest(self, public_key: bytes, raw: bytes) -> bytes:
        """Return the name of a record, signature and all, under a key."""
        return sha256(self._salt + public_key + raw).digest()[:_DIGEST_SIZE]

    def __contains__(self, digest: bytes) -> bool:
        return digest in self._digests

    def add(self, digest: bytes) -> None:
        """Remember a record whose signature has just been verified."""
        if digest in self._digests:
            return
        if len(self._order) < self._kept:
            self._order.append(digest)
        else:
            del self._digests[self._order[self._oldest]]
            self._order[self._oldest] = digest
            self._oldest = (self._oldest + 1) % self._kept
        self._digests[digest] = None

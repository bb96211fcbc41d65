"""The keys between a card and those who may read it: one for each card and role, from the role's master key."""

from ..crypto.mac import derive_key

ROLE_CARD, ROLE_BUS, ROLE_COUNTER, ROLE_AUTHORITY = 0, 1, 2, 3
"""Whom a key is for: the chip itself (its signing key), a bus, a service counter, the authority."""

ROLES = {"bus": ROLE_BUS, "counter": ROLE_COUNTER, "authority": ROLE_AUTHORITY, "card": ROLE_CARD}
"""Roles as files and options name them."""
ROLE_NAMES = {role: name for name, role in ROLES.items()}

NO_EPOCH = 0
"""card_key_epoch of a card without keys of its own, from before card authentication: no reader accepts it."""

MASTER_SIZE = 32
_CARD_KEY_LABEL = b"juzhu/1/card-key"


def card_key(master: bytes, role: int, epoch: int, list_division: int, serial: int) -> bytes:
    """Return the 32-byte key of one card for one role, from that role's master key of the epoch (SP 800-108r1).

    ValueError for a master of another size.
    """
    if len(master) != MASTER_SIZE:
        raise ValueError("a master key has %d bytes" % MASTER_SIZE)
    context = bytes([role, epoch]) + int.to_bytes(list_division, 3, "big") + int.to_bytes(serial, 4, "big")
    return derive_key(master, _CARD_KEY_LABEL, context)

"""The masters of one epoch: what every card's keys come from, and what a reader's SAM holds one of.

A card's role keys are card_key() of the role's master (card/keys.py). Its signing key comes from the
personalisation master by the method of FIPS 186-5, A.2.1: 512 derived bits, reduced modulo the number of scalars that
are allowed, so that the bias is below 2 to the power of -255.
"""

import secrets

from ..card.keys import (
    MASTER_SIZE,
    ROLE_AUTHORITY,
    ROLE_BUS,
    ROLE_CARD,
    ROLE_COUNTER,
    ROLES,
    card_key,
)
from ..crypto.mac import derive_key
from ..crypto.signature import SUITE_ES256, SUITE_SM2_SM3, curve_of
from ..records.card import CardKeys
from .private_key import Hidden

CHECK_NAMES = {role: f"{name}_check" for name, role in ROLES.items()}
"""Roles' check values as a file's clear head names them."""

SET_SIZE = len(ROLES) * MASTER_SIZE
"""A file holds the masters in the order of ROLES."""
MAX_EPOCH = 255
CHECK_VALUE_SIZE = 4
_SIGNING_LABELS = (b"juzhu/1/card-signing-key/1", b"juzhu/1/card-signing-key/2")


class SamSet(Hidden):
    """Four masters of one epoch; neither repr nor a public attribute shows them."""

    __slots__ = ("__masters", "epoch")

    def __init__(self, epoch: int, masters: bytes) -> None:
        if not 1 <= epoch <= MAX_EPOCH:
            raise ValueError(f"an epoch of card keys is 1 to {MAX_EPOCH}")
        if len(masters) != SET_SIZE:
            raise ValueError(f"a SAM set has {SET_SIZE} bytes")
        self.epoch = epoch
        self.__masters = {
            role: masters[at * MASTER_SIZE : (at + 1) * MASTER_SIZE] for at, role in enumerate(ROLES.values())
        }

    def master(self, role: int) -> bytes:
        """Return the 32-byte master of a role (card/keys.py), for a software SAM; ValueError for another role."""
        if role not in self.__masters:
            raise ValueError(f"role {role} is none of {', '.join(map(str, ROLES.values()))}")
        return self.__masters[role]

    def check_value(self, role: int) -> bytes:
        """Return 4 bytes that tell this master from another and reveal nothing of use."""
        return derive_key(self.master(role), b"juzhu/1/key-check", bytes([role, self.epoch]))[
            :CHECK_VALUE_SIZE
        ]

    def check_values(self) -> "dict[str, str | int]":
        """Return all check values in hex, under the names that a file's head has for them."""
        return {name: self.check_value(role).hex() for role, name in CHECK_NAMES.items()}

    def card_keys(self, suite: int, list_division: int, serial: int) -> CardKeys:
        """Return what personalisation puts into the chip of this serial; ValueError for an unknown suite."""

        def of(role: int) -> bytes:
            return card_key(self.master(role), role, self.epoch, list_division, serial)

        return CardKeys(
            suite=suite,
            epoch=self.epoch,
            bus_key=of(ROLE_BUS),
            counter_key=of(ROLE_COUNTER),
            authority_key=of(ROLE_AUTHORITY),
            signing_key=self._signing_key(suite, list_division, serial),
        )

    def _signing_key(self, suite: int, list_division: int, serial: int) -> bytes:
        """A scalar from 1 to n - 1, in SM2 to n - 2 (GB/T 32918.1, 6.1)."""
        order = curve_of(suite).n
        allowed = {SUITE_ES256: order - 1, SUITE_SM2_SM3: order - 2}[suite]
        context = (
            bytes([ROLE_CARD, self.epoch])
            + list_division.to_bytes(3, "big")
            + serial.to_bytes(4, "big")
            # The same serial in another suite has an unrelated key.
            + bytes([suite])
        )
        master = self.master(ROLE_CARD)
        wide = b"".join(derive_key(master, label, context) for label in _SIGNING_LABELS)
        return (int.from_bytes(wide, "big") % allowed + 1).to_bytes(32, "big")

    def _secret(self) -> bytes:
        """Return all masters: for sealing them into a file and for nothing else."""
        return b"".join(self.__masters[role] for role in ROLES.values())

    def __repr__(self) -> str:
        return f"SamSet(epoch {self.epoch}, masters not shown)"


def new_masters() -> bytes:
    """Return the masters of a new set."""
    return secrets.token_bytes(SET_SIZE)

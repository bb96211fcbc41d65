"""A synthetic population of permits, the same for the same seed.

Nobody real can be among them: see docs/synthetic-data.md for why their citizen numbers belong to no one.
"""

import random

from juzhu_protocol.authority.keys import KeyRing
from juzhu_protocol.authority.made_up import ADDRESS, holder
from juzhu_protocol.authority.permits import Permit
from juzhu_protocol.authority.registry import Registry
from juzhu_protocol.crypto.signature import SUITE_ES256
from juzhu_protocol.rules.calendar import add_months, start_of
from juzhu_protocol.rules.kaifeng import KAIFENG
from juzhu_protocol.rules.lifecycle import REGISTERED_MONTHS

from .portrait import portrait

GROUNDS = (1, 2, 4, 5, 6)
NOON_S = 12 * 3600


def noon(day: int) -> int:
    """Return the Unix time of a day's noon in China."""
    return start_of(day) + NOON_S


class Population:
    """Issues permits into a registry, each to a holder of its own."""

    def __init__(self, registry: Registry, keys: KeyRing, seed: int) -> None:
        self._registry = registry
        self._keys = keys
        self._random = random.Random(seed)
        self._taken: dict[int, int] = {}

    def issue(
        self,
        birth_day: int,
        issue_day: int,
        issuing_division: int = 410202,
        suite: int = SUITE_ES256,
    ) -> Permit:
        """Issue a permit to somebody new, with a portrait of nobody."""
        sequence = self._taken.get(birth_day, 0) + 1
        self._taken[birth_day] = sequence
        return self._registry.issue(
            holder(birth_day, sequence),
            address=ADDRESS,
            issuing_division=issuing_division,
            keys=self._keys,
            now=noon(issue_day),
            registered_day=add_months(issue_day, -REGISTERED_MONTHS),
            photo=portrait(birth_day, sequence),
            suite=suite,
        )

    def fill(self, count: int, today: int) -> None:
        """Issue `count` permits over the last three years; most are endorsed in time, a few are listed."""
        chance = self._random
        for _ in range(count):
            birth_day = today - chance.randrange(20 * 365, 90 * 365)
            issue_day = today - chance.randrange(30, 3 * 365)
            division = chance.choice(sorted(KAIFENG.units))
            permit = self.issue(birth_day, issue_day, division)
            self._endorse_until(permit, today)
            fate = chance.random()
            if fate < 0.03:
                ground = chance.choice(GROUNDS)
                self._registry.suspend(permit.list_division, permit.serial, ground, now=noon(today))
            elif fate < 0.05:
                self._registry.revoke(permit.list_division, permit.serial, "lost", now=noon(today))

    def _endorse_until(self, permit: Permit, today: int) -> None:
        while permit.good_through < today and self._random.random() < 0.9:
            permit = self._registry.endorse(
                permit.list_division, permit.serial, keys=self._keys, now=noon(permit.good_through - 3)
            )

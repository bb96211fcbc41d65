"""What bench `lists` measures: rows made from fixed seeds, and the fewest bytes that could tell them."""

import math
import random
from itertools import accumulate

SUSPENDED_SHARE = 0.6
GROUNDS = {0x15: 0.45, 0x12: 0.20, 0x14: 0.15, 0x11: 0.10, 0x16: 0.10}
"""Suspended: moved, no longer eligible, settled, false papers, other (19)."""

CAUSES = {0x21: 0.5, 0x22: 0.3, 0x23: 0.2}
"""Revoked: replaced, lost, cancelled (20)."""

MIX = {
    **{status: SUSPENDED_SHARE * share for status, share in GROUNDS.items()},
    **{status: (1 - SUSPENDED_SHARE) * share for status, share in CAUSES.items()},
}
"""How often a listed serial has which status."""

CHANGES = 3308
RESTORED, SUSPENDED, REVOKED = 0.40, 0.45, 0.15
"""What a week's changes of a million permits are: valid again, newly suspended, newly revoked."""

CHANGE_MIX = {
    0: RESTORED,
    **{status: SUSPENDED * share for status, share in GROUNDS.items()},
    **{status: REVOKED * share for status, share in CAUSES.items()},
}

BATCH = 2000
CROWDED_SHARE, CROWDED_PART = 0.2, 0.8
"""Clustered: a fifth of the batches holds four fifths of the listed serials."""

SEED = 20171230

Rows = list[tuple[int, int]]


def entropy(mix: dict[int, float]) -> float:
    """Return the bits of one draw."""
    return -sum(share * math.log2(share) for share in mix.values())


def bound(serials: int, listed: int, mix: dict[int, float]) -> float:
    """Return the bytes that no exact list goes below on average: which serials, and each one's status."""
    ways = math.lgamma(serials + 1) - math.lgamma(listed + 1) - math.lgamma(serials - listed + 1)
    return (ways / math.log(2) + listed * entropy(mix)) / 8


def readers_mix() -> dict[int, float]:
    """Return the mix that readers see."""
    return {1: SUSPENDED_SHARE, 2: 1 - SUSPENDED_SHARE}


def uniform(serials: int, listed: int) -> Rows:
    """Return rows of serials drawn from all alike."""
    source = random.Random(f"{SEED} uniform {serials} {listed}")
    return _with_statuses(sorted(source.sample(range(1, serials + 1), listed)), source)


def clustered(serials: int, listed: int) -> Rows:
    """Return rows of serials drawn by their batches of issue, some of which are crowded."""
    source = random.Random(f"{SEED} clustered {serials} {listed}")
    batches = serials // BATCH
    crowded = set(source.sample(range(batches), round(batches * CROWDED_SHARE)))
    many = CROWDED_PART / CROWDED_SHARE
    few = (1 - CROWDED_PART) / (1 - CROWDED_SHARE)
    weights = list(accumulate(many if batch in crowded else few for batch in range(batches)))
    found: set[int] = set()
    while len(found) < listed:
        batch = source.choices(range(batches), cum_weights=weights)[0]
        found.add(batch * BATCH + source.randrange(BATCH) + 1)
    return _with_statuses(sorted(found), source)


def week(serials: int, rows: Rows) -> Rows:
    """Return the rows a week later: CHANGES of them changed."""
    source = random.Random(f"{SEED} week {serials} {len(rows)}")
    now = dict(rows)
    restored = round(CHANGES * RESTORED)
    suspended = round(CHANGES * SUSPENDED)
    for serial in source.sample([serial for serial, status in rows if status < min(CAUSES)], restored):
        del now[serial]
    before = dict(rows)
    fresh: list[int] = []
    while len(fresh) < CHANGES - restored:
        serial = source.randint(1, serials)
        if serial not in now and serial not in before:
            now[serial] = 0
            fresh.append(serial)
    for at, serial in enumerate(fresh):
        shares = GROUNDS if at < suspended else CAUSES
        now[serial] = source.choices(list(shares), list(shares.values()))[0]
    return sorted(now.items())


def _with_statuses(serials: list[int], source: random.Random) -> Rows:
    statuses = source.choices(list(MIX), list(MIX.values()), k=len(serials))
    return list(zip(serials, statuses, strict=True))

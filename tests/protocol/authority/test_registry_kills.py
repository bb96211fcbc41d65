"""A process that dies in the middle of an act leaves all of the act or none of it."""

import random
import shutil
import subprocess
import sys

import pytest

from juzhu_protocol.authority.permits import SUSPENDED
from juzhu_protocol.authority.registry import Registry
from juzhu_protocol.rules.calendar import from_iso
from juzhu_protocol.rules.lifecycle import KIND_MOVED
from killing import killed_at
from parts import nightly
from permit_tools import CITY, KEYS, application, at, holder, issue

NEWCOMER = holder()
ACTS = {
    "issue": lambda registry: issue(registry, "2026-03-10", holder=NEWCOMER),
    "endorse": lambda registry: registry.endorse(CITY, 1, keys=KEYS, now=at("2026-03-10"), address="新街"),
    "suspend": lambda registry: registry.suspend(CITY, 1, 1, now=at("2026-03-10")),
    "move": lambda registry: registry.endorse(
        CITY,
        4,
        keys=KEYS,
        now=at("2026-03-10"),
        kind=KIND_MOVED,
        address="新街",
        issuing_division=410221,
        registered_day=from_iso("2025-09-10"),
    ),
    "accept": lambda registry: registry.accept(
        application(holder=NEWCOMER, registered="2025-09-10"), now=at("2026-03-10")
    ),
    "issue accepted": lambda registry: registry.issue_accepted(1, keys=KEYS, now=at("2026-03-10")),
    "withdraw": lambda registry: registry.withdraw(1, now=at("2026-03-10")),
    "hand out": lambda registry: registry.hand_out(CITY, 1, now=at("2026-03-10")),
    "restore": lambda registry: registry.restore(CITY, 2, now=at("2026-03-10")),
    "revoke": lambda registry: registry.revoke(CITY, 1, "lost", now=at("2026-03-10")),
    "replace": lambda registry: registry.replace(CITY, 3, keys=KEYS, now=at("2026-03-10")),
}


def state(path):
    """Everything a registry says, after its check."""
    with Registry(path) as registry:
        registry.check()
        highest, listed = registry.exceptions(CITY)
        permits = [
            (registry.permit(CITY, n), registry.card_image(CITY, n), registry.events(CITY, n))
            for n in range(1, highest + 1)
        ]
        return highest, listed, permits, registry.waiting()


@pytest.mark.parametrize("act", ACTS)
def test_kill_at_every_statement_leaves_the_old_or_the_new(tmp_path, act):
    original = tmp_path / "original.db"
    with Registry(original, create=True) as registry:
        for _ in range(4):
            issue(registry, "2025-03-15")
        registry.accept(application(registered="2025-09-01"), now=at("2026-03-05"))
        registry.endorse(CITY, 3, keys=KEYS, now=at("2026-03-01"))
        registry.suspend(CITY, 2, 6, now=at("2026-03-01"))
        registry.suspend(CITY, 4, 5, now=at("2025-09-10"))
    old = state(original)
    after = tmp_path / "after.db"
    shutil.copy(original, after)
    with Registry(after) as registry:
        ACTS[act](registry)
    new = state(after)
    assert new != old

    outcomes = []
    for statement in range(200):
        path = tmp_path / f"{statement}.db"
        shutil.copy(original, path)
        opened = []

        def connect(path=path, opened=opened):
            opened.append(Registry(path))
            return opened[0]._database.conn

        killed = killed_at(statement, connect, lambda opened=opened: ACTS[act](opened[0]))
        outcomes.append(state(path))
        assert outcomes[-1] in (old, new)
        if not killed:
            break
    assert not killed
    assert outcomes[-1] == new
    # Old as long as the COMMIT had not begun: the kill really fell into the act.
    assert outcomes[:-1] == [old] * (len(outcomes) - 1)
    assert len(outcomes) > 4


CHILD = """
import sys
from pathlib import Path
from juzhu_protocol.authority.registry import Registry
registry = Registry(Path(sys.argv[1]))
for serial in range(1, int(sys.argv[2]) + 1):
    registry.suspend(410200, serial, 1, now=1_790_000_000)
    print(serial, flush=True)
sys.stdin.read()
"""


def test_sigkill_among_many_suspensions_loses_no_acknowledged_one(tmp_path):
    count = 40
    original = tmp_path / "original.db"
    with Registry(original, create=True) as registry, registry.batch():
        for _ in range(count):
            issue(registry, "2026-03-15")
    draw = random.Random(19)
    for round_ in range(100 if nightly() else 4):
        path = tmp_path / "killed.db"
        for leftover in tmp_path.glob("killed.db*"):
            leftover.unlink()
        shutil.copy(original, path)
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(path), str(count)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        acknowledged = 0
        for _ in range(draw.randrange(1, count)):
            acknowledged = int(child.stdout.readline())
        child.kill()
        rest = child.stdout.read().split()
        acknowledged = max([acknowledged, *map(int, rest)])
        child.wait()
        child.stdin.close()
        child.stdout.close()
        with Registry(path) as registry:
            registry.check()
            _, listed = registry.exceptions(CITY)
            done = sorted(listed)
            assert done == list(range(1, len(done) + 1)), round_
            assert len(done) in (acknowledged, acknowledged + 1), round_
            for serial in range(1, count + 1):
                names = [event.name for event in registry.events(CITY, serial)]
                assert (names.count("suspended") == 1) == (serial in listed)
                assert (registry.permit(CITY, serial).status == SUSPENDED) == (serial in listed)

"""What the tests on a running stage share: taps with their outcome, acts of the authority, the host's store."""

import asyncio
import sqlite3
import time

from juzhu_protocol.authority.registry import Registry
from juzhu_simulator.card import VirtualCard
from juzhu_simulator.demo.cast import DIVISION, STEPS
from juzhu_simulator.demo.stage import Stage
from juzhu_simulator.demo.table import outcome

ARRIVAL_LIMIT_S = 30.0
PLAIN_STEPS = [step for step in STEPS if not (step.pull_at or step.clock_ahead_s or step.clock_uncertainty_s)]
"""The demo's taps that need nothing special of the reader."""


async def tap(stage: Stage, reader: str, card: str, pull_at: int | None = None) -> str:
    """Lay a card on a reader; "ANSWER, reason"."""
    result = await stage.field.tap(reader, VirtualCard(stage.cast.images[card]), pull_at)
    return outcome(result.shown["answer"], result.shown["reason"])


async def every_verdict(stage: Stage, reader: str) -> list[str]:
    """Tap every plain card; the cards whose verdict was not the expected one, none if all is well."""
    wrong = []
    for step in PLAIN_STEPS:
        got = await tap(stage, reader, step.card)
        if got != outcome(step.answer, step.reason):
            wrong.append(f"{reader}: {step.card}: {got}")
    return wrong


async def act(stage: Stage, what: str, card: str) -> None:
    """Let the authority suspend (ground 2) or restore a card's permit."""
    serial = stage.cast.permits[card].serial
    now = int(time.time()) + stage.clock_offset_s

    def write() -> None:
        with Registry(stage.cast.registry) as registry:
            if what == "suspend":
                registry.suspend(DIVISION, serial, 2, now=now)
            else:
                registry.restore(DIVISION, serial, now=now)

    await asyncio.to_thread(write)


async def until(stage: Stage, reader: str, card: str, wanted: str, allowed: str) -> None:
    """Tap until the card gets `wanted`; before that only `allowed` may come."""
    started = time.monotonic()
    while (got := await tap(stage, reader, card)) != wanted:
        assert got == allowed, got
        assert time.monotonic() - started < ARRIVAL_LIMIT_S, f"{reader}: {card} is still {got}"


def stored_taps(stage: Stage, reader: str) -> list[int]:
    """The indexes of a reader's taps in the host's store, in order."""
    connection = sqlite3.connect(stage.folder / "host.db")
    try:
        connection.execute("PRAGMA query_only = ON")
        rows = connection.execute(
            "SELECT tap_index FROM taps WHERE reader_id = ? ORDER BY tap_index", (reader.encode(),)
        )
        return [row[0] for row in rows]
    finally:
        connection.close()


async def all_taps_stored(stage: Stage, reader: str, count: int) -> None:
    """Wait until the host holds taps 1 to `count` of a reader, without a gap."""
    started = time.monotonic()
    while stored_taps(stage, reader) != list(range(1, count + 1)):
        held = stored_taps(stage, reader)
        assert time.monotonic() - started < ARRIVAL_LIMIT_S, f"{reader}: {len(held)} of {count}: {held[-5:]}"
        await asyncio.sleep(0.05)

"""SIGKILL for each process of the running chain: no wrong verdict, and it recovers by itself."""

import asyncio

import pytest
from stages import PLAIN_STEPS, act, all_taps_stored, every_verdict, stored_taps, tap, until

from juzhu_simulator.demo.cast import LANKAO_KEY
from juzhu_simulator.demo.stage import Stage
from parts import needs, nightly

ROUNDS = 10 if nightly() else 1
CARD = "suspended while it runs"
ALLOWED, REFUSED = "ALLOW, in-force", "DENY, suspended"
READERS = [
    pytest.param("cpython", id="cpython"),
    pytest.param("micropython", id="micropython", marks=needs("vm")),
]


async def change_arrives(stage: Stage, reader: str) -> None:
    """Suspend and restore a permit; both must reach the reader, and nothing else may be said meanwhile."""
    await act(stage, "suspend", CARD)
    await until(stage, reader, CARD, REFUSED, ALLOWED)
    await act(stage, "restore", CARD)
    await until(stage, reader, CARD, ALLOWED, REFUSED)


@pytest.mark.parametrize("victim", ["broker", "publisher", "daemon"])
async def test_verdicts_stay_right_and_changes_arrive_after_sigkill(victim, tmp_path):
    async with Stage(tmp_path, ["cpython"]) as stage:
        await stage.ready()
        reader = "reader-cpython"
        for _ in range(ROUNDS):
            await stage.children[victim].kill()
            assert await every_verdict(stage, reader) == []
            await act(stage, "suspend", CARD)
            assert await tap(stage, reader, CARD) == ALLOWED
            await stage.children[victim].start()
            await until(stage, reader, CARD, REFUSED, ALLOWED)
            await act(stage, "restore", CARD)
            await until(stage, reader, CARD, ALLOWED, REFUSED)
            assert await every_verdict(stage, reader) == []


@pytest.mark.parametrize("runtime", READERS)
async def test_reader_comes_back_with_its_list_and_its_taps_after_sigkill(runtime, tmp_path):
    reader = f"reader-{runtime}"
    async with Stage(tmp_path, [runtime]) as stage:
        await stage.ready()
        taps = 0
        for _ in range(ROUNDS):
            assert await every_verdict(stage, reader) == []
            taps += len(PLAIN_STEPS)
            await stage.children["daemon"].kill()
            assert await every_verdict(stage, reader) == []
            taps += len(PLAIN_STEPS)
            await stage.children[reader].kill()
            await stage.field.gone(reader)
            await stage.children[reader].start()
            # Without daemon, broker or publisher it must still know what it knew.
            assert await every_verdict(stage, reader) == []
            taps += len(PLAIN_STEPS)
            await stage.children["daemon"].start()
            await all_taps_stored(stage, reader, taps)
        await change_arrives(stage, reader)


async def test_reader_killed_while_lists_arrive_never_holds_half_a_list(tmp_path):
    reader = "reader-cpython"
    async with Stage(tmp_path, ["cpython"]) as stage:
        await stage.ready()
        for _ in range(ROUNDS * 3):
            await act(stage, "suspend", CARD)
            await stage.children[reader].kill()
            await stage.field.gone(reader)
            await stage.children[reader].start()
            await until(stage, reader, CARD, REFUSED, ALLOWED)
            await act(stage, "restore", CARD)
            await until(stage, reader, CARD, ALLOWED, REFUSED)
        assert await every_verdict(stage, reader) == []


@pytest.mark.parametrize("runtime", READERS)
async def test_revoked_key_reaches_a_reader_that_was_dead_and_stays_revoked_after_sigkill(runtime, tmp_path):
    reader, card = f"reader-{runtime}", "signed with a stolen key"
    async with Stage(tmp_path, [runtime]) as stage:
        await stage.ready()
        # Verified, and so in the reader's memory of verified records.
        assert await tap(stage, reader, card) == ALLOWED
        await stage.children[reader].kill()
        await stage.field.gone(reader)
        await stage.revoke_key(LANKAO_KEY)
        await stage.children[reader].start()
        await until(stage, reader, card, "REFER, key-revoked", ALLOWED)
        assert await every_verdict(stage, reader) == []
        await stage.children["daemon"].kill()
        await stage.children[reader].kill()
        await stage.field.gone(reader)
        await stage.children[reader].start()
        assert await tap(stage, reader, card) == "REFER, key-revoked"
        assert await every_verdict(stage, reader) == []


async def test_taps_made_while_the_daemon_was_dead_are_all_stored_once_it_is_back(tmp_path):
    reader = "reader-cpython"
    async with Stage(tmp_path, ["cpython"]) as stage:
        await stage.ready()
        await stage.children["daemon"].kill()
        before = len(stored_taps(stage, reader))
        results = [await tap(stage, reader, "66, in force") for _ in range(20)]
        assert set(results) == {ALLOWED}
        await stage.children["daemon"].start()
        await all_taps_stored(stage, reader, before + 20)


async def test_daemon_and_publisher_end_cleanly_on_sigterm(tmp_path):
    async with Stage(tmp_path, ["cpython"]) as stage:
        await stage.ready()
        for name in ("daemon", "publisher", "broker"):
            assert await asyncio.wait_for(stage.children[name].stop(), 10) == 0, stage.children[
                name
            ].log_tail()

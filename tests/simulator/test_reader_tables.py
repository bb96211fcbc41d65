"""The combs of a reader's keys on its flash, with real processes: killed over them, restarted on them, damaged."""

import asyncio
import random
import time

import pytest
import reader_fixtures as fixtures
from reader_kit import LIMIT_S, RUNTIMES, answer_to

from juzhu_device.table_slots import SLOT_SIZE
from juzhu_simulator.reader.board import REGIONS
from parts import needs

WANTED = 3
"""The generator's, the list key's and the organ's."""

LOOK_S = 0.005


def region(reader):
    return (reader.folder / "flash" / "tables").read_bytes()


def filled(content):
    """How many slots hold anything."""
    slots = [content[at : at + SLOT_SIZE] for at in range(0, len(content), SLOT_SIZE)]
    return sum(slot.strip(b"\xff") != b"" for slot in slots)


async def tables_made(reader, count=WANTED):
    """Wait until so many tables are on flash; return the region."""
    started = time.monotonic()
    while filled(content := region(reader)) < count:
        assert time.monotonic() - started < LIMIT_S, f"{filled(content)} of {count} tables"
        await asyncio.sleep(LOOK_S)
    return content


async def judges_rightly(field, sequence=1):
    assert await answer_to(field, fixtures.GOOD) == ("ALLOW", sequence)
    assert await answer_to(field, fixtures.FORGED) == ("REFER", sequence)
    assert await answer_to(field, fixtures.SUSPENDED) == ("DENY", sequence)


async def installed(reader, count=WANTED):
    await reader.start()
    async with reader.host() as host:
        await host.install()
        return await tables_made(reader, count)


@pytest.mark.parametrize("reader", RUNTIMES, indirect=True)
async def test_reader_killed_whenever_it_makes_tables_goes_on_with_those_it_has(reader, field):
    for count in range(1, WANTED + 1):
        before = await installed(reader, count)
        await reader.kill()
        await reader.start()
        await judges_rightly(field)
        # A kill may have cut the last table; those before it stand.
        assert region(reader)[: (count - 1) * SLOT_SIZE] == before[: (count - 1) * SLOT_SIZE]
        await reader.kill()


@pytest.mark.parametrize("reader", RUNTIMES, indirect=True)
async def test_restart_writes_no_table_that_is_there(reader, field):
    made = await installed(reader)
    file = reader.folder / "flash" / "tables"
    for _ in range(2):
        await reader.kill()
        written = file.stat().st_mtime_ns
        await reader.start()
        await judges_rightly(field)
        assert region(reader) == made
        assert file.stat().st_mtime_ns == written


@needs("node", "vm")
@pytest.mark.parametrize("reader", ["cpython", "micropython"], indirect=True)
async def test_tables_of_one_runtime_serve_the_other(reader, field):
    made = await installed(reader)
    await reader.kill()
    reader.runtime = "micropython" if reader.runtime == "cpython" else "cpython"
    await reader.start()
    await judges_rightly(field)
    assert region(reader) == made


@pytest.mark.parametrize("reader", RUNTIMES, indirect=True)
async def test_damaged_tables_are_made_anew_and_no_verdict_suffers(reader, field):
    made = await installed(reader)
    await reader.kill()
    rng = random.Random(20261123)
    damaged = bytearray(made)
    for slot in range(WANTED):
        # In the table itself, behind the slot's header.
        at = slot * SLOT_SIZE + rng.randrange(200, 4000)
        damaged[at] ^= 1 << rng.randrange(8)
    (reader.folder / "flash" / "tables").write_bytes(damaged)
    await reader.start()
    await judges_rightly(field)
    started = time.monotonic()
    while region(reader) != made:
        assert time.monotonic() - started < LIMIT_S
        await asyncio.sleep(LOOK_S)


@pytest.mark.parametrize("reader", RUNTIMES, indirect=True)
async def test_flash_of_a_reader_from_before_tables_is_taken_over(reader, field):
    await installed(reader)
    await reader.kill()
    (reader.folder / "flash" / "tables").unlink()
    await reader.start()
    await judges_rightly(field)
    assert (reader.folder / "flash" / "tables").stat().st_size == REGIONS["tables"]
    await tables_made(reader)

"""Virtual readers as real processes, on CPython and in the MicroPython VM: killed, cut off, shouted at."""

import asyncio
import random
import shutil
import subprocess
import sys
import time

import pytest
import reader_fixtures as fixtures
import reader_kit
from bench_card import BUS_MASTER
from reader_kit import (
    DATA,
    FAST_KBIT_S,
    HELLO,
    LIMIT_S,
    LINKS,
    LIST,
    RUNTIMES,
    TRUST,
    Reader,
    answer_to,
    shown_to,
)

from juzhu_protocol.records.link import Hello, ObjectData
from juzhu_simulator.field import Field
from juzhu_simulator.micropython import FOLDER, missing, reader_command
from juzhu_simulator.reader.board import REGIONS
from parts import needs


@pytest.mark.parametrize("reader", LINKS, indirect=True)
async def test_reader_takes_bundle_and_list_and_judges_cards(reader, field):
    assert (await reader.start()).runtime == reader.runtime
    async with reader.host() as host:
        status = await host.hello()
        assert (status.bundle_version, status.list_sequence) == (0, 0)
        await host.install()
        assert await answer_to(field, fixtures.GOOD) == ("ALLOW", 1)
        assert await answer_to(field, fixtures.SUSPENDED) == ("DENY", 1)
        assert await answer_to(field, fixtures.FORGED) == ("REFER", 1)
        taps = [await asyncio.wait_for(host.taps.get(), LIMIT_S) for _ in range(3)]
        assert [tap.index for tap in taps] == [1, 2, 3]
        assert (await host.hello()).taps_waiting == 0


@pytest.mark.parametrize("reader", RUNTIMES, indirect=True)
async def test_chip_without_the_authoritys_keys_is_not_genuine_whatever_it_holds(reader, field):
    await reader.start()
    async with reader.host() as host:
        await host.install()
        shown = await shown_to(field, fixtures.GOOD, master=bytes(32))
        assert (shown["answer"], shown["reason"]) == ("REFER", "not-genuine")
        assert await answer_to(field, fixtures.GOOD) == ("ALLOW", 1)


@pytest.mark.parametrize("reader", RUNTIMES, indirect=True)
async def test_card_keys_of_an_epoch_whose_master_is_not_installed_are_unknown(reader, field):
    reader.write_config({"bus_masters": {"2": BUS_MASTER.hex()}})
    await reader.start()
    async with reader.host() as host:
        await host.install()
        shown = await shown_to(field, fixtures.GOOD)
        assert (shown["answer"], shown["reason"]) == ("REFER", "unknown-key")


@pytest.mark.parametrize("reader", RUNTIMES, indirect=True)
async def test_service_older_than_the_chips_endorsements_is_referred(reader, field):
    await reader.start()
    async with reader.host() as host:
        await host.install()
        shown = await shown_to(field, fixtures.GOOD, held=2)
        assert (shown["answer"], shown["reason"]) == ("REFER", "service-outdated")


@pytest.mark.parametrize("reader", LINKS, indirect=True)
async def test_reader_killed_in_the_middle_of_a_list_keeps_the_old_one_and_its_taps(reader, field):
    await reader.start()
    async with reader.host() as host:
        await host.install()
        ring_id = (await host.hello()).ring_id
        begun = await host.begin(LIST, len(fixtures.LIST_2), fixtures.MANIFEST_2)
        await host.ask(DATA, ObjectData(LIST, begun.offset, fixtures.LIST_2[:1024]).to_bytes())
        lost = host.start(DATA, ObjectData(LIST, 1024, fixtures.LIST_2[1024:2048]).to_bytes())
        await reader.kill()
        lost.cancel()
    await reader.start()
    assert await answer_to(field, fixtures.SUSPENDED) == ("DENY", 1)
    async with reader.host() as host:
        status = await host.hello(ring_id, 0)
        assert (status.bundle_version, status.list_sequence, status.ring_id) == (1, 1, ring_id)
        assert (await asyncio.wait_for(host.taps.get(), LIMIT_S)).index == 1
        assert await host.send(LIST, fixtures.LIST_2, fixtures.MANIFEST_2) == 0
        assert await answer_to(field, fixtures.LATER_SUSPENDED) == ("DENY", 2)
        assert (await asyncio.wait_for(host.taps.get(), LIMIT_S)).index == 2


@pytest.mark.parametrize("reader", RUNTIMES, indirect=True)
async def test_reader_restarted_with_other_roots_believes_them_alone_and_keeps_its_taps(reader, field):
    await reader.start()
    async with reader.host() as host:
        await host.install()
        ring_id = (await host.hello()).ring_id
    assert await answer_to(field, fixtures.GOOD) == ("ALLOW", 1)
    await reader.kill()
    roots = {"suite": "ES256", "threshold": 2, "keys": [key.hex() for key in fixtures.NEW_ROOTS]}
    reader.write_config({"roots": roots})
    for held in ((0, 0), (1, 1)):
        await reader.start()
        async with reader.host() as host:
            status = await host.hello(ring_id, 0)
            assert (status.bundle_version, status.list_sequence, status.ring_id) == (*held, ring_id)
            assert (await asyncio.wait_for(host.taps.get(), LIMIT_S)).index == 1
            assert await host.send(TRUST, fixtures.BUNDLE_1) != 0
            assert await host.send(TRUST, fixtures.BUNDLE_NEW_ROOTS) == 0
            assert await host.send(LIST, fixtures.LIST_1, fixtures.MANIFEST_1) == 0
            assert await answer_to(field, fixtures.GOOD) == ("ALLOW", 1)
        await reader.kill()


@needs("node", "vm")
@pytest.mark.parametrize("first", ["cpython", "micropython"])
async def test_flash_moves_from_one_runtime_to_the_other(first, tmp_path, field):
    reader = Reader(tmp_path, field, first)
    try:
        await reader.start()
        async with reader.host() as host:
            await host.install()
            ring_id = (await host.hello()).ring_id
            assert await answer_to(field, fixtures.GOOD) == ("ALLOW", 1)
            assert (await asyncio.wait_for(host.taps.get(), LIMIT_S)).index == 1
        await reader.kill()
        reader.runtime = "micropython" if first == "cpython" else "cpython"
        assert (await reader.start()).runtime == reader.runtime
        assert await answer_to(field, fixtures.SUSPENDED) == ("DENY", 1)
        async with reader.host() as host:
            status = await host.hello(ring_id, 1)
            assert (status.bundle_version, status.list_sequence, status.ring_id) == (1, 1, ring_id)
            assert (await asyncio.wait_for(host.taps.get(), LIMIT_S)).index == 2
    finally:
        reader.stop()


@pytest.mark.parametrize("reader", RUNTIMES, indirect=True)
async def test_a_megabyte_of_noise_on_the_link_changes_nothing(reader, field):
    await reader.start()
    noise = random.Random(20261123)
    async with reader.host() as host:
        await host.install()
        for _ in range(16):
            host.writer.write(noise.randbytes(65536))
            await host.writer.drain()
        status = await host.hello()
        assert (status.bundle_version, status.list_sequence) == (1, 1)
        assert await answer_to(field, fixtures.GOOD) == ("ALLOW", 1)


@pytest.mark.parametrize("reader", RUNTIMES, indirect=True)
async def test_new_host_takes_the_place_of_the_last(reader, field):
    await reader.start()
    async with reader.host() as first:
        await first.install()
        async with reader.host() as second:
            assert (await second.hello()).list_sequence == 1
            await asyncio.wait_for(first.reading, LIMIT_S)
            await answer_to(field, fixtures.GOOD)
            assert (await asyncio.wait_for(second.taps.get(), LIMIT_S)).index == 1
            assert first.taps.empty()


@pytest.mark.parametrize("reader", RUNTIMES, indirect=True)
async def test_list_with_a_flipped_bit_is_refused_over_the_wire(reader, field):
    await reader.start()
    bad = bytearray(fixtures.LIST_2)
    bad[500] ^= 1
    async with reader.host() as host:
        await host.install()
        assert await host.send(LIST, bytes(bad), fixtures.MANIFEST_2) == 7
        assert (await host.hello()).list_sequence == 1
        assert await answer_to(field, fixtures.LATER_SUSPENDED) == ("ALLOW", 1)


@pytest.mark.parametrize("reader", RUNTIMES, indirect=True)
async def test_clock_can_be_set_while_the_reader_runs(reader, field):
    await reader.start()
    async with reader.host() as host:
        await host.install()
    await field.set_clock("gate-1", fixtures.NOW - int(time.time()) + 40 * 86400, 0)
    shown = await shown_to(field, fixtures.GOOD)
    assert (shown["answer"], shown["list_age_hours"] // 24) == ("REFER", 40)
    assert shown["public"]["text"][0]


@pytest.mark.parametrize(
    ("part", "name", "wrong"),
    [
        ("signature", "FORGED", "ALLOW"),
        ("list", "SUSPENDED", "ALLOW"),
        ("decision", "SUSPENDED", "ALLOW"),
        ("clock", "GOOD", "DENY"),
    ],
)
@pytest.mark.parametrize("reader", RUNTIMES, indirect=True)
async def test_sabotaged_part_gives_a_wrong_answer(reader, field, part, name, wrong):
    reader.write_config({"sabotage": part})
    await reader.start()
    async with reader.host() as host:
        await host.install()
    assert await answer_to(field, getattr(fixtures, name)) == (wrong, 1)


@pytest.mark.parametrize("reader", RUNTIMES, indirect=True)
async def test_reader_ends_with_0_on_sigterm(reader):
    await reader.start()
    reader.process.terminate()
    assert await reader.ended() == 0
    assert reader.errors.read_text() == ""


@pytest.mark.parametrize("runtime", RUNTIMES)
async def test_reader_ends_with_0_when_its_field_goes_away(runtime, tmp_path):
    async with Field(FAST_KBIT_S) as field:
        reader = Reader(tmp_path, field, runtime)
        await reader.start()
    try:
        assert await reader.ended() == 0
        assert reader.errors.read_text() == ""
    finally:
        reader.stop()


@pytest.mark.parametrize("reader", RUNTIMES, indirect=True)
async def test_exception_in_the_reader_ends_it_with_a_traceback(reader):
    attached = await reader.start()
    attached.send({"type": "rtc"})
    assert await reader.ended() != 0
    said = reader.errors.read_text()
    assert "Traceback" in said
    assert "KeyError" in said
    assert "board.py" in said


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"reader_key": "00"}, "a reader key has 32 bytes"),
        ({"bus_masters": {"1": "5e5e"}}, "the master of epoch 1 has 2 bytes, not 32"),
        ({"bus_masters": {"0": "5e" * 32}}, "epoch '0' is no number from 1 to 255"),
    ],
)
@pytest.mark.parametrize("reader", RUNTIMES, indirect=True)
async def test_wrong_config_ends_the_reader_with_one_line_before_it_is_ready(reader, changes, words):
    reader.write_config(changes)
    reader.launch()
    assert await reader.ended() == 78
    said = reader.errors.read_text()
    assert words in said
    assert len(said.splitlines()) == 1
    assert "5e5e" not in said


@pytest.mark.parametrize("content", [b"{", b"\xff", b"[]"])
@pytest.mark.parametrize("reader", RUNTIMES, indirect=True)
async def test_file_that_is_no_config_ends_the_reader_with_one_line(reader, content):
    reader.config.write_bytes(content)
    reader.launch()
    assert await reader.ended() == 78
    said = reader.errors.read_text()
    assert str(reader.config) in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize("reader", RUNTIMES, indirect=True)
async def test_reader_killed_while_it_made_its_flash_files_starts_anew(reader):
    flash = reader.folder / "flash"
    flash.mkdir()
    (flash / "state0").write_bytes(b"")
    (flash / "list0").write_bytes(b"\xff" * 100)
    await reader.start()
    async with reader.host() as host:
        await host.install()
    assert {path.name: path.stat().st_size for path in flash.iterdir()} == REGIONS


@pytest.mark.parametrize("reader", RUNTIMES, indirect=True)
async def test_damaged_flash_is_a_fault_that_the_field_hears_of(reader, field, monkeypatch):
    heard = asyncio.Queue()
    monkeypatch.setattr(
        "juzhu_simulator.field.log.warning", lambda text, *values: heard.put_nowait(text % values)
    )
    flash = reader.folder / "flash"
    flash.mkdir()
    for region in ("state0", "state1"):
        (flash / region).write_bytes(b"\x00" * REGIONS[region])
    reader.launch()
    assert "install the reader anew" in await asyncio.wait_for(heard.get(), LIMIT_S)
    assert reader.process.poll() is None


@needs("node")
def test_missing_vm_is_one_line_and_its_own_exit_code(tmp_path):
    for name in ("reader.mjs", "vm.mjs"):
        shutil.copy(FOLDER / name, tmp_path)
    options = ["--config", "c", "--link", "127.0.0.1:0", "--hardware", "127.0.0.1:1", "--flash", "f"]
    done = subprocess.run(
        ["node", str(tmp_path / "reader.mjs"), *options], capture_output=True, text=True, check=False
    )
    assert done.returncode == 69
    assert len(done.stderr.splitlines()) == 1
    assert "npm ci" in done.stderr


BROKEN_READER = """
import asyncio, json, sys
from pathlib import Path
from juzhu_simulator.reader import process

class BrokenBoard(process.VirtualBoard):
    def link(self, data, now_ms, unix):
        raise ZeroDivisionError

process.VirtualBoard = BrokenBoard
config, link, hardware, flash = sys.argv[1:]
config = process.ReaderConfig(json.loads(Path(config).read_text()))
asyncio.run(process.run(config, link, hardware, Path(flash)))
"""


@pytest.mark.parametrize("link", ["tcp", "pty"])
async def test_board_that_breaks_over_link_bytes_ends_the_reader_on_cpython(
    link, tmp_path, field, monkeypatch
):
    def command(runtime, config, link, field_port, flash):
        return [sys.executable, "-c", BROKEN_READER, config, link, f"127.0.0.1:{field_port}", flash]

    monkeypatch.setattr(reader_kit, "command_line", command)
    reader = Reader(tmp_path, field, "cpython", link)
    try:
        await reader.start()
        async with reader.host() as host:
            host.start(HELLO, Hello(0, 0).to_bytes())
            assert await reader.ended() == 1
        assert "ZeroDivisionError" in reader.errors.read_text()
    finally:
        reader.stop()


@needs("node", "vm")
@pytest.mark.parametrize("options", [[], ["--nix", "1"], ["--link", "pty:/tmp/x"], ["--link"]])
def test_wrong_arguments_are_64(options):
    done = subprocess.run(
        ["node", str(FOLDER / "reader.mjs"), *options], capture_output=True, text=True, check=False
    )
    assert done.returncode == 64
    assert len(done.stderr.splitlines()) == 1


def test_what_a_reader_in_the_vm_lacks_is_said(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    missing.cache_clear()
    try:
        assert missing() == "Node 18 or newer is missing"
        assert reader_command(tmp_path, "127.0.0.1:1", "127.0.0.1:2", tmp_path) is None
        old = tmp_path / "node"
        old.write_text("#!/bin/sh\necho v16.20.0\n")
        old.chmod(0o755)
        missing.cache_clear()
        assert "v16.20.0" in missing()
    finally:
        missing.cache_clear()

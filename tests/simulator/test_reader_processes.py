"""Virtual readers as real processes, on CPython and in the MicroPython VM: killed, cut off, shouted at."""

import asyncio
import contextlib
import json
import os
import random
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import reader_fixtures as fixtures
from bench_card import BUS_MASTER, BenchCard

from juzhu_protocol.link.events import RequestReceived, ResponseReceived
from juzhu_protocol.link.machine import LinkMachine
from juzhu_protocol.records.link import (
    Ack,
    Hello,
    ObjectBegin,
    ObjectCommit,
    ObjectData,
    ObjectResult,
    Status,
    Tap,
    TapStored,
)
from juzhu_simulator.field import Field
from juzhu_simulator.micropython import FOLDER, missing, reader_command
from juzhu_simulator.reader.board import REGIONS
from parts import needs

HELLO, BEGIN, DATA, COMMIT, TAP = 0x40, 0x42, 0x43, 0x44, 0x30
TRUST, LIST = 1, 2
FAST_KBIT_S = 10_000.0
LIMIT_S = 30

RUNTIMES = [
    pytest.param("cpython", id="cpython"),
    pytest.param("micropython", id="micropython", marks=needs("node", "vm")),
]
LINKS = [
    pytest.param(("cpython", "tcp"), id="cpython-tcp"),
    pytest.param(("cpython", "pty"), id="cpython-pty"),
    pytest.param(("micropython", "tcp"), id="micropython-tcp", marks=needs("node", "vm")),
]


class Host:
    """The least that a host does on the link; `arrived` is fed by whoever reads the line."""

    def __init__(self, send):
        self.machine = LinkMachine(secrets.randbits(32))
        self.taps: asyncio.Queue[Tap] = asyncio.Queue()
        self._send = send
        self._waiting: dict[int, asyncio.Future] = {}
        self._clock = asyncio.create_task(self._let_time_pass())

    def close(self):
        self._clock.cancel()

    def arrived(self, data):
        for event in self.machine.receive_data(data, now_ms()):
            if isinstance(event, ResponseReceived):
                self._waiting.pop(event.ticket).set_result(event.payload)
            elif isinstance(event, RequestReceived) and event.kind == TAP:
                tap = Tap.from_bytes(event.payload)
                self.taps.put_nowait(tap)
                self.machine.send_response(event, TapStored(tap.index).to_bytes())
            elif isinstance(event, RequestReceived):
                self.machine.send_response(event, Ack().to_bytes())
        self._flush()

    def start(self, kind, payload) -> asyncio.Future:
        ticket = self.machine.send_request(kind, payload, now_ms())
        self._waiting[ticket] = asyncio.get_running_loop().create_future()
        self._flush()
        return self._waiting[ticket]

    async def ask(self, kind, payload):
        return await asyncio.wait_for(self.start(kind, payload), LIMIT_S)

    async def hello(self, ring_id=0, stored=0):
        return Status.from_bytes(await self.ask(HELLO, Hello(ring_id, stored).to_bytes()))

    async def begin(self, kind, length, manifest=b""):
        return ObjectResult.from_bytes(await self.ask(BEGIN, ObjectBegin(kind, length, manifest).to_bytes()))

    async def send(self, kind, content, manifest=b""):
        """Send a whole object; the result code of the step that failed, or 0."""
        answer = await self.begin(kind, len(content), manifest)
        while not answer.result and answer.offset < len(content):
            part = ObjectData(kind, answer.offset, content[answer.offset : answer.offset + 1024])
            answer = ObjectResult.from_bytes(await self.ask(DATA, part.to_bytes()))
        if answer.result:
            return answer.result
        return ObjectResult.from_bytes(await self.ask(COMMIT, ObjectCommit(kind).to_bytes())).result

    async def install(self):
        assert await self.send(TRUST, fixtures.BUNDLE_1) == 0
        assert await self.send(LIST, fixtures.LIST_1, fixtures.MANIFEST_1) == 0

    async def _let_time_pass(self):
        while True:
            await asyncio.sleep(0.05)
            self.machine.tick(now_ms())
            self._flush()

    def _flush(self):
        data = self.machine.data_to_send()
        if data:
            self._send(data)


class Reader:
    """One reader's process and how to reach it; start() again after a kill keeps its flash."""

    def __init__(self, folder: Path, field: Field, runtime: str, link: str = "tcp"):
        self.folder = folder
        self.field = field
        self.runtime = runtime
        self.link = link
        self.process: subprocess.Popen[bytes] | None = None
        self.errors = folder / "stderr"
        self.config = folder / "reader.json"
        self.address = f"127.0.0.1:{free_port()}" if link == "tcp" else f"pty:{folder / 'line'}"
        self.write_config({})

    def write_config(self, changes):
        config = {
            "reader_id": "gate-1",
            "reader_key": bytes(range(32)).hex(),
            "roots": {
                "suite": "ES256",
                "keys": [key.hex() for key in fixtures.ROOTS],
                "threshold": fixtures.THRESHOLD,
            },
            "bus_masters": {"1": BUS_MASTER.hex()},
            "rtc": {"offset_s": fixtures.NOW - int(time.time()), "uncertainty_s": 0},
        }
        self.config.write_text(json.dumps(config | changes))

    def launch(self):
        command = command_line(
            self.runtime, self.config, self.address, self.field.port, self.folder / "flash"
        )
        with self.errors.open("wb") as errors:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=errors)

    async def start(self):
        self.launch()
        return await self.field.reader("gate-1", LIMIT_S)

    async def kill(self):
        """SIGKILL, and wait until the field has seen it go."""
        self.process.kill()
        self.process.wait(LIMIT_S)
        async with asyncio.timeout(LIMIT_S), self.field._changed:
            await self.field._changed.wait_for(lambda: "gate-1" not in self.field._readers)

    async def ended(self):
        return await asyncio.wait_for(asyncio.to_thread(self.process.wait), LIMIT_S)

    @contextlib.asynccontextmanager
    async def host(self) -> AsyncIterator[Host]:
        if self.link == "pty":
            async with self._pty_host() as host:
                yield host
            return
        address, port = self.address.rsplit(":", 1)
        stream, writer = await asyncio.open_connection(address, int(port))
        host = Host(writer.write)
        host.writer = writer

        async def read():
            with contextlib.suppress(OSError):
                while data := await stream.read(4096):
                    host.arrived(data)

        host.reading = reading = asyncio.create_task(read())
        try:
            yield host
        finally:
            host.close()
            reading.cancel()
            writer.close()

    @contextlib.asynccontextmanager
    async def _pty_host(self) -> AsyncIterator[Host]:
        line = os.open(self.folder / "line", os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        host = Host(lambda data: os.write(line, data))
        loop = asyncio.get_running_loop()

        def arrived():
            with contextlib.suppress(OSError):
                host.arrived(os.read(line, 4096))

        loop.add_reader(line, arrived)
        try:
            yield host
        finally:
            host.close()
            loop.remove_reader(line)
            os.close(line)

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(LIMIT_S)


def now_ms():
    return time.monotonic_ns() // 1_000_000


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def command_line(runtime, config, link, field_port, flash):
    hardware = f"127.0.0.1:{field_port}"
    if runtime == "micropython":
        command = reader_command(config, link, hardware, flash)
        assert command is not None, missing()
        return command
    juzhu = str(Path(sys.executable).with_name("juzhu"))
    return [
        juzhu, "reader", "--config", str(config), "--link", link, "--hardware", hardware, "--flash", str(flash)
    ]  # fmt: skip


async def shown_to(field, files, **chip):
    return (await field.tap("gate-1", BenchCard(*files, **chip))).shown


async def answer_to(field, files):
    shown = await shown_to(field, files)
    return shown["answer"], shown["list_sequence"]


@pytest.fixture
async def field():
    async with Field(FAST_KBIT_S) as field:
        yield field


@pytest.fixture
def reader(request, tmp_path, field):
    wanted = request.param if isinstance(request.param, tuple) else (request.param,)
    reader = Reader(tmp_path, field, *wanted)
    yield reader
    reader.stop()


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

    monkeypatch.setattr(sys.modules[__name__], "command_line", command)
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

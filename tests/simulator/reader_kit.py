"""Virtual readers as processes and the least of a host, for the tests that kill, cut off and shout at them."""

import asyncio
import contextlib
import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import reader_fixtures as fixtures
from bench_card import BUS_MASTER, BenchCard

from juzhu_protocol.link.events import RequestFailed, RequestReceived, ResponseReceived
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
from juzhu_simulator.micropython import missing, reader_command
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
        self._waiting: dict[int, tuple[asyncio.Future, bytes]] = {}
        self._clock = asyncio.create_task(self._let_time_pass())

    def close(self):
        self._clock.cancel()

    def arrived(self, data):
        self._take(self.machine.receive_data(data, now_ms()))

    def _take(self, events):
        for event in events:
            if isinstance(event, ResponseReceived):
                self._waiting.pop(event.ticket)[0].set_result(event.payload)
            elif isinstance(event, RequestFailed):
                # A reader that has a megabyte to read first answers later than the link waits.
                self._ask(event.kind, *self._waiting.pop(event.ticket))
            elif isinstance(event, RequestReceived) and event.kind == TAP:
                tap = Tap.from_bytes(event.payload)
                self.taps.put_nowait(tap)
                self.machine.send_response(event, TapStored(tap.index).to_bytes())
            elif isinstance(event, RequestReceived):
                self.machine.send_response(event, Ack().to_bytes())
        self._flush()

    def start(self, kind, payload) -> asyncio.Future:
        future = asyncio.get_running_loop().create_future()
        self._ask(kind, future, payload)
        return future

    def _ask(self, kind, future, payload):
        ticket = self.machine.send_request(kind, payload, now_ms())
        self._waiting[ticket] = future, payload
        self._flush()

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
            self._take(self.machine.tick(now_ms()))
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

"""The runner of a reader's session against a fake reader on a real TCP port, with a real store."""

import asyncio
import contextlib
import logging
import os
import random
import tty
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from host.authority_kit import DIVISION, Authority
from host.reader_pair import FakeReader, MemoryPorts, RealReader, tap
from host.test_reader_session import holdings, plain
from juzhu_host.daemon import restarted
from juzhu_host.holdings import Holdings
from juzhu_host.reader_link import ReaderLink
from juzhu_host.settings import ReaderSettings, SerialPort, TcpPort
from juzhu_host.store import Store
from juzhu_protocol.records.link import Display, Status

TICK_S = 0.005


class ReaderServer:
    """A FakeReader behind a TCP port that can go away and come back."""

    def __init__(self, reader: FakeReader) -> None:
        self.reader = reader
        self.connections = 0
        self.changed = asyncio.Condition()
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        # Only when the reader knows that its line is gone may a test ask it for something new.
        await self.until(lambda: not self._writers)

    async def until(self, met: Callable[[], bool]) -> None:
        async with asyncio.timeout(20), self.changed:
            await self.changed.wait_for(met)

    async def _serve(self, stream: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        loop = asyncio.get_running_loop()
        try:
            while True:
                try:
                    async with asyncio.timeout(TICK_S):
                        data = await stream.read(4096)
                except TimeoutError:
                    out = self.reader.tick(int(loop.time() * 1000))
                else:
                    if not data:
                        break
                    out = self.reader.receive(data, int(loop.time() * 1000))
                writer.write(out)
                async with self.changed:
                    self.changed.notify_all()
        except OSError:
            pass
        finally:
            self.reader.lost()
            writer.close()
            self._writers.discard(writer)
            async with self.changed:
                self.changed.notify_all()


class Listener:
    def __init__(self) -> None:
        self.displays: list[Display] = []
        self.statuses: list[Status | None] = []

    def displayed(self, name: str, display: Display) -> None:
        assert name == "front"
        self.displays.append(display)

    def status(self, name: str, status: Status | None) -> None:
        assert name == "front"
        self.statuses.append(status)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(tmp_path / "host.db")
    yield opened
    await opened.close()


@pytest.fixture
async def server() -> AsyncIterator[ReaderServer]:
    server = ReaderServer(FakeReader(7))
    await server.start()
    yield server
    await server.stop()


def link_to(server: ReaderServer, store: Store, listener: Listener, holdings: Holdings) -> ReaderLink:
    settings = ReaderSettings("front", TcpPort("127.0.0.1", server.port))
    return ReaderLink(settings, "serialx", store, listener, holdings)


async def test_reader_gets_the_list_and_its_tap_is_stored(store: Store, server: ReaderServer) -> None:
    listener = Listener()
    link = link_to(server, store, listener, plain())
    running = asyncio.create_task(link.run())
    await server.until(lambda: server.reader.status.list_sequence == 1)
    server.reader.ask(0x30, tap(1), 0)
    await server.until(lambda: server.reader.receipts == [1])
    assert await store.taps(str(TcpPort("127.0.0.1", server.port)), b"fake", 5) == [tap(1)]
    server.reader.ask(0x47, Display(7, 2, 11, 0, 0, 1, 5, 0).to_bytes(), 0)
    await server.until(lambda: server.reader.acked == 1)
    assert [display.reason for display in listener.displays] == [11]
    link.offer(plain(sequence=2))
    await server.until(lambda: server.reader.status.list_sequence == 2)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert listener.statuses[-1] is None


async def test_reader_that_is_unplugged_again_and_again_comes_back_each_time(
    store: Store, server: ReaderServer, caplog: pytest.LogCaptureFixture
) -> None:
    listener = Listener()
    running = asyncio.create_task(link_to(server, store, listener, Holdings(DIVISION)).run())
    loop = asyncio.get_running_loop()
    slowest = 0.0
    for index in range(1, 6):
        before = loop.time()
        server.reader.ask(0x30, tap(index), 0)
        await server.until(lambda index=index: server.reader.receipts[-1:] == [index])  # type: ignore[misc]
        slowest = max(slowest, loop.time() - before)
        await server.stop()
        await server.start()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert await store.taps_stored(str(TcpPort("127.0.0.1", server.port)), b"fake", 5) == 5
    assert server.connections >= 5
    # No more than a line for each loss: a port that is away is no flood in the log.
    lines = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(lines) <= 10


async def test_fault_in_one_reader_is_logged_and_takes_no_other_down(
    store: Store, server: ReaderServer, caplog: pytest.LogCaptureFixture
) -> None:
    class Faulty(Listener):
        faults = 0

        def status(self, name: str, status: Status | None) -> None:
            if status is not None and not self.faults:
                self.faults += 1
                raise ZeroDivisionError("on purpose")

    faulty = Faulty()
    second = ReaderServer(FakeReader(8, b"second"))
    await second.start()
    listener = Listener()

    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(restarted("front", lambda: link_to(server, store, faulty, plain()).run())),
            group.create_task(restarted("rear", lambda: link_to(second, store, listener, plain()).run())),
        ]
        await second.until(lambda: second.reader.status.list_sequence == 1)
        await server.until(lambda: server.reader.status.list_sequence == 1)
        for task in tasks:
            task.cancel()
    await second.stop()
    assert faulty.faults == 1
    faults = [record for record in caplog.records if record.exc_info]
    assert len(faults) == 1
    assert "fault in front; it is started again" in faults[0].message
    assert "on purpose" in caplog.text


async def test_cancelled_in_the_moment_its_port_is_lost_it_ends_all_the_same(
    store: Store, server: ReaderServer
) -> None:
    for steps in range(20):
        server.connections = 0
        running = asyncio.create_task(link_to(server, store, Listener(), Holdings(DIVISION)).run())
        await server.until(lambda: server.connections == 1)
        for writer in list(server._writers):
            writer.transport.abort()
        # The loss is under way; the cancellation meets it at another step of the loop each time.
        for _ in range(steps % 7):
            await asyncio.sleep(0)
        running.cancel()
        _, left = await asyncio.wait([running], timeout=10)
        assert not left


class PtyReader:
    """A real ReaderCore behind a pty; its path stays the same over a replug, as below /dev/serial/by-id."""

    def __init__(self, path: Path, reader: RealReader) -> None:
        self.path = path
        self.reader = reader
        self.changed = asyncio.Event()
        self._master = -1

    def plug(self) -> None:
        self._master, slave = os.openpty()
        tty.setraw(slave)
        os.set_blocking(self._master, False)
        self.path.symlink_to(os.ttyname(slave))
        os.close(slave)
        loop = asyncio.get_running_loop()
        loop.add_reader(self._master, self._receive)
        self._ticking = loop.create_task(self._tick())

    def unplug(self) -> None:
        self._ticking.cancel()
        self.path.unlink()
        asyncio.get_running_loop().remove_reader(self._master)
        os.close(self._master)
        self.reader.lost()

    async def until(self, met: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not met():
                self.changed.clear()
                await self.changed.wait()

    async def _tick(self) -> None:
        while True:
            self._send(self.reader.tick(self._now_ms()))
            await asyncio.sleep(TICK_S)

    def _receive(self) -> None:
        # While nobody has the far end open a pty's master reads as broken.
        with contextlib.suppress(OSError):
            self._send(self.reader.receive(os.read(self._master, 4096), self._now_ms()))

    def _send(self, data: bytes) -> None:
        self.changed.set()
        with contextlib.suppress(OSError):
            os.write(self._master, data)

    @staticmethod
    def _now_ms() -> int:
        return int(asyncio.get_running_loop().time() * 1000)


@pytest.mark.parametrize("backend", ["serialx", "pyserial"])
async def test_real_reader_on_a_serial_line_is_served_before_and_after_it_is_replugged(
    backend: str, store: Store, tmp_path: Path
) -> None:
    authority = Authority(tmp_path / "keys")
    reader = RealReader(authority, MemoryPorts(random.Random(0)), 7)
    line = PtyReader(tmp_path / "usb-reader", reader)
    line.plug()
    settings = ReaderSettings("front", SerialPort(str(line.path), 115200))
    listener = Listener()
    link = ReaderLink(settings, backend, store, listener, holdings(authority))
    running = asyncio.create_task(link.run())
    core = reader.core
    await line.until(lambda: core.store.manifest is not None)
    for taps in (1, 2, 3):
        line._send(reader.tap_torn_three_times(line._now_ms()))
        await line.until(lambda taps=taps: core.ring.stored == taps)  # type: ignore[misc]
        line.unplug()
        await asyncio.sleep(0)
        line.plug()
    link.offer(holdings(authority, sequence=2))
    await line.until(lambda: core.store.manifest.sequence == 2)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    line.unplug()
    assert await store.taps_stored(str(line.path), b"real", core.ring.ring_id) == 3


async def test_reader_that_takes_another_s_name_is_told_loudly_and_gets_its_own_history(
    store: Store, server: ReaderServer, caplog: pytest.LogCaptureFixture
) -> None:
    await store.bind_reader("/dev/front", b"fake", 5)
    await store.store_tap("/dev/front", b"fake", 5, tap(1))
    running = asyncio.create_task(link_to(server, store, Listener(), plain()).run())
    await server.until(lambda: server.reader.status.list_sequence == 1)
    server.reader.ask(0x30, tap(7), 0)
    await server.until(lambda: server.reader.receipts == [7])
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert await store.taps_stored("/dev/front", b"fake", 5) == 1
    told = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert len(told) == 1
    assert "reader fake with ring 5 is on tcp://127.0.0.1" in told[0]
    assert "on /dev/front" in told[0]

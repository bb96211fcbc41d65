"""One behaviour for every port: TCP, and a real pty through serialx and through pyserial."""

import asyncio
import contextlib
import os
import random
import tty
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Protocol

import pytest

from juzhu_host.errors import TransportError
from juzhu_host.settings import SerialPort, TcpPort
from juzhu_host.transports import Transport, open_transport

EVERY_BYTE = bytes(range(256))


class FarEnd(Protocol):
    """The reader's end of an open port."""

    async def read(self, size: int) -> bytes: ...
    async def write(self, data: bytes) -> None: ...
    async def unplug(self) -> None: ...


class TcpEnd:
    def __init__(self) -> None:
        self._met: asyncio.Future[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Future()

    async def open(self) -> Transport:
        self._server = await asyncio.start_server(
            lambda reader, writer: self._met.set_result((reader, writer)), "127.0.0.1", 0
        )
        port = self._server.sockets[0].getsockname()[1]
        transport = await open_transport(TcpPort("127.0.0.1", port), "serialx")
        self._reader, self._writer = await self._met
        return transport

    async def read(self, size: int) -> bytes:
        return await self._reader.readexactly(size)

    async def write(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def unplug(self) -> None:
        self._server.close()
        self._writer.transport.abort()


class PtyEnd:
    def __init__(self, backend: str) -> None:
        self._backend = backend
        self._master = -1

    async def open(self) -> Transport:
        self._master, slave = os.openpty()
        tty.setraw(slave)
        path = os.ttyname(slave)
        os.close(slave)
        return await open_transport(SerialPort(path, 115200), self._backend)

    async def read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            data += await asyncio.to_thread(os.read, self._master, size - len(data))
        return data

    async def write(self, data: bytes) -> None:
        while data:
            written = await asyncio.to_thread(os.write, self._master, data[:2048])
            data = data[written:]

    async def unplug(self) -> None:
        if self._master >= 0:
            os.close(self._master)
            self._master = -1


ENDS: dict[str, Callable[[], TcpEnd | PtyEnd]] = {
    "tcp": TcpEnd,
    "serialx": lambda: PtyEnd("serialx"),
    "pyserial": lambda: PtyEnd("pyserial"),
}


@pytest.fixture(params=ENDS)
async def port(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Transport, TcpEnd | PtyEnd]]:
    end = ENDS[request.param]()
    transport = await end.open()
    yield transport, end
    await transport.close()
    await end.unplug()


async def read_exactly(transport: Transport, size: int) -> bytes:
    data = b""
    while len(data) < size:
        data += await transport.read()
    return data


async def write_for_ever(transport: Transport) -> None:
    async with asyncio.timeout(10):
        while True:
            await transport.write(bytes(1000))


async def within(coroutine: Awaitable[bytes]) -> bytes:
    async with asyncio.timeout(10):
        return await coroutine


async def test_every_byte_goes_both_ways_unchanged(port: tuple[Transport, FarEnd]) -> None:
    transport, end = port
    await transport.write(EVERY_BYTE)
    assert await within(end.read(256)) == EVERY_BYTE
    await end.write(EVERY_BYTE)
    assert await within(read_exactly(transport, 256)) == EVERY_BYTE


async def test_long_streams_cross_each_other_whole(port: tuple[Transport, FarEnd]) -> None:
    transport, end = port
    there, back = (random.Random(seed).randbytes(100_000) for seed in (1, 2))

    async def send() -> None:
        for at in range(0, len(there), 1100):
            await transport.write(there[at : at + 1100])

    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        group.create_task(send())
        group.create_task(end.write(back))
        arrived = group.create_task(end.read(len(there)))
        came_back = group.create_task(read_exactly(transport, len(back)))
    assert arrived.result() == there
    assert came_back.result() == back


async def test_unplugged_while_reading_is_an_error_at_once(port: tuple[Transport, FarEnd]) -> None:
    transport, end = port
    reading = asyncio.ensure_future(transport.read())
    await asyncio.sleep(0)
    await end.unplug()
    with pytest.raises(TransportError):
        await within(reading)


async def test_writing_to_an_unplugged_port_ends_in_an_error(port: tuple[Transport, FarEnd]) -> None:
    transport, end = port
    await end.unplug()
    with pytest.raises(TransportError):
        await write_for_ever(transport)


async def test_close_ends_a_read_under_way_and_may_come_twice(port: tuple[Transport, FarEnd]) -> None:
    transport, _ = port
    reading = asyncio.ensure_future(transport.read())
    await asyncio.sleep(0)
    await transport.close()
    await transport.close()
    with pytest.raises(TransportError):
        await within(reading)
    with pytest.raises(TransportError):
        await write_for_ever(transport)


async def test_read_that_was_cancelled_lets_the_port_close(port: tuple[Transport, FarEnd]) -> None:
    transport, _ = port
    reading = asyncio.ensure_future(transport.read())
    await asyncio.sleep(0)
    reading.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await reading
    async with asyncio.timeout(10):
        await transport.close()


async def test_opened_and_closed_again_and_again_leaks_no_file() -> None:
    before = len(os.listdir("/proc/self/fd"))
    for make in ENDS.values():
        for _ in range(10):
            end = make()
            opened = await end.open()
            await opened.write(b"x")
            await opened.close()
            await end.unplug()
    await asyncio.sleep(0)
    assert len(os.listdir("/proc/self/fd")) <= before + 2


@pytest.mark.parametrize("backend", ["serialx", "pyserial"])
async def test_port_that_is_not_there_is_named(backend: str, tmp_path: Path) -> None:
    for path in (str(tmp_path / "ttyACM0"), "/dev/null"):
        with pytest.raises(TransportError, match=path):
            await open_transport(SerialPort(path, 115200), backend)


@pytest.mark.parametrize("backend", ["serialx", "pyserial"])
async def test_line_that_another_program_holds_is_refused(backend: str) -> None:
    end = PtyEnd(backend)
    transport = await end.open()
    path = os.ptsname(end._master) if hasattr(os, "ptsname") else str(transport._name)  # type: ignore[attr-defined]
    with pytest.raises(TransportError):
        await open_transport(SerialPort(path, 115200), backend)
    await transport.close()
    again = await open_transport(SerialPort(path, 115200), backend)
    await again.close()
    await end.unplug()


async def test_refused_tcp_port_is_named() -> None:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    with pytest.raises(TransportError, match=str(port)):
        await open_transport(TcpPort("127.0.0.1", port), "serialx")

"""A reader's port as bytes: TCP through asyncio, serial lines through serialx or, in its place, pyserial.

Every transport behaves alike: read() returns at least one byte or raises TransportError once the port is gone;
write() returns when the bytes are on their way; close() may be called at any time and again.
"""

import asyncio
import contextlib
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import serial
import serialx

from .errors import TransportError
from .settings import SerialPort, TcpPort

READ_SIZE = 4096
WRITE_BUFFER = 4096
"""Bytes that may wait in the program: two frames fit, and a stuck port is noticed at the third."""
OPEN_TIMEOUT_S = 5.0
CLOSE_TIMEOUT_S = 1.0
PYSERIAL_WRITE_TIMEOUT_S = 5.0
TCP_SILENCE_S = 15
"""Seconds without an acknowledgement of TCP after which a peer that vanished counts as gone."""


class Transport(Protocol):
    """An open port."""

    async def read(self) -> bytes:
        """Return the next bytes, at least one; TransportError when the port is gone."""

    async def write(self, data: bytes) -> None:
        """Send bytes, in order; TransportError when the port is gone."""

    async def close(self) -> None:
        """Give the port back; never raises."""


async def open_transport(port: TcpPort | SerialPort, serial_backend: str) -> Transport:
    """Open a reader's port; TransportError says why it cannot be opened."""
    try:
        async with asyncio.timeout(OPEN_TIMEOUT_S):
            if isinstance(port, TcpPort):
                return await _open_tcp(port)
            if serial_backend == "pyserial":
                return await _PyserialTransport.open(port)
            return await _open_serialx(port)
    except TimeoutError:
        raise TransportError(f"{port}: did not open within {OPEN_TIMEOUT_S:g} s") from None
    except (OSError, ValueError) as error:
        raise TransportError(f"{port}: {_reason(error)}") from error


def _reason(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__


class _StreamTransport:
    """A transport on asyncio's streams, which both TCP and serialx offer."""

    def __init__(self, name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._name = name
        self._reader = reader
        self._writer = writer
        self._writer.transport.set_write_buffer_limits(high=WRITE_BUFFER)

    async def read(self) -> bytes:
        """See Transport.read."""
        try:
            data = await self._reader.read(READ_SIZE)
        except OSError as error:
            raise TransportError(f"{self._name}: {_reason(error)}") from error
        if not data:
            raise TransportError(f"{self._name}: the other side closed it")
        return data

    async def write(self, data: bytes) -> None:
        """See Transport.write."""
        try:
            self._writer.write(data)
            await self._writer.drain()
        except OSError as error:
            raise TransportError(f"{self._name}: {_reason(error)}") from error

    async def close(self) -> None:
        """See Transport.close."""
        # What waits to go out is worth nothing to anybody: the link sends it again.
        with contextlib.suppress(OSError, TimeoutError):
            self._writer.transport.abort()
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._writer.wait_closed()


async def _open_tcp(port: TcpPort) -> Transport:
    reader, writer = await asyncio.open_connection(port.host, port.port)
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, TCP_SILENCE_S // 3)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, TCP_SILENCE_S // 3)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, TCP_SILENCE_S * 1000)
    return _StreamTransport(str(port), reader, writer)


async def _open_serialx(port: SerialPort) -> Transport:
    reader, writer = await serialx.open_serial_connection(port.path, port.baud)
    return _StreamTransport(str(port), reader, writer)


class _PyserialTransport:
    """pyserial blocks, so each port has two threads of its own: one that reads and one that writes."""

    def __init__(self, name: str, line: serial.Serial, threads: ThreadPoolExecutor) -> None:
        self._name = name
        self._line = line
        self._threads = threads
        self._closed = False

    @classmethod
    async def open(cls, port: SerialPort) -> "_PyserialTransport":
        threads = ThreadPoolExecutor(2, "juzhu-serial")

        def open_line() -> serial.Serial:
            return serial.Serial(port.path, port.baud, exclusive=True, write_timeout=PYSERIAL_WRITE_TIMEOUT_S)

        opening = asyncio.get_running_loop().run_in_executor(threads, open_line)
        try:
            line = await opening
        except BaseException:
            # Given up while the thread was at it: what it opens after all is closed.
            opening.add_done_callback(_close_late)
            threads.shutdown(wait=False)
            raise
        return cls(str(port), line, threads)

    async def read(self) -> bytes:
        """See Transport.read."""
        try:
            data: bytes = await self._in_thread(self._read_some)
        except (OSError, TypeError, ValueError) as error:
            # pyserial raises TypeError when another thread closes the line under a read.
            raise TransportError(f"{self._name}: {_reason(error)}") from error
        if not data:
            raise TransportError(f"{self._name}: it was closed")
        return data

    async def write(self, data: bytes) -> None:
        """See Transport.write."""
        try:
            await self._in_thread(self._line.write, data)
        except (OSError, TypeError, ValueError) as error:
            raise TransportError(f"{self._name}: {_reason(error)}") from error

    async def close(self) -> None:
        """See Transport.close."""
        if self._closed:
            return
        self._closed = True
        with contextlib.suppress(OSError, TypeError, ValueError):
            self._line.cancel_read()
            self._line.cancel_write()
        await asyncio.to_thread(self._threads.shutdown, True)
        with contextlib.suppress(OSError):
            self._line.close()

    def _read_some(self) -> bytes:
        first: bytes = self._line.read(1)
        if not first:
            return b""
        return first + self._line.read(min(self._line.in_waiting, READ_SIZE))

    async def _in_thread(self, work: "object", *values: object) -> "bytes":
        if self._closed:
            raise OSError("it was closed")
        loop = asyncio.get_running_loop()
        result: bytes = await loop.run_in_executor(self._threads, work, *values)  # type: ignore[arg-type]
        return result


def _close_late(opening: "asyncio.Future[serial.Serial]") -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()

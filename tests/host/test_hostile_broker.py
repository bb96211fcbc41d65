"""The bus against a broker that sends what no broker should: a loss, a line or two, and nothing worse."""

import asyncio
import contextlib
import logging
import struct
from collections.abc import AsyncIterator, Callable

import pytest

from juzhu_host.bus import MqttBus
from juzhu_host.errors import BusError

CONNECT, PUBLISH, SUBSCRIBE, SUBACK, PING, DISCONNECT = 1, 3, 8, 9, 12, 14
MAX_LINES = 5
"""Log lines that one hostile act may cause."""

Answer = Callable[[bytes, int], bytes]


def packet(first: int, body: bytes) -> bytes:
    assert len(body) < 128
    return bytes((first, len(body))) + body


def published(topic: bytes, payload: bytes = b"x") -> bytes:
    return packet(PUBLISH << 4, struct.pack(">H", len(topic)) + topic + payload)


def granted(number: bytes, count: int) -> bytes:
    return packet(SUBACK << 4, number + b"\x01" * count)


@contextlib.asynccontextmanager
async def hostile(answer: Answer) -> AsyncIterator[str]:
    """A broker whose answer to a SUBSCRIBE is the test's, from its packet number and how many it asked for."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                first, length = await reader.readexactly(2)
                body = await reader.readexactly(length)
                if first >> 4 == CONNECT:
                    writer.write(b"\x20\x02\x00\x00")
                elif first >> 4 == SUBSCRIBE:
                    writer.write(answer(body[:2], body.count(b"\x01", 2)))
                elif first >> 4 == PING:
                    writer.write(b"\xd0\x00")
                elif first >> 4 == DISCONNECT:
                    break
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"mqtt://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


@pytest.mark.parametrize("topic", [b"#", b"a/+/b"])
async def test_wildcard_as_a_topic_ends_the_connection_in_a_line_or_two(
    topic: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    def answer(number: bytes, count: int) -> bytes:
        return granted(number, count) + published(topic)

    async with hostile(answer) as url:
        async with MqttBus(url, "a") as bus, asyncio.timeout(20):
            with contextlib.suppress(BusError):
                await bus.subscribe(["t"])
            with pytest.raises(BusError):
                await bus.lost()
        # Whatever still reads the socket would get turns of the loop here.
        for _ in range(100):
            await asyncio.sleep(0)
    assert len(caplog.records) <= MAX_LINES
    assert not any(record.exc_info for record in caplog.records)


@pytest.mark.parametrize("wrong", [0, 1, 7])
async def test_subscription_answered_with_a_wrong_number_of_codes_is_a_bus_error(wrong: int) -> None:
    async with hostile(lambda number, _: granted(number, wrong)) as url:
        with pytest.raises(BusError):
            async with MqttBus(url, "a") as bus:
                await bus.subscribe(["t", "u"])


async def test_subscription_answered_under_another_number_is_a_bus_error_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("juzhu_host.bus.CALL_TIMEOUT_S", 0.2)
    async with hostile(lambda _, count: granted(b"\xff\xff", count)) as url:
        with pytest.raises(BusError):
            async with MqttBus(url, "a") as bus:
                await bus.subscribe(["t"])
    assert len(caplog.records) <= MAX_LINES
    assert not any(record.exc_info for record in caplog.records)


def test_libraries_cannot_forge_or_flood_the_log(caplog: pytest.LogCaptureFixture) -> None:
    library = logging.getLogger("juzhu_host.bus.library")
    for _ in range(100):
        library.error("caught %s", "t\n2026-11-23 12:00:00 INFO all is well")
    told = [record.getMessage() for record in caplog.records]
    assert len(told) <= 1
    assert all("\n" not in line for line in told)

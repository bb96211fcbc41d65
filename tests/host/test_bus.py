"""The bus against a real broker, and its reconnecting against a fake one."""

import asyncio
import logging
import os
import signal

import pytest

from juzhu_host.bus import (
    FIRST_RETRY_S,
    LAST_RETRY_S,
    MAX_PAYLOAD,
    BrokerAddress,
    Message,
    MqttBus,
    stay_connected,
)
from juzhu_host.errors import BrokerUrlError, BusError, BusOverflowError
from juzhu_protocol.hostside.exit_codes import EXIT_CONFIG
from mosquitto import Mosquitto, free_port
from parts import needs


@pytest.fixture
def broker(tmp_path):
    with Mosquitto(tmp_path) as running:
        yield running


# -- addresses -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("mqtt://broker:1884", ("broker", 1884, None, None)),
        ("mqtt://127.0.0.1", ("127.0.0.1", 1883, None, None)),
        ("mqtt://user:p%40ss@broker:1883/", ("broker", 1883, "user", "p@ss")),
        ("mqtt://[::1]:1883", ("::1", 1883, None, None)),
    ],
)
def test_address_is_read(url, expected):
    address = BrokerAddress.parse(url)
    assert (address.host, address.port, address.user, address.password) == expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "broker",
        "broker:1883",
        "http://broker",
        "mqtts://broker",
        "mqtt://",
        "mqtt://broker:0",
        "mqtt://broker:65536",
        "mqtt://broker:x",
        "mqtt://broker/topic",
        "mqtt://broker?x=1",
        "mqtt://:secret@broker",
        "mqtt://[::1",
        "mqtt://user:sec/ret@host",
        "mqtt://user:sec?ret@host",
        "mqtt://user:sec#ret@host",
        "mqtt://user:sec[ret@host",
        "mqtt://user:sec\u2100ret@host",
        "sec://host",
        "mqtt://sec:ret:x@host/y",
    ],
)
def test_bad_address_is_a_configuration_error(url):
    with pytest.raises(BrokerUrlError) as caught:
        MqttBus(url, "test")
    assert caught.value.exit_code == EXIT_CONFIG
    assert "mqtt://[user:password@]host" in str(caught.value)
    assert "sec" not in str(caught.value)


def test_address_is_printed_without_its_password():
    address = BrokerAddress.parse("mqtt://user:hunter2@broker:1")
    assert str(address) == "mqtt://broker:1"
    assert "hunter2" not in repr(address)


# -- a real broker ---------------------------------------------------------------------------------


async def take(bus, count):
    found = []
    async with asyncio.timeout(20):
        async for message in bus.messages():
            found.append(message)
            if len(found) == count:
                break
    return found


@needs("mosquitto")
async def test_retained_message_comes_as_retained_and_a_later_one_does_not(broker):
    async with MqttBus(broker.url, "a") as one, MqttBus(broker.url, "b") as two:
        await one.publish("juzhu/1/trust", b"first")
        await two.subscribe(["juzhu/1/trust"])
        assert await take(two, 1) == [Message("juzhu/1/trust", b"first", True)]
        await one.publish("juzhu/1/trust", b"second")
        assert await take(two, 1) == [Message("juzhu/1/trust", b"second", False)]


@needs("mosquitto")
async def test_twenty_topics_are_subscribed_and_unsubscribed_in_batches(broker):
    topics = [f"juzhu/1/410200/list/{n}" for n in range(20)]
    async with MqttBus(broker.url, "a") as one, MqttBus(broker.url, "b") as two:
        for topic in topics:
            await one.publish(topic, topic.encode())
        await two.subscribe(topics)
        assert sorted(message.topic for message in await take(two, 20)) == sorted(topics)
        await two.unsubscribe(topics[1:])
        for topic in reversed(topics):
            await one.publish(topic, b"again")
        assert [message.topic for message in await take(two, 1)] == [topics[0]]


@needs("mosquitto")
async def test_cleared_topic_holds_nothing_any_more(broker):
    async with MqttBus(broker.url, "a") as one, MqttBus(broker.url, "b") as two:
        await one.publish("gone", b"x")
        await one.publish("gone", b"")
        await one.publish("there", b"y")
        await two.subscribe(["gone", "there"])
        assert await take(two, 1) == [Message("there", b"y", True)]


async def test_wildcard_is_refused_before_anything_is_sent():
    bus = MqttBus("mqtt://127.0.0.1:1", "a")
    with pytest.raises(BusError):
        await bus.subscribe(["juzhu/1/trust"])
    bus._client = object()
    for topic in ("juzhu/#", "juzhu/+/trust", ""):
        with pytest.raises(ValueError, match="no exact topic"):
            await bus.subscribe([topic])


async def test_absent_broker_is_a_bus_error():
    with pytest.raises(BusError, match="no connection to mqtt:"):
        async with MqttBus(f"mqtt://127.0.0.1:{free_port()}", "a"):
            pass


@needs("mosquitto")
async def test_wrong_password_is_a_bus_error_without_the_password(tmp_path):
    (tmp_path / "passwords").write_text("")
    with Mosquitto(tmp_path, f"password_file {tmp_path / 'passwords'}") as broker:
        with pytest.raises(BusError) as caught:
            async with MqttBus(f"mqtt://user:hunter2@127.0.0.1:{broker.port}", "a"):
                pass
        assert "hunter2" not in str(caught.value)


@needs("mosquitto")
async def test_refused_subscription_is_named(tmp_path):
    # The broker grants a subscription before it looks at the topic's rights, but not one of a client that
    # no rule mentions; so this drives the answer itself.
    with Mosquitto(tmp_path) as broker:
        async with MqttBus(broker.url, "a") as bus:

            async def refuse(*_args, **_kwargs):
                return [0x80]

            bus._client.subscribe = refuse
            with pytest.raises(BusError, match="refused the subscription to some/topic"):
                await bus.subscribe(["some/topic"])


@needs("mosquitto")
async def test_killed_broker_ends_every_wait(broker):
    async with MqttBus(broker.url, "a") as bus:
        await bus.subscribe(["t"])

        async def read():
            async for _ in bus.messages():
                pass

        waits = [asyncio.ensure_future(read()), asyncio.ensure_future(bus.lost())]
        await asyncio.sleep(0)
        broker.stop(signal.SIGKILL)
        async with asyncio.timeout(20):
            results = await asyncio.gather(*waits, return_exceptions=True)
        assert [type(result) for result in results] == [BusError, BusError]
        with pytest.raises(BusError):
            await bus.publish("t", b"x")


@needs("mosquitto")
async def test_publish_that_waits_ends_when_the_broker_dies(broker):
    async with MqttBus(broker.url, "a") as bus:
        os.kill(broker.pid, signal.SIGSTOP)
        publishing = asyncio.ensure_future(bus.publish("t", b"x"))
        await asyncio.sleep(0)
        assert not publishing.done()
        broker.stop(signal.SIGKILL)
        async with asyncio.timeout(20):
            with pytest.raises(BusError):
                await publishing


@needs("mosquitto")
async def test_messages_longer_than_anything_of_ours_are_dropped_and_told_once_a_minute(broker, caplog):
    async with MqttBus(broker.url, "a") as one, MqttBus(broker.url, "b", queue_limit=5) as two:
        await two.subscribe(["t"])
        for _ in range(20):
            await one.publish("t", bytes(MAX_PAYLOAD + 1), retain=False)
        await one.publish("t", bytes(MAX_PAYLOAD), retain=False)
        assert [len(message.payload) for message in await take(two, 1)] == [MAX_PAYLOAD]
    lines = [record.getMessage() for record in caplog.records if "dropped" in record.getMessage()]
    assert len(lines) == 1
    assert f"dropped {MAX_PAYLOAD + 1} bytes on t " in lines[0]


@needs("mosquitto")
async def test_overflow_ends_the_connection_and_loses_nothing_unseen(broker):
    async with MqttBus(broker.url, "a") as one, MqttBus(broker.url, "b", queue_limit=5) as two:
        await two.subscribe(["t"])
        for n in range(20):
            await one.publish("t", bytes([n]), retain=False)
        async with asyncio.timeout(20):
            with pytest.raises(BusOverflowError):
                await two.lost()
        messages = two.messages()
        assert [(await anext(messages)).payload[0] for _ in range(5)] == [0, 1, 2, 3, 4]
        with pytest.raises(BusOverflowError):
            await anext(messages)


# -- reconnecting ----------------------------------------------------------------------------------


class FakeBus:
    """A bus that the test loses at will; it carries no messages."""

    def __init__(self, reachable=True):
        self.reachable = reachable
        self.gone = asyncio.Event()

    def __str__(self):
        return "fake"

    async def __aenter__(self):
        if not self.reachable:
            raise BusError("no connection to fake")
        return self

    async def __aexit__(self, *_):
        pass

    async def lost(self):
        await self.gone.wait()
        raise BusError("the connection to fake is lost")


class Script:
    """Opens the given buses one after the other; time is what was slept."""

    def __init__(self, *buses):
        self.buses = list(buses)
        self.slept = []
        self.time = 0.0

    def open(self):
        return self.buses.pop(0)

    def now(self):
        return self.time

    async def sleep(self, seconds):
        self.slept.append(seconds)
        self.time += seconds

    async def run(self, session):
        async with asyncio.timeout(20):
            await stay_connected(
                self.open, session, now=self.now, sleep=self.sleep, uniform=lambda low, high: high
            )


async def test_waits_grow_to_their_cap_while_the_broker_is_away(caplog):
    caplog.set_level(logging.INFO)
    script = Script(*[FakeBus(False) for _ in range(10)], FakeBus())

    async def session(bus):
        pass

    await script.run(session)
    assert script.slept[0] == FIRST_RETRY_S
    assert script.slept == sorted(script.slept)
    assert max(script.slept) == LAST_RETRY_S
    lines = [record.getMessage() for record in caplog.records]
    assert lines == [
        "no connection to fake; trying again",
        f"connected to fake again after {sum(script.slept):.1f} s",
    ]


async def test_loss_cancels_a_session_that_waits_for_something_else(caplog):
    caplog.set_level(logging.INFO)
    first, second = FakeBus(), FakeBus()
    script = Script(first, second)
    seen = []

    async def session(bus):
        seen.append(bus)
        if bus is first:
            bus.gone.set()
            await asyncio.Event().wait()

    await script.run(session)
    assert seen == [first, second]
    assert [record.getMessage() for record in caplog.records] == [
        "connected to fake",
        "the connection to fake is lost; trying again",
        "connected to fake again after 0.1 s",
    ]


async def test_session_that_fails_at_once_every_time_is_slowed_down():
    script = Script(*[FakeBus() for _ in range(9)])

    async def session(bus):
        if script.buses:
            raise BusError("refused")

    await script.run(session)
    assert script.slept[-1] == LAST_RETRY_S


async def test_steady_connection_makes_the_next_retry_fast_again():
    script = Script(*[FakeBus(False) for _ in range(7)], FakeBus(), FakeBus())

    async def session(bus):
        if script.buses:
            script.time += 3600
            raise BusError("lost")

    await script.run(session)
    assert script.slept[-2:] == [LAST_RETRY_S, FIRST_RETRY_S]


async def test_other_errors_of_a_session_come_out_as_they_are():
    async def session(bus):
        raise KeyError("a mistake of ours")

    with pytest.raises(KeyError):
        await Script(FakeBus()).run(session)


async def test_bus_error_inside_a_task_group_is_a_loss():
    script = Script(FakeBus(), FakeBus())

    async def fail():
        raise BusError("lost in a task")

    async def session(bus):
        if script.buses:
            async with asyncio.TaskGroup() as group:
                group.create_task(fail())

    await script.run(session)
    assert len(script.slept) == 1


async def test_cancelling_ends_it():
    running = asyncio.ensure_future(Script(FakeBus()).run(lambda bus: asyncio.Event().wait()))
    await asyncio.sleep(0.01)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_loss_in_the_moment_of_the_cancel_does_not_swallow_it():
    """CPython issue 116720: before 3.13 a TaskGroup raised the loss alone, and the loop went on for ever."""
    bus = FakeBus()
    script = Script(bus, FakeBus())
    reached = asyncio.Event()

    async def session(_):
        reached.set()
        await asyncio.Event().wait()

    running = asyncio.ensure_future(script.run(session))
    await reached.wait()
    await asyncio.sleep(0)
    bus.gone.set()
    # One turn of the loop, so that the watcher has raised and nobody has looked at it yet.
    await asyncio.sleep(0)
    running.cancel()
    done, _ = await asyncio.wait({running}, timeout=5)
    assert done, "the cancel was swallowed"
    assert running.cancelled()
    assert script.slept == []


@needs("mosquitto")
async def test_session_returns_after_the_broker_was_killed_and_came_back(broker):
    sessions = asyncio.Queue()

    async def session(bus):
        await bus.publish("t", b"x")
        sessions.put_nowait(bus)
        await asyncio.Event().wait()

    running = asyncio.ensure_future(stay_connected(lambda: MqttBus(broker.url, "a"), session))
    async with asyncio.timeout(30):
        await sessions.get()
        for number in (signal.SIGKILL, signal.SIGTERM):
            broker.stop(number)
            broker.start()
            await sessions.get()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

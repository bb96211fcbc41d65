"""The MQTT bus: what the host needs of a broker and no more, over aiomqtt.

Nothing here is a delivery guarantee. A broker may lose retained messages, and QoS 1 is acknowledged before
the message is applied; so who subscribes compares manifests, and who publishes publishes again after every
return of the connection.
"""

import asyncio
import contextlib
import logging
import random
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar
from urllib.parse import unquote, urlsplit

import aiomqtt

from juzhu_protocol.lists.topics import CHUNK_SIZE

from .errors import BrokerUrlError, BusError, BusOverflowError
from .notes import Throttle, clean
from .tasks import together

log = logging.getLogger(__name__)
_library_log = logging.getLogger(__name__ + ".library")

DEFAULT_PORT = 1883
KEEPALIVE_S = 30
"""The longest that passes behind every NAT, and the shortest that cloud brokers advise."""
CALL_TIMEOUT_S = 10.0
GOODBYE_TIMEOUT_S = 1.0
MAX_PAYLOAD = CHUNK_SIZE
"""Nothing of ours is longer than a chunk."""
QUEUE_LIMIT = 512
"""Messages that may wait to be taken: with MAX_PAYLOAD, 32 MiB of them.

One message more is held while it comes in, however long: MQTT 3.1.1 lets a broker send up to 256 MiB in one,
and the library hands it out only when it is whole. A host that must bear a hostile broker needs that to spare.
"""
FILTERS_A_SUBSCRIBE = 8
"""The smallest limit among the common brokers."""
FIRST_FAILURE = 0x80
"""MQTT's answers to a subscription from here on are refusals."""
FIRST_RETRY_S = 0.1
LAST_RETRY_S = 5.0
STEADY_S = 5.0
"""A connection that lasted this long was a good one: the next retry is a fast one again."""


@dataclass(frozen=True)
class Message:
    """One message; `retained` when the broker kept it from before we subscribed."""

    topic: str
    payload: bytes
    retained: bool


@dataclass(frozen=True)
class BrokerAddress:
    """Where a broker is; printed without its password."""

    host: str
    port: int
    user: str | None
    password: str | None

    @classmethod
    def parse(cls, url: str) -> "BrokerAddress":
        """Read mqtt://[user:password@]host[:port]; BrokerUrlError says what is wrong with it."""
        wanted = "a broker's address is mqtt://[user:password@]host[:port]"
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            # The library quotes what it could not read, and that may be a part of the password.
            raise BrokerUrlError(
                f"{wanted}; a / ? # or @ in user or password is written %2F %3F %23 %40"
            ) from None
        if parts.scheme != "mqtt":
            raise BrokerUrlError(f"{wanted}; it does not begin with mqtt://")
        if not host:
            raise BrokerUrlError(f"{wanted}; there is no host in it")
        if port == 0:
            raise BrokerUrlError(f"{wanted}; port 0 is none")
        if parts.path not in ("", "/") or parts.query or parts.fragment:
            raise BrokerUrlError(f"{wanted}; nothing may follow the port")
        user = unquote(parts.username) if parts.username else None
        password = unquote(parts.password) if parts.password is not None else None
        if password is not None and user is None:
            raise BrokerUrlError(f"{wanted}; there is a password without a user")
        return cls(host, port or DEFAULT_PORT, user, password)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"mqtt://{host}:{self.port}"

    def __repr__(self) -> str:
        return f"BrokerAddress({self})"


class Bus(Protocol):
    """What the host asks of a connected broker; every method raises BusError once the connection is lost."""

    async def publish(self, topic: str, payload: bytes, retain: bool = True) -> None:
        """Return when the broker acknowledged the message; an empty retained payload clears the topic."""

    async def subscribe(self, topics: Sequence[str]) -> None:
        """Return when the broker granted every topic; exact topics only."""

    async def unsubscribe(self, topics: Sequence[str]) -> None:
        """Return when the broker acknowledged."""

    def messages(self) -> AsyncIterator[Message]:
        """Yield messages as they come; for one reader at a time."""

    async def lost(self) -> None:
        """Wait until the connection is lost, then raise BusError; never returns."""


class _Tamed(logging.Filter):
    """Lets the libraries' lines into the log as ours are: one line each, peer text cleaned, a few a minute.

    A broker can make them log with every byte that it sends, topics of its choice and tracebacks included.
    """

    def __init__(self) -> None:
        super().__init__()
        self._throttle = Throttle()

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record; False for one that is only counted."""
        text: str | None = clean(record.getMessage(), 200)
        if record.levelno >= logging.WARNING:
            text = self._throttle.line(record.msg, text or "", time.monotonic())
        record.msg, record.args = text or "", ()
        record.exc_info = record.exc_text = record.stack_info = None
        return text is not None


_library_log.addFilter(_Tamed())


T = TypeVar("T")
B = TypeVar("B", bound=Bus)


class MqttBus:
    """One connection to a broker (MQTT 3.1.1, QoS 1, clean session): a context manager, used once."""

    def __init__(self, url: str, client_id: str, *, queue_limit: int = QUEUE_LIMIT) -> None:
        if not 1 <= len(client_id) <= 64:
            raise ValueError(f"a client id of {len(client_id)} characters, 1 to 64 are allowed")
        self.address = BrokerAddress.parse(url)
        self._client_id = client_id
        self._queue_limit = queue_limit
        self._queue: asyncio.Queue[Message | None] = asyncio.Queue()
        self._loss = asyncio.Event()
        self._why: BusError | None = None
        self._throttle = Throttle()
        self._client: aiomqtt.Client | None = None
        self._pump_task: asyncio.Task[None] | None = None

    def __str__(self) -> str:
        return str(self.address)

    async def __aenter__(self) -> Self:
        """Connect; BusError when the broker cannot be reached or refuses us."""
        client = aiomqtt.Client(
            self.address.host,
            self.address.port,
            username=self.address.user,
            password=self.address.password,
            identifier=self._client_id,
            protocol=aiomqtt.ProtocolVersion.V311,
            clean_session=True,
            keepalive=KEEPALIVE_S,
            timeout=CALL_TIMEOUT_S,
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
            logger=_library_log,
        )
        try:
            await _connect(client)
        except (aiomqtt.MqttError, OSError, ValueError) as error:
            _shut(client)
            raise BusError(f"no connection to {self}: {clean(str(error), 200)}") from error
        self._client = client
        self._pump_task = asyncio.create_task(self._pump(client), name="mqtt-pump")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._client is None or self._pump_task is None:
            return
        self._pump_task.cancel()
        await asyncio.gather(self._pump_task, return_exceptions=True)
        self._give_up(BusError(f"the connection to {self} was closed"))
        # A broker that hangs must not hold up our own end.
        self._client.timeout = GOODBYE_TIMEOUT_S
        try:
            await self._client.__aexit__(None, None, None)
        except (aiomqtt.MqttError, OSError) as gone:
            log.debug("leaving %s: %s", self, gone)
        finally:
            _shut(self._client)

    async def publish(self, topic: str, payload: bytes, retain: bool = True) -> None:
        """See Bus.publish."""
        client = self._connected()
        await self._answered(client.publish(topic, payload, qos=1, retain=retain), "publishing " + topic)

    async def subscribe(self, topics: Sequence[str]) -> None:
        """See Bus.subscribe; in batches of eight, since some brokers take no more at a time."""
        client = self._connected()
        for batch in _batches(topics):
            granted = await self._answered(client.subscribe([(topic, 1) for topic in batch]), "subscribing")
            codes = [code if isinstance(code, int) else int(str(code.value)) for code in granted]
            if len(codes) != len(batch):
                raise BusError(f"{self} answered {len(codes)} subscriptions, {len(batch)} were asked for")
            refused = [topic for topic, code in zip(batch, codes, strict=True) if code >= FIRST_FAILURE]
            if refused:
                raise BusError(f"{self} refused the subscription to {', '.join(refused)}")

    async def unsubscribe(self, topics: Sequence[str]) -> None:
        """See Bus.unsubscribe."""
        client = self._connected()
        for batch in _batches(topics):
            await self._answered(client.unsubscribe(batch), "unsubscribing")

    async def messages(self) -> AsyncIterator[Message]:
        """See Bus.messages; what came before a loss is still given out."""
        while True:
            message = await self._queue.get()
            if message is None:
                # Left there for whoever asks again.
                self._queue.put_nowait(None)
                raise self._reason()
            yield message

    async def lost(self) -> None:
        """See Bus.lost."""
        await self._loss.wait()
        raise self._reason()

    def _connected(self) -> aiomqtt.Client:
        if self._client is None or self._loss.is_set():
            raise self._reason()
        return self._client

    def _reason(self) -> BusError:
        # A fresh one each time: an exception raised in two tasks would mix their tracebacks.
        if self._why is None:
            return BusError(f"not connected to {self}")
        return type(self._why)(*self._why.args)

    def _give_up(self, why: BusError) -> None:
        if not self._loss.is_set():
            self._why = why
            self._loss.set()
            self._queue.put_nowait(None)

    async def _pump(self, client: aiomqtt.Client) -> None:
        # aiomqtt discards what does not fit a bounded queue. So its own stays unbounded and is emptied at
        # once into ours, which ends the connection when it is full.
        try:
            async for message in client.messages:
                payload = message.payload if isinstance(message.payload, bytes) else b""
                if len(payload) > MAX_PAYLOAD:
                    self._too_long(str(message.topic), len(payload))
                    continue
                if self._queue.qsize() >= self._queue_limit:
                    raise BusOverflowError(
                        f"{self._queue_limit} messages of {self} wait unread; the connection is given up"
                    )
                self._queue.put_nowait(Message(str(message.topic), payload, bool(message.retain)))
        except aiomqtt.MqttError as error:
            why = clean(str(error.__cause__ or error), 200)
            # What the library cannot read it reads again and again while the socket is open.
            _shut(client)
            self._give_up(BusError(f"the connection to {self} is lost: {why}"))
        except BusError as error:
            _shut(client)
            self._give_up(error)

    def _too_long(self, topic: str, length: int) -> None:
        text = (
            f"dropped {length} bytes on {clean(topic, 120)} of {self}: nothing of ours has over {MAX_PAYLOAD}"
        )
        # A stranger's topics are many, so all of them are one subject.
        line = self._throttle.line("long messages", text, time.monotonic())
        if line:
            log.warning("%s", line)

    async def _answered(self, call: Coroutine[Any, Any, T], what: str) -> T:
        """Return the call's result, or raise BusError as soon as the connection is lost."""
        answer = asyncio.ensure_future(call)
        loss = asyncio.ensure_future(self._loss.wait())
        try:
            await asyncio.wait((answer, loss), return_when=asyncio.FIRST_COMPLETED)
            if not answer.done():
                raise self._reason()
            return answer.result()
        except aiomqtt.MqttError as error:
            raise BusError(f"{what} at {self}: {clean(str(error), 200)}") from error
        finally:
            loss.cancel()
            answer.cancel()


def _shut(client: aiomqtt.Client) -> None:
    """End a client's socket at once, whatever state its library is in; the library has no way to do so."""
    # Otherwise it goes on looking after the connection until the next keepalive fails.
    if client._misc_task is not None:  # noqa: SLF001
        client._misc_task.cancel()  # noqa: SLF001
    opened = client._client.socket()  # noqa: SLF001
    if not isinstance(opened, socket.socket) or opened.fileno() < 0:
        return
    loop = asyncio.get_running_loop()
    loop.remove_reader(opened.fileno())
    loop.remove_writer(opened.fileno())
    with contextlib.suppress(OSError):
        opened.shutdown(socket.SHUT_RDWR)
    opened.close()


async def _connect(client: aiomqtt.Client) -> None:
    """Connect; cancelled midway, first bring it to an end.

    A connection half made is left to its thread, whose callbacks would meet a closed loop.
    """
    connecting = asyncio.ensure_future(client.__aenter__())
    try:
        await asyncio.shield(connecting)
    except asyncio.CancelledError:
        await asyncio.wait({connecting}, timeout=GOODBYE_TIMEOUT_S)
        if connecting.done() and not connecting.cancelled() and connecting.exception() is None:
            client.timeout = GOODBYE_TIMEOUT_S
            with contextlib.suppress(aiomqtt.MqttError, OSError):
                await client.__aexit__(None, None, None)
        connecting.cancel()
        raise


def _batches(topics: Sequence[str]) -> list[list[str]]:
    for topic in topics:
        if not topic or "+" in topic or "#" in topic:
            raise ValueError(f"{topic!r} is no exact topic")
    return [list(topics[at : at + FILTERS_A_SUBSCRIBE]) for at in range(0, len(topics), FILTERS_A_SUBSCRIBE)]


async def stay_connected(
    open_bus: Callable[[], AbstractAsyncContextManager[B]],
    session: Callable[[B], Awaitable[None]],
    *,
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    uniform: Callable[[float, float], float] = random.uniform,
) -> None:
    """Run `session` on a connected bus, again on a new one after every loss; end when the session returns.

    A loss cancels the session wherever it waits. BusError means a loss, also inside an exception group;
    every other exception comes out. The waits double from FIRST_RETRY_S to LAST_RETRY_S, each jittered to
    between half of it and all of it, so that a city's hosts do not return in one instant.
    """
    wait = FIRST_RETRY_S
    lost_at: float | None = None
    while True:
        bus_name = "the broker"
        connected_at: float | None = None
        why: BaseException | None = None
        try:
            opened = open_bus()
            bus_name = str(opened)
            async with opened as bus:
                connected_at = now()
                if lost_at is None:
                    log.info("connected to %s", bus_name)
                else:
                    log.info("connected to %s again after %.1f s", bus_name, connected_at - lost_at)
                await _run_until_lost(bus, session)
                return
        except* BusError as losses:
            why = _first(losses)
        if connected_at is not None:
            lost_at = now()
            if lost_at - connected_at >= STEADY_S:
                wait = FIRST_RETRY_S
            log.warning("%s; trying again", why)
        elif lost_at is None:
            lost_at = now()
            log.warning("%s; trying again", why)
        else:
            log.debug("%s", why)
        await sleep(uniform(wait / 2, wait))
        wait = min(wait * 2, LAST_RETRY_S)


async def _run_until_lost(bus: B, session: Callable[[B], Awaitable[None]]) -> None:
    async def run() -> None:
        await session(bus)

    try:
        # A TaskGroup could let a loss swallow the cancel that ends us (tasks.py).
        await together(bus.lost(), run())
    except BaseExceptionGroup as group_error:
        raise _unwrapped(group_error) from None


def _unwrapped(error: BaseException) -> BaseException:
    """Return what a group holds when that is one exception only, however deep."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error

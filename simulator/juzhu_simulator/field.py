"""The radio field in front of virtual readers: cards are put into it and what a reader shows is seen.

One TCP listener on loopback; each virtual reader connects and speaks the JSON lines of reader/board.py.
"""

import asyncio
import json
import logging
import time
from dataclasses import dataclass
from typing import Any

from .card import Card, air_time
from .errors import FieldError

log = logging.getLogger(__name__)

MAX_LINE = 65536
TAP_LIMIT_S = 30.0
"""A reader that shows nothing for this long is broken; the longest honest tap makes a new key's tables."""


@dataclass(frozen=True)
class TapResult:
    """What a reader showed, how many APDUs it sent, and the milliseconds from card to show, the card's own included."""

    shown: dict[str, Any]
    apdus: int
    milliseconds: float


class AttachedReader:
    """One reader's connection: at most one card at a time lies on it."""

    def __init__(self, name: str, runtime: str, writer: asyncio.StreamWriter) -> None:
        self.name = name
        self.runtime = runtime
        self._writer = writer
        self.list_sequence = 0
        self.inbox: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()

    def send(self, message: dict[str, Any]) -> None:
        """Write one message."""
        self._writer.write(json.dumps(message).encode() + b"\n")

    async def receive(self) -> dict[str, Any]:
        """Return the next message; FieldError when the reader is gone or silent."""
        try:
            message = await asyncio.wait_for(self.inbox.get(), TAP_LIMIT_S)
        except TimeoutError:
            raise FieldError(f"reader {self.name} showed nothing for {TAP_LIMIT_S:.0f} s") from None
        if message is None:
            raise FieldError(f"reader {self.name} went away")
        return message


class Field:
    """The field; use as an async context manager, then give `port` to the readers."""

    def __init__(self, kbit_s: float = 106.0) -> None:
        self._kbit_s = kbit_s
        self._readers: dict[str, AttachedReader] = {}
        self._changed = asyncio.Condition()
        self._server: asyncio.Server | None = None
        self.port = 0

    async def __aenter__(self) -> "Field":
        self._server = await asyncio.start_server(self._attach, "127.0.0.1", 0, limit=MAX_LINE)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *error: object) -> None:
        assert self._server is not None
        self._server.close()
        for reader in list(self._readers.values()):
            reader._writer.close()  # noqa: SLF001  # the field owns its readers' connections

    async def reader(self, name: str, limit_s: float = 60.0) -> AttachedReader:
        """Return the reader of that name, waiting for it to come up."""

        async def come() -> AttachedReader:
            async with self._changed:
                await self._changed.wait_for(lambda: name in self._readers)
                return self._readers[name]

        try:
            return await asyncio.wait_for(come(), limit_s)
        except TimeoutError:
            raise FieldError(f"reader {name} did not come up within {limit_s:.0f} s") from None

    async def gone(self, name: str, limit_s: float = 10.0) -> None:
        """Wait until a reader is no longer attached; FieldError when it stays."""

        async def go() -> None:
            async with self._changed:
                await self._changed.wait_for(lambda: name not in self._readers)

        try:
            await asyncio.wait_for(go(), limit_s)
        except TimeoutError:
            raise FieldError(f"reader {name} is still there after {limit_s:.0f} s") from None

    async def wait_for_list(self, name: str, sequence: int = 1, limit_s: float = 60.0) -> None:
        """Wait until the reader has a list of this sequence or later in use."""

        def has_it() -> bool:
            return name in self._readers and self._readers[name].list_sequence >= sequence

        async def come() -> None:
            async with self._changed:
                await self._changed.wait_for(has_it)

        try:
            await asyncio.wait_for(come(), limit_s)
        except TimeoutError:
            raise FieldError(f"reader {name} had no list {sequence} within {limit_s:.0f} s") from None

    async def set_clock(self, name: str, offset_s: int, uncertainty_s: int | None) -> None:
        """Set a reader's own clock: seconds ahead of this machine's, and how far it may be off."""
        reader = await self.reader(name)
        reader.send({"type": "rtc", "offset_s": offset_s, "uncertainty_s": uncertainty_s})
        while (await reader.receive())["type"] != "rtc_set":
            pass

    async def tap(self, name: str, card: Card, pull_at: int | None = None) -> TapResult:
        """Put a card on a reader and return what it shows; `pull_at` n pulls it away at the n-th APDU."""
        reader = await self.reader(name)
        card.reset()
        started = time.perf_counter()
        reader.send({"type": "card"})
        apdus = 0
        while True:
            message = await reader.receive()
            if message["type"] == "apdu":
                apdus += 1
                command = bytes.fromhex(message["apdu"])
                if apdus == pull_at:
                    reader.send({"type": "response", "apdu": None})
                    continue
                response = card.transmit(command)
                await asyncio.sleep(air_time(command, response, self._kbit_s) + card.take_delay_s())
                reader.send({"type": "response", "apdu": response.hex()})
            elif message["type"] == "show":
                return TapResult(message, apdus, (time.perf_counter() - started) * 1000)
            elif message["type"] in ("report", "fault"):
                log.warning("reader %s: %s", name, message["text"])

    async def _attach(self, stream: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reader: AttachedReader | None = None
        try:
            async for line in stream:
                message = json.loads(line)
                if reader is not None and message["type"] == "holds":
                    async with self._changed:
                        reader.list_sequence = message["list_sequence"]
                        self._changed.notify_all()
                elif reader is not None:
                    reader.inbox.put_nowait(message)
                elif message["type"] == "ready":
                    reader = AttachedReader(message["reader"], message["runtime"], writer)
                    async with self._changed:
                        self._readers[reader.name] = reader
                        self._changed.notify_all()
                else:
                    log.warning("a reader before it is ready: %s", message.get("text", message))
        except (OSError, ValueError) as error:
            log.warning("a reader's line broke: %s", error)
        finally:
            writer.close()
            if reader is not None:
                reader.inbox.put_nowait(None)
                async with self._changed:
                    if self._readers.get(reader.name) is reader:
                        del self._readers[reader.name]
                        self._changed.notify_all()

"""Runs a ReaderSession over its port: opens it again for ever, stores taps, tells the listener."""

import asyncio
import logging
import secrets
import time
from collections.abc import Callable
from typing import Protocol

from juzhu_protocol.records.link import Display, Status

from .errors import StoreError, TransportError
from .holdings import Holdings
from .notes import Note, Throttle, clean
from .reader_session import Actions, HangUp, LookUpTaps, ReaderSession, ShowDisplay, ShowStatus, StoreTap
from .settings import ReaderSettings
from .store import Store
from .tasks import together
from .transports import Transport, open_transport

log = logging.getLogger(__name__)

FIRST_WAIT_S = 0.1
LAST_WAIT_S = 1.0
"""A reader plugged in again is back within two seconds, opening and HELLO included."""
STEADY_S = 5.0
"""A connection that lasted this long was a good one: its loss is worth a line again."""
MAX_JOBS = 16
"""Taps and questions that wait for the store; a reader has one out at a time, a broken one may have more."""


class ReaderListener(Protocol):
    """Who is told what readers say."""

    def displayed(self, name: str, display: Display) -> None:
        """The staff's line of the reader of this name."""

    def status(self, name: str, status: Status | None) -> None:
        """What the reader is and holds now; None when its port is gone."""


class ReaderLink:
    """One reader for as long as the daemon lives."""

    def __init__(
        self,
        settings: ReaderSettings,
        serial_backend: str,
        store: Store,
        listener: ReaderListener,
        holdings: Holdings,
        now_ms: Callable[[], int] = lambda: time.monotonic_ns() // 1_000_000,
    ) -> None:
        self._settings = settings
        self._serial_backend = serial_backend
        self._store = store
        self._listener = listener
        self._now_ms = now_ms
        self._port = str(settings.port)
        self._throttle = Throttle()
        self._session = ReaderSession(secrets.randbits(32), holdings)
        self._to_write = asyncio.Event()
        self._to_tick = asyncio.Event()
        self._jobs: asyncio.Queue[LookUpTaps | StoreTap] = asyncio.Queue(MAX_JOBS)
        self._told = ""

    def offer(self, holdings: Holdings) -> None:
        """The host holds something else now."""
        self._perform(self._session.offer(holdings, self._now_ms()))
        self._to_tick.set()

    async def run(self) -> None:
        """Serve the reader until cancelled."""
        wait = FIRST_WAIT_S
        while True:
            opened_ms: int | None = None
            try:
                transport = await open_transport(self._settings.port, self._serial_backend)
                opened_ms = self._now_ms()
                await self._serve(transport)
            except TransportError as error:
                if opened_ms is not None and self._now_ms() - opened_ms >= STEADY_S * 1000:
                    wait = FIRST_WAIT_S
                    self._told = ""
                self._lost(error)
            await asyncio.sleep(wait)
            wait = min(wait * 2, LAST_WAIT_S)

    def _lost(self, error: TransportError) -> None:
        if str(error) != self._told:
            self._told = str(error)
            log.warning("%s: %s; trying again", self._settings.name, error)

    async def _serve(self, transport: Transport) -> None:
        self._jobs = asyncio.Queue(MAX_JOBS)
        try:
            self._perform(self._session.connected(self._now_ms()))
            await together(self._read(transport), self._write(transport), self._tick(), self._work())
        finally:
            self._session.disconnected()
            await transport.close()
            self._listener.status(self._settings.name, None)
            log.debug("%s: link %s", self._settings.name, dict(self._session.stats()))

    async def _read(self, transport: Transport) -> None:
        while True:
            data = await transport.read()
            self._perform(self._session.receive(data, self._now_ms()))
            self._to_tick.set()

    async def _write(self, transport: Transport) -> None:
        while True:
            await self._to_write.wait()
            self._to_write.clear()
            while data := self._session.data_to_send():
                await transport.write(data)

    async def _tick(self) -> None:
        while True:
            deadline = self._session.next_deadline_ms()
            wait = None if deadline is None else max(0, deadline - self._now_ms()) / 1000
            try:
                async with asyncio.timeout(wait):
                    await self._to_tick.wait()
            except TimeoutError:
                pass
            self._to_tick.clear()
            self._perform(self._session.tick(self._now_ms()))

    async def _work(self) -> None:
        while True:
            job = await self._jobs.get()
            try:
                if isinstance(job, LookUpTaps):
                    await self._bind(job)
                    highest = await self._store.taps_stored(self._port, job.reader_id, job.ring_id)
                    self._perform(self._session.taps_known(job, highest))
                else:
                    is_new = await self._store.store_tap(self._port, job.reader_id, job.ring_id, job.raw)
                    self._perform(self._session.tap_stored(job, is_new))
            except StoreError as error:
                if isinstance(job, StoreTap):
                    self._perform(self._session.tap_failed(job, str(error)))
                else:
                    log.error("%s: its stored taps are not known: %s", self._settings.name, error)

    async def _bind(self, job: LookUpTaps) -> None:
        """Say loudly when a reader is not where it was: a replaced or moved one, or one that takes another's name."""
        others = await self._store.bind_reader(self._port, job.reader_id, job.ring_id)
        if not others:
            return
        known = "; ".join(
            f"reader {clean(reader_id)} ring {ring_id} on {clean(port)}"
            for port, reader_id, ring_id in others
        )
        text = (
            f"reader {clean(job.reader_id)} with ring {job.ring_id} is on {self._port} for the first time, and this "
            f"host knows {known}. Its taps get a history of their own. If nobody moved or replaced a reader, look at "
            "what is plugged in there"
        )
        line = self._throttle.line("rings", text, self._now_ms() / 1000)
        if line:
            log.error("%s: %s", self._settings.name, line)

    def _perform(self, actions: Actions) -> None:
        for action in actions:
            if isinstance(action, Note):
                log.log(action.level, "%s: %s", self._settings.name, action.text)
            elif isinstance(action, ShowDisplay):
                self._listener.displayed(self._settings.name, action.display)
            elif isinstance(action, ShowStatus):
                self._listener.status(self._settings.name, action.status)
                self._told = ""
            elif isinstance(action, HangUp):
                raise TransportError(f"{self._settings.port}: {action.why}")
            elif not self._jobs.full():
                self._jobs.put_nowait(action)
        self._to_write.set()

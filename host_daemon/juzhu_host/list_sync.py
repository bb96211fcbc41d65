"""Runs a ListFollower over the bus and the store, and tells the readers' links what is held."""

import asyncio
import logging
import time
from collections.abc import Callable

from .bus import Bus
from .errors import StoreError
from .holdings import Actions, Holdings, StoreBundle, StoreProfile, Subscribe, Unsubscribe
from .holdings import Store as StoreAction
from .list_core import ListFollower
from .notes import Note
from .store import Store
from .tasks import together

log = logging.getLogger(__name__)


class ListSync:
    """One division's follower on its bus; `changed` is called with what is held after every change."""

    def __init__(
        self,
        follower: ListFollower,
        store: Store,
        changed: Callable[[Holdings], None],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._follower = follower
        self._store = store
        self._changed = changed
        self._now = now
        # The follower must hear how a store ended before it hears anything else.
        self._turn = asyncio.Lock()
        self._woken = asyncio.Event()

    async def load(self) -> None:
        """Take up what the store holds; StoreError when it cannot be read."""
        division = self._follower.holdings.division
        bundle = await self._store.bundle()
        stored = await self._store.division_list(division)
        manifest, content = (stored.manifest, stored.content) if stored else (None, None)
        profile = await self._store.profile(division)
        for note in self._follower.load(bundle, manifest, content, profile):
            if isinstance(note, Note):
                log.log(note.level, "%s", note.text)
        self._changed(self._follower.holdings)

    async def session(self, bus: Bus) -> None:
        """Follow on a connected bus until it is lost (BusError) or this is cancelled."""
        try:
            async with self._turn:
                await self._perform(self._follower.connected(self._now()), bus)
            await together(self._listen(bus), self._tick(bus))
        finally:
            self._follower.disconnected()

    async def _listen(self, bus: Bus) -> None:
        async for message in bus.messages():
            async with self._turn:
                actions = self._follower.message(message.topic, message.payload, self._now())
                await self._perform(actions, bus)
            self._woken.set()

    async def _tick(self, bus: Bus) -> None:
        while True:
            due = self._follower.next_tick()
            wait = None if due is None else max(0.0, due - self._now())
            try:
                async with asyncio.timeout(wait):
                    await self._woken.wait()
            except TimeoutError:
                pass
            self._woken.clear()
            async with self._turn:
                await self._perform(self._follower.tick(self._now()), bus)

    async def _perform(self, actions: Actions, bus: Bus) -> None:
        for action in actions:
            if isinstance(action, Note):
                log.log(action.level, "%s", action.text)
            elif isinstance(action, Subscribe):
                await bus.subscribe(action.topics)
            elif isinstance(action, Unsubscribe):
                await bus.unsubscribe(action.topics)
            else:
                await self._perform(await self._keep(action), bus)

    async def _keep(self, action: StoreAction) -> Actions:
        try:
            if isinstance(action, StoreBundle):
                await self._store.replace_bundle(action.bundle, action.keys.version)
            elif isinstance(action, StoreProfile):
                await self._store.replace_profile(action.profile)
            else:
                await self._store.replace_list(action.manifest, action.content)
        except StoreError as error:
            return self._follower.store_failed(action, str(error), self._now())
        actions = self._follower.stored(action, self._now())
        self._changed(self._follower.holdings)
        return actions

"""`juzhu host run`: the daemon beside the readers, in one TaskGroup."""

import argparse
import asyncio
import contextlib
import logging
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from juzhu_protocol.hostside.native import NativeVerifier
from juzhu_protocol.link.objects import NO_AGE
from juzhu_protocol.records.link import Display, Status
from juzhu_protocol.rules.reasons import ANSWER_NAMES, REASONS

from .bus import MqttBus, stay_connected
from .holdings import Holdings
from .list_core import ListFollower
from .list_sync import ListSync
from .notes import clean
from .reader_link import ReaderLink
from .settings import HostSettings, load_settings
from .store import Store
from .tasks import end

log = logging.getLogger(__name__)

FIRST_RESTART_S = 0.5
LAST_RESTART_S = 30.0


def register(subparsers: Any) -> None:
    """Add `juzhu host`."""
    host = subparsers.add_parser("host", help="the daemon beside the readers")
    commands = host.add_subparsers(title="commands", metavar="COMMAND", required=True)
    run = commands.add_parser(
        "run",
        help="serve the readers and keep their lists fresh until SIGTERM or Ctrl-C",
        description="Serves the readers that the settings file names, until SIGTERM or Ctrl-C. "
        "Prints one line when everything is under way; the log goes to standard error.",
    )
    run.add_argument("--config", required=True, type=Path, metavar="FILE", help="the settings, TOML")
    run.add_argument("-v", "--verbose", action="store_true", default=argparse.SUPPRESS, help="log every step")
    run.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    settings = load_settings(args.config)
    asyncio.run(_until_signal(settings))
    return 0


async def _until_signal(settings: HostSettings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await run_host(settings, stop, _say_ready)


def _say_ready(line: str) -> None:
    try:
        print(line, flush=True)
    except OSError as error:
        # Nobody reads it, or no room is left where it goes; the readers are served all the same.
        log.warning("%s (not printed: %s)", line, error.strerror)
        # What was not printed would be tried again at the end, and fail there.
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


async def run_host(settings: HostSettings, stop: asyncio.Event, ready: Callable[[str], None]) -> None:
    """Serve until `stop` is set; StoreError when the database cannot be used. Call `ready` once under way."""
    store = await Store.open(settings.store)
    host = _Host(settings, store)
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(restarted("the list sync", host.follow), name="lists")]
            for number, reader in enumerate(settings.readers):
                serving = host.serving(number)
                tasks.append(group.create_task(restarted(reader.name, serving), name=reader.name))
            readers = "1 reader" if len(settings.readers) == 1 else f"{len(settings.readers)} readers"
            ready(f"juzhu host ready: division {settings.division}, {readers}, {host.broker}")
            await stop.wait()
            log.info("stopping")
            await end(tasks)
    finally:
        await store.close()
    log.info("stopped")


async def restarted(name: str, run: Callable[[], Awaitable[None]]) -> None:
    """Run `run` for ever: a fault in it is logged with its traceback and takes nobody else down."""
    wait = FIRST_RESTART_S
    while True:
        started = time.monotonic()
        try:
            await run()
        except Exception:
            log.exception("fault in %s; it is started again", name)
        if time.monotonic() - started > LAST_RESTART_S:
            wait = FIRST_RESTART_S
        await asyncio.sleep(wait)
        wait = min(wait * 2, LAST_RESTART_S)


class _Host:
    """What the tasks share: the store, what is held, and the links to tell of it."""

    def __init__(self, settings: HostSettings, store: Store) -> None:
        self._settings = settings
        self._store = store
        self._holdings = Holdings(settings.division)
        self._links: dict[int, ReaderLink] = {}
        self._listener = LogListener()
        self.broker = str(self._bus())

    def serving(self, number: int) -> Callable[[], Awaitable[None]]:
        """Return what serves the reader of this number, with a link of its own each time it is called."""

        async def serve() -> None:
            settings = self._settings
            link = ReaderLink(
                settings.readers[number], settings.serial_backend, self._store, self._listener, self._holdings
            )
            self._links[number] = link
            await link.run()

        return serve

    async def follow(self) -> None:
        """Follow the division's list, from what the store holds on."""
        settings = self._settings
        follower = ListFollower(settings.division, settings.roots, NativeVerifier(), settings.list_poll_s)
        sync = ListSync(follower, self._store, self._changed)
        await sync.load()
        await stay_connected(self._bus, sync.session)

    def _bus(self) -> MqttBus:
        return MqttBus(self._settings.broker, self._settings.client_id)

    def _changed(self, holdings: Holdings) -> None:
        self._holdings = holdings
        if holdings.manifest:
            age = int(time.time() + self._settings.clock_offset_s) - holdings.time
            log.info("list sequence %d, signed %s", holdings.sequence, age_text(age))
        for link in self._links.values():
            link.offer(holdings)


def age_text(seconds: int) -> str:
    """Return an age in the largest unit that fits, as people say it."""
    if seconds < 0:
        return f"{-seconds} s in the future by this machine's clock"
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit} ago"
    return f"{seconds} s ago"


class LogListener:
    """Writes what readers say to the log: answer, reason and list age, no card."""

    def __init__(self) -> None:
        self._present: dict[str, bytes] = {}

    def displayed(self, name: str, display: Display) -> None:
        """See ReaderListener.displayed."""
        reason = REASONS.get(display.reason)
        listed = "no list age" if display.list_age == NO_AGE else f"signed {age_text(display.list_age)}"
        log.info(
            "%s: %s%s; list sequence %d, %s",
            name,
            ANSWER_NAMES[display.answer],
            f", {reason[1]}" if reason else "",
            display.list_sequence,
            listed,
        )

    def status(self, name: str, status: Status | None) -> None:
        """See ReaderListener.status."""
        if status is None:
            self._present.pop(name, None)
            return
        if self._present.get(name) == status.reader_id:
            return
        self._present[name] = status.reader_id
        log.info(
            "%s: reader %s, bundle version %d, profile version %d, list epoch %d sequence %d, %d taps waiting",
            name,
            clean(status.reader_id),
            status.bundle_version,
            status.profile_version,
            status.key_epoch,
            status.list_sequence,
            status.taps_waiting,
        )

"""`juzhu publish`: the registry's list and the division's profile, signed, journaled and kept on the broker.

Nothing goes out that is not journaled, and the manifest goes out last. A broker may have lost what it
retained: everything current goes out again on every connection and every so often.
"""

import argparse
import asyncio
import logging
import signal
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from juzhu_protocol.authority.errors import (
    DatabaseBusyError,
    DatabaseFullError,
    JournalBehindError,
)
from juzhu_protocol.authority.journal import Journal, Publication
from juzhu_protocol.authority.keys import KeyRing
from juzhu_protocol.authority.registry import Registry
from juzhu_protocol.errors import TrustError
from juzhu_protocol.hostside.native import NativeVerifier
from juzhu_protocol.lists.topics import chunk, manifest_topic, profile_topic, trust_topic
from juzhu_protocol.trust.contexts import signed_part
from juzhu_protocol.trust.manifest import open_manifest, order

from .bus import BrokerAddress, Bus, Message, MqttBus, stay_connected
from .clock_option import add_clock_offset, shown_time
from .errors import BusError
from .list_source import ListSource
from .notes import Throttle, clean
from .passphrase import add_passphrase
from .publish_profile import signed_profile
from .tasks import end, together

log = logging.getLogger(__name__)

POLL_S = 0.1
HELD_UP_S = 1.0
"""Between two tries while the database cannot be used."""
ECHO_TIMEOUT_S = 5.0
LOOK_S = 1.0
"""How long a broker may take to show what it retains; most do so within one round trip."""


class Publisher:
    """Brings a division's publications to a broker, and keeps them there."""

    def __init__(
        self,
        source: ListSource,
        journal: Journal,
        keys: KeyRing,
        division: int,
        republish_s: float,
        monotonic: Callable[[], float] = time.monotonic,
        *,
        profile: bytes | None = None,
        look_s: float = LOOK_S,
    ) -> None:
        self._source = source
        self._journal = journal
        self._keys = keys
        self._division = division
        self._republish_s = republish_s
        self._monotonic = monotonic
        self._profile = profile
        self._look_s = look_s
        self._throttle = Throttle()

    async def publish_all(self, bus: Bus) -> Publication:
        """Publish everything current: bundle, profile, chunks, manifest; then clear what nobody names."""
        began = self._monotonic()
        publication = self._source.newest()
        await bus.publish(trust_topic(), self._keys.bundle)
        if self._profile is not None:
            await bus.publish(profile_topic(self._division), self._profile)
        await self._publish_list(bus, publication, began, "everything")
        return publication

    async def publish_once(self, bus: Bus) -> None:
        """Publish everything, and return when the broker has shown us our own manifest."""
        await self._look(bus)
        await self.publish_all(bus)
        try:
            async with asyncio.timeout(ECHO_TIMEOUT_S):
                async for message in bus.messages():
                    if self._check_manifest(message):
                        return
        except TimeoutError:
            log.warning(
                "the broker acknowledged the manifest and does not give it out: check its access rules"
            )

    async def watch(self, bus: Bus) -> None:
        """Publish everything, then each change as it comes; ends only by an exception."""
        await self._look(bus)
        await together(self._watch_manifests(bus), self._follow_registry(bus))

    async def _look(self, bus: Bus) -> None:
        """See what the broker retains before anything goes out: JournalBehindError if we fell behind it."""
        await bus.subscribe([manifest_topic(self._division)])
        try:
            async with asyncio.timeout(self._look_s):
                async for message in bus.messages():
                    self._check_manifest(message)
                    if message.topic == manifest_topic(self._division):
                        return
        except TimeoutError:
            log.debug("the broker retains no manifest of %d", self._division)

    async def _follow_registry(self, bus: Bus) -> None:
        published: Publication | None = None
        last_all = 0.0
        held_up = False
        while True:
            try:
                if published is None or self._monotonic() - last_all >= self._republish_s:
                    published = await self.publish_all(bus)
                    last_all = self._monotonic()
                elif self._source.is_due():
                    began = self._monotonic()
                    newest = self._source.newest()
                    if newest.sequence != published.sequence:
                        what = "refreshed" if newest.content == published.content else "changed"
                        published = newest
                        await self._publish_list(bus, newest, began, what)
                if held_up:
                    log.info("the database can be used again")
                held_up = False
            except (DatabaseBusyError, DatabaseFullError) as error:
                if not held_up:
                    log.warning("%s; tried again until it goes", error)
                held_up = True
            await asyncio.sleep(HELD_UP_S if held_up else POLL_S)

    async def _publish_list(self, bus: Bus, publication: Publication, began: float, what: str) -> None:
        for number, topic in enumerate(publication.topics):
            await bus.publish(topic, chunk(publication.content, number))
        await bus.publish(manifest_topic(self._division), publication.manifest)
        took = (self._monotonic() - began) * 1000
        log.info(
            "published list %d sequence %d (%s, %d bytes) in %.1f ms",
            self._division,
            publication.sequence,
            what,
            len(publication.content),
            took,
        )
        stale = self._journal.stale_topics()
        for topic in stale:
            await bus.publish(topic, b"")
        if stale:
            self._journal.forget_topics(stale)

    async def _watch_manifests(self, bus: Bus) -> None:
        async for message in bus.messages():
            self._check_manifest(message)

    def _warn(self, subject: str, text: str) -> None:
        line = self._throttle.line(subject, text, self._monotonic())
        if line:
            log.warning("%s", line)

    def _check_manifest(self, message: Message) -> bool:
        """Whether a manifest on the broker is our current one; JournalBehindError for one we never made.

        Readers that took such a one would refuse everything that we publish below it.
        """
        if message.topic != manifest_topic(self._division):
            text = f"ignored what came on {clean(message.topic, 120)}, which was not asked for"
            self._warn("topics not asked for", text)
            return False
        try:
            found = open_manifest(message.payload, self._division, self._keys.trusted, NativeVerifier())
        except TrustError as error:
            text = f"{message.topic} carries a manifest that is not ours: {error}"
            self._warn(message.topic, text)
            return False
        current = self._journal.current()
        ours = (current.key_epoch, current.sequence) if current else (0, 0)
        # Anybody can make a second signature of a first one, so what was signed is compared.
        same = current is not None and signed_part(message.payload) == signed_part(current.manifest)
        if order(found) > ours or (order(found) == ours and not same):
            raise JournalBehindError(
                f"the broker holds sequence {found.sequence} of key epoch {found.key_epoch}, and this "
                f"journal is at {ours[1]} of {ours[0]}: another publisher is at work, "
                "or the journal was lost. Stop the other, or restore the journal; failing both, raise the "
                "list key's epoch with juzhu keys epoch --list NAME, and have the root sign"
            )
        return same


def register(subparsers: Any) -> None:
    """Add the command `publish`."""
    from .permit import whole_division

    parser = subparsers.add_parser(
        "publish",
        help="publish a division's list over MQTT",
        description="Signs the list of a registry and keeps it on a broker. Without --watch: once.",
    )
    parser.add_argument("--registry", type=Path, required=True, metavar="FILE")
    parser.add_argument(
        "--division", type=whole_division, required=True, help="the list division, prefecture"
    )
    parser.add_argument("--keys", type=Path, metavar="DIR", help="the folder of the authority's keys")
    add_passphrase(parser)
    parser.add_argument("--broker", required=True, metavar="URL", help="mqtt://[user:password@]host[:port]")
    parser.add_argument("--journal", type=Path, metavar="FILE", help="default: <registry>.journal")
    parser.add_argument(
        "--profile",
        metavar="NAME|FILE",
        help="the division's rules, by name or as a TOML file; default: the one that comes with the software",
    )
    parser.add_argument("--watch", action="store_true", help="stay, and publish each change at once")
    add_clock_offset(parser)
    parser.add_argument(
        "--refresh-hours", type=_positive, default=6.0, metavar="H", help="sign anew after this"
    )
    parser.add_argument(
        "--republish-seconds", type=_positive, default=60.0, metavar="S", help="send anew after this"
    )
    parser.add_argument(
        "--accept-clock-jump",
        action="store_true",
        help="the clock is right though it is over 30 days past the last manifest",
    )
    parser.set_defaults(run=_run)


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1e9:
        raise argparse.ArgumentTypeError("wants a number above 0")
    return value


def _run(args: argparse.Namespace) -> int:
    from .permit import load_keys

    def open_bus() -> MqttBus:
        return MqttBus(args.broker, f"juzhu-publish-{args.division}")

    def now() -> int:
        return shown_time(args.clock_offset)

    keys = load_keys(args.keys, args.passphrase_file)
    BrokerAddress.parse(args.broker)
    # Said before anything is made: a journal beside a registry that is not there helps nobody.
    Registry(args.registry).close()
    journal_path = args.journal or args.registry.with_name(args.registry.name + ".journal")
    with Journal(journal_path, args.division) as journal:
        source = ListSource(
            args.registry,
            journal,
            keys,
            args.division,
            args.refresh_hours * 3600,
            now,
            accept_clock_jump=args.accept_clock_jump,
        )
        try:
            # A missing list key or an unsound registry shows here, not after the broker was found.
            source.newest()
            profile = signed_profile(args.profile, journal, keys, args.division, now())
            publisher = Publisher(
                source, journal, keys, args.division, args.republish_seconds, profile=profile
            )
            return asyncio.run(_main(publisher, open_bus, watch=args.watch))
        finally:
            source.close()


async def _main(publisher: Publisher, open_bus: Callable[[], MqttBus], *, watch: bool) -> int:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    run = stay_connected(open_bus, publisher.watch) if watch else _once(publisher, open_bus)
    return await until_stopped(run, stopped)


async def until_stopped(run: Coroutine[Any, Any, None], stopped: asyncio.Event) -> int:
    """Run until it returns or `stopped` is set, and return the exit code; what it raises comes out."""
    work = asyncio.create_task(run)
    waiting = asyncio.create_task(stopped.wait())
    try:
        await asyncio.wait((work, waiting), return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
        # One cancel may be lost to an error that comes in the same moment; end() asks again.
        await end([work])
    if stopped.is_set():
        log.info("stopped")
        if work.cancelled() or isinstance(work.exception(), BusError):
            return 0
    work.result()
    return 0


async def _once(publisher: Publisher, open_bus: Callable[[], MqttBus]) -> None:
    async with open_bus() as bus:
        await publisher.publish_once(bus)

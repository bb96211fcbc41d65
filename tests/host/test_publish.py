"""The publisher: what a broker retains is whole at every moment, and no number is lost or used twice."""

import asyncio
import random
import signal
import subprocess
import sys
import time
from hashlib import sha256

import pytest

from juzhu_host.bus import Message, MqttBus, stay_connected
from juzhu_host.errors import BusError, ConfigError
from juzhu_host.list_source import ListSource
from juzhu_host.publish import Publisher, until_stopped
from juzhu_host.publish_profile import signed_profile
from juzhu_protocol.authority.database import writing
from juzhu_protocol.authority.errors import (
    ClockError,
    DatabaseFileError,
    JournalBehindError,
    NoKeyError,
    ProfileVersionError,
    RegistryBehindError,
)
from juzhu_protocol.authority.journal import Journal
from juzhu_protocol.authority.keys import DEVELOPMENT_KEYS, KeyRing
from juzhu_protocol.authority.registry import Registry
from juzhu_protocol.crypto.curve import P256
from juzhu_protocol.hostside.exit_codes import EXIT_CONFIG
from juzhu_protocol.hostside.native import NativeVerifier
from juzhu_protocol.lists.plain import StatusList, build_list
from juzhu_protocol.lists.topics import CHUNK_SIZE, chunk_topics, manifest_topic, profile_topic, trust_topic
from juzhu_protocol.profiles.source import FOLDER, find_profile
from juzhu_protocol.records.trust import Manifest
from juzhu_protocol.rules.decide import STATUS_SUSPENDED, STATUS_VALID
from juzhu_protocol.trust.bundle import open_bundle
from juzhu_protocol.trust.manifest import open_manifest
from juzhu_protocol.trust.profile import open_profile
from mosquitto import Mosquitto
from parts import needs, nightly
from permit_tools import CITY, KEYS, at, issue

NOW = at("2026-03-10")
MANIFEST = manifest_topic(CITY)
TRUST_TOPIC = trust_topic()


async def until(done):
    """Wait until `done()`; what it looks at belongs to code that offers no event for it."""
    async with asyncio.timeout(40):
        while not done():  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.005)


def start(*words):
    return subprocess.Popen(words, stderr=subprocess.PIPE, text=True)


def resolve(retained):
    """The list that a reader would believe from these retained messages; fails when it would not."""
    keys = open_bundle(retained[TRUST_TOPIC], KEYS.roots, NativeVerifier(), 1)
    manifest = open_manifest(retained[MANIFEST], CITY, keys, NativeVerifier())
    topics = chunk_topics(CITY, manifest.content_hash, manifest.content_length)
    content = b"".join(retained[topic] for topic in topics)
    assert (len(content), sha256(content).digest()) == (manifest.content_length, manifest.content_hash)
    assert max(len(retained[topic]) for topic in topics) <= CHUNK_SIZE
    return manifest, StatusList(lambda at_, size: content[at_ : at_ + size], len(content))


class FakeBroker:
    """A Bus that retains; it loses the connection at the chosen publish, before or after doing it.

    Subscribers are told of messages at once; it does not imitate refusals, queues or slowness.
    """

    def __init__(self):
        self.retained = {}
        self.published = []
        self.fail_at = None
        self.after = False
        self.inbox = asyncio.Queue()

    async def publish(self, topic, payload, retain=True):
        assert retain
        failing = self.fail_at is not None and len(self.published) == self.fail_at
        if failing and not self.after:
            raise BusError("lost before")
        self.published.append((topic, payload))
        if payload:
            self.retained[topic] = payload
        else:
            self.retained.pop(topic, None)
        if MANIFEST in self.retained:
            resolve(self.retained)
        if failing:
            raise BusError("lost after")

    async def subscribe(self, topics):
        assert topics == [MANIFEST]

    async def messages(self):
        while True:
            yield await self.inbox.get()


class Office:
    """A registry, its journal and its publisher, with a clock the test sets."""

    def __init__(self, folder, **given):
        self.path = folder / "permits.db"
        self.registry = Registry(self.path, create=True)
        self.now = NOW
        self.seconds = 0.0
        self.settings = {"refresh_s": 6 * 3600, "republish_s": 60.0} | given
        self.folder = folder
        self.open()

    def open(self):
        self.journal = Journal(self.folder / "journal", CITY)
        self.source = ListSource(
            self.path,
            self.journal,
            KEYS,
            CITY,
            self.settings["refresh_s"],
            lambda: self.now,
            accept_clock_jump=self.settings.get("accept_clock_jump", False),
        )
        self.polls = 0
        is_due = self.source.is_due

        def counted():
            self.polls += 1
            return is_due()

        self.source.is_due = counted
        self.publisher = Publisher(
            self.source,
            self.journal,
            KEYS,
            CITY,
            self.settings["republish_s"],
            lambda: self.seconds,
            profile=self.settings.get("profile"),
            look_s=0.01,
        )

    def reopen(self):
        self.source.close()
        self.journal.close()
        self.open()

    def close(self):
        self.source.close()
        self.journal.close()
        self.registry.close()

    async def watch_until(self, broker, done):
        watching = asyncio.ensure_future(self.publisher.watch(broker))
        await until(lambda: done() or watching.done())
        if watching.done():
            await watching
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


@pytest.fixture
def office(tmp_path):
    opened = Office(tmp_path)
    yield opened
    opened.close()


# -- What goes out, in which order -----------------------------------------------------------------


async def test_bundle_then_chunks_then_manifest_last(office):
    broker = FakeBroker()
    issue(office.registry, "2026-01-05")
    publication = await office.publisher.publish_all(broker)
    assert [topic for topic, _ in broker.published] == [TRUST_TOPIC, *publication.topics, MANIFEST]
    manifest, listed = resolve(broker.retained)
    assert (manifest.sequence, manifest.time, manifest.key_epoch) == (1, NOW, 1)
    assert (listed.highest_serial, listed.entries) == (1, 0)


async def test_unchanged_list_keeps_its_number_until_it_is_to_be_refreshed(office):
    broker = FakeBroker()
    first = await office.publisher.publish_all(broker)
    office.now = NOW + 6 * 3600 - 1
    assert (await office.publisher.publish_all(broker)).manifest == first.manifest
    office.now = NOW + 6 * 3600
    second = await office.publisher.publish_all(broker)
    assert (second.sequence, second.time, second.topics) == (2, NOW + 6 * 3600, first.topics)


async def test_change_is_published_and_the_old_chunk_is_cleared_after_the_new_manifest(office):
    broker = FakeBroker()
    issue(office.registry, "2026-01-05")
    first = await office.publisher.publish_all(broker)
    office.registry.suspend(CITY, 1, 2, now=NOW)
    del broker.published[:]
    second = await office.publisher.publish_all(broker)
    assert [topic for topic, _ in broker.published] == [
        TRUST_TOPIC,
        *second.topics,
        MANIFEST,
        *first.topics,
    ]
    assert broker.published[-1][1] == b""
    assert set(broker.retained) == {TRUST_TOPIC, *second.topics, MANIFEST}
    assert resolve(broker.retained)[1].status(1) == STATUS_SUSPENDED
    assert office.journal.stale_topics() == []


async def test_content_that_comes_back_is_not_cleared(office):
    broker = FakeBroker()
    issue(office.registry, "2026-01-05")
    await office.publisher.publish_all(broker)
    office.registry.suspend(CITY, 1, 2, now=NOW)
    await office.publisher.publish_all(broker)
    office.registry.restore(CITY, 1, now=NOW)
    assert (await office.publisher.publish_all(broker)).sequence == 3
    assert resolve(broker.retained)[1].status(1) == STATUS_VALID


async def test_nothing_goes_out_that_is_not_journaled(office):
    class Checking(FakeBroker):
        async def publish(self, topic, payload, retain=True):
            if topic == MANIFEST:
                assert office.journal.current().manifest == payload
            await super().publish(topic, payload, retain)

    broker = Checking()
    for serial in range(1, 4):
        issue(office.registry, "2026-01-05")
        assert (await office.publisher.publish_all(broker)).sequence == serial


async def test_clock_set_back_leaves_the_manifests_time_where_it_was(office, caplog):
    broker = FakeBroker()
    await office.publisher.publish_all(broker)
    office.now = NOW - 86400
    issue(office.registry, "2026-01-05")
    assert (await office.publisher.publish_all(broker)).time == NOW
    assert "86400 s before the last manifest" in caplog.text


@pytest.mark.parametrize("after", [False, True])
async def test_connection_lost_at_every_publish_leaves_a_whole_list_and_is_made_good(tmp_path, after):
    """Invariant: whatever the broker retains with a manifest resolves to exactly that manifest's list."""
    office = Office(tmp_path)
    broker = FakeBroker()
    broker.after = after
    for _ in range(2):
        issue(office.registry, "2026-01-05")
    await office.publisher.publish_all(broker)
    suspended, steps = False, 0
    for step in range(40):
        if suspended:
            office.registry.restore(CITY, 1, now=NOW)
        else:
            office.registry.suspend(CITY, 1, 2, now=NOW)
        suspended = not suspended
        broker.fail_at = len(broker.published) + step % 7
        sequence = office.journal.current().sequence
        try:
            await office.publisher.publish_all(broker)
        except BusError:
            steps += 1
            broker.fail_at = None
            # As after a SIGKILL: a new process on the same files.
            office.reopen()
            await office.publisher.publish_all(broker)
        broker.fail_at = None
        manifest, listed = resolve(broker.retained)
        assert manifest.sequence == sequence + 1
        assert listed.status(1) == (STATUS_SUSPENDED if suspended else STATUS_VALID)
        assert office.journal.stale_topics() == []
        assert len(broker.retained) == 3
    assert steps >= 20
    office.close()


# -- Watching --------------------------------------------------------------------------------------


async def test_watch_publishes_each_change(office):
    broker = FakeBroker()
    issue(office.registry, "2026-01-05")
    await office.watch_until(broker, lambda: MANIFEST in broker.retained)
    del broker.published[:]

    async def change():
        await asyncio.sleep(0)
        office.registry.suspend(CITY, 1, 2, now=NOW)

    changing = asyncio.ensure_future(change())
    await office.watch_until(
        broker, lambda: resolve(broker.retained)[1].status(1) == STATUS_SUSPENDED and changing.done()
    )


async def test_watch_sends_everything_again_for_a_broker_that_forgot(office):
    broker = FakeBroker()
    await office.watch_until(broker, lambda: MANIFEST in broker.retained)
    published = dict(broker.retained)
    watching = asyncio.ensure_future(office.publisher.watch(broker))
    await until(lambda: len(broker.published) == 6)
    broker.retained.clear()
    office.seconds = 59.9
    polls = office.polls
    await until(lambda: office.polls >= polls + 2)
    assert broker.retained == {}
    office.seconds = 60
    await until(lambda: MANIFEST in broker.retained)
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    assert broker.retained == published


async def test_registry_restored_from_a_backup_is_followed(office, tmp_path):
    broker = FakeBroker()
    issue(office.registry, "2026-01-05")
    await office.publisher.publish_all(broker)
    with Registry(tmp_path / "backup.db", create=True) as backup:
        for _ in range(2):
            issue(backup, "2026-01-05")
        backup.suspend(CITY, 2, 1, now=NOW)
    (tmp_path / "backup.db").rename(office.path)
    await office.watch_until(broker, lambda: resolve(broker.retained)[1].highest_serial == 2)
    assert resolve(broker.retained)[1].status(2) == STATUS_SUSPENDED


async def test_registry_that_vanished_ends_the_publisher_with_its_name(office):
    await office.publisher.publish_all(FakeBroker())
    office.path.unlink()
    with pytest.raises(DatabaseFileError, match=r"permits\.db"):
        office.source.newest()


@pytest.mark.parametrize("behind", [True, False])
async def test_manifest_of_our_key_that_we_never_made_is_an_alarm(tmp_path, behind):
    """A lost journal or a second publisher elsewhere: readers would refuse what we sign from then on."""
    (tmp_path / "other").mkdir()
    other, office = Office(tmp_path / "other"), Office(tmp_path)
    broker, elsewhere = FakeBroker(), FakeBroker()
    issue(other.registry, "2026-01-05")
    await other.publisher.publish_all(elsewhere)
    if behind:
        issue(other.registry, "2026-01-05")
        await other.publisher.publish_all(elsewhere)
    broker.inbox.put_nowait(Message(MANIFEST, elsewhere.retained[MANIFEST], True))
    for run in (office.publisher.publish_once, office.publisher.watch):
        with pytest.raises(JournalBehindError) as caught:
            async with asyncio.timeout(20):
                await run(broker)
        assert caught.value.exit_code == 78
        broker.inbox.put_nowait(Message(MANIFEST, elsewhere.retained[MANIFEST], True))
    # Nothing of ours went out below what the broker has.
    assert broker.published == []
    # One that comes while we are at work, and not at the start, is noticed as well.
    broker.inbox.get_nowait()
    watching = asyncio.ensure_future(office.publisher.watch(broker))
    await until(lambda: MANIFEST in broker.retained)
    broker.inbox.put_nowait(Message(MANIFEST, elsewhere.retained[MANIFEST], True))
    with pytest.raises(JournalBehindError):
        await watching
    office.close()
    other.close()


@pytest.mark.parametrize("run", ["publish_once", "watch"])
async def test_own_manifest_with_the_other_signature_does_not_kill_us(office, run):
    """(r, n - s) is a signature as good as (r, s): whoever may write the topic can make it."""
    broker = FakeBroker()
    raw = (await office.publisher.publish_all(broker)).manifest
    s = P256.n - int.from_bytes(raw[-32:], "big")
    twin = raw[:-32] + s.to_bytes(32, "big")
    assert open_manifest(twin, CITY, KEYS.trusted, NativeVerifier())
    for _ in range(2):
        broker.inbox.put_nowait(Message(MANIFEST, twin, True))
    del broker.published[:]
    running = asyncio.ensure_future(getattr(office.publisher, run)(broker))
    await until(lambda: (broker.inbox.empty() and len(broker.published) >= 3) or running.done())
    if run == "publish_once":
        await running
    else:
        await asyncio.sleep(0)
        assert not running.done()
        running.cancel()
    assert broker.retained[MANIFEST] == raw


async def test_forged_manifests_that_alternate_do_not_flood_the_log(office, caplog):
    broker = FakeBroker()
    for number in range(200):
        broker.inbox.put_nowait(Message(MANIFEST, b"noise %d" % number, False))
    await office.watch_until(broker, broker.inbox.empty)
    assert caplog.text.count("is not ours") == 1
    office.seconds = 60.0
    broker.inbox.put_nowait(Message(MANIFEST, b"noise", False))
    await office.watch_until(broker, broker.inbox.empty)
    assert "199 more before this one were not told" in caplog.text


# -- The profile -----------------------------------------------------------------------------------

PROFILE = profile_topic(CITY)
KAIFENG = find_profile("kaifeng").record


def judged(raw):
    return open_profile(raw, CITY, KEYS.trusted, NativeVerifier(), 0)


async def test_profile_goes_out_after_the_bundle_and_before_the_list(office):
    office.settings["profile"] = signed_profile(None, office.journal, KEYS, CITY, NOW)
    office.reopen()
    broker = FakeBroker()
    publication = await office.publisher.publish_all(broker)
    assert [topic for topic, _ in broker.published] == [TRUST_TOPIC, PROFILE, *publication.topics, MANIFEST]
    record = judged(broker.retained[PROFILE])
    assert (record.time, record.profile_version) == (NOW, KAIFENG.profile_version)
    record.time, record.key_id, record.signature = KAIFENG.time, KAIFENG.key_id, KAIFENG.signature
    assert record.to_bytes() == KAIFENG.to_bytes()


def test_unchanged_profile_keeps_its_signature_over_years(office):
    first = signed_profile("kaifeng", office.journal, KEYS, CITY, NOW)
    office.reopen()
    assert signed_profile("kaifeng", office.journal, KEYS, CITY, NOW + 900 * 86400) == first


def test_changed_profile_under_a_published_version_is_refused(office, tmp_path):
    signed_profile(None, office.journal, KEYS, CITY, NOW)
    text = (FOLDER / "kaifeng.toml").read_text(encoding="utf-8")
    changed = text.replace("restorable_months = 6", "restorable_months = 7")
    assert changed != text
    path = tmp_path / "ours.toml"
    path.write_text(changed, encoding="utf-8")
    with pytest.raises(ProfileVersionError, match="raise version") as caught:
        signed_profile(str(path), office.journal, KEYS, CITY, NOW)
    assert caught.value.exit_code == 78
    path.write_text(changed.replace("\nversion = 1\n", "\nversion = 2\n"), encoding="utf-8")
    record = judged(signed_profile(str(path), office.journal, KEYS, CITY, NOW + 60))
    assert (record.profile_version, record.restorable_months, record.time) == (2, 7, NOW + 60)


def test_profile_of_another_place_is_refused_for_this_division(office):
    with pytest.raises(ConfigError, match="of list division 110000, and 410200 is published"):
        signed_profile("beijing", office.journal, KEYS, CITY, NOW)


@pytest.mark.parametrize("wanted", ["atlantis", "/nowhere/ours.toml", "nowhere.toml"])
def test_profile_that_is_not_there_is_said_with_78(office, wanted):
    with pytest.raises(ConfigError) as caught:
        signed_profile(wanted, office.journal, KEYS, CITY, NOW)
    assert caught.value.exit_code == 78


def test_division_without_a_profile_or_a_policy_key_publishes_its_list_alone(office, caplog):
    assert signed_profile(None, office.journal, KEYS, 410100, NOW) is None
    keys = KeyRing([key for key in KEYS.keys if key.spec.purpose != "policy"], KEYS.roots, KEYS.bundle)
    assert signed_profile(None, office.journal, keys, CITY, NOW) is None
    assert "kaifeng is not published: no policy key" in caplog.text
    with pytest.raises(NoKeyError):
        signed_profile("kaifeng", office.journal, keys, CITY, NOW)


# -- Wrong clocks ----------------------------------------------------------------------------------


async def test_clock_far_ahead_is_refused_before_anything_is_signed(office):
    await office.publisher.publish_all(FakeBroker())
    office.now = NOW + 31 * 86400
    with pytest.raises(ClockError, match=r"31 days past .*--accept-clock-jump"):
        office.source.newest()
    assert office.journal.current().sequence == 1
    office.now = NOW + 30 * 86400
    assert office.source.newest().time == office.now


async def test_clock_that_is_said_to_be_right_is_believed_once(tmp_path):
    office = Office(tmp_path, accept_clock_jump=True)
    await office.publisher.publish_all(FakeBroker())
    office.reopen()
    office.now = NOW + 400 * 86400
    assert office.source.newest().time == office.now
    office.now += 400 * 86400
    with pytest.raises(ClockError):
        office.source.newest()
    office.close()


async def test_clock_far_behind_is_refused_and_not_ever_after_signed_with_an_old_time(office):
    """As after a signing with a clock years ahead: without the check, nothing is signed for years."""
    await office.publisher.publish_all(FakeBroker())
    office.now = NOW - 86401
    assert office.source.is_due()
    with pytest.raises(ClockError, match="raise the list key's epoch"):
        office.source.newest()


async def test_list_is_signed_anew_when_due_though_the_clock_is_behind_the_last_manifest(office):
    await office.publisher.publish_all(FakeBroker())
    office.now = NOW - 20 * 3600
    times = []
    for _ in range(40):
        if office.source.is_due():
            current = office.source.newest()
            times.append((office.now - NOW, current.time - NOW, current.sequence))
        office.now += 3600
    hours = [(now // 3600, time // 3600, sequence) for now, time, sequence in times]
    assert hours == [
        (-20, 0, 2),
        (-14, 0, 3),
        (-8, 0, 4),
        (-2, 0, 5),
        (4, 4, 6),
        (10, 10, 7),
        (16, 16, 8),
    ]
    # A second process reads from the journal when that was, and does not sign again.
    office.now = NOW + 16 * 3600 + 60
    office.reopen()
    assert office.source.newest().sequence == 8


async def test_forged_or_old_manifest_on_the_broker_does_not_stop_us(office):
    broker = FakeBroker()
    first = await office.publisher.publish_all(broker)
    issue(office.registry, "2026-01-05")
    await office.publisher.publish_all(broker)
    forged = Manifest.from_bytes(first.manifest)
    forged.sequence = 1000
    for payload in (first.manifest, forged.to_bytes(), b"noise", b""):
        broker.inbox.put_nowait(Message(MANIFEST, payload, True))
    count = len(broker.published)
    await office.watch_until(broker, lambda: broker.inbox.empty() and len(broker.published) > count + 2)


# -- Real processes and a real broker --------------------------------------------------------------


@pytest.fixture
def broker(tmp_path):
    with Mosquitto(tmp_path) as running:
        yield running


def command(folder, broker, *more):
    return [
        sys.executable,
        "-m",
        "juzhu_host.cli",
        "publish",
        "--registry",
        str(folder / "permits.db"),
        "--division",
        str(CITY),
        "--keys",
        str(DEVELOPMENT_KEYS),
        "--broker",
        broker.url,
        "--clock-offset",
        str(NOW - int(time.time())),
        *more,
    ]


class Reader:
    """Subscribes as a host does and keeps what is retained; each manifest is seen in order."""

    def __init__(self, broker):
        self.broker = broker
        self.manifests = {}

    async def wait(self, done):
        """The list, once `done(manifest, list)` holds; all on one connection after the other."""
        async with asyncio.timeout(40):
            while True:
                try:
                    async with MqttBus(self.broker.url, "test-reader") as bus:
                        return await self._follow(bus, done)
                except BusError:
                    await asyncio.sleep(0.05)

    async def _follow(self, bus, done):
        retained = {}
        await bus.subscribe([TRUST_TOPIC, MANIFEST])
        async for message in bus.messages():
            retained[message.topic] = message.payload
            if message.topic == MANIFEST:
                manifest = Manifest.from_bytes(message.payload)
                known = self.manifests.setdefault(manifest.sequence, message.payload)
                assert known == message.payload, "a number was used twice"
                await bus.subscribe(chunk_topics(CITY, manifest.content_hash, manifest.content_length))
            try:
                found = resolve(retained)
            except KeyError:
                continue
            if done(*found):
                return found
        raise AssertionError("messages end by an exception only")


@needs("mosquitto")
async def test_one_publication_without_watch_ends_with_zero(tmp_path, broker):
    with Registry(tmp_path / "permits.db", create=True) as registry:
        issue(registry, "2026-01-05")
        registry.suspend(CITY, 1, 2, now=NOW)
    for _ in range(2):
        done = await asyncio.to_thread(
            subprocess.run, command(tmp_path, broker), capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        assert "sequence 1 " in done.stderr
        assert "Traceback" not in done.stderr
    manifest, listed = await Reader(broker).wait(lambda manifest, listed: True)
    assert (manifest.sequence, listed.status(1)) == (1, STATUS_SUSPENDED)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda words: [*words, "--broker", "mqtt://127.0.0.1:1"], 69),
        (lambda words: [*words, "--broker", "http://127.0.0.1"], 78),
        (lambda words: [*words, "--registry", "/nowhere/permits.db"], 78),
        (lambda words: [*words, "--keys", "/nowhere"], 78),
        (lambda words: [*words, "--division", "410100"], 78),
        (lambda words: [*words, "--division", "x"], 64),
    ],
)
def test_what_stands_in_the_way_is_one_line_and_an_exit_code(tmp_path, change, code):
    Registry(tmp_path / "permits.db", create=True).close()

    class Nowhere:
        url = "mqtt://127.0.0.1:1"

    done = subprocess.run(
        change(command(tmp_path, Nowhere)), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith("juzhu")


@needs("mosquitto")
async def test_watching_publisher_survives_a_broker_that_restarts_and_ends_on_sigterm(tmp_path, broker):
    with Registry(tmp_path / "permits.db", create=True) as registry:
        issue(registry, "2026-01-05")
        publisher = start(*command(tmp_path, broker, "--watch"))
        try:
            reader = Reader(broker)
            await reader.wait(lambda manifest, listed: listed.highest_serial == 1)
            second = await asyncio.to_thread(
                subprocess.run, command(tmp_path, broker), capture_output=True, text=True, check=False
            )
            assert second.returncode == 75
            assert f"process {publisher.pid} publishes division {CITY} already" in second.stderr
            # The broker dies and forgets everything: it is all there again, under the same number.
            broker.stop(signal.SIGKILL)
            broker.start()
            manifest, _ = await reader.wait(lambda manifest, listed: True)
            assert manifest.sequence == 1
            broker.stop(signal.SIGKILL)
            registry.suspend(CITY, 1, 2, now=NOW)
            broker.start()
            await reader.wait(lambda manifest, listed: listed.status(1) == STATUS_SUSPENDED)
            registry.restore(CITY, 1, now=NOW)
            await reader.wait(lambda manifest, listed: listed.status(1) == STATUS_VALID)
        finally:
            publisher.send_signal(signal.SIGTERM)
            _, said = await asyncio.to_thread(publisher.communicate, timeout=30)
        assert publisher.returncode == 0, said
        assert said.count("; trying again") == 2
        assert said.count("again after") == 2
        assert "stopped" in said
        assert "Traceback" not in said


@needs("mosquitto")
@pytest.mark.parametrize("mode", [(), ("--watch",)])
async def test_lost_journal_is_noticed_and_said_in_one_line(tmp_path, broker, mode):
    def publish(*more):
        return asyncio.to_thread(
            subprocess.run, command(tmp_path, broker, *more), capture_output=True, text=True, check=False
        )

    with Registry(tmp_path / "permits.db", create=True) as registry:
        for _ in range(2):
            issue(registry, "2026-01-05")
            assert (await publish()).returncode == 0
    (tmp_path / "permits.db.journal").unlink()
    done = await publish(*mode)
    assert done.returncode == 78, done.stderr
    assert "Traceback" not in done.stderr
    assert "the journal was lost" in done.stderr.splitlines()[-1]


@needs("mosquitto")
async def test_clock_years_ahead_ends_it_with_what_to_say(tmp_path, broker):
    def publish(*more):
        return asyncio.to_thread(
            subprocess.run, command(tmp_path, broker, *more), capture_output=True, text=True, check=False
        )

    with Registry(tmp_path / "permits.db", create=True) as registry:
        issue(registry, "2026-01-05")
        assert (await publish()).returncode == 0
        ahead = str(NOW - int(time.time()) + 5 * 366 * 86400)
        done = await publish("--clock-offset", ahead)
        assert (done.returncode, "Traceback" in done.stderr) == (78, False)
        assert "--accept-clock-jump" in done.stderr.splitlines()[-1]
        assert (await publish("--clock-offset", ahead, "--accept-clock-jump")).returncode == 0
        behind = await publish()
        assert behind.returncode == 78
        assert "days before the last manifest" in behind.stderr.splitlines()[-1]


@needs("mosquitto")
async def test_sigkilled_publisher_neither_loses_nor_reuses_a_number(tmp_path, broker):
    draw = random.Random(7)
    rounds = 40 if nightly() else 4
    with Registry(tmp_path / "permits.db", create=True) as registry:
        issue(registry, "2026-01-05")
        reader = Reader(broker)
        following = asyncio.ensure_future(
            reader.wait(
                lambda manifest, listed: listed.highest_serial == 2 and listed.status(1) == STATUS_SUSPENDED
            )
        )
        for _ in range(rounds):
            publisher = start(*command(tmp_path, broker, "--watch"))
            await until(lambda: reader.manifests)
            for _ in range(draw.randrange(2, 6)):
                registry.suspend(CITY, 1, 2, now=NOW)
                await asyncio.sleep(draw.uniform(0, 0.3))
                registry.restore(CITY, 1, now=NOW)
                await asyncio.sleep(draw.uniform(0, 0.2))
            publisher.kill()
            await asyncio.to_thread(publisher.communicate)
        issue(registry, "2026-01-05")
        registry.suspend(CITY, 1, 2, now=NOW)
        done = await asyncio.to_thread(
            subprocess.run, command(tmp_path, broker), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        manifest, _ = await following
        highest, exceptions = registry.exceptions(CITY)
        assert manifest.content_hash == sha256(build_list(CITY, highest, exceptions)).digest()
    with Journal(tmp_path / "permits.db.journal", CITY) as journal:
        rows = {
            row["sequence"]: bytes(row["manifest"])
            for row in journal._database.query("SELECT sequence, manifest FROM publications")
        }
    assert sorted(rows) == list(range(1, manifest.sequence + 1))
    assert all(rows[sequence] == raw for sequence, raw in reader.manifests.items())
    assert len(reader.manifests) > rounds


def test_registry_with_fewer_permits_than_were_published_signs_nothing(office, tmp_path):
    for _ in range(3):
        issue(office.registry, "2026-01-05")
    office.source.newest()
    other = tmp_path / "old.db"
    with Registry(other, create=True) as old:
        issue(old, "2026-01-05")
    other.rename(office.path)
    with pytest.raises(RegistryBehindError, match="1 permits of 410200, and a list of 3") as caught:
        office.source.newest()
    assert caught.value.exit_code == EXIT_CONFIG
    current = office.journal.current()
    assert current is not None
    assert current.sequence == 1


def test_registry_is_looked_through_when_it_is_opened_and_when_it_is_replaced(office, tmp_path, monkeypatch):
    checked = []
    sound = Registry.check
    monkeypatch.setattr(Registry, "check", lambda registry: (checked.append(1), sound(registry)))
    office.reopen()
    office.source.newest()
    issue(office.registry, "2026-01-05")
    office.source.newest()
    assert len(checked) == 1
    other = tmp_path / "copy.db"
    with Registry(other, create=True) as copy:
        issue(copy, "2026-01-05")
    other.rename(office.path)
    office.source.newest()
    assert len(checked) == 2


async def test_stopped_in_the_moment_in_which_the_broker_goes_it_ends(office, broker):
    """The cancel that SIGTERM causes and the loss of the connection meet in every order."""
    draw = random.Random(20261123)
    for _ in range(100 if nightly() else 10):
        stopped = asyncio.Event()
        run = stay_connected(lambda: MqttBus(broker.url, "p"), office.publisher.watch)
        running = asyncio.ensure_future(until_stopped(run, stopped))
        async with MqttBus(broker.url, "watcher") as bus:
            await bus.subscribe([MANIFEST])
            async for _message in bus.messages():
                break
            await asyncio.sleep(0.02)
        broker.stop(signal.SIGKILL)
        for _turn in range(draw.randrange(12)):
            await asyncio.sleep(draw.choice([0, 0, 0.0005]))
        stopped.set()
        async with asyncio.timeout(20):
            assert await running == 0
        broker.start()


async def test_cancel_that_a_run_swallows_is_asked_for_again():
    async def stubborn():
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.Event().wait()

    stopped = asyncio.Event()
    running = asyncio.ensure_future(until_stopped(stubborn(), stopped))
    await asyncio.sleep(0)
    stopped.set()
    async with asyncio.timeout(20):
        assert await running == 0


async def test_error_of_the_operator_comes_out_though_it_is_being_stopped():
    stopped = asyncio.Event()
    stopped.set()

    async def behind():
        raise JournalBehindError("x")

    with pytest.raises(JournalBehindError):
        await until_stopped(behind(), stopped)


def test_topic_that_was_not_asked_for_is_ignored_and_cannot_forge_a_log_line(office, caplog):
    issue(office.registry, "2026-01-05")
    manifest = office.source.newest().manifest
    for number in range(50):
        forged = f"{MANIFEST}\n2026-11-23 12:00:00 INFO all is well {number}"
        assert not office.publisher._check_manifest(Message(forged, manifest, False))
    lines = [record.getMessage() for record in caplog.records if "not asked for" in record.getMessage()]
    assert len(lines) == 1
    assert "\n" not in lines[0]


async def test_full_disk_under_the_journal_is_waited_for_and_told_once(office, monkeypatch, caplog):
    monkeypatch.setattr("juzhu_host.publish.HELD_UP_S", 0.01)
    issue(office.registry, "2026-01-05")
    broker = FakeBroker()
    database = office.journal._database
    tries = []
    append = office.journal.append

    def append_on_a_full_disk(*given, **more):
        tries.append(1)
        if len(tries) < 5:
            with writing(database, office.folder / "journal"):
                database.execute("PRAGMA max_page_count = 1").fetchone()
                database.execute("CREATE TABLE large AS SELECT zeroblob(100000)")
        return append(*given, **more)

    def changed():
        if not tries and MANIFEST in broker.retained:
            monkeypatch.setattr(office.journal, "append", append_on_a_full_disk)
            if office.registry.permit(CITY, 1).status == "valid":
                office.registry.suspend(CITY, 1, 2, now=NOW)
        return len(tries) >= 5

    await office.watch_until(
        broker, lambda: changed() and resolve(broker.retained)[1].status(1) == STATUS_SUSPENDED
    )
    lines = [record.getMessage() for record in caplog.records if "no room is left" in record.getMessage()]
    assert len(lines) == 1

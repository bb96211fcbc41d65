"""The follower against whatever a broker may do; every refusal leaves one line and the state as it was."""

import logging
import random
from pathlib import Path

import pytest

from host.authority_kit import DIVISION, NOW, OTHER_DIVISION, Authority, content_of
from juzhu_host.holdings import Actions, Holdings, Store, StoreProfile, Subscribe, Unsubscribe
from juzhu_host.list_core import ListFollower
from juzhu_host.list_pull import FIRST_RETRY_S, LAST_RETRY_S, WINDOW
from juzhu_host.notes import LINE_EVERY_S, Note
from juzhu_protocol.hostside.native import NativeVerifier
from juzhu_protocol.lists.topics import (
    CHUNK_SIZE,
    chunk,
    chunk_topic,
    chunk_topics,
    manifest_topic,
    profile_topic,
    trust_topic,
)
from juzhu_protocol.records.trust import Manifest

TRUST, MANIFEST, PROFILE = trust_topic(), manifest_topic(DIVISION), profile_topic(DIVISION)
POLL_S = 30.0
BIG = 30_000
"""Entries of a list of three chunks."""


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("keys"))


class Broker:
    """Retains what is published and hands it to whoever subscribes; a test damages `retained` at will.

    Does what a runner would: performs the follower's actions one after another. It does not imitate QoS,
    live delivery to standing subscriptions, or a store that loses what it took.
    """

    def __init__(self, authority: Authority, poll_s: float = POLL_S) -> None:
        self.authority = authority
        self.follower = ListFollower(DIVISION, authority.roots, NativeVerifier(), poll_s)
        self.retained: dict[str, bytes] = {}
        self.subscribed: set[str] = set()
        self.asked: list[str] = []
        self.notes: list[Note] = []
        self.stored: list[Store] = []
        self._under_way: list[tuple[str, bytes]] = []
        self.store_error = ""
        self.now = 100.0

    @property
    def held(self) -> Holdings:
        return self.follower.holdings

    def publish(self, content: bytes, manifest: bytes) -> None:
        record = Manifest.from_bytes(manifest)
        topics = chunk_topics(DIVISION, record.content_hash, len(content))
        for number, topic in enumerate(topics):
            self.retained[topic] = chunk(content, number)
        self.retained[MANIFEST] = manifest

    def connect(self) -> None:
        self.perform(self.follower.connected(self.now))

    def deliver(self, topic: str, payload: bytes) -> None:
        self.perform(self.follower.message(topic, payload, self.now))

    def wait(self, seconds: float) -> None:
        end = self.now + seconds
        while (due := self.follower.next_tick()) is not None and due <= end:
            self.now = max(self.now, due)
            self.perform(self.follower.tick(self.now))
        self.now = end

    def perform(self, actions: Actions) -> None:
        self._do(actions)
        while self._under_way:
            topic, payload = self._under_way.pop(0)
            self._do(self.follower.message(topic, payload, self.now))

    def _do(self, actions: Actions) -> None:
        for action in actions:
            if isinstance(action, Note):
                self.notes.append(action)
            elif isinstance(action, Unsubscribe):
                self.subscribed.difference_update(action.topics)
            elif isinstance(action, Subscribe):
                self.subscribed.update(action.topics)
                for topic in action.topics:
                    self.asked.append(topic)
                    if topic in self.retained and topic in self.subscribed:
                        self._under_way.append((topic, self.retained[topic]))
            elif self.store_error:
                self._do(self.follower.store_failed(action, self.store_error, self.now))
            else:
                self.stored.append(action)
                self._do(self.follower.stored(action, self.now))

    def warnings(self) -> list[str]:
        return [note.text for note in self.notes if note.level >= logging.WARNING]

    def chunks_asked(self) -> list[str]:
        return [topic for topic in self.asked if topic not in (TRUST, MANIFEST, PROFILE)]


@pytest.fixture
def broker(authority: Authority) -> Broker:
    """A follower that holds bundle 1 and list 1.5, connected, nothing noted."""
    broker = Broker(authority)
    broker.retained[TRUST] = authority.bundle()
    content = content_of()
    broker.publish(content, authority.manifest(content, 5))
    broker.connect()
    assert (broker.held.bundle_version, broker.held.sequence, broker.held.content) == (1, 5, content)
    assert broker.warnings() == []
    broker.notes.clear()
    broker.asked.clear()
    broker.stored.clear()
    return broker


def assert_refused_once(broker: Broker, said: str, topic: str, payload: bytes) -> None:
    """The message changes nothing and leaves one line, however often it comes."""
    before = broker.held
    for _ in range(3):
        broker.deliver(topic, payload)
    assert broker.held == before
    assert broker.stored == []
    assert broker.chunks_asked() == []
    assert len(broker.warnings()) == 1
    line = broker.warnings()[0]
    assert said in line
    assert topic in line
    assert "list epoch 1 sequence 5 stay in force" in line


def assert_takes_the_next(broker: Broker) -> None:
    content = content_of(9)
    broker.publish(content, broker.authority.manifest(content, 1000))
    broker.wait(POLL_S)
    assert broker.held.content == content


def test_manifest_for_another_division_is_refused(broker: Broker) -> None:
    content = content_of(division=OTHER_DIVISION)
    manifest = broker.authority.manifest(content, 9, division=OTHER_DIVISION, key="other-list")
    assert_refused_once(broker, "a manifest of 410100, wanted 410200", MANIFEST, manifest)
    assert_takes_the_next(broker)


@pytest.mark.parametrize("kind", ["forged", "of an unknown key"])
def test_messages_that_alternate_do_not_flood_the_log(broker: Broker, kind: str) -> None:
    """A broker sends two different refused manifests in turn, a thousand times in two minutes."""
    contents = (content_of(8), content_of(9))
    if kind == "forged":
        manifests = [broker.authority.manifest(content, 6) for content in contents]
        pair = [manifest[:-1] + bytes([manifest[-1] ^ 1]) for manifest in manifests]
    else:
        pair = [broker.authority.manifest(content, 6, key="policy") for content in contents]
    for number in range(1000):
        broker.deliver(MANIFEST, pair[number % 2])
        broker.now += 0.12
    assert len(broker.warnings()) == 2
    assert "499 more before this one were not told" in broker.warnings()[1]
    # Peace again: what was kept back is told at the next look.
    broker.wait(2 * LINE_EVERY_S)
    assert broker.warnings()[2:] == [f"499 more lines about {MANIFEST} were not told"]
    assert_takes_the_next(broker)


def test_older_manifest_is_refused(broker: Broker) -> None:
    manifest = broker.authority.manifest(content_of(8), 4)
    assert_refused_once(broker, "(1, 4) is older than (1, 5)", MANIFEST, manifest)
    assert_takes_the_next(broker)


def test_manifest_of_an_older_key_epoch_is_refused(broker: Broker) -> None:
    content = content_of(7)
    broker.retained[TRUST] = broker.authority.bundle(2, epoch=2)
    broker.deliver(TRUST, broker.retained[TRUST])
    broker.publish(content, broker.authority.manifest(content, 1, epoch=2))
    broker.wait(POLL_S)
    assert broker.held.key_epoch == 2
    before = broker.held
    broker.deliver(MANIFEST, broker.authority.manifest(content_of(8), 999, epoch=1))
    assert broker.held == before
    assert "a manifest of key epoch 1, its key is at 2" in broker.warnings()[0]


def test_two_manifests_under_one_number_are_refused(broker: Broker) -> None:
    manifest = broker.authority.manifest(content_of(8), 5)
    assert_refused_once(broker, "two different manifests", MANIFEST, manifest)


def test_flipped_bit_anywhere_in_a_manifest_is_refused(broker: Broker) -> None:
    sound = broker.authority.manifest(content_of(8), 6)
    before = broker.held
    for at in range(len(sound)):
        flipped = bytearray(sound)
        flipped[at] ^= 1 << at % 8
        broker.deliver(MANIFEST, bytes(flipped))
        broker.now += LINE_EVERY_S
    assert broker.held == before
    assert broker.chunks_asked() == []
    assert broker.stored == []
    assert len(broker.warnings()) == len(sound)
    assert_takes_the_next(broker)


def test_truncated_and_overlong_manifests_are_refused(broker: Broker) -> None:
    sound = broker.authority.manifest(content_of(8), 6)
    before = broker.held
    for payload in (sound[:-1], sound[:10], sound + b"\0", bytes(1_000_000), b"\x1b[2J forged line\n"):
        broker.deliver(MANIFEST, payload)
        broker.now += LINE_EVERY_S
    assert broker.held == before
    assert len(broker.warnings()) == 5
    assert all(line.isprintable() for line in broker.warnings())


def test_manifest_signed_for_another_purpose_waits_and_changes_nothing(broker: Broker) -> None:
    manifest = broker.authority.manifest(content_of(8), 6, key="policy")
    assert_refused_once(broker, "may not sign this", MANIFEST, manifest)
    assert_takes_the_next(broker)


def test_empty_manifest_means_no_change(broker: Broker) -> None:
    before = broker.held
    for topic in (MANIFEST, TRUST, PROFILE):
        broker.deliver(topic, b"")
    assert broker.held == before
    assert broker.notes == []
    assert broker.stored == []


def test_manifest_signed_anew_over_the_same_content_pulls_no_chunk(broker: Broker) -> None:
    content = broker.held.content
    broker.retained[MANIFEST] = broker.authority.manifest(content, 6, time=NOW + 3600)
    broker.wait(POLL_S)
    assert (broker.held.sequence, broker.held.time, broker.held.content) == (6, NOW + 3600, content)
    assert broker.chunks_asked() == []


def test_same_manifest_again_is_not_even_judged(broker: Broker) -> None:
    for _ in range(5):
        broker.wait(POLL_S)
    assert broker.asked == [TRUST, MANIFEST, PROFILE] * 5
    assert broker.notes == []
    assert broker.stored == []


def test_content_of_many_chunks_is_pulled_a_window_at_a_time(broker: Broker) -> None:
    content = content_of(140_000)
    broker.publish(content, broker.authority.manifest(content, 6))
    most = 0
    perform = broker._do

    def watched(actions: Actions) -> None:
        nonlocal most
        perform(actions)
        most = max(most, len(broker.subscribed - {TRUST, MANIFEST, PROFILE}))

    broker._do = watched  # type: ignore[method-assign]
    broker.wait(POLL_S)
    assert broker.held.content == content
    assert 1 < most <= WINDOW
    assert broker.subscribed == {TRUST, MANIFEST, PROFILE}
    assert len(broker.chunks_asked()) == len(set(broker.chunks_asked())) == 11


def test_truncated_chunk_is_refused_and_asked_for_again(broker: Broker) -> None:
    content = content_of(BIG)
    manifest = broker.authority.manifest(content, 6)
    broker.publish(content, manifest)
    topic = chunk_topic(DIVISION, Manifest.from_bytes(manifest).content_hash, 1)
    whole, broker.retained[topic] = broker.retained[topic], broker.retained[topic][:-1]
    broker.wait(POLL_S)
    assert broker.held.sequence == 5
    refusals = [line for line in broker.warnings() if topic in line]
    assert len(refusals) == 1
    assert f"{CHUNK_SIZE - 1} bytes, it has {CHUNK_SIZE}" in refusals[0]
    broker.retained[topic] = whole
    broker.wait(LAST_RETRY_S)
    assert broker.held.content == content


def test_chunk_longer_than_the_manifest_says_is_refused(broker: Broker) -> None:
    content = content_of(BIG)
    manifest = broker.authority.manifest(content, 6)
    broker.publish(content, manifest)
    last = chunk_topic(DIVISION, Manifest.from_bytes(manifest).content_hash, 2)
    broker.retained[last] += bytes(5_000_000)
    broker.wait(POLL_S)
    assert broker.held.sequence == 5
    assert any(last in line for line in broker.warnings())


def test_flipped_bit_in_a_chunk_is_refused_by_the_hash_of_the_whole(broker: Broker) -> None:
    content = content_of(BIG)
    manifest = broker.authority.manifest(content, 6)
    broker.publish(content, manifest)
    topic = chunk_topic(DIVISION, Manifest.from_bytes(manifest).content_hash, 1)
    sound = broker.retained[topic]
    broker.retained[topic] = sound[:77] + bytes([sound[77] ^ 1]) + sound[78:]
    broker.wait(10 * POLL_S)
    assert broker.held.sequence == 5
    assert broker.stored == []
    assert len(broker.warnings()) == 1
    assert "the content's hash is not the one that was signed" in broker.warnings()[0]
    # Three chunks a try, the waits doubling: a spoilt content must not become a flood.
    assert len(broker.chunks_asked()) < 3 * 12
    broker.retained[topic] = sound
    broker.wait(LAST_RETRY_S)
    assert broker.held.content == content


def test_missing_chunk_is_told_once_and_asked_for_until_it_comes(broker: Broker) -> None:
    content = content_of(BIG)
    manifest = broker.authority.manifest(content, 6)
    broker.publish(content, manifest)
    topic = chunk_topic(DIVISION, Manifest.from_bytes(manifest).content_hash, 1)
    missing = broker.retained.pop(topic)
    broker.wait(10 * POLL_S)
    assert broker.held.sequence == 5
    assert len(broker.warnings()) == 1
    assert "chunks are missing (1 of 3)" in broker.warnings()[0]
    assert 3 < broker.asked.count(topic) < 12
    broker.retained[topic] = missing
    broker.wait(LAST_RETRY_S)
    assert broker.held.content == content
    assert broker.subscribed == {TRUST, MANIFEST, PROFILE}


def test_content_that_is_no_list_is_refused_though_signed(broker: Broker) -> None:
    for sequence, content in ((6, b"no list at all"), (7, content_of(division=OTHER_DIVISION))):
        broker.notes.clear()
        broker.publish(content, broker.authority.manifest(content, sequence))
        broker.wait(3 * POLL_S)
        assert broker.held.sequence == 5
        assert broker.stored == []
        assert len(broker.warnings()) == 1
        assert "refused the content of a manifest" in broker.warnings()[0]
    assert_takes_the_next(broker)


def test_newer_manifest_ends_the_pull_of_an_older_one(broker: Broker) -> None:
    older, newer = content_of(BIG), content_of(BIG + 1)
    broker.deliver(MANIFEST, broker.authority.manifest(older, 6))
    asked = set(broker.chunks_asked())
    assert len(asked) == 3
    broker.publish(newer, broker.authority.manifest(newer, 7))
    broker.wait(POLL_S)
    assert broker.held.content == newer
    assert broker.subscribed == {TRUST, MANIFEST, PROFILE}


def test_replayed_older_manifest_does_not_end_a_pull(broker: Broker) -> None:
    content = content_of(BIG)
    broker.deliver(MANIFEST, broker.authority.manifest(content, 7))
    broker.deliver(MANIFEST, broker.authority.manifest(content_of(8), 6))
    broker.publish(content, broker.authority.manifest(content, 7))
    broker.wait(POLL_S)
    assert broker.held.sequence == 7


def test_content_signed_anew_while_it_is_pulled_keeps_its_chunks(broker: Broker) -> None:
    content = content_of(BIG)
    manifest = broker.authority.manifest(content, 6)
    broker.publish(content, manifest)
    missing = broker.retained.pop(chunk_topic(DIVISION, Manifest.from_bytes(manifest).content_hash, 2))
    broker.wait(POLL_S)
    before = len(set(broker.chunks_asked()))
    broker.deliver(MANIFEST, broker.authority.manifest(content, 7))
    broker.retained[chunk_topic(DIVISION, Manifest.from_bytes(manifest).content_hash, 2)] = missing
    broker.wait(LAST_RETRY_S)
    assert (broker.held.sequence, broker.held.content) == (7, content)
    assert len(set(broker.chunks_asked())) == before == 3


def test_manifest_before_its_bundle_is_judged_again_when_the_bundle_comes(authority: Authority) -> None:
    broker = Broker(authority)
    content = content_of()
    broker.publish(content, authority.manifest(content, 5))
    broker.connect()
    assert broker.held == Holdings(DIVISION)
    assert len(broker.warnings()) == 1
    assert "no trust bundle is held yet" in broker.warnings()[0]
    broker.deliver(TRUST, authority.bundle())
    assert (broker.held.bundle_version, broker.held.content) == (1, content)


def test_bundle_that_too_few_roots_signed_is_refused(broker: Broker, tmp_path: Path) -> None:
    stranger = Authority(tmp_path / "stranger")
    assert_refused_once(broker, "0 root keys signed", TRUST, stranger.bundle(2))


def test_older_bundle_is_refused(broker: Broker) -> None:
    broker.deliver(TRUST, broker.authority.bundle(3))
    assert broker.held.bundle_version == 3
    broker.stored.clear()
    assert_refused_once(broker, "version 2 is below 3", TRUST, broker.authority.bundle(2))


def test_two_bundles_of_one_version_are_refused_but_other_signers_of_the_same_are_not(broker: Broker) -> None:
    broker.deliver(TRUST, broker.authority.bundle(1, signers=["root-2", "root-3"]))
    assert broker.notes == []
    assert_refused_once(broker, "two different bundles", TRUST, broker.authority.bundle(1, time=NOW + 1))


def test_flipped_bit_in_a_bundle_is_refused(broker: Broker) -> None:
    sound = broker.authority.bundle(2)
    before = broker.held
    for at in range(0, len(sound), 7):
        flipped = bytearray(sound)
        flipped[at] ^= 1 << at % 8
        broker.deliver(TRUST, bytes(flipped))
    assert broker.held == before
    broker.deliver(TRUST, sound)
    assert broker.held.bundle_version == 2


def test_full_disk_keeps_the_old_list_and_stores_the_new_one_later(broker: Broker) -> None:
    content = content_of(BIG)
    broker.publish(content, broker.authority.manifest(content, 6))
    broker.store_error = "host.db: no room is left. Free space."
    before = broker.held
    broker.wait(5 * POLL_S)
    assert broker.held == before
    assert len(broker.warnings()) == 1
    assert "Free space" in broker.warnings()[0]
    broker.retained[MANIFEST] = broker.authority.manifest(content, 7)
    broker.wait(POLL_S)
    broker.store_error = ""
    broker.wait(POLL_S)
    assert (broker.held.sequence, broker.held.content) == (7, content)
    assert len(broker.chunks_asked()) == 3
    assert broker.subscribed == {TRUST, MANIFEST, PROFILE}


def test_full_disk_keeps_the_old_bundle_and_stores_the_new_one_later(broker: Broker) -> None:
    broker.store_error = "full."
    broker.deliver(TRUST, broker.authority.bundle(2))
    assert broker.held.bundle_version == 1
    broker.store_error = ""
    broker.wait(POLL_S)
    assert broker.held.bundle_version == 2


def test_what_an_earlier_life_stored_is_in_force_before_any_broker(authority: Authority) -> None:
    content = content_of()
    manifest = authority.manifest(content, 5)
    follower = ListFollower(DIVISION, authority.roots, NativeVerifier(), POLL_S)
    assert follower.load(authority.bundle(4), manifest, content) == []
    held = follower.holdings
    assert (held.bundle_version, held.sequence, held.content) == (4, 5, content)
    assert follower.next_tick() is None


def test_stored_list_that_rotted_is_fetched_anew_and_its_number_stays_the_floor(authority: Authority) -> None:
    broker = Broker(authority)
    content = content_of()
    manifest = authority.manifest(content, 5)
    rotten = content[:-1] + bytes([content[-1] ^ 1])
    notes = broker.follower.load(authority.bundle(), manifest, rotten)
    assert len(notes) == 1
    assert broker.held.content == b""
    broker.connect()
    broker.deliver(MANIFEST, authority.manifest(content, 4))
    assert broker.held.sequence == 5
    assert broker.held.content == b""
    broker.publish(content, manifest)
    broker.wait(POLL_S)
    assert broker.held.content == content


def test_stored_bundle_that_the_roots_no_longer_sign_is_not_used(
    authority: Authority, tmp_path: Path
) -> None:
    stranger = Authority(tmp_path / "stranger")
    follower = ListFollower(DIVISION, authority.roots, NativeVerifier(), POLL_S)
    notes = follower.load(stranger.bundle(9), b"rotten", b"")
    assert len(notes) == 2
    assert follower.holdings == Holdings(DIVISION)


# -- The profile -----------------------------------------------------------------------------------


@pytest.fixture
def profiled(broker: Broker) -> Broker:
    """As `broker`, and the follower holds profile 3."""
    broker.retained[PROFILE] = broker.authority.profile(3)
    broker.wait(POLL_S)
    assert broker.held.profile_version == 3
    broker.notes.clear()
    broker.stored.clear()
    broker.asked.clear()
    return broker


def test_profile_is_stored_and_in_force(broker: Broker) -> None:
    profile = broker.authority.profile(3)
    broker.retained[PROFILE] = profile
    broker.wait(POLL_S)
    assert (broker.held.profile, broker.held.profile_version) == (profile, 3)
    assert broker.stored == [StoreProfile(profile)]
    assert [note.text for note in broker.notes] == ["profile version 3 is in force"]
    broker.wait(3 * POLL_S)
    assert len(broker.stored) == 1


def test_profile_of_another_division_is_refused(profiled: Broker) -> None:
    profile = profiled.authority.profile(4, division=OTHER_DIVISION)
    assert_refused_once(profiled, "a profile of 410100, wanted 410200", PROFILE, profile)


def test_older_profile_is_refused(profiled: Broker) -> None:
    assert_refused_once(profiled, "version 2 is below 3", PROFILE, profiled.authority.profile(2))


def test_two_profiles_of_one_version_are_refused(profiled: Broker) -> None:
    other = profiled.authority.profile(3, window_months=2)
    assert_refused_once(profiled, "two different profiles", PROFILE, other)


def test_profile_that_the_list_key_signed_waits_and_changes_nothing(profiled: Broker) -> None:
    profile = profiled.authority.profile(4, key="list")
    assert_refused_once(profiled, "may not sign this", PROFILE, profile)


def test_flipped_bit_anywhere_in_a_profile_is_refused(profiled: Broker) -> None:
    sound = profiled.authority.profile(4)
    before = profiled.held
    for at in range(len(sound)):
        flipped = bytearray(sound)
        flipped[at] ^= 1 << at % 8
        profiled.deliver(PROFILE, bytes(flipped))
    assert profiled.held == before
    assert profiled.stored == []
    profiled.deliver(PROFILE, sound)
    assert profiled.held.profile == sound


def test_profile_that_is_too_long_is_refused(profiled: Broker) -> None:
    assert_refused_once(profiled, "at most 2048", PROFILE, profiled.authority.profile(4) + bytes(2048))


def test_profile_before_its_bundle_is_judged_again_when_the_bundle_comes(authority: Authority) -> None:
    broker = Broker(authority)
    broker.retained[PROFILE] = authority.profile(1)
    broker.connect()
    assert broker.held == Holdings(DIVISION)
    assert "waits for its key" in broker.warnings()[0]
    broker.deliver(TRUST, authority.bundle())
    assert broker.held.profile_version == 1


def test_full_disk_keeps_the_old_profile_and_stores_the_new_one_later(profiled: Broker) -> None:
    profiled.store_error = "full."
    profiled.deliver(PROFILE, profiled.authority.profile(4))
    assert profiled.held.profile_version == 3
    assert profiled.warnings() == [
        (
            "the profile could not be stored: full. bundle version 1, profile version 3 and list epoch 1 "
            "sequence 5 stay in force; tried again"
        )
    ]
    profiled.store_error = ""
    profiled.wait(POLL_S)
    assert profiled.held.profile_version == 4


def test_stored_profile_is_in_force_before_any_broker_and_a_damaged_one_is_not(authority: Authority) -> None:
    profile = authority.profile(7)
    follower = ListFollower(DIVISION, authority.roots, NativeVerifier(), POLL_S)
    assert follower.load(authority.bundle(), None, None, profile) == []
    assert (follower.holdings.profile, follower.holdings.profile_version) == (profile, 7)
    follower = ListFollower(DIVISION, authority.roots, NativeVerifier(), POLL_S)
    (note,) = follower.load(authority.bundle(), None, None, profile[:-1])
    assert isinstance(note, Note)
    assert "the stored profile is not used" in note.text
    assert follower.holdings.profile == b""


def test_pull_goes_on_after_the_broker_was_gone(broker: Broker) -> None:
    content = content_of(BIG)
    manifest = broker.authority.manifest(content, 6)
    broker.publish(content, manifest)
    missing = {topic: broker.retained.pop(topic) for topic in list(broker.retained) if topic.endswith("-2")}
    broker.wait(POLL_S)
    broker.follower.disconnected()
    broker.subscribed.clear()
    assert broker.follower.next_tick() is None
    broker.retained.update(missing)
    broker.asked.clear()
    broker.connect()
    assert broker.held.content == content
    assert len(broker.chunks_asked()) == 1


def test_random_messages_never_move_the_state(broker: Broker) -> None:
    """Invariant: whatever unsigned bytes come on any topic, nothing is stored and what is held stays."""
    rng = random.Random(7)
    content = content_of(BIG)
    broker.deliver(MANIFEST, broker.authority.manifest(content, 6))
    topics = [TRUST, MANIFEST, PROFILE, *broker.subscribed, "juzhu/1/410200/list/x", "\x1b[2J"]
    sound = [
        broker.authority.bundle(2),
        broker.authority.manifest(content_of(8), 7),
        content[:CHUNK_SIZE],
        broker.authority.profile(2),
    ]
    before = broker.held
    for _ in range(500):
        payload = bytearray(rng.choice(sound))
        for _ in range(rng.randint(1, 3)):
            at = rng.randrange(len(payload))
            payload[at] ^= rng.randint(1, 255)
        broker.deliver(rng.choice(topics), bytes(payload[: rng.randint(0, len(payload))]))
        broker.wait(rng.choice((0.0, 0.0, FIRST_RETRY_S)))
    assert broker.held == before
    assert broker.stored == []
    assert all(note.text.isprintable() for note in broker.notes)


def test_older_list_is_not_taken_while_a_newer_one_waits_for_the_store(broker: Broker) -> None:
    newest, older = content_of(4), content_of(6)
    broker.store_error = "full."
    broker.publish(newest, broker.authority.manifest(newest, 15))
    broker.deliver(MANIFEST, broker.retained[MANIFEST])
    broker.publish(older, broker.authority.manifest(older, 11))
    broker.deliver(MANIFEST, broker.retained[MANIFEST])
    assert "a manifest on" in broker.warnings()[-1]
    broker.store_error = ""
    broker.wait(POLL_S)
    assert (broker.held.sequence, broker.held.content) == (15, newest)
    assert broker.subscribed == {TRUST, MANIFEST, PROFILE}


def test_older_list_is_not_taken_while_the_held_one_signed_anew_waits_for_the_store(broker: Broker) -> None:
    older = content_of(6)
    broker.store_error = "full."
    broker.deliver(MANIFEST, broker.authority.manifest(broker.held.content, 15))
    broker.publish(older, broker.authority.manifest(older, 11))
    broker.deliver(MANIFEST, broker.retained[MANIFEST])
    broker.store_error = ""
    broker.wait(2 * POLL_S)
    assert broker.held.sequence == 15
    assert broker.chunks_asked() == []


def test_older_profile_is_not_taken_while_a_newer_one_waits_for_the_store(profiled: Broker) -> None:
    profiled.store_error = "full."
    profiled.deliver(PROFILE, profiled.authority.profile(5))
    profiled.deliver(PROFILE, profiled.authority.profile(4))
    profiled.store_error = ""
    profiled.wait(POLL_S)
    assert profiled.held.profile_version == 5


def test_list_that_waits_for_the_store_is_dropped_when_a_new_bundle_retires_its_epoch(broker: Broker) -> None:
    broker.store_error = "full."
    broker.deliver(MANIFEST, broker.authority.manifest(broker.held.content, 15))
    broker.store_error = ""
    broker.deliver(TRUST, broker.authority.bundle(2, epoch=2))
    broker.wait(2 * POLL_S)
    assert (broker.held.bundle_version, broker.held.sequence) == (2, 5)
    assert any("dropped under the new bundle" in line for line in broker.warnings())

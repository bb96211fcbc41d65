"""What follows a division's trust bundle, list and profile, without I/O: messages and time in, actions out.

MQTT is a hint: any message may be lost, repeated, late, cut short or made up. So nothing is believed that the
root, the list key or the policy key did not sign, nothing moves back, and what is missing is asked for again by
the timer.

    bundle    -> open_bundle with the held version as floor -> StoreBundle
    manifest  -> open_manifest with the newest one known    -> same content: StoreList
                                                            -> other content: its chunks are pulled
    chunks    -> length and hash of the whole, StatusList   -> StoreList
    profile   -> open_profile with the held one as floor    -> StoreProfile

The state moves only in stored(). Whoever runs this performs the actions in order and hands in nothing else
before it has told the outcome of a store.
"""

import logging
from dataclasses import replace
from hashlib import sha256

from juzhu_protocol.errors import ContentMismatchError, RecordError, TrustError, UnknownKeyError
from juzhu_protocol.lists.topics import manifest_topic, profile_topic, trust_topic
from juzhu_protocol.records.trust import Manifest
from juzhu_protocol.trust.bundle import Roots, TrustedKeys, open_bundle, same_bundle
from juzhu_protocol.trust.manifest import open_manifest, order
from juzhu_protocol.trust.profile import open_profile, read_profile
from juzhu_protocol.trust.verifier import SignatureVerifier

from .holdings import Actions, Holdings, Store, StoreBundle, StoreList, StoreProfile, Subscribe, Unsubscribe
from .list_pull import Pull, check_content, open_content
from .notes import Note, Throttle, clean


class ListFollower:
    """Follows one division. `now` is seconds of a clock that never goes back."""

    def __init__(self, division: int, roots: Roots, verifier: SignatureVerifier, poll_s: float) -> None:
        self.holdings = Holdings(division)
        self._roots = roots
        self._verifier = verifier
        self._poll_s = poll_s
        self._keys: TrustedKeys | None = None
        self._held: Manifest | None = None
        self._pull: Pull | None = None
        # A manifest or profile that no known key signed, by topic, until a bundle brings the key.
        self._aside: dict[str, bytes] = {}
        # The hash of what was refused last on a topic: brokers repeat retained messages, the log does not.
        self._refused: dict[str, bytes] = {}
        self._throttle = Throttle()
        self._unusable = b""
        self._unstored: dict[type, Store] = {}
        self._store_error = ""
        self._store_at = 0.0
        self._connected = False
        self._poll_at = 0.0

    def load(
        self,
        bundle: bytes | None,
        manifest: bytes | None,
        content: bytes | None,
        profile: bytes | None = None,
    ) -> Actions:
        """Take what an earlier life stored; what does not hold any more is left out and said."""
        notes: Actions = []
        if bundle:
            try:
                keys = open_bundle(bundle, self._roots, self._verifier, 0)
            except TrustError as error:
                notes.append(
                    Note(logging.ERROR, f"the stored trust bundle is not used: {error}; a new one is awaited")
                )
            else:
                self._take_bundle(bundle, keys)
        if manifest:
            try:
                self._take_list(manifest, content or b"")
            except RecordError as error:
                notes.append(Note(logging.ERROR, f"the stored list is not used: {error}; it is fetched anew"))
            else:
                notes.extend(self._check_loaded(manifest, content or b""))
        if profile:
            try:
                self._take_profile(profile)
            except TrustError as error:
                text = f"the stored profile is not used: {error}; a new one is awaited"
                notes.append(Note(logging.ERROR, text))
        return notes

    def connected(self, now: float) -> Actions:
        """The broker is there: ask it for everything."""
        self._connected = True
        self._poll_at = now + self._poll_s
        asked = self._pull.asked if self._pull else {}
        return [Subscribe((*self._topics(), *asked))]

    def disconnected(self) -> None:
        """The broker is gone; what was pulled so far stays."""
        self._connected = False

    def message(self, topic: str, payload: bytes, now: float) -> Actions:
        """Judge what came on a topic, whoever sent it."""
        trust, manifest, profile = self._topics()
        # A retained message that somebody cleared: the held state is the better one.
        if not payload:
            return []
        if topic == trust:
            return self._on_bundle(payload, now)
        if topic == manifest:
            return self._on_manifest(payload, now)
        if topic == profile:
            return self._on_profile(payload, now)
        if self._pull is not None and topic in self._pull.asked:
            return self._on_chunk(self._pull, topic, payload, now)
        return [Note(logging.DEBUG, f"not awaited on {clean(topic, 120)}: {len(payload)} bytes")]

    def next_tick(self) -> float | None:
        """When tick() has something to do, or None."""
        times = [self._store_at] if self._unstored else []
        if self._connected:
            times.append(self._poll_at)
            if self._pull:
                times.append(self._pull.retry_at)
        return min(times, default=None)

    def tick(self, now: float) -> Actions:
        """Let time pass: look at the manifest again, ask for missing chunks, store what could not be stored."""
        actions: Actions = []
        if self._unstored and now >= self._store_at:
            self._store_at = now + self._poll_s
            # One at a time, the bundle first: it may end what else waits.
            actions.append(self._unstored.get(StoreBundle) or next(iter(self._unstored.values())))
        if not self._connected:
            return actions
        if now >= self._poll_at:
            self._poll_at = now + self._poll_s
            actions.extend(Note(logging.WARNING, line) for line in self._throttle.tick(now))
            actions.append(Subscribe(self._topics()))
        pull = self._pull
        if pull and now >= pull.retry_at:
            pull.wait_longer(now)
            missing = pull.missing()
            if missing:
                actions.append(Note(logging.WARNING, f"{missing}; {self._in_force()}"))
            actions.extend(self._ask(pull, again=True))
        return actions

    def stored(self, action: Store, now: float) -> Actions:
        """What was to be stored is stored: it is in force now."""
        actions: Actions = []
        if self._store_error:
            self._store_error = ""
            actions.append(Note(logging.INFO, "the store takes data again"))
        self._unstored.pop(type(action), None)
        self._store_at = now
        if isinstance(action, StoreBundle):
            self._take_bundle(action.bundle, action.keys)
            actions.append(Note(logging.INFO, f"trust bundle version {action.keys.version} is in force"))
            actions.extend(self._judge_again(now))
            return actions
        if isinstance(action, StoreProfile):
            self._take_profile(action.profile)
            text = f"profile version {self.holdings.profile_version} is in force"
            return [*actions, Note(logging.INFO, text)]
        self._take_list(action.manifest, action.content)
        held = self.holdings
        actions.append(
            Note(
                logging.INFO,
                f"list {held.division} epoch {held.key_epoch} sequence {held.sequence} is in force, "
                f"{len(held.content)} bytes",
            )
        )
        if self._pull and self._held and order(self._pull.manifest) <= order(self._held):
            actions.extend(self._drop_pull())
        return actions

    def store_failed(self, action: Store, error: str, now: float) -> Actions:
        """Nothing was stored: what was in force stays, and storing is tried again."""
        self._unstored[type(action)] = action
        self._store_at = now + self._poll_s
        if error == self._store_error:
            return []
        self._store_error = error
        names = {StoreBundle: "the trust bundle", StoreProfile: "the profile", StoreList: "the list"}
        what = names[type(action)]
        return [Note(logging.ERROR, f"{what} could not be stored: {error} {self._in_force()}; tried again")]

    def _unstored_list(self) -> StoreList | None:
        action = self._unstored.get(StoreList)
        return action if isinstance(action, StoreList) else None

    def _newest_whole(self) -> Manifest | None:
        """The newest list that came whole: nothing older is taken, even while that one cannot be stored."""
        unstored = self._unstored_list()
        return Manifest.from_bytes(unstored.manifest) if unstored else self._held

    def _topics(self) -> tuple[str, str, str]:
        division = self.holdings.division
        return trust_topic(), manifest_topic(division), profile_topic(division)

    def _in_force(self) -> str:
        held = self.holdings
        bundle = f"bundle version {held.bundle_version}" if held.bundle else "no bundle"
        listed = f"list epoch {held.key_epoch} sequence {held.sequence}" if held.manifest else "no list"
        profile = f"profile version {held.profile_version}" if held.profile else "no profile"
        return f"{bundle}, {profile} and {listed} stay in force"

    def _refuse(self, topic: str, payload: bytes, what: str, error: Exception, now: float) -> Actions:
        if self._was_refused(topic, payload):
            return []
        self._refused[topic] = sha256(payload).digest()
        text = f"refused {what} on {topic}: {clean(str(error), 200)}; {self._in_force()}"
        return self._warn(topic, text, now)

    def _warn(self, topic: str, text: str, now: float) -> Actions:
        line = self._throttle.line(topic, text, now)
        return [Note(logging.WARNING, line)] if line else []

    def _was_refused(self, topic: str, payload: bytes) -> bool:
        return topic in self._refused and self._refused[topic] == sha256(payload).digest()

    def _on_bundle(self, payload: bytes, now: float) -> Actions:
        topic = trust_topic()
        if payload == self.holdings.bundle or self._was_refused(topic, payload):
            return []
        try:
            keys = open_bundle(payload, self._roots, self._verifier, self.holdings.bundle_version)
            if keys.version == self.holdings.bundle_version:
                if same_bundle(payload, self.holdings.bundle):
                    return []
                raise TrustError(f"two different bundles have version {keys.version}")
        except TrustError as error:
            return self._refuse(topic, payload, "a trust bundle", error, now)
        unstored = self._unstored.get(StoreBundle)
        if isinstance(unstored, StoreBundle) and keys.version <= unstored.keys.version:
            return []
        return [StoreBundle(payload, keys)]

    def _on_manifest(self, payload: bytes, now: float) -> Actions:
        topic = manifest_topic(self.holdings.division)
        unstored = self._unstored_list()
        known = (
            self._pull.raw if self._pull else None,
            self._aside.get(topic),
            unstored.manifest if unstored else None,
        )
        if payload in known or (payload == self.holdings.manifest and self.holdings.content):
            return []
        if self._was_refused(topic, payload):
            return []
        floor = self._pull.manifest if self._pull else self._newest_whole()
        try:
            if self._keys is None:
                raise UnknownKeyError("no trust bundle is held yet")
            manifest = open_manifest(payload, self.holdings.division, self._keys, self._verifier, floor)
            if manifest.content_hash == self._unusable:
                raise ContentMismatchError("its content came whole and is no list of this division")
        except UnknownKeyError as error:
            return self._wait_for_key(topic, payload, "a manifest", error, now)
        except TrustError as error:
            return self._refuse(topic, payload, "a manifest", error, now)
        return self._accept(payload, manifest, now)

    def _on_profile(self, payload: bytes, now: float) -> Actions:
        held = self.holdings
        topic = profile_topic(held.division)
        if payload in (held.profile, self._aside.get(topic)) or self._was_refused(topic, payload):
            return []
        try:
            if self._keys is None:
                raise UnknownKeyError("no trust bundle is held yet")
            record = open_profile(
                payload,
                held.division,
                self._keys,
                self._verifier,
                held.profile_version,
                held.profile or None,
            )
        except UnknownKeyError as error:
            return self._wait_for_key(topic, payload, "a profile", error, now)
        except TrustError as error:
            return self._refuse(topic, payload, "a profile", error, now)
        newest = held.profile_version
        unstored = self._unstored.get(StoreProfile)
        if isinstance(unstored, StoreProfile):
            newest = max(newest, read_profile(unstored.profile).profile_version)
        # The same content with another signature is the one that is held.
        return [] if record.profile_version <= newest else [StoreProfile(payload)]

    def _wait_for_key(self, topic: str, payload: bytes, what: str, error: Exception, now: float) -> Actions:
        self._aside[topic] = payload
        return self._warn(topic, f"{what} on {topic} waits for its key: {error}; {self._in_force()}", now)

    def _accept(self, raw: bytes, manifest: Manifest, now: float) -> Actions:
        held, pull, unstored = self._held, self._pull, self._unstored_list()
        actions: Actions = []
        if pull and pull.manifest.content_hash == manifest.content_hash:
            pull.signed_anew(raw, manifest)
            return self._finish(pull, now) if pull.is_complete else actions
        if held and self.holdings.content:
            if order(manifest) == order(held):
                return actions
            if manifest.content_hash == held.content_hash and manifest.content_length == held.content_length:
                actions.extend(self._drop_pull())
                return [*actions, StoreList(raw, self.holdings.content)]
        if unstored and Manifest.from_bytes(unstored.manifest).content_hash == manifest.content_hash:
            actions.extend(self._drop_pull())
            return [*actions, StoreList(raw, unstored.content)]
        actions.extend(self._drop_pull())
        self._pull = Pull(raw, manifest, now)
        text = f"fetching {self._pull}: {manifest.content_length} bytes in {self._pull.count} chunks"
        return [*actions, Note(logging.INFO, text), *self._ask(self._pull)]

    def _drop_pull(self) -> Actions:
        pull, self._pull = self._pull, None
        judged = self._topics()
        self._refused = {topic: seen for topic, seen in self._refused.items() if topic in judged}
        return [Unsubscribe(tuple(pull.asked))] if pull and pull.asked else []

    @staticmethod
    def _ask(pull: Pull, again: bool = False) -> Actions:
        topics = pull.ask(again)
        return [Subscribe(topics)] if topics else []

    def _on_chunk(self, pull: Pull, topic: str, payload: bytes, now: float) -> Actions:
        try:
            pull.take(topic, payload, now)
        except ContentMismatchError as error:
            return self._refuse(topic, payload, "a chunk", error, now)
        rest = self._finish(pull, now) if pull.is_complete else self._ask(pull)
        return [Unsubscribe((topic,)), *rest]

    def _finish(self, pull: Pull, now: float) -> Actions:
        """Verify the whole: hash, then form. A wrong hash is the carrier's fault, a wrong form the signer's."""
        try:
            content = pull.whole(now)
        except ContentMismatchError as error:
            return self._refuse(pull.chunks_topic, pull.raw, "the chunks", error, now)
        try:
            open_content(pull.manifest, content)
        except TrustError as error:
            self._unusable = pull.manifest.content_hash
            self._drop_pull()
            topic = manifest_topic(self.holdings.division)
            return self._refuse(topic, pull.raw, "the content of a manifest", error, now)
        return [StoreList(pull.raw, content)]

    def _check_loaded(self, manifest: bytes, content: bytes) -> Actions:
        record = Manifest.from_bytes(manifest)
        try:
            check_content(record, content)
            open_content(record, content)
        except TrustError as error:
            # Its number stays the floor, its content is fetched anew.
            self.holdings = replace(self.holdings, content=b"")
            return [Note(logging.ERROR, f"the stored list is damaged: {error}; it is fetched anew")]
        return []

    def _take_bundle(self, bundle: bytes, keys: TrustedKeys) -> None:
        self._keys = keys
        self.holdings = replace(self.holdings, bundle=bundle, bundle_version=keys.version)

    def _take_list(self, raw: bytes, content: bytes) -> None:
        manifest = Manifest.from_bytes(raw)
        self._held = manifest
        self.holdings = replace(
            self.holdings,
            manifest=raw,
            key_epoch=manifest.key_epoch,
            sequence=manifest.sequence,
            time=manifest.time,
            content=content,
        )

    def _take_profile(self, raw: bytes) -> None:
        record = read_profile(raw)
        self.holdings = replace(self.holdings, profile=raw, profile_version=record.profile_version)

    def _judge_again(self, now: float) -> Actions:
        """Judge under a new bundle what an older one left open: the content on its way, and what was put aside."""
        actions: Actions = []
        _, manifest, profile = self._topics()
        for topic in (manifest, profile):
            self._refused.pop(topic, None)
        assert self._keys is not None
        unstored = self._unstored_list()
        if unstored:
            try:
                open_manifest(
                    unstored.manifest, self.holdings.division, self._keys, self._verifier, self._held
                )
            except TrustError as error:
                del self._unstored[StoreList]
                text = f"the list that waits for the store is dropped under the new bundle: {error}; {self._in_force()}"
                actions.append(Note(logging.WARNING, text))
        if self._pull:
            raw = self._pull.raw
            try:
                open_manifest(raw, self.holdings.division, self._keys, self._verifier, self._held)
            except TrustError as error:
                actions.extend(self._drop_pull())
                text = f"the list being fetched is dropped under the new bundle: {error}; {self._in_force()}"
                actions.append(Note(logging.WARNING, text))
        aside, self._aside = self._aside, {}
        if profile in aside:
            actions.extend(self._on_profile(aside[profile], now))
        if manifest in aside:
            actions.extend(self._on_manifest(aside[manifest], now))
        return actions

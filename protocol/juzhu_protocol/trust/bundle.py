"""The trust bundle: which keys may do what, where and when, on the word of the root.

Checks of open_bundle, in this order: size; envelope; signatures of enough different root keys; body; every
key a point of its curve, no id twice, an epoch for list keys and for no other; not dated ahead of a clock known
to be right; version not below the floor.
"""

from hashlib import sha256

from ..card.keys import ROLE_AUTHORITY, ROLE_BUS, ROLE_COUNTER
from ..crypto.signature import decode_key, key_id
from ..errors import (
    BadSignatureError,
    KeyFormatError,
    MalformedObjectError,
    OversizeError,
    RecordError,
    RollbackError,
    UnknownKeyError,
)
from ..records.trust import Bundle, BundleKey, SignedBundle
from ..rules.calendar import day_of
from .contexts import BUNDLE_CONTEXT
from .moments import refuse_future
from .verifier import SignatureVerifier

PURPOSE_PERMIT, PURPOSE_LIST, PURPOSE_POLICY, PURPOSE_ENDORSEMENT = 1, 2, 3, 4

MAX_SIGNED_BUNDLE = 4096
"""A reader holds the whole bundle in RAM while it checks it."""


class Roots:
    """The root's public keys as installed in a reader, all of one suite, and how many of them must agree.

    KeyFormatError for a key that is no point of the suite's curve, ValueError for an unknown suite or a threshold
    that these cannot reach.
    """

    def __init__(self, public_keys: "list[bytes]", threshold: int, suite: int) -> None:
        for key in public_keys:
            decode_key(suite, key)
        self.suite = suite
        self.public_keys = {key_id(key): key for key in public_keys}
        if not 1 <= threshold <= len(self.public_keys):
            raise ValueError("threshold %d of %d different root keys" % (threshold, len(self.public_keys)))
        self.threshold = threshold

    def hash(self) -> bytes:
        """Return a SHA-256 that tells these roots from any others, whatever the order of their keys."""
        head = int.to_bytes(self.suite, 1, "big") + int.to_bytes(self.threshold, 2, "big")
        return sha256(head + b"".join(sorted(self.public_keys.values()))).digest()


class TrustedKeys:
    """The keys of a verified bundle; find() judges purpose, division and day."""

    def __init__(self, bundle: Bundle) -> None:
        self.version = bundle.bundle_version
        self.time = bundle.time
        self.keys = bundle.keys
        self._lowest_epochs = {
            ROLE_BUS: bundle.bus_epoch,
            ROLE_COUNTER: bundle.counter_epoch,
            ROLE_AUTHORITY: bundle.authority_epoch,
        }
        self._by_id: "dict[bytes, BundleKey]" = {}
        for key in bundle.keys:
            decode_key(key.suite, key.public_key)
            name = key_id(key.public_key)
            if name in self._by_id:
                raise KeyFormatError("two keys of the bundle share the id " + name.hex())
            if (key.purpose == PURPOSE_LIST) != (key.epoch > 0):
                raise KeyFormatError("key %s has a wrong epoch for its purpose" % name.hex())
            self._by_id[name] = key

    def get(self, name: bytes) -> "BundleKey | None":
        """Return the key of this id, whatever it is for, or None."""
        return self._by_id.get(name)

    def lowest_epoch(self, role: int) -> int:
        """Return the lowest epoch of card keys that this role still accepts (card/keys.py)."""
        return self._lowest_epochs[role]

    def find(self, name: bytes, purpose: int, division: int, unix_time: int) -> BundleKey:
        """Return the key of this id, good for purpose and division at that time; else UnknownKeyError."""
        key = self.get(name)
        if key is None:
            raise UnknownKeyError("no key %s in bundle version %d" % (name.hex(), self.version))
        if key.revoked_on or not may_sign(key, purpose, division, day_of(unix_time)):
            raise UnknownKeyError("key %s may not sign this for division %d" % (name.hex(), division))
        return key


def may_sign(key: BundleKey, purpose: int, division: int, day: int) -> bool:
    """Whether a key is for this purpose and division and was valid on that day; revocation apart."""
    return (
        key.purpose == purpose
        and key.valid_from <= day <= key.valid_through
        and any(entry.division == division for entry in key.divisions)
    )


def open_bundle(
    data: bytes,
    roots: Roots,
    verifier: SignatureVerifier,
    floor_version: int,
    latest: "int | None" = None,
) -> TrustedKeys:
    """Return the keys of a signed bundle; TrustError when the root does not stand behind it.

    latest is the latest Unix time that it may be now, None when no clock is known to be right.
    """
    if len(data) > MAX_SIGNED_BUNDLE:
        raise OversizeError("a bundle of %d bytes, at most %d are held" % (len(data), MAX_SIGNED_BUNDLE))
    envelope = _envelope(data)
    agreeing = set()
    for entry in envelope.signatures:
        root = roots.public_keys.get(entry.root_id)
        if root is None or entry.root_id in agreeing:
            continue
        if verifier.verify(roots.suite, root, BUNDLE_CONTEXT, envelope.body, entry.signature):
            agreeing.add(entry.root_id)
    if len(agreeing) < roots.threshold:
        raise BadSignatureError("%d root keys signed the bundle, %d must" % (len(agreeing), roots.threshold))
    keys = _keys(envelope)
    refuse_future(keys.time, latest, "the bundle")
    if keys.version < floor_version:
        raise RollbackError("bundle version %d is below %d" % (keys.version, floor_version))
    return keys


def reopen_bundle(data: bytes) -> TrustedKeys:
    """Return the keys of a bundle that open_bundle believed before and whose hash still holds."""
    return _keys(_envelope(data))


def same_bundle(one: bytes, other: bytes) -> bool:
    """Whether two signed bundles say the same, whichever root keys signed them; MalformedObjectError."""
    return _envelope(one).body == _envelope(other).body


def _envelope(data: bytes) -> SignedBundle:
    try:
        return SignedBundle.from_bytes(data)
    except RecordError as error:
        raise MalformedObjectError("bundle envelope: " + str(error))


def _keys(envelope: SignedBundle) -> TrustedKeys:
    try:
        return TrustedKeys(Bundle.from_bytes(envelope.body))
    except (RecordError, KeyFormatError) as error:
        raise MalformedObjectError("bundle body: " + str(error))

"""The manifest of a division's list: what the list is now, on the word of its list key.

Checks of open_manifest, in this order: record; division; key known, for lists, for this division, valid then,
not revoked, and at the manifest's epoch; signature; not dated ahead of a clock known to be right; (key epoch,
sequence) not below the floor. Its content is believed only when its length and hash match (ContentCheck), and
the floor moves only after that.
"""

from hashlib import sha256

from ..errors import (
    BadSignatureError,
    ContentMismatchError,
    MalformedObjectError,
    RecordError,
    RollbackError,
    UnknownKeyError,
    WrongDivisionError,
)
from ..records.trust import BundleKey, Manifest
from .bundle import PURPOSE_LIST, TrustedKeys
from .contexts import MANIFEST_CONTEXT, is_signed_by, signed_part
from .moments import refuse_future
from .verifier import SignatureVerifier


def order(manifest: Manifest) -> "tuple[int, int]":
    """Return (key epoch, sequence): the manifest with the higher one is the newer."""
    return manifest.key_epoch, manifest.sequence


def find_list_key(manifest: Manifest, division: int, keys: TrustedKeys) -> BundleKey:
    """Return the key that may have signed this manifest, at the manifest's own epoch; else TrustError.

    The bundle names the epoch, so that a lost or stolen list key can use up the sequences of its own epoch and
    no more: the root raises the epoch, and counting begins anew.
    """
    key = keys.find(manifest.key_id, PURPOSE_LIST, division, manifest.time)
    if manifest.key_epoch < key.epoch:
        raise RollbackError("a manifest of key epoch %d, its key is at %d" % (manifest.key_epoch, key.epoch))
    if manifest.key_epoch > key.epoch:
        raise UnknownKeyError(
            "key epoch %d is not in bundle version %d, its key is at %d there"
            % (manifest.key_epoch, keys.version, key.epoch)
        )
    return key


def open_manifest(
    data: bytes,
    division: int,
    keys: TrustedKeys,
    verifier: SignatureVerifier,
    held: "Manifest | None" = None,
    latest: "int | None" = None,
) -> Manifest:
    """Return a believable manifest of `division` not older than `held`; else TrustError.

    latest is the latest Unix time that it may be now, None when no clock is known to be right.
    """
    try:
        manifest = Manifest.from_bytes(data)
    except RecordError as error:
        raise MalformedObjectError("manifest: " + str(error))
    if manifest.list_division != division:
        raise WrongDivisionError("a manifest of %d, wanted %d" % (manifest.list_division, division))
    key = find_list_key(manifest, division, keys)
    if not is_signed_by(key, manifest, data, MANIFEST_CONTEXT, verifier):
        raise BadSignatureError("the manifest's signature does not hold")
    refuse_future(manifest.time, latest, "the manifest")
    if held is not None:
        if order(manifest) < order(held):
            raise RollbackError("manifest %r is older than %r" % (order(manifest), order(held)))
        if order(manifest) == order(held) and signed_part(data) != signed_part(held.to_bytes()):
            raise RollbackError("two different manifests are numbered %r" % (order(held),))
    return manifest


class ContentCheck:
    """Hashes a list's content as it streams by and compares it with what the manifest signed."""

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest
        self._hash = sha256()
        self._length = 0

    def update(self, data: bytes) -> None:
        """Take the next bytes of the content."""
        self._hash.update(data)
        self._length += len(data)

    def finish(self) -> None:
        """Raise ContentMismatchError unless length and hash are the signed ones."""
        if self._length != self._manifest.content_length:
            raise ContentMismatchError(
                "content of %d bytes, %d were signed" % (self._length, self._manifest.content_length)
            )
        if self._hash.digest() != self._manifest.content_hash:
            raise ContentMismatchError("the content's hash is not the one that was signed")

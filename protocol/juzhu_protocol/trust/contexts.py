"""What is signed and by what right: the contexts that keep one kind of signature from standing in for another."""

from ..crypto.signature import SIGNATURE_SIZE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from ..records.trust import BundleKey
    from .verifier import SignatureVerifier

    class SignedRecord(Protocol):
        """A record that ends with its signature."""

        suite: int
        signature: bytes


SERVICE_CONTEXT = b"juzhu/1/service"
ENDORSEMENT_CONTEXT = b"juzhu/1/endorsement"
SECURITY_CONTEXT = b"juzhu/1/security"
CHALLENGE_CONTEXT = b"juzhu/1/challenge"
BUNDLE_CONTEXT = b"juzhu/1/bundle"
ROOTS_CONTEXT = b"juzhu/1/roots"
MANIFEST_CONTEXT = b"juzhu/1/manifest"
PROFILE_CONTEXT = b"juzhu/1/profile"


def signed_part(record: bytes) -> bytes:
    """Return what the signature at a record's end covers: everything before it."""
    return record[:-SIGNATURE_SIZE]


def is_signed_by(
    key: "BundleKey", record: "SignedRecord", raw: bytes, context: bytes, verifier: "SignatureVerifier"
) -> bool:
    """Whether this key signed the record whose bytes are `raw`, in the one suite to which the bundle pins it.

    Whether the key was entitled to is may_sign's question (bundle.py).
    """
    return record.suite == key.suite and verifier.verify(
        key.suite, key.public_key, context, signed_part(raw), record.signature
    )

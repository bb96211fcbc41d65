"""The context strings that keep one kind of signature from standing in for another."""

from ..crypto.signature import SIGNATURE_SIZE

SERVICE_CONTEXT = b"juzhu/1/service"
ENDORSEMENT_CONTEXT = b"juzhu/1/endorsement"
BUNDLE_CONTEXT = b"juzhu/1/bundle"
MANIFEST_CONTEXT = b"juzhu/1/manifest"
PROFILE_CONTEXT = b"juzhu/1/profile"


def signed_part(record: bytes) -> bytes:
    """Return what the signature at a record's end covers: everything before it."""
    return record[:-SIGNATURE_SIZE]

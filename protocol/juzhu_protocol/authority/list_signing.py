"""Signs what a publisher gives out of a list."""

from hashlib import sha256

from ..crypto.signature import SIGNATURE_SIZE
from ..records.trust import Manifest
from ..trust.contexts import MANIFEST_CONTEXT, signed_part
from .signing_key import SigningKey


def sign_manifest(key: SigningKey, division: int, sequence: int, time: int, content: bytes) -> bytes:
    """Return the manifest of a list's content, of that sequence in its list division; time: Unix seconds."""
    manifest = Manifest(
        suite=key.suite,
        list_division=division,
        key_epoch=key.spec.epoch,
        sequence=sequence,
        time=time,
        content_length=len(content),
        content_hash=sha256(content).digest(),
        key_id=key.key_id,
        signature=bytes(SIGNATURE_SIZE),
    )
    manifest.signature = key.sign(MANIFEST_CONTEXT, signed_part(manifest.to_bytes()))
    return manifest.to_bytes()

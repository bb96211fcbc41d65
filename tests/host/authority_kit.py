"""A small authority for tests of the host: real keys, real bundles, real manifests, and nothing on disk for long."""

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from juzhu_protocol.authority.keys import KeyRing, KeySpec, SigningKey, bundle_body, sign_bundle
from juzhu_protocol.crypto.signature import SUITE_ES256
from juzhu_protocol.lists.plain import build_list
from juzhu_protocol.records.profile import ProfileRecord
from juzhu_protocol.records.trust import Manifest
from juzhu_protocol.rules.decide import STATUS_SUSPENDED
from juzhu_protocol.rules.kaifeng import RECORD
from juzhu_protocol.trust.bundle import Roots
from juzhu_protocol.trust.contexts import MANIFEST_CONTEXT, PROFILE_CONTEXT, signed_part

DIVISION = 410200
OTHER_DIVISION = 410100
NOW = 1_800_000_000
FIRST_DAY, LAST_DAY = 40000, 60000


class Authority:
    """Keys made anew in `folder`; signs whatever a test asks for, sound or not."""

    def __init__(self, folder: Path) -> None:
        specs = [KeySpec(f"root-{n}", "root", (), FIRST_DAY, LAST_DAY) for n in (1, 2, 3)]
        specs.append(KeySpec("list", "list", (DIVISION,), FIRST_DAY, LAST_DAY))
        specs.append(KeySpec("other-list", "list", (OTHER_DIVISION,), FIRST_DAY, LAST_DAY))
        specs.append(KeySpec("policy", "policy", (DIVISION,), FIRST_DAY, LAST_DAY))
        self.folder = folder
        self.ring = KeyRing.make(folder, specs, NOW)

    @property
    def roots(self) -> Roots:
        return self.ring.roots

    @property
    def roots_file(self) -> Path:
        return self.folder / "roots.toml"

    def key(self, name: str) -> SigningKey:
        return next(key for key in self.ring.keys if key.spec.name == name)

    def bundle(
        self, version: int = 1, time: int = NOW, signers: list[str] | None = None, epoch: int = 1
    ) -> bytes:
        """A bundle of all keys, the division's list key at this epoch."""
        keys = [
            replace(key, spec=replace(key.spec, epoch=epoch)) if key.spec.name == "list" else key
            for key in self.ring.keys
        ]
        return sign_bundle(
            bundle_body(keys, version, time), [self.key(name) for name in signers or ("root-1", "root-2")]
        )

    def manifest(
        self,
        content: bytes,
        sequence: int = 1,
        *,
        epoch: int = 1,
        division: int = DIVISION,
        time: int = NOW,
        key: str = "list",
    ) -> bytes:
        signer = self.key(key)
        manifest = Manifest(
            suite=SUITE_ES256,
            list_division=division,
            key_epoch=epoch,
            sequence=sequence,
            time=time,
            content_length=len(content),
            content_hash=sha256(content).digest(),
            key_id=signer.key_id,
            signature=bytes(64),
        )
        manifest.signature = signer.sign(MANIFEST_CONTEXT, signed_part(manifest.to_bytes()))
        return manifest.to_bytes()

    def profile(
        self,
        version: int = 1,
        *,
        division: int = DIVISION,
        time: int = NOW,
        window_months: int = 1,
        key: str = "policy",
    ) -> bytes:
        signer = self.key(key)
        record = ProfileRecord.from_bytes(RECORD)
        record.list_division = division
        record.profile_version = version
        record.time = time
        record.window_months = window_months
        record.key_id = signer.key_id
        record.signature = signer.sign(PROFILE_CONTEXT, signed_part(record.to_bytes()))
        return record.to_bytes()


def content_of(count: int = 3, division: int = DIVISION) -> bytes:
    """A list that suspends the serials 1 to `count`."""
    return build_list(division, 90_000_000, dict.fromkeys(range(1, count + 1), STATUS_SUSPENDED))

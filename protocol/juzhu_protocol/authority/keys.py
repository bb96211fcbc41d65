"""The authority's keys: a folder of them, what each may sign, and the trust bundle that says so.

A folder holds `keys.toml` (what each key is for: key_specs.py), `roots.toml` (the root's public keys and their
threshold), `bundle.bin` (the bundle as signed), and what of the secrets this machine needs: `<name>.key` for a
key and `sam-<epoch>.key` for a SAM set (private_files.py). A root's may stay offline, and so may any other.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from ..crypto.signature import SUITE_NAMES
from ..errors import JuzhuError, RecordError
from ..hostside.native import NativeVerifier
from ..records.trust import Bundle, SignedBundle, SignedBundleSignature
from ..rules.calendar import iso
from ..trust.bundle import Roots, TrustedKeys, open_bundle
from ..trust.contexts import BUNDLE_CONTEXT
from .errors import KeysFolderError, NoKeyError
from .key_specs import KeysFile, KeySpec, KnownKey, bundle_body, roots_toml
from .keys_folder import BUNDLE_BIN, KEYS_TOML, ROOTS_TOML, key_path, read_state, sam_path, sam_paths
from .private_files import PrivateFiles, make_private_folder
from .sam_set import SamSet, new_masters
from .signing import Signer, new_signer
from .signing_key import SigningKey, open_key, open_sam, seal_key, seal_sam

__all__ = [
    "DEVELOPMENT_KEYS",
    "KeyRing",
    "KeySpec",
    "KnownKey",
    "SigningKey",
    "bundle_body",
    "sign_bundle",
]

DEVELOPMENT_KEYS = Path(__file__).parent / "development_keys"
"""Keys that everybody can read: for demos and tests, never for a card that anyone carries."""


class KeyRing:
    """The keys of one folder, checked against its bundle and roots.

    `keys` are those whose private part is here, `known` all of them, `sams` the SAM sets that are here.
    """

    def __init__(
        self,
        keys: Sequence[SigningKey],
        roots: Roots,
        bundle: bytes,
        *,
        known: "Sequence[KnownKey] | None" = None,
        sams: Sequence[SamSet] = (),
    ) -> None:
        self.keys = tuple(keys)
        self.roots = roots
        self.bundle = bundle
        self.known = tuple(known if known is not None else (key.known() for key in self.keys))
        self.sams = {sam.epoch: sam for sam in sams}
        try:
            self.trusted: TrustedKeys = open_bundle(bundle, roots, NativeVerifier(), 0)
            body = Bundle.from_bytes(SignedBundle.from_bytes(bundle).body)
        except JuzhuError as error:
            raise KeysFolderError(f"the bundle is not to be believed: {error}") from error
        self.epochs = (body.bus_epoch, body.counter_epoch, body.authority_epoch)
        for key in self.known:
            if key.spec.purpose == "root":
                continue
            entry = self.trusted.get(key.key_id)
            if entry is None or entry.to_bytes() != key.entry().to_bytes():
                raise KeysFolderError(
                    f"the bundle does not hold key {key.spec.name} as keys.toml does: keys are changed with "
                    "juzhu keys, which puts a change into force when the root has signed it"
                )

    def __repr__(self) -> str:
        return f"KeyRing({', '.join(key.spec.name for key in self.keys)}; bundle {self.trusted.version})"

    def permit_key(self, division: int, day: int, suite: int) -> SigningKey:
        """Return the newest key of the organ that issues in this division; NoKeyError when there is none (14)."""
        return self._find(("permit",), division, day, suite)

    def endorsement_key(self, division: int, day: int, suite: int) -> SigningKey:
        """Return the key that endorses in this division (16): an endorsement key, or else a permit key; NoKeyError."""
        return self._find(("endorsement", "permit"), division, day, suite)

    def list_key(self, division: int, day: int) -> SigningKey:
        """Return the key that signs this division's list, of either suite; NoKeyError when there is none."""
        return self._find(("list",), division, day, None)

    def policy_key(self, division: int, day: int) -> SigningKey:
        """Return the key that signs this list division's profile, of either suite; NoKeyError when there is none."""
        return self._find(("policy",), division, day, None)

    def sam_set(self, epoch: "int | None" = None) -> SamSet:
        """Return the masters of an epoch, or of the newest that is here; NoKeyError when there are none."""
        if not self.sams:
            raise NoKeyError("no SAM set is here: make one with juzhu keys sam, or bring its file sam-1.key")
        found = self.sams.get(max(self.sams) if epoch is None else epoch)
        if found is None:
            raise NoKeyError(
                f"no SAM set of epoch {epoch} is here; there are: {', '.join(map(str, self.sams))}"
            )
        return found

    def _find(self, purposes: Sequence[str], division: int, day: int, suite: "int | None") -> SigningKey:
        for purpose in purposes:
            found = [
                key
                for key in self.keys
                if key.spec.may_sign(purpose, division, day) and suite in (None, key.spec.suite)
            ]
            # While a rotated key and its successor are both good, all change over on the same day.
            if found:
                return max(found, key=lambda key: (key.spec.epoch, key.spec.valid_from))
        what = " or ".join(purposes) + " key" + (f" of suite {SUITE_NAMES[suite]}" if suite else "")
        for known in self.known:
            spec = known.spec
            if suite in (None, spec.suite) and any(spec.may_sign(word, division, day) for word in purposes):
                raise NoKeyError(
                    f"key {spec.name} may sign this, but {spec.name}.key is not in this folder: bring it, or do "
                    "this where it is"
                )
        raise NoKeyError(
            f"no {what} of the keys folder may sign for division {division} on {iso(day)}: "
            "add one with juzhu keys add, and have the root sign the bundle with it"
        )

    @classmethod
    def load(cls, folder: Path, passphrase: "bytes | PrivateFiles | None" = None) -> "KeyRing":
        """Read a folder; KeysFolderError says which file is wrong and how. Root keys only of a development folder.

        PassphraseNeededError when files are sealed and no passphrase is given, PassphraseError for a wrong one.
        """
        state = read_state(folder)
        files = passphrase if isinstance(passphrase, PrivateFiles) else PrivateFiles(passphrase)
        signing = []
        for known in state.keys.keys:
            path = key_path(folder, known.spec.name)
            # Daily work needs no root key in memory, and a real one is sealed by whoever keeps it.
            wanted = state.keys.development or known.spec.purpose != "root"
            if wanted and path.exists():
                signing.append(open_key(path, known, files, development=state.keys.development))
        sams = [
            open_sam(path, epoch, files, development=state.keys.development)
            for epoch, path in sam_paths(folder)
        ]
        ring = cls(signing, state.roots, state.bundle, known=state.keys.keys, sams=sams)
        if ring.epochs != state.keys.epochs:
            raise KeysFolderError(
                f"{folder / KEYS_TOML}: the bundle has other epochs of card keys: change them with juzhu keys epoch"
            )
        return ring

    @classmethod
    def make(
        cls,
        folder: Path,
        specs: Sequence[KeySpec],
        time: int,
        *,
        threshold: int = 2,
        passphrase: "bytes | PrivateFiles | None" = None,
        new_key: Callable[[int], Signer] = new_signer,
        sam: bool = True,
    ) -> "KeyRing":
        """Make a folder of new keys, SAM set 1 and bundle version 1, dated `time` (Unix seconds); never over another.

        Without a passphrase the folder says that it is for development. `new_key` takes a suite.
        """
        if os.path.lexists(folder / KEYS_TOML):
            raise KeysFolderError(f"{folder} holds keys already; they are not overwritten")
        files = passphrase if isinstance(passphrase, PrivateFiles) else PrivateFiles(passphrase)
        keys = [SigningKey(spec, new_key(spec.suite)) for spec in specs]
        sams = [SamSet(1, new_masters())] if sam else []
        roots = [key for key in keys if key.spec.purpose == "root"]
        if not roots:
            raise KeysFolderError("there is no root key among the keys to make")
        public = [key.public_key for key in roots]
        suite = roots[0].suite
        try:
            bundle = sign_bundle(bundle_body(keys, 1, time), roots[:threshold])
        except RecordError as error:
            raise KeysFolderError(
                f"a reader could not hold a bundle of these keys ({error}): let one key serve more divisions"
            ) from None
        known = tuple(key.known() for key in keys)
        ring = cls(keys, Roots(public, threshold, suite), bundle, known=known, sams=sams)
        content = {f"{key.spec.name}.key": seal_key(key, files) for key in keys}
        content |= {sam_path(folder, sam.epoch).name: seal_sam(sam, files) for sam in sams}
        content[ROOTS_TOML] = roots_toml(public, threshold, suite).encode()
        content[BUNDLE_BIN] = bundle
        content[KEYS_TOML] = KeysFile(known, development=not files.protects).to_toml().encode()
        make_private_folder(folder, content)
        return ring

    def build_bundle(self, version: int, time: int, signers: "Sequence[str] | None" = None) -> bytes:
        """Return a bundle of this ring's keys signed by the named root keys, or by as many as must agree.

        KeysFolderError when too few root keys are here.
        """
        roots = [key for key in self.keys if key.spec.purpose == "root"]
        if signers is not None:
            roots = [key for key in roots if key.spec.name in signers]
        if len(roots) < self.roots.threshold:
            raise KeysFolderError(
                f"{len(roots)} root keys are here, {self.roots.threshold} must sign a bundle"
            )
        body = bundle_body(self.known, version, time, self.epochs)
        return sign_bundle(body, roots[: self.roots.threshold])


def sign_bundle(body: bytes, roots: Sequence[SigningKey]) -> bytes:
    """Return the SignedBundle of a body with the signatures of these root keys."""
    signatures = [SignedBundleSignature(root.key_id, root.sign(BUNDLE_CONTEXT, body)) for root in roots]
    return SignedBundle(body=body, signatures=signatures).to_bytes()

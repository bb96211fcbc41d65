"""A change of keys on its way into force: the next bundle's body, and the signatures of the root over it so far.

A proposal is one file of JSON without a secret, `proposal.json` in the keys folder. It can be carried to where a
root key is, signed there, and brought back. It is in force from the moment that `bundle.bin` holds its body.

Each root key signs twice: the body, which hosts and readers check, and the change as a whole (Proposal.message), which
keys folders check. One counts with the other alone: the root's own keys, and the names that keys.toml gives to keys,
are in no body.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from ..crypto.signature import KEY_ID_SIZE, SIGNATURE_SIZE
from ..errors import JuzhuError, RecordError
from ..hostside.native import NativeVerifier
from ..hostside.private_file import write_private
from ..hostside.regular_file import read_regular
from ..hostside.roots import parse_roots
from ..records.trust import Bundle, SignedBundle, SignedBundleSignature
from ..rules.calendar import day_of, iso
from ..trust.bundle import Roots, open_bundle
from ..trust.contexts import BUNDLE_CONTEXT, ROOTS_CONTEXT
from ..trust.moments import FUTURE_LIMIT_S
from .errors import ProposalError
from .key_specs import KeysFile, bundle_body, parse_keys, roots_toml
from .signing_key import SigningKey

FORMAT = "juzhu bundle proposal 1"
_NAMES = {"format", "keys", "roots", "anew", "body", "signatures", "previous"}

Pair = tuple[bytes, bytes]
"""A root key's signatures over the body and over the whole change."""


@dataclass(frozen=True)
class Proposal:
    """keys.toml and roots.toml as they will be, the body to sign, and signatures by root id.

    `anew`: the root itself is given up, and readers are installed with the new one. `previous`: the bundle that was in
    force, to show what changes; it proves nothing to who has no roots.toml.
    """

    keys_text: str
    roots_text: str
    anew: bool
    body: bytes
    signatures: "dict[bytes, Pair]"
    previous: bytes

    @property
    def bundle(self) -> Bundle:
        """The body, parsed."""
        return Bundle.from_bytes(self.body)

    def keys(self, path: Path) -> KeysFile:
        """Return keys.toml as it will be; `path` is for messages."""
        return parse_keys(self.keys_text, path)

    def roots(self, path: Path) -> Roots:
        """Return the roots as they will be; `path` is for messages."""
        return parse_roots(self.roots_text.encode(), path)

    def message(self) -> bytes:
        """Return what a root key signs beside the body: roots.toml as it will be, bound to this very change.

        SHA-256 of the body and of keys.toml, 1 for a root given up or 0, and roots.toml in its one form.
        """
        roots = self.roots(Path("roots.toml"))
        hashes = sha256(self.body).digest() + sha256(self.keys_text.encode()).digest()
        return hashes + bytes([self.anew]) + canonical_roots(roots)

    def with_signature(self, root: SigningKey, roots: "list[Roots]") -> "Proposal":
        """Return this with a root key's signatures; ProposalError for a key that is no root of these."""
        if not any(root.key_id in known.public_keys for known in roots):
            raise ProposalError(
                f"{root.spec.name} is no root key of this bundle: take one that its roots.toml names"
            )
        pair = root.sign(BUNDLE_CONTEXT, self.body), root.sign(ROOTS_CONTEXT, self.message())
        return replace(self, signatures=self.signatures | {root.key_id: pair})

    def agreeing(self, roots: Roots) -> "set[bytes]":
        """Return the ids of these roots whose two signatures hold; each counts once."""
        verify, message = NativeVerifier().verify, self.message()
        found = set()
        for name, (over_body, over_change) in self.signatures.items():
            key = roots.public_keys.get(name)
            if (
                key is not None
                and verify(roots.suite, key, BUNDLE_CONTEXT, self.body, over_body)
                and verify(roots.suite, key, ROOTS_CONTEXT, message, over_change)
            ):
                found.add(name)
        return found

    def is_complete(self, judges: "Iterable[Roots]") -> bool:
        """Whether enough root keys of every one of these signed."""
        return all(len(self.agreeing(roots)) >= roots.threshold for roots in judges)

    def joined(self, other: "Proposal", judges: "list[Roots]") -> "Proposal":
        """Return this with what holds of another copy's signatures; what this one has stays."""
        own, others = (set().union(*(each.agreeing(roots) for roots in judges)) for each in (self, other))
        return replace(
            self, signatures=self.signatures | {name: other.signatures[name] for name in others - own}
        )

    def signed_bundle(self, judges: "list[Roots]") -> bytes:
        """Return the SignedBundle with as many signatures as satisfy every one of these."""
        agreeing = [self.agreeing(roots) for roots in judges]
        # Whom all count comes first, since an envelope has room for eight.
        order = sorted(set().union(*agreeing), key=lambda name: (-sum(name in ids for ids in agreeing), name))
        taken: list[bytes] = []
        for ids, roots in zip(agreeing, judges, strict=True):
            wanted = [name for name in order if name in ids and name not in taken]
            missing = roots.threshold - sum(name in ids for name in taken)
            taken += wanted[: max(missing, 0)]
        found = [SignedBundleSignature(name, self.signatures[name][0]) for name in sorted(taken)]
        return SignedBundle(body=self.body, signatures=found).to_bytes()

    def is_in(self, bundle: bytes) -> bool:
        """Whether a signed bundle holds this body."""
        return _body_of(bundle) == self.body

    def is_made_from(self, bundle: bytes) -> bool:
        """Whether a signed bundle is the one against which the changes are shown, whoever signed it."""
        return _body_of(self.previous) == _body_of(bundle)

    def shows_what_changes(self, path: Path) -> bool:
        """Whether `previous` is a bundle that the proposal's roots stand behind; else what it shows proves nothing."""
        try:
            open_bundle(self.previous, self.roots(path), NativeVerifier(), 0)
        except JuzhuError:
            return False
        return True

    def to_json(self) -> bytes:
        """Return the file."""
        content: dict[str, Any] = {
            "format": FORMAT,
            "keys": self.keys_text,
            "roots": self.roots_text,
            "anew": self.anew,
            "body": self.body.hex(),
            "signatures": [
                {"root": name.hex(), "bundle": over_body.hex(), "change": over_change.hex()}
                for name, (over_body, over_change) in self.signatures.items()
            ],
            "previous": self.previous.hex(),
        }
        return json.dumps(content, indent=1).encode() + b"\n"


def read_proposal(path: Path) -> Proposal:
    """Read a proposal's file, which may have been carried; ProposalError. No signature was checked yet."""
    try:
        raw = read_regular(path)
    except OSError as error:
        raise ProposalError(f"{path}: {error.strerror}") from None
    try:
        content = json.loads(raw.decode())
        if set(content) != _NAMES or content["format"] != FORMAT or type(content["anew"]) is not bool:
            raise ValueError
        if not isinstance(content["keys"], str) or not isinstance(content["roots"], str):
            raise ValueError
        # JSON may hold half a character, which no file can.
        content["keys"].encode()
        content["roots"].encode()
        signatures = {
            bytes.fromhex(entry["root"]): (bytes.fromhex(entry["bundle"]), bytes.fromhex(entry["change"]))
            for entry in content["signatures"]
        }
        for name, pair in signatures.items():
            if len(name) != KEY_ID_SIZE or not all(len(one) == SIGNATURE_SIZE for one in pair):
                raise ValueError
        proposal = Proposal(
            content["keys"],
            content["roots"],
            content["anew"],
            bytes.fromhex(content["body"]),
            signatures,
            bytes.fromhex(content["previous"]),
        )
        proposal.bundle  # noqa: B018  parsed, so that whoever holds a Proposal can read it
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, RecordError):
        raise ProposalError(f"{path} is no proposal of ours, or damaged: fetch it again") from None
    return proposal


def check_text(proposal: Proposal, path: Path) -> KeysFile:
    """Return a proposal's keys.toml; ProposalError unless its body and its roots.toml say just that."""
    keys, bundle = proposal.keys(path), proposal.bundle
    if not names_the_roots(keys, proposal.roots(path)):
        raise ProposalError(
            f"{path}: its roots.toml is not what its keys say: do not sign it, fetch it again"
        )
    if body_like(keys, bundle) != proposal.body:
        raise ProposalError(f"{path}: its bundle is not what its keys say: do not sign it, fetch it again")
    # What is signed is what will be written.
    if keys.to_toml() != proposal.keys_text:
        raise ProposalError(
            f"{path}: its keys.toml is not written as ours are: do not sign it, fetch it again"
        )
    return keys


def refuse_late(proposal: Proposal, day: int, path: Path) -> None:
    """ProposalError for a rotation whose first day has come, day numbers.

    Its old key would end so many days too early for the machines that do not have the new bundle yet: what they signed
    in between would be called forged. A clock behind the bundle's own date is not asked.
    """
    day = max(day, day_of(proposal.bundle.time))
    before = {entry.public_key: entry for entry in _entries(proposal.previous)}
    for entry in proposal.bundle.keys:
        old = before.get(entry.public_key)
        if old is None or entry.revoked_on or entry.valid_through >= old.valid_through:
            continue
        kind = (entry.purpose, entry.suite, [at.division for at in entry.divisions])
        for new in proposal.bundle.keys:
            if (
                new.public_key not in before
                and (new.purpose, new.suite, [at.division for at in new.divisions]) == kind
                and new.valid_from <= day
            ):
                raise ProposalError(
                    f"{path}: a key was to be rotated from {iso(new.valid_from)} on, and that day has come: remove the "
                    "proposal, and propose it again with a later day"
                )


def refuse_ahead(proposal: Proposal, now: int, path: Path) -> None:
    """ProposalError for a bundle dated more than a day after `now`, Unix time, by the clock of whoever signs.

    Hosts and readers with a clock would refuse it, and every one after it, until that day.
    """
    if proposal.bundle.time > now + FUTURE_LIMIT_S:
        raise ProposalError(
            f"{path} is dated {iso(day_of(proposal.bundle.time))}, and this clock shows {iso(day_of(now))}: set the "
            "clock that is wrong; if it was the proposal's, remove it, and propose it again"
        )


def sign_carried(path: Path, shown: Proposal, root: SigningKey, now: int) -> Proposal:
    """Sign a proposal as it was read and shown, write it where it was, and return it with what it has of signatures.

    now: Unix time. ProposalError for a proposal whose bundle is not what its keys say, for a key that is no root of
    it, for a rotation whose day has come, for a date ahead of this clock, and for a file that meanwhile holds another
    change: nothing is written.
    """
    check_text(shown, path)
    refuse_ahead(shown, now, path)
    refuse_late(shown, day_of(now), path)
    roots = shown.roots(path)
    signed = shown.with_signature(root, [roots])
    there = read_proposal(path)
    if (there.body, there.message(), there.previous) != (shown.body, shown.message(), shown.previous):
        raise ProposalError(
            f"{path} was changed after it was shown: nothing is signed; see who can write there"
        )
    signed = signed.joined(there, [roots])
    try:
        write_private(path, signed.to_json())
    except OSError as error:
        raise ProposalError(f"{path} cannot be written: {error.strerror}") from None
    return signed


def canonical_roots(roots: Roots) -> bytes:
    """Return roots.toml in the one form that is signed and written: the keys in their order as numbers."""
    return roots_toml(sorted(roots.public_keys.values()), roots.threshold, roots.suite).encode()


def same_roots(one: Roots, other: Roots) -> bool:
    """Whether two roots are the same keys, threshold and suite."""
    return canonical_roots(one) == canonical_roots(other)


def names_the_roots(keys: KeysFile, roots: Roots) -> bool:
    """Whether the root keys of a keys.toml are those of a roots.toml."""
    public = {key.public_key for key in keys.keys if key.spec.purpose == "root"}
    return public == set(roots.public_keys.values())


def body_like(keys: KeysFile, like: Bundle) -> bytes:
    """Return the body of a bundle of these keys, with another one's version and time."""
    return bundle_body(keys.keys, like.bundle_version, like.time, keys.epochs)


def _body_of(bundle: bytes) -> "bytes | None":
    try:
        return SignedBundle.from_bytes(bundle).body
    except RecordError:
        return None


def _entries(bundle: bytes) -> "list[Any]":
    try:
        return list(Bundle.from_bytes(SignedBundle.from_bytes(bundle).body).keys)
    except RecordError:
        return []

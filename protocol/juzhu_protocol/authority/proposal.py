"""A change of keys on its way into force: the next bundle's body, and the signatures of the root over it so far.

A proposal is one file of JSON without a secret, `proposal.json` in the keys folder. It can be carried to where a
root key is, signed there, and brought back. It is in force from the moment that `bundle.bin` holds its body.
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..crypto.signature import KEY_ID_SIZE, SIGNATURE_SIZE
from ..errors import RecordError
from ..hostside.native import NativeVerifier
from ..hostside.roots import parse_roots
from ..records.trust import Bundle, SignedBundle, SignedBundleSignature
from ..trust.bundle import Roots
from ..trust.contexts import BUNDLE_CONTEXT
from .errors import ProposalError
from .key_specs import KeysFile, parse_keys
from .signing_key import SigningKey

FORMAT = "juzhu bundle proposal 1"
MAX_FILE = 64 * 1024
_NAMES = {"format", "keys", "roots", "anew", "body", "signatures", "previous"}


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
    signatures: "dict[bytes, bytes]"
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

    def with_signature(self, root: SigningKey, roots: "list[Roots]") -> "Proposal":
        """Return this with a root key's signature; ProposalError for a key that is no root of these."""
        if not any(root.key_id in known.public_keys for known in roots):
            raise ProposalError(
                f"{root.spec.name} is no root key of this bundle: take one that its roots.toml names"
            )
        return replace(self, signatures=self.signatures | {root.key_id: root.sign(BUNDLE_CONTEXT, self.body)})

    def agreeing(self, roots: Roots) -> "set[bytes]":
        """Return the ids of these roots whose signature holds; each counts once."""
        verifier = NativeVerifier()
        return {
            name
            for name, signature in self.signatures.items()
            if name in roots.public_keys
            and verifier.verify(roots.suite, roots.public_keys[name], BUNDLE_CONTEXT, self.body, signature)
        }

    def signed_bundle(self, roots: "list[Roots]") -> bytes:
        """Return the SignedBundle with every signature that holds under one of these."""
        names = set().union(*(self.agreeing(known) for known in roots))
        found = [SignedBundleSignature(name, self.signatures[name]) for name in sorted(names)]
        return SignedBundle(body=self.body, signatures=found).to_bytes()

    def is_in(self, bundle: bytes) -> bool:
        """Whether a signed bundle holds this body."""
        try:
            return SignedBundle.from_bytes(bundle).body == self.body
        except RecordError:
            return False

    def to_json(self) -> bytes:
        """Return the file."""
        content: dict[str, Any] = {
            "format": FORMAT,
            "keys": self.keys_text,
            "roots": self.roots_text,
            "anew": self.anew,
            "body": self.body.hex(),
            "signatures": [
                {"root": name.hex(), "signature": signature.hex()}
                for name, signature in self.signatures.items()
            ],
            "previous": self.previous.hex(),
        }
        return json.dumps(content, indent=1).encode() + b"\n"


def read_proposal(path: Path) -> Proposal:
    """Read a proposal's file, which may have been carried; ProposalError. No signature was checked yet."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_FILE + 1)
    except OSError as error:
        raise ProposalError(f"{path}: {error.strerror}") from None
    try:
        if len(raw) > MAX_FILE:
            raise ValueError
        content = json.loads(raw.decode())
        if set(content) != _NAMES or content["format"] != FORMAT or type(content["anew"]) is not bool:
            raise ValueError
        if not isinstance(content["keys"], str) or not isinstance(content["roots"], str):
            raise ValueError
        signatures = {
            bytes.fromhex(entry["root"]): bytes.fromhex(entry["signature"]) for entry in content["signatures"]
        }
        if not all(len(n) == KEY_ID_SIZE and len(s) == SIGNATURE_SIZE for n, s in signatures.items()):
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

"""What people see of an authority's keys: names, days, states and fingerprints, and never a private part."""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from juzhu_protocol.authority.errors import PrivateFileError
from juzhu_protocol.authority.key_specs import EPOCH_ROLES, PURPOSES, KeysFile, KnownKey
from juzhu_protocol.authority.keys_folder import PROPOSAL_JSON, FolderState, key_path, read_state, sam_paths
from juzhu_protocol.authority.private_files import is_protected, read_head
from juzhu_protocol.authority.proposal import Proposal, same_roots
from juzhu_protocol.authority.sam_set import CHECK_NAMES
from juzhu_protocol.card.keys import ROLE_NAMES
from juzhu_protocol.crypto.signature import SUITE_NAMES
from juzhu_protocol.errors import JuzhuError, RecordError
from juzhu_protocol.hostside.native import NativeVerifier
from juzhu_protocol.records.trust import Bundle, BundleKey, SignedBundle
from juzhu_protocol.rules.calendar import day_of, iso
from juzhu_protocol.trust.bundle import PURPOSE_LIST, open_bundle

OPEN = "OPEN: not sealed, for development alone"
ROOT_CHANGES = "THE ROOT KEYS CHANGE"
PURPOSE_NAMES = {number: name for name, number in PURPOSES.items()}


def fingerprint(data: bytes) -> str:
    """Return SHA-256 in groups that two people can read to each other."""
    text = sha256(data).hexdigest()
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


def signed_fingerprint(proposal: Proposal) -> str:
    """Return the fingerprint of what a root key signs: the bundle, keys.toml and roots.toml as they will be."""
    return fingerprint(proposal.message())


def describe(folder: Path, today: int) -> dict[str, Any]:
    """Return a folder as one JSON object; KeysFolderError for a folder that does not hold together."""
    state = read_state(folder)
    believed = True
    try:
        open_bundle(state.bundle, state.roots, NativeVerifier(), 0)
        body = Bundle.from_bytes(SignedBundle.from_bytes(state.bundle).body)
    except (JuzhuError, RecordError):
        believed, body = False, None
    held = {entry.public_key: entry.to_bytes() for entry in body.keys} if body else {}
    return {
        "development": state.keys.development,
        "bundle": {
            "version": body.bundle_version if body else None,
            "day": iso(day_of(body.time)) if body else None,
            "believed": believed,
            "bytes": len(state.bundle),
        },
        "roots": {
            "threshold": state.roots.threshold,
            "keys": len(state.roots.public_keys),
            "suite": SUITE_NAMES[state.roots.suite],
            "fingerprint": fingerprint(b"".join(sorted(state.roots.public_keys.values()))),
        },
        "lowest_epochs": dict(zip(EPOCH_ROLES, state.keys.epochs, strict=True)),
        "keys": [_key(folder, key, held, today) for key in state.keys.keys],
        "sam_sets": [_sam(epoch, path) for epoch, path in sam_paths(folder)],
        "proposal": _proposal(state),
        "proposal_damaged": _is_damaged(folder, state),
    }


def lines(found: dict[str, Any]) -> list[str]:
    """Return the same for a terminal."""
    told = []
    if found["development"]:
        told += [
            "DEVELOPMENT KEYS: the private parts are not sealed. Never for a card that anyone carries.",
            "",
        ]
    bundle, roots = found["bundle"], found["roots"]
    if bundle["believed"]:
        told.append(f"bundle       version {bundle['version']} of {bundle['day']}, {bundle['bytes']} bytes")
    else:
        told.append("bundle       NOT TO BE BELIEVED: the root does not stand behind it")
    told.append(f"roots        {roots['threshold']} of {roots['keys']} sign, {roots['suite']}")
    told.append(f"             {roots['fingerprint']}")
    epochs = ", ".join(f"{role} {epoch}" for role, epoch in found["lowest_epochs"].items())
    told += [f"card keys    lowest epoch accepted: {epochs}", ""]
    width = max(len(key["name"]) for key in found["keys"])
    for key in found["keys"]:
        days = f"{key['valid_from']}..{key['valid_through']}"
        told.append(
            f"{key['name']:{width}}  {key['purpose']:11}  {key['suite']:7}  {days}  {key['state']}; {key['private']}"
        )
        if key["divisions"]:
            told.append(f"{'':{width}}  {' '.join(map(str, key['divisions']))}")
        told.append(f"{'':{width}}  {key['fingerprint']}")
    for sam in found["sam_sets"]:
        checks = ", ".join(f"{role} {value}" for role, value in sam["check_values"].items())
        told.append(
            f"{'sam-' + str(sam['epoch']):{width}}  SAM set      {sam['private']}; check values {checks}"
        )
    if found["proposal_damaged"]:
        told += ["", "proposed: proposal.json is DAMAGED; remove it, and propose the change again"]
    proposal = found["proposal"]
    if proposal:
        signed = f"signed by {proposal['signed']} of {proposal['threshold']}"
        told += ["", f"proposed: bundle version {proposal['version']}, {signed}"]
        told += [f"  {line}" for line in proposal["changes"]]
        if proposal["root_changes"]:
            told.append(f"  {ROOT_CHANGES}")
        told.append(f"fingerprint of what is signed: {proposal['fingerprint']}")
    return told


def changes(old: "Bundle | None", new: Bundle, names: "KeysFile | None" = None) -> list[str]:
    """Return what a bundle changes against the one before it, a line each; from the bytes that are signed."""
    told = []
    known = {key.public_key: key.spec.name for key in names.keys} if names else {}
    before = {entry.public_key: entry for entry in old.keys} if old else {}
    after = {entry.public_key: entry for entry in new.keys}
    for public_key, entry in after.items():
        name = known.get(public_key, "")
        if public_key not in before:
            told += [f"+ {_entry(name, entry)}", f"    {fingerprint(public_key)}"]
        elif before[public_key].to_bytes() != entry.to_bytes():
            told.append(f"~ {_entry(name, entry)}; was {_days(before[public_key])}")
    told += [f"- {_entry('', entry)}" for public_key, entry in before.items() if public_key not in after]
    for role in EPOCH_ROLES:
        was, now = (getattr(bundle, f"{role}_epoch", 1) for bundle in (old, new))
        if was != now:
            told.append(f"~ {role}: cards of epoch {now} and later alone, was {was}")
    return told or ["no key changes"]


def proposal_changes(proposal: Proposal, path: Path) -> list[str]:
    """Return what a proposal changes against the bundle that it was made from."""
    try:
        old = Bundle.from_bytes(SignedBundle.from_bytes(proposal.previous).body)
    except RecordError:
        old = None
    return changes(old, proposal.bundle, proposal.keys(path))


def _proposal(state: FolderState) -> "dict[str, Any] | None":
    proposal = state.proposal
    if proposal is None:
        return None
    path = Path("proposal.json")
    roots = proposal.roots(path)
    return {
        "version": proposal.bundle.bundle_version,
        "fingerprint": signed_fingerprint(proposal),
        "root_changes": not same_roots(roots, state.roots),
        "signed": len(proposal.agreeing(roots)),
        "threshold": roots.threshold,
        "changes": proposal_changes(proposal, path),
    }


def _is_damaged(folder: Path, state: FolderState) -> bool:
    return (folder / PROPOSAL_JSON).exists() and state.proposal is None and not state.unfinished


def _key(folder: Path, key: KnownKey, held: dict[bytes, bytes], today: int) -> dict[str, Any]:
    spec = key.spec
    return {
        "name": spec.name,
        "purpose": spec.purpose,
        "suite": SUITE_NAMES[spec.suite],
        "divisions": list(spec.divisions),
        "valid_from": iso(spec.valid_from),
        "valid_through": iso(spec.valid_through),
        "revoked_on": iso(spec.revoked_on) if spec.revoked_on else None,
        "list_epoch": spec.epoch if spec.purpose == "list" else None,
        "state": _state(key, held, today),
        "private": _private(key_path(folder, spec.name)),
        "key_id": key.key_id.hex(),
        "public_key": key.public_key.hex(),
        "fingerprint": fingerprint(key.public_key),
    }


def _state(key: KnownKey, held: dict[bytes, bytes], today: int) -> str:
    spec = key.spec
    if spec.purpose == "root":
        return "root"
    if held.get(key.public_key) != key.entry().to_bytes():
        return "NOT IN THE BUNDLE"
    if spec.revoked_on:
        return f"revoked {iso(spec.revoked_on)}"
    if today < spec.valid_from:
        return "not yet"
    return "ended" if today > spec.valid_through else "in force"


def _private(path: Path) -> str:
    if not path.exists():
        return "not here"
    try:
        return "sealed" if is_protected(path) else OPEN
    except PrivateFileError:
        return "DAMAGED"


def _sam(epoch: int, path: Path) -> dict[str, Any]:
    try:
        head = read_head(path)
    except PrivateFileError:
        head = {}
    return {
        "epoch": epoch,
        "private": _private(path),
        "check_values": {ROLE_NAMES[role]: str(head.get(check, "?")) for role, check in CHECK_NAMES.items()},
    }


def _entry(name: str, entry: BundleKey) -> str:
    divisions = " ".join(str(at.division) for at in entry.divisions)
    words: Sequence[str] = (
        name,
        PURPOSE_NAMES[entry.purpose],
        SUITE_NAMES[entry.suite],
        _days(entry),
        divisions,
    )
    return " ".join(word for word in words if word)


def _days(entry: BundleKey) -> str:
    days = f"{iso(entry.valid_from)}..{iso(entry.valid_through)}"
    if entry.purpose == PURPOSE_LIST:
        days += f" epoch {entry.epoch}"
    return days + (f" revoked {iso(entry.revoked_on)}" if entry.revoked_on else "")

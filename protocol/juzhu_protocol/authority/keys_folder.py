"""The files of a keys folder, and what is in force in it."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from ..errors import JuzhuError, RootsFileError
from ..hostside.native import NativeVerifier
from ..hostside.regular_file import read_regular
from ..hostside.roots import parse_roots
from ..trust.bundle import MAX_SIGNED_BUNDLE, Roots, open_bundle
from .errors import KeysFolderError
from .key_specs import KeysFile, parse_keys, read_text
from .proposal import Proposal, canonical_roots, check_text, read_proposal, same_roots

KEYS_TOML, ROOTS_TOML, BUNDLE_BIN = "keys.toml", "roots.toml", "bundle.bin"
PROPOSAL_JSON, SIGNED_JSON = "proposal.json", "signed.json"
"""A change that waits for the root, and the last one that came into force, for the authority's other machines."""

_SAM_FILE = re.compile(r"sam-([1-9][0-9]{0,2})\.key")


@dataclass(frozen=True)
class FolderState:
    """What is in force in a folder, and the proposal that is not yet, if any."""

    keys: KeysFile
    roots: Roots
    roots_text: str
    bundle: bytes
    proposal: "Proposal | None"
    unfinished: bool
    """Whether bundle.bin is a proposal's, while keys.toml and roots.toml are still the ones before it."""


def key_path(folder: Path, name: str) -> Path:
    """Return where a key's private part is, if it is here."""
    return folder / f"{name}.key"


def sam_path(folder: Path, epoch: int) -> Path:
    """Return where a SAM set is, if it is here."""
    return folder / f"sam-{epoch}.key"


def sam_paths(folder: Path) -> "list[tuple[int, Path]]":
    """Return epoch and file of every SAM set that is here, the oldest first."""
    found = [(_SAM_FILE.fullmatch(path.name), path) for path in folder.iterdir()]
    return sorted((int(match[1]), path) for match, path in found if match)


def read_state(folder: Path) -> FolderState:
    """Read a folder's clear files; KeysFolderError says which is wrong and how.

    A proposal whose body bundle.bin holds is in force, though whoever signed it last was cut before
    keys.toml followed; nothing of it is taken that the root keys of roots.toml did not sign.
    """
    path = folder / KEYS_TOML
    # A name that is too long is none, and no error.
    if not os.path.isfile(path):
        raise KeysFolderError(f"{folder} is no keys folder: there is no keys.toml in it")
    bundle = _read(folder / BUNDLE_BIN)
    keys_text, roots_text = read_text(path), read_text(folder / ROOTS_TOML)
    try:
        roots = parse_roots(roots_text.encode(), folder / ROOTS_TOML)
    except RootsFileError as error:
        raise KeysFolderError(str(error)) from None
    proposal = _proposal(folder)
    if proposal is None or not proposal.is_in(bundle):
        return FolderState(parse_keys(keys_text, path), roots, roots_text, bundle, proposal, False)
    if not _is_proven(proposal, bundle, roots, folder / PROPOSAL_JSON):
        return FolderState(parse_keys(keys_text, path), roots, roots_text, bundle, None, False)
    new = proposal.roots(folder / PROPOSAL_JSON)
    # Roots that did not change stay as they are written.
    text = roots_text if same_roots(new, roots) else canonical_roots(new).decode()
    return FolderState(parse_keys(proposal.keys_text, path), new, text, bundle, None, True)


def _is_proven(proposal: Proposal, bundle: bytes, roots: Roots, path: Path) -> bool:
    """Whether a proposal whose body is in force came into force here, by these roots' and its own root's word."""
    try:
        check_text(proposal, path)
        new = proposal.roots(path)
    except JuzhuError:
        return False
    if not proposal.anew:
        return proposal.is_complete([roots, new])
    # A root that is given up signs nothing; but no bundle that it stands behind was made by giving it up.
    return proposal.is_complete([new]) and (same_roots(roots, new) or not _believes(roots, bundle))


def _believes(roots: Roots, bundle: bytes) -> bool:
    try:
        open_bundle(bundle, roots, NativeVerifier(), 0)
    except JuzhuError:
        return False
    return True


def _proposal(folder: Path) -> "Proposal | None":
    path = folder / PROPOSAL_JSON
    if not path.exists():
        return None
    try:
        proposal = read_proposal(path)
        proposal.roots(path)
        proposal.keys(path)
        return proposal
    except JuzhuError:
        # What is in force does not hang on a damaged proposal; whoever changes keys is told.
        return None


def _read(path: Path) -> bytes:
    try:
        return read_regular(path, MAX_SIGNED_BUNDLE)
    except OSError as error:
        raise KeysFolderError(f"{path}: {error.strerror}") from None
